/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the suite says of drivers with a known defect: the measure of the suite itself.
 *
 * A directory of run.sh --mutants:
 *
 *	defects.txt                  the defects that were to be tried, one a line: a name of
 *				     defects.def, or, of run.sh --replay, name, driver, clause,
 *				     what is undone and the commit that had mended it
 *	conforming/ENTRY/            the drivers without a defect, in several shapes
 *	defects/NAME/ENTRY/          the drivers with one
 *
 * where an ENTRY, "mock-p2p+log", has ktap/, dmesg.txt, and error with a sentence where
 * the tests or the guest did not come to their end.
 */
#ifndef VMIG_RESULTS_MUTANTS_H
#define VMIG_RESULTS_MUTANTS_H

#include <stdio.h>

#include "defects.h"
#include "run.h"

/**
 * struct killer - a test that noticed a defect, or one that did not like a good driver
 * @entry: driver and shape, "mock-all"
 * @name: chapter/fixture.variant.test; "" for what is no test's
 * @why: what it said, one line
 * @next: the next one
 */
struct killer {
	char *entry;
	char *name;
	char *why;
	struct killer *next;
};

/**
 * struct mutant - a driver with one defect
 * @defect: the defect
 * @clause: what it breaks
 * @killers: tests that name the clause and found it violated
 * @nr_killers: their number
 * @collateral: other tests that failed
 * @entries: shapes in which it was tried
 * @error: how an entry ended early, or NULL
 * @next: the next one
 * @last: the last killer
 */
struct mutant {
	const struct defect *defect;
	const struct vmig_clause *clause;
	struct killer *killers, **last;
	unsigned int nr_killers;
	unsigned int collateral;
	unsigned int entries;
	char *error;
	struct mutant *next;
};

/**
 * struct mutants - all of it
 * @arena: where everything lives
 * @list: the mutants, in the order of defects.txt
 * @nr: their number
 * @killed: those that have a killer
 * @alarms: what failed on a driver without a defect
 * @nr_alarms: their number
 * @conforming: names of the entries without a defect
 * @nr_conforming: their number
 * @replay: the defects are bugs that drivers had, brought back
 * @last: the last mutant
 * @last_alarm: the last false alarm
 */
struct mutants {
	struct arena *arena;
	struct mutant *list, **last;
	unsigned int nr, killed;
	struct killer *alarms, **last_alarm;
	unsigned int nr_alarms;
	char **conforming;
	size_t nr_conforming;
	bool replay;
};

char *mutants_load(struct mutants *m, struct arena *arena, int dirfd);

#endif /* VMIG_RESULTS_MUTANTS_H */
