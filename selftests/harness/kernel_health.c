// SPDX-License-Identifier: GPL-2.0-only
/*
 * Check for taint, oopses and stuck tasks after a test. A task that oopses dies with the locks that
 * it holds, and one that is stuck keeps them: whatever comes after it is judged wrongly.
 */
#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <vmig/breach_line.h>
#include <vmig/clauses.h>
#include <vmig/sysfs.h>
#include "kernel_health.h"

/* How long a process that was killed may take to go. */
#define GONE_TRIES 250
#define GONE_PAUSE_US 20000

/* Lines of a stack that are worth a report. */
#define STACK_LINES 24

/* Documentation/admin-guide/tainted-kernels.rst */
#define TAINT_BAD_PAGE (1UL << 5)
#define TAINT_OOPS (1UL << 7)
#define TAINT_WARN (1UL << 9)
#define TAINT_LOCKUP (1UL << 14)

static unsigned long taint_before;

/* When it was started, 0 if there is no such process or it is dead; its state goes to @state. */
static unsigned long long born(pid_t pid, char *state)
{
	unsigned long long when = 0;
	char path[64], stat[1024];
	const char *rest;

	snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	vmig_sysfs_read(path, stat, sizeof(stat));
	/* The name in brackets may hold blanks and brackets itself. */
	rest = strrchr(stat, ')');
	if (!rest ||
	    sscanf(rest + 1,
		   " %c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %*u %*u %*d %*d %*d %*d %*d %*d %llu",
		   state, &when) != 2 ||
	    *state == 'Z' || *state == 'X')
		return 0;
	return when;
}

static struct vmig_process process_of(pid_t pid)
{
	struct vmig_process p = { .pid = pid };
	char state;

	p.born = born(p.pid, &state);
	return p;
}

/**
 * vmig_process_self - the calling process
 *
 * Return: what vmig_process_gone() takes.
 */
struct vmig_process vmig_process_self(void)
{
	return process_of(getpid());
}

/**
 * vmig_process_leader - the leader of the caller's process group
 *
 * Return: what vmig_process_kill_group() takes.
 */
struct vmig_process vmig_process_leader(void)
{
	return process_of(getpgrp());
}

/**
 * vmig_process_kill_group - SIGKILL a process group, and wait for its leader
 * @leader: the leader; where it has gone, its number may be another's, and nothing is done
 */
void vmig_process_kill_group(const struct vmig_process *leader)
{
	char state;

	if (!leader->born || born(leader->pid, &state) != leader->born)
		return;
	kill(-leader->pid, SIGKILL);
	vmig_process_gone(leader);
}

/**
 * vmig_process_gone - wait until a process that ended or was killed has gone
 * @p: the process
 *
 * Waits for 5 s. A process that the kernel does not let go is one that sleeps where no
 * signal wakes it, or that runs in the kernel and never leaves it.
 *
 * Return: true if it is gone.
 */
bool vmig_process_gone(const struct vmig_process *p)
{
	char state;
	int i;

	if (!p->born)
		return true;
	for (i = 0; i < GONE_TRIES; i++) {
		if (born(p->pid, &state) != p->born)
			return true;
		usleep(GONE_PAUSE_US);
	}
	return false;
}

static void print_stack(pid_t pid, const char *tid, char state)
{
	char path[320], text[4096], *line, *rest = text;
	int n = 0;

	snprintf(path, sizeof(path), "/proc/%d/task/%s/stack", pid, tid);
	vmig_sysfs_read(path, text, sizeof(text));
	while (n++ < STACK_LINES && (line = strsep(&rest, "\n")) && *line)
		printf("#   %s\n", line);
	if (n <= 1)
		printf("#   no stack%s, see the kernel's log\n", state == 'R' ? ": it runs" : "");
}

static void sysrq(char key)
{
	int fd = open("/proc/sysrq-trigger", O_WRONLY | O_CLOEXEC);
	ssize_t n;

	if (fd < 0)
		return;
	n = write(fd, &key, 1);
	(void)n;
	close(fd);
}

/**
 * vmig_process_explain - print where in the kernel the threads of a process are
 * @p: the process
 *
 * Nothing if it is gone. The kernel's log gets the stacks of all tasks that are blocked and
 * of those that run, which /proc does not show.
 */
void vmig_process_explain(const struct vmig_process *p)
{
	struct dirent *entry;
	char path[64], state;
	DIR *tasks;

	if (born(p->pid, &state) != p->born || !p->born)
		return;
	snprintf(path, sizeof(path), "/proc/%d/task", p->pid);
	tasks = opendir(path);
	while (tasks && (entry = readdir(tasks))) {
		if (entry->d_name[0] == '.')
			continue;
		printf("# task %s, state %c:\n", entry->d_name, state);
		print_stack(p->pid, entry->d_name, state);
	}
	if (tasks)
		closedir(tasks);
	sysrq('w');
	sysrq('l');
}

/**
 * vmig_kernel_taint - what the kernel has noted against itself
 *
 * Return: of /proc/sys/kernel/tainted: bad page, oops, WARN, soft lockup.
 */
unsigned long vmig_kernel_taint(void)
{
	unsigned long long taint = 0;

	vmig_sysfs_number("/proc/sys/kernel/tainted", &taint);
	return taint & (TAINT_BAD_PAGE | TAINT_OOPS | TAINT_WARN | TAINT_LOCKUP);
}

/**
 * vmig_kernel_health_begin - what is wrong already is not the tests' doing; once a program
 */
void vmig_kernel_health_begin(void)
{
	taint_before = vmig_kernel_taint();
}

/**
 * vmig_kernel_new_taint - has the kernel noted against itself what ends the run?
 *
 * VMIG_ABORT_ON says what that is: `oops`, or `taint` for each new taint flag of
 * vmig_kernel_taint(); without it nothing is.
 *
 * Return: the bits that are new since vmig_kernel_health_begin(), 0 to go on.
 */
unsigned long vmig_kernel_new_taint(void)
{
	const char *on = getenv("VMIG_ABORT_ON");
	unsigned long mask = 0;

	if (on && !strcmp(on, "oops"))
		mask = TAINT_OOPS;
	else if (on && !strcmp(on, "taint"))
		mask = ~0UL;
	return mask ? vmig_kernel_taint() & mask & ~taint_before : 0;
}

/**
 * vmig_taint_name - the gravest of what the kernel has noted
 * @taint: bits, as vmig_kernel_taint() has them
 *
 * Return: in words.
 */
const char *vmig_taint_name(unsigned long taint)
{
	if (taint & TAINT_OOPS)
		return "the kernel oopsed";
	if (taint & TAINT_LOCKUP)
		return "the kernel had a soft lockup";
	if (taint & TAINT_BAD_PAGE)
		return "the kernel met a bad page";
	return "the kernel warned";
}

/**
 * vmig_report_kernel - print that a test broke ROB-01
 * @got: what the kernel came to
 *
 * For what shows when the test has ended and cannot say it itself.
 */
void vmig_report_kernel(const char *got)
{
	char lines[VMIG_BREACH_LINES_MAX];

	vmig_breach_lines(lines, sizeof(lines),
			  &(struct vmig_breach){
				  .clause = vmig_clauses[ROB_01].id,
				  .did = "what the test does",
				  .expected = "a kernel that goes on, and calls that end",
				  .got = got,
			  });
	fputs(lines, stdout);
}
