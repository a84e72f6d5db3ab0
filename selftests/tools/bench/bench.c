// SPDX-License-Identifier: GPL-2.0-only
/*
 * Ways to move migration data, measured in turns on slices of the same streams.
 *
 * The loops are written out here, and share nothing with the engine but the bound of their
 * calls, which costs nothing for each: they are what it is compared with.
 */
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <vmig/bounded.h>
#include <vmig/error.h>
#include <vmig/sysfs.h>
#include "bench.h"

/* Rounds of one calibration, tens of ms, and how many of these there are. */
#define COMPUTE (16U << 20)
#define CALIBRATIONS 15

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec + t.tv_nsec / 1e9;
}

/**
 * struct job - a slice of a stream for a loop
 * @flow: the stream
 * @block: bytes of a call
 * @left: bytes of the slice
 * @buf: memory, BENCH_BLOCK_MAX
 * @bound: how long it may make no progress
 * @read_s: seconds in read()
 * @write_s: and in write()
 */
struct job {
	struct vmig_flow *flow;
	size_t block;
	uint64_t left;
	unsigned char *buf;
	struct vmig_bound bound;
	double read_s;
	double write_s;
};

/* All of a block; what QEMU does after each read(). */
static void write_all(struct job *job, const unsigned char *data, size_t len)
{
	struct vmig_flow *f = job->flow;
	ssize_t n;

	for (; len; data += n, len -= n) {
		n = vmig_bound_write(&job->bound, f->to.fd, data, len);
		if (n <= 0)
			vmig_fail("write() failed after %llu bytes: %s",
				  (unsigned long long)f->bytes, vmig_errno_name(n ? n : -EIO));
		f->bytes += n;
	}
}

static void *loop(void *arg)
{
	struct job *job = arg;
	struct vmig_flow *f = job->flow;
	double begin, between;
	size_t len;
	ssize_t n;
	int ret;

	ret = vmig_bound_begin_loop(&job->bound, VMIG_IO_TIMEOUT_MS);
	if (ret)
		vmig_fail("no timer: %s", vmig_errno_name(ret));
	for (; job->left; job->left -= n) {
		len = job->left < job->block ? job->left : job->block;
		if (f->from.kind == VMIG_ENDPOINT_MEMORY) {
			n = f->from.len - f->bytes < len ? f->from.len - f->bytes : len;
			write_all(job, f->from.memory + f->bytes, n);
		} else {
			begin = now();
			n = vmig_bound_read(&job->bound, f->from.fd, job->buf, len);
			between = now();
			job->read_s += between - begin;
			if (n > 0 && f->to.kind == VMIG_ENDPOINT_FD)
				write_all(job, job->buf, n);
			else if (n > 0)
				f->bytes += n;
			job->write_s += now() - between;
		}
		if (n < 0)
			vmig_fail("read() failed after %llu bytes: %s",
				  (unsigned long long)f->bytes, vmig_errno_name(n));
		if (!n)
			break;
	}
	vmig_bound_end(&job->bound);
	return NULL;
}

static void loops(struct bench_way *way, struct vmig_flow *flows, unsigned int count,
		  uint64_t bytes)
{
	static unsigned char *buf[BENCH_DEVICES];
	struct job jobs[BENCH_DEVICES];
	pthread_t threads[BENCH_DEVICES];
	unsigned int i;

	for (i = 0; i < count; i++) {
		if (!buf[i]) {
			buf[i] = vmig_alloc(BENCH_BLOCK_MAX);
			memset(buf[i], 1, BENCH_BLOCK_MAX);
		}
		jobs[i] = (struct job){
			.flow = &flows[i], .block = way->block, .left = bytes, .buf = buf[i]
		};
		if (way->kind == BENCH_LOOP)
			loop(&jobs[i]);
		else if (pthread_create(&threads[i], NULL, loop, &jobs[i]))
			vmig_fail("no thread: %s", vmig_errno_name(errno));
	}
	for (i = 0; i < count; i++) {
		if (way->kind == BENCH_THREADS)
			pthread_join(threads[i], NULL);
		way->read_s += jobs[i].read_s;
		way->write_s += jobs[i].write_s;
	}
}

static void with_engine(const struct bench_way *way, struct vmig_flow *flows, unsigned int count,
			uint64_t bytes)
{
	unsigned int i;
	int ret;

	for (i = 0; i < count; i++)
		flows[i].limit = flows[i].bytes + bytes;
	ret = __vmig_engine_run(way->engine, flows, count);
	if (ret)
		vmig_fail("%s: %s after %llu bytes", way->name, vmig_errno_name(ret),
			  (unsigned long long)flows[0].bytes);
}

static uint64_t arrived(const struct vmig_flow *flows, unsigned int count)
{
	uint64_t sum = 0;

	while (count)
		sum += flows[--count].bytes;
	return sum;
}

static void rewind_place(const struct vmig_endpoint *p)
{
	/* /dev/zero and the like have no position, and need none. */
	if (p->kind == VMIG_ENDPOINT_FD)
		lseek(p->fd, 0, SEEK_SET);
}

/**
 * vmig_bench_slice - move a slice of streams, and take the time
 * @way: how
 * @flows: the streams; not those of a way that has its own
 * @count: their number
 * @bytes: of each
 * @warm: only so that caches and the engine's choice are warm: do not count it
 *
 * A slice that the streams did not have whole does not count either.
 *
 * Return: false if the streams have ended.
 */
bool vmig_bench_slice(struct bench_way *way, struct vmig_flow *flows, unsigned int count,
		      uint64_t bytes, bool warm)
{
	uint64_t before;
	double begin;
	unsigned int i;

	if (way->own) {
		flows = way->flows;
		count = way->count;
		for (i = 0; i < count; i++) {
			flows[i].bytes = 0;
			rewind_place(&flows[i].from);
			rewind_place(&flows[i].to);
		}
	}
	before = arrived(flows, count);
	begin = now();
	if (way->kind == BENCH_ENGINE)
		with_engine(way, flows, count, bytes);
	else
		loops(way, flows, count, bytes);
	if (arrived(flows, count) - before < count * bytes)
		return way->own;
	if (!warm && way->samples < BENCH_SAMPLES_MAX)
		way->rates[way->samples++] = count * bytes / (now() - begin);
	return true;
}

static int by_size(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

/**
 * vmig_bench_spread - the median of a way and its quartiles
 * @way: the way; its samples are sorted
 *
 * Return: these, 0 without samples.
 */
struct bench_spread vmig_bench_spread(const struct bench_way *way)
{
	struct bench_spread s = {};
	double *sorted;
	unsigned int n = way->samples;

	if (!n)
		return s;
	sorted = vmig_alloc(n * sizeof(*sorted));
	memcpy(sorted, way->rates, n * sizeof(*sorted));
	qsort(sorted, n, sizeof(*sorted), by_size);
	s.p25 = sorted[n / 4];
	s.p75 = sorted[n - 1 - n / 4];
	s.median = (sorted[(n - 1) / 2] + sorted[n / 2]) / 2;
	free(sorted);
	return s;
}

/* Work that needs nothing but a processor. */
static void *compute(void *arg)
{
	uint64_t *x = arg;
	unsigned int i;

	for (i = 0; i < COMPUTE; i++)
		*x = (*x ^ i) * 0x9e3779b97f4a7c15ULL;
	return NULL;
}

static double compute_threads(unsigned int count)
{
	static uint64_t x[2][64];
	pthread_t threads[2];
	double begin = now();
	unsigned int i;

	for (i = 0; i < count; i++)
		if (pthread_create(&threads[i], NULL, compute, x[i]))
			vmig_fail("no thread: %s", vmig_errno_name(errno));
	for (i = 0; i < count; i++)
		pthread_join(threads[i], NULL);
	return count / (now() - begin);
}

/**
 * vmig_bench_calibrate - print how much more two threads compute than one
 *
 * What overlaps can be faster than what does not by no more than that: in a guest whose host
 * is busy, by nothing, however many processors it believes to have.
 */
void vmig_bench_calibrate(void)
{
	struct bench_way one = {}, two = {};
	unsigned int i;

	for (i = 0; i < CALIBRATIONS; i++) {
		one.rates[one.samples++] = compute_threads(1);
		two.rates[two.samples++] = compute_threads(2);
	}
	printf("two threads compute %.2f times what one does (medians of %d): overlap cannot "
	       "gain more\n",
	       vmig_bench_spread(&two).median / vmig_bench_spread(&one).median, CALIBRATIONS);
}

/**
 * vmig_bench_resident - how much memory this process has
 * @field: of /proc/self/status: VmRSS, or VmHWM for the most that it ever had
 *
 * Return: bytes
 */
uint64_t vmig_bench_resident(const char *field)
{
	unsigned long long kib = 0;

	vmig_sysfs_field("/proc/self/status", vmig_fmt("%s:", field), &kib);
	return kib << 10;
}
