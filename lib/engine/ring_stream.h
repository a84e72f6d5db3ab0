/* SPDX-License-Identifier: GPL-2.0-only */
/* One stream of the io_uring engine. */
#ifndef VMIG_ENGINE_RING_STREAM_H
#define VMIG_ENGINE_RING_STREAM_H

#include "internal.h"

/* So many requests are linked at most. */
#define VMIG_CHAIN_MAX 8

/**
 * struct vmig_request - a read or write that is under way, or linked to one that is
 * @asked: bytes
 * @res: what it came to, if it is @back
 * @back: the kernel has done with it
 */
struct vmig_request {
	size_t asked;
	int res;
	bool back;
};

/**
 * struct vmig_chain - reads, or writes, of one stream
 * @requests: those that were begun together
 * @count: how many
 * @next: the first of them that has not been dealt with
 * @broken: one did not do all that it was asked for, so that those behind it were not begun
 * @again: that was as it said EAGAIN
 * @single: the last one broke: chains would be in vain
 */
struct vmig_chain {
	struct vmig_request requests[VMIG_CHAIN_MAX];
	unsigned int count;
	unsigned int next;
	bool broken;
	bool again;
	bool single;
};

enum { VMIG_READS, VMIG_WRITES };

/**
 * struct vmig_ring_stream - a run of one stream
 * @flow: the stream
 * @index: of it
 * @blocks: its memory
 * @len: bytes in each of its blocks
 * @first: the first block that is full
 * @used: how many are
 * @at: how much of the first one has been written
 * @chains: the reads and the writes
 * @quota: how many bytes are still to be read
 * @end: the stream has no more to read
 * @failed: nothing more is to be begun
 * @cancelled: when what is in flight was last asked to come back, in ms; 0 for never
 * @since: when it last made progress, in ms
 */
struct vmig_ring_stream {
	struct vmig_flow *flow;
	unsigned int index;
	unsigned char *blocks;
	size_t *len;
	unsigned int first;
	unsigned int used;
	size_t at;
	struct vmig_chain chains[2];
	uint64_t quota;
	bool end;
	bool failed;
	uint64_t cancelled;
	uint64_t since;
};

/**
 * struct vmig_ring_run - a run of all streams
 * @e: the engine
 * @streams: one a stream
 * @count: their number
 * @strategy: how
 * @depth: how many blocks of that strategy each has
 * @flying: requests in flight
 * @ms: now, more or less
 */
struct vmig_ring_run {
	struct vmig_engine *e;
	struct vmig_ring_stream *streams;
	unsigned int count;
	const struct vmig_strategy *strategy;
	unsigned int depth;
	unsigned int flying;
	uint64_t ms;
};

/* The stream has something under way, or is to be asked again. */
static inline bool vmig_ring_stream_waits(const struct vmig_ring_stream *stream)
{
	return stream->chains[VMIG_READS].count || stream->chains[VMIG_WRITES].count ||
	       stream->chains[VMIG_READS].again || stream->chains[VMIG_WRITES].again;
}

void vmig_ring_stream_init(struct vmig_ring_run *r, struct vmig_ring_stream *stream,
			   struct vmig_flow *flow, uint64_t quota);
void vmig_ring_stream_step(struct vmig_ring_run *r, struct vmig_ring_stream *stream);
void vmig_ring_stream_fail(struct vmig_ring_stream *stream, int ret, const char *where);
void vmig_ring_stream_cancel(struct vmig_ring_run *r, struct vmig_ring_stream *stream);
bool vmig_ring_stream_call_back(struct vmig_ring_run *r, struct vmig_ring_stream *stream);
void vmig_ring_streams_complete(struct vmig_ring_run *r, uint64_t id, int res);

#endif /* VMIG_ENGINE_RING_STREAM_H */
