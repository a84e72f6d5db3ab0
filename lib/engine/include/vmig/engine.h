/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Migration data in bulk: from a data_fd to memory, a file, a socket or another data_fd, from
 * memory, a file or a socket to a data_fd; one device or many at once, from one thread.
 *
 *	struct vmig_engine_options options = { .method = VMIG_METHOD_AUTO };
 *	struct vmig_flow flow = {
 *		.from = vmig_endpoint_fd(source),
 *		.to = vmig_endpoint_fd(destination),
 *	};
 *	struct vmig_engine *e = vmig_engine_open(&options, 1, why, sizeof(why));
 *	int ret = __vmig_engine_run(e, &flow, 1);
 *	vmig_engine_close(e);
 *
 * A data_fd is a stream without offsets, so that two reads that are under way together have no
 * order: the engine has one read and one write of a stream under way, never more (others may be
 * linked to it), and what it overlaps is the read of a block with the write of those before it,
 * and one device with another. Memory is constant in the length of the streams: depth blocks
 * a stream.
 */
#ifndef VMIG_ENGINE_ENGINE_H
#define VMIG_ENGINE_ENGINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <vmig/stream.h>

#define VMIG_ENGINE_BLOCK (1UL << 20)
#define VMIG_ENGINE_BLOCK_MAX (64UL << 20)
#define VMIG_ENGINE_DEPTH 8
#define VMIG_ENGINE_DEPTH_MAX 64
#define VMIG_ENGINE_FLOWS_MAX 64

/**
 * enum vmig_method - how bytes are moved
 * @VMIG_METHOD_AUTO: whichever of the two, with whichever block size, was faster at the beginning
 *	of the streams
 * @VMIG_METHOD_SYNC: read() and write(), one after the other
 * @VMIG_METHOD_RING: io_uring
 */
enum vmig_method { VMIG_METHOD_AUTO, VMIG_METHOD_SYNC, VMIG_METHOD_RING };

/**
 * struct vmig_engine_options - options; zero-initialised means defaults
 * @method: see there
 * @block: bytes of a read or write; 0: VMIG_ENGINE_BLOCK, with VMIG_METHOD_AUTO what is fastest
 * @depth: blocks of memory for each stream, with 1 nothing overlaps; 0: VMIG_ENGINE_DEPTH.
 *	Where the engine tries blocks that are larger, there are fewer
 * @fixed_buffers: registered with the ring; for blocks of the engine, not for the user's memory
 * @fixed_files: registered with the ring
 * @nonblock: no call may block: O_NONBLOCK is set on the fds meanwhile (but for files), what
 *	has no data is waited for by poll(), and io_uring calls read() in this thread, where it
 *	else hands all calls to workers; VMIG_METHOD_AUTO tries both
 * @timeout_ms: how long a stream may make no progress before it counts as hung; 0:
 *	VMIG_IO_TIMEOUT_MS
 */
struct vmig_engine_options {
	enum vmig_method method;
	size_t block;
	unsigned int depth;
	bool fixed_buffers;
	bool fixed_files;
	bool nonblock;
	unsigned int timeout_ms;
};

enum vmig_endpoint_kind {
	VMIG_ENDPOINT_FD,
	VMIG_ENDPOINT_MEMORY,
	VMIG_ENDPOINT_CALL,
	VMIG_ENDPOINT_NULL,
};

/**
 * struct vmig_endpoint - where bytes come from or go to
 * @kind: which of the others count
 * @fd: FD; read and written from its position on
 * @memory: MEMORY
 * @len: MEMORY: as a source, bytes there are; else room
 * @call: CALL, only to: gets each piece, in order; it may not use the engine
 * @arg: for @call
 */
struct vmig_endpoint {
	enum vmig_endpoint_kind kind;
	int fd;
	unsigned char *memory;
	size_t len;
	void (*call)(void *arg, const void *data, size_t len);
	void *arg;
};

/**
 * struct vmig_flow - a stream from one place to another
 * @from: FD or MEMORY
 * @to: any; FD if @from is MEMORY
 * @bytes: how many have arrived at @to; 0 before the first run, and goes on in the next one
 * @calls: how many read() and write() calls that took, or requests of the ring
 * @limit: stop when @bytes has come so far, 0 for never; it can be run again from there
 * @ret: how it ended: 0 at the end of the stream (read() gave 0, or all memory is written) and
 *	at the limit,
 *	-ENOMSG at the temporary end in PRE_COPY, after which it can be run again, -ENOSPC where
 *	the memory has no room for more, -ETIMEDOUT without progress, -EPROTO for a call that
 *	returned more than was asked for, -EIO for a write() that took nothing, else the errno
 *	of the call
 * @where: "read()" or "write()" that said so, "limit", NULL at the end of the stream
 */
struct vmig_flow {
	struct vmig_endpoint from;
	struct vmig_endpoint to;
	uint64_t bytes;
	uint64_t calls;
	uint64_t limit;
	int ret;
	const char *where;
};

static inline struct vmig_endpoint vmig_endpoint_fd(int fd)
{
	return (struct vmig_endpoint){ .kind = VMIG_ENDPOINT_FD, .fd = fd };
}

static inline struct vmig_endpoint vmig_endpoint_memory(void *memory, size_t len)
{
	return (struct vmig_endpoint){ .kind = VMIG_ENDPOINT_MEMORY, .memory = memory, .len = len };
}

static inline struct vmig_endpoint
vmig_endpoint_call(void (*call)(void *arg, const void *data, size_t len), void *arg)
{
	return (struct vmig_endpoint){ .kind = VMIG_ENDPOINT_CALL, .call = call, .arg = arg };
}

static inline struct vmig_endpoint vmig_sink_null(void)
{
	return (struct vmig_endpoint){ .kind = VMIG_ENDPOINT_NULL };
}

struct vmig_engine;

struct vmig_engine *vmig_engine_open(const struct vmig_engine_options *options, unsigned int flows,
				     char *why, size_t size);
int __vmig_engine_run(struct vmig_engine *e, struct vmig_flow *flows, unsigned int count);
const char *vmig_engine_choice(const struct vmig_engine *e);
void vmig_engine_close(struct vmig_engine *e);

struct vmig_endpoint vmig_endpoint_stream(struct vmig_stream *s);

#endif /* VMIG_ENGINE_ENGINE_H */
