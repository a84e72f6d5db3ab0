/* SPDX-License-Identifier: GPL-2.0-only */
/* Detect regressions in the metrics of a history. */
#ifndef VMIG_RESULTS_REGRESS_H
#define VMIG_RESULTS_REGRESS_H

#include <stdbool.h>

#include "nights.h"

void history_judge(struct history *n);
bool series_is_machine_metric(const struct series *t);
bool sample_below_threshold(const struct series *t, const struct sample *p);
bool sample_lacks_history(const struct sample *p);

#endif /* VMIG_RESULTS_REGRESS_H */
