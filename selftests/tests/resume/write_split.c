// SPDX-License-Identifier: GPL-2.0-only
/* Split a stream into write()s of different sizes. See write_split.h. */
#include <errno.h>

#include "write_split.h"
#include "parallel_write.h"

/* The first bytes of a stream, where it is cut into small pieces. */
#define HEAD 512

/* One who looks at no error gives up after as many. */
#define ERRORS 16

const struct vmig_write_split vmig_cuts[VMIG_WRITE_SPLITS] = {
	{ "in one write()", SIZE_MAX, SIZE_MAX }, { "its head 8 bytes at a time", 8, SIZE_MAX },
	{ "its head byte by byte", 1, SIZE_MAX }, { "its head 7 bytes at a time", 7, 1000 },
	{ "4096 bytes at a time", 4096, 4096 },	  { "by several writers", 0, 0 },
};

static void by_several(int fd, const struct vmig_stream *s)
{
	struct vmig_part parts[VMIG_PARALLEL_WRITERS];
	size_t each = s->len / VMIG_PARALLEL_WRITERS + 1, at;
	unsigned int n = 0;

	for (at = 0; at < s->len; at += each)
		parts[n++] =
			(struct vmig_part){ s->data + at, s->len - at < each ? s->len - at : each };
	vmig_parallel_write(fd, parts, n);
}

/**
 * vmig_write_in_pieces - write a stream in pieces that depend on where they are
 * @fd: data_fd of a resuming session
 * @s: the stream
 * @cut: the pieces
 *
 * A call that fails loses its bytes, as with vmig_write_all_unchecked().
 *
 * Return: 0, or the -errno of the first call that failed (-EIO for one that took nothing;
 * always 0 of several writers); -ETIMEDOUT as soon as one was blocked.
 */
int vmig_write_in_pieces(int fd, const struct vmig_stream *s, const struct vmig_write_split *cut)
{
	unsigned int errors = 0;
	size_t at = 0, size;
	int first = 0;
	ssize_t n;

	if (!cut->head) {
		by_several(fd, s);
		return 0;
	}
	while (at < s->len && errors < ERRORS) {
		size = at < HEAD ? cut->head : cut->rest;
		if (size > s->len - at)
			size = s->len - at;
		n = __vmig_write(fd, s->data + at, size);
		if (n == -ETIMEDOUT)
			return n;
		if (n <= 0 && !errors++)
			first = n ? n : -EIO;
		at += n > 0 ? (size_t)n : size;
	}
	return first;
}
