// SPDX-License-Identifier: GPL-2.0-only
/* Write the kill matrix as text and as JSON. */
#include <jansson.h>
#include <string.h>

#include "mutants.h"
#include "mutants_write.h"
#include "xml.h"

/* Killers that the text shows of one defect; mutants.json has all. */
#define SHOWN 3

/*
 * fixture.test of chapter/fixture.variant.test: a test that notices through group and cdev and
 * in each variant is one test to a reader.
 */
static char *without_variant(struct arena *arena, const char *name)
{
	const char *dot = strchr(name, '.'), *end = strrchr(name, '.');

	if (!dot || dot == end)
		return arena_printf(arena, "%s", name);
	return arena_printf(arena, "%.*s%s", (int)(dot - name), name, end);
}

/* The shape in which each defect is tried first; the others are worth a word. */
static bool usual_shape(const char *entry)
{
	size_t n = strlen(entry);

	return n > 4 && !strcmp(entry + n - 4, "-all");
}

static const char *short_name(struct arena *arena, const struct killer *k)
{
	char *name = without_variant(arena, k->name);

	return usual_shape(k->entry) ? name : arena_printf(arena, "%s (%s)", name, k->entry);
}

/* "a, b, c and 4 more" */
static const char *killers_of(const struct mutants *m, const struct mutant *mutant)
{
	const char *shown[SHOWN], *s = "", *name;
	const struct killer *k, *other;
	unsigned int n = 0, i;

	for (k = mutant->killers; k; k = k->next) {
		name = short_name(m->arena, k);
		for (other = mutant->killers; other != k; other = other->next)
			if (!strcmp(name, short_name(m->arena, other)))
				break;
		if (other != k)
			continue;
		if (n < SHOWN)
			shown[n] = name;
		n++;
	}
	for (i = 0; i < n && i < SHOWN; i++)
		s = arena_printf(m->arena, "%s%s%s", s, i ? ", " : "", shown[i]);
	if (n > SHOWN)
		s = arena_printf(m->arena, "%s and %u more", s, n - SHOWN);
	return s;
}

static const char *why_alive(const struct mutant *mutant)
{
	if (mutant->error)
		return mutant->error;
	if (!mutant->entries)
		return "it was not run";
	if (mutant->collateral)
		return "tests failed, and none by a breach of this clause";
	return "no test failed";
}

/**
 * mutants_text - write the kill matrix as text
 * @m: the mutants
 * @f: where to
 */
void mutants_text(const struct mutants *m, FILE *f)
{
	const struct mutant *mutant;
	const struct killer *k;
	int column;

	fprintf(f, "%-28s %-8s %10s  %s\n", m->replay ? "Bug" : "Defect", "Clause", "Collateral",
		m->replay ? "caught by" : "killed by");
	for (mutant = m->list; mutant; mutant = mutant->next) {
		if (!mutant->nr_killers)
			continue;
		column = fprintf(f, "%-28s %-8s %10u  ", mutant->defect->name, mutant->clause->id,
				 mutant->collateral);
		text_wrap(f, killers_of(m, mutant), column, 50);
	}
	if (m->killed < m->nr)
		fprintf(f, "\nNot %s\n\n", m->replay ? "caught" : "killed");
	for (mutant = m->list; mutant; mutant = mutant->next) {
		if (mutant->nr_killers)
			continue;
		column = fprintf(f, "%-28s %-8s %10u  ", mutant->defect->name, mutant->clause->id,
				 mutant->collateral);
		text_wrap(f,
			  arena_printf(m->arena, "%s: %s", mutant->defect->what, why_alive(mutant)),
			  column, 50);
	}
	if (m->nr_alarms)
		fprintf(f, "\nFalse alarms: what failed without a defect\n\n");
	for (k = m->alarms; k; k = k->next) {
		column = fprintf(f, "%-20s ", k->entry);
		text_wrap(f,
			  arena_printf(m->arena, "%s%s%s", k->name, *k->name ? ": " : "", k->why),
			  column, 24);
	}
	fprintf(f, "\n%s: %u of %u %s, %u false alarms\n", m->replay ? "replay" : "mutants",
		m->killed, m->nr, m->replay ? "caught" : "killed", m->nr_alarms);
}

static json_t *killers(const struct killer *k)
{
	json_t *array = json_array();

	for (; k; k = k->next)
		json_array_append_new(array, json_pack("{s:s, s:s, s:s}", "entry", k->entry, "test",
						       k->name, "got", k->why));
	return array;
}

/**
 * mutants_json - the kill matrix for programs
 * @m: the mutants
 * @f: where to
 */
void mutants_json(const struct mutants *m, FILE *f)
{
	json_t *root = json_object(), *list = json_array(), *conforming = json_array(), *o;
	const struct mutant *mutant;
	size_t i;

	for (mutant = m->list; mutant; mutant = mutant->next) {
		o = json_pack("{s:s, s:s, s:s, s:s, s:s, s:b, s:i, s:i, s:o}", "name",
			      mutant->defect->name, "driver", mutant->defect->where, "clause",
			      mutant->clause->id, "what", mutant->defect->what, "who",
			      mutant->defect->who, "killed", !!mutant->nr_killers, "collateral",
			      (int)mutant->collateral, "entries", (int)mutant->entries, "killers",
			      killers(mutant->killers));
		json_object_set_new(o, "survived",
				    mutant->nr_killers ? json_null()
						       : json_string(why_alive(mutant)));
		json_array_append_new(list, o);
	}
	for (i = 0; i < m->nr_conforming; i++)
		json_array_append_new(conforming, json_string(m->conforming[i]));
	json_object_set_new(root, "mutants_version", json_integer(1));
	json_object_set_new(root, "total", json_integer(m->nr));
	json_object_set_new(root, "killed", json_integer(m->killed));
	json_object_set_new(root, "false_alarms", killers(m->alarms));
	json_object_set_new(root, "conforming", conforming);
	json_object_set_new(root, "defects", list);
	json_dumpf(root, f, JSON_INDENT(1));
	putc('\n', f);
	json_decref(root);
}

/**
 * mutants_survivors - names of the defects that are worth another try in another shape
 * @m: the mutants
 * @f: where to, one a line
 *
 * Nothing has noticed them so far. Those that took device or guest down are left out: they
 * would do it again, and each time costs minutes.
 */
void mutants_survivors(const struct mutants *m, FILE *f)
{
	const struct mutant *mutant;

	for (mutant = m->list; mutant; mutant = mutant->next)
		if (!mutant->nr_killers && !mutant->error)
			fprintf(f, "%s\n", mutant->defect->name);
}
