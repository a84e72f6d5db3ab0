// SPDX-License-Identifier: GPL-2.0-only
/*
 * Fuzz target: what a profile makes of a breach and of a test, as test programs and report decide
 * it. The input is a profile.
 */
#include <string.h>

#include <vmig/deviations.h>

#include "fuzz.h"

static const char *const tests[] = { "resume.cdev.corrupt_magic", "fd.group.cloexec", "" };

static void check_line(const struct vmig_deviation *d, const char *clause)
{
	if (!d)
		return;
	MUST(!clause == !d->clause && d->line && *d->glob && *d->source && *d->reason);
	MUST(!clause || !strcmp(d->clause->id, clause));
	fuzz_clean(d->glob);
	fuzz_clean(d->source);
	fuzz_clean(d->reason);
}

/* What is known in a test, of each clause. */
static void check_test(const struct vmig_profile *p, const char *test)
{
	const struct vmig_deviation *due = vmig_deviation_due(p, test), *d;
	bool any = false;
	int i;

	check_line(vmig_deviation_crashes(p, test), NULL);
	for (i = 0; i < VMIG_NR_CLAUSES; i++) {
		d = vmig_deviation_find(p, vmig_clauses[i].id, test);
		check_line(d, vmig_clauses[i].id);
		any |= !!d;
		MUST(vmig_breach_effect(&vmig_clauses[i], d, true) !=
		     (d ? VMIG_BREACH_FAILS : VMIG_BREACH_KNOWN));
	}
	/* What must come can come. */
	MUST(!due || (any && !due->sometimes));
	MUST(vmig_test_result(false, false, true, due) == (due ? VMIG_TEST_XPASS : VMIG_TEST_PASS));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena *arena = arena_new();
	const struct vmig_deviation *d;
	unsigned int before, n = 0;
	struct vmig_profile *p;
	char *wrong = NULL;
	size_t i;

	p = vmig_profile_parse(arena, (struct text){ (char *)data, size }, &wrong);
	if (p) {
		before = p->nr_deviations;
		vmig_deviations_for_kernel(p, NULL);
		MUST(p->nr_deviations == before);
		for (i = 0; i < sizeof(tests) / sizeof(tests[0]); i++)
			check_test(p, tests[i]);
		vmig_deviations_for_kernel(p, "6.12.117");
		for (d = p->deviations; d; d = d->next)
			n++;
		MUST(n == p->nr_deviations && n <= before);
		for (i = 0; i < sizeof(tests) / sizeof(tests[0]); i++)
			check_test(p, tests[i]);
	}
	arena_free(arena);
	return 0;
}
