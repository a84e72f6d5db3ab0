/* SPDX-License-Identifier: GPL-2.0-only */
/* Which tests check which clauses, without a run. */
#ifndef VMIG_RESULTS_CATALOGUE_H
#define VMIG_RESULTS_CATALOGUE_H

#include <stdio.h>

#include "pool.h"
#include "text.h"

struct listed_test;

struct listed_test *catalogue_parse(struct pool *pool, struct text contents, char **error);
void catalogue_tests(struct pool *pool, const struct listed_test *tests, FILE *f);
void catalogue_clauses(struct pool *pool, const struct listed_test *tests, FILE *f);
unsigned int catalogue_gaps(const struct listed_test *tests, FILE *f);

#endif /* VMIG_RESULTS_CATALOGUE_H */
