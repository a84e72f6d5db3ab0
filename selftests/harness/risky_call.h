/* SPDX-License-Identifier: GPL-2.0-only */
/* Requests after which there may be no kernel any more, or no way to the device. */
#ifndef VMIG_SELFTESTS_CAREFUL_H
#define VMIG_SELFTESTS_CAREFUL_H

#include <vmig/device.h>
#include "child.h"

/**
 * struct vmig_careful - a SET that a child process made
 * @end: how the child ended
 * @ret: where that is VMIG_CHILD_DONE: 0, or -errno of the SET
 * @survived: the kernel has nothing to say and the device can be used on; else this
 *	process has given the device up (vmig_session_abandon())
 */
struct vmig_careful {
	enum vmig_child_end end;
	int ret;
	bool survived;
};

bool vmig_survived(enum vmig_child_end end, unsigned long taint_before);
struct vmig_careful vmig_careful_set(struct vmig_device *dev, uint32_t to);

/* How long a call in a child may take; ms. */
#define VMIG_CAREFUL_MS 8000

#endif /* VMIG_SELFTESTS_CAREFUL_H */
