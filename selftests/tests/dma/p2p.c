// SPDX-License-Identifier: GPL-2.0-only
/*
 * P2P, and what saving must not do to the device: QUI-09, QUI-10, PRE-16, PRE-17,
 * FSM-09, FSM-10, and two devices moved as QEMU moves them: every device is in a *_P2P
 * state before the first one leaves it for STOP or STOP_COPY, so that no device is
 * stopped while another one may still do DMA to it (H:1178).
 *
 * Whether DMA really is held and let go (QUI-07, QUI-08, QUI-11) needs a device that
 * can be made to do some.
 */
#include <errno.h>

#include <vmig/info.h>
#include "guest_access.h"
#include "load_attempt.h"
#include "fixture_states.h"
#include "round_trip_check.h"
#include "second_device.h"
#include "session_check.h"

VMIG_FIXTURE(p2p);
VMIG_FIXTURE_STATES(p2p_in, VMIG_VARIANTS_P2P);
VMIG_FIXTURE(saving);

/* "The device is partially running": a guest's vCPU may still ring a doorbell (S2). */
TEST_F(p2p_in, regions_answer)
{
	const char *where = vmig_state_name(variant->state);
	struct vmig_access before;
	int fd;

	CLAUSES(QUI_09);
	NEED_STATE(variant->state);
	vmig_access_take(self->dev, &before);
	fd = vmig_goto_state(self->dev, variant->state);
	vmig_judge_regions(QUI_09, self->dev, &before, where);
	vmig_judge_config(QUI_09, self->dev, &before, where);
	vmig_close_data_fd(fd);
}

TEST_F(p2p_in, interrupts_can_be_set_up)
{
	struct vmig_access before;
	int fd;

	CLAUSES(QUI_09);
	NEED_STATE(variant->state);
	vmig_access_take(self->dev, &before);
	NEED(before.interrupts, "the device has no interrupt that can be enabled in RUNNING");
	fd = vmig_goto_state(self->dev, variant->state);
	vmig_judge_interrupts(QUI_09, self->dev, &before, vmig_state_name(variant->state));
	vmig_close_data_fd(fd);
}

/* Visit each interrupt that can be enabled: the loop body has `i` and eventfd `fd`. */
#define for_each_interrupt(dev, access, i, fd)                                                     \
	for ((i) = 0; (i) < 32; (i)++)                                                             \
		if ((access)->interrupts & 1U << (i))                                              \
			for ((fd) = enable_interrupt(dev, i); (fd) >= 0;                           \
			     __vmig_irq_disable(dev, i), close(fd), (fd) = -1)

static int enable_interrupt(struct vmig_device *dev, uint32_t index)
{
	int fd = vmig_eventfd();
	int ret = __vmig_irq_enable(dev, index, fd);

	if (ret)
		vmig_test_error("enabling interrupt %u failed: %s", index, vmig_errno_name(ret));
	return fd;
}

/* Only peer to peer DMA is held, so an interrupt here is no fault, and none is either. */
TEST_F(p2p_in, interrupts_are_allowed)
{
	struct vmig_access access;
	int fd, data_fd;
	uint32_t i;

	CLAUSES(QUI_10);
	NEED_STATE(variant->state);
	vmig_access_take(self->dev, &access);
	NEED(access.interrupts, "the device has no interrupt that can be enabled in RUNNING");
	for_each_interrupt(self->dev, &access, i, fd) {
		data_fd = vmig_goto_state(self->dev, variant->state);
		vmig_note(QUI_10, "interrupt %u %s in %s of an idle device", i,
			  vmig_eventfd_fired(fd) ? "was signalled" : "was silent",
			  vmig_state_name(variant->state));
		vmig_close_data_fd(data_fd);
		vmig_set_state(self->dev, VFIO_DEVICE_STATE_RUNNING);
	}
}

/* Some of a session's stream, as much as a device has before it is stopped. */
#define SOME 16

/* SET that must stay in the session; returns the fault, if any. */
static struct vmig_fault move_on(struct vmig_device *dev, uint32_t to)
{
	int fd = -1, ret = __vmig_set_state(dev, to, &fd);
	uint32_t state = vmig_get_state(dev);

	if (ret)
		return vmig_fault("SET(%s): %s", vmig_state_name(to), vmig_errno_name(ret));
	if (state == to && fd == -1)
		return VMIG_NO_FAULT;
	vmig_close_data_fd(fd);
	return vmig_fault("SET(%s): state %s, data_fd %d", vmig_state_name(to),
			  vmig_state_name(state), fd);
}

static struct vmig_fault use_pre_copy(int fd, struct vmig_stream *s)
{
	struct vfio_precopy_info info;
	int ret = __vmig_precopy_info(fd, &info);

	if (ret)
		return vmig_fault("VFIO_MIG_GET_PRECOPY_INFO: %s", vmig_errno_name(ret));
	return vmig_verify_some(fd, s, SOME);
}

/**
 * struct detour - states to go through between PRE_COPY and STOP_COPY
 * @states: the states
 * @count: their number
 */
struct detour {
	uint32_t states[6];
	unsigned int count;
};

static struct vmig_fault take_detour(struct vmig_device *dev, struct vmig_reference *control,
				     const void *arg, bool with)
{
	int fd = vmig_goto_state(dev, VFIO_DEVICE_STATE_PRE_COPY);
	const struct detour *detour = arg;
	struct vmig_stream s = {};
	struct vmig_fault fault;
	unsigned int i;

	fault = use_pre_copy(fd, &s);
	for (i = 0; with && !fault.found && i < detour->count; i++) {
		fault = move_on(dev, detour->states[i]);
		if (!fault.found)
			fault = use_pre_copy(fd, &s);
		if (fault.found)
			fault = vmig_fault("in %s, %s", vmig_state_name(detour->states[i]),
					   fault.why);
	}
	return vmig_verify_rest_of_save(dev, fd, &s, control, fault);
}

/*
 * The switchover: QEMU stops the vCPUs in PRE_COPY, moves to PRE_COPY_P2P, asks for the
 * info once more, and goes on reading where it was.
 */
VMIG_TEST_TIMEOUT(p2p, pre_copy_goes_on_in_pre_copy_p2p, 60)
{
	static const struct detour detour = { { VFIO_DEVICE_STATE_PRE_COPY_P2P }, 1 };

	CLAUSES(PRE_16);
	NEED_STATE(VFIO_DEVICE_STATE_PRE_COPY_P2P);
	vmig_judge_once(
		PRE_16, self->dev, take_detour, &detour,
		"PRE_COPY -> PRE_COPY_P2P -> STOP_COPY, info and some of the stream in each");
}

/* A switchover that takes too long is called off, and the vCPUs go on. */
VMIG_TEST_TIMEOUT(p2p, back_to_pre_copy, 60)
{
	static const struct detour detour = {
		{ VFIO_DEVICE_STATE_PRE_COPY_P2P, VFIO_DEVICE_STATE_PRE_COPY,
		  VFIO_DEVICE_STATE_PRE_COPY_P2P, VFIO_DEVICE_STATE_PRE_COPY },
		4
	};

	CLAUSES(PRE_17);
	NEED_STATE(VFIO_DEVICE_STATE_PRE_COPY_P2P);
	vmig_judge_once(PRE_17, self->dev, take_detour, &detour,
			"PRE_COPY -> PRE_COPY_P2P and back, twice, then STOP_COPY");
}

TEST_F(p2p, regions_answer_back_in_pre_copy)
{
	struct vmig_access before;
	int fd;

	CLAUSES(PRE_17);
	NEED_STATE(VFIO_DEVICE_STATE_PRE_COPY_P2P);
	vmig_access_take(self->dev, &before);
	fd = vmig_goto_state(self->dev, VFIO_DEVICE_STATE_PRE_COPY_P2P);
	vmig_set_state(self->dev, VFIO_DEVICE_STATE_PRE_COPY);
	vmig_judge_regions(PRE_17, self->dev, &before, "PRE_COPY again");
	vmig_judge_config(PRE_17, self->dev, &before, "PRE_COPY again");
	close(fd);
}

/* Bit n: interrupt n, enabled here, signals its eventfd when it is triggered. */
static uint32_t interrupts_that_fire(struct vmig_device *dev, const struct vmig_access *access)
{
	uint32_t fire = 0, i;
	int fd;

	for_each_interrupt(dev, access, i, fd) {
		__vmig_irq_trigger(dev, i);
		if (vmig_eventfd_fired(fd))
			fire |= 1U << i;
	}
	return fire;
}

static void check_operation(struct vmig_device *dev, struct vmig_access *before, uint32_t from,
			    uint32_t to)
{
	const char *where = vmig_state_name(to);
	uint32_t fire, i;
	int fd, data_fd;

	vmig_close_data_fd(vmig_goto_state(dev, from));
	fire = interrupts_that_fire(dev, before);
	for_each_interrupt(dev, before, i, fd) {
		data_fd = vmig_set_state(dev, to);
		__vmig_irq_trigger(dev, i);
		if (fire & 1U << i)
			CHECK(FSM_10, vmig_eventfd_fired(fd),
			      vmig_fmt("trigger in %s of interrupt %u, enabled in %s", where, i,
				       vmig_state_name(from)),
			      vmig_fmt("its eventfd is signalled, as in %s", vmig_state_name(from)),
			      "it is not");
		vmig_close_data_fd(data_fd);
		vmig_set_state(dev, from);
	}
	data_fd = vmig_set_state(dev, to);
	vmig_judge_config(FSM_10, dev, before, where);
	if (to != VFIO_DEVICE_STATE_STOP_COPY)
		vmig_judge_regions(FSM_10, dev, before, where);
	vmig_close_data_fd(data_fd);
	vmig_set_state(dev, VFIO_DEVICE_STATE_RUNNING);
}

/*
 * "Each arc does not change the device operation" (H:1132): what a guest sees of its
 * device must not tell it that it is being moved. Seen from outside: registers answer
 * and interrupts that were set up stay so, over each of the three arcs.
 */
TEST_F(saving, leaves_operation_alone)
{
	static const uint32_t arcs[][2] = {
		{ VFIO_DEVICE_STATE_RUNNING, VFIO_DEVICE_STATE_PRE_COPY },
		{ VFIO_DEVICE_STATE_RUNNING_P2P, VFIO_DEVICE_STATE_PRE_COPY_P2P },
		{ VFIO_DEVICE_STATE_STOP, VFIO_DEVICE_STATE_STOP_COPY },
	};
	struct vmig_access before;
	unsigned int i;

	CLAUSES(FSM_10);
	vmig_access_take(self->dev, &before);
	for (i = 0; i < ARRAY_SIZE(arcs); i++)
		if (vmig_state_offered(self->flags, arcs[i][1]))
			check_operation(self->dev, &before, arcs[i][0], arcs[i][1]);
}

static bool same(const struct vmig_stream *a, const struct vmig_stream *b)
{
	return a->len == b->len && !memcmp(a->data, b->data, a->len);
}

/*
 * Load content that a device which was emptied would not have, where it takes any: the
 * stream with its last byte changed, else the stream as it is. Left in STOP.
 */
static void load_content(struct vmig_device *dev, const struct vmig_stream *good, bool resets,
			 struct vmig_stream *content)
{
	struct vmig_attempt a;

	vmig_stream_copy(content, good);
	/* A stream that is refused leaves no way out of RESUMING but a reset (H:1102). */
	if (!resets) {
		vmig_load(dev, content);
		return;
	}
	content->data[content->len - 1] ^= 0xff;
	a = vmig_load_unchecked(dev, content->data, content->len, VMIG_ONE_WRITE,
				VFIO_DEVICE_STATE_STOP);
	if (!vmig_load_rejected(&a))
		return;
	vmig_leave_attempt(dev);
	vmig_stream_copy(content, good);
	vmig_load(dev, content);
}

/*
 * A save takes a copy of the state. Without knowing what a stream means it shows on a
 * device that, stopped, gives a loaded stream back unchanged, and the saves after the
 * next one alike: then the one in between is not like them because of a save.
 */
VMIG_TEST_TIMEOUT(saving, takes_nothing_from_the_device, 120)
{
	struct vmig_stream good = {}, content = {}, saves[3] = {};
	bool resets = vmig_can_reset(self->dev), repeats;
	int i;

	CLAUSES(FSM_09);
	vmig_save(self->dev, &good);
	NEED(good.len, "a save gives no bytes");
	load_content(self->dev, &good, resets, &content);
	for (i = 0; i < 3; i++)
		vmig_save(self->dev, &saves[i]);
	vmig_restore_state(self->dev, &good);
	repeats = same(&content, &saves[0]) && same(&saves[1], &saves[2]);
	if (repeats)
		CHECK(FSM_09, same(&saves[0], &saves[1]),
		      "STOP_COPY -> STOP -> STOP_COPY after a load and a save",
		      "the stream that was loaded, as in the first save",
		      "another one, of %zu bytes", saves[1].len);
	for (i = 0; i < 3; i++)
		vmig_stream_free(&saves[i]);
	vmig_stream_free(&content);
	vmig_stream_free(&good);
	NEED(repeats, "saves of the stopped device differ, so that its content cannot be compared");
}

/* The device under test and one of the same type. */
FIXTURE(p2p_two)
{
	VMIG_FIXTURE_DATA;
	struct vmig_device *devs[2];
	const char *why_alone;
};

FIXTURE_VARIANT(p2p_two)
{
	VMIG_VARIANT_DATA;
};

VMIG_VARIANTS_UAPIS(p2p_two);

FIXTURE_SETUP(p2p_two)
{
	VMIG_SETUP(true);
	self->devs[0] = self->dev;
	self->devs[1] = vmig_open_second(self->dev, &self->why_alone);
}

FIXTURE_TEARDOWN(p2p_two)
{
	if (self->devs[1])
		vmig_recover_running(self->devs[1]);
	vmig_close(self->devs[1]);
	VMIG_TEARDOWN();
}

static const char *const which[] = { "the first device", "the second device" };

/**
 * struct both - two devices on their way
 * @devs: the devices
 * @states: which each one must be in
 * @fds: the session of each one, -1 without one
 */
struct both {
	struct vmig_device **devs;
	uint32_t states[2];
	int fds[2];
};

static void begin_both(struct both *b, struct vmig_device **devs)
{
	int i;

	b->devs = devs;
	for (i = 0; i < 2; i++) {
		b->states[i] = VFIO_DEVICE_STATE_RUNNING;
		b->fds[i] = -1;
	}
}

/* Move one; then both must be where they are to be. */
static bool move_one(struct both *b, uint64_t flags, int i, uint32_t to)
{
	struct vmig_transition t;
	uint32_t state;
	int fd = -1, k;
	bool ok;

	vmig_transition(flags, b->states[i], to, &t);
	ok = CHECK_OK(FSM_01, __vmig_set_state(b->devs[i], to, &fd),
		      vmig_fmt("SET(%s) of %s in %s", vmig_state_name(to), which[i],
			       vmig_state_name(b->states[i])));
	if (!ok)
		return false;
	ok = CHECK(FD_02, t.opens == (fd >= 0),
		   vmig_fmt("data_fd of SET(%s) of %s in %s", vmig_state_name(to), which[i],
			    vmig_state_name(b->states[i])),
		   t.opens ? "a new one" : "-1", "%d", fd);
	if (t.closes || t.opens) {
		vmig_close_data_fd(b->fds[i]);
		b->fds[i] = fd;
	} else {
		vmig_close_data_fd(fd);
	}
	b->states[i] = to;
	for (k = 0; k < 2; k++) {
		state = vmig_get_state(b->devs[k]);
		ok &= CHECK(ST_10, state == b->states[k],
			    vmig_fmt("GET of %s after SET(%s) of %s", which[k], vmig_state_name(to),
				     which[i]),
			    vmig_state_name(b->states[k]), "state %s", vmig_state_name(state));
	}
	return ok;
}

static bool move_both(struct both *b, uint64_t flags, uint32_t to)
{
	return move_one(b, flags, 0, to) && move_one(b, flags, 1, to);
}

static void end_both(struct both *b)
{
	vmig_close_data_fd(b->fds[0]);
	vmig_close_data_fd(b->fds[1]);
}

/* QEMU's switchover on the source (vfio_vmstate_change_prepare(), vfio_vmstate_change()). */
static bool switch_over(struct both *b, uint64_t flags)
{
	bool pre_copy = vmig_state_offered(flags, VFIO_DEVICE_STATE_PRE_COPY_P2P);

	if (pre_copy && !move_both(b, flags, VFIO_DEVICE_STATE_PRE_COPY))
		return false;
	return move_both(b, flags,
			 pre_copy ? VFIO_DEVICE_STATE_PRE_COPY_P2P
				  : VFIO_DEVICE_STATE_RUNNING_P2P) &&
	       move_both(b, flags, VFIO_DEVICE_STATE_STOP_COPY);
}

/* A few bytes of one, then of the other, as threads of a VMM would read them. */
static bool read_in_turns(struct both *b, struct vmig_stream *streams)
{
	static const struct vmig_chunks chunks = { "turns", 4096, 0 };
	int end[2] = {}, i, turns;
	bool ok = true;

	for (turns = 0; turns < 16; turns++)
		for (i = 0; i < 2; i++)
			if (!end[i])
				end[i] =
					__vmig_stream_read_some(b->fds[i], &streams[i], 7, &chunks);
	for (i = 0; i < 2; i++) {
		if (!end[i])
			end[i] = __vmig_stream_read(b->fds[i], &streams[i], &vmig_default_chunks);
		else if (end[i] == -ENODATA)
			end[i] = 0;
		ok &= CHECK(STRM_11, !end[i] && (streams[i].len || vmig_saves_nothing(b->devs[i])),
			    vmig_fmt("read() of the stream of %s, in turns with the other one",
				     which[i]),
			    "data, then 0", "%zu bytes, then %s", streams[i].len,
			    vmig_stream_end(end[i]));
	}
	return ok;
}

/*
 * Source and destination: after the switchover both streams are read, and loaded by
 * RESUMING -> RUNNING_P2P for both before the first one goes on to RUNNING, each into
 * the other device, which is of the same type.
 */
VMIG_TEST_TIMEOUT(p2p_two, move_in_two_phases, 120)
{
	struct vmig_stream streams[2] = {};
	struct both b;
	size_t done;
	int i, ret;

	CLAUSES(FSM_01, FD_02, ST_10, STRM_11);
	NEED(self->devs[1], "%s", self->why_alone);
	NEED_STATE(VFIO_DEVICE_STATE_RUNNING_P2P);
	begin_both(&b, self->devs);
	if (!switch_over(&b, self->flags) || !read_in_turns(&b, streams) ||
	    !move_both(&b, self->flags, VFIO_DEVICE_STATE_STOP) ||
	    !move_both(&b, self->flags, VFIO_DEVICE_STATE_RESUMING))
		goto out;
	for (i = 0; i < 2; i++) {
		ret = __vmig_stream_write(b.fds[i], streams[!i].data, streams[!i].len,
					  &vmig_default_chunks, &done);
		CHECK(STRM_11, !ret,
		      vmig_fmt("write() to %s of the stream of %s", which[i], which[!i]),
		      "all of it is taken", "%s after %zu of %zu bytes", vmig_errno_name(ret), done,
		      streams[!i].len);
	}
	if (move_both(&b, self->flags, VFIO_DEVICE_STATE_RUNNING_P2P))
		move_both(&b, self->flags, VFIO_DEVICE_STATE_RUNNING);
out:
	end_both(&b);
	vmig_stream_free(&streams[0]);
	vmig_stream_free(&streams[1]);
}

/* One device fails: QEMU takes all of them back to RUNNING, and tries again later. */
VMIG_TEST_TIMEOUT(p2p_two, called_off_in_between, 60)
{
	struct both b;
	const char *why;
	int i;

	CLAUSES(FSM_01, FD_02, ST_10, STRM_11);
	NEED(self->devs[1], "%s", self->why_alone);
	NEED_STATE(VFIO_DEVICE_STATE_RUNNING_P2P);
	vmig_require_round_trip(self->devs[0]);
	vmig_require_round_trip(self->devs[1]);
	begin_both(&b, self->devs);
	if (switch_over(&b, self->flags) &&
	    move_one(&b, self->flags, 0, VFIO_DEVICE_STATE_RUNNING_P2P) &&
	    move_one(&b, self->flags, 1, VFIO_DEVICE_STATE_STOP) &&
	    move_both(&b, self->flags, VFIO_DEVICE_STATE_RUNNING)) {
		for (i = 0; i < 2; i++) {
			why = vmig_round_trip(self->devs[i]);
			CHECK(STRM_11, !why,
			      vmig_fmt("save and load of %s after a switchover was called off",
				       which[i]),
			      "all of it works", "%s", why);
		}
	}
	end_both(&b);
}

VMIG_MAIN("p2p")
