/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Repeat a measurement: how often, for how long, and print progress.
 *
 *	struct vmig_measure m;
 *
 *	vmig_measure_begin(&m, "save", bytes);
 *	while (vmig_measure_again(&m)) {
 *		vmig_measure_marks(&m, "save.us");
 *		vmig_mark_begin();
 *		us = vmig_now_us();
 *		...
 *		vmig_mark_end();
 *		us = vmig_now_us() - us;
 *		vmig_measured(&m, "save.us", us, "us");
 *	}
 *	vmig_measure_end(&m);
 *
 * The first round warms up and does not count.
 */
#ifndef VMIG_TESTS_PERF_MEASURE_H
#define VMIG_TESTS_PERF_MEASURE_H

#include <stdbool.h>
#include <stdint.h>

#include "mark.h"

/**
 * struct vmig_measure - a measurement that goes on
 * @what: in messages
 * @round: the present one; 0 warms up
 * @rounds: how many are wanted, without the first
 * @began: when, vmig_now_us()
 * @bytes: of one round, as far as known
 * @moved: so far, in all rounds
 * @shown: when progress was last shown
 */
struct vmig_measure {
	const char *what;
	unsigned int round;
	unsigned int rounds;
	double began;
	uint64_t bytes;
	uint64_t moved;
	double shown;
};

double vmig_now_us(void);
unsigned int vmig_bench(void);

void vmig_measure_begin(struct vmig_measure *m, const char *what, uint64_t bytes);
void vmig_measure_marks(const struct vmig_measure *m, const char *name);
bool vmig_measure_again(struct vmig_measure *m);
bool vmig_measure_counts(const struct vmig_measure *m);
void vmig_measured(const struct vmig_measure *m, const char *name, double value, const char *unit);
void vmig_measure_moved(struct vmig_measure *m, uint64_t bytes);
void vmig_measure_end(struct vmig_measure *m);

#endif /* VMIG_TESTS_PERF_MEASURE_H */
