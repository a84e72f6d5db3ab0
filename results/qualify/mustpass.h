/* SPDX-License-Identifier: GPL-2.0-only */
/* The list of tests that a driver has to pass, frozen with a version of the suite. */
#ifndef VMIG_RESULTS_MUSTPASS_H
#define VMIG_RESULTS_MUSTPASS_H

#include <stdbool.h>
#include <stdio.h>

#include "run.h"

/* What decides which tests a device has to pass; the names are in mustpass.c. */
enum mustpass_trait {
	TRAIT_P2P = 1,
	TRAIT_PRE_COPY = 2,
	TRAIT_DMA_LOGGING = 4,
	TRAIT_PCI = 8,
};

#define TRAITS_NR 4
#define TRAITS_ALL ((1U << TRAITS_NR) - 1)

/**
 * struct mustpass_section - tests for devices of one kind
 * @name: as the list has it, "P2P, no PRE_COPY"
 * @need: traits that such a device has
 * @lack: traits that it has not
 */
struct mustpass_section {
	char *name;
	unsigned int need, lack;
	/* private: */
	struct mustpass_section *next;
};

/**
 * struct mustpass_test - a test of the list
 * @chapter: its chapter
 * @name: fixture.variant.test
 * @section: who has to pass it
 */
struct mustpass_test {
	char *chapter, *name;
	const struct mustpass_section *section;
	/* private: */
	struct mustpass_test *next;
};

/**
 * struct mustpass - the list
 * @version: of the suite that it belongs to
 * @rounds: how often all of it is run
 * @seed: what chance begins with in the first round; the next has the next number
 * @stress: the bounds of the tests by chance, "brief" or "full"
 * @excuses: reasons of a skip that are no fault of device or run, globs
 * @sections: in the order of the list
 * @tests: the same
 * @nr_tests: their number
 */
struct mustpass {
	char *version, *stress;
	unsigned int rounds, seed;
	struct line *excuses;
	struct mustpass_section *sections;
	struct mustpass_test *tests;
	unsigned int nr_tests;
};

struct mustpass *mustpass_parse(struct arena *arena, struct text contents, char **error);
unsigned int mustpass_traits(const struct environment *env);
bool mustpass_applies(const struct mustpass_section *s, unsigned int traits);
bool mustpass_excused(const struct mustpass *m, const char *reason, unsigned int traits);
char *mustpass_section_name(struct arena *arena, unsigned int need, unsigned int lack);

#endif /* VMIG_RESULTS_MUSTPASS_H */
