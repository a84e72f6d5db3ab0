/* SPDX-License-Identifier: GPL-2.0-only */
/* Parse /dev/kmsg records: complaints of the kernel, and the test that ran. */
#ifndef VMIG_RESULTS_KMSG_H
#define VMIG_RESULTS_KMSG_H

#include <stdbool.h>

#include <vmig/arena.h>
#include <vmig/text.h>

#include "ktap.h"

/**
 * struct complaint - one thing the kernel found wrong
 * @kind: what it is, "warning", "KASAN", "hung task"
 * @late: it need not be of the test that ran when it came
 * @title: the line that says it
 * @test: chapter/fixture.variant.test that ran at that time, NULL between tests
 * @seconds: since the kernel booted, negative where the record does not say
 * @log: the lines around it
 * @lines: their number
 * @by: the test of that name, set by judge_run(); NULL where there is none
 * @expected: the profile lists a deviation for it, set by judge_run()
 * @reason: why, where in the driver first, for such a one
 * @last: the last of @lines
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
	/* private: */
	struct complaint *next;
};

/**
 * struct kmsg_log - is the log whole?
 * @first: number of the first record, 0 for the first one since a kernel booted
 * @lost: records that are missing between others, by their numbers
 * @disorder: a record comes after one of a higher number, and is no kernel's first
 * @ended: the runner's mark of the end of the run is there, of the last kernel that booted
 */
struct kmsg_log {
	unsigned long long first;
	unsigned long long lost;
	bool disorder;
	bool ended;
};

struct complaint *kmsg_parse(struct arena *arena, struct text contents, struct kmsg_log *log);

#endif /* VMIG_RESULTS_KMSG_H */
