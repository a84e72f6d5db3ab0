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
 * @tried: streams
 * @accepted: of these, by the driver
 */
struct trial {
	struct vmig_device *dev;
	const struct vmig_stream *good;
	int watch;
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
	ok = vmig_judge_use(t->dev, what);
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
