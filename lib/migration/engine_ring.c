// SPDX-License-Identifier: GPL-2.0-only
/*
 * The engine with io_uring.
 *
 * A data_fd has read() and write() only, no read_iter(), so that io_uring cannot begin such a
 * call and come back to it: it hands it to a worker thread, or, with O_NONBLOCK, makes it at
 * once where it stands (io_uring/rw.c, loop_rw_iter()). So what a ring buys is not a faster
 * read but another one beside it.
 *
 * Without O_NONBLOCK the worker, too, calls poll() first where the file has one, and read() only
 * when that says that there is something (io_wq_submit_work(), io_file_supports_nowait()). At
 * the temporary end of PRE_COPY there is nothing (H:1265): the request would wait, and ENOMSG
 * never come. So all fds have O_NONBLOCK here, and the requests go to workers by IOSQE_ASYNC.
 *
 * Offset -1 is "where the file stands", the only one that is right for a stream and for a
 * file. Links are of no use here: a short read, and the last one is always short, would cut
 * the chain; order comes from having one request of a kind in flight.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "../vfio/die.h"
#include "engine_impl.h"

/* How long what was cancelled may take to come back. */
#define CANCEL_MS 3000

/* How soon what gave EAGAIN is asked again: an fd that cannot be polled. */
#define AGAIN_MS 1

#define CANCELLED UINT64_MAX

/**
 * struct lane - a run of one stream
 * @flow: the stream
 * @index: of it
 * @blocks: its memory
 * @len: how many bytes each of its blocks holds
 * @first: the first block that is full
 * @used: how many are
 * @at: how much of the first one has been written
 * @asked: bytes of the read, and of the write, that is in flight; 0 for none
 * @quota: how many bytes are still to be read
 * @end: the stream has no more to read
 * @failed: nothing more is to be begun
 * @cancelled: what is in flight has been asked to come back
 * @again: reads and writes that said EAGAIN
 * @since: when it last made progress, in ms
 */
struct lane {
	struct vmig_flow *flow;
	unsigned int index;
	unsigned char *blocks;
	size_t *len;
	unsigned int first;
	unsigned int used;
	size_t at;
	size_t asked[2];
	uint64_t quota;
	bool end;
	bool failed;
	bool cancelled;
	bool again[2];
	uint64_t since;
};

enum { READ, WRITE };

/**
 * struct ring_run - a run of all streams
 * @e: the engine
 * @lanes: one a stream
 * @count: their number
 * @shape: how
 * @flying: requests in flight
 * @ms: now, more or less
 */
struct ring_run {
	struct vmig_engine *e;
	struct lane *lanes;
	unsigned int count;
	const struct vmig_shape *shape;
	unsigned int flying;
	uint64_t ms;
};

static void refused(int err, char *why, size_t size)
{
	const char *more = "is it built without CONFIG_IO_URING?";

	if (err == EPERM)
		more = "the sysctl kernel.io_uring_disabled or a seccomp filter forbids it";
	else if (err == ENOMEM)
		more = "raise ulimit -l";
	snprintf(why, size, "the kernel refuses an io_uring (%s): %s", vmig_errno_name(err), more);
}

/* The newer flags spare an interrupt for each completion; not every kernel has them. */
static int ring_init(struct io_uring *ring, unsigned int entries)
{
	struct io_uring_params p = { .flags = IORING_SETUP_SINGLE_ISSUER |
					      IORING_SETUP_DEFER_TASKRUN };
	int ret = io_uring_queue_init_params(entries, ring, &p);

	if (ret != -EINVAL)
		return ret;
	memset(&p, 0, sizeof(p));
	return io_uring_queue_init_params(entries, ring, &p);
}

/**
 * vmig_ring_refused - does this kernel give us a ring?
 * @why: where it is told why not
 * @size: bytes of @why
 *
 * Return: 0 if it does, else the -errno of io_uring_setup().
 */
int vmig_ring_refused(char *why, size_t size)
{
	struct io_uring ring;
	int ret = ring_init(&ring, 4);

	if (ret < 0) {
		refused(-ret, why, size);
		return ret;
	}
	io_uring_queue_exit(&ring);
	return 0;
}

static int ring_register(struct vmig_engine *e, char *why, size_t size)
{
	struct iovec all = { .iov_base = e->blocks, .iov_len = e->size };
	int ret = 0;

	if (e->options.fixed_buffers)
		ret = io_uring_register_buffers(&e->ring, &all, 1);
	if (ret < 0) {
		snprintf(why, size,
			 "the kernel refuses to register %zu bytes of buffers (%s): "
			 "smaller blocks, less depth or a larger ulimit -l",
			 e->size, vmig_errno_name(ret));
		return ret;
	}
	if (e->options.fixed_files)
		ret = io_uring_register_files_sparse(&e->ring, 2 * e->flows);
	if (ret < 0)
		snprintf(why, size, "the kernel refuses to register files (%s)",
			 vmig_errno_name(ret));
	return ret;
}

/**
 * vmig_ring_setup - get a ring for an engine
 * @e: the engine, its memory there
 * @why: where it is told why not
 * @size: bytes of @why
 *
 * Return: 0 or -errno.
 */
int vmig_ring_setup(struct vmig_engine *e, char *why, size_t size)
{
	/* For each stream a read, a write, and the requests that cancel them. */
	int ret = ring_init(&e->ring, 4 * e->flows);

	if (ret < 0) {
		refused(-ret, why, size);
		return ret;
	}
	e->has_ring = true;
	ret = ring_register(e, why, size);
	if (ret >= 0)
		return 0;
	vmig_ring_destroy(e);
	return ret;
}

/**
 * vmig_ring_destroy - give the ring of an engine back
 * @e: the engine
 */
void vmig_ring_destroy(struct vmig_engine *e)
{
	if (e->has_ring)
		io_uring_queue_exit(&e->ring);
	e->has_ring = false;
}

static unsigned char *block_at(const struct ring_run *r, const struct lane *lane, unsigned int i)
{
	return lane->blocks + i % r->e->options.depth * r->e->room;
}

static void fail(struct lane *lane, int ret, const char *where)
{
	if (lane->failed)
		return;
	lane->failed = true;
	vmig_flow_end(lane->flow, ret, where);
}

static void submit(struct ring_run *r, struct lane *lane, int dir, unsigned char *buf, size_t len)
{
	const struct vmig_place *place = dir == READ ? &lane->flow->from : &lane->flow->to;
	const struct vmig_engine_options *o = &r->e->options;
	struct io_uring_sqe *sqe = io_uring_get_sqe(&r->e->ring);
	int fd = o->fixed_files ? (int)(2 * lane->index + dir) : place->fd;
	bool here = r->shape->here && (dir == READ || lane->flow->from.kind == VMIG_PLACE_MEMORY);
	bool fixed = o->fixed_buffers && buf >= r->e->blocks && buf < r->e->blocks + r->e->size;

	if (dir == READ && fixed)
		io_uring_prep_read_fixed(sqe, fd, buf, len, -1, 0);
	else if (dir == READ)
		io_uring_prep_read(sqe, fd, buf, len, -1);
	else if (fixed)
		io_uring_prep_write_fixed(sqe, fd, buf, len, -1, 0);
	else
		io_uring_prep_write(sqe, fd, buf, len, -1);
	/* Without IOSQE_ASYNC the kernel makes the call at once, in io_uring_enter(). */
	io_uring_sqe_set_flags(sqe,
			       (o->fixed_files ? IOSQE_FIXED_FILE : 0) | (here ? 0 : IOSQE_ASYNC));
	io_uring_sqe_set_data64(sqe, 2 * lane->index + dir);
	lane->asked[dir] = len;
	lane->again[dir] = false;
	lane->flow->calls++;
	r->flying++;
}

static void begin_read(struct ring_run *r, struct lane *lane)
{
	size_t len = vmig_least(r->shape->block, lane->quota);
	struct vmig_flow *f = lane->flow;

	if (f->from.kind == VMIG_PLACE_MEMORY || lane->end || !lane->quota || lane->asked[READ] ||
	    lane->used == r->e->options.depth)
		return;
	if (f->to.kind != VMIG_PLACE_MEMORY || f->bytes >= f->to.len) {
		submit(r, lane, READ, block_at(r, lane, lane->first + lane->used), len);
		return;
	}
	submit(r, lane, READ, f->to.memory + f->bytes, vmig_least(len, f->to.len - f->bytes));
}

static void begin_write(struct ring_run *r, struct lane *lane)
{
	struct vmig_flow *f = lane->flow;
	size_t len;

	if (lane->asked[WRITE] || f->to.kind != VMIG_PLACE_FD)
		return;
	if (f->from.kind != VMIG_PLACE_MEMORY) {
		if (lane->used)
			submit(r, lane, WRITE, block_at(r, lane, lane->first) + lane->at,
			       lane->len[lane->first] - lane->at);
		return;
	}
	len = vmig_least(vmig_least(r->shape->block, lane->quota), f->from.len - f->bytes);
	if (len)
		submit(r, lane, WRITE, f->from.memory + f->bytes, len);
	else if (f->bytes >= f->from.len)
		lane->end = true;
}

/* The first block is dealt with. */
static void drop(struct ring_run *r, struct lane *lane)
{
	lane->first = (lane->first + 1) % r->e->options.depth;
	lane->used--;
	lane->at = 0;
}

static void was_read(struct ring_run *r, struct lane *lane, size_t n)
{
	struct vmig_flow *f = lane->flow;

	lane->quota -= n;
	if (f->to.kind == VMIG_PLACE_MEMORY && f->bytes >= f->to.len) {
		fail(lane, -ENOSPC, "memory");
		return;
	}
	if (f->to.kind == VMIG_PLACE_MEMORY || f->to.kind == VMIG_PLACE_NOWHERE) {
		f->bytes += n;
		return;
	}
	lane->len[(lane->first + lane->used) % r->e->options.depth] = n;
	lane->used++;
}

static void was_written(struct ring_run *r, struct lane *lane, size_t n)
{
	lane->flow->bytes += n;
	if (lane->flow->from.kind == VMIG_PLACE_MEMORY) {
		lane->quota -= n;
		return;
	}
	lane->at += n;
	if (lane->at == lane->len[lane->first])
		drop(r, lane);
}

static void complete(struct ring_run *r, struct lane *lane, int dir, int res)
{
	const char *where = dir == READ ? "read()" : "write()";
	size_t asked = lane->asked[dir];

	lane->asked[dir] = 0;
	r->flying--;
	if (lane->failed)
		return;
	if (res == -EAGAIN) {
		lane->again[dir] = true;
		return;
	}
	/* A worker that was woken for another reason. */
	if (res == -EINTR)
		return;
	lane->since = r->ms;
	if (res > 0 && (size_t)res > asked) {
		fail(lane, -EPROTO, where);
	} else if (res > 0 && dir == READ) {
		was_read(r, lane, res);
	} else if (res > 0) {
		was_written(r, lane, res);
	} else if (dir == WRITE) {
		fail(lane, res ? res : -EIO, where);
	} else {
		/* What was read before is still to be written. */
		lane->end = true;
		vmig_flow_end(lane->flow, res, res ? where : NULL);
	}
}

static void cancel(struct ring_run *r, struct lane *lane)
{
	struct io_uring_sqe *sqe;
	int dir;

	if (lane->cancelled)
		return;
	lane->cancelled = true;
	for (dir = READ; dir <= WRITE; dir++) {
		if (!lane->asked[dir])
			continue;
		sqe = io_uring_get_sqe(&r->e->ring);
		io_uring_prep_cancel64(sqe, 2 * lane->index + dir, 0);
		io_uring_sqe_set_data64(sqe, CANCELLED);
	}
}

static bool waits(const struct lane *lane)
{
	return lane->asked[READ] || lane->asked[WRITE] || lane->again[READ] || lane->again[WRITE];
}

/* Begin what can be begun for a stream, and see whether it hangs. */
static void step(struct ring_run *r, struct lane *lane)
{
	if (waits(lane) && !lane->failed && r->ms - lane->since >= r->e->options.timeout_ms)
		fail(lane, -ETIMEDOUT, lane->asked[WRITE] ? "write()" : "read()");
	if (lane->failed) {
		cancel(r, lane);
		return;
	}
	/* A request that follows a pause is not late. */
	if (!waits(lane))
		lane->since = r->ms;
	/* First, as a worker begins with it while a read may be made here. */
	begin_write(r, lane);
	begin_read(r, lane);
}

/* What does not fit comes next time, at once. */
static void reap(struct ring_run *r)
{
	struct io_uring_cqe *cqes[64];
	unsigned int n = io_uring_peek_batch_cqe(&r->e->ring, cqes, 64), i;
	uint64_t id;

	for (i = 0; i < n; i++) {
		id = io_uring_cqe_get_data64(cqes[i]);
		if (id != CANCELLED)
			complete(r, &r->lanes[id / 2], id % 2, cqes[i]->res);
	}
	io_uring_cq_advance(&r->e->ring, n);
}

/* The calls that take blocks, while the next reads are under way. */
static bool call_back(struct ring_run *r, struct lane *lane)
{
	struct vmig_flow *f = lane->flow;
	size_t len = lane->len[lane->first];

	if (f->to.kind != VMIG_PLACE_CALL || !lane->used)
		return false;
	f->to.call(f->to.arg, block_at(r, lane, lane->first), len);
	f->bytes += len;
	drop(r, lane);
	return true;
}

static bool call_all_back(struct ring_run *r)
{
	unsigned int i;
	bool any = false;

	for (i = 0; i < r->count; i++)
		any |= call_back(r, &r->lanes[i]);
	return any;
}

/* Is all that is in flight cancelled? */
static bool all_cancelled(const struct ring_run *r)
{
	unsigned int i;

	for (i = 0; i < r->count; i++)
		if (!r->lanes[i].failed && waits(&r->lanes[i]))
			return false;
	return true;
}

/* How long to wait at most: until something is to be asked again, or is late. */
static uint64_t patience(const struct ring_run *r)
{
	uint64_t wait = all_cancelled(r) ? 100 : r->e->options.timeout_ms, passed;
	unsigned int i;

	for (i = 0; i < r->count; i++) {
		const struct lane *lane = &r->lanes[i];

		if (lane->failed || !waits(lane))
			continue;
		passed = r->ms - lane->since;
		wait = vmig_least(wait, passed < r->e->options.timeout_ms
						? r->e->options.timeout_ms - passed
						: 1);
		if (lane->again[READ] || lane->again[WRITE])
			wait = AGAIN_MS;
	}
	return wait;
}

static int wait_some(struct ring_run *r, uint64_t ms)
{
	struct __kernel_timespec t = { .tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000 };
	struct io_uring_cqe *cqe;
	int ret = io_uring_submit_and_wait_timeout(&r->e->ring, &cqe, 1, &t, NULL);

	r->ms = vmig_engine_ms();
	reap(r);
	return ret == -ETIME || ret == -EINTR || ret == -EAGAIN || ret == -EBUSY ? 0 : ret;
}

/* True while something is to be waited for. */
static bool busy(const struct ring_run *r)
{
	unsigned int i;

	if (r->flying)
		return true;
	for (i = 0; i < r->count; i++)
		if (!r->lanes[i].failed && waits(&r->lanes[i]))
			return true;
	return false;
}

/* Nothing may be in flight when we leave: the kernel would write to memory that is gone. */
static void bring_back(struct ring_run *r)
{
	uint64_t end = vmig_engine_ms() + CANCEL_MS;
	unsigned int i;

	for (i = 0; i < r->count; i++) {
		if (r->lanes[i].asked[READ] || r->lanes[i].asked[WRITE]) {
			fail(&r->lanes[i], -ECANCELED, "io_uring");
			cancel(r, &r->lanes[i]);
		}
	}
	while (r->flying && vmig_engine_ms() < end)
		if (wait_some(r, 100) < 0)
			break;
	r->e->stuck = r->flying;
}

static void loop(struct ring_run *r)
{
	uint64_t lost = 0;
	unsigned int i;
	int ret = 0;

	for (;;) {
		for (i = 0; i < r->count; i++)
			step(r, &r->lanes[i]);
		io_uring_submit(&r->e->ring);
		if (call_all_back(r)) {
			r->ms = vmig_engine_ms();
			continue;
		}
		if (!busy(r))
			break;
		ret = wait_some(r, patience(r));
		/* What was cancelled may not come. */
		if (!r->flying || !all_cancelled(r))
			lost = 0;
		else if (!lost)
			lost = r->ms;
		if (ret < 0 || (lost && r->ms - lost >= CANCEL_MS))
			break;
	}
	if (r->flying)
		bring_back(r);
}

static int set_files(struct vmig_engine *e, const struct vmig_flow *flows, unsigned int count,
		     bool there)
{
	int fds[2 * VMIG_ENGINE_FLOWS_MAX], ret;
	unsigned int i;

	if (!e->options.fixed_files)
		return 0;
	for (i = 0; i < count; i++) {
		fds[2 * i] = there && flows[i].from.kind == VMIG_PLACE_FD ? flows[i].from.fd : -1;
		fds[2 * i + 1] = there && flows[i].to.kind == VMIG_PLACE_FD ? flows[i].to.fd : -1;
	}
	ret = io_uring_register_files_update(&e->ring, 0, fds, 2 * count);
	return ret < 0 ? ret : 0;
}

static void lane_init(struct ring_run *r, struct lane *lane, struct vmig_flow *flow, uint64_t quota)
{
	unsigned int depth = r->e->options.depth;

	lane->flow = flow;
	lane->index = lane - r->lanes;
	lane->blocks = r->e->blocks + lane->index * depth * r->e->room;
	lane->len = vmig_alloc(depth * sizeof(*lane->len));
	lane->quota = vmig_flow_wanted(flow, quota);
	lane->since = r->ms;
	/* One that has ended in an earlier part of the run does nothing in this one. */
	if (vmig_flow_over(flow)) {
		lane->end = true;
		lane->failed = true;
		lane->cancelled = true;
	}
}

/**
 * vmig_ring_run - move a part of streams, all at once
 * @e: the engine
 * @flows: the streams
 * @count: their number
 * @shape: how
 * @quota: how many bytes of each at most
 *
 * Return: 0, or the -errno of io_uring itself, which all streams then have.
 */
int vmig_ring_run(struct vmig_engine *e, struct vmig_flow *flows, unsigned int count,
		  const struct vmig_shape *shape, uint64_t quota)
{
	struct ring_run r = { .e = e, .count = count, .shape = shape, .ms = vmig_engine_ms() };
	unsigned int i;
	int ret;

	r.lanes = vmig_alloc(count * sizeof(*r.lanes));
	for (i = 0; i < count; i++)
		lane_init(&r, &r.lanes[i], &flows[i], quota);
	ret = set_files(e, flows, count, true);
	if (!ret)
		loop(&r);
	for (i = 0; i < count; i++) {
		if (ret)
			fail(&r.lanes[i], ret, "io_uring_register()");
		/* All memory is written. */
		else if (!r.lanes[i].failed && r.lanes[i].end &&
			 flows[i].from.kind == VMIG_PLACE_MEMORY)
			vmig_flow_end(&flows[i], 0, NULL);
		free(r.lanes[i].len);
	}
	set_files(e, flows, count, false);
	free(r.lanes);
	return ret;
}
