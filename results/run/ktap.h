/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the test programs printed: KTAP as kselftest_harness.h writes it, and between
 * its lines the suite's own diagnostics, "# vmig: ...".
 */
#ifndef VMIG_RESULTS_KTAP_H
#define VMIG_RESULTS_KTAP_H

#include <stdbool.h>

#include <vmig/arena.h>
#include <vmig/clauses.h>
#include <vmig/text.h>

#include "outcome.h"
#include "samples.h"

/* What stands before the number of a result line, and behind the hash sign. */
enum ktap_result { KTAP_NONE, KTAP_OK, KTAP_NOT_OK };

enum ktap_directive {
	KTAP_PLAIN,
	KTAP_SKIP,
	KTAP_XFAIL,
	KTAP_XPASS,
	KTAP_ERROR,
	KTAP_TIMEOUT,
};

/* How the harness says that a test process ended, where it did not end by itself. */
enum ktap_end { KTAP_ENDED, KTAP_TIMED_OUT, KTAP_KILLED };

/**
 * struct breach - a clause that was seen violated
 * @id: the clause, as printed
 * @clause: the same in the catalogue, NULL where it has none of that id
 * @did: what the test did
 * @expected: what the clause demands
 * @got: what the device did
 * @at: where in the suite it was judged, "fsm.c:123"; NULL in what older suites printed, and
 *	for what the kernel said
 * @source: where in the driver, for a deviation that the profile knows
 * @reason: why, for the same
 * @known: the test program said that the profile lists it; judge_run() then looks
 *	   whether that is so
 * @outcome: what it makes of the clause, set by judge_run()
 * @next: the next one of the same test
 */
struct breach {
	char *id;
	const struct vmig_clause *clause;
	char *did, *expected, *got, *at;
	char *source, *reason;
	bool known;
	enum clause_outcome outcome;
	struct breach *next;
};

/**
 * struct line - a line of free text that belongs to a test
 * @id: the clause that a note is about, NULL for other lines
 * @text: the text
 * @next: the next one
 */
struct line {
	char *id;
	char *text;
	struct line *next;
};

/**
 * struct metric - something that a test measured
 * @name: what, in the form of an identifier
 * @value: the number, as printed
 * @unit: its unit, may be empty
 * @next: the next one
 */
struct metric {
	char *name;
	double value;
	char *unit;
	struct metric *next;
};

/**
 * struct test - one test of one test program
 * @name: fixture.variant.test as the harness prints it
 * @chapter: the chapter it belongs to
 * @result: ok or not ok; KTAP_NONE where the line is missing
 * @directive: of the result line
 * @reason: text behind the directive, "" where there is none
 * @end: how its process ended
 * @clauses: ids that the test names, in its order
 * @nr_clauses: number of @clauses
 * @checked: those of them that it really checked, said at its end
 * @nr_checked: number of @checked, 0 for a test that did not come to its end
 * @breaches: what it found
 * @notes: what it recorded and does not judge
 * @broken: why it could not judge
 * @log: other lines that came while it ran, the last ones
 * @metrics: what it measured
 * @samples: what it measured again and again
 * @nr_samples: values in @samples
 * @seconds: how long it took, negative where it did not say
 * @cut_off: the program's output ended while this test ran
 * @outcome: the verdict of judge_run()
 * @why: what to say of the outcome where the breaches do not say it all, or NULL
 * @last_breach: the last breach
 * @last_note: the last note
 * @last_broken: the last reason why it could not judge
 * @last_log: the last line of its log
 * @log_lines: how many lines the log has
 * @last_metric: the last metric
 */
struct test {
	char *name;
	struct chapter *chapter;
	enum ktap_result result;
	enum ktap_directive directive;
	char *reason;
	enum ktap_end end;
	char **clauses;
	size_t nr_clauses;
	char **checked;
	size_t nr_checked;
	struct breach *breaches, **last_breach;
	struct line *notes, **last_note;
	struct line *broken, **last_broken;
	struct line *log, **last_log;
	unsigned int log_lines;
	struct metric *metrics, **last_metric;
	struct samples *samples;
	unsigned int nr_samples;
	double seconds;
	bool cut_off;
	enum outcome outcome;
	const char *why;
	/* private: */
	struct test *next;
};

/**
 * struct chapter - the output of one test program
 * @name: of the chapter, from the program or from the file name
 * @file: the file, relative to the run directory
 * @version: of the suite, as the program printed it, or NULL
 * @commit: the same
 * @device: name of the device as the program printed it, or NULL
 * @driver: the same
 * @profile: sha256 of the profile by which the program told what is known, "none" for none; NULL
 *	     in what older suites printed
 * @profiles_differ: the programs of this chapter, one a guest, did not have the same
 * @tests: in the order in which they ran
 * @nr_tests: their number
 * @not_run: how many more the plan promised, or the list of what was planned
 * @missing: the names of those that are in that list, set by planned_join()
 * @nr_missing: their number
 * @strays: lines of breaches that belong to no test, or to no breach of it
 * @no_totals: a part of it that seems complete has no "Totals" line at its end
 * @wrong_totals: that line counts other results than those that were read
 * @skip: reason of a program that skipped itself ("1..0 # SKIP"), or NULL
 * @bail: what it said when it gave up ("Bail out!"), or NULL
 * @versions: number of KTAP version lines
 * @too_long: it has more tests than are read
 * @stray: first line that is no KTAP, or NULL
 * @last_test: the last test
 * @last_missing: the last test that is missing
 */
struct chapter {
	char *name;
	char *file;
	char *version, *commit;
	char *device, *driver;
	char *profile;
	bool profiles_differ;
	struct test *tests, **last_test;
	unsigned int nr_tests;
	unsigned int not_run;
	struct line *missing, *last_missing;
	unsigned int nr_missing;
	unsigned int strays;
	bool no_totals, wrong_totals;
	char *skip;
	char *bail;
	unsigned int versions;
	bool too_long;
	char *stray;
	/* private: */
	struct chapter *next;
};

struct chapter *ktap_parse(struct arena *arena, const char *file, struct text contents);
struct text ktap_variant(const struct test *test);
const char *ktap_not_run(const struct test *test);

#endif /* VMIG_RESULTS_KTAP_H */
