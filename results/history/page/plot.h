/* SPDX-License-Identifier: GPL-2.0-only */
/* The plots of a device of nightly.html. */
#ifndef VMIG_RESULTS_PLOT_H
#define VMIG_RESULTS_PLOT_H

#include <stdbool.h>
#include <stdio.h>

#include "nights.h"

bool nightly_plots(struct history *n, const struct device *d, unsigned int number, FILE *f);

#endif /* VMIG_RESULTS_PLOT_H */
