/* SPDX-License-Identifier: GPL-2.0-only */
/* What results.json says at a place, "run.options.tests". */
#ifndef VMIG_RESULTS_JSON_PATH_H
#define VMIG_RESULTS_JSON_PATH_H

#include <jansson.h>
#include <stdbool.h>

json_t *tell(const json_t *object, const char *place);
const char *tell_text(const json_t *object, const char *place);
long long tell_number(const json_t *object, const char *place);
bool tell_true(const json_t *object, const char *place);

#endif /* VMIG_RESULTS_JSON_PATH_H */
