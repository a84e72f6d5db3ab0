/* SPDX-License-Identifier: GPL-2.0-only */
/* Calls that threads make at the same moment, each its own. */
#ifndef VMIG_TESTS_STRESS_TOGETHER_H
#define VMIG_TESTS_STRESS_TOGETHER_H

/* Calls at a time. */
#define VMIG_TOGETHER_MAX 32

/**
 * struct vmig_together - a call of one thread
 * @make: makes it; returns what it returned, or -errno
 * @arg: its argument
 * @ret: what it returned
 */
struct vmig_together {
	long (*make)(void *arg);
	void *arg;
	long ret;
};

void vmig_together(struct vmig_together *calls, unsigned int count);

#endif /* VMIG_TESTS_STRESS_TOGETHER_H */
