/* SPDX-License-Identifier: GPL-2.0-only */
/* Text for devices, metrics and changes of a history. */
#ifndef VMIG_RESULTS_LABELS_H
#define VMIG_RESULTS_LABELS_H

#include <stdio.h>

#include "nights.h"

unsigned int label_terminal(const struct history *n, const char *night, FILE *f);
void label_suspects(const struct history *n, const char *night, FILE *f);
const char *history_run_command(void);
const char *history_device_label(const struct history *n, const struct device *d);
const char *history_metric_label(struct arena *arena, const struct series *t);
const char *history_metric_value(struct arena *arena, double value, const char *unit);
double history_shift_percent(const struct series *t, double shift);
double sample_percent(const struct series *t, const struct sample *p);
const char *history_run_changes(struct arena *arena, const struct history_run *now,
				const struct history_run *before);
const char *history_night_words(struct arena *arena, const char *night);

#endif /* VMIG_RESULTS_LABELS_H */
