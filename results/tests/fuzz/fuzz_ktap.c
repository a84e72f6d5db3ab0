// SPDX-License-Identifier: GPL-2.0-only
/* Fuzz target: what a test program prints. */
#include "fuzz.h"

static void breach(const struct breach *b)
{
	fuzz_clean(b->id);
	fuzz_clean(b->did);
	fuzz_clean(b->expected);
	fuzz_clean(b->got);
	fuzz_clean(b->source);
	fuzz_clean(b->reason);
}

static void test(const struct test *t)
{
	const struct samples *s;
	const struct metric *m;
	const struct breach *b;
	const struct line *l;
	unsigned int n = 0;
	size_t i;

	fuzz_clean(t->name);
	fuzz_clean(t->reason);
	for (i = 0; i < t->nr_clauses; i++)
		fuzz_clean(t->clauses[i]);
	for (i = 0; i < t->nr_checked; i++)
		fuzz_clean(t->checked[i]);
	for (b = t->breaches; b; b = b->next)
		breach(b);
	for (m = t->metrics; m; m = m->next) {
		fuzz_clean(m->name);
		fuzz_clean(m->unit);
		MUST(m->value > -1e300 && m->value < 1e300);
	}
	for (s = t->samples; s; s = s->next) {
		fuzz_clean(s->name);
		fuzz_clean(s->unit);
		MUST(s->n);
		for (i = 0; i < s->n; i++)
			MUST(s->values[i] > -1e300 && s->values[i] < 1e300);
	}
	fuzz_clean_lines(t->notes);
	fuzz_clean_lines(t->broken);
	fuzz_clean_lines(t->log);
	for (l = t->log; l; l = l->next)
		n++;
	MUST(n == t->log_lines);
	/* A test without a result never counts as one that ran to its end. */
	MUST(t->result != KTAP_NONE || t->directive == KTAP_PLAIN);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena *arena = arena_new();
	struct chapter *c = ktap_parse(arena, "ktap/x.ktap", (struct text){ (char *)data, size });
	unsigned int n = 0;
	struct test *t;

	fuzz_clean(c->name);
	fuzz_clean(c->version);
	fuzz_clean(c->commit);
	fuzz_clean(c->device);
	fuzz_clean(c->driver);
	fuzz_clean(c->skip);
	fuzz_clean(c->bail);
	fuzz_clean(c->stray);
	for (t = c->tests; t; t = t->next, n++) {
		MUST(t->chapter == c);
		test(t);
	}
	MUST(n == c->nr_tests);
	arena_free(arena);
	return 0;
}
