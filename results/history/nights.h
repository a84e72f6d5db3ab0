/* SPDX-License-Identifier: GPL-2.0-only */
/* The nights of a history, by device and by metric, and the judgement on the metrics. */
#ifndef VMIG_RESULTS_NIGHTS_H
#define VMIG_RESULTS_NIGHTS_H

#include <stdbool.h>

#include "db.h"
#include "stats.h"

/**
 * struct history_run - a row of runs
 * @id: in the database
 * @device: whose it is
 * @seconds: how long it took, 0 where that is not known
 * @before: the run of that device before, of another night; NULL for the first
 * @again: it measures a second time what the first run of its night has brought
 * @machine: how much slower than usual the machine itself was, in logarithms
 * @next: of the same device
 * @night: the day that it counts for
 * @host: uname -n
 * @started: when, UTC
 * @place: host or guest, with what
 * @kernel: its release
 * @kernel_build: its version, as uname -v has it
 * @suite_version: version of the suite
 * @suite_commit: its commit
 * @name: the device
 * @driver: its driver
 * @driver_version: of the module
 * @srcversion: of the module
 * @firmware: of the device
 * @globs: the tests that were chosen, "" for all
 * @verdict: as results.json has it
 * @sentence: the verdict in words
 * @exit_code: of the run
 * @nr_tests: tests that it has
 * @nr_fail: failed
 * @nr_error: inconclusive
 * @nr_xfail: known deviations
 * @nr_pass: passed
 * @nr_skip: skipped
 * @nr_missing: not run
 * @nr_complaints: kernel complaints outside of tests
 */
struct history_run {
	long long id;
	const char *night, *host, *started, *place, *kernel, *kernel_build;
	const char *suite_version, *suite_commit, *name, *driver, *driver_version, *srcversion;
	const char *firmware, *globs, *verdict, *sentence;
	int exit_code;
	long long nr_tests, nr_fail, nr_error, nr_xfail, nr_pass, nr_skip, nr_missing;
	long long nr_complaints;
	struct device *device;
	double seconds;
	struct history_run *before;
	bool again;
	double machine;
	struct history_run *next;
};

/* What the judgement on a metric of a night came to. */
enum metric_label {
	LABEL_FEW, /* too few nights */
	LABEL_MACHINE, /* a measure of the machine, which has no driver in it */
	LABEL_ACCEPTED, /* a recorded baseline change */
	LABEL_SAME,
	LABEL_BETTER,
	LABEL_WORSE, /* a regression */
};

/**
 * struct baseline_change - do not compare @metric with runs before @run
 * @run: the first run of the new baseline
 * @metric: row of metrics
 * @said: when it was recorded
 * @who: by whom
 * @reason: why
 * @pattern: the metrics that were asked for
 * @withdrawn: the record was withdrawn
 */
struct baseline_change {
	const struct history_run *run;
	long long metric;
	const char *said, *who, *reason, *pattern;
	bool withdrawn;
};

/**
 * struct sample - what a metric was in one night
 * @run: the run that brought it; the better of two of one night
 * @v: the values, sorted
 * @n: how many
 * @q: their quartiles
 * @runs: how many runs of the night measured it
 * @fast: the best tenth of the values is better than this
 * @level: the log of @fast, larger is worse
 * @label: the result
 * @nights: how many nights it was compared with
 * @base: the median of @fast of these nights
 * @shift: how much worse, in logarithms
 * @threshold: the shift from which on it would be a regression, with the machine as it was
 * @p: how often an honest night would be that much worse
 * @since: the first night of the regression that this one belongs to, or NULL
 * @accepted: who says that nothing before this night is to be compared with, or NULL
 */
struct sample {
	const struct history_run *run;
	double *v;
	size_t n;
	struct quartiles q;
	unsigned int runs;
	double fast;
	double level;
	enum metric_label label;
	size_t nights;
	double base;
	double shift;
	double threshold;
	double p;
	const struct sample *since;
	const struct baseline_change *accepted;
};

/* As many nights suffice to estimate how much they differ; older ones do not count. */
#define BASELINE_MAX 20

/**
 * struct series - a metric of a device with one kernel
 * @device: the device
 * @metric: row of metrics
 * @test: fixture.variant.test that measures it
 * @name: of the metric
 * @unit: its unit
 * @kernel: the kernel, NULL where all count
 * @more_is_better: bytes per second and their like
 * @samples: its nights, in order
 * @nr: their number
 * @baseline: the last ones that were no regression
 * @nr_baseline: their number
 * @better: how many nights in a row were better than those before
 * @at: the next point to be judged
 * @accepted: the first night that it is compared with, where that was accepted; else NULL
 */
struct series {
	struct device *device;
	long long metric;
	const char *test, *name, *unit, *kernel;
	bool more_is_better;
	struct sample *samples;
	size_t nr;
	size_t baseline[BASELINE_MAX];
	size_t nr_baseline;
	unsigned int better;
	size_t at;
	const struct sample *accepted;
	/* private: */
	struct series *next;
};

/**
 * struct device - a device of a host, as tests and metrics of it can be compared
 * @host: the host
 * @name: the device
 * @driver: its driver
 * @place: host or guest, with what
 * @arch: the machine, as uname -m has it, or ""
 * @parameters: of the guest's modules
 * @virtual_time: its metrics count instructions of the guest, and no noise of the host
 * @first: its runs, in order
 * @last: the last of them
 * @newest: the first run of the newest night: that is the one of all tests
 * @nr: how many nights
 * @series: its metrics
 * @last_series: the last of @series
 */
struct device {
	const char *host, *name, *driver, *place, *arch, *parameters;
	bool virtual_time;
	struct history_run *first, *last, *newest;
	size_t nr;
	struct series *series, *last_series;
	/* private: */
	struct device *next;
};

/**
 * struct history - a history in memory
 * @devices: in the order of host and name
 * @worse: regressions in the newest run of a device
 * @judged: metrics in these runs that could be judged
 * @few: metrics with too few nights
 * @accepted: metrics that are compared with nights since an accepted change
 * @history: the database
 * @runs: all runs, in order
 * @nr_runs: their number
 * @any_kernel: runs of other kernels are compared, too
 */
struct history {
	struct history_db *history;
	struct device *devices;
	struct history_run **runs;
	size_t nr_runs;
	bool any_kernel;
	unsigned int worse, judged, few, accepted;
};

/* The share of the values that the judgement looks at, from the best one on. */
#define BEST 0.1

/* The least number of nights before that a judgement takes. */
#define NIGHTS_MIN 5

char *history_load(struct history *n, struct history_db *h, bool any_kernel);
const struct sample *series_last(const struct series *t);

#endif /* VMIG_RESULTS_NIGHTS_H */
