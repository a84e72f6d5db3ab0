/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * How far is a test program? One pass over its KTAP as it comes, for whoever runs it: what it
 * has counted, which test runs, where a run goes on that it did not bring to its end. Holds no
 * verdict: results/run/ktap.c reads the same with care, and is what this is tested against
 * (results/tests/scan.c, results/tests/fuzz/fuzz_scan.c).
 */
#ifndef VMIG_RUNNER_KTAP_SCAN_H
#define VMIG_RUNNER_KTAP_SCAN_H

#include <stdbool.h>
#include <stddef.h>

/* What is kept of a line, of a test's name, and of the reason to give up, with the NUL. */
#define VMIG_KTAP_LINE 4096
#define VMIG_KTAP_NAME 256
#define VMIG_KTAP_BAIL 1024

/* A plan above this is a damaged line. */
#define VMIG_KTAP_PLAN_MAX 1000000

enum vmig_ktap_result {
	VMIG_KTAP_PASS,
	VMIG_KTAP_FAIL,
	VMIG_KTAP_XFAIL,
	VMIG_KTAP_XPASS,
	VMIG_KTAP_SKIP,
	VMIG_KTAP_RESULTS,
};

/* What a line was: a part began, a test began or ended, the chapter goes on behind a test. */
enum vmig_ktap_event { VMIG_KTAP_PART, VMIG_KTAP_BEGAN, VMIG_KTAP_ENDED, VMIG_KTAP_RESUMED };

/**
 * struct vmig_ktap_scan - what is known so far
 *
 * A file has a part for each guest that the chapter ran in; what is counted is of the last one.
 *
 * @on_event: called for each event where it is not NULL, with the test in @name
 * @arg: for @on_event
 * @name: the test that an event is about; of VMIG_KTAP_RESUMED empty for the first one
 * @result: of VMIG_KTAP_ENDED
 * @count: results, by their kind
 * @plan: how many tests were announced
 * @planless: a version line came and its plan did not
 * @now: the test that runs, empty between two tests
 * @last: the test that began last, or behind which the chapter went on
 * @before: the one that did so before @last
 * @from: where @ends, the test behind which nothing more can be judged
 * @ends: a test cannot be judged any more, as device or kernel are lost
 * @lost_before: the program said that it was lost before a test
 * @lost: it said that it was lost, which a hazard may do
 * @bailed: it gave up
 * @bail: what it said then
 * @head: a program has said who it is, and neither version nor plan yet
 * @line: the line that is coming in
 * @length: its length, as far as there is room
 */
struct vmig_ktap_scan {
	void (*on_event)(struct vmig_ktap_scan *s, enum vmig_ktap_event event);
	void *arg;
	char name[VMIG_KTAP_NAME];
	enum vmig_ktap_result result;

	unsigned int count[VMIG_KTAP_RESULTS];
	unsigned int plan;
	bool planless;
	char now[VMIG_KTAP_NAME], last[VMIG_KTAP_NAME], before[VMIG_KTAP_NAME];
	char from[VMIG_KTAP_NAME];
	bool ends, lost_before, lost, bailed;
	char bail[VMIG_KTAP_BAIL];

	bool head;
	char line[VMIG_KTAP_LINE];
	size_t length;
};

/**
 * struct vmig_ktap_rest - what is left of a chapter
 * @after: the test behind which it goes on, empty for its first one; NULL if nothing is left
 * @running: the test that did not end, to which belongs what happened last; NULL if none
 */
struct vmig_ktap_rest {
	const char *after, *running;
};

void vmig_ktap_feed(struct vmig_ktap_scan *s, const char *bytes, size_t n);
void vmig_ktap_end(struct vmig_ktap_scan *s);
unsigned int vmig_ktap_done(const struct vmig_ktap_scan *s);
struct vmig_ktap_rest vmig_ktap_left(const struct vmig_ktap_scan *s);

#endif /* VMIG_RUNNER_KTAP_SCAN_H */
