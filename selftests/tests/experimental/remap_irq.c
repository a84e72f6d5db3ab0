// SPDX-License-Identifier: GPL-2.0-only
/*
 * An experiment, no chapter and never part of a verdict: an interrupt that tells user space
 * to look again at which parts of a BAR it may map, as it was proposed in 2020 and never
 * entered the uAPI. The driver of edu offers it with experimental=1; what the proposal
 * promised, and what it could not, is tried here.
 *
 *	./run.sh -d edu --param vfio_mig_edu.experimental=1 --guest-cmd selftests/vmig_experimental
 */
#include <errno.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <vmig/regs/edu_regs.h>
#include <vmig/exerciser.h>
#include <vmig/info.h>
#include <vmig/region.h>
#include "vmig_harness.h"

#define BAR0 VFIO_PCI_BAR0_REGION_INDEX
/* A mapping of this much, behind the registers, which are never mapped. */
#define AREA_AT 0x1000
#define AREA_SIZE 0x4000
/* SET must not wait for a user who does not acknowledge; the harness ends what does. */
#define SECONDS 20

#define SHOWS(cond, ...)                                                                           \
	EXPECT_TRUE(cond)                                                                          \
	{                                                                                          \
		TH_LOG(__VA_ARGS__);                                                               \
	}

FIXTURE(remap)
{
	VMIG_FIXTURE_DATA;
	struct vmig_exercise w;
	struct vfio_region_info *own;
	int eventfd;
};

FIXTURE_VARIANT(remap)
{
	VMIG_VARIANT_DATA;
};

VMIG_VARIANTS_UAPIS(remap);

/* The region of the driver's own, or NULL. */
static struct vfio_region_info *own_region(struct vmig_device *dev)
{
	const struct vfio_region_info_cap_type *type;
	struct vfio_device_info info;
	struct vfio_region_info *r;
	uint32_t i;

	vmig_device_info(dev, &info);
	for (i = VFIO_PCI_NUM_REGIONS; i < info.num_regions; i++) {
		r = vmig_region_info(dev, i);
		type = (const void *)vmig_region_cap(r, VFIO_REGION_INFO_CAP_TYPE);
		if (type && type->type == EDU_REGION_TYPE)
			return r;
		free(r);
	}
	return NULL;
}

FIXTURE_SETUP(remap)
{
	struct edu_remap_irq_info info = { .argsz = sizeof(info), .index = EDU_REMAP_IRQ };

	self->eventfd = -1;
	VMIG_SETUP(true);
	vmig_exercise_begin(&self->w, self->dev);
	self->own = own_region(self->dev);
	if (!self->own || ioctl(self->dev->fd, VFIO_DEVICE_GET_IRQ_INFO, &info))
		SKIP(return, "the device has no such interrupt: vfio_mig_edu with experimental=1");
	if (!vmig_state_offered(self->flags, VFIO_DEVICE_STATE_PRE_COPY))
		SKIP(return, "the device offers no PRE_COPY");
	self->eventfd = eventfd(0, EFD_NONBLOCK);
}

FIXTURE_TEARDOWN(remap)
{
	if (self->eventfd >= 0) {
		__vmig_irq_disable(self->dev, EDU_REMAP_IRQ);
		close(self->eventfd);
	}
	free(self->own);
	vmig_exercise_end(&self->w);
	vmig_session_end(self->dev);
}

static uint64_t signalled(int fd)
{
	uint64_t count;

	return read(fd, &count, sizeof(count)) == sizeof(count) ? count : 0;
}

static uint32_t own_register(struct vmig_device *dev, const struct vfio_region_info *own,
			     uint32_t at)
{
	uint32_t value = 0;

	__vmig_region_read(dev, own, at, &value, sizeof(value));
	return value;
}

static uint32_t mappable_areas(struct vmig_device *dev)
{
	const struct vfio_region_info_cap_sparse_mmap *sparse;
	struct vfio_region_info *bar = vmig_region_info(dev, BAR0);
	uint32_t areas;

	sparse = (const void *)vmig_region_cap(bar, VFIO_REGION_INFO_CAP_SPARSE_MMAP);
	areas = sparse ? sparse->nr_areas : 0;
	free(bar);
	return areas;
}

static int map(struct vmig_device *dev, volatile uint32_t **at)
{
	struct vfio_region_info *bar = vmig_region_info(dev, BAR0);
	void *p = NULL;
	int ret = __vmig_region_mmap(dev, bar, AREA_AT, AREA_SIZE, &p);

	free(bar);
	*at = p;
	return ret;
}

static void leave(struct vmig_device *dev, int data_fd)
{
	close(data_fd);
	vmig_set_state(dev, VFIO_DEVICE_STATE_RUNNING);
}

/* Backward compatible: who has not enabled the interrupt does not know of it. */
VMIG_TEST_TIMEOUT(remap, nothing_for_who_does_not_ask, SECONDS)
{
	volatile uint32_t *at;
	int fd;

	ASSERT_EQ(0, map(self->dev, &at));
	fd = vmig_goto_state(self->dev, VFIO_DEVICE_STATE_PRE_COPY);
	SHOWS(mappable_areas(self->dev), "PRE_COPY without the interrupt: no area is left");
	SHOWS(!own_register(self->dev, self->own, EDU_REMAP_PENDING),
	      "PRE_COPY without the interrupt: something is pending");
	(void)*at;
	SHOWS(!own_register(self->dev, self->own, EDU_REMAP_FAULTS),
	      "PRE_COPY without the interrupt: an access to a mapping was counted");
	leave(self->dev, fd);
	munmap((void *)at, AREA_SIZE);
}

/* Found by its type, as regions of a driver's own are. */
VMIG_TEST_TIMEOUT(remap, is_described_by_a_capability, SECONDS)
{
	struct edu_remap_irq_info info = { .argsz = sizeof(info), .index = EDU_REMAP_IRQ };
	struct vfio_irq_info small = { .argsz = sizeof(small), .index = EDU_REMAP_IRQ };

	ASSERT_EQ(0, ioctl(self->dev->fd, VFIO_DEVICE_GET_IRQ_INFO, &info));
	SHOWS(info.flags & EDU_IRQ_INFO_CAPS, "flags %#x have no capabilities", info.flags);
	SHOWS(info.cap_offset && info.cap_id == EDU_IRQ_CAP_TYPE,
	      "cap_offset %u, capability %u: not the type", info.cap_offset, info.cap_id);
	SHOWS(info.type == EDU_REGION_TYPE && info.subtype == EDU_REMAP_SUBTYPE,
	      "type %#x, subtype %u", info.type, info.subtype);
	SHOWS(info.regions == 1U << BAR0, "regions %#llx", (unsigned long long)info.regions);
	ASSERT_EQ(0, ioctl(self->dev->fd, VFIO_DEVICE_GET_IRQ_INFO, &small));
	SHOWS(small.argsz == sizeof(info), "argsz %u for who has room for too little", small.argsz);
}

/* The whole sequence: signal, query, unmap, acknowledge, and back after the session. */
VMIG_TEST_TIMEOUT(remap, areas_are_withheld_while_saving, SECONDS)
{
	uint32_t bit = 1U << BAR0, areas = mappable_areas(self->dev);
	volatile uint32_t *at, *again;
	uint64_t count;
	int fd, ret;

	ASSERT_EQ(0, __vmig_irq_enable(self->dev, EDU_REMAP_IRQ, self->eventfd));
	ASSERT_EQ(0, map(self->dev, &at));
	fd = vmig_goto_state(self->dev, VFIO_DEVICE_STATE_PRE_COPY);
	count = signalled(self->eventfd);
	SHOWS(count == bit, "SET(PRE_COPY): the eventfd counts %llu and not bit %u",
	      (unsigned long long)count, BAR0);
	SHOWS(own_register(self->dev, self->own, EDU_REMAP_PENDING) == bit,
	      "SET(PRE_COPY): BAR 0 is not pending");
	SHOWS(!mappable_areas(self->dev), "BAR 0 still has areas in PRE_COPY");
	ret = map(self->dev, &again);
	SHOWS(ret == -EINVAL, "a new mapping in PRE_COPY: %s", vmig_errno_name(ret));

	/* A user who is late: let in, so that no guest dies of it, and counted. */
	(void)*at;
	SHOWS(own_register(self->dev, self->own, EDU_REMAP_FAULTS),
	      "an access to the old mapping was not counted");
	munmap((void *)at, AREA_SIZE);
	__vmig_region_write(self->dev, self->own, EDU_REMAP_PENDING, &bit, sizeof(bit));
	SHOWS(!own_register(self->dev, self->own, EDU_REMAP_PENDING),
	      "acknowledged, and still pending");

	leave(self->dev, fd);
	count = signalled(self->eventfd);
	SHOWS(count == bit, "RUNNING again: the eventfd counts %llu", (unsigned long long)count);
	SHOWS(mappable_areas(self->dev) == areas, "RUNNING again: the areas have not come back");
	ret = map(self->dev, &at);
	SHOWS(!ret, "a mapping in RUNNING again: %s", vmig_errno_name(ret));
	if (!ret)
		munmap((void *)at, AREA_SIZE);
}

/* No answer comes, and the migration goes on all the same: SET waits for nobody. */
VMIG_TEST_TIMEOUT(remap, nobody_acknowledges, SECONDS)
{
	struct vmig_stream s = {};
	volatile uint32_t *at;
	int i, fd;

	ASSERT_EQ(0, __vmig_irq_enable(self->dev, EDU_REMAP_IRQ, self->eventfd));
	ASSERT_EQ(0, map(self->dev, &at));
	for (i = 0; i < 3; i++) {
		fd = vmig_goto_state(self->dev, VFIO_DEVICE_STATE_PRE_COPY);
		vmig_set_state(self->dev, VFIO_DEVICE_STATE_STOP_COPY);
		vmig_stream_read(fd, &s);
		vmig_stream_free(&s);
		(void)*at;
		leave(self->dev, fd);
	}
	munmap((void *)at, AREA_SIZE);
}

/*
 * What the proposal could not do: the count of an eventfd is a sum and no bitmap. Two
 * signals for BAR 0 that nobody has read in between say BAR 1.
 */
VMIG_TEST_TIMEOUT(remap, unread_signals_add_up, SECONDS)
{
	uint64_t count;
	int fd;

	ASSERT_EQ(0, __vmig_irq_enable(self->dev, EDU_REMAP_IRQ, self->eventfd));
	fd = vmig_goto_state(self->dev, VFIO_DEVICE_STATE_PRE_COPY);
	leave(self->dev, fd);
	count = signalled(self->eventfd);
	SHOWS(count == 2, "two signals for BAR 0, unread: the eventfd counts %llu and not 2",
	      (unsigned long long)count);
	SHOWS(own_register(self->dev, self->own, EDU_REMAP_PENDING) == 1U << BAR0,
	      "what is pending has to be asked for elsewhere, and is not BAR 0 there");
}

VMIG_MAIN("experimental")
