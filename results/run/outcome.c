// SPDX-License-Identifier: GPL-2.0-only
/* How a test and how a clause came out, in words. */
#include "outcome.h"

static const char *const outcome_names[NR_OUTCOMES] = {
	[OUTCOME_FAIL] = "fail",     [OUTCOME_CRASHED] = "crashed", [OUTCOME_TIMEOUT] = "timeout",
	[OUTCOME_BROKEN] = "broken", [OUTCOME_XPASS] = "xpass",	    [OUTCOME_XFAIL] = "xfail",
	[OUTCOME_WARN] = "warn",     [OUTCOME_PASS] = "pass",	    [OUTCOME_SKIP] = "skip",
};

static const char *const clause_outcome_names[NR_CLAUSE_OUTCOMES] = {
	[CLAUSE_BROKEN] = "broken",	      [CLAUSE_KNOWN] = "known deviation",
	[CLAUSE_WARNED] = "warning",	      [CLAUSE_KEPT] = "kept",
	[CLAUSE_RECORDED] = "recorded",	      [CLAUSE_UNDECIDED] = "undecided",
	[CLAUSE_SKIPPED] = "skipped",	      [CLAUSE_NOT_RUN] = "not run",
	[CLAUSE_UNTESTABLE] = "not testable",
};

/**
 * outcome_name - how a test came out, one word
 * @outcome: the outcome
 *
 * Return: "fail", "xfail", ...
 */
const char *outcome_name(enum outcome outcome)
{
	return outcome_names[outcome];
}

/**
 * clause_outcome_name - how a clause came out, in words
 * @outcome: the outcome
 *
 * Return: "broken", "kept", ...
 */
const char *clause_outcome_name(enum clause_outcome outcome)
{
	return clause_outcome_names[outcome];
}
