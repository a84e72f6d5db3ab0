/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Branch coverage of a driver by this task's calls, and the operands that they compare
 * (Documentation/dev-tools/kcov.rst). Only in a kernel with CONFIG_KCOV, of modules that
 * were built for it.
 */
#ifndef VMIG_TESTS_RESUME_KCOV_H
#define VMIG_TESTS_RESUME_KCOV_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/**
 * struct vmig_kcov - the records of this task
 * @fd: /sys/kernel/debug/kcov, or -1
 * @area: what the kernel writes: the number of records, and the records
 */
struct vmig_kcov {
	int fd;
	uint64_t *area;
};

/**
 * enum vmig_kcov_mode - what is recorded
 * @VMIG_KCOV_BRANCHES: where the calls have been
 * @VMIG_KCOV_COMPARISONS: which numbers were compared there
 */
enum vmig_kcov_mode { VMIG_KCOV_BRANCHES, VMIG_KCOV_COMPARISONS };

/**
 * struct vmig_comparison - two numbers that the kernel has compared
 * @width: bytes of each
 * @values: the numbers
 */
struct vmig_comparison {
	unsigned int width;
	uint64_t values[2];
};

/* Bits of a map of edges, each from one branch to the next; shared by rng of the hash. */
#define VMIG_EDGES (1 << 16)

bool vmig_kcov_open(struct vmig_kcov *k);
void vmig_kcov_close(struct vmig_kcov *k);
void vmig_kcov_begin(struct vmig_kcov *k, enum vmig_kcov_mode mode);
size_t vmig_kcov_end(struct vmig_kcov *k);
unsigned int vmig_kcov_edges(const struct vmig_kcov *k, size_t count, unsigned char *map);
void vmig_kcov_comparison(const struct vmig_kcov *k, size_t i, struct vmig_comparison *c);

#endif /* VMIG_TESTS_RESUME_KCOV_H */
