// SPDX-License-Identifier: GPL-2.0-only
/*
 * Whoever starts a run writes down first which tests it must bring a result of: tests.tsv,
 * "chapter TAB fixture.variant.test". A guest that dies, a file that is cut off and a program
 * that says less than it did can then not make a run look better than it was: what is
 * missing is a failure. Directories without that list are judged by the results that they have.
 */
#include <stdlib.h>
#include <string.h>

#include "planned.h"

/* The suite has some two thousand tests. */
#define PLANNED_MAX 50000

static int by_string(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* "chapter TAB test" of each test that left a trace, sorted. */
static char **names_that_came(struct run *run, size_t *nr)
{
	char **names = NULL;
	struct test *t;

	*nr = 0;
	for (t = run_first_test(run); t; t = run_next_test(t)) {
		names = arena_grow(run->arena, names, *nr, sizeof(*names));
		names[(*nr)++] = arena_printf(run->arena, "%s\t%s", t->chapter->name, t->name);
	}
	if (*nr)
		qsort(names, *nr, sizeof(*names), by_string);
	return names;
}

/* The chapter of that name; one without a file where the run has none. */
static struct chapter *chapter_of(struct run *run, const char *name)
{
	struct chapter *c;

	for (c = run->chapters; c; c = c->next)
		if (!strcmp(c->name, name))
			return c;
	c = arena_alloc(run->arena, sizeof(*c));
	c->name = arena_strndup(run->arena, name, strlen(name));
	c->file = arena_printf(run->arena, "ktap/%s.ktap", name);
	c->last_test = &c->tests;
	*run->last_chapter = c;
	run->last_chapter = &c->next;
	return c;
}

static void add_missing(struct run *run, const char *chapter, char *name)
{
	struct chapter *c = chapter_of(run, chapter);
	struct line *line = arena_alloc(run->arena, sizeof(*line));

	line->text = name;
	if (c->last_missing)
		c->last_missing->next = line;
	else
		c->missing = line;
	c->last_missing = line;
	c->nr_missing++;
	if (c->not_run < c->nr_missing)
		c->not_run = c->nr_missing;
}

/* Returns the number of tests in the list. */
static unsigned int compare(struct run *run, struct text list)
{
	unsigned int planned = 0, number = 0;
	char *key, *tab, **came;
	struct text line;
	size_t nr;

	came = names_that_came(run, &nr);
	while (text_next_line(&list, &line)) {
		number++;
		if (number > PLANNED_MAX) {
			run_problem(run, "tests.tsv lists more tests than any suite has.");
			break;
		}
		tab = line.n ? memchr(line.s, '\t', line.n) : NULL;
		if (!tab || tab == line.s || tab + 1 == line.s + line.n) {
			run_problem(run,
				    "tests.tsv, line %u is not \"chapter, test\" with a tab "
				    "between.",
				    number);
			continue;
		}
		planned++;
		key = arena_printf(run->arena, "%s\t%s",
				   text_clean(run->arena, (struct text){ line.s, tab - line.s }),
				   text_clean(run->arena,
					      (struct text){ tab + 1, line.s + line.n - tab - 1 }));
		if (nr && bsearch(&key, came, nr, sizeof(*came), by_string))
			continue;
		tab = strchr(key, '\t');
		*tab = '\0';
		add_missing(run, key, tab + 1);
	}
	return planned;
}

static bool in_guest(const struct run *run)
{
	return run->record.where && !strcmp(run->record.where, "guest");
}

/* Files that every run has by its end. */
static void look_for_files(struct run *run, const struct run_files *files)
{
	if (!files->record.s)
		run_problem(run, "run.json is missing: how the run ended is not known.");
	if (!files->environment.s)
		run_problem(run, "environment.json is missing: what was tested is not known.");
	else if (run->env.migration == HAS_UNKNOWN)
		run_problem(run, "environment.json does not say whether the device offers "
				 "migration.");
	if (!files->dmesg.s && in_guest(run))
		run_problem(run, "dmesg.txt is missing: what the kernel said is not known.");
}

/* The kernel numbers what it says. */
static void look_at_log(struct run *run, const struct kmsg_log *log)
{
	/* On a host it begins with the run. */
	unsigned long long lost = log->lost + (in_guest(run) ? log->first : 0);

	if (lost)
		run_problem(run,
			    "dmesg.txt lacks %llu records: the kernel may have complained there.",
			    lost);
	if (log->disorder)
		run_problem(run, "the records of dmesg.txt are not in the order of the log.");
	if (!log->ended && run->record.status == RUN_COMPLETE)
		run_problem(run, "dmesg.txt ends before the run did: what the kernel said then "
				 "is lost.");
}

static void look_at_totals(struct run *run)
{
	const struct chapter *c;

	for (c = run->chapters; c; c = c->next) {
		if (c->wrong_totals)
			run_problem(run, "%s counts other results at its end than it holds.",
				    c->file);
		else if (c->no_totals && !c->bail)
			run_problem(run, "%s ends before the totals of its tests.", c->file);
	}
}

/**
 * planned_join - find what is missing of a run
 * @run: the run, all its files read
 * @files: these files
 *
 * Adds the tests that did not come to their chapters, and a problem for whatever else shows
 * that the directory lacks something that the run said. Nothing of this where neither
 * tests.tsv nor run.json speaks of a plan.
 */
void planned_join(struct run *run, const struct run_files *files)
{
	unsigned int planned;

	if (!files->tests.s && run->record.planned < 0)
		return;
	if (!files->tests.s) {
		run_problem(run, "tests.tsv is missing: which tests had to run is not known.");
		return;
	}
	look_for_files(run, files);
	if (files->dmesg.s)
		look_at_log(run, &run->log);
	look_at_totals(run);
	/* No test program was run at all: that says more than a list of all there are. */
	if (!run->chapters)
		return;
	planned = compare(run, files->tests);
	if (files->record.s && run->record.planned != planned)
		run_problem(run, "tests.tsv lists %u tests, and run.json does not say so.",
			    planned);
}
