/* SPDX-License-Identifier: GPL-2.0-only */
/* Group equal breaches of several tests. */
#ifndef VMIG_RESULTS_FINDINGS_H
#define VMIG_RESULTS_FINDINGS_H

#include "run.h"

/**
 * struct group_member - one test that found a breach of the group
 * @test: the test
 */
struct group_member {
	const struct test *test;
	/* private: */
	struct group_member *next;
};

/**
 * struct breach_group - breaches that differ only in the uAPI or in the FSM pair
 * @breach: the first of them
 * @key: what they have in common
 * @hash: of @key
 * @tests: the tests that found them, each once
 * @nr_tests: their number
 * @same: another one whose hash falls into the same place
 * @tail: the end of the list of its tests
 * @next: the next group
 */
struct breach_group {
	const struct breach *breach;
	char *key;
	unsigned int hash;
	struct group_member *tests, *tail;
	unsigned int nr_tests;
	struct breach_group *next, *same;
};

struct breach_group *findings_breaches(struct run *run, enum clause_outcome outcome);
struct line *findings_names(struct arena *arena, const struct group_member *tests);

#endif /* VMIG_RESULTS_FINDINGS_H */
