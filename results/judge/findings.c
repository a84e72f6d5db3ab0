// SPDX-License-Identifier: GPL-2.0-only
/*
 * Group equal breaches: one fault of a driver shows in many tests, through group and cdev and,
 * in the FSM chapter, from every state. A reader wants to see it once.
 */
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include <vmig/fsm.h>

#include "findings.h"
#include "test_name.h"

static bool names_state(struct text word, uint32_t state)
{
	char number[16];

	snprintf(number, sizeof(number), "%u", state);
	return text_is(word, number) || text_is(word, vmig_state_name(state));
}

/* @s with a star for the uAPI and for the two states of the pair. */
static char *without_variant(struct arena *arena, const struct test *t, const char *s)
{
	struct arc arc;
	bool pair = test_name_arc(t, &arc);
	struct text word;
	char *out, *p;

	if (!s)
		return "";
	out = arena_alloc(arena, strlen(s) + 1);
	for (p = out; *s;) {
		word.s = s;
		word.n = 0;
		while (isalnum((unsigned char)s[word.n]) || s[word.n] == '_')
			word.n++;
		if (!word.n) {
			*p++ = *s++;
			continue;
		}
		if (test_name_is_uapi(word) ||
		    (pair && (names_state(word, arc.from) || names_state(word, arc.to)))) {
			*p++ = '*';
		} else {
			memcpy(p, word.s, word.n);
			p += word.n;
		}
		s += word.n;
	}
	return out;
}

static char *key_of(struct arena *arena, const struct test *t, const struct breach *b)
{
	const char *dot = strchr(t->name, '.'), *last = strrchr(t->name, '.');

	return arena_printf(arena, "%s\n%.*s\n%s\n%s\n%s\n%s\n%s", b->id,
			    dot ? (int)(dot - t->name) : 0, t->name, last ? last : t->name,
			    b->source ? b->source : "", without_variant(arena, t, b->did),
			    without_variant(arena, t, b->expected),
			    without_variant(arena, t, b->got));
}

static void add_member(struct arena *arena, struct breach_group *g, const struct test *t)
{
	struct group_member *m;

	if (g->tail && g->tail->test == t)
		return;
	m = arena_alloc(arena, sizeof(*m));
	m->test = t;
	if (g->tail)
		g->tail->next = m;
	else
		g->tests = m;
	g->tail = m;
	g->nr_tests++;
}

/* A broken guest may print breaches by the hundred thousand, no two alike. */
#define BUCKETS 4096

static unsigned int hash(const char *s)
{
	unsigned int sum = 5381;

	for (; *s; s++)
		sum = sum * 33 + (unsigned char)*s;
	return sum;
}

/**
 * findings_breaches - the breaches of a run, those that are alike together
 * @run: the run after judge_run()
 * @outcome: which: CLAUSE_VIOLATED, CLAUSE_KNOWN or CLAUSE_WARNED
 *
 * Return: the groups in the order in which their first breach came.
 */
struct breach_group *findings_breaches(struct run *run, enum clause_outcome outcome)
{
	struct breach_group *first = NULL, **last = &first, *g, **bucket;
	struct breach_group **buckets = arena_alloc(run->arena, BUCKETS * sizeof(*buckets));
	const struct breach *b;
	const struct test *t;
	unsigned int sum;
	char *key;

	for (t = run_first_test(run); t; t = run_next_test(t)) {
		for (b = t->breaches; b; b = b->next) {
			if (b->outcome != outcome)
				continue;
			key = key_of(run->arena, t, b);
			sum = hash(key);
			bucket = &buckets[sum % BUCKETS];
			for (g = *bucket; g; g = g->same)
				if (g->hash == sum && !strcmp(g->key, key))
					break;
			if (!g) {
				g = arena_alloc(run->arena, sizeof(*g));
				g->breach = b;
				g->key = key;
				g->hash = sum;
				g->same = *bucket;
				*bucket = g;
				*last = g;
				last = &g->next;
			}
			add_member(run->arena, g, t);
		}
	}
	return first;
}

/* The name with a star for the way, and the way. */
static char *without_way(struct arena *arena, const struct test *t, struct text *way)
{
	*way = test_name_uapi(t);
	if (!way->n)
		return arena_strndup(arena, t->name, strlen(t->name));
	return arena_printf(arena, "%.*s*%s", (int)(way->s - t->name), t->name, way->s + way->n);
}

/*
 * "fd.cdev.x" and "group" make "fd.{cdev,group}.x"; @star is "fd.*.x". No way's name is a part of
 * another one's.
 */
static char *add_way(struct arena *arena, char *text, const char *star, struct text way)
{
	size_t at = strcspn(star, "*");
	struct text ways = { text + at, strlen(text) - (strlen(star) - 1) };

	if (memmem(ways.s, ways.n, way.s, way.n))
		return text;
	if (ways.s[0] == '{') {
		ways.s++;
		ways.n -= 2;
	}
	return arena_printf(arena, "%.*s{%.*s,%.*s}%s", (int)at, text, (int)ways.n, ways.s,
			    (int)way.n, way.s, star + at + 1);
}

/**
 * findings_names - names of tests, those that differ only in the uAPI as one
 * @arena: where they go
 * @tests: the tests
 *
 * Return: lines such as "fd.{cdev,group}.cloexec", each name once, in order.
 */
struct line *findings_names(struct arena *arena, const struct group_member *tests)
{
	struct line *first = NULL, **last = &first, *l;
	const struct group_member *m;
	struct text way;
	char *star;

	/* @id has the name with the star, until all are there. */
	for (m = tests; m; m = m->next) {
		star = without_way(arena, m->test, &way);
		for (l = first; l; l = l->next)
			if (!strcmp(l->id, star))
				break;
		if (l) {
			if (way.n)
				l->text = add_way(arena, l->text, star, way);
			continue;
		}
		l = arena_alloc(arena, sizeof(*l));
		l->id = star;
		l->text = m->test->name;
		*last = l;
		last = &l->next;
	}
	return first;
}
