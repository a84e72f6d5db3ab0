// SPDX-License-Identifier: GPL-2.0-only
/* DMA writes that DMA logging has to tell of, and the bitmaps in which it does. */
#include "logged_dma.h"
#include "verdict.h"

/**
 * vmig_logged_write - a DMA write, which is in memory when this returns; it must work
 * @w: the device, where it may do DMA
 * @mem: the memory
 * @at: where in it, bytes
 * @len: bytes
 * @seed: what is written
 */
void vmig_logged_write(struct vmig_exercise *w, const struct vmig_dma *mem, uint64_t at,
		       uint32_t len, uint32_t seed)
{
	vmig_dma_begin(w, mem, at, len, seed);
	vmig_dma_end(w);
	if (!vmig_dma_landed(mem, at, len, seed))
		vmig_test_error("the device's DMA has ended and is not in memory");
}

/**
 * vmig_bit - is a bit of a dirty bitmap set?
 * @bitmap: as REPORT fills it (H:1397)
 * @n: which bit
 *
 * Return: whether it is.
 */
bool vmig_bit(const uint64_t *bitmap, uint64_t n)
{
	return bitmap[n / 64] >> n % 64 & 1;
}
