/* SPDX-License-Identifier: GPL-2.0-only */
/* What is known of a driver, from the profile that VMIG_PROFILE names. */
#ifndef VMIG_HARNESS_PROFILE_H
#define VMIG_HARNESS_PROFILE_H

#include <stdbool.h>

/**
 * struct vmig_deviation - one known breach
 * @clause: the clause, "RES-07"; NULL for what takes the kernel down (lethal:)
 * @tests: glob on fixture.variant.test: only these tests may see it
 * @where: file:line function() in the driver's source
 * @reason: why, one sentence
 * @sometimes: a race, which need not come in each run
 */
struct vmig_deviation {
	const char *clause;
	const char *tests;
	const char *where;
	const char *reason;
	bool sometimes;
};

void vmig_profile_load(void);
const struct vmig_deviation *vmig_profile_find(const char *clause, const char *test);
const struct vmig_deviation *vmig_profile_lethal(const char *test);

#endif /* VMIG_HARNESS_PROFILE_H */
