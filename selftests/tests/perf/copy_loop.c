// SPDX-License-Identifier: GPL-2.0-only
/* Copy the stream of a data_fd with one buffer of 1 MiB. See copy_loop.h. */
#include <errno.h>
#include <string.h>

#include <vmig/feature.h>
#include "copy_loop.h"
#include "verdict.h"

#define MIB (1UL << 20)

static unsigned char buf[MIB];

static int write_all(int to, const unsigned char *p, size_t len, double *us)
{
	size_t done = 0;
	double t;
	int ret;

	vmig_mark_begin();
	t = vmig_now_us();
	ret = __vmig_stream_write(to, p, len, &vmig_default_chunks, &done);
	vmig_mark_end();
	*us += vmig_now_us() - t;
	return ret;
}

/* One read() of @size bytes at most, and what came written; adds to @c. False: no more. */
static bool copy_once(int from, int to, size_t size, struct vmig_stream *keep,
		      struct vmig_measure *m, struct vmig_copy_result *c)
{
	ssize_t n;
	double t;

	vmig_mark_begin();
	t = vmig_now_us();
	n = __vmig_read(from, buf, size);
	vmig_mark_end();
	c->read_us += vmig_now_us() - t;
	if (!c->bytes)
		c->first_us = c->read_us;
	if (n < 0)
		c->ret = n;
	if (n <= 0)
		return false;
	c->bytes += n;
	if (keep)
		vmig_stream_append(keep, buf, n);
	if (to >= 0)
		c->ret = write_all(to, buf, n, &c->write_us);
	if (m)
		vmig_measure_moved(m, n);
	return !c->ret;
}

/**
 * vmig_copy - read a data_fd, and write what comes
 * @from: data_fd of a session that saves
 * @to: where it is written, or -1
 * @most: bytes to be read at most
 * @keep: where it is kept too, or NULL; that takes no part of the time
 * @m: the measurement whose progress it is, or NULL
 *
 * Return: what that took; @ret is 0 also where @most bytes have come.
 */
struct vmig_copy_result vmig_copy(int from, int to, uint64_t most, struct vmig_stream *keep,
				  struct vmig_measure *m)
{
	struct vmig_copy_result c = {};

	while (c.bytes < most) {
		if (!copy_once(from, to, most - c.bytes < MIB ? most - c.bytes : MIB, keep, m, &c))
			break;
	}
	return c;
}

/**
 * vmig_copy_block - one read() of a data_fd in PRE_COPY, and write what came
 * @from: data_fd of a session that saves
 * @to: where it is written, or -1
 * @keep: where it is kept too, or NULL; that takes no part of the time
 * @m: the measurement whose progress it is, or NULL
 *
 * Into a buffer of 1 MiB whatever the counters say, as QEMU does (vfio_save_block()): they are
 * estimates, and whoever asks for no more than they announce reads such a stream byte by byte.
 *
 * Return: what that took; @ret is -ENOMSG at the temporary end.
 */
struct vmig_copy_result vmig_copy_block(int from, int to, struct vmig_stream *keep,
					struct vmig_measure *m)
{
	struct vmig_copy_result c = {};

	copy_once(from, to, MIB, keep, m, &c);
	return c;
}

/**
 * vmig_copy_all - read a data_fd up to the end of its stream
 * @dev: the device
 * @from: data_fd of a session of it that saves
 * @to: where it is written, or -1
 * @keep: where it is kept too, or NULL
 * @m: the measurement whose progress it is, or NULL
 *
 * A driver whose stream has no end (STRM-01) must not keep the test for ever: what is longer
 * than VMIG_STREAM_MAX and than four times of what the device announces counts as endless.
 *
 * Return: as vmig_copy(); @ret is -EFBIG where no end came.
 */
struct vmig_copy_result vmig_copy_all(struct vmig_device *dev, int from, int to,
				      struct vmig_stream *keep, struct vmig_measure *m)
{
	uint64_t size, most = VMIG_STREAM_MAX;
	struct vmig_copy_result c;

	if (!__vmig_get_data_size(dev, &size) && size < UINT64_MAX / 4 && 4 * size > most)
		most = 4 * size;
	c = vmig_copy(from, to, most, keep, m);
	if (!c.ret && c.bytes >= most)
		c.ret = -EFBIG;
	return c;
}

/**
 * vmig_copy_in - write a stream in blocks of 1 MiB
 * @to: data_fd of a session that resumes
 * @s: the stream
 * @m: the measurement whose progress it is, or NULL
 *
 * Return: what that took.
 */
struct vmig_copy_result vmig_copy_in(int to, const struct vmig_stream *s, struct vmig_measure *m)
{
	struct vmig_copy_result c = {};
	size_t n;

	while (!c.ret && c.bytes < s->len) {
		n = s->len - c.bytes < MIB ? s->len - c.bytes : MIB;
		c.ret = write_all(to, s->data + c.bytes, n, &c.write_us);
		if (c.ret)
			break;
		c.bytes += n;
		if (m)
			vmig_measure_moved(m, n);
	}
	return c;
}

/**
 * vmig_keepable - can the state of a device be kept in memory once?
 * @dev: the device
 * @why: why not, a reason to skip
 *
 * A device that does not say how long its state is counts as one with a short one.
 *
 * Return: true if half of what is free is enough.
 */
bool vmig_keepable(struct vmig_device *dev, const char **why)
{
	uint64_t size, room = vmig_stream_room();

	if (__vmig_get_data_size(dev, &size))
		return true;
	*why = vmig_fmt("a state of %llu MiB is more than this machine can keep",
			(unsigned long long)(size / MIB));
	return size <= room;
}
