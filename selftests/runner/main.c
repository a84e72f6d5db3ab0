// SPDX-License-Identifier: GPL-2.0-only
/*
 * vmig_ktap: what the scripts that run the chapters ask of their output. Exit code 0; 1 for an
 * answer "no"; 2 with one sentence on stderr.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <vmig/breach_line.h>
#include <vmig/clauses.h>
#include <vmig/stuck_calls.h>

#include "ktap_scan.h"

#define EXIT_NO 1
#define EXIT_USAGE 2

static const char usage[] =
	"usage: vmig_ktap progress CHAPTER FILE SINCE [REMARK]\n"
	"                                    one line on a chapter for people; 1: it gave up\n"
	"       vmig_ktap total LABEL SINCE FILE...\n"
	"                                    one line on several chapters\n"
	"       vmig_ktap resume DIR CHAPTER...\n"
	"                                    where a run goes on that was lost: CHAPTER, or\n"
	"                                    CHAPTER/TEST for what is behind that test, or an\n"
	"                                    empty line; behind it FILE TEST for the test that\n"
	"                                    did not end; 1: no chapter has begun\n"
	"       vmig_ktap blame FILE WHAT    what the kernel did is charged to the test that did\n"
	"                                    not end\n"
	"       vmig_ktap stuck DIR CHAPTER...\n"
	"                                    VMIG_STUCK for what comes next: that one, and the calls\n"
	"                                    that did not come back in these chapters\n"
	"       vmig_ktap given-up DIR CHAPTER...\n"
	"                                    the same, but for calls that are still made\n"
	"       vmig_ktap ok FILE WORD       is a test with WORD in its name ok, and all others?\n"
	"FILE is what a test program printed, SINCE the first word of /proc/uptime when it began.\n"
	"VMIG_FRESH=1: a lost device or kernel ends the chapter, as a fresh one is to be had.\n";

static int refuse(const char *file, const char *what)
{
	fprintf(stderr, "vmig: %s cannot be %s: %s\n", file, what, strerror(errno));
	return EXIT_USAGE;
}

/* Goes on with a file. Return: 0 or -1 with errno. */
static int scan_file(struct vmig_ktap_scan *s, const char *file)
{
	int fd = open(file, O_RDONLY | O_CLOEXEC);
	char bytes[16384];
	ssize_t n;

	if (fd < 0)
		return -1;
	while ((n = read(fd, bytes, sizeof(bytes))) > 0)
		vmig_ktap_feed(s, bytes, (size_t)n);
	close(fd);
	vmig_ktap_end(s);
	return n < 0 ? -1 : 0;
}

/* Seconds since @since, by the clock that the scripts read; 0 where it cannot be read. */
static double seconds(const char *since)
{
	FILE *f = fopen("/proc/uptime", "re");
	double now = 0;

	if (!f)
		return 0;
	if (fscanf(f, "%lf", &now) != 1)
		now = strtod(since, NULL);
	fclose(f);
	return now - strtod(since, NULL);
}

static bool gave_up(const struct vmig_ktap_scan *s)
{
	const char *fresh = getenv("VMIG_FRESH");

	return s->bailed || s->lost_before || (s->lost && fresh && *fresh);
}

static int progress(const char *chapter, const char *file, const char *since, const char *remark)
{
	static struct vmig_ktap_scan s;
	unsigned int done;

	if (scan_file(&s, file))
		return refuse(file, "read");
	done = vmig_ktap_done(&s);
	printf("%-12s %4u pass %4u fail %4u xfail %4u skip %7.2f s", chapter,
	       s.count[VMIG_KTAP_PASS], s.count[VMIG_KTAP_FAIL], s.count[VMIG_KTAP_XFAIL],
	       s.count[VMIG_KTAP_SKIP], seconds(since));
	if (s.count[VMIG_KTAP_XPASS])
		printf(", %u xpass", s.count[VMIG_KTAP_XPASS]);
	if (done < s.plan)
		printf(", %u not run", s.plan - done);
	printf("%s", remark);
	if (s.bailed)
		printf(", gave up: %s", s.bail);
	printf("\n");
	return gave_up(&s) ? EXIT_NO : 0;
}

static void count_all(struct vmig_ktap_scan *s, enum vmig_ktap_event event)
{
	unsigned int *count = s->arg;

	if (event == VMIG_KTAP_ENDED)
		count[s->result]++;
}

/* A chapter that was not begun has no file. */
static int total(const char *label, const char *since, char **files)
{
	unsigned int count[VMIG_KTAP_RESULTS] = { 0 }, all = 0;
	int i;

	for (; *files; files++) {
		struct vmig_ktap_scan s = { .on_event = count_all, .arg = count };

		if (scan_file(&s, *files) && errno != ENOENT)
			return refuse(*files, "read");
	}
	for (i = 0; i < VMIG_KTAP_RESULTS; i++)
		all += count[i];
	printf("%-48s %4u tests %4u fail %6.1f s\n", label, all, count[VMIG_KTAP_FAIL],
	       seconds(since));
	return 0;
}

static bool file_of(char path[4096], const char *dir, const char *chapter)
{
	struct stat st;

	snprintf(path, 4096, "%s/%s.ktap", dir, chapter);
	return !stat(path, &st) && st.st_size;
}

/* The last chapter that said something is where it ended; the next one is what comes then. */
static int resume(const char *dir, char **chapters)
{
	static struct vmig_ktap_scan s;
	const char *last = NULL, *next = NULL;
	struct vmig_ktap_rest rest;
	char path[4096];

	for (; *chapters; chapters++) {
		if (file_of(path, dir, *chapters)) {
			last = *chapters;
			next = NULL;
		} else if (!next) {
			next = *chapters;
		}
	}
	if (!last)
		return EXIT_NO;
	file_of(path, dir, last);
	if (scan_file(&s, path))
		return refuse(path, "read");
	rest = vmig_ktap_left(&s);
	if (rest.after)
		printf("%s/%s\n", last, rest.after);
	else
		printf("%s\n", next ? next : "");
	if (rest.running)
		printf("%s %s\n", last, rest.running);
	return 0;
}

/* The line that the kernel's end cut off gets its end. */
static int blame(const char *file, const char *what)
{
	const struct vmig_breach breach = {
		.clause = vmig_clauses[ROB_01].id,
		.did = "what the test does",
		.expected = "a kernel that goes on",
		.got = what,
	};
	int fd = open(file, O_WRONLY | O_APPEND | O_CLOEXEC), ret;
	char lines[VMIG_BREACH_LINES_MAX];

	if (fd < 0)
		return refuse(file, "written");
	vmig_breach_lines(lines, sizeof(lines), &breach);
	ret = dprintf(fd, "\n%s", lines) < 0 ? refuse(file, "written") : 0;
	close(fd);
	return ret;
}

/* "# vmig: stuck NAME WEIGHT", "# vmig: returned NAME": see selftests/harness/stuck.h. */
static void stuck_line(struct vmig_stuck_list *list, const char *line)
{
	struct vmig_stuck_call *c;
	char name[VMIG_STUCK_NAME];
	unsigned int weight = 0;

	if (sscanf(line, "# vmig: stuck %47s %u", name, &weight) != 2 &&
	    sscanf(line, "# vmig: returned %47s", name) != 1)
		return;
	c = vmig_stuck_find(list, name, weight);
	if (!c)
		return;
	if (weight)
		vmig_stuck_count(c, weight < VMIG_STUCK_IN_A_ROW ? weight : 1);
	else
		vmig_stuck_returned(c);
}

static int stuck(const char *dir, char **chapters, bool all)
{
	const char *env = getenv("VMIG_STUCK");
	static struct vmig_stuck_list s;
	char path[4096], *line = NULL;
	size_t room = 0;
	unsigned int i;
	FILE *f;

	vmig_stuck_parse(env ? env : "", &s);
	for (; *chapters; chapters++) {
		if (!file_of(path, dir, *chapters))
			continue;
		f = fopen(path, "re");
		if (!f)
			return refuse(path, "read");
		while (getline(&line, &room, f) > 0)
			stuck_line(&s, line);
		fclose(f);
	}
	free(line);
	for (i = 0; i < s.nr; i++)
		if (all || vmig_stuck_given_up(&s.calls[i]))
			printf("%s=%u/%u ", s.calls[i].name, s.calls[i].in_a_row, s.calls[i].tests);
	printf("\n");
	return 0;
}

struct wanted {
	const char *word;
	bool ok, failed;
};

static void look_for(struct vmig_ktap_scan *s, enum vmig_ktap_event event)
{
	struct wanted *w = s->arg;

	if (event != VMIG_KTAP_ENDED)
		return;
	if (s->result == VMIG_KTAP_FAIL)
		w->failed = true;
	else if (strstr(s->name, w->word))
		w->ok = true;
}

static int ok(const char *file, const char *word)
{
	struct wanted w = { .word = word };
	struct vmig_ktap_scan s = { .on_event = look_for, .arg = &w };

	if (scan_file(&s, file) && errno != ENOENT)
		return refuse(file, "read");
	return w.ok && !w.failed ? 0 : EXIT_NO;
}

static int answer(int argc, char **argv)
{
	const char *what = argc > 1 ? argv[1] : "";

	if ((argc == 5 || argc == 6) && !strcmp(what, "progress"))
		return progress(argv[2], argv[3], argv[4], argc == 6 ? argv[5] : "");
	if (argc >= 4 && !strcmp(what, "total"))
		return total(argv[2], argv[3], argv + 4);
	if (argc >= 3 && !strcmp(what, "resume"))
		return resume(argv[2], argv + 3);
	if (argc == 4 && !strcmp(what, "blame"))
		return blame(argv[2], argv[3]);
	if (argc >= 3 && (!strcmp(what, "stuck") || !strcmp(what, "given-up")))
		return stuck(argv[2], argv + 3, *what == 's');
	if (argc == 4 && !strcmp(what, "ok"))
		return ok(argv[2], argv[3]);
	fputs(usage, stderr);
	return EXIT_USAGE;
}

int main(int argc, char **argv)
{
	int ret = answer(argc, argv);

	if (fflush(stdout))
		return refuse("the answer", "written");
	return ret;
}
