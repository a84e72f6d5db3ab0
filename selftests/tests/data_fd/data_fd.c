// SPDX-License-Identifier: GPL-2.0-only
/*
 * FD: the data_fd of a session that lives.
 *
 * What kind of file it is, that the saving group has one session, that the user may
 * close it early, and that nothing else stays in the fd table. What becomes of it when
 * its session is over is the stale_fd chapter's, copies of it and several users are the
 * shared_fd chapter's. Which transitions return one is checked pair by pair in the fsm
 * chapter.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/uio.h>

#include "fault_memory.h"
#include "session_check.h"
#include "fixture_states.h"

/* An ioctl of VFIO's type that no kernel has; the VFS answers none of this type itself. */
#define UNKNOWN_IOCTL _IO(VFIO_TYPE, 0xff)

VMIG_FIXTURE_STATES(data_fd, VMIG_VARIANTS_SESSIONS);

/* A VMM runs helpers: they must not hold the device's state open over exec() (C:870). */
TEST_F(data_fd, cloexec)
{
	struct vmig_stream good = {};
	int fd, flags;

	CLAUSES(FD_01);
	NEED_STATE(variant->state);
	fd = vmig_begin(self->dev, variant->state, &good);
	flags = fcntl(fd, F_GETFD);
	CHECK(FD_01, flags >= 0 && flags & FD_CLOEXEC,
	      vmig_fmt("fcntl(F_GETFD) on the data_fd of %s", vmig_state_name(variant->state)),
	      "FD_CLOEXEC is set", "flags %#x", flags);
	vmig_session_complete(self->dev, fd, &good);
	vmig_stream_free(&good);
}

/* Data comes out while saving and goes in while resuming (H:1060), and that shows. */
TEST_F(data_fd, access_mode)
{
	int want = variant->state == VFIO_DEVICE_STATE_RESUMING ? O_WRONLY : O_RDONLY;
	struct vmig_stream good = {};
	int fd, flags;

	CLAUSES(FD_05);
	NEED_STATE(variant->state);
	fd = vmig_begin(self->dev, variant->state, &good);
	flags = fcntl(fd, F_GETFL);
	CHECK(FD_05, flags >= 0 && (flags & O_ACCMODE) == want,
	      vmig_fmt("fcntl(F_GETFL) on the data_fd of %s", vmig_state_name(variant->state)),
	      want == O_WRONLY ? "O_WRONLY" : "O_RDONLY", "access mode %#x", flags & O_ACCMODE);
	vmig_session_complete(self->dev, fd, &good);
	vmig_stream_free(&good);
}

/* What goes the wrong way is refused, and not taken silently. */
TEST_F(data_fd, wrong_direction)
{
	bool resuming = variant->state == VFIO_DEVICE_STATE_RESUMING;
	struct vmig_stream good = {};
	char buf[64] = {};
	ssize_t n;
	int fd;

	CLAUSES(FD_05);
	NEED_STATE(variant->state);
	fd = vmig_begin(self->dev, variant->state, &good);
	n = resuming ? __vmig_read(fd, buf, sizeof(buf)) : __vmig_write(fd, buf, sizeof(buf));
	CHECK(FD_05, n == -EBADF || n == -EINVAL,
	      vmig_fmt("%s the data_fd of %s", resuming ? "read() of" : "write() to",
		       vmig_state_name(variant->state)),
	      "EBADF or EINVAL", "%s", n < 0 ? vmig_errno_name(n) : vmig_fmt("%zd bytes", n));
	vmig_session_complete(self->dev, fd, &good);
	vmig_stream_free(&good);
}

/* "Normal Linux stream FD semantics": no position to move (stream_open()). */
TEST_F(data_fd, not_seekable)
{
	static const struct {
		int whence;
		const char *name;
	} how[] = { { SEEK_SET, "SEEK_SET" }, { SEEK_CUR, "SEEK_CUR" }, { SEEK_END, "SEEK_END" } };
	struct vmig_stream good = {};
	unsigned int i;
	int fd;

	CLAUSES(FD_06);
	NEED_STATE(variant->state);
	fd = vmig_begin(self->dev, variant->state, &good);
	for (i = 0; i < ARRAY_SIZE(how); i++)
		CHECK_ERRNO(FD_06, lseek(fd, 0, how[i].whence) < 0 ? -errno : 0, ESPIPE,
			    vmig_fmt("lseek(0, %s) on the data_fd of %s", how[i].name,
				     vmig_state_name(variant->state)));
	vmig_session_complete(self->dev, fd, &good);
	vmig_stream_free(&good);
}

/* ... and no position to name, which would be a way around the order of the stream. */
TEST_F(data_fd, no_positioned_io)
{
	bool resuming = variant->state == VFIO_DEVICE_STATE_RESUMING;
	char buf[16] = {};
	struct iovec iov = { .iov_base = buf, .iov_len = sizeof(buf) };
	struct vmig_stream good = {};
	ssize_t n;
	bool ok;
	int fd;

	CLAUSES(FD_06);
	NEED_STATE(variant->state);
	fd = vmig_begin(self->dev, variant->state, &good);
	n = resuming ? pwrite(fd, buf, sizeof(buf), 0) : pread(fd, buf, sizeof(buf), 0);
	ok = CHECK_ERRNO(FD_06, n < 0 ? -errno : n, ESPIPE,
			 vmig_fmt("%s on the data_fd of %s", resuming ? "pwrite()" : "pread()",
				  vmig_state_name(variant->state)));
	n = resuming ? pwritev(fd, &iov, 1, 0) : preadv(fd, &iov, 1, 0);
	ok &= CHECK_ERRNO(FD_06, n < 0 ? -errno : n, ESPIPE,
			  vmig_fmt("%s on the data_fd of %s", resuming ? "pwritev()" : "preadv()",
				   vmig_state_name(variant->state)));
	/* After bytes were taken at a position there is no good stream to end with. */
	if (ok)
		vmig_session_complete(self->dev, fd, &good);
	else
		close(fd);
	vmig_stream_free(&good);
}

/* So that a user finds out what a kernel has: VFIO_MIG_GET_PRECOPY_INFO came like that. */
TEST_F(data_fd, unknown_ioctl)
{
	struct vmig_stream good = {};
	char buf[64] = {};
	int fd, ret;

	CLAUSES(FD_15);
	NEED_STATE(variant->state);
	fd = vmig_begin(self->dev, variant->state, &good);
	ret = ioctl(fd, UNKNOWN_IOCTL, buf);
	CHECK_FAILS(
		FD_15, ret < 0 ? -errno : ret,
		vmig_fmt("an unknown ioctl on the data_fd of %s", vmig_state_name(variant->state)));
	ret = ioctl(fd, VFIO_DEVICE_RESET);
	CHECK_FAILS(FD_15, ret < 0 ? -errno : ret,
		    vmig_fmt("VFIO_DEVICE_RESET on the data_fd of %s",
			     vmig_state_name(variant->state)));
	vmig_session_complete(self->dev, fd, &good);
	vmig_stream_free(&good);
}

/*
 * "The user is responsible to close this FD when it is finished" (H:1037), and may be
 * finished early: a VMM that gives up closes first and asks for RUNNING then.
 */
static struct vmig_fault leave_early(struct vmig_device *dev, struct vmig_reference *control,
				     const void *arg, bool with)
{
	uint32_t state = *(const uint32_t *)arg, now;
	int fd = vmig_session_open(dev, state, &control->stream);
	int ret;

	if (with)
		close(fd);
	now = vmig_get_state(dev);
	ret = __vmig_set_state(dev, VFIO_DEVICE_STATE_RUNNING, NULL);
	if (!with)
		close(fd);
	if (now != state)
		return vmig_fault("GET: state %s", vmig_state_name(now));
	if (ret)
		return vmig_fault("SET(RUNNING): %s", vmig_errno_name(ret));
	return vmig_verify_save(dev, control);
}

TEST_F(data_fd, closed_early)
{
	CLAUSES(FD_12);
	NEED_STATE(variant->state);
	vmig_judge_once(FD_12, self->dev, leave_early, &variant->state,
			vmig_fmt("close() of the data_fd in %s", vmig_state_name(variant->state)));
}

/*
 * "data_fds are not re-used" (from the review of the interface): a new session has a
 * file of its own while the old one is still open, or what is read from the old fd would
 * be the new session's. A file status flag tells them apart where kcmp() is not built in.
 */
TEST_F(data_fd, new_file_each_session)
{
	bool resuming = variant->state == VFIO_DEVICE_STATE_RESUMING;
	const char *name = vmig_state_name(variant->state);
	struct vmig_stream good = {};
	int fd, old, flags;
	const char *how;

	CLAUSES(FD_03);
	NEED_STATE(variant->state);
	old = vmig_session_open(self->dev, variant->state, &good);
	flags = fcntl(old, F_GETFL);
	if (flags < 0 || fcntl(old, F_SETFL, flags ^ O_NONBLOCK))
		vmig_test_error("fcntl() on the data_fd failed: %s", vmig_errno_name(errno));
	vmig_set_state(self->dev, VFIO_DEVICE_STATE_STOP);
	vmig_require_dead_fd(old, resuming);
	fd = vmig_goto_state(self->dev, variant->state);
	CHECK(FD_03, fd != old && fcntl(fd, F_GETFL) == flags,
	      vmig_fmt("F_SETFL on an old data_fd, F_GETFL on that of the next %s", name),
	      "the flags of a new file", "those of the old one");
	how = vmig_alive(old, resuming);
	CHECK(FD_03, !how, vmig_fmt("old data_fd of %s, once the next session is open", name),
	      "it stays dead", "%s", how);
	vmig_session_complete(self->dev, fd, &good);
	close(old);
	vmig_stream_free(&good);
}

/* The saving group: PRE_COPY, PRE_COPY_P2P and STOP_COPY share one session (H:1121). */
VMIG_FIXTURE(saving_group);

#define PATH_MAX_STATES 6

/* @piece: how much came in each state, so that the same can be asked for without the walk */
struct path {
	uint32_t state[PATH_MAX_STATES];
	size_t piece[PATH_MAX_STATES];
	unsigned int len;
};

/*
 * Walk along the group, read a little in each state and the rest in STOP_COPY. Without
 * the walk the same pieces are read in STOP_COPY. No SET but the first may return a
 * data_fd.
 */
static struct vmig_fault walk(struct vmig_device *dev, struct vmig_reference *control,
			      const void *arg, bool with)
{
	struct path *path = (void *)arg;
	struct vmig_stream s = {};
	struct vmig_fault fault = {};
	unsigned int i;
	int fd, other;
	size_t had;

	fd = vmig_goto_state(dev, with ? path->state[0] : VFIO_DEVICE_STATE_STOP_COPY);
	for (i = 0; i < path->len && !fault.found; i++) {
		if (i && with) {
			other = vmig_set_state(dev, path->state[i]);
			CHECK(FD_02, other == -1,
			      vmig_fmt("data_fd of SET(%s) from %s",
				       vmig_state_name(path->state[i]),
				       vmig_state_name(path->state[i - 1])),
			      "-1", "data_fd %d", other);
			if (other >= 0)
				close(other);
		}
		had = s.len;
		if (with)
			path->piece[i] = control->stream.len / (4 * path->len) + 1;
		fault = vmig_verify_some(fd, &s, path->piece[i]);
		path->piece[i] = s.len - had;
	}
	return vmig_verify_rest_of_save(dev, fd, &s, control, fault);
}

#define CHECK_ONE_SESSION(did, ...)                                                                \
	do {                                                                                       \
		static const uint32_t states_[] = { __VA_ARGS__ };                                 \
		struct path path_ = { .len = ARRAY_SIZE(states_) };                                \
		unsigned int i_;                                                                   \
		for (i_ = 0; i_ < path_.len; i_++) {                                               \
			NEED_STATE(states_[i_]);                                                   \
			path_.state[i_] = states_[i_];                                             \
		}                                                                                  \
		vmig_judge_once(FD_04, self->dev, walk, &path_, did);                              \
	} while (0)

TEST_F(saving_group, pre_copy_to_stop_copy)
{
	CLAUSES(FD_04, FD_02);
	CHECK_ONE_SESSION("a session read in PRE_COPY and STOP_COPY", VFIO_DEVICE_STATE_PRE_COPY,
			  VFIO_DEVICE_STATE_STOP_COPY);
}

TEST_F(saving_group, pre_copy_p2p_to_stop_copy)
{
	CLAUSES(FD_04, FD_02);
	CHECK_ONE_SESSION("a session read in PRE_COPY_P2P and STOP_COPY",
			  VFIO_DEVICE_STATE_PRE_COPY_P2P, VFIO_DEVICE_STATE_STOP_COPY);
}

/* QEMU goes this way with several devices: all in P2P first, then all stopped. */
TEST_F(saving_group, pre_copy_to_pre_copy_p2p_to_stop_copy)
{
	CLAUSES(FD_04, FD_02);
	CHECK_ONE_SESSION("a session read in PRE_COPY, PRE_COPY_P2P and STOP_COPY",
			  VFIO_DEVICE_STATE_PRE_COPY, VFIO_DEVICE_STATE_PRE_COPY_P2P,
			  VFIO_DEVICE_STATE_STOP_COPY);
}

/* A VMM that could not stop the others lets this one run again (H:1143). */
TEST_F(saving_group, back_and_forth)
{
	CLAUSES(FD_04, FD_02);
	CHECK_ONE_SESSION("a session read in PRE_COPY and PRE_COPY_P2P in turns, and STOP_COPY",
			  VFIO_DEVICE_STATE_PRE_COPY, VFIO_DEVICE_STATE_PRE_COPY_P2P,
			  VFIO_DEVICE_STATE_PRE_COPY, VFIO_DEVICE_STATE_PRE_COPY_P2P,
			  VFIO_DEVICE_STATE_PRE_COPY, VFIO_DEVICE_STATE_STOP_COPY);
}

/* SET(same) in the middle of a stream; at its beginning is the fsm chapter's. */
static struct vmig_fault set_same(struct vmig_device *dev, struct vmig_reference *control,
				  const void *arg, bool with)
{
	int fd = vmig_goto_state(dev, VFIO_DEVICE_STATE_STOP_COPY);
	struct vmig_stream s = {};
	struct vmig_fault fault;
	int other = -1;

	(void)arg;
	fault = vmig_verify_some(fd, &s, control->stream.len / 2 + 1);
	if (with) {
		__vmig_set_state(dev, VFIO_DEVICE_STATE_STOP_COPY, &other);
		CHECK(FD_02, other == -1, "data_fd of SET(STOP_COPY) in STOP_COPY", "-1",
		      "data_fd %d", other);
		if (other >= 0)
			close(other);
	}
	return vmig_verify_rest_of_save(dev, fd, &s, control, fault);
}

TEST_F(saving_group, same_state_in_the_middle)
{
	CLAUSES(FD_02, ST_08);
	vmig_judge_once(ST_08, self->dev, set_same, NULL,
			"SET(STOP_COPY) in the middle of STOP_COPY");
}

/* The rest of the stream is not read, and the FSM goes on all the same. */
static struct vmig_fault go_on(struct vmig_device *dev, struct vmig_reference *control,
			       const void *arg, bool with)
{
	uint32_t state = *(const uint32_t *)arg;
	int fd = vmig_goto_state(dev, state);
	int copy, stop = 0;

	if (with)
		close(fd);
	copy = __vmig_set_state(dev, VFIO_DEVICE_STATE_STOP_COPY, NULL);
	if (!copy)
		stop = __vmig_set_state(dev, VFIO_DEVICE_STATE_STOP, NULL);
	if (!with)
		close(fd);
	if (copy)
		return vmig_fault("SET(STOP_COPY): %s", vmig_errno_name(copy));
	if (stop)
		return vmig_fault("SET(STOP) from STOP_COPY: %s", vmig_errno_name(stop));
	return vmig_verify_save(dev, control);
}

TEST_F(saving_group, goes_on_without_fd)
{
	struct vmig_reference control;
	uint32_t state;

	CLAUSES(FD_12);
	vmig_reference_save_quick(self->dev, &control);
	for (state = VFIO_DEVICE_STATE_PRE_COPY; state <= VFIO_DEVICE_STATE_PRE_COPY_P2P; state++)
		if (vmig_state_offered(self->flags, state))
			vmig_check_against_reference(
				FD_12, self->dev, &control, go_on, &state,
				vmig_fmt("close() of the data_fd in %s, then on to STOP_COPY",
					 vmig_state_name(state)));
	vmig_stream_free(&control.stream);
}

#define EAGAIN_PAUSE_MS 20
#define EAGAIN_TRIES 500

/*
 * With O_NONBLOCK a reader gets EAGAIN while a driver still prepares the data, as
 * mlx5 does. 0 is the end for good (H:1268), so it must not be said for "not yet".
 */
static struct vmig_fault read_nonblocking(struct vmig_device *dev, struct vmig_reference *control,
					  const void *arg, bool with)
{
	int fd = vmig_goto_state(dev, VFIO_DEVICE_STATE_STOP_COPY);
	unsigned int waits = 0, tries = 0;
	struct vmig_stream s = {};
	struct vmig_fault fault;
	size_t had = 0;
	int ret = 0;

	(void)arg;
	if (with && fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK))
		vmig_test_error("fcntl(F_SETFL) on the data_fd failed: %s", vmig_errno_name(errno));
	/* Until nothing more has come for ten seconds. */
	while (tries < EAGAIN_TRIES) {
		ret = __vmig_stream_read(fd, &s, &vmig_default_chunks);
		if (ret != -EAGAIN)
			break;
		tries = s.len == had ? tries + 1 : 0;
		had = s.len;
		waits++;
		__vmig_poll(fd, POLLIN, EAGAIN_PAUSE_MS);
	}
	if (with)
		vmig_note(FD_16, "EAGAIN came %u times", waits);
	if (ret) {
		fault = vmig_fault("read(): %s after %zu bytes", vmig_errno_name(ret), s.len);
		close(fd);
	} else {
		fault = vmig_verify_finish_save(dev, fd, &s, control, &vmig_default_chunks);
	}
	vmig_stream_free(&s);
	return fault;
}

TEST_F(saving_group, nonblocking_read)
{
	CLAUSES(FD_16);
	vmig_judge_once(FD_16, self->dev, read_nonblocking, NULL,
			"read() with O_NONBLOCK in STOP_COPY to the end");
}

#define CYCLES 40

/*
 * One walk through all there is, with the combined transitions that open and close a
 * session on the way: closing what was returned must be enough, or a VMM that migrates
 * often runs out of descriptors.
 */
TEST_F(saving_group, fd_table_is_balanced)
{
	static const uint32_t walk[] = {
		VFIO_DEVICE_STATE_STOP_COPY,	VFIO_DEVICE_STATE_RUNNING,
		VFIO_DEVICE_STATE_PRE_COPY,	VFIO_DEVICE_STATE_STOP,
		VFIO_DEVICE_STATE_PRE_COPY_P2P, VFIO_DEVICE_STATE_STOP_COPY,
		VFIO_DEVICE_STATE_RESUMING,	VFIO_DEVICE_STATE_RUNNING
	};
	struct vmig_stream good = {};
	unsigned int i, n, cycles;
	int fd, fds;

	CLAUSES(FD_17);
	vmig_save(self->dev, &good);
	vmig_set_state(self->dev, VFIO_DEVICE_STATE_RUNNING);
	/* A state of many MB takes its time: one cycle shows a leak as well. */
	cycles = good.len > (1 << 20) ? 1 : CYCLES;
	fds = vmig_count_fds();
	for (n = 0; n < cycles; n++) {
		for (i = 0; i < ARRAY_SIZE(walk); i++) {
			if (!vmig_state_offered(self->flags, walk[i]))
				continue;
			fd = vmig_set_state(self->dev, walk[i]);
			if (walk[i] == VFIO_DEVICE_STATE_RESUMING)
				vmig_stream_write(fd, &good);
			if (fd >= 0)
				close(fd);
		}
	}
	CHECK(FD_17, vmig_count_fds() == fds,
	      vmig_fmt("%u walks through all states, each data_fd closed; /proc/self/fd", cycles),
	      "as many fds as before", "%+d", vmig_count_fds() - fds);
	vmig_stream_free(&good);
}

VMIG_FIXTURE(resuming);

/* A restore that is given up at once: closed, nothing written, reset (H:1102). */
static struct vmig_fault give_up(struct vmig_device *dev, struct vmig_reference *control,
				 const void *arg, bool with)
{
	int fd = vmig_goto_state(dev, VFIO_DEVICE_STATE_RESUMING);
	uint32_t state;

	(void)arg;
	if (with)
		close(fd);
	state = vmig_get_state(dev);
	vmig_reset(dev);
	if (!with)
		close(fd);
	if (state != VFIO_DEVICE_STATE_RESUMING)
		return vmig_fault("GET: state %s", vmig_state_name(state));
	fd = vmig_goto_state(dev, VFIO_DEVICE_STATE_RESUMING);
	return vmig_verify_session(dev, fd, control);
}

TEST_F(resuming, closed_unwritten)
{
	CLAUSES(FD_12);
	NEED(!__vmig_reset(self->dev), "the device cannot be reset");
	vmig_judge_once(
		FD_12, self->dev, give_up, NULL,
		"close() of the data_fd in RESUMING with nothing written, RESET, a new load");
}

VMIG_MAIN("data_fd")
