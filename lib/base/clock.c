// SPDX-License-Identifier: GPL-2.0-only
/* Monotonic clock in milliseconds, for timeouts. */
#include <time.h>

#include <vmig/clock.h>

/**
 * vmig_now_ms - milliseconds of CLOCK_MONOTONIC
 *
 * Return: milliseconds since some moment in the past.
 */
uint64_t vmig_now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000ULL + t.tv_nsec / 1000000;
}
