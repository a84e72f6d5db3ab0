/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * One of each migration call, made by a 64-bit and by a 32-bit program on the same
 * open device: the answers must be the same (FEAT-16).
 */
#ifndef VMIG_TESTS_PROTOCOL_WORD_SIZE_CALLS_H
#define VMIG_TESTS_PROTOCOL_WORD_SIZE_CALLS_H

#include <stdint.h>

#define VMIG_CALL_ANSWERS_MAX 32

/**
 * struct vmig_call_answer - the answer to one call
 * @what: which call
 * @ret: 0 or -errno
 * @pad: the same layout for both word sizes
 * @value: the value it returned, where that does not depend on the moment, else 0
 */
struct vmig_call_answer {
	char what[40];
	int32_t ret;
	int32_t pad;
	uint64_t value;
} __attribute__((packed));

int vmig_compat_calls(int device_fd, struct vmig_call_answer *answers);

#endif /* VMIG_TESTS_PROTOCOL_WORD_SIZE_CALLS_H */
