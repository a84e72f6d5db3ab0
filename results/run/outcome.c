// SPDX-License-Identifier: GPL-2.0-only
/* Outcomes of tests and clauses, and their names. */
#include "outcome.h"

static const char *const outcome_names[NR_OUTCOMES] = {
	[OUTCOME_FAIL] = "fail",       [OUTCOME_CRASHED] = "crashed",
	[OUTCOME_TIMEOUT] = "timeout", [OUTCOME_INCONCLUSIVE] = "broken",
	[OUTCOME_XPASS] = "xpass",     [OUTCOME_XFAIL] = "xfail",
	[OUTCOME_WARN] = "warn",       [OUTCOME_PASS] = "pass",
	[OUTCOME_SKIP] = "skip",
};

static const char *const clause_outcome_names[NR_CLAUSE_OUTCOMES] = {
	[CLAUSE_VIOLATED] = "broken",	      [CLAUSE_KNOWN] = "known deviation",
	[CLAUSE_WARNED] = "warning",	      [CLAUSE_SATISFIED] = "kept",
	[CLAUSE_RECORDED] = "recorded",	      [CLAUSE_UNDECIDED] = "undecided",
	[CLAUSE_SKIPPED] = "skipped",	      [CLAUSE_NOT_RUN] = "not run",
	[CLAUSE_UNTESTABLE] = "not testable",
};

/**
 * outcome_name - how a test came out, as the files have it
 * @outcome: the outcome
 *
 * Return: "fail", "xfail", ...
 */
const char *outcome_name(enum outcome outcome)
{
	return outcome_names[outcome];
}

/**
 * clause_outcome_name - how a clause came out, as the files have it
 * @outcome: the outcome
 *
 * Return: "broken", "kept", ...
 */
const char *clause_outcome_name(enum clause_outcome outcome)
{
	return clause_outcome_names[outcome];
}

/**
 * outcome_text - how a test came out, as a reader is shown it
 * @outcome: the outcome
 *
 * "broken" is the word of KTAP and of the files; beside a driver's breaches it reads like
 * one more of them.
 *
 * Return: "fail", "inconclusive", ...
 */
const char *outcome_text(enum outcome outcome)
{
	return outcome == OUTCOME_INCONCLUSIVE ? "inconclusive" : outcome_name(outcome);
}

/**
 * clause_outcome_text - how a clause came out, as a reader is shown it
 * @outcome: the outcome
 *
 * Return: "violated", "satisfied", ...
 */
const char *clause_outcome_text(enum clause_outcome outcome)
{
	switch (outcome) {
	case CLAUSE_VIOLATED:
		return "violated";
	case CLAUSE_SATISFIED:
		return "satisfied";
	default:
		return clause_outcome_name(outcome);
	}
}
