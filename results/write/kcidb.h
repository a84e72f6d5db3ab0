/* SPDX-License-Identifier: GPL-2.0-only */
/* A run in the form that kernelci.org takes. */
#ifndef VMIG_RESULTS_KCIDB_H
#define VMIG_RESULTS_KCIDB_H

#include <jansson.h>
#include <stdio.h>

void kcidb_dump(const json_t *results, FILE *f);

#endif /* VMIG_RESULTS_KCIDB_H */
