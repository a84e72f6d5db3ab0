// SPDX-License-Identifier: GPL-2.0-only
/*
 * ROB-05: memory in both directions. A device is opened, saved, loaded, logged and reset hundreds
 * of times while its host runs: what each time was allocated has to come back, also where all went
 * well (dab751b4240f: each load that succeeded lost the device's memory). And what a user makes
 * the kernel keep has to count as that user's, so that the limit of a control group bounds it
 * ("vfio: Use GFP_KERNEL_ACCOUNT for userspace persistent allocations", v6.3).
 *
 * Sessions that are left in the middle are in the robust chapter.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>

#include <vmig/dma_logging.h>
#include <vmig/info.h>
#include <vmig/region.h>
#include <vmig/shared.h>
#include "fault_memory.h"
#include "guest_access.h"
#include "keeper.h"
#include "kernel_memory.h"
#include "kmsg_watch.h"
#include "leak_check.h"
#include "load_attempt.h"
#include "vmig_harness.h"

VMIG_FIXTURE(memory);
VMIG_FIXTURE(memory_opens);
VMIG_VARIANT_COMPAT(memory_opens);

/* Calls on an open device do not know how it was opened: one way is enough. */
#define NEED_THIS_WAY                                                                              \
	NEED(variant->uapi == VMIG_UAPI_CDEV || !self->dev->id.cdev[0],                            \
	     "the same calls as through the cdev")

#define NEED_LOGGING                                                                               \
	NEED(!__vmig_probe(self->dev, VFIO_DEVICE_FEATURE_DMA_LOGGING_START,                       \
			   VFIO_DEVICE_FEATURE_SET),                                               \
	     "the device offers no DMA logging")

/**
 * struct user - who does something over and over
 * @dev: with this device
 * @flags: what it offers
 * @uapi: how it is opened
 * @good: a stream of it
 */
struct user {
	struct vmig_device *dev;
	uint64_t flags;
	enum vmig_uapi uapi;
	struct vmig_stream good;
};

/* How often at least, however slow the device is. */
#define ROUNDS_MIN 16

static void judge_over_and_over(struct user *u, void (*once)(void *arg, unsigned int i),
				double slab_least, const char *did)
{
	struct vmig_batch b = { once, u, ROUNDS_MIN };
	struct vmig_leaks counts;
	struct vmig_growth g;

	vmig_leaks_begin(&counts, u->dev);
	vmig_growth_measure(&b, &g);
	vmig_metric("slab_growth", g.slab, "bytes");
	vmig_metric("page_growth", g.pages, "bytes");
	vmig_growth_judge(&g, ROB_05, slab_least, did);
	counts.dev = u->dev;
	vmig_leaks_judge_counts(&counts, ROB_05, vmig_fmt("%u times: %s", g.all, did));
}

static void save_all(struct user *u, bool precopy, struct vmig_stream *s)
{
	int fd, ret;

	fd = vmig_goto_state(u->dev,
			     precopy ? VFIO_DEVICE_STATE_PRE_COPY : VFIO_DEVICE_STATE_STOP_COPY);
	if (precopy) {
		ret = __vmig_stream_read_some(fd, s, 1, &vmig_default_chunks);
		if (ret)
			vmig_test_error("no byte in PRE_COPY: %s", vmig_errno_name(ret));
		vmig_set_state(u->dev, VFIO_DEVICE_STATE_STOP_COPY);
	}
	vmig_stream_read(fd, s);
	close(fd);
	vmig_set_state(u->dev, VFIO_DEVICE_STATE_RUNNING);
}

static void migrate(void *arg, unsigned int i)
{
	struct vmig_stream s = {};
	struct user *u = arg;

	save_all(u, i % 2 && vmig_state_offered(u->flags, VFIO_DEVICE_STATE_PRE_COPY), &s);
	vmig_load(u->dev, &s);
	vmig_set_state(u->dev, VFIO_DEVICE_STATE_RUNNING);
	vmig_stream_free(&s);
}

VMIG_TEST_TIMEOUT(memory, whole_migrations_are_freed, 300)
{
	struct user u = { .dev = self->dev, .flags = self->flags };

	CLAUSES(ROB_05);
	NEED_THIS_WAY;
	judge_over_and_over(&u, migrate, VMIG_GROWTH_NONE, "a whole save and a whole load");
}

/* Streams that end too early and, every other time, begin with a wrong byte. */
static void load_badly(void *arg, unsigned int i)
{
	struct vmig_stream bad = {};
	struct user *u = arg;

	vmig_stream_copy(&bad, &u->good);
	if (i % 2)
		bad.data[0] ^= 0xff;
	else
		bad.len = bad.len / 2 + 1;
	vmig_load_unchecked(u->dev, bad.data, bad.len, VMIG_ONE_WRITE, VFIO_DEVICE_STATE_STOP);
	vmig_stream_free(&bad);
	vmig_leave_attempt(u->dev);
}

VMIG_TEST_TIMEOUT(memory, failed_loads_are_freed, 300)
{
	struct user u = { .dev = self->dev, .flags = self->flags };

	CLAUSES(ROB_05);
	NEED_THIS_WAY;
	/* A load that is refused leaves no other way out of RESUMING (H:1102). */
	NEED_RESET;
	vmig_save(self->dev, &u.good);
	vmig_recover_running(self->dev);
	NEED(u.good.len, "a save gives no bytes, and a load of none is a good one");
	judge_over_and_over(&u, load_badly, VMIG_GROWTH_NONE, "a load that fails, and a reset");
	vmig_stream_free(&u.good);
}

static void reset_once(void *arg, unsigned int i)
{
	static const uint32_t from[] = { VFIO_DEVICE_STATE_RUNNING, VFIO_DEVICE_STATE_STOP_COPY,
					 VFIO_DEVICE_STATE_RESUMING };
	struct user *u = arg;
	int fd = vmig_goto_state(u->dev, from[i % ARRAY_SIZE(from)]);

	vmig_reset(u->dev);
	vmig_close_data_fd(fd);
	vmig_recover_running(u->dev);
}

VMIG_TEST_TIMEOUT(memory, resets_are_freed, 300)
{
	struct user u = { .dev = self->dev, .flags = self->flags };

	CLAUSES(ROB_05);
	NEED_THIS_WAY;
	NEED_RESET;
	judge_over_and_over(&u, reset_once, VMIG_GROWTH_NONE, "a reset");
}

#define LOG_LENGTH (256 * VMIG_PAGE)

static void log_once(void *arg, unsigned int i)
{
	struct vfio_device_feature_dma_logging_range range = { .length = LOG_LENGTH };
	uint64_t bitmap[LOG_LENGTH / VMIG_PAGE / 64], page_size = VMIG_PAGE;
	struct user *u = arg;

	vmig_log_start(u->dev, &page_size, &range, 1);
	__vmig_log_report(u->dev, 0, LOG_LENGTH, VMIG_PAGE, bitmap);
	vmig_log_stop(u->dev);
}

VMIG_TEST_TIMEOUT(memory, reported_logs_are_freed, 300)
{
	struct user u = { .dev = self->dev, .flags = self->flags };

	CLAUSES(ROB_05);
	NEED_THIS_WAY;
	NEED_LOGGING;
	judge_over_and_over(&u, log_once, VMIG_GROWTH_CACHES, "a START, a REPORT and a STOP");
}

static void ask_regions(struct vmig_device *dev, const struct vfio_device_info *dev_info)
{
	struct vfio_region_info *info;
	uint32_t i, word;
	void *at;

	vmig_for_each_region(dev, dev_info, i, info) {
		if (info->size >= sizeof(word) && info->flags & VFIO_REGION_INFO_FLAG_READ)
			__vmig_region_read(dev, info, 0, &word, sizeof(word));
		if (!__vmig_region_mmap_first(dev, info, VMIG_PAGE, &at))
			munmap(at, VMIG_PAGE);
	}
}

/* What a VMM asks, and the interrupts that it sets up, which stay for close() where @keep is. */
static void use_it(struct vmig_device *dev, bool keep)
{
	struct vfio_device_info info;
	struct vfio_irq_info irq;
	uint64_t size;
	uint32_t i;
	int fd;

	vmig_device_info(dev, &info);
	ask_regions(dev, &info);
	for (i = 0; i < info.num_irqs; i++) {
		if (__vmig_irq_info(dev, i, &irq) || !irq.count ||
		    !(irq.flags & VFIO_IRQ_INFO_EVENTFD))
			continue;
		fd = vmig_eventfd();
		if (!__vmig_irq_enable(dev, i, fd) && !keep)
			__vmig_irq_disable(dev, i);
		close(fd);
	}
	__vmig_get_data_size(dev, &size);
}

static void ask_once(void *arg, unsigned int i)
{
	struct user *u = arg;

	use_it(u->dev, false);
}

VMIG_TEST_TIMEOUT(memory, questions_and_interrupts_are_freed, 300)
{
	struct user u = { .dev = self->dev, .flags = self->flags };

	CLAUSES(ROB_05);
	NEED_THIS_WAY;
	judge_over_and_over(&u, ask_once, VMIG_GROWTH_CACHES,
			    "infos, accesses and mappings of regions, interrupts on and off");
}

/* Closed with its interrupts on, logging on, and a session begun: all that close() has to undo. */
static void open_once(void *arg, unsigned int i)
{
	struct vfio_device_feature_dma_logging_range range = { .length = LOG_LENGTH };
	static const uint32_t in[] = { VFIO_DEVICE_STATE_RUNNING, VFIO_DEVICE_STATE_STOP_COPY,
				       VFIO_DEVICE_STATE_RESUMING };
	uint64_t page_size = VMIG_PAGE;
	struct user *u = arg;
	int fd = -1;
	char c = 0;

	use_it(u->dev, true);
	__vmig_log_start(u->dev, &page_size, &range, 1);
	fd = vmig_goto_state(u->dev, in[i % ARRAY_SIZE(in)]);
	if (fd >= 0 && in[i % ARRAY_SIZE(in)] == VFIO_DEVICE_STATE_RESUMING)
		__vmig_write(fd, &c, 1);
	else if (fd >= 0)
		__vmig_read(fd, &c, 1);
	vmig_close(u->dev);
	vmig_close_data_fd(fd);
	u->dev = vmig_open_soon(vmig_first_device(), u->uapi);
	/* What a driver keeps over close() is another clause's. */
	__vmig_log_stop(u->dev);
	vmig_recover_running(u->dev);
}

VMIG_TEST_TIMEOUT(memory_opens, opens_are_freed, 900)
{
	struct user u = { .dev = self->dev, .flags = self->flags, .uapi = variant->uapi };

	CLAUSES(ROB_05);
	judge_over_and_over(&u, open_once, VMIG_GROWTH_NONE,
			    "an open, interrupts, logging and a session, and close");
	self->dev = u.dev;
}

static bool begin_reading(struct vmig_keeper *k, uint32_t state)
{
	char c;

	if (__vmig_goto_state(k->dev, state, &k->fd))
		return false;
	__vmig_read(k->fd, &c, 1);
	return true;
}

static bool begin_save(struct vmig_keeper *k)
{
	return begin_reading(k, VFIO_DEVICE_STATE_STOP_COPY);
}

static bool begin_precopy(struct vmig_keeper *k)
{
	return begin_reading(k, VFIO_DEVICE_STATE_PRE_COPY);
}

/* All but the last byte, so that nothing of it can be done with. */
static bool begin_load(struct vmig_keeper *k)
{
	if (__vmig_goto_state(k->dev, VFIO_DEVICE_STATE_RESUMING, &k->fd))
		return false;
	__vmig_stream_write(k->fd, k->good.data, k->good.len - 1, &vmig_default_chunks, NULL);
	return true;
}

static void end_session(struct vmig_keeper *k)
{
	vmig_recover_running(k->dev);
}

static bool begin_log(struct vmig_keeper *k)
{
	struct vfio_device_feature_dma_logging_range ranges[256];
	uint64_t page_size = VMIG_PAGE;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(ranges); i++)
		ranges[i] = (struct vfio_device_feature_dma_logging_range){
			.iova = i * 1024ULL * VMIG_PAGE,
			.length = LOG_LENGTH,
		};
	k->fd = -1;
	return !__vmig_log_start(k->dev, &page_size, ranges, ARRAY_SIZE(ranges));
}

static void end_log(struct vmig_keeper *k)
{
	__vmig_log_stop(k->dev);
}

#define KEEP(begin_, end_, many_, did)                                                             \
	do {                                                                                       \
		struct vmig_keeper *k_;                                                            \
		NEED_THIS_WAY;                                                                     \
		k_ = vmig_shared_alloc(sizeof(*k_));                                               \
		*k_ = (struct vmig_keeper){                                                        \
			.dev = self->dev, .begin = begin_, .end = end_, .many = many_              \
		};                                                                                 \
		vmig_save(self->dev, &k_->good);                                                   \
		vmig_recover_running(self->dev);                                                   \
		NEED_CGROUP(&k_->group);                                                           \
		vmig_keeper_judge(k_, ROB_05, did);                                                \
		vmig_recover_running(self->dev);                                                   \
		__vmig_log_stop(self->dev);                                                        \
	} while (0)

VMIG_TEST_TIMEOUT(memory, save_is_charged, 150)
{
	CLAUSES(ROB_05);
	KEEP(begin_save, end_session, false, "a save");
}

VMIG_TEST_TIMEOUT(memory, precopy_is_charged, 150)
{
	CLAUSES(ROB_05);
	NEED_STATE(VFIO_DEVICE_STATE_PRE_COPY);
	KEEP(begin_precopy, end_session, false, "PRE_COPY");
}

VMIG_TEST_TIMEOUT(memory, load_is_charged, 150)
{
	CLAUSES(ROB_05);
	KEEP(begin_load, end_session, false, "a load but for its last byte");
}

VMIG_TEST_TIMEOUT(memory, log_is_charged, 150)
{
	CLAUSES(ROB_05);
	NEED_LOGGING;
	KEEP(begin_log, end_log, false, "a START of 256 ranges");
}

/* A session that is over goes with its data_fd, and of these a user can keep many. */
VMIG_TEST_TIMEOUT(memory, ended_saves_are_charged, 150)
{
	CLAUSES(ROB_05);
	KEEP(begin_save, end_session, true, "a save that is over, its data_fd open");
}

VMIG_TEST_TIMEOUT(memory, ended_loads_are_charged, 150)
{
	CLAUSES(ROB_05);
	KEEP(begin_load, end_session, true, "a load that is over, its data_fd open");
}

VMIG_MAIN("memory")
