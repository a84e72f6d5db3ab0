// SPDX-License-Identifier: GPL-2.0-only
/*
 * RES: streams that bad luck has damaged or bad intent has made: inverted bytes, numbers
 * that are too large, writes that are too long or never end, writers that race.
 *
 * A stream is opaque: which bytes a driver checks is found out by inverting them one at
 * a time. Damage that nobody notices is no breach; forgetting what was noticed is, and so
 * is harm to the host. No region of the device is touched while it holds damaged state,
 * and each test puts the content back that it found.
 */
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <sys/mman.h>

#include <vmig/shared.h>
#include "child.h"
#include "fault_memory.h"
#include "fixture_resume.h"
#include "parallel_write.h"
#include "thread.h"

#define GIB (1UL << 30)

/* Bytes of a stream that are damaged one by one even where the time of a sweep is over. */
#define FIRST 32

RESUME_FIXTURE(hostile);
VMIG_VARIANTS_UAPIS(hostile);

/**
 * struct tally - what became of streams with one byte inverted each
 * @tried: number of streams
 * @by_write: a write() failed
 * @by_set: SET(STOP) failed
 * @unnoticed: nothing failed
 * @forgotten: a write() failed and SET(STOP) did not
 * @first: the first byte of which @forgotten is true
 * @error: what write() said there
 */
struct tally {
	unsigned int tried, by_write, by_set, unnoticed, forgotten;
	size_t first;
	int error;
};

static struct tally invert_each(struct vmig_device *dev, struct vmig_stream *good, size_t chunk)
{
	uint64_t end = vmig_now_ms() + SWEEP_MS;
	struct tally t = {};
	struct vmig_attempt a;
	unsigned int i;
	size_t at;

	/* The first header also where each load takes long. */
	for (i = 0; vmig_now_ms() < end + (i < FIRST ? 4 * SWEEP_MS : 0); i++) {
		at = vmig_position(i, 2 * HEAD, good->len);
		if (at >= good->len)
			break;
		good->data[at] ^= 0xff;
		a = vmig_load_unchecked(dev, good->data, good->len, chunk, VFIO_DEVICE_STATE_STOP);
		good->data[at] ^= 0xff;
		vmig_leave_attempt(dev);
		t.tried++;
		t.by_write += !!a.write;
		t.by_set += !!a.set;
		t.unnoticed += !vmig_load_rejected(&a);
		if (!a.write || a.set)
			continue;
		if (!t.forgotten++) {
			t.first = at;
			t.error = a.write;
		}
	}
	return t;
}

static void check_not_forgotten(const struct tally *t, const char *how)
{
	CHECK(RES_07, !t->forgotten,
	      vmig_fmt(
		      "write() of the stream with byte %zu inverted, %s, the error %s ignored; SET(STOP)",
		      t->first, how, vmig_errno_name(t->error)),
	      "an error, as write() has found the data invalid",
	      "success; so for %u of the %u streams of which write() reported an error",
	      t->forgotten, t->by_write);
}

/*
 * A driver that found a header bad and said so must not have forgotten it when it is
 * asked to run on the data (MU-02; hisi H2, qat Q3). Consumers write from a buffer that
 * another thread fills and see the error late.
 */
VMIG_TEST_TIMEOUT(hostile, write_error_then_rest, MINUTES)
{
	struct tally t;

	CLAUSES(RES_07);
	NEED_BYTES(1);
	NEED_RESET;
	vmig_session_rebind(&self->dev);
	t = invert_each(self->dev, &self->good, 64);
	NEED(t.by_write, "write() notices none of %u damaged streams", t.tried);
	check_not_forgotten(&t, "64 bytes at a time");
}

VMIG_TEST_TIMEOUT(hostile, write_error_of_whole_stream, MINUTES)
{
	struct tally t;

	CLAUSES(RES_07);
	NEED_BYTES(1);
	NEED_RESET;
	vmig_session_rebind(&self->dev);
	t = invert_each(self->dev, &self->good, VMIG_ONE_WRITE);
	NEED(t.by_write, "write() notices none of %u damaged streams", t.tried);
	check_not_forgotten(&t, "in one write()");
}

/* Where a driver notices damage is its own business (H:1091); worth knowing all the same. */
VMIG_TEST_TIMEOUT(hostile, where_errors_surface, MINUTES)
{
	struct tally t;

	CLAUSES(RES_15);
	NEED_BYTES(1);
	NEED_RESET;
	t = invert_each(self->dev, &self->good, VMIG_ONE_WRITE);
	vmig_note(RES_15,
		  "of %u streams with one byte inverted write() refused %u and SET(STOP) %u, "
		  "%u went unnoticed",
		  t.tried, t.by_write, t.by_set, t.unnoticed);
}

/* A device that does not even come back from a load of nothing cannot show more (RES-16). */
static void must_recover(struct vmig_device *dev, const struct vmig_stream *good)
{
	const char *why;

	vmig_load_unchecked(dev, NULL, 0, VMIG_ONE_WRITE, VFIO_DEVICE_STATE_STOP);
	why = vmig_good_again(dev, good);
	if (why)
		vmig_test_error("after a load of nothing, %s", why);
}

/*
 * After each stream the device must be as good as before. What oopses the kernel or
 * overruns its memory is found by the report, from the kernel log.
 */
static bool check_harmless(struct vmig_device *dev, const struct vmig_stream *bad,
			   const struct vmig_stream *good, const char *what)
{
	struct vmig_attempt a;
	const char *why;

	a = vmig_load_unchecked(dev, bad->data, bad->len, VMIG_ONE_WRITE, VFIO_DEVICE_STATE_STOP);
	if (!CHECK(RES_08, a.write != -ETIMEDOUT, vmig_fmt("write() of %s", what), "it returns",
		   "it is blocked for %d ms", VMIG_IO_TIMEOUT_MS))
		return false;
	why = vmig_good_again(dev, good);
	return CHECK(RES_08, !why,
		     vmig_fmt("load of %s; RESET, load of the good stream, save", what),
		     "all after RESET works", "%s", why);
}

static void check_damage(struct vmig_device *dev, const struct vmig_stream *good,
			 const struct vmig_damage *d)
{
	uint64_t end = vmig_now_ms() + SWEEP_MS;
	struct vmig_stream bad = {};
	unsigned int i;
	size_t at;

	must_recover(dev, good);
	vmig_stream_copy(&bad, good);
	for (i = 0; vmig_now_ms() < end; i++) {
		at = vmig_position(i, POSITIONS, good->len / d->width) * d->width;
		if (at + d->width > good->len)
			break;
		vmig_spoil(&bad, at, d);
		if (!check_harmless(dev, &bad, good,
				    vmig_fmt("the stream with %s at %zu", d->name, at)))
			break;
		memcpy(bad.data + at, good->data + at, d->width);
	}
	vmig_stream_free(&bad);
}

/* Lengths, indexes and versions that are wrong, by much and by little. */
VMIG_TEST_TIMEOUT(hostile, inverted_byte_is_harmless, MINUTES)
{
	CLAUSES(RES_08);
	NEED_RESET;
	check_damage(self->dev, &self->good, &VMIG_INVERTED_BYTE);
}

VMIG_TEST_TIMEOUT(hostile, flipped_bit_is_harmless, MINUTES)
{
	static const struct vmig_damage d = { "its lowest bit flipped", 1, 0x01, 0 };

	CLAUSES(RES_08);
	NEED_RESET;
	check_damage(self->dev, &self->good, &d);
}

VMIG_TEST_TIMEOUT(hostile, huge_number_is_harmless, MINUTES)
{
	CLAUSES(RES_08);
	NEED_RESET;
	check_damage(self->dev, &self->good, &VMIG_WORD_OF_ONES);
}

VMIG_TEST_TIMEOUT(hostile, rearranged_stream_is_harmless, MINUTES)
{
	struct vmig_stream bad = {};
	const char *name;
	unsigned int how;

	CLAUSES(RES_08);
	NEED_BYTES(2);
	NEED_RESET;
	must_recover(self->dev, &self->good);
	for (how = 0; vmig_rearrange(&bad, &self->good, how, &name); how++)
		if (!check_harmless(self->dev, &bad, &self->good, name))
			break;
	vmig_stream_free(&bad);
}

/* Zeros that need no memory of their own, as they are only read. */
static const void *many_zeros(size_t len)
{
	void *p = mmap(NULL, len, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (p == MAP_FAILED)
		vmig_test_error("mmap() of %zu bytes failed: %s", len, vmig_errno_name(errno));
	return p;
}

/*
 * The length of a write() is the caller's; a driver that adds it to a position, or
 * allocates what it says, before it has looked is the caller's too (qat 9283b7392570).
 */
VMIG_TEST_TIMEOUT(hostile, oversized_write, MINUTES)
{
	const size_t before[] = { 0, 1, self->good.len / 2, self->good.len };
	size_t size = vmig_mem_available() / 4;
	const void *zeros;
	const char *did, *why;
	unsigned int i;
	ssize_t n;
	int fd, ret;

	CLAUSES(RES_14, RES_06);
	NEED_RESET;
	if (size > GIB)
		size = GIB;
	NEED(size / 4 > self->good.len,
	     "a state of %zu bytes, too little memory for one much larger", self->good.len);
	must_recover(self->dev, &self->good);
	zeros = many_zeros(size);
	for (i = 0; i < ARRAY_SIZE(before); i++) {
		fd = vmig_goto_state(self->dev, VFIO_DEVICE_STATE_RESUMING);
		vmig_write_all_unchecked(fd, self->good.data, before[i], VMIG_ONE_WRITE);
		did = vmig_fmt("write() of %zu bytes of zeros behind %zu good ones", size,
			       before[i]);
		n = __vmig_write(fd, zeros, size);
		CHECK(RES_14, n != -ETIMEDOUT, did, "it returns", "it is blocked for %d ms",
		      VMIG_IO_TIMEOUT_MS);
		ret = __vmig_set_state(self->dev, VFIO_DEVICE_STATE_STOP, NULL);
		CHECK(RES_06, n < (ssize_t)size || ret, vmig_fmt("%s, then SET(STOP)", did),
		      "write() or SET fails", "all was taken and loaded");
		close(fd);
		why = vmig_good_again(self->dev, &self->good);
		if (!CHECK(RES_14, !why, vmig_fmt("%s; RESET, load of the good stream, save", did),
			   "all after RESET works", "%s", why))
			break;
	}
	munmap((void *)zeros, size);
}

/*
 * One who never stops writing should not get the kernel's memory: the driver refuses at
 * some point, or it drops what it cannot use.
 */
VMIG_TEST_TIMEOUT(hostile, endless_writes, MINUTES)
{
	uint64_t room = vmig_mem_available(), used, end;
	size_t limit = 256 * MIB, written = 0;
	const void *zeros;
	ssize_t n = 1;
	int fd, ret;

	CLAUSES(RES_06, ROB_05);
	NEED_RESET;
	if (limit > room / 4)
		limit = room / 4;
	NEED(limit / 4 > self->good.len,
	     "a state of %zu bytes, too little memory for one much larger", self->good.len);
	zeros = many_zeros(MIB);
	fd = vmig_goto_state(self->dev, VFIO_DEVICE_STATE_RESUMING);
	vmig_stream_write(fd, &self->good);
	room = vmig_mem_available();
	end = vmig_now_ms() + SWEEP_MS;
	while (n > 0 && written < limit && vmig_now_ms() < end) {
		n = __vmig_write(fd, zeros, MIB);
		if (n > 0)
			written += n;
	}
	used = vmig_mem_available();
	used = used < room ? room - used : 0;
	CHECK(ROB_05, n <= 0 || used < written / 2,
	      vmig_fmt("write() of %zu bytes behind the end of a stream of %zu", written,
		       self->good.len),
	      "an error at some point, or the bytes are dropped",
	      "no error, and %llu bytes of memory are gone", (unsigned long long)used);
	ret = __vmig_set_state(self->dev, VFIO_DEVICE_STATE_STOP, NULL);
	CHECK(RES_06, n <= 0 || ret, vmig_fmt("SET(STOP) after %zu bytes behind the end", written),
	      "an error there or in write()", "success");
	close(fd);
	munmap((void *)zeros, MIB);
}

/* Memory that takes milliseconds to change the protection of. */
#define SLOW_SIZE (32 * MIB)

/* How often two writers meet. */
#define TOUCHES 100

/* What is written by several threads; shared, as they are in a child that may be killed. */
struct concurrent_load {
	struct vmig_device *dev;
	const struct vmig_stream *good;
	unsigned int rounds;
	bool too_much;
};

static struct concurrent_load *new_concurrent_load(struct vmig_device *dev,
						   const struct vmig_stream *good)
{
	struct concurrent_load *c = vmig_shared_alloc(sizeof(*c));

	c->dev = dev;
	c->good = good;
	return c;
}

static void share_one_stream(void *arg)
{
	struct vmig_part parts[VMIG_PARALLEL_WRITERS];
	struct concurrent_load *c = arg;
	unsigned int i;
	int fd;

	for (i = 0; i < VMIG_PARALLEL_WRITERS; i++) {
		parts[i].len = c->good->len / VMIG_PARALLEL_WRITERS;
		parts[i].data = c->good->data + i * parts[i].len;
	}
	for (i = 0; i < c->rounds; i++) {
		fd = vmig_goto_state(c->dev, VFIO_DEVICE_STATE_RESUMING);
		vmig_parallel_write(fd, parts, VMIG_PARALLEL_WRITERS);
		__vmig_set_state(c->dev, VFIO_DEVICE_STATE_STOP, NULL);
		close(fd);
		vmig_leave_attempt(c->dev);
	}
}

/* Order is up to them, so the data is worthless; the driver must stay in good health. */
VMIG_TEST_TIMEOUT(hostile, concurrent_writers, MINUTES)
{
	struct concurrent_load *c = new_concurrent_load(self->dev, &self->good);
	enum vmig_child_end end;
	const char *why;

	CLAUSES(RES_14);
	NEED_BYTES(VMIG_PARALLEL_WRITERS);
	NEED_RESET;
	must_recover(self->dev, &self->good);
	c->rounds = self->good.len > MIB ? 1 : 8;
	end = vmig_child_run(share_one_stream, c, 4 * VMIG_IO_TIMEOUT_MS);
	CHECK(RES_14, end == VMIG_CHILD_DONE,
	      vmig_fmt("%u threads that write a quarter of the stream each to one data_fd",
		       VMIG_PARALLEL_WRITERS),
	      "all of them return", "%s", vmig_child_name(end));
	if (end == VMIG_CHILD_STUCK) {
		vmig_session_abandon();
		return;
	}
	why = vmig_good_again(self->dev, &self->good);
	CHECK(RES_14, !why, "RESET, load of the good stream, save after concurrent writers",
	      "all of it works", "%s", why);
}

/* This thread, and those it starts, on the first or the last CPU that it may use. */
static void run_on(bool first)
{
	cpu_set_t may, one;
	int cpu, found = -1;

	if (sched_getaffinity(0, sizeof(may), &may))
		return;
	for (cpu = 0; cpu < CPU_SETSIZE; cpu++)
		if (CPU_ISSET(cpu, &may) && (!first || found < 0))
			found = cpu;
	CPU_ZERO(&one);
	CPU_SET(found, &one);
	sched_setaffinity(0, sizeof(one), &one);
}

/*
 * Changes the protection of a lot of memory for ever: the first touch of a page of it
 * waits for milliseconds, also in the middle of a driver's copy_from_user().
 */
static void *slow_faults_down(void *arg)
{
	unsigned char *memory = arg;

	run_on(true);
	for (;;) {
		mprotect(memory, SLOW_SIZE, PROT_READ);
		mprotect(memory, SLOW_SIZE, PROT_READ | PROT_WRITE);
	}
	return NULL;
}

/* Such memory; its first TOUCHES pages have not been touched. */
static unsigned char *slow_memory(void)
{
	unsigned char *memory =
		mmap(NULL, SLOW_SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	pthread_t thread;

	if (memory == MAP_FAILED)
		vmig_test_error("no memory: %s", vmig_errno_name(errno));
	madvise(memory, SLOW_SIZE, MADV_NOHUGEPAGE);
	memset(memory + TOUCHES * VMIG_PAGE, VMIG_GARBAGE, SLOW_SIZE - TOUCHES * VMIG_PAGE);
	vmig_thread_start(&thread, slow_faults_down, memory);
	run_on(false);
	return memory;
}

/*
 * One byte is left to write, and two threads write it: the second must be refused. The
 * byte has to be faulted in, which takes the first one long, and where its driver is
 * then is where the second one may get past a check that comes too early.
 */
static void write_last_byte_twice(void *arg)
{
	uint64_t end = vmig_now_ms() + SWEEP_MS;
	unsigned char *memory = slow_memory();
	struct concurrent_load *c = arg;
	size_t last = c->good->len - 1;
	struct vmig_part parts[2];
	unsigned int i;
	int fd;

	for (i = 0; i < TOUCHES && !c->too_much && vmig_now_ms() < end; i++) {
		fd = vmig_goto_state(c->dev, VFIO_DEVICE_STATE_RESUMING);
		vmig_write_all_unchecked(fd, c->good->data, last, VMIG_ONE_WRITE);
		parts[0] = (struct vmig_part){ memory + i * VMIG_PAGE, 1 };
		parts[1] = parts[0];
		c->too_much = vmig_parallel_write(fd, parts, 2) > 1;
		vmig_leave_attempt(c->dev);
		close(fd);
	}
	c->rounds = i;
}

/*
 * A driver that compares the length with its buffer before it takes its lock writes
 * behind the buffer when two writers meet (qat 4ec5e932e636, CVE-2026-74306; hisi H4).
 * One byte behind is enough to see it. It is written into kernel memory, so this runs
 * only where hazards may.
 */
VMIG_TEST_TIMEOUT(hostile, racing_writers_at_the_end, MINUTES)
{
	struct concurrent_load *c = new_concurrent_load(self->dev, &self->good);
	enum vmig_child_end end;
	size_t room;
	int fd;

	CLAUSES(RES_14);
	NEED(vmig_hazards(), "a hazard: VMIG_HAZARDS=1 lets it run");
	NEED_BYTES(1);
	NEED(self->good.len <= MIB, "a state of %zu bytes takes too long to load often",
	     self->good.len);
	NEED_RESET;
	fd = vmig_goto_state(self->dev, VFIO_DEVICE_STATE_RESUMING);
	vmig_stream_write(fd, &self->good);
	room = __vmig_write(fd, self->good.data, 1) > 0;
	close(fd);
	NEED(!room, "the driver takes bytes behind the end of the stream");
	vmig_leave_attempt(self->dev);
	end = vmig_child_run(write_last_byte_twice, c, SWEEP_MS + 2 * VMIG_IO_TIMEOUT_MS);
	CHECK(RES_14, end == VMIG_CHILD_DONE, "two threads that write the last byte of the stream",
	      "both return", "%s", vmig_child_name(end));
	CHECK(RES_14, !c->too_much,
	      vmig_fmt("two threads that write the last byte of the stream, up to "
		       "%u times",
		       c->rounds),
	      "one of them is refused, as one of them alone is",
	      "both bytes were taken: %zu in a buffer for %zu", self->good.len + 1, self->good.len);
	if (end == VMIG_CHILD_STUCK)
		vmig_session_abandon();
}

VMIG_MAIN("hostile")
