// SPDX-License-Identifier: GPL-2.0-only
/* Inject one failed allocation or user copy into a call. See fail_nth.h. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <vmig/bounded.h>
#include <vmig/error.h>
#include "fail_nth.h"
#include "verdict.h"

#define DEBUGFS "/sys/kernel/debug/"
#define FAIL_NTH "/proc/thread-self/fail-nth"

/*
 * What may fail. By default an allocation that may sleep does not, which is nearly every one
 * of a driver, nor a single page, nor one that may lie in high memory, as vmalloc()'s do.
 */
static struct setting {
	const char *file;
	const char *value;
	char before[16];
} settings[] = {
	{ DEBUGFS "failslab/ignore-gfp-wait", "N", "" },
	{ DEBUGFS "failslab/verbose", "0", "" },
	{ DEBUGFS "fail_page_alloc/ignore-gfp-wait", "N", "" },
	{ DEBUGFS "fail_page_alloc/ignore-gfp-highmem", "N", "" },
	{ DEBUGFS "fail_page_alloc/min-order", "0", "" },
	{ DEBUGFS "fail_page_alloc/verbose", "0", "" },
	{ DEBUGFS "fail_usercopy/verbose", "0", "" },
};

#define NR_SETTINGS (sizeof(settings) / sizeof(settings[0]))

/* This thread's; opened by each process for itself. */
static int fail_fd = -1;
static pid_t fail_owner;

static int log_fd = -1;

static bool get_line(const char *path, char *line, size_t size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read(fd, line, size - 1);

	if (fd >= 0)
		close(fd);
	if (n <= 0)
		return false;
	line[n] = '\0';
	line[strcspn(line, "\n")] = '\0';
	return true;
}

static bool put_line(const char *path, const char *line)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	size_t len = strlen(line);
	bool ok = fd >= 0 && write(fd, line, len) == (ssize_t)len;

	if (fd >= 0)
		close(fd);
	return ok;
}

/**
 * vmig_faults_missing - can this kernel be made to fail?
 *
 * Return: NULL if it can, else what is missing, a reason to skip.
 */
const char *vmig_faults_missing(void)
{
	size_t i;

	if (access(FAIL_NTH, W_OK))
		return "the kernel has no fault injection (run.sh --debug-kernel has it)";
	for (i = 0; i < NR_SETTINGS; i++)
		if (access(settings[i].file, W_OK))
			return "the kernel's faults cannot be set up: no failslab, fail_page_alloc "
			       "or fail_usercopy below " DEBUGFS;
	return NULL;
}

/*
 * Waits until the program is gone, by whatever end, and puts back what it has changed. In a
 * session of its own, so that who ends the program does not end this too.
 */
static void guard(int program)
{
	struct pollfd p = { .fd = program, .events = POLLIN };
	size_t i;

	setsid();
	signal(SIGINT, SIG_IGN);
	signal(SIGTERM, SIG_IGN);
	signal(SIGHUP, SIG_IGN);
	/* Who waits for the end of the program's output must not wait for us. */
	for (i = 0; i < 3; i++)
		close(i);
	while (poll(&p, 1, -1) < 0 && errno == EINTR)
		;
	for (i = 0; i < NR_SETTINGS; i++)
		put_line(settings[i].file, settings[i].before);
	_exit(0);
}

/**
 * vmig_faults_set_up - let all kinds of allocations and user copies fail; once a program
 *
 * Nothing fails by that alone, but for threads that vmig_fail_nth() is called in. When the
 * program has ended, also by SIGKILL, all settings are as they were before. Does nothing
 * where vmig_faults_missing() has a reason.
 */
void vmig_faults_set_up(void)
{
	int program;
	size_t i;
	pid_t pid;

	if (vmig_faults_missing())
		return;
	for (i = 0; i < NR_SETTINGS; i++)
		if (!get_line(settings[i].file, settings[i].before, sizeof(settings[i].before)))
			vmig_test_error("%s cannot be read: %s", settings[i].file,
					vmig_errno_name(errno));
	program = syscall(SYS_pidfd_open, getpid(), 0);
	pid = program < 0 ? -1 : fork();
	if (pid < 0)
		vmig_test_error("nobody can be started who puts the kernel's settings back: %s",
				vmig_errno_name(errno));
	if (!pid)
		guard(program);
	close(program);
	for (i = 0; i < NR_SETTINGS; i++)
		if (!put_line(settings[i].file, settings[i].value))
			vmig_test_error("%s cannot be set to %s: %s", settings[i].file,
					settings[i].value, vmig_errno_name(errno));
}

/**
 * vmig_fail_nth - the nth allocation or user copy from now on fails
 * @n: which, from 1; of this thread
 *
 * Each system call counts until vmig_fail_nth_end(). No fd comes or goes with this but at its
 * first use in a process. What __vmig_read() and __vmig_write() need for themselves is there
 * before.
 */
void vmig_fail_nth(unsigned int n)
{
	char text[16];
	int len = snprintf(text, sizeof(text), "%u", n), ret;

	ret = vmig_bound_prepare();
	if (ret)
		vmig_test_error("no timer: %s", vmig_errno_name(ret));
	if (fail_owner != getpid()) {
		if (fail_fd >= 0)
			close(fail_fd);
		fail_fd = open(FAIL_NTH, O_RDWR | O_CLOEXEC);
		fail_owner = getpid();
	}
	if (n && pwrite(fail_fd, text, len, 0) != len)
		vmig_test_error("%s does not take %s: %s", FAIL_NTH, text, vmig_errno_name(errno));
}

/**
 * vmig_fail_nth_end - no more failures
 *
 * Return: true if one came since vmig_fail_nth(), false if there were fewer allocations and
 * user copies than that.
 */
bool vmig_fail_nth_end(void)
{
	char text[16] = "";
	ssize_t n = pread(fail_fd, text, sizeof(text) - 1, 0);
	int i;

	/* Reading is a user copy too, which here was the one that failed. */
	if (n < 0)
		return false;
	if (!strtoul(text, NULL, 10))
		return true;
	/* And so is writing. */
	for (i = 0; i < 2; i++)
		if (pwrite(fail_fd, "0", 1, 0) == 1)
			return false;
	vmig_test_error("%s does not take 0: %s", FAIL_NTH, vmig_errno_name(errno));
}

/* Whether the kernel log shows what was made to fail, and where. */
static void set_verbose(const char *value)
{
	size_t i;

	for (i = 0; i < NR_SETTINGS; i++)
		if (strstr(settings[i].file, "/verbose"))
			put_line(settings[i].file, value);
}

/**
 * vmig_fault_stack_begin - from now on find out where the kernel is made to fail
 */
void vmig_fault_stack_begin(void)
{
	log_fd = open("/dev/kmsg", O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	if (log_fd >= 0)
		lseek(log_fd, 0, SEEK_END);
	set_verbose("2");
}

/* The function of a line of a stack, " name+0x12/0x34 [module]", if it is one that matters. */
static bool frame_of(const char *line, char *name, size_t size)
{
	static const char *const machinery[] = { "dump_stack", "should_fail", "fail_dump" };
	const char *end = strstr(line, "+0x");
	size_t i, len;

	if (*line != ' ' || strchr(line, '?') || !end)
		return false;
	line += strspn(line, " ");
	len = end - line;
	for (i = 0; i < sizeof(machinery) / sizeof(machinery[0]); i++)
		if (!strncmp(line, machinery[i], strlen(machinery[i])))
			return false;
	snprintf(name, size, "%.*s", (int)len, line);
	return true;
}

/**
 * vmig_fault_stack_end - where was the kernel made to fail?
 *
 * Return: the functions, innermost first, "" if the log does not show it; good until the next
 * call.
 */
const char *vmig_fault_stack_end(void)
{
	static char stack[300];
	char record[1024], name[64], *text;
	bool began = false;
	size_t used = 0;
	ssize_t n;

	set_verbose("0");
	stack[0] = '\0';
	while (log_fd >= 0) {
		n = read(log_fd, record, sizeof(record) - 1);
		if (n < 0 && errno != EPIPE)
			break;
		record[n < 0 ? 0 : n] = '\0';
		text = strchr(record, ';');
		if (!text)
			continue;
		text[1 + strcspn(text + 1, "\n")] = '\0';
		began |= !!strstr(text, "FAULT_INJECTION");
		/* All of these run in a system call. */
		if (!began || strcasestr(text, "_syscall") ||
		    used + sizeof(name) >= sizeof(stack) || !frame_of(text + 1, name, sizeof(name)))
			continue;
		used += snprintf(stack + used, sizeof(stack) - used, "%s%s", used ? " < " : "",
				 name);
	}
	if (log_fd >= 0)
		close(log_fd);
	log_fd = -1;
	return stack;
}
