/* SPDX-License-Identifier: GPL-2.0-only */
/* A device of nightly.html, and how its newest run differs from the one before. */
#ifndef VMIG_RESULTS_DEVICE_H
#define VMIG_RESULTS_DEVICE_H

#include <stdio.h>

#include "nights.h"

/**
 * struct difference - how the newest run of a device differs from the one before
 * @failures: tests that failed, or could not judge, and had not
 * @passes: tests that do not any more
 * @other: tests with another outcome for the rest
 * @more: tests that the run before did not have
 * @fewer: tests that it had alone
 * @nr_failures: of @failures
 * @nr_passes: of @passes
 * @nr_other: of @other
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
	/* private: */
	struct changed_test *next;
};

struct difference nightly_difference(const struct history *n, const struct device *d);
void nightly_device(struct history *n, const struct device *d, unsigned int number, FILE *f);

#endif /* VMIG_RESULTS_DEVICE_H */
