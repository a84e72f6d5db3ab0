// SPDX-License-Identifier: GPL-2.0-only
/*
 * ST: reading and setting the state, and what a request that fails leaves behind.
 *
 * The pairs of states are the fsm chapter's. Here it is about the call: that GET only
 * looks, that nothing moves by itself, and that the failures which a process can bring
 * about (no free descriptor, a payload that cannot be written, a signal, an empty
 * stream) leave a device that works.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <time.h>

#include "descriptors.h"
#include "fault_memory.h"
#include "round_trip_check.h"
#include "vmig_harness.h"

#define POISON 0x7f7f7f7f

VMIG_FIXTURE(state);

static void leave(struct vmig_device *dev, int fd)
{
	int ret;

	if (fd >= 0)
		close(fd);
	ret = __vmig_recover_running(dev);
	if (ret)
		vmig_test_error("the device cannot be brought back to RUNNING: %s",
				vmig_errno_name(ret));
}

/* A GET may be made at any time, by anybody, with anything in the buffer (H:1043). */
TEST_F(state, get_only_looks)
{
	struct vfio_device_feature_mig_state mig;
	struct vmig_stream s = {};
	uint32_t state;
	int fd, ret;

	CLAUSES(ST_01, ST_15);
	for (state = VFIO_DEVICE_STATE_STOP; state < VFIO_DEVICE_STATE_NR; state++) {
		if (!vmig_state_offered(self->flags, state))
			continue;
		fd = vmig_goto_state(self->dev, state);
		mig.device_state = POISON;
		mig.data_fd = POISON;
		ret = __vmig_feature_op(self->dev->fd, VFIO_DEVICE_FEATURE_MIG_DEVICE_STATE,
					VFIO_DEVICE_FEATURE_GET, &mig, sizeof(mig));
		CHECK_OK(ST_15, ret, vmig_fmt("GET in %s", vmig_state_name(state)));
		CHECK(ST_01, mig.device_state == state,
		      vmig_fmt("GET in %s", vmig_state_name(state)),
		      vmig_fmt("state %s", vmig_state_name(state)), "state %s",
		      vmig_state_name(mig.device_state));
		CHECK(ST_01, mig.data_fd == -1,
		      vmig_fmt("data_fd of GET in %s", vmig_state_name(state)), "-1", "%d",
		      mig.data_fd);
		if (state == VFIO_DEVICE_STATE_STOP_COPY) {
			s.len = 0;
			ret = __vmig_stream_read(fd, &s, &vmig_default_chunks);
			CHECK(ST_01, !ret && (s.len || vmig_saves_nothing(self->dev)),
			      "read() of the session to its end after GET", "the stream",
			      "%zu bytes, then %s", s.len, vmig_stream_end(ret));
		}
		leave(self->dev, fd);
	}
	vmig_stream_free(&s);
}

TEST_F(state, get_tells_an_offered_state)
{
	uint32_t state, got;
	int fd;

	CLAUSES(ST_02);
	for (state = VFIO_DEVICE_STATE_STOP; state < VFIO_DEVICE_STATE_NR; state++) {
		if (!vmig_state_offered(self->flags, state))
			continue;
		fd = vmig_goto_state(self->dev, state);
		got = vmig_get_state(self->dev);
		CHECK(ST_02, vmig_state_offered(self->flags, got),
		      vmig_fmt("GET after the walk to %s", vmig_state_name(state)),
		      "a state that the flags offer", "%s", vmig_state_name(got));
		leave(self->dev, fd);
	}
}

/*
 * "Must not generate asynchronous device state transitions" (H:1027): a VMM keeps its
 * own idea of the state. Watched while nothing happens, with the session drained, and
 * with its fd closed.
 */
TEST_F(state, nothing_moves_by_itself)
{
	static const char *const with[] = { "idle", "session drained", "data_fd closed" };
	struct vmig_stream s = {};
	uint32_t state, got;
	unsigned int i, n;
	int fd;

	CLAUSES(ST_10);
	for (state = VFIO_DEVICE_STATE_STOP; state < VFIO_DEVICE_STATE_NR; state++) {
		if (!vmig_state_offered(self->flags, state))
			continue;
		fd = vmig_goto_state(self->dev, state);
		for (i = 0; i < ARRAY_SIZE(with); i++) {
			if (i && fd < 0)
				continue;
			if (i == 1 && state == VFIO_DEVICE_STATE_STOP_COPY)
				vmig_stream_read(fd, &s);
			if (i == 2)
				close(fd);
			for (n = 0; n < 5; n++) {
				got = vmig_get_state(self->dev);
				CHECK(ST_10, got == state,
				      vmig_fmt("GET in %s, %s", vmig_state_name(state), with[i]),
				      vmig_fmt("state %s", vmig_state_name(state)), "state %s",
				      vmig_state_name(got));
				usleep(2000);
			}
		}
		leave(self->dev, -1);
	}
	vmig_stream_free(&s);
}

/*
 * Leaving RESUMING with nothing written fails (RES-04), and with a target further on
 * shows where a combination stops: at its origin, at a step of the documented path, or
 * in ERROR, and nowhere else (H:1031, H:1198).
 */
TEST_F(state, failed_set_is_on_the_path)
{
	struct vmig_transition t;
	uint32_t to, got;
	int fd, new_fd, ret;

	CLAUSES(ST_09, ST_05);
	for (to = VFIO_DEVICE_STATE_STOP; to < VFIO_DEVICE_STATE_NR; to++) {
		if (!vmig_state_offered(self->flags, to) || to == VFIO_DEVICE_STATE_RESUMING)
			continue;
		fd = vmig_goto_state(self->dev, VFIO_DEVICE_STATE_RESUMING);
		vmig_transition(self->flags, VFIO_DEVICE_STATE_RESUMING, to, &t);
		ret = __vmig_set_state(self->dev, to, &new_fd);
		got = vmig_get_state(self->dev);
		if (ret) {
			CHECK(ST_09, vmig_on_path(&t, VFIO_DEVICE_STATE_RESUMING, got),
			      vmig_fmt("GET after SET(%s) from RESUMING failed with %s",
				       vmig_state_name(to), vmig_errno_name(ret)),
			      "RESUMING, a step of the path, or ERROR", "state %s",
			      vmig_state_name(got));
			CHECK(ST_05, new_fd == -1,
			      vmig_fmt("data_fd of the failed SET(%s)", vmig_state_name(to)), "-1",
			      "%d", new_fd);
		} else if (new_fd >= 0) {
			close(new_fd);
		}
		leave(self->dev, fd);
	}
}

/* With no descriptor free the device has moved and the file is gone (C:866). */
TEST_F(state, no_descriptor_free)
{
	struct vmig_stream s = {};
	struct rlimit old;
	int fd, fds, ret;
	uint32_t state;

	CLAUSES(ST_11);
	vmig_set_state(self->dev, VFIO_DEVICE_STATE_STOP);
	fds = vmig_count_fds();
	old = vmig_descriptors_take();
	ret = __vmig_set_state(self->dev, VFIO_DEVICE_STATE_STOP_COPY, NULL);
	vmig_descriptors_give_back(&old);
	CHECK_ERRNO(ST_11, ret, EMFILE, "SET(STOP_COPY) with the descriptor table full");
	state = vmig_get_state(self->dev);
	CHECK(ST_11, state == VFIO_DEVICE_STATE_STOP_COPY,
	      "GET after SET(STOP_COPY) failed for want of a descriptor", "state STOP_COPY",
	      "state %s", vmig_state_name(state));
	CHECK(ST_11, vmig_count_fds() == fds, "/proc/self/fd after it", "no new fd", "%+d",
	      vmig_count_fds() - fds);
	CHECK_OK(ST_11, __vmig_set_state(self->dev, VFIO_DEVICE_STATE_STOP, NULL),
		 "SET(STOP) after it");
	ret = __vmig_set_state(self->dev, VFIO_DEVICE_STATE_STOP_COPY, &fd);
	if (CHECK_OK(ST_11, ret, "SET(STOP_COPY) with descriptors free again")) {
		ret = __vmig_stream_read(fd, &s, &vmig_default_chunks);
		CHECK(ST_11, !ret && (s.len || vmig_saves_nothing(self->dev)),
		      "read() of the session after it", "the stream", "%zu bytes, then %s", s.len,
		      vmig_stream_end(ret));
		close(fd);
	}
	vmig_stream_free(&s);
}

/* The answer cannot be delivered: what was done stays done, and no file is left (C:879). */
TEST_F(state, payload_not_writable)
{
	struct {
		struct vfio_device_feature hdr;
		struct vfio_device_feature_mig_state mig;
	} arg = {
		.hdr = { .argsz = sizeof(arg) },
		.mig = { .data_fd = -1 },
	}, *at;
	uint32_t state;
	int fds;

	CLAUSES(ST_12);
	fds = vmig_count_fds();

	arg.hdr.flags = VFIO_DEVICE_FEATURE_SET | VFIO_DEVICE_FEATURE_MIG_DEVICE_STATE;
	arg.mig.device_state = VFIO_DEVICE_STATE_STOP;
	at = vmig_before_hole(&arg, sizeof(arg));
	vmig_protect(at, PROT_READ);
	CHECK_ERRNO(ST_12, __vmig_feature(self->dev->fd, at), EFAULT,
		    "SET(STOP) with a read-only payload");
	state = vmig_get_state(self->dev);
	CHECK(ST_12, state == VFIO_DEVICE_STATE_STOP, "GET after it", "state STOP", "state %s",
	      vmig_state_name(state));

	arg.mig.device_state = VFIO_DEVICE_STATE_STOP_COPY;
	at = vmig_before_hole(&arg, sizeof(arg));
	vmig_protect(at, PROT_READ);
	CHECK_ERRNO(ST_12, __vmig_feature(self->dev->fd, at), EFAULT,
		    "SET(STOP_COPY) with a read-only payload");
	state = vmig_get_state(self->dev);
	CHECK(ST_12, state == VFIO_DEVICE_STATE_STOP_COPY, "GET after it", "state STOP_COPY",
	      "state %s", vmig_state_name(state));
	CHECK(ST_12, vmig_count_fds() == fds, "/proc/self/fd after it", "no new fd", "%+d",
	      vmig_count_fds() - fds);

	arg.hdr.flags = VFIO_DEVICE_FEATURE_GET | VFIO_DEVICE_FEATURE_MIG_DEVICE_STATE;
	at = vmig_before_hole(&arg, sizeof(arg));
	vmig_protect(at, PROT_READ);
	CHECK_ERRNO(ST_12, __vmig_feature(self->dev->fd, at), EFAULT,
		    "GET with a read-only payload");
	CHECK_OK(ST_12, __vmig_set_state(self->dev, VFIO_DEVICE_STATE_RUNNING, NULL),
		 "SET(RUNNING) after it");
}

/*
 * No request leads to ERROR, but a load that fails may (H:1096), and pds does so. Then
 * nothing but reset leads out of it (H:1174).
 */
TEST_F(state, error_is_left_by_reset_only)
{
	uint32_t to, state;
	int fd, ret;

	CLAUSES(FSM_07);
	fd = vmig_goto_state(self->dev, VFIO_DEVICE_STATE_RESUMING);
	__vmig_set_state(self->dev, VFIO_DEVICE_STATE_STOP, NULL);
	state = vmig_get_state(self->dev);
	close(fd);
	NEED(state == VFIO_DEVICE_STATE_ERROR,
	     "a load that fails does not bring this device to ERROR");
	for (to = VFIO_DEVICE_STATE_STOP; to < VFIO_DEVICE_STATE_NR; to++) {
		ret = __vmig_set_state(self->dev, to, NULL);
		CHECK_FAILS(FSM_07, ret, vmig_fmt("SET(%s) from ERROR", vmig_state_name(to)));
		state = vmig_get_state(self->dev);
		CHECK(FSM_07, state == VFIO_DEVICE_STATE_ERROR,
		      vmig_fmt("GET after SET(%s) from ERROR", vmig_state_name(to)), "state ERROR",
		      "state %s", vmig_state_name(state));
	}
	CHECK_OK(FSM_07, __vmig_reset(self->dev), "VFIO_DEVICE_RESET in ERROR");
	state = vmig_get_state(self->dev);
	CHECK(FSM_07, state == VFIO_DEVICE_STATE_RUNNING, "GET after it", "state RUNNING",
	      "state %s", vmig_state_name(state));
}

#define CYCLES 300
#define CYCLES_SECONDS 5

/*
 * A VMM that migrates back and forth for months. An aborted PRE_COPY left resources on in
 * the device (mlx5, 6de042240b0f): the nth one fails.
 */
TEST_F(state, cycles)
{
	static const uint32_t targets[] = { VFIO_DEVICE_STATE_STOP_COPY, VFIO_DEVICE_STATE_RESUMING,
					    VFIO_DEVICE_STATE_PRE_COPY };
	time_t end = time(NULL) + CYCLES_SECONDS;
	int fds = vmig_count_fds();
	unsigned int i, t;
	int fd, ret;

	CLAUSES(FSM_08);
	for (i = 0; i < CYCLES && time(NULL) < end; i++) {
		for (t = 0; t < ARRAY_SIZE(targets); t++) {
			if (!vmig_state_offered(self->flags, targets[t]))
				continue;
			ret = __vmig_set_state(self->dev, targets[t], &fd);
			if (!CHECK_OK(FSM_08, ret,
				      vmig_fmt("SET(%s) from RUNNING, time %u",
					       vmig_state_name(targets[t]), i + 1)))
				return;
			close(fd);
			/* RESUMING is aborted by reset alone (H:1102). */
			if (targets[t] == VFIO_DEVICE_STATE_RESUMING)
				ret = __vmig_recover_running(self->dev);
			else
				ret = __vmig_set_state(self->dev, VFIO_DEVICE_STATE_RUNNING, NULL);
			if (!CHECK_OK(FSM_08, ret,
				      vmig_fmt("back to RUNNING from %s, time %u",
					       vmig_state_name(targets[t]), i + 1)))
				return;
		}
	}
	CHECK(FSM_08, vmig_count_fds() == fds, vmig_fmt("/proc/self/fd after %u cycles", i),
	      "as before", "%+d", vmig_count_fds() - fds);
	vmig_metric("cycles", i, "cycles");
}

static void on_signal(int sig)
{
	(void)sig;
}

#define STORM_ROUNDS 100
#define STORM_INTERVAL_US 300

/*
 * A slow SET may be interrupted (mlx5 waits interruptibly for its firmware). Then it is
 * a failed SET like any other, and saying it again must work.
 */
TEST_F(state, signals)
{
	static const uint32_t cycle[] = { VFIO_DEVICE_STATE_STOP, VFIO_DEVICE_STATE_STOP_COPY,
					  VFIO_DEVICE_STATE_RUNNING };
	struct itimerval storm = { .it_value = { .tv_usec = STORM_INTERVAL_US },
				   .it_interval = { .tv_usec = STORM_INTERVAL_US } };
	struct sigaction action = { .sa_handler = on_signal };
	unsigned int i, interrupted = 0;
	struct vmig_transition t;
	uint32_t from, to, got;
	int fd, ret;

	CLAUSES(ST_14, ST_09);
	sigaction(SIGPROF, &action, NULL);
	setitimer(ITIMER_PROF, &storm, NULL);
	for (i = 0; i < STORM_ROUNDS * ARRAY_SIZE(cycle); i++) {
		from = vmig_get_state(self->dev);
		to = cycle[i % ARRAY_SIZE(cycle)];
		fd = -1;
		ret = __vmig_set_state(self->dev, to, &fd);
		if (fd >= 0)
			close(fd);
		if (!ret)
			continue;
		interrupted++;
		got = vmig_get_state(self->dev);
		vmig_transition(self->flags, from, to, &t);
		CHECK(ST_09, vmig_on_path(&t, from, got),
		      vmig_fmt("GET after SET(%s) from %s failed with %s under signals",
			       vmig_state_name(to), vmig_state_name(from), vmig_errno_name(ret)),
		      "the origin, a step of the path, or ERROR", "state %s", vmig_state_name(got));
		if (ret != -EINTR)
			break;
	}
	memset(&storm, 0, sizeof(storm));
	setitimer(ITIMER_PROF, &storm, NULL);
	vmig_note(ST_14, "%u of %u SETs were interrupted by signals", interrupted, i);
}

VMIG_MAIN("state")
