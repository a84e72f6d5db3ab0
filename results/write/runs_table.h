/* SPDX-License-Identifier: GPL-2.0-only */
/* Several runs, a line each. */
#ifndef VMIG_RESULTS_RUNS_TABLE_H
#define VMIG_RESULTS_RUNS_TABLE_H

#include <stdio.h>

#include <vmig/arena.h>

char *runs_table_write(struct arena *arena, char **dirs, FILE *f);

#endif /* VMIG_RESULTS_RUNS_TABLE_H */
