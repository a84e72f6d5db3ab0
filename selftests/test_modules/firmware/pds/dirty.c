// SPDX-License-Identifier: GPL-2.0-only
/*
 * Dirty tracking by two bitmaps. A page is dirty while its bits in them differ. Its first
 * write turns the bit in seq; the host reads seq, and writes what it has seen into ack.
 */

#include <linux/bitmap.h>
#include <linux/module.h>
#include <linux/slab.h>
#include <linux/vmalloc.h>

#include "pds.h"

static unsigned int max_regions = 8;

module_param(max_regions, uint, 0644);
MODULE_PARM_DESC(max_regions, "regions that can be tracked, 0 to 255, 8 by default");

static unsigned int align_pages = 64;

module_param(align_pages, uint, 0644);
MODULE_PARM_DESC(
	align_pages,
	"regions are extended to a multiple of so many pages, a power of 2, 64 by default");

/* More bits than this are refused: the bitmaps of 16 TiB in pages of 4 KiB. */
#define MAX_BITS (1ULL << 32)

static void answer(struct pds_vf *v, struct pds_lm_dirty_status_comp *comp)
{
	comp->max_regions = min(READ_ONCE(max_regions), 255U);
	comp->num_regions = v->tracking.count;
	comp->bmp_type =
		v->tracking.count ? PDS_LM_DIRTY_BMP_TYPE_SEQ_ACK : PDS_LM_DIRTY_BMP_TYPE_NONE;
	comp->bmp_type_mask = cpu_to_le32(BIT(PDS_LM_DIRTY_BMP_TYPE_SEQ_ACK));
}

static int tell_region(struct pdsc *pdsc, u64 at, const struct pds_region *r)
{
	struct pds_lm_dirty_region_info info = {
		.dma_base = cpu_to_le64(r->base),
		.page_count = cpu_to_le32(r->pages),
		.page_size_log2 = r->shift,
	};

	return pds_dma(pdsc, at, &info, sizeof(info), true);
}

/* All regions, or as many as there is room for. */
static int tell_regions(struct pdsc *pdsc, const struct pds_region *regions, unsigned int count,
			u64 at)
{
	unsigned int i;
	int ret = 0;

	for (i = 0; i < count && !ret; i++)
		ret = tell_region(pdsc, at + i * sizeof(struct pds_lm_dirty_region_info),
				  &regions[i]);
	return ret;
}

/**
 * pds_dirty_status - DIRTY_STATUS: what can be tracked, and what is
 * @pdsc: the card
 * @v: the function
 * @cmd: the command, with room for some regions
 * @comp: the answer
 *
 * Return: 0, or -errno
 */
int pds_dirty_status(struct pdsc *pdsc, struct pds_vf *v, const struct pds_lm_dirty_status_cmd *cmd,
		     struct pds_lm_dirty_status_comp *comp)
{
	answer(v, comp);
	return tell_regions(pdsc, v->tracking.regions,
			    min_t(unsigned int, cmd->max_regions, v->tracking.count),
			    le64_to_cpu(cmd->regions_dma));
}

static int ask_region(struct pdsc *pdsc, u64 at, struct pds_region *r)
{
	struct pds_lm_dirty_region_info info;
	u64 pages;
	int ret;

	ret = pds_dma(pdsc, at, &info, sizeof(info), false);
	if (ret)
		return ret;
	r->base = le64_to_cpu(info.dma_base);
	r->shift = info.page_size_log2;
	pages = ALIGN((u64)le32_to_cpu(info.page_count), max(READ_ONCE(align_pages), 1U));
	r->pages = pages;
	if (!pages || pages > U32_MAX || r->shift < 12 || r->shift > 62)
		return -EINVAL;
	return 0;
}

static int ask_regions(struct pdsc *pdsc, struct pds_region *regions, unsigned int count, u64 at,
		       u64 *bits)
{
	unsigned int i;
	int ret;

	*bits = 0;
	for (i = 0; i < count; i++) {
		ret = ask_region(pdsc, at + i * sizeof(struct pds_lm_dirty_region_info),
				 &regions[i]);
		if (ret)
			return ret;
		regions[i].first = *bits;
		*bits += regions[i].pages;
	}
	return *bits > MAX_BITS ? -EINVAL : 0;
}

static void free_tracking(struct pds_tracking *t)
{
	kfree(t->regions);
	vfree(t->seq);
	vfree(t->ack);
}

/**
 * pds_dirty_enable - DIRTY_ENABLE: begin to track
 * @pdsc: the card
 * @v: the function
 * @cmd: the command, with the regions; what becomes of them is written back
 * @comp: the answer
 *
 * Return: 0, or -errno
 */
int pds_dirty_enable(struct pdsc *pdsc, struct pds_vf *v, const struct pds_lm_dirty_enable_cmd *cmd,
		     struct pds_lm_dirty_status_comp *comp)
{
	struct pds_tracking t = { .count = cmd->num_regions }, *is = &v->tracking;
	unsigned long flags;
	u64 bits;
	int ret;

	if (is->count)
		return -EEXIST;
	if (cmd->bmp_type != PDS_LM_DIRTY_BMP_TYPE_SEQ_ACK || !t.count ||
	    t.count > READ_ONCE(max_regions))
		return -EINVAL;
	t.regions = kcalloc(t.count, sizeof(*t.regions), GFP_KERNEL);
	if (!t.regions)
		return -ENOMEM;
	ret = ask_regions(pdsc, t.regions, t.count, le64_to_cpu(cmd->regions_dma), &bits);
	if (!ret) {
		t.bytes = BITS_TO_LONGS(bits) * sizeof(long);
		t.seq = vzalloc(t.bytes);
		t.ack = vzalloc(t.bytes);
		ret = t.seq && t.ack ? 0 : -ENOMEM;
	}
	ret = ret ?: tell_regions(pdsc, t.regions, t.count, le64_to_cpu(cmd->regions_dma));
	if (ret) {
		free_tracking(&t);
		return ret;
	}
	spin_lock_irqsave(&is->lock, flags);
	is->regions = t.regions;
	is->bytes = t.bytes;
	is->seq = t.seq;
	is->ack = t.ack;
	is->count = t.count;
	spin_unlock_irqrestore(&is->lock, flags);
	answer(v, comp);
	return 0;
}

/**
 * pds_dirty_disable - DIRTY_DISABLE: track no more, if ever
 * @v: the function
 */
void pds_dirty_disable(struct pds_vf *v)
{
	struct pds_tracking t, *is = &v->tracking;
	unsigned long flags;

	spin_lock_irqsave(&is->lock, flags);
	t = *is;
	is->count = 0;
	is->regions = NULL;
	is->bytes = 0;
	is->seq = NULL;
	is->ack = NULL;
	spin_unlock_irqrestore(&is->lock, flags);
	free_tracking(&t);
}

/**
 * pds_dirty_seq_ack - DIRTY_READ_SEQ and DIRTY_WRITE_ACK: some bytes of the bitmaps
 * @pdsc: the card
 * @v: the function
 * @cmd: the command
 *
 * Return: 0, or -errno: -EINVAL for bytes that are not in the bitmaps
 */
int pds_dirty_seq_ack(struct pdsc *pdsc, struct pds_vf *v,
		      const struct pds_lm_dirty_seq_ack_cmd *cmd)
{
	size_t at = le32_to_cpu(cmd->off_bytes), len = le32_to_cpu(cmd->len_bytes);
	bool read = cmd->opcode == PDS_LM_CMD_DIRTY_READ_SEQ;
	struct pds_tracking *t = &v->tracking;
	unsigned long flags;
	void *bytes;
	int ret = 0;

	if (!t->count || !len || at > t->bytes || len > t->bytes - at)
		return -EINVAL;
	bytes = vmalloc(len);
	if (!bytes)
		return -ENOMEM;
	if (!read)
		ret = pds_sgl_rw(pdsc, le64_to_cpu(cmd->sgl_addr), le16_to_cpu(cmd->num_sge), bytes,
				 len, false);
	if (!ret) {
		spin_lock_irqsave(&t->lock, flags);
		if (read)
			memcpy(bytes, (void *)t->seq + at, len);
		else
			memcpy((void *)t->ack + at, bytes, len);
		spin_unlock_irqrestore(&t->lock, flags);
	}
	if (!ret && read)
		ret = pds_sgl_rw(pdsc, le64_to_cpu(cmd->sgl_addr), le16_to_cpu(cmd->num_sge), bytes,
				 len, true);
	vfree(bytes);
	return ret;
}

static void mark(struct pds_tracking *t, const struct pds_region *r, u64 iova, size_t len)
{
	u64 last = iova + len - 1, bit, end;

	if (last < r->base || (iova > r->base && (iova - r->base) >> r->shift >= r->pages))
		return;
	bit = iova > r->base ? (iova - r->base) >> r->shift : 0;
	end = min_t(u64, (last - r->base) >> r->shift, r->pages - 1);
	for (; bit <= end; bit++)
		if (test_bit(r->first + bit, t->seq) == test_bit(r->first + bit, t->ack))
			change_bit(r->first + bit, t->seq);
}

/**
 * pds_dirty_wrote - the function has written to memory
 * @v: the function
 * @iova: where
 * @len: bytes
 */
void pds_dirty_wrote(struct pds_vf *v, u64 iova, size_t len)
{
	struct pds_tracking *t = &v->tracking;
	unsigned long flags;
	unsigned int i;

	spin_lock_irqsave(&t->lock, flags);
	for (i = 0; i < t->count; i++)
		mark(t, &t->regions[i], iova, len);
	spin_unlock_irqrestore(&t->lock, flags);
}
