/* SPDX-License-Identifier: GPL-2.0-only */
/* nightly.html. Errors of the file are found by whoever closes it. */
#ifndef VMIG_RESULTS_NIGHTLY_H
#define VMIG_RESULTS_NIGHTLY_H

#include <stdio.h>

#include "nights.h"

void nightly_write(struct history *n, FILE *f);

#endif /* VMIG_RESULTS_NIGHTLY_H */
