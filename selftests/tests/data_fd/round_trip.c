// SPDX-License-Identifier: GPL-2.0-only
/*
 * STRM: a device state, out and in again.
 *
 * On one device and over two of the same type, along every path through the saving
 * group, given up in the middle, and several times. What the state means is not known
 * here: a stream is good if the device takes it, and if what it gives afterwards is what
 * it gives after any other load (see transfer.h).
 */
#include <errno.h>
#include <string.h>

#include "second_device.h"
#include "session_check.h"
#include "vmig_harness.h"

VMIG_FIXTURE(round_trip);

#define GENERATIONS 3

/* Plain save and load, over and over: the stream of a restored device can be restored too. */
VMIG_TEST_TIMEOUT(round_trip, same_device, 120)
{
	struct vmig_stream s[GENERATIONS] = {};
	const char *did;
	int i, fd, ret;

	CLAUSES(STRM_11);
	for (i = 0; i < GENERATIONS; i++) {
		vmig_save(self->dev, &s[i]);
		did = vmig_fmt("save and load, round %d", i + 1);
		fd = vmig_goto_state(self->dev, VFIO_DEVICE_STATE_RESUMING);
		ret = __vmig_stream_write(fd, s[i].data, s[i].len, &vmig_default_chunks, NULL);
		CHECK_OK(STRM_11, ret, vmig_fmt("%s, write()", did));
		ret = __vmig_set_state(self->dev, VFIO_DEVICE_STATE_STOP, NULL);
		close(fd);
		if (!CHECK_OK(STRM_11, ret, vmig_fmt("%s, SET(STOP)", did)))
			break;
		ret = __vmig_set_state(self->dev, VFIO_DEVICE_STATE_RUNNING, NULL);
		CHECK_OK(STRM_11, ret, vmig_fmt("%s, SET(RUNNING)", did));
	}
	if (i == GENERATIONS)
		vmig_note(STRM_11, "the stream of a restored device is %s",
			  s[0].len == s[1].len && !memcmp(s[0].data, s[1].data, s[0].len)
				  ? "the one it was restored from"
				  : "another one");
	for (i = 0; i < GENERATIONS; i++)
		vmig_stream_free(&s[i]);
}

/* What migration is for (H:1155), and back. */
VMIG_TEST_TIMEOUT(round_trip, second_device, 120)
{
	struct vmig_reference control, control2;
	struct vmig_device *second;
	struct vmig_stream s = {};
	struct vmig_fault fault;
	const char *why;

	CLAUSES(STRM_11);
	second = vmig_open_second(self->dev, &why);
	NEED(second, "%s", why);
	vmig_reference_save(self->dev, &control);
	vmig_reference_save(second, &control2);
	/* Nothing says that two devices give the same bytes: only that the stream loads. */
	control.repeats = false;
	control2.repeats = false;
	fault = vmig_verify_load(second, &control2, &control.stream, &vmig_default_chunks);
	CHECK(STRM_11, !fault.found, "the stream of another device of this type", "a good load",
	      "%s", fault.why);
	if (!fault.found) {
		vmig_save(second, &s);
		fault = vmig_verify_load(self->dev, &control, &s, &vmig_default_chunks);
		CHECK(STRM_11, !fault.found,
		      "a stream that went to another device and came back from it", "a good load",
		      "%s", fault.why);
	}
	vmig_reference_restore(second, &control2);
	vmig_set_state(second, VFIO_DEVICE_STATE_RUNNING);
	vmig_close(second);
	vmig_stream_free(&s);
	vmig_stream_free(&control.stream);
	vmig_stream_free(&control2.stream);
}

/* The second device and its control, for a trial with two. */
struct other {
	struct vmig_device *dev;
	struct vmig_reference control;
};

/* How much is moved at a time where sessions take turns. */
static size_t piece_of(size_t len)
{
	len = len / 13 + 1;
	return len < (1 << 20) ? len : 1 << 20;
}

/* Read so much more of a session. Returns whether it may go on. */
static bool read_piece(int fd, struct vmig_stream *s, const struct vmig_reference *control)
{
	return !__vmig_stream_read_some(fd, s, piece_of(control->stream.len), &vmig_default_chunks);
}

/* Two devices are read, in turns or one after the other. */
static struct vmig_fault save_both(struct vmig_device *dev, struct vmig_reference *control,
				   const void *arg, bool with)
{
	struct other *other = (void *)arg;
	struct vmig_stream s = {}, s2 = {};
	struct vmig_fault fault, fault2;
	int fd, fd2 = -1;

	fd = vmig_goto_state(dev, VFIO_DEVICE_STATE_STOP_COPY);
	if (with)
		fd2 = vmig_goto_state(other->dev, VFIO_DEVICE_STATE_STOP_COPY);
	while (read_piece(fd, &s, control))
		if (with)
			read_piece(fd2, &s2, &other->control);
	fault = vmig_verify_finish_save(dev, fd, &s, control, &vmig_default_chunks);
	if (!with) {
		fd2 = vmig_goto_state(other->dev, VFIO_DEVICE_STATE_STOP_COPY);
		while (read_piece(fd2, &s2, &other->control))
			;
	}
	fault2 = vmig_verify_finish_save(other->dev, fd2, &s2, &other->control,
					 &vmig_default_chunks);
	if (fault2.found)
		vmig_reference_restore(other->dev, &other->control);
	vmig_stream_free(&s);
	vmig_stream_free(&s2);
	if (fault.found || !fault2.found)
		return fault;
	fault = vmig_fault("the second device: %s", fault2.why);
	fault.content = fault2.content;
	return fault;
}

/* One device is read and what comes is written to the other at once, or afterwards. */
static struct vmig_fault save_and_load(struct vmig_device *dev, struct vmig_reference *control,
				       const void *arg, bool with)
{
	struct other *other = (void *)arg;
	struct vmig_stream s = {};
	struct vmig_fault fault = {};
	int from, to = -1, ret;
	size_t at = 0, end;
	bool more;

	from = vmig_goto_state(dev, VFIO_DEVICE_STATE_STOP_COPY);
	if (with)
		to = vmig_goto_state(other->dev, VFIO_DEVICE_STATE_RESUMING);
	do {
		more = read_piece(from, &s, control);
		if (!with)
			continue;
		fault = vmig_verify_write(to, &s, at, s.len, &vmig_default_chunks);
		at = s.len;
	} while (more && !fault.found);
	vmig_set_state(dev, VFIO_DEVICE_STATE_STOP);
	close(from);
	if (!with)
		to = vmig_goto_state(other->dev, VFIO_DEVICE_STATE_RESUMING);
	for (; at < s.len && !fault.found; at = end) {
		end = s.len - at < piece_of(s.len) ? s.len : at + piece_of(s.len);
		fault = vmig_verify_write(to, &s, at, end, &vmig_default_chunks);
	}
	if (!fault.found) {
		ret = __vmig_set_state(other->dev, VFIO_DEVICE_STATE_STOP, NULL);
		if (ret)
			fault = vmig_fault("SET(STOP) of the second device: %s",
					   vmig_errno_name(ret));
	}
	close(to);
	vmig_reference_restore(other->dev, &other->control);
	vmig_stream_free(&s);
	return fault;
}

static void judge_both(struct vmig_device *dev, struct vmig_device *second, vmig_scenario scenario,
		       const char *did)
{
	struct other other = { .dev = second };
	struct vmig_reference control;

	vmig_reference_save(dev, &control);
	vmig_reference_save(second, &other.control);
	vmig_check_against_reference(STRM_11, dev, &control, scenario, &other, did);
	vmig_set_state(second, VFIO_DEVICE_STATE_RUNNING);
	vmig_close(second);
	vmig_stream_free(&control.stream);
	vmig_stream_free(&other.control.stream);
}

/* A VMM saves all its devices at once; drivers share buffers and workers among them. */
VMIG_TEST_TIMEOUT(round_trip, two_saves_in_turns, 120)
{
	struct vmig_device *second;
	const char *why;

	CLAUSES(STRM_11);
	second = vmig_open_second(self->dev, &why);
	NEED(second, "%s", why);
	judge_both(self->dev, second, save_both, "two devices in STOP_COPY, read in turns");
}

/* As it goes over the wire: the target loads while the source still saves. */
VMIG_TEST_TIMEOUT(round_trip, save_and_load_in_turns, 120)
{
	struct vmig_device *second;
	const char *why;

	CLAUSES(STRM_11);
	second = vmig_open_second(self->dev, &why);
	NEED(second, "%s", why);
	judge_both(self->dev, second, save_and_load,
		   "one device read in STOP_COPY, the other written in RESUMING, in turns");
}

/* A migration that failed on the other side: the source goes on, and is tried again. */
static void check_second_save(struct vmig_device *dev, uint32_t between)
{
	struct vmig_reference control = {};
	struct vmig_fault fault;

	vmig_save(dev, &control.stream);
	vmig_set_state(dev, between);
	fault = vmig_verify_save(dev, &control);
	CHECK(STRM_14, !fault.found, vmig_fmt("save, %s, save again", vmig_state_name(between)),
	      "a good stream", "%s", fault.why);
	vmig_stream_free(&control.stream);
}

TEST_F(round_trip, saved_twice_in_stop)
{
	CLAUSES(STRM_14);
	check_second_save(self->dev, VFIO_DEVICE_STATE_STOP);
}

TEST_F(round_trip, saved_run_and_saved)
{
	CLAUSES(STRM_14);
	check_second_save(self->dev, VFIO_DEVICE_STATE_RUNNING);
}

/* Paths through the saving group, and how much is read on the way. */
enum amount { NOTHING, ONE_BYTE, HALF, ALL };

#define MAX_VIA 5

/* @via is ended by ERROR, which is 0 and no state that is walked through. */
VMIG_FIXTURE_OF(path, uint32_t via[MAX_VIA + 1]; enum amount amount;);

#define ADD_PATH(name_, amount_, ...)                                                              \
	VMIG_VARIANT(path, cdev_##name_, .uapi = VMIG_UAPI_CDEV, .via = { __VA_ARGS__ },           \
		     .amount = amount_);                                                           \
	VMIG_VARIANT(path, group_##name_, .uapi = VMIG_UAPI_GROUP, .via = { __VA_ARGS__ },         \
		     .amount = amount_)

#define P2P VFIO_DEVICE_STATE_RUNNING_P2P
#define PC VFIO_DEVICE_STATE_PRE_COPY
#define PCP VFIO_DEVICE_STATE_PRE_COPY_P2P

ADD_PATH(directly, NOTHING, VFIO_DEVICE_STATE_ERROR);
ADD_PATH(over_RUNNING_P2P, NOTHING, P2P);
ADD_PATH(PRE_COPY_unread, NOTHING, PC);
ADD_PATH(PRE_COPY_one_byte_read, ONE_BYTE, PC);
ADD_PATH(PRE_COPY_half_read, HALF, PC);
ADD_PATH(PRE_COPY_all_read, ALL, PC);
ADD_PATH(PRE_COPY_P2P_unread, NOTHING, PCP);
ADD_PATH(PRE_COPY_P2P_all_read, ALL, PCP);
ADD_PATH(back_and_forth_unread, NOTHING, PC, PCP, PC, PCP, PC);
ADD_PATH(back_and_forth_one_byte_each, ONE_BYTE, PC, PCP, PC, PCP, PC);

/* In PRE_COPY a device that keeps changing may have more for ever. */
#define ALL_MAX (64 << 20)

static struct vmig_fault read_on_the_way(int fd, struct vmig_stream *s, enum amount amount)
{
	struct vfio_precopy_info info;

	switch (amount) {
	case ONE_BYTE:
		return vmig_verify_some(fd, s, 1);
	case HALF:
		if (__vmig_precopy_info(fd, &info))
			info.initial_bytes = 0;
		return vmig_verify_some(fd, s, info.initial_bytes / 2 + 1);
	case ALL:
		return vmig_verify_some(fd, s, ALL_MAX);
	case NOTHING:
		break;
	}
	return VMIG_NO_FAULT;
}

/* @piece: how much came in each state, so that the same can be asked for in STOP_COPY */
struct way_through {
	const uint32_t *via;
	enum amount amount;
	size_t piece[MAX_VIA];
};

/* From RUNNING by the way, and the rest in STOP_COPY; or all of it there, in the same pieces. */
static struct vmig_fault save_on_the_way(struct vmig_device *dev, struct vmig_reference *control,
					 const void *arg, bool with)
{
	struct way_through *way = (void *)arg;
	struct vmig_stream s = {};
	int fd = -1, new_fd, i;
	struct vmig_fault fault = {};
	size_t had;

	vmig_set_state(dev, VFIO_DEVICE_STATE_RUNNING);
	if (!with)
		fd = vmig_goto_state(dev, VFIO_DEVICE_STATE_STOP_COPY);
	for (i = 0; way->via[i] && !fault.found; i++) {
		new_fd = with ? vmig_set_state(dev, way->via[i]) : -1;
		if (new_fd >= 0)
			fd = new_fd;
		if (fd < 0)
			continue;
		had = s.len;
		if (with)
			fault = read_on_the_way(fd, &s, way->amount);
		else
			fault = vmig_verify_some(fd, &s, way->piece[i]);
		way->piece[i] = s.len - had;
	}
	new_fd = with ? vmig_set_state(dev, VFIO_DEVICE_STATE_STOP_COPY) : -1;
	if (new_fd >= 0)
		fd = new_fd;
	if (fd < 0)
		vmig_test_error("no SET on the way returned a data_fd");
	return vmig_verify_rest_of_save(dev, fd, &s, control, fault);
}

/* What one fd gives is complete, whatever was read when (H:1121). */
VMIG_TEST_TIMEOUT(path, complete, 120)
{
	struct way_through way = { .via = variant->via, .amount = variant->amount };
	struct vmig_reference control;
	int i;

	CLAUSES(STRM_12);
	for (i = 0; variant->via[i]; i++)
		NEED_STATE(variant->via[i]);
	vmig_reference_save(self->dev, &control);
	vmig_check_against_reference(STRM_12, self->dev, &control, save_on_the_way, &way,
				     vmig_fmt("save %s", variant->name));
	vmig_stream_free(&control.stream);
}

/* A save that is given up: cancelled by the user, or the network went. */
VMIG_FIXTURE_OF(given_up, uint32_t state;);

VMIG_VARIANT(given_up, cdev_STOP_COPY, .uapi = VMIG_UAPI_CDEV,
	     .state = VFIO_DEVICE_STATE_STOP_COPY);
VMIG_VARIANT(given_up, cdev_PRE_COPY, .uapi = VMIG_UAPI_CDEV, .state = PC);
VMIG_VARIANT(given_up, cdev_PRE_COPY_P2P, .uapi = VMIG_UAPI_CDEV, .state = PCP);
VMIG_VARIANT(given_up, group_STOP_COPY, .uapi = VMIG_UAPI_GROUP,
	     .state = VFIO_DEVICE_STATE_STOP_COPY);
VMIG_VARIANT(given_up, group_PRE_COPY, .uapi = VMIG_UAPI_GROUP, .state = PC);
VMIG_VARIANT(given_up, group_PRE_COPY_P2P, .uapi = VMIG_UAPI_GROUP, .state = PCP);

struct giving_up {
	uint32_t state; /* where */
	uint32_t to; /* what is asked for then */
	bool close_first; /* the data_fd is closed before */
	size_t at; /* after so many bytes */
};

/* Give up after so much was read, and see whether the device can be saved. */
static struct vmig_fault give_up(struct vmig_device *dev, struct vmig_reference *control,
				 const void *arg, bool with)
{
	const struct giving_up *how = arg;
	struct vmig_stream s = {};
	struct vmig_fault fault;
	int fd, ret;

	if (!with)
		return vmig_verify_save(dev, control);
	vmig_set_state(dev, VFIO_DEVICE_STATE_RUNNING);
	fd = vmig_goto_state(dev, how->state);
	fault = vmig_verify_some(fd, &s, how->at);
	vmig_stream_free(&s);
	if (how->close_first)
		close(fd);
	ret = __vmig_set_state(dev, how->to, NULL);
	if (!how->close_first)
		close(fd);
	if (fault.found)
		return fault;
	if (ret)
		return vmig_fault("SET(%s): %s", vmig_state_name(how->to), vmig_errno_name(ret));
	return vmig_verify_save(dev, control);
}

static void check_given_up(struct vmig_device *dev, uint32_t state, uint32_t to, bool close_first)
{
	struct giving_up how = { .state = state, .to = to, .close_first = close_first };
	struct vmig_reference control;
	size_t at[5];
	int i;

	vmig_reference_save_quick(dev, &control);
	at[0] = 0;
	at[1] = 1;
	at[2] = control.stream.len / 2;
	at[3] = control.stream.len - 1;
	at[4] = control.stream.len;
	for (i = 0; i < 5; i++) {
		how.at = at[i];
		vmig_check_against_reference(STRM_15, dev, &control, give_up, &how,
					     vmig_fmt("%s, up to %zu bytes read, %sSET(%s)",
						      vmig_state_name(state), how.at,
						      close_first ? "data_fd closed, " : "",
						      vmig_state_name(to)));
	}
	vmig_stream_free(&control.stream);
}

VMIG_TEST_TIMEOUT(given_up, run_again, 120)
{
	CLAUSES(STRM_15);
	NEED_STATE(variant->state);
	check_given_up(self->dev, variant->state, VFIO_DEVICE_STATE_RUNNING, false);
}

VMIG_TEST_TIMEOUT(given_up, closed_and_run_again, 120)
{
	CLAUSES(STRM_15);
	NEED_STATE(variant->state);
	check_given_up(self->dev, variant->state, VFIO_DEVICE_STATE_RUNNING, true);
}

VMIG_TEST_TIMEOUT(given_up, stopped, 120)
{
	CLAUSES(STRM_15);
	NEED_STATE(variant->state);
	check_given_up(self->dev, variant->state, VFIO_DEVICE_STATE_STOP, false);
}

VMIG_MAIN("round_trip")
