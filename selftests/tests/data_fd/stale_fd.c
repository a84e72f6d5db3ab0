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

#include "fd_peer.h"
#include "session_check.h"
#include "fixture_states.h"

VMIG_FIXTURE_STATES(stale_fd, VMIG_VARIANTS_SESSIONS);

static bool is_resuming(uint32_t state)
{
	return state == VFIO_DEVICE_STATE_RESUMING;
}

/* Is there a state, from @to on, that a SET ends a session in @from for? */
static bool next_end(uint64_t flags, uint32_t from, uint32_t *to, struct vmig_transition *t)
{
	for (; *to < VFIO_DEVICE_STATE_NR; (*to)++) {
		vmig_transition(flags, from, *to, t);
		if (t->answer == VMIG_GO && t->closes)
			return true;
	}
	return false;
}

/*
 * Each transition that ends the session, with data left in it: the old fd is dead
 * (L:189, H:1089, H:1102, H:1111, H:1119).
 */
VMIG_TEST_TIMEOUT(stale_fd, dead_after_leaving, 120)
{
	struct vmig_stream good = {};
	struct vmig_transition t;
	int fd, new_fd;
	uint32_t to;

	CLAUSES(FD_07);
	NEED_STATE(variant->state);
	/* Some of the transitions end in RESUMING, from where a good stream leads. */
	vmig_save(self->dev, &good);
	for (to = VFIO_DEVICE_STATE_STOP; next_end(self->flags, variant->state, &to, &t); to++) {
		fd = vmig_session_open(self->dev, variant->state, &good);
		new_fd = vmig_set_state(self->dev, to);
		vmig_check_dead_fd(FD_07, fd, is_resuming(variant->state),
				   vmig_fmt("%s, SET(%s)", vmig_state_name(variant->state),
					    vmig_state_name(to)));
		if (new_fd >= 0)
			vmig_session_complete(self->dev, new_fd, &good);
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
	fd = vmig_session_open_partial(self->dev, variant->state, &good);
	vmig_reset(self->dev);
	vmig_check_dead_fd(FD_08, fd, is_resuming(variant->state),
			   vmig_fmt("%s, RESET", vmig_state_name(variant->state)));
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
	fd = vmig_session_open_partial(self->dev, variant->state, &good);
	vmig_close(self->dev);
	self->dev = NULL;
	vmig_check_dead_fd(FD_09, fd, is_resuming(variant->state),
			   vmig_fmt("%s, close() of the device", vmig_state_name(variant->state)));
	close(fd);
	vmig_stream_free(&good);
}

/*
 * Everything that a user can do with a stale fd but to close it. None of it may give
 * or take a byte, or move the device.
 */
static struct vmig_fault poke(struct vmig_device *dev, int stale, uint32_t kind)
{
	uint32_t before = vmig_get_state(dev), after;
	const char *how = vmig_alive(stale, is_resuming(kind));
	struct vfio_precopy_info info;

	__vmig_precopy_info(stale, &info);
	__vmig_poll(stale, POLLIN | POLLOUT, 0);
	lseek(stale, 0, SEEK_SET);
	ioctl(stale, VFIO_DEVICE_RESET);
	after = vmig_get_state(dev);
	if (how)
		return vmig_fault("the old data_fd: %s", how);
	if (after != before)
		return vmig_fault("every call made on the old data_fd in %s, GET: state %s",
				  vmig_state_name(before), vmig_state_name(after));
	return VMIG_NO_FAULT;
}

/* A session of a kind, left by a SET. Its data_fd is given back, dead. */
static int leave_stale(struct vmig_device *dev, uint32_t kind, struct vmig_reference *control)
{
	int stale = vmig_session_open(dev, kind, &control->stream);

	vmig_set_state(dev, VFIO_DEVICE_STATE_STOP);
	vmig_require_dead_fd(stale, is_resuming(kind));
	return stale;
}

/* Poke a stale fd in a live session of some kind, and close it there. */
static struct vmig_fault poke_in_session(struct vmig_device *dev, struct vmig_reference *control,
					 int stale, uint32_t kind, uint32_t live, bool with)
{
	struct vmig_fault fault = {};
	int fd;

	if (!with)
		close(stale);
	fd = vmig_goto_state(dev, live);
	if (with) {
		fault = poke(dev, stale, kind);
		close(stale);
	}
	if (fault.found)
		close(fd);
	else
		fault = vmig_verify_session(dev, fd, control);
	return fault;
}

/* As it is, and then in STOP_COPY. */
static struct vmig_fault poke_now_and_in_session(struct vmig_device *dev,
						 struct vmig_reference *control, int stale,
						 uint32_t kind, bool with)
{
	struct vmig_fault fault = with ? poke(dev, stale, kind) : VMIG_NO_FAULT;

	if (!fault.found)
		return poke_in_session(dev, control, stale, kind, VFIO_DEVICE_STATE_STOP_COPY,
				       with);
	close(stale);
	return fault;
}

struct kinds {
	uint32_t stale, live;
};

static struct vmig_fault poke_in_new_session(struct vmig_device *dev,
					     struct vmig_reference *control, const void *arg,
					     bool with)
{
	const struct kinds *kinds = arg;
	int stale = leave_stale(dev, kinds->stale, control);

	return poke_in_session(dev, control, stale, kinds->stale, kinds->live, with);
}

VMIG_TEST_TIMEOUT(stale_fd, harmless_in_a_new_session, 120)
{
	struct kinds kinds = { .stale = variant->state };
	struct vmig_reference control;

	CLAUSES(FD_10);
	NEED_STATE(variant->state);
	vmig_reference_save_quick(self->dev, &control);
	for (kinds.live = VFIO_DEVICE_STATE_STOP; kinds.live < VFIO_DEVICE_STATE_NR; kinds.live++)
		if (vmig_state_offered(self->flags, kinds.live) && vmig_state_streams(kinds.live))
			vmig_check_against_reference(
				FD_10, self->dev, &control, poke_in_new_session, &kinds,
				vmig_fmt("old data_fd of %s used and closed in a new session in %s",
					 vmig_state_name(kinds.stale),
					 vmig_state_name(kinds.live)));
	vmig_stream_free(&control.stream);
}

/* pds 457f73082547: the buffers were gone with the reset, the file still used them. */
static struct vmig_fault poke_after_reset(struct vmig_device *dev, struct vmig_reference *control,
					  const void *arg, bool with)
{
	uint32_t kind = *(const uint32_t *)arg;
	int stale = leave_stale(dev, kind, control);

	vmig_reset(dev);
	return poke_now_and_in_session(dev, control, stale, kind, with);
}

TEST_F(stale_fd, harmless_after_reset)
{
	CLAUSES(FD_10);
	NEED_STATE(variant->state);
	NEED(!__vmig_reset(self->dev), "the device cannot be reset");
	vmig_judge_once(FD_10, self->dev, poke_after_reset, &variant->state,
			vmig_fmt("old data_fd of %s used after RESET and closed in STOP_COPY",
				 vmig_state_name(variant->state)));
}

static void reopen_in_place(struct vmig_device *dev)
{
	struct vmig_device *old = vmig_alloc(sizeof(*old)), *new;

	*old = *dev;
	vmig_close(old);
	new = vmig_open(&dev->id, dev->uapi);
	*dev = *new;
	free(new);
}

/* The next user may be another process, and must not be affected by the old fd. */
static struct vmig_fault poke_after_reopen(struct vmig_device *dev, struct vmig_reference *control,
					   const void *arg, bool with)
{
	uint32_t kind = *(const uint32_t *)arg;
	int stale = leave_stale(dev, kind, control);

	reopen_in_place(dev);
	/* A driver that kept the state may have no session to leave it by: not by SET. */
	if (vmig_get_state(dev) != VFIO_DEVICE_STATE_RUNNING)
		vmig_reset(dev);
	return poke_now_and_in_session(dev, control, stale, kind, with);
}

TEST_F(stale_fd, harmless_after_reopen)
{
	CLAUSES(FD_10);
	NEED_STATE(variant->state);
	vmig_judge_once(
		FD_10, self->dev, poke_after_reopen, &variant->state,
		vmig_fmt(
			"old data_fd of %s used by the next user of the device, closed in STOP_COPY",
			vmig_state_name(variant->state)));
}

#define MANY 32

/* Left open long: the fds of many sessions, all used and closed at the end. */
static struct vmig_fault poke_many(struct vmig_device *dev, struct vmig_reference *control,
				   const void *arg, bool with)
{
	unsigned int i, many = control->stream.len > (1 << 20) ? 2 : MANY;
	uint32_t kind = *(const uint32_t *)arg;
	struct vmig_fault fault = {};
	int stale[MANY], fd;

	for (i = 0; i < many; i++) {
		stale[i] = leave_stale(dev, kind, control);
		if (!with)
			close(stale[i]);
	}
	fd = vmig_goto_state(dev, VFIO_DEVICE_STATE_STOP_COPY);
	for (i = 0; with && i < many; i++) {
		if (!fault.found)
			fault = poke(dev, stale[i], kind);
		close(stale[i]);
	}
	if (fault.found)
		close(fd);
	else
		fault = vmig_verify_session(dev, fd, control);
	return fault;
}

VMIG_TEST_TIMEOUT(stale_fd, harmless_in_numbers, 120)
{
	CLAUSES(FD_10);
	NEED_STATE(variant->state);
	vmig_judge_once(
		FD_10, self->dev, poke_many, &variant->state,
		vmig_fmt("the data_fds of many sessions in %s, used and closed in STOP_COPY",
			 vmig_state_name(variant->state)));
}

/* Inverted, so that no byte of it is in its place by rng. */
static void invert(struct vmig_stream *s)
{
	size_t i;

	for (i = 0; i < s->len; i++)
		s->data[i] = ~s->data[i];
}

/* The old and the new session of one kind in turns: no byte goes from one to the other. */
static struct vmig_fault save_in_turns(struct vmig_device *dev, struct vmig_reference *control,
				       int stale, uint32_t kind, bool with)
{
	size_t piece = control->stream.len / 8 + 1;
	int fd = vmig_goto_state(dev, kind), i;
	struct vmig_stream s = {};
	struct vmig_fault fault = {};

	for (i = 0; i < 8 && !fault.found; i++) {
		if (with)
			vmig_alive(stale, false);
		fault = vmig_verify_some(fd, &s, piece);
	}
	if (!fault.found && kind != VFIO_DEVICE_STATE_STOP_COPY)
		vmig_set_state(dev, VFIO_DEVICE_STATE_STOP_COPY);
	if (with)
		vmig_alive(stale, false);
	return vmig_verify_rest_of_save(dev, fd, &s, control, fault);
}

static struct vmig_fault load_in_turns(struct vmig_device *dev, struct vmig_reference *control,
				       int stale, bool with)
{
	const struct vmig_stream *s = &control->stream;
	int fd = vmig_goto_state(dev, VFIO_DEVICE_STATE_RESUMING);
	size_t piece = s->len / 8 + 1, at = 0, to;
	struct vmig_stream garbage = {};
	struct vmig_fault fault = {};

	vmig_stream_copy(&garbage, s);
	invert(&garbage);
	while (at < s->len && !fault.found) {
		to = s->len - at < piece ? s->len : at + piece;
		if (with)
			__vmig_write(stale, garbage.data + at, to - at);
		fault = vmig_verify_write(fd, s, at, to, &vmig_default_chunks);
		at = to;
	}
	if (with)
		__vmig_write(stale, garbage.data, garbage.len);
	vmig_stream_free(&garbage);
	return vmig_verify_rest_of_load(dev, fd, s->len, control, fault);
}

static struct vmig_fault use_in_turns(struct vmig_device *dev, struct vmig_reference *control,
				      const void *arg, bool with)
{
	uint32_t kind = *(const uint32_t *)arg;
	int stale = leave_stale(dev, kind, control);
	struct vmig_fault fault;

	if (is_resuming(kind))
		fault = load_in_turns(dev, control, stale, with);
	else
		fault = save_in_turns(dev, control, stale, kind, with);
	close(stale);
	return fault;
}

TEST_F(stale_fd, data_stays_apart)
{
	CLAUSES(FD_11);
	NEED_STATE(variant->state);
	vmig_judge_once(FD_11, self->dev, use_in_turns, &variant->state,
			vmig_fmt("old data_fd of %s, used in turns with that of the next session",
				 vmig_state_name(variant->state)));
}

/* The next session, by one SET from the old one, or by single arcs over STOP. */
static struct vmig_fault replace(struct vmig_device *dev, struct vmig_reference *control,
				 const void *arg, bool with)
{
	const struct kinds *kinds = arg;
	int old = vmig_session_open(dev, kinds->stale, &control->stream);
	struct vmig_fault fault;
	const char *how = NULL;
	int fd;

	fd = with ? vmig_set_state(dev, kinds->live) : vmig_goto_state(dev, kinds->live);
	fault = fd < 0 ? vmig_fault("no new data_fd") : vmig_verify_session(dev, fd, control);
	if (with && !fault.found)
		how = vmig_alive(old, is_resuming(kinds->stale));
	close(old);
	return how ? vmig_fault("the old data_fd: %s", how) : fault;
}

/*
 * One SET from a session into the next one (SC -> RES, RES -> SC or PRE_COPY, PRE_COPY ->
 * RES): the old one ends, the new one works, in the direction of its state.
 */
VMIG_TEST_TIMEOUT(stale_fd, replaced_by_the_next, 120)
{
	struct kinds kinds = { .stale = variant->state, .live = VFIO_DEVICE_STATE_STOP };
	struct vmig_reference control;
	struct vmig_transition t;

	CLAUSES(FD_18);
	NEED_STATE(variant->state);
	vmig_reference_save_quick(self->dev, &control);
	for (; next_end(self->flags, kinds.stale, &kinds.live, &t); kinds.live++)
		if (t.opens)
			vmig_check_against_reference(FD_18, self->dev, &control, replace, &kinds,
						     vmig_fmt("one SET from %s to %s",
							      vmig_state_name(kinds.stale),
							      vmig_state_name(kinds.live)));
	vmig_stream_free(&control.stream);
}

VMIG_FIXTURE(after_the_end);

/*
 * A late write() must not change the device that was just loaded. That it fails is seen
 * in dead_after_leaving; that it does nothing is seen in what the device gives then.
 */
static struct vmig_fault write_late(struct vmig_device *dev, struct vmig_reference *control,
				    const void *arg, bool with)
{
	int fd = vmig_session_open(dev, VFIO_DEVICE_STATE_RESUMING, &control->stream);
	struct vmig_stream other = {};

	(void)arg;
	vmig_set_state(dev, VFIO_DEVICE_STATE_STOP);
	vmig_stream_copy(&other, &control->stream);
	invert(&other);
	if (with)
		__vmig_stream_write(fd, other.data, other.len, &vmig_default_chunks, NULL);
	close(fd);
	vmig_stream_free(&other);
	return vmig_verify_content(dev, control);
}

TEST_F(after_the_end, late_write_changes_nothing)
{
	struct vmig_reference control;

	CLAUSES(FD_07);
	vmig_reference_save(self->dev, &control);
	NEED(control.repeats, "two saves of this device differ, so a change cannot be told");
	vmig_check_against_reference(
		FD_07, self->dev, &control, write_late, NULL,
		"RESUMING, a whole stream, SET(STOP), the old data_fd written to");
	vmig_stream_free(&control.stream);
}

/*
 * Who polls the fd of a session that has ended must be woken, or waits for ever: QEMU
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
		fd = vmig_goto_state(self->dev, state);
		vmig_set_state(self->dev, VFIO_DEVICE_STATE_RUNNING);
		ret = __vmig_poll(fd, POLLIN, 1000);
		CHECK(FD_13, ret > 0,
		      vmig_fmt("%s, SET(RUNNING), poll(POLLIN) of the old data_fd",
			       vmig_state_name(state)),
		      "an event", "%s", ret ? vmig_errno_name(ret) : "none in a second");
		close(fd);
	}
}

/* A reader that waits for more data in PRE_COPY when the session ends. */
VMIG_FIXTURE_OF(waiting, uint32_t state;);

VMIG_VARIANT(waiting, cdev_PRE_COPY, .uapi = VMIG_UAPI_CDEV, .state = VFIO_DEVICE_STATE_PRE_COPY);
VMIG_VARIANT(waiting, cdev_PRE_COPY_P2P, .uapi = VMIG_UAPI_CDEV,
	     .state = VFIO_DEVICE_STATE_PRE_COPY_P2P);
VMIG_VARIANT(waiting, group_PRE_COPY, .uapi = VMIG_UAPI_GROUP, .state = VFIO_DEVICE_STATE_PRE_COPY);
VMIG_VARIANT(waiting, group_PRE_COPY_P2P, .uapi = VMIG_UAPI_GROUP,
	     .state = VFIO_DEVICE_STATE_PRE_COPY_P2P);

/* A call that takes longer than this waits; one that comes back later than that hangs. */
#define WAITS_MS 300
#define HANGS_MS 5000

/* Does @op wait on a drained session? Bytes that still come are read away. */
static bool made_to_wait(struct vmig_fd_peer *peer, enum vmig_fd_peer_op op)
{
	unsigned int i;
	ssize_t ret;

	for (i = 0; i < 1000; i++) {
		vmig_fd_peer_request(peer, op, VMIG_FD_PEER_MAX);
		if (!vmig_fd_peer_reply(peer, WAITS_MS, &ret))
			return true;
		if (op != VMIG_FD_PEER_READ || ret <= 0)
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
		enum vmig_fd_peer_op op;
		const char *name;
	} calls[] = { { VMIG_FD_PEER_READ, "read()" }, { VMIG_FD_PEER_POLL, "poll()" } };
	struct vmig_fd_peer peer;
	bool waits = false;
	unsigned int i;
	ssize_t ret;
	int fd;

	fd = vmig_goto_state(*dev, state);
	vmig_fd_peer_start(&peer, *dev, fd);
	for (i = 0; i < ARRAY_SIZE(calls) && !waits; i++)
		waits = made_to_wait(&peer, calls[i].op);
	if (waits) {
		end(dev);
		waits = vmig_fd_peer_reply(&peer, HANGS_MS, &ret);
		CHECK(FD_13, waits,
		      vmig_fmt("%s in %s by another process, which waits; %s", calls[i - 1].name,
			       vmig_state_name(state), how),
		      "the call returns", "no return for %d s", HANGS_MS / 1000);
		if (waits && calls[i - 1].op == VMIG_FD_PEER_READ)
			CHECK(FD_13, ret <= 0,
			      vmig_fmt("read() in %s that waited; %s", vmig_state_name(state), how),
			      "0 or an error", "%zd bytes", ret);
		waits = true;
	}
	vmig_fd_peer_stop(&peer);
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

VMIG_MAIN("stale_fd")
