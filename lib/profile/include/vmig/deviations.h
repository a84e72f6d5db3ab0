/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the deviations of a profile make of a breach and of a test: one piece of code, by which a
 * test program says what it found and by which the report judges it.
 */
#ifndef VMIG_PROFILE_DEVIATIONS_H
#define VMIG_PROFILE_DEVIATIONS_H

#include <stdbool.h>

#include <vmig/profile.h>

/* What a breach does to the test that found it. */
enum vmig_breach_effect {
	VMIG_BREACH_NOTED, /* the clause is a MAY */
	VMIG_BREACH_KNOWN, /* the profile lists it */
	VMIG_BREACH_WARNS, /* the clause is a SHOULD */
	VMIG_BREACH_FAILS,
};

/* What a test comes to that ran to its end. */
enum vmig_test_result {
	VMIG_TEST_PASS,
	VMIG_TEST_FAIL,
	VMIG_TEST_XFAIL, /* nothing but known deviations came */
	VMIG_TEST_XPASS, /* a deviation that must come did not */
	VMIG_TEST_SKIP, /* there was nothing to check */
};

void vmig_deviations_for_kernel(struct vmig_profile *p, const char *release);
struct vmig_deviation *vmig_deviation_find(const struct vmig_profile *p, const char *clause,
					   const char *test);
struct vmig_deviation *vmig_deviation_due(const struct vmig_profile *p, const char *test);
const struct vmig_deviation *vmig_deviation_crashes(const struct vmig_profile *p, const char *test);
enum vmig_breach_effect vmig_breach_effect(const struct vmig_clause *clause, bool known,
					   bool strict);
enum vmig_test_result vmig_test_result(bool failed, bool known, bool checked, bool due);

#endif /* VMIG_PROFILE_DEVIATIONS_H */
