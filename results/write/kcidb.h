/* SPDX-License-Identifier: GPL-2.0-only */
/* Write kcidb.json, for kernelci.org. */
#ifndef VMIG_RESULTS_KCIDB_H
#define VMIG_RESULTS_KCIDB_H

#include <jansson.h>
#include <stdio.h>

void kcidb_dump(const json_t *results, FILE *f);

#endif /* VMIG_RESULTS_KCIDB_H */
