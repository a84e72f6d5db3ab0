/* SPDX-License-Identifier: GPL-2.0-only */
/* One run, joined from all files of its directory, and judged. */
#ifndef VMIG_RESULTS_RUN_H
#define VMIG_RESULTS_RUN_H

#include <vmig/profile.h>

#include "cost.h"
#include "kmsg.h"
#include "ktap.h"
#include "run_json.h"

/**
 * struct clause_test - what one test says of one clause
 * @test: the test
 * @outcome: one of CLAUSE_VIOLATED to CLAUSE_SKIPPED
 */
struct clause_test {
	const struct test *test;
	enum clause_outcome outcome;
	/* private: */
	struct clause_test *next;
};

/**
 * struct clause_result - what the run says of one clause
 * @outcome: the worst of its tests
 * @tests: the tests that name it or broke it
 * @tail: the last of them
 * @nr_tests: their number
 * @notes: what they recorded of it, without repetitions
 * @nr_notes: their number
 * @last_note: the last note
 */
struct clause_result {
	enum clause_outcome outcome;
	struct clause_test *tests, *tail;
	unsigned int nr_tests;
	struct line *notes, **last_note;
	unsigned int nr_notes;
};

/**
 * struct skip_reason - why tests were skipped
 * @reason: in the words of the test
 * @count: tests that gave it
 */
struct skip_reason {
	const char *reason;
	unsigned int count;
	/* private: */
	struct skip_reason *next;
};

enum verdict {
	VERDICT_CONFORMANT,
	VERDICT_DEVIATING, /* conformant but for known deviations */
	VERDICT_NOT_CONFORMANT, /* clauses were violated that no profile knows of */
	VERDICT_OUT_OF_DATE, /* deviations that the profile lists did not come */
	VERDICT_INCOMPLETE, /* tests could not judge */
	VERDICT_COMPLAINT, /* the kernel complained */
	VERDICT_UNTESTED, /* could not be tested */
	VERDICT_INTERRUPTED,
};

/**
 * struct chapter_file - a file of ktap/
 * @name: relative to the run directory
 * @contents: its contents
 */
struct chapter_file {
	char *name;
	struct text contents;
	/* private: */
	struct chapter_file *next;
};

/**
 * struct run_files - the files of a run directory, before anybody has looked into them
 * @chapters: ktap/<chapter>.ktap, by name
 * @record: run.json; a file that is absent has no @s, here and below
 * @environment: environment.json
 * @profile: profile.conf
 * @dmesg: dmesg.txt
 * @tests: tests.tsv
 * @cost: cost.tsv
 */
struct run_files {
	struct chapter_file *chapters;
	struct text record, environment, profile, dmesg, tests, cost;
};

/**
 * struct run - a run
 * @record: run.json
 * @env: environment.json
 * @profile: profile.conf, NULL without one
 * @profile_sha256: the checksum of profile.conf, 64 hexadecimal digits; NULL without one
 * @chapters: the ktap files
 * @complaints: from dmesg.txt
 * @log: whether that is whole
 * @cost: from cost.tsv
 * @problems: sentences about what is wrong with the run or its files
 * @nr_problems: their number
 * @skips: reasons of skipped tests
 * @clauses: per clause of the catalogue
 * @count: tests per outcome
 * @nr_tests: tests that were planned
 * @not_run: those of them that never began
 * @warnings: tests that found a SHOULD clause violated and passed
 * @violated_by: clauses with outcome CLAUSE_VIOLATED, by who is responsible
 * @unknown_clauses: violations of clauses that the catalogue does not have
 * @complained: complaints that no profile expects
 * @used: deviations of the profile that came
 * @unused: those that did not come though their tests ran
 * @verdict: the verdict
 * @exit_code: the same as a number
 * @sentence: the same in words
 * @arena: memory of all of it
 * @last_chapter: the last chapter
 * @last_problem: the last problem
 */
struct run {
	struct arena *arena;
	struct run_record record;
	struct environment env;
	struct vmig_profile *profile;
	char *profile_sha256;
	struct chapter *chapters, **last_chapter;
	struct complaint *complaints;
	struct kmsg_log log;
	struct cost cost;
	struct line *problems, **last_problem;
	unsigned int nr_problems;
	struct skip_reason *skips;
	struct clause_result clauses[VMIG_NR_CLAUSES];
	unsigned int count[NR_OUTCOMES];
	unsigned int nr_tests;
	unsigned int not_run;
	unsigned int warnings;
	unsigned int violated_by[VMIG_EITHER + 1];
	unsigned int unknown_clauses;
	unsigned int complained;
	unsigned int used, unused;
	enum verdict verdict;
	int exit_code;
	const char *sentence;
};

void run_init(struct run *run, struct arena *arena);
void run_problem(struct run *run, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* All tests of a run, whatever chapter: for (t = run_first_test(run); t; t = run_next_test(t)). */
struct test *run_first_test(const struct run *run);
struct test *run_next_test(const struct test *t);

#endif /* VMIG_RESULTS_RUN_H */
