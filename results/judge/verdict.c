// SPDX-License-Identifier: GPL-2.0-only
/*
 * Derive one verdict, one exit code and one sentence from the outcomes. The first of
 * these that applies:
 *
 *	130  the run was interrupted
 *	1    a clause was violated that no profile knows of
 *	2    no test ran at all
 *	1    tests were inconclusive, crashed, hung or never ran; the guest or the device was lost;
 *	     the run's own files are damaged
 *	1    a deviation that the profile lists did not come
 *	3    the kernel complained, and no profile knows of it
 *	2    the device has no migration support, or has it in a run of a device without; or every
 *	     test was skipped
 *	0    conformant, as it is or but for known deviations
 */
#include <stdio.h>
#include <string.h>

#include "verdict.h"

static const char *const verdict_names[] = {
	[VERDICT_CONFORMANT] = "conformant",	     [VERDICT_DEVIATING] = "deviating",
	[VERDICT_NOT_CONFORMANT] = "not conformant", [VERDICT_OUT_OF_DATE] = "profile out of date",
	[VERDICT_INCOMPLETE] = "incomplete",	     [VERDICT_COMPLAINT] = "kernel complained",
	[VERDICT_UNTESTED] = "not tested",	     [VERDICT_INTERRUPTED] = "interrupted",
};

/**
 * judge_verdict_name - the verdict in a word or three
 * @verdict: the verdict
 *
 * Return: "conformant", "not conformant", ...
 */
const char *judge_verdict_name(enum verdict verdict)
{
	return verdict_names[verdict];
}

static const char *plural(unsigned int n)
{
	return n == 1 ? "" : "s";
}

/* Adds "3 tests crashed" to a list that is separated by commas. */
static const char *list(struct run *run, const char *so_far, unsigned int n, const char *what)
{
	if (!n)
		return so_far;
	return arena_printf(run->arena, "%s%s%u %s", so_far, *so_far ? ", " : "", n, what);
}

/* Why tests could not judge, "" where nothing did. */
static const char *trouble(struct run *run)
{
	static const char *const lost[] = {
		[RUN_TIMEOUT] = "the run took too long and was stopped",
		[RUN_GUEST_DIED] = "the guest died",
		[RUN_DEVICE_LOST] = "the device was lost",
		[RUN_UNKNOWN] = NULL,
	};
	const char *s = lost[run->record.status] ? lost[run->record.status] : "";

	s = list(run, s, run->count[OUTCOME_CRASHED], "crashed");
	s = list(run, s, run->count[OUTCOME_TIMEOUT], "timed out");
	s = list(run, s, run->count[OUTCOME_INCONCLUSIVE], "inconclusive");
	s = list(run, s, run->not_run, "not run");
	return list(run, s, run->nr_problems,
		    run->nr_problems == 1 ? "problem with the run" : "problems with the run");
}

static const char *not_conformant_sentence(struct run *run, const char *trouble)
{
	const char *s;

	s = arena_printf(run->arena,
			 "NOT conformant: %u clause%s violated by the driver, %u by the VFIO core",
			 run->violated_by[VMIG_DRIVER], plural(run->violated_by[VMIG_DRIVER]),
			 run->violated_by[VMIG_CORE]);
	s = list(run, s, run->violated_by[VMIG_EITHER], "by one of the two");
	s = list(run, s, run->unknown_clauses, "of another catalogue");
	if (*trouble)
		s = arena_printf(run->arena, "%s (and tests that could not judge: %s)", s, trouble);
	return s;
}

static const char *untested_sentence(struct run *run)
{
	const struct chapter *c;
	const char *why = NULL;

	if (run->env.migration == HAS && run->record.without_migration) {
		why = "the device offers migration, and --without-migration is for one that "
		      "offers none";
	} else if (run->env.migration == HAS_NOT && !run->record.without_migration) {
		why = "the device offers no migration (GET of VFIO_DEVICE_FEATURE_MIGRATION is "
		      "refused)";
	} else if (run->skips) {
		why = arena_printf(run->arena, "every test was skipped (%s)", run->skips->reason);
	} else if (run->record.status == RUN_GUEST_DIED) {
		why = "the guest died before the first test, console.log has its last words";
	} else if (run->record.tests) {
		why = arena_printf(run->arena, "no test matches '%s', --list shows their names",
				   run->record.tests);
	}
	for (c = run->chapters; c && !why; c = c->next)
		why = c->skip ? c->skip : c->bail;
	if (!why && run->problems)
		why = run->problems->text;
	if (!why)
		why = "no test ran";
	return arena_printf(run->arena, "could not be tested: %s", why);
}

static const char *out_of_date_sentence(struct run *run)
{
	unsigned int passed = run->count[OUTCOME_XPASS];
	const char *s = "";

	s = list(run, s, passed,
		 passed == 1 ? "test passed unexpectedly" : "tests passed unexpectedly");
	s = list(run, s, run->unused,
		 run->unused == 1 ? "known deviation never came" : "known deviations never came");
	return arena_printf(run->arena, "no clause violated, but the profile is out of date: %s",
			    s);
}

/* A verdict on a part of the suite must not read like one on the whole. */
static const char *chosen(const struct run *run)
{
	const char *s = run->record.without_migration ? ", as a device without migration" : "";

	if (run->record.mustpass)
		return arena_printf(run->arena, ", as far as the mustpass list %s goes",
				    run->record.mustpass);
	if (!run->record.tests)
		return s;
	return arena_printf(run->arena, "%s, as far as the tests that match '%s' go", s,
			    run->record.tests);
}

/* What was asked for is a device with migration, or one without. */
static bool another_device(const struct run *run)
{
	return run->env.migration == (run->record.without_migration ? HAS : HAS_NOT);
}

static void set(struct run *run, enum verdict v, int exit_code, const char *sentence)
{
	run->verdict = v;
	run->exit_code = exit_code;
	run->sentence = sentence;
}

static void decide(struct run *run)
{
	const char *t = trouble(run);

	if (run->record.status == RUN_INTERRUPTED)
		set(run, VERDICT_INTERRUPTED, 130,
		    arena_printf(run->arena,
				 "interrupted: no verdict on a part of the tests; %u failed so far",
				 run->count[OUTCOME_FAIL]));
	else if (run->count[OUTCOME_FAIL])
		set(run, VERDICT_NOT_CONFORMANT, 1, not_conformant_sentence(run, t));
	else if (!run->nr_tests)
		set(run, VERDICT_UNTESTED, 2, untested_sentence(run));
	else if (*t)
		set(run, VERDICT_INCOMPLETE, 1,
		    arena_printf(run->arena, "no verdict, tests could not judge: %s", t));
	else if (run->count[OUTCOME_XPASS] || run->unused)
		set(run, VERDICT_OUT_OF_DATE, 1, out_of_date_sentence(run));
	else if (run->complained)
		set(run, VERDICT_COMPLAINT, 3,
		    arena_printf(run->arena,
				 "no clause violated, but the kernel complained %u time%s",
				 run->complained, plural(run->complained)));
	else if (another_device(run) || run->count[OUTCOME_SKIP] == run->nr_tests)
		set(run, VERDICT_UNTESTED, 2, untested_sentence(run));
	else if (run->count[OUTCOME_XFAIL])
		set(run, VERDICT_DEVIATING, 0,
		    arena_printf(run->arena,
				 "conformant but for %u known deviation%s (in %u test%s)%s",
				 run->used, plural(run->used), run->count[OUTCOME_XFAIL],
				 plural(run->count[OUTCOME_XFAIL]), chosen(run)));
	else
		set(run, VERDICT_CONFORMANT, 0,
		    arena_printf(run->arena, "conformant%s", chosen(run)));
}

/**
 * judge_verdict - the verdict on a run
 * @run: the run after judge_run()
 *
 * Sets @verdict, @exit_code and @sentence.
 */
void judge_verdict(struct run *run)
{
	decide(run);
	/* Must not be read as one on the vendor's card. */
	if (run->env.simulated || run->record.stand_in)
		run->sentence = arena_printf(run->arena, "%s (driver code on simulated firmware)",
					     run->sentence);
}
