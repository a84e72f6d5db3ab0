// SPDX-License-Identifier: GPL-2.0-only
/*
 * FEAT-19: VFIO_DEVICE_FEATURE_DMA_BUF, by which a device lends a range of a BAR to another one
 * as a dma-buf. QEMU asks each BAR for it since 11.0, and takes a failure for "there is none".
 *
 * vfio-pci exports, and so can a variant driver; which one does is told by PROBE. What an
 * importer may do with the dma-buf is the p2p chapters'.
 */
#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdlib.h>
#include <sys/ioctl.h>

#include <linux/pci_regs.h>

#include <vmig/info.h>
#include <vmig/region.h>
#include "fault_memory.h"
#include "vmig_harness.h"

#define GET VFIO_DEVICE_FEATURE_GET
#define SET VFIO_DEVICE_FEATURE_SET
#define PROBE VFIO_DEVICE_FEATURE_PROBE

VMIG_FIXTURE_ANY(dma_buf, false);

/* Header, payload, and two ranges. */
struct request {
	struct vfio_device_feature hdr;
	struct {
		uint32_t region_index;
		uint32_t open_flags;
		uint32_t flags;
		uint32_t nr_ranges;
	} arg;
	struct vfio_region_dma_range ranges[2];
} __attribute__((aligned(8)));

#define ARGSZ_PAYLOAD offsetof(struct request, ranges)

static struct request request(uint32_t ops)
{
	return (struct request){
		.hdr = { .argsz = sizeof(struct request),
			 .flags = ops | VFIO_DEVICE_FEATURE_DMA_BUF },
		.arg = { .open_flags = O_RDWR | O_CLOEXEC, .nr_ranges = 1 },
	};
}

/* The fd, 0, or -errno. */
static int ask_at(struct vmig_device *dev, const void *at)
{
	int ret = ioctl(dev->fd, VFIO_DEVICE_FEATURE, at);

	return ret < 0 ? -errno : ret;
}

static bool exports(struct vmig_device *dev)
{
	struct request r = request(PROBE);

	return !ask_at(dev, &r);
}

#define NEED_EXPORTER                                                                              \
	do {                                                                                       \
		NEED_KERNEL_OF(FEAT_19);                                                           \
		NEED(exports(self->dev), "the device exports no dma-buf");                         \
	} while (0)

/* One errno for all: who probes learns what the others would. */
TEST_F(dma_buf, absent)
{
	static const struct {
		uint32_t ops;
		const char *name;
	} ops[] = { { PROBE, "PROBE" },
		    { PROBE | GET, "PROBE|GET" },
		    { PROBE | SET, "PROBE|SET" },
		    { GET, "GET" },
		    { SET, "SET" } };
	struct request r;
	unsigned int i;
	int ret;

	CLAUSES(FEAT_19);
	NEED_KERNEL_OF(FEAT_19);
	NEED(!exports(self->dev), "the device exports dma-bufs");
	for (i = 0; i < ARRAY_SIZE(ops); i++) {
		r = request(ops[i].ops);
		ret = ask_at(self->dev, &r);
		CHECK(FEAT_19, ret == -EOPNOTSUPP || ret == -ENOTTY,
		      vmig_fmt("%s of DMA_BUF, which the device lacks", ops[i].name),
		      "EOPNOTSUPP or ENOTTY", "%s", vmig_errno_name(ret));
	}
}

TEST_F(dma_buf, methods)
{
	struct request r;

	CLAUSES(FEAT_19);
	NEED_EXPORTER;
	r = request(PROBE | GET);
	CHECK_OK(FEAT_19, ask_at(self->dev, &r), "PROBE|GET of DMA_BUF");
	r = request(PROBE | SET);
	CHECK_ERRNO(FEAT_19, ask_at(self->dev, &r), EINVAL, "PROBE|SET of DMA_BUF");
	r = request(SET);
	CHECK_ERRNO(FEAT_19, ask_at(self->dev, &r), EINVAL, "SET of DMA_BUF");
	r = request(GET);
	r.hdr.argsz = ARGSZ_PAYLOAD - 1;
	CHECK_ERRNO(FEAT_19, ask_at(self->dev, &r), EINVAL, "GET of DMA_BUF with a short argsz");
}

/* A refused export gives no fd; one that is given all the same is the caller's to close. */
static void check_refused(struct vmig_device *dev, const void *at, int err, const char *did)
{
	int ret = ask_at(dev, at);

	if (ret > 0)
		close(ret);
	CHECK(FEAT_19, ret == -err, vmig_fmt("GET of DMA_BUF, %s", did), vmig_errno_name(-err),
	      "%s", ret > 0 ? "an fd" : vmig_errno_name(ret));
}

/* The first BAR of whole pages that can be mapped: 0 bytes if there is none. */
static uint64_t memory_bar(struct vmig_device *dev, uint32_t *index)
{
	struct vfio_region_info *info;
	uint64_t size = 0;

	for (*index = 0; *index <= VFIO_PCI_BAR5_REGION_INDEX && !size; ++*index) {
		if (__vmig_region_info(dev, *index, &info))
			continue;
		if (info->flags & VFIO_REGION_INFO_FLAG_MMAP)
			size = info->size & ~(uint64_t)(VMIG_PAGE - 1);
		free(info);
	}
	--*index;
	return size;
}

#define NEED_BAR(index, size)                                                                      \
	NEED((size) = memory_bar(self->dev, &(index)), "the device has no BAR that can be mapped")

/* A range that must be refused, alone and behind one that is good. */
static void check_range(struct vmig_device *dev, uint32_t bar, uint64_t offset, uint64_t length,
			const char *what)
{
	struct request r = request(GET);

	r.arg.region_index = bar;
	r.ranges[0] = (struct vfio_region_dma_range){ offset, length };
	check_refused(dev, &r, EINVAL, what);
	r.ranges[1] = r.ranges[0];
	r.ranges[0] = (struct vfio_region_dma_range){ 0, VMIG_PAGE };
	r.arg.nr_ranges = 2;
	check_refused(dev, &r, EINVAL, vmig_fmt("a page, and %s", what));
}

TEST_F(dma_buf, ranges)
{
	struct request r;
	uint32_t index;
	uint64_t size;
	int fds;

	CLAUSES(FEAT_19);
	NEED_EXPORTER;
	NEED_BAR(index, size);
	fds = vmig_count_fds();
	check_range(self->dev, index, 0, 0, "an empty range");
	check_range(self->dev, index, 1, VMIG_PAGE, "an offset of 1");
	check_range(self->dev, index, 0, VMIG_PAGE - 1, "a page less one byte");
	check_range(self->dev, index, 0, size + VMIG_PAGE, "a page more than the BAR has");
	check_range(self->dev, index, size, VMIG_PAGE, "a page behind the BAR");
	check_range(self->dev, index, 0, 1ULL << 63, "2^63 bytes");
	r = request(GET);
	r.arg.region_index = index;
	r.ranges[0].length = -(uint64_t)VMIG_PAGE;
	r.ranges[1] = r.ranges[0];
	r.arg.nr_ranges = 2;
	check_refused(self->dev, &r, EINVAL, "two ranges of 2^64 bytes less a page");
	CHECK(FEAT_19, vmig_count_fds() == fds, "exports that were refused", "no fd is left", "%d",
	      vmig_count_fds() - fds);
}

TEST_F(dma_buf, arguments)
{
	struct request r, good;
	uint32_t index;
	uint64_t size;

	CLAUSES(FEAT_19);
	NEED_EXPORTER;
	NEED_BAR(index, size);
	good = request(GET);
	good.arg.region_index = index;
	good.ranges[0].length = VMIG_PAGE;

	r = good;
	r.arg.nr_ranges = 0;
	check_refused(self->dev, &r, EINVAL, "nr_ranges 0");
	r = good;
	r.arg.flags = 1;
	check_refused(self->dev, &r, EINVAL, "flags 1");
	r = good;
	r.arg.flags = 1U << 31;
	check_refused(self->dev, &r, EINVAL, "flags 0x80000000");
	check_refused(self->dev, vmig_before_hole(&good, sizeof(good.hdr)), EFAULT,
		      "payload in a hole");
	check_refused(self->dev, vmig_before_hole(&good, ARGSZ_PAYLOAD), EFAULT,
		      "ranges in a hole");
}

TEST_F(dma_buf, regions)
{
	static const uint32_t no_bars[] = { VFIO_PCI_ROM_REGION_INDEX, VFIO_PCI_CONFIG_REGION_INDEX,
					    VFIO_PCI_NUM_REGIONS, UINT32_MAX };
	struct vfio_region_info *info;
	struct request r;
	unsigned int i;
	uint32_t bar;

	CLAUSES(FEAT_19);
	NEED_EXPORTER;
	for (i = 0; i < ARRAY_SIZE(no_bars); i++) {
		r = request(GET);
		r.arg.region_index = no_bars[i];
		r.ranges[0].length = VMIG_PAGE;
		check_refused(self->dev, &r, ENODEV, vmig_fmt("region %u", no_bars[i]));
	}
	for (bar = 0; bar <= VFIO_PCI_BAR5_REGION_INDEX; bar++) {
		if (__vmig_region_info(self->dev, bar, &info))
			continue;
		r.arg.region_index = bar;
		if (!info->size)
			check_refused(self->dev, &r, ENODEV,
				      vmig_fmt("BAR %u, which the device has not", bar));
		free(info);
	}
}

/* The BARs of ports: nothing that is not memory can be mapped for DMA. */
TEST_F(dma_buf, io_bar)
{
	struct vfio_region_info *info, *config;
	bool any = false;
	struct request r;
	uint32_t bar, value;
	bool there;

	CLAUSES(FEAT_19);
	NEED_EXPORTER;
	config = __vmig_pci_config(self->dev);
	NEED(config, "the device has no PCI config space");
	for (bar = 0; bar <= VFIO_PCI_BAR5_REGION_INDEX; bar++) {
		if (__vmig_region_info(self->dev, bar, &info))
			continue;
		there = info->size;
		free(info);
		if (!there ||
		    __vmig_region_read(self->dev, config, PCI_BASE_ADDRESS_0 + 4 * bar, &value,
				       sizeof(value)) != sizeof(value) ||
		    !(value & PCI_BASE_ADDRESS_SPACE_IO))
			continue;
		any = true;
		r = request(GET);
		r.arg.region_index = bar;
		r.ranges[0].length = VMIG_PAGE;
		check_refused(self->dev, &r, EINVAL, vmig_fmt("BAR %u, of ports", bar));
	}
	free(config);
	NEED(any, "the device has no BAR of ports");
}

/* 0 is what every other feature returns, and would be stdin. */
TEST_F(dma_buf, exported)
{
	static const uint32_t open_flags[] = { O_RDWR | O_CLOEXEC, O_RDONLY };
	struct request r;
	uint64_t size;
	uint32_t index;
	unsigned int i;
	int fd, flags;
	off_t end;

	CLAUSES(FEAT_19);
	NEED_EXPORTER;
	NEED_BAR(index, size);
	for (i = 0; i < ARRAY_SIZE(open_flags); i++) {
		r = request(GET);
		r.arg.region_index = index;
		r.arg.open_flags = open_flags[i];
		r.ranges[0].length = size;
		fd = ask_at(self->dev, &r);
		if (!CHECK(FEAT_19, fd > 0, vmig_fmt("GET of DMA_BUF, all of BAR %u", index),
			   "an fd above 0", "%s", vmig_errno_name(fd)))
			continue;
		end = lseek(fd, 0, SEEK_END);
		CHECK(FEAT_19, end == (off_t)size, "size of the dma-buf",
		      vmig_fmt("%llu, that of the range", (unsigned long long)size), "%lld",
		      (long long)end);
		flags = fcntl(fd, F_GETFD);
		CHECK(FEAT_19, flags == (open_flags[i] & O_CLOEXEC ? FD_CLOEXEC : 0),
		      "F_GETFD of the dma-buf", "FD_CLOEXEC as it was asked for", "%#x", flags);
		flags = fcntl(fd, F_GETFL);
		CHECK(FEAT_19, (flags & O_ACCMODE) == (open_flags[i] & O_ACCMODE),
		      "F_GETFL of the dma-buf", vmig_fmt("%#x", open_flags[i] & O_ACCMODE), "%#x",
		      flags & O_ACCMODE);
		close(fd);
	}
}

VMIG_MAIN("dma_buf")
