// SPDX-License-Identifier: GPL-2.0-only
/*
 * LOG-17, LOG-19, LOG-27: DMA logging at its edges: odd addresses, lengths and page sizes, memory
 * behind the border of a range, high up, or mapped late, and calls beside each other.
 *
 * What the header does not define may be refused. What is accepted is true: START returned 0 for
 * it, so all of it is logged, and REPORT returned 0, so nothing is lost, and nothing is
 * written beside the bitmap that was given.
 */
#include <errno.h>
#include <stdatomic.h>

#include <vmig/clock.h>
#include <vmig/shared.h>
#include "child.h"
#include "fixture_logged.h"
#include "load_attempt.h"

#define KIB 1024ULL
#define MIB (KIB * KIB)
#define PAGE (4 * KIB)

/* Memory that the device writes to, and bits for it. */
#define SIZE (4 * MIB)
#define PAGES (SIZE / PAGE)
#define WORDS (PAGES / 64)

/* Little enough for any device, and quick. */
#define FEW 16

#define SEED 0x5001

/* What stands beside a bitmap: its first and its last bit are not set. */
#define CANARY 0x5aa55aa55aa55a5aULL

#define CHILD_TIMEOUT_MS 30000

VMIG_LOGGED_FIXTURE(log_edges, SIZE, SEED);

#define log_range vfio_device_feature_dma_logging_range

/* Some pages of the memory. */
static struct log_range pages_of(FIXTURE_DATA(log_edges) * self, uint64_t first, uint64_t count)
{
	return (struct log_range){ .iova = self->mem.iova + first * PAGE, .length = count * PAGE };
}

static int start(FIXTURE_DATA(log_edges) * self, uint64_t page_size, const struct log_range *ranges,
		 uint32_t count)
{
	return __vmig_log_start(self->dev, &page_size, ranges, count);
}

static void must_start(FIXTURE_DATA(log_edges) * self, const struct log_range *ranges,
		       uint32_t count)
{
	int ret = start(self, PAGE, ranges, count);

	if (ret)
		vmig_test_error("START of %u ranges: %s", count, vmig_errno_name(ret));
}

static void write_bytes(FIXTURE_DATA(log_edges) * self, uint64_t at, uint32_t len)
{
	vmig_logged_write(&self->w, &self->mem, at, len, ++self->seed);
}

static void write_page(FIXTURE_DATA(log_edges) * self, uint64_t page)
{
	write_bytes(self, page * PAGE + PAGE / 2, FEW);
}

/* REPORT of all of the memory, on top of what @bitmap has. */
static int report_all(FIXTURE_DATA(log_edges) * self, uint64_t *bitmap)
{
	return __vmig_log_report(self->dev, self->mem.iova, SIZE, PAGE, bitmap);
}

/*
 * A bitmap as short as it may be, with what stands before and behind it. REPORT of few pages, some
 * of which are dirty and their neighbours on both sides too.
 */
static bool check_canaries(FIXTURE_DATA(log_edges) * self, uint64_t first, uint64_t count,
			   uint64_t page_size)
{
	uint64_t room[WORDS + 2], words = (count * PAGE / page_size + 63) / 64;
	const char *did;
	int ret;

	did = vmig_fmt("DMA writes to the first and the last of %llu pages and to those beside "
		       "them, REPORT of the pages, page_size %#llx",
		       (unsigned long long)count, (unsigned long long)page_size);
	write_page(self, first - 1);
	write_page(self, first);
	write_page(self, first + count - 1);
	write_page(self, first + count);
	memset(room, 0, sizeof(room));
	room[0] = CANARY;
	room[words + 1] = CANARY;
	ret = __vmig_log_report(self->dev, self->mem.iova + first * PAGE, count * PAGE, page_size,
				room + 1);
	CHECK(LOG_17, room[0] == CANARY, did, "nothing before the bitmap is touched", "it is %#llx",
	      (unsigned long long)room[0]);
	CHECK(LOG_17, room[words + 1] == CANARY, did, "nothing behind the bitmap is touched",
	      "it is %#llx", (unsigned long long)room[words + 1]);
	if (ret)
		return true;
	return CHECK(LOG_19,
		     vmig_bit(room + 1, 0) && vmig_bit(room + 1, (count - 1) * PAGE / page_size),
		     did, "their bits are set", "one is not");
}

VMIG_TEST_TIMEOUT(log_edges, nothing_beside_the_bitmap, 60)
{
	static const uint64_t counts[] = { 1, 64, 192, 512 };
	static const uint64_t sizes[] = { PAGE, 64 * KIB, 2 * MIB };
	struct log_range all = pages_of(self, 0, PAGES);
	unsigned int i, k;

	CLAUSES(LOG_17, LOG_19);
	NEED_LOGGED_DMA;
	must_start(self, &all, 1);
	for (i = 0; i < ARRAY_SIZE(counts); i++)
		for (k = 0; k < ARRAY_SIZE(sizes); k++)
			if (counts[i] * PAGE >= sizes[k] &&
			    !check_canaries(self, 256, counts[i], sizes[k]))
				return;
}

/* START of two ranges with a hole between them, and one transfer over a border. */
static void check_border(FIXTURE_DATA(log_edges) * self, uint64_t hole, uint64_t at,
			 const uint64_t *pages, const char *what)
{
	struct log_range ranges[] = { pages_of(self, 0, 64), pages_of(self, 64 + hole, 64) };
	uint64_t bitmap[WORDS] = {};
	unsigned int i;
	int ret[2];

	must_start(self, ranges, 2);
	write_bytes(self, at, 2 * self->w.ops->dma_align);
	for (i = 0; i < 2; i++)
		ret[i] = __vmig_log_report(self->dev, ranges[i].iova, ranges[i].length, PAGE,
					   bitmap + i);
	for (i = 0; i < 2; i++) {
		if (pages[i] == ~0ULL || ret[i])
			continue;
		CHECK(LOG_19, vmig_bit(bitmap + i, pages[i]),
		      vmig_fmt("START of two ranges, %llu pages apart; one DMA write %s; REPORT of "
			       "each range",
			       (unsigned long long)hole, what),
		      vmig_fmt("page %llu of range %u is reported", (unsigned long long)pages[i],
			       i + 1),
		      "it is not");
	}
	vmig_log_stop(self->dev);
}

/* What is not all inside a range is inside it in part: that part is logged (H:1347-1353). */
VMIG_TEST_TIMEOUT(log_edges, transfer_over_a_border, 60)
{
	static const uint64_t none = ~0ULL;
	uint64_t align = self->w.ops->dma_align;

	CLAUSES(LOG_19);
	NEED_LOGGED_DMA;
	check_border(self, 0, 64 * PAGE - align, (uint64_t[]){ 63, 0 },
		     "from one of them into the other");
	check_border(self, 8, 64 * PAGE - align, (uint64_t[]){ 63, none }, "out of the first");
	check_border(self, 8, 72 * PAGE - align, (uint64_t[]){ none, 0 }, "into the second");
}

/*
 * REPORT from within a page, or of a part of one. Each page that lies in it whole has a bit, or
 * two half ones, and is not lost.
 */
VMIG_TEST_TIMEOUT(log_edges, report_of_parts_of_pages, 60)
{
	static const struct {
		uint64_t off, length;
	} odd[] = { { PAGE / 2, 64 * PAGE },
		    { 8, 64 * PAGE },
		    { 0, 63 * PAGE + 8 },
		    { PAGE - 1, 32 * PAGE + 1 } };
	struct log_range all = pages_of(self, 0, PAGES);
	uint64_t bitmap[WORDS + 1], page = 5;
	const char *did;
	unsigned int i;
	int ret;

	CLAUSES(LOG_17, LOG_19);
	NEED_LOGGED_DMA;
	must_start(self, &all, 1);
	for (i = 0; i < ARRAY_SIZE(odd); i++) {
		write_page(self, page);
		memset(bitmap, 0, sizeof(bitmap));
		bitmap[2] = CANARY;
		did = vmig_fmt("DMA write to page %llu, REPORT of %#llx bytes from %#llx on, "
			       "page_size 4K",
			       (unsigned long long)page, (unsigned long long)odd[i].length,
			       (unsigned long long)odd[i].off);
		ret = __vmig_log_report(self->dev, self->mem.iova + odd[i].off, odd[i].length, PAGE,
					bitmap);
		vmig_note(LOG_17, "%s: %s", did, vmig_errno_name(ret));
		CHECK(LOG_17, bitmap[2] == CANARY, did, "nothing behind the bitmap is touched",
		      "it is %#llx", (unsigned long long)bitmap[2]);
		if (ret || vmig_bit(bitmap, page) || vmig_bit(bitmap, page - 1))
			continue;
		memset(bitmap, 0, sizeof(bitmap));
		ret = report_all(self, bitmap);
		CHECK(LOG_19, ret || vmig_bit(bitmap, page),
		      vmig_fmt("%s, which works, and REPORT of all", did),
		      "the page is in one of the two", "it is in none");
	}
}

/* Wherever a page size is no power of two it is not defined (LOG-25); accepted, it is true. */
VMIG_TEST_TIMEOUT(log_edges, started_with_odd_page_sizes, 60)
{
	static const uint64_t sizes[] = { 12 * KIB, 20 * KIB, 3 * MIB, 1, 512, 2 * MIB, 1 * KIB };
	struct log_range all = pages_of(self, 0, PAGES);
	uint64_t bitmap[WORDS];
	unsigned int i;
	int ret;

	CLAUSES(LOG_27, LOG_25);
	NEED_LOGGED_DMA;
	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		ret = start(self, sizes[i], &all, 1);
		vmig_note(LOG_25, "START, page_size %#llx: %s", (unsigned long long)sizes[i],
			  vmig_errno_name(ret));
		if (!ret) {
			memset(bitmap, 0, sizeof(bitmap));
			write_page(self, 77);
			ret = report_all(self, bitmap);
			CHECK(LOG_27, ret || vmig_bit(bitmap, 77),
			      vmig_fmt("START, page_size %#llx, which works; DMA write to a page, "
				       "REPORT",
				       (unsigned long long)sizes[i]),
			      "it is reported, as START has worked", "it is not");
			vmig_log_stop(self->dev);
		}
		/* Nothing of it is left. */
		ret = start(self, PAGE, &all, 1);
		CHECK_OK(LOG_27, ret,
			 vmig_fmt("START, page_size 4K, after START, page_size %#llx",
				  (unsigned long long)sizes[i]));
		__vmig_log_stop(self->dev);
	}
}

/* Where a VMM has the RAM of its guest, and firmware such as OVMF the BARs: far apart, high up. */
VMIG_TEST_TIMEOUT(log_edges, ranges_high_up, 60)
{
	static const unsigned int bits[] = { 40, 42, 44, 46 };
	uint64_t low[WORDS], high[WORDS];
	struct vmig_dma mem = self->mem;
	struct vmig_dma far = mem;
	struct log_range ranges[2];
	unsigned int i, tried = 0;
	int ret;

	CLAUSES(LOG_27);
	NEED_LOGGED_DMA;
	for (i = 0; i < ARRAY_SIZE(bits); i++) {
		if (__vmig_iova_find(self->dev, self->w.ops->iova_bits, 1ULL << bits[i], SIZE,
				     2 * MIB, &far.iova) ||
		    __vmig_dma_map(self->dev, far.at, far.iova, SIZE))
			continue;
		tried++;
		ranges[0] = pages_of(self, 0, PAGES);
		ranges[1] = (struct log_range){ .iova = far.iova, .length = SIZE };
		ret = start(self, PAGE, ranges, 2);
		if (ret) {
			vmig_note(LOG_27, "START of memory at 2^%u: %s", bits[i],
				  vmig_errno_name(ret));
			CHECK_OK(LOG_27, start(self, PAGE, ranges, 1),
				 vmig_fmt("a START of low memory after one of memory at 2^%u that "
					  "was refused",
					  bits[i]));
		} else {
			memset(low, 0, sizeof(low));
			memset(high, 0, sizeof(high));
			write_page(self, 9);
			self->mem = far;
			write_page(self, 300);
			self->mem = mem;
			ret = report_all(self, low);
			if (!ret)
				ret = __vmig_log_report(self->dev, far.iova, SIZE, PAGE, high);
			CHECK(LOG_27, ret || (vmig_bit(low, 9) && vmig_bit(high, 300)),
			      vmig_fmt(
				      "START of low memory and of some at 2^%u; DMA writes to both, "
				      "REPORT of each",
				      bits[i]),
			      "both are reported, as START has worked", "the %s one is not",
			      vmig_bit(low, 9) ? "high" : "low");
		}
		__vmig_log_stop(self->dev);
		__vmig_dma_unmap(self->dev, far.iova, SIZE);
	}
	NEED(tried, "no IOVA of 2^40 or more here");
}

/* Memory is hot-plugged: what is logged is addresses, and not what was behind them at START. */
VMIG_TEST_TIMEOUT(log_edges, mapped_after_start, 60)
{
	struct log_range both = pages_of(self, 0, 2 * PAGES);
	uint64_t bitmap[WORDS] = {};
	struct vmig_dma mem = self->mem, late = mem;
	int ret;

	CLAUSES(LOG_19);
	NEED_LOGGED_DMA;
	late.iova += SIZE;
	ret = __vmig_iova_find(self->dev, self->w.ops->iova_bits, late.iova, SIZE, 2 * MIB,
			       &late.iova);
	NEED(!ret && late.iova == mem.iova + SIZE, "no IOVA behind the memory here");
	must_start(self, &both, 1);
	vmig_dma_map(self->dev, late.at, late.iova, SIZE);
	self->mem = late;
	write_page(self, 11);
	self->mem = mem;
	ret = __vmig_log_report(self->dev, late.iova, SIZE, PAGE, bitmap);
	CHECK(LOG_19, ret || vmig_bit(bitmap, 11),
	      "START of addresses that nothing is mapped at, mapping, DMA write, REPORT",
	      "the page is reported", "it is not");
	/* What was written is dirty still when its mapping is gone. */
	self->mem = late;
	write_page(self, 12);
	self->mem = mem;
	__vmig_dma_unmap(self->dev, late.iova, SIZE);
	memset(bitmap, 0, sizeof(bitmap));
	ret = __vmig_log_report(self->dev, late.iova, SIZE, PAGE, bitmap);
	CHECK(LOG_19, ret || vmig_bit(bitmap, 12), "DMA write, unmapping, REPORT",
	      "the page is reported", "it is not");
	vmig_log_stop(self->dev);
}

/**
 * struct collector - a process that reports all the time, in memory that it shares with others
 * @dev: the device
 * @iova: from where on, SIZE bytes
 * @bitmap: what it was told, all in all
 * @made: reports that worked
 * @failed: error of the last one that did not
 * @stop: it is enough
 * @pid: the process
 */
struct collector {
	struct vmig_device *dev;
	uint64_t iova;
	uint64_t bitmap[WORDS];
	atomic_uint made;
	atomic_int failed;
	atomic_bool stop;
	pid_t pid;
};

static void collect(void *arg)
{
	struct collector *c = arg;
	int ret;

	while (!atomic_load(&c->stop)) {
		ret = __vmig_log_report(c->dev, c->iova, SIZE, PAGE, c->bitmap);
		if (ret)
			atomic_store(&c->failed, ret);
		else
			atomic_fetch_add(&c->made, 1);
	}
}

/* A first REPORT that does not return ends here, and collector_stop() tells of it. */
static struct collector *collector_start(const struct vmig_dma *mem)
{
	struct collector *c = vmig_shared_alloc(sizeof(*c));
	uint64_t end = vmig_now_ms() + CHILD_TIMEOUT_MS;

	c->dev = mem->dev;
	c->iova = mem->iova;
	c->pid = vmig_child_start(collect, c);
	while (!atomic_load(&c->made) && !atomic_load(&c->failed) && vmig_now_ms() < end)
		vmig_sleep_ms(1);
	return c;
}

/* Returns false, with a breach, where it does not end. */
static bool collector_stop(struct collector *c, enum vmig_clause_id id, const char *did)
{
	atomic_store(&c->stop, true);
	return vmig_judge_child(id, vmig_child_wait(c->pid, CHILD_TIMEOUT_MS), did);
}

/* Pages that are written to beside REPORT, and how far apart they are. */
#define BESIDE 120
#define APART 7

/* Read and clear is one: what is written between the two is in the next one (H:1393). */
VMIG_TEST_TIMEOUT(log_edges, report_beside_dma, 90)
{
	struct log_range all = pages_of(self, 0, PAGES);
	struct collector *c;
	uint64_t n;
	int ret;

	CLAUSES(LOG_19);
	NEED_LOGGED_DMA;
	must_start(self, &all, 1);
	c = collector_start(&self->mem);
	for (n = 0; n < BESIDE; n++)
		write_page(self, n * APART);
	if (!collector_stop(c, LOG_19, "REPORT beside DMA writes"))
		return;
	ret = report_all(self, c->bitmap);
	for (n = 0; n < BESIDE && vmig_bit(c->bitmap, n * APART); n++)
		;
	CHECK(LOG_19, ret || atomic_load(&c->failed) || n == BESIDE,
	      vmig_fmt("DMA writes to %u pages, a process calls REPORT meanwhile, one more REPORT",
		       BESIDE),
	      "each page is in one of the reports", "page %llu is in none of %u",
	      (unsigned long long)n * APART, atomic_load(&c->made) + 1);
	vmig_shared_free(c, sizeof(*c));
}

/* Called beside REPORT so many times. */
#define CALLS 10

struct other_call {
	struct vmig_device *dev;
	struct log_range range;
	void (*call)(struct vmig_device *dev);
};

static void call_beside_reports(void *arg)
{
	struct other_call *o = arg;
	uint64_t page_size;
	int i, ret = 0;

	for (i = 0; i < CALLS && !ret; i++) {
		o->call(o->dev);
		__vmig_log_stop(o->dev);
		page_size = PAGE;
		ret = __vmig_log_start(o->dev, &page_size, &o->range, 1);
	}
	CHECK_OK(LOG_11, ret, "a process calls REPORT, another one STOP and START");
}

static void call_reset(struct vmig_device *dev)
{
	__vmig_reset(dev);
}

static void call_nothing(struct vmig_device *dev)
{
	(void)dev;
}

/* Whatever comes meanwhile, all of it returns, and logging works on. */
static void check_beside(FIXTURE_DATA(log_edges) * self, void (*call)(struct vmig_device *dev),
			 const char *did)
{
	struct other_call o = { .dev = self->dev, .range = pages_of(self, 0, PAGES), .call = call };
	uint64_t bitmap[WORDS] = {};
	struct collector *c;
	int ret;

	must_start(self, &o.range, 1);
	c = collector_start(&self->mem);
	if (!vmig_judge_child(LOG_11, vmig_child_run(call_beside_reports, &o, CHILD_TIMEOUT_MS),
			      did) ||
	    !collector_stop(c, LOG_11, did))
		return;
	vmig_shared_free(c, sizeof(*c));
	/* A reset takes what the exerciser has set up. */
	vmig_exercise_end(&self->w);
	vmig_recover_running(self->dev);
	vmig_exercise_begin(&self->w, self->dev);
	write_page(self, 33);
	ret = report_all(self, bitmap);
	CHECK(LOG_19, ret || vmig_bit(bitmap, 33), vmig_fmt("%s; DMA write, REPORT", did),
	      "the page is reported", "it is not");
}

VMIG_TEST_TIMEOUT(log_edges, stop_beside_report, 90)
{
	CLAUSES(LOG_11, LOG_19);
	NEED_LOGGED_DMA;
	check_beside(self, call_nothing, "STOP and START beside REPORT");
}

VMIG_TEST_TIMEOUT(log_edges, reset_beside_report, 90)
{
	CLAUSES(LOG_11, LOG_19);
	NEED_LOGGED_DMA;
	NEED_RESET;
	check_beside(self, call_reset, "RESET, STOP and START beside REPORT");
}

VMIG_MAIN("log_edges")
