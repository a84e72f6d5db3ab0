/* SPDX-License-Identifier: GPL-2.0-only */
/* Describe the features of a device, its firmware, and where the suite ran. */
#ifndef VMIG_RESULTS_FEATURES_H
#define VMIG_RESULTS_FEATURES_H

#include "ktap.h"
#include "run_json.h"

struct line *run_features(struct arena *arena, const struct environment *env);
const char *run_firmware_words(struct arena *arena, const struct run_record *r,
			       const struct environment *env);
const char *run_where(struct arena *arena, const struct run_record *record);

#endif /* VMIG_RESULTS_FEATURES_H */
