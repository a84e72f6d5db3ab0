/* SPDX-License-Identifier: GPL-2.0-only */
/* Write results as signals for LAVA. */
#ifndef VMIG_RESULTS_LAVA_H
#define VMIG_RESULTS_LAVA_H

#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>

void lava_write(const json_t *results, FILE *f, bool signals);

#endif /* VMIG_RESULTS_LAVA_H */
