/* SPDX-License-Identifier: GPL-2.0-only */
/* Verdict on a run. */
#ifndef VMIG_RESULTS_VERDICT_H
#define VMIG_RESULTS_VERDICT_H

#include "run.h"

void judge_verdict(struct run *run);
const char *judge_verdict_name(enum verdict verdict);

#endif /* VMIG_RESULTS_VERDICT_H */
