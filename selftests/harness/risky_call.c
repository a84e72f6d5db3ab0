// SPDX-License-Identifier: GPL-2.0-only
/* Make calls that may oops the kernel or hang, in a child process. */
#include <errno.h>

#include <vmig/feature.h>
#include <vmig/error.h>
#include <vmig/shared.h>
#include "risky_call.h"
#include "session.h"
#include "kernel_health.h"

/* Shared with the child, which may die in the call. */
struct set_call {
	struct vmig_device *dev;
	uint32_t to;
	int ret;
};

static void set_in_child(void *arg)
{
	struct set_call *call = arg;

	call->ret = __vmig_set_state(call->dev, call->to, NULL);
}

/**
 * vmig_survived - can the device be used on after a call that a child made?
 * @end: how the child ended
 * @taint_before: vmig_kernel_taint() before
 *
 * Where it cannot, the device is given up: a kernel that has oopsed may hold the driver's
 * locks for ever.
 *
 * Return: true if the child came back and the kernel has nothing to say.
 */
bool vmig_survived(enum vmig_child_end end, unsigned long taint_before)
{
	if (end == VMIG_CHILD_DONE && vmig_kernel_taint() == taint_before)
		return true;
	vmig_session_abandon();
	return false;
}

/**
 * vmig_set_state_in_child - SET_STATE by a child process that is watched
 * @dev: the device
 * @to: the state that is asked for
 *
 * A session that it opens ends with the child.
 *
 * Return: what became of it.
 */
struct vmig_risky_call vmig_set_state_in_child(struct vmig_device *dev, uint32_t to)
{
	unsigned long taint = vmig_kernel_taint();
	struct vmig_risky_call c = {};
	struct set_call *call = vmig_shared_alloc(sizeof(*call));

	call->dev = dev;
	call->to = to;
	c.end = vmig_child_run(set_in_child, call, VMIG_RISKY_CALL_MS);
	c.ret = call->ret;
	c.survived = vmig_survived(c.end, taint);
	vmig_shared_free(call, sizeof(*call));
	return c;
}
