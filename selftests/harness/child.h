/* SPDX-License-Identifier: GPL-2.0-only */
/* Child processes for calls that may hang or crash; each is reaped or killed. */
#ifndef VMIG_HARNESS_CHILD_H
#define VMIG_HARNESS_CHILD_H

#include <stdbool.h>
#include <sys/types.h>

#include "verdict.h"

/**
 * enum vmig_child_end - how a child ended
 * @VMIG_CHILD_DONE: its function returned
 * @VMIG_CHILD_CRASHED: a signal ended it; for a task that the kernel oopsed in, SIGSEGV
 *	or SIGKILL
 * @VMIG_CHILD_HUNG: it did not end in time and was killed
 * @VMIG_CHILD_STUCK: it did not even end when it was killed: it hangs in the kernel
 */
enum vmig_child_end { VMIG_CHILD_DONE, VMIG_CHILD_CRASHED, VMIG_CHILD_HUNG, VMIG_CHILD_STUCK };

pid_t vmig_child_start(void (*fn)(void *arg), void *arg);
enum vmig_child_end vmig_child_wait(pid_t pid, unsigned int timeout_ms);
enum vmig_child_end vmig_child_kill(pid_t pid);
enum vmig_child_end vmig_child_run(void (*fn)(void *arg), void *arg, unsigned int timeout_ms);
const char *vmig_child_name(enum vmig_child_end end);
bool vmig_judge_child_at(const char *at, enum vmig_clause_id id, enum vmig_child_end end,
			 const char *did);

/* A breach reports the line of the call. */
#define vmig_judge_child(...) vmig_judge_child_at(VMIG_HERE, __VA_ARGS__)

#endif /* VMIG_HARNESS_CHILD_H */
