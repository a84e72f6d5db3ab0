/* SPDX-License-Identifier: GPL-2.0-only */
/* The parts of nightly.html. */
#ifndef VMIG_RESULTS_NIGHTLY_H
#define VMIG_RESULTS_NIGHTLY_H

#include "nights.h"
#include "report.h"

extern const char nightly_css[];

/**
 * struct difference - how the newest run of a device differs from the one before
 * @failures: tests that failed, or could not judge, and had not
 * @passes: tests that do not any more
 * @other: tests with another outcome for the rest
 * @more: tests that the run before did not have
 * @fewer: tests that it had alone
 */
struct difference {
	struct changed_test *failures, *passes, *other;
	unsigned int nr_failures, nr_passes, nr_other, more, fewer;
};

/**
 * struct changed_test - a test whose outcome is another one than the night before
 * @chapter: its chapter
 * @name: its name
 * @before: outcome of the run before
 * @now: outcome of the newest run
 * @message: why, or NULL
 */
struct changed_test {
	const char *chapter, *name, *before, *now, *message;
	struct changed_test *next;
};

struct difference difference(const struct nights *n, const struct device *d);
struct mark mark_of_run(const struct past_run *r);
struct mark mark_of_outcome(const char *outcome);
struct mark mark_of_judgement(enum judgement judgement, const char **word);
void nightly_device(struct nights *n, const struct device *d, unsigned int number, FILE *f);
void nightly_metrics(struct nights *n, const struct device *d, FILE *f);
bool nightly_plots(struct nights *n, const struct device *d, unsigned int number, FILE *f);

#endif /* VMIG_RESULTS_NIGHTLY_H */
