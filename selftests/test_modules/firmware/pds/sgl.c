// SPDX-License-Identifier: GPL-2.0-only
/* The firmware's way to the host's memory: DMA of the physical function, and lists of it. */

#include "pds.h"

/* What a state or the bitmaps of a terabyte need; more is a list that was never filled in. */
#define MAX_ELEMENTS 65536

/**
 * pds_dma - the firmware reads or writes memory of the host
 * @pdsc: the card
 * @iova: where
 * @buf: where to, or what
 * @len: bytes
 * @write: to the host
 *
 * Return: 0, or -errno
 */
int pds_dma(struct pdsc *pdsc, u64 iova, void *buf, size_t len, bool write)
{
	return fw_dma_rw(&pdsc->card->functions[0], &pdsc->pf->dev, iova, buf, len, write);
}

static int element(struct pdsc *pdsc, u64 sgl, u32 i, u64 *addr, u32 *len)
{
	struct pds_lm_sg_elem e;
	int ret = pds_dma(pdsc, sgl + i * sizeof(e), &e, sizeof(e), false);

	*addr = le64_to_cpu(e.addr);
	*len = le32_to_cpu(e.len);
	return ret;
}

/**
 * pds_sgl_len - bytes that a scatter-gather list names
 * @pdsc: the card
 * @sgl: where the list is
 * @count: its elements
 *
 * Return: the bytes, or -errno
 */
ssize_t pds_sgl_len(struct pdsc *pdsc, u64 sgl, u32 count)
{
	ssize_t sum = 0;
	u64 addr;
	u32 len, i;
	int ret;

	if (!count || count > MAX_ELEMENTS)
		return -EINVAL;
	for (i = 0; i < count; i++) {
		ret = element(pdsc, sgl, i, &addr, &len);
		if (ret)
			return ret;
		sum += len;
	}
	return sum;
}

/**
 * pds_sgl_rw - move data along a scatter-gather list
 * @pdsc: the card
 * @sgl: where the list is
 * @count: its elements
 * @buf: where to, or what
 * @len: bytes, from the start of what the list names
 * @write: to the host
 *
 * Return: 0, or -errno: -EINVAL where the list names less
 */
int pds_sgl_rw(struct pdsc *pdsc, u64 sgl, u32 count, void *buf, size_t len, bool write)
{
	size_t done = 0;
	u64 addr;
	u32 n, i;
	int ret;

	if (!count || count > MAX_ELEMENTS)
		return -EINVAL;
	for (i = 0; i < count && done < len; i++) {
		ret = element(pdsc, sgl, i, &addr, &n);
		n = min_t(size_t, n, len - done);
		ret = ret ?: pds_dma(pdsc, addr, buf + done, n, write);
		if (ret)
			return ret;
		done += n;
	}
	return done == len ? 0 : -EINVAL;
}
