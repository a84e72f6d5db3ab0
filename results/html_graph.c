// SPDX-License-Identifier: GPL-2.0-only
/* The arcs of the device's FSM, drawn by Graphviz. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "../lib/spec/fsm.h"
#include "html.h"
#include "text.h"

extern char **environ;

/* Eight nodes take it some milliseconds; under an emulated CPU a second or two. */
#define DOT_SECONDS 15
#define SVG_MAX (1UL << 20)

static void edge(struct run *run, FILE *f, const struct matrix *m, uint32_t from, uint32_t to)
{
	const struct cell *cell = &m->cell[from][to];
	struct vmig_transition t;

	vmig_transition(run->env.flags, from, to, &t);
	if (t.answer != VMIG_GO || t.len != 1)
		return;
	fprintf(f, "%s -> %s [label=\"%s%s\" class=\"e-%s\"];\n", vmig_state_name(from),
		vmig_state_name(to),
		t.opens	   ? "opens data_fd"
		: t.closes ? "ends session"
			   : "",
		cell->tests && cell->worst == OUTCOME_FAIL ? " \u2717" : "",
		cell->tests ? mark_of_test(cell->worst).class : "none");
}

/* The arcs follow from the oracle: a transition of one step is one. */
static void graph(struct run *run, FILE *f, const struct matrix *m)
{
	/* Dot lays out in the order in which it hears of the nodes. */
	static const uint32_t order[] = {
		VFIO_DEVICE_STATE_RUNNING,   VFIO_DEVICE_STATE_RUNNING_P2P,
		VFIO_DEVICE_STATE_STOP,	     VFIO_DEVICE_STATE_RESUMING,
		VFIO_DEVICE_STATE_PRE_COPY,  VFIO_DEVICE_STATE_PRE_COPY_P2P,
		VFIO_DEVICE_STATE_STOP_COPY,
	};
	uint32_t from, to;
	size_t i;

	fputs("digraph fsm {\n"
	      "rankdir=LR; bgcolor=transparent; nodesep=0.5; ranksep=0.7; pad=0.1;\n"
	      "node [shape=box style=rounded fontsize=12 fontname=\"Helvetica\" height=0.4];\n"
	      "edge [fontsize=9 fontname=\"Helvetica\" arrowsize=0.7];\n",
	      f);
	for (i = 0; i < sizeof(order) / sizeof(order[0]); i++)
		if (vmig_state_offered(run->env.flags, order[i]))
			fprintf(f, "%s [class=\"%s\"];\n", vmig_state_name(order[i]),
				vmig_state_streams(order[i]) ? "streams" : "plain");
	for (from = 0; from < VFIO_DEVICE_STATE_NR; from++)
		for (to = 0; to < VFIO_DEVICE_STATE_NR; to++)
			edge(run, f, m, from, to);
	fputs("}\n", f);
}

static long long now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000LL + ts.tv_nsec / 1000000;
}

/* All that comes from @fd until its end; false for a writer that is slow or too fond. */
static bool drain(int fd, char *buf, size_t room, size_t *used)
{
	long long deadline = now_ms() + DOT_SECONDS * 1000LL;
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

static pid_t start_dot(int in, int out)
{
	char *argv[] = { "dot", "-Tsvg", NULL };
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

/* Runs dot on what is in @in; returns its SVG without the XML prologue, or NULL. */
static const char *run_dot(struct pool *pool, int in)
{
	char *svg = pool_alloc(pool, SVG_MAX);
	int pipefd[2], status = -1;
	size_t used = 0;
	bool complete;
	pid_t pid;

	if (pipe2(pipefd, O_CLOEXEC))
		return NULL;
	pid = start_dot(in, pipefd[1]);
	close(pipefd[1]);
	complete = pid > 0 && drain(pipefd[0], svg, SVG_MAX - 1, &used);
	close(pipefd[0]);
	if (pid < 0)
		return NULL;
	if (!complete)
		kill(pid, SIGKILL);
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	if (!complete || !WIFEXITED(status) || WEXITSTATUS(status))
		return NULL;
	return strstr(svg, "<svg");
}

/**
 * html_graph - draw the arcs of a device with these features
 * @run: the run after verdict()
 * @f: the file
 * @m: the tests of the pairs, for the colours
 *
 * Without Graphviz, or where it takes too long, a sentence says so instead.
 */
void html_graph(struct run *run, FILE *f, const struct matrix *m)
{
	const char *svg = NULL;
	FILE *in;
	int fd;

	fputs("<h3>The arcs of a device with these features</h3>\n", f);
	fd = memfd_create("fsm.dot", MFD_CLOEXEC);
	in = fd >= 0 ? fdopen(fd, "w+") : NULL;
	if (in) {
		graph(run, in, m);
		if (!fflush(in) && !lseek(fd, 0, SEEK_SET))
			svg = run_dot(run->pool, fd);
		fclose(in);
	} else if (fd >= 0) {
		close(fd);
	}
	if (svg)
		fprintf(f,
			"<div class=\"graph scroll\">%s</div>\n"
			"<p class=\"soft\">States with a filled box have a data_fd. From every "
			"state the device may fall into ERROR, which only a reset leaves.</p>\n",
			svg);
	else
		fputs("<p>The drawing is left out: Graphviz (dot) is not installed "
		      "on the machine that "
		      "made this report, or did not answer.</p>\n",
		      f);
}
