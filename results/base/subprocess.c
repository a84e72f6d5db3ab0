// SPDX-License-Identifier: GPL-2.0-only
/* Run Graphviz and gnuplot: text in, drawing out. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "subprocess.h"

static long long now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000LL + ts.tv_nsec / 1000000;
}

/* All that comes from @fd until its end; false for a writer that is slow or too fond. */
static bool drain(int fd, unsigned int seconds, char *buf, size_t room, size_t *used)
{
	long long deadline = now_ms() + seconds * 1000LL;
	struct pollfd p = { .fd = fd, .events = POLLIN };
	long long left;
	ssize_t n;

	*used = 0;
	while (*used < room) {
		left = deadline - now_ms();
		if (left <= 0)
			return false;
		if (poll(&p, 1, (int)left) < 0 && errno != EINTR)
			return false;
		if (!p.revents)
			continue;
		n = read(fd, buf + *used, room - *used);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return !n;
		*used += (size_t)n;
	}
	return false;
}

static pid_t start(char *const argv[], int in, int out)
{
	posix_spawn_file_actions_t actions;
	pid_t pid = -1;

	if (posix_spawn_file_actions_init(&actions))
		return -1;
	if (posix_spawn_file_actions_adddup2(&actions, in, STDIN_FILENO) ||
	    posix_spawn_file_actions_adddup2(&actions, out, STDOUT_FILENO) ||
	    posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0) ||
	    posix_spawnp(&pid, argv[0], &actions, NULL, argv, environ))
		pid = -1;
	posix_spawn_file_actions_destroy(&actions);
	return pid;
}

/**
 * subprocess_input - a file in memory for what a filter is to read
 *
 * Return: the file, to be written, given to subprocess_run() and closed; or NULL.
 */
FILE *subprocess_input(void)
{
	int fd = memfd_create("vmig", MFD_CLOEXEC);
	FILE *f = fd >= 0 ? fdopen(fd, "w+") : NULL;

	if (!f && fd >= 0)
		close(fd);
	return f;
}

/**
 * subprocess_run - give a program its input and take what it prints
 * @arena: where the output goes
 * @argv: the program and its arguments
 * @in: from subprocess_input()
 * @seconds: how long it may take
 * @max: how many bytes it may print
 *
 * Return: what it printed, or NULL where it is not installed, fails, prints more or takes
 * longer; then it has been killed.
 */
char *subprocess_run(struct arena *arena, char *const argv[], FILE *in, unsigned int seconds,
		     size_t max)
{
	int pipefd[2], status = -1;
	size_t used = 0;
	bool complete;
	char *text;
	pid_t pid;

	if (fflush(in) || fseek(in, 0, SEEK_SET) || pipe2(pipefd, O_CLOEXEC))
		return NULL;
	text = arena_alloc(arena, max);
	pid = start(argv, fileno(in), pipefd[1]);
	close(pipefd[1]);
	complete = pid > 0 && drain(pipefd[0], seconds, text, max - 1, &used);
	close(pipefd[0]);
	if (pid < 0)
		return NULL;
	if (!complete)
		kill(pid, SIGKILL);
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	if (!complete || !WIFEXITED(status) || WEXITSTATUS(status))
		return NULL;
	return text;
}
