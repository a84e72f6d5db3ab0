// SPDX-License-Identifier: GPL-2.0-only
/*
 * RES: RESUMING with streams of every kind: complete, none, cut off, too long, damaged,
 * of another session, of another device.
 *
 * Leaving RESUMING is where a driver must do its "final validity and consistency
 * checking of the new device state" and "must fail the SET_STATE ioctl" for data that
 * is "incomplete, inconsistent, or otherwise invalid" (H:1089-1096): the last moment at
 * which a failed migration can still be resumed at the source. Most drivers in the tree
 * miss some of it (BUGS.md, part b), and none of them in the same place.
 *
 * A stream is opaque: which bytes a driver checks is found out by inverting them one at
 * a time. Damage that nobody notices is no breach; forgetting what was noticed is. No
 * region of the device is touched while it holds damaged state, and each test puts the
 * content back that it found.
 */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdatomic.h>
#include <pthread.h>
#include <sys/mman.h>
#include <time.h>

#include "../lib/vfio/info.h"
#include "attempt.h"
#include "child.h"
#include "memory.h"
#include "vmig_test.h"

/* A state may be gigabytes and is loaded several times in a test; seconds. */
#define MINUTES 300

/* A test of very many sessions ends where it is after this long. */
#define SWEEP_MS 8000

/* Bytes at the beginning of a stream in which drivers have their headers. */
#define HEAD 64

/* Positions in a stream that are tried one by one. */
#define POSITIONS 256

/* Byte of a stream that is no stream. */
#define GARBAGE 0xa5

#define MIB (1UL << 20)
#define GIB (1UL << 30)

/* Fixtures of this chapter save the device's content first and put it back at the end. */
#define RESUME_FIXTURE(fixture, ...)                                                               \
	FIXTURE(fixture)                                                                           \
	{                                                                                          \
		VMIG_FIXTURE_DATA;                                                                 \
		struct vmig_stream good;                                                           \
	};                                                                                         \
	FIXTURE_VARIANT(fixture)                                                                   \
	{                                                                                          \
		VMIG_VARIANT_DATA;                                                                 \
		__VA_ARGS__                                                                        \
	};                                                                                         \
	FIXTURE_SETUP(fixture)                                                                     \
	{                                                                                          \
		VMIG_SETUP(true);                                                                  \
		vmig_save(self->dev, &self->good);                                                 \
		vmig_enter(self->dev, VFIO_DEVICE_STATE_RUNNING);                                  \
	}                                                                                          \
	FIXTURE_TEARDOWN(fixture)                                                                  \
	{                                                                                          \
		vmig_put_back(self->dev, &self->good);                                             \
		vmig_stream_free(&self->good);                                                     \
		VMIG_TEARDOWN();                                                                   \
	}                                                                                          \
	struct vmig_semicolon_

/* A session that failed can be left by RESET only (H:1102). */
#define NEED_RESET                                                                                 \
	NEED(vmig_can_reset(self->dev),                                                            \
	     "the device offers no VFIO_DEVICE_RESET, the only way out of a load that failed")

#define NEED_BYTES(bytes)                                                                          \
	NEED(self->good.len >= (bytes), "the stream has only %zu bytes", self->good.len)

static uint64_t now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000ULL + t.tv_nsec / 1000000;
}

static const char *to_name(uint32_t target)
{
	return say("SET(%s)", vmig_state_name(target));
}

RESUME_FIXTURE(resume);
VMIG_VARIANTS_WAYS(resume);

/*
 * To each state that RESUMING can be left for: STOP by the one arc there is, the others
 * by combinations that go through it (H:1190). QEMU asks for RUNNING, cloud-hypervisor
 * for STOP.
 */
RESUME_FIXTURE(resume_to, uint32_t target;);

#define ADD_TARGET(target_)                                                                        \
	VMIG_VARIANT(resume_to, cdev_##target_, .way = VMIG_CDEV,                                  \
		     .target = VFIO_DEVICE_STATE_##target_);                                       \
	VMIG_VARIANT(resume_to, group_##target_, .way = VMIG_GROUP,                                \
		     .target = VFIO_DEVICE_STATE_##target_)

ADD_TARGET(STOP);
ADD_TARGET(RUNNING);
ADD_TARGET(RUNNING_P2P);
ADD_TARGET(STOP_COPY);
ADD_TARGET(PRE_COPY);
ADD_TARGET(PRE_COPY_P2P);

/* Entering RESUMING opens the session that everything else here writes to (H:1155). */
TEST_F_TIMEOUT(resume, writable_fd, MINUTES)
{
	int fd, flags, ret;
	uint32_t state;
	size_t done;

	CLAUSES(RES_01);
	vmig_enter(self->dev, VFIO_DEVICE_STATE_STOP);
	ret = __vmig_set_state(self->dev, VFIO_DEVICE_STATE_RESUMING, &fd);
	if (!CHECK_OK(RES_01, ret, "SET(RESUMING) from STOP"))
		return;
	state = vmig_get_state(self->dev);
	CHECK(RES_01, state == VFIO_DEVICE_STATE_RESUMING, "GET after SET(RESUMING)",
	      "state RESUMING", "state %s", vmig_state_name(state));
	if (!CHECK(RES_01, fd >= 0, "SET(RESUMING) from STOP", "a data_fd", "data_fd %d", fd))
		return;
	flags = fcntl(fd, F_GETFL);
	CHECK(RES_01, (flags & O_ACCMODE) != O_RDONLY, "fcntl(F_GETFL) on the data_fd of RESUMING",
	      "open for writing", "flags %#x", flags);
	ret = __vmig_stream_write(fd, self->good.data, self->good.len, &vmig_default_chunks, &done);
	CHECK(RES_01, !ret, "write() of a good stream", "all of it is taken",
	      "%s after %zu of %zu bytes", vmig_errno_name(ret), done, self->good.len);
	vmig_set_state(self->dev, VFIO_DEVICE_STATE_STOP);
	close(fd);
}

TEST_F_TIMEOUT(resume_to, complete_stream, MINUTES)
{
	int fd, new_fd, ret;
	uint32_t state;

	CLAUSES(RES_03);
	NEED_STATE(variant->target);
	fd = vmig_enter(self->dev, VFIO_DEVICE_STATE_RESUMING);
	vmig_stream_write(fd, &self->good);
	ret = __vmig_set_state(self->dev, variant->target, &new_fd);
	close(fd);
	if (!CHECK_OK(RES_03, ret, say("%s after a complete stream", to_name(variant->target))))
		return;
	state = vmig_get_state(self->dev);
	CHECK(RES_03, state == variant->target,
	      say("GET after a complete stream and %s", to_name(variant->target)),
	      say("state %s", vmig_state_name(variant->target)), "state %s",
	      vmig_state_name(state));
	if (new_fd >= 0)
		close(new_fd);
}

/*
 * Nothing was written, so that nothing is complete (mlx5 X1 and virtio VT2 accept it,
 * qat Q2 from the second session on).
 */
TEST_F_TIMEOUT(resume_to, nothing_written, MINUTES)
{
	struct vmig_attempt a;

	CLAUSES(RES_04);
	NEED_STATE(variant->target);
	NEED_BYTES(1);
	NEED_RESET;
	a = vmig_attempt(self->dev, NULL, 0, VMIG_ONE_WRITE, variant->target);
	CHECK_FAILS(RES_04, a.set, say("%s with nothing written", to_name(variant->target)));
}

/*
 * A stream that is cut off must fail. Where a format has records, what ends with one may
 * be complete for the driver: then one byte more is not (CLAUSES, section 19).
 */
static void check_cut(struct vmig_device *dev, const struct vmig_stream *good, size_t n,
		      uint32_t target, enum vmig_clause_id id)
{
	struct vmig_attempt a, more;

	a = vmig_attempt(dev, good->data, n, VMIG_ONE_WRITE, target);
	vmig_leave_attempt(dev);
	if (!a.set && n > 1 && n < good->len - 1) {
		more = vmig_attempt(dev, good->data, n + 1, VMIG_ONE_WRITE, target);
		vmig_leave_attempt(dev);
		if (more.set) {
			vmig_note(id, "%zu of %zu bytes are accepted, one more is not: the end of "
				  "a record", n, good->len);
			return;
		}
	}
	CHECK_FAILS(id, a.set, say("%s after %zu of %zu bytes", to_name(target), n, good->len));
}

/* A combination that skips the check would run the device on half a state (MU-31). */
TEST_F_TIMEOUT(resume_to, cut_off, MINUTES)
{
	enum vmig_clause_id id = variant->target == VFIO_DEVICE_STATE_STOP ? RES_05 : RES_11;

	CLAUSES(RES_05, RES_11);
	NEED_STATE(variant->target);
	NEED_BYTES(2);
	NEED_RESET;
	check_cut(self->dev, &self->good, self->good.len - 1, variant->target, id);
	check_cut(self->dev, &self->good, self->good.len / 2, variant->target, id);
}

static void check_state_after(struct vmig_device *dev, const struct vmig_attempt *a,
			      const char *what, uint32_t target)
{
	if (a->set)
		CHECK(RES_09, a->state == VFIO_DEVICE_STATE_RESUMING ||
		      a->state == VFIO_DEVICE_STATE_ERROR,
		      say("GET after %s and a failed %s", what, to_name(target)),
		      "state RESUMING or ERROR", "state %s", vmig_state_name(a->state));
	vmig_leave_attempt(dev);
}

/* The arc that failed is the first of every path: no other state can have been reached. */
TEST_F_TIMEOUT(resume_to, state_after_failure, MINUTES)
{
	struct vmig_attempt a;

	CLAUSES(RES_09);
	NEED_STATE(variant->target);
	NEED_BYTES(2);
	NEED_RESET;
	a = vmig_attempt(self->dev, NULL, 0, VMIG_ONE_WRITE, variant->target);
	check_state_after(self->dev, &a, "no stream", variant->target);
	a = vmig_attempt(self->dev, self->good.data, self->good.len - 1, VMIG_ONE_WRITE,
			 variant->target);
	check_state_after(self->dev, &a, "all but the last byte", variant->target);
	self->good.data[0] ^= 0xff;
	a = vmig_attempt(self->dev, self->good.data, self->good.len, VMIG_ONE_WRITE,
			 variant->target);
	self->good.data[0] ^= 0xff;
	check_state_after(self->dev, &a, "a stream with its first byte inverted", variant->target);
}

/* Cut off where a driver is likely not to look: inside the header, in the middle, at the end. */
enum cut { CUT_FIRST_BYTE, CUT_EIGHT_BYTES, CUT_HALF, CUT_LAST_BYTE };

RESUME_FIXTURE(resume_cut, enum cut cut;);

#define ADD_CUT(word, cut_)                                                                        \
	VMIG_VARIANT(resume_cut, cdev_##word, .way = VMIG_CDEV, .cut = cut_);                      \
	VMIG_VARIANT(resume_cut, group_##word, .way = VMIG_GROUP, .cut = cut_)

ADD_CUT(first_byte_only, CUT_FIRST_BYTE);
ADD_CUT(eight_bytes, CUT_EIGHT_BYTES);
ADD_CUT(half, CUT_HALF);
ADD_CUT(last_byte_missing, CUT_LAST_BYTE);

TEST_F_TIMEOUT(resume_cut, fails, MINUTES)
{
	size_t n = 0;

	CLAUSES(RES_05);
	switch (variant->cut) {
	case CUT_FIRST_BYTE:
		n = 1;
		break;
	case CUT_EIGHT_BYTES:
		n = 8;
		break;
	case CUT_HALF:
		n = self->good.len / 2;
		break;
	case CUT_LAST_BYTE:
		n = self->good.len - 1;
		break;
	}
	NEED_BYTES(2);
	NEED(n < self->good.len, "the stream has only %zu bytes", self->good.len);
	NEED_RESET;
	check_cut(self->dev, &self->good, n, VFIO_DEVICE_STATE_STOP, RES_05);
}

/*
 * All prefixes of a small stream, some of a large one. What ends with a record may be
 * taken; two that differ by one byte cannot both end with one.
 */
TEST_F_TIMEOUT(resume, each_prefix, MINUTES)
{
	uint64_t end = now_ms() + SWEEP_MS;
	size_t n, k, first_bad = 0;
	unsigned int i, tried = 0, taken = 0, bad = 0;
	struct vmig_attempt a[2];

	CLAUSES(RES_05);
	NEED_BYTES(3);
	NEED_RESET;
	for (i = 0; now_ms() < end; i++) {
		n = 1 + vmig_position(i, POSITIONS, self->good.len - 1);
		if (n >= self->good.len)
			break;
		tried++;
		for (k = 0; k < 2; k++) {
			a[k] = vmig_attempt(self->dev, self->good.data, n + k, VMIG_ONE_WRITE,
					    VFIO_DEVICE_STATE_STOP);
			vmig_leave_attempt(self->dev);
			if (a[k].set)
				break;
			if (!k)
				taken++;
		}
		if (k < 2 || n + 1 >= self->good.len)
			continue;
		if (!bad++)
			first_bad = n;
	}
	CHECK(RES_05, !bad, say("SET(STOP) after a prefix of %zu bytes and after one of one byte "
				"more, of %zu", first_bad, self->good.len),
	      "one of the two fails, as both cannot end with a record",
	      "both succeed; so for %u of %u prefixes", bad, tried);
	vmig_note(RES_05, "%u of %u prefixes of the %zu bytes are accepted", taken, tried,
		  self->good.len);
}

/* The good stream and then @more bytes, as one write() or as small ones. */
static void check_surplus(struct vmig_device *dev, const struct vmig_stream *good, size_t more,
			  size_t chunk, const char *how)
{
	struct vmig_stream s = {};
	struct vmig_attempt a;
	unsigned char surplus[VMIG_PAGE];

	memset(surplus, GARBAGE, sizeof(surplus));
	vmig_stream_copy(&s, good);
	vmig_stream_append(&s, surplus, more);
	a = vmig_attempt(dev, s.data, s.len, chunk, VFIO_DEVICE_STATE_STOP);
	CHECK(RES_06, vmig_noticed(&a),
	      say("write() of the stream and %zu bytes more %s, SET(STOP)", more, how),
	      "write() or SET fails", "both succeed");
	if (vmig_noticed(&a))
		vmig_note(RES_06, "%zu surplus bytes %s: write %s, SET %s", more, how,
			  a.write ? "refused" : "accepted", a.set ? "refused" : "accepted");
	vmig_leave_attempt(dev);
	vmig_stream_free(&s);
}

/* Bytes behind the end come from a stream that is not this device's (MU-48). */
TEST_F_TIMEOUT(resume, surplus_byte, MINUTES)
{
	CLAUSES(RES_06);
	NEED_RESET;
	check_surplus(self->dev, &self->good, 1, VMIG_ONE_WRITE, "in one write()");
	check_surplus(self->dev, &self->good, 1, 8, "8 at a time");
}

TEST_F_TIMEOUT(resume, surplus_page, MINUTES)
{
	CLAUSES(RES_06);
	NEED_RESET;
	check_surplus(self->dev, &self->good, VMIG_PAGE, VMIG_ONE_WRITE, "in one write()");
	check_surplus(self->dev, &self->good, VMIG_PAGE, 8, "8 at a time");
}

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
	uint64_t end = now_ms() + SWEEP_MS;
	struct tally t = {};
	struct vmig_attempt a;
	unsigned int i;
	size_t at;

	for (i = 0; now_ms() < end; i++) {
		at = vmig_position(i, 2 * HEAD, good->len);
		if (at >= good->len)
			break;
		good->data[at] ^= 0xff;
		a = vmig_attempt(dev, good->data, good->len, chunk, VFIO_DEVICE_STATE_STOP);
		good->data[at] ^= 0xff;
		vmig_leave_attempt(dev);
		t.tried++;
		t.by_write += !!a.write;
		t.by_set += !!a.set;
		t.unnoticed += !vmig_noticed(&a);
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
	      say("write() of the stream with byte %zu inverted, %s, the error %s ignored; SET(STOP)",
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
TEST_F_TIMEOUT(resume, write_error_then_rest, MINUTES)
{
	struct tally t;

	CLAUSES(RES_07);
	NEED_BYTES(1);
	NEED_RESET;
	t = invert_each(self->dev, &self->good, 8);
	NEED(t.by_write, "write() notices none of %u damaged streams", t.tried);
	check_not_forgotten(&t, "8 bytes at a time");
}

TEST_F_TIMEOUT(resume, write_error_of_whole_stream, MINUTES)
{
	struct tally t;

	CLAUSES(RES_07);
	NEED_BYTES(1);
	NEED_RESET;
	t = invert_each(self->dev, &self->good, VMIG_ONE_WRITE);
	NEED(t.by_write, "write() notices none of %u damaged streams", t.tried);
	check_not_forgotten(&t, "in one write()");
}

/* Where a driver notices damage is its own business (H:1091); worth knowing all the same. */
TEST_F_TIMEOUT(resume, where_errors_surface, MINUTES)
{
	struct tally t;

	CLAUSES(RES_15);
	NEED_BYTES(1);
	NEED_RESET;
	t = invert_each(self->dev, &self->good, VMIG_ONE_WRITE);
	vmig_note(RES_15, "of %u streams with one byte inverted write() refused %u and SET(STOP) %u, "
		  "%u went unnoticed", t.tried, t.by_write, t.by_set, t.unnoticed);
}

/**
 * struct damage - a way to spoil a stream at one position
 * @name: for people
 * @width: bytes that are spoilt; positions are multiples of it
 * @flip: these bits are inverted
 * @set: and then these are set
 */
struct damage {
	const char *name;
	size_t width;
	unsigned char flip, set;
};

static void spoil(struct vmig_stream *s, size_t at, const struct damage *d)
{
	size_t i;

	for (i = at; i < at + d->width; i++)
		s->data[i] = (s->data[i] ^ d->flip) | d->set;
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

	a = vmig_attempt(dev, bad->data, bad->len, VMIG_ONE_WRITE, VFIO_DEVICE_STATE_STOP);
	if (!CHECK(RES_08, a.write != -ETIMEDOUT, say("write() of %s", what), "it returns",
		   "it is blocked for %d ms", VMIG_IO_TIMEOUT_MS))
		return false;
	why = vmig_good_again(dev, good);
	return CHECK(RES_08, !why, say("load of %s; RESET, load of the good stream, save", what),
		     "all after RESET works", "%s", why);
}

static void check_damage(struct vmig_device *dev, const struct vmig_stream *good,
			 const struct damage *d)
{
	uint64_t end = now_ms() + SWEEP_MS;
	struct vmig_stream bad = {};
	unsigned int i;
	size_t at;

	vmig_stream_copy(&bad, good);
	for (i = 0; now_ms() < end; i++) {
		at = vmig_position(i, POSITIONS, good->len / d->width) * d->width;
		if (at + d->width > good->len)
			break;
		spoil(&bad, at, d);
		if (!check_harmless(dev, &bad, good, say("the stream with %s at %zu", d->name, at)))
			break;
		memcpy(bad.data + at, good->data + at, d->width);
	}
	vmig_stream_free(&bad);
}

/* Lengths, indexes and versions that are wrong, by much and by little. */
TEST_F_TIMEOUT(resume, inverted_byte_is_harmless, MINUTES)
{
	static const struct damage d = { "an inverted byte", 1, 0xff, 0 };

	CLAUSES(RES_08);
	NEED_RESET;
	check_damage(self->dev, &self->good, &d);
}

TEST_F_TIMEOUT(resume, flipped_bit_is_harmless, MINUTES)
{
	static const struct damage d = { "its lowest bit flipped", 1, 0x01, 0 };

	CLAUSES(RES_08);
	NEED_RESET;
	check_damage(self->dev, &self->good, &d);
}

TEST_F_TIMEOUT(resume, huge_number_is_harmless, MINUTES)
{
	static const struct damage d = { "a word of all ones", 4, 0, 0xff };

	CLAUSES(RES_08);
	NEED_RESET;
	check_damage(self->dev, &self->good, &d);
}

/* The bytes of a good stream in another order, as after a retry that went wrong. */
TEST_F_TIMEOUT(resume, rearranged_stream_is_harmless, MINUTES)
{
	const struct vmig_stream *good = &self->good;
	size_t half = good->len / 2, at, n;
	struct vmig_stream bad = {};

	CLAUSES(RES_08);
	NEED_BYTES(2);
	NEED_RESET;
	vmig_stream_append(&bad, good->data + half, good->len - half);
	check_harmless(self->dev, &bad, good, "the second half alone");
	vmig_stream_append(&bad, good->data, half);
	check_harmless(self->dev, &bad, good, "the second half and then the first");
	bad.len = 0;
	for (at = 0; at < good->len; at += n) {
		n = good->len - at < 8 ? good->len - at : 8;
		vmig_stream_append(&bad, good->data + at, n);
		vmig_stream_append(&bad, good->data + at, n);
	}
	check_harmless(self->dev, &bad, good, "two saves that are interleaved in one stream");
	memset(bad.data, 0, good->len);
	bad.len = good->len;
	check_harmless(self->dev, &bad, good, "zeros only");
	memset(bad.data, GARBAGE, good->len);
	check_harmless(self->dev, &bad, good, "garbage only");
	vmig_stream_free(&bad);
}

/* RESET is the way to abort a load (H:1102): wherever it is, and also when it has failed. */
TEST_F_TIMEOUT(resume, reset_aborts, MINUTES)
{
	const struct {
		const char *name;
		size_t bytes;
		bool failed;
	} progress[] = {
		{ "nothing written", 0, false },
		{ "one byte written", 1, false },
		{ "half of the stream written", self->good.len / 2, false },
		{ "the whole stream written", self->good.len, false },
		{ "half of the stream written and SET(STOP) refused", self->good.len / 2, true },
	};
	struct vmig_stream s = {};
	const char *did;
	unsigned int i;
	uint32_t state;
	ssize_t n;
	int fd, ret;

	CLAUSES(RES_10);
	NEED_BYTES(2);
	NEED_RESET;
	for (i = 0; i < ARRAY_SIZE(progress); i++) {
		fd = vmig_enter(self->dev, VFIO_DEVICE_STATE_RESUMING);
		vmig_write_regardless(fd, self->good.data, progress[i].bytes, VMIG_ONE_WRITE);
		if (progress[i].failed)
			__vmig_set_state(self->dev, VFIO_DEVICE_STATE_STOP, NULL);
		did = say("RESET out of RESUMING with %s", progress[i].name);
		if (!CHECK_OK(RES_10, __vmig_reset(self->dev), did)) {
			close(fd);
			continue;
		}
		state = vmig_get_state(self->dev);
		CHECK(RES_10, state == VFIO_DEVICE_STATE_RUNNING, say("GET after %s", did),
		      "state RUNNING", "state %s", vmig_state_name(state));
		n = __vmig_write(fd, self->good.data, 1);
		CHECK(RES_10, n <= 0, say("write() to the data_fd after %s", did),
		      "an error or 0, as the session has ended", "%zd byte taken", n);
		close(fd);
		ret = __vmig_save(self->dev, &s);
		CHECK(RES_10, !ret && s.len, say("a save after %s", did), "the state comes out",
		      "%zu bytes, %s", s.len, vmig_errno_name(ret));
		vmig_leave_attempt(self->dev);
	}
	vmig_stream_free(&s);
}

/*
 * "A compatible device" (H:1156) is what a stream must come from. Small writes too: they
 * get the driver to take the part of a foreign stream that it has room for.
 */
TEST_F_TIMEOUT(resume, stream_of_other_type, MINUTES)
{
	const struct vmig_dev_id *id;
	struct vmig_stream s = {};
	struct vmig_device *other;
	struct vmig_attempt a;
	const char *why;

	CLAUSES(RES_12);
	NEED_RESET;
	id = vmig_other_device(&why);
	NEED(id, "%s", why);
	NEED(vmig_way_there(id, variant->way, &why), "%s", why);
	other = vmig_open(id, variant->way);
	if (__vmig_settle(other))
		vmig_die("%s cannot be brought to RUNNING", id->name);
	vmig_save(other, &s);
	vmig_enter(other, VFIO_DEVICE_STATE_RUNNING);
	vmig_close(other);
	a = vmig_attempt(self->dev, s.data, s.len, VMIG_ONE_WRITE, VFIO_DEVICE_STATE_STOP);
	CHECK_FAILS(RES_12, a.set, say("SET(STOP) after the stream of %s in one write()", id->name));
	vmig_leave_attempt(self->dev);
	a = vmig_attempt(self->dev, s.data, s.len, 4, VFIO_DEVICE_STATE_STOP);
	CHECK_FAILS(RES_12, a.set,
		    say("SET(STOP) after the stream of %s, 4 bytes at a time", id->name));
	vmig_stream_free(&s);
}

/*
 * What came before a session must not count in it: a header that matched once, an image
 * that is still in a buffer, also one that a save has left there (MU-03, MU-04; hisi H3,
 * qat Q2 and Q3).
 */
enum history { AFTER_LOAD, AFTER_LOAD_AND_RESET, AFTER_LOAD_AND_REOPEN, AFTER_SAVE };

RESUME_FIXTURE(resume_again, enum history history;);

#define ADD_HISTORY(word, history_)                                                                \
	VMIG_VARIANT(resume_again, cdev_##word, .way = VMIG_CDEV, .history = history_);            \
	VMIG_VARIANT(resume_again, group_##word, .way = VMIG_GROUP, .history = history_)

ADD_HISTORY(after_load, AFTER_LOAD);
ADD_HISTORY(after_load_and_reset, AFTER_LOAD_AND_RESET);
ADD_HISTORY(after_load_and_reopen, AFTER_LOAD_AND_REOPEN);
ADD_HISTORY(after_save, AFTER_SAVE);

static void reopen(struct vmig_device **dev)
{
	struct vmig_dev_id id = (*dev)->id;
	enum vmig_way way = (*dev)->way;

	vmig_close(*dev);
	*dev = NULL;
	*dev = vmig_open(&id, way);
	vmig_leave_attempt(*dev);
}

static void make_history(struct vmig_device **dev, const struct vmig_stream *good,
			 enum history history)
{
	struct vmig_stream s = {};

	if (history == AFTER_SAVE)
		vmig_save(*dev, &s);
	else
		vmig_load(*dev, good);
	if (history == AFTER_LOAD_AND_RESET)
		vmig_reset(*dev);
	if (history == AFTER_LOAD_AND_REOPEN) {
		vmig_enter(*dev, VFIO_DEVICE_STATE_RUNNING);
		reopen(dev);
	}
	vmig_stream_free(&s);
}

TEST_F_TIMEOUT(resume_again, nothing_written, MINUTES)
{
	struct vmig_attempt a;

	CLAUSES(RES_13);
	NEED_BYTES(1);
	NEED_RESET;
	make_history(&self->dev, &self->good, variant->history);
	a = vmig_attempt(self->dev, NULL, 0, VMIG_ONE_WRITE, VFIO_DEVICE_STATE_STOP);
	CHECK_FAILS(RES_13, a.set, "SET(STOP) with nothing written in this session");
}

TEST_F_TIMEOUT(resume_again, cut_off, MINUTES)
{
	CLAUSES(RES_13);
	NEED_BYTES(2);
	NEED_RESET;
	make_history(&self->dev, &self->good, variant->history);
	check_cut(self->dev, &self->good, self->good.len - 1, VFIO_DEVICE_STATE_STOP, RES_13);
	make_history(&self->dev, &self->good, variant->history);
	check_cut(self->dev, &self->good, self->good.len / 2, VFIO_DEVICE_STATE_STOP, RES_13);
}

static bool notices(struct vmig_device *dev, struct vmig_stream *good, size_t at)
{
	struct vmig_attempt a;

	good->data[at] ^= 0xff;
	a = vmig_attempt(dev, good->data, good->len, VMIG_ONE_WRITE, VFIO_DEVICE_STATE_STOP);
	good->data[at] ^= 0xff;
	vmig_leave_attempt(dev);
	return vmig_noticed(&a);
}

/*
 * The damage that is noticed right after an open must be noticed later too. (What a
 * driver has forgotten for good before the suite ran can be seen by no one.)
 */
TEST_F_TIMEOUT(resume_again, damaged, MINUTES)
{
	size_t at, head = self->good.len < HEAD ? self->good.len : HEAD, first = 0;
	unsigned int noticed = 0, missed = 0;
	bool seen[HEAD] = {};
	uint64_t end;

	CLAUSES(RES_13);
	NEED_RESET;
	reopen(&self->dev);
	end = now_ms() + SWEEP_MS;
	for (at = 0; at < head && now_ms() < end; at++)
		seen[at] = notices(self->dev, &self->good, at);
	end = now_ms() + SWEEP_MS;
	for (at = 0; at < head && now_ms() < end; at++) {
		if (!seen[at])
			continue;
		noticed++;
		make_history(&self->dev, &self->good, variant->history);
		if (!notices(self->dev, &self->good, at) && !missed++)
			first = at;
	}
	NEED(noticed, "the driver notices no damage in the first %zu bytes", head);
	CHECK(RES_13, !missed, say("load of the stream with byte %zu inverted", first),
	      "an error, as in a session before", "success; so for %u of %u such bytes", missed,
	      noticed);
}

/* A session is one stream: its first half in one session does not help the next. */
TEST_F_TIMEOUT(resume, halves_of_two_sessions, MINUTES)
{
	size_t half = self->good.len / 2;
	struct vmig_attempt a;

	CLAUSES(RES_13);
	NEED_BYTES(2);
	NEED_RESET;
	vmig_attempt(self->dev, self->good.data, half, VMIG_ONE_WRITE, VFIO_DEVICE_STATE_STOP);
	vmig_leave_attempt(self->dev);
	a = vmig_attempt(self->dev, self->good.data + half, self->good.len - half, VMIG_ONE_WRITE,
			 VFIO_DEVICE_STATE_STOP);
	CHECK_FAILS(RES_13, a.set, "SET(STOP) with the second half of a stream, whose first half an "
		    "aborted session got");
}

/* Two devices that load at the same time, in turns: @bytes of each one's own stream. */
static void load_in_turns(struct vmig_device *const dev[2], const struct vmig_stream good[2],
			  const size_t bytes[2], int ret[2])
{
	size_t at[2] = {}, n;
	int fd[2], i;

	for (i = 0; i < 2; i++)
		fd[i] = vmig_enter(dev[i], VFIO_DEVICE_STATE_RESUMING);
	while (at[0] < bytes[0] || at[1] < bytes[1]) {
		for (i = 0; i < 2; i++) {
			n = at[i] < VMIG_SMALL_SPAN ? 8 : MIB;
			if (n > bytes[i] - at[i])
				n = bytes[i] - at[i];
			if (n && __vmig_stream_write(fd[i], good[i].data + at[i], n,
						     &vmig_default_chunks, NULL))
				vmig_die("write() of a good stream failed");
			at[i] += n;
		}
	}
	for (i = 0; i < 2; i++) {
		ret[i] = __vmig_set_state(dev[i], VFIO_DEVICE_STATE_STOP, NULL);
		close(fd[i]);
		vmig_leave_attempt(dev[i]);
	}
}

/* A VMM restores all its devices at once: no session may count for another device. */
TEST_F_TIMEOUT(resume, two_devices_in_turns, MINUTES)
{
	struct vmig_device *dev[2] = { self->dev, NULL };
	struct vmig_stream good[2] = { self->good, {} };
	const struct vmig_dev_id *id;
	size_t bytes[2];
	const char *why;
	int ret[2], cut;

	CLAUSES(RES_13);
	NEED_BYTES(2);
	NEED_RESET;
	id = vmig_second_device(&why);
	NEED(id, "%s", why);
	NEED(vmig_way_there(id, variant->way, &why), "%s", why);
	dev[1] = vmig_open(id, variant->way);
	if (__vmig_settle(dev[1]))
		vmig_die("%s cannot be brought to RUNNING", id->name);
	vmig_save(dev[1], &good[1]);
	for (cut = 0; cut < 2; cut++) {
		bytes[cut] = good[cut].len - 1;
		bytes[!cut] = good[!cut].len;
		load_in_turns(dev, good, bytes, ret);
		CHECK_FAILS(RES_13, ret[cut],
			    say("SET(STOP) of %s, one byte missing, while %s got all of its stream",
				dev[cut]->id.name, dev[!cut]->id.name));
		CHECK_OK(RES_13, ret[!cut],
			 say("SET(STOP) of %s, which got all of its stream, while %s missed a byte",
			     dev[!cut]->id.name, dev[cut]->id.name));
	}
	vmig_put_back(dev[1], &good[1]);
	vmig_close(dev[1]);
	vmig_stream_free(&good[1]);
}

/* Bytes of memory that the kernel could still give away. */
static uint64_t mem_available(void)
{
	unsigned long long kib = 0;
	char line[128];
	FILE *f = fopen("/proc/meminfo", "re");

	while (f && fgets(line, sizeof(line), f))
		if (sscanf(line, "MemAvailable: %llu kB", &kib) == 1)
			break;
	if (f)
		fclose(f);
	return kib << 10;
}

/* Zeros that need no memory of their own, as they are only read. */
static const void *many_zeros(size_t len)
{
	void *p = mmap(NULL, len, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (p == MAP_FAILED)
		vmig_die("mmap() of %zu bytes failed: %s", len, vmig_errno_name(errno));
	return p;
}

/*
 * The length of a write() is the caller's; a driver that adds it to a position, or
 * allocates what it says, before it has looked is the caller's too (qat 9283b7392570).
 */
TEST_F_TIMEOUT(resume, oversized_write, MINUTES)
{
	const size_t before[] = { 0, 1, self->good.len / 2, self->good.len };
	size_t size = mem_available() / 4;
	const void *zeros;
	const char *did, *why;
	unsigned int i;
	ssize_t n;
	int fd, ret;

	CLAUSES(RES_14);
	NEED_RESET;
	if (size > GIB)
		size = GIB;
	NEED(size / 4 > self->good.len, "a state of %zu bytes, too little memory for one much larger",
	     self->good.len);
	zeros = many_zeros(size);
	for (i = 0; i < ARRAY_SIZE(before); i++) {
		fd = vmig_enter(self->dev, VFIO_DEVICE_STATE_RESUMING);
		vmig_write_regardless(fd, self->good.data, before[i], VMIG_ONE_WRITE);
		did = say("write() of %zu bytes of zeros behind %zu good ones", size, before[i]);
		n = __vmig_write(fd, zeros, size);
		CHECK(RES_14, n != -ETIMEDOUT, did, "it returns", "it is blocked for %d ms",
		      VMIG_IO_TIMEOUT_MS);
		ret = __vmig_set_state(self->dev, VFIO_DEVICE_STATE_STOP, NULL);
		CHECK(RES_14, n < (ssize_t)size || ret, say("%s, then SET(STOP)", did),
		      "write() or SET fails", "all was taken and loaded");
		close(fd);
		why = vmig_good_again(self->dev, &self->good);
		CHECK(RES_14, !why, say("%s; RESET, load of the good stream, save", did),
		      "all after RESET works", "%s", why);
	}
	munmap((void *)zeros, size);
}

/*
 * One who never stops writing must not get the kernel's memory: the driver refuses at
 * some point, or it drops what it cannot use.
 */
TEST_F_TIMEOUT(resume, endless_writes, MINUTES)
{
	uint64_t room = mem_available(), used, end;
	size_t limit = 256 * MIB, written = 0;
	const void *zeros;
	ssize_t n = 1;
	int fd, ret;

	CLAUSES(RES_14);
	NEED_RESET;
	if (limit > room / 4)
		limit = room / 4;
	NEED(limit / 4 > self->good.len, "a state of %zu bytes, too little memory for one much larger",
	     self->good.len);
	zeros = many_zeros(MIB);
	fd = vmig_enter(self->dev, VFIO_DEVICE_STATE_RESUMING);
	vmig_stream_write(fd, &self->good);
	room = mem_available();
	end = now_ms() + SWEEP_MS;
	while (n > 0 && written < limit && now_ms() < end) {
		n = __vmig_write(fd, zeros, MIB);
		if (n > 0)
			written += n;
	}
	used = mem_available();
	used = used < room ? room - used : 0;
	CHECK(RES_14, n <= 0 || used < written / 2,
	      say("write() of %zu bytes behind the end of a stream of %zu", written, self->good.len),
	      "an error at some point, or the bytes are dropped",
	      "no error, and %llu bytes of memory are gone", (unsigned long long)used);
	ret = __vmig_set_state(self->dev, VFIO_DEVICE_STATE_STOP, NULL);
	CHECK(RES_14, n <= 0 || ret, say("SET(STOP) after %zu bytes behind the end", written),
	      "an error there or in write()", "success");
	close(fd);
	munmap((void *)zeros, MIB);
}

#define WRITERS 4

/* Writers that begin together; shared, as they are in a child that may have to be killed. */
struct crowd {
	struct vmig_device *dev;
	const struct vmig_stream *good;
	int fd;
	size_t len;
	unsigned int rounds;
	atomic_uint waiting;
	size_t taken;
	bool too_much;
};

struct writer {
	struct crowd *crowd;
	const unsigned char *data;
	ssize_t n;
};

static struct crowd *new_crowd(struct vmig_device *dev, const struct vmig_stream *good)
{
	struct crowd *c = mmap(NULL, sizeof(*c), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS,
			       -1, 0);

	if (c == MAP_FAILED)
		vmig_die("no memory: %s", vmig_errno_name(errno));
	c->dev = dev;
	c->good = good;
	return c;
}

static void *write_with_others(void *arg)
{
	struct writer *w = arg;

	atomic_fetch_sub(&w->crowd->waiting, 1);
	while (atomic_load(&w->crowd->waiting))
		sched_yield();
	w->n = write(w->crowd->fd, w->data, w->crowd->len);
	return NULL;
}

/* @count threads write @c->len bytes each from @data on; @c->taken is what was accepted. */
static void write_together(struct crowd *c, const unsigned char *data, size_t step,
			   unsigned int count)
{
	pthread_t threads[WRITERS];
	struct writer w[WRITERS];
	unsigned int i;

	atomic_store(&c->waiting, count);
	for (i = 0; i < count; i++) {
		w[i] = (struct writer){ .crowd = c, .data = data + i * step };
		if (pthread_create(&threads[i], NULL, write_with_others, &w[i]))
			vmig_die("pthread_create() failed");
	}
	for (i = 0; i < count; i++) {
		pthread_join(threads[i], NULL);
		if (w[i].n > 0)
			c->taken += w[i].n;
	}
}

static void share_one_stream(void *arg)
{
	struct crowd *c = arg;
	unsigned int i;

	c->len = c->good->len / WRITERS;
	for (i = 0; i < c->rounds; i++) {
		c->fd = vmig_enter(c->dev, VFIO_DEVICE_STATE_RESUMING);
		c->taken = 0;
		write_together(c, c->good->data, c->len, WRITERS);
		c->too_much |= c->taken > c->len * WRITERS;
		__vmig_set_state(c->dev, VFIO_DEVICE_STATE_STOP, NULL);
		close(c->fd);
		vmig_leave_attempt(c->dev);
	}
}

/* Order is up to them, so the data is worthless; the driver must stay in good health. */
TEST_F_TIMEOUT(resume, concurrent_writers, MINUTES)
{
	struct crowd *c = new_crowd(self->dev, &self->good);
	enum vmig_child_end end;
	const char *why;

	CLAUSES(RES_14);
	NEED_BYTES(WRITERS);
	NEED_RESET;
	c->rounds = self->good.len > MIB ? 1 : 20;
	end = vmig_child_run(share_one_stream, c, 4 * VMIG_IO_TIMEOUT_MS);
	CHECK(RES_14, end == VMIG_CHILD_DONE,
	      say("%u threads that write a quarter of the stream each to one data_fd", WRITERS),
	      "all of them return", "%s", vmig_child_name(end));
	CHECK(RES_14, !c->too_much, say("bytes taken from %u writers of a quarter each", WRITERS),
	      "at most the stream", "more");
	if (end == VMIG_CHILD_STUCK) {
		vmig_session_abandon();
		return;
	}
	why = vmig_good_again(self->dev, &self->good);
	CHECK(RES_14, !why, "RESET, load of the good stream, save after concurrent writers",
	      "all of it works", "%s", why);
}

/* One byte is left to write, and two threads write it: the second must be refused. */
static void write_last_byte_twice(void *arg)
{
	struct crowd *c = arg;
	size_t last = c->good->len - 1;
	uint64_t end = now_ms() + SWEEP_MS;
	unsigned int i;

	c->len = 1;
	for (i = 0; i < c->rounds && !c->too_much && now_ms() < end; i++) {
		c->fd = vmig_enter(c->dev, VFIO_DEVICE_STATE_RESUMING);
		vmig_write_regardless(c->fd, c->good->data, last, VMIG_ONE_WRITE);
		c->taken = 0;
		write_together(c, c->good->data + last, 0, 2);
		c->too_much = c->taken > 1;
		vmig_reset(c->dev);
		close(c->fd);
	}
	c->rounds = i;
}

/*
 * A driver that compares the length with its buffer before it takes its lock writes
 * behind the buffer when two writers meet (qat 4ec5e932e636, CVE-2026-74306; hisi H4).
 * One byte behind is enough to see it. It is written into kernel memory, so this runs
 * only where hazards may.
 */
TEST_F_TIMEOUT(resume, racing_writers_at_the_end, MINUTES)
{
	struct crowd *c = new_crowd(self->dev, &self->good);
	enum vmig_child_end end;
	size_t room;
	int fd;

	CLAUSES(RES_14);
	NEED(vmig_hazards(), "a hazard: VMIG_HAZARDS=1 lets it run");
	NEED_BYTES(1);
	NEED(self->good.len <= MIB, "a state of %zu bytes takes too long to load often",
	     self->good.len);
	NEED_RESET;
	fd = vmig_enter(self->dev, VFIO_DEVICE_STATE_RESUMING);
	vmig_stream_write(fd, &self->good);
	room = __vmig_write(fd, self->good.data, 1) > 0;
	close(fd);
	NEED(!room, "the driver takes bytes behind the end of the stream");
	vmig_leave_attempt(self->dev);
	c->rounds = 20000;
	end = vmig_child_run(write_last_byte_twice, c, SWEEP_MS + 2 * VMIG_IO_TIMEOUT_MS);
	CHECK(RES_14, end == VMIG_CHILD_DONE, "two threads that write the last byte of the stream",
	      "both return", "%s", vmig_child_name(end));
	CHECK(RES_14, !c->too_much, say("two threads that write the last byte of the stream, up to "
					"%u times", c->rounds),
	      "one of them is refused, as one of them alone is",
	      "both bytes were taken: %zu in a buffer for %zu", self->good.len + 1, self->good.len);
	if (end == VMIG_CHILD_STUCK)
		vmig_session_abandon();
}

static void check_good_after(struct vmig_device *dev, const struct vmig_stream *good,
			     const char *what)
{
	struct vmig_attempt a;
	int ret;

	ret = __vmig_reset(dev);
	if (!CHECK_OK(RES_16, ret, say("RESET after %s", what)))
		return;
	a = vmig_attempt(dev, good->data, good->len, VMIG_ONE_WRITE, VFIO_DEVICE_STATE_RUNNING);
	CHECK(RES_16, !vmig_noticed(&a), say("load of a good stream after %s and RESET", what),
	      "success", "write() %s, SET(RUNNING) %s", vmig_errno_name(a.write),
	      vmig_errno_name(a.set));
}

/* The destination tries again, with the same device (H:1102). */
TEST_F_TIMEOUT(resume, good_load_after_failure, MINUTES)
{
	struct vmig_stream *good = &self->good;

	CLAUSES(RES_16);
	NEED_BYTES(2);
	NEED_RESET;
	vmig_attempt(self->dev, NULL, 0, VMIG_ONE_WRITE, VFIO_DEVICE_STATE_STOP);
	check_good_after(self->dev, good, "a load of nothing");
	vmig_attempt(self->dev, good->data, good->len - 1, VMIG_ONE_WRITE, VFIO_DEVICE_STATE_STOP);
	check_good_after(self->dev, good, "a load with the last byte missing");
	good->data[0] ^= 0xff;
	vmig_attempt(self->dev, good->data, good->len, 8, VFIO_DEVICE_STATE_STOP);
	good->data[0] ^= 0xff;
	check_good_after(self->dev, good, "a load with the first byte inverted");
}

VMIG_MAIN("resume")
