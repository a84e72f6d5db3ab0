/* SPDX-License-Identifier: GPL-2.0-only */
/* Seeded patterns, for the state of a device and for memory that it reads or writes by DMA. */
#ifndef VMIG_EXERCISERS_PATTERN_H
#define VMIG_EXERCISERS_PATTERN_H

#include <stddef.h>
#include <stdint.h>

void vmig_pattern(void *buf, size_t len, uint32_t seed);
uint32_t vmig_pattern_word(uint32_t seed, uint32_t n);
uint32_t vmig_sum(const void *buf, size_t len);

#endif /* VMIG_EXERCISERS_PATTERN_H */
