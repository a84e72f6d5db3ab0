/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * vfio_mig_fw_hisi_acc: a HiSilicon SEC accelerator for hisi_acc_vfio_pci. What the driver
 * sees of it is the queue manager (QM) of each function: registers, and a mailbox for
 * commands.
 */
#ifndef VFIO_MIG_FW_HISI_ACC_H
#define VFIO_MIG_FW_HISI_ACC_H

#include <linux/hisi_acc_qm.h>
#include <linux/spinlock.h>
#include <linux/workqueue.h>

#include "fw.h"

/* Registers that the kernel's header does not name. Those of a virtual function: */
#define QM_VF_AEQ_INT_MASK 0x4
#define QM_VF_EQ_INT_MASK 0xc
#define QM_IFC_INT_SOURCE_V 0x20 /* 1 is written to clear it */
#define QM_IFC_INT_MASK 0x24
#define QM_PAGE_SIZE 0x34
#define QM_CACHE_WB_START 0x204
#define QM_CACHE_WB_DONE 0x208
#define QM_EQC_DW0 0x8000
#define QM_AEQC_DW0 0x8020
#define QM_XQC_WORDS 7

/* Of the physical function: faults, and whose queues are whose. */
#define QM_ABNORMAL_INT_STATUS 0x100008
#define QM_VFT_CFG_OP_ENABLE 0x100054
#define QM_VFT_CFG 0x100060
#define QM_VFT_CFG_DATA_L 0x100064
#define QM_VFT_CFG_DATA_H 0x100068
#define QM_VFT_CFG_RDY 0x10006c
#define QM_MIG_REGION_SEL_ADDR 0x100198 /* 1: the next one is used */
#define QM_MIG_REGION_ADDR 0x180000 /* newer hardware: registers of all functions, */
#define QM_MIG_REGION_BYTES 0x2000 /* so many of each; the first is the physical one */
#define QM_MIG_REGION_EQC_DW0 0x1c00
#define QM_MIG_REGION_AEQC_DW0 0x1c20
#define PF_REGS_SIZE 0x400000

#define QM_VFT_BASE_SHIFT 28
#define QM_VFT_NUM_SHIFT 45

/* Mailbox command: stop all queues of a function. */
#define QM_MB_CMD_PAUSE_QM 0xe

/* BAR 2 of a virtual function; the upper half is what a guest does not see. */
#define VF_BAR2_SIZE 0x10000

#define QUEUES_OF_VF 16

/*
 * What of a function can travel is what its QM has registers for: words at the start of the
 * model's memory. The last four are the addresses of two tables, by mailbox.
 */
#define STATE_REGS (3 + 2 * QM_XQC_WORDS)
#define STATE_WORDS (STATE_REGS + 4)

struct hisi_card;

/**
 * struct hisi_vf - the queue manager of a virtual function
 * @card: its card
 * @vf: the model
 * @regs: what migrates it: in its BAR 2, or in the physical function
 * @sqc: address of the table of send queues
 * @cqc: of completion queues
 * @paused: by the mailbox
 * @loaded: tables have been set, and the driver has not enabled the function since
 * @held_irq: what was in the model's register for an interrupt when the pause began
 * @eq_rung: the doorbell of the event queue was rung during the pause
 * @no_wb: the cache is not written back, a fault on demand
 * @start: lets the model go on
 */
struct hisi_vf {
	struct hisi_card *card;
	struct fw_vf *vf;
	void *regs;
	u64 sqc;
	u64 cqc;
	bool paused;
	bool loaded;
	u32 held_irq;
	bool eq_rung;
	bool no_wb;
	struct work_struct start;
};

/**
 * struct hisi_card - a card
 * @card: as PCI sees it, NULL where there is none
 * @qm: queue manager of the physical function
 * @lock: for what the registers are made of; taken in hard interrupts
 * @vfs: queue managers of the virtual functions
 * @watch: a register of the physical function that answers as it is written, or NULL
 */
struct hisi_card {
	struct fw_card *card;
	struct hisi_qm qm;
	raw_spinlock_t lock;
	struct hisi_vf vfs[FW_MAX_VFS];
	struct perf_event *__percpu *watch;
};

/* mailbox.c; older kernels have no driver that calls it */
int hisi_qm_mb_read(struct hisi_qm *qm, u64 *base, u8 cmd, u16 queue);

void hisi_tell_pause(struct hisi_vf *h, bool on);

/* card.c */
extern struct hisi_card hisi_cards[FW_MAX_CARDS];

/* Is there a card, or was the one before it the last? */
static inline bool hisi_is_card(const struct hisi_card *c)
{
	return c < hisi_cards + FW_MAX_CARDS && c->card;
}

/* regs.c */
void hisi_regs_begin(struct hisi_card *c);
void hisi_regs_end(struct hisi_card *c);
void hisi_look(void);
u64 hisi_vft(unsigned int function);
void *hisi_vf_regs(struct hisi_vf *h);
extern bool hisi_silent_pf;

/* state.c */
extern bool hisi_vf_ready;
void hisi_state_reset(struct hisi_vf *h);
void hisi_state_to_regs(struct hisi_vf *h);
void hisi_state_from_regs(struct hisi_vf *h);

static inline u32 pf_read(const struct hisi_card *c, unsigned int at)
{
	return readl(c->qm.io_base + at);
}

static inline void pf_write(const struct hisi_card *c, unsigned int at, u32 value)
{
	writel(value, c->qm.io_base + at);
}

static inline u32 vf_read(const struct hisi_vf *h, unsigned int at)
{
	return READ_ONCE(*(u32 *)(h->regs + at));
}

static inline void vf_write(struct hisi_vf *h, unsigned int at, u32 value)
{
	WRITE_ONCE(*(u32 *)(h->regs + at), value);
}

/**
 * hisi_mig_region - are the registers that migrate a function those of the physical one?
 * @c: the card
 *
 * Return: true on newer hardware
 */
static inline bool hisi_mig_region(const struct hisi_card *c)
{
	return c->qm.ver > QM_HW_V3 && pf_read(c, QM_MIG_REGION_SEL_ADDR) & 1;
}

#endif /* VFIO_MIG_FW_HISI_ACC_H */
