// SPDX-License-Identifier: GPL-2.0-only
/* Stress level of a run, and a seeded random generator. See random.h. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "random.h"

/**
 * vmig_stress - how many times a test that stresses the device may do what it does
 * @brief: in a run that does not ask for stress: seconds at most, for all of the chapter
 * @full: with --stress
 *
 * VMIG_STRESS says which: `full`, `brief` or `off`. On a host with the hardware nothing is
 * stressed unless the user asks; in the guest a run has the brief form.
 *
 * Return: one of the two numbers, or 0.
 */
unsigned int vmig_stress(unsigned int brief, unsigned int full)
{
	const char *env = getenv("VMIG_STRESS");

	if (env && !strcmp(env, "full"))
		return full;
	return env && !strcmp(env, "brief") ? brief : 0;
}

/**
 * vmig_seed - the seed of this run
 *
 * VMIG_SEED, else another one each time; printed once, for who wants to repeat it.
 *
 * Return: the seed.
 */
uint64_t vmig_seed(void)
{
	const char *env = getenv("VMIG_SEED");
	static uint64_t seed;
	static bool known;

	if (known)
		return seed;
	known = true;
	if (env && *env)
		seed = strtoull(env, NULL, 0);
	else if (getrandom(&seed, sizeof(seed), 0) != sizeof(seed))
		seed = 1;
	/* Short enough to be typed. */
	seed &= 0xffffffff;
	printf("# vmig: seed %llu\n", (unsigned long long)seed);
	return seed;
}

/**
 * vmig_rng_seed - begin a sequence
 * @c: the sequence
 * @stream: which of those of this run's seed; one thread has one
 */
void vmig_rng_seed(struct vmig_rng *c, uint64_t stream)
{
	c->state = (vmig_seed() << 32) ^ stream;
}

/**
 * vmig_rng_next - 64 random bits
 * @c: the sequence
 *
 * The generator splitmix64 (Steele, Lea, Flood: Fast splittable pseudorandom number
 * generators, OOPSLA 2014): any state is a good one.
 *
 * Return: the number.
 */
uint64_t vmig_rng_next(struct vmig_rng *c)
{
	uint64_t z = c->state += 0x9e3779b97f4a7c15;

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
	z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
	return z ^ (z >> 31);
}

/**
 * vmig_rng_below - a random number
 * @c: the sequence
 * @limit: greater than each number that can come; not 0
 *
 * Return: the number.
 */
uint64_t vmig_rng_below(struct vmig_rng *c, uint64_t limit)
{
	return vmig_rng_next(c) % limit;
}
