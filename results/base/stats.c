// SPDX-License-Identifier: GPL-2.0-only
/* Medians, Student's distribution (that of R), Mann and Whitney's statistic, Holm's procedure. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* The distributions of R, as a library of their own. */
#define MATHLIB_STANDALONE
#include <Rmath.h>

#include "stats.h"

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

/**
 * stats_sort - sort numbers
 * @v: the numbers
 * @n: how many
 */
void stats_sort(double *v, size_t n)
{
	qsort(v, n, sizeof(*v), by_value);
}

/**
 * stats_quantile - a quantile, linear between the values beside it
 * @sorted: the values
 * @n: how many, at least one
 * @q: 0 to 1
 *
 * Return: the quantile; definition 7 of Hyndman and Fan, Sample Quantiles in Statistical
 * Packages (1996).
 */
double stats_quantile(const double *sorted, size_t n, double q)
{
	double at = q * (double)(n - 1);
	size_t i = (size_t)at;

	if (i + 1 >= n)
		return sorted[n - 1];
	return sorted[i] + (at - (double)i) * (sorted[i + 1] - sorted[i]);
}

/**
 * stats_quartiles - sort values and give what a box plot shows
 * @v: the values
 * @n: how many, at least one
 *
 * Return: the quartiles.
 */
struct quartiles stats_quartiles(double *v, size_t n)
{
	struct quartiles q;

	stats_sort(v, n);
	q.min = v[0];
	q.p25 = stats_quantile(v, n, 0.25);
	q.p50 = stats_quantile(v, n, 0.5);
	q.p75 = stats_quantile(v, n, 0.75);
	q.max = v[n - 1];
	return q;
}

/**
 * stats_mean - the arithmetic mean
 * @v: values
 * @n: how many, at least one
 *
 * Return: the mean.
 */
double stats_mean(const double *v, size_t n)
{
	double sum = 0;
	size_t i;

	for (i = 0; i < n; i++)
		sum += v[i];
	return sum / (double)n;
}

/**
 * stats_deviation - the standard deviation of what a sample was taken from
 * @v: the sample
 * @n: its size, at least two
 *
 * Return: the deviation, with n - 1 in the denominator.
 */
double stats_deviation(const double *v, size_t n)
{
	double mean = stats_mean(v, n), sum = 0;
	size_t i;

	for (i = 0; i < n; i++)
		sum += (v[i] - mean) * (v[i] - mean);
	return sqrt(sum / (double)(n - 1));
}

/**
 * stats_student_tail - how often is a value of Student's distribution at least this large?
 * @t: the value
 * @freedom: degrees of freedom, above 0
 *
 * Return: the probability.
 */
double stats_student_tail(double t, double freedom)
{
	return pt(t, freedom, false, false);
}

/**
 * stats_student_limit - which value of Student's distribution is exceeded that seldom?
 * @p: the probability, above 0 and below 0.5
 * @freedom: degrees of freedom, above 0
 *
 * Return: the value for which stats_student_tail() is @p.
 */
double stats_student_limit(double p, double freedom)
{
	return qt(p, freedom, false, false);
}

/**
 * stats_superiority - how often is a value of one sample greater than one of another?
 * @a: a sample, sorted
 * @na: its size, at least one
 * @b: the other one, sorted
 * @nb: its size, at least one
 *
 * Return: U / (na nb) of Mann and Whitney (1947), equal values counted half: 0.5 where the
 * two are alike, 1 where each value of @a is above all of @b.
 */
double stats_superiority(const double *a, size_t na, const double *b, size_t nb)
{
	size_t i, below = 0, through = 0;
	double u = 0;

	for (i = 0; i < na; i++) {
		while (below < nb && b[below] < a[i])
			below++;
		while (through < nb && b[through] <= a[i])
			through++;
		u += (double)(below + through) / 2;
	}
	return u / ((double)na * (double)nb);
}

/**
 * stats_holm - which of many hypotheses are rejected, if one false one in all is too many?
 * @p: the probability of each
 * @n: how many
 * @alpha: how often any of them may be rejected though it is true
 * @rejected: which are
 *
 * Holm, A Simple Sequentially Rejective Multiple Test Procedure (1979): the least is
 * compared with alpha / n, the next one with alpha / (n - 1), until one is not below.
 */
void stats_holm(const double *p, size_t n, double alpha, bool *rejected)
{
	size_t i, step, least;

	for (i = 0; i < n; i++)
		rejected[i] = false;
	for (step = 0; step < n; step++) {
		least = n;
		for (i = 0; i < n; i++)
			if (!rejected[i] && (least == n || p[i] < p[least]))
				least = i;
		if (p[least] > alpha / (double)(n - step))
			break;
		rejected[least] = true;
	}
}

/**
 * stats_more_is_better - is a greater value a better one?
 * @unit: of the value
 *
 * Return: true for what is counted per second; time and bytes are costs.
 */
bool stats_more_is_better(const char *unit)
{
	size_t n = strlen(unit);

	return n >= 2 && !strcmp(unit + n - 2, "/s");
}
