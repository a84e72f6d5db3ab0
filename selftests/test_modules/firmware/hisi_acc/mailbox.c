// SPDX-License-Identifier: GPL-2.0-only
/* Commands to the queue manager of a virtual function, by its mailbox. */

#include <linux/delay.h>
#include <linux/module.h>

#include "hisi_acc.h"

/* How often to look whether a command has been begun. */
#define FINISH_LOOKS 100

/* What was asked for before the pause is carried out before it. */
static void finish(struct fw_vf *vf)
{
	unsigned int left = FINISH_LOOKS;

	while (fw_read32(vf, FW_COMMAND) && READ_ONCE(vf->activity) == FW_RUNNING && left--)
		usleep_range(FW_POLL_US, 2 * FW_POLL_US);
}

static bool pause_known;

module_param(pause_known, bool, 0644);
MODULE_PARM_DESC(pause_known, "what ends a pause here is taken for what ends it on a card: tests "
			      "judge by it; else they note what they see");

/**
 * hisi_tell_pause - tell the exerciser whether anybody knows that the function goes on
 * @h: the function; the lock of its model is held
 * @on: it is paused, and nothing has come yet that ends a pause here
 *
 * The driver has no command for that, and what else may end a pause of a card is not documented.
 */
void hisi_tell_pause(struct hisi_vf *h, bool on)
{
	u32 lacks = h->vf->card->desc->lacks;

	if (on && !READ_ONCE(pause_known))
		lacks |= FW_LACKS_START;
	fw_write32(h->vf, FW_LACKS, lacks);
}

/* See start(). */
static void hold_irq(struct hisi_vf *h)
{
	mutex_lock(&h->vf->lock);
	h->held_irq = fw_read32(h->vf, FW_IRQ_RAISE);
	fw_write32(h->vf, FW_IRQ_RAISE, 0);
	h->vf->irq_due = 0;
	hisi_tell_pause(h, true);
	mutex_unlock(&h->vf->lock);
}

static int pause(struct hisi_vf *h)
{
	unsigned long flags;
	bool no_wb;
	int ret = fw_fault("suspend");

	if (ret)
		return ret;
	/* Asked for here, as the registers are looked at where nobody may sleep. */
	no_wb = fw_fault("cache_wb");
	/* What was written before this command comes before it. */
	hisi_look();
	flush_work(&h->start);
	finish(h->vf);
	raw_spin_lock_irqsave(&h->card->lock, flags);
	h->paused = true;
	h->eq_rung = false;
	h->no_wb = no_wb;
	vf_write(h, QM_CACHE_WB_START, 0);
	vf_write(h, QM_CACHE_WB_DONE, 0);
	raw_spin_unlock_irqrestore(&h->card->lock, flags);
	ret = fw_vf_set_activity(h->vf, FW_STOPPED);
	if (!ret)
		hold_irq(h);
	return ret;
}

/* Where the table of queues is; a save asks, and a load says. */
static int table(struct hisi_vf *h, u64 *at, u64 *data, bool read)
{
	int ret = fw_fault(read ? "save" : "load");

	if (ret)
		return ret;
	if (read)
		*data = *at;
	else
		*at = *data;
	return 0;
}

/* The completion queues come last. */
static int load_cqc(struct hisi_vf *h, u64 *data)
{
	unsigned long flags;
	int ret = table(h, &h->cqc, data, false);

	if (ret)
		return ret;
	raw_spin_lock_irqsave(&h->card->lock, flags);
	h->loaded = true;
	hisi_state_from_regs(h);
	raw_spin_unlock_irqrestore(&h->card->lock, flags);
	return 0;
}

static int command(struct hisi_vf *h, u8 cmd, u64 *data, bool read)
{
	int ret;

	switch (cmd) {
	case QM_MB_CMD_PAUSE_QM:
		return pause(h);
	case QM_MB_CMD_SQC_BT:
		return table(h, &h->sqc, data, read);
	case QM_MB_CMD_CQC_BT:
		return read ? table(h, &h->cqc, data, read) : load_cqc(h, data);
	case QM_MB_CMD_SQC_VFT_V2:
		if (!read)
			return -EIO;
		ret = fw_fault("vft");
		*data = hisi_vft(h->vf->id + 1);
		return ret;
	default:
		return -EIO;
	}
}

/**
 * hisi_qm_wait_mb_ready - wait for the mailbox to be free
 * @qm: a queue manager
 *
 * Return: 0, or -ETIMEDOUT
 */
int hisi_qm_wait_mb_ready(struct hisi_qm *qm)
{
	return fw_fault("mb_ready") ? -ETIMEDOUT : 0;
}
EXPORT_SYMBOL_GPL(hisi_qm_wait_mb_ready);

/* What was read, or the argument, is in the mailbox after it. */
static int mailbox(struct hisi_qm *qm, u8 cmd, u64 *data, u16 queue, bool read)
{
	struct fw_vf *vf = fw_vf_of(qm->pdev);
	struct hisi_vf *h;
	int ret;

	if (!vf)
		return -EIO;
	h = vf->priv;
	mutex_lock(&qm->mailbox_lock);
	ret = command(h, cmd, data, read);
	vf_write(h, QM_MB_CMD_SEND_BASE, cmd | (u32)read << QM_MB_OP_SHIFT | (u32)queue << 16);
	vf_write(h, QM_MB_CMD_DATA_ADDR_L, lower_32_bits(*data));
	vf_write(h, QM_MB_CMD_DATA_ADDR_H, upper_32_bits(*data));
	mutex_unlock(&qm->mailbox_lock);
	return ret;
}

/**
 * hisi_qm_mb - carry out a command
 * @qm: queue manager of a virtual function
 * @cmd: QM_MB_CMD_*
 * @dma_addr: its argument
 * @queue: which queue
 * @op: the command is to read; what it has read is then in the mailbox
 *
 * Return: 0, -EBUSY, -ETIMEDOUT, or -EIO where the queue manager refuses
 */
int hisi_qm_mb(struct hisi_qm *qm, u8 cmd, dma_addr_t dma_addr, u16 queue, bool op)
{
	u64 data = dma_addr;

	return mailbox(qm, cmd, &data, queue, op);
}
EXPORT_SYMBOL_GPL(hisi_qm_mb);

/**
 * hisi_qm_mb_read - carry out a command that reads
 * @qm: queue manager of a virtual function
 * @base: what it has read
 * @cmd: QM_MB_CMD_*
 * @queue: which queue
 *
 * Return: as hisi_qm_mb()
 */
int hisi_qm_mb_read(struct hisi_qm *qm, u64 *base, u8 cmd, u16 queue)
{
	u64 data = 0;
	int ret = mailbox(qm, cmd, &data, queue, true);

	if (!ret)
		*base = data;
	return ret;
}
EXPORT_SYMBOL_GPL(hisi_qm_mb_read);
