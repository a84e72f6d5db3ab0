/* SPDX-License-Identifier: GPL-2.0-only */
/* Make calls that may oops the kernel or hang, in a child process. */
#ifndef VMIG_HARNESS_RISKY_CALL_H
#define VMIG_HARNESS_RISKY_CALL_H

#include <vmig/device.h>
#include "child.h"

/**
 * struct vmig_risky_call - a SET that a child process made
 * @end: how the child ended
 * @ret: where that is VMIG_CHILD_DONE: 0, or -errno of the SET
 * @survived: the kernel has nothing to say and the device can be used on; else this
 *	process has given the device up (vmig_session_abandon())
 */
struct vmig_risky_call {
	enum vmig_child_end end;
	int ret;
	bool survived;
};

bool vmig_survived(enum vmig_child_end end, unsigned long taint_before);
struct vmig_risky_call vmig_set_state_in_child(struct vmig_device *dev, uint32_t to);

/* How long a call in a child may take; ms. */
#define VMIG_RISKY_CALL_MS 8000

#endif /* VMIG_HARNESS_RISKY_CALL_H */
