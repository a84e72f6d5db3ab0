/* SPDX-License-Identifier: GPL-2.0-only */
/* Ways to move migration data, measured in turns on slices of the same streams. */
#ifndef VMIG_TOOLS_BENCH_BENCH_H
#define VMIG_TOOLS_BENCH_BENCH_H

#include <stdbool.h>
#include <stdint.h>

#include <vmig/engine.h>

#define BENCH_BLOCK_MAX (8UL << 20)
#define BENCH_DEVICES 4
#define BENCH_WAYS_MAX 24
#define BENCH_SAMPLES_MAX 512

enum bench_kind { BENCH_LOOP, BENCH_THREADS, BENCH_ENGINE };

/**
 * struct bench_way - a way to move bytes, and how fast it was
 * @name: in messages
 * @kind: read() and write() in this thread, in a thread for each stream, or the engine
 * @block: of a loop
 * @engine: of BENCH_ENGINE
 * @own: it moves bytes of streams of its own, not of the device's; at the end of one it goes
 *	back to the beginning
 * @flows: these streams
 * @count: their number
 * @rates: bytes per second of each slice
 * @samples: number of @rates
 * @read_s: of BENCH_LOOP: seconds in read()
 * @write_s: and in write()
 */
struct bench_way {
	const char *name;
	enum bench_kind kind;
	size_t block;
	struct vmig_engine *engine;
	bool own;
	struct vmig_flow flows[BENCH_DEVICES];
	unsigned int count;
	double rates[BENCH_SAMPLES_MAX];
	unsigned int samples;
	double read_s;
	double write_s;
};

/**
 * struct bench_spread - what the samples of a way say
 * @median: of them, as the others in bytes per second
 * @p25: a quarter of them is below
 * @p75: a quarter of them is above
 */
struct bench_spread {
	double median;
	double p25;
	double p75;
};

bool vmig_bench_slice(struct bench_way *way, struct vmig_flow *flows, unsigned int count,
		      uint64_t bytes, bool warm);
struct bench_spread vmig_bench_spread(const struct bench_way *way);
void vmig_bench_calibrate(void);
uint64_t vmig_bench_resident(const char *field);

#endif /* VMIG_TOOLS_BENCH_BENCH_H */
