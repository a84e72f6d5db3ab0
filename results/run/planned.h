/* SPDX-License-Identifier: GPL-2.0-only */
/* Compare the planned tests of a run (tests.tsv) with its results. */
#ifndef VMIG_RESULTS_PLANNED_H
#define VMIG_RESULTS_PLANNED_H

#include "run.h"

void planned_join(struct run *run, const struct run_files *files);

#endif /* VMIG_RESULTS_PLANNED_H */
