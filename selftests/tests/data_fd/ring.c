// SPDX-License-Identifier: GPL-2.0-only
/*
 * The data_fd through io_uring: a consumer that does not read() and write() in its own thread.
 *
 * Nothing in the uAPI says that the data_fd is read by the one that opened it, or by one that
 * can be interrupted. io_uring calls the driver from a worker thread, or from within another
 * system call (O_NONBLOCK), takes the call back when it is cancelled, and may still be in it
 * when the session ends, the device is reset or the ring is gone. What comes must be what
 * read() and write() give: the same bytes in the same order, and the same end.
 *
 * Every wait is bounded. Who says that a request never came back has cancelled it first.
 */
#include <errno.h>
#include <fcntl.h>
#include <liburing.h>

#include <vmig/engine.h>
#include <vmig/info.h>
#include <vmig/ring.h>
#include "load_attempt.h"
#include "second_device.h"
#include "session_check.h"
#include "fixture_exercise.h"

/* A request that is not back after this long waits; one that is not after that hangs. */
#define WAITS_MS 150
#define HANGS_MS 4000

/* A state may be hundreds of MB and is moved several times in a test; seconds. */
#define MINUTES 300

#define BUF (1UL << 20)

#define SEED 0x72696e67

/* How often rng decides what is under way when the device is reset. */
#define RACES 24

VMIG_FIXTURE(ring);
VMIG_WORK_FIXTURE_WAYS(ring_pair);
VMIG_WORK_FIXTURE_STATES(ring_waits, VMIG_VARIANTS_SAVING);

#define NEED_RING                                                                                  \
	do {                                                                                       \
		static char why_[256];                                                             \
		NEED(!vmig_ring_refused(why_, sizeof(why_)), "%s", why_);                          \
	} while (0)

/* What a request may be made of. It stays when a test ends: the kernel may still hold it. */
static unsigned char buf[BUF];

static struct vmig_engine *engine(const struct vmig_engine_options *o, unsigned int flows)
{
	char why[256];
	struct vmig_engine *e = vmig_engine_open(o, flows, why, sizeof(why));

	if (!e)
		vmig_test_error("%s", why);
	return e;
}

/* The ways in which the engine moves bytes. */
static const struct mode {
	const char *name;
	struct vmig_engine_options options;
} modes[] = {
	{ "read() and write()", { .method = VMIG_METHOD_SYNC } },
	{ "io_uring", { .method = VMIG_METHOD_RING } },
	{ "io_uring, one block", { .method = VMIG_METHOD_RING, .depth = 1 } },
	{ "io_uring, 16 blocks of 4099 bytes",
	  { .method = VMIG_METHOD_RING, .block = 4099, .depth = 16 } },
	{ "io_uring, registered buffers and files",
	  { .method = VMIG_METHOD_RING, .fixed_buffers = true, .fixed_files = true } },
	{ "io_uring, O_NONBLOCK", { .method = VMIG_METHOD_RING, .nonblock = true } },
	{ "io_uring, O_NONBLOCK, registered, 777 bytes",
	  { .method = VMIG_METHOD_RING,
	    .nonblock = true,
	    .fixed_buffers = true,
	    .fixed_files = true,
	    .block = 777 } },
	{ "what is fastest", { .method = VMIG_METHOD_AUTO } },
};

/* So many bytes go through in small blocks, the rest in large ones: a state may be long. */
#define SMALL_SPAN (1UL << 20)

/* Run a stream in a mode; NULL, or what failed. */
static struct vmig_fault run(const struct mode *m, struct vmig_flow *f)
{
	struct vmig_engine_options rest = m->options;
	struct vmig_engine *e = engine(&m->options, 1);
	int ret;

	f->limit = m->options.block ? SMALL_SPAN : 0;
	ret = __vmig_engine_run(e, f, 1);
	vmig_engine_close(e);
	if (!ret && f->where) {
		rest.block = 0;
		f->limit = 0;
		e = engine(&rest, 1);
		ret = __vmig_engine_run(e, f, 1);
		vmig_engine_close(e);
	}
	if (!ret)
		return VMIG_NO_FAULT;
	return vmig_fault("%s: %s after %llu bytes", f->where, vmig_errno_name(ret),
			  (unsigned long long)f->bytes);
}

static struct vmig_fault save_by(struct vmig_device *dev, struct vmig_reference *control,
				 const void *arg, bool with)
{
	struct vmig_flow f = {};
	struct vmig_stream s = {};
	struct vmig_fault fault = {};
	int fd = vmig_goto_state(dev, VFIO_DEVICE_STATE_STOP_COPY);

	f.from = vmig_endpoint_fd(fd);
	f.to = vmig_endpoint_stream(&s);
	vmig_stuck_need_read();
	if (with)
		fault = run(arg, &f);
	return vmig_verify_rest_of_save(dev, fd, &s, control, fault);
}

static struct vmig_fault load_by(struct vmig_device *dev, struct vmig_reference *control,
				 const void *arg, bool with)
{
	struct vmig_flow f = {};
	struct vmig_fault fault = {};
	int fd = vmig_goto_state(dev, VFIO_DEVICE_STATE_RESUMING);

	f.from = vmig_endpoint_memory(control->stream.data, control->stream.len);
	f.to = vmig_endpoint_fd(fd);
	if (with)
		fault = run(arg, &f);
	return vmig_verify_rest_of_load(dev, fd, f.bytes, control, fault);
}

/* The bytes and their order are those of a plain read(), whoever calls it. */
static void judge_each_mode(struct vmig_device *dev, enum vmig_clause_id id, const char *by,
			    vmig_scenario act)
{
	struct vmig_reference control;
	unsigned int i;

	vmig_reference_save_quick(dev, &control);
	for (i = 0; i < ARRAY_SIZE(modes); i++)
		vmig_check_against_reference(id, dev, &control, act, &modes[i],
					     vmig_fmt("%s %s", by, modes[i].name));
	vmig_stream_free(&control.stream);
}

VMIG_TEST_TIMEOUT(ring, saves_in_every_mode, MINUTES)
{
	CLAUSES(STRM_03);
	NEED_RING;
	judge_each_mode(self->dev, STRM_03, "STOP_COPY, read by", save_by);
}

VMIG_TEST_TIMEOUT(ring, loads_in_every_mode, MINUTES)
{
	CLAUSES(STRM_04);
	NEED_RING;
	judge_each_mode(self->dev, STRM_04, "RESUMING, written by", load_by);
}

/* From one device to another, the read of one block beside the write of another. */
VMIG_TEST_TIMEOUT(ring_pair, from_device_to_device, MINUTES)
{
	static const struct vmig_engine_options by_ring = { .method = VMIG_METHOD_RING };
	struct vmig_flow f = {};
	struct vmig_device *second;
	struct vmig_engine *e;
	struct vmig_exercise to;
	const char *why;
	int ret;

	CLAUSES(STRM_11);
	NEED_RING;
	second = vmig_open_second(self->dev, &why);
	NEED(second, "%s", why);
	vmig_exercise_begin(&to, second);
	if (self->w.ops->set_pattern)
		vmig_set_pattern(&self->w, SEED);
	e = engine(&by_ring, 1);
	f.from = vmig_endpoint_fd(vmig_goto_state(self->dev, VFIO_DEVICE_STATE_STOP_COPY));
	f.to = vmig_endpoint_fd(vmig_goto_state(second, VFIO_DEVICE_STATE_RESUMING));
	ret = __vmig_engine_run(e, &f, 1);
	vmig_engine_close(e);
	if (CHECK(STRM_11, !ret, "STOP_COPY, each block written to a second device in RESUMING",
		  "all of it is taken", "%s: %s after %llu bytes", f.where, vmig_errno_name(ret),
		  (unsigned long long)f.bytes)) {
		ret = __vmig_set_state(second, VFIO_DEVICE_STATE_RUNNING, NULL);
		CHECK_OK(STRM_11, ret, "SET(RUNNING) of the second device after the whole stream");
	}
	if (!ret && to.ops->set_pattern && to.ops->check_pattern) {
		why = vmig_check_pattern(&to, SEED);
		CHECK(STRM_11, !why, "the state of the second device, which came block by block",
		      "the pattern of the first one", "%s", why);
	}
	close(f.from.fd);
	close(f.to.fd);
	vmig_recover_running(second);
	vmig_exercise_end(&to);
	vmig_close(second);
}

/*
 * struct request - a request of a ring of its own
 * @ring: the ring
 * @open: there is one
 * @done: it has come back
 * @res: what it brought
 */
struct request {
	struct io_uring ring;
	bool open;
	bool done;
	int res;
};

static void submit(struct request *r, struct io_uring_sqe *sqe)
{
	/* By a worker, so that we are not in the call ourselves. */
	io_uring_sqe_set_flags(sqe, IOSQE_ASYNC);
	io_uring_sqe_set_data64(sqe, 1);
	if (io_uring_submit(&r->ring) != 1)
		vmig_test_error("io_uring does not take a request");
	r->done = false;
}

static struct io_uring_sqe *prepare(struct request *r)
{
	int ret = r->open ? 0 : io_uring_queue_init(4, &r->ring, 0);

	if (ret)
		vmig_test_error("io_uring_setup() failed: %s", vmig_errno_name(ret));
	r->open = true;
	return io_uring_get_sqe(&r->ring);
}

static void begin_read(struct request *r, int fd, size_t len)
{
	struct io_uring_sqe *sqe;

	/* The ring is not watched, and what read() does it does by the same function. */
	vmig_stuck_need_read();
	sqe = prepare(r);
	io_uring_prep_read(sqe, fd, buf, len, -1);
	submit(r, sqe);
}

static void begin_write(struct request *r, int fd, size_t len)
{
	struct io_uring_sqe *sqe = prepare(r);

	io_uring_prep_write(sqe, fd, buf, len, -1);
	submit(r, sqe);
}

/* Is it back in time? */
static bool back(struct request *r, unsigned int ms)
{
	struct __kernel_timespec t = { .tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000 };
	uint64_t end = vmig_now_ms() + ms;
	struct io_uring_cqe *cqe;

	while (!r->done && !io_uring_wait_cqe_timeout(&r->ring, &cqe, &t)) {
		if (io_uring_cqe_get_data64(cqe) == 1) {
			r->done = true;
			r->res = cqe->res;
		}
		io_uring_cqe_seen(&r->ring, cqe);
		if (vmig_now_ms() >= end)
			break;
	}
	return r->done;
}

static bool cancelled(struct request *r)
{
	struct io_uring_sqe *sqe = io_uring_get_sqe(&r->ring);

	io_uring_prep_cancel64(sqe, 1, 0);
	io_uring_sqe_set_data64(sqe, 2);
	io_uring_submit(&r->ring);
	return back(r, HANGS_MS);
}

/* Nothing may be under way when the ring goes, unless that is what is tested. */
static void request_end(struct request *r)
{
	if (r->open && !r->done)
		cancelled(r);
	if (r->open)
		io_uring_queue_exit(&r->ring);
	r->open = false;
}

static const char *what_came(int res)
{
	return res > 0 ? vmig_fmt("%d bytes", res) : res ? vmig_errno_name(res) : "0";
}

/* "A permanent end of stream" (H:1268) is one for each reader, and ENOMSG is none (H:1271). */
VMIG_TEST_TIMEOUT(ring, end_of_stream, MINUTES)
{
	static const struct vmig_engine_options by_ring = { .method = VMIG_METHOD_RING };
	struct vmig_flow f = { .to = vmig_sink_null() };
	struct vmig_engine *e;
	struct request r = {};
	unsigned int i;
	int ret;

	CLAUSES(STRM_01, STRM_09);
	NEED_RING;
	e = engine(&by_ring, 1);
	f.from = vmig_endpoint_fd(vmig_goto_state(self->dev, VFIO_DEVICE_STATE_STOP_COPY));
	/* One that never ends is another test's. */
	f.limit = VMIG_STREAM_MAX;
	ret = __vmig_engine_run(e, &f, 1);
	vmig_engine_close(e);
	CHECK(STRM_09, ret != -ENOMSG, "STOP_COPY, requests of io_uring to the end of the stream",
	      "never ENOMSG", "ENOMSG after %llu bytes", (unsigned long long)f.bytes);
	if (CHECK(STRM_01, !ret && !f.where,
		  "STOP_COPY, requests of io_uring to the end of the stream", "data, then 0",
		  "%llu bytes, then %s", (unsigned long long)f.bytes,
		  ret ? vmig_errno_name(ret) : "still more")) {
		for (i = 0, ret = 0; i < 8 && !ret; i++) {
			begin_read(&r, f.from.fd, i % 2 ? 1 : BUF);
			ret = back(&r, HANGS_MS) ? r.res : -ETIMEDOUT;
		}
		CHECK(STRM_01, !ret, vmig_fmt("STOP_COPY, request number %u after the end", i), "0",
		      "%s", what_came(ret));
	}
	request_end(&r);
	close(f.from.fd);
}

/* At the temporary end the ring gets ENOMSG, and then goes on in STOP_COPY (H:1261). */
VMIG_TEST_TIMEOUT(ring, goes_on_after_enomsg, MINUTES)
{
	static const struct vmig_engine_options by_ring = { .method = VMIG_METHOD_RING };
	struct vmig_reference control;
	struct vmig_stream s = {};
	struct vmig_flow f = {};
	struct vmig_engine *e;
	struct vmig_fault fault;
	int ret;

	CLAUSES(PRE_14);
	NEED_STATE(VFIO_DEVICE_STATE_PRE_COPY);
	NEED_RING;
	vmig_reference_save_quick(self->dev, &control);
	vmig_set_state(self->dev, VFIO_DEVICE_STATE_RUNNING);
	f.from = vmig_endpoint_fd(vmig_goto_state(self->dev, VFIO_DEVICE_STATE_PRE_COPY));
	f.to = vmig_endpoint_stream(&s);
	/* A device may have new data for ever. */
	f.limit = 2 * control.stream.len + BUF;
	e = engine(&by_ring, 1);
	ret = __vmig_engine_run(e, &f, 1);
	NEED(ret == -ENOMSG, "io_uring in PRE_COPY comes to no ENOMSG: %s",
	     ret       ? vmig_errno_name(ret)
	     : f.where ? "data for ever"
		       : "0");
	vmig_set_state(self->dev, VFIO_DEVICE_STATE_STOP_COPY);
	f.limit = 0;
	ret = __vmig_engine_run(e, &f, 1);
	vmig_engine_close(e);
	if (CHECK(PRE_14, !ret, "ENOMSG in PRE_COPY, then STOP_COPY, both through io_uring",
		  "data, then 0", "%s: %s after %llu bytes in all", f.where, vmig_errno_name(ret),
		  (unsigned long long)f.bytes)) {
		fault = vmig_verify_finish_save(self->dev, f.from.fd, &s, &control,
						&vmig_default_chunks);
		CHECK(PRE_14, !fault.found,
		      "a stream that was read in PRE_COPY and in STOP_COPY by io_uring", "it loads",
		      "%s", fault.why);
	} else {
		close(f.from.fd);
	}
	vmig_reference_restore(self->dev, &control);
	vmig_stream_free(&s);
	vmig_stream_free(&control.stream);
}

/* Returns false after a breach. */
static bool judge_stale(enum vmig_clause_id id, struct request *r, int fd, bool resuming,
			const char *did)
{
	char name[256];

	snprintf(name, sizeof(name), "%s, then a %s through io_uring", did,
		 resuming ? "write" : "read");
	if (resuming)
		begin_write(r, fd, 64);
	else
		begin_read(r, fd, 64);
	return CHECK(id, back(r, HANGS_MS) && r->res <= 0, name,
		     "an error, or the end of the stream", "%s",
		     r->done ? what_came(r->res) : "no return");
}

/* The kernel keeps the file of a request; the session is over all the same. */
VMIG_TEST_TIMEOUT(ring, stale_fd, 60)
{
	static const uint32_t states[] = { VFIO_DEVICE_STATE_STOP_COPY, VFIO_DEVICE_STATE_RESUMING,
					   VFIO_DEVICE_STATE_PRE_COPY };
	struct vmig_stream good = {};
	struct request r = {};
	unsigned int i;
	int fd;

	CLAUSES(FD_07);
	NEED_RING;
	vmig_save(self->dev, &good);
	for (i = 0; i < ARRAY_SIZE(states); i++) {
		bool resuming = states[i] == VFIO_DEVICE_STATE_RESUMING;

		if (!vmig_state_offered(self->flags, states[i]))
			continue;
		vmig_recover_running(self->dev);
		fd = vmig_session_open(self->dev, states[i], &good);
		vmig_set_state(self->dev, states[i] == VFIO_DEVICE_STATE_PRE_COPY
						  ? VFIO_DEVICE_STATE_RUNNING
						  : VFIO_DEVICE_STATE_STOP);
		judge_stale(FD_07, &r, fd, resuming,
			    vmig_fmt("%s left", vmig_state_name(states[i])));
		close(fd);
	}
	request_end(&r);
	vmig_stream_free(&good);
}

/* A worker is in read() or write(), or about to be, or just back, when the reset comes. */
VMIG_TEST_TIMEOUT(ring, reset_in_flight, 120)
{
	struct vmig_stream good = {};
	struct request r = {};
	bool went_on = true;
	uint32_t state;
	unsigned int i;
	int fd, ret;

	CLAUSES(RST_01, FD_08);
	NEED_RESET;
	NEED_RING;
	vmig_save(self->dev, &good);
	memcpy(buf, good.data, good.len < BUF ? good.len : BUF);
	for (i = 0; i < RACES && went_on; i++) {
		bool resuming = i % 2;

		vmig_recover_running(self->dev);
		fd = vmig_goto_state(self->dev, resuming ? VFIO_DEVICE_STATE_RESUMING
							 : VFIO_DEVICE_STATE_STOP_COPY);
		if (resuming)
			begin_write(&r, fd, good.len < BUF ? good.len : BUF);
		else
			begin_read(&r, fd, BUF);
		usleep(i / 2 * 100);
		ret = __vmig_reset(self->dev);
		if (!CHECK(RST_01, back(&r, HANGS_MS) || cancelled(&r),
			   "RESET beside a request of io_uring", "both return",
			   "the request did not, nor when it was cancelled"))
			break;
		state = vmig_get_state(self->dev);
		if (!CHECK(RST_01, !ret && state == VFIO_DEVICE_STATE_RUNNING,
			   "RESET beside a request of io_uring", "state RUNNING", "%s, state %s",
			   vmig_errno_name(ret), vmig_state_name(state)))
			break;
		/* What does not come back takes seconds each time. */
		went_on = judge_stale(FD_08, &r, fd, resuming, "RESET beside a request");
		close(fd);
	}
	request_end(&r);
	vmig_restore_state(self->dev, &good);
	vmig_stream_free(&good);
}

static void hold(struct vmig_exercise *w, bool on)
{
	int ret = w->ops->hold_stream(w, on);

	if (ret)
		vmig_test_error("the device cannot be made to %s its stream: %s",
				on ? "keep back" : "give", vmig_errno_name(ret));
}

/* A session whose device keeps its data back, and a request that waits for them. */
static int begin_waiting(struct vmig_exercise *w, uint32_t state, struct request *r)
{
	int fd;

	hold(w, true);
	fd = vmig_goto_state(w->dev, state);
	begin_read(r, fd, BUF);
	return fd;
}

#define NEED_WAITING(r)                                                                            \
	do {                                                                                       \
		if (back(r, WAITS_MS)) {                                                           \
			hold(&self->w, false);                                                     \
			SKIP(return, "the request does not wait: %s", what_came((r)->res));        \
		}                                                                                  \
	} while (0)

/* What is taken back has taken nothing: a VMM cancels, and goes on with the stream. */
VMIG_TEST_TIMEOUT(ring_waits, cancelled_read, 120)
{
	struct vmig_reference control;
	struct vmig_stream s = {};
	struct request r = {};
	struct vmig_fault fault;
	int fd;

	CLAUSES(STRM_03);
	NEED_STATE(variant->state);
	NEED_HOLD;
	NEED_RING;
	vmig_reference_save_quick(self->dev, &control);
	vmig_set_state(self->dev, VFIO_DEVICE_STATE_RUNNING);
	fd = begin_waiting(&self->w, variant->state, &r);
	NEED_WAITING(&r);
	/* A driver may wait where nothing interrupts it; then there is nothing to judge. */
	if (!cancelled(&r)) {
		vmig_note(STRM_03, "a read that waits for data cannot be cancelled");
		hold(&self->w, false);
		back(&r, HANGS_MS);
	}
	hold(&self->w, false);
	if (r.done && r.res > 0)
		vmig_stream_append(&s, buf, r.res);
	request_end(&r);
	fault = vmig_verify_finish_save(self->dev, fd, &s, &control, &vmig_default_chunks);
	CHECK(STRM_03, !fault.found,
	      vmig_fmt("%s, a request that waits is cancelled, then the stream is read",
		       vmig_state_name(variant->state)),
	      "a stream that loads, with nothing lost", "%s", fault.why);
	vmig_reference_restore(self->dev, &control);
	vmig_stream_free(&s);
	vmig_stream_free(&control.stream);
}

/* The ring goes with the request in it: the session goes on, and the device does. */
VMIG_TEST_TIMEOUT(ring_waits, ring_torn_down, 120)
{
	struct vmig_reference control;
	struct request r = {};
	struct vmig_fault fault;
	int fd;

	CLAUSES(STRM_15);
	NEED_STATE(variant->state);
	NEED_HOLD;
	NEED_RING;
	vmig_reference_save_quick(self->dev, &control);
	vmig_set_state(self->dev, VFIO_DEVICE_STATE_RUNNING);
	fd = begin_waiting(&self->w, variant->state, &r);
	NEED_WAITING(&r);
	io_uring_queue_exit(&r.ring);
	r.open = false;
	hold(&self->w, false);
	vmig_goto_state(self->dev, VFIO_DEVICE_STATE_RUNNING);
	close(fd);
	fault = vmig_verify_save(self->dev, &control);
	CHECK(STRM_15, !fault.found,
	      vmig_fmt("%s, the ring is closed with a request that waits, and the session left",
		       vmig_state_name(variant->state)),
	      "the device can be saved again", "%s", fault.why);
	vmig_reference_restore(self->dev, &control);
	vmig_stream_free(&control.stream);
}

/* What waits for a session's data waits for nothing when the session is over (L:189). */
VMIG_TEST_TIMEOUT(ring_waits, woken_by_end_of_session, 60)
{
	struct request r = {};
	int fd;

	CLAUSES(FD_13, FD_07);
	NEED_STATE(variant->state);
	NEED_HOLD;
	NEED_RING;
	fd = begin_waiting(&self->w, variant->state, &r);
	NEED_WAITING(&r);
	vmig_set_state(self->dev, VFIO_DEVICE_STATE_STOP);
	CHECK(FD_13, back(&r, HANGS_MS),
	      vmig_fmt("%s left with a request of io_uring that waits",
		       vmig_state_name(variant->state)),
	      "it returns", "no return for %d s", HANGS_MS / 1000);
	if (r.done)
		CHECK(FD_07, r.res <= 0, "the request that waited when its session ended",
		      "an error, or the end of the stream", "%s", what_came(r.res));
	request_end(&r);
	hold(&self->w, false);
	close(fd);
}

VMIG_TEST_TIMEOUT(ring_waits, woken_by_reset, 60)
{
	struct request r = {};
	int fd;

	CLAUSES(FD_13, FD_08, RST_01);
	NEED_STATE(variant->state);
	NEED_RESET;
	NEED_HOLD;
	NEED_RING;
	fd = begin_waiting(&self->w, variant->state, &r);
	NEED_WAITING(&r);
	CHECK_OK(RST_01, __vmig_reset(self->dev),
		 vmig_fmt("RESET in %s with a request of io_uring that waits",
			  vmig_state_name(variant->state)));
	CHECK(RST_01, vmig_get_state(self->dev) == VFIO_DEVICE_STATE_RUNNING,
	      "GET after RESET with a request of io_uring that waits", "state RUNNING", "state %s",
	      vmig_state_name(vmig_get_state(self->dev)));
	CHECK(FD_13, back(&r, HANGS_MS),
	      vmig_fmt("RESET in %s with a request of io_uring that waits",
		       vmig_state_name(variant->state)),
	      "it returns", "no return for %d s", HANGS_MS / 1000);
	if (r.done)
		CHECK(FD_08, r.res <= 0, "the request that waited when the device was reset",
		      "an error, or the end of the stream", "%s", what_came(r.res));
	hold(&self->w, false);
	if (r.done)
		judge_stale(FD_08, &r, fd, false, "RESET with a request that waits");
	request_end(&r);
	close(fd);
}

VMIG_MAIN("ring")
