// SPDX-License-Identifier: GPL-2.0-only
/*
 * FD: the data_fd of a session that is over.
 *
 * The user may keep it, read it, write it and close it whenever he likes. It must give
 * and take nothing, for ever, and must not reach the device or the next session: what
 * the review of the interface asked for ("orphan the FD and use a fresh one"), and
 * where most drivers had a bug (pds 8512ed256334 and 457f73082547, hisi_acc
 * db6525a85739, mlx5 82470eba9df9).
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/ioctl.h>

#include "peer.h"
#include "transfer.h"
#include "vmig_test.h"

FIXTURE(stale_fd)
{
	VMIG_FIXTURE_DATA;
};

FIXTURE_VARIANT(stale_fd)
{
	VMIG_VARIANT_DATA;
	uint32_t state;
};

VMIG_VARIANTS_SESSIONS(stale_fd);

FIXTURE_SETUP(stale_fd)
{
	VMIG_SETUP(true);
}

FIXTURE_TEARDOWN(stale_fd)
{
	VMIG_TEARDOWN();
}

static bool is_resuming(uint32_t state)
{
	return state == VFIO_DEVICE_STATE_RESUMING;
}

#define for_each_target(flags, from, to, t)                                                        \
	for ((to) = VFIO_DEVICE_STATE_STOP; (to) < VFIO_DEVICE_STATE_NR; (to)++)                   \
		if (vmig_transition(flags, from, to, t), (t)->answer == VMIG_GO)

/*
 * Each transition that ends the session, with data left in it: the old fd is dead
 * (L:189, H:1089, H:1102, H:1111, H:1119).
 */
TEST_F_TIMEOUT(stale_fd, dead_after_leaving, 120)
{
	struct vmig_stream good = {};
	struct vmig_transition t;
	int fd, new_fd;
	uint32_t to;

	CLAUSES(FD_07);
	NEED_STATE(variant->state);
	/* Some of the transitions end in RESUMING, from where a good stream leads. */
	vmig_save(self->dev, &good);
	for_each_target(self->flags, variant->state, to, &t) {
		if (!t.closes)
			continue;
		fd = vmig_hold(self->dev, variant->state, &good);
		new_fd = vmig_set_state(self->dev, to);
		vmig_judge_dead(FD_07, fd, is_resuming(variant->state),
				say("%s, SET(%s)", vmig_state_name(variant->state),
				    vmig_state_name(to)));
		if (new_fd >= 0)
			vmig_finish(self->dev, new_fd, &good);
		close(fd);
	}
	vmig_stream_free(&good);
}

/* pds 8512ed256334: reset went to RUNNING and left the file alive. */
TEST_F(stale_fd, dead_after_reset)
{
	struct vmig_stream good = {};
	int fd;

	CLAUSES(FD_08);
	NEED_STATE(variant->state);
	NEED(!__vmig_reset(self->dev), "the device cannot be reset");
	fd = vmig_hold(self->dev, variant->state, &good);
	vmig_reset(self->dev);
	vmig_judge_dead(FD_08, fd, is_resuming(variant->state),
			say("%s, RESET", vmig_state_name(variant->state)));
	close(fd);
	vmig_stream_free(&good);
}

/* hisi_acc db6525a85739: close did not end the session. */
TEST_F(stale_fd, dead_after_close)
{
	struct vmig_stream good = {};
	int fd;

	CLAUSES(FD_09);
	NEED_STATE(variant->state);
	fd = vmig_hold(self->dev, variant->state, &good);
	vmig_close(self->dev);
	self->dev = NULL;
	vmig_judge_dead(FD_09, fd, is_resuming(variant->state),
			say("%s, close() of the device", vmig_state_name(variant->state)));
	close(fd);
	vmig_stream_free(&good);
}

/*
 * Everything that a user can do with a stale fd but to close it. None of it may give
 * or take a byte, or move the device, which is NULL while it is closed.
 */
static void poke(enum vmig_clause_id id, struct vmig_device *dev, int stale, bool resuming,
		 const char *when)
{
	uint32_t before = dev ? vmig_get_state(dev) : VFIO_DEVICE_STATE_ERROR;
	struct vfio_precopy_info info;
	uint32_t after;

	vmig_judge_dead(id, stale, resuming, when);
	__vmig_precopy_info(stale, &info);
	__vmig_poll(stale, POLLIN | POLLOUT, 0);
	lseek(stale, 0, SEEK_SET);
	ioctl(stale, VFIO_DEVICE_RESET);
	if (!dev)
		return;
	after = vmig_get_state(dev);
	CHECK(id, after == before, say("%s, every call made on the old data_fd, GET", when),
	      say("state %s", vmig_state_name(before)), "state %s", vmig_state_name(after));
}

/* A stale fd in the middle of a live session of each kind; at last it is closed there. */
TEST_F_TIMEOUT(stale_fd, harmless_in_a_new_session, 120)
{
	struct vmig_control control;
	uint32_t state;
	const char *did;
	int stale, fd;

	CLAUSES(FD_10);
	NEED_STATE(variant->state);
	vmig_control_take(self->dev, &control);
	for (state = VFIO_DEVICE_STATE_STOP; state < VFIO_DEVICE_STATE_NR; state++) {
		if (!vmig_state_offered(self->flags, state) || !vmig_state_streams(state))
			continue;
		stale = vmig_hold(self->dev, variant->state, &control.stream);
		vmig_set_state(self->dev, VFIO_DEVICE_STATE_STOP);
		fd = vmig_enter(self->dev, state);
		did = say("old data_fd of %s, new session in %s", vmig_state_name(variant->state),
			  vmig_state_name(state));
		poke(FD_10, self->dev, stale, is_resuming(variant->state), did);
		close(stale);
		did = say("%s, close() of the old one", did);
		vmig_judge_session(FD_10, self->dev, fd, &control, did);
	}
	vmig_stream_free(&control.stream);
}

/* pds 457f73082547: the buffers were gone with the reset, the file still used them. */
TEST_F(stale_fd, harmless_after_reset)
{
	struct vmig_control control;
	int stale, fd;

	CLAUSES(FD_10);
	NEED_STATE(variant->state);
	NEED(!__vmig_reset(self->dev), "the device cannot be reset");
	vmig_control_take(self->dev, &control);
	stale = vmig_hold(self->dev, variant->state, &control.stream);
	vmig_reset(self->dev);
	poke(FD_10, self->dev, stale, is_resuming(variant->state), "old data_fd, RESET");
	fd = vmig_enter(self->dev, VFIO_DEVICE_STATE_STOP_COPY);
	poke(FD_10, self->dev, stale, is_resuming(variant->state),
	     "old data_fd, RESET, new session in STOP_COPY");
	close(stale);
	vmig_judge_session(FD_10, self->dev, fd, &control,
			   "old data_fd, RESET, new session in STOP_COPY, close() of the old one");
	vmig_stream_free(&control.stream);
}

/* The next user of the device may be somebody else, and must not feel the old fd. */
TEST_F(stale_fd, harmless_after_reopen)
{
	struct vmig_control control;
	int stale, fd;

	CLAUSES(FD_10);
	NEED_STATE(variant->state);
	vmig_control_take(self->dev, &control);
	stale = vmig_hold(self->dev, variant->state, &control.stream);
	vmig_close(self->dev);
	self->dev = NULL;
	poke(FD_10, NULL, stale, is_resuming(variant->state), "old data_fd, device closed");
	self->dev = vmig_open(vmig_first_device(), variant->way);
	if (__vmig_settle(self->dev))
		vmig_die("the device cannot be brought to RUNNING after close and open");
	poke(FD_10, self->dev, stale, is_resuming(variant->state),
	     "old data_fd, device closed and opened again");
	fd = vmig_enter(self->dev, VFIO_DEVICE_STATE_STOP_COPY);
	poke(FD_10, self->dev, stale, is_resuming(variant->state),
	     "old data_fd, device closed and opened again, new session in STOP_COPY");
	close(stale);
	vmig_judge_session(FD_10, self->dev, fd, &control,
			   "device closed and opened again, close() of the old data_fd in STOP_COPY");
	vmig_stream_free(&control.stream);
}

#define MANY 32

/* Left open long: the fds of many sessions, all used and closed at the end. */
TEST_F_TIMEOUT(stale_fd, harmless_in_numbers, 120)
{
	struct vmig_control control;
	unsigned int i, many;
	int stale[MANY], fd;

	CLAUSES(FD_10);
	NEED_STATE(variant->state);
	vmig_control_take(self->dev, &control);
	many = control.stream.len > (1 << 20) ? 2 : MANY;
	for (i = 0; i < many; i++) {
		stale[i] = vmig_hold(self->dev, variant->state, &control.stream);
		vmig_set_state(self->dev, VFIO_DEVICE_STATE_STOP);
	}
	fd = vmig_enter(self->dev, VFIO_DEVICE_STATE_STOP_COPY);
	for (i = 0; i < many; i++) {
		poke(FD_10, self->dev, stale[i], is_resuming(variant->state),
		     say("old data_fd %u of %u, new session in STOP_COPY", i + 1, many));
		close(stale[i]);
	}
	vmig_judge_session(FD_10, self->dev, fd, &control,
			   say("%u old data_fds closed in STOP_COPY", many));
	vmig_stream_free(&control.stream);
}

/* The old and the new session of one kind, used in turns: no byte goes from one to the other. */
TEST_F(stale_fd, data_stays_apart)
{
	const char *name = vmig_state_name(variant->state);
	struct vmig_stream s = {}, garbage = {};
	struct vmig_control control;
	size_t at, n, step;
	const char *did;
	int stale, fd, ret = 0;
	bool ok;

	CLAUSES(FD_11);
	NEED_STATE(variant->state);
	vmig_control_take(self->dev, &control);
	stale = vmig_hold(self->dev, variant->state, &control.stream);
	vmig_set_state(self->dev, VFIO_DEVICE_STATE_STOP);
	fd = vmig_enter(self->dev, variant->state);
	step = control.stream.len / 8 + 1;
	did = say("%s, the old data_fd used in turns with the new one", name);
	if (is_resuming(variant->state)) {
		vmig_stream_copy(&garbage, &control.stream);
		for (at = 0; at < garbage.len; at++)
			garbage.data[at] = ~garbage.data[at];
		for (at = 0; at < control.stream.len && !ret; at += n) {
			__vmig_write(stale, garbage.data + at, garbage.len - at);
			n = control.stream.len - at < step ? control.stream.len - at : step;
			ret = __vmig_stream_write(fd, control.stream.data + at, n,
						  &vmig_default_chunks, NULL);
		}
		__vmig_write(stale, garbage.data, garbage.len);
		CHECK_OK(FD_11, ret, say("%s, write()", did));
		ret = __vmig_set_state(self->dev, VFIO_DEVICE_STATE_STOP, NULL);
		if (CHECK_OK(FD_11, ret, say("%s, SET(STOP)", did)))
			vmig_judge_content(FD_11, self->dev, &control, did);
		else
			vmig_control_restore(self->dev, &control);
	} else {
		for (at = 0; at < 8; at++) {
			vmig_judge_dead(FD_11, stale, false, did);
			if (vmig_read_up_to(fd, &s, step) < step)
				break;
		}
		if (vmig_get_state(self->dev) != VFIO_DEVICE_STATE_STOP_COPY)
			vmig_set_state(self->dev, VFIO_DEVICE_STATE_STOP_COPY);
		vmig_judge_dead(FD_11, stale, false, did);
		ok = vmig_judge_read(FD_11, fd, &s, &control, &vmig_default_chunks, did);
		vmig_set_state(self->dev, VFIO_DEVICE_STATE_STOP);
		if (ok)
			vmig_judge_stream(FD_11, self->dev, &control, &s, did);
	}
	close(fd);
	close(stale);
	vmig_stream_free(&s);
	vmig_stream_free(&garbage);
	vmig_stream_free(&control.stream);
}

/*
 * One SET from a session into the next one (SC -> RES, RES -> SC or PRE_COPY, PRE_COPY ->
 * RES): the old one ends, the new one works, in the direction of its state.
 */
TEST_F_TIMEOUT(stale_fd, replaced_by_the_next, 120)
{
	struct vmig_control control;
	struct vmig_transition t;
	const char *did;
	int fd, new_fd;
	uint32_t to;

	CLAUSES(FD_18);
	NEED_STATE(variant->state);
	vmig_control_take(self->dev, &control);
	for_each_target(self->flags, variant->state, to, &t) {
		if (!t.closes || !t.opens)
			continue;
		did = say("%s, SET(%s)", vmig_state_name(variant->state), vmig_state_name(to));
		fd = vmig_hold(self->dev, variant->state, &control.stream);
		new_fd = vmig_set_state(self->dev, to);
		if (CHECK(FD_18, new_fd >= 0, did, "a new data_fd", "data_fd %d", new_fd)) {
			vmig_judge_dead(FD_18, fd, is_resuming(variant->state), did);
			vmig_judge_session(FD_18, self->dev, new_fd, &control,
					   say("%s, the new session", did));
		} else if (is_resuming(to)) {
			vmig_control_restore(self->dev, &control);
		}
		close(fd);
	}
	vmig_stream_free(&control.stream);
}

VMIG_FIXTURE(after_the_end);

/*
 * A late write() must not change the device that was just loaded. That it fails is
 * FD-07; that it does nothing is seen in what the device gives then.
 */
TEST_F(after_the_end, late_write_changes_nothing)
{
	struct vmig_control control;
	struct vmig_stream other = {};
	size_t i;
	int fd;

	CLAUSES(FD_07);
	vmig_control_take(self->dev, &control);
	NEED(control.repeats, "two saves of this device differ, so a change cannot be told");
	fd = vmig_hold(self->dev, VFIO_DEVICE_STATE_RESUMING, &control.stream);
	vmig_set_state(self->dev, VFIO_DEVICE_STATE_STOP);
	vmig_stream_copy(&other, &control.stream);
	for (i = 0; i < other.len; i++)
		other.data[i] = ~other.data[i];
	__vmig_stream_write(fd, other.data, other.len, &vmig_default_chunks, NULL);
	vmig_judge_content(FD_07, self->dev, &control,
			   "RESUMING, SET(STOP), the old data_fd written to");
	close(fd);
	vmig_stream_free(&other);
	vmig_stream_free(&control.stream);
}

/*
 * Who polls the fd of a session that has ended must be told, or waits for ever: QEMU
 * has a thread for it.
 */
TEST_F(after_the_end, poll_tells)
{
	uint32_t state;
	int fd, ret;

	CLAUSES(FD_13);
	for (state = VFIO_DEVICE_STATE_STOP; state < VFIO_DEVICE_STATE_NR; state++) {
		if (!vmig_state_offered(self->flags, state) || !vmig_state_saving(state))
			continue;
		fd = vmig_enter(self->dev, state);
		vmig_set_state(self->dev, VFIO_DEVICE_STATE_RUNNING);
		ret = __vmig_poll(fd, POLLIN, 1000);
		CHECK(FD_13, ret > 0,
		      say("%s, SET(RUNNING), poll(POLLIN) of the old data_fd",
			  vmig_state_name(state)),
		      "an event", "%s", ret ? vmig_errno_name(ret) : "none in a second");
		close(fd);
	}
}

/* Somebody who waits for more data in PRE_COPY when the session ends under him. */
FIXTURE(waiting)
{
	VMIG_FIXTURE_DATA;
};

FIXTURE_VARIANT(waiting)
{
	VMIG_VARIANT_DATA;
	uint32_t state;
};

VMIG_VARIANT(waiting, cdev_PRE_COPY, .way = VMIG_CDEV, .state = VFIO_DEVICE_STATE_PRE_COPY);
VMIG_VARIANT(waiting, cdev_PRE_COPY_P2P, .way = VMIG_CDEV, .state = VFIO_DEVICE_STATE_PRE_COPY_P2P);
VMIG_VARIANT(waiting, group_PRE_COPY, .way = VMIG_GROUP, .state = VFIO_DEVICE_STATE_PRE_COPY);
VMIG_VARIANT(waiting, group_PRE_COPY_P2P, .way = VMIG_GROUP,
	     .state = VFIO_DEVICE_STATE_PRE_COPY_P2P);

FIXTURE_SETUP(waiting)
{
	VMIG_SETUP(true);
}

FIXTURE_TEARDOWN(waiting)
{
	VMIG_TEARDOWN();
}

/* A call that takes longer than this waits; one that comes back later than that hangs. */
#define WAITS_MS 300
#define HANGS_MS 5000

/* Does @op wait on a drained session? Bytes that still come are read away. */
static bool made_to_wait(struct vmig_peer *peer, enum vmig_peer_op op)
{
	unsigned int i;
	ssize_t ret;

	for (i = 0; i < 1000; i++) {
		vmig_peer_tell(peer, op, VMIG_PEER_MAX);
		if (!vmig_peer_answer(peer, WAITS_MS, &ret))
			return true;
		if (op != VMIG_PEER_READ || ret <= 0)
			return false;
	}
	return false;
}

static void set_running(struct vmig_device **dev)
{
	vmig_set_state(*dev, VFIO_DEVICE_STATE_RUNNING);
}

static void reset(struct vmig_device **dev)
{
	vmig_reset(*dev);
}

static void close_device(struct vmig_device **dev)
{
	vmig_close(*dev);
	*dev = NULL;
}

/* Returns false where neither read() nor poll() waits, so that nothing could be checked. */
static bool check_woken(struct vmig_device **dev, uint32_t state,
			void (*end)(struct vmig_device **dev), const char *how)
{
	static const struct {
		enum vmig_peer_op op;
		const char *name;
	} calls[] = { { VMIG_PEER_READ, "read()" }, { VMIG_PEER_POLL, "poll()" } };
	struct vmig_peer peer;
	bool waits = false;
	unsigned int i;
	ssize_t ret;
	int fd;

	fd = vmig_enter(*dev, state);
	vmig_peer_start(&peer, *dev, fd);
	for (i = 0; i < ARRAY_SIZE(calls) && !waits; i++)
		waits = made_to_wait(&peer, calls[i].op);
	if (waits) {
		end(dev);
		waits = vmig_peer_answer(&peer, HANGS_MS, &ret);
		CHECK(FD_13, waits, say("%s in %s by another process, which waits; %s",
					calls[i - 1].name, vmig_state_name(state), how),
		      "the call returns", "no return for %d s", HANGS_MS / 1000);
		if (waits && calls[i - 1].op == VMIG_PEER_READ)
			CHECK(FD_13, ret <= 0, say("read() in %s that waited; %s",
						   vmig_state_name(state), how),
			      "0 or an error", "%zd bytes", ret);
		waits = true;
	}
	vmig_peer_stop(&peer);
	close(fd);
	return waits;
}

/* mlx5 82470eba9df9: the reader was not woken when the session was ended. */
TEST_F(waiting, woken_by_leaving)
{
	CLAUSES(FD_13);
	NEED_STATE(variant->state);
	NEED(check_woken(&self->dev, variant->state, set_running, "SET(RUNNING)"),
	     "neither read() nor poll() of a drained data_fd waits on this device");
}

TEST_F(waiting, woken_by_reset)
{
	CLAUSES(FD_13);
	NEED_STATE(variant->state);
	NEED(!__vmig_reset(self->dev), "the device cannot be reset");
	NEED(check_woken(&self->dev, variant->state, reset, "RESET"),
	     "neither read() nor poll() of a drained data_fd waits on this device");
}

TEST_F(waiting, woken_by_close)
{
	CLAUSES(FD_13);
	NEED_STATE(variant->state);
	NEED(check_woken(&self->dev, variant->state, close_device, "close() of the device"),
	     "neither read() nor poll() of a drained data_fd waits on this device");
}

/* Several fds of one device, which only the group gives (vfio_df_open()). */
FIXTURE(several_fds)
{
	VMIG_FIXTURE_DATA;
};

FIXTURE_VARIANT(several_fds)
{
	VMIG_VARIANT_DATA;
	uint32_t state;
};

VMIG_VARIANTS_SESSIONS_WAY(several_fds, group, VMIG_GROUP);

FIXTURE_SETUP(several_fds)
{
	VMIG_SETUP(true);
}

FIXTURE_TEARDOWN(several_fds)
{
	VMIG_TEARDOWN();
}

static int open_again(struct vmig_device *dev)
{
	int fd = __vmig_open_again(dev);

	if (fd < 0)
		vmig_die("a second VFIO_GROUP_GET_DEVICE_FD failed: %s", vmig_errno_name(fd));
	return fd;
}

TEST_F(several_fds, one_state)
{
	struct vmig_device second = *self->dev;
	struct vmig_stream good = {};
	uint32_t state;
	int fd;

	CLAUSES(FD_19);
	NEED_STATE(variant->state);
	fd = vmig_begin(self->dev, variant->state, &good);
	second.fd = open_again(self->dev);
	state = vmig_get_state(&second);
	CHECK(FD_19, state == variant->state,
	      say("%s through one device fd, GET through a later one",
		  vmig_state_name(variant->state)),
	      say("state %s", vmig_state_name(variant->state)), "state %s",
	      vmig_state_name(state));
	/* And back through the other one. */
	vmig_finish(&second, fd, &good);
	state = vmig_get_state(self->dev);
	CHECK(FD_19, state == VFIO_DEVICE_STATE_STOP,
	      "SET(STOP) through the later device fd, GET through the first", "state STOP",
	      "state %s", vmig_state_name(state));
	vmig_close_fd(&second);
	vmig_stream_free(&good);
}

TEST_F(several_fds, session_outlives_one)
{
	struct vmig_control control;
	uint32_t state;
	int second, fd;

	CLAUSES(FD_19);
	NEED_STATE(variant->state);
	vmig_control_take(self->dev, &control);
	fd = vmig_enter(self->dev, variant->state);
	second = open_again(self->dev);
	vmig_close_fd(self->dev);
	self->dev->fd = second;
	state = vmig_get_state(self->dev);
	CHECK(FD_19, state == variant->state,
	      say("%s, one of two device fds closed, GET", vmig_state_name(variant->state)),
	      say("state %s", vmig_state_name(variant->state)), "state %s",
	      vmig_state_name(state));
	vmig_judge_session(FD_19, self->dev, fd, &control,
			   say("%s, one of two device fds closed",
			       vmig_state_name(variant->state)));
	vmig_stream_free(&control.stream);
}

TEST_F(several_fds, session_ends_with_the_last)
{
	struct vmig_stream good = {};
	int second, fd;

	CLAUSES(FD_19);
	NEED_STATE(variant->state);
	fd = vmig_hold(self->dev, variant->state, &good);
	second = open_again(self->dev);
	vmig_close_fd(self->dev);
	close(second);
	vmig_judge_dead(FD_19, fd, is_resuming(variant->state),
			say("%s, both device fds closed", vmig_state_name(variant->state)));
	vmig_close(self->dev);
	self->dev = NULL;
	close(fd);
	vmig_stream_free(&good);
}

VMIG_MAIN("stale_fd")
