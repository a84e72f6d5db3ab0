// SPDX-License-Identifier: GPL-2.0-only
/* Samples of a measurement. */
#include <string.h>

#include "samples.h"
#include "stats.h"

/**
 * samples_of - the values of one name and unit
 * @arena: where a new one goes
 * @list: those of the test; a new one is put at its end
 * @name: what was measured
 * @unit: its unit
 *
 * The same name with another unit is another thing.
 *
 * Return: the one that there was, or a new one without values.
 */
struct samples *samples_of(struct arena *arena, struct samples **list, struct text name,
			   struct text unit)
{
	char *clean_name = text_clean(arena, name), *clean_unit = text_clean(arena, unit);
	struct samples *s;

	for (; *list; list = &(*list)->next)
		if (!strcmp((*list)->name, clean_name) && !strcmp((*list)->unit, clean_unit))
			return *list;
	s = arena_alloc(arena, sizeof(*s));
	s->name = clean_name;
	s->unit = clean_unit;
	*list = s;
	return s;
}

/**
 * samples_add - one more value
 * @arena: where it goes
 * @s: of these
 * @value: finite, in their unit
 */
void samples_add(struct arena *arena, struct samples *s, double value)
{
	s->values = arena_grow(arena, s->values, s->n, sizeof(*s->values));
	s->values[s->n++] = value;
}

/**
 * samples_spread - where the values lie
 * @arena: for a sorted copy
 * @s: the values, one or more
 * @spread: the answer
 */
void samples_spread(struct arena *arena, const struct samples *s, struct spread *spread)
{
	double *sorted = arena_alloc(arena, s->n * sizeof(*sorted));

	memcpy(sorted, s->values, s->n * sizeof(*sorted));
	stats_sort(sorted, s->n);
	spread->min = sorted[0];
	spread->p25 = stats_quantile(sorted, s->n, 0.25);
	spread->p50 = stats_quantile(sorted, s->n, 0.50);
	spread->p75 = stats_quantile(sorted, s->n, 0.75);
	spread->p95 = stats_quantile(sorted, s->n, 0.95);
	spread->max = sorted[s->n - 1];
}
