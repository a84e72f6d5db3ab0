// SPDX-License-Identifier: GPL-2.0-only
/* Copy engine with read() and write(), one call after the other. */
#include <errno.h>
#include <poll.h>
#include <unistd.h>

#include <vmig/bounded.h>
#include "sync.h"

/* How soon what gave EAGAIN is asked again where poll() does not know better. */
#define AGAIN_MS 1

/**
 * struct plain - a run of one stream
 * @e: the engine
 * @flow: the stream
 * @bound: how long it may make no progress. The clock is not asked for each call: in a guest
 *	that takes as long as a small read()
 */
struct plain {
	const struct vmig_engine *e;
	struct vmig_flow *flow;
	struct vmig_bound bound;
};

/* After EAGAIN: until poll() says that there is something, or a little while. */
static void wait_for(int fd, short events)
{
	struct pollfd p = { .fd = fd, .events = events };

	/* A file without poll() is always ready. */
	if (poll(&p, 1, 100) > 0)
		usleep(AGAIN_MS * 1000);
}

/* One read() or write(), until it has said something. */
static ssize_t call(struct plain *p, int fd, void *buf, size_t len, short events)
{
	ssize_t n;

	for (;;) {
		p->flow->calls++;
		n = events == POLLIN ? vmig_bound_read(&p->bound, fd, buf, len)
				     : vmig_bound_write(&p->bound, fd, buf, len);
		if (n != -EINTR && n != -EAGAIN)
			return n;
		if (vmig_bound_expired(&p->bound))
			return -ETIMEDOUT;
		if (n == -EAGAIN)
			wait_for(fd, events);
	}
}

/* Give a block to where the stream goes. */
static void give(struct plain *p, unsigned char *data, size_t len)
{
	struct vmig_flow *f = p->flow;
	size_t at;
	ssize_t n;

	if (f->to.kind == VMIG_ENDPOINT_CALL)
		f->to.call(f->to.arg, data, len);
	if (f->to.kind != VMIG_ENDPOINT_FD) {
		f->bytes += len;
		return;
	}
	for (at = 0; at < len; at += n, f->bytes += n) {
		n = call(p, f->to.fd, data + at, len - at, POLLOUT);
		if (n <= 0) {
			vmig_flow_end(f, n ? n : -EIO, "write()");
			return;
		}
	}
}

/* Where the next bytes are read to; *len: how many at most. */
static unsigned char *target(struct plain *p, size_t *len)
{
	struct vmig_flow *f = p->flow;

	if (f->to.kind != VMIG_ENDPOINT_MEMORY || f->bytes >= f->to.len)
		return p->e->blocks;
	*len = vmig_least(*len, f->to.len - f->bytes);
	return f->to.memory + f->bytes;
}

static size_t step_read(struct plain *p, size_t len)
{
	unsigned char *to = target(p, &len);
	struct vmig_flow *f = p->flow;
	ssize_t n = call(p, f->from.fd, to, len, POLLIN);

	if (n <= 0)
		vmig_flow_end(f, n, n ? "read()" : NULL);
	else if (f->to.kind == VMIG_ENDPOINT_MEMORY && to == p->e->blocks)
		vmig_flow_end(f, -ENOSPC, "memory");
	else
		give(p, to, n);
	return n > 0 ? n : 0;
}

static size_t step_memory(struct plain *p, size_t len)
{
	struct vmig_flow *f = p->flow;

	len = vmig_least(len, f->from.len - f->bytes);
	if (len)
		give(p, f->from.memory + f->bytes, len);
	else
		vmig_flow_end(f, 0, NULL);
	return len;
}

/**
 * vmig_sync_run - move a part of a stream
 * @e: the engine
 * @flow: the stream
 * @block: bytes of a read() and write()
 * @quota: how many bytes at most
 */
void vmig_sync_run(struct vmig_engine *e, struct vmig_flow *flow, size_t block, uint64_t quota)
{
	struct plain p = { .e = e, .flow = flow };
	int ret = vmig_bound_begin_loop(&p.bound, e->options.timeout_ms);
	size_t n;

	if (ret) {
		vmig_flow_end(flow, ret, "timer_create()");
		return;
	}
	for (quota = vmig_flow_wanted(flow, quota); quota && !vmig_flow_over(flow); quota -= n) {
		n = vmig_least(block, quota);
		if (flow->from.kind == VMIG_ENDPOINT_MEMORY)
			n = step_memory(&p, n);
		else
			n = step_read(&p, n);
	}
	vmig_bound_end(&p.bound);
}
