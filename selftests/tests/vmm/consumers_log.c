// SPDX-License-Identifier: GPL-2.0-only
/*
 * What VMMs rely on in DMA logging: the calls of QEMU and cloud-hypervisor, in their order.
 *
 * QEMU has the memory of its VM tracked as three ranges at most, from the lowest to the highest
 * address below 4 GiB, the same above, and in the hole of 64-bit PCI; it asks about the sections
 * of the memory, which begin and end elsewhere. cloud-hypervisor has each region tracked and
 * asks about it by the page size that START returned.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <vmig/dma_logging.h>
#include "vmm_clh.h"
#include "vmm_qemu.h"
#include "fault_memory.h"
#include "fixture_exercise.h"

#define KIB 1024ULL
#define MIB (KIB * KIB)
#define GIB (KIB * MIB)

/* Where the device writes, and what of it. */
#define SIZE (1 * MIB)
#define FEW 64

#define SEED 0x5101

#define RANGES 3
#define SECTIONS 5

FIXTURE(dma_log)
{
	VMIG_FIXTURE_DATA;
	VMIG_WORK_DATA;
	uint32_t seed;
	struct vfio_device_feature_dma_logging_range ranges[RANGES];
	uint32_t count;
	struct vfio_device_feature_dma_logging_range sections[SECTIONS];
	uint64_t *bitmap;
};

FIXTURE_VARIANT(dma_log)
{
	VMIG_VARIANT_DATA;
};

VMIG_VARIANTS_UAPIS(dma_log);
VMIG_VARIANT_COMPAT(dma_log);

static struct vfio_device_feature_dma_logging_range range(uint64_t iova, uint64_t length)
{
	return (struct vfio_device_feature_dma_logging_range){ .iova = iova, .length = length };
}

/* The memory of a VM of 8 GiB; of 256 MiB for a device that cannot reach so far. */
static void lay_out(FIXTURE_DATA(dma_log) * self, bool large)
{
	uint64_t low = large ? 3 * GIB : 256 * MIB;
	unsigned int n = 0;

	self->count = 0;
	self->ranges[self->count++] = range(0, low);
	self->sections[n++] = range(0, 640 * KIB);
	self->sections[n++] = range(768 * KIB, 256 * KIB);
	self->sections[n++] = range(1 * MIB, low - 1 * MIB);
	if (large) {
		self->ranges[self->count++] = range(4 * GIB, 5 * GIB);
		self->sections[n++] = range(4 * GIB, 5 * GIB);
		self->ranges[self->count++] = range(512 * GIB, 1 * GIB);
		self->sections[n++] = range(512 * GIB, 1 * GIB);
	}
	for (; n < SECTIONS; n++)
		self->sections[n] = range(0, 0);
}

/* Does the device track the memory of a VM of this size? */
static bool tracks(FIXTURE_DATA(dma_log) * self)
{
	uint64_t page_size = VMIG_PAGE;

	if (__vmig_log_start(self->dev, &page_size, self->ranges, self->count))
		return false;
	vmig_log_stop(self->dev);
	return true;
}

FIXTURE_SETUP(dma_log)
{
	VMIG_SETUP(true);
	vmig_exercise_begin(&self->w, self->dev);
	self->seed = SEED;
	NEED(!__vmig_probe(self->dev, VFIO_DEVICE_FEATURE_DMA_LOGGING_START,
			   VFIO_DEVICE_FEATURE_SET),
	     "the device offers no DMA logging");
	NEED(vmig_log_served(self->dev), VMIG_LOG_UNSERVED);
	/* One bit a page of the largest section. */
	self->bitmap = vmig_alloc(5 * GIB / VMIG_PAGE / 8);
	lay_out(self, true);
	if (!tracks(self)) {
		lay_out(self, false);
		NEED(tracks(self), "the device does not even track 256 MiB at 0");
	}
	if (self->w.ops->dma_write)
		vmig_exercise_memory_sized(&self->w, SIZE, 2 * MIB, &self->mem);
}

FIXTURE_TEARDOWN(dma_log)
{
	__vmig_log_stop(self->dev);
	free(self->bitmap);
	vmig_exercise_memory_end(&self->w, &self->mem);
	VMIG_TEARDOWN();
}

/* The device writes to the page, and has written when this returns. */
static void write_page(FIXTURE_DATA(dma_log) * self, unsigned int page)
{
	uint64_t at = page * VMIG_PAGE;

	if (!self->mem.at)
		return;
	vmig_dma_begin(&self->w, &self->mem, at, FEW, ++self->seed);
	vmig_dma_end(&self->w);
	if (!vmig_dma_landed(&self->mem, at, FEW, self->seed))
		vmig_test_error("the device's DMA has ended and is not in memory");
}

static bool bit(const uint64_t *bitmap, uint64_t n)
{
	return bitmap[n / 64] >> n % 64 & 1;
}

/* Is the page among what a section reports, of bits for @page_size bytes? */
static bool seen(FIXTURE_DATA(dma_log) * self,
		 const struct vfio_device_feature_dma_logging_range *section, unsigned int page,
		 uint64_t page_size)
{
	uint64_t iova = self->mem.iova + page * VMIG_PAGE;

	return iova >= section->iova && iova - section->iova < section->length &&
	       bit(self->bitmap, (iova - section->iova) / page_size);
}

/*
 * log_sync of all of the memory. Returns whether the page that was written to is dirty. That a
 * REPORT fails ends a migration and loses no page: LOG-28, where @id is LOG-19.
 */
static bool sync_memory(FIXTURE_DATA(dma_log) * self, struct qemu *q, enum vmig_clause_id id,
			unsigned int page, const char *when)
{
	enum vmig_clause_id works = id == LOG_19 ? LOG_28 : id;
	bool found = !self->mem.at;
	unsigned int i;
	int ret;

	for (i = 0; i < SECTIONS; i++) {
		const struct vfio_device_feature_dma_logging_range *s = &self->sections[i];

		if (!s->length)
			continue;
		memset(self->bitmap, 0, s->length / VMIG_PAGE / 8);
		ret = vmig_qemu_dma_logging_report(q, s->iova, s->length, self->bitmap);
		if (!CHECK(works, !ret,
			   vmig_fmt("REPORT of the section %#llx..%#llx %s",
				    (unsigned long long)s->iova,
				    (unsigned long long)(s->iova + s->length - 1), when),
			   "success",
			   "QEMU: vfio_device_dma_logging_report() would fail the migration: %s",
			   vmig_errno_name(ret)))
			return false;
		found |= self->mem.at && seen(self, s, page, VMIG_PAGE);
	}
	return CHECK(id, found,
		     vmig_fmt("log_sync of all sections %s, page %u was written to", when, page),
		     "its bit", "none: QEMU would not send the page");
}

static bool qemu_tracks(FIXTURE_DATA(dma_log) * self, struct qemu *q, enum vmig_clause_id id,
			const char *did)
{
	int ret = vmig_qemu_dma_logging_start(q, self->ranges, self->count);

	return CHECK(id, !ret, did, "success",
		     "QEMU: vfio_devices_dma_logging_start() would fail the migration: %s",
		     vmig_errno_name(ret));
}

/* The states of a live migration in their order, with a device that goes on writing. */
VMIG_TEST_TIMEOUT(dma_log, qemu_migrates, 60)
{
	static const uint32_t states[] = { VFIO_DEVICE_STATE_RUNNING, VFIO_DEVICE_STATE_PRE_COPY };
	unsigned int i, page = 1;
	struct qemu q;
	int fd = -1;

	CLAUSES(LOG_02, LOG_19, LOG_28, LOG_22, LOG_11);
	vmig_qemu_begin(&q, self->dev);
	vmig_qemu_migration_init(&q);
	if (!qemu_tracks(self, &q, LOG_02, "START of the ranges of a VM"))
		return;
	for (i = 0; i < ARRAY_SIZE(states); i++) {
		if (!vmig_state_offered(self->flags, states[i]))
			continue;
		if (states[i] != VFIO_DEVICE_STATE_RUNNING)
			fd = vmig_set_state(self->dev, states[i]);
		write_page(self, page);
		sync_memory(self, &q, LOG_19, page++,
			    vmig_fmt("in %s", vmig_state_name(states[i])));
	}
	write_page(self, page);
	if (fd < 0)
		fd = vmig_set_state(self->dev, VFIO_DEVICE_STATE_STOP_COPY);
	else
		vmig_set_state(self->dev, VFIO_DEVICE_STATE_STOP_COPY);
	sync_memory(self, &q, LOG_22, page, "in STOP_COPY, of what was written before");
	vmig_set_state(self->dev, VFIO_DEVICE_STATE_STOP);
	CHECK_OK(LOG_11, vmig_qemu_dma_logging_stop(&q), "STOP after the migration, in STOP");
	vmig_close_data_fd(fd);
	vmig_set_state(self->dev, VFIO_DEVICE_STATE_RUNNING);
	qemu_tracks(self, &q, LOG_11, "START for a migration after that");
	vmig_consumer_end(&q.c);
}

/* A SET fails and its recovery too: QEMU resets the device while it is tracked. */
VMIG_TEST_TIMEOUT(dma_log, qemu_resets_while_tracking, 60)
{
	struct qemu q;
	int ret;

	CLAUSES(LOG_02, LOG_11, LOG_19, LOG_28);
	vmig_qemu_begin(&q, self->dev);
	NEED(!__vmig_reset(self->dev), "the device cannot be reset");
	if (!qemu_tracks(self, &q, LOG_02, "START of the ranges of a VM"))
		return;
	write_page(self, 1);
	NEED(!__vmig_reset(self->dev), "the device cannot be reset");
	/* Over a reset it may have ended (LOG-24), and then STOP may say so (LOG-10). */
	ret = vmig_qemu_dma_logging_stop(&q);
	vmig_note(LOG_11, "STOP after a reset: %s", vmig_errno_name(ret));
	if (!qemu_tracks(self, &q, LOG_11, "START, RESET, STOP, then START for the next migration"))
		return;
	write_page(self, 2);
	sync_memory(self, &q, LOG_19, 2, "in the next migration");
	CHECK_OK(LOG_11, vmig_qemu_dma_logging_stop(&q), "STOP of the next migration");
	vmig_consumer_end(&q.c);
}

/* Of START, one REPORT and STOP, the call with this number fails; then another migration. */
static void fail_log_call(FIXTURE_DATA(dma_log) * self, unsigned int call)
{
	const struct vfio_device_feature_dma_logging_range *s = &self->sections[2];
	struct qemu q;
	int ret;

	vmig_qemu_begin(&q, self->dev);
	q.c.fault = CONSUMER_NO_ANSWER;
	q.c.fail_at = call;
	ret = vmig_qemu_dma_logging_start(&q, self->ranges, self->count);
	if (!ret)
		ret = vmig_qemu_dma_logging_report(&q, s->iova, s->length, self->bitmap);
	/* QEMU stops what it has started, and no more. */
	if (q.tracking)
		ret = vmig_qemu_dma_logging_stop(&q);
	/* A STOP that never came to the driver: QEMU warns and goes on; so another STOP. */
	if (call == q.c.calls && ret)
		__vmig_log_stop(self->dev);
	vmig_consumer_again(&q.c);
	if (qemu_tracks(self, &q, LOG_09,
			vmig_fmt("%s, then START for the next migration", q.c.failed))) {
		write_page(self, 3);
		sync_memory(self, &q, LOG_19, 3, vmig_fmt("after call %u had failed", call));
		CHECK_OK(LOG_11, vmig_qemu_dma_logging_stop(&q), "STOP of the next migration");
	}
	vmig_consumer_end(&q.c);
}

VMIG_TEST_TIMEOUT(dma_log, qemu_each_call_fails, 60)
{
	unsigned int call;

	CLAUSES(LOG_09, LOG_11, LOG_19, LOG_28);
	for (call = 1; call <= 3; call++)
		fail_log_call(self, call);
}

/* Regions that lie side by side, as those of a VM with hotplugged memory do. */
#define REGIONS 24

VMIG_TEST_TIMEOUT(dma_log, clh_migrates, 60)
{
	struct vfio_device_feature_dma_logging_range regions[REGIONS];
	uint64_t page_size = 0, first = self->mem.iova & ~(2 * MIB - 1);
	bool found = !self->mem.at;
	struct consumer c;
	unsigned int i;
	int ret;

	CLAUSES(LOG_02, LOG_07, LOG_19, LOG_28, LOG_11);
	vmig_clh_begin(&c, self->dev);
	for (i = 0; i < REGIONS; i++)
		regions[i] = range(first + i * 4 * MIB, 2 * MIB);
	ret = vmig_clh_dirty_log_start(&c, regions, REGIONS, &page_size);
	if (!CHECK(LOG_02, !ret, vmig_fmt("START of %d regions", REGIONS), "success",
		   "cloud-hypervisor: Migratable::start_dirty_log() would fail: %s",
		   vmig_errno_name(ret)))
		return;
	if (!CHECK(LOG_07, page_size && !(page_size & (page_size - 1)), "START",
		   "the page size by which cloud-hypervisor asks", "%#llx",
		   (unsigned long long)page_size))
		return;
	write_page(self, 5);
	for (i = 0; i < REGIONS; i++) {
		memset(self->bitmap, 0, VMIG_PAGE);
		ret = vmig_clh_dirty_log_report(&c, regions[i].iova, regions[i].length, page_size,
						self->bitmap);
		CHECK(LOG_28, !ret,
		      vmig_fmt("REPORT of region %u by pages of %#llx", i,
			       (unsigned long long)page_size),
		      "success", "cloud-hypervisor: Migratable::dirty_log() would fail: %s",
		      vmig_errno_name(ret));
		found |= self->mem.at && seen(self, &regions[i], 5, page_size);
	}
	CHECK(LOG_19, found, "REPORT of all regions after a write of the device", "its bit",
	      "none: cloud-hypervisor would not send the page");
	CHECK_OK(LOG_11, vmig_clh_dirty_log_stop(&c), "STOP");
	vmig_consumer_end(&c);
}

VMIG_MAIN("consumers_log")
