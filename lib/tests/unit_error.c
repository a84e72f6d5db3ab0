// SPDX-License-Identifier: GPL-2.0-only
/* The library neither prints nor ends a program but by the hook that the program has set. */
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <vmig/error.h>
#include "unit.h"

/* With AddressSanitizer too calloc() is to give NULL, after a warning of its. */
const char *__asan_default_options(void);
const char *__asan_default_options(void)
{
	return "allocator_may_return_null=1";
}

/* Where a child's hook and its standard output and error go. */
static int out;

static void tell(const char *message)
{
	if (write(out, message, strlen(message)) >= 0)
		_exit(7);
}

static void returns(const char *message)
{
	(void)message;
}

static void fail(void)
{
	vmig_fail("%s after %d bytes", "read()", 24);
}

static void no_memory(void)
{
	vmig_alloc(SIZE_MAX / 2);
}

/* What a process that does that says, and how it ends. */
static int run(void (*hook)(const char *message), void (*what)(void), char *said, size_t size)
{
	int fd[2], status = -1;
	ssize_t n;
	pid_t pid;

	fflush(stdout);
	if (pipe(fd))
		return -1;
	pid = fork();
	if (!pid) {
		out = fd[1];
		dup2(out, STDOUT_FILENO);
		dup2(out, STDERR_FILENO);
		vmig_set_fail_hook(hook);
		what();
		_exit(0);
	}
	close(fd[1]);
	waitpid(pid, &status, 0);
	n = read(fd[0], said, size - 1);
	said[n > 0 ? n : 0] = '\0';
	close(fd[0]);
	return status;
}

static void *formats(void *arg)
{
	unsigned int i;

	for (i = 0; i < 2 * VMIG_FMT_STRINGS; i++)
		vmig_fmt("%u", i);
	return arg;
}

static void strings(void)
{
	static char long_one[2 * VMIG_FMT_MAX];
	const char *s = vmig_fmt("%s %d", "first", 1);
	pthread_t thread;
	unsigned int i;

	if (pthread_create(&thread, NULL, formats, NULL))
		return;
	pthread_join(thread, NULL);
	for (i = 1; i < VMIG_FMT_STRINGS; i++)
		vmig_fmt("%u", i);
	UNIT(!strcmp(s, "first 1"), "a string is good until so many more were formatted: '%s'", s);
	memset(long_one, 'x', sizeof(long_one) - 1);
	UNIT(strlen(vmig_fmt("%s", long_one)) == VMIG_FMT_MAX - 1, "a long one is cut");
}

int main(void)
{
	char said[256];
	int status;

	status = run(NULL, fail, said, sizeof(said));
	UNIT(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT && !*said,
	     "without a hook it is abort(), and nothing is printed: '%s'", said);
	status = run(tell, fail, said, sizeof(said));
	UNIT(WIFEXITED(status) && WEXITSTATUS(status) == 7 &&
		     !strcmp(said, "read() after 24 bytes"),
	     "the hook gets the line, and says how the program ends: '%s'", said);
	status = run(returns, fail, said, sizeof(said));
	UNIT(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT && !*said,
	     "a hook that returns is no way on");
	status = run(tell, no_memory, said, sizeof(said));
	UNIT(WIFEXITED(status) && WEXITSTATUS(status) == 7 && strstr(said, "no memory for "),
	     "memory that is not there is told in the same way: '%s'", said);
	UNIT(!strcmp(vmig_errno_name(-ENOMSG), "ENOMSG") &&
		     !strcmp(vmig_errno_name(ENOMSG), "ENOMSG"),
	     "an errno has its name, negative or not");
	UNIT(!strcmp(vmig_errno_name(0), "success") && !strcmp(vmig_errno_name(-999), "errno 999"),
	     "0 is success, and what has no name a number");
	strings();
	return unit_end();
}
