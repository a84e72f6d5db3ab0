// SPDX-License-Identifier: GPL-2.0-only
/*
 * LOG: device DMA logging, as far as any device can be asked without making it do DMA.
 *
 * The core checks the arguments (vfio_ioctl_device_feature_logging_start() and its
 * neighbours) and keeps no state of its own: whether logging is on is known to the
 * driver alone, which must refuse a second START and a REPORT while it is off
 * (H:1368, H:1415, struct vfio_log_ops).
 *
 * The device under test has an empty address space here: it can write nowhere, so what
 * a second REPORT shows is what the driver made up.
 */
#include <errno.h>
#include <sys/mman.h>

#include <vmig/dma_logging.h>
#include "fault_memory.h"
#include "vmig_harness.h"

#define KIB 1024ULL
#define MIB (KIB * KIB)
#define GIB (KIB * MIB)

/* Where the last page of 2^64 begins. */
#define LAST_PAGE (0ULL - 4 * KIB)

/* LOG_MAX_RANGES of vfio_main.c: what fits into a page. */
#define MAX_RANGES (VMIG_PAGE / sizeof(struct vfio_device_feature_dma_logging_range))

FIXTURE(dma_logging)
{
	VMIG_FIXTURE_DATA;
	uint64_t page_size;
	struct vfio_device_feature_dma_logging_range range; /* one that every device can watch */
	bool off_is_silent; /* REPORT works while logging is off: LOG-12 is broken */
};

FIXTURE_VARIANT(dma_logging)
{
	VMIG_VARIANT_DATA;
};

VMIG_VARIANTS_UAPIS(dma_logging);

static int report_range(struct vmig_device *dev,
			const struct vfio_device_feature_dma_logging_range *range, void *bitmap)
{
	return __vmig_log_report(dev, range->iova, range->length, 4 * KIB, bitmap);
}

FIXTURE_SETUP(dma_logging)
{
	uint64_t bitmap[4] = {};

	VMIG_SETUP(false);
	NEED(!__vmig_probe(self->dev, VFIO_DEVICE_FEATURE_DMA_LOGGING_START,
			   VFIO_DEVICE_FEATURE_SET),
	     "the device offers no DMA logging");
	NEED(vmig_log_served(self->dev), VMIG_LOG_UNSERVED);
	self->page_size = 4 * KIB;
	self->range =
		(struct vfio_device_feature_dma_logging_range){ .iova = 0, .length = 1 * MIB };
	self->off_is_silent = !report_range(self->dev, &self->range, bitmap);
}

FIXTURE_TEARDOWN(dma_logging)
{
	VMIG_TEARDOWN();
}

static int start(struct vmig_device *dev,
		 const struct vfio_device_feature_dma_logging_range *ranges, uint32_t count)
{
	uint64_t page_size = 4 * KIB;

	return __vmig_log_start(dev, &page_size, ranges, count);
}

/*
 * A START that was refused started nothing: REPORT fails, and a good START works. On a
 * driver that reports whether logging is on or not, the first half cannot be seen.
 */
static void check_not_started(struct vmig_device *dev, enum vmig_clause_id id,
			      const struct vfio_device_feature_dma_logging_range *range,
			      bool off_is_silent, const char *did)
{
	uint64_t bitmap[4] = {};
	int ret;

	if (!off_is_silent)
		CHECK_FAILS(id, report_range(dev, range, bitmap), vmig_fmt("REPORT after %s", did));
	ret = start(dev, range, 1);
	if (CHECK_OK(id, ret, vmig_fmt("a good START after %s", did)))
		vmig_log_stop(dev);
}

TEST_F(dma_logging, start_without_ranges)
{
	CLAUSES(LOG_01);
	CHECK_ERRNO(LOG_01, start(self->dev, &self->range, 0), EINVAL, "START with 0 ranges");
	check_not_started(self->dev, LOG_01, &self->range, self->off_is_silent,
			  "START with 0 ranges");
}

/* cloud-hypervisor gives a range for each region of guest RAM: many is normal. */
TEST_F(dma_logging, start_with_many_ranges)
{
	struct vfio_device_feature_dma_logging_range ranges[MAX_RANGES + 1];
	uint32_t i;
	int ret;

	CLAUSES(LOG_02);
	/* Last first, with gaps: neither order nor neighbourhood may matter. */
	for (i = 0; i <= MAX_RANGES; i++)
		ranges[i] = (struct vfio_device_feature_dma_logging_range){
			.iova = (MAX_RANGES - i) * 4 * MIB, .length = 1 * MIB
		};
	ret = start(self->dev, ranges, MAX_RANGES);
	if (CHECK_OK(LOG_02, ret, vmig_fmt("START with %zu ranges", MAX_RANGES)))
		vmig_log_stop(self->dev);
	CHECK_ERRNO(LOG_02, start(self->dev, ranges, MAX_RANGES + 1), E2BIG,
		    vmig_fmt("START with %zu ranges, more than fit into a page", MAX_RANGES + 1));
	check_not_started(self->dev, LOG_02, &self->range, self->off_is_silent,
			  "START with too many ranges");
}

TEST_F(dma_logging, start_with_unreadable_ranges)
{
	struct vfio_device_feature_dma_logging_range *edge = vmig_before_hole(NULL, sizeof(*edge));

	CLAUSES(LOG_03);
	*edge = self->range;
	CHECK_ERRNO(LOG_03, start(self->dev, NULL, 1), EFAULT, "START with ranges NULL");
	CHECK_ERRNO(LOG_03, start(self->dev, edge, 2), EFAULT,
		    "START with the second of 2 ranges in a hole");
	check_not_started(self->dev, LOG_03, &self->range, self->off_is_silent,
			  "START with unreadable ranges");
}

TEST_F(dma_logging, start_misaligned)
{
	static const struct vfio_device_feature_dma_logging_range bad[] = {
		{ .iova = 1, .length = 4 * KIB },
		{ .iova = 0, .length = 4 * KIB + 1 },
		{ .iova = 2 * KIB, .length = 4 * KIB },
		{ .iova = 0, .length = 6 * KIB },
	};
	uint64_t page_size = 64 * KIB;
	struct vfio_device_feature_dma_logging_range small = { .iova = 4 * KIB,
							       .length = 64 * KIB };
	unsigned int i;

	CLAUSES(LOG_04);
	for (i = 0; i < ARRAY_SIZE(bad); i++)
		CHECK_ERRNO(LOG_04, start(self->dev, &bad[i], 1), EINVAL,
			    vmig_fmt("START of %#llx+%#llx with page_size 4K", bad[i].iova,
				     bad[i].length));
	CHECK_ERRNO(LOG_04, __vmig_log_start(self->dev, &page_size, &small, 1), EINVAL,
		    "START of 0x1000+0x10000 with page_size 64K");
	check_not_started(self->dev, LOG_04, &self->range, self->off_is_silent,
			  "START with a misaligned range");
}

TEST_F(dma_logging, start_wraps)
{
	struct vfio_device_feature_dma_logging_range last = { .iova = LAST_PAGE,
							      .length = 4 * KIB };
	struct vfio_device_feature_dma_logging_range beyond = { .iova = LAST_PAGE,
								.length = 8 * KIB };

	CLAUSES(LOG_05);
	CHECK_ERRNO(LOG_05, start(self->dev, &last, 1), EOVERFLOW,
		    "START of the last page of 2^64");
	CHECK_ERRNO(LOG_05, start(self->dev, &beyond, 1), EOVERFLOW, "START of a range that wraps");
	check_not_started(self->dev, LOG_05, &self->range, self->off_is_silent,
			  "START of a range that wraps");
}

TEST_F(dma_logging, start_overlapping)
{
	static const struct {
		const char *how;
		struct vfio_device_feature_dma_logging_range ranges[2];
		bool good;
	} cases[] = {
		{ "identical",
		  { { .iova = 0, .length = MIB }, { .iova = 0, .length = MIB } },
		  false },
		{ "nested",
		  { { .iova = 0, .length = MIB }, { .iova = 4 * KIB, .length = 4 * KIB } },
		  false },
		{ "crossing",
		  { { .iova = MIB, .length = MIB }, { .iova = 4 * KIB, .length = MIB } },
		  false },
		{ "touching",
		  { { .iova = MIB, .length = MIB }, { .iova = 0, .length = MIB } },
		  true },
	};
	unsigned int i;
	int ret;

	CLAUSES(LOG_06);
	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		ret = start(self->dev, cases[i].ranges, 2);
		if (!cases[i].good)
			CHECK_ERRNO(LOG_06, ret, EINVAL,
				    vmig_fmt("START of %s ranges", cases[i].how));
		else if (CHECK_OK(LOG_06, ret, vmig_fmt("START of %s ranges", cases[i].how)))
			vmig_log_stop(self->dev);
	}
	check_not_started(self->dev, LOG_06, &self->range, self->off_is_silent,
			  "START of overlapping ranges");
}

/* cloud-hypervisor reports with the page_size that came back, so it must be usable. */
TEST_F(dma_logging, start_tells_page_size)
{
	static const uint64_t hints[] = { 4 * KIB, 64 * KIB, 2 * MIB, GIB };
	struct vfio_device_feature_dma_logging_range range = { .iova = 0, .length = GIB };
	uint64_t page_size;
	unsigned int i;
	int ret;

	CLAUSES(LOG_07);
	for (i = 0; i < ARRAY_SIZE(hints); i++) {
		page_size = hints[i];
		ret = __vmig_log_start(self->dev, &page_size, &range, 1);
		if (!CHECK_OK(LOG_07, ret,
			      vmig_fmt("START with hint %#llx", (unsigned long long)hints[i])))
			continue;
		CHECK(LOG_07, page_size && !(page_size & (page_size - 1)),
		      vmig_fmt("page_size after START with hint %#llx",
			       (unsigned long long)hints[i]),
		      "a power of two", "%#llx", (unsigned long long)page_size);
		vmig_log_stop(self->dev);
	}
}

/* "Another start is not allowed in the meantime" (H:1368). */
TEST_F(dma_logging, start_twice)
{
	uint64_t bitmap[4] = {};
	struct vfio_device_feature_dma_logging_range other = { .iova = 16 * MIB, .length = MIB };

	CLAUSES(LOG_08);
	vmig_log_start(self->dev, &self->page_size, &self->range, 1);
	CHECK_FAILS(LOG_08, start(self->dev, &self->range, 1), "a second START of the same range");
	CHECK_FAILS(LOG_08, start(self->dev, &other, 1), "a second START of another range");
	CHECK_OK(LOG_08, report_range(self->dev, &self->range, bitmap),
		 "REPORT of the first START after the second was made");
	vmig_log_stop(self->dev);
}

/* The core starts, cannot say so, and stops again (C:1128). */
TEST_F(dma_logging, start_answer_unwritable)
{
	struct {
		struct vfio_device_feature hdr;
		struct vfio_device_feature_dma_logging_control control;
	} arg = {
		.hdr = {
			.argsz = sizeof(arg),
			.flags = VFIO_DEVICE_FEATURE_SET | VFIO_DEVICE_FEATURE_DMA_LOGGING_START,
		},
		.control = {
			.page_size = 4 * KIB,
			.num_ranges = 1,
			.ranges = (uintptr_t)&self->range,
		},
	}, *at;

	CLAUSES(LOG_09);
	at = vmig_before_hole(&arg, sizeof(arg));
	vmig_protect(at, PROT_READ);
	CHECK_ERRNO(LOG_09, __vmig_feature(self->dev->fd, at), EFAULT,
		    "START with a read-only payload");
	check_not_started(self->dev, LOG_09, &self->range, self->off_is_silent,
			  "START with a read-only payload");
}

TEST_F(dma_logging, stop_without_start)
{
	int ret;

	CLAUSES(LOG_10);
	ret = __vmig_log_stop(self->dev);
	vmig_note(LOG_10, "STOP without START: %s", vmig_errno_name(ret));
	ret = start(self->dev, &self->range, 1);
	if (CHECK_OK(LOG_10, ret, "START after a STOP without START"))
		vmig_log_stop(self->dev);
}

TEST_F(dma_logging, stop_allows_start)
{
	unsigned int i;
	int ret;

	CLAUSES(LOG_11);
	for (i = 0; i < 8; i++) {
		ret = start(self->dev, &self->range, 1);
		if (!CHECK_OK(LOG_11, ret, vmig_fmt("START number %u, each with its STOP", i + 1)))
			break;
		CHECK_OK(LOG_11, __vmig_log_stop(self->dev), vmig_fmt("STOP number %u", i + 1));
	}
}

TEST_F(dma_logging, stop_ends_reports)
{
	uint64_t bitmap[4] = {};

	CLAUSES(LOG_11);
	vmig_log_start(self->dev, &self->page_size, &self->range, 1);
	vmig_log_stop(self->dev);
	CHECK_FAILS(LOG_11, report_range(self->dev, &self->range, bitmap), "REPORT after STOP");
}

/* A clean bitmap for a log that was never kept loses the user's pages (H:1415). */
TEST_F(dma_logging, report_without_start)
{
	uint64_t bitmap[4] = {};

	CLAUSES(LOG_12);
	CHECK_FAILS(LOG_12, report_range(self->dev, &self->range, bitmap), "REPORT without START");
}

TEST_F(dma_logging, report_page_size_bad)
{
	static const uint64_t sizes[] = { 0, 1, 2 * KIB, 5000, 4 * KIB + 1, 12 * KIB };
	uint64_t bitmap[4] = {};
	unsigned int i;

	CLAUSES(LOG_13);
	vmig_log_start(self->dev, &self->page_size, &self->range, 1);
	for (i = 0; i < ARRAY_SIZE(sizes); i++)
		CHECK_ERRNO(LOG_13, __vmig_log_report(self->dev, 0, MIB, sizes[i], bitmap), EINVAL,
			    vmig_fmt("REPORT with page_size %llu", (unsigned long long)sizes[i]));
	vmig_log_stop(self->dev);
}

TEST_F(dma_logging, report_wraps)
{
	uint64_t bitmap[4] = {};

	CLAUSES(LOG_14);
	vmig_log_start(self->dev, &self->page_size, &self->range, 1);
	CHECK_ERRNO(LOG_14, __vmig_log_report(self->dev, LAST_PAGE, 4 * KIB, 4 * KIB, bitmap),
		    EOVERFLOW, "REPORT of the last page of 2^64");
	CHECK_ERRNO(LOG_14, __vmig_log_report(self->dev, 4 * KIB, LAST_PAGE, 4 * KIB, bitmap),
		    EOVERFLOW, "REPORT of a range that wraps");
	vmig_log_stop(self->dev);
}

/* "Can be any power of two value and does not have to match" that of START (H:1403). */
TEST_F(dma_logging, report_any_page_size)
{
	struct vfio_device_feature_dma_logging_range range = { .iova = 0, .length = GIB };
	uint64_t page_size, *bitmap;

	CLAUSES(LOG_15);
	bitmap = vmig_alloc(GIB / (4 * KIB) / 8);
	vmig_log_start(self->dev, &self->page_size, &range, 1);
	for (page_size = 4 * KIB; page_size <= GIB; page_size <<= 1)
		CHECK_OK(LOG_15, __vmig_log_report(self->dev, 0, GIB, page_size, bitmap),
			 vmig_fmt("REPORT with page_size %#llx, START with %#llx",
				  (unsigned long long)page_size,
				  (unsigned long long)self->page_size));
	vmig_log_stop(self->dev);
}

/* Lengths that are no multiple of the 64 pages of a bitmap word (4004497cec36, pds). */
TEST_F(dma_logging, report_odd_lengths)
{
	static const uint32_t pages[] = { 1, 7, 63, 64, 65, 127, 255 };
	uint64_t bitmap[8];
	unsigned int i;

	CLAUSES(LOG_28);
	vmig_log_start(self->dev, &self->page_size, &self->range, 1);
	for (i = 0; i < ARRAY_SIZE(pages); i++)
		CHECK_OK(LOG_28,
			 __vmig_log_report(self->dev, 0, pages[i] * 4 * KIB, 4 * KIB, bitmap),
			 vmig_fmt("REPORT of %u pages", pages[i]));
	vmig_log_stop(self->dev);
}

/* The user ORs the reports of many devices into one bitmap (H:1408). */
TEST_F(dma_logging, report_only_sets_bits)
{
	uint64_t bitmap[8];
	unsigned int i;

	CLAUSES(LOG_17);
	vmig_log_start(self->dev, &self->page_size, &self->range, 1);
	memset(bitmap, 0xaa, sizeof(bitmap));
	CHECK_OK(LOG_17, report_range(self->dev, &self->range, bitmap), "REPORT");
	for (i = 0; i < ARRAY_SIZE(bitmap); i++)
		CHECK(LOG_17, (bitmap[i] & 0xaaaaaaaaaaaaaaaaULL) == 0xaaaaaaaaaaaaaaaaULL,
		      vmig_fmt("word %u of a bitmap that was full of 0xaa, after REPORT", i),
		      "no bit cleared", "%#llx", (unsigned long long)bitmap[i]);
	vmig_log_stop(self->dev);
}

/* Read and clear: the device cannot write, so what the second REPORT shows is old. */
TEST_F(dma_logging, report_clears)
{
	uint64_t bitmap[8] = {};
	unsigned int i;

	CLAUSES(LOG_18);
	vmig_log_start(self->dev, &self->page_size, &self->range, 1);
	vmig_log_report(self->dev, 0, self->range.length, 4 * KIB, bitmap);
	memset(bitmap, 0, sizeof(bitmap));
	CHECK_OK(LOG_18, report_range(self->dev, &self->range, bitmap), "a second REPORT");
	for (i = 0; i < self->range.length / (4 * KIB) / 64; i++)
		CHECK(LOG_18, !bitmap[i],
		      vmig_fmt("word %u of a second REPORT, no DMA in between", i), "no bit set",
		      "%#llx", (unsigned long long)bitmap[i]);
	vmig_log_stop(self->dev);
}

/*
 * A bitmap that ends exactly where nothing is mapped, that begins just before a page
 * ends, and one of more than a 2 MiB window: the user's bitmap may lie anywhere
 * (f38044e5ef58, 4bbcbc6ea2fa, 792583656f55).
 */
TEST_F(dma_logging, report_bitmap_anywhere)
{
	const uint64_t large = 64 * GIB, words = large / (4 * KIB) / 64;
	struct vfio_device_feature_dma_logging_range range = { .iova = 0, .length = large };
	uint64_t *exact, *bitmap;
	char *across;
	int ret;

	CLAUSES(LOG_20);
	exact = vmig_before_hole(NULL, 32);
	memset(exact, 0, 32);
	across = mmap(NULL, 2 * VMIG_PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1,
		      0);
	if (across == MAP_FAILED)
		vmig_test_error("no memory: %s", vmig_errno_name(errno));

	vmig_log_start(self->dev, &self->page_size, &self->range, 1);
	CHECK_OK(LOG_20, report_range(self->dev, &self->range, exact),
		 "REPORT into a bitmap that ends at a hole");
	CHECK_OK(LOG_20, report_range(self->dev, &self->range, across + VMIG_PAGE - 8),
		 "REPORT into a bitmap that begins 8 bytes before a page ends");
	vmig_log_stop(self->dev);

	ret = start(self->dev, &range, 1);
	if (ret) {
		vmig_note(LOG_20, "START of 64 GiB: %s; a bitmap of 2 MiB was not tried",
			  vmig_errno_name(ret));
		return;
	}
	bitmap = vmig_alloc((words + 1) * 8);
	CHECK_OK(LOG_20, __vmig_log_report(self->dev, 0, large, 4 * KIB, bitmap + 1),
		 "REPORT of 64 GiB into a bitmap of 2 MiB, not page aligned");
	CHECK(LOG_20, !bitmap[0], "the word before that bitmap", "untouched", "%#llx",
	      (unsigned long long)bitmap[0]);
	vmig_log_stop(self->dev);
}

/* "Not connected to MIG_DEVICE_STATE" (H:1350); pds stops logging on STOP_COPY -> STOP. */
TEST_F(dma_logging, independent_of_state)
{
	uint64_t bitmap[4] = {};
	uint32_t state;
	int fd;

	CLAUSES(LOG_22);
	NEED(self->flags, "the device offers no migration");
	vmig_log_start(self->dev, &self->page_size, &self->range, 1);
	for (state = VFIO_DEVICE_STATE_STOP; state < VFIO_DEVICE_STATE_NR; state++) {
		if (!vmig_state_offered(self->flags, state) || state == VFIO_DEVICE_STATE_RESUMING)
			continue;
		fd = vmig_goto_state(self->dev, state);
		CHECK_OK(LOG_22, report_range(self->dev, &self->range, bitmap),
			 vmig_fmt("REPORT in %s, START in RUNNING", vmig_state_name(state)));
		if (fd >= 0)
			close(fd);
		vmig_set_state(self->dev, VFIO_DEVICE_STATE_RUNNING);
		CHECK_OK(LOG_22, report_range(self->dev, &self->range, bitmap),
			 vmig_fmt("REPORT in RUNNING, back from %s", vmig_state_name(state)));
	}
	vmig_log_stop(self->dev);
}

/* START and STOP in each state; RESUMING is left by reset, which may stop logging. */
TEST_F(dma_logging, works_in_every_state)
{
	uint64_t bitmap[4] = {};
	uint32_t state;
	int fd, ret;

	CLAUSES(LOG_22);
	NEED(self->flags, "the device offers no migration");
	for (state = VFIO_DEVICE_STATE_STOP; state < VFIO_DEVICE_STATE_NR; state++) {
		if (!vmig_state_offered(self->flags, state))
			continue;
		fd = vmig_goto_state(self->dev, state);
		if (!self->off_is_silent)
			CHECK_FAILS(LOG_22, report_range(self->dev, &self->range, bitmap),
				    vmig_fmt("REPORT in %s without START", vmig_state_name(state)));
		ret = start(self->dev, &self->range, 1);
		if (CHECK_OK(LOG_22, ret, vmig_fmt("START in %s", vmig_state_name(state)))) {
			CHECK_OK(LOG_22, report_range(self->dev, &self->range, bitmap),
				 vmig_fmt("REPORT in %s", vmig_state_name(state)));
			CHECK_OK(LOG_22, __vmig_log_stop(self->dev),
				 vmig_fmt("STOP in %s", vmig_state_name(state)));
		}
		if (fd >= 0)
			close(fd);
		ret = __vmig_recover_running(self->dev);
		if (ret)
			vmig_test_error("no way back to RUNNING from %s: %s",
					vmig_state_name(state), vmig_errno_name(ret));
	}
}

/* The next user of the device must not inherit a log. */
TEST_F(dma_logging, close_stops)
{
	struct vmig_dev_id id = self->dev->id;
	uint64_t bitmap[4] = {};
	int ret;

	CLAUSES(LOG_23);
	vmig_log_start(self->dev, &self->page_size, &self->range, 1);
	vmig_close(self->dev);
	self->dev = vmig_open(&id, variant->uapi);
	if (!self->off_is_silent)
		CHECK_FAILS(LOG_23, report_range(self->dev, &self->range, bitmap),
			    "REPORT after START, close, open");
	ret = start(self->dev, &self->range, 1);
	if (CHECK_OK(LOG_23, ret, "START after START, close, open"))
		vmig_log_stop(self->dev);
}

TEST_F(dma_logging, over_reset)
{
	uint64_t bitmap[4] = {};
	int report, stop, ret;

	CLAUSES(LOG_24);
	vmig_log_start(self->dev, &self->page_size, &self->range, 1);
	ret = __vmig_reset(self->dev);
	NEED(!ret, "the device cannot be reset");
	report = report_range(self->dev, &self->range, bitmap);
	stop = __vmig_log_stop(self->dev);
	ret = start(self->dev, &self->range, 1);
	vmig_note(LOG_24, "after START and reset: REPORT %s, STOP %s, START %s",
		  vmig_errno_name(report), vmig_errno_name(stop), vmig_errno_name(ret));
	if (!ret)
		vmig_log_stop(self->dev);
}

TEST_F(dma_logging, report_outside)
{
	struct vfio_device_feature_dma_logging_range outside = { .iova = 16 * MIB, .length = MIB };
	uint64_t bitmap[4] = {};
	unsigned int i;
	int ret;

	CLAUSES(LOG_26);
	vmig_log_start(self->dev, &self->page_size, &self->range, 1);
	ret = report_range(self->dev, &outside, bitmap);
	vmig_note(LOG_26, "REPORT outside the ranges of START: %s", vmig_errno_name(ret));
	for (i = 0; !ret && i < ARRAY_SIZE(bitmap); i++)
		CHECK(LOG_26, !bitmap[i], "REPORT outside the ranges of START",
		      "an error, or no bit set", "word %u is %#llx", i,
		      (unsigned long long)bitmap[i]);
	vmig_log_stop(self->dev);
}

/* More than a device can watch: refused as a whole, or watched as a whole. */
TEST_F(dma_logging, start_beyond_the_device)
{
	struct vfio_device_feature_dma_logging_range huge = { .iova = 0, .length = 1ULL << 60 };
	int ret;

	CLAUSES(LOG_27);
	ret = start(self->dev, &huge, 1);
	vmig_note(LOG_27, "START of 2^60 bytes: %s", vmig_errno_name(ret));
	if (!ret)
		vmig_log_stop(self->dev);
	check_not_started(self->dev, LOG_27, &self->range, self->off_is_silent,
			  "START of 2^60 bytes, stopped if it worked");
}

/*
 * More pages than fit into 32 bits: all of them or none. "Each DMA that the device initiates
 * inside the range will be logged" (H:1353), so whoever asks for one of them after a START
 * that worked must get an answer.
 */
TEST_F(dma_logging, start_of_many_pages)
{
	struct vfio_device_feature_dma_logging_range range = { .length = (4 * KIB << 32) + MIB };
	struct vfio_device_feature_dma_logging_range part = { .iova = GIB, .length = MIB };
	uint64_t bitmap[4] = {};
	int ret;

	CLAUSES(LOG_27);
	ret = start(self->dev, &range, 1);
	if (ret) {
		check_not_started(self->dev, LOG_27, &self->range, self->off_is_silent,
				  "START of 2^32 + 256 pages");
		return;
	}
	CHECK_OK(LOG_27, report_range(self->dev, &part, bitmap),
		 "START of 2^32 + 256 pages, REPORT of some of them");
	vmig_log_stop(self->dev);
}

VMIG_MAIN("dma_logging")
