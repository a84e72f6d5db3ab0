// SPDX-License-Identifier: GPL-2.0-only
/* Calls that may not come back, made by a child process that is watched. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../lib/vfio/die.h"
#include "child.h"
#include "verdict.h"

#define POLL_US 2000
#define KILL_TIMEOUT_MS 2000

/**
 * vmig_fork - fork, which must work
 *
 * The child is in the process group of the test, so that the harness's time limit ends
 * it too. It must leave with _exit().
 *
 * Return: as fork(), never -1.
 */
pid_t vmig_fork(void)
{
	pid_t pid;

	fflush(stdout);
	pid = fork();
	if (pid < 0)
		vmig_die("fork() failed: %s", vmig_errno_name(errno));
	return pid;
}

static bool reaped(pid_t pid, int timeout_ms, int *status)
{
	int waited;

	for (waited = 0;; waited += POLL_US) {
		if (waitpid(pid, status, WNOHANG) == pid)
			return true;
		if (waited >= timeout_ms * 1000)
			return false;
		usleep(POLL_US);
	}
}

/**
 * vmig_child_wait - wait for a child, but not for ever
 * @pid: the child
 * @timeout_ms: after that long it is killed
 *
 * Return: how it ended.
 */
struct vmig_child vmig_child_wait(pid_t pid, int timeout_ms)
{
	struct vmig_child child = { VMIG_CHILD_EXITED, 0 };
	int status;

	if (!reaped(pid, timeout_ms, &status)) {
		kill(pid, SIGKILL);
		child.end = reaped(pid, KILL_TIMEOUT_MS, &status) ? VMIG_CHILD_STUCK :
								    VMIG_CHILD_UNKILLABLE;
		return child;
	}
	if (WIFSIGNALED(status)) {
		child.end = VMIG_CHILD_KILLED;
		child.code = WTERMSIG(status);
	} else {
		child.code = WEXITSTATUS(status);
	}
	return child;
}

/**
 * vmig_child_run - make a call in a child process
 * @call: what to do; what it returns, 0 to 255, is the child's exit code
 * @arg: its argument
 * @timeout_ms: how long it may take
 *
 * Return: how it ended.
 */
struct vmig_child vmig_child_run(int (*call)(void *arg), void *arg, int timeout_ms)
{
	pid_t pid = vmig_fork();

	if (!pid)
		_exit(call(arg));
	return vmig_child_wait(pid, timeout_ms);
}

/**
 * vmig_child_name - how a child ended, for people
 * @child: how
 *
 * Return: a phrase; good until eight more have been said.
 */
const char *vmig_child_name(const struct vmig_child *child)
{
	switch (child->end) {
	case VMIG_CHILD_EXITED:
		return say("the call returned (%s)", vmig_errno_name(child->code));
	case VMIG_CHILD_KILLED:
		return say("the process was killed by signal %d inside the call: see the kernel log",
			   child->code);
	case VMIG_CHILD_STUCK:
		return "the call did not return and had to be killed";
	default:
		return "the call never returns and cannot be killed: the kernel spins";
	}
}
