// SPDX-License-Identifier: GPL-2.0-only
/* The reader of profiles (configs/devices/README.md), for tests, tools and report. */
#include <string.h>

#include <vmig/kernel_range.h>
#include <vmig/profile.h>
#include <vmig/profile_keys.h>

/* A profile that is being read, and where its next lines go. */
struct reader {
	struct arena *arena;
	struct vmig_profile *profile;
	struct vmig_profile_line **last_line;
	struct vmig_deviation **last_deviation, **last_crashes;
	unsigned int line;
	unsigned long seen;
};

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

static struct vmig_deviation *new_deviation(struct reader *r, struct vmig_deviation ***last)
{
	struct vmig_deviation *d = arena_alloc(r->arena, sizeof(*d));

	d->line = r->line;
	**last = d;
	*last = &d->next;
	return d;
}

/* "CLAUSE [(FROM-TO)] | glob of tests | file:line function() | why" */
static char *add_deviation(struct reader *r, bool sometimes, struct text value)
{
	struct text id = field(&value), glob = field(&value), source = field(&value);
	struct vmig_deviation *d = new_deviation(r, &r->last_deviation);
	char *name = text_clean(r->arena, id);

	r->profile->nr_deviations++;
	d->kernels = vmig_kernel_range_of(name);
	if (!d->kernels)
		return "what stands behind the clause is no range of kernels, as (6.8-7.0)";
	d->glob = text_clean(r->arena, glob);
	d->source = text_clean(r->arena, source);
	d->reason = text_clean(r->arena, text_trim(value));
	d->sometimes = sometimes;
	/* What is left of them: control characters alone are no reason. */
	if (!*name || !*d->glob || !*d->source || !*d->reason)
		return "a deviation needs four fields, \"clause | tests | source line | reason\"";
	d->clause = vmig_clause_find(name);
	if (!d->clause)
		return arena_printf(r->arena, "there is no clause \"%s\"; --clauses lists them",
				    name);
	return NULL;
}

/* "glob of tests [(FROM-TO)] | file:line function() | why" */
static char *add_crash(struct reader *r, struct text value)
{
	struct text glob = field(&value), source = field(&value);
	struct vmig_deviation *d = new_deviation(r, &r->last_crashes);

	d->glob = text_clean(r->arena, glob);
	d->source = text_clean(r->arena, source);
	d->reason = text_clean(r->arena, text_trim(value));
	d->kernels = vmig_kernel_range_of(d->glob);
	if (!d->kernels)
		return "what stands behind the tests is no range of kernels, as (-6.6)";
	return *d->glob ? NULL : "it does not say which tests crash the kernel";
}

static void add_line(struct reader *r, struct text key, struct text value)
{
	struct vmig_profile_line *l = arena_alloc(r->arena, sizeof(*l));

	l->key = text_clean(r->arena, key);
	l->value = text_clean(r->arena, value);
	*r->last_line = l;
	r->last_line = &l->next;
}

/* Returns NULL, or what is wrong with the line. */
static char *read_line(struct reader *r, struct text key, struct text value)
{
	char *wrong;

	key = vmig_profile_key_current(key);
	wrong = vmig_profile_key_check(r->arena, key, value, &r->seen);
	if (wrong)
		return wrong;
	add_line(r, key, value);
	if (text_is(key, "deviation") || text_is(key, "sometimes"))
		return add_deviation(r, text_is(key, "sometimes"), value);
	return text_is(key, "crashes") ? add_crash(r, value) : NULL;
}

/**
 * vmig_profile_parse - read a profile
 * @arena: where everything goes
 * @contents: the file
 * @error: where a sentence about the first bad line goes
 *
 * Return: the profile, or NULL with @error set.
 */
struct vmig_profile *vmig_profile_parse(struct arena *arena, struct text contents, char **error)
{
	struct vmig_profile *p = arena_alloc(arena, sizeof(*p));
	struct reader r = {
		.arena = arena,
		.profile = p,
		.last_line = &p->lines,
		.last_deviation = &p->deviations,
		.last_crashes = &p->crashes,
	};
	struct text line, value;
	char *wrong;
	size_t n;

	while (text_next_line(&contents, &line)) {
		r.line++;
		line = text_trim(line);
		if (!line.n || line.s[0] == '#')
			continue;
		for (n = 0; n < line.n && key_char(line.s[n]); n++)
			;
		if (!n || n == line.n || line.s[n] != ':') {
			*error = arena_printf(arena, "line %u is not of the form \"key: value\"",
					      r.line);
			return NULL;
		}
		value = text_trim((struct text){ line.s + n + 1, line.n - n - 1 });
		wrong = read_line(&r, (struct text){ line.s, n }, value);
		if (wrong) {
			*error = arena_printf(arena, "line %u: %s", r.line, wrong);
			return NULL;
		}
	}
	p->driver = vmig_profile_value(p, "driver");
	p->source = vmig_profile_value(p, "source");
	p->verified = vmig_profile_value(p, "verified");
	return p;
}

/**
 * vmig_profile_value - the value of a key that can be said once
 * @p: the profile
 * @key: the key
 *
 * Return: the value, or NULL where the profile does not say it.
 */
const char *vmig_profile_value(const struct vmig_profile *p, const char *key)
{
	const struct vmig_profile_line *l;

	for (l = p->lines; l; l = l->next)
		if (!strcmp(l->key, key))
			return l->value;
	return NULL;
}
