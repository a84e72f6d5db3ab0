// SPDX-License-Identifier: GPL-2.0-only
/*
 * FD: the data_fd of a session that lives.
 *
 * What kind of file it is, that the saving group has one session, that the user may
 * copy it, give it away, close it, and that nothing else stays in the fd table. What
 * becomes of it when its session is over is the stale_fd chapter's. Which transitions
 * return one is checked pair by pair in the fsm chapter.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/uio.h>

#include "memory.h"
#include "peer.h"
#include "transfer.h"
#include "vmig_test.h"

/* An ioctl of VFIO's type that no kernel has; the VFS answers none of this type itself. */
#define UNKNOWN_IOCTL _IO(VFIO_TYPE, 0xff)

FIXTURE(data_fd)
{
	VMIG_FIXTURE_DATA;
};

FIXTURE_VARIANT(data_fd)
{
	VMIG_VARIANT_DATA;
	uint32_t state;
};

VMIG_VARIANTS_SESSIONS(data_fd);

FIXTURE_SETUP(data_fd)
{
	VMIG_SETUP(true);
}

FIXTURE_TEARDOWN(data_fd)
{
	VMIG_TEARDOWN();
}

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
	      say("fcntl(F_GETFD) on the data_fd of %s", vmig_state_name(variant->state)),
	      "FD_CLOEXEC is set", "flags %#x", flags);
	vmig_finish(self->dev, fd, &good);
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
	      say("fcntl(F_GETFL) on the data_fd of %s", vmig_state_name(variant->state)),
	      want == O_WRONLY ? "O_WRONLY" : "O_RDONLY", "access mode %#x", flags & O_ACCMODE);
	vmig_finish(self->dev, fd, &good);
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
	      say("%s the data_fd of %s", resuming ? "read() of" : "write() to",
		  vmig_state_name(variant->state)),
	      "EBADF or EINVAL", "%s", n < 0 ? vmig_errno_name(n) : say("%zd bytes", n));
	vmig_finish(self->dev, fd, &good);
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
			    say("lseek(0, %s) on the data_fd of %s", how[i].name,
				vmig_state_name(variant->state)));
	vmig_finish(self->dev, fd, &good);
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
			 say("%s on the data_fd of %s", resuming ? "pwrite()" : "pread()",
			     vmig_state_name(variant->state)));
	n = resuming ? pwritev(fd, &iov, 1, 0) : preadv(fd, &iov, 1, 0);
	ok &= CHECK_ERRNO(FD_06, n < 0 ? -errno : n, ESPIPE,
			  say("%s on the data_fd of %s", resuming ? "pwritev()" : "preadv()",
			      vmig_state_name(variant->state)));
	/* After bytes were taken at a position there is no good stream to end with. */
	if (ok)
		vmig_finish(self->dev, fd, &good);
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
	CHECK_ERRNO(FD_15, ret < 0 ? -errno : ret, ENOTTY,
		    say("an unknown ioctl on the data_fd of %s", vmig_state_name(variant->state)));
	ret = ioctl(fd, VFIO_DEVICE_RESET);
	CHECK_ERRNO(FD_15, ret < 0 ? -errno : ret, ENOTTY,
		    say("VFIO_DEVICE_RESET on the data_fd of %s", vmig_state_name(variant->state)));
	vmig_finish(self->dev, fd, &good);
	vmig_stream_free(&good);
}

/*
 * "The user is responsible to close this FD when it is finished" (H:1037), and may be
 * finished early: a VMM that gives up closes first and asks for RUNNING then.
 */
TEST_F(data_fd, closed_early)
{
	struct vmig_control control;
	uint32_t state;
	int fd, ret;

	CLAUSES(FD_12);
	NEED_STATE(variant->state);
	vmig_control_take(self->dev, &control);
	fd = vmig_hold(self->dev, variant->state, &control.stream);
	close(fd);
	state = vmig_get_state(self->dev);
	CHECK(FD_12, state == variant->state,
	      say("close() of the data_fd in %s, GET", vmig_state_name(variant->state)),
	      say("state %s", vmig_state_name(variant->state)), "state %s",
	      vmig_state_name(state));
	ret = __vmig_set_state(self->dev, VFIO_DEVICE_STATE_RUNNING, NULL);
	if (CHECK_OK(FD_12, ret, say("close() of the data_fd in %s, SET(RUNNING)",
				     vmig_state_name(variant->state)))) {
		fd = vmig_enter(self->dev, VFIO_DEVICE_STATE_STOP_COPY);
		vmig_judge_session(FD_12, self->dev, fd, &control,
				   say("close() of the data_fd in %s, RUNNING, STOP_COPY",
				       vmig_state_name(variant->state)));
	}
	vmig_stream_free(&control.stream);
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
	struct vmig_control control;
	int fd, old, flags;

	CLAUSES(FD_03);
	NEED_STATE(variant->state);
	vmig_control_take(self->dev, &control);
	old = vmig_hold(self->dev, variant->state, &control.stream);
	flags = fcntl(old, F_GETFL);
	if (flags < 0 || fcntl(old, F_SETFL, flags ^ O_NONBLOCK))
		vmig_die("fcntl() on the data_fd failed: %s", vmig_errno_name(errno));
	vmig_set_state(self->dev, VFIO_DEVICE_STATE_STOP);
	fd = vmig_enter(self->dev, variant->state);
	CHECK(FD_03, fd != old && fcntl(fd, F_GETFL) == flags,
	      say("F_SETFL on an old data_fd, F_GETFL on that of the next %s", name),
	      "the flags of a new file", "those of the old one");
	vmig_judge_dead(FD_03, old, resuming, say("a second session in %s", name));
	vmig_judge_session(FD_03, self->dev, fd, &control,
			   say("a second session in %s with the old data_fd open", name));
	close(old);
	vmig_stream_free(&control.stream);
}

/* The saving group: PRE_COPY, PRE_COPY_P2P and STOP_COPY share one session (H:1121). */
VMIG_FIXTURE(saving_group);

/*
 * Move along the group, read a little in each state, and judge what came together. A
 * state is entered by a SET that must return no data_fd.
 */
static void check_one_session(struct vmig_device *dev, const uint32_t *path, unsigned int n)
{
	struct vmig_control control;
	struct vmig_stream s = {};
	const char *did = "";
	unsigned int i;
	int fd, other, ret;
	size_t some;

	vmig_control_take(dev, &control);
	fd = vmig_enter(dev, path[0]);
	for (i = 0; i < n; i++) {
		did = say("%s%s%s", did, i ? ", " : "", vmig_state_name(path[i]));
		if (i) {
			ret = __vmig_set_state(dev, path[i], &other);
			if (!CHECK_OK(FD_04, ret, did))
				break;
			CHECK(FD_02, other == -1, say("%s: data_fd of the last SET", did), "-1",
			      "data_fd %d", other);
			if (other >= 0)
				close(other);
		}
		if (i == n - 1) {
			if (vmig_judge_read(FD_04, fd, &s, &control, &vmig_default_chunks, did)) {
				vmig_set_state(dev, VFIO_DEVICE_STATE_STOP);
				vmig_judge_stream(FD_04, dev, &control, &s,
						  say("%s, some read in each", did));
			}
			break;
		}
		some = control.stream.len / (4 * n) + 1;
		vmig_read_up_to(fd, &s, some);
	}
	close(fd);
	vmig_stream_free(&s);
	vmig_stream_free(&control.stream);
}

#define CHECK_ONE_SESSION(...)                                                                     \
	do {                                                                                       \
		static const uint32_t path_[] = { __VA_ARGS__ };                                   \
		unsigned int i_;                                                                   \
		for (i_ = 0; i_ < ARRAY_SIZE(path_); i_++)                                         \
			NEED_STATE(path_[i_]);                                                     \
		check_one_session(self->dev, path_, ARRAY_SIZE(path_));                            \
	} while (0)

TEST_F(saving_group, pre_copy_to_stop_copy)
{
	CLAUSES(FD_04, FD_02);
	CHECK_ONE_SESSION(VFIO_DEVICE_STATE_PRE_COPY, VFIO_DEVICE_STATE_STOP_COPY);
}

TEST_F(saving_group, pre_copy_p2p_to_stop_copy)
{
	CLAUSES(FD_04, FD_02);
	CHECK_ONE_SESSION(VFIO_DEVICE_STATE_PRE_COPY_P2P, VFIO_DEVICE_STATE_STOP_COPY);
}

/* QEMU goes this way with several devices: all in P2P first, then all stopped. */
TEST_F(saving_group, pre_copy_to_pre_copy_p2p_to_stop_copy)
{
	CLAUSES(FD_04, FD_02);
	CHECK_ONE_SESSION(VFIO_DEVICE_STATE_PRE_COPY, VFIO_DEVICE_STATE_PRE_COPY_P2P,
			  VFIO_DEVICE_STATE_STOP_COPY);
}

/* A VMM that could not stop the others lets this one run again (H:1143). */
TEST_F(saving_group, back_and_forth)
{
	CLAUSES(FD_04, FD_02);
	CHECK_ONE_SESSION(VFIO_DEVICE_STATE_PRE_COPY, VFIO_DEVICE_STATE_PRE_COPY_P2P,
			  VFIO_DEVICE_STATE_PRE_COPY, VFIO_DEVICE_STATE_PRE_COPY_P2P,
			  VFIO_DEVICE_STATE_PRE_COPY, VFIO_DEVICE_STATE_STOP_COPY);
}

/* Nobody reads the rest, but the FSM goes on all the same. */
TEST_F(saving_group, goes_on_without_fd)
{
	uint32_t state;
	const char *did;
	int ret;

	CLAUSES(FD_12);
	for (state = VFIO_DEVICE_STATE_PRE_COPY; state <= VFIO_DEVICE_STATE_PRE_COPY_P2P; state++) {
		if (!vmig_state_offered(self->flags, state))
			continue;
		close(vmig_enter(self->dev, state));
		did = say("close() of the data_fd in %s, SET(STOP_COPY)", vmig_state_name(state));
		ret = __vmig_set_state(self->dev, VFIO_DEVICE_STATE_STOP_COPY, NULL);
		if (!CHECK_OK(FD_12, ret, did))
			continue;
		ret = __vmig_set_state(self->dev, VFIO_DEVICE_STATE_STOP, NULL);
		CHECK_OK(FD_12, ret, say("%s, SET(STOP)", did));
	}
}

/* SET(same) opens nothing and takes nothing back, and the session goes on. */
TEST_F(saving_group, same_state_again)
{
	struct vmig_control control;
	struct vmig_stream s = {};
	int fd, other, ret;

	CLAUSES(FD_02);
	vmig_control_take(self->dev, &control);
	fd = vmig_enter(self->dev, VFIO_DEVICE_STATE_STOP_COPY);
	vmig_read_up_to(fd, &s, control.stream.len / 2 + 1);
	ret = __vmig_set_state(self->dev, VFIO_DEVICE_STATE_STOP_COPY, &other);
	CHECK(FD_02, other == -1, say("SET(STOP_COPY) in STOP_COPY: %s", vmig_errno_name(ret)),
	      "no data_fd", "data_fd %d", other);
	if (other >= 0)
		close(other);
	if (vmig_judge_read(FD_02, fd, &s, &control, &vmig_default_chunks,
			    "SET(STOP_COPY) in the middle of STOP_COPY")) {
		vmig_set_state(self->dev, VFIO_DEVICE_STATE_STOP);
		vmig_judge_stream(FD_02, self->dev, &control, &s,
				  "SET(STOP_COPY) in the middle of STOP_COPY");
	}
	close(fd);
	vmig_stream_free(&s);
	vmig_stream_free(&control.stream);
}

#define EAGAIN_PAUSE_MS 20
#define EAGAIN_TRIES 500

/*
 * With O_NONBLOCK a reader is told EAGAIN while a driver still prepares the data, as
 * mlx5 does. 0 is the end for good (H:1268), so it must not be said for "not yet".
 */
TEST_F(saving_group, nonblocking_read)
{
	struct vmig_control control;
	struct vmig_stream s = {};
	unsigned int waits = 0, tries = 0;
	size_t had = 0;
	int fd, ret;

	CLAUSES(FD_16);
	vmig_control_take(self->dev, &control);
	fd = vmig_enter(self->dev, VFIO_DEVICE_STATE_STOP_COPY);
	if (fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK))
		vmig_die("fcntl(F_SETFL) on the data_fd failed: %s", vmig_errno_name(errno));
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
	CHECK(FD_16, !ret, "read() with O_NONBLOCK in STOP_COPY to the end",
	      "data, EAGAIN or 0", "%s after %zu bytes", vmig_errno_name(ret), s.len);
	vmig_set_state(self->dev, VFIO_DEVICE_STATE_STOP);
	if (!ret)
		vmig_judge_stream(FD_16, self->dev, &control, &s,
				  "read() with O_NONBLOCK in STOP_COPY to the end");
	vmig_note(FD_16, "EAGAIN came %u times", waits);
	close(fd);
	vmig_stream_free(&s);
	vmig_stream_free(&control.stream);
}

#define CYCLES 40

/*
 * One walk through all there is, with the combined transitions that open and close a
 * session on the way: closing what was returned must be enough, or a VMM that migrates
 * often runs out of descriptors.
 */
TEST_F(saving_group, fd_table_is_balanced)
{
	static const uint32_t walk[] = { VFIO_DEVICE_STATE_STOP_COPY, VFIO_DEVICE_STATE_RUNNING,
					 VFIO_DEVICE_STATE_PRE_COPY, VFIO_DEVICE_STATE_STOP,
					 VFIO_DEVICE_STATE_PRE_COPY_P2P, VFIO_DEVICE_STATE_STOP_COPY,
					 VFIO_DEVICE_STATE_RESUMING, VFIO_DEVICE_STATE_RUNNING };
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
	      say("%u walks through all states, each data_fd closed; /proc/self/fd", cycles),
	      "as many fds as before", "%+d", vmig_count_fds() - fds);
	vmig_stream_free(&good);
}

VMIG_FIXTURE(resuming);

/* A restore that is given up at once: closed, nothing written, reset (H:1102). */
TEST_F(resuming, closed_unwritten)
{
	struct vmig_control control;
	uint32_t state;
	int fd;

	CLAUSES(FD_12);
	NEED(!__vmig_reset(self->dev), "the device cannot be reset");
	vmig_control_take(self->dev, &control);
	fd = vmig_enter(self->dev, VFIO_DEVICE_STATE_RESUMING);
	close(fd);
	state = vmig_get_state(self->dev);
	CHECK(FD_12, state == VFIO_DEVICE_STATE_RESUMING,
	      "close() of the data_fd in RESUMING with nothing written, GET", "state RESUMING",
	      "state %s", vmig_state_name(state));
	vmig_reset(self->dev);
	fd = vmig_enter(self->dev, VFIO_DEVICE_STATE_RESUMING);
	vmig_judge_session(FD_12, self->dev, fd, &control,
			   "close() of the data_fd in RESUMING, RESET, RESUMING again");
	vmig_stream_free(&control.stream);
}

/* Copies of a data_fd, in this process and in another one. */
VMIG_FIXTURE(copies);

/* How much of a stream of @len a peer moves: half of it, or what it has room for. */
static size_t half(size_t len)
{
	len = (len + 1) / 2;
	return len < VMIG_PEER_MAX ? len : VMIG_PEER_MAX;
}

/* The peer reads its share; a short read is gone on with. Returns false at an end. */
static bool peer_reads(struct vmig_peer *peer, struct vmig_stream *s, size_t share, const char *did)
{
	size_t done = 0;
	ssize_t n;

	while (done < share) {
		n = vmig_peer_do(peer, VMIG_PEER_READ, share - done);
		if (!CHECK(FD_14, n > 0, say("%s, read() there", did), "data", "%s after %zu bytes",
			   n ? vmig_errno_name(n) : "end of stream", done))
			return false;
		vmig_stream_append(s, peer->buf, n);
		done += n;
	}
	return true;
}

static bool peer_writes(struct vmig_peer *peer, const struct vmig_stream *s, size_t share,
			const char *did)
{
	size_t done = 0;
	ssize_t n;

	while (done < share) {
		memcpy(peer->buf, s->data + done, share - done);
		n = vmig_peer_do(peer, VMIG_PEER_WRITE, share - done);
		if (!CHECK(FD_14, n > 0, say("%s, write() there", did), "bytes taken",
			   "%s after %zu bytes", n ? vmig_errno_name(n) : "none", done))
			return false;
		done += n;
	}
	return true;
}

/* The rest of the session, here; then the stream as a whole is judged. */
static void finish_reading(struct vmig_device *dev, int fd, struct vmig_stream *s,
			   const struct vmig_control *control, const char *did)
{
	bool ok = vmig_judge_read(FD_14, fd, s, control, &vmig_default_chunks, did);

	vmig_set_state(dev, VFIO_DEVICE_STATE_STOP);
	if (ok)
		vmig_judge_stream(FD_14, dev, control, s, did);
}

static void finish_writing(struct vmig_device *dev, int fd, size_t share,
			   const struct vmig_control *control, const char *did)
{
	const struct vmig_stream *s = &control->stream;
	int ret;

	ret = __vmig_stream_write(fd, s->data + share, s->len - share, &vmig_default_chunks, NULL);
	CHECK_OK(FD_14, ret, say("%s, the rest written here", did));
	ret = __vmig_set_state(dev, VFIO_DEVICE_STATE_STOP, NULL);
	if (CHECK_OK(FD_14, ret, say("%s, the rest written here, SET(STOP)", did)))
		vmig_judge_content(FD_14, dev, control, did);
	else
		vmig_control_restore(dev, control);
}

/* dup() is another name of the same file: one position, whichever is used. */
TEST_F(copies, dup_while_saving)
{
	static const char did[] = "STOP_COPY read in turns through the data_fd and its dup()";
	struct vmig_control control;
	struct vmig_stream s = {};
	int fd, copy, ret = 0;
	unsigned int i;

	CLAUSES(FD_14);
	vmig_control_take(self->dev, &control);
	fd = vmig_enter(self->dev, VFIO_DEVICE_STATE_STOP_COPY);
	copy = dup(fd);
	for (i = 0; i < 6 && !ret; i++)
		ret = __vmig_stream_read_some(i & 1 ? copy : fd, &s, control.stream.len / 7 + 1,
					      &vmig_default_chunks);
	/* One of them goes; the session does not. */
	close(fd);
	finish_reading(self->dev, copy, &s, &control, did);
	close(copy);
	vmig_stream_free(&s);
	vmig_stream_free(&control.stream);
}

TEST_F(copies, dup_while_resuming)
{
	static const char did[] = "RESUMING, the first half written through a dup() of the data_fd";
	struct vmig_control control;
	int fd, copy, ret;
	size_t share;

	CLAUSES(FD_14);
	vmig_control_take(self->dev, &control);
	share = half(control.stream.len);
	fd = vmig_enter(self->dev, VFIO_DEVICE_STATE_RESUMING);
	copy = dup(fd);
	ret = __vmig_stream_write(copy, control.stream.data, share, &vmig_default_chunks, NULL);
	close(copy);
	CHECK_OK(FD_14, ret, did);
	finish_writing(self->dev, fd, share, &control, did);
	close(fd);
	vmig_stream_free(&control.stream);
}

/* A VMM that forks a process for the transfer. */
TEST_F(copies, forked_while_saving)
{
	static const char did[] = "STOP_COPY, the first half read by a forked process";
	struct vmig_control control;
	struct vmig_stream s = {};
	struct vmig_peer peer;
	bool ok;
	int fd;

	CLAUSES(FD_14);
	vmig_control_take(self->dev, &control);
	fd = vmig_enter(self->dev, VFIO_DEVICE_STATE_STOP_COPY);
	vmig_peer_start(&peer, self->dev, fd);
	ok = peer_reads(&peer, &s, half(control.stream.len), did);
	vmig_peer_stop(&peer);
	if (ok)
		finish_reading(self->dev, fd, &s, &control, did);
	close(fd);
	vmig_stream_free(&s);
	vmig_stream_free(&control.stream);
}

/* libvirt opens the device and hands fds over: the reader may be no child of the opener. */
TEST_F(copies, sent_while_saving)
{
	static const char did[] = "STOP_COPY, the data_fd sent to another process and closed here";
	struct vmig_control control;
	struct vmig_stream s = {};
	struct vmig_peer peer;
	ssize_t n;
	int fd;

	CLAUSES(FD_14);
	vmig_control_take(self->dev, &control);
	vmig_peer_start(&peer, self->dev, -1);
	fd = vmig_enter(self->dev, VFIO_DEVICE_STATE_STOP_COPY);
	vmig_peer_send_fd(&peer, fd);
	close(fd);
	if (peer_reads(&peer, &s, half(control.stream.len), did)) {
		vmig_set_state(self->dev, VFIO_DEVICE_STATE_STOP);
		n = vmig_peer_do(&peer, VMIG_PEER_READ, VMIG_PEER_MAX);
		CHECK(FD_14, n <= 0 && n != -ETIMEDOUT, say("%s, STOP, read() there", did),
		      "0 or an error", "%s", n > 0 ? say("%zd bytes", n) : vmig_errno_name(n));
	}
	vmig_peer_stop(&peer);
	vmig_stream_free(&s);
	vmig_stream_free(&control.stream);
}

TEST_F(copies, sent_while_resuming)
{
	static const char did[] = "RESUMING, the first half written by a process that was sent the fd";
	struct vmig_control control;
	struct vmig_peer peer;
	ssize_t n;
	size_t share;
	int fd;

	CLAUSES(FD_14);
	vmig_control_take(self->dev, &control);
	share = half(control.stream.len);
	vmig_peer_start(&peer, self->dev, -1);
	fd = vmig_enter(self->dev, VFIO_DEVICE_STATE_RESUMING);
	vmig_peer_send_fd(&peer, fd);
	if (peer_writes(&peer, &control.stream, share, did)) {
		finish_writing(self->dev, fd, share, &control, did);
		n = vmig_peer_do(&peer, VMIG_PEER_WRITE, share);
		CHECK(FD_14, n <= 0 && n != -ETIMEDOUT, say("%s, STOP, write() there", did),
		      "an error, or nothing taken", "%s",
		      n > 0 ? say("%zd bytes", n) : vmig_errno_name(n));
	}
	vmig_peer_stop(&peer);
	close(fd);
	vmig_stream_free(&control.stream);
}

VMIG_MAIN("data_fd")
