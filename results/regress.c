// SPDX-License-Identifier: GPL-2.0-only
/*
 * Has a metric become worse?
 *
 * The values of one night share what was on the machine that night, so a night counts once, as
 * the logarithm of its median: what is one percent slower is so at any speed. Nights before of
 * the same host, kernel, device and driver say how much honest nights differ. Tonight is a
 * regression of a metric if all of this holds:
 *
 *  - It is outside the one-sided prediction interval of Student for one more night (the mean
 *    and deviation of k nights, k - 1 degrees of freedom, deviation times sqrt(1 + 1/k)), with
 *    the probability corrected by Holm's procedure for all metrics of that host and night. The
 *    deviation is the ordinary one and not a robust one, since a night that was slow for no
 *    fault of the driver is what has to be allowed for.
 *  - It is worse than each single one of those nights.
 *  - Its values as a whole are worse than theirs: Mann and Whitney's U over the product of the
 *    sizes is at least 0.9. As values of one night are not independent, U gives the size of the
 *    effect here, and no probability.
 *  - The median is worse by at least 5 %, and by more than the worst and the best of those nights
 *    differ.
 *  - It is still worse by these 5 % when the share is taken off by which the machine itself
 *    was slower (metrics that are called ceiling.*, copies with no driver in them).
 *
 * A night that is a regression does not become part of what later ones are compared with. Five
 * better ones in a row do, alone: what was won must not be lost without a word.
 */
#include <math.h>
#include <string.h>

#include "nights.h"

/* In a night in which nothing has changed, how often is there any alarm on a host? */
#define ALPHA 0.01
#define SUPERIOR 0.9
#define EFFECT_MIN 0.05
/* Clocks and machines are not finer than that, whatever a few nights say. */
#define DEVIATION_MIN 0.005

static bool of_machine(const struct track *t)
{
	return !strncmp(t->name, "ceiling.", strlen("ceiling."));
}

/* A metric of the night that is being judged. */
struct candidate {
	struct track *track;
	struct point *point;
	double worst, best, better_p;
};

static void compare(struct candidate *c)
{
	double level[BASELINE_MAX], median[BASELINE_MAX], mean, deviation, t;
	const struct track *track = c->track;
	size_t i, k = track->nr_baseline;
	struct point *now = c->point;

	for (i = 0; i < k; i++) {
		level[i] = track->points[track->baseline[i]].level;
		median[i] = track->points[track->baseline[i]].q.p50;
	}
	mean = stats_mean(level, k);
	deviation = fmax(stats_deviation(level, k), DEVIATION_MIN);
	stats_sort(level, k);
	c->best = level[0];
	c->worst = level[k - 1];
	stats_sort(median, k);
	now->base = stats_quantile(median, k, 0.5);
	now->shift = now->level - stats_quantile(level, k, 0.5);
	now->nights = k;
	t = (now->level - mean) / (deviation * sqrt(1 + 1 / (double)k));
	now->p = stats_student_tail(t, (double)k - 1);
	c->better_p = stats_student_tail(-t, (double)k - 1);
}

/* How often a value of tonight is worse than one of the nights before. */
static double superiority(const struct candidate *c)
{
	const struct track *t = c->track;
	const struct point *p;
	double u = 0, pairs = 0, share;
	size_t i;

	for (i = 0; i < t->nr_baseline; i++) {
		p = &t->points[t->baseline[i]];
		share = (double)p->n;
		u += share * stats_superiority(c->point->v, c->point->n, p->v, p->n);
		pairs += share;
	}
	return t->more_is_better ? 1 - u / pairs : u / pairs;
}

static bool is_worse(const struct candidate *c, bool rejected, double machine)
{
	const struct point *p = c->point;
	double least = fmax(log1p(EFFECT_MIN), c->worst - c->best);

	return rejected && p->level > c->worst && p->shift > least &&
	       p->shift - fmax(machine, 0) > log1p(EFFECT_MIN) && superiority(c) >= SUPERIOR;
}

static bool is_better(const struct candidate *c, bool rejected)
{
	const struct point *p = c->point;
	double least = fmax(log1p(EFFECT_MIN), c->worst - c->best);

	return rejected && p->level < c->best && -p->shift > least &&
	       superiority(c) <= 1 - SUPERIOR;
}

static void remember(struct track *t, size_t i)
{
	if (t->nr_baseline == BASELINE_MAX)
		memmove(t->baseline, t->baseline + 1, --t->nr_baseline * sizeof(t->baseline[0]));
	t->baseline[t->nr_baseline++] = i;
}

static void settle(struct candidate *c, bool worse, bool better)
{
	struct track *t = c->track;
	struct point *p = c->point;
	size_t i = (size_t)(p - t->points);

	p->judgement = worse ? JUDGED_WORSE : better ? JUDGED_BETTER : JUDGED_SAME;
	t->better = better ? t->better + 1 : 0;
	if (worse) {
		p->since = i && p[-1].since ? p[-1].since : p;
		return;
	}
	if (t->better >= NIGHTS_MIN) {
		/* The new level is what has to be kept from now on. */
		t->nr_baseline = 0;
		for (i = i + 1 - NIGHTS_MIN; &t->points[i] < p; i++)
			remember(t, i);
		t->better = 0;
	}
	remember(t, (size_t)(p - t->points));
}

/* The points of one night of one host that have enough nights before them, and its machine. */
static size_t candidates(struct nights *n, const char *night, const char *host,
			 struct candidate **list)
{
	struct candidate *c;
	struct device *d;
	struct track *t;
	struct point *p;
	size_t nr = 0;

	*list = NULL;
	for (d = n->devices; d; d = d->next) {
		if (strcmp(d->host, host))
			continue;
		for (t = d->tracks; t; t = t->next) {
			if (t->at == t->nr || strcmp(t->points[t->at].run->night, night))
				continue;
			p = &t->points[t->at++];
			p->nights = t->nr_baseline;
			if (t->nr_baseline < NIGHTS_MIN) {
				remember(t, t->at - 1);
				continue;
			}
			*list = pool_grow(n->history->pool, *list, nr, sizeof(**list));
			c = &(*list)[nr++];
			memset(c, 0, sizeof(*c));
			c->track = t;
			c->point = p;
			compare(c);
		}
	}
	return nr;
}

/* How much slower the machine was, in logarithms: the median over what measures it. */
static double machine_shift(struct pool *pool, const struct candidate *list, size_t nr,
			    const struct device *d)
{
	double *shift = pool_alloc(pool, (nr + 1) * sizeof(*shift));
	size_t i, k = 0;

	for (i = 0; i < nr; i++)
		if (of_machine(list[i].track) && (!d || list[i].track->device == d))
			shift[k++] = list[i].point->shift;
	if (!k)
		return d ? machine_shift(pool, list, nr, NULL) : 0;
	stats_sort(shift, k);
	return stats_quantile(shift, k, 0.5);
}

static void judge_night(struct nights *n, const char *night, const char *host)
{
	struct pool *pool = n->history->pool;
	struct candidate *list;
	bool *worse, *better;
	size_t nr = candidates(n, night, host, &list), i;
	double *p, *q;

	if (!nr)
		return;
	p = pool_alloc(pool, nr * sizeof(*p));
	q = pool_alloc(pool, nr * sizeof(*q));
	worse = pool_alloc(pool, nr * sizeof(*worse));
	better = pool_alloc(pool, nr * sizeof(*better));
	for (i = 0; i < nr; i++) {
		p[i] = list[i].point->p;
		q[i] = list[i].better_p;
	}
	stats_holm(p, nr, ALPHA, worse);
	stats_holm(q, nr, ALPHA, better);
	for (i = 0; i < nr; i++) {
		if (of_machine(list[i].track)) {
			settle(&list[i], false, false);
			list[i].point->judgement = JUDGED_MACHINE;
			continue;
		}
		settle(&list[i],
		       is_worse(&list[i], worse[i],
				machine_shift(pool, list, nr, list[i].track->device)),
		       is_better(&list[i], better[i]));
	}
}

/* The runs of a night stand side by side, those of several hosts among each other. */
static bool first_of_night(const struct nights *n, size_t i)
{
	const struct past_run *r = n->runs[i];
	size_t j;

	for (j = i; j && !strcmp(n->runs[j - 1]->night, r->night); j--)
		if (!strcmp(n->runs[j - 1]->host, r->host))
			return false;
	return true;
}

/**
 * nights_judge - judge each night as if it were the newest, in order
 * @n: from nights_load()
 *
 * Nothing of it is kept in the history: the same rows give the same judgement, on whatever
 * machine they have been merged.
 */
void nights_judge(struct nights *n)
{
	const struct device *d;
	const struct point *p;
	const struct track *t;
	size_t i;

	for (i = 0; i < n->nr_runs; i++)
		if (first_of_night(n, i))
			judge_night(n, n->runs[i]->night, n->runs[i]->host);
	for (d = n->devices; d; d = d->next) {
		for (t = d->tracks; t; t = t->next) {
			p = track_last(t);
			if (!p)
				continue;
			n->worse += p->judgement == JUDGED_WORSE;
			n->judged += p->judgement != JUDGED_FEW;
			n->few += p->judgement == JUDGED_FEW;
		}
	}
}
