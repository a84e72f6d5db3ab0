/* SPDX-License-Identifier: GPL-2.0-only */
/* Judge a bundle by the mustpass list. */
#ifndef VMIG_RESULTS_QUALIFY_H
#define VMIG_RESULTS_QUALIFY_H

#include "bundle.h"
#include "mustpass.h"
#include "waiver.h"

/* Outcome of a test of the list in one round. */
enum listed_outcome {
	LISTED_PASSED,
	LISTED_WAIVED, /* its breaches are, all of them */
	LISTED_KERNEL, /* violated clauses of the VFIO core, and none of the driver */
	LISTED_NOTHING, /* found nothing to check, for a reason that the list excuses */
	LISTED_ELSEWHERE, /* is for devices with other features */
	LISTED_NOT_PASSED,
	NR_LISTED
};

/* Outcome of the clauses of one level. */
enum clause_column {
	COLUMN_SATISFIED,
	COLUMN_VIOLATED,
	COLUMN_WAIVED,
	COLUMN_KERNEL,
	COLUMN_RECORDED,
	COLUMN_OPEN, /* not checked on this device, or not testable from user space */
	NR_COLUMNS
};

/**
 * struct listed_fault - a test that did not pass
 * @rounds: in how many rounds, for the same reason
 * @test: chapter and name
 * @why: in a few words
 */
struct listed_fault {
	unsigned int rounds;
	const char *test, *why;
	/* private: */
	struct listed_fault *next;
};

/* MUST, SHOULD, MAY. */
#define NR_LEVELS (VMIG_MAY + 1)

/**
 * struct qualification - a bundle, judged
 * @bundle: the bundle
 * @list: its mustpass list, the frozen one
 * @waivers: its waivers
 * @rounds: its rounds, judged
 * @traits: of the device, enum mustpass_trait
 * @clauses: per clause its outcome in the worst round
 * @levels: clauses per level and column
 * @count: tests per outcome, in all rounds
 * @unexercised: of those that found nothing to check, those that would need an exerciser
 * @faults: the tests that did not pass, in the order of the list
 * @troubles: what else speaks against the driver, sentences
 * @exit_code: 0 conformant, 1 not
 * @sentence: the same in words
 * @arena: memory of all of it
 * @last_fault: the last of @faults
 * @last_trouble: the last of @troubles
 */
struct qualification {
	struct arena *arena;
	struct bundle bundle;
	struct mustpass *list;
	struct waiver *waivers;
	struct run rounds[ROUNDS_MAX];
	unsigned int traits;
	enum clause_outcome clauses[VMIG_NR_CLAUSES];
	unsigned int levels[NR_LEVELS][NR_COLUMNS];
	unsigned int count[NR_LISTED];
	unsigned int unexercised;
	struct listed_fault *faults, **last_fault;
	struct line *troubles, **last_trouble;
	int exit_code;
	const char *sentence;
};

void qualify_judge(struct qualification *q);
enum clause_column qualify_clause_column(const struct qualification *q, int clause);

#endif /* VMIG_RESULTS_QUALIFY_H */
