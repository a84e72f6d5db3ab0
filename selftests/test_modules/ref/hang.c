// SPDX-License-Identifier: GPL-2.0-only
/* Calls that never come back, each of one kind: what a run is tried with that has to end. */

#include <linux/module.h>
#include <linux/moduleparam.h>
#include <linux/string.h>
#include <linux/wait.h>

#include "internal.h"

/* Nobody wakes this one. */
static DECLARE_WAIT_QUEUE_HEAD(never);

enum how { INTERRUPTIBLE, KILLABLE, STUCK };

static const char *const calls[] = {
	[REF_HANG_NONE] = "none",	[REF_HANG_READ] = "read",   [REF_HANG_WRITE] = "write",
	[REF_HANG_SET] = "set",		[REF_HANG_GET] = "get",	    [REF_HANG_REPORT] = "report",
	[REF_HANG_RESET] = "reset",	[REF_HANG_CLOSE] = "close", [REF_HANG_INFO] = "info",
	[REF_HANG_RELEASE] = "release",
};

static const char *const ways[] = {
	[INTERRUPTIBLE] = "",
	[KILLABLE] = ",killable",
	[STUCK] = ",stuck",
};

static enum ref_hang chosen;
static enum how chosen_how;

static int hang_set(const char *value, const struct kernel_param *kp)
{
	size_t len = strcspn(value, ",\n"), rest = strcspn(value, "\n") - len, i, j;

	for (i = 0; i < ARRAY_SIZE(calls); i++) {
		if (strlen(calls[i]) != len || strncmp(value, calls[i], len))
			continue;
		for (j = 0; j < ARRAY_SIZE(ways); j++) {
			if (strlen(ways[j]) != rest || strncmp(value + len, ways[j], rest))
				continue;
			chosen_how = j;
			WRITE_ONCE(chosen, i);
			return 0;
		}
	}
	return -EINVAL;
}

static int hang_get(char *buffer, const struct kernel_param *kp)
{
	return sysfs_emit(buffer, "%s%s\n", calls[chosen], ways[chosen_how]);
}

static const struct kernel_param_ops hang_ops = { .set = hang_set, .get = hang_get };

module_param_cb(hang, &hang_ops, NULL, 0644);
MODULE_PARM_DESC(hang,
		 "read, write, set, get, info, report, reset, close or release (of a data_fd) "
		 "that never returns; with ,killable but for SIGKILL; with ,stuck whatever comes");

/**
 * ref_hang - a call that may be the one that never returns
 * @call: which one
 *
 * Return: 0 for any other; where this one ends after all, -ERESTARTSYS
 */
int ref_hang(enum ref_hang call)
{
	if (READ_ONCE(chosen) != call)
		return 0;
	if (chosen_how == KILLABLE)
		return wait_event_killable(never, false);
	if (chosen_how == INTERRUPTIBLE)
		return ref_hang_here();
	wait_event(never, false);
	return 0;
}

/**
 * ref_hang_here - wait for what never comes, until a signal does
 *
 * Return: -ERESTARTSYS
 */
int ref_hang_here(void)
{
	return wait_event_interruptible(never, false);
}
