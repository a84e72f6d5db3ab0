/* SPDX-License-Identifier: GPL-2.0-only */
/* What is known of a driver: a profile, configs/devices/NAME.conf. */
#ifndef VMIG_PROFILE_PROFILE_H
#define VMIG_PROFILE_PROFILE_H

#include <stdbool.h>

#include <vmig/arena.h>
#include <vmig/clauses.h>
#include <vmig/text.h>

/**
 * struct vmig_deviation - a "deviation:", "sometimes:" or "crashes:" line of a profile
 * @line: its number in the file
 * @clause: the clause that is violated; NULL for what takes the kernel down (crashes:)
 * @glob: the tests that may find it, fixture.variant.test
 * @kernels: "FROM-TO", the kernels that have it, "" for all; see vmig_kernel_in()
 * @source: where in the driver it comes from, file:line function(); of several kernels until
 *          vmig_deviations_for_kernel()
 * @reason: why, one sentence
 * @sometimes: a race, which need not come in each run
 * @came: tests of a run that found it; this and the next two are for the report's judge_run()
 * @missed: tests of a run that looked for it in vain
 * @met: tests of a run that the glob names
 */
struct vmig_deviation {
	unsigned int line;
	const struct vmig_clause *clause;
	char *glob;
	char *kernels;
	char *source;
	char *reason;
	bool sometimes;
	unsigned int came, missed, met;
	/* private: */
	struct vmig_deviation *next;
};

/**
 * struct vmig_profile_line - a line of a profile
 * @key: what stands in front of the colon
 * @value: what stands behind it, without blanks around it
 */
struct vmig_profile_line {
	char *key;
	char *value;
	/* private: */
	struct vmig_profile_line *next;
};

/**
 * struct vmig_profile - a profile
 * @driver: the driver it is for, or NULL
 * @source: what the line numbers of the deviations refer to, or NULL
 * @verified: where it was seen to be right, or NULL
 * @lines: all lines in the order of the file
 * @deviations: the rules that the driver breaks, in the order of the file
 * @nr_deviations: their number
 * @crashes: the tests that take the kernel down, in the order of the file
 */
struct vmig_profile {
	const char *driver;
	const char *source;
	const char *verified;
	struct vmig_profile_line *lines;
	struct vmig_deviation *deviations;
	unsigned int nr_deviations;
	struct vmig_deviation *crashes;
};

struct vmig_profile *vmig_profile_parse(struct arena *arena, struct text contents, char **error);
const char *vmig_profile_value(const struct vmig_profile *p, const char *key);

#endif /* VMIG_PROFILE_PROFILE_H */
