// SPDX-License-Identifier: GPL-2.0-only
/*
 * REG, IRQ: what a device says of its regions and interrupts is true. A VMM builds the guest's
 * view out of it and does not look twice. Nothing here needs migration.
 */
#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/mman.h>

#include <linux/pci_regs.h>

#include <vmig/exerciser.h>
#include <vmig/feature.h>
#include <vmig/info.h>
#include <vmig/region.h>
#include "exercise.h"
#include "guest_access.h"
#include "region_map.h"
#include "vmig_harness.h"

VMIG_FIXTURE_ANY(access, false);

#define GUARD 16
#define FILL 0xa5
#define SEED 0x5eed
/* Of an area that is mapped, so many pages are looked at. */
#define PAGES_MAX 64
#define SIGNAL_MS 2000

static const uint32_t widths[] = { 1, 2, 4, 8 };

/*
 * Regions whose plain reads harm no device: of PCI, the BARs and config space. The ROM may be away,
 * and VGA and what is behind it are the device's own.
 */
static bool is_plain(const struct vfio_device_info *dev_info, const struct vfio_region_info *info)
{
	if (!(info->flags & VFIO_REGION_INFO_FLAG_READ) || !info->size)
		return false;
	if (!(dev_info->flags & VFIO_DEVICE_FLAGS_PCI))
		return true;
	return info->index <= VFIO_PCI_BAR5_REGION_INDEX ||
	       info->index == VFIO_PCI_CONFIG_REGION_INDEX;
}

/* What stands around @len bytes of a buffer is as it was. */
static bool guards_stand(const unsigned char *buf, size_t len)
{
	size_t i;

	for (i = 0; i < GUARD; i++)
		if (buf[i] != FILL || buf[GUARD + len + i] != FILL)
			return false;
	return true;
}

/* One read() of @len bytes, of which @left are of the region. */
static void judge_read(struct vmig_device *dev, const struct vfio_region_info *info, uint64_t at,
		       size_t len, size_t left)
{
	unsigned char buf[GUARD + 8 + GUARD];
	const char *what =
		vmig_fmt("read of %zu bytes at %#llx of region %u, of %#llx bytes", len,
			 (unsigned long long)at, info->index, (unsigned long long)info->size);
	ssize_t n;

	memset(buf, FILL, sizeof(buf));
	n = __vmig_region_read(dev, info, at, buf + GUARD, len);
	CHECK(REG_07, n <= (ssize_t)(len < left ? len : left), what,
	      vmig_fmt("an error, or %zu bytes at most", len < left ? len : left), "%zd bytes", n);
	CHECK(REG_07, guards_stand(buf, len), what, "no other byte of the user's memory changes",
	      "bytes around the buffer are others");
}

TEST_F(access, reads_are_as_long_as_they_say)
{
	struct vfio_device_info dev_info;
	struct vfio_region_info *info;
	struct vmig_exercise w;
	uint32_t i, k;

	CLAUSES(REG_07);
	vmig_exercise_begin(&w, self->dev);
	vmig_device_info(self->dev, &dev_info);
	vmig_for_each_region(self->dev, &dev_info, i, info) {
		for (k = 0; is_plain(&dev_info, info) && info->size >= 8 && k < ARRAY_SIZE(widths);
		     k++) {
			judge_read(self->dev, info, 0, widths[k], widths[k]);
			judge_read(self->dev, info, info->size - widths[k], widths[k], widths[k]);
		}
		if (is_plain(&dev_info, info))
			judge_read(self->dev, info, 0, 0, 0);
	}
	vmig_exercise_end(&w);
}

/* Half of it is of the region. */
TEST_F(access, reads_end_with_the_region)
{
	struct vfio_device_info dev_info;
	struct vfio_region_info *info;
	struct vmig_exercise w;
	uint32_t i, k;

	CLAUSES(REG_07);
	vmig_exercise_begin(&w, self->dev);
	vmig_device_info(self->dev, &dev_info);
	vmig_for_each_region(self->dev, &dev_info, i, info)
		for (k = 1; is_plain(&dev_info, info) && info->size >= 8 && k < ARRAY_SIZE(widths);
		     k++)
			if (vmig_place_is_free(self->dev, info->offset + info->size))
				judge_read(self->dev, info, info->size - widths[k] / 2, widths[k],
					   widths[k] / 2);
	vmig_exercise_end(&w);
}

/* Behind all of them; far behind one of them is a hazard (hazard.c). */
TEST_F(access, offsets_of_no_region_are_nothing)
{
	struct vfio_device_info dev_info;
	struct vfio_region_info *info;
	uint64_t end = 0, at[3];
	uint32_t i, word;
	ssize_t ret;

	CLAUSES(ROB_01);
	vmig_device_info(self->dev, &dev_info);
	vmig_for_each_region(self->dev, &dev_info, i, info)
		if (info->offset + info->size > end)
			end = info->offset + info->size;
	at[0] = end + (1ULL << 43);
	at[1] = 1ULL << 62;
	at[2] = INT64_MAX - 7;
	for (i = 0; i < ARRAY_SIZE(at); i++) {
		ret = pread(self->dev->fd, &word, sizeof(word), (off_t)at[i]);
		CHECK(ROB_01, ret <= 0,
		      vmig_fmt(
			      "read of 4 bytes at %#llx of the device fd, whose last region ends at %#llx",
			      (unsigned long long)at[i], (unsigned long long)end),
		      "an error, or 0 bytes", "%zd bytes", ret);
	}
}

/**
 * struct answer - what a query gave
 * @ret: 0, bytes read, or -errno
 * @data: what came with it
 */
struct answer {
	ssize_t ret;
	unsigned char data[256];
};

/* Queries by number: the device, its features, then each interrupt and each region. */
enum query {
	QUERY_DEVICE,
	QUERY_MIGRATION,
	QUERY_STATE,
	QUERY_DATA_SIZE,
	QUERY_CONFIG,
	QUERY_FIRST
};

static const char *query_name(const struct vfio_device_info *dev_info, uint32_t n)
{
	static const char *const names[] = {
		[QUERY_DEVICE] = "GET_INFO",
		[QUERY_MIGRATION] = "GET MIGRATION",
		[QUERY_STATE] = "GET MIG_DEVICE_STATE",
		[QUERY_DATA_SIZE] = "GET MIG_DATA_SIZE",
		[QUERY_CONFIG] = "read() of the PCI ids",
	};

	if (n < QUERY_FIRST)
		return names[n];
	n -= QUERY_FIRST;
	if (n < dev_info->num_irqs)
		return vmig_fmt("GET_IRQ_INFO of interrupt %u", n);
	return vmig_fmt("GET_REGION_INFO of region %u", n - dev_info->num_irqs);
}

static void ask_region(struct vmig_device *dev, uint32_t index, struct answer *a)
{
	struct vfio_region_info *info;

	a->ret = __vmig_region_info(dev, index, &info);
	if (a->ret)
		return;
	memcpy(a->data, info, info->argsz < sizeof(a->data) ? info->argsz : sizeof(a->data));
	free(info);
}

/* Where the ids are: the offset is in an info that must not be asked for first. */
static void ask(struct vmig_device *dev, const struct vfio_device_info *dev_info,
		const struct vfio_region_info *config, uint32_t n, struct answer *a)
{
	struct vfio_device_info device;
	struct vfio_irq_info irq;
	uint64_t value = 0;

	memset(a, 0, sizeof(*a));
	switch (n) {
	case QUERY_DEVICE:
		a->ret = __vmig_device_info(dev, &device);
		memcpy(a->data, &device, sizeof(device));
		return;
	case QUERY_MIGRATION:
		a->ret = __vmig_get_migration(dev, &value);
		break;
	case QUERY_STATE:
		a->ret = __vmig_get_state(dev, (uint32_t *)&value);
		break;
	case QUERY_DATA_SIZE:
		/* An estimate: that there is one must not change, what it is may. */
		a->ret = __vmig_get_data_size(dev, &value);
		return;
	case QUERY_CONFIG:
		if (config)
			a->ret = __vmig_region_read(dev, config, PCI_VENDOR_ID, &value, 4);
		break;
	default:
		n -= QUERY_FIRST;
		if (n >= dev_info->num_irqs) {
			ask_region(dev, n - dev_info->num_irqs, a);
			return;
		}
		a->ret = __vmig_irq_info(dev, n, &irq);
		memcpy(a->data, &irq, sizeof(irq));
		return;
	}
	memcpy(a->data, &value, sizeof(value));
}

/*
 * No call has to come before another one, but for those that bind and attach. What is first of an
 * open is answered as what is asked when all was asked once.
 */
VMIG_TEST_TIMEOUT(access, queries_can_come_first, 120)
{
	struct vmig_dev_id id = self->dev->id;
	struct vfio_region_info *config;
	struct vfio_device_info dev_info;
	struct answer *later, first;
	uint32_t n, queries;
	const char *name;

	CLAUSES(REG_08);
	vmig_device_info(self->dev, &dev_info);
	config = __vmig_pci_config(self->dev);
	queries = QUERY_FIRST + dev_info.num_irqs + dev_info.num_regions;
	later = calloc(queries, sizeof(*later));
	if (!later)
		vmig_test_error("no memory");
	for (n = 0; n < queries; n++)
		ask(self->dev, &dev_info, config, n, &later[n]);
	for (n = 0; n < queries; n++)
		ask(self->dev, &dev_info, config, n, &later[n]);
	for (n = 0; n < queries; n++) {
		vmig_close(self->dev);
		self->dev = vmig_open(&id, variant->uapi);
		ask(self->dev, &dev_info, config, n, &first);
		name = query_name(&dev_info, n);
		CHECK(REG_08, first.ret == later[n].ret,
		      vmig_fmt("%s, the first call of an open", name),
		      vmig_fmt("%zd, as when all was asked before", later[n].ret), "%zd",
		      first.ret);
		CHECK(REG_08,
		      first.ret != later[n].ret ||
			      !memcmp(first.data, later[n].data, sizeof(first.data)),
		      vmig_fmt("%s, the first call of an open", name),
		      "the answer that comes when all was asked before", "another one");
	}
	free(config);
	free(later);
}

/*
 * A register that moves by itself, or that a read() changes, is no evidence. Nor are the ones that
 * read() gives of a table of MSI-X (vfio_pci_core_bar_rw()), which may be mapped where the
 * capability says so.
 */
static bool same_word(struct vmig_device *dev, const struct vfio_region_info *info,
		      const struct vmig_mapping *map, uint64_t at, uint32_t *shown, uint32_t *read)
{
	const volatile uint32_t *word = (const volatile void *)((const char *)map->at + at);
	uint32_t before, after;
	int tries;

	for (tries = 0; tries < 3; tries++) {
		if (__vmig_region_read(dev, info, map->offset + at, &before, 4) != 4)
			return true;
		*shown = *word;
		if (__vmig_region_read(dev, info, map->offset + at, &after, 4) != 4)
			return true;
		*read = after;
		if (before != after || *shown == after)
			return true;
		if (after == UINT32_MAX &&
		    vmig_region_cap(info, VFIO_REGION_INFO_CAP_MSIX_MAPPABLE))
			return true;
	}
	return false;
}

TEST_F(access, mapping_shows_what_read_does)
{
	uint64_t page = sysconf(_SC_PAGESIZE), step, at;
	struct vmig_mapping maps[VMIG_MAPPINGS_MAX];
	struct vfio_region_info *info;
	uint32_t shown = 0, read = 0;
	struct vmig_exercise w;
	size_t count, usable = 0, i;

	CLAUSES(REG_06);
	vmig_exercise_begin(&w, self->dev);
	if (w.ops->set_pattern)
		vmig_set_pattern(&w, SEED);
	count = vmig_map_regions(self->dev, maps);
	for (i = 0; i < count; i++) {
		info = vmig_region_info(self->dev, maps[i].region);
		step = (maps[i].size / PAGES_MAX + page - 1) / page * page;
		if (!maps[i].at || !(info->flags & VFIO_REGION_INFO_FLAG_READ) ||
		    !vmig_mapping_answers(&maps[i])) {
			free(info);
			continue;
		}
		usable++;
		for (at = 0; at + 4 <= maps[i].size; at += step ?: page)
			CHECK(REG_06, same_word(self->dev, info, &maps[i], at, &shown, &read),
			      vmig_fmt("4 bytes at %#llx of region %u, by mmap() and by read()",
				       (unsigned long long)(maps[i].offset + at), maps[i].region),
			      vmig_fmt("%#x, as read() says before and after", read), "%#x", shown);
		free(info);
	}
	vmig_unmap_regions(maps, count);
	vmig_exercise_end(&w);
	NEED(usable, "the device has no region that can be mapped, touched and read");
}

static int set_irqs(struct vmig_device *dev, uint32_t flags, uint32_t index, uint32_t start,
		    uint32_t count)
{
	struct {
		struct vfio_irq_set set;
		int32_t fd[8];
	} arg = { .set = { .flags = flags, .index = index, .start = start, .count = count } };

	arg.set.argsz = sizeof(arg);
	memset(arg.fd, 0xff, sizeof(arg.fd));
	return ioctl(dev->fd, VFIO_DEVICE_SET_IRQS, &arg) ? -errno : 0;
}

/*
 * The line of a PCI device may be shared with one that cannot share it, so that its host refuses
 * it, and whether it signals depends on the command register.
 */
static bool is_line(const struct vfio_device_info *dev_info, uint32_t index)
{
	return (dev_info->flags & VFIO_DEVICE_FLAGS_PCI) && index == VFIO_PCI_INTX_IRQ_INDEX;
}

/* Interrupts that can signal an eventfd: the loop body has `irq`. */
#define for_each_interrupt(dev, dev_info, i, irq)                                                  \
	for ((i) = 0; (i) < (dev_info)->num_irqs; (i)++)                                           \
		if (!__vmig_irq_info(dev, i, irq) && (irq)->count &&                               \
		    ((irq)->flags & VFIO_IRQ_INFO_EVENTFD))

static bool signalled(int fd)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };

	return poll(&p, 1, SIGNAL_MS) == 1;
}

TEST_F(access, interrupts_that_are_counted_can_be_had)
{
	struct vfio_device_info dev_info;
	struct vfio_irq_info irq;
	bool any = false;
	uint32_t i;
	int fd, ret;

	CLAUSES(IRQ_01);
	vmig_device_info(self->dev, &dev_info);
	for_each_interrupt(self->dev, &dev_info, i, &irq) {
		if (is_line(&dev_info, i))
			continue;
		any = true;
		fd = vmig_eventfd();
		ret = __vmig_irq_enable(self->dev, i, fd);
		if (CHECK_OK(IRQ_01, ret,
			     vmig_fmt("SET_IRQS, eventfd for interrupt %u, of which there are %u",
				      i, irq.count))) {
			ret = __vmig_irq_trigger(self->dev, i);
			CHECK(IRQ_01, !ret && signalled(fd),
			      vmig_fmt("SET_IRQS, loopback of interrupt %u", i),
			      "the eventfd is signalled", "%s",
			      ret ? vmig_errno_name(ret) : "nothing");
			CHECK_OK(IRQ_01, __vmig_irq_disable(self->dev, i),
				 vmig_fmt("SET_IRQS, interrupt %u disabled", i));
		}
		close(fd);
	}
	NEED(any, "the device has no interrupt but a line");
}

TEST_F(access, maskable_interrupts_can_be_masked)
{
	static const struct {
		uint32_t action;
		const char *name;
	} actions[] = { { VFIO_IRQ_SET_ACTION_MASK, "MASK" },
			{ VFIO_IRQ_SET_ACTION_UNMASK, "UNMASK" } };
	struct vfio_device_info dev_info;
	struct vfio_irq_info irq;
	bool any = false;
	uint32_t i, k;
	int fd;

	CLAUSES(IRQ_02);
	vmig_device_info(self->dev, &dev_info);
	for_each_interrupt(self->dev, &dev_info, i, &irq) {
		if (!(irq.flags & VFIO_IRQ_INFO_MASKABLE))
			continue;
		fd = vmig_eventfd();
		if (!__vmig_irq_enable(self->dev, i, fd)) {
			any = true;
			for (k = 0; k < ARRAY_SIZE(actions); k++)
				CHECK_OK(
					IRQ_02,
					set_irqs(self->dev,
						 VFIO_IRQ_SET_DATA_NONE | actions[k].action, i, 0,
						 1),
					vmig_fmt(
						"SET_IRQS, ACTION_%s of interrupt %u, which is maskable",
						actions[k].name, i));
			__vmig_irq_disable(self->dev, i);
		}
		close(fd);
	}
	NEED(any, "the device has no interrupt that says that it can be masked and can be enabled");
}

/* A driver that keeps its eventfds in an array, and does not look, writes behind it. */
TEST_F(access, ranges_of_interrupts_end_with_the_count)
{
	const uint32_t eventfds = VFIO_IRQ_SET_DATA_EVENTFD | VFIO_IRQ_SET_ACTION_TRIGGER;
	const uint32_t trigger = VFIO_IRQ_SET_DATA_NONE | VFIO_IRQ_SET_ACTION_TRIGGER;
	struct vfio_device_info dev_info;
	struct vfio_irq_info irq;
	uint32_t i, k;

	CLAUSES(IRQ_03);
	vmig_device_info(self->dev, &dev_info);
	NEED(dev_info.num_irqs, "the device has no interrupts");
	for_each_interrupt(self->dev, &dev_info, i, &irq) {
		const struct {
			uint32_t start, count;
		} range[] = {
			{ irq.count, 1 }, { irq.count - 1, 2 }, { UINT32_MAX, 1 }, { 1, UINT32_MAX }
		};

		for (k = 0; k < ARRAY_SIZE(range); k++) {
			CHECK(IRQ_03,
			      set_irqs(self->dev, eventfds, i, range[k].start, range[k].count) < 0,
			      vmig_fmt(
				      "SET_IRQS, eventfds for interrupts %u+%u of index %u, which has %u",
				      range[k].start, range[k].count, i, irq.count),
			      "an error", "success");
			CHECK(IRQ_03,
			      set_irqs(self->dev, trigger, i, range[k].start, range[k].count) < 0,
			      vmig_fmt(
				      "SET_IRQS, loopback of interrupts %u+%u of index %u, which has %u",
				      range[k].start, range[k].count, i, irq.count),
			      "an error", "success");
		}
	}
	CHECK(IRQ_03, set_irqs(self->dev, eventfds, dev_info.num_irqs, 0, 1) < 0,
	      vmig_fmt("SET_IRQS of index %u, where there are %u", dev_info.num_irqs,
		       dev_info.num_irqs),
	      "an error", "success");
}

VMIG_MAIN("access")
