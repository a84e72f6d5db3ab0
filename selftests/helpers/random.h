/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Stress level of a run, and a seeded random generator. Chapters that stress a driver
 * take their numbers from here, so that one switch and one seed govern all of them.
 */
#ifndef VMIG_HELPERS_RANDOM_H
#define VMIG_HELPERS_RANDOM_H

#include <stdbool.h>
#include <stdint.h>

/**
 * struct vmig_rng - a sequence of random numbers that a seed determines
 * @state: where it is
 */
struct vmig_rng {
	uint64_t state;
};

unsigned int vmig_stress(unsigned int brief, unsigned int full);
uint64_t vmig_seed(void);
void vmig_rng_seed(struct vmig_rng *c, uint64_t stream);
uint64_t vmig_rng_next(struct vmig_rng *c);
uint64_t vmig_rng_below(struct vmig_rng *c, uint64_t limit);

/* What a test without a number is skipped with. */
#define VMIG_NO_STRESS "the device is not to be stressed (--stress)"

#endif /* VMIG_HELPERS_RANDOM_H */
