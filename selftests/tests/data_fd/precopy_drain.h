/* SPDX-License-Identifier: GPL-2.0-only */
/* Read in PRE_COPY up to the temporary end of the stream (ENOMSG). */
#ifndef VMIG_TESTS_DATA_FD_PRECOPY_DRAIN_H
#define VMIG_TESTS_DATA_FD_PRECOPY_DRAIN_H

#include <stdbool.h>

#include <vmig/stream.h>

bool vmig_drain(int fd, struct vmig_stream *s);
ssize_t vmig_read_at_end(int fd, struct vmig_stream *s);

#endif /* VMIG_TESTS_DATA_FD_PRECOPY_DRAIN_H */
