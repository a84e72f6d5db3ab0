/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Samples of a measurement: the values in their order, and their spread. One
 * number is no measurement on a machine that does other things too.
 */
#ifndef VMIG_RESULTS_SAMPLES_H
#define VMIG_RESULTS_SAMPLES_H

#include <stdbool.h>

#include <vmig/arena.h>
#include <vmig/text.h>

/**
 * struct samples - one thing that was measured, in one test
 * @name: what, dotted, with its parameters: "save.plain_1m.bytes_per_second"
 * @unit: "us", "B", "B/s"
 * @values: as they came
 * @n: their number, never 0
 * @next: the next thing of the same test
 */
struct samples {
	char *name;
	char *unit;
	double *values;
	size_t n;
	struct samples *next;
};

/**
 * struct spread - where the values lie, in their unit
 * @min: the least of them
 * @p25: a quarter of them lies below this
 * @p50: the median
 * @p75: three quarters lie below this
 * @p95: 19 of 20 lie below this
 * @max: the greatest
 */
struct spread {
	double min, p25, p50, p75, p95, max;
};

struct samples *samples_of(struct arena *arena, struct samples **list, struct text name,
			   struct text unit);
void samples_add(struct arena *arena, struct samples *s, double value);
void samples_spread(struct arena *arena, const struct samples *s, struct spread *spread);

#endif /* VMIG_RESULTS_SAMPLES_H */
