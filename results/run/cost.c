// SPDX-License-Identifier: GPL-2.0-only
/* Read cost.tsv, tell what counts as what, and put the samples beside it. See cost.h. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "cost.h"
#include "samples.h"

/* More than a guest's worth of either is no file of ours. */
#define LINES_MAX 20000u
#define PHASES_MAX 256u

/*
 * The clock of the guest and the number of its instructions are the same thing, but for what a
 * reading of the clock has before and behind it, and for time in which nothing runs.
 */
#define NOISE 0.02
#define NOISE_NS 2000

static const struct {
	const char *name, *words;
} classes[] = {
#define COST_CLASS(id, name, what) [COST_##id] = { name, what },
#include "cost_classes.def"
};

struct rule {
	enum cost_class class;
	const char *prefix;
};

static const struct rule module_rules[] = {
#define COST_MODULE(id, prefix, reason) { COST_##id, prefix },
#include "cost_classes.def"
};

static const struct rule function_rules[] = {
#define COST_FUNCTION(id, prefix, reason) { COST_##id, prefix },
#include "cost_classes.def"
};

struct parser {
	struct arena *arena;
	struct cost *cost;
	const char *driver;
	unsigned int phases, lines;
	bool begun, ended;
};

/**
 * cost_class_name - the name of a class
 * @class: the class
 *
 * Return: as results.json has it.
 */
const char *cost_class_name(enum cost_class class)
{
	return classes[class].name;
}

/**
 * cost_class_words - what a class is
 * @class: the class
 *
 * Return: some words for people.
 */
const char *cost_class_words(enum cost_class class)
{
	return classes[class].words;
}

static enum cost_class by_rule(const struct rule *rules, size_t n, const char *name,
			       enum cost_class other)
{
	size_t i;

	for (i = 0; i < n; i++)
		if (!strncmp(name, rules[i].prefix, strlen(rules[i].prefix)))
			return rules[i].class;
	return other;
}

static enum cost_class of_module(const char *module)
{
	return by_rule(module_rules, sizeof(module_rules) / sizeof(module_rules[0]), module,
		       COST_OTHER_MODULES);
}

/* A copy that is a part of the function, by REP MOVS or REP STOS. */
static bool is_inlined(const char *function)
{
	size_t n = strlen(function);

	return n > 4 && !strcmp(function + n - 4, "+rep");
}

/* A driver may call itself with dashes; its module never has any. */
static bool is_driver(const char *driver, const char *module)
{
	for (; *driver && *module; driver++, module++)
		if (*driver != *module && (*driver != '-' || *module != '_'))
			return false;
	return !*driver && !*module;
}

static enum cost_class classify(const char *driver, const struct cost_function *f)
{
	if (!strcmp(f->module, "user"))
		return COST_USER;
	if (driver && is_driver(driver, f->module))
		return is_inlined(f->name) ? COST_COPYING : COST_DRIVER;
	if (of_module(f->module) == COST_CARD || of_module(f->caller) == COST_CARD)
		return COST_CARD;
	if (is_inlined(f->name))
		return COST_COPYING;
	if (strcmp(f->module, "-"))
		return of_module(f->module);
	return by_rule(function_rules, sizeof(function_rules) / sizeof(function_rules[0]), f->name,
		       COST_KERNEL);
}

/* A count of instructions; a double has them all, up to three months of a guest. */
static bool count(struct text *t, double *value)
{
	struct text word = text_word(t);
	char buf[20], *end;

	if (!word.n || word.n >= sizeof(buf) || word.s[0] < '0' || word.s[0] > '9')
		return false;
	memcpy(buf, word.s, word.n);
	buf[word.n] = '\0';
	*value = (double)strtoull(buf, &end, 10);
	return !*end;
}

static struct cost_phase *find(const struct cost *cost, struct text name)
{
	struct cost_phase *p;

	for (p = cost->phases; p; p = p->next)
		if (text_is(name, p->name))
			return p;
	return NULL;
}

static bool phase_line(struct parser *p, struct text t)
{
	struct cost_phase **last = &p->cost->phases, *new;
	struct text name = text_word(&t);

	if (!name.n || find(p->cost, name) || p->phases++ == PHASES_MAX)
		return false;
	new = arena_alloc(p->arena, sizeof(*new));
	new->name = text_clean(p->arena, name);
	if (!count(&t, &new->times) || !count(&t, &new->instructions))
		return false;
	while (*last)
		last = &(*last)->next;
	*last = new;
	return !text_trim(t).n;
}

static bool count_line(struct parser *p, struct text t)
{
	struct cost_phase *phase = find(p->cost, text_word(&t));
	struct cost_function *f = arena_alloc(p->arena, sizeof(*f)), **at;

	if (!phase || p->lines++ == LINES_MAX)
		return false;
	f->caller = text_clean(p->arena, text_word(&t));
	f->module = text_clean(p->arena, text_word(&t));
	f->name = text_clean(p->arena, text_word(&t));
	if (!count(&t, &f->instructions) || text_trim(t).n)
		return false;
	f->class = classify(p->driver, f);
	phase->classes[f->class] += f->instructions;
	for (at = &phase->functions; *at && (*at)->instructions >= f->instructions;)
		at = &(*at)->next;
	f->next = *at;
	*at = f;
	return true;
}

static bool line(struct parser *p, struct text t)
{
	if (text_skip(&t, "vmig-cost 1")) {
		p->begun = true;
		return !text_trim(t).n;
	}
	if (!p->begun || p->ended)
		return false;
	if (text_skip(&t, "none\t")) {
		p->cost->none = text_clean(p->arena, text_trim(t));
		return true;
	}
	if (text_skip(&t, "phase\t"))
		return phase_line(p, t);
	if (text_skip(&t, "count\t"))
		return count_line(p, t);
	p->ended = text_is(t, "end");
	return p->ended;
}

/* What the places of a phase come to must be what was counted of it. */
static bool adds_up(const struct cost_phase *p)
{
	double sum = 0;
	int i;

	for (i = 0; i < NR_COST_CLASSES; i++)
		sum += p->classes[i];
	return sum == p->instructions;
}

/**
 * cost_parse - understand cost.tsv
 * @arena: where everything goes
 * @contents: the file, any bytes; no @s where there is no file
 * @driver: the driver under test, or NULL
 * @cost: the answer
 *
 * A file that is damaged costs the run nothing but this picture: @cost has a sentence then.
 */
void cost_parse(struct arena *arena, struct text contents, const char *driver, struct cost *cost)
{
	struct parser p = { .arena = arena, .cost = cost, .driver = driver };
	const struct cost_phase *phase;
	unsigned int number = 0;
	struct text t;

	memset(cost, 0, sizeof(*cost));
	if (!contents.s)
		return;
	while (text_next_line(&contents, &t)) {
		number++;
		if (line(&p, t))
			continue;
		cost->phases = NULL;
		cost->none = arena_printf(arena, "cost.tsv, line %u cannot be understood", number);
		return;
	}
	for (phase = cost->phases; phase && !cost->none && p.ended; phase = phase->next)
		if (!adds_up(phase))
			cost->none = arena_printf(arena,
						  "cost.tsv: the functions of %s are not all of it",
						  phase->name);
	if (!p.ended)
		cost->none = arena_printf(arena, "cost.tsv is cut off");
	else if (!cost->none && !cost->phases)
		cost->none = arena_printf(arena, "none of the tests that ran times anything");
	if (cost->none)
		cost->phases = NULL;
}

static const struct samples *samples_called(const struct test *t, const char *name,
					    const char *unit)
{
	const struct samples *s;

	for (s = t->samples; s; s = s->next)
		if (!strcmp(s->name, name) && !strcmp(s->unit, unit))
			return s;
	return NULL;
}

/* "save.plain_1m.us" beside "save.plain_1m.bytes_per_second": the bytes of each round. */
static double bytes_of(const struct test *t, const struct samples *us)
{
	static const char rate[] = "bytes_per_second";
	char name[256];
	const struct samples *r;
	size_t n = strlen(us->name), i;
	double bytes = 0;

	if (n < 3 || strcmp(us->name + n - 3, ".us") || n - 2 + sizeof(rate) > sizeof(name))
		return 0;
	memcpy(name, us->name, n - 2);
	memcpy(name + n - 2, rate, sizeof(rate));
	r = samples_called(t, name, "B/s");
	for (i = 0; r && i < us->n && i < r->n; i++)
		bytes += r->values[i] * us->values[i] / 1e6;
	return bytes;
}

static void join(struct cost_phase *p, const struct test *t)
{
	const struct samples *s = samples_called(t, p->name, "us");
	size_t i;

	if (!s)
		return;
	for (i = 0; i < s->n; i++)
		p->nanoseconds += 1e3 * s->values[i];
	p->rounds += s->n;
	p->bytes += bytes_of(t, s);
}

/**
 * cost_join - put beside what was counted what the tests say of its time
 * @cost: what was counted
 * @chapters: of the run
 *
 * A clock that went further than instructions ran is that of a processor that slept.
 */
void cost_join(struct cost *cost, const struct chapter *chapters)
{
	const struct chapter *c;
	struct cost_phase *p;
	const struct test *t;
	double idle;

	for (p = cost->phases; p; p = p->next) {
		for (c = chapters; c; c = c->next)
			for (t = c->tests; t; t = t->next)
				join(p, t);
		idle = p->nanoseconds - p->instructions;
		if (idle > NOISE * p->nanoseconds && idle > NOISE_NS * (double)p->rounds)
			p->classes[COST_WAITING] = idle;
	}
}

/**
 * cost_disagreement - how far apart are the instructions and the clock?
 * @p: what was timed, after cost_join()
 *
 * Return: as a part of the time; 0 where the processor slept, or nothing is known of the time.
 */
double cost_disagreement(const struct cost_phase *p)
{
	if (!p->rounds || p->nanoseconds <= 0 || p->classes[COST_WAITING] > 0)
		return 0;
	return fabs(p->nanoseconds - p->instructions) / p->nanoseconds;
}
