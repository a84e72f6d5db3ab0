// SPDX-License-Identifier: GPL-2.0-only
/* A process that lets the kernel keep memory for it, and who is charged with that. */
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>

#include "child.h"
#include "keeper.h"
#include "kernel_memory.h"
#include <vmig/error.h>
#include <vmig/state.h>

/* So many are kept, or so many bytes. */
#define KEPT_MAX 800
#define KEPT_BYTES (16 << 20)
#define KEPT_LOOK 50

/* Uncharged memory that counts, bytes: of one, and of many. */
#define UNCHARGED_ONE 24576.0
#define UNCHARGED_MANY 65536.0

#define KEEP_MS 120000

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

static const unsigned int sizes[] = { 32, 64, 96, 128, 192, 256, 512, 1024, 2048, 4096, 8192 };

/* What is allocated for a process's account has caches of its own, kmalloc-cg-*. */
static void count_objects(long counts[ARRAY_SIZE(sizes)])
{
	FILE *f = fopen("/proc/slabinfo", "re");
	char line[512], name[64], want[64];
	long active;
	size_t i;

	memset(counts, 0, ARRAY_SIZE(sizes) * sizeof(*counts));
	while (f && fgets(line, sizeof(line), f)) {
		if (sscanf(line, "%63s %ld", name, &active) != 2)
			continue;
		for (i = 0; i < ARRAY_SIZE(sizes); i++) {
			snprintf(want, sizeof(want), sizes[i] < 1024 ? "kmalloc-%u" : "kmalloc-%uk",
				 sizes[i] < 1024 ? sizes[i] : sizes[i] / 1024);
			if (!strcmp(name, want))
				counts[i] = active;
		}
	}
	if (f)
		fclose(f);
}

static double all_of(const struct vmig_kernel_memory *m)
{
	return m->all_slab + m->pages;
}

/* One, a few times, each against what was there without it: the median. */
static void measure_one(struct vmig_keeper *k)
{
	struct vmig_kernel_memory before, after;
	double held[3], charged[3];
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(held); i++) {
		charged[i] = -(double)vmig_cgroup_kernel(&k->group);
		vmig_kernel_memory_take(&before);
		if (!k->begin(k))
			return;
		vmig_kernel_memory_take(&after);
		charged[i] += vmig_cgroup_kernel(&k->group);
		held[i] = all_of(&after) - all_of(&before);
		k->end(k);
		vmig_close_data_fd(k->fd);
	}
	k->held = vmig_median(held, ARRAY_SIZE(held));
	k->charged = vmig_median(charged, ARRAY_SIZE(charged));
	k->kept = 1;
	k->done = true;
}

/* As many as can be kept, by their data_fds. */
static void measure_many(struct vmig_keeper *k)
{
	long before_objects[ARRAY_SIZE(sizes)], after_objects[ARRAY_SIZE(sizes)];
	struct rlimit files = { 2 * KEPT_MAX, 2 * KEPT_MAX };
	struct vmig_kernel_memory before, after;
	size_t i;

	setrlimit(RLIMIT_NOFILE, &files);
	k->charged = -(double)vmig_cgroup_kernel(&k->group);
	count_objects(before_objects);
	vmig_kernel_memory_take(&before);
	for (k->kept = 0; k->kept < KEPT_MAX; k->kept++) {
		if (!k->begin(k))
			break;
		k->end(k);
		if (k->kept % KEPT_LOOK)
			continue;
		vmig_kernel_memory_take(&after);
		if (all_of(&after) - all_of(&before) > KEPT_BYTES)
			break;
	}
	vmig_kernel_memory_take(&after);
	count_objects(after_objects);
	k->charged += vmig_cgroup_kernel(&k->group);
	k->held = all_of(&after) - all_of(&before);
	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		if (after_objects[i] - before_objects[i] <= k->objects)
			continue;
		k->objects = after_objects[i] - before_objects[i];
		k->object_size = sizes[i];
	}
	k->done = true;
}

static void keep(void *arg)
{
	struct vmig_keeper *k = arg;

	/* Once without counting: the first time fills caches. */
	if (!vmig_cgroup_join(&k->group) || !k->begin(k))
		return;
	k->end(k);
	if (k->many) {
		measure_many(k);
	} else {
		vmig_close_data_fd(k->fd);
		measure_one(k);
	}
}

/**
 * vmig_keeper_judge_at - is a user charged with what the kernel keeps for it?
 * @at: where the caller is: VMIG_HERE
 * @k: what is kept, with @dev, @group, @begin, @end and @many; its group is gone afterwards
 * @id: clause that is checked
 * @did: what is kept
 *
 * What it costs that the kernel watches its memory is charged to nobody; pages and objects are.
 *
 * Return: false after a breach.
 */
bool vmig_keeper_judge_at(const char *at, struct vmig_keeper *k, enum vmig_clause_id id,
			  const char *did)
{
	double least = k->many ? UNCHARGED_MANY : UNCHARGED_ONE;
	enum vmig_child_end end = vmig_child_run(keep, k, KEEP_MS);
	bool ok;

	vmig_cgroup_end(&k->group);
	if (end != VMIG_CHILD_DONE || !k->done)
		vmig_test_error("%s: %s", did,
				end == VMIG_CHILD_DONE ? "a call failed" : vmig_child_name(end));
	vmig_metric("held", k->held, "bytes");
	vmig_metric("charged", k->charged, "bytes");
	did = vmig_fmt("%s, %u times, in a control group", did, k->kept);
	ok = CHECK_AT(at, id, k->held - k->charged < least || k->charged >= k->held / 2, did,
		      "the memory that the kernel keeps for it is the group's",
		      "the kernel has %.0f KiB more, and the group is charged with %.0f KiB",
		      k->held / 1024, k->charged / 1024);
	/* Where half of the objects came from others, there were others. */
	return CHECK_AT(at, id, k->kept < KEPT_LOOK || k->objects < k->kept * 3 / 4, did,
			"the objects that the kernel keeps for it are the group's",
			"%ld objects more that nobody is charged with, in kmalloc-%u", k->objects,
			k->object_size) &&
	       ok;
}
