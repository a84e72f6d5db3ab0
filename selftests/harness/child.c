// SPDX-License-Identifier: GPL-2.0-only
/* Child processes for calls that may hang or crash; each is reaped or killed. */
#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <vmig/error.h>
#include "child.h"
#include "session.h"
#include "stuck.h"

/* How long a killed process may take to go away before it counts as stuck. */
#define KILL_TIMEOUT_MS 3000

/**
 * vmig_child_start - run a function in a process of its own
 * @fn: the function; the process ends when it returns
 * @arg: its argument
 *
 * The child has copies of all fds and dies with the test that started it. What it
 * checks counts for the test, as long as the test waits for it.
 *
 * Return: its pid.
 */
pid_t vmig_child_start(void (*fn)(void *arg), void *arg)
{
	pid_t pid;

	fflush(stdout);
	pid = fork();
	if (pid < 0)
		vmig_test_error("fork() failed: %s", vmig_errno_name(errno));
	if (pid)
		return pid;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	fn(arg);
	fflush(stdout);
	_exit(0);
}

static bool reaped(pid_t pid, unsigned int timeout_ms, int *status)
{
	unsigned int ms;

	for (ms = 0; waitpid(pid, status, WNOHANG) != pid; ms++) {
		if (ms >= timeout_ms)
			return false;
		usleep(1000);
	}
	return true;
}

/**
 * vmig_child_wait - wait for a child, and end it when it takes too long
 * @pid: what vmig_child_start() gave
 * @timeout_ms: how long it may take
 *
 * A child that said why it could not go on (vmig_test_error()) ends the test in the same way.
 *
 * Return: how it ended.
 */
enum vmig_child_end vmig_child_wait(pid_t pid, unsigned int timeout_ms)
{
	int status;

	if (!reaped(pid, timeout_ms, &status)) {
		if (vmig_child_kill(pid) == VMIG_CHILD_STUCK)
			return VMIG_CHILD_STUCK;
		return VMIG_CHILD_HUNG;
	}
	if (WIFSIGNALED(status))
		return VMIG_CHILD_CRASHED;
	if (WEXITSTATUS(status))
		_exit(VMIG_EXIT_BROKEN);
	return VMIG_CHILD_DONE;
}

/**
 * vmig_child_kill - SIGKILL a child and reap it
 * @pid: what vmig_child_start() gave
 *
 * All of its fds are closed when this returns, unless it is stuck.
 *
 * Return: VMIG_CHILD_HUNG, or VMIG_CHILD_STUCK if it cannot be killed.
 */
enum vmig_child_end vmig_child_kill(pid_t pid)
{
	bool gone;
	int status;

	kill(pid, SIGKILL);
	gone = reaped(pid, KILL_TIMEOUT_MS, &status);
	vmig_stuck_child(gone);
	return gone ? VMIG_CHILD_HUNG : VMIG_CHILD_STUCK;
}

/**
 * vmig_child_run - run a function in a process of its own and wait for it
 * @fn: the function
 * @arg: its argument
 * @timeout_ms: how long it may take
 *
 * Return: how it ended.
 */
enum vmig_child_end vmig_child_run(void (*fn)(void *arg), void *arg, unsigned int timeout_ms)
{
	return vmig_child_wait(vmig_child_start(fn, arg), timeout_ms);
}

/**
 * vmig_child_name - how a child ended, for messages
 * @end: what vmig_child_wait() returned
 *
 * Return: words for "got:".
 */
const char *vmig_child_name(enum vmig_child_end end)
{
	switch (end) {
	case VMIG_CHILD_DONE:
		return "it returned";
	case VMIG_CHILD_CRASHED:
		return "the process was ended by a signal, as by a kernel oops";
	case VMIG_CHILD_HUNG:
		return "no return; the process had to be killed";
	case VMIG_CHILD_STUCK:
		return "no return; the process hangs in the kernel and cannot be killed";
	}
	return "?";
}

/**
 * vmig_judge_child_at - did a child end by itself, as it must?
 * @at: where the caller is: VMIG_HERE
 * @id: clause that is checked
 * @end: how it ended
 * @did: what it did, for messages
 *
 * After a crash in the kernel or a hang locks may be held for ever, so the device is not
 * touched again.
 *
 * Return: false after a breach.
 */
bool vmig_judge_child_at(const char *at, enum vmig_clause_id id, enum vmig_child_end end,
			 const char *did)
{
	if (CHECK_AT(at, id, end == VMIG_CHILD_DONE, did, "it returns", "%s", vmig_child_name(end)))
		return true;
	if (end == VMIG_CHILD_CRASHED || end == VMIG_CHILD_STUCK)
		vmig_session_abandon();
	return false;
}
