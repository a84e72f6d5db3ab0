/* SPDX-License-Identifier: GPL-2.0-only */
/* Split a stream into write()s of different sizes, ignoring errors. */
#ifndef VMIG_TESTS_RESUME_WRITE_SPLIT_H
#define VMIG_TESTS_RESUME_WRITE_SPLIT_H

#include <vmig/stream.h>

/**
 * struct vmig_write_split - how a stream is cut into write()s
 * @name: in messages
 * @head: bytes a call in the first bytes; 0: several writers share the stream
 * @rest: bytes a call behind them
 */
struct vmig_write_split {
	const char *name;
	size_t head, rest;
};

#define VMIG_WRITE_SPLITS 6

extern const struct vmig_write_split vmig_cuts[VMIG_WRITE_SPLITS];

int vmig_write_in_pieces(int fd, const struct vmig_stream *s, const struct vmig_write_split *cut);

#endif /* VMIG_TESTS_RESUME_WRITE_SPLIT_H */
