// SPDX-License-Identifier: GPL-2.0-only
/*
 * Detect regressions of a metric.
 *
 * What else a machine does makes things slower and never faster, for a moment or for a night.
 * So a night is measured by the value that the best tenth of its values keeps: on a machine of
 * two processors with seven guests at work, medians of honest nights differed by a factor of
 * three, that value by a tenth. The values of one night share what was on the machine, so a
 * night counts once, by the logarithm of that value: one percent slower is so at any speed.
 * Nights before of the same host, kernel, device and driver say how much honest nights differ.
 * Tonight is a regression of a metric if all of this holds:
 *
 *  - It is outside the one-sided prediction interval of Student for one more night (the mean
 *    and deviation of k nights, k - 1 degrees of freedom, deviation times sqrt(1 + 1/k)), with
 *    the probability corrected by Holm's procedure for all metrics of that host and night. The
 *    deviation is the ordinary one and not a robust one, since a night that was slow for no
 *    fault of the driver is what has to be allowed for.
 *  - It is worse than each single one of those nights.
 *  - Its values as a whole are worse than theirs: Mann and Whitney's U over the product of the
 *    sizes is at least 0.75. As values of one night are not independent, U gives the size of the
 *    effect here, and no probability.
 *  - It is worse by at least 5 % (1.5 % in virtual time), and by more than the worst and the best
 *    of those nights differ.
 *
 * Where the run measured the machine itself (metrics called ceiling.*, copies with no driver in
 * them), all this must hold for tonight without the share by which the machine was slower than in
 * those nights; that it was faster is no excuse for anything.
 *
 * A night that is a regression does not become part of what later ones are compared with. Five
 * better ones in a row do, alone: what was won must not be lost without a word. And where a
 * change was accepted (accept.c), the night of it is the first one that counts.
 */
#include <math.h>
#include <string.h>

#include "nights.h"
#include "regress.h"

/* In a night in which nothing has changed, how often is there any alarm on a host? */
#define ALPHA 0.01
#define SUPERIOR 0.75

/* Clocks and machines are not finer than @deviation_min, whatever a few nights say. */
struct grain {
	double effect_min, deviation_min;
};

static const struct grain real_time = { .effect_min = 0.05, .deviation_min = 0.005 };
/*
 * Where instructions are counted, nights differ by where memory lies and what a tick of the timer
 * comes between: less than 0.1 % of most metrics, 0.9 % of the worst.
 */
static const struct grain virtual_time = { .effect_min = 0.015, .deviation_min = 0.001 };

static const struct grain *grain(const struct series *t)
{
	return t->device->virtual_time ? &virtual_time : &real_time;
}

/**
 * series_is_machine_metric - does a metric measure the machine, with no driver in it?
 * @t: the metric
 *
 * Return: true if so.
 */
bool series_is_machine_metric(const struct series *t)
{
	return !strncmp(t->name, "ceiling.", strlen("ceiling."));
}

/**
 * struct position - where tonight stands among the nights before
 * @shift: how much worse than their median, in logarithms
 * @best: shift of the best of them
 * @worst: shift of the worst of them
 * @mean: of them, from the median too
 * @error: standard error of one more night
 */
struct position {
	double shift, best, worst, mean, error;
};

/* A metric of the night that is being judged; @driver is its position without the excuse. */
struct candidate {
	struct series *track;
	struct sample *point;
	struct position as_it_is, driver;
	double p, better_p;
};

/*
 * By how much the machine was slower than in the nights before, in logarithms; 0 where it was
 * faster, as that is no excuse, and for bytes, of which no machine makes more.
 */
static double excuse(const struct series *t, const struct sample *now)
{
	double before[BASELINE_MAX];
	size_t i;

	if (!strcmp(t->unit, "B"))
		return 0;
	for (i = 0; i < t->nr_baseline; i++)
		before[i] = t->samples[t->baseline[i]].run->machine;
	stats_sort(before, t->nr_baseline);
	return fmax(now->run->machine - stats_quantile(before, t->nr_baseline, 0.5), 0);
}

static struct position position(const struct series *track, double level)
{
	double before[BASELINE_MAX], mean, deviation, median;
	size_t i, k = track->nr_baseline;
	struct position pos;

	for (i = 0; i < k; i++)
		before[i] = track->samples[track->baseline[i]].level;
	mean = stats_mean(before, k);
	deviation = fmax(stats_deviation(before, k), grain(track)->deviation_min);
	stats_sort(before, k);
	median = stats_quantile(before, k, 0.5);
	pos.best = before[0] - median;
	pos.worst = before[k - 1] - median;
	pos.shift = level - median;
	pos.mean = mean - median;
	pos.error = deviation * sqrt(1 + 1 / (double)k);
	return pos;
}

/* For Student's distribution. */
static double student(const struct position *pos)
{
	return (pos->shift - pos->mean) / pos->error;
}

static void compare(struct candidate *c)
{
	double fast[BASELINE_MAX], freedom = (double)c->track->nr_baseline - 1;
	const struct series *track = c->track;
	struct sample *now = c->point;
	size_t i;

	for (i = 0; i < track->nr_baseline; i++)
		fast[i] = track->samples[track->baseline[i]].fast;
	stats_sort(fast, track->nr_baseline);
	now->base = stats_quantile(fast, track->nr_baseline, 0.5);
	now->nights = track->nr_baseline;
	c->as_it_is = position(track, now->level);
	c->driver = position(track, now->level - excuse(track, now));
	now->shift = c->as_it_is.shift;
	now->p = stats_student_tail(student(&c->driver), freedom);
	c->better_p = stats_student_tail(-student(&c->as_it_is), freedom);
}

/* How often a value of tonight is worse than one of the nights before. */
static double superiority(const struct candidate *c)
{
	const struct series *t = c->track;
	const struct sample *p;
	double u = 0, pairs = 0, share;
	size_t i;

	for (i = 0; i < t->nr_baseline; i++) {
		p = &t->samples[t->baseline[i]];
		share = (double)p->n;
		u += share * stats_superiority(c->point->v, c->point->n, p->v, p->n);
		pairs += share;
	}
	return t->more_is_better ? 1 - u / pairs : u / pairs;
}

/* What a night that is a regression is worse by than the median of those before, at least. */
static double margin(const struct candidate *c, const struct position *pos)
{
	double least = log1p(grain(c->track)->effect_min);

	return fmax(pos->worst, fmax(least, pos->worst - pos->best));
}

static bool beyond(const struct candidate *c, const struct position *pos)
{
	return pos->shift > margin(c, pos);
}

/*
 * The shift from which on a night would be reported whatever the other metrics of that night are:
 * then Holm's procedure asks for no smaller probability than @alpha over their number.
 */
static double threshold(const struct candidate *c, double alpha)
{
	double freedom = (double)c->track->nr_baseline - 1, t = stats_student_limit(alpha, freedom);

	return fmax(margin(c, &c->as_it_is), c->as_it_is.mean + t * c->as_it_is.error);
}

static bool below(const struct candidate *c, const struct position *pos)
{
	return pos->shift < pos->best &&
	       -pos->shift > fmax(log1p(grain(c->track)->effect_min), pos->worst - pos->best);
}

static bool is_worse(const struct candidate *c, bool rejected)
{
	return rejected && beyond(c, &c->as_it_is) && beyond(c, &c->driver) &&
	       superiority(c) >= SUPERIOR;
}

static bool is_better(const struct candidate *c, bool rejected)
{
	return rejected && below(c, &c->as_it_is) && superiority(c) <= 1 - SUPERIOR;
}

static void remember(struct series *t, size_t i)
{
	if (t->nr_baseline == BASELINE_MAX)
		memmove(t->baseline, t->baseline + 1, --t->nr_baseline * sizeof(t->baseline[0]));
	t->baseline[t->nr_baseline++] = i;
	/* Once it is as old as that, it is how things are. */
	if (t->accepted && &t->samples[t->baseline[0]] != t->accepted)
		t->accepted = NULL;
}

/* The last @nr points before @p, and @p, may be compared with. */
static void remember_all(struct series *t, const struct sample *p, size_t nr)
{
	size_t i, last = (size_t)(p - t->samples);

	for (i = last - nr; i <= last; i++)
		remember(t, i);
}

static void settle(struct candidate *c, bool worse, bool better)
{
	struct series *t = c->track;
	struct sample *p = c->point;

	p->label = worse ? LABEL_WORSE : better ? LABEL_BETTER : LABEL_SAME;
	if (worse) {
		p->since = p > t->samples && p[-1].since ? p[-1].since : p;
	} else if (!better) {
		/* What was better for some nights only was chance. */
		remember_all(t, p, t->better);
	} else if (t->better + 1 == NIGHTS_MIN) {
		/* The new level is what has to be kept from now on. */
		t->nr_baseline = 0;
		remember_all(t, p, t->better);
		better = false;
	}
	t->better = better ? t->better + 1 : 0;
}

/*
 * What was accepted is not judged, and nothing before it is compared with from now on; how much it
 * changed is reported for the last time.
 */
static void begin_again(struct series *t, struct sample *p)
{
	struct candidate c = { .track = t, .point = p };

	if (t->nr_baseline >= NIGHTS_MIN)
		compare(&c);
	t->nr_baseline = 0;
	t->better = 0;
	t->accepted = p;
	p->label = LABEL_ACCEPTED;
	remember(t, (size_t)(p - t->samples));
}

/* The points of one night of one host that have enough nights before them, and its machine. */
static size_t candidates(struct history *n, const char *night, const char *host,
			 struct candidate **list)
{
	struct candidate *c;
	struct device *d;
	struct series *t;
	struct sample *p;
	size_t nr = 0;

	*list = NULL;
	for (d = n->devices; d; d = d->next) {
		if (strcmp(d->host, host))
			continue;
		for (t = d->series; t; t = t->next) {
			if (t->at == t->nr || strcmp(t->samples[t->at].run->night, night))
				continue;
			p = &t->samples[t->at++];
			p->nights = t->nr_baseline;
			if (p->accepted) {
				begin_again(t, p);
				continue;
			}
			if (t->nr_baseline < NIGHTS_MIN) {
				remember(t, t->at - 1);
				continue;
			}
			*list = arena_grow(n->history->arena, *list, nr, sizeof(**list));
			c = &(*list)[nr++];
			memset(c, 0, sizeof(*c));
			c->track = t;
			c->point = p;
			compare(c);
		}
	}
	return nr;
}

static void judge_night(struct history *n, const char *night, const char *host)
{
	struct arena *arena = n->history->arena;
	struct candidate *list;
	bool *worse, *better;
	size_t nr = candidates(n, night, host, &list), i;
	double *p, *q;

	if (!nr)
		return;
	p = arena_alloc(arena, nr * sizeof(*p));
	q = arena_alloc(arena, nr * sizeof(*q));
	worse = arena_alloc(arena, nr * sizeof(*worse));
	better = arena_alloc(arena, nr * sizeof(*better));
	for (i = 0; i < nr; i++) {
		list[i].point->threshold = threshold(&list[i], ALPHA / (double)nr);
		p[i] = list[i].point->p;
		q[i] = list[i].better_p;
	}
	stats_holm(p, nr, ALPHA, worse);
	stats_holm(q, nr, ALPHA, better);
	for (i = 0; i < nr; i++) {
		if (series_is_machine_metric(list[i].track)) {
			settle(&list[i], false, false);
			list[i].point->label = LABEL_MACHINE;
			continue;
		}
		settle(&list[i], is_worse(&list[i], worse[i]), is_better(&list[i], better[i]));
	}
}

/*
 * How much slower the machine was in each run: the mean over what measures it, relative to the
 * mean of all its nights, which is the same for all and so cancels out.
 */
static void weigh_machine(const struct device *d)
{
	struct history_run *r;
	const struct series *t;
	double usual, sum;
	unsigned int nr;
	size_t i;

	for (r = d->first; r; r = r->next) {
		sum = 0;
		nr = 0;
		for (t = d->series; t; t = t->next) {
			if (!series_is_machine_metric(t))
				continue;
			usual = 0;
			for (i = 0; i < t->nr; i++)
				usual += t->samples[i].level / (double)t->nr;
			for (i = 0; i < t->nr; i++) {
				if (t->samples[i].run == r) {
					sum += t->samples[i].level - usual;
					nr++;
				}
			}
		}
		r->machine = nr ? sum / nr : 0;
	}
}

/* The runs of a night stand side by side, those of several hosts among each other. */
static bool first_of_night(const struct history *n, size_t i)
{
	const struct history_run *r = n->runs[i];
	size_t j;

	for (j = i; j && !strcmp(n->runs[j - 1]->night, r->night); j--)
		if (!strcmp(n->runs[j - 1]->host, r->host))
			return false;
	return true;
}

/**
 * sample_below_threshold - is a night that is no regression slower all the same?
 * @t: the metric
 * @p: after history_judge(), with LABEL_SAME
 *
 * Return: true if it is by more than is ever of interest, and honest nights, or the machine, were
 * as far apart.
 */
bool sample_below_threshold(const struct series *t, const struct sample *p)
{
	return p->shift > log1p(grain(t)->effect_min);
}

/**
 * sample_lacks_history - had a night too few before it that it can be compared with?
 * @p: after history_judge()
 *
 * Return: true if so; for one that was accepted too, which begins anew.
 */
bool sample_lacks_history(const struct sample *p)
{
	return p->label == LABEL_FEW || p->label == LABEL_ACCEPTED;
}

/**
 * history_judge - judge each night as if it were the newest, in order
 * @n: from history_load()
 *
 * Nothing of it is kept in the history: the same rows give the same judgement, on whatever
 * machine they have been merged.
 */
void history_judge(struct history *n)
{
	const struct device *d;
	const struct sample *p;
	const struct series *t;
	size_t i;

	for (d = n->devices; d; d = d->next)
		weigh_machine(d);
	for (i = 0; i < n->nr_runs; i++)
		if (first_of_night(n, i))
			judge_night(n, n->runs[i]->night, n->runs[i]->host);
	for (d = n->devices; d; d = d->next) {
		for (t = d->series; t; t = t->next) {
			p = series_last(t);
			if (!p)
				continue;
			n->worse += p->label == LABEL_WORSE;
			n->few += sample_lacks_history(p);
			n->judged += !sample_lacks_history(p);
			n->accepted += !!t->accepted;
		}
	}
}
