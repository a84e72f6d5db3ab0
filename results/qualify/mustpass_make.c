// SPDX-License-Identifier: GPL-2.0-only
/*
 * A mustpass list is made of runs of the reference drivers, which keep every rule, in their
 * shapes: what they pass a conforming driver can pass. What a test needs is what all devices
 * have that pass it, but for what makes no difference: a trait counts if a device without it
 * is seen not to pass. A test is on the list if every reference that has what it needs passes
 * it, or finds nothing to check for a reason that the list excuses.
 */
#include <stdlib.h>
#include <string.h>

#include "mustpass.h"
#include "mustpass_make.h"
#include "outcome.h"

/**
 * struct candidate - a test that some reference passes
 * @test: the first one of that name
 * @need: traits that all have who pass it
 * @lack: traits that none has who passes it
 * @kept_off: why it is not on the list, or NULL
 */
struct candidate {
	const struct test *test;
	unsigned int need, lack;
	const char *kept_off;
	/* private: */
	struct candidate *next;
};

static const struct test *same_test(const struct run *run, const struct test *wanted)
{
	const struct test *t;

	for (t = run_first_test(run); t; t = run_next_test(t))
		if (!strcmp(t->name, wanted->name) &&
		    !strcmp(t->chapter->name, wanted->chapter->name))
			return t;
	return NULL;
}

/* A deviation that a reference has is the kernel's, and the test one that can be run. */
static bool passed(const struct test *t)
{
	return t && (t->outcome == OUTCOME_PASS || t->outcome == OUTCOME_WARN ||
		     t->outcome == OUTCOME_XFAIL);
}

static bool listed(const struct candidate *c, const struct test *t)
{
	for (; c; c = c->next)
		if (!strcmp(c->test->name, t->name) &&
		    !strcmp(c->test->chapter->name, t->chapter->name))
			return true;
	return false;
}

/* Is there a reference of this kind that does not pass? */
static bool seen_without(const struct candidate *c, unsigned int need, unsigned int lack,
			 struct run *const runs[], size_t nr)
{
	const struct mustpass_section s = { .need = need, .lack = lack };
	size_t i;

	for (i = 0; i < nr; i++)
		if (mustpass_applies(&s, mustpass_traits(&runs[i]->env)) &&
		    !passed(same_test(runs[i], c->test)))
			return true;
	return false;
}

static void needs(struct candidate *c, struct run *const runs[], size_t nr)
{
	unsigned int traits, trait;
	size_t i;

	c->need = TRAITS_ALL;
	c->lack = TRAITS_ALL;
	for (i = 0; i < nr; i++) {
		if (!passed(same_test(runs[i], c->test)))
			continue;
		traits = mustpass_traits(&runs[i]->env);
		c->need &= traits;
		c->lack &= ~traits;
	}
	/* One that does not pass though it has all of it: keep_off() has a word on that. */
	if (seen_without(c, c->need, c->lack, runs, nr))
		return;
	for (trait = 1; trait <= TRAITS_ALL; trait <<= 1) {
		if (!seen_without(c, c->need & ~trait, c->lack, runs, nr))
			c->need &= ~trait;
		if (!seen_without(c, c->need, c->lack & ~trait, runs, nr))
			c->lack &= ~trait;
	}
}

static void keep_off(struct arena *arena, struct candidate *c, const struct mustpass *head,
		     struct run *const runs[], size_t nr)
{
	const struct mustpass_section s = { .need = c->need, .lack = c->lack };
	const struct test *t;
	size_t i;

	for (i = 0; i < nr && !c->kept_off; i++) {
		if (!mustpass_applies(&s, mustpass_traits(&runs[i]->env)))
			continue;
		t = same_test(runs[i], c->test);
		if (passed(t) ||
		    (t && t->outcome == OUTCOME_SKIP &&
		     mustpass_excused(head, t->reason, mustpass_traits(&runs[i]->env))))
			continue;
		c->kept_off = !t ? "not run on a reference that it is for"
			      : t->outcome == OUTCOME_SKIP
				      ? arena_printf(arena, "skipped: %s", t->reason)
				      : arena_printf(arena, "%s on a reference",
						     outcome_text(t->outcome));
	}
}

static struct candidate *candidates(struct arena *arena, const struct mustpass *head,
				    struct run *const runs[], size_t nr)
{
	struct candidate *first = NULL, **last = &first, *c;
	const struct test *t;
	size_t i;

	for (i = 0; i < nr; i++)
		for (t = run_first_test(runs[i]); t; t = run_next_test(t)) {
			if (!passed(t) || listed(first, t))
				continue;
			c = arena_alloc(arena, sizeof(*c));
			c->test = t;
			needs(c, runs, nr);
			keep_off(arena, c, head, runs, nr);
			*last = c;
			last = &c->next;
		}
	return first;
}

static void write_sections(struct arena *arena, const struct candidate *all, FILE *f)
{
	unsigned int need, lack;
	const struct candidate *c;
	bool begun;

	for (need = 0; need <= TRAITS_ALL; need++)
		for (lack = 0; lack <= TRAITS_ALL; lack++) {
			begun = false;
			for (c = all; c; c = c->next) {
				if (c->kept_off || c->need != need || c->lack != lack)
					continue;
				if (!begun)
					fprintf(f, "\n[%s]\n",
						mustpass_section_name(arena, need, lack));
				begun = true;
				fprintf(f, "%s %s\n", c->test->chapter->name, c->test->name);
			}
		}
}

/**
 * mustpass_make - make a list
 * @arena: for what is needed meanwhile
 * @head: how the list begins: version, rounds, seed, stress and excuses
 * @runs: runs of reference drivers, judged
 * @nr: their number
 * @f: where the list goes
 *
 * Return: NULL, or what is wrong with @head or with a run.
 */
char *mustpass_make(struct arena *arena, struct text head, struct run *const runs[], size_t nr,
		    FILE *f)
{
	/* The reader wants tests behind it. */
	const char *s = arena_printf(arena, "%.*s\n[any device]\na b\n", (int)head.n, head.s);
	const struct candidate *all, *c;
	struct mustpass *m;
	char *wrong = NULL;
	size_t i;

	m = mustpass_parse(arena, (struct text){ s, strlen(s) }, &wrong);
	if (!m)
		return wrong;
	for (i = 0; i < nr; i++)
		if (runs[i]->count[OUTCOME_FAIL] || runs[i]->record.status != RUN_COMPLETE)
			return arena_printf(arena,
					    "run %zu is none that a conforming driver left: %s",
					    i + 1, runs[i]->sentence);
	all = candidates(arena, m, runs, nr);
	fwrite(head.s, 1, head.n, f);
	for (c = all; c; c = c->next)
		if (c->kept_off)
			fprintf(f, "# not on the list: %s %s: %s\n", c->test->chapter->name,
				c->test->name, c->kept_off);
	write_sections(arena, all, f);
	return NULL;
}
