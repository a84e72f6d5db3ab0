/* SPDX-License-Identifier: GPL-2.0-only */
/* The results.json of a run, and forms that are made of it. */
#ifndef VMIG_RESULTS_RESULTS_H
#define VMIG_RESULTS_RESULTS_H

#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>

#include "pool.h"

char *results_read(struct pool *pool, const char *dir, json_t **results);
const char *results_host(struct pool *pool);
void kcidb_dump(const json_t *results, FILE *f);
void write_lava(const json_t *results, FILE *f, bool signals);

#endif /* VMIG_RESULTS_RESULTS_H */
