/* SPDX-License-Identifier: GPL-2.0-only */
/* Calls that may not come back, made by a child process that is watched. */
#ifndef VMIG_SELFTESTS_CHILD_H
#define VMIG_SELFTESTS_CHILD_H

#include <stdbool.h>
#include <sys/types.h>

enum vmig_child_end {
	VMIG_CHILD_EXITED,  /* by itself */
	VMIG_CHILD_KILLED,  /* by a signal: an oops in the kernel ends its process so */
	VMIG_CHILD_STUCK,   /* not in time, but it could be killed */
	VMIG_CHILD_UNKILLABLE, /* not in time, and SIGKILL does nothing: it spins in the kernel */
};

/**
 * struct vmig_child - how a child process ended
 * @end: in which way
 * @code: exit code, or the signal
 */
struct vmig_child {
	enum vmig_child_end end;
	int code;
};

pid_t vmig_fork(void);
struct vmig_child vmig_child_wait(pid_t pid, int timeout_ms);
struct vmig_child vmig_child_run(int (*call)(void *arg), void *arg, int timeout_ms);
const char *vmig_child_name(const struct vmig_child *child);

#endif /* VMIG_SELFTESTS_CHILD_H */
