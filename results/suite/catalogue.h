/* SPDX-License-Identifier: GPL-2.0-only */
/* Which tests check which clauses, without a run. */
#ifndef VMIG_RESULTS_CATALOGUE_H
#define VMIG_RESULTS_CATALOGUE_H

#include <stdio.h>

#include <vmig/arena.h>
#include <vmig/text.h>

struct listed_test;
struct vmig_clause;

struct listed_test *catalogue_parse(struct arena *arena, struct text contents, char **error);
void catalogue_tests(struct arena *arena, const struct listed_test *tests, FILE *f);
void catalogue_clauses(struct arena *arena, const struct listed_test *tests, FILE *f);
const char *catalogue_tests_of(struct arena *arena, const struct listed_test *tests,
			       const struct vmig_clause *clause);
void catalogue_sources(FILE *f);
unsigned int catalogue_gaps(const struct listed_test *tests, FILE *f);

#endif /* VMIG_RESULTS_CATALOGUE_H */
