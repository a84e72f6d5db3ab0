// SPDX-License-Identifier: GPL-2.0-only
/*
 * RES-08, ROB-01, QUI-01, QUI-02: a stream that was accepted is used. Damage that nobody notices
 * is no breach; but a device that took it runs on it, and whatever its guest and the VMM then
 * do, the host is not hurt: each call returns, the kernel has nothing to say, a stopped device is
 * still, and after RESET it is as good as before.
 *
 * The chapter hostile loads such streams and does not let the device run.
 */
#include <errno.h>
#include <string.h>

#include "fixture_resume.h"
#include "kmsg_watch.h"
#include "use_device.h"

VMIG_FIXTURE_FULL(accepted, struct vmig_stream good;
		  bool lost, RESUME_SETUP(), RESUME_TEARDOWN(!self->lost), VMIG_NO_DATA);
VMIG_VARIANTS_UAPIS(accepted);

/**
 * struct trial - streams that are tried one after the other
 * @dev: the device
 * @good: what it was saved as
 * @watch: the kernel's log
 * @first: how the device is used
 * @tried: streams
 * @accepted: of these, by the driver
 */
struct trial {
	struct vmig_device *dev;
	const struct vmig_stream *good;
	int watch;
	enum vmig_use_first first;
	unsigned int tried, accepted;
};

/* One stream; @chunk as for vmig_load_unchecked(). Return: false after a breach. */
static bool try(struct trial *t, const struct vmig_stream *s, size_t chunk, const char *what)
{
	struct vmig_attempt a;
	const char *why;
	bool ok;

	a = vmig_load_unchecked(t->dev, s->data, s->len, chunk, VFIO_DEVICE_STATE_STOP);
	if (!CHECK(RES_08, a.write != -ETIMEDOUT, what, "it returns", "it is blocked for %d ms",
		   VMIG_IO_TIMEOUT_MS))
		return false;
	t->tried++;
	/* What is refused is the chapter hostile's. */
	if (a.set) {
		vmig_leave_attempt(t->dev);
		return true;
	}
	t->accepted++;
	ok = vmig_judge_use(t->dev, t->first, what);
	ok &= vmig_kmsg_watch_check(t->watch, ROB_01, vmig_fmt("%s, use of the device", what));
	if (!ok)
		return false;
	why = vmig_good_again(t->dev, t->good);
	return CHECK(RES_08, !why,
		     vmig_fmt("%s, use of the device; RESET, load of the good stream, save", what),
		     "all after RESET works", "%s", why);
}

static struct trial begin(struct vmig_device *dev, const struct vmig_stream *good)
{
	const char *why = vmig_good_again(dev, good);

	if (why)
		vmig_test_error("%s before anything was damaged", why);
	return (struct trial){ .dev = dev, .good = good, .watch = vmig_kmsg_watch_begin() };
}

/* Each position as long as there is time. Return: false after a breach. */
static bool sweep(struct trial *t, const struct vmig_damage *d, size_t chunk, const char *how)
{
	uint64_t end = vmig_now_ms() + 2 * SWEEP_MS;
	struct vmig_stream bad = {};
	bool ok = true;
	unsigned int i;
	size_t at;

	vmig_stream_copy(&bad, t->good);
	for (i = 0; ok && vmig_now_ms() < end; i++) {
		at = vmig_position(i, POSITIONS, t->good->len / d->width) * d->width;
		if (at + d->width > t->good->len)
			break;
		vmig_spoil(&bad, at, d);
		ok = try(t, &bad, chunk,
			 vmig_fmt("load of the stream with %s at %zu%s", d->name, at, how));
		memcpy(bad.data + at, t->good->data + at, d->width);
	}
	vmig_stream_free(&bad);
	return ok;
}

#define NEED_ACCEPTED(t)                                                                           \
	NEED((t).accepted, "the driver refuses each of %u damaged streams", (t).tried)

#define SWEEP(damage, chunk, how)                                                                  \
	do {                                                                                       \
		struct trial t_;                                                                   \
		NEED_RESET;                                                                        \
		NEED_BYTES((damage).width);                                                        \
		t_ = begin(self->dev, &self->good);                                                \
		self->lost = !sweep(&t_, &(damage), chunk, how);                                   \
		vmig_kmsg_watch_end(t_.watch);                                                     \
		NEED_ACCEPTED(t_);                                                                 \
	} while (0)

VMIG_TEST_TIMEOUT(accepted, inverted_byte_is_used, MINUTES)
{
	CLAUSES(ROB_01, VMIG_USE_CLAUSES);
	SWEEP(VMIG_INVERTED_BYTE, VMIG_ONE_WRITE, "");
}

VMIG_TEST_TIMEOUT(accepted, flipped_bit_is_used, MINUTES)
{
	static const struct vmig_damage d = { "a bit flipped", 1, 0x10, 0 };

	CLAUSES(ROB_01, VMIG_USE_CLAUSES);
	SWEEP(d, VMIG_ONE_WRITE, "");
}

/*
 * A byte that is an index behind its array meets whatever lies there, and most of that is harmless:
 * which values are not is up to the driver and its compiler. So it takes values that are a word
 * apart, which meet each number, lock and pointer; and the device is written to first. (mtty, index
 * of the FIFO: 112 in 7.3 and 120 in 6.12 overwrite the number of ports, and the next save writes
 * 3 KiB into a buffer of 100 bytes. A read of the FIFO, before, makes it full.)
 */
#define INDEX_STEP 8
#define INDEX_BYTES 256
#define INDEX_MS 90000

/*
 * Of a device that takes too long for that, fewer values; at last one, of the first bytes. So much
 * time has a stream of which these bytes are a part only.
 */
#define INDEX_FAR 128
#define INDEX_FAR_MS (4 * SWEEP_MS)

/* How long does a stream take that is accepted? Return: ms, 0 after a breach. */
static uint64_t cost_of_one(struct trial *t)
{
	uint64_t start = 0;
	unsigned int i;

	for (i = 0; i < 4; i++) {
		/* The first one fills caches. */
		if (i == 1)
			start = vmig_now_ms();
		if (!try(t, t->good, VMIG_ONE_WRITE, "load of the stream as it is"))
			return 0;
	}
	t->tried = 0;
	t->accepted = 0;
	return (vmig_now_ms() - start) / 3 + 1;
}

/* A byte that is compared with something is refused twice, and not tried any more. */
static bool try_indices(struct trial *t, struct vmig_stream *bad, size_t at, unsigned int step)
{
	unsigned int tried = t->tried, accepted = t->accepted, value;
	bool ok = true;

	for (value = step; ok && value <= 0xff; value += step) {
		if (t->tried - tried >= 2 && t->accepted == accepted)
			break;
		bad->data[at] = value;
		ok = try(t, bad, VMIG_ONE_WRITE,
			 vmig_fmt("load of the stream with %u at %zu", value, at));
	}
	bad->data[at] = t->good->data[at];
	return ok;
}

static bool sweep_indices(struct trial *t)
{
	size_t len = t->good->len < INDEX_BYTES ? t->good->len : INDEX_BYTES, at;
	uint64_t cost = cost_of_one(t), end;
	uint64_t all = t->good->len <= INDEX_BYTES ? INDEX_MS : INDEX_FAR_MS;
	struct vmig_stream bad = {};
	unsigned int step = INDEX_STEP;
	bool ok = cost;

	while (step < INDEX_FAR && cost * len * (0xff / step) > all)
		step *= 2;
	end = vmig_now_ms() + all;
	vmig_stream_copy(&bad, t->good);
	for (at = 0; ok && at < len && vmig_now_ms() < end; at++)
		ok = try_indices(t, &bad, at, step);
	vmig_stream_free(&bad);
	vmig_note(RES_08,
		  "%zu of %zu bytes, each as multiples of %u; %u of %u streams were accepted", at,
		  t->good->len, step, t->accepted, t->tried);
	return ok;
}

VMIG_TEST_TIMEOUT(accepted, each_index_is_used, MINUTES)
{
	struct trial t;

	CLAUSES(ROB_01, VMIG_USE_CLAUSES);
	NEED(variant->uapi == VMIG_UAPI_CDEV || !self->dev->id.cdev[0],
	     "the same calls as through the cdev");
	NEED_RESET;
	NEED_BYTES(1);
	t = begin(self->dev, &self->good);
	t.first = VMIG_WRITES_FIRST;
	self->lost = !sweep_indices(&t);
	vmig_kmsg_watch_end(t.watch);
	NEED_ACCEPTED(t);
}

/* A count, an index, a length that is as large as can be. */
VMIG_TEST_TIMEOUT(accepted, huge_number_is_used, MINUTES)
{
	CLAUSES(ROB_01, VMIG_USE_CLAUSES);
	SWEEP(VMIG_WORD_OF_ONES, VMIG_ONE_WRITE, "");
}

/* A writer that does not look at the errors of write(): what was found bad may be used (RES-07). */
VMIG_TEST_TIMEOUT(accepted, rest_after_an_error_is_used, MINUTES)
{
	CLAUSES(ROB_01, VMIG_USE_CLAUSES);
	SWEEP(VMIG_WORD_OF_ONES, 8, ", 8 bytes at a time, whatever write() says");
}

VMIG_TEST_TIMEOUT(accepted, rearranged_stream_is_used, MINUTES)
{
	struct vmig_stream bad = {};
	const char *name;
	unsigned int how;
	struct trial t;

	CLAUSES(ROB_01, VMIG_USE_CLAUSES);
	NEED_BYTES(2);
	NEED_RESET;
	t = begin(self->dev, &self->good);
	for (how = 0; !self->lost && vmig_rearrange(&bad, &self->good, how, &name); how++)
		self->lost = !try(&t, &bad, VMIG_ONE_WRITE, vmig_fmt("load of %s", name));
	vmig_stream_free(&bad);
	vmig_kmsg_watch_end(t.watch);
	NEED_ACCEPTED(t);
}

VMIG_MAIN("accepted")
