// SPDX-License-Identifier: GPL-2.0-only
/* Read and write migration data through a data_fd, in pieces of any size, with timeouts. */
#include <errno.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <vmig/error.h>
#include <vmig/stream.h>
#include <vmig/sysfs.h>

#define MIB (1UL << 20)
#define PAGE 4096

/* Memory for a stream doubles up to here, and grows by this from there on. */
#define LEAP (64 * MIB)

/* QEMU's size (hw/vfio/migration.c, VFIO_MIG_DEFAULT_DATA_BUFFER_SIZE). */
const struct vmig_chunks vmig_default_chunks = { "1 MiB", MIB, 0 };

/**
 * __vmig_poll - poll() of one fd
 * @fd: data_fd
 * @events: POLLIN, POLLOUT
 * @timeout_ms: 0 to look only
 *
 * Return: the events that are there, 0 for none in time, or -errno.
 */
int __vmig_poll(int fd, short events, int timeout_ms)
{
	struct pollfd p = { .fd = fd, .events = events };
	int ret = poll(&p, 1, timeout_ms);

	if (ret < 0)
		return -errno;
	return ret ? p.revents : 0;
}

/* xorshift32: the same sizes for the same seed on every machine. */
static uint32_t draw(uint32_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 17;
	*state ^= *state << 5;
	return *state;
}

/* Size of the next call: @done bytes have gone, @left are to come (SIZE_MAX: unknown). */
static size_t next_chunk(const struct vmig_chunks *c, uint32_t *state, size_t done, size_t left)
{
	size_t size = c->size;

	if (c->seed)
		size = 1 + draw(state) % c->size;
	if (size < PAGE && done >= VMIG_SMALL_SPAN && left > VMIG_SMALL_SPAN) {
		size = MIB;
		if (left != SIZE_MAX && size > left - VMIG_SMALL_SPAN)
			size = left - VMIG_SMALL_SPAN;
	}
	return size < left ? size : left;
}

/* What the kernel can give without swapping or killing anybody; bytes. */
static uint64_t memory_available(void)
{
	unsigned long long kib = 0;

	vmig_sysfs_field("/proc/meminfo", "MemAvailable:", &kib);
	return kib ? (uint64_t)kib << 10 : UINT64_MAX;
}

/**
 * vmig_stream_room - how long may a stream be that is kept twice?
 *
 * Return: bytes; half of what memory is available, VMIG_STREAM_MAX at most.
 */
uint64_t vmig_stream_room(void)
{
	uint64_t half = memory_available() / 2;

	return half < VMIG_STREAM_MAX ? half : VMIG_STREAM_MAX;
}

static void make_room(struct vmig_stream *s, size_t more)
{
	size_t room = s->room ? s->room : PAGE;
	unsigned char *data;

	while (room - s->len < more)
		room += room < LEAP ? room : LEAP;
	if (room == s->room)
		return;
	/* A stream without an end must end this test, and not the machine. */
	if (room > LEAP && memory_available() < room - s->room + LEAP)
		vmig_fail("a stream of more than %lu MiB does not fit into this machine's memory",
			  s->len / MIB);
	data = realloc(s->data, room);
	if (!data)
		vmig_fail("no memory for a stream of %zu bytes", room);
	s->data = data;
	s->room = room;
}

static int read_until(int fd, struct vmig_stream *s, size_t bytes, const struct vmig_chunks *chunks,
		      bool *end)
{
	uint32_t state = chunks->seed;
	size_t done = 0, size;
	ssize_t n;

	*end = false;
	while (done < bytes) {
		size = next_chunk(chunks, &state, done,
				  bytes == SIZE_MAX ? SIZE_MAX : bytes - done);
		make_room(s, size);
		n = __vmig_read(fd, s->data + s->len, size);
		if (n < 0)
			return n;
		if (!n) {
			*end = true;
			return 0;
		}
		s->len += n;
		done += n;
		if (s->len > VMIG_STREAM_MAX)
			return -EFBIG;
	}
	return 0;
}

/**
 * __vmig_stream_read - append what a data_fd gives, to its end of stream
 * @fd: data_fd of a saving session
 * @s: stream to append to
 * @chunks: sizes of the reads
 *
 * Return: 0 when read() gave 0; else the -errno of the read that failed (-ENOMSG at
 * the temporary end of PRE_COPY), with the bytes before it in @s; -EFBIG beyond
 * VMIG_STREAM_MAX; -EPROTO for a read() that returned more than was asked for.
 */
int __vmig_stream_read(int fd, struct vmig_stream *s, const struct vmig_chunks *chunks)
{
	bool end;

	return read_until(fd, s, SIZE_MAX, chunks, &end);
}

/**
 * __vmig_stream_read_some - append a number of bytes of a data_fd
 * @fd: data_fd of a saving session
 * @s: stream to append to
 * @bytes: how many
 * @chunks: sizes of the reads
 *
 * Return: 0 with all of them, -ENODATA if the stream ended before, else -errno.
 */
int __vmig_stream_read_some(int fd, struct vmig_stream *s, size_t bytes,
			    const struct vmig_chunks *chunks)
{
	bool end;
	int ret = read_until(fd, s, bytes, chunks, &end);

	return !ret && end ? -ENODATA : ret;
}

/**
 * __vmig_stream_write - write bytes to a data_fd
 * @fd: data_fd of a resuming session
 * @data: the bytes
 * @len: their number
 * @chunks: sizes of the writes
 * @done: how many were taken, also when it fails; may be NULL
 *
 * A short write is continued, as every consumer does.
 *
 * Return: 0 with all written, else the -errno of the write that failed; -EIO for a
 * write() that took nothing and said so.
 */
int __vmig_stream_write(int fd, const void *data, size_t len, const struct vmig_chunks *chunks,
			size_t *done)
{
	uint32_t state = chunks->seed;
	size_t at = 0;
	ssize_t n = 0;

	while (at < len) {
		n = __vmig_write(fd, (const char *)data + at,
				 next_chunk(chunks, &state, at, len - at));
		if (n <= 0)
			break;
		at += n;
	}
	if (done)
		*done = at;
	if (at == len)
		return 0;
	return n ? n : -EIO;
}

/**
 * vmig_stream_read - read a data_fd to its end, which must work
 * @fd: data_fd of a session in STOP_COPY
 * @s: stream to append to
 */
void vmig_stream_read(int fd, struct vmig_stream *s)
{
	int ret = __vmig_stream_read(fd, s, &vmig_default_chunks);

	if (ret)
		vmig_fail("read() of the data_fd failed after %zu bytes: %s", s->len,
			  vmig_errno_name(ret));
}

/**
 * vmig_stream_write - write a whole stream, which must work
 * @fd: data_fd of a session in RESUMING
 * @s: the stream
 */
void vmig_stream_write(int fd, const struct vmig_stream *s)
{
	size_t done;
	int ret = __vmig_stream_write(fd, s->data, s->len, &vmig_default_chunks, &done);

	if (ret)
		vmig_fail("write() to the data_fd failed after %zu of %zu bytes: %s", done, s->len,
			  vmig_errno_name(ret));
}

/**
 * vmig_stream_end - describe how reading a stream ended
 * @ret: what __vmig_stream_read() returned
 *
 * Return: "end of stream" or the name of the errno.
 */
const char *vmig_stream_end(int ret)
{
	return ret ? vmig_errno_name(ret) : "end of stream";
}

/**
 * vmig_stream_append - put bytes behind a stream
 * @s: the stream
 * @data: the bytes
 * @len: their number
 */
void vmig_stream_append(struct vmig_stream *s, const void *data, size_t len)
{
	if (!len)
		return;
	make_room(s, len);
	memcpy(s->data + s->len, data, len);
	s->len += len;
}

/**
 * vmig_stream_copy - make a stream a copy of another
 * @to: the copy; what it held is gone
 * @from: the original
 */
void vmig_stream_copy(struct vmig_stream *to, const struct vmig_stream *from)
{
	to->len = 0;
	vmig_stream_append(to, from->data, from->len);
}

/**
 * vmig_stream_free - give a stream's memory back
 * @s: the stream, empty afterwards
 */
void vmig_stream_free(struct vmig_stream *s)
{
	free(s->data);
	memset(s, 0, sizeof(*s));
}
