// SPDX-License-Identifier: GPL-2.0-only
/* Copy engine: set-up, buffers, and choice of the method (read() and write(), or io_uring). */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <vmig/error.h>
#include <vmig/stream.h>
#include "ring.h"
#include "sync.h"

/*
 * A trial comes twice for each strategy: what else goes on in the machine makes one slow, seldom
 * both. That of a ring is longer, as its workers have to be there first, and the first read and
 * the last write overlap with nothing.
 */
#define TRIAL_ROUNDS 2
#define TRIAL_BYTES (4UL << 20)
#define TRIAL_RING_BLOCKS 12

/* How much faster a ring must be to be chosen. */
#define RING_GAIN 1.05

/*
 * What is tried. Small blocks stay in the caches of the processor; with large ones a worker is
 * woken less often.
 */
static const struct vmig_strategy trial_shapes[] = {
	{ VMIG_METHOD_SYNC, 1UL << 20, false },	  { VMIG_METHOD_SYNC, 256UL << 10, false },
	{ VMIG_METHOD_SYNC, 512UL << 10, false }, { VMIG_METHOD_RING, 1UL << 20, false },
	{ VMIG_METHOD_RING, 1UL << 20, true },	  { VMIG_METHOD_RING, 2UL << 20, false },
	{ VMIG_METHOD_RING, 2UL << 20, true },
};

static const char *method_name(enum vmig_method method)
{
	return method == VMIG_METHOD_RING ? "io_uring" : "read() and write()";
}

static bool options_good(const struct vmig_engine_options *o, unsigned int flows, char *why,
			 size_t size)
{
	if (!flows || flows > VMIG_ENGINE_FLOWS_MAX)
		snprintf(why, size, "%u streams at once: 1 to %d are possible", flows,
			 VMIG_ENGINE_FLOWS_MAX);
	else if (o->block > VMIG_ENGINE_BLOCK_MAX)
		snprintf(why, size, "blocks of %zu bytes: %lu at most", o->block,
			 VMIG_ENGINE_BLOCK_MAX);
	else if (o->depth > VMIG_ENGINE_DEPTH_MAX)
		snprintf(why, size, "a depth of %u blocks: %d at most", o->depth,
			 VMIG_ENGINE_DEPTH_MAX);
	else if (o->method == VMIG_METHOD_SYNC && (o->fixed_buffers || o->fixed_files))
		snprintf(why, size, "registered buffers and files need io_uring");
	else
		return true;
	return false;
}

static void choose(struct vmig_engine *e, const struct vmig_strategy *strategy)
{
	snprintf(e->choice, sizeof(e->choice), "%s%s, blocks of %zu KiB%s%s",
		 method_name(strategy->method), strategy->here ? ", read() here" : "",
		 strategy->block >> 10, *e->no_ring ? "; " : "", e->no_ring);
}

static bool is_tried(const struct vmig_autotune *t, const struct vmig_strategy *strategy)
{
	unsigned int i;

	for (i = 0; i < t->count; i++)
		if (t->strategies[i].method == strategy->method &&
		    t->strategies[i].block == strategy->block &&
		    t->strategies[i].here == strategy->here)
			return true;
	return false;
}

/* What there is to choose from. */
static void trial_begin(struct vmig_engine *e)
{
	const struct vmig_engine_options *o = &e->options;
	struct vmig_autotune *t = &e->autotune;
	struct vmig_strategy strategy;
	unsigned int i;

	for (i = 0; i < sizeof(trial_shapes) / sizeof(trial_shapes[0]); i++) {
		strategy = trial_shapes[i];
		if (o->block)
			strategy.block = o->block;
		/* No call may block, so that each can be made here. */
		if (o->nonblock && strategy.method == VMIG_METHOD_RING)
			strategy.here = true;
		if (strategy.block > e->room ||
		    (strategy.method == VMIG_METHOD_RING && !e->has_ring) ||
		    (o->method != VMIG_METHOD_AUTO && strategy.method != o->method))
			continue;
		if (!is_tried(t, &strategy))
			t->strategies[t->count++] = strategy;
		if (o->method != VMIG_METHOD_AUTO)
			break;
	}
	choose(e, &t->strategies[0]);
}

/**
 * vmig_engine_open - get the memory, and the ring where one is wanted
 * @options: see there; NULL for none
 * @flows: how many streams it can move at once
 * @why: the error message goes here
 * @size: bytes of @why
 *
 * Its ring is for the thread that calls this.
 *
 * With VMIG_METHOD_AUTO a kernel that refuses a ring is no failure: @why says so, and what is
 * moved is moved without one. Else @why is empty.
 *
 * Return: the engine, vmig_engine_close() it; NULL if that cannot be, with errno: EINVAL for
 * options that make no sense, ENOMEM, or why the kernel refused the ring.
 */
struct vmig_engine *vmig_engine_open(const struct vmig_engine_options *options, unsigned int flows,
				     char *why, size_t size)
{
	static const struct vmig_engine_options none;
	struct vmig_engine *e;
	size_t block;
	int ret = 0;

	if (!options)
		options = &none;
	why[0] = '\0';
	errno = EINVAL;
	if (!options_good(options, flows, why, size))
		return NULL;
	e = vmig_alloc(sizeof(*e));
	e->options = *options;
	e->flows = flows;
	block = options->block ? options->block : VMIG_ENGINE_BLOCK;
	if (!options->depth)
		e->options.depth = VMIG_ENGINE_DEPTH;
	if (!options->timeout_ms)
		e->options.timeout_ms = VMIG_IO_TIMEOUT_MS;
	if (options->method != VMIG_METHOD_AUTO)
		e->options.block = block;
	e->room = e->options.depth * block;
	e->size = flows * e->room;
	/* All of it now, so that no page fault is measured. */
	e->blocks = mmap(NULL, e->size, PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
	if (e->blocks == MAP_FAILED) {
		snprintf(why, size, "no memory for %u x %u blocks of %zu bytes", flows,
			 e->options.depth, block);
		free(e);
		errno = ENOMEM;
		return NULL;
	}
	if (options->method != VMIG_METHOD_SYNC)
		ret = vmig_ring_setup(e, why, size);
	if (ret && options->method == VMIG_METHOD_RING) {
		vmig_engine_close(e);
		errno = -ret;
		return NULL;
	}
	snprintf(e->no_ring, sizeof(e->no_ring), "%s", why);
	trial_begin(e);
	return e;
}

/**
 * vmig_engine_close - give all back
 * @e: the engine, or NULL; none of its streams is being moved
 *
 * Does not wait. Where a request of the ring could not be cancelled, the memory that the
 * kernel may still write to stays.
 */
void vmig_engine_close(struct vmig_engine *e)
{
	if (!e)
		return;
	vmig_ring_destroy(e);
	if (!e->stuck)
		munmap(e->blocks, e->size);
	free(e);
}

/**
 * vmig_engine_choice - how the bytes are moved, as text for a report
 * @e: the engine
 *
 * Return: words; with VMIG_METHOD_AUTO, those of the way that is preferred by now.
 */
const char *vmig_engine_choice(const struct vmig_engine *e)
{
	return e->choice;
}

static bool flow_good(const struct vmig_flow *f)
{
	if (f->from.kind == VMIG_ENDPOINT_MEMORY)
		return f->to.kind == VMIG_ENDPOINT_FD;
	return f->from.kind == VMIG_ENDPOINT_FD;
}

static bool all_over(const struct vmig_flow *flows, unsigned int count)
{
	unsigned int i;

	for (i = 0; i < count; i++)
		if (!vmig_flow_over(&flows[i]))
			return false;
	return true;
}

/* Those that have come to their limits have ended. */
static void end_at_limits(struct vmig_flow *flows, unsigned int count)
{
	for (; count; count--, flows++)
		if (!vmig_flow_over(flows) && flows->limit && flows->bytes >= flows->limit)
			vmig_flow_end(flows, 0, "limit");
}

/*
 * Set O_NONBLOCK; returns the flags that were, -1 where it is of no use: a regular file never
 * waits for anybody, and io_uring may say EAGAIN for one again and again.
 */
static int set_nonblock(const struct vmig_endpoint *p)
{
	struct stat st;
	int was;

	if (p->kind != VMIG_ENDPOINT_FD || fstat(p->fd, &st) || S_ISREG(st.st_mode))
		return -1;
	was = fcntl(p->fd, F_GETFL);
	if (was >= 0)
		fcntl(p->fd, F_SETFL, was | O_NONBLOCK);
	return was;
}

static void restore_flags(const struct vmig_endpoint *p, int was)
{
	if (was >= 0)
		fcntl(p->fd, F_SETFL, was);
}

static void move_by(struct vmig_engine *e, struct vmig_flow *flows, unsigned int count,
		    const struct vmig_strategy *strategy, uint64_t quota)
{
	unsigned int i;

	if (strategy->method == VMIG_METHOD_RING)
		vmig_ring_run(e, flows, count, strategy, quota);
	for (i = 0; strategy->method == VMIG_METHOD_SYNC && i < count; i++)
		if (!vmig_flow_over(&flows[i]))
			vmig_sync_run(e, &flows[i], strategy->block, quota);
}

/*
 * Move up to @quota bytes of each stream. What is read is also written when this returns.
 *
 * A ring wants O_NONBLOCK (see ring.c). It is set for as long as the ring moves the streams and
 * no longer: read() and write() are to be measured as a user of these has them.
 */
static void move(struct vmig_engine *e, struct vmig_flow *flows, unsigned int count,
		 const struct vmig_strategy *strategy, uint64_t quota)
{
	bool nonblock = e->options.nonblock || strategy->method == VMIG_METHOD_RING;
	int was[VMIG_ENGINE_FLOWS_MAX][2];
	unsigned int i;

	for (i = 0; nonblock && i < count; i++) {
		was[i][0] = set_nonblock(&flows[i].from);
		was[i][1] = set_nonblock(&flows[i].to);
	}
	move_by(e, flows, count, strategy, quota);
	/* From the last one on, as an fd may be there twice. */
	while (nonblock && i--) {
		restore_flags(&flows[i].to, was[i][1]);
		restore_flags(&flows[i].from, was[i][0]);
	}
	end_at_limits(flows, count);
}

static uint64_t arrived(const struct vmig_flow *flows, unsigned int count)
{
	uint64_t bytes = 0;

	while (count)
		bytes += flows[--count].bytes;
	return bytes;
}

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec + t.tv_nsec / 1e9;
}

/* A ring takes the time of another processor too: a little faster is not enough. */
static double worth(const struct vmig_autotune *t, unsigned int i)
{
	return t->strategies[i].method == VMIG_METHOD_RING ? t->rate[i] / RING_GAIN : t->rate[i];
}

/* A read() here is beside nothing where no write() is made elsewhere. */
static bool pointless(const struct vmig_engine *e, const struct vmig_strategy *strategy,
		      const struct vmig_flow *flows, unsigned int count)
{
	unsigned int i;

	if (strategy->method != VMIG_METHOD_RING || !strategy->here || e->options.nonblock)
		return false;
	for (i = 0; i < count; i++)
		if (flows[i].from.kind == VMIG_ENDPOINT_FD && flows[i].to.kind == VMIG_ENDPOINT_FD)
			return false;
	return true;
}

/*
 * The next strategy for a little of the streams. A slice in which a stream ended is no measurement;
 * it is what remains of streams too short to be worth a choice, or the end of a long one.
 */
static void try_one(struct vmig_engine *e, struct vmig_flow *flows, unsigned int count)
{
	struct vmig_autotune *t = &e->autotune;
	unsigned int i = t->next % t->count;
	const struct vmig_strategy *strategy = &t->strategies[i];
	uint64_t before = arrived(flows, count), quota = TRIAL_BYTES;
	double begin = now(), rate;

	if (pointless(e, strategy, flows, count)) {
		t->next++;
		return;
	}
	if (strategy->method == VMIG_METHOD_RING)
		quota = TRIAL_RING_BLOCKS * strategy->block;
	move(e, flows, count, strategy, quota);
	if (arrived(flows, count) - before < count * quota)
		return;
	rate = (arrived(flows, count) - before) / (now() - begin);
	if (rate > t->rate[i])
		t->rate[i] = rate;
	for (i = 0; i < t->count; i++)
		if (worth(t, i) > worth(t, t->best))
			t->best = i;
	t->next++;
	choose(e, &t->strategies[t->best]);
}

static bool trying(const struct vmig_autotune *t)
{
	return t->count > 1 && t->next < t->count * TRIAL_ROUNDS;
}

static void run(struct vmig_engine *e, struct vmig_flow *flows, unsigned int count)
{
	struct vmig_autotune *t = &e->autotune;

	while (!all_over(flows, count) && trying(t))
		try_one(e, flows, count);
	if (!all_over(flows, count))
		move(e, flows, count, &t->strategies[t->best], UINT64_MAX);
}

/**
 * __vmig_engine_run - move streams to their ends, all at once
 * @e: the engine
 * @flows: the streams; @bytes of those that are new is 0
 * @count: how many; not more than were given to vmig_engine_open()
 *
 * A stream that fails does not end the others. Nothing is under way when this returns, unless
 * a request could not even be cancelled: then that stream has -ETIMEDOUT, and the engine can
 * only be closed.
 *
 * Return: 0 when all came to their ends; else the @ret of the first that did not; -EINVAL for
 * places that do not go together.
 */
int __vmig_engine_run(struct vmig_engine *e, struct vmig_flow *flows, unsigned int count)
{
	unsigned int i;

	if (!count || count > e->flows || e->stuck)
		return -EINVAL;
	for (i = 0; i < count; i++)
		if (!flow_good(&flows[i]))
			return -EINVAL;
	for (i = 0; i < count; i++)
		vmig_flow_end(&flows[i], -EINPROGRESS, NULL);
	run(e, flows, count);
	for (i = 0; i < count; i++)
		if (flows[i].ret)
			return flows[i].ret;
	return 0;
}

static void append(void *arg, const void *data, size_t len)
{
	vmig_stream_append(arg, data, len);
}

/**
 * vmig_endpoint_stream - bytes go to the end of a stream in memory
 * @s: the stream, which grows with them
 *
 * Return: a place to move to.
 */
struct vmig_endpoint vmig_endpoint_stream(struct vmig_stream *s)
{
	return vmig_endpoint_call(append, s);
}
