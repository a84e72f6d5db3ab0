// SPDX-License-Identifier: GPL-2.0-only
/*
 * The page that leads from each clause, and from each bug of the past, to the tests, in
 * Markdown. Nothing in it is written by hand but the bugs themselves (bugs.def).
 */
#include <dirent.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <vmig/input.h>

#include "clause_source.h"
#include "defects.h"
#include "map.h"

enum seen { GENERIC, STRESS, EXERCISER, FAULT, NOT };

static const struct bug {
	unsigned int number;
	const char *commits;
	const char *who;
	enum seen seen;
	const char *clauses;
	const char *what;
} bugs[] = {
#define MISTAKE(number, commits, who, seen, clauses, what)                                         \
	{ number, commits, who, seen, clauses, what },
#include "bugs.def"
#undef MISTAKE
};

enum { NR_BUGS = sizeof(bugs) / sizeof(bugs[0]) };

static const char *const seen_words[] = {
	[GENERIC] = "",
	[STRESS] = "under stress or a debug kernel",
	[EXERCISER] = "with an exerciser",
	[FAULT] = "with a failing firmware or allocation",
	[NOT] = "not by user space",
};

/* More tests of a clause than these are counted. */
#define TESTS_SHOWN 6

/* A text with a backslash before each of the characters that mean something in Markdown. */
static const char *escaped(struct arena *arena, const char *s, const char *special)
{
	char *copy = arena_alloc(arena, 2 * strlen(s) + 1), *end = copy;

	for (; *s; s++) {
		if (strchr(special, *s))
			*end++ = '\\';
		*end++ = *s;
	}
	*end = '\0';
	return copy;
}

/* A bar would end the cell. */
static const char *cell(struct arena *arena, const char *s)
{
	return escaped(arena, s, "|");
}

static const char *source_of(struct arena *arena, const struct vmig_clause *clause)
{
	return escaped(arena, run_clause_source(arena, clause, "; "), "|*_<[");
}

static const char *tests_of(struct arena *arena, const struct listed_test *tests,
			    const struct vmig_clause *clause)
{
	struct text rest = { catalogue_tests_of(arena, tests, clause), 0 }, word;
	const char *s = "";
	unsigned int n = 0;

	rest.n = strlen(rest.s);
	for (word = text_word(&rest); word.n; word = text_word(&rest))
		if (n++ < TESTS_SHOWN)
			s = arena_printf(arena, "%s%s`%.*s`", s, *s ? ", " : "", (int)word.n,
					 word.s);
	if (n > TESTS_SHOWN)
		s = arena_printf(arena, "%s and %u more", s, n - TESTS_SHOWN);
	return s;
}

static void clauses(struct arena *arena, const struct listed_test *tests, FILE *f)
{
	const struct vmig_clause *c;
	const char *s;
	int i;

	fputs("## From clause to tests\n\n| Clause | | Responsible | What it says | What it rests on | Tests |\n"
	      "| --- | --- | --- | --- | --- | --- |\n",
	      f);
	for (i = 0; i < VMIG_NR_CLAUSES; i++) {
		c = &vmig_clauses[i];
		s = tests_of(arena, tests, c);
		fprintf(f, "| %s | %s | %s | %s | %s | %s |\n", c->id, vmig_level_name(c->level),
			vmig_responsible_name(c->responsible), cell(arena, c->statement),
			source_of(arena, c),
			*s ? s
			: c->untestable
				? arena_printf(arena, "none: %s", cell(arena, c->untestable))
				: "none, and no reason why");
	}
}

/*
 * The patch that brings a bug back, NAME.patch or for other kernels NAME.SERIES.patch, by the
 * "Bug:" line at its head; NULL if none does.
 */
static const char *replayed(struct arena *arena, int history, unsigned int number)
{
	struct dirent *entry;
	const char *name = NULL;
	struct text t, line;
	DIR *dir;

	/* A stream of its own, as closedir() closes what it was given. */
	history = openat(history, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	dir = history < 0 ? NULL : fdopendir(history);
	while (dir && (entry = readdir(dir))) {
		if (!strstr(entry->d_name, ".patch") ||
		    vmig_input_read(arena, history, entry->d_name, &t))
			continue;
		while (text_next_line(&t, &line) && !text_skip(&line, "---"))
			if (text_skip(&line, "Bug:") &&
			    strtoul(text_clean(arena, text_trim(line)), NULL, 10) == number)
				name = arena_printf(arena, "%.*s", (int)strcspn(entry->d_name, "."),
						    entry->d_name);
	}
	if (dir)
		closedir(dir);
	return name;
}

/* The defects of the reference drivers that were made after it. */
static const char *defects_like(struct arena *arena, const struct bug *b)
{
	struct text rest = { b->commits, strlen(b->commits) }, hash;
	const struct defect *d;
	const char *s = "";
	int i;

	for (hash = text_word(&rest); hash.n > 1; hash = text_word(&rest))
		for (i = 0; (d = defect_number(i)); i++)
			if (memmem(d->who, strlen(d->who), hash.s, hash.n))
				s = arena_printf(arena, "%s%s`%s`", s, *s ? ", " : "", d->name);
	return s;
}

static const char *caught(struct arena *arena, const struct listed_test *tests, int history,
			  const struct bug *b)
{
	const char *patch = replayed(arena, history, b->number), *like = defects_like(arena, b);
	struct text rest = { b->clauses, strlen(b->clauses) }, id;
	const struct vmig_clause *c;
	const char *s = "", *list;

	if (patch)
		s = arena_printf(arena, "brought back by `%s`. ", patch);
	if (*like)
		s = arena_printf(arena, "%sDefect made after it: %s. ", s, like);
	for (id = text_word(&rest); id.n; id = text_word(&rest)) {
		c = vmig_clause_find(text_clean(arena, id));
		list = c ? tests_of(arena, tests, c) : "";
		s = arena_printf(arena, "%s%s%.*s: %s", s, *s ? "<br>" : "", (int)id.n, id.s,
				 *list		      ? list
				 : c && c->untestable ? cell(arena, c->untestable)
				 : id.n == 1	      ? "no clause of the migration protocol"
						      : "no such clause");
	}
	return s;
}

static void history_table(struct arena *arena, const struct listed_test *tests, int history,
			  FILE *f)
{
	unsigned int seen[NOT + 1] = { 0 };
	const struct bug *b;
	int i;

	fputs("\n## From the bugs of the past to tests\n\n"
	      "A patch that brings a bug back is run by `./run.sh --replay`, a defect by\n"
	      "`./run.sh --mutants`: in both a test that names the clause has to fail. For the others\n"
	      "the tests stand here that check the clause which the bug violated.\n\n"
	      "| | Where | Fixed by | What was wrong | Seen | Tests |\n"
	      "| --- | --- | --- | --- | --- | --- |\n",
	      f);
	for (i = 0; i < NR_BUGS; i++) {
		b = &bugs[i];
		seen[b->seen]++;
		fprintf(f, "| %u | %s | %s | %s | %s | %s |\n", b->number, b->who, b->commits,
			cell(arena, b->what), seen_words[b->seen],
			caught(arena, tests, history, b));
	}
	fprintf(f, "\n%d bugs: %u any suite can see on the device, %u %s, %u %s, %u %s, %u %s.\n",
		NR_BUGS, seen[GENERIC], seen[STRESS], seen_words[STRESS], seen[EXERCISER],
		seen_words[EXERCISER], seen[FAULT], seen_words[FAULT], seen[NOT], seen_words[NOT]);
}

/**
 * map_write - the page
 * @arena: for what is made on the way
 * @tests: the list of tests
 * @history: directory of the patches that bring bugs back
 * @f: where to
 */
void map_write(struct arena *arena, const struct listed_test *tests, int history, FILE *f)
{
	fputs("# Clauses, bugs, tests\n\nMade by `make map` from lib/spec/include/vmig/clauses.def, "
	      "lib/spec/untestable.def, results/suite/bugs.def,\nselftests/test_modules and the tests themselves.\n\n",
	      f);
	clauses(arena, tests, f);
	history_table(arena, tests, history, f);
}
