// SPDX-License-Identifier: GPL-2.0-only
/*
 * PRE: what comes out of the data_fd in PRE_COPY and PRE_COPY_P2P, and how it goes on.
 *
 * In PRE_COPY the stream has a temporary end: read() fails with ENOMSG there and poll()
 * can wait for more (H:1261). QEMU ends its round on ENOMSG; 0 it takes for the end of
 * the whole stream (vfio_save_block()). Half of the drivers in the tree return 0, and
 * only mlx5 has a poll() that waits: each is a test of its own, so that one does not
 * hide another. That a device runs in PRE_COPY (PRE-15), and that what it changes there
 * comes later in the stream, can be seen only on a device that is made to do something.
 */
#include <poll.h>

#include "load_attempt.h"
#include "fd_peer.h"
#include "fixture_precopy.h"

/* Aborted sessions: a resource of which a device has 64 would be used up (MU-42). */
#define ABORTS 200
#define ABORTS_MS 10000

/* Until another process has begun to wait in poll(). */
#define SETTLE_MS 100
#define WAKE_MS 5000

VMIG_FIXTURE(precopy);
VMIG_FIXTURE_STATES(precopy_in, VMIG_VARIANTS_PRE_COPY);

/* "The kernel driver should return ENOMSG from read()" (H:1263). */
VMIG_TEST_TIMEOUT(precopy_in, enomsg_at_temporary_end, MINUTES)
{
	struct vmig_stream s = {};
	ssize_t n;
	int fd, i;

	CLAUSES(PRE_10);
	NEED_STATE(variant->state);
	fd = vmig_goto_state(self->dev, variant->state);
	NEED_DRAINED(fd, &s);
	for (i = 0; i < 2; i++) {
		n = vmig_read_at_end(fd, &s);
		NEED(n <= 0, "the device has new data again and again");
		if (!CHECK(PRE_10, n == -ENOMSG,
			   vmig_fmt("read() in %s with both counters at 0, time %d",
				    vmig_state_name(variant->state), i + 1),
			   "ENOMSG", "%s", n ? vmig_errno_name(n) : "0"))
			break;
	}
	close(fd);
	vmig_stream_free(&s);
}

/*
 * 0 is the permanent end of stream (H:1268): who sees it in PRE_COPY has the whole
 * state, or so it says, and need not ask for STOP_COPY any more.
 */
VMIG_TEST_TIMEOUT(precopy_in, never_end_of_stream, MINUTES)
{
	struct vmig_stream s = {};
	ssize_t n;
	int fd;

	CLAUSES(PRE_11);
	NEED_STATE(variant->state);
	fd = vmig_goto_state(self->dev, variant->state);
	vmig_drain(fd, &s);
	n = vmig_read_at_end(fd, &s);
	NEED(n <= 0, "the device has new data again and again");
	CHECK(PRE_11, n,
	      vmig_fmt("read() in %s after %zu bytes", vmig_state_name(variant->state), s.len),
	      "an error that says that there may be more later", "0, the end of the stream");
	close(fd);
	vmig_stream_free(&s);
}

/*
 * QEMU asks for the counters, reads as long as they are above its threshold, and spins
 * if read() then says that there is nothing (mlx5 bd0da611312b).
 */
VMIG_TEST_TIMEOUT(precopy_in, data_where_counters_say_so, MINUTES)
{
	static const size_t sizes[] = { 1, 7, 4096, 1 << 20 };
	static unsigned char buf[1 << 20];
	uint64_t end = vmig_now_ms() + VMIG_IO_TIMEOUT_MS;
	struct vfio_precopy_info info;
	unsigned int i;
	ssize_t n;
	int fd;

	CLAUSES(PRE_12);
	NEED_STATE(variant->state);
	fd = vmig_goto_state(self->dev, variant->state);
	for (i = 0; vmig_now_ms() < end; i++) {
		vmig_precopy_info(fd, &info);
		if (!info.initial_bytes && !info.dirty_bytes)
			break;
		n = __vmig_read(fd, buf, sizes[i < 256 ? i % ARRAY_SIZE(sizes) : 3]);
		if (!CHECK(PRE_12, n > 0,
			   vmig_fmt("read() in %s with initial_bytes %llu, dirty_bytes %llu",
				    vmig_state_name(variant->state), info.initial_bytes,
				    info.dirty_bytes),
			   "data", "%s", n ? vmig_errno_name(n) : "0"))
			break;
	}
	NEED(i, "the counters are 0 and 0 from the start");
	close(fd);
}

/* "Userspace can wait for more data [...] by using poll" (H:1265), not by spinning. */
VMIG_TEST_TIMEOUT(precopy_in, poll_waits_at_temporary_end, MINUTES)
{
	struct vmig_stream s = {};
	int fd, ret, tries;

	CLAUSES(PRE_13);
	NEED_STATE(variant->state);
	fd = vmig_goto_state(self->dev, variant->state);
	for (tries = 0; tries < 3; tries++) {
		NEED_DRAINED(fd, &s);
		ret = __vmig_poll(fd, POLLIN, 0);
		if (!ret)
			break;
	}
	CHECK(PRE_13, !ret,
	      vmig_fmt("poll(POLLIN) in %s with both counters at 0",
		       vmig_state_name(variant->state)),
	      "not readable", "%s",
	      ret < 0 ? vmig_errno_name(ret)
		      : vmig_fmt("events %#x, which say that read() has "
				 "something",
				 ret));
	close(fd);
	vmig_stream_free(&s);
}

VMIG_TEST_TIMEOUT(precopy_in, poll_sees_data, MINUTES)
{
	struct vfio_precopy_info info;
	int fd, ret;

	CLAUSES(PRE_13);
	NEED_STATE(variant->state);
	fd = vmig_goto_state(self->dev, variant->state);
	vmig_precopy_info(fd, &info);
	NEED(info.initial_bytes || info.dirty_bytes, "the counters are 0 and 0 from the start");
	ret = __vmig_poll(fd, POLLIN, WAKE_MS);
	CHECK(PRE_13, ret > 0 && (ret & POLLIN),
	      vmig_fmt("poll(POLLIN) in %s with initial_bytes %llu",
		       vmig_state_name(variant->state), info.initial_bytes),
	      "POLLIN", "%s", ret < 0 ? vmig_errno_name(ret) : vmig_fmt("events %#x", ret));
	close(fd);
}

/*
 * Another process waits in poll() at the temporary end; what ends its wait? False where it
 * did not wait, as the device had something new to read.
 */
static bool check_poll_woken(struct vmig_device *dev, int fd, uint32_t target)
{
	struct vmig_fd_peer peer;
	bool woken;
	ssize_t ret = 0;

	vmig_fd_peer_start(&peer, dev, fd);
	vmig_fd_peer_request(&peer, VMIG_FD_PEER_POLL, 0);
	if (vmig_fd_peer_reply(&peer, SETTLE_MS, &ret)) {
		vmig_fd_peer_stop(&peer);
		return false;
	}
	vmig_set_state(dev, target);
	woken = vmig_fd_peer_reply(&peer, WAKE_MS, &ret);
	CHECK(PRE_13, woken && ret > 0,
	      vmig_fmt("poll(POLLIN) of another process at the temporary end; SET(%s)",
		       vmig_state_name(target)),
	      "it returns with an event", "%s",
	      !woken ? vmig_fmt("no return for %d s", WAKE_MS / 1000) : vmig_errno_name(ret));
	if (target == VFIO_DEVICE_STATE_STOP_COPY && woken && ret > 0)
		CHECK(PRE_13, ret & POLLIN, "poll(POLLIN) that SET(STOP_COPY) woke", "POLLIN",
		      "events %#zx", ret);
	vmig_fd_peer_stop(&peer);
	return true;
}

#define CHECK_POLL_WOKEN(target)                                                                   \
	do {                                                                                       \
		struct vmig_stream s_ = {};                                                        \
		int fd_;                                                                           \
		NEED_STATE(variant->state);                                                        \
		fd_ = vmig_goto_state(self->dev, variant->state);                                  \
		NEED_DRAINED(fd_, &s_);                                                            \
		NEED(!__vmig_poll(fd_, POLLIN, 0) && check_poll_woken(self->dev, fd_, target),     \
		     "poll() at the temporary end does not wait");                                 \
		close(fd_);                                                                        \
		vmig_stream_free(&s_);                                                             \
	} while (0)

/* In STOP_COPY there is always something to read, data or the end (mlx5 82470eba9df9). */
VMIG_TEST_TIMEOUT(precopy_in, poll_woken_by_stop_copy, MINUTES)
{
	CLAUSES(PRE_13);
	CHECK_POLL_WOKEN(VFIO_DEVICE_STATE_STOP_COPY);
}

VMIG_TEST_TIMEOUT(precopy_in, poll_woken_by_end_of_session, MINUTES)
{
	CLAUSES(PRE_13);
	CHECK_POLL_WOKEN(VFIO_DEVICE_STATE_RUNNING);
}

/*
 * Attempts for vmig_check_against_reference(): a whole save by way of PRE_COPY, with or without
 * what a test is about. What comes must load.
 */

static struct vmig_fault past_temporary_end(struct vmig_device *dev, struct vmig_reference *control,
					    const void *arg, bool with)
{
	const uint32_t *state = arg;
	struct vmig_stream s = {};
	struct vmig_fault fault;
	int fd;

	fd = vmig_goto_state(dev, *state);
	vmig_drain(fd, &s);
	if (with)
		vmig_read_at_end(fd, &s);
	fault = vmig_verify_finish_save(dev, fd, &s, control, &vmig_default_chunks);
	vmig_stream_free(&s);
	return fault;
}

/* What QEMU and cloud-hypervisor do in each migration: read on where PRE_COPY had an end. */
VMIG_TEST_TIMEOUT(precopy_in, usable_after_temporary_end, MINUTES)
{
	CLAUSES(PRE_14);
	NEED_STATE(variant->state);
	vmig_judge_once(PRE_14, self->dev, past_temporary_end, &variant->state,
			vmig_fmt("a save with a read() at the temporary end of %s",
				 vmig_state_name(variant->state)));
}

/* SET of a state of the saving group that must keep the session, and ask it something. */
static struct vmig_fault move_session(struct vmig_device *dev, uint32_t state, int fd)
{
	struct vfio_precopy_info info;
	int ret, new_fd;

	ret = __vmig_set_state(dev, state, &new_fd);
	if (ret)
		return vmig_fault("SET(%s): %s", vmig_state_name(state), vmig_errno_name(ret));
	if (new_fd != -1)
		return vmig_fault("SET(%s) gave data_fd %d, though the session goes on",
				  vmig_state_name(state), new_fd);
	ret = __vmig_precopy_info(fd, &info);
	if (ret)
		return vmig_fault("VFIO_MIG_GET_PRECOPY_INFO in %s: %s", vmig_state_name(state),
				  vmig_errno_name(ret));
	return VMIG_NO_FAULT;
}

/*
 * Moves by @arg's states, with a part of PRE_COPY's data read before each and after the
 * last. Without: the same reads in PRE_COPY_P2P, which is passed on the way to STOP_COPY
 * in any case.
 */
static struct vmig_fault moved_about(struct vmig_device *dev, struct vmig_reference *control,
				     const void *arg, bool with)
{
	size_t part = 1 + control->stream.len / 16;
	const uint32_t *state = arg;
	struct vmig_stream s = {};
	struct vmig_fault fault;
	int fd;

	fd = vmig_goto_state(dev,
			     with ? VFIO_DEVICE_STATE_PRE_COPY : VFIO_DEVICE_STATE_PRE_COPY_P2P);
	fault = vmig_verify_some(fd, &s, part);
	for (; *state && !fault.found; state++) {
		if (with)
			fault = move_session(dev, *state, fd);
		if (!fault.found)
			fault = vmig_verify_some(fd, &s, part);
	}
	return vmig_verify_rest_of_save(dev, fd, &s, control, fault);
}

/* PRE_COPY_P2P "continues all the behaviors of PRE_COPY" (H:1137). */
VMIG_TEST_TIMEOUT(precopy, goes_on_in_p2p, MINUTES)
{
	static const uint32_t states[] = { VFIO_DEVICE_STATE_PRE_COPY_P2P, 0 };

	CLAUSES(PRE_16);
	NEED_STATE(VFIO_DEVICE_STATE_PRE_COPY_P2P);
	vmig_judge_once(PRE_16, self->dev, moved_about, states,
			"a save with SET(PRE_COPY_P2P) in the middle of PRE_COPY's data");
}

/* QEMU goes back when a switchover is called off: the stream must not have a break. */
VMIG_TEST_TIMEOUT(precopy, goes_on_after_p2p, MINUTES)
{
	static const uint32_t states[] = { VFIO_DEVICE_STATE_PRE_COPY_P2P,
					   VFIO_DEVICE_STATE_PRE_COPY, 0 };

	CLAUSES(PRE_17);
	NEED_STATE(VFIO_DEVICE_STATE_PRE_COPY_P2P);
	vmig_judge_once(PRE_17, self->dev, moved_about, states,
			"a save with PRE_COPY_P2P and back in the middle of PRE_COPY's data");
}

/**
 * struct aborts - sessions that are called off before the one that is finished
 * @state: the state they are in
 * @count: how many
 * @keep: their data_fds are kept open, up to here, and must be dead
 */
struct aborts {
	uint32_t state;
	unsigned int count, keep;
};

#define KEEP_MAX 3

static struct vmig_fault abort_session(struct vmig_device *dev, uint32_t state, size_t bytes,
				       int *fd)
{
	uint32_t target = state == VFIO_DEVICE_STATE_PRE_COPY ? VFIO_DEVICE_STATE_RUNNING
							      : VFIO_DEVICE_STATE_RUNNING_P2P;
	struct vmig_stream s = {};
	struct vmig_fault fault;
	int ret;

	ret = __vmig_goto_state(dev, state, fd);
	if (ret)
		return vmig_fault("the way to %s: %s", vmig_state_name(state),
				  vmig_errno_name(ret));
	fault = vmig_verify_some(*fd, &s, bytes);
	vmig_stream_free(&s);
	ret = __vmig_set_state(dev, target, NULL);
	if (!fault.found && ret)
		fault = vmig_fault("SET(%s): %s", vmig_state_name(target), vmig_errno_name(ret));
	return fault;
}

static struct vmig_fault after_aborts(struct vmig_device *dev, struct vmig_reference *control,
				      const struct aborts *a)
{
	uint64_t end = vmig_now_ms() + ABORTS_MS;
	struct vmig_stream s = {};
	struct vmig_fault fault = {};
	const char *how = NULL;
	int fd, old[KEEP_MAX];
	unsigned int i, kept = 0;

	for (i = 0; !fault.found && i < a->count && vmig_now_ms() < end; i++) {
		fault = abort_session(dev, a->state, i * control->stream.len / 4 / a->count, &fd);
		if (fault.found)
			fault = vmig_fault("session %u: %s", i + 1, fault.why);
		if (kept < a->keep && fd >= 0)
			old[kept++] = fd;
		else if (fd >= 0)
			close(fd);
	}
	if (!fault.found) {
		fd = vmig_goto_state(dev, a->state);
		vmig_drain(fd, &s);
		for (i = 0; i < kept && !how; i++)
			how = vmig_alive(old[i], false);
		if (how)
			fault = vmig_fault("the data_fd of an aborted session is alive: %s", how);
		if (fault.found)
			close(fd);
		else
			fault = vmig_verify_finish_save(dev, fd, &s, control, &vmig_default_chunks);
	}
	while (kept)
		close(old[--kept]);
	vmig_stream_free(&s);
	return fault;
}

/*
 * The control comes first here, and not after a failure: what an abort leaves behind in
 * a device would spoil it.
 */
static void check_aborts(struct vmig_device *dev, uint32_t state, unsigned int count,
			 unsigned int keep)
{
	const struct aborts none = { state, 0, 0 }, aborts = { state, count, keep };
	struct vmig_reference control;
	struct vmig_fault fault;

	vmig_reference_save_quick(dev, &control);
	fault = after_aborts(dev, &control, &none);
	if (fault.found)
		vmig_test_error("a save by way of %s without an abort: %s", vmig_state_name(state),
				fault.why);
	fault = after_aborts(dev, &control, &aborts);
	if (!CHECK(PRE_18, !fault.found,
		   vmig_fmt("a save after up to %u sessions of %s that were aborted", count,
			    vmig_state_name(state)),
		   "all is well, as it is without", "%s", fault.why))
		vmig_reference_restore(dev, &control);
	vmig_stream_free(&control.stream);
}

/* A migration that is called off ends its session; the next has a whole stream (H:1104). */
VMIG_TEST_TIMEOUT(precopy_in, aborted_and_begun_again, MINUTES)
{
	CLAUSES(PRE_18);
	NEED_STATE(variant->state);
	check_aborts(self->dev, variant->state, KEEP_MAX, KEEP_MAX);
}

/* mlx5 6de042240b0f: what PRE_COPY had turned on in the device stayed on after an abort. */
VMIG_TEST_TIMEOUT(precopy_in, many_aborts, MINUTES)
{
	CLAUSES(PRE_18);
	NEED_STATE(variant->state);
	check_aborts(self->dev, variant->state, ABORTS, 0);
}

static struct vmig_fault left_early(struct vmig_device *dev, struct vmig_reference *control,
				    const void *arg, bool with)
{
	const uint32_t *state = arg;
	struct vmig_stream s = {};
	struct vmig_fault fault;
	int fd;

	fd = vmig_goto_state(dev, *state);
	if (!with)
		vmig_drain(fd, &s);
	fault = vmig_verify_finish_save(dev, fd, &s, control, &vmig_default_chunks);
	vmig_stream_free(&s);
	return fault;
}

/* Leaving PRE_COPY early "might make things slower" (H:1243), and nothing else. */
VMIG_TEST_TIMEOUT(precopy_in, left_at_once, MINUTES)
{
	CLAUSES(PRE_19);
	NEED_STATE(variant->state);
	vmig_judge_once(PRE_19, self->dev, left_early, &variant->state,
			vmig_fmt("a save that leaves %s at once", vmig_state_name(variant->state)));
}

VMIG_MAIN("precopy")
