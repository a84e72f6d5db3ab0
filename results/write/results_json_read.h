/* SPDX-License-Identifier: GPL-2.0-only */
/* Read results.json back. */
#ifndef VMIG_RESULTS_RESULTS_JSON_READ_H
#define VMIG_RESULTS_RESULTS_JSON_READ_H

#include <jansson.h>

#include <vmig/arena.h>

char *results_json_read(struct arena *arena, const char *dir, json_t **results);
const char *results_json_host(struct arena *arena);

#endif /* VMIG_RESULTS_RESULTS_JSON_READ_H */
