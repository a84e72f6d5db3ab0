// SPDX-License-Identifier: GPL-2.0-only
/*
 * PRE-20, PRE-22: a device that is reconfigured in PRE_COPY has new initial data, of which
 * VFIO_MIG_GET_PRECOPY_INFO tells with VFIO_PRECOPY_INFO_REINIT (v7.1) whoever has opted in. The
 * exerciser reconfigures the device. Who did not ask, or asks late, has the data all the same.
 *
 * A driver that never sets the flag keeps the rules: its tests are skipped.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>

#include "load_attempt.h"
#include "fd_peer.h"
#include "fixture_exercise.h"
#include "fixture_precopy.h"
#include "precopy_opt_in.h"

#define SEED 0x9001
#define OTHER 0x9002

/* How much of the state becomes initial data again. */
#define BYTES 0x10000

/* Until another process has begun to wait in poll(); until it must have ended; ms. */
#define SETTLE_MS 100
#define WAKE_MS 5000

VMIG_WORK_FIXTURE_WAYS(reinit);

#define NEED_REINIT                                                                                \
	do {                                                                                       \
		NEED_PRE_COPY;                                                                     \
		NEED_OPT_IN;                                                                       \
		NEED_RECONFIGURABLE;                                                               \
		NEED(self->w.ops->dirty && self->w.ops->check_dirty,                               \
		     "no exerciser can reconfigure this device");                                  \
	} while (0)

#define NEED_TOLD(told) NEED(told, "the driver does not report VFIO_PRECOPY_INFO_REINIT")

/* The device changes its state, and what it changed is initial data. */
static void reconfigure(struct vmig_exercise *w, uint32_t seed)
{
	int ret = w->ops->dirty(w, seed);

	ret = ret ?: w->ops->reinit(w, BYTES);
	if (ret)
		vmig_test_error("the device cannot be reconfigured: %s", vmig_errno_name(ret));
}

static int begin(struct vmig_exercise *w, bool opt_in)
{
	if (opt_in)
		vmig_opt_in(w->dev);
	return vmig_goto_state(w->dev, VFIO_DEVICE_STATE_PRE_COPY);
}

/* Asks for the counters. Returns whether the flag is set, with which they begin again. */
static bool told(int fd, struct vfio_precopy_info *info, const char *did)
{
	vmig_info_with_flags(fd, 0, info);
	if (!(info->flags & VFIO_PRECOPY_INFO_REINIT))
		return false;
	CHECK(PRE_22, !info->dirty_bytes, vmig_fmt("%s, VFIO_MIG_GET_PRECOPY_INFO", did),
	      "dirty_bytes 0 with VFIO_PRECOPY_INFO_REINIT", "%llu", info->dirty_bytes);
	return true;
}

/* Reads on in STOP_COPY, and loads: is the change of @seed there? */
static void check_complete(struct vmig_exercise *w, int fd, struct vmig_stream *s, uint32_t seed,
			   const char *did)
{
	const char *why = NULL;
	int ret;

	if (vmig_get_state(w->dev) != VFIO_DEVICE_STATE_STOP_COPY)
		vmig_set_state(w->dev, VFIO_DEVICE_STATE_STOP_COPY);
	vmig_stream_read(fd, s);
	vmig_set_state(w->dev, VFIO_DEVICE_STATE_STOP);
	close(fd);
	vmig_recover_running(w->dev);
	ret = w->ops->dirty(w, ~seed);
	if (ret)
		vmig_test_error("the device cannot be made to change its state: %s",
				vmig_errno_name(ret));
	ret = __vmig_load(w->dev, s->data, s->len, &vmig_default_chunks);
	if (CHECK_OK(STRM_11, ret, vmig_fmt("%s, the rest in STOP_COPY, load, SET(STOP)", did))) {
		vmig_goto_state(w->dev, VFIO_DEVICE_STATE_RUNNING);
		ret = w->ops->check_dirty(w, seed, &why);
		CHECK(PRE_22, !ret, vmig_fmt("%s, the rest in STOP_COPY, load", did),
		      "what changed by the reconfiguration is in the stream", "%s",
		      why ?: vmig_errno_name(ret));
		CHECK(STRM_11, !ret, "the same", "the state that the device had", "%s",
		      why ?: vmig_errno_name(ret));
	}
	vmig_stream_free(s);
}

/* initial_bytes falls from @info on, by reading, until nothing is left. */
static void check_falls(int fd, struct vmig_stream *s, struct vfio_precopy_info *info,
			const char *did)
{
	uint64_t began = vmig_now_ms(), end = began + VMIG_IO_TIMEOUT_MS;
	uint64_t announced = info->initial_bytes, last = announced;
	size_t had = s->len;
	size_t step = 1 + info->initial_bytes / 4;
	int ret;

	do {
		ret = __vmig_stream_read_some(fd, s, step, &vmig_default_chunks);
		if (!told(fd, info, did) && !CHECK(PRE_22, info->initial_bytes <= last,
						   vmig_fmt("%s, %zu bytes read", did, s->len),
						   vmig_fmt("initial_bytes at most %llu, as before",
							    (unsigned long long)last),
						   "%llu", info->initial_bytes))
			break;
		last = info->initial_bytes;
	} while (!ret && vmig_now_ms() < end);
	CHECK(PRE_22, !info->initial_bytes || vmig_now_ms() >= end,
	      vmig_fmt("%s, %zu bytes read, and no more come", did, s->len), "initial_bytes 0",
	      "%llu", info->initial_bytes);
	vmig_note(PRE_22, "%s: REINIT with %llu initial_bytes, 0 after %zu bytes and %llu ms", did,
		  (unsigned long long)announced, s->len - had,
		  (unsigned long long)(vmig_now_ms() - began));
}

/* For QEMU before 11.1 and for cloud-hypervisor it is data that changed. */
VMIG_TEST_TIMEOUT(reinit, not_told_without_opt_in, MINUTES)
{
	struct vfio_precopy_info info;
	struct vmig_stream s = {};
	int fd, i;

	CLAUSES(PRE_20, PRE_22, STRM_11);
	NEED_REINIT;
	fd = begin(&self->w, false);
	vmig_drain(fd, &s);
	reconfigure(&self->w, SEED);
	for (i = 0; i < 2; i++) {
		vmig_info_with_flags(fd, 0, &info);
		CHECK(PRE_20, !(info.flags & VFIO_PRECOPY_INFO_REINIT),
		      vmig_fmt(
			      "reconfigured, no opt-in, VFIO_MIG_GET_PRECOPY_INFO with flags 0, %s",
			      i ? "all read" : "nothing read"),
		      "VFIO_PRECOPY_INFO_REINIT is clear", "flags %#x", info.flags);
		vmig_drain(fd, &s);
	}
	check_complete(&self->w, fd, &s, SEED, "reconfigured, no opt-in");
}

static void begins_again(struct vmig_exercise *w, int fd, struct vmig_stream *s,
			 struct vfio_precopy_info *info, const char *did)
{
	check_falls(fd, s, info, did);
	check_complete(w, fd, s, SEED, did);
}

VMIG_TEST_TIMEOUT(reinit, begins_again, MINUTES)
{
	static const char did[] = "all read, reconfigured";
	struct vfio_precopy_info info;
	struct vmig_stream s = {};
	int fd;

	CLAUSES(PRE_22, STRM_11);
	NEED_REINIT;
	fd = begin(&self->w, true);
	vmig_drain(fd, &s);
	reconfigure(&self->w, SEED);
	NEED_TOLD(told(fd, &info, did));
	begins_again(&self->w, fd, &s, &info, did);
}

/* What was to be read before is counted with what is new, as it comes before it. */
VMIG_TEST_TIMEOUT(reinit, while_initial_data_is_unread, MINUTES)
{
	static const char did[] = "nothing read, reconfigured";
	struct vfio_precopy_info info;
	struct vmig_stream s = {};
	int fd;

	CLAUSES(PRE_22, STRM_11);
	NEED_REINIT;
	fd = begin(&self->w, true);
	reconfigure(&self->w, SEED);
	NEED_TOLD(told(fd, &info, did));
	begins_again(&self->w, fd, &s, &info, did);
}

VMIG_TEST_TIMEOUT(reinit, while_dirty_data_is_unread, MINUTES)
{
	static const char did[] = "all read, changed, a byte read, reconfigured";
	struct vfio_precopy_info info;
	struct vmig_stream s = {};
	int fd;

	CLAUSES(PRE_22, STRM_11);
	NEED_REINIT;
	fd = begin(&self->w, true);
	vmig_drain(fd, &s);
	self->w.ops->dirty(&self->w, OTHER);
	vmig_precopy_info(fd, &info);
	__vmig_stream_read_some(fd, &s, 1, &vmig_default_chunks);
	reconfigure(&self->w, SEED);
	NEED_TOLD(told(fd, &info, did));
	begins_again(&self->w, fd, &s, &info, did);
}

VMIG_TEST_TIMEOUT(reinit, twice, MINUTES)
{
	static const char did[] = "reconfigured, a part read, reconfigured again";
	struct vfio_precopy_info info;
	struct vmig_stream s = {};
	int fd;

	CLAUSES(PRE_22, STRM_11);
	NEED_REINIT;
	fd = begin(&self->w, true);
	vmig_drain(fd, &s);
	reconfigure(&self->w, OTHER);
	NEED_TOLD(told(fd, &info, "all read, reconfigured"));
	__vmig_stream_read_some(fd, &s, 1 + info.initial_bytes / 2, &vmig_default_chunks);
	reconfigure(&self->w, SEED);
	NEED_TOLD(told(fd, &info, did));
	begins_again(&self->w, fd, &s, &info, did);
}

/* The VM is switched over all the same, whether the VMM has seen the flag or not. */
static void switch_over(struct vmig_exercise *w, uint64_t flags, bool ask)
{
	const char *did = vmig_fmt("all read, reconfigured, %s, stopped at once",
				   ask ? "VFIO_MIG_GET_PRECOPY_INFO" : "not asked");
	struct vfio_precopy_info info;
	struct vmig_stream s = {};
	int fd = begin(w, true);

	vmig_drain(fd, &s);
	reconfigure(w, SEED);
	if (ask)
		told(fd, &info, did);
	if (flags & VFIO_MIGRATION_P2P)
		vmig_set_state(w->dev, VFIO_DEVICE_STATE_PRE_COPY_P2P);
	vmig_set_state(w->dev, VFIO_DEVICE_STATE_STOP_COPY);
	check_complete(w, fd, &s, SEED, did);
}

VMIG_TEST_TIMEOUT(reinit, switched_over_at_once, MINUTES)
{
	CLAUSES(PRE_22, STRM_11);
	NEED_REINIT;
	switch_over(&self->w, self->flags, true);
	switch_over(&self->w, self->flags, false);
}

static void set_nonblock(int fd, bool on)
{
	int flags = fcntl(fd, F_GETFL) & ~O_NONBLOCK;

	if (fcntl(fd, F_SETFL, on ? flags | O_NONBLOCK : flags))
		vmig_test_error("fcntl(F_SETFL) on the data_fd failed: %s", vmig_errno_name(errno));
}

static void hold(struct vmig_exercise *w, bool on)
{
	int ret = w->ops->hold_stream(w, on);

	if (ret)
		vmig_test_error("the device cannot be made to %s its stream: %s",
				on ? "keep back" : "give", vmig_errno_name(ret));
}

/*
 * One byte of new initial data without waiting: EAGAIN is allowed as the device may still be at
 * work on it, ENOMSG is not. Returns false where the driver tells of none.
 */
static bool read_at_once(struct vmig_exercise *w, bool slow)
{
	const char *did = vmig_fmt("all read, reconfigured%s, read() with O_NONBLOCK",
				   slow ? ", the device is slow" : "");
	struct vfio_precopy_info info;
	struct vmig_stream s = {};
	int fd = begin(w, true);
	unsigned char byte;
	bool there;
	ssize_t n;

	set_nonblock(fd, true);
	vmig_drain(fd, &s);
	if (slow)
		hold(w, true);
	reconfigure(w, SEED);
	there = told(fd, &info, did) && info.initial_bytes;
	n = there ? __vmig_read(fd, &byte, 1) : 0;
	if (slow)
		hold(w, false);
	if (!there)
		return false;
	CHECK(PRE_12, n == 1 || n == -EAGAIN,
	      vmig_fmt("%s with initial_bytes %llu", did, info.initial_bytes), "data, or EAGAIN",
	      "%s", n ? vmig_errno_name(n) : "0");
	if (n == 1)
		vmig_stream_append(&s, &byte, 1);
	set_nonblock(fd, false);
	check_complete(w, fd, &s, SEED, did);
	return true;
}

VMIG_TEST_TIMEOUT(reinit, read_with_o_nonblock, MINUTES)
{
	CLAUSES(PRE_12, PRE_22, STRM_11);
	NEED_REINIT;
	NEED_TOLD(read_at_once(&self->w, false));
}

VMIG_TEST_TIMEOUT(reinit, read_with_o_nonblock_from_a_slow_device, MINUTES)
{
	CLAUSES(PRE_12, PRE_22, STRM_11);
	NEED_REINIT;
	NEED_HOLD;
	NEED_TOLD(read_at_once(&self->w, true));
}

/**
 * struct sleeper - a process in poll() at the temporary end of the stream, and what woke it
 * @slept: it did not return at once
 * @info: the counters after what was to wake it
 * @told: with them came VFIO_PRECOPY_INFO_REINIT
 */
struct sleeper {
	bool slept;
	struct vfio_precopy_info info;
	bool told;
};

/* Another process sleeps until there is more, and the device makes something new. */
static struct sleeper wake(struct vmig_exercise *w, int fd, void (*change)(struct vmig_exercise *w),
			   const char *did)
{
	struct vmig_fd_peer peer;
	struct sleeper s = {};
	ssize_t ret = 0;
	bool woken;

	vmig_fd_peer_start(&peer, w->dev, fd);
	vmig_fd_peer_request(&peer, VMIG_FD_PEER_POLL, 0);
	s.slept = !vmig_fd_peer_reply(&peer, SETTLE_MS, &ret);
	if (s.slept) {
		change(w);
		/* A driver that has to ask its firmware does it now. */
		vmig_info_with_flags(fd, 0, &s.info);
		s.told = s.info.flags & VFIO_PRECOPY_INFO_REINIT;
		woken = vmig_fd_peer_reply(&peer, WAKE_MS, &ret);
		if (s.info.initial_bytes || s.info.dirty_bytes)
			CHECK(PRE_13, woken && ret > 0 && (ret & POLLIN), did, "POLLIN", "%s",
			      !woken	? vmig_fmt("no return for %d s", WAKE_MS / 1000)
			      : ret < 0 ? vmig_errno_name(ret)
					: vmig_fmt("events %#zx", ret));
	}
	vmig_fd_peer_stop(&peer);
	return s;
}

#define NEED_SLEEP(s) NEED((s).slept, "poll() at the temporary end does not wait")

static void change(struct vmig_exercise *w)
{
	int ret = w->ops->dirty(w, SEED);

	if (ret)
		vmig_test_error("the device cannot be made to change its state: %s",
				vmig_errno_name(ret));
}

static void change_all(struct vmig_exercise *w)
{
	reconfigure(w, SEED);
}

VMIG_TEST_TIMEOUT(reinit, poll_is_woken, MINUTES)
{
	static const char did[] =
		"poll(POLLIN) of another process at the temporary end; reconfigured";
	struct vmig_stream s = {};
	struct sleeper sleeper;
	int fd;

	CLAUSES(PRE_13, PRE_22, STRM_11);
	NEED_REINIT;
	fd = begin(&self->w, true);
	NEED_DRAINED(fd, &s);
	sleeper = wake(&self->w, fd, change_all, did);
	NEED_SLEEP(sleeper);
	NEED_TOLD(sleeper.told);
	check_complete(&self->w, fd, &s, SEED, did);
}

/* Without the opt-in, and on kernels that do not have it: a change is something new as well. */
VMIG_TEST_TIMEOUT(reinit, poll_is_woken_by_a_change, MINUTES)
{
	static const char did[] =
		"poll(POLLIN) of another process at the temporary end; the device changes";
	struct vmig_stream s = {};
	struct sleeper sleeper;
	int fd;

	CLAUSES(PRE_13);
	NEED_PRE_COPY;
	NEED(self->w.ops->dirty, "no exerciser can make this device change its state");
	fd = begin(&self->w, false);
	NEED_DRAINED(fd, &s);
	sleeper = wake(&self->w, fd, change, did);
	NEED_SLEEP(sleeper);
	NEED(sleeper.info.dirty_bytes, "the counters do not tell of the change");
	close(fd);
	vmig_stream_free(&s);
}

/* A VMM may ask for it when the session is there; what comes after is for who opted in. */
VMIG_TEST_TIMEOUT(reinit, opt_in_in_a_session, MINUTES)
{
	static const char did[] = "all read, opt-in, reconfigured";
	struct vfio_precopy_info info;
	struct vmig_stream s = {};
	int fd;

	CLAUSES(PRE_20, PRE_21, PRE_22, STRM_11);
	NEED_REINIT;
	fd = begin(&self->w, false);
	vmig_drain(fd, &s);
	vmig_info_with_flags(fd, 0, &info);
	CHECK(PRE_20, !(info.flags & VFIO_PRECOPY_INFO_REINIT),
	      "VFIO_MIG_GET_PRECOPY_INFO with flags 0 before the opt-in",
	      "VFIO_PRECOPY_INFO_REINIT is clear", "flags %#x", info.flags);
	vmig_opt_in(self->dev);
	vmig_check_output_flags(PRE_21, fd, "after an opt-in in the session");
	reconfigure(&self->w, SEED);
	vmig_check_output_flags(PRE_21, fd, "after an opt-in in the session, reconfigured");
	reconfigure(&self->w, SEED);
	NEED_TOLD(told(fd, &info, did));
	begins_again(&self->w, fd, &s, &info, did);
}

/*
 * Only the group gives a device several fds: an opt-in is the device's, whichever it came
 * through, and lasts until the last of them is closed.
 */
VMIG_TEST_TIMEOUT(reinit, opt_in_through_another_fd, MINUTES)
{
	struct vmig_device second = *self->dev;
	int fd;

	CLAUSES(FEAT_17);
	NEED_PRE_COPY;
	NEED_OPT_IN;
	NEED(self->dev->uapi == VMIG_UAPI_GROUP, "only the group gives several fds of a device");
	second.fd = __vmig_open_again(self->dev);
	if (second.fd < 0)
		vmig_test_error("a second VFIO_GROUP_GET_DEVICE_FD failed: %s",
				vmig_errno_name(second.fd));
	fd = vmig_goto_state(self->dev, VFIO_DEVICE_STATE_PRE_COPY);
	vmig_opt_in(&second);
	vmig_check_output_flags(FEAT_17, fd, "after an opt-in through another fd of the device");
	vmig_close_fd(&second);
	vmig_check_output_flags(FEAT_17, fd, "after that fd was closed, but not the first one");
	vmig_goto_state(self->dev, VFIO_DEVICE_STATE_RUNNING);
	close(fd);
}

VMIG_MAIN("reinit")
