/* SPDX-License-Identifier: GPL-2.0-only */
/* Private types of the copy engine. */
#ifndef VMIG_ENGINE_INTERNAL_H
#define VMIG_ENGINE_INTERNAL_H

#include <liburing.h>

#include <vmig/engine.h>

/**
 * struct vmig_strategy - a way to move bytes
 * @method: PLAIN or RING
 * @block: bytes of a read or write
 * @here: with RING: calls are made in this thread, and only a write() that a read() can go on
 *	beside is handed to a worker
 */
struct vmig_strategy {
	enum vmig_method method;
	size_t block;
	bool here;
};

#define VMIG_STRATEGIES_MAX 7

/**
 * struct vmig_autotune - which way is the fastest?
 * @strategies: those that are tried
 * @count: their number
 * @next: the trial that comes next; each strategy has VMIG_TRIAL_ROUNDS
 * @rate: the best of each, in bytes per second
 * @best: index of the fastest, once all have been tried
 */
struct vmig_autotune {
	struct vmig_strategy strategies[VMIG_STRATEGIES_MAX];
	unsigned int count;
	unsigned int next;
	double rate[VMIG_STRATEGIES_MAX];
	unsigned int best;
};

/**
 * struct vmig_engine - see engine.h
 * @options: with the defaults filled in
 * @flows: how many it can have
 * @room: bytes of memory for each flow
 * @blocks: memory of all flows
 * @size: bytes of it
 * @ring: only if @has_ring
 * @has_ring: the kernel has given one
 * @stuck: a request could not be cancelled: the ring is of no use any more, and the kernel may
 *	still write to @blocks, which therefore stay
 * @autotune: for VMIG_METHOD_AUTO
 * @no_ring: why it has none where it would have tried one, else ""
 * @choice: the method and its sizes, as text
 */
struct vmig_engine {
	struct vmig_engine_options options;
	unsigned int flows;
	size_t room;
	unsigned char *blocks;
	size_t size;
	struct io_uring ring;
	bool has_ring;
	bool stuck;
	struct vmig_autotune autotune;
	char no_ring[160];
	char choice[256];
};

/* A flow that has come to an end of some kind: nothing is to be done for it in this run. */
static inline bool vmig_flow_over(const struct vmig_flow *f)
{
	return f->ret != -EINPROGRESS;
}

static inline void vmig_flow_end(struct vmig_flow *f, int ret, const char *where)
{
	f->ret = ret;
	f->where = where;
}

/* How many blocks of a size each flow has. */
static inline unsigned int vmig_depth(const struct vmig_engine *e, size_t block)
{
	size_t n = e->room / block;

	return n < e->options.depth ? n : e->options.depth;
}

static inline uint64_t vmig_least(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

/* How many bytes of a stream are wanted, @quota at most. */
static inline uint64_t vmig_flow_wanted(const struct vmig_flow *f, uint64_t quota)
{
	if (!f->limit)
		return quota;
	return vmig_least(quota, f->limit > f->bytes ? f->limit - f->bytes : 0);
}

#endif /* VMIG_ENGINE_INTERNAL_H */
