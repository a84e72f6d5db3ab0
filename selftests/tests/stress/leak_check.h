/* SPDX-License-Identifier: GPL-2.0-only */
/* Check for leaks of memory, references and files. */
#ifndef VMIG_TESTS_STRESS_LEAK_CHECK_H
#define VMIG_TESTS_STRESS_LEAK_CHECK_H

#include <stdbool.h>

#include <vmig/clauses.h>
#include <vmig/device.h>

/**
 * struct vmig_leaks - how much there was at the beginning
 * @dev: the device; open at both ends
 * @fds: fds of this process
 * @refs: references on the driver's module, -1 where none are counted
 * @files: open files of the whole machine, -1 where the kernel does not say
 * @jiffies: the kernel's clock, by which it dates memory; 0 where it is not to be had
 */
struct vmig_leaks {
	const struct vmig_device *dev;
	int fds;
	long refs;
	long files;
	unsigned long long jiffies;
};

bool vmig_leaks_memory_seen(void);
long vmig_module_users(const struct vmig_device *dev);
void vmig_leaks_memory_begin(struct vmig_leaks *l);
void vmig_leaks_begin(struct vmig_leaks *l, const struct vmig_device *dev);
bool vmig_leaks_judge_counts_at(const char *at, const struct vmig_leaks *l, enum vmig_clause_id id,
				const char *did);
bool vmig_leaks_judge_memory_at(const char *at, const struct vmig_leaks *l, enum vmig_clause_id id,
				const char *did);

/* A breach reports the line of the call. */
#define vmig_leaks_judge_counts(...) vmig_leaks_judge_counts_at(VMIG_HERE, __VA_ARGS__)
#define vmig_leaks_judge_memory(...) vmig_leaks_judge_memory_at(VMIG_HERE, __VA_ARGS__)

#endif /* VMIG_TESTS_STRESS_LEAK_CHECK_H */
