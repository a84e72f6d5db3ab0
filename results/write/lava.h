/* SPDX-License-Identifier: GPL-2.0-only */
/* A run in the form of signals that LAVA reads from a console. */
#ifndef VMIG_RESULTS_LAVA_H
#define VMIG_RESULTS_LAVA_H

#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>

void lava_write(const json_t *results, FILE *f, bool signals);

#endif /* VMIG_RESULTS_LAVA_H */
