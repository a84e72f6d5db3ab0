// SPDX-License-Identifier: GPL-2.0-only
/*
 * Copy engine over io_uring.
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
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include <vmig/clock.h>
#include <vmig/error.h>
#include <vmig/ring.h>
#include "ring.h"
#include "ring_stream.h"

/* How long what was cancelled may take to come back. */
#define CANCEL_MS 3000

/* How soon what gave EAGAIN is asked again: an fd that cannot be polled. */
#define AGAIN_MS 1

static void refused(int err, char *why, size_t size)
{
	const char *more = "is it built without CONFIG_IO_URING?";

	if (err == EPERM)
		more = "the sysctl kernel.io_uring_disabled or a seccomp filter forbids it";
	else if (err == ENOMEM)
		more = "raise ulimit -l";
	snprintf(why, size, "the kernel refuses an io_uring (%s): %s", vmig_errno_name(err), more);
}

/*
 * The newer flags spare an interrupt for each completion; not every kernel has them. Not
 * IORING_SETUP_DEFER_TASKRUN: with it what is linked to a request waits until this thread has
 * seen that one complete (io_uring.c, io_req_complete_post()), where else the worker goes on.
 */
static int ring_init(struct io_uring *ring, unsigned int entries)
{
	struct io_uring_params p = { .flags = IORING_SETUP_SINGLE_ISSUER |
					      IORING_SETUP_COOP_TASKRUN };
	int ret = io_uring_queue_init_params(entries, ring, &p);

	if (ret != -EINVAL)
		return ret;
	memset(&p, 0, sizeof(p));
	return io_uring_queue_init_params(entries, ring, &p);
}

/**
 * vmig_ring_refused - does this kernel give us a ring?
 * @why: the error message goes here
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
 * @why: the error message goes here
 * @size: bytes of @why
 *
 * Return: 0 or -errno.
 */
int vmig_ring_setup(struct vmig_engine *e, char *why, size_t size)
{
	/* For each stream the reads, the writes, and the requests that cancel them. */
	int ret = ring_init(&e->ring, 4 * VMIG_CHAIN_MAX * e->flows);

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

/* What does not fit comes next time, at once. */
static void reap(struct vmig_ring_run *r)
{
	struct io_uring_cqe *cqes[64];
	unsigned int n = io_uring_peek_batch_cqe(&r->e->ring, cqes, 64), i;

	for (i = 0; i < n; i++)
		vmig_ring_streams_complete(r, io_uring_cqe_get_data64(cqes[i]), cqes[i]->res);
	io_uring_cq_advance(&r->e->ring, n);
}

static bool call_all_back(struct vmig_ring_run *r)
{
	unsigned int i;
	bool any = false;

	for (i = 0; i < r->count; i++)
		any |= vmig_ring_stream_call_back(r, &r->streams[i]);
	return any;
}

/* Is all that is in flight cancelled? */
static bool all_cancelled(const struct vmig_ring_run *r)
{
	unsigned int i;

	for (i = 0; i < r->count; i++)
		if (!r->streams[i].failed && vmig_ring_stream_waits(&r->streams[i]))
			return false;
	return true;
}

/* How long to wait at most: until something is to be asked again, or is late. */
static uint64_t patience(const struct vmig_ring_run *r)
{
	uint64_t wait = all_cancelled(r) ? 100 : r->e->options.timeout_ms, passed;
	unsigned int i;

	for (i = 0; i < r->count; i++) {
		const struct vmig_ring_stream *stream = &r->streams[i];

		if (stream->failed || !vmig_ring_stream_waits(stream))
			continue;
		passed = r->ms - stream->since;
		wait = vmig_least(wait, passed < r->e->options.timeout_ms
						? r->e->options.timeout_ms - passed
						: 1);
		if (stream->chains[VMIG_READS].again || stream->chains[VMIG_WRITES].again)
			wait = AGAIN_MS;
	}
	return wait;
}

/*
 * How many completions are worth waking up for? Where nothing but the chain itself goes on, all
 * of it; one where a block that is read can be written, or one that is written filled again.
 */
static unsigned int enough(const struct vmig_ring_run *r)
{
	unsigned int n = VMIG_CHAIN_MAX, i;

	for (i = 0; i < r->count; i++) {
		const struct vmig_flow *f = r->streams[i].flow;
		int dir = f->from.kind == VMIG_ENDPOINT_MEMORY ? VMIG_WRITES : VMIG_READS;
		const struct vmig_chain *c = &r->streams[i].chains[dir];

		if (!vmig_ring_stream_waits(&r->streams[i]))
			continue;
		if (r->streams[i].failed || !c->count ||
		    (f->from.kind == VMIG_ENDPOINT_FD && f->to.kind != VMIG_ENDPOINT_NULL &&
		     f->to.kind != VMIG_ENDPOINT_MEMORY))
			return 1;
		n = vmig_least(n, c->count - c->next);
	}
	return n;
}

static int wait_some(struct vmig_ring_run *r, uint64_t ms)
{
	struct __kernel_timespec t = { .tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000 };
	struct io_uring_cqe *cqe;
	int ret = io_uring_submit_and_wait_timeout(&r->e->ring, &cqe, enough(r), &t, NULL);

	r->ms = vmig_now_ms();
	reap(r);
	return ret == -ETIME || ret == -EINTR || ret == -EAGAIN || ret == -EBUSY ? 0 : ret;
}

/* True while something is to be waited for. */
static bool busy(const struct vmig_ring_run *r)
{
	unsigned int i;

	if (r->flying)
		return true;
	for (i = 0; i < r->count; i++)
		if (!r->streams[i].failed && vmig_ring_stream_waits(&r->streams[i]))
			return true;
	return false;
}

/* Nothing may be in flight when we leave: the kernel would write to memory that is gone. */
static void bring_back(struct vmig_ring_run *r)
{
	uint64_t end = vmig_now_ms() + CANCEL_MS;
	unsigned int i;

	for (i = 0; i < r->count; i++) {
		if (r->streams[i].chains[VMIG_READS].count ||
		    r->streams[i].chains[VMIG_WRITES].count)
			vmig_ring_stream_fail(&r->streams[i], -ECANCELED, "io_uring");
	}
	while (r->flying && vmig_now_ms() < end) {
		for (i = 0; i < r->count; i++)
			vmig_ring_stream_cancel(r, &r->streams[i]);
		if (wait_some(r, 100) < 0)
			break;
	}
	r->e->stuck = r->flying;
}

static void loop(struct vmig_ring_run *r)
{
	uint64_t lost = 0;
	unsigned int i;
	int ret = 0;

	for (;;) {
		for (i = 0; i < r->count; i++)
			vmig_ring_stream_step(r, &r->streams[i]);
		io_uring_submit(&r->e->ring);
		if (call_all_back(r)) {
			r->ms = vmig_now_ms();
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
		fds[2 * i] =
			there && flows[i].from.kind == VMIG_ENDPOINT_FD ? flows[i].from.fd : -1;
		fds[2 * i + 1] =
			there && flows[i].to.kind == VMIG_ENDPOINT_FD ? flows[i].to.fd : -1;
	}
	ret = io_uring_register_files_update(&e->ring, 0, fds, 2 * count);
	return ret < 0 ? ret : 0;
}

/**
 * vmig_ring_run - move a part of streams, all at once
 * @e: the engine
 * @flows: the streams
 * @count: their number
 * @strategy: how
 * @quota: how many bytes of each at most
 *
 * Return: 0, or the -errno of io_uring itself, which all streams then have.
 */
int vmig_ring_run(struct vmig_engine *e, struct vmig_flow *flows, unsigned int count,
		  const struct vmig_strategy *strategy, uint64_t quota)
{
	struct vmig_ring_run r = {
		.e = e, .count = count, .strategy = strategy, .ms = vmig_now_ms()
	};
	unsigned int i;
	int ret;

	r.depth = vmig_depth(e, strategy->block);
	r.streams = vmig_alloc(count * sizeof(*r.streams));
	for (i = 0; i < count; i++)
		vmig_ring_stream_init(&r, &r.streams[i], &flows[i], quota);
	ret = set_files(e, flows, count, true);
	if (!ret)
		loop(&r);
	for (i = 0; i < count; i++) {
		if (ret)
			vmig_ring_stream_fail(&r.streams[i], ret, "io_uring_register()");
		/* All memory is written. */
		else if (!r.streams[i].failed && r.streams[i].end &&
			 flows[i].from.kind == VMIG_ENDPOINT_MEMORY)
			vmig_flow_end(&flows[i], 0, NULL);
		free(r.streams[i].len);
	}
	set_files(e, flows, count, false);
	free(r.streams);
	return ret;
}
