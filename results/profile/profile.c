// SPDX-License-Identifier: GPL-2.0-only
/*
 * A reader of device profiles. The lines that say how to set a device up are for who
 * does that; the report wants the deviations.
 */
#include <fnmatch.h>
#include <stdbool.h>
#include <string.h>

#include <vmig/kernel_range.h>

#include "keys.h"
#include "profile.h"

static bool key_char(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
}

/* Up to the next bar; moves behind it. */
static struct text field(struct text *t)
{
	const char *bar = t->n ? memchr(t->s, '|', t->n) : NULL;
	struct text f = *t;

	if (bar) {
		f.n = (size_t)(bar - t->s);
		t->s += f.n + 1;
		t->n -= f.n + 1;
	} else {
		t->s += t->n;
		t->n = 0;
	}
	return text_trim(f);
}

static char *deviation(struct arena *arena, struct deviation ***last, unsigned int line,
		       bool sometimes, struct text value)
{
	struct text id = field(&value), glob = field(&value), source = field(&value);
	struct text reason = text_trim(value);
	struct deviation *d;
	char *name;

	d = arena_alloc(arena, sizeof(*d));
	name = text_clean(arena, id);
	d->kernels = vmig_kernel_range_of(name);
	if (!d->kernels)
		return "what stands behind the clause is no range of kernels, as (6.8-7.0)";
	d->line = line;
	d->glob = text_clean(arena, glob);
	d->source = text_clean(arena, source);
	d->reason = text_clean(arena, reason);
	d->sometimes = sometimes;
	/* What is left of them: control characters alone are no reason. */
	if (!*name || !*d->glob || !*d->source || !*d->reason)
		return "a deviation needs four fields, \"clause | tests | source line | reason\"";
	d->clause = vmig_clause_find(name);
	if (!d->clause)
		return arena_printf(arena, "there is no clause \"%s\"; --clauses lists them", name);
	**last = d;
	*last = &d->next;
	return NULL;
}

/* A lethal line is for the test programs: here it only has to be one. */
static char *lethal(struct arena *arena, struct text value)
{
	char *glob = text_clean(arena, field(&value));

	if (!vmig_kernel_range_of(glob))
		return "what stands behind the tests is no range of kernels, as (-6.6)";
	return *glob ? NULL : "it does not say which tests are lethal";
}

/**
 * profile_parse - read a profile
 * @arena: where everything goes
 * @contents: the file
 * @error: where a sentence about the first bad line goes
 *
 * Return: the profile, or NULL with @error set.
 */
struct profile *profile_parse(struct arena *arena, struct text contents, char **error)
{
	struct profile *p = arena_alloc(arena, sizeof(*p));
	struct deviation **last = &p->deviations;
	struct text line, key, value;
	unsigned int number = 0;
	unsigned long seen = 0;
	char *wrong;
	size_t n;

	while (text_next_line(&contents, &line)) {
		number++;
		line = text_trim(line);
		if (!line.n || line.s[0] == '#')
			continue;
		for (n = 0; n < line.n && key_char(line.s[n]); n++)
			;
		if (!n || n == line.n || line.s[n] != ':') {
			*error = arena_printf(arena, "line %u is not of the form \"key: value\"",
					      number);
			return NULL;
		}
		key = (struct text){ line.s, n };
		value = text_trim((struct text){ line.s + n + 1, line.n - n - 1 });
		wrong = profile_key_check(arena, key, value, &seen);
		if (!wrong && text_is(key, "lethal"))
			wrong = lethal(arena, value);
		if (wrong) {
			*error = arena_printf(arena, "line %u: %s", number, wrong);
			return NULL;
		}
		if (text_is(key, "driver")) {
			p->driver = text_clean(arena, value);
		} else if (text_is(key, "source")) {
			p->source = text_clean(arena, value);
		} else if (text_is(key, "verified")) {
			p->verified = text_clean(arena, value);
		} else if (text_is(key, "deviation") || text_is(key, "sometimes")) {
			wrong = deviation(arena, &last, number, text_is(key, "sometimes"), value);
			if (wrong) {
				*error = arena_printf(arena, "line %u: %s", number, wrong);
				return NULL;
			}
			p->nr_deviations++;
		}
	}
	return p;
}

/**
 * profile_for_kernel - keeps the deviations of one kernel
 * @p: the profile, or NULL for none
 * @release: uname -r, or NULL where nobody knows
 */
void profile_for_kernel(struct profile *p, const char *release)
{
	struct deviation **d;

	if (!p)
		return;
	for (d = &p->deviations; *d;) {
		if (!*(*d)->kernels || vmig_kernel_in((*d)->kernels, release)) {
			d = &(*d)->next;
		} else {
			*d = (*d)->next;
			p->nr_deviations--;
		}
	}
}

/**
 * profile_find - does the profile list this deviation?
 * @profile: the profile, or NULL for none
 * @clause: id of the clause that was violated
 * @test: fixture.variant.test that found it
 *
 * Return: the first line that lists it, or NULL.
 */
struct deviation *profile_find(const struct profile *profile, const char *clause, const char *test)
{
	struct deviation *d;

	if (!profile)
		return NULL;
	for (d = profile->deviations; d; d = d->next)
		if (!strcmp(d->clause->id, clause) && !fnmatch(d->glob, test, 0))
			return d;
	return NULL;
}

/**
 * profile_of - does the profile list any deviation that must come in a test?
 * @profile: the profile, or NULL for none
 * @test: fixture.variant.test
 *
 * Return: the first line whose glob matches, or NULL.
 */
struct deviation *profile_of(const struct profile *profile, const char *test)
{
	struct deviation *d;

	if (!profile)
		return NULL;
	for (d = profile->deviations; d; d = d->next)
		if (!d->sometimes && !fnmatch(d->glob, test, 0))
			return d;
	return NULL;
}
