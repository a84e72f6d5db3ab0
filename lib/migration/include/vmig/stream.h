/* SPDX-License-Identifier: GPL-2.0-only */
/* Read and write migration data through a data_fd, in pieces of any size, with timeouts. */
#ifndef VMIG_MIGRATION_STREAM_H
#define VMIG_MIGRATION_STREAM_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include <vmig/bounded.h>

/* Limit on the length of a stream: a longer one counts as endless. */
#define VMIG_STREAM_MAX (1UL << 31)

/**
 * struct vmig_stream - migration data in memory
 * @data: the bytes
 * @len: their number
 * @room: bytes allocated
 */
struct vmig_stream {
	unsigned char *data;
	size_t len;
	size_t room;
};

/**
 * struct vmig_chunks - how a stream is cut into reads or writes
 * @name: name in messages
 * @size: bytes a call; the largest one where @seed is set
 * @seed: 0 for calls of equal size, else sizes from 1 to @size drawn from this seed
 *
 * Calls of less than a page are used for the first and, where the end is known, the
 * last VMIG_SMALL_SPAN bytes; what is between goes through in calls of 1 MiB, so that
 * a state of hundreds of MB can be asked for byte by byte where it matters.
 */
struct vmig_chunks {
	const char *name;
	size_t size;
	uint32_t seed;
};

#define VMIG_SMALL_SPAN (16 << 10)

extern const struct vmig_chunks vmig_default_chunks;

int __vmig_poll(int fd, short events, int timeout_ms);

int __vmig_stream_read(int fd, struct vmig_stream *s, const struct vmig_chunks *chunks);
int __vmig_stream_read_some(int fd, struct vmig_stream *s, size_t bytes,
			    const struct vmig_chunks *chunks);
int __vmig_stream_write(int fd, const void *data, size_t len, const struct vmig_chunks *chunks,
			size_t *done);
void vmig_stream_read(int fd, struct vmig_stream *s);
void vmig_stream_write(int fd, const struct vmig_stream *s);

const char *vmig_stream_end(int ret);
uint64_t vmig_stream_room(void);
void vmig_stream_append(struct vmig_stream *s, const void *data, size_t len);
void vmig_stream_copy(struct vmig_stream *to, const struct vmig_stream *from);
void vmig_stream_free(struct vmig_stream *s);

#endif /* VMIG_MIGRATION_STREAM_H */
