// SPDX-License-Identifier: GPL-2.0-only
/* Branch coverage of a driver by this task's calls (KCOV). See kcov.h. */
#include <fcntl.h>
#include <linux/kcov.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "kcov.h"

#define KCOV_FILE "/sys/kernel/debug/kcov"

/* Words: what comes later is lost, and a checksum of 64 KiB takes 8192 turns. */
#define AREA (1UL << 18)
#define AREA_BYTES (AREA * sizeof(uint64_t))

/* Words of one comparison: type, two numbers, place. */
#define COMPARISON 4

/**
 * vmig_kcov_open - make ready to record what this process does
 * @k: filled
 *
 * Return: false in a kernel that cannot tell, or does not tell this user.
 */
bool vmig_kcov_open(struct vmig_kcov *k)
{
	k->area = MAP_FAILED;
	k->fd = open(KCOV_FILE, O_RDWR | O_CLOEXEC);
	if (k->fd < 0)
		return false;
	if (!ioctl(k->fd, KCOV_INIT_TRACE, AREA))
		k->area = mmap(NULL, AREA_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, k->fd, 0);
	if (k->area != MAP_FAILED)
		return true;
	close(k->fd);
	k->fd = -1;
	return false;
}

/**
 * vmig_kcov_close - the end of it
 * @k: what vmig_kcov_open() filled, whatever it said
 */
void vmig_kcov_close(struct vmig_kcov *k)
{
	if (k->fd < 0)
		return;
	munmap(k->area, AREA_BYTES);
	close(k->fd);
	k->fd = -1;
}

/**
 * vmig_kcov_begin - from now on the calls of this task are recorded
 * @k: open, or not; then nothing happens
 * @mode: what of them
 */
void vmig_kcov_begin(struct vmig_kcov *k, enum vmig_kcov_mode mode)
{
	if (k->fd < 0)
		return;
	ioctl(k->fd, KCOV_ENABLE, mode == VMIG_KCOV_BRANCHES ? KCOV_TRACE_PC : KCOV_TRACE_CMP);
	__atomic_store_n(&k->area[0], 0, __ATOMIC_RELAXED);
}

/**
 * vmig_kcov_end - no more
 * @k: as for vmig_kcov_begin()
 *
 * Return: how many records there are.
 */
size_t vmig_kcov_end(struct vmig_kcov *k)
{
	size_t n;

	if (k->fd < 0)
		return 0;
	n = __atomic_load_n(&k->area[0], __ATOMIC_RELAXED);
	ioctl(k->fd, KCOV_DISABLE, 0);
	return n;
}

static uint32_t hash(uint64_t pc)
{
	pc *= 0x9e3779b97f4a7c15;
	return pc >> 32;
}

/**
 * vmig_kcov_edges - note the edges that were taken
 * @k: with records of branches
 * @count: their number
 * @map: VMIG_EDGES bits, of which those of the edges are set
 *
 * Return: how many of them were not set before.
 */
unsigned int vmig_kcov_edges(const struct vmig_kcov *k, size_t count, unsigned char *map)
{
	uint32_t last = 0, here, edge;
	unsigned int fresh = 0;
	size_t i;

	for (i = 0; i < count; i++) {
		here = hash(k->area[1 + i]);
		edge = (here ^ last >> 1) % VMIG_EDGES;
		last = here;
		if (map[edge / 8] & 1 << edge % 8)
			continue;
		map[edge / 8] |= 1 << edge % 8;
		fresh++;
	}
	return fresh;
}

/**
 * vmig_kcov_comparison - one of the comparisons that were made
 * @k: with records of comparisons
 * @i: which one, below their number
 * @c: filled
 */
void vmig_kcov_comparison(const struct vmig_kcov *k, size_t i, struct vmig_comparison *c)
{
	const uint64_t *r = &k->area[1 + COMPARISON * i];

	c->width = 1 << ((r[0] & KCOV_CMP_MASK) >> 1);
	c->values[0] = r[1];
	c->values[1] = r[2];
}
