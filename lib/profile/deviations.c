// SPDX-License-Identifier: GPL-2.0-only
/* What the deviations of a profile make of a breach and of a test. See deviations.h. */
#include <fnmatch.h>
#include <string.h>

#include <vmig/deviations.h>
#include <vmig/kernel_range.h>
#include <vmig/place.h>

static unsigned int keep_kernel(struct vmig_deviation **d, const char *source, const char *release)
{
	unsigned int kept = 0;

	while (*d) {
		if (!*(*d)->kernels || vmig_kernel_in((*d)->kernels, release)) {
			vmig_place_for_kernel((*d)->source, source, (*d)->kernels, release);
			d = &(*d)->next;
			kept++;
		} else {
			*d = (*d)->next;
		}
	}
	return kept;
}

/**
 * vmig_deviations_for_kernel - keep the deviations and the known crashes of one kernel
 * @p: the profile, or NULL for none
 * @release: uname -r, or NULL where nobody knows, which keeps all
 *
 * Their places are those of this kernel, see vmig_place_for_kernel().
 */
void vmig_deviations_for_kernel(struct vmig_profile *p, const char *release)
{
	if (!p)
		return;
	p->nr_deviations = keep_kernel(&p->deviations, p->source, release);
	keep_kernel(&p->crashes, p->source, release);
}

/**
 * vmig_deviation_find - does the profile list this deviation?
 * @p: the profile, or NULL for none
 * @clause: id of the clause that was violated
 * @test: fixture.variant.test that found it
 *
 * Return: the first line that lists it, or NULL.
 */
struct vmig_deviation *vmig_deviation_find(const struct vmig_profile *p, const char *clause,
					   const char *test)
{
	struct vmig_deviation *d;

	for (d = p ? p->deviations : NULL; d; d = d->next)
		if (!strcmp(d->clause->id, clause) && !fnmatch(d->glob, test, 0))
			return d;
	return NULL;
}

/**
 * vmig_deviation_due - does the profile list any deviation that must come in a test?
 * @p: the profile, or NULL for none
 * @test: fixture.variant.test
 *
 * Return: the first line whose glob matches, or NULL.
 */
struct vmig_deviation *vmig_deviation_due(const struct vmig_profile *p, const char *test)
{
	struct vmig_deviation *d;

	for (d = p ? p->deviations : NULL; d; d = d->next)
		if (!d->sometimes && !fnmatch(d->glob, test, 0))
			return d;
	return NULL;
}

/**
 * vmig_deviation_crashes - is a test known to take the kernel down?
 * @p: the profile, or NULL for none
 * @test: fixture.variant.test
 *
 * Return: the line that says so, or NULL.
 */
const struct vmig_deviation *vmig_deviation_crashes(const struct vmig_profile *p, const char *test)
{
	const struct vmig_deviation *d;

	for (d = p ? p->crashes : NULL; d; d = d->next)
		if (!fnmatch(d->glob, test, 0))
			return d;
	return NULL;
}

/**
 * vmig_breach_effect - what does a breach do to the test that found it?
 * @clause: the clause that was violated, or NULL for one that the catalogue does not have
 * @known: the profile lists it
 * @strict: a SHOULD is taken for a MUST (--strict)
 *
 * Return: the effect.
 */
enum vmig_breach_effect vmig_breach_effect(const struct vmig_clause *clause, bool known,
					   bool strict)
{
	if (clause && clause->level == VMIG_MAY)
		return VMIG_BREACH_NOTED;
	if (known)
		return VMIG_BREACH_KNOWN;
	if (clause && clause->level == VMIG_SHOULD && !strict)
		return VMIG_BREACH_WARNS;
	return VMIG_BREACH_FAILS;
}

/**
 * vmig_test_result - what does a test come to that ran to its end?
 * @failed: it found a breach that fails it
 * @known: it found a breach that is known
 * @checked: it checked any clause
 * @due: the profile lists a deviation that must come in it, see vmig_deviation_due()
 *
 * Return: the result.
 */
enum vmig_test_result vmig_test_result(bool failed, bool known, bool checked, bool due)
{
	if (failed)
		return VMIG_TEST_FAIL;
	if (known)
		return VMIG_TEST_XFAIL;
	if (!checked)
		return VMIG_TEST_SKIP;
	return due ? VMIG_TEST_XPASS : VMIG_TEST_PASS;
}
