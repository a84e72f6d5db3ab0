/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Random operations on one device from several threads and processes. Each worker keeps its
 * current and last call in shared memory, so that a hang can be attributed.
 */
#ifndef VMIG_TESTS_STRESS_THREAD_POOL_H
#define VMIG_TESTS_STRESS_THREAD_POOL_H

#include <limits.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include <vmig/device.h>
#include "random.h"
#include "verdict.h"

#define VMIG_THREAD_POOL_PROCESSES 3
#define VMIG_THREAD_POOL_THREADS 4

/* Calls of a thread that are remembered; their number is a power of two. */
#define VMIG_THREAD_POOL_LOG 16

struct vmig_worker;

/**
 * struct vmig_call - a kind of call
 * @name: in messages, one word
 * @run: make it once; what it was about goes to @arg, which rng may choose. Returns what
 *	the call returned, or -errno.
 */
struct vmig_call {
	const char *name;
	int (*run)(struct vmig_worker *m, uint32_t *arg);
};

/**
 * struct vmig_weighted_call - how often a thread makes a kind of call
 * @call: the kind; NULL ends a list
 * @weight: how often, beside the others
 */
struct vmig_weighted_call {
	const struct vmig_call *call;
	unsigned int weight;
};

#define VMIG_MIX_MAX 16

/**
 * struct vmig_entry - a call that was made, or is being made
 * @call: its kind
 * @arg: what it was about
 * @ret: what it returned, or -errno
 */
struct vmig_entry {
	const struct vmig_call *call;
	uint32_t arg;
	int ret;
};

/**
 * struct vmig_worker - a thread of the pool
 * @pool: all of them
 * @process: its process
 * @rng: what it does next
 * @tid: its thread
 * @calls: how many it has begun
 * @busy: it is in one
 * @ended: it has ended by itself
 * @since: when it began the one it is in; ms
 * @log: the last ones
 * @made: how many of each call of the mix have returned
 * @bytes: that read() or write() moved, since the test set it to 0
 * @tally: how often each byte was read
 * @page: memory that may fault, VMIG_THREAD_POOL_BUFFER bytes
 */
struct vmig_worker {
	struct vmig_thread_pool *pool;
	unsigned int process;
	struct vmig_rng rng;
	atomic_int tid;
	atomic_uint calls;
	atomic_bool busy;
	atomic_bool ended;
	atomic_ullong since;
	struct vmig_entry log[VMIG_THREAD_POOL_LOG];
	unsigned long made[VMIG_MIX_MAX];
	uint64_t bytes;
	uint64_t tally[256];
	unsigned char *page;
};

#define VMIG_THREAD_POOL_BUFFER 8192

/**
 * struct vmig_thread_pool - the pool; in shared memory
 *
 * For the test to set:
 * @dev: the device, open
 * @flags: its VFIO_MIGRATION_* bits
 * @stream: a good stream of it, for writers
 * @stream_len: its bytes
 * @states: what SETs ask for, a list that is @nr_states long
 * @processes: how many, each with @threads threads
 * @mix: what the threads of a process do
 * @body: what a process is, if it is more than its threads; calls vmig_thread_pool_threads().
 *	Optional.
 * @arg: for @body
 * @last: called by each thread at its end; optional
 * @limit: calls, at most
 * @ms: milliseconds, at most
 *
 * The pool's own:
 * @ready: threads that have started
 * @made: calls made
 * @stop: it is enough
 * @over: the device fd has been closed
 * @exits: a process that ends in the middle of its calls, on purpose
 * @left: bytes that are still to be written
 * @refused: writes that failed, and @refused_errno the last errno
 * @drained: a read() has found the end of the stream
 * @seeded: chances have begun
 * @no_reset_before: a moment, ms: resets are seldom where they take long
 * @bad: what was wrong, and the clause it breaks; @has_bad says whether there is something
 * @workers: the threads
 * @nr_states: how many @states has
 * @threads: how many threads each process has
 * @refused_errno: errno of the last of @refused
 * @has_bad: a worker has seen a breach: @bad and @bad_clause are set
 * @bad_clause: the clause that it breaks
 */
struct vmig_thread_pool {
	struct vmig_device *dev;
	uint64_t flags;
	const unsigned char *stream;
	size_t stream_len;
	uint32_t states[8];
	unsigned int nr_states;
	unsigned int processes;
	unsigned int threads;
	const struct vmig_weighted_call *mix[VMIG_THREAD_POOL_PROCESSES];

	void (*body[VMIG_THREAD_POOL_PROCESSES])(struct vmig_thread_pool *c, unsigned int process);
	void *arg;
	void (*last)(struct vmig_worker *m);
	unsigned long limit;
	unsigned int ms;

	atomic_uint ready;
	atomic_ulong made;
	atomic_bool exits[VMIG_THREAD_POOL_PROCESSES];
	atomic_bool stop;
	atomic_bool over;
	atomic_long left;
	atomic_uint refused;
	atomic_int refused_errno;
	atomic_bool drained;
	bool seeded;
	atomic_ullong no_reset_before;
	atomic_bool has_bad;
	enum vmig_clause_id bad_clause;
	char bad[256];
	struct vmig_worker workers[VMIG_THREAD_POOL_PROCESSES][VMIG_THREAD_POOL_THREADS];
};

/* A call that has not returned after so long, and the signals that it was sent, never will; ms. */
#define VMIG_THREAD_POOL_HUNG 20000

/* @limit where the test itself ends it. */
#define VMIG_NO_LIMIT ULONG_MAX

struct vmig_thread_pool *vmig_thread_pool_new(struct vmig_device *dev, uint64_t flags);
void vmig_thread_pool_again(struct vmig_thread_pool *c);
void vmig_thread_pool_free(struct vmig_thread_pool *c);
void vmig_thread_pool_bad(struct vmig_thread_pool *c, enum vmig_clause_id id, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
void vmig_thread_pool_threads(struct vmig_thread_pool *c, unsigned int process,
			      void (*meanwhile)(void *arg), void *arg);
void vmig_thread_pool_wait_started(struct vmig_thread_pool *c);
bool vmig_thread_pool_run(struct vmig_thread_pool *c, const char *did);
bool vmig_thread_pool_check(struct vmig_thread_pool *c, const char *did);
void vmig_thread_pool_report(struct vmig_thread_pool *c, enum vmig_clause_id id);
void vmig_thread_pool_metrics(struct vmig_thread_pool *c, const char *name);

#endif /* VMIG_TESTS_STRESS_THREAD_POOL_H */
