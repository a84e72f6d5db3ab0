/* SPDX-License-Identifier: GPL-2.0-only */
/* For tests: what the scanner of selftests/runner makes of a file, beside what the reader does. */
#ifndef VMIG_RESULTS_TESTS_SCAN_LIST_H
#define VMIG_RESULTS_TESTS_SCAN_LIST_H

#include "ktap.h"
#include "ktap_scan.h"

/* As many as the reader takes of one file. */
#define SCAN_TESTS 5000

/**
 * struct scan_test - a test that the scanner has seen
 * @name: its name
 * @ended: it has a result
 * @result: which
 */
struct scan_test {
	char name[VMIG_KTAP_NAME];
	bool ended;
	enum vmig_ktap_result result;
};

/**
 * struct scan_list - all of a file
 * @scan: the scanner, at the end of the file
 * @tests: in the order in which they ran, without those that a later guest ran again
 * @nr: their number
 * @part: the first one of the last part
 * @full: there were more
 */
struct scan_list {
	struct vmig_ktap_scan scan;
	struct scan_test tests[SCAN_TESTS];
	unsigned int nr, part;
	bool full;
};

const struct scan_list *scan_list_make(struct text contents, size_t piece);
const char *scan_list_differs(const struct scan_list *list, const struct chapter *c);

#endif /* VMIG_RESULTS_TESTS_SCAN_LIST_H */
