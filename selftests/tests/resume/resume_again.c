// SPDX-License-Identifier: GPL-2.0-only
/*
 * RES-13: a session of RESUMING that is not the first. What came before must not count in
 * it: a header that matched once, an image that is still in a buffer, also one that a
 * save has left there (hisi H3, qat Q2 and Q3), or what another device is given.
 *
 * So each stream that a first session after an open has refused is given to a later one.
 * What is accepted at first already is the business of the chapter `resume`.
 */
#include "fixture_resume.h"

RESUME_FIXTURE(resume_again);
VMIG_VARIANTS_UAPIS(resume_again);

/* What came before the session, in the same open but for a reopen. */
enum history { AFTER_LOAD, AFTER_LOAD_AND_RESET, AFTER_LOAD_AND_REOPEN, AFTER_SAVE };

RESUME_FIXTURE(resume_after, enum history history;);

#define ADD_HISTORY(word, history_)                                                                \
	VMIG_VARIANT(resume_after, cdev_##word, .uapi = VMIG_UAPI_CDEV, .history = history_);      \
	VMIG_VARIANT(resume_after, group_##word, .uapi = VMIG_UAPI_GROUP, .history = history_)

ADD_HISTORY(after_load, AFTER_LOAD);
ADD_HISTORY(after_load_and_reset, AFTER_LOAD_AND_RESET);
ADD_HISTORY(after_load_and_reopen, AFTER_LOAD_AND_REOPEN);
ADD_HISTORY(after_save, AFTER_SAVE);

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
		vmig_goto_state(*dev, VFIO_DEVICE_STATE_RUNNING);
		vmig_reopen(dev);
	}
	vmig_stream_free(&s);
}

static bool refused(struct vmig_device *dev, const void *data, size_t len)
{
	struct vmig_attempt a;

	a = vmig_load_unchecked(dev, data, len, VMIG_ONE_WRITE, VFIO_DEVICE_STATE_STOP);
	vmig_leave_attempt(dev);
	return a.set;
}

/* The first @n bytes of the stream, which the first session after an open refused. */
static void check_refused_again(struct vmig_device **dev, const struct vmig_stream *good, size_t n,
				enum history history)
{
	make_history(dev, good, history);
	CHECK(RES_13, refused(*dev, good->data, n),
	      vmig_fmt("SET(STOP) after %zu of %zu bytes", n, good->len),
	      "an error, as in a session before", "success");
}

VMIG_TEST_TIMEOUT(resume_after, nothing_written, MINUTES)
{
	CLAUSES(RES_13);
	NEED_BYTES(1);
	NEED_RESET;
	vmig_reopen(&self->dev);
	NEED(refused(self->dev, NULL, 0), "a first session accepts nothing, too (RES-04)");
	check_refused_again(&self->dev, &self->good, 0, variant->history);
}

VMIG_TEST_TIMEOUT(resume_after, cut_off, MINUTES)
{
	const size_t cuts[] = { self->good.len - 1, self->good.len / 2 };
	bool first[ARRAY_SIZE(cuts)];
	unsigned int i;

	CLAUSES(RES_13);
	NEED_BYTES(2);
	NEED_RESET;
	vmig_reopen(&self->dev);
	for (i = 0; i < ARRAY_SIZE(cuts); i++)
		first[i] = refused(self->dev, self->good.data, cuts[i]);
	NEED(first[0] || first[1], "a first session accepts what is cut off, too (RES-05)");
	for (i = 0; i < ARRAY_SIZE(cuts); i++)
		if (first[i])
			check_refused_again(&self->dev, &self->good, cuts[i], variant->history);
}

static bool notices(struct vmig_device *dev, struct vmig_stream *good, size_t at)
{
	struct vmig_attempt a;

	good->data[at] ^= 0xff;
	a = vmig_load_unchecked(dev, good->data, good->len, VMIG_ONE_WRITE, VFIO_DEVICE_STATE_STOP);
	good->data[at] ^= 0xff;
	vmig_leave_attempt(dev);
	return vmig_damage_noticed(&a);
}

/*
 * The damage that is noticed right after an open must be noticed later too. A driver that
 * stops to look once it has seen a good stream (hisi H3) shows it only if that has not
 * been before this test, so that in a guest the driver is bound anew.
 */
VMIG_TEST_TIMEOUT(resume_after, damaged, MINUTES)
{
	size_t at, head = self->good.len < HEAD ? self->good.len : HEAD, first = 0;
	unsigned int noticed = 0, missed = 0;
	bool seen[HEAD] = {};
	uint64_t end;

	CLAUSES(RES_13);
	NEED_RESET;
	vmig_session_rebind(&self->dev);
	vmig_reopen(&self->dev);
	end = vmig_now_ms() + SWEEP_MS;
	for (at = 0; at < head && vmig_now_ms() < end; at++)
		seen[at] = notices(self->dev, &self->good, at);
	end = vmig_now_ms() + SWEEP_MS;
	for (at = 0; at < head && vmig_now_ms() < end; at++) {
		if (!seen[at])
			continue;
		noticed++;
		make_history(&self->dev, &self->good, variant->history);
		if (!notices(self->dev, &self->good, at) && !missed++)
			first = at;
	}
	NEED(noticed, "the driver notices no damage in the first %zu bytes", head);
	CHECK(RES_13, !missed, vmig_fmt("load of the stream with byte %zu inverted", first),
	      "an error, as in a session before", "success; so for %u of %u such bytes", missed,
	      noticed);
}

/* A session is one stream: its first half in one session does not help the next. */
VMIG_TEST_TIMEOUT(resume_again, halves_of_two_sessions, MINUTES)
{
	const unsigned char *data = self->good.data;
	size_t half = self->good.len / 2;

	CLAUSES(RES_13);
	NEED_BYTES(2);
	NEED_RESET;
	NEED(refused(self->dev, data + half, self->good.len - half),
	     "the second half of a stream is accepted on its own");
	refused(self->dev, data, half);
	CHECK(RES_13, refused(self->dev, data + half, self->good.len - half),
	      "SET(STOP) with the second half of a stream, whose first half a session before had",
	      "an error, as without that session", "success");
}

/* Two devices that load at the same time, in turns: @bytes of each one's own stream. */
static void load_in_turns(struct vmig_device *const dev[2], const struct vmig_stream good[2],
			  const size_t bytes[2], int ret[2])
{
	size_t at[2] = {}, n;
	int fd[2], i;

	for (i = 0; i < 2; i++)
		fd[i] = vmig_goto_state(dev[i], VFIO_DEVICE_STATE_RESUMING);
	while (at[0] < bytes[0] || at[1] < bytes[1]) {
		for (i = 0; i < 2; i++) {
			n = at[i] < VMIG_SMALL_SPAN ? 8 : MIB;
			if (n > bytes[i] - at[i])
				n = bytes[i] - at[i];
			if (n && __vmig_stream_write(fd[i], good[i].data + at[i], n,
						     &vmig_default_chunks, NULL))
				vmig_test_error("write() of a good stream failed");
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
VMIG_TEST_TIMEOUT(resume_again, two_devices_in_turns, MINUTES)
{
	struct vmig_device *dev[2] = { self->dev, NULL };
	struct vmig_stream good[2] = { self->good, {} };
	const struct vmig_dev_id *id;
	size_t bytes[2];
	const char *why;
	int ret[2], cut;

	CLAUSES(RES_13, RES_03);
	NEED_BYTES(2);
	NEED_RESET;
	id = vmig_second_device(&why);
	NEED(id, "%s", why);
	NEED(vmig_uapi_available(id, variant->uapi, &why), "%s", why);
	dev[1] = vmig_open(id, variant->uapi);
	if (__vmig_recover_running(dev[1]))
		vmig_test_error("%s cannot be brought to RUNNING", id->name);
	vmig_save(dev[1], &good[1]);
	NEED(refused(dev[0], good[0].data, good[0].len - 1) &&
		     refused(dev[1], good[1].data, good[1].len - 1),
	     "a stream that lacks its last byte is accepted at any time (RES-05)");
	for (cut = 0; cut < 2; cut++) {
		bytes[cut] = good[cut].len - 1;
		bytes[!cut] = good[!cut].len;
		load_in_turns(dev, good, bytes, ret);
		CHECK_FAILS(
			RES_13, ret[cut],
			vmig_fmt(
				"SET(STOP) of %s, one byte missing, while %s got all of its stream",
				dev[cut]->id.name, dev[!cut]->id.name));
		CHECK_OK(
			RES_03, ret[!cut],
			vmig_fmt(
				"SET(STOP) of %s, which got all of its stream, while %s missed a byte",
				dev[!cut]->id.name, dev[cut]->id.name));
	}
	vmig_restore_state(dev[1], &good[1]);
	vmig_close(dev[1]);
	vmig_stream_free(&good[1]);
}

VMIG_MAIN("resume_again")
