/* SPDX-License-Identifier: GPL-2.0-only */
/* The kernel's words while the tests ran, and what in them is a complaint. */
#ifndef VMIG_RESULTS_KMSG_H
#define VMIG_RESULTS_KMSG_H

#include <stdbool.h>

#include "ktap.h"
#include "pool.h"
#include "text.h"

/**
 * struct complaint - one thing the kernel found wrong
 * @kind: what it is, "warning", "KASAN", "hung task"
 * @late: it need not be of the test that ran when it came
 * @title: the line that says it
 * @test: chapter/fixture.variant.test that ran at that time, NULL between tests
 * @seconds: since the kernel booted, negative where the record does not say
 * @log: the lines around it
 * @lines: their number
 * @by: the test of that name, set by judge(); NULL where there is none
 * @expected: the profile lists a deviation for it, set by judge()
 * @reason: why, where in the driver first, for such a one
 */
struct complaint {
	const char *kind;
	bool late;
	char *title;
	char *test;
	double seconds;
	struct line *log, **last;
	unsigned int lines;
	const struct test *by;
	bool expected;
	const char *reason;
	struct complaint *next;
};

struct complaint *kmsg_parse(struct pool *pool, struct text contents);

#endif /* VMIG_RESULTS_KMSG_H */
