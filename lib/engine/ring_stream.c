// SPDX-License-Identifier: GPL-2.0-only
/*
 * One stream of the io_uring engine: submit its requests and handle their completions.
 *
 * Offset -1 is "where the file stands", the only one that is right for a stream and for a
 * file. Order comes from having one request of a kind under way. Where several blocks wait, they
 * are linked (IOSQE_IO_LINK): the kernel begins the next one when the one before has done all
 * that it was asked for, in the same worker and without a word from here, and gives the others
 * back with ECANCELED when it was short (io_uring/rw.c, __io_complete_rw_common()).
 */
#include <errno.h>
#include <string.h>

#include <vmig/bounded.h>
#include <vmig/error.h>
#include "ring_stream.h"

/* How soon what did not come back is cancelled once more: its chain may have gone on. */
#define CANCEL_AGAIN_MS 50

/* What a request is known by; the one that cancels others is none of these. */
#define CANCEL UINT64_MAX

static uint64_t id_of(const struct vmig_ring_stream *stream, int dir, unsigned int slot)
{
	return (uint64_t)stream->index << 16 | dir << 8 | slot;
}

static unsigned char *block_at(const struct vmig_ring_run *r, const struct vmig_ring_stream *stream,
			       unsigned int i)
{
	return stream->blocks + i % r->depth * r->strategy->block;
}

/**
 * vmig_ring_stream_fail - the stream ends here
 * @stream: it
 * @ret: -errno
 * @where: the call
 */
void vmig_ring_stream_fail(struct vmig_ring_stream *stream, int ret, const char *where)
{
	if (stream->failed)
		return;
	stream->failed = true;
	vmig_flow_end(stream->flow, ret, where);
}

/* The call is made at once, in io_uring_enter(), and not by a worker. */
static bool is_here(const struct vmig_ring_run *r, const struct vmig_ring_stream *stream, int dir)
{
	return r->strategy->here &&
	       (dir == VMIG_READS || stream->flow->from.kind == VMIG_ENDPOINT_MEMORY);
}

/* How many requests may be linked; @blocks wait for one. */
static unsigned int links(const struct vmig_ring_run *r, const struct vmig_ring_stream *stream,
			  int dir, unsigned int blocks)
{
	if (is_here(r, stream, dir) || stream->chains[dir].single)
		return vmig_least(blocks, 1);
	return vmig_least(blocks, VMIG_CHAIN_MAX);
}

static void add(struct vmig_ring_run *r, struct vmig_ring_stream *stream, int dir,
		unsigned char *buf, size_t len, bool link)
{
	const struct vmig_endpoint *endpoint =
		dir == VMIG_READS ? &stream->flow->from : &stream->flow->to;
	const struct vmig_engine_options *o = &r->e->options;
	struct io_uring_sqe *sqe = io_uring_get_sqe(&r->e->ring);
	int fd = o->fixed_files ? (int)(2 * stream->index + dir) : endpoint->fd;
	bool fixed = o->fixed_buffers && buf >= r->e->blocks && buf < r->e->blocks + r->e->size;
	struct vmig_chain *c = &stream->chains[dir];

	if (dir == VMIG_READS && fixed)
		io_uring_prep_read_fixed(sqe, fd, buf, len, -1, 0);
	else if (dir == VMIG_READS)
		io_uring_prep_read(sqe, fd, buf, len, -1);
	else if (fixed)
		io_uring_prep_write_fixed(sqe, fd, buf, len, -1, 0);
	else
		io_uring_prep_write(sqe, fd, buf, len, -1);
	io_uring_sqe_set_flags(sqe, (o->fixed_files ? IOSQE_FIXED_FILE : 0) |
					    (is_here(r, stream, dir) ? 0 : IOSQE_ASYNC) |
					    (link ? IOSQE_IO_LINK : 0));
	io_uring_sqe_set_data64(sqe, id_of(stream, dir, c->count));
	c->requests[c->count++] = (struct vmig_request){ .asked = len };
	c->again = false;
	stream->flow->calls++;
	r->flying++;
}

/* From or to memory of the user's, one piece behind the other. */
static void chain_in_memory(struct vmig_ring_run *r, struct vmig_ring_stream *stream, int dir,
			    const struct vmig_endpoint *memory)
{
	uint64_t done = stream->flow->bytes;
	uint64_t left = vmig_least(stream->quota, memory->len - done);
	unsigned int n = links(r, stream, dir, VMIG_CHAIN_MAX);
	size_t len;

	while (n-- && left) {
		len = vmig_least(r->strategy->block, left);
		left -= len;
		add(r, stream, dir, memory->memory + done, len, n && left);
		done += len;
	}
}

static void begin_reads(struct vmig_ring_run *r, struct vmig_ring_stream *stream)
{
	struct vmig_flow *f = stream->flow;
	bool kept = f->to.kind == VMIG_ENDPOINT_FD || f->to.kind == VMIG_ENDPOINT_CALL;
	uint64_t left = stream->quota;
	unsigned int n, i;
	size_t len;

	if (f->from.kind == VMIG_ENDPOINT_MEMORY || stream->end || !left ||
	    stream->chains[VMIG_READS].count)
		return;
	if (f->to.kind == VMIG_ENDPOINT_MEMORY && f->bytes < f->to.len) {
		chain_in_memory(r, stream, VMIG_READS, &f->to);
		return;
	}
	/* One more read shows whether there is more than the memory has room for. */
	n = f->to.kind == VMIG_ENDPOINT_MEMORY
		    ? 1
		    : links(r, stream, VMIG_READS, kept ? r->depth - stream->used : VMIG_CHAIN_MAX);
	for (i = 0; i < n && left; i++) {
		len = vmig_least(r->strategy->block, left);
		left -= len;
		add(r, stream, VMIG_READS,
		    block_at(r, stream, stream->first + stream->used + kept * i), len,
		    i + 1 < n && left);
	}
}

static void begin_writes(struct vmig_ring_run *r, struct vmig_ring_stream *stream)
{
	struct vmig_flow *f = stream->flow;
	unsigned int n, i;
	size_t done = stream->at;

	if (stream->chains[VMIG_WRITES].count || f->to.kind != VMIG_ENDPOINT_FD)
		return;
	if (f->from.kind == VMIG_ENDPOINT_MEMORY) {
		if (f->bytes >= f->from.len)
			stream->end = true;
		else
			chain_in_memory(r, stream, VMIG_WRITES, &f->from);
		return;
	}
	n = links(r, stream, VMIG_WRITES, stream->used);
	for (i = 0; i < n; i++) {
		add(r, stream, VMIG_WRITES, block_at(r, stream, stream->first + i) + done,
		    stream->len[(stream->first + i) % r->depth] - done, i + 1 < n);
		done = 0;
	}
}

/* The first block is dealt with. */
static void drop(struct vmig_ring_run *r, struct vmig_ring_stream *stream)
{
	stream->first = (stream->first + 1) % r->depth;
	stream->used--;
	stream->at = 0;
}

static void was_read(struct vmig_ring_run *r, struct vmig_ring_stream *stream, size_t n)
{
	struct vmig_flow *f = stream->flow;

	stream->quota -= n;
	if (f->to.kind == VMIG_ENDPOINT_MEMORY && f->bytes >= f->to.len) {
		vmig_ring_stream_fail(stream, -ENOSPC, "memory");
		return;
	}
	if (f->to.kind == VMIG_ENDPOINT_MEMORY || f->to.kind == VMIG_ENDPOINT_NULL) {
		f->bytes += n;
		return;
	}
	stream->len[(stream->first + stream->used) % r->depth] = n;
	stream->used++;
}

static void was_written(struct vmig_ring_run *r, struct vmig_ring_stream *stream, size_t n)
{
	stream->flow->bytes += n;
	if (stream->flow->from.kind == VMIG_ENDPOINT_MEMORY) {
		stream->quota -= n;
		return;
	}
	stream->at += n;
	if (stream->at == stream->len[stream->first])
		drop(r, stream);
}

/* A request that comes after all those before it in its chain. */
static void deal_with(struct vmig_ring_run *r, struct vmig_ring_stream *stream, int dir,
		      const struct vmig_request *q)
{
	const char *where = dir == VMIG_READS ? "read()" : "write()";
	struct vmig_chain *c = &stream->chains[dir];
	int res = vmig_io_result(q->res, q->asked);

	/* It was not begun, as the one before it was short. */
	if (stream->failed || (c->broken && res == -ECANCELED))
		return;
	c->broken = res < 0 || (size_t)res < q->asked;
	c->again = res == -EAGAIN;
	/* EINTR: a worker that was woken for another reason. */
	if (c->again || res == -EINTR)
		return;
	stream->since = r->ms;
	if (q->res > 0 && res < 0) {
		vmig_ring_stream_fail(stream, res, where);
	} else if (res > 0 && dir == VMIG_READS) {
		was_read(r, stream, res);
	} else if (res > 0) {
		was_written(r, stream, res);
	} else if (dir == VMIG_WRITES) {
		vmig_ring_stream_fail(stream, res ? res : -EIO, where);
	} else {
		/* What was read before is still to be written. */
		stream->end = true;
		vmig_flow_end(stream->flow, res, res ? where : NULL);
	}
}

/**
 * vmig_ring_streams_complete - a request has come back
 * @r: the run
 * @id: which
 * @res: what it came to
 */
void vmig_ring_streams_complete(struct vmig_ring_run *r, uint64_t id, int res)
{
	struct vmig_ring_stream *stream;
	struct vmig_chain *c;
	int dir = id >> 8 & 1;

	if (id == CANCEL)
		return;
	stream = &r->streams[id >> 16];
	c = &stream->chains[dir];
	c->requests[id & 0xff].res = res;
	c->requests[id & 0xff].back = true;
	r->flying--;
	while (c->next < c->count && c->requests[c->next].back)
		deal_with(r, stream, dir, &c->requests[c->next++]);
	if (c->next < c->count)
		return;
	c->single = c->broken;
	c->broken = false;
	c->next = 0;
	c->count = 0;
}

/**
 * vmig_ring_stream_cancel - ask for all that the stream has in flight to come back
 * @r: the run
 * @stream: the stream
 */
void vmig_ring_stream_cancel(struct vmig_ring_run *r, struct vmig_ring_stream *stream)
{
	struct io_uring_sqe *sqe;
	struct vmig_chain *c;
	unsigned int i;
	int dir;

	if (stream->cancelled && r->ms - stream->cancelled < CANCEL_AGAIN_MS)
		return;
	stream->cancelled = r->ms;
	for (dir = VMIG_READS; dir <= VMIG_WRITES; dir++) {
		c = &stream->chains[dir];
		for (i = c->next; i < c->count; i++) {
			if (c->requests[i].back)
				continue;
			sqe = io_uring_get_sqe(&r->e->ring);
			if (!sqe)
				return;
			io_uring_prep_cancel64(sqe, id_of(stream, dir, i), 0);
			io_uring_sqe_set_data64(sqe, CANCEL);
		}
	}
}

/**
 * vmig_ring_stream_step - begin what can be begun for a stream, and see whether it hangs
 * @r: the run
 * @stream: the stream
 */
void vmig_ring_stream_step(struct vmig_ring_run *r, struct vmig_ring_stream *stream)
{
	bool waits = vmig_ring_stream_waits(stream);

	if (waits && !stream->failed && r->ms - stream->since >= r->e->options.timeout_ms)
		vmig_ring_stream_fail(stream, -ETIMEDOUT,
				      stream->chains[VMIG_WRITES].count ? "write()" : "read()");
	if (stream->failed) {
		vmig_ring_stream_cancel(r, stream);
		return;
	}
	/* A request that follows a pause is not late. */
	if (!waits)
		stream->since = r->ms;
	/* First, as a worker begins with it while a read may be made here. */
	begin_writes(r, stream);
	begin_reads(r, stream);
}

/**
 * vmig_ring_stream_call_back - the call of a stream that takes blocks, while the next reads are
 * under way
 * @r: the run
 * @stream: the stream
 *
 * Return: true if there was a block for it.
 */
bool vmig_ring_stream_call_back(struct vmig_ring_run *r, struct vmig_ring_stream *stream)
{
	struct vmig_flow *f = stream->flow;
	size_t len = stream->len[stream->first];

	if (f->to.kind != VMIG_ENDPOINT_CALL || !stream->used)
		return false;
	f->to.call(f->to.arg, block_at(r, stream, stream->first), len);
	f->bytes += len;
	drop(r, stream);
	return true;
}

/**
 * vmig_ring_stream_init - a stream takes part in a run
 * @r: the run
 * @stream: what is to be filled in
 * @flow: the stream
 * @quota: how many bytes of it at most
 */
void vmig_ring_stream_init(struct vmig_ring_run *r, struct vmig_ring_stream *stream,
			   struct vmig_flow *flow, uint64_t quota)
{
	memset(stream, 0, sizeof(*stream));
	stream->flow = flow;
	stream->index = stream - r->streams;
	stream->blocks = r->e->blocks + stream->index * r->e->room;
	stream->len = vmig_alloc(r->depth * sizeof(*stream->len));
	stream->quota = vmig_flow_wanted(flow, quota);
	stream->since = r->ms;
	/* One that has ended in an earlier part of the run does nothing in this one. */
	if (vmig_flow_over(flow)) {
		stream->end = true;
		stream->failed = true;
	}
}
