// SPDX-License-Identifier: GPL-2.0-only
/*
 * The verdict on a driver: it conforms if each test of the list that is for such a device
 * passed in each round. A skip is no pass unless the list excuses its reason; a breach that is
 * waived, and one of a clause that the VFIO core keeps, are reported and counted and do not decide.
 */
#include <stdlib.h>
#include <string.h>

#include "outcome.h"
#include "qualify.h"

static void trouble(struct qualification *q, char *sentence)
{
	struct line *line = arena_alloc(q->arena, sizeof(*line));

	line->text = sentence;
	*q->last_trouble = line;
	q->last_trouble = &line->next;
}

static void fault(struct qualification *q, const struct mustpass_test *t, const char *why)
{
	const char *test = arena_printf(q->arena, "%s/%s", t->chapter, t->name);
	struct listed_fault *f;

	for (f = q->faults; f; f = f->next) {
		if (strcmp(f->test, test) || strcmp(f->why, why))
			continue;
		f->rounds++;
		return;
	}
	f = arena_alloc(q->arena, sizeof(*f));
	f->rounds = 1;
	f->test = test;
	f->why = why;
	*q->last_fault = f;
	q->last_fault = &f->next;
}

/* Is the VFIO core responsible for all clauses that this test found violated? */
static bool kernels_alone(const struct test *t)
{
	bool broken = false;
	const struct breach *b;

	for (b = t->breaches; b; b = b->next) {
		if (b->outcome != CLAUSE_VIOLATED)
			continue;
		if (!b->clause || b->clause->responsible != VMIG_CORE)
			return false;
		broken = true;
	}
	return broken && !t->broken && t->end == KTAP_ENDED && !t->cut_off;
}

static const char *why_not(struct qualification *q, const struct test *t)
{
	const struct breach *b;
	const char *s = NULL;

	if (t->outcome == OUTCOME_SKIP)
		return arena_printf(q->arena, "skipped: %s", t->reason);
	for (b = t->breaches; b; b = b->next)
		if (b->outcome == CLAUSE_VIOLATED && (!s || !strstr(s, b->id)))
			s = arena_printf(q->arena, "%s%s%s", s ? s : "broke ", s ? ", " : "",
					 b->id);
	if (s)
		return s;
	return arena_printf(q->arena, "%s%s%s", outcome_name(t->outcome), t->why ? ": " : "",
			    t->why ? t->why : "");
}

static enum listed_outcome outcome_of(const struct qualification *q, const struct mustpass_test *m,
				      const struct test *t)
{
	switch (t->outcome) {
	case OUTCOME_PASS:
	case OUTCOME_WARN:
		return LISTED_PASSED;
	case OUTCOME_XFAIL:
		return LISTED_WAIVED;
	case OUTCOME_FAIL:
		return kernels_alone(t) ? LISTED_KERNEL : LISTED_NOT_PASSED;
	case OUTCOME_SKIP:
		if (!mustpass_applies(m->section, q->traits))
			return LISTED_ELSEWHERE;
		return mustpass_excused(q->list, t->reason, q->traits) ? LISTED_NOTHING
								       : LISTED_NOT_PASSED;
	default:
		return LISTED_NOT_PASSED;
	}
}

static int by_name(const void *a, const void *b)
{
	const struct test *x = *(const struct test *const *)a, *y = *(const struct test *const *)b;
	int order = strcmp(x->name, y->name);

	return order ? order : strcmp(x->chapter->name, y->chapter->name);
}

/* The tests of a round, by name. */
static const struct test **sorted(struct qualification *q, const struct run *run, size_t *nr)
{
	const struct test **tests = NULL, *t;

	*nr = 0;
	for (t = run_first_test(run); t; t = run_next_test(t)) {
		tests = arena_grow(q->arena, tests, *nr, sizeof(const struct test *));
		tests[(*nr)++] = t;
	}
	if (*nr)
		qsort(tests, *nr, sizeof(const struct test *), by_name);
	return tests;
}

static void judge_list(struct qualification *q, unsigned int i)
{
	struct chapter chapter = { 0 };
	struct test wanted = { .chapter = &chapter };
	const struct test *key = &wanted, **tests, **at;
	const struct mustpass_test *m;
	enum listed_outcome outcome;
	size_t nr;

	tests = sorted(q, &q->rounds[i], &nr);
	for (m = q->list->tests; m; m = m->next) {
		wanted.name = m->name;
		chapter.name = m->chapter;
		at = nr ? bsearch(&key, tests, nr, sizeof(const struct test *), by_name) : NULL;
		outcome = at ? outcome_of(q, m, *at) : LISTED_NOT_PASSED;
		q->count[outcome]++;
		if (outcome == LISTED_NOTHING && !strncmp((*at)->reason, "no exerciser ", 13))
			q->unexercised++;
		if (outcome == LISTED_NOT_PASSED)
			fault(q, m, at ? why_not(q, *at) : "not run");
	}
}

static void judge_waivers(struct qualification *q, const struct run *run)
{
	const struct vmig_deviation *d;
	struct waiver *w;

	for (d = run->profile ? run->profile->deviations : NULL; d; d = d->next)
		for (w = q->waivers; w; w = w->next)
			if (w->line == d->line)
				w->used += d->came;
}

static void judge_round(struct qualification *q, unsigned int i)
{
	const struct run *run = &q->rounds[i];
	const struct line *l;
	int c;

	judge_list(q, i);
	judge_waivers(q, run);
	for (c = 0; c < VMIG_NR_CLAUSES; c++)
		if (!i || run->clauses[c].outcome < q->clauses[c])
			q->clauses[c] = run->clauses[c].outcome;
	if (run->record.status != RUN_COMPLETE)
		trouble(q, arena_printf(q->arena, "round %u did not come to its end: %s", i + 1,
					run_status_name(run->record.status)));
	if (run->env.migration != HAS)
		trouble(q, arena_printf(q->arena, "the device offers no migration"));
	if (run->unknown_clauses)
		trouble(q, arena_printf(q->arena, "round %u broke clauses that no catalogue has",
					i + 1));
	if (run->complained)
		trouble(q, arena_printf(q->arena, "the kernel complained in round %u: %u time%s",
					i + 1, run->complained, run->complained == 1 ? "" : "s"));
	for (l = run->problems; l; l = l->next)
		trouble(q, arena_printf(q->arena, "round %u: %s", i + 1, l->text));
}

/**
 * qualify_clause_column - where a clause is counted
 * @q: the bundle
 * @clause: index into vmig_clauses
 *
 * Return: the column.
 */
enum clause_column qualify_clause_column(const struct qualification *q, int clause)
{
	switch (q->clauses[clause]) {
	case CLAUSE_VIOLATED:
	case CLAUSE_WARNED:
		return vmig_clauses[clause].responsible == VMIG_CORE ? COLUMN_KERNEL
								     : COLUMN_VIOLATED;
	case CLAUSE_KNOWN:
		return COLUMN_WAIVED;
	case CLAUSE_SATISFIED:
		return COLUMN_SATISFIED;
	case CLAUSE_RECORDED:
		return COLUMN_RECORDED;
	default:
		return COLUMN_OPEN;
	}
}

static const char *plural(unsigned int n)
{
	return n == 1 ? "" : "s";
}

static const char *sentence(struct qualification *q)
{
	const unsigned int must = q->levels[VMIG_MUST][COLUMN_VIOLATED];
	unsigned int waived = 0;
	const struct waiver *w;
	const char *s;

	for (w = q->waivers; w; w = w->next)
		waived += !!w->used;
	if (!q->exit_code && waived)
		return arena_printf(q->arena, "conformant by mustpass list %s but for %u waiver%s",
				    q->list->version, waived, plural(waived));
	if (!q->exit_code)
		return arena_printf(q->arena, "conformant by mustpass list %s", q->list->version);
	s = arena_printf(q->arena, "not conformant by mustpass list %s", q->list->version);
	if (must)
		s = arena_printf(q->arena, "%s: %u MUST clause%s broken", s, must, plural(must));
	if (q->count[LISTED_NOT_PASSED])
		s = arena_printf(q->arena, "%s%s %u result%s of %u rounds no pass", s,
				 must ? "," : ":", q->count[LISTED_NOT_PASSED],
				 plural(q->count[LISTED_NOT_PASSED]), q->bundle.nr_rounds);
	if (!must && !q->count[LISTED_NOT_PASSED] && q->troubles)
		s = arena_printf(q->arena, "%s: %s", s, q->troubles->text);
	return s;
}

/**
 * qualify_judge - the verdict on a bundle
 * @q: the bundle, its rounds judged each by itself
 *
 * Sets all that qualify_verify() has left open.
 */
void qualify_judge(struct qualification *q)
{
	unsigned int i;
	int c;

	for (i = 0; i < q->bundle.nr_rounds; i++)
		judge_round(q, i);
	for (c = 0; c < VMIG_NR_CLAUSES; c++)
		q->levels[vmig_clauses[c].level][qualify_clause_column(q, c)]++;
	q->exit_code =
		q->count[LISTED_NOT_PASSED] || q->levels[VMIG_MUST][COLUMN_VIOLATED] || q->troubles;
	q->sentence = sentence(q);
}
