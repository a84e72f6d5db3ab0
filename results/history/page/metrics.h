/* SPDX-License-Identifier: GPL-2.0-only */
/* The metrics of a device of nightly.html. */
#ifndef VMIG_RESULTS_METRICS_H
#define VMIG_RESULTS_METRICS_H

#include <stdio.h>

#include "nights.h"

void nightly_metrics(struct history *n, const struct device *d, FILE *f);

#endif /* VMIG_RESULTS_METRICS_H */
