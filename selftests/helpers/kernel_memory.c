// SPDX-License-Identifier: GPL-2.0-only
/*
 * How much memory the kernel uses, and whether it grows with what is done over and over.
 *
 * Others use memory too, and free lists fill and empty. So each batch is followed by as long a
 * time in which nothing is done, and only what grows in most of the former, by more than in any of
 * the latter, is charged to what was done.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <vmig/error.h>
#include <vmig/state.h>
#include "kernel_memory.h"

/* A batch takes as many rounds as fit into this time, within these bounds. */
#define BATCH_S 1.0
#define BATCH_MAX 256
#define BATCHES 5

/* Nor is more than this lost in one, in bytes: others need the memory, too. */
#define BATCH_BYTES (8.0 * (1 << 20))

/* So much in a measurement is a leak, without another one. */
#define CLEAR_LEAK (32.0 * (1 << 20))

/* What grows does so in each of so many measurements. */
#define GROWTH_TRIES 3

/*
 * Where a kernel has control groups of memory it keeps for each charged object whose it is, in
 * memory beside its slabs, which becomes more until each slab has it: on mlx5 in a guest 1280 bytes
 * with each of 300 opens, and then nothing. Growth of at most so many bytes each time may be that.
 */
#define BOOKS 4096.0

/* It has ended when so many batches in a row did not grow, and is a leak after so many in all. */
#define SETTLED 3
#define SETTLE_BATCHES 32

/* The smallest leak worth the name: a page every other round, and some pages in all of a batch. */
#define PAGE_LEAK 2048.0
#define BATCH_LEAK 12288.0

/* How long frees that go through RCU and workqueues are given to end. */
#define FREE_US 30000

/* Each CPU counts for itself and updates the total once a second, or when it is asked to. */
#define FOLD_US 1100000

static void fold_counters(void)
{
	int fd = open("/proc/sys/vm/stat_refresh", O_WRONLY | O_CLOEXEC);

	if (fd < 0 || write(fd, "1", 1) != 1)
		usleep(FOLD_US);
	vmig_close_data_fd(fd);
}

/* In KiB. */
static double field(const char *text, const char *name)
{
	const char *at = strstr(text, name);

	return at ? 1024 * strtod(at + strlen(name), NULL) : 0;
}

/* Pages that each CPU keeps for its next allocations: free, and not in MemFree. */
static double kept_by_cpus(void)
{
	FILE *f = fopen("/proc/zoneinfo", "re");
	unsigned long count, sum = 0;
	char line[256];

	while (f && fgets(line, sizeof(line), f))
		if (sscanf(line, " count: %lu", &count) == 1)
			sum += count;
	if (f)
		fclose(f);
	return (double)sum * sysconf(_SC_PAGESIZE);
}

/**
 * vmig_kernel_memory_take - how much memory does the kernel use now?
 * @m: where it goes
 */
void vmig_kernel_memory_take(struct vmig_kernel_memory *m)
{
	char text[8192];
	double kept;
	ssize_t n;
	int fd;

	usleep(FREE_US);
	fold_counters();
	kept = kept_by_cpus();
	fd = open("/proc/meminfo", O_RDONLY | O_CLOEXEC);
	n = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);
	if (n < 0)
		vmig_test_error("/proc/meminfo cannot be read: %s", vmig_errno_name(errno));
	close(fd);
	text[n] = '\0';
	m->slab = field(text, "SUnreclaim:");
	m->all_slab = field(text, "Slab:");
	m->pages = field(text, "MemTotal:") - field(text, "MemFree:") - kept -
		   field(text, "Buffers:") - field(text, "\nCached:") - field(text, "AnonPages:") -
		   m->all_slab;
}

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return x < y ? -1 : x > y;
}

/**
 * vmig_median - the one in the middle
 * @values: the numbers; sorted afterwards
 * @n: how many, odd
 *
 * Return: their median.
 */
double vmig_median(double *values, unsigned int n)
{
	qsort(values, n, sizeof(*values), compare);
	return values[n / 2];
}

static double seconds_since(const struct timespec *start)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec - start->tv_sec + (now.tv_nsec - start->tv_nsec) / 1e9;
}

/* At most @rounds times. Returns the seconds that it took. */
static double take_batch(const struct vmig_batch *b, unsigned int rounds, unsigned int *times)
{
	struct timespec start;
	double seconds = 0;
	unsigned int i;

	clock_gettime(CLOCK_MONOTONIC, &start);
	for (i = 0; i < rounds && (i < b->least || seconds < BATCH_S); i++) {
		b->once(b->arg, i);
		seconds = seconds_since(&start);
	}
	*times = i;
	return seconds;
}

static double most(double a, double b)
{
	return a > b ? a : b;
}

static bool grows(double each, double least, double idle, unsigned int times)
{
	return each >= least && each > idle && each * times >= BATCH_LEAK;
}

/* The first times fill caches, and tell how often it can be done. */
static unsigned int first_batch(const struct vmig_batch *b)
{
	struct vmig_kernel_memory before, after;
	unsigned int times;
	double each;

	vmig_kernel_memory_take(&before);
	take_batch(b, b->least, &times);
	vmig_kernel_memory_take(&after);
	each = (after.slab - before.slab + after.pages - before.pages) / times;
	if (each * BATCH_MAX <= BATCH_BYTES)
		return BATCH_MAX;
	return most(b->least, BATCH_BYTES / each);
}

static void measure_once(const struct vmig_batch *b, struct vmig_growth *g)
{
	struct vmig_kernel_memory before, after, idle;
	double slab[BATCHES], pages[BATCHES], seconds;
	unsigned int rounds = first_batch(b), i;

	memset(g, 0, sizeof(*g));
	take_batch(b, rounds, &g->times);
	for (i = 0; i < BATCHES; i++) {
		vmig_kernel_memory_take(&before);
		seconds = take_batch(b, rounds, &g->times);
		vmig_kernel_memory_take(&after);
		usleep(seconds * 1e6);
		vmig_kernel_memory_take(&idle);
		g->all += g->times;
		slab[i] = (after.slab - before.slab) / g->times;
		pages[i] = (after.pages - before.pages) / g->times;
		g->idle_slab = most(g->idle_slab, (idle.slab - after.slab) / g->times);
		g->idle_pages = most(g->idle_pages, (idle.pages - after.pages) / g->times);
	}
	g->slab = vmig_median(slab, BATCHES);
	g->pages = vmig_median(pages, BATCHES);
}

static bool any_grows(const struct vmig_growth *g)
{
	return grows(g->slab, 0, g->idle_slab, g->times) ||
	       grows(g->pages, PAGE_LEAK, g->idle_pages, g->times);
}

/* Batches until they leave nothing behind any more, or it is clear that they do. */
static void settle(const struct vmig_batch *b)
{
	struct vmig_kernel_memory before, after;
	unsigned int i, times, settled = 0;

	vmig_kernel_memory_take(&after);
	for (i = 0; i < SETTLE_BATCHES && settled < SETTLED; i++) {
		before = after;
		take_batch(b, BATCH_MAX, &times);
		vmig_kernel_memory_take(&after);
		settled = after.slab - before.slab < BATCH_LEAK / 2 ? settled + 1 : 0;
	}
}

/**
 * vmig_growth_measure - does the kernel's memory grow with what is done over and over?
 * @b: what is done
 * @g: where the answer goes
 *
 * What grows is measured again: a leak goes on growing, and caches and books of the kernel's do
 * not.
 */
void vmig_growth_measure(const struct vmig_batch *b, struct vmig_growth *g)
{
	unsigned int tries = GROWTH_TRIES;

	measure_once(b, g);
	if (any_grows(g) && g->slab < BOOKS && g->pages < BOOKS)
		settle(b);
	while (--tries && any_grows(g) && (g->slab + g->pages) * g->all < CLEAR_LEAK)
		measure_once(b, g);
}

/**
 * vmig_growth_judge_at - is it as much as before?
 * @at: where the caller is: VMIG_HERE
 * @g: what vmig_growth_measure() found
 * @id: clause that is checked
 * @slab_least: bytes of objects each time that count: VMIG_GROWTH_NONE, or VMIG_GROWTH_CACHES where
 *	caches of the kernel's own fill up
 * @did: what was done
 *
 * Return: false after a breach.
 */
bool vmig_growth_judge_at(const char *at, const struct vmig_growth *g, enum vmig_clause_id id,
			  double slab_least, const char *did)
{
	bool ok;

	ok = CHECK_AT(at, id, !grows(g->slab, slab_least, g->idle_slab, g->times),
		      vmig_fmt("SUnreclaim in /proc/meminfo over %u times: %s", g->all, did),
		      "no growth", "%.0f bytes each time, median of %d batches", g->slab, BATCHES);
	return CHECK_AT(at, id, !grows(g->pages, PAGE_LEAK, g->idle_pages, g->times),
			vmig_fmt("pages of the kernel over %u times: %s", g->all, did), "no growth",
			"%.0f bytes each time, median of %d batches", g->pages, BATCHES) &&
	       ok;
}
