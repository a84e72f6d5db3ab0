// SPDX-License-Identifier: GPL-2.0-only
/*
 * FD-13, FD-16, PRE-13, STRM-10: a stream whose device takes its time. The exerciser makes
 * the device keep its data back, so that who reads must wait, and then something happens.
 *
 * Who waits is another process, which can be killed should nothing wake it.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>

#include "load_attempt.h"
#include "fd_peer.h"
#include "session_check.h"
#include "fixture_exercise.h"

/* A call that takes longer than this waits; one that comes back later than that hangs. */
#define WAITS_MS 150
#define HANGS_MS 4000

VMIG_WORK_FIXTURE_STATES(slow, VMIG_VARIANTS_SAVING);

/**
 * struct waiter - a session without data, and a process that uses it
 * @peer: the process
 * @fd: the data_fd
 */
struct waiter {
	struct vmig_fd_peer peer;
	int fd;
};

static void hold(struct vmig_exercise *w, bool on)
{
	int ret = w->ops->hold_stream(w, on);

	if (ret)
		vmig_test_error("the device cannot be made to %s its stream: %s",
				on ? "keep back" : "give", vmig_errno_name(ret));
}

static void begin(struct vmig_exercise *w, uint32_t state, bool nonblock, struct waiter *waiter)
{
	hold(w, true);
	waiter->fd = vmig_goto_state(w->dev, state);
	if (nonblock && fcntl(waiter->fd, F_SETFL, fcntl(waiter->fd, F_GETFL) | O_NONBLOCK))
		vmig_test_error("fcntl(F_SETFL) on the data_fd failed: %s", vmig_errno_name(errno));
	vmig_fd_peer_start(&waiter->peer, w->dev, waiter->fd);
}

/* Whatever it waits for: when the stream goes on it ends by itself, or by being killed. */
static void end(struct vmig_exercise *w, struct waiter *waiter)
{
	if (w->ops && w->ops->hold_stream)
		w->ops->hold_stream(w, false);
	vmig_fd_peer_stop(&waiter->peer);
	close(waiter->fd);
}

/* Reads of what is there before the device is asked: mlx5 has a header at once. */
#define HEADERS 4

/* Returns true with a read() that waits; false where none does. */
static bool read_waits(struct waiter *waiter)
{
	ssize_t ret = 1;
	int i;

	for (i = 0; i < HEADERS && ret > 0; i++) {
		vmig_fd_peer_request(&waiter->peer, VMIG_FD_PEER_READ, VMIG_FD_PEER_MAX);
		if (!vmig_fd_peer_reply(&waiter->peer, WAITS_MS, &ret))
			return true;
	}
	return false;
}

/* Reads what is there; the flag is the file's, so the waiter has it too. */
static void drain(int fd)
{
	int flags = fcntl(fd, F_GETFL), i;
	char c[VMIG_FD_PEER_MAX];

	fcntl(fd, F_SETFL, flags | O_NONBLOCK);
	for (i = 0; i < HEADERS && __vmig_read(fd, c, sizeof(c)) > 0; i++)
		;
	fcntl(fd, F_SETFL, flags);
}

/* Returns false where the call does not wait but comes back at once. */
static bool waits(struct waiter *waiter, enum vmig_fd_peer_op op)
{
	ssize_t ret;

	if (op == VMIG_FD_PEER_READ)
		return read_waits(waiter);
	vmig_fd_peer_request(&waiter->peer, op, VMIG_FD_PEER_MAX);
	if (!vmig_fd_peer_reply(&waiter->peer, WAITS_MS, &ret))
		return true;
	drain(waiter->fd);
	vmig_fd_peer_request(&waiter->peer, op, VMIG_FD_PEER_MAX);
	return !vmig_fd_peer_reply(&waiter->peer, WAITS_MS, &ret);
}

#define NEED_WAITS(waiter, op)                                                                     \
	do {                                                                                       \
		if (!waits(waiter, op)) {                                                          \
			end(&self->w, waiter);                                                     \
			SKIP(return, "the call does not wait on this device");                     \
		}                                                                                  \
	} while (0)

/* The session has ended; who waited must come back, and with no data. */
static void check_back(struct waiter *waiter, const char *call, const char *state, const char *how,
		       bool read)
{
	ssize_t ret = 0;
	bool back = vmig_fd_peer_reply(&waiter->peer, HANGS_MS, &ret);

	CHECK(FD_13, back,
	      vmig_fmt("%s in %s of a data_fd that has no data yet, which waits; %s", call, state,
		       how),
	      "the call returns, as its session has ended", "no return for %d s", HANGS_MS / 1000);
	/* Data from before the end of the session is its own. */
	if (back && read && ret > 0) {
		vmig_fd_peer_request(&waiter->peer, VMIG_FD_PEER_READ, VMIG_FD_PEER_MAX);
		back = vmig_fd_peer_reply(&waiter->peer, HANGS_MS, &ret);
	}
	if (back && read)
		CHECK(FD_13, ret <= 0, vmig_fmt("%s in %s that waited; %s", call, state, how),
		      "0 or an error", "%zd bytes", ret);
}

/* mlx5 82470eba9df9: the reader was not woken when the session was ended. */
TEST_F(slow, reader_woken_by_leaving)
{
	static const uint32_t to[] = { VFIO_DEVICE_STATE_STOP, VFIO_DEVICE_STATE_RUNNING };
	struct waiter waiter;
	unsigned int i;

	CLAUSES(FD_13);
	NEED_STATE(variant->state);
	NEED_HOLD;
	for (i = 0; i < ARRAY_SIZE(to); i++) {
		begin(&self->w, variant->state, false, &waiter);
		NEED_WAITS(&waiter, VMIG_FD_PEER_READ);
		vmig_set_state(self->dev, to[i]);
		check_back(&waiter, "read()", vmig_state_name(variant->state),
			   vmig_fmt("SET(%s)", vmig_state_name(to[i])), true);
		end(&self->w, &waiter);
		vmig_goto_state(self->dev, VFIO_DEVICE_STATE_RUNNING);
	}
}

TEST_F(slow, reader_woken_by_reset)
{
	struct waiter waiter;

	CLAUSES(FD_13);
	NEED_STATE(variant->state);
	NEED_HOLD;
	NEED(!__vmig_reset(self->dev), "the device cannot be reset");
	begin(&self->w, variant->state, false, &waiter);
	NEED_WAITS(&waiter, VMIG_FD_PEER_READ);
	vmig_reset(self->dev);
	check_back(&waiter, "read()", vmig_state_name(variant->state), "RESET", true);
	end(&self->w, &waiter);
}

TEST_F(slow, reader_woken_by_close)
{
	struct vmig_dev_id id = self->dev->id;
	struct waiter waiter;

	CLAUSES(FD_13);
	NEED_STATE(variant->state);
	NEED_HOLD;
	begin(&self->w, variant->state, false, &waiter);
	NEED_WAITS(&waiter, VMIG_FD_PEER_READ);
	/* Nothing else, or the exerciser would let the stream go first. */
	vmig_close_fd(self->dev);
	check_back(&waiter, "read()", vmig_state_name(variant->state), "close() of the device",
		   true);
	end(&self->w, &waiter);
	vmig_exercise_end(&self->w);
	vmig_close(self->dev);
	self->dev = NULL;
	self->dev = vmig_open(&id, variant->uapi);
	vmig_recover_running(self->dev);
	vmig_exercise_begin(&self->w, self->dev);
	hold(&self->w, false);
}

TEST_F(slow, poller_woken_by_leaving)
{
	struct waiter waiter;

	CLAUSES(FD_13);
	NEED_STATE(variant->state);
	NEED_HOLD;
	begin(&self->w, variant->state, false, &waiter);
	NEED_WAITS(&waiter, VMIG_FD_PEER_POLL);
	vmig_set_state(self->dev, VFIO_DEVICE_STATE_RUNNING);
	check_back(&waiter, "poll()", vmig_state_name(variant->state), "SET(RUNNING)", false);
	end(&self->w, &waiter);
}

/*
 * A VMM waits for more in PRE_COPY: nothing will come any more. No exerciser is needed for
 * that: a stream that has been read to its temporary end has nothing to give.
 */
TEST_F(slow, poller_at_temporary_end_woken)
{
	struct vmig_stream s = {};
	struct waiter waiter;
	bool waiting;
	int ret;

	CLAUSES(FD_13);
	NEED_STATE(variant->state);
	NEED(variant->state != VFIO_DEVICE_STATE_STOP_COPY, "STOP_COPY has no temporary end");
	NEED(!__vmig_reset(self->dev), "the device cannot be reset");
	waiter.fd = vmig_goto_state(self->dev, variant->state);
	ret = __vmig_stream_read(waiter.fd, &s, &vmig_default_chunks);
	vmig_stream_free(&s);
	vmig_fd_peer_start(&waiter.peer, self->dev, waiter.fd);
	waiting = (!ret || ret == -ENOMSG) && waits(&waiter, VMIG_FD_PEER_POLL);
	if (waiting) {
		vmig_reset(self->dev);
		check_back(&waiter, "poll()", vmig_state_name(variant->state), "RESET", false);
	}
	end(&self->w, &waiter);
	NEED(waiting, "the call does not wait on this device");
}

/* "Userspace can wait for more data by using poll" (H:1265): it comes when data does. */
TEST_F(slow, poll_sees_data_come)
{
	bool stop_copy = variant->state == VFIO_DEVICE_STATE_STOP_COPY, back;
	const char *name = vmig_state_name(variant->state);
	struct waiter waiter;
	ssize_t ret = 0;

	CLAUSES(STRM_10, PRE_13);
	NEED_STATE(variant->state);
	NEED_HOLD;
	begin(&self->w, variant->state, false, &waiter);
	NEED_WAITS(&waiter, VMIG_FD_PEER_POLL);
	hold(&self->w, false);
	back = vmig_fd_peer_reply(&waiter.peer, HANGS_MS, &ret);
	CHECK(stop_copy ? STRM_10 : PRE_13, back && ret > 0 && (ret & POLLIN),
	      vmig_fmt("poll(POLLIN) in %s, which waits; the device has data", name), "POLLIN",
	      "%s",
	      !back	? vmig_fmt("no return for %d s", HANGS_MS / 1000)
	      : ret < 0 ? vmig_errno_name(ret)
			: vmig_fmt("events %#zx", ret));
	end(&self->w, &waiter);
}

/* A VMM with one thread for all of its devices must not be kept by one of them. */
TEST_F(slow, nonblocking_read_does_not_wait)
{
	const char *name = vmig_state_name(variant->state);
	struct waiter waiter;
	ssize_t ret = 0;
	bool back;

	CLAUSES(FD_16);
	NEED_STATE(variant->state);
	NEED_HOLD;
	begin(&self->w, variant->state, true, &waiter);
	vmig_fd_peer_request(&waiter.peer, VMIG_FD_PEER_READ, VMIG_FD_PEER_MAX);
	back = vmig_fd_peer_reply(&waiter.peer, HANGS_MS, &ret);
	if (CHECK(FD_16, back,
		  vmig_fmt("read() with O_NONBLOCK in %s, the device has no data yet", name),
		  "EAGAIN, or data", "no return for %d s", HANGS_MS / 1000))
		CHECK(FD_16, ret == -EAGAIN || ret > 0,
		      vmig_fmt("read() with O_NONBLOCK in %s, the device has no data yet", name),
		      "EAGAIN, or data", "%s", ret ? vmig_errno_name(ret) : "0, the end of stream");
	end(&self->w, &waiter);
}

/* What was waited for is all of it: nothing is lost by having asked too early. */
TEST_F(slow, nothing_is_lost_by_waiting)
{
	struct vmig_reference control;
	struct vmig_stream s = {};
	unsigned char byte;
	struct vmig_fault fault;
	int fd;

	CLAUSES(FD_16);
	NEED_STATE(variant->state);
	NEED_HOLD;
	vmig_reference_save_quick(self->dev, &control);
	vmig_set_state(self->dev, VFIO_DEVICE_STATE_RUNNING);
	hold(&self->w, true);
	fd = vmig_goto_state(self->dev, variant->state);
	if (fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK))
		vmig_test_error("fcntl(F_SETFL) on the data_fd failed: %s", vmig_errno_name(errno));
	if (__vmig_read(fd, &byte, 1) == 1)
		vmig_stream_append(&s, &byte, 1);
	hold(&self->w, false);
	fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) & ~O_NONBLOCK);
	fault = vmig_verify_finish_save(self->dev, fd, &s, &control, &vmig_default_chunks);
	CHECK(FD_16, !fault.found, "read() with O_NONBLOCK before there is data, then a whole save",
	      "a good stream", "%s", fault.why);
	vmig_reference_restore(self->dev, &control);
	vmig_stream_free(&s);
	vmig_stream_free(&control.stream);
}

VMIG_MAIN("stream_wait")
