/* SPDX-License-Identifier: GPL-2.0-only */
/* The page that leads from each clause, and from each bug of the past, to the tests. */
#ifndef VMIG_RESULTS_MAP_H
#define VMIG_RESULTS_MAP_H

#include <stdio.h>

#include <vmig/arena.h>

#include "catalogue.h"

void map_write(struct arena *arena, const struct listed_test *tests, int history, FILE *f);

#endif /* VMIG_RESULTS_MAP_H */
