// SPDX-License-Identifier: GPL-2.0-only
/* The engine without a ring: read() and write(), one after the other. */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "internal.h"
#include <vmig/stream.h>

/* How soon what gave EAGAIN is asked again where poll() does not know better. */
#define AGAIN_MS 1

/**
 * struct plain - a run of one stream
 * @e: the engine
 * @flow: the stream
 * @since: when it was last seen to have made progress, in ms
 * @seen: how many calls had moved something then
 * @waits: calls that moved nothing
 */
struct plain {
	const struct vmig_engine *e;
	struct vmig_flow *flow;
	uint64_t since;
	uint64_t seen;
	uint64_t waits;
};

/* It is there to interrupt a call, and nothing else. */
static void on_tick(int sig)
{
	(void)sig;
}

/*
 * A call may block for ever, and need not support poll(): a timer interrupts it now and then,
 * to look at the clock. It is this thread's own, as others may run streams too. One timer for a
 * run costs nothing, where one for each call would be measured.
 */
static bool tick_begin(timer_t *timer, unsigned int timeout_ms)
{
	struct sigaction action = { .sa_handler = on_tick };
	struct sigevent event = { .sigev_notify = SIGEV_THREAD_ID, .sigev_signo = SIGRTMIN + 5 };
	struct itimerspec tick = {};
	uint64_t ms = timeout_ms / 4 + 1;

	event._sigev_un._tid = syscall(SYS_gettid);
	tick.it_value.tv_sec = ms / 1000;
	tick.it_value.tv_nsec = ms % 1000 * 1000000;
	tick.it_interval = tick.it_value;
	sigaction(event.sigev_signo, &action, NULL);
	return !timer_create(CLOCK_MONOTONIC, &event, timer) &&
	       !timer_settime(*timer, 0, &tick, NULL);
}

/*
 * After a call that moved nothing. The clock is not asked for each one that moved something: in
 * a guest that takes as long as a small read().
 */
static bool late(struct plain *p)
{
	uint64_t moved = p->flow->calls - ++p->waits;

	if (moved != p->seen) {
		p->seen = moved;
		p->since = vmig_engine_ms();
		return false;
	}
	return vmig_engine_ms() - p->since >= p->e->options.timeout_ms;
}

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
		n = events == POLLIN ? read(fd, buf, len) : write(fd, buf, len);
		if (n >= 0)
			return (size_t)n > len ? -EPROTO : n;
		if (errno != EINTR && errno != EAGAIN)
			return -errno;
		if (late(p))
			return -ETIMEDOUT;
		if (errno == EAGAIN)
			wait_for(fd, events);
	}
}

/* Give a block to where the stream goes. */
static void give(struct plain *p, unsigned char *data, size_t len)
{
	struct vmig_flow *f = p->flow;
	size_t at;
	ssize_t n;

	if (f->to.kind == VMIG_PLACE_CALL)
		f->to.call(f->to.arg, data, len);
	if (f->to.kind != VMIG_PLACE_FD) {
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

	if (f->to.kind != VMIG_PLACE_MEMORY || f->bytes >= f->to.len)
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
	else if (f->to.kind == VMIG_PLACE_MEMORY && to == p->e->blocks)
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
 * vmig_plain_run - move a part of a stream
 * @e: the engine
 * @flow: the stream
 * @block: bytes of a read() and write()
 * @quota: how many bytes at most
 */
void vmig_plain_run(struct vmig_engine *e, struct vmig_flow *flow, size_t block, uint64_t quota)
{
	struct plain p = { .e = e, .flow = flow, .since = vmig_engine_ms(), .seen = flow->calls };
	timer_t timer;
	size_t n;

	if (!tick_begin(&timer, e->options.timeout_ms)) {
		vmig_flow_end(flow, -EAGAIN, "timer_create()");
		return;
	}
	for (quota = vmig_flow_wanted(flow, quota); quota && !vmig_flow_over(flow); quota -= n) {
		n = vmig_least(block, quota);
		if (flow->from.kind == VMIG_PLACE_MEMORY)
			n = step_memory(&p, n);
		else
			n = step_read(&p, n);
	}
	timer_delete(timer);
}
