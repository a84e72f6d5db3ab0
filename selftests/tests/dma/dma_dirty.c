// SPDX-License-Identifier: GPL-2.0-only
/*
 * LOG-02, LOG-15 to LOG-22, LOG-28: what DMA logging reports, of a device that is made to write to
 * pages that the test chose. What any device can be asked is in the dma_logging chapter.
 *
 * A page that was written to and is not reported is lost by whoever copies memory. One
 * that is reported and was not written to is allowed (H:1347), so that is not judged; but
 * a report of what has been reported already is (H:1393). A REPORT that fails loses nothing
 * in silence: whoever copies memory then copies all of it (H:1411). So it is LOG-28 and no
 * more.
 */
#include <errno.h>
#include <stdlib.h>
#include <sys/mman.h>

#include "fault_memory.h"
#include "fixture_logged.h"

#define KIB 1024ULL
#define MIB (KIB * KIB)
#define GIB (KIB * MIB)
#define PAGE (4 * KIB)

/* Memory that the device writes to, and bits for it. */
#define SIZE (4 * MIB)
#define PAGES (SIZE / PAGE)
#define WORDS (PAGES / 64)

/* Little enough for any device, and quick. */
#define FEW 16

#define SEED 0x3001

#define MAX_RANGES (VMIG_PAGE / sizeof(struct vfio_device_feature_dma_logging_range))

VMIG_LOGGED_FIXTURE(dirty, SIZE, SEED);
VMIG_VARIANT_COMPAT(dirty);

/* START for some pages of the memory. */
static void start_pages(FIXTURE_DATA(dirty) * self, uint64_t first, uint64_t count)
{
	struct vfio_device_feature_dma_logging_range range = {
		.iova = self->mem.iova + first * PAGE,
		.length = count * PAGE,
	};
	uint64_t page_size = PAGE;

	vmig_log_start(self->dev, &page_size, &range, 1);
	self->granule = page_size > PAGE ? page_size / PAGE : 1;
}

/* The device writes there, and has written when this returns. */
static void write_bytes(FIXTURE_DATA(dirty) * self, uint64_t at, uint32_t len)
{
	vmig_logged_write(&self->w, &self->mem, at, len, ++self->seed);
}

/* A few bytes in the middle of a page. */
static void write_page(FIXTURE_DATA(dirty) * self, uint64_t page)
{
	write_bytes(self, page * PAGE + PAGE / 2, FEW);
}

/* REPORT of some pages of the memory into a bitmap that was empty. */
static void report_pages(FIXTURE_DATA(dirty) * self, uint64_t first, uint64_t count,
			 uint64_t *bitmap)
{
	memset(bitmap, 0, (count + 63) / 64 * sizeof(*bitmap));
	vmig_log_report(self->dev, self->mem.iova + first * PAGE, count * PAGE, PAGE, bitmap);
}

/* The first bit that is set, @count if none is. */
static uint64_t first_bit(const uint64_t *bitmap, uint64_t count)
{
	uint64_t n = 0;

	while (n < count && !vmig_bit(bitmap, n))
		n++;
	return n;
}

/* One page was written to: its bit is set, and no other one instead of it. */
static void check_only_page(const uint64_t *bitmap, uint64_t count, uint64_t n, const char *did)
{
	uint64_t other = first_bit(bitmap, count);

	CHECK(LOG_16, vmig_bit(bitmap, n) || other == count, did,
	      vmig_fmt("bit %llu is set", (unsigned long long)n), "it is not, and bit %llu is",
	      (unsigned long long)other);
	CHECK(LOG_19, vmig_bit(bitmap, n) || other < count, did,
	      vmig_fmt("bit %llu is set", (unsigned long long)n), "no bit is set");
}

/* Bit n is page n of what is reported, wherever that begins (H:1397). */
VMIG_TEST_TIMEOUT(dirty, page_has_its_bit, 60)
{
	static const uint64_t pages[] = { 0, 1, 7, 8, 63, 64, 65, PAGES - 1 };
	uint64_t bitmap[WORDS], first;
	unsigned int i;
	int ret;

	CLAUSES(LOG_16, LOG_19, LOG_28);
	NEED_LOGGED_DMA;
	start_pages(self, 0, PAGES);
	for (i = 0; i < ARRAY_SIZE(pages); i++) {
		report_pages(self, 0, PAGES, bitmap);
		write_page(self, pages[i]);
		first = pages[i] < 5 ? 0 : i % 2 * 5;
		memset(bitmap, 0, sizeof(bitmap));
		ret = __vmig_log_report(self->dev, self->mem.iova + first * PAGE,
					(PAGES - first) * PAGE, PAGE, bitmap);
		if (!CHECK_OK(LOG_28, ret,
			      vmig_fmt("REPORT from page %llu on", (unsigned long long)first)))
			continue;
		check_only_page(bitmap, PAGES - first, pages[i] - first,
				vmig_fmt("DMA write to page %llu, REPORT from page %llu",
					 (unsigned long long)pages[i], (unsigned long long)first));
	}
}

static void check_pages(const uint64_t *bitmap, uint64_t first, uint64_t last, const char *did)
{
	uint64_t n = first;

	while (n <= last && vmig_bit(bitmap, n))
		n++;
	CHECK(LOG_19, n > last, did,
	      vmig_fmt("bits %llu to %llu are set", (unsigned long long)first,
		       (unsigned long long)last),
	      "bit %llu is not", (unsigned long long)n);
}

/* A transfer that is no whole page dirties all that it touches, down to one byte. */
VMIG_TEST_TIMEOUT(dirty, every_page_of_a_transfer, 60)
{
	uint32_t len = self->w.ops->dma_max, align = self->w.ops->dma_align;
	uint64_t bitmap[WORDS], at[3], i;
	uint32_t lens[3];

	CLAUSES(LOG_19);
	NEED_LOGGED_DMA;
	/* Over the border of two pages, by as little as possible; then as much as possible. */
	at[0] = 10 * PAGE - align;
	lens[0] = 2 * align;
	at[1] = 20 * PAGE - align;
	lens[1] = len;
	at[2] = 40 * PAGE + align - len % PAGE;
	lens[2] = len;
	start_pages(self, 0, PAGES);
	for (i = 0; i < 3; i++) {
		report_pages(self, 0, PAGES, bitmap);
		write_bytes(self, at[i], lens[i]);
		report_pages(self, 0, PAGES, bitmap);
		check_pages(bitmap, at[i] / PAGE, (at[i] + lens[i] - 1) / PAGE,
			    vmig_fmt("DMA write of %u bytes at %#llx, REPORT", lens[i],
				     (unsigned long long)at[i]));
	}
}

/* First and last page of ranges that do and do not fill the words of a bitmap. */
VMIG_TEST_TIMEOUT(dirty, edges_of_a_range, 60)
{
	static const uint64_t counts[] = { 1, 63, 64, 65, 200 };
	const uint64_t first = 3;
	uint64_t bitmap[WORDS];
	unsigned int i;

	CLAUSES(LOG_19);
	NEED_LOGGED_DMA;
	for (i = 0; i < ARRAY_SIZE(counts); i++) {
		start_pages(self, first, counts[i]);
		write_page(self, first);
		write_page(self, first + counts[i] - 1);
		report_pages(self, first, counts[i], bitmap);
		vmig_log_stop(self->dev);
		check_pages(
			bitmap, 0, 0,
			vmig_fmt(
				"DMA write to the first page of a range of %llu, REPORT of the range",
				(unsigned long long)counts[i]));
		check_pages(
			bitmap, counts[i] - 1, counts[i] - 1,
			vmig_fmt(
				"DMA write to the last page of a range of %llu, REPORT of the range",
				(unsigned long long)counts[i]));
	}
}

/*
 * A user reports in pieces, which need not begin where a word of the driver's own bitmap
 * does. Last one first, as a report clears all that it covers.
 */
VMIG_TEST_TIMEOUT(dirty, report_from_anywhere, 60)
{
	static const uint64_t pages[] = { 63, 62, 57, 33, 32, 31, 17, 9, 8, 7, 2, 1 };
	uint64_t bitmap[WORDS];
	unsigned int i;

	CLAUSES(LOG_19);
	NEED_LOGGED_DMA;
	start_pages(self, 0, PAGES);
	for (i = 0; i < ARRAY_SIZE(pages); i++)
		write_page(self, pages[i]);
	for (i = 0; i < ARRAY_SIZE(pages); i++) {
		report_pages(self, pages[i], 128, bitmap);
		check_pages(
			bitmap, 0, 0,
			vmig_fmt(
				"DMA write to page %llu of a range, REPORT of 128 pages from there",
				(unsigned long long)pages[i]));
	}
}

/* Pieces of any length: the last page of each must be in it. */
VMIG_TEST_TIMEOUT(dirty, report_of_any_length, 60)
{
	static const uint64_t counts[] = { 1, 63, 64, 65 };
	uint64_t bitmap[WORDS], first = 0;
	unsigned int i;

	CLAUSES(LOG_19);
	NEED_LOGGED_DMA;
	start_pages(self, 0, PAGES);
	for (i = 0; i < ARRAY_SIZE(counts); i++) {
		write_page(self, first + counts[i] - 1);
		report_pages(self, first, counts[i], bitmap);
		check_pages(bitmap, counts[i] - 1, counts[i] - 1,
			    vmig_fmt("DMA write to page %llu, REPORT of %llu pages up to there",
				     (unsigned long long)(first + counts[i] - 1),
				     (unsigned long long)counts[i]));
		first += counts[i];
	}
}

/*
 * As many as the core takes, with a page between them, last one first. Those that are
 * written to are a byte of a bitmap apart, as in neighbours_are_kept.
 */
VMIG_TEST_TIMEOUT(dirty, many_ranges, 60)
{
	static const uint32_t some[] = { 0, 4, 16, 100, MAX_RANGES - 1 };
	struct vfio_device_feature_dma_logging_range ranges[MAX_RANGES];
	uint64_t bitmap[WORDS], page_size = PAGE;
	uint32_t i;
	int ret;

	CLAUSES(LOG_02, LOG_19);
	NEED_LOGGED_DMA;
	for (i = 0; i < MAX_RANGES; i++)
		ranges[i] = (struct vfio_device_feature_dma_logging_range){
			.iova = self->mem.iova + (MAX_RANGES - 1 - i) * 2 * PAGE,
			.length = PAGE,
		};
	ret = __vmig_log_start(self->dev, &page_size, ranges, MAX_RANGES);
	if (!CHECK_OK(LOG_02, ret, vmig_fmt("START with %zu ranges", MAX_RANGES)))
		return;
	for (i = 0; i < ARRAY_SIZE(some); i++)
		write_page(self, some[i] * 2);
	for (i = 0; i < ARRAY_SIZE(some); i++) {
		report_pages(self, some[i] * 2, 1, bitmap);
		check_pages(bitmap, 0, 0,
			    vmig_fmt("DMA write to range %zu of %zu, REPORT of it",
				     MAX_RANGES - 1 - some[i], MAX_RANGES));
	}
}

/* One report for each page size, of a page that is not the first in any of them. */
static void check_page_sizes(FIXTURE_DATA(dirty) * self, uint64_t hint)
{
	static const uint64_t sizes[] = { 4 * KIB, 8 * KIB, 64 * KIB, 2 * MIB };
	static const uint64_t pages[] = { 3, 0x1ff, 0x233 };
	struct vfio_device_feature_dma_logging_range range = { .iova = self->mem.iova,
							       .length = SIZE };
	uint64_t bitmap[WORDS], n;
	unsigned int i, k;

	vmig_log_start(self->dev, &hint, &range, 1);
	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		for (k = 0; k < ARRAY_SIZE(pages); k++)
			write_page(self, pages[k]);
		memset(bitmap, 0, sizeof(bitmap));
		vmig_log_report(self->dev, range.iova, SIZE, sizes[i], bitmap);
		for (k = 0; k < ARRAY_SIZE(pages); k++) {
			n = pages[k] * PAGE / sizes[i];
			CHECK(LOG_15, vmig_bit(bitmap, n),
			      vmig_fmt(
				      "START, page_size %#llx; DMA write to %#llx in the range; REPORT, "
				      "page_size %#llx",
				      (unsigned long long)hint,
				      (unsigned long long)(pages[k] * PAGE),
				      (unsigned long long)sizes[i]),
			      vmig_fmt("bit %llu is set", (unsigned long long)n), "it is not");
		}
	}
	vmig_log_stop(self->dev);
}

VMIG_TEST_TIMEOUT(dirty, report_in_any_page_size, 60)
{
	CLAUSES(LOG_15);
	NEED_LOGGED_DMA;
	check_page_sizes(self, 4 * KIB);
}

/* A device that logs in larger pages has more than one bit for one of them. */
VMIG_TEST_TIMEOUT(dirty, started_in_large_pages, 60)
{
	CLAUSES(LOG_15);
	NEED_LOGGED_DMA;
	check_page_sizes(self, 64 * KIB);
}

/* Many devices are reported into one bitmap (H:1408). */
TEST_F(dirty, bits_that_were_set_stay)
{
	uint64_t bitmap[WORDS], i;

	CLAUSES(LOG_17, LOG_19);
	NEED_LOGGED_DMA;
	start_pages(self, 0, PAGES);
	write_page(self, 6);
	write_page(self, 64);
	memset(bitmap, 0xaa, sizeof(bitmap));
	vmig_log_report(self->dev, self->mem.iova, SIZE, PAGE, bitmap);
	check_pages(bitmap, 6, 6, "DMA write to page 6, REPORT into a bitmap full of 0xaa");
	check_pages(bitmap, 64, 64, "DMA write to page 64, REPORT into a bitmap full of 0xaa");
	for (i = 0; i < WORDS; i++)
		if ((bitmap[i] & 0xaaaaaaaaaaaaaaaaULL) != 0xaaaaaaaaaaaaaaaaULL)
			break;
	CHECK(LOG_17, i == WORDS, "REPORT into a bitmap full of 0xaa, pages dirty",
	      "no bit is cleared", "word %llu is %#llx", (unsigned long long)i,
	      (unsigned long long)bitmap[i % WORDS]);
}

static void check_silent(const uint64_t *bitmap, uint64_t count, const char *did)
{
	uint64_t n = first_bit(bitmap, count);

	CHECK(LOG_18, n == count, did, "no bit is set", "bit %llu is", (unsigned long long)n);
}

/* What was reported is clean until it is written to again (H:1393). */
TEST_F(dirty, reported_once)
{
	uint64_t bitmap[WORDS];

	CLAUSES(LOG_18, LOG_19);
	NEED_LOGGED_DMA;
	start_pages(self, 0, PAGES);
	write_page(self, 5);
	write_page(self, 500);
	report_pages(self, 0, PAGES, bitmap);
	check_pages(bitmap, 5, 5, "DMA write to page 5, REPORT");
	check_pages(bitmap, 500, 500, "DMA write to page 500, REPORT");
	report_pages(self, 0, PAGES, bitmap);
	check_silent(bitmap, PAGES, "a second REPORT, no DMA in between");
	write_page(self, 5);
	report_pages(self, 0, PAGES, bitmap);
	check_pages(bitmap, 5, 5, "DMA write to a page that was reported, REPORT");
	if (self->granule <= 256)
		CHECK(LOG_18, !vmig_bit(bitmap, 500),
		      "a REPORT later, page 500 not written to since the first",
		      "bit 500 is not set", "it is");
}

/* A report clears what it covers, and nothing else. */
TEST_F(dirty, others_are_kept)
{
	uint64_t bitmap[WORDS];

	CLAUSES(LOG_18);
	NEED_LOGGED_DMA;
	start_pages(self, 0, PAGES);
	write_page(self, 127);
	write_page(self, 128);
	write_page(self, 191);
	write_page(self, 192);
	report_pages(self, 128, 64, bitmap);
	report_pages(self, 0, PAGES, bitmap);
	CHECK(LOG_18, vmig_bit(bitmap, 127) && vmig_bit(bitmap, 192),
	      "DMA writes to pages 127, 128, 191, 192, REPORT of 128 to 191, REPORT of all",
	      "bits 127 and 192 are set", "bit %d is not", vmig_bit(bitmap, 127) ? 192 : 127);
	/* Of a larger page that was reported in part the rest must stay, and so may all of it. */
	if (self->granule > 64)
		return;
	CHECK(LOG_18, !vmig_bit(bitmap, 128) && !vmig_bit(bitmap, 191),
	      "DMA writes to pages 127, 128, 191, 192, REPORT of 128 to 191, REPORT of all",
	      "bits 128 and 191 are not set any more", "bit %d is",
	      vmig_bit(bitmap, 128) ? 128 : 191);
}

/*
 * A report clears what it covers: the other pages of a word of the device's bitmap stay. The
 * neighbour is no bit of the byte that a REPORT of one page fills, as a user who looks at more
 * than this bit would find it there.
 */
TEST_F(dirty, neighbours_are_kept)
{
	uint64_t bitmap[WORDS];

	CLAUSES(LOG_18);
	NEED_LOGGED_DMA;
	start_pages(self, 0, PAGES);
	write_page(self, 64);
	write_page(self, 80);
	report_pages(self, 64, 1, bitmap);
	report_pages(self, 0, PAGES, bitmap);
	CHECK(LOG_18, vmig_bit(bitmap, 80),
	      "DMA writes to pages 64 and 80, REPORT of 64, REPORT of all", "bit 80 is set",
	      "it is not");
}

/* Any part of a range can be asked for. */
TEST_F(dirty, parts_up_to_the_end)
{
	static const uint64_t firsts[] = { 1, 5, 8, 60, 63, 64, PAGES - 1 };
	uint64_t bitmap[WORDS];
	unsigned int i;
	int ret;

	CLAUSES(LOG_19, LOG_28);
	NEED_LOGGED_DMA;
	start_pages(self, 0, PAGES);
	for (i = 0; i < ARRAY_SIZE(firsts); i++) {
		write_page(self, PAGES - 1);
		memset(bitmap, 0, sizeof(bitmap));
		ret = __vmig_log_report(self->dev, self->mem.iova + firsts[i] * PAGE,
					(PAGES - firsts[i]) * PAGE, PAGE, bitmap);
		if (CHECK_OK(LOG_28, ret,
			     vmig_fmt("START of %llu pages, REPORT from page %llu on", PAGES,
				      (unsigned long long)firsts[i])))
			check_pages(bitmap, PAGES - 1 - firsts[i], PAGES - 1 - firsts[i],
				    vmig_fmt("DMA write to the last page, REPORT from page %llu on",
					     (unsigned long long)firsts[i]));
	}
}

/*
 * START with two ranges, REPORT of some pages of them, a DMA write to the last of these. What
 * REPORT returned goes to @ret, and is judged by the caller; a page that is not in a REPORT
 * that worked is lost. Returns what was done.
 */
static const char *check_two_ranges(FIXTURE_DATA(dirty) * self, uint64_t from, uint64_t first,
				    uint64_t count, int *ret)
{
	struct vfio_device_feature_dma_logging_range ranges[] = {
		{ .iova = self->mem.iova, .length = PAGE },
		{ .iova = self->mem.iova + from * PAGE, .length = (PAGES - from) * PAGE },
	};
	uint64_t bitmap[WORDS] = {}, page_size = PAGE;
	const char *did;

	did = vmig_fmt("START of page 0 and of %llu to %llu, REPORT of %llu pages from %llu on",
		       (unsigned long long)from, PAGES - 1, (unsigned long long)count,
		       (unsigned long long)first);
	vmig_log_start(self->dev, &page_size, ranges, 2);
	write_page(self, first + count - 1);
	*ret = __vmig_log_report(self->dev, self->mem.iova + first * PAGE, count * PAGE, PAGE,
				 bitmap);
	if (!*ret)
		check_pages(bitmap, count - 1, count - 1, did);
	vmig_log_stop(self->dev);
	return did;
}

/* Where one range ends must not matter to the next one. */
TEST_F(dirty, ranges_side_by_side)
{
	static const uint64_t from[] = { 64, 16, 1 };
	const char *did;
	unsigned int i;
	int ret;

	CLAUSES(LOG_19, LOG_28);
	NEED_LOGGED_DMA;
	for (i = 0; i < ARRAY_SIZE(from); i++) {
		did = check_two_ranges(self, from[i], from[i], PAGES - from[i], &ret);
		CHECK_OK(LOG_28, ret, did);
	}
}

/*
 * "Within the given IOVA range" (H:1395): all of it is logged, if not by one range. Whether
 * such a REPORT has to succeed is not said, and may be read in two ways.
 */
TEST_F(dirty, report_of_two_ranges)
{
	const char *did;
	int ret;

	CLAUSES(LOG_19, LOG_28);
	NEED_LOGGED_DMA;
	did = check_two_ranges(self, 1, 0, PAGES, &ret);
	vmig_note(LOG_28,
		  "%s: %s. Either any IOVA range can be given, and what is logged of it is "
		  "reported; or it lies within one range of START, as those of QEMU do, and an "
		  "error says that this one does not",
		  did, vmig_errno_name(ret));
}

/* One bitmap of a word, of pages 1 to 64, and what lies behind it. */
static void check_behind_bitmap(FIXTURE_DATA(dirty) * self)
{
	_Alignas(16) uint64_t bitmap[2] = {}; /* in one page, as whole pages are pinned */

	write_page(self, 64);
	vmig_log_report(self->dev, self->mem.iova + PAGE, 64 * PAGE, PAGE, bitmap);
	CHECK(LOG_17, !bitmap[1],
	      "START, page_size 64K, DMA write to page 64, REPORT of 1 to 64, page_size 4K",
	      "nothing behind the 64 bits of the bitmap is touched", "it is %#llx",
	      (unsigned long long)bitmap[1]);
}

/* A user who started with large pages reports small ones, from anywhere (H:1403). */
TEST_F(dirty, part_of_a_large_page)
{
	struct vfio_device_feature_dma_logging_range range = { .iova = self->mem.iova,
							       .length = SIZE };
	uint64_t page_size = 64 * KIB, bitmap[WORDS] = {};
	int ret;

	CLAUSES(LOG_15, LOG_17, LOG_28);
	NEED_LOGGED_DMA;
	vmig_log_start(self->dev, &page_size, &range, 1);
	write_page(self, 3);
	ret = __vmig_log_report(self->dev, range.iova + 3 * PAGE, PAGE, PAGE, bitmap);
	if (CHECK_OK(LOG_28, ret, "START, page_size 64K, REPORT of page 3, page_size 4K"))
		CHECK(LOG_15, vmig_bit(bitmap, 0),
		      "START, page_size 64K, DMA write to page 3, REPORT of it, page_size 4K",
		      "bit 0 is set", "it is not");
	write_page(self, 3);
	memset(bitmap, 0, sizeof(bitmap));
	ret = __vmig_log_report(self->dev, range.iova + 3 * PAGE, 1021 * PAGE, PAGE, bitmap);
	if (CHECK_OK(LOG_28, ret, "START, page_size 64K, REPORT from page 3 on, page_size 4K"))
		CHECK(LOG_15, vmig_bit(bitmap, 0),
		      "START, page_size 64K, DMA write to page 3, REPORT from it on, page_size 4K",
		      "bit 0 is set", "it is not");
	check_behind_bitmap(self);
	vmig_log_stop(self->dev);
}

/* DMA to pages on both sides of where the bitmap crosses into another page. */
static void check_bitmap_at(FIXTURE_DATA(dirty) * self, uint64_t *bitmap, uint64_t border,
			    const char *where)
{
	uint64_t pages[] = { 0, border - 1, border, PAGES - 1 };
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(pages); i++)
		write_page(self, pages[i]);
	report_pages(self, 0, PAGES, bitmap);
	for (i = 0; i < ARRAY_SIZE(pages); i++)
		CHECK(LOG_20, vmig_bit(bitmap, pages[i]),
		      vmig_fmt("DMA write to page %llu, REPORT into a bitmap %s",
			       (unsigned long long)pages[i], where),
		      "its bit is set", "it is not");
}

VMIG_TEST_TIMEOUT(dirty, bitmap_anywhere, 60)
{
	uint64_t *exact;
	char *two;

	CLAUSES(LOG_20);
	NEED_LOGGED_DMA;
	exact = vmig_before_hole(NULL, WORDS * 8);
	two = mmap(NULL, 2 * VMIG_PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (two == MAP_FAILED)
		vmig_test_error("no memory: %s", vmig_errno_name(errno));
	start_pages(self, 0, PAGES);
	check_bitmap_at(self, exact, 64, "that ends at a hole");
	check_bitmap_at(self, (void *)(two + VMIG_PAGE - 8), 64,
			"that begins 8 bytes before a page ends");
	check_bitmap_at(self, (void *)(two + VMIG_PAGE - WORDS * 4), PAGES / 2,
			"that crosses into another page in its middle");
}

/* The core has a window of 2 MiB on the bitmap, which it moves. */
VMIG_TEST_TIMEOUT(dirty, bitmap_of_more_than_2_mib, 60)
{
	const uint64_t window = 64 * GIB, length = window + SIZE;
	struct vfio_device_feature_dma_logging_range range = { .length = length };
	uint64_t page_size = PAGE, *bitmap, pages[3];
	struct vmig_dma low = self->mem, high;
	unsigned int i;
	int ret;

	CLAUSES(LOG_20);
	NEED_LOGGED_DMA;
	NEED(self->w.ops->iova_bits >= 40, "the device cannot make addresses of more than 64 GiB");
	high.dev = self->dev;
	high.size = SIZE;
	high.at = self->mem.at;
	ret = __vmig_iova_find(self->dev, self->w.ops->iova_bits, low.iova + window, SIZE, 2 * MIB,
			       &high.iova);
	NEED(!ret && high.iova == low.iova + window, "no IOVA 64 GiB behind another one here");
	vmig_dma_map(self->dev, high.at, high.iova, SIZE);
	range.iova = low.iova;
	ret = __vmig_log_start(self->dev, &page_size, &range, 1);
	NEED(!ret, "START of more than 64 GiB: %s", vmig_errno_name(ret));
	write_page(self, 1);
	self->mem = high;
	write_page(self, 0);
	write_page(self, 77);
	self->mem = low;
	bitmap = vmig_alloc((length / PAGE + 63) / 64 * 8);
	vmig_log_report(self->dev, low.iova, length, PAGE, bitmap);
	pages[0] = 1;
	pages[1] = window / PAGE;
	pages[2] = window / PAGE + 77;
	for (i = 0; i < 3; i++)
		CHECK(LOG_20, vmig_bit(bitmap, pages[i]),
		      vmig_fmt("DMA write to page %#llx, REPORT of 64 GiB and 4 MiB",
			       (unsigned long long)pages[i]),
		      "its bit is set", "it is not");
	free(bitmap);
	vmig_log_stop(self->dev);
	__vmig_dma_unmap(self->dev, high.iova, SIZE);
}

/* Dirty bits that could not be reported must not be lost in silence (H:1410). */
TEST_F(dirty, bitmap_that_cannot_be_written)
{
	uint64_t bitmap[WORDS], *locked;
	bool kept;
	int ret;

	CLAUSES(LOG_21);
	NEED_LOGGED_DMA;
	locked = vmig_before_hole(NULL, WORDS * 8);
	vmig_protect(locked, PROT_READ);
	start_pages(self, 0, PAGES);
	write_page(self, 5);
	ret = __vmig_log_report(self->dev, self->mem.iova, SIZE, PAGE, locked);
	report_pages(self, 0, PAGES, bitmap);
	kept = vmig_bit(bitmap, 5);
	CHECK(LOG_21, ret || kept,
	      "DMA write, REPORT into a bitmap that is mapped for reading, REPORT into a good one",
	      "an error from the first, or the page in the second",
	      "success from the first, and nothing in the second");
	vmig_note(LOG_21,
		  "REPORT into a bitmap that is mapped for reading: %s; the page is %s then",
		  vmig_errno_name(ret), kept ? "kept" : "lost");
}

/*
 * struct leg - a part of a migration, and what the device may do in it
 * @state: the state
 * @works: it may do DMA
 */
static const struct leg {
	uint32_t state;
	bool works;
} legs[] = {
	{ VFIO_DEVICE_STATE_RUNNING, true },	   { VFIO_DEVICE_STATE_PRE_COPY, true },
	{ VFIO_DEVICE_STATE_PRE_COPY_P2P, false }, { VFIO_DEVICE_STATE_STOP_COPY, false },
	{ VFIO_DEVICE_STATE_STOP, false },	   { VFIO_DEVICE_STATE_RUNNING, true },
};

/*
 * One log for a whole migration: what is written in one state is reported in the next,
 * and no SET stops, starts or clears it (H:1350).
 */
VMIG_TEST_TIMEOUT(dirty, over_a_whole_migration, 60)
{
	uint64_t bitmap[WORDS], written = 0, page = 10;
	int fd = -1, new_fd, ret;
	unsigned int i;

	CLAUSES(LOG_22, LOG_19);
	NEED_LOGGED_DMA;
	NEED(self->flags, "the device offers no migration");
	start_pages(self, 0, PAGES);
	for (i = 0; i < ARRAY_SIZE(legs); i++) {
		if (!vmig_state_offered(self->flags, legs[i].state))
			continue;
		new_fd = vmig_set_state(self->dev, legs[i].state);
		if (new_fd >= 0) {
			vmig_close_data_fd(fd);
			fd = new_fd;
		}
		memset(bitmap, 0, sizeof(bitmap));
		ret = __vmig_log_report(self->dev, self->mem.iova, SIZE, PAGE, bitmap);
		if (!CHECK_OK(LOG_22, ret,
			      vmig_fmt("REPORT in %s, START in RUNNING",
				       vmig_state_name(legs[i].state))))
			break;
		if (written)
			CHECK(LOG_22, vmig_bit(bitmap, written),
			      vmig_fmt("DMA write in the state before, SET(%s), REPORT",
				       vmig_state_name(legs[i].state)),
			      "the page is reported", "it is not");
		written = 0;
		if (!legs[i].works)
			continue;
		page += 70;
		write_page(self, page);
		report_pages(self, 0, PAGES, bitmap);
		check_pages(bitmap, page, page,
			    vmig_fmt("DMA write in %s, REPORT", vmig_state_name(legs[i].state)));
		written = ++page;
		write_page(self, page);
	}
	vmig_close_data_fd(fd);
}

VMIG_MAIN("dma_dirty")
