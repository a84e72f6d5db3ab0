/* SPDX-License-Identifier: GPL-2.0-only */
/* Statistics for the detection of regressions. */
#ifndef VMIG_RESULTS_STATS_H
#define VMIG_RESULTS_STATS_H

#include <stdbool.h>
#include <stddef.h>

/**
 * struct quartiles - what a box plot shows
 * @min: the least
 * @p25: a quarter of the values is below
 * @p50: the median
 * @p75: a quarter is above
 * @max: the greatest
 */
struct quartiles {
	double min, p25, p50, p75, max;
};

void stats_sort(double *v, size_t n);
double stats_quantile(const double *sorted, size_t n, double q);
struct quartiles stats_quartiles(double *v, size_t n);
double stats_mean(const double *v, size_t n);
double stats_deviation(const double *v, size_t n);
double stats_student_tail(double t, double freedom);
double stats_student_limit(double p, double freedom);
double stats_superiority(const double *a, size_t na, const double *b, size_t nb);
void stats_holm(const double *p, size_t n, double alpha, bool *rejected);
bool stats_more_is_better(const char *unit);

#endif /* VMIG_RESULTS_STATS_H */
