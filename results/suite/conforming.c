// SPDX-License-Identifier: GPL-2.0-only
/*
 * The report of run.sh --conforming: which of the drivers were accused, and by which tests. Its
 * directory is one of mutants without a defect, whose entries are named after the freedoms.
 */
#include <string.h>

#include "conforming.h"
#include "xml.h"

/* Where the lines begin that go on with what a test said. */
#define INDENT 8

static bool accused(const struct mutants *m, const char *entry)
{
	const struct killer *k;

	for (k = m->alarms; k; k = k->next)
		if (!strcmp(k->entry, entry))
			return true;
	return false;
}

/**
 * conforming_accused - how many drivers were accused
 * @m: what was read of the directory
 *
 * Return: their number. Where there was no driver at all, 1.
 */
unsigned int conforming_accused(const struct mutants *m)
{
	unsigned int n = 0;
	size_t i;

	for (i = 0; i < m->nr_conforming; i++)
		n += accused(m, m->conforming[i]);
	return n || m->nr_conforming ? n : 1;
}

/**
 * conforming_text - print the accused, each with the tests that failed, and how many there are
 * @m: what was read of the directory
 * @f: where to
 */
void conforming_text(const struct mutants *m, FILE *f)
{
	const struct killer *k;
	const char *last = "";

	for (k = m->alarms; k; k = k->next) {
		if (strcmp(last, k->entry))
			fprintf(f, "%s\n", k->entry);
		last = k->entry;
		fprintf(f, "    ");
		text_wrap(f,
			  arena_printf(m->arena, "%s%s%s", k->name, *k->name ? ": " : "", k->why),
			  4, INDENT);
	}
	fprintf(f, "%sconforming: %zu drivers, %u accused\n", m->alarms ? "\n" : "",
		m->nr_conforming, conforming_accused(m));
}
