/* SPDX-License-Identifier: GPL-2.0-only */
/* The judgement on the metrics of a history. */
#ifndef VMIG_RESULTS_REGRESS_H
#define VMIG_RESULTS_REGRESS_H

#include <stdbool.h>

#include "nights.h"

void history_judge(struct history *n);
bool of_machine(const struct series *t);
bool in_the_noise(const struct sample *p);
bool too_early(const struct sample *p);

#endif /* VMIG_RESULTS_REGRESS_H */
