/* SPDX-License-Identifier: GPL-2.0-only */
/* Ways to cut a stream into write()s, for who looks at no error. */
#ifndef VMIG_SELFTESTS_CUT_H
#define VMIG_SELFTESTS_CUT_H

#include <vmig/stream.h>

/**
 * struct vmig_cut - how a stream is cut into write()s
 * @name: for people
 * @head: bytes a call in the first bytes; 0: several writers share the stream
 * @rest: bytes a call behind them
 */
struct vmig_cut {
	const char *name;
	size_t head, rest;
};

#define VMIG_CUTS 6

extern const struct vmig_cut vmig_cuts[VMIG_CUTS];

int vmig_write_cut(int fd, const struct vmig_stream *s, const struct vmig_cut *cut);

#endif /* VMIG_SELFTESTS_CUT_H */
