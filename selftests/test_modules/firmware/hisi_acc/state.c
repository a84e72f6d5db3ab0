// SPDX-License-Identifier: GPL-2.0-only
/*
 * The state of a function. The driver moves registers of the QM, which the function's own
 * driver in the guest has written; who plays that driver here is this file, with words at
 * the start of the model's memory for what it wants to write. The QM caches: what was
 * written reaches the registers that migrate when the cache is written back.
 */

#include <linux/moduleparam.h>
#include <linux/sizes.h>

#include "hisi_acc.h"

/* Words of the state. */
#define WORD_PAGE_SIZE 2
#define WORD_EQC 3
#define WORD_AEQC (WORD_EQC + QM_XQC_WORDS)
#define WORD_SQC STATE_REGS
#define WORD_CQC (WORD_SQC + 2)
/* where in EQC and AEQC the address of the queue is */
#define XQC_ADDRESS 1

bool hisi_vf_ready = true;

module_param_named(vf_ready, hisi_vf_ready, bool, 0644);
MODULE_PARM_DESC(vf_ready, "after a reset somebody plays the function's driver, which sets it up; "
			   "else it is as after a reset, and the exerciser has nothing to do");

static unsigned int reg_of(const struct hisi_vf *h, unsigned int word)
{
	static const unsigned int first[] = { QM_VF_AEQ_INT_MASK, QM_VF_EQ_INT_MASK, QM_PAGE_SIZE };

	if (word < ARRAY_SIZE(first))
		return first[word];
	word -= ARRAY_SIZE(first);
	if (word < QM_XQC_WORDS)
		return (hisi_mig_region(h->card) ? QM_MIG_REGION_EQC_DW0 : QM_EQC_DW0) + 4 * word;
	word -= QM_XQC_WORDS;
	return (hisi_mig_region(h->card) ? QM_MIG_REGION_AEQC_DW0 : QM_AEQC_DW0) + 4 * word;
}

static u32 *words_of(struct hisi_vf *h)
{
	return h->vf->mem;
}

static u64 get_address(struct hisi_vf *h, unsigned int word)
{
	return READ_ONCE(words_of(h)[word]) | (u64)READ_ONCE(words_of(h)[word + 1]) << 32;
}

static void put_address(struct hisi_vf *h, unsigned int word, u64 at)
{
	WRITE_ONCE(words_of(h)[word], lower_32_bits(at));
	WRITE_ONCE(words_of(h)[word + 1], upper_32_bits(at));
}

/**
 * hisi_state_to_regs - write the cache back
 * @h: the function
 */
void hisi_state_to_regs(struct hisi_vf *h)
{
	u32 *words = words_of(h);
	unsigned int i;

	for (i = 0; i < STATE_REGS; i++)
		vf_write(h, reg_of(h, i), READ_ONCE(words[i]));
	h->sqc = get_address(h, WORD_SQC);
	h->cqc = get_address(h, WORD_CQC);
}

/*
 * What a driver does first: each in a guest of its own, with memory below and above 4 GiB. The
 * queue that begins at a multiple of 4 GiB is as good as any.
 */
static void set_up(struct hisi_vf *h)
{
	u64 guest = h->vf->id + 1;

	WRITE_ONCE(words_of(h)[WORD_PAGE_SIZE], PAGE_SIZE);
	put_address(h, WORD_EQC + XQC_ADDRESS, guest * SZ_4G);
	put_address(h, WORD_AEQC + XQC_ADDRESS, guest * SZ_1M);
	put_address(h, WORD_SQC, guest * SZ_2M);
	put_address(h, WORD_CQC, guest * SZ_4M);
	hisi_state_to_regs(h);
}

/**
 * hisi_state_reset - a function after a reset, and its driver has set it up if it has one
 * @h: the function
 */
void hisi_state_reset(struct hisi_vf *h)
{
	memset(h->vf->bar2, 0, VF_BAR2_SIZE);
	if (hisi_mig_region(h->card))
		memset(h->regs, 0, QM_MIG_REGION_BYTES);
	h->sqc = 0;
	h->cqc = 0;
	vf_write(h, QM_VF_STATE, hisi_vf_ready ? QM_READY : QM_NOT_READY);
	if (hisi_vf_ready)
		set_up(h);
}

/**
 * hisi_state_from_regs - take what a load has written
 * @h: the function
 */
void hisi_state_from_regs(struct hisi_vf *h)
{
	u32 *words = words_of(h);
	unsigned int i;

	for (i = 0; i < STATE_REGS; i++)
		WRITE_ONCE(words[i], vf_read(h, reg_of(h, i)));
	put_address(h, WORD_SQC, h->sqc);
	put_address(h, WORD_CQC, h->cqc);
}
