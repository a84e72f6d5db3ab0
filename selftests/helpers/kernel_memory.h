/* SPDX-License-Identifier: GPL-2.0-only */
/* How much memory the kernel uses, and whether it grows with what is done over and over. */
#ifndef VMIG_HELPERS_KERNEL_MEMORY_H
#define VMIG_HELPERS_KERNEL_MEMORY_H

#include <stdbool.h>

#include "verdict.h"

/**
 * struct vmig_kernel_memory - what the kernel uses, in bytes
 * @slab: objects that it cannot reclaim
 * @pages: pages that are accounted to no process: drivers' buffers, among others
 * @all_slab: objects, those that it can reclaim too
 */
struct vmig_kernel_memory {
	double slab;
	double pages;
	double all_slab;
};

/**
 * struct vmig_batch - something that is done over and over
 * @once: do it; @i counts from 0
 * @arg: for it
 * @least: how often at least, however long it takes
 */
struct vmig_batch {
	void (*once)(void *arg, unsigned int i);
	void *arg;
	unsigned int least;
};

/**
 * struct vmig_growth - what of the kernel's memory did not come back
 * @slab: bytes each time, the median of some batches
 * @pages: the same of pages
 * @idle_slab: the most in any of as long a time in which nothing was done
 * @idle_pages: the same of pages
 * @times: how often it was done in the last batch
 * @all: how often in all of them
 */
struct vmig_growth {
	double slab, pages;
	double idle_slab, idle_pages;
	unsigned int times, all;
};

void vmig_kernel_memory_take(struct vmig_kernel_memory *m);
double vmig_median(double *values, unsigned int n);
void vmig_growth_measure(const struct vmig_batch *b, struct vmig_growth *g);
bool vmig_growth_judge_at(const char *at, const struct vmig_growth *g, enum vmig_clause_id id,
			  double slab_least, const char *did);

/* What caches that fill up may take, in bytes each time. */
#define VMIG_GROWTH_NONE 48.0
#define VMIG_GROWTH_CACHES 512.0

/* A breach reports the line of the call. */
#define vmig_growth_judge(...) vmig_growth_judge_at(VMIG_HERE, __VA_ARGS__)

#endif /* VMIG_HELPERS_KERNEL_MEMORY_H */
