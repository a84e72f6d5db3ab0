/* SPDX-License-Identifier: GPL-2.0-only */
/* Outcomes of tests and clauses, and their names. */
#ifndef VMIG_RESULTS_OUTCOME_H
#define VMIG_RESULTS_OUTCOME_H

/* How a test came out; see judge/judge.c. In the order in which a reader wants them. */
enum outcome {
	OUTCOME_FAIL,
	OUTCOME_CRASHED,
	OUTCOME_TIMEOUT,
	OUTCOME_INCONCLUSIVE,
	OUTCOME_XPASS,
	OUTCOME_XFAIL,
	OUTCOME_WARN,
	OUTCOME_PASS,
	OUTCOME_SKIP,
	NR_OUTCOMES
};

/* How a clause came out, over all tests that check it: the first that applies. */
enum clause_outcome {
	CLAUSE_VIOLATED, /* a test found a breach that no profile knows */
	CLAUSE_KNOWN, /* the breach is a deviation that the profile lists */
	CLAUSE_WARNED, /* a SHOULD clause was violated */
	CLAUSE_SATISFIED, /* a test checked it and found no breach */
	CLAUSE_RECORDED, /* the same of a MAY clause, which cannot be violated */
	CLAUSE_UNDECIDED, /* its tests ended before they could say */
	CLAUSE_SKIPPED, /* its tests were skipped */
	CLAUSE_NOT_RUN, /* no test of this run names it */
	CLAUSE_UNTESTABLE, /* no test can name it; the catalogue says why */
	NR_CLAUSE_OUTCOMES
};

const char *outcome_name(enum outcome outcome);
const char *outcome_text(enum outcome outcome);
const char *clause_outcome_name(enum clause_outcome outcome);
const char *clause_outcome_text(enum clause_outcome outcome);

#endif /* VMIG_RESULTS_OUTCOME_H */
