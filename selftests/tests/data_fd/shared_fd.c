// SPDX-License-Identifier: GPL-2.0-only
/*
 * FD: one session, and several that use it.
 *
 * Copies of the data_fd in this process and in others, by dup(), fork() and SCM_RIGHTS:
 * they are one file, with one position and one fate. And several fds of the device, as
 * the group gives them: they see one state and one session.
 */
#include <string.h>

#include "fd_peer.h"
#include "session_check.h"
#include "vmig_harness.h"

VMIG_FIXTURE(shared_fd);

/* How much of a stream of @len a peer moves: half of it, or what it has room for. */
static size_t half(size_t len)
{
	len = (len + 1) / 2;
	return len < VMIG_FD_PEER_MAX ? len : VMIG_FD_PEER_MAX;
}

/* The peer reads so much; a short read is gone on with. */
static struct vmig_fault peer_reads(struct vmig_fd_peer *peer, struct vmig_stream *s, size_t len)
{
	ssize_t n;

	while (s->len < len) {
		n = vmig_fd_peer_do(peer, VMIG_FD_PEER_READ, len - s->len);
		if (n <= 0)
			return vmig_fault("read() in the other process: %s after %zu bytes",
					  n ? vmig_errno_name(n) : "end of stream", s->len);
		vmig_stream_append(s, peer->buf, n);
	}
	return VMIG_NO_FAULT;
}

static struct vmig_fault peer_writes(struct vmig_fd_peer *peer, const struct vmig_stream *s,
				     size_t len)
{
	size_t done = 0;
	ssize_t n;

	while (done < len) {
		memcpy(peer->buf, s->data + done, len - done);
		n = vmig_fd_peer_do(peer, VMIG_FD_PEER_WRITE, len - done);
		if (n <= 0)
			return vmig_fault("write() in the other process: %s after %zu bytes",
					  n ? vmig_errno_name(n) : "nothing", done);
		done += n;
	}
	return VMIG_NO_FAULT;
}

/* dup() is another name of the same file: one position, whichever is used. */
static struct vmig_fault read_in_turns(struct vmig_device *dev, struct vmig_reference *control,
				       const void *arg, bool with)
{
	int fd = vmig_goto_state(dev, VFIO_DEVICE_STATE_STOP_COPY);
	int copy = with ? dup(fd) : fd;
	struct vmig_stream s = {};
	struct vmig_fault fault = {};
	unsigned int i;

	(void)arg;
	for (i = 0; i < 6 && !fault.found; i++)
		fault = vmig_verify_some(i & 1 ? copy : fd, &s, control->stream.len / 7 + 1);
	/* One of them goes; the session does not. */
	if (with)
		close(fd);
	return vmig_verify_rest_of_save(dev, copy, &s, control, fault);
}

TEST_F(shared_fd, dup_while_saving)
{
	CLAUSES(FD_14);
	vmig_judge_once(
		FD_14, self->dev, read_in_turns, NULL,
		"STOP_COPY read in turns through the data_fd and a dup() of it, the first closed "
		"in the middle");
}

static struct vmig_fault write_in_turns(struct vmig_device *dev, struct vmig_reference *control,
					const void *arg, bool with)
{
	int fd = vmig_goto_state(dev, VFIO_DEVICE_STATE_RESUMING);
	int copy = with ? dup(fd) : fd;
	size_t len = half(control->stream.len);
	struct vmig_fault fault =
		vmig_verify_write(copy, &control->stream, 0, len, &vmig_default_chunks);

	(void)arg;
	if (with)
		close(copy);
	return vmig_verify_rest_of_load(dev, fd, len, control, fault);
}

TEST_F(shared_fd, dup_while_resuming)
{
	CLAUSES(FD_14);
	vmig_judge_once(
		FD_14, self->dev, write_in_turns, NULL,
		"RESUMING, the first half written through a dup() of the data_fd, then closed");
}

/* How a peer comes to have the data_fd. */
enum giving { FORK, SEND };

/* A VMM that has a process for the transfer; that one takes the first half. */
static struct vmig_fault save_with_peer(struct vmig_device *dev, struct vmig_reference *control,
					const void *arg, bool with)
{
	const enum giving *giving = arg;
	size_t len = half(control->stream.len);
	struct vmig_stream s = {};
	struct vmig_fd_peer peer;
	struct vmig_fault fault;
	int fd;

	if (!with) {
		fd = vmig_goto_state(dev, VFIO_DEVICE_STATE_STOP_COPY);
		return vmig_verify_rest_of_save(dev, fd, &s, control,
						vmig_verify_some(fd, &s, len));
	}
	if (*giving == SEND)
		vmig_fd_peer_start(&peer, dev, -1);
	fd = vmig_goto_state(dev, VFIO_DEVICE_STATE_STOP_COPY);
	if (*giving == FORK)
		vmig_fd_peer_start(&peer, dev, fd);
	else
		vmig_fd_peer_send_fd(&peer, fd);
	fault = peer_reads(&peer, &s, len);
	vmig_fd_peer_stop(&peer);
	return vmig_verify_rest_of_save(dev, fd, &s, control, fault);
}

static struct vmig_fault load_with_peer(struct vmig_device *dev, struct vmig_reference *control,
					const void *arg, bool with)
{
	const enum giving *giving = arg;
	size_t len = half(control->stream.len);
	struct vmig_fd_peer peer;
	struct vmig_fault fault;
	int fd;

	if (!with) {
		fd = vmig_goto_state(dev, VFIO_DEVICE_STATE_RESUMING);
		fault = vmig_verify_write(fd, &control->stream, 0, len, &vmig_default_chunks);
		return vmig_verify_rest_of_load(dev, fd, len, control, fault);
	}
	if (*giving == SEND)
		vmig_fd_peer_start(&peer, dev, -1);
	fd = vmig_goto_state(dev, VFIO_DEVICE_STATE_RESUMING);
	if (*giving == FORK)
		vmig_fd_peer_start(&peer, dev, fd);
	else
		vmig_fd_peer_send_fd(&peer, fd);
	fault = peer_writes(&peer, &control->stream, len);
	vmig_fd_peer_stop(&peer);
	return vmig_verify_rest_of_load(dev, fd, len, control, fault);
}

TEST_F(shared_fd, forked_while_saving)
{
	static const enum giving giving = FORK;

	CLAUSES(FD_14);
	vmig_judge_once(FD_14, self->dev, save_with_peer, &giving,
			"STOP_COPY, the first half read by a forked process");
}

TEST_F(shared_fd, forked_while_resuming)
{
	static const enum giving giving = FORK;

	CLAUSES(FD_14);
	vmig_judge_once(FD_14, self->dev, load_with_peer, &giving,
			"RESUMING, the first half written by a forked process");
}

/* libvirt opens devices and hands fds over: a reader need not be a child of the opener. */
TEST_F(shared_fd, sent_while_saving)
{
	static const enum giving giving = SEND;

	CLAUSES(FD_14);
	vmig_judge_once(FD_14, self->dev, save_with_peer, &giving,
			"STOP_COPY, the first half read by a process that was sent the data_fd");
}

TEST_F(shared_fd, sent_while_resuming)
{
	static const enum giving giving = SEND;

	CLAUSES(FD_14);
	vmig_judge_once(FD_14, self->dev, load_with_peer, &giving,
			"RESUMING, the first half written by a process that was sent the data_fd");
}

/* What ends the session for one ends it for all. */
TEST_F(shared_fd, copies_end_together)
{
	struct vmig_stream good = {};
	struct vmig_fd_peer peer;
	uint32_t state;
	bool resuming;
	ssize_t there;
	int fd;

	CLAUSES(FD_14);
	for (state = VFIO_DEVICE_STATE_STOP; state < VFIO_DEVICE_STATE_NR; state++) {
		if (!vmig_state_offered(self->flags, state) || !vmig_state_streams(state))
			continue;
		resuming = state == VFIO_DEVICE_STATE_RESUMING;
		fd = vmig_session_open(self->dev, state, &good);
		vmig_fd_peer_start(&peer, self->dev, fd);
		vmig_set_state(self->dev, VFIO_DEVICE_STATE_STOP);
		vmig_require_dead_fd(fd, resuming);
		there = vmig_fd_peer_do(&peer, resuming ? VMIG_FD_PEER_WRITE : VMIG_FD_PEER_READ,
					1);
		vmig_fd_peer_stop(&peer);
		CHECK(FD_14, there <= 0 && there != -ETIMEDOUT,
		      vmig_fmt("%s, STOP, the data_fd dead here; one byte %s by a forked process",
			       vmig_state_name(state), resuming ? "written" : "read"),
		      "dead there too", "%s", there > 0 ? "it was taken" : "no return");
		close(fd);
	}
	vmig_stream_free(&good);
}

/* Several fds of one device, which only the group gives (vfio_df_open()). */
VMIG_FIXTURE_OF(several_fds, uint32_t state;);

VMIG_VARIANTS_SESSIONS_UAPI(several_fds, group, VMIG_UAPI_GROUP);
/* The first fd attaches the device to the IOAS, and the last one detaches it. */
VMIG_VARIANTS_SESSIONS_COMPAT(several_fds);

static int open_again(struct vmig_device *dev)
{
	int fd = __vmig_open_again(dev);

	if (fd < 0)
		vmig_test_error("a second VFIO_GROUP_GET_DEVICE_FD failed: %s",
				vmig_errno_name(fd));
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
	      vmig_fmt("%s through one device fd, GET through a later one",
		       vmig_state_name(variant->state)),
	      vmig_fmt("state %s", vmig_state_name(variant->state)), "state %s",
	      vmig_state_name(state));
	/* And back through the other one. */
	vmig_session_complete(&second, fd, &good);
	state = vmig_get_state(self->dev);
	CHECK(FD_19, state == VFIO_DEVICE_STATE_STOP,
	      "SET(STOP) through the later device fd, GET through the first", "state STOP",
	      "state %s", vmig_state_name(state));
	vmig_close_fd(&second);
	vmig_stream_free(&good);
}

/* Not the first close, but the last one ends the session. */
static struct vmig_fault close_one(struct vmig_device *dev, struct vmig_reference *control,
				   const void *arg, bool with)
{
	uint32_t state = *(const uint32_t *)arg, now;
	int fd = vmig_goto_state(dev, state);
	int second;

	if (with) {
		second = open_again(dev);
		vmig_close_fd(dev);
		dev->fd = second;
	}
	now = vmig_get_state(dev);
	if (now != state) {
		close(fd);
		return vmig_fault("GET: state %s", vmig_state_name(now));
	}
	return vmig_verify_session(dev, fd, control);
}

TEST_F(several_fds, session_outlives_one)
{
	CLAUSES(FD_19);
	NEED_STATE(variant->state);
	vmig_judge_once(
		FD_19, self->dev, close_one, &variant->state,
		vmig_fmt("%s, one of two device fds closed", vmig_state_name(variant->state)));
}

TEST_F(several_fds, session_ends_with_the_last)
{
	struct vmig_stream good = {};
	const char *how;
	int second, fd;

	CLAUSES(FD_19);
	NEED_STATE(variant->state);
	fd = vmig_session_open_partial(self->dev, variant->state, &good);
	second = open_again(self->dev);
	vmig_close_fd(self->dev);
	close(second);
	how = vmig_alive(fd, variant->state == VFIO_DEVICE_STATE_RESUMING);
	CHECK(FD_19, !how, vmig_fmt("%s, both device fds closed", vmig_state_name(variant->state)),
	      "the data_fd is dead", "%s", how);
	vmig_close(self->dev);
	self->dev = NULL;
	close(fd);
	vmig_stream_free(&good);
}

VMIG_MAIN("shared_fd")
