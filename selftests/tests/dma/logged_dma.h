/* SPDX-License-Identifier: GPL-2.0-only */
/* DMA writes that DMA logging has to tell of, and the bitmaps in which it does. */
#ifndef VMIG_TESTS_DMA_LOGGED_DMA_H
#define VMIG_TESTS_DMA_LOGGED_DMA_H

#include "exercise.h"

void vmig_logged_write(struct vmig_exercise *w, const struct vmig_dma *mem, uint64_t at,
		       uint32_t len, uint32_t seed);
bool vmig_bit(const uint64_t *bitmap, uint64_t n);

#endif /* VMIG_TESTS_DMA_LOGGED_DMA_H */
