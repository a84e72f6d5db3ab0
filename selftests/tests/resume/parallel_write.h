/* SPDX-License-Identifier: GPL-2.0-only */
/* Write to one data_fd from several threads at once. */
#ifndef VMIG_TESTS_RESUME_PARALLEL_WRITE_H
#define VMIG_TESTS_RESUME_PARALLEL_WRITE_H

#include <stddef.h>

#define VMIG_PARALLEL_WRITERS 4

/**
 * struct vmig_part - what one writer writes, in one write()
 * @data: the bytes
 * @len: their number
 */
struct vmig_part {
	const unsigned char *data;
	size_t len;
};

size_t vmig_parallel_write(int fd, const struct vmig_part *parts, unsigned int count);

#endif /* VMIG_TESTS_RESUME_PARALLEL_WRITE_H */
