// SPDX-License-Identifier: GPL-2.0-only
/* Seeded defects of the reference drivers. */
#include <stdlib.h>
#include <string.h>

#include "defects.h"

static const struct defect defects[] = {
#define DEFECT(name, where, chapter, number, what, who)                                            \
	{ #name, #where, #chapter, #number, what, who },
#include "defects.def"
#undef DEFECT
};

enum { NR_DEFECTS = sizeof(defects) / sizeof(defects[0]) };

/**
 * defect_find - a defect by its name
 * @name: the name
 *
 * Return: the defect, NULL where there is none of that name.
 */
const struct defect *defect_find(struct text name)
{
	int i;

	for (i = 0; i < NR_DEFECTS; i++)
		if (text_is(name, defects[i].name))
			return &defects[i];
	return NULL;
}

/**
 * defect_number - a defect by its place in the list
 * @i: the place, from 0 on
 *
 * Return: the defect, NULL behind the last one.
 */
const struct defect *defect_number(int i)
{
	return i >= 0 && i < NR_DEFECTS ? &defects[i] : NULL;
}

/**
 * defect_clause - the clause that a defect breaks
 * @d: the defect
 *
 * Return: the clause, NULL where the catalogue has none of that number.
 */
const struct vmig_clause *defect_clause(const struct defect *d)
{
	char id[32];

	/* The catalogue has two digits; the list has 8 for 08, which is no number in C. */
	snprintf(id, sizeof(id), "%s-%02lu", d->chapter, strtoul(d->number, NULL, 10));
	return vmig_clause_find(id);
}

/**
 * defects_list - print all defects
 * @f: where to
 *
 * One line each: name, where, clause, what goes wrong, who had it, the first kernel with the
 * clause or "-"; tabs between.
 *
 * Return: number of defects that do not fit the catalogue: their clause is not in it, or is
 * one that nothing can break. They are printed with "?" for the clause.
 */
unsigned int defects_list(FILE *f)
{
	const struct vmig_clause *clause;
	unsigned int wrong = 0;
	int i;

	for (i = 0; i < NR_DEFECTS; i++) {
		clause = defect_clause(&defects[i]);
		if (!clause || clause->level == VMIG_MAY)
			wrong++;
		fprintf(f, "%s\t%s\t%s\t%s\t%s\t%s\n", defects[i].name, defects[i].where,
			clause && clause->level != VMIG_MAY ? clause->id : "?", defects[i].what,
			defects[i].who, clause && *clause->since ? clause->since : "-");
	}
	return wrong;
}
