// SPDX-License-Identifier: GPL-2.0-only
/*
 * Save the state of a device to standard output, and load it from standard input. See
 * transfer.h, and streamfile.h for the format.
 */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <lzma.h>

#include <vmig/bounded.h>
#include <vmig/clock.h>
#include <vmig/stream.h>
#include "transfer.h"

/* How often is looked whether to give up. */
#define LOOK_MS 200

/*
 * How many unread bytes a pipe may hold: pipe-max-size. As long as no more has gone, its
 * reader may not be there yet.
 */
#define PIPE_HOLDS (1 << 20)

/**
 * struct vmig_pipe - one end of a pipe
 * @fd: which
 * @moved: bytes that went through, with header and trailer
 */
struct vmig_pipe {
	int fd;
	uint64_t moved;
};

/* One read() or, for POLLOUT, write(). */
static ssize_t once(int fd, void *buf, size_t len, short event)
{
	struct vmig_bound b;
	ssize_t n = vmig_bound_begin(&b, LOOK_MS);

	if (n)
		return n;
	n = event == POLLOUT ? vmig_bound_write(&b, fd, buf, len)
			     : vmig_bound_read(&b, fd, buf, len);
	vmig_bound_end(&b);
	/* Whoever shares the pipe's end may have made it so. */
	if (n == -EAGAIN)
		__vmig_poll(fd, event, LOOK_MS);
	return n;
}

/*
 * The same until something has moved, in short steps, as a signal may come before the call has
 * begun to sleep. Bytes, 0 at the end of what is read; -ETIMEDOUT after @ms; -ETIME where all
 * takes too long; -EINTR where it is to be given up; another -errno of the pipe.
 */
static ssize_t move(const struct vmig_transfer *c, int fd, void *buf, size_t len, short event,
		    unsigned int ms)
{
	uint64_t now = vmig_now_ms(), until = now + ms;
	ssize_t n;

	for (; now < until; now = vmig_now_ms()) {
		if (vmig_transfer_stop)
			return -EINTR;
		if (now >= c->end_ms)
			return -ETIME;
		n = once(fd, buf, len, event);
		if (n != -EAGAIN && n != -ETIMEDOUT && n != -EINTR)
			return n;
	}
	return -ETIMEDOUT;
}

/* How long the other end is waited for: before it has done anything, and then. */
static unsigned int limit(const struct vmig_transfer *c, bool begun)
{
	return begun ? c->silence_ms : c->patience_ms;
}

static bool cannot_write(struct vmig_transfer *c, const struct vmig_pipe *p, int err)
{
	unsigned long long moved = p->moved;
	bool begun = moved > PIPE_HOLDS;

	switch (err) {
	case -EPIPE:
		return vmig_transfer_fail(c, "the reader of the pipe went away after %llu bytes",
					  moved);
	case -ETIMEDOUT:
		return vmig_transfer_fail(
			c, "nobody took anything out of the pipe for %u s, after %llu bytes (%s)",
			limit(c, begun) / 1000, moved,
			begun ? "VMIG_SILENCE_SECONDS" : "VMIG_WAIT_SECONDS");
	case -ETIME:
		return vmig_transfer_fail(c,
					  "it takes too long as a whole: %llu bytes have gone "
					  "(VMIG_TRANSFER_SECONDS allows more)",
					  moved);
	case -EINTR:
		return vmig_transfer_fail(c, "interrupted after %llu bytes", moved);
	default:
		return vmig_transfer_fail(c, "the pipe cannot be written after %llu bytes: %s",
					  moved, strerror(-err));
	}
}

/* All of it, or false with c->why. */
static bool write_all(struct vmig_transfer *c, struct vmig_pipe *p, const void *data, size_t len)
{
	const char *from = data;
	ssize_t n;

	while (len) {
		n = move(c, p->fd, (void *)from, len, POLLOUT, limit(c, p->moved > PIPE_HOLDS));
		if (n < 0)
			return cannot_write(c, p, n);
		from += n;
		len -= n;
		p->moved += n;
	}
	return true;
}

static bool to_pipe(struct vmig_transfer *c, void *arg, const void *data, size_t len, uint64_t at)
{
	return write_all(c, arg, data, len);
}

static bool write_trailer(struct vmig_transfer *c, struct vmig_pipe *p)
{
	unsigned char trailer[VMIG_STREAMFILE_TRAILER];
	struct vmig_streamfile f = { .length = c->bytes, .checksum = c->checksum };

	vmig_streamfile_encode_trailer(&f, trailer);
	return write_all(c, p, trailer, sizeof(trailer));
}

/**
 * vmig_transfer_save_pipe - the device's state to standard output
 * @c: the transfer, found
 *
 * The header goes first, so that a pipe without a reader stops no device.
 *
 * Return: how it ended on this side; what becomes of it on the other is said there.
 */
enum vmig_transfer_end vmig_transfer_save_pipe(struct vmig_transfer *c)
{
	unsigned char header[VMIG_STREAMFILE_BYTES];
	struct vmig_pipe p = { .fd = STDOUT_FILENO };

	if (isatty(p.fd)) {
		vmig_transfer_fail(c,
				   "a stream is not for a terminal: write it to a pipe or a file");
		return VMIG_TRANSFER_CANNOT;
	}
	if (!vmig_transfer_open(c))
		return VMIG_TRANSFER_CANNOT;
	c->here.seed = c->seed;
	vmig_streamfile_encode(&c->here, header);
	if (!write_all(c, &p, header, sizeof(header)) || !vmig_transfer_out(c, to_pipe, &p) ||
	    !write_trailer(c, &p))
		return VMIG_TRANSFER_CANNOT;
	fprintf(stderr, "saved %s of %s (%s)\n", vmig_transfer_rate(c), c->id.name,
		vmig_transfer_origin(&c->here));
	return VMIG_TRANSFER_DONE;
}

static bool cannot_read(struct vmig_transfer *c, const struct vmig_pipe *p, int err)
{
	unsigned long long moved = p->moved;

	switch (err) {
	case -ETIMEDOUT:
		if (!moved)
			return vmig_transfer_fail(
				c,
				"nothing came through the pipe for %u s (VMIG_WAIT_SECONDS allows more)",
				c->patience_ms / 1000);
		return vmig_transfer_fail(
			c,
			"nothing more came through the pipe for %u s, after %llu bytes, "
			"which are dropped (VMIG_SILENCE_SECONDS)",
			c->silence_ms / 1000, moved);
	case -ETIME:
		return vmig_transfer_fail(
			c,
			"it takes too long as a whole: %llu bytes have come, which "
			"are dropped (VMIG_TRANSFER_SECONDS allows more)",
			moved);
	case -EINTR:
		return vmig_transfer_fail(c, "interrupted after %llu bytes, which are dropped",
					  moved);
	default:
		return vmig_transfer_fail(c, "the pipe cannot be read after %llu bytes: %s", moved,
					  strerror(-err));
	}
}

/* What is there, @len bytes at most: their number, 0 at the end, or -1 with c->why. */
static ssize_t read_some(struct vmig_transfer *c, struct vmig_pipe *p, void *to, size_t len)
{
	ssize_t n = move(c, p->fd, to, len, POLLIN, limit(c, p->moved));

	if (n < 0) {
		cannot_read(c, p, n);
		return -1;
	}
	p->moved += n;
	return n;
}

/* The header, with a stream behind it that may have no length yet. False with c->why. */
static bool read_header(struct vmig_transfer *c, struct vmig_pipe *p, struct vmig_streamfile *f)
{
	unsigned char header[VMIG_STREAMFILE_BYTES];
	ssize_t n = 1;
	size_t have;
	char why[200];

	if (isatty(p->fd))
		return vmig_transfer_fail(
			c, "no stream comes from a terminal: read it from a pipe or a file");
	for (have = 0; have < sizeof(header) && n > 0; have += n > 0 ? n : 0)
		n = read_some(c, p, header + have, sizeof(header) - have);
	if (n < 0)
		return false;
	if (!have)
		return vmig_transfer_fail(c, "the pipe ended before anything came through it");
	if (vmig_streamfile_decode(header, have, f, why, sizeof(why)))
		return vmig_transfer_fail(c, "what comes through the pipe is no stream: %s", why);
	return true;
}

/* Where the trailer is to come, what has come last may be anything. */
static bool ended_early(struct vmig_transfer *c, uint64_t bytes, bool trailer)
{
	return vmig_transfer_fail(
		c,
		"the pipe ended early%s: %llu bytes had come behind the header, which are dropped",
		trailer ? ", or with something behind the stream" : "", (unsigned long long)bytes);
}

/* The pipe has ended: are the @bytes behind the header all that was sent? */
static bool is_whole(struct vmig_transfer *c, const struct vmig_streamfile *f, uint64_t bytes)
{
	if (bytes < f->length)
		return ended_early(c, bytes, false);
	if (bytes > f->length)
		return vmig_transfer_fail(
			c, "more than the %llu bytes of the stream came, and all of it is dropped",
			(unsigned long long)f->length);
	if (c->checksum != f->checksum)
		return vmig_transfer_fail(
			c, "the checksum of the stream is wrong, and its %llu bytes are dropped",
			(unsigned long long)bytes);
	return true;
}

/*
 * The stream, up to its end; the last bytes that came are held back as long as they may be the
 * trailer. What the driver refuses, with c->write_error, is read to its end all the same: only
 * then is it known whether that was what had been sent. False with c->why.
 */
static bool read_stream(struct vmig_transfer *c, struct vmig_pipe *p, struct vmig_streamfile *f,
			vmig_transfer_sink sink, void *arg)
{
	size_t keep = f->length == VMIG_STREAMFILE_UNKNOWN ? VMIG_STREAMFILE_TRAILER : 0;
	static unsigned char block[VMIG_TRANSFER_BLOCK];
	size_t held = 0, give;
	uint64_t bytes = 0;
	ssize_t n;

	while ((n = read_some(c, p, block + held, sizeof(block) - held)) > 0) {
		held += n;
		give = held > keep ? held - keep : 0;
		c->checksum = lzma_crc64(block, give, c->checksum);
		if (bytes + give <= f->length && give && !c->write_error &&
		    !sink(c, arg, block, give, bytes) && !c->write_error)
			return false;
		bytes += give;
		held -= give;
		memmove(block, block + give, held);
	}
	if (n < 0)
		return false;
	if (keep && (held < keep || vmig_streamfile_decode_trailer(block, f)))
		return ended_early(c, bytes + held, true);
	return is_whole(c, f, bytes);
}

/**
 * vmig_transfer_load_pipe - what comes from standard input into the device
 * @c: the transfer, found; it is not touched before a header has come that fits
 *
 * RESUMING is left only when all of it has come.
 *
 * Return: how it ended.
 */
enum vmig_transfer_end vmig_transfer_load_pipe(struct vmig_transfer *c)
{
	struct vmig_pipe p = { .fd = STDIN_FILENO };
	struct vmig_streamfile f;
	enum vmig_transfer_end end;
	char why[400];
	int data_fd;

	if (!read_header(c, &p, &f))
		return VMIG_TRANSFER_CANNOT;
	if (!vmig_streamfile_fits(&f, &c->here, why, sizeof(why))) {
		vmig_transfer_fail(c, "what comes through the pipe is no stream for %s: %s",
				   c->id.name, why);
		return VMIG_TRANSFER_CANNOT;
	}
	data_fd = vmig_transfer_open(c) ? vmig_transfer_begin(c, &f) : -1;
	if (data_fd < 0)
		return VMIG_TRANSFER_CANNOT;
	if (!read_stream(c, &p, &f, vmig_transfer_to_device, &data_fd)) {
		close(data_fd);
		return VMIG_TRANSFER_CANNOT;
	}
	end = vmig_transfer_finish(c, data_fd, &f);
	if (end == VMIG_TRANSFER_DONE)
		printf("loaded %s into %s: accepted, %s; it is from %s\n", vmig_transfer_rate(c),
		       c->id.name, vmig_transfer_seen(c), vmig_transfer_origin(&f));
	return end;
}

/**
 * vmig_transfer_keep - what comes from standard input into a file, and no device
 * @c: the transfer
 * @path: the file; without all of the stream it is as it was
 *
 * Return: VMIG_TRANSFER_DONE, or VMIG_TRANSFER_CANNOT with a sentence.
 */
enum vmig_transfer_end vmig_transfer_keep(struct vmig_transfer *c, const char *path)
{
	struct vmig_pipe p = { .fd = STDIN_FILENO };
	struct vmig_streamfile f;
	char why[200];
	int fd;

	if (!read_header(c, &p, &f))
		return VMIG_TRANSFER_CANNOT;
	fd = vmig_streamfile_create(path, why, sizeof(why));
	if (fd >= 0 && !read_stream(c, &p, &f, vmig_transfer_to_file, &fd)) {
		vmig_streamfile_abandon(fd, path);
		return VMIG_TRANSFER_CANNOT;
	}
	if (fd < 0 || vmig_streamfile_finish(fd, path, &f, why, sizeof(why))) {
		vmig_transfer_fail(c, "%s: %s", path, why);
		return VMIG_TRANSFER_CANNOT;
	}
	return VMIG_TRANSFER_DONE;
}

/**
 * vmig_transfer_pour - a file to standard output
 * @c: the transfer
 * @path: the file, all of which has to be there
 *
 * Return: VMIG_TRANSFER_DONE, or VMIG_TRANSFER_CANNOT with a sentence.
 */
enum vmig_transfer_end vmig_transfer_pour(struct vmig_transfer *c, const char *path)
{
	unsigned char header[VMIG_STREAMFILE_BYTES];
	struct vmig_pipe p = { .fd = STDOUT_FILENO };
	struct vmig_streamfile f;
	char why[300];
	bool good;
	int fd;

	fd = vmig_streamfile_open(path, &f, why, sizeof(why));
	if (fd < 0) {
		vmig_transfer_fail(c, "%s is no stream: %s", path, why);
		return VMIG_TRANSFER_CANNOT;
	}
	vmig_streamfile_encode(&f, header);
	good = write_all(c, &p, header, sizeof(header)) &&
	       vmig_transfer_read_file(c, fd, f.length, to_pipe, &p);
	close(fd);
	return good ? VMIG_TRANSFER_DONE : VMIG_TRANSFER_CANNOT;
}
