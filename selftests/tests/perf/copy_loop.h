/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Copy the stream of a data_fd as QEMU does it: read() and write() in turns, with one buffer of
 * 1 MiB, whatever the length of the state.
 */
#ifndef VMIG_TESTS_PERF_COPY_LOOP_H
#define VMIG_TESTS_PERF_COPY_LOOP_H

#include <vmig/stream.h>
#include <vmig/device.h>
#include "measure.h"

/* A state that is shorter says nothing about a rate: a call costs more than its bytes. */
#define VMIG_RATE_BYTES (64 << 10)

/**
 * struct vmig_copy_result - what moving bytes took
 * @bytes: how many
 * @read_us: in read()
 * @write_us: in write()
 * @first_us: until the first read() returned, 0 where there was none
 * @ret: 0 at the end of the stream, -ENOMSG at the temporary end, -EFBIG where there was no
 *	end, else -errno of what failed
 */
struct vmig_copy_result {
	uint64_t bytes;
	double read_us;
	double write_us;
	double first_us;
	int ret;
};

struct vmig_copy_result vmig_copy(int from, int to, uint64_t most, struct vmig_stream *keep,
				  struct vmig_measure *m);
struct vmig_copy_result vmig_copy_block(int from, int to, struct vmig_stream *keep,
					struct vmig_measure *m);
struct vmig_copy_result vmig_copy_all(struct vmig_device *dev, int from, int to,
				      struct vmig_stream *keep, struct vmig_measure *m);
struct vmig_copy_result vmig_copy_in(int to, const struct vmig_stream *s, struct vmig_measure *m);
bool vmig_keepable(struct vmig_device *dev, const char **why);

#endif /* VMIG_TESTS_PERF_COPY_LOOP_H */
