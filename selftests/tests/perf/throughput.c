// SPDX-License-Identifier: GPL-2.0-only
/*
 * FSM-01, STRM-01, STRM-02, STRM-11: how long each arc takes, and how fast the state comes out of
 * the device and goes in.
 *
 * No clause bounds a rate or a latency: the samples are for the report and for the nights
 * after. What is judged is that the device does it right while it is timed: each arc lands
 * where it was asked to, and the bytes whose way was timed are a good state.
 */
#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>

#include <vmig/engine.h>
#include "copy_loop.h"
#include "measure.h"
#include "round_trip_check.h"
#include "second_device.h"
#include "session_check.h"
#include "fixture_exercise.h"

/* A state may be gigabytes and is moved several times in a test; seconds. */
#define MINUTES 300

#define SEED 0x7001
#define OTHER 0x7002

#define NR VFIO_DEVICE_STATE_NR
#define MIB (1UL << 20)

/* A baseline moves at least so much, however short the state is. */
#define BASELINE (16 * MIB)

VMIG_WORK_FIXTURE_WAYS(throughput);

/* The data_fd is the same file whichever way the device was opened. */
#define NEED_THIS_WAY                                                                              \
	NEED(self->dev->uapi == VMIG_UAPI_CDEV || !self->dev->id.cdev[0],                          \
	     "measured through the cdev already")

/* A device whose state can be set gets a pattern, others keep theirs. */
static bool patterned(const struct vmig_exercise *w)
{
	return w->ops->set_pattern && w->ops->check_pattern;
}

static void put_pattern(struct vmig_exercise *w, uint32_t seed)
{
	if (patterned(w))
		vmig_set_pattern(w, seed);
}

static const char *pattern_fault(struct vmig_exercise *w, uint32_t seed)
{
	return patterned(w) ? vmig_check_pattern(w, seed) : NULL;
}

/* Every arc of the device once in each round, and those on the way from one to the next. */
struct tour {
	struct vmig_device *dev;
	uint64_t flags;
	const struct vmig_stream *good; /* what is loaded in RESUMING; NULL: stay out of it */
	bool seen[NR][NR];
	uint32_t at;
	int fd;
};

static bool is_arc(const struct tour *t, uint32_t from, uint32_t to)
{
	struct vmig_transition arc;

	if (!t->good && to == VFIO_DEVICE_STATE_RESUMING)
		return false;
	vmig_transition(t->flags, from, to, &arc);
	return arc.answer == VMIG_GO && arc.len == 1;
}

static bool unseen_arc(const struct tour *t, uint32_t from, uint32_t *to)
{
	for (*to = 0; *to < NR; (*to)++)
		if (!t->seen[from][*to] && is_arc(t, from, *to))
			return true;
	return false;
}

/* Where to go next: along an arc that was not seen, or towards one. */
static bool next_state(const struct tour *t, uint32_t *to)
{
	struct vmig_transition way;
	unsigned int best = NR;
	uint32_t s, ignored, step = 0, from = t->at;

	if (unseen_arc(t, t->at, to))
		return true;
	/* Nothing leads from here into PRE_COPY (H:1163), but all does from the next state. */
	if (from == VFIO_DEVICE_STATE_STOP_COPY)
		from = VFIO_DEVICE_STATE_STOP;
	for (s = 0; s < NR; s++) {
		if (!vmig_state_offered(t->flags, s) || !unseen_arc(t, s, &ignored) ||
		    (s == VFIO_DEVICE_STATE_RESUMING && !t->good))
			continue;
		vmig_transition(t->flags, from, s, &way);
		if (way.answer != VMIG_GO || way.len >= best)
			continue;
		best = way.len;
		step = way.path[0];
	}
	*to = from == t->at ? step : from;
	return best < NR;
}

/* One arc, timed; false where the device did not take it. */
static bool take_arc(struct tour *t, uint32_t to, const struct vmig_measure *m)
{
	const char *from = vmig_state_name(t->at), *name = vmig_state_name(to);
	const char *did = vmig_fmt("SET(%s) in %s", name, from);
	struct vmig_transition arc;
	uint32_t state = NR;
	int ret, fd = -1;
	double us;

	vmig_measure_marks(m, vmig_fmt("arc.%s.%s.us", from, name));
	vmig_mark_begin();
	us = vmig_now_us();
	ret = __vmig_set_state(t->dev, to, &fd);
	vmig_mark_end();
	us = vmig_now_us() - us;
	if (!CHECK_OK(FSM_01, ret, did))
		return false;
	ret = __vmig_get_state(t->dev, &state);
	if (!CHECK(FSM_01, !ret && state == to, vmig_fmt("GET after %s", did), name, "%s",
		   ret ? vmig_errno_name(ret) : vmig_state_name(state)))
		return false;
	vmig_measured(m, vmig_fmt("arc.%s.%s.us", from, name), us, "us");
	vmig_transition(t->flags, t->at, to, &arc);
	if (arc.closes || fd >= 0) {
		vmig_close_data_fd(t->fd);
		t->fd = fd;
	}
	t->seen[t->at][to] = true;
	t->at = to;
	if (to == VFIO_DEVICE_STATE_RESUMING)
		vmig_stream_write(t->fd, t->good);
	return true;
}

static bool tour_round(struct tour *t, const struct vmig_measure *m)
{
	struct vmig_transition back;
	bool good = true;
	uint32_t to;

	memset(t->seen, 0, sizeof(t->seen));
	t->at = VFIO_DEVICE_STATE_RUNNING;
	t->fd = -1;
	while (good && next_state(t, &to))
		good = take_arc(t, to, m);
	while (good && t->at != VFIO_DEVICE_STATE_RUNNING) {
		vmig_transition(t->flags, t->at, VFIO_DEVICE_STATE_RUNNING, &back);
		good = back.answer == VMIG_GO && take_arc(t, back.path[0], m);
	}
	vmig_close_data_fd(t->fd);
	return good;
}

/* The cost of a step: what a VMM that counts the downtime has to add to the bytes. */
VMIG_TEST_TIMEOUT(throughput, arcs, MINUTES)
{
	struct tour tour = { .dev = self->dev, .flags = self->flags };
	struct vmig_stream good = {};
	struct vmig_measure m;
	const char *why;

	CLAUSES(FSM_01);
	NEED_THIS_WAY;
	if (vmig_keepable(self->dev, &why)) {
		vmig_save(self->dev, &good);
		vmig_set_state(self->dev, VFIO_DEVICE_STATE_RUNNING);
		tour.good = &good;
	} else {
		vmig_note(FSM_01, "the arcs of RESUMING are left out: %s", why);
	}
	vmig_measure_begin(&m, "arcs", 0);
	while (vmig_measure_again(&m) && tour_round(&tour, &m))
		;
	vmig_measure_end(&m);
	vmig_stream_free(&good);
}

/* From the SET that opens the session until the first bytes are there. */
static bool first_byte(struct vmig_device *dev, uint32_t from, uint32_t state)
{
	const char *name = vmig_state_name(state);
	struct vmig_measure m;
	unsigned char some[4096];
	double us;
	ssize_t n = 1;
	int fd;

	vmig_measure_begin(&m, "first byte", 0);
	while (n > 0 && vmig_measure_again(&m)) {
		vmig_close_data_fd(vmig_goto_state(dev, from));
		vmig_measure_marks(&m, vmig_fmt("first_byte.%s.us", name));
		vmig_mark_begin();
		us = vmig_now_us();
		fd = vmig_set_state(dev, state);
		n = __vmig_read(fd, some, sizeof(some));
		vmig_mark_end();
		us = vmig_now_us() - us;
		CHECK(STRM_02, n > 0, vmig_fmt("SET(%s), read()", name), "some bytes", "%s",
		      n ? vmig_errno_name(n) : "end of stream");
		if (n > 0)
			vmig_measured(&m, vmig_fmt("first_byte.%s.us", name), us, "us");
		vmig_set_state(dev, from);
		close(fd);
	}
	vmig_measure_end(&m);
	return n > 0;
}

VMIG_TEST_TIMEOUT(throughput, first_byte, MINUTES)
{
	CLAUSES(STRM_02);
	NEED_THIS_WAY;
	NEED(!vmig_saves_nothing(self->dev), "a save gives no bytes");
	vmig_recover_running(self->dev);
	if (first_byte(self->dev, VFIO_DEVICE_STATE_STOP, VFIO_DEVICE_STATE_STOP_COPY) &&
	    vmig_state_offered(self->flags, VFIO_DEVICE_STATE_PRE_COPY))
		first_byte(self->dev, VFIO_DEVICE_STATE_RUNNING, VFIO_DEVICE_STATE_PRE_COPY);
}

/* Did the stream come to its end? */
static bool check_ended(const struct vmig_copy_result *c)
{
	return CHECK(STRM_01, !c->ret, "read() in STOP_COPY, in blocks of 1 MiB", "end of stream",
		     "%s after %llu bytes", c->ret == -EFBIG ? "more" : vmig_errno_name(c->ret),
		     (unsigned long long)c->bytes);
}

/* How long the state is, by taking it out once without keeping it; false for a breach. */
static bool state_bytes(struct vmig_device *dev, uint64_t *bytes)
{
	int fd = vmig_goto_state(dev, VFIO_DEVICE_STATE_STOP_COPY);
	struct vmig_copy_result c = vmig_copy_all(dev, fd, -1, NULL, NULL);

	vmig_set_state(dev, VFIO_DEVICE_STATE_STOP);
	close(fd);
	*bytes = c.bytes;
	return check_ended(&c);
}

#define NEED_RATE(bytes)                                                                           \
	NEED((bytes) >= VMIG_RATE_BYTES,                                                           \
	     "a state of %llu bytes: throughput means nothing there, only latency does",           \
	     (unsigned long long)(bytes))

static double per_second(uint64_t bytes, double us)
{
	return bytes / (us / 1e6);
}

/* What the same read() loop makes of a file that costs nothing but the copy. */
static void ceiling_of_save(uint64_t bytes)
{
	int zero = open("/dev/zero", O_RDONLY | O_CLOEXEC);
	struct vmig_measure m;
	struct vmig_copy_result c;

	if (zero < 0)
		vmig_test_error("/dev/zero: %s", vmig_errno_name(errno));
	bytes = bytes < BASELINE ? BASELINE : bytes;
	vmig_measure_begin(&m, "/dev/zero", bytes);
	while (vmig_measure_again(&m)) {
		c = vmig_copy(zero, -1, bytes, NULL, &m);
		if (c.ret)
			vmig_test_error("read() of /dev/zero: %s", vmig_errno_name(c.ret));
		vmig_measured(&m, "ceiling.read_zero_1m.bytes_per_second",
			      per_second(c.bytes, c.read_us), "B/s");
	}
	vmig_measure_end(&m);
	close(zero);
}

/* The state of the device, in this stream, goes in again and is the one it had. */
static void check_kept(struct vmig_exercise *w, const struct vmig_stream *s, const char *did)
{
	const char *why;
	int ret;

	vmig_goto_state(w->dev, VFIO_DEVICE_STATE_RUNNING);
	put_pattern(w, OTHER);
	ret = __vmig_load(w->dev, s->data, s->len, &vmig_default_chunks);
	if (!CHECK_OK(STRM_11, ret, vmig_fmt("%s, load of what was read, SET(STOP)", did)))
		return;
	vmig_goto_state(w->dev, VFIO_DEVICE_STATE_RUNNING);
	why = pattern_fault(w, SEED);
	CHECK(STRM_11, !why, vmig_fmt("%s, load of what was read", did), "the state that was saved",
	      "%s", why);
}

/* One save, timed; what comes is kept in @keep if that is not NULL. */
static uint64_t timed_save(struct vmig_device *dev, struct vmig_stream *keep,
			   struct vmig_measure *m)
{
	int fd = vmig_goto_state(dev, VFIO_DEVICE_STATE_STOP_COPY);
	struct vmig_copy_result c, more;

	if (keep)
		keep->len = 0;
	vmig_measure_marks(m, "save.plain_1m.us");
	c = vmig_copy_all(dev, fd, -1, keep, m);
	vmig_mark_name("");
	check_ended(&c);
	more = vmig_copy(fd, -1, 1, NULL, NULL);
	CHECK(STRM_01, !more.bytes && !more.ret, "read() after the end of the stream",
	      "end of stream", "%s", more.ret ? vmig_errno_name(more.ret) : "a byte");
	vmig_set_state(dev, VFIO_DEVICE_STATE_STOP);
	close(fd);
	if (c.ret)
		return 0;
	vmig_measured(m, "save.bytes", c.bytes, "B");
	vmig_measured(m, "save.plain_1m.us", c.read_us, "us");
	if (c.bytes >= VMIG_RATE_BYTES)
		vmig_measured(m, "save.plain_1m.bytes_per_second", per_second(c.bytes, c.read_us),
			      "B/s");
	return c.bytes;
}

VMIG_TEST_TIMEOUT(throughput, save, MINUTES)
{
	struct vmig_stream keep = {};
	struct vmig_measure m;
	const char *why;
	uint64_t bytes;
	bool keepable;

	CLAUSES(STRM_01, STRM_11);
	NEED_THIS_WAY;
	put_pattern(&self->w, SEED);
	keepable = vmig_keepable(self->dev, &why);
	if (!state_bytes(self->dev, &bytes))
		return;
	vmig_measure_begin(&m, "save", bytes);
	while (bytes && vmig_measure_again(&m))
		bytes = timed_save(self->dev, keepable ? &keep : NULL, &m);
	vmig_measure_end(&m);
	if (bytes && keepable)
		check_kept(&self->w, &keep, "save with a read() loop of 1 MiB");
	if (bytes >= VMIG_RATE_BYTES)
		ceiling_of_save(bytes);
	else if (bytes)
		vmig_note(STRM_01,
			  "a state of %llu bytes: no rate, as a call costs more than its bytes",
			  (unsigned long long)bytes);
	vmig_stream_free(&keep);
}

static void ceiling_of_load(const struct vmig_stream *s)
{
	int fd = memfd_create("vmig", MFD_CLOEXEC);
	struct vmig_measure m;
	struct vmig_copy_result c;
	uint64_t bytes;
	double us;

	if (fd < 0)
		vmig_test_error("memfd_create(): %s", vmig_errno_name(errno));
	vmig_measure_begin(&m, "memfd", s->len);
	while (vmig_measure_again(&m)) {
		for (bytes = 0, us = 0; bytes < BASELINE; bytes += c.bytes, us += c.write_us) {
			lseek(fd, 0, SEEK_SET);
			c = vmig_copy_in(fd, s, &m);
			if (c.ret)
				vmig_test_error("write() to a memfd: %s", vmig_errno_name(c.ret));
		}
		vmig_measured(&m, "ceiling.write_memfd_1m.bytes_per_second", per_second(bytes, us),
			      "B/s");
	}
	vmig_measure_end(&m);
	close(fd);
}

/* Returns false where the device did not take its own state. */
static bool timed_load(struct vmig_device *dev, const struct vmig_stream *s, struct vmig_measure *m)
{
	int fd = vmig_goto_state(dev, VFIO_DEVICE_STATE_RESUMING), ret;
	struct vmig_copy_result c;
	double us;

	vmig_measure_marks(m, "load.plain_1m.us");
	c = vmig_copy_in(fd, s, m);
	CHECK_OK(STRM_11, c.ret, "write() of the whole stream in blocks of 1 MiB");
	vmig_mark_begin();
	us = vmig_now_us();
	ret = __vmig_set_state(dev, VFIO_DEVICE_STATE_STOP, NULL);
	vmig_mark_end();
	us = c.write_us + (vmig_now_us() - us);
	close(fd);
	if (!CHECK_OK(STRM_11, ret, "load in blocks of 1 MiB, SET(STOP)") || c.ret)
		return false;
	/* Some drivers do all the work in the SET. */
	vmig_measured(m, "load.plain_1m.us", us, "us");
	if (c.bytes >= VMIG_RATE_BYTES)
		vmig_measured(m, "load.plain_1m.bytes_per_second", per_second(c.bytes, us), "B/s");
	return true;
}

VMIG_TEST_TIMEOUT(throughput, load, MINUTES)
{
	struct vmig_stream s = {};
	struct vmig_measure m;
	const char *why;
	bool good = true;

	CLAUSES(STRM_11);
	NEED_THIS_WAY;
	NEED(vmig_keepable(self->dev, &why), "%s", why);
	put_pattern(&self->w, SEED);
	vmig_save(self->dev, &s);
	vmig_set_state(self->dev, VFIO_DEVICE_STATE_RUNNING);
	put_pattern(&self->w, OTHER);
	vmig_measure_begin(&m, "load", s.len);
	while (good && vmig_measure_again(&m))
		good = timed_load(self->dev, &s, &m);
	vmig_measure_end(&m);
	if (good) {
		vmig_set_state(self->dev, VFIO_DEVICE_STATE_RUNNING);
		why = pattern_fault(&self->w, SEED);
		CHECK(STRM_11, !why, "loads one after the other", "the state that was saved", "%s",
		      why);
	}
	if (good && s.len >= VMIG_RATE_BYTES)
		ceiling_of_load(&s);
	vmig_stream_free(&s);
}

/* One state from device to device; how long the stream was, 0 where it did not work. */
static uint64_t timed_move(struct vmig_device *from, struct vmig_device *to, struct vmig_measure *m)
{
	int out = vmig_goto_state(from, VFIO_DEVICE_STATE_STOP_COPY);
	int in = vmig_goto_state(to, VFIO_DEVICE_STATE_RESUMING), ret;
	struct vmig_copy_result c;
	double us;

	vmig_measure_marks(m, "move.plain_1m.us");
	vmig_mark_begin();
	us = vmig_now_us();
	c = vmig_copy_all(from, out, in, NULL, m);
	vmig_mark_end();
	us = vmig_now_us() - us;
	CHECK_OK(STRM_11, c.ret, "a read() of one device, a write() to the other, in turns");
	ret = __vmig_set_state(to, VFIO_DEVICE_STATE_STOP, NULL);
	vmig_set_state(from, VFIO_DEVICE_STATE_STOP);
	close(in);
	close(out);
	if (!CHECK_OK(STRM_11, ret, "one device read, the other written, SET(STOP)") || c.ret)
		return 0;
	vmig_measured(m, "move.plain_1m.us", us, "us");
	if (c.bytes >= VMIG_RATE_BYTES)
		vmig_measured(m, "move.plain_1m.bytes_per_second", per_second(c.bytes, us), "B/s");
	return c.bytes;
}

/* The pattern of the one has come to the other. */
static void check_moved(struct vmig_exercise *second, const char *did)
{
	const char *why;

	vmig_set_state(second->dev, VFIO_DEVICE_STATE_RUNNING);
	why = pattern_fault(second, SEED);
	CHECK(STRM_11, !why, did, "the state of the one in the other", "%s", why);
}

static void close_second(struct vmig_exercise *second)
{
	struct vmig_device *dev = second->dev;
	struct vmig_dma none = {};

	vmig_exercise_memory_end(second, &none);
	vmig_recover_running(dev);
	vmig_close(dev);
}

VMIG_TEST_TIMEOUT(throughput, device_to_device, MINUTES)
{
	struct vmig_exercise w2 = {};
	struct vmig_device *second;
	struct vmig_measure m;
	const char *why;
	uint64_t bytes;

	CLAUSES(STRM_01, STRM_11);
	NEED_THIS_WAY;
	put_pattern(&self->w, SEED);
	/* Before another device is asked to take a stream that has no end. */
	if (!state_bytes(self->dev, &bytes))
		return;
	second = vmig_open_second(self->dev, &why);
	NEED(second, "%s", why);
	vmig_exercise_begin(&w2, second);
	put_pattern(&w2, OTHER);
	vmig_measure_begin(&m, "device to device", bytes);
	while (bytes && vmig_measure_again(&m))
		bytes = timed_move(self->dev, second, &m);
	vmig_measure_end(&m);
	if (bytes)
		check_moved(&w2, "moves from one device to the other");
	close_second(&w2);
}

/* Through the engine: the stream of @out, to @in if that is one. Returns its length. */
static uint64_t engine_run(struct vmig_engine *e, int out, struct vmig_endpoint to, double *us)
{
	struct vmig_flow flow = { .from = vmig_endpoint_fd(out), .to = to };
	int ret;

	*us = vmig_now_us();
	ret = __vmig_engine_run(e, &flow, 1);
	*us = vmig_now_us() - *us;
	ret = ret ?: flow.ret;
	CHECK_OK(STRM_11, ret, vmig_fmt("the engine moves the stream (%s)", vmig_engine_choice(e)));
	return ret ? 0 : flow.bytes;
}

static struct vmig_engine *engine(const char **why)
{
	const struct vmig_engine_options options = { .method = VMIG_METHOD_AUTO };
	static char text[256];

	*why = text;
	return vmig_engine_open(&options, 1, text, sizeof(text));
}

static uint64_t engine_save(struct vmig_device *dev, struct vmig_engine *e, struct vmig_endpoint to,
			    const struct vmig_measure *m)
{
	int fd = vmig_goto_state(dev, VFIO_DEVICE_STATE_STOP_COPY);
	uint64_t bytes;
	double us;

	bytes = engine_run(e, fd, to, &us);
	vmig_set_state(dev, VFIO_DEVICE_STATE_STOP);
	close(fd);
	if (bytes && m)
		vmig_measured(m, "save.engine.bytes_per_second", per_second(bytes, us), "B/s");
	return bytes;
}

/* As "save", but however the engine finds it fastest; the bytes of one round are loaded. */
VMIG_TEST_TIMEOUT(throughput, engine_save, MINUTES)
{
	struct vmig_stream keep = {};
	struct vmig_engine *e;
	struct vmig_measure m;
	const char *why;
	uint64_t bytes;

	CLAUSES(STRM_01, STRM_11);
	NEED_THIS_WAY;
	put_pattern(&self->w, SEED);
	if (!state_bytes(self->dev, &bytes))
		return;
	NEED_RATE(bytes);
	e = engine(&why);
	NEED(e, "%s", why);
	vmig_measure_begin(&m, "save through the engine", bytes);
	while (bytes && vmig_measure_again(&m)) {
		bytes = engine_save(self->dev, e, vmig_sink_null(), &m);
		vmig_measure_moved(&m, bytes);
	}
	vmig_measure_end(&m);
	if (bytes && vmig_keepable(self->dev, &why) &&
	    engine_save(self->dev, e, vmig_endpoint_stream(&keep), NULL))
		check_kept(&self->w, &keep, "save through the engine");
	vmig_note(STRM_11, "a save through the engine: %s", vmig_engine_choice(e));
	vmig_engine_close(e);
	vmig_stream_free(&keep);
}

static uint64_t engine_move(struct vmig_device *from, struct vmig_device *to, struct vmig_engine *e,
			    const struct vmig_measure *m)
{
	int out = vmig_goto_state(from, VFIO_DEVICE_STATE_STOP_COPY);
	int in = vmig_goto_state(to, VFIO_DEVICE_STATE_RESUMING), ret;
	uint64_t bytes;
	double us;

	bytes = engine_run(e, out, vmig_endpoint_fd(in), &us);
	ret = __vmig_set_state(to, VFIO_DEVICE_STATE_STOP, NULL);
	vmig_set_state(from, VFIO_DEVICE_STATE_STOP);
	close(in);
	close(out);
	if (!CHECK_OK(STRM_11, ret, "device to device through the engine, SET(STOP)") || !bytes)
		return 0;
	vmig_measured(m, "move.engine.bytes_per_second", per_second(bytes, us), "B/s");
	return bytes;
}

/* As "device_to_device", with the read of a block beside the write of the one before. */
VMIG_TEST_TIMEOUT(throughput, engine_device_to_device, MINUTES)
{
	struct vmig_device *second;
	struct vmig_exercise w2 = {};
	struct vmig_engine *e;
	struct vmig_measure m;
	const char *why;
	uint64_t bytes;

	CLAUSES(STRM_01, STRM_11);
	NEED_THIS_WAY;
	put_pattern(&self->w, SEED);
	if (!state_bytes(self->dev, &bytes))
		return;
	NEED_RATE(bytes);
	second = vmig_open_second(self->dev, &why);
	NEED(second, "%s", why);
	e = engine(&why);
	NEED(e, "%s", why);
	vmig_exercise_begin(&w2, second);
	put_pattern(&w2, OTHER);
	vmig_measure_begin(&m, "device to device through the engine", bytes);
	while (bytes && vmig_measure_again(&m)) {
		bytes = engine_move(self->dev, second, e, &m);
		vmig_measure_moved(&m, bytes);
	}
	vmig_measure_end(&m);
	vmig_note(STRM_11, "device to device through the engine: %s", vmig_engine_choice(e));
	vmig_engine_close(e);
	if (bytes)
		check_moved(&w2, "moves from one device to the other through the engine");
	close_second(&w2);
}

VMIG_MAIN("throughput")
