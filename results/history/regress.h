/* SPDX-License-Identifier: GPL-2.0-only */
/* The judgement on the metrics of a history. */
#ifndef VMIG_RESULTS_REGRESS_H
#define VMIG_RESULTS_REGRESS_H

#include <stdbool.h>

#include "nights.h"

void nights_judge(struct nights *n);
bool of_machine(const struct track *t);
bool in_the_noise(const struct point *p);
bool too_early(const struct point *p);

#endif /* VMIG_RESULTS_REGRESS_H */
