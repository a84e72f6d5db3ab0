// SPDX-License-Identifier: GPL-2.0-only
/* Medians, Student's distribution, Mann and Whitney's statistic, Holm's procedure. */
#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "stats.h"

/* No value of Student's distribution that is beyond it is asked for. */
#define LIMIT_MAX 1e15

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

/*
 * The continued fraction of the incomplete beta function, by the method of Lentz; it
 * converges fast for x < (a + 1) / (a + b + 2).
 */
static double beta_fraction(double a, double b, double x)
{
	double c = 1, d = 1 - (a + b) * x / (a + 1), h, term;
	int m;

	d = 1 / (fabs(d) < DBL_MIN ? DBL_MIN : d);
	h = d;
	for (m = 1; m < 500; m++) {
		term = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m));
		d = 1 + term * d;
		c = 1 + term / c;
		d = 1 / (fabs(d) < DBL_MIN ? DBL_MIN : d);
		h *= d * c;
		term = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1));
		d = 1 + term * d;
		c = 1 + term / c;
		d = 1 / (fabs(d) < DBL_MIN ? DBL_MIN : d);
		h *= d * c;
		if (fabs(d * c - 1) < 4 * DBL_EPSILON)
			break;
	}
	return h;
}

static double incomplete_beta(double a, double b, double x)
{
	double front;

	if (x <= 0)
		return 0;
	if (x >= 1)
		return 1;
	front = exp(lgamma(a + b) - lgamma(a) - lgamma(b) + a * log(x) + b * log1p(-x));
	if (x < (a + 1) / (a + b + 2))
		return front * beta_fraction(a, b, x) / a;
	return 1 - front * beta_fraction(b, a, 1 - x) / b;
}

/**
 * stats_student_tail - how often is a value of Student's distribution at least this large?
 * @t: the value
 * @freedom: degrees of freedom, above 0
 *
 * Return: the probability; Abramowitz and Stegun, 26.7.1 and 26.5.27.
 */
double stats_student_tail(double t, double freedom)
{
	double p = incomplete_beta(freedom / 2, 0.5, freedom / (freedom + t * t)) / 2;

	return t >= 0 ? p : 1 - p;
}

/**
 * stats_student_limit - which value of Student's distribution is exceeded that seldom?
 * @p: the probability, above 0 and below 0.5
 * @freedom: degrees of freedom, above 0
 *
 * Return: the value for which stats_student_tail() is @p, by bisection.
 */
double stats_student_limit(double p, double freedom)
{
	double low = 0, high = 1;
	int i;

	while (stats_student_tail(high, freedom) > p && high < LIMIT_MAX)
		high *= 2;
	for (i = 0; i < 60; i++) {
		if (stats_student_tail((low + high) / 2, freedom) > p)
			low = (low + high) / 2;
		else
			high = (low + high) / 2;
	}
	return high;
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
 * @alpha: how often any of them may be rejected though it holds
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
