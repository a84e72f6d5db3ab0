/* SPDX-License-Identifier: GPL-2.0-only */
/* results.json, and what is made of it. Errors of the file are found by whoever closes it. */
#ifndef VMIG_RESULTS_RESULTS_JSON_H
#define VMIG_RESULTS_RESULTS_JSON_H

#include <stdio.h>

#include "run.h"

void results_json_write(struct run *run, FILE *f);
void kcidb_write(struct run *run, FILE *f);

#endif /* VMIG_RESULTS_RESULTS_JSON_H */
