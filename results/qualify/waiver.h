/* SPDX-License-Identifier: GPL-2.0-only */
/* Waivers: breaches that a qualification takes, each by name, with a link and a last day. */
#ifndef VMIG_RESULTS_WAIVER_H
#define VMIG_RESULTS_WAIVER_H

#include <stdbool.h>

#include <vmig/arena.h>
#include <vmig/clauses.h>
#include <vmig/profile.h>
#include <vmig/text.h>

/**
 * struct waiver - a "waiver:" line of configs/waivers/NAME.conf
 * @line: its number in the file
 * @clause: the clause whose breach is taken
 * @glob: the tests that may find it, fixture.variant.test
 * @driver: the drivers that it is for, a glob
 * @kernels: the kernels that it is for, as it says them: "6.7-6.12", "6.18-", both ends included
 * @expires: the last day on which it is valid, "2027-03-31"
 * @link: the public discussion
 * @reason: why, one sentence
 * @used: breaches that it took, counted by who judges
 */
struct waiver {
	unsigned int line;
	const struct vmig_clause *clause;
	char *glob, *driver, *kernels, *expires, *link, *reason;
	unsigned int used;
	/* private: */
	struct waiver *next;
};

struct waiver *waivers_parse(struct arena *arena, struct text contents, char **error);
bool waiver_covers(const struct waiver *w, const char *driver, const char *kernel);
bool waiver_expired(const struct waiver *w, const char *day);
struct vmig_profile *waivers_profile(struct arena *arena, struct waiver *w, const char *driver,
				     const char *kernel);

#endif /* VMIG_RESULTS_WAIVER_H */
