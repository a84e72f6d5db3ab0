/* SPDX-License-Identifier: GPL-2.0-only */
/* Outcome of each test and of each clause of a run. */
#ifndef VMIG_RESULTS_JUDGE_H
#define VMIG_RESULTS_JUDGE_H

#include "run.h"

void judge_run(struct run *run);

#endif /* VMIG_RESULTS_JUDGE_H */
