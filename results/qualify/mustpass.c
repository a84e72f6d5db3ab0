// SPDX-License-Identifier: GPL-2.0-only
/*
 * Reader of a mustpass list:
 *
 *	version: 0.1.0
 *	rounds: 2
 *	seed: 1
 *	stress: brief
 *	excuse: one device is enough
 *	[any device]
 *	data_fd fd.cdev.cloexec
 *	[P2P, PRE_COPY]
 *	...
 */
#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>

#include <vmig/fsm.h>

#include "bundle.h"
#include "mustpass.h"

#define LINES_MAX 50000

static const char *const trait_names[TRAITS_NR] = { "P2P", "PRE_COPY", "DMA_LOGGING", "PCI" };

static const char anybody[] = "any device";

/**
 * mustpass_traits - what decides of a device
 * @env: environment.json
 *
 * Return: a set of enum mustpass_trait.
 */
unsigned int mustpass_traits(const struct environment *env)
{
	return (env->flags & VFIO_MIGRATION_P2P ? TRAIT_P2P : 0) |
	       (env->flags & VFIO_MIGRATION_PRE_COPY ? TRAIT_PRE_COPY : 0) |
	       (env->dma_logging == HAS ? TRAIT_DMA_LOGGING : 0) |
	       (env->bus && !strcmp(env->bus, "pci") ? TRAIT_PCI : 0);
}

/**
 * mustpass_section_name - how the list writes it
 * @arena: where the name goes
 * @need: traits that a device of the section has
 * @lack: traits that it has not
 *
 * Return: "any device", "P2P, no PRE_COPY", ...
 */
char *mustpass_section_name(struct arena *arena, unsigned int need, unsigned int lack)
{
	char *name = NULL;
	int i;

	for (i = 0; i < TRAITS_NR; i++)
		if ((need | lack) & 1U << i)
			name = arena_printf(arena, "%s%s%s%s", name ? name : "", name ? ", " : "",
					    lack & 1U << i ? "no " : "", trait_names[i]);
	return name ? name : arena_printf(arena, "%s", anybody);
}

/* The names are few: what is understood is what would be written. */
static bool section(struct arena *arena, struct text title, struct mustpass_section *s)
{
	for (s->need = 0; s->need <= TRAITS_ALL; s->need++)
		for (s->lack = 0; s->lack <= TRAITS_ALL; s->lack++) {
			if (s->need & s->lack)
				continue;
			s->name = mustpass_section_name(arena, s->need, s->lack);
			if (text_is(title, s->name))
				return true;
		}
	return false;
}

/* Where the reader is. */
struct reader {
	struct arena *arena;
	struct mustpass *list;
	struct mustpass_section **last_section, *section;
	struct mustpass_test **last_test;
	struct line **last_excuse;
};

static bool number(struct text t, unsigned int max, unsigned int *n)
{
	size_t i;

	*n = 0;
	for (i = 0; i < t.n && i < 6; i++) {
		if (t.s[i] < '0' || t.s[i] > '9')
			return false;
		*n = *n * 10 + (unsigned int)(t.s[i] - '0');
	}
	return t.n && i == t.n && *n >= 1 && *n <= max;
}

static bool read_key(struct reader *r, struct text line)
{
	struct mustpass *m = r->list;
	struct line *excuse;

	if (text_skip(&line, "version: ")) {
		m->version = text_clean(r->arena, line);
	} else if (text_skip(&line, "rounds: ")) {
		return number(line, ROUNDS_MAX, &m->rounds);
	} else if (text_skip(&line, "seed: ")) {
		return number(line, 999999, &m->seed);
	} else if (text_skip(&line, "stress: ")) {
		m->stress = text_clean(r->arena, line);
	} else if (text_skip(&line, "excuse: ") && line.n) {
		excuse = arena_alloc(r->arena, sizeof(*excuse));
		excuse->text = text_clean(r->arena, line);
		*r->last_excuse = excuse;
		r->last_excuse = &excuse->next;
	} else {
		return false;
	}
	return true;
}

static bool read_section(struct reader *r, struct text line)
{
	struct mustpass_section *s = arena_alloc(r->arena, sizeof(*s));

	if (line.s[line.n - 1] != ']' ||
	    !section(r->arena, (struct text){ line.s + 1, line.n - 2 }, s))
		return false;
	*r->last_section = s;
	r->last_section = &s->next;
	r->section = s;
	return true;
}

static bool read_test(struct reader *r, struct text line)
{
	struct mustpass_test *t = arena_alloc(r->arena, sizeof(*t));

	t->chapter = text_clean(r->arena, text_word(&line));
	t->name = text_clean(r->arena, text_word(&line));
	t->section = r->section;
	if (!*t->chapter || !*t->name || line.n)
		return false;
	*r->last_test = t;
	r->last_test = &t->next;
	r->list->nr_tests++;
	return true;
}

static bool read_line(struct reader *r, struct text line)
{
	if (!line.n || line.s[0] == '#')
		return true;
	if (line.s[0] == '[' && line.n > 2)
		return read_section(r, line);
	return r->section ? read_test(r, line) : read_key(r, line);
}

/**
 * mustpass_parse - read a list
 * @arena: where everything goes
 * @contents: the file
 * @error: where a sentence about what is wrong goes
 *
 * Return: the list, or NULL with @error set.
 */
struct mustpass *mustpass_parse(struct arena *arena, struct text contents, char **error)
{
	struct mustpass *m = arena_alloc(arena, sizeof(*m));
	struct reader r = { .arena = arena,
			    .list = m,
			    .last_section = &m->sections,
			    .last_test = &m->tests,
			    .last_excuse = &m->excuses };
	unsigned int n = 0;
	struct text line;

	while (text_next_line(&contents, &line)) {
		if (++n <= LINES_MAX && read_line(&r, line))
			continue;
		*error = arena_printf(arena, "line %u is none of a mustpass list", n);
		return NULL;
	}
	if (m->version && m->rounds && m->seed && m->stress && m->nr_tests)
		return m;
	*error = "it lacks its version, rounds, seed, stress or tests";
	return NULL;
}

/**
 * mustpass_applies - does a device have to pass the tests of a section?
 * @s: the section
 * @traits: those of the device
 *
 * Return: true if so.
 */
bool mustpass_applies(const struct mustpass_section *s, unsigned int traits)
{
	return (s->need & traits) == s->need && !(s->lack & traits);
}

/* What a test says that skips for want of a feature, and which of them a device then lacks. */
static const struct {
	const char *words;
	unsigned int any_of;
} absent[] = {
	{ "RUNNING_P2P", TRAIT_P2P },
	{ "PRE_COPY", TRAIT_PRE_COPY },
	{ "PRE_COPY_P2P", TRAIT_P2P | TRAIT_PRE_COPY },
	{ "DMA logging", TRAIT_DMA_LOGGING },
};

/**
 * mustpass_excused - is this reason of a skip no fault?
 * @m: the list
 * @reason: in the words of the test
 * @traits: of the device: a feature that it has cannot be what it lacks
 *
 * Return: true if the list says so, or the device does not offer what the test needs.
 */
bool mustpass_excused(const struct mustpass *m, const char *reason, unsigned int traits)
{
	struct text rest = { reason, strlen(reason) };
	const struct line *e;
	size_t i;

	if (text_skip(&rest, "the device offers no "))
		for (i = 0; i < sizeof(absent) / sizeof(absent[0]); i++)
			if (text_is(rest, absent[i].words))
				return (traits & absent[i].any_of) != absent[i].any_of;
	if (!strcmp(reason, "the device offers PRE_COPY"))
		return traits & TRAIT_PRE_COPY;
	for (e = m->excuses; e; e = e->next)
		if (!fnmatch(e->text, reason, 0))
			return true;
	return false;
}
