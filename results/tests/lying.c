// SPDX-License-Identifier: GPL-2.0-only
/*
 * A guest that lies: one run in a good form and in many bad ones, and each of its files
 * damaged in each place in each way. A bad run must never come out with exit code 0, a good
 * one only if each test of the list is there, and in the same words.
 *
 *	lying RUN_DIR		a conformant run with tests.tsv: 33-planned/run
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <vmig/input.h>

#include "judge.h"
#include "load.h"
#include "run.h"
#include "verdict.h"
#include "whole.h"

enum { FD, RESUME, DMESG, TESTS, RECORD, ENVIRONMENT, PROFILE, NR_FILES };

static const char *const names[NR_FILES] = {
	[FD] = "ktap/fd.ktap",	    [RESUME] = "ktap/resume.ktap",
	[DMESG] = "dmesg.txt",	    [TESTS] = "tests.tsv",
	[RECORD] = "run.json",	    [ENVIRONMENT] = "environment.json",
	[PROFILE] = "profile.conf",
};

/**
 * struct change - makes another run of the good one
 * @file: which file
 * @from: what stands there, once
 * @to: what shall stand there
 */
struct change {
	int file;
	const char *from, *to;
};

#define CLOEXEC_OK "#            OK  fd.cdev.cloexec\nok 1 fd.cdev.cloexec\n"
#define CLOEXEC_BAD "#          FAIL  fd.cdev.cloexec\nnot ok 1 fd.cdev.cloexec\n"
#define ONE_FAILED                                                                                 \
	{                                                                                          \
		FD, "pass:5 fail:0", "pass:4 fail:1"                                               \
	}
#define BREACH(id)                                                                                 \
	"# vmig: breach " id "\n# vmig:   did: x\n# vmig:   expected: y\n# vmig:   got: z\n"
#define KNOWN                                                                                      \
	"# vmig:   known: mtty.c:1012 mtty_resume_write() | the magic number is compared "         \
	"after the write was taken\n"
#define SLOW_OK "#            OK  resume.cdev.slow\nok 3 resume.cdev.slow\n"
#define SLOW_CLAUSES "# vmig: clauses RES-08\n"
#define MOST_CHANGES 4

/**
 * struct kind - a run
 * @what: what is wrong with it, NULL for a good one
 * @changes: how it comes from the good one
 * @whole: the file whose damage says nothing: a profile is the user's, and one with a line
 *	   less asks for less
 */
static const struct kind {
	const char *what;
	struct change changes[MOST_CHANGES];
	int spare;
} kinds[] = {
	{ NULL, { { 0 } }, 0 },
	{ NULL, { { RECORD, "\"tests\": null", "\"tests\": \"[fr]*\"" } }, 0 },
	{ NULL,
	  { { ENVIRONMENT, "\"bus\"", "\"simulated_firmware\": true, \"bus\"" },
	    { RECORD, "\"suite\"", "\"firmware\": {\"stand_in\": \"x\"},\n\"suite\"" } },
	  0 },
	{ "a violated clause", { { FD, CLOEXEC_OK, BREACH("FD-01") CLOEXEC_BAD }, ONE_FAILED }, 0 },
	{ "a violated clause that is called known",
	  { { FD, CLOEXEC_OK,
	      BREACH("FD-01") KNOWN "ok 1 fd.cdev.cloexec # XFAIL known deviation\n" },
	    { FD, "pass:5 fail:0 xfail:0", "pass:4 fail:0 xfail:1" } },
	  0 },
	{ "a breach beside a known one",
	  { { RESUME, SLOW_OK, BREACH("RES-07") "not ok 3 resume.cdev.slow\n" },
	    { RESUME, "pass:1 fail:0", "pass:0 fail:1" } },
	  0 },
	{ "a failure without a clause", { { FD, CLOEXEC_OK, CLOEXEC_BAD }, ONE_FAILED }, 0 },
	{ "a test that could not judge",
	  { { FD, CLOEXEC_OK, "# vmig: broken no memory\n" CLOEXEC_BAD }, ONE_FAILED },
	  0 },
	{ "a test that hung",
	  { { FD, CLOEXEC_OK, "# cloexec: Test terminated by timeout\n" CLOEXEC_BAD }, ONE_FAILED },
	  0 },
	{ "an unexpected pass",
	  { { FD, CLOEXEC_OK, "ok 1 fd.cdev.cloexec # XPASS the deviation did not come\n" },
	    { FD, "pass:5 fail:0 xfail:0 xpass:0", "pass:4 fail:0 xfail:0 xpass:1" } },
	  0 },
	{ "a violated SHOULD clause, strictly",
	  { { RECORD, "\"strict\": false", "\"strict\": true" },
	    { FD, CLOEXEC_OK, BREACH("FEAT-14") CLOEXEC_BAD },
	    ONE_FAILED },
	  0 },
	{ "a test less",
	  { { RESUME,
	      "#  RUN           resume.cdev.slow ...\n" SLOW_CLAUSES "# vmig: took 0.004\n" SLOW_OK,
	      "" },
	    { RESUME, "pass:1", "pass:0" },
	    { RESUME, "1..3", "1..2" } },
	  0 },
	{ "a guest that died between two tests",
	  { { RECORD, "\"complete\"", "\"guest-died\"" } },
	  0 },
	{ "an interruption", { { RECORD, "\"complete\"", "\"interrupted\"" } }, 0 },
	{ "a complaint of the kernel",
	  { { DMESG, "mtty: the stream was read", "BUG: KASAN: x" }, { DMESG, "6,7,", "4,7," } },
	  0 },
	{ "a complaint of the kernel between tests",
	  { { DMESG, "mtty: loaded", "BUG: KASAN: x" } },
	  0 },
	{ "a deviation that did not come",
	  { { PROFILE, "deviation: RES-07",
	      "deviation: RES-08 | *slow | a | b\ndeviation: RES-07" } },
	  PROFILE },
	{ "a device without migration",
	  { { ENVIRONMENT, "\"migration\": true", "\"migration\": false" } },
	  0 },
};

struct state {
	const struct kind *kind;
	struct text file[NR_FILES]; /* of this kind */
	char *sentence; /* of this kind, undamaged */
	unsigned long tried, wrong;
};

static char *replaced(struct arena *arena, struct text t, const struct change *c)
{
	char *s = arena_strndup(arena, t.s, t.n), *at = strstr(s, c->from);

	if (!at || strstr(at + 1, c->from)) {
		printf("Bail out! %s: \"%s\" is not there once\n", names[c->file], c->from);
		exit(1);
	}
	*at = '\0';
	return arena_printf(arena, "%s%s%s", s, c->to, at + strlen(c->from));
}

/* Reads these files as a run; NULL where that is refused. */
static struct run *report(struct arena *arena, const struct text file[NR_FILES])
{
	struct run_files files = { 0 };
	struct run *run = arena_alloc(arena, sizeof(*run));
	struct chapter_file fd = { (char *)names[FD], file[FD], NULL };
	struct chapter_file resume = { (char *)names[RESUME], file[RESUME], NULL };

	if (file[RESUME].s)
		files.chapters = &resume;
	if (file[FD].s) {
		fd.next = files.chapters;
		files.chapters = &fd;
	}
	files.dmesg = file[DMESG];
	files.tests = file[TESTS];
	files.record = file[RECORD];
	files.environment = file[ENVIRONMENT];
	files.profile = file[PROFILE];
	run_init(run, arena);
	if (run_read(run, &files))
		return NULL;
	judge_run(run);
	judge_verdict(run);
	return run;
}

static bool good_enough(const struct state *s, const struct run *run)
{
	if (!run || run->exit_code)
		return true;
	if (s->kind->what)
		return false;
	/* "(in 2 tests)" may become more by a line that stands twice. */
	return whole(run, s->file[TESTS]) &&
	       !strncmp(run->sentence, s->sentence, strcspn(s->sentence, "(")) &&
	       !!strstr(run->sentence, "as far as") == !!strstr(s->sentence, "as far as") &&
	       !!strstr(run->sentence, "simulated") == !!strstr(s->sentence, "simulated");
}

/* One file in a damaged form, the others as they are; @s NULL for a file that is gone. */
static void try(struct state *s, int file, const char *bytes, size_t n, const char *how,
		size_t where, size_t other)
{
	struct text all[NR_FILES];
	struct arena *arena = arena_new();
	struct run *run;

	memcpy(all, s->file, sizeof(all));
	all[file] = (struct text){ bytes, n };
	run = report(arena, all);
	s->tried++;
	if (!good_enough(s, run) && s->wrong++ < 20)
		printf("# %s, %s, %s %zu %zu: exit code 0, %s\n",
		       s->kind->what ? s->kind->what : "good", names[file], how, where, other,
		       run->sentence);
	arena_free(arena);
}

#define LINES_MAX 500

/* The lines of a file, each with its end. */
static size_t lines_of(struct text t, struct text line[LINES_MAX])
{
	const char *end;
	size_t nr = 0;

	while (t.n && nr < LINES_MAX) {
		end = memchr(t.s, '\n', t.n);
		line[nr].s = t.s;
		line[nr].n = end ? (size_t)(end + 1 - t.s) : t.n;
		t.s += line[nr].n;
		t.n -= line[nr].n;
		nr++;
	}
	return nr;
}

/* Puts lines together: the one at @a is the one at @b, and the other way round. */
static size_t join(char *out, const struct text *line, size_t nr, size_t a, size_t b)
{
	size_t i, n = 0;

	for (i = 0; i < nr; i++) {
		const struct text *l = &line[i == a ? b : i == b ? a : i];

		memcpy(out + n, l->s, l->n);
		n += l->n;
	}
	return n;
}

static void truncations(struct state *s, int file)
{
	struct text t = s->file[file];
	size_t n;

	/* A chapter that was not begun has no file. */
	try(s, file, NULL, 0, "gone", 0, 0);
	for (n = 0; n < t.n; n++)
		try(s, file, t.s, n, "cut at byte", n, 0);
}

static void lines(struct state *s, int file, char *out)
{
	struct text line[LINES_MAX], t = s->file[file];
	size_t nr = lines_of(t, line), i, j, n;

	for (i = 0; i < nr; i++) {
		/* Without the line, with it twice, with only what is behind it. */
		n = (size_t)(line[i].s - t.s);
		memcpy(out, t.s, n);
		memcpy(out + n, line[i].s + line[i].n, t.n - n - line[i].n);
		try(s, file, out, t.n - line[i].n, "without line", i + 1, 0);
		memcpy(out + n, line[i].s, line[i].n);
		memcpy(out + n + line[i].n, line[i].s, t.n - n);
		try(s, file, out, t.n + line[i].n, "twice line", i + 1, 0);
		try(s, file, line[i].s, t.n - n, "from line", i + 1, 0);
		for (j = i + 1; j < nr; j++) {
			n = join(out, line, nr, i, j);
			try(s, file, out, n, "swapped lines", i + 1, j + 1);
		}
	}
}

/* Numbers of results and plans that are others. */
static void numbers(struct state *s, int file, char *out)
{
	static const char *const others[] = { "", "0", "1", "2", "7", "4294967295", "-1" };
	struct text line[LINES_MAX], t = s->file[file];
	size_t nr = lines_of(t, line), i, k, before, digits;
	const char *number;
	int n;

	for (i = 0; i < nr; i++) {
		number = line[i].s;
		if (!strncmp(number, "ok ", 3))
			number += 3;
		else if (!strncmp(number, "not ok ", 7))
			number += 7;
		else if (!strncmp(number, "1..", 3))
			number += 3;
		else
			continue;
		before = (size_t)(number - t.s);
		digits = strspn(number, "0123456789");
		for (k = 0; k < sizeof(others) / sizeof(others[0]); k++) {
			n = sprintf(out, "%.*s%s%.*s", (int)before, t.s, others[k],
				    (int)(t.n - before - digits), number + digits);
			try(s, file, out, (size_t)n, "another number in line", i + 1, k);
		}
	}
}

static bool kind(struct arena *arena, const struct text good[NR_FILES], const struct kind *k,
		 unsigned long *tried)
{
	struct state s = { .kind = k };
	const struct change *c = k->changes;
	struct run *run;
	char *out;
	int file;

	memcpy(s.file, good, sizeof(s.file));
	for (; c < k->changes + MOST_CHANGES && c->from; c++) {
		s.file[c->file].s = replaced(arena, s.file[c->file], c);
		s.file[c->file].n = strlen(s.file[c->file].s);
	}
	run = report(arena, s.file);
	if (!run || !run->exit_code == !!k->what) {
		printf("# exit code %d: %s\n", run ? run->exit_code : 2, run ? run->sentence : "");
		return false;
	}
	s.sentence = (char *)run->sentence;
	for (file = 0; file < NR_FILES; file++) {
		if (file && file == k->spare)
			continue;
		out = arena_alloc(arena, 2 * s.file[file].n + 100);
		truncations(&s, file);
		lines(&s, file, out);
		numbers(&s, file, out);
	}
	*tried += s.tried;
	return !s.wrong;
}

int main(int argc, char **argv)
{
	const size_t nr = sizeof(kinds) / sizeof(kinds[0]);
	struct text good[NR_FILES];
	struct arena *arena = arena_new();
	unsigned long tried = 0;
	int dirfd, file, failed = 0;
	size_t i;
	bool ok;

	dirfd = argc == 2 ? open(argv[1], O_RDONLY | O_DIRECTORY) : -1;
	for (file = 0; file < NR_FILES; file++) {
		if (dirfd >= 0 && !vmig_input_read(arena, dirfd, names[file], &good[file]))
			continue;
		fputs("lying: give the directory of the good run\n", stderr);
		return 2;
	}
	puts("TAP version 13");
	for (i = 0; i < nr; i++) {
		ok = kind(arena, good, &kinds[i], &tried);
		printf("%s %zu a damaged run with %s\n", ok ? "ok" : "not ok", i + 1,
		       kinds[i].what ? kinds[i].what : "no failure is whole or says so");
		failed |= !ok;
	}
	printf("1..%zu\n# %lu damaged runs\n", nr, tried);
	arena_free(arena);
	return failed;
}
