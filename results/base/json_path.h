/* SPDX-License-Identifier: GPL-2.0-only */
/* Look up members of results.json by path, as "run.options.tests". */
#ifndef VMIG_RESULTS_JSON_PATH_H
#define VMIG_RESULTS_JSON_PATH_H

#include <jansson.h>
#include <stdbool.h>

json_t *json_path_get(const json_t *object, const char *place);
const char *json_path_text(const json_t *object, const char *place);
long long json_path_number(const json_t *object, const char *place);
bool json_path_true(const json_t *object, const char *place);

#endif /* VMIG_RESULTS_JSON_PATH_H */
