/* SPDX-License-Identifier: GPL-2.0-only */
/* What a run had to bring, next to what came. */
#ifndef VMIG_RESULTS_PLANNED_H
#define VMIG_RESULTS_PLANNED_H

#include "run.h"

void planned_join(struct run *run, const struct run_files *files);

#endif /* VMIG_RESULTS_PLANNED_H */
