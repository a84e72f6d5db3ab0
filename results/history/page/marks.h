/* SPDX-License-Identifier: GPL-2.0-only */
/* Colours and signs of nightly.html. */
#ifndef VMIG_RESULTS_MARKS_H
#define VMIG_RESULTS_MARKS_H

#include "markup.h"
#include "nights.h"

struct mark nightly_mark_of_run(const struct history_run *r);
struct mark nightly_mark_of_outcome(const char *outcome, const char **word);
struct mark nightly_mark_of_label(enum metric_label label, const char **word);

#endif /* VMIG_RESULTS_MARKS_H */
