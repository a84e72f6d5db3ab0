// SPDX-License-Identifier: GPL-2.0-only
/*
 * Signals at every point at which a call of the migration protocol may wait. A call that is
 * interrupted returns EINTR or does what it was asked for; it loses no byte, and leaves the
 * device on the way that it was on (ST-14, ST-09). A process may be stopped for long in the
 * middle of a call, or killed.
 *
 * The signals come from a timer at random times, as long after the call began as such a call
 * takes, or twice.
 */
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>

#include <vmig/dma_logging.h>
#include "risky_call.h"
#include "round_trip_check.h"
#include "fault_memory.h"
#include "random.h"
#include "kernel_health.h"
#include "fixture_exercise.h"

#define SEED 0x5201
#define CHUNK 4096

/* How many interruptions, in a brief run and in a full one. */
#define SETS_BRIEF 100
#define SETS_FULL 4000
#define SAVES_BRIEF 4
#define SAVES_FULL 60
#define KILLS_BRIEF 12
#define KILLS_FULL 200

/* No call is interrupted more often than this, so that it comes to its end. */
#define TRIES 50

FIXTURE(signals)
{
	VMIG_FIXTURE_DATA;
	VMIG_WORK_DATA;
	timer_t timer;
	struct vmig_rng rng;
	uint64_t window_ns;
	unsigned int interrupted;
};

FIXTURE_VARIANT(signals)
{
	VMIG_VARIANT_DATA;
};

VMIG_VARIANTS_UAPIS(signals);

static void on_signal(int sig)
{
	(void)sig;
}

FIXTURE_SETUP(signals)
{
	struct sigevent event = { .sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGUSR1 };
	struct sigaction action = { .sa_handler = on_signal };

	VMIG_WORK_SETUP(true);
	NEED(vmig_stress(1, 1), VMIG_NO_STRESS);
	/* Without SA_RESTART: the caller shall see what the kernel makes of it. */
	if (sigaction(SIGUSR1, &action, NULL) ||
	    timer_create(CLOCK_MONOTONIC, &event, &self->timer))
		vmig_test_error("timer_create() failed: %s", vmig_errno_name(errno));
	vmig_rng_seed(&self->rng, variant->uapi);
	self->window_ns = 100000;
}

FIXTURE_TEARDOWN(signals)
{
	VMIG_WORK_TEARDOWN();
}

static uint64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000000ULL + t.tv_nsec;
}

static void arm(FIXTURE_DATA(signals) * self, uint64_t ns)
{
	struct itimerspec spec = {
		.it_value = { .tv_sec = ns / 1000000000, .tv_nsec = ns % 1000000000 },
		/* The first one may come before the call waits. */
		.it_interval = { .tv_nsec = ns ? 100000000 : 0 },
	};

	timer_settime(self->timer, 0, &spec, NULL);
}

/* Some time soon. Returns when that was said. */
static uint64_t arm_soon(FIXTURE_DATA(signals) * self)
{
	arm(self, 1 + vmig_rng_below(&self->rng, self->window_ns));
	return now_ns();
}

/* The call is over; how long such a call takes says when the next signal shall come. */
static void disarm(FIXTURE_DATA(signals) * self, uint64_t since, long ret)
{
	uint64_t took = now_ns() - since;

	arm(self, 0);
	if (ret == -EINTR)
		self->interrupted++;
	else
		self->window_ns = (3 * self->window_ns + 2 * took) / 4 + 1000;
}

static int set_interrupted(FIXTURE_DATA(signals) * self, uint32_t state, int *fd)
{
	uint64_t since = arm_soon(self);
	int ret = __vmig_set_state(self->dev, state, fd);

	disarm(self, since, ret);
	if (ret)
		*fd = -1;
	return ret;
}

/* The same for a call that is made again after EINTR, the last time without a signal. */
static uint64_t arm_try(FIXTURE_DATA(signals) * self, unsigned int tried)
{
	return tried < TRIES ? arm_soon(self) : now_ns();
}

/* read(), write() or GET_PRECOPY_INFO that a signal may interrupt, until one was not. */
static ssize_t read_on(FIXTURE_DATA(signals) * self, int fd, void *buf, size_t len)
{
	unsigned int tried = 0;
	uint64_t since;
	ssize_t n;

	do {
		since = arm_try(self, tried);
		n = read(fd, buf, len);
		n = n < 0 ? -errno : n;
		disarm(self, since, n);
	} while (n == -EINTR && tried++ < TRIES);
	return n;
}

static ssize_t write_on(FIXTURE_DATA(signals) * self, int fd, const void *buf, size_t len)
{
	unsigned int tried = 0;
	uint64_t since;
	ssize_t n;

	do {
		since = arm_try(self, tried);
		n = write(fd, buf, len);
		n = n < 0 ? -errno : n;
		disarm(self, since, n);
	} while (n == -EINTR && tried++ < TRIES);
	return n;
}

static int info_on(FIXTURE_DATA(signals) * self, int fd)
{
	struct vfio_precopy_info info = { .argsz = sizeof(info) };
	unsigned int tried = 0;
	uint64_t since;
	int ret;

	do {
		since = arm_try(self, tried);
		ret = ioctl(fd, VFIO_MIG_GET_PRECOPY_INFO, &info) ? -errno : 0;
		disarm(self, since, ret);
	} while (ret == -EINTR && tried++ < TRIES);
	return ret;
}

/* To one end of the stream or the other: 0, or -ENOMSG in PRE_COPY, or another -errno. */
static int read_stream(FIXTURE_DATA(signals) * self, int fd, struct vmig_stream *s)
{
	unsigned char *buf = vmig_alloc(CHUNK);
	ssize_t n;

	do {
		n = read_on(self, fd, buf, CHUNK);
		if (n > 0)
			vmig_stream_append(s, buf, n);
	} while (n > 0 && s->len < VMIG_STREAM_MAX);
	free(buf);
	return n;
}

static void put_pattern(struct vmig_exercise *w)
{
	if (w->ops->set_pattern && w->ops->check_pattern)
		vmig_set_pattern(w, SEED);
}

/* Load it undisturbed. NULL, or what is wrong with the stream. */
static const char *judge_stream(FIXTURE_DATA(signals) * self, const struct vmig_stream *s)
{
	struct vmig_exercise *w = &self->w;
	int ret;

	vmig_recover_running(self->dev);
	ret = __vmig_load(self->dev, s->data, s->len, &vmig_default_chunks);
	ret = ret ?: __vmig_set_state(self->dev, VFIO_DEVICE_STATE_RUNNING, NULL);
	if (ret)
		return vmig_fmt("the load fails: %s", vmig_errno_name(ret));
	return w->ops->set_pattern && w->ops->check_pattern ? vmig_check_pattern(w, SEED) : NULL;
}

/* A target that the device offers, to which there is a way without a load. */
static uint32_t draw_target(FIXTURE_DATA(signals) * self, uint32_t from, struct vmig_transition *t)
{
	uint32_t to;

	do {
		to = vmig_rng_below(&self->rng, VFIO_DEVICE_STATE_NR);
		vmig_transition(self->flags, from, to, t);
	} while (to == VFIO_DEVICE_STATE_ERROR || to == VFIO_DEVICE_STATE_RESUMING || to == from ||
		 !vmig_state_offered(self->flags, to) || t->answer != VMIG_GO);
	return to;
}

/* Returns false where going on makes no sense. */
static bool interrupt_set(FIXTURE_DATA(signals) * self)
{
	uint32_t from = vmig_get_state(self->dev), to, got;
	struct vmig_transition t;
	const char *did;
	int fd, ret;

	to = draw_target(self, from, &t);
	ret = set_interrupted(self, to, &fd);
	vmig_close_data_fd(fd);
	did = vmig_fmt("SET(%s) from %s while a signal comes", vmig_state_name(to),
		       vmig_state_name(from));
	got = vmig_get_state(self->dev);
	if (!CHECK(FSM_01, !ret || ret == -EINTR, did, "success, or EINTR", "%s",
		   vmig_errno_name(ret)))
		return false;
	if (!ret)
		return CHECK(FSM_01, got == to, vmig_fmt("GET after %s, which returned 0", did),
			     vmig_fmt("state %s", vmig_state_name(to)), "state %s",
			     vmig_state_name(got));
	if (!CHECK(ST_09, vmig_on_path(&t, from, got),
		   vmig_fmt("GET after %s, which returned EINTR", did),
		   "the origin, a step of the path, or ERROR", "state %s", vmig_state_name(got)))
		return false;
	if (got == VFIO_DEVICE_STATE_ERROR)
		vmig_recover_running(self->dev);
	return true;
}

VMIG_TEST_TIMEOUT(signals, in_set, 180)
{
	unsigned int n = vmig_stress(SETS_BRIEF, SETS_FULL), i;
	const char *why;
	bool ok = true;

	CLAUSES(FSM_01, ST_09, ST_14, ROB_04);
	for (i = 0; i < n && ok; i++)
		ok = interrupt_set(self);
	vmig_note(ST_14, "%u of %u SETs returned EINTR", self->interrupted, i);
	vmig_recover_running(self->dev);
	why = vmig_round_trip(self->dev);
	CHECK(ROB_04, !why, "SETs that signals interrupt, then a save and a load", "both work",
	      "%s", why);
}

/* Through PRE_COPY where there is one, with all of its calls. */
VMIG_TEST_TIMEOUT(signals, in_save, 180)
{
	bool precopy = vmig_state_offered(self->flags, VFIO_DEVICE_STATE_PRE_COPY);
	unsigned int n = vmig_stress(SAVES_BRIEF, SAVES_FULL), i;
	struct vmig_stream s = {};
	const char *why = NULL;
	int fd, ret = 0;

	CLAUSES(STRM_03, PRE_01);
	for (i = 0; i < n && !why; i++) {
		s.len = 0;
		put_pattern(&self->w);
		fd = vmig_set_state(self->dev, precopy ? VFIO_DEVICE_STATE_PRE_COPY
						       : VFIO_DEVICE_STATE_STOP_COPY);
		if (precopy) {
			CHECK_OK(PRE_01, info_on(self, fd), "GET_PRECOPY_INFO while signals come");
			read_stream(self, fd, &s);
			vmig_set_state(self->dev, VFIO_DEVICE_STATE_STOP_COPY);
		}
		ret = read_stream(self, fd, &s);
		close(fd);
		why = ret ? vmig_fmt("read() gave %s", vmig_errno_name(ret))
			  : judge_stream(self, &s);
		CHECK(STRM_03, !why, "a save while signals come", "a stream that loads", "%s", why);
	}
	vmig_note(STRM_03, "%u reads returned EINTR", self->interrupted);
	vmig_stream_free(&s);
}

/* The device keeps its data back, so that read() surely waits when the signal comes. */
VMIG_TEST_TIMEOUT(signals, in_waiting_read, 60)
{
	unsigned char byte;
	struct vmig_stream s = {};
	const char *why;
	ssize_t n = 0;
	int fd, i, ret;

	CLAUSES(STRM_03);
	NEED_HOLD;
	put_pattern(&self->w);
	ret = self->w.ops->hold_stream(&self->w, true);
	if (ret)
		vmig_test_error("the device cannot be made to keep back its stream: %s",
				vmig_errno_name(ret));
	fd = vmig_goto_state(self->dev, VFIO_DEVICE_STATE_STOP_COPY);
	for (i = 0; i < 8; i++) {
		arm(self, 2000000);
		n = read(fd, &byte, 1);
		n = n < 0 ? -errno : n;
		arm(self, 0);
		if (n == 1)
			vmig_stream_append(&s, &byte, 1);
		else if (!CHECK(STRM_03, n == -EINTR, "a signal in a read() that waits",
				"EINTR, or data", "%s", n ? vmig_errno_name(n) : "0"))
			break;
	}
	self->w.ops->hold_stream(&self->w, false);
	ret = read_stream(self, fd, &s);
	close(fd);
	why = ret ? vmig_fmt("read() gave %s", vmig_errno_name(ret)) : judge_stream(self, &s);
	CHECK(STRM_03, !why, "a save whose first reads waited and were interrupted",
	      "a stream that loads, with nothing lost", "%s", why);
	vmig_stream_free(&s);
}

VMIG_TEST_TIMEOUT(signals, in_load, 180)
{
	unsigned int n = vmig_stress(SAVES_BRIEF, SAVES_FULL), i;
	struct vmig_stream s = {};
	size_t at, len;
	ssize_t ret = 0;
	const char *why;
	int fd;

	CLAUSES(STRM_04);
	put_pattern(&self->w);
	vmig_save(self->dev, &s);
	for (i = 0; i < n; i++) {
		vmig_recover_running(self->dev);
		fd = vmig_set_state(self->dev, VFIO_DEVICE_STATE_RESUMING);
		for (at = 0, ret = 1; at < s.len && ret > 0; at += ret > 0 ? ret : 0) {
			len = s.len - at < CHUNK ? s.len - at : CHUNK;
			ret = write_on(self, fd, s.data + at, len);
		}
		ret = at == s.len ? 0 : ret ?: -EIO;
		if (!ret)
			ret = __vmig_set_state(self->dev, VFIO_DEVICE_STATE_RUNNING, NULL);
		close(fd);
		why = ret ? vmig_fmt("after %zu of %zu bytes: %s", at, s.len, vmig_errno_name(ret))
		      : self->w.ops->set_pattern && self->w.ops->check_pattern
			      ? vmig_check_pattern(&self->w, SEED)
			      : NULL;
		if (!CHECK(STRM_04, !why, "a load while signals come", "the state that was saved",
			   "%s", why))
			break;
	}
	vmig_note(STRM_04, "%u writes returned EINTR", self->interrupted);
	vmig_stream_free(&s);
}

/* A log that was asked in vain may say so, but must not have been emptied with success. */
VMIG_TEST_TIMEOUT(signals, in_report, 60)
{
	unsigned int n = vmig_stress(50, 1000), i, tries;
	uint64_t page_size = VMIG_PAGE, bitmap, since;
	struct vfio_device_feature_dma_logging_range range;
	int ret;

	CLAUSES(LOG_19, LOG_28);
	NEED(!__vmig_probe(self->dev, VFIO_DEVICE_FEATURE_DMA_LOGGING_START,
			   VFIO_DEVICE_FEATURE_SET),
	     "the device offers no DMA logging");
	NEED(vmig_log_served(self->dev), VMIG_LOG_UNSERVED);
	NEED_DMA;
	vmig_exercise_memory(&self->w, &self->mem);
	range.iova = self->mem.iova & ~0xffffULL;
	range.length = 1 << 20;
	vmig_log_start(self->dev, &page_size, &range, 1);
	for (i = 0; i < n; i++) {
		vmig_dma_begin(&self->w, &self->mem, 0, 64, SEED + i);
		vmig_dma_end(&self->w);
		for (tries = TRIES, ret = -EINTR; ret == -EINTR && tries; tries--) {
			bitmap = 0;
			since = arm_soon(self);
			ret = __vmig_log_report(self->dev, self->mem.iova, VMIG_PAGE, VMIG_PAGE,
						&bitmap);
			disarm(self, since, ret);
			/* The result of an interrupted REPORT is not known; ask for all anew. */
			if (ret == -EINTR)
				break;
		}
		if (ret == -EINTR)
			continue;
		if (!CHECK_OK(LOG_28, ret, "REPORT while a signal comes, which may give EINTR") ||
		    !CHECK(LOG_19, bitmap & 1,
			   "REPORT of a page that was written to, while a signal comes",
			   "its bit, or EINTR", "success and no bit"))
			break;
	}
	vmig_note(LOG_19, "%u of %u REPORTs returned EINTR", self->interrupted, i);
	__vmig_log_stop(self->dev);
}

/* A process that migrates the device to and fro until it is killed. */
static void migrate_for_ever(void *arg)
{
	struct vmig_device *dev = arg;
	struct vmig_stream s = {};
	int fd;

	for (;;) {
		s.len = 0;
		if (__vmig_set_state(dev, VFIO_DEVICE_STATE_STOP_COPY, &fd))
			break;
		__vmig_stream_read(fd, &s, &vmig_default_chunks);
		close(fd);
		__vmig_set_state(dev, VFIO_DEVICE_STATE_RUNNING, NULL);
		if (__vmig_set_state(dev, VFIO_DEVICE_STATE_RESUMING, &fd))
			break;
		__vmig_stream_write(fd, s.data, s.len, &vmig_default_chunks, NULL);
		__vmig_set_state(dev, VFIO_DEVICE_STATE_RUNNING, NULL);
		close(fd);
	}
}

/* The migrating process is killed at any time; the one with the device goes on. */
VMIG_TEST_TIMEOUT(signals, kill_at_any_time, 240)
{
	unsigned int n = vmig_stress(KILLS_BRIEF, KILLS_FULL), i;
	unsigned long taint = vmig_kernel_taint();
	enum vmig_child_end end;
	const char *why;
	uint32_t state;
	pid_t pid;
	int ret;

	CLAUSES(ST_02, ROB_01, ROB_04);
	for (i = 0; i < n; i++) {
		pid = vmig_child_start(migrate_for_ever, self->dev);
		usleep(1 + vmig_rng_below(&self->rng, 40000));
		end = vmig_child_kill(pid);
		if (!CHECK(ROB_01,
			   vmig_survived(end == VMIG_CHILD_STUCK ? end : VMIG_CHILD_DONE, taint),
			   "SIGKILL of a process that saves and loads", "it ends",
			   "it hangs in the kernel, or the kernel complains"))
			return;
		state = vmig_get_state(self->dev);
		if (!CHECK(ST_02,
			   state == VFIO_DEVICE_STATE_ERROR ||
				   vmig_state_offered(self->flags, state),
			   "GET after SIGKILL of a process that saves and loads",
			   "a state that the flags offer, or ERROR", "state %u", state))
			return;
		ret = __vmig_recover_running(self->dev);
		why = ret ? vmig_fmt("no way back to RUNNING: %s", vmig_errno_name(ret))
			  : vmig_round_trip(self->dev);
		if (!CHECK(ROB_04, !why,
			   vmig_fmt(
				   "SIGKILL of a process that saves and loads, device in %s; then a "
				   "save and a load",
				   vmig_state_name(state)),
			   "both work", "%s", why))
			return;
	}
}

/* Reads slowly, and for ever. */
static void read_for_ever(void *arg)
{
	char c[64];
	int fd = *(int *)arg;

	while (read(fd, c, sizeof(c)) || true)
		usleep(100);
}

/* A reader that is stopped, as by a debugger, must not keep the others of its process. */
VMIG_TEST_TIMEOUT(signals, stopped_reader, 60)
{
	static const uint32_t to[] = { VFIO_DEVICE_STATE_STOP, VFIO_DEVICE_STATE_RUNNING,
				       VFIO_DEVICE_STATE_ERROR /* RESET */ };
	static const uint32_t in[] = { VFIO_DEVICE_STATE_PRE_COPY, VFIO_DEVICE_STATE_STOP_COPY };
	struct vmig_risky_call call = { .survived = true };
	unsigned int i;
	const char *why;
	uint32_t state;
	pid_t pid;
	int fd;

	CLAUSES(ROB_01, ROB_04);
	for (i = 0; i < ARRAY_SIZE(in) * ARRAY_SIZE(to); i++) {
		state = in[i / ARRAY_SIZE(to)];
		if (!vmig_state_offered(self->flags, state))
			continue;
		fd = vmig_goto_state(self->dev, state);
		pid = vmig_child_start(read_for_ever, &fd);
		usleep(vmig_rng_below(&self->rng, 5000));
		kill(pid, SIGSTOP);
		vmig_sleep_ms(20);
		if (to[i % ARRAY_SIZE(to)] == VFIO_DEVICE_STATE_ERROR)
			__vmig_reset(self->dev);
		else
			call = vmig_set_state_in_child(self->dev, to[i % ARRAY_SIZE(to)]);
		kill(pid, SIGCONT);
		vmig_child_kill(pid);
		close(fd);
		if (!CHECK(ROB_01, call.survived,
			   vmig_fmt(
				   "SET(%s) from %s while a process that reads the data_fd is stopped",
				   vmig_state_name(to[i % ARRAY_SIZE(to)]), vmig_state_name(state)),
			   "a call that returns", "%s", vmig_child_name(call.end)))
			return;
		vmig_recover_running(self->dev);
		why = vmig_round_trip(self->dev);
		CHECK(ROB_04, !why, "a reader that was stopped and killed, then a save and a load",
		      "both work", "%s", why);
	}
}

VMIG_MAIN("signals")
