// SPDX-License-Identifier: GPL-2.0-only
/* Use a device that took a stream, whatever that has made of it. See use_device.h. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <vmig/feature.h>
#include <vmig/fsm.h>
#include <vmig/info.h>
#include <vmig/error.h>
#include <vmig/region.h>
#include <vmig/shared.h>
#include <vmig/state.h>
#include <vmig/stream.h>
#include "child.h"
#include "exercise.h"
#include "guest_access.h"
#include "use_device.h"

/* What of a region is read: its first registers, as a driver of the guest does. */
#define FIRST_BYTES 128
#define SINGLE_BYTES 8

/* How long a device that may be in any state is waited for; ms. */
#define WORK_MS 50

/* How much of its stream is read. */
#define SOME_BYTES (1UL << 20)

/* All of it takes less than this, and a device that has to be waited for some seconds; ms. */
#define USE_MS 30000

#define SEED 0x5eed

/* A device with state of anybody, and what is used of it. */
struct use {
	struct vmig_device *dev;
	const char **step;
	const char *after;
	struct vmig_exercise w;
	struct vmig_dma mem;
	uint64_t flags;
	bool begun;
	int irq;
};

static void read_region(struct vmig_device *dev, const struct vfio_region_info *info)
{
	uint32_t value, at;

	for (at = 0; at < FIRST_BYTES && at + sizeof(value) <= info->size; at += sizeof(value))
		__vmig_region_read(dev, info, at, &value, sizeof(value));
	for (at = 0; at < SINGLE_BYTES && at < info->size; at++)
		__vmig_region_read(dev, info, at, &value, 1);
}

static void read_regions(struct use *u)
{
	struct vfio_region_info *info;
	struct vfio_device_info device;
	uint32_t i;

	*u->step = "reads of its regions";
	if (__vmig_device_info(u->dev, &device))
		return;
	vmig_for_each_region(u->dev, &device, i, info)
		if (info->flags & VFIO_REGION_INFO_FLAG_READ)
			read_region(u->dev, info);
}

static void begin_work(struct use *u)
{
	*u->step = "the first accesses of its driver";
	if (__vmig_exercise_begin(&u->w, u->dev))
		return;
	u->begun = true;
	if (u->w.ops->dma_write)
		vmig_exercise_memory(&u->w, &u->mem);
	if (!vmig_irq_there(&u->w))
		return;
	*u->step = "SET_IRQS";
	u->irq = vmig_eventfd();
	if (__vmig_irq_enable(u->dev, u->w.ops->irq_index, u->irq)) {
		close(u->irq);
		u->irq = -1;
	}
}

static void write_registers(struct use *u)
{
	*u->step = "writes to its registers";
	if (u->w.ops->stress_registers)
		u->w.ops->stress_registers(&u->w);
}

/* What it answers is its user's affair. */
static void work(struct use *u)
{
	const struct vmig_exerciser *ops = u->w.ops;
	const char *why;
	uint64_t value;

	if (!u->begun)
		return;
	*u->step = "a look at its registers and memory";
	if (ops->check_pattern)
		ops->check_pattern(&u->w, SEED, &why);
	write_registers(u);
	if (ops->counter)
		ops->counter(&u->w, &value);
	*u->step = "DMA";
	if (ops->dma_write) {
		ops->dma_write(&u->w, u->mem.iova, ops->dma_max, SEED);
		ops->dma_wait(&u->w, WORK_MS, NULL);
	}
	*u->step = "an interrupt";
	if (u->irq >= 0) {
		ops->irq_raise(&u->w, 0);
		vmig_eventfd_wait(u->irq, 1);
	}
}

static void set(struct use *u, uint32_t state, int *fd)
{
	*u->step = vmig_state_name(state);
	if (__vmig_set_state(u->dev, state, fd))
		*fd = -1;
}

static void read_some(struct use *u, int fd)
{
	struct vmig_stream s = {};

	if (fd < 0)
		return;
	*u->step = "read() of a new stream";
	__vmig_stream_read_some(fd, &s, SOME_BYTES, &vmig_default_chunks);
	vmig_stream_free(&s);
}

/* Stopped, a device is still: also one whose state nobody knows. */
static void stop_and_save(struct use *u)
{
	unsigned char *before = NULL;
	int fd, ret;

	*u->step = "STOP";
	ret = __vmig_set_state(u->dev, VFIO_DEVICE_STATE_STOP, NULL);
	if (u->mem.size) {
		before = vmig_alloc(u->mem.size);
		memcpy(before, u->mem.at, u->mem.size);
	}
	if (u->irq >= 0)
		vmig_eventfd_fired(u->irq);
	set(u, VFIO_DEVICE_STATE_STOP_COPY, &fd);
	read_some(u, fd);
	if (fd >= 0)
		close(fd);
	if (!ret && before)
		CHECK(QUI_02, !memcmp(before, u->mem.at, u->mem.size),
		      vmig_fmt("%s, RUNNING, work, SET(STOP), STOP_COPY, read()", u->after),
		      "no change in memory", "the device has written to it");
	if (!ret && u->irq >= 0)
		CHECK(QUI_01, !vmig_eventfd_fired(u->irq),
		      vmig_fmt("%s, RUNNING, work, SET(STOP), STOP_COPY, read()", u->after),
		      "the eventfd is silent", "it is signalled");
	free(before);
}

static void pre_copy(struct use *u)
{
	struct vfio_precopy_info info = { .argsz = sizeof(info) };
	int fd;

	if (!vmig_state_offered(u->flags, VFIO_DEVICE_STATE_PRE_COPY))
		return;
	set(u, VFIO_DEVICE_STATE_PRE_COPY, &fd);
	if (fd < 0)
		return;
	*u->step = "GET_PRECOPY_INFO";
	__vmig_precopy_info(fd, &info);
	read_some(u, fd);
	set(u, VFIO_DEVICE_STATE_RUNNING, &(int){ -1 });
	close(fd);
}

static void end_work(struct use *u)
{
	*u->step = "the last accesses of its driver";
	if (u->irq >= 0)
		vmig_irq_end(&u->w, u->irq);
	vmig_exercise_end(&u->w);
	vmig_dma_free(&u->mem);
}

/**
 * vmig_use_device - run a device on what it was given, and do with it what is done with devices
 * @dev: in STOP, after a load that succeeded; left anywhere
 * @first: what its registers are first, read or written
 * @step: the current step, for messages of one who waits for it
 * @after: what was loaded, for messages
 *
 * Registers are read and written, DMA, interrupts, the states, a save. What comes of it is the
 * user's own affair, but it comes to an end, and a stopped device is still (QUI-01, QUI-02).
 * DMA goes to memory of this process alone, as nothing else is mapped.
 */
void vmig_use_device(struct vmig_device *dev, enum vmig_use_first first, const char **step,
		     const char *after)
{
	struct use u = { .dev = dev, .step = step, .after = after, .irq = -1 };
	int fd;

	if (__vmig_get_migration(dev, &u.flags))
		u.flags = VFIO_MIGRATION_STOP_COPY;
	set(&u, VFIO_DEVICE_STATE_RUNNING, &fd);
	if (first == VMIG_READS_FIRST)
		read_regions(&u);
	begin_work(&u);
	if (first == VMIG_WRITES_FIRST && u.begun)
		write_registers(&u);
	work(&u);
	/* What is done once may have left something behind. */
	work(&u);
	read_regions(&u);
	if (vmig_state_offered(u.flags, VFIO_DEVICE_STATE_RUNNING_P2P)) {
		set(&u, VFIO_DEVICE_STATE_RUNNING_P2P, &fd);
		set(&u, VFIO_DEVICE_STATE_RUNNING, &fd);
	}
	pre_copy(&u);
	stop_and_save(&u);
	set(&u, VFIO_DEVICE_STATE_RUNNING, &fd);
	if (u.begun)
		end_work(&u);
}

struct child_use {
	struct vmig_device *dev;
	enum vmig_use_first first;
	const char *step;
	const char *after;
};

static void use_in_child(void *arg)
{
	struct child_use *c = arg;

	vmig_use_device(c->dev, c->first, &c->step, c->after);
}

/**
 * vmig_judge_use_at - vmig_use_device() in a child that is ended if it takes too long
 * @at: where the caller is: VMIG_HERE
 * @dev: in STOP, after a load that succeeded; left anywhere
 * @first: what its registers are first, read or written
 * @did: what was loaded
 *
 * Return: false after a breach; the device is not to be used any more then.
 */
bool vmig_judge_use_at(const char *at, struct vmig_device *dev, enum vmig_use_first first,
		       const char *did)
{
	struct child_use *c = vmig_shared_alloc(sizeof(*c));
	enum vmig_child_end end;
	bool ok;

	c->dev = dev;
	c->first = first;
	c->after = did;
	end = vmig_child_run(use_in_child, c, USE_MS);
	ok = vmig_judge_child_at(at, RES_08, end,
				 vmig_fmt("%s, accepted; RUNNING, use of the device, at last: %s",
					  did, c->step ?: "nothing"));
	vmig_shared_free(c, sizeof(*c));
	return ok;
}
