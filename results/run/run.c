// SPDX-License-Identifier: GPL-2.0-only
/* A run: what all of its parts need. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "run.h"

/* Sentences kept: a file of garbage is one problem, not a million. */
#define PROBLEMS 20

/**
 * run_init - a run of which nothing is known
 * @run: the run
 * @arena: where everything goes
 */
void run_init(struct run *run, struct arena *arena)
{
	memset(run, 0, sizeof(*run));
	run->arena = arena;
	run->last_chapter = &run->chapters;
	run->last_problem = &run->problems;
	run->record.status = RUN_UNKNOWN;
	run->record.seconds = -1;
	run->record.planned = -1;
	run->record.known_deviations = true;
	run->env.migration = HAS_UNKNOWN;
	run->env.dma_logging = HAS_UNKNOWN;
}

/**
 * run_problem - note something that is wrong with the run
 * @run: the run
 * @fmt: a sentence, as printf()
 *
 * A run with a problem has no good verdict.
 */
void run_problem(struct run *run, const char *fmt, ...)
{
	char sentence[1024];
	struct line *line;
	va_list ap;

	if (run->nr_problems++ >= PROBLEMS)
		return;
	line = arena_alloc(run->arena, sizeof(*line));
	va_start(ap, fmt);
	vsnprintf(sentence, sizeof(sentence), fmt, ap);
	va_end(ap);
	line->text = text_clean(run->arena, (struct text){ sentence, strlen(sentence) });
	*run->last_problem = line;
	run->last_problem = &line->next;
}

static struct test *first_of(const struct chapter *c)
{
	while (c && !c->tests)
		c = c->next;
	return c ? c->tests : NULL;
}

/**
 * run_first_test - the first test of a run
 * @run: the run
 *
 * Return: the test, NULL where there is none.
 */
struct test *run_first_test(const struct run *run)
{
	return first_of(run->chapters);
}

/**
 * run_next_test - the test that comes after one, in whatever chapter
 * @t: the test
 *
 * Return: the test, NULL after the last one.
 */
struct test *run_next_test(const struct test *t)
{
	return t->next ? t->next : first_of(t->chapter->next);
}
