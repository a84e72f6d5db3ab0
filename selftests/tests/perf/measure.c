// SPDX-License-Identifier: GPL-2.0-only
/* Repeat a measurement and print its samples. See measure.h. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "measure.h"
#include "verdict.h"

/* Without VMIG_BENCH: so often, unless it takes longer than this; microseconds. */
#define SHORT_ROUNDS 5
#define SHORT_US 250e3

/* With VMIG_BENCH, a measurement ends after this, so that a slow device leaves time for others. */
#define LONG_US 20e6

/* One or two are no measurement: so many are made beyond that, but for one that takes for ever. */
#define LEAST 3
#define EVER_US 60e6

#define BENCH_MAX 9999

/* What is over before is not worth a word; then once in a while. */
#define QUIET_US 2e6
#define SHOW_US 500e3

#define MIB (1 << 20)

/**
 * vmig_now_us - a clock for what is measured
 *
 * Return: microseconds since some time in the past.
 */
double vmig_now_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1e6 + t.tv_nsec / 1e3;
}

/**
 * vmig_bench - how often is measured?
 *
 * Return: what VMIG_BENCH says, 0 for the short form.
 */
unsigned int vmig_bench(void)
{
	const char *env = getenv("VMIG_BENCH");
	unsigned long n = env ? strtoul(env, NULL, 10) : 0;

	return n > BENCH_MAX ? BENCH_MAX : n;
}

/* Where progress goes: a terminal, or what run_chapters.sh leads to one; else -1. */
static int onlooker(void)
{
	const char *env = getenv("VMIG_PROGRESS");

	if (env && *env)
		return atoi(env);
	return isatty(STDERR_FILENO) ? STDERR_FILENO : -1;
}

/**
 * vmig_measure_begin - something is going to be measured
 * @m: the measurement
 * @what: it is, for messages
 * @bytes: that one round moves, 0 where that is not what it does or not known
 */
void vmig_measure_begin(struct vmig_measure *m, const char *what, uint64_t bytes)
{
	memset(m, 0, sizeof(*m));
	m->what = what;
	m->bytes = bytes;
	m->rounds = vmig_bench() ? vmig_bench() : SHORT_ROUNDS;
	m->began = vmig_now_us();
	m->shown = 0;
}

/**
 * vmig_measure_marks - what is marked from now on is this
 * @m: the measurement
 * @name: of the samples that the time goes to, see vmig_measured()
 *
 * Until the end of the round. A round that warms up has no marks.
 */
void vmig_measure_marks(const struct vmig_measure *m, const char *name)
{
	vmig_mark_name(vmig_measure_counts(m) ? name : "");
}

/**
 * vmig_measure_again - one more round?
 * @m: the measurement
 *
 * Return: true until there were enough; false earlier where the time is over.
 */
bool vmig_measure_again(struct vmig_measure *m)
{
	double spent = vmig_now_us() - m->began;
	unsigned int made;

	vmig_mark_name("");
	/* The first call begins the round that warms up; 0 rounds have been made then. */
	if (!m->shown) {
		m->shown = m->began;
		return true;
	}
	made = m->round;
	if (made >= m->rounds)
		return false;
	if (spent > EVER_US)
		return false;
	if (made >= LEAST && spent > (vmig_bench() ? LONG_US : SHORT_US))
		return false;
	m->round++;
	return true;
}

/**
 * vmig_measure_counts - is what comes now measured?
 * @m: the measurement
 *
 * Return: false in the round that warms up.
 */
bool vmig_measure_counts(const struct vmig_measure *m)
{
	return m->round;
}

/**
 * vmig_measured - a value of this round
 * @m: the measurement
 * @name: see vmig_sample()
 * @value: the number
 * @unit: its unit
 */
void vmig_measured(const struct vmig_measure *m, const char *name, double value, const char *unit)
{
	if (vmig_measure_counts(m))
		vmig_sample(name, value, unit);
}

/**
 * vmig_measure_moved - bytes have been moved
 * @m: the measurement
 * @bytes: how many since the last call
 *
 * On a terminal, what takes long says how far it is: bytes, rate, time left.
 */
void vmig_measure_moved(struct vmig_measure *m, uint64_t bytes)
{
	double now = vmig_now_us(), spent = now - m->began,
	       all = (double)m->bytes * (m->rounds + 1);
	int fd;

	m->moved += bytes;
	if (spent < QUIET_US || now - m->shown < SHOW_US)
		return;
	m->shown = now;
	fd = onlooker();
	if (fd < 0)
		return;
	dprintf(fd, "\r%s, round %u of %u: %.0f MiB", m->what, m->round, m->rounds,
		(double)m->moved / MIB);
	if (all > m->moved)
		dprintf(fd, " of %.0f", all / MIB);
	dprintf(fd, ", %.0f MiB/s", m->moved / MIB / (spent / 1e6));
	if (all > m->moved)
		dprintf(fd, ", %.0f s left at most", (all - m->moved) / (m->moved / spent) / 1e6);
	dprintf(fd, "\033[K");
}

/**
 * vmig_measure_end - that was it
 * @m: the measurement
 */
void vmig_measure_end(struct vmig_measure *m)
{
	int fd = m->shown > m->began ? onlooker() : -1;

	vmig_mark_name("");
	if (fd >= 0)
		dprintf(fd, "\r\033[K");
}
