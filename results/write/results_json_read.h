/* SPDX-License-Identifier: GPL-2.0-only */
/* The results.json of a run, read again. */
#ifndef VMIG_RESULTS_RESULTS_JSON_READ_H
#define VMIG_RESULTS_RESULTS_JSON_READ_H

#include <jansson.h>

#include <vmig/arena.h>

char *results_json_read(struct arena *arena, const char *dir, json_t **results);
const char *results_json_host(struct arena *arena);

#endif /* VMIG_RESULTS_RESULTS_JSON_READ_H */
