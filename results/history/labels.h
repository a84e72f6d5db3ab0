/* SPDX-License-Identifier: GPL-2.0-only */
/* The words for devices, metrics and changes of a history. */
#ifndef VMIG_RESULTS_LABELS_H
#define VMIG_RESULTS_LABELS_H

#include <stdio.h>

#include "nights.h"

unsigned int judgement_terminal(const struct nights *n, const char *night, FILE *f);
void judgement_suspects(const struct nights *n, const char *night, FILE *f);
const char *run_command(void);
const char *device_label(const struct nights *n, const struct device *d);
const char *metric_label(struct pool *pool, const struct track *t);
const char *metric_value(struct pool *pool, double value, const char *unit);
double shift_percent(const struct track *t, double shift);
double point_percent(const struct track *t, const struct point *p);
const char *run_changes(struct pool *pool, const struct past_run *now,
			const struct past_run *before);
const char *night_words(struct pool *pool, const char *night);

#endif /* VMIG_RESULTS_LABELS_H */
