// SPDX-License-Identifier: GPL-2.0-only
/*
 * STRM-03, STRM-04, STRM-11 to STRM-14, STRM-16, FSM-04, RES-03, RES-13, RST-04, FD-07: what
 * is in a device after a load is what was in the other one before the save.
 *
 * An exerciser puts a pattern into all of the state that can be set, and another one into
 * the device that it is loaded into, so that what is found there came through the stream.
 */
#include <errno.h>
#include <stdlib.h>

#include "load_attempt.h"
#include "precopy_drain.h"
#include "session_check.h"
#include "fixture_target.h"

#define SEED 0x4001
#define OTHER 0x4002
#define THIRD 0x4003

TARGET_FIXTURE(fidelity);

#define NEED_TARGET                                                                                \
	do {                                                                                       \
		NEED_SECOND;                                                                       \
		NEED_PATTERN;                                                                      \
	} while (0)

/* Something else, so that nothing is found that was there before. Ends in RESUMING. */
static int enter_resuming(struct vmig_exercise *w, uint32_t seed)
{
	vmig_goto_state(w->dev, VFIO_DEVICE_STATE_RUNNING);
	vmig_set_pattern(w, seed);
	return vmig_goto_state(w->dev, VFIO_DEVICE_STATE_RESUMING);
}

/* Load a stream over another pattern. Returns what failed, or NULL; left in RUNNING. */
static const char *load(struct vmig_exercise *w, const struct vmig_stream *s, uint32_t over,
			const struct vmig_chunks *chunks)
{
	int fd = enter_resuming(w, over);
	struct vmig_fault fault = vmig_verify_write(fd, s, 0, s->len, chunks);
	int ret = 0;

	if (!fault.found)
		ret = __vmig_set_state(w->dev, VFIO_DEVICE_STATE_STOP, NULL);
	close(fd);
	if (fault.found)
		return vmig_fmt("%s", fault.why);
	if (!ret)
		ret = __vmig_set_state(w->dev, VFIO_DEVICE_STATE_RUNNING, NULL);
	return ret ? vmig_fmt("the way out of RESUMING: %s", vmig_errno_name(ret)) : NULL;
}

/* What a stream makes of its target; NULL if it is the pattern. */
static const char *load_fault(struct vmig_exercise *w, const struct vmig_stream *s, uint32_t seed,
			      uint32_t over)
{
	const char *why = load(w, s, over, &vmig_default_chunks);

	return why ?: vmig_check_pattern(w, seed);
}

/* Read all of a session in STOP_COPY in such pieces. Left in STOP. */
static void read_out(struct vmig_device *dev, int fd, struct vmig_stream *s,
		     const struct vmig_chunks *chunks)
{
	int ret = __vmig_stream_read(fd, s, chunks);

	if (ret)
		vmig_test_error("read() of the data_fd failed after %zu bytes: %s", s->len,
				vmig_errno_name(ret));
	close(fd);
	vmig_set_state(dev, VFIO_DEVICE_STATE_STOP);
}

/* Saved with a pattern in it, left in RUNNING. */
static void save_pattern(struct vmig_exercise *w, uint32_t seed, struct vmig_stream *s)
{
	vmig_set_pattern(w, seed);
	vmig_save(w->dev, s);
	vmig_set_state(w->dev, VFIO_DEVICE_STATE_RUNNING);
}

/* The pattern through reads and writes of every size: plain, odd, one byte. */
VMIG_TEST_TIMEOUT(fidelity, pattern_comes_through, MINUTES)
{
	static const struct vmig_chunks chunks[] = {
		{ "1 MiB", 1 << 20, 0 }, { "4096 bytes", 4096, 0 },	 { "7 bytes", 7, 0 },
		{ "1 byte", 1, 0 },	 { "sizes at random", 9000, 7 },
	};
	struct vmig_exercise *to = self->to;
	struct vmig_stream s = {};
	const char *why;
	unsigned int i;
	int fd;

	CLAUSES(STRM_11, STRM_03, STRM_04);
	NEED_TARGET;
	for (i = 0; i < ARRAY_SIZE(chunks); i++) {
		s.len = 0;
		vmig_set_pattern(&self->w, SEED + 16 * i);
		fd = vmig_goto_state(self->dev, VFIO_DEVICE_STATE_STOP_COPY);
		read_out(self->dev, fd, &s, &chunks[i]);
		why = load_fault(to, &s, SEED + 16 * i, OTHER);
		CHECK(i ? STRM_03 : STRM_11, !why,
		      vmig_fmt("a pattern, save in reads of %s, load over another pattern",
			       chunks[i].name),
		      "the pattern", "%s", why);
		why = load(to, &s, OTHER, &chunks[i]) ?: vmig_check_pattern(to, SEED + 16 * i);
		CHECK(i ? STRM_04 : STRM_11, !why,
		      vmig_fmt("a pattern, save, load in writes of %s over another pattern",
			       chunks[i].name),
		      "the pattern", "%s", why);
		vmig_goto_state(self->dev, VFIO_DEVICE_STATE_RUNNING);
	}
	vmig_stream_free(&s);
}

/* What is there before the device runs, and what is asked for by one SET (H:1190). */
VMIG_TEST_TIMEOUT(fidelity, loaded_before_it_runs, MINUTES)
{
	struct vmig_exercise *to = self->to;
	struct vmig_stream s = {}, again = {};
	const char *why;
	int fd, ret;

	CLAUSES(STRM_11, FSM_04, RES_03);
	NEED_TARGET;
	save_pattern(&self->w, SEED, &s);
	fd = enter_resuming(to, OTHER);
	vmig_stream_write(fd, &s);
	vmig_set_state(to->dev, VFIO_DEVICE_STATE_STOP);
	close(fd);
	/* Not looked at in STOP, where the device need not answer (H:1150, S2). */
	fd = vmig_goto_state(to->dev, VFIO_DEVICE_STATE_STOP_COPY);
	read_out(to->dev, fd, &again, &vmig_default_chunks);
	why = load_fault(to, &again, SEED, THIRD);
	CHECK(STRM_11, !why,
	      "a pattern, save, load, saved again from STOP before it ran, load over another pattern",
	      "the pattern", "%s", why);
	vmig_stream_free(&again);

	fd = enter_resuming(to, OTHER);
	vmig_stream_write(fd, &s);
	ret = __vmig_set_state(to->dev, VFIO_DEVICE_STATE_RUNNING, NULL);
	close(fd);
	if (CHECK_OK(RES_03, ret, "a whole stream written, RESUMING -> RUNNING in one SET")) {
		why = vmig_check_pattern(to, SEED);
		CHECK(FSM_04, !why, "a pattern, save, load by RESUMING -> RUNNING in one SET",
		      "the pattern, as the path is by way of STOP", "%s", why);
	}
	vmig_stream_free(&s);
}

/* Pre-copied: some before the device stops, the rest after; and all of it before. */
static void save_by_pre_copy(struct vmig_device *dev, bool drain, bool p2p, struct vmig_stream *s)
{
	int fd = vmig_goto_state(dev, VFIO_DEVICE_STATE_PRE_COPY);

	if (drain)
		vmig_drain(fd, s);
	else
		vmig_verify_some(fd, s, 100);
	if (p2p)
		vmig_set_state(dev, VFIO_DEVICE_STATE_PRE_COPY_P2P);
	vmig_set_state(dev, VFIO_DEVICE_STATE_STOP_COPY);
	read_out(dev, fd, s, &vmig_default_chunks);
	vmig_set_state(dev, VFIO_DEVICE_STATE_RUNNING);
}

VMIG_TEST_TIMEOUT(fidelity, pattern_comes_by_pre_copy, MINUTES)
{
	struct vmig_stream s = {};
	const char *why;
	int drain, p2p;

	CLAUSES(STRM_12);
	NEED_TARGET;
	NEED_STATE(VFIO_DEVICE_STATE_PRE_COPY);
	for (drain = 0; drain < 2; drain++) {
		for (p2p = 0; p2p < 2; p2p++) {
			if (p2p && !vmig_state_offered(self->flags, VFIO_DEVICE_STATE_PRE_COPY_P2P))
				continue;
			s.len = 0;
			vmig_set_pattern(&self->w, SEED + drain);
			save_by_pre_copy(self->dev, drain, p2p, &s);
			why = load_fault(self->to, &s, SEED + drain, OTHER);
			CHECK(STRM_12, !why,
			      vmig_fmt(
				      "a pattern, %s read in PRE_COPY,%s the rest in STOP_COPY, load",
				      drain ? "all" : "some", p2p ? " PRE_COPY_P2P," : ""),
			      "the pattern", "%s", why);
		}
	}
	vmig_stream_free(&s);
}

/* In PRE_COPY, once all was read: another pattern by registers, or what the device does. */
static int change_in_pre_copy(FIXTURE_DATA(fidelity) * self, bool by_itself, bool p2p,
			      struct vmig_stream *s)
{
	int fd, ret;

	vmig_goto_state(self->dev, VFIO_DEVICE_STATE_RUNNING);
	vmig_set_pattern(&self->w, SEED);
	fd = vmig_goto_state(self->dev, VFIO_DEVICE_STATE_PRE_COPY);
	vmig_drain(fd, s);
	ret = by_itself ? self->w.ops->dirty(&self->w, SEED) : 0;
	if (!by_itself)
		vmig_set_pattern(&self->w, THIRD);
	if (ret)
		vmig_test_error("the device cannot be made to change its state: %s",
				vmig_errno_name(ret));
	if (p2p)
		vmig_set_state(self->dev, VFIO_DEVICE_STATE_PRE_COPY_P2P);
	vmig_set_state(self->dev, VFIO_DEVICE_STATE_STOP_COPY);
	read_out(self->dev, fd, s, &vmig_default_chunks);
	vmig_set_state(self->dev, VFIO_DEVICE_STATE_RUNNING);
	return fd;
}

static const char *changed_fault(struct vmig_exercise *w, const struct vmig_stream *s,
				 bool by_itself)
{
	const char *why = load(w, s, OTHER, &vmig_default_chunks), *how = NULL;
	int ret;

	if (why || !by_itself)
		return why ?: vmig_check_pattern(w, THIRD);
	ret = w->ops->check_dirty(w, SEED, &how);
	return ret ? vmig_fmt("%s", how ?: vmig_errno_name(ret)) : NULL;
}

/* The stream is of the device as it stopped, whatever was sent before (H:1063, H:1248). */
VMIG_TEST_TIMEOUT(fidelity, changes_in_pre_copy_come_along, MINUTES)
{
	struct vmig_stream s = {};
	int by_itself, p2p;
	const char *why;

	CLAUSES(STRM_13);
	NEED_TARGET;
	NEED_STATE(VFIO_DEVICE_STATE_PRE_COPY);
	for (by_itself = 0; by_itself <= !!self->w.ops->dirty; by_itself++) {
		for (p2p = 0; p2p < 2; p2p++) {
			if (p2p && !vmig_state_offered(self->flags, VFIO_DEVICE_STATE_PRE_COPY_P2P))
				continue;
			s.len = 0;
			change_in_pre_copy(self, by_itself, p2p, &s);
			why = changed_fault(self->to, &s, by_itself);
			CHECK(STRM_13, !why,
			      vmig_fmt(
				      "a pattern, PRE_COPY, all of it read, %s,%s STOP_COPY, the rest "
				      "read, load",
				      by_itself ? "the device changes its state"
						: "another pattern put there",
				      p2p ? " PRE_COPY_P2P," : ""),
			      "the state as it was in STOP_COPY", "%s", why);
		}
	}
	vmig_stream_free(&s);
}

/* A save takes a copy: the device goes on with what it has, and can be saved again. */
VMIG_TEST_TIMEOUT(fidelity, saving_takes_nothing, MINUTES)
{
	struct vmig_stream first = {}, again = {}, later = {};
	struct vmig_exercise *to = self->to;
	const char *why;

	CLAUSES(STRM_14, FSM_09);
	NEED_TARGET;
	save_pattern(&self->w, SEED, &first);
	why = vmig_check_pattern(&self->w, SEED);
	CHECK(FSM_09, !why, "a pattern, save, RUNNING again", "the pattern", "%s", why);
	vmig_save(self->dev, &again);
	vmig_set_state(self->dev, VFIO_DEVICE_STATE_RUNNING);
	save_pattern(&self->w, THIRD, &later);
	why = load_fault(to, &again, SEED, OTHER);
	CHECK(STRM_14, !why, "a pattern, save, RUNNING, save, load of the second", "the pattern",
	      "%s", why);
	why = load_fault(to, &later, THIRD, OTHER);
	CHECK(STRM_14, !why, "save, RUNNING, a new pattern, save, load of that", "the new pattern",
	      "%s", why);
	why = load_fault(to, &first, SEED, OTHER);
	CHECK(STRM_14, !why, "load of the first of three streams", "its pattern", "%s", why);
	vmig_stream_free(&first);
	vmig_stream_free(&again);
	vmig_stream_free(&later);
}

/* A load that was given up leaves nothing for the next one (H:1093). */
VMIG_TEST_TIMEOUT(fidelity, nothing_of_an_earlier_load, MINUTES)
{
	struct vmig_stream good = {}, other = {};
	struct vmig_exercise *to = self->to;
	struct vmig_fault fault;
	const char *why;
	int fd;

	CLAUSES(STRM_11);
	NEED_TARGET;
	NEED(!__vmig_reset(to->dev), "the device cannot be reset");
	save_pattern(&self->w, SEED, &good);
	save_pattern(&self->w, THIRD, &other);
	fd = enter_resuming(to, OTHER);
	fault = vmig_verify_write(fd, &other, 0, other.len / 2, &vmig_default_chunks);
	if (fault.found)
		vmig_test_error("half of a good stream: %s", fault.why);
	vmig_reset(to->dev);
	close(fd);
	vmig_recover_running(to->dev);
	why = load_fault(to, &good, SEED, OTHER);
	CHECK(STRM_11, !why, "half of a stream written, RESET, another stream loaded",
	      "the pattern of the other one", "%s", why);
	vmig_stream_free(&good);
	vmig_stream_free(&other);
}

/* The old data_fd, when the load is over: nothing that is written to it gets anywhere. */
VMIG_TEST_TIMEOUT(fidelity, late_write_goes_nowhere, MINUTES)
{
	struct vmig_stream good = {}, other = {};
	struct vmig_exercise *to = self->to;
	const char *why;
	int fd;

	CLAUSES(FD_07);
	NEED_TARGET;
	save_pattern(&self->w, SEED, &good);
	save_pattern(&self->w, THIRD, &other);
	fd = enter_resuming(to, OTHER);
	vmig_stream_write(fd, &good);
	vmig_set_state(to->dev, VFIO_DEVICE_STATE_STOP);
	vmig_write_all_unchecked(fd, other.data, other.len, VMIG_ONE_WRITE);
	vmig_set_state(to->dev, VFIO_DEVICE_STATE_RUNNING);
	vmig_write_all_unchecked(fd, other.data, other.len, VMIG_ONE_WRITE);
	close(fd);
	why = vmig_check_pattern(to, SEED);
	CHECK(FD_07, !why,
	      "a stream loaded, SET(STOP), another stream written to the old data_fd, RUNNING, the "
	      "same again",
	      "the pattern of the first one", "%s", why);
	vmig_stream_free(&good);
	vmig_stream_free(&other);
}

/* How much of what two streams differ in is in the saves that were made after each? */
static size_t followed(const struct vmig_stream *in, const struct vmig_stream *out, size_t *differ)
{
	size_t i, n = 0;

	*differ = 0;
	for (i = 0; i < in[0].len && i < in[1].len; i++) {
		if (in[0].data[i] == in[1].data[i])
			continue;
		++*differ;
		if (i < out[0].len && i < out[1].len && out[0].data[i] == in[0].data[i] &&
		    out[1].data[i] == in[1].data[i])
			n++;
	}
	return n;
}

/*
 * RESET out of a load (H:1102), with all but the last byte written and with all of it. What
 * the device has then is its own business; but it must not follow what was written.
 */
VMIG_TEST_TIMEOUT(fidelity, reset_discards_a_load, MINUTES)
{
	static const char *const how[] = { "half of it", "all but a byte", "all of it" };
	struct vmig_stream in[2] = {}, out[2] = {};
	struct vmig_exercise *to = self->to;
	size_t len, n, differ;
	unsigned int i, k;
	int fd;

	CLAUSES(RST_04);
	NEED_TARGET;
	NEED(!__vmig_reset(to->dev), "the device cannot be reset");
	for (k = 0; k < 2; k++)
		save_pattern(&self->w, SEED + k, &in[k]);
	for (i = 0; i < ARRAY_SIZE(how); i++) {
		for (k = 0; k < 2; k++) {
			len = i == 0 ? in[k].len / 2 : i == 1 ? in[k].len - 1 : in[k].len;
			fd = enter_resuming(to, OTHER);
			__vmig_stream_write(fd, in[k].data, len, &vmig_default_chunks, NULL);
			vmig_reset(to->dev);
			close(fd);
			vmig_recover_running(to->dev);
			vmig_save(to->dev, &out[k]);
			vmig_set_state(to->dev, VFIO_DEVICE_STATE_RUNNING);
		}
		n = followed(in, out, &differ);
		/* Some bytes are the same by rng. */
		CHECK(RST_04, n <= differ / 16,
		      vmig_fmt("a stream, %s written in RESUMING, RESET, save", how[i]),
		      "nothing of it in what is saved", "%zu of %zu bytes of the stream", n,
		      differ);
	}
	for (k = 0; k < 2; k++) {
		vmig_stream_free(&in[k]);
		vmig_stream_free(&out[k]);
	}
}

/* Some history, then always the same content, then a save. Left in RUNNING. */
static void save_after(struct vmig_exercise *w, const struct vmig_stream *content, uint32_t past,
		       struct vmig_stream *s)
{
	struct vmig_fault fault;
	int fd;

	save_pattern(w, past, s);
	fd = enter_resuming(w, past);
	fault = vmig_verify_write(fd, content, 0, content->len, &vmig_default_chunks);
	if (fault.found)
		vmig_test_error("a good stream: %s", fault.why);
	vmig_set_state(w->dev, VFIO_DEVICE_STATE_STOP);
	close(fd);
	vmig_save(w->dev, s);
	vmig_set_state(w->dev, VFIO_DEVICE_STATE_RUNNING);
}

static bool same(const struct vmig_stream *a, const struct vmig_stream *b)
{
	return a->len == b->len && !memcmp(a->data, b->data, a->len);
}

/*
 * Unused bytes of a stream are what the driver's buffer had there, if it does not clear them
 * (qat 5d504e65516d). They show where a save after one history is like every save after
 * that, and not like one after another history, though the device was loaded with the
 * same content each time.
 */
VMIG_TEST_TIMEOUT(fidelity, nothing_of_the_past, MINUTES)
{
	struct vmig_stream content = {}, after[4] = {};
	bool repeats;
	int i;

	CLAUSES(STRM_16);
	NEED_PATTERN;
	NEED(!variant->two, "one device is enough");
	save_pattern(&self->w, SEED, &content);
	/* Once for nothing, so that all have the same number of sessions behind them. */
	save_after(&self->w, &content, OTHER, &after[0]);
	for (i = 0; i < 4; i++)
		save_after(&self->w, &content, i & 1 ? THIRD : OTHER, &after[i]);
	repeats = same(&after[0], &after[2]) && same(&after[1], &after[3]);
	if (repeats)
		CHECK(STRM_16, same(&after[0], &after[1]),
		      "one pattern saved, or another one; then the same stream loaded, and a save",
		      "the same bytes, whatever was in the device before",
		      "others, and the same for the same pattern again");
	vmig_stream_free(&content);
	for (i = 0; i < 4; i++)
		vmig_stream_free(&after[i]);
	NEED(repeats, "saves of the same content after the same history differ, so that nothing "
		      "can be told from them");
}

/*
 * The buffer of a driver that lives as long as the binding holds what the last user saved.
 * Whoever opens the device next, and loads nothing, must not find that in it.
 */
VMIG_TEST_TIMEOUT(fidelity, nothing_of_another_user, MINUTES)
{
	struct vmig_dev_id id = self->dev->id;
	struct vmig_stream s = {};
	bool found = false;
	const char *why;
	int fd, ret;

	CLAUSES(RES_13, OPEN_03);
	NEED_PATTERN;
	NEED(!variant->two, "one device is enough");
	save_pattern(&self->w, SEED, &s);
	vmig_stream_free(&s);
	vmig_exercise_end(&self->w);
	vmig_close(self->dev);
	self->dev = vmig_open(&id, variant->uapi);
	vmig_exercise_begin(&self->w, self->dev);
	fd = vmig_goto_state(self->dev, VFIO_DEVICE_STATE_RESUMING);
	ret = __vmig_set_state(self->dev, VFIO_DEVICE_STATE_STOP, NULL);
	if (!ret && !__vmig_set_state(self->dev, VFIO_DEVICE_STATE_RUNNING, NULL))
		found = !self->w.ops->check_pattern(&self->w, SEED, &why);
	CHECK(RES_13, !found,
	      "a pattern, save, close; open, RESUMING, nothing written, SET(STOP), SET(RUNNING)",
	      "nothing of the former user", "the device has what the former user had in it");
	CHECK(OPEN_03, !found, "the same", "nothing of the former user",
	      "the device has what the former user had in it");
	vmig_close_data_fd(fd);
	vmig_recover_running(self->dev);
}

/* Interrupts are set up by the VMM of each side: they must fire where the device goes. */
VMIG_TEST_TIMEOUT(fidelity, interrupt_fires_after_the_move, MINUTES)
{
	struct vmig_exercise *to = self->to;
	struct vmig_stream s = {};
	const char *why;
	int irq, ret;

	CLAUSES(STRM_11);
	NEED_TARGET;
	NEED_IRQ;
	save_pattern(&self->w, SEED, &s);
	irq = vmig_irq_listen(to);
	why = load(to, &s, OTHER, &vmig_default_chunks);
	CHECK(STRM_11, !why, "save, load", "all of it works", "%s", why);
	if (!why) {
		vmig_eventfd_wait(irq, 0);
		ret = to->ops->irq_raise(to, 0);
		CHECK(STRM_11, !ret && vmig_eventfd_wait(irq, VMIG_EXERCISE_MS),
		      "an eventfd set up before the load, an interrupt asked for after it",
		      "it is signalled", "%s", ret ? vmig_errno_name(ret) : "it is not");
	}
	vmig_irq_end(to, irq);
	vmig_stream_free(&s);
}

VMIG_MAIN("fidelity")
