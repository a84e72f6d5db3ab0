/* SPDX-License-Identifier: GPL-2.0-only */
/* A process that lets the kernel keep memory for it, and who is charged with that. */
#ifndef VMIG_TESTS_STRESS_KEEPER_H
#define VMIG_TESTS_STRESS_KEEPER_H

#include <stdbool.h>

#include <vmig/device.h>
#include <vmig/stream.h>
#include "cgroup.h"
#include "verdict.h"

/**
 * struct vmig_keeper - a process that lets the kernel keep memory for it
 * @dev: the device
 * @group: the control group that the process is in
 * @good: a stream of the device
 * @begin: begins to keep, once; returns false where that cannot be done
 * @end: makes room for the next, with what @begin left in @fd
 * @many: as many are kept as can be, by their data_fds; else one
 * @fd: the data_fd
 * @kept: how many are kept
 * @held: bytes that the kernel has more
 * @charged: bytes by which the group is charged more
 * @objects: objects more in the caches of kmalloc() that nobody is charged with
 * @object_size: size of these
 * @done: it came to its end
 *
 * In memory that the process shares with the test.
 */
struct vmig_keeper {
	struct vmig_device *dev;
	struct vmig_cgroup group;
	struct vmig_stream good;
	bool (*begin)(struct vmig_keeper *k);
	void (*end)(struct vmig_keeper *k);
	bool many;
	int fd;
	unsigned int kept;
	double held, charged;
	long objects;
	unsigned int object_size;
	bool done;
};

bool vmig_keeper_judge_at(const char *at, struct vmig_keeper *k, enum vmig_clause_id id,
			  const char *did);

/* A breach reports the line of the call. */
#define vmig_keeper_judge(...) vmig_keeper_judge_at(VMIG_HERE, __VA_ARGS__)

#endif /* VMIG_TESTS_STRESS_KEEPER_H */
