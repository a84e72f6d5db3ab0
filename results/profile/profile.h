/* SPDX-License-Identifier: GPL-2.0-only */
/* The deviations of a driver that its profile lists. */
#ifndef VMIG_RESULTS_PROFILE_H
#define VMIG_RESULTS_PROFILE_H

#include <vmig/arena.h>
#include <vmig/clauses.h>
#include <vmig/text.h>

/**
 * struct deviation - a "deviation:" or "sometimes:" line of a profile
 * @line: its number in the file
 * @clause: the clause that is violated
 * @glob: the tests that may find it, fixture.variant.test
 * @kernels: "FROM-TO", the kernels that have it, "" for all; see vmig_kernel_in()
 * @source: where in the driver it comes from
 * @reason: why, one sentence
 * @sometimes: a race, which need not come in each run
 * @came: tests of this run that found it, counted by judge_run()
 * @missed: tests of this run that looked for it in vain, the same
 * @met: tests of this run that the glob names, the same
 */
struct deviation {
	unsigned int line;
	const struct vmig_clause *clause;
	char *glob;
	char *kernels;
	char *source;
	char *reason;
	bool sometimes;
	unsigned int came, missed, met;
	/* private: */
	struct deviation *next;
};

/**
 * struct profile - what the report needs of configs/devices/NAME.conf
 * @driver: the driver it is for, or NULL
 * @source: what the line numbers of the deviations refer to, or NULL
 * @verified: where it was seen to be right, or NULL
 * @deviations: in the order of the file
 * @nr_deviations: their number
 */
struct profile {
	char *driver;
	char *source;
	char *verified;
	struct deviation *deviations;
	unsigned int nr_deviations;
};

struct profile *profile_parse(struct arena *arena, struct text contents, char **error);
void profile_for_kernel(struct profile *p, const char *release);
struct deviation *profile_of(const struct profile *profile, const char *test);
struct deviation *profile_find(const struct profile *profile, const char *clause, const char *test);

#endif /* VMIG_RESULTS_PROFILE_H */
