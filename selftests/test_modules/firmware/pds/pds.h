/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * vfio_mig_fw_pds: what pds_vfio_pci expects of an AMD/Pensando DSC and of its driver
 * pds_core. The driver's requests arrive in pdsc_adminq_post(), in the words of
 * include/linux/pds/pds_adminq.h; data goes between the host and the firmware by DMA of the
 * physical function.
 */
#ifndef VFIO_MIG_FW_PDS_H
#define VFIO_MIG_FW_PDS_H

#include <linux/pci.h>
#include <linux/workqueue.h>

#include <linux/pds/pds_common.h>
#include <linux/pds/pds_core_if.h>
#include <linux/pds/pds_adminq.h>

#include "fw.h"

#define PDS_MAX_CLIENTS 64

/**
 * struct pds_region - addresses whose writes are tracked
 * @base: the first one
 * @pages: bits in the bitmaps
 * @shift: a bit stands for so many bits of address
 * @first: its first bit in the bitmaps
 */
struct pds_region {
	u64 base;
	u32 pages;
	u8 shift;
	u64 first;
};

/**
 * struct pds_tracking - dirty tracking of a virtual function
 * @lock: for all of it; the function writes while it is looked at
 * @count: regions; 0 while tracking is off
 * @regions: the regions
 * @bytes: of each bitmap
 * @seq: a page's bit is unlike that in @ack from its first write on
 * @ack: what the host has seen of @seq
 */
struct pds_tracking {
	spinlock_t lock;
	unsigned int count;
	struct pds_region *regions;
	size_t bytes;
	unsigned long *seq;
	unsigned long *ack;
};

/**
 * struct pds_vf - what the firmware knows of a virtual function
 * @vf: its model
 * @lock: one command at a time
 * @suspend: brings the function to a stop
 * @before: what it was when @suspend began
 * @target: what @suspend is to leave it, or the last RESUME has made it
 * @suspending: @suspend is under way
 * @error: how @suspend ended
 * @status: enum pds_lm_host_vf_status: the host says that a migration is under way
 * @tracking: dirty tracking
 */
struct pds_vf {
	struct fw_vf *vf;
	struct mutex lock;
	struct work_struct suspend;
	enum fw_activity before;
	enum fw_activity target;
	bool suspending;
	int error;
	u8 status;
	struct pds_tracking tracking;
};

/**
 * struct pdsc - a card and its driver
 * @card: the card
 * @pf: its physical function
 * @down: the firmware answers nothing
 * @clients: ids that have been given out
 * @vfs: the virtual functions
 */
struct pdsc {
	struct fw_card *card;
	struct pci_dev *pf;
	bool down;
	DECLARE_BITMAP(clients, PDS_MAX_CLIENTS);
	struct pds_vf vfs[FW_MAX_VFS];
};

/* main.c */
struct pds_vf *pds_vf_of(struct fw_vf *vf);

/* sgl.c */
int pds_dma(struct pdsc *pdsc, u64 iova, void *buf, size_t len, bool write);
ssize_t pds_sgl_len(struct pdsc *pdsc, u64 sgl, u32 count);
int pds_sgl_rw(struct pdsc *pdsc, u64 sgl, u32 count, void *buf, size_t len, bool write);

/* state.c */
void pds_state_init(struct pds_vf *v);
void pds_state_reset(struct pds_vf *v);
int pds_suspend(struct pds_vf *v, u8 type);
int pds_suspend_status(struct pds_vf *v, u8 type);
void pds_suspend_failed(struct pds_vf *v, int ret);
int pds_resume(struct pds_vf *v, u8 type);
size_t pds_state_size(struct pds_vf *v);
int pds_save(struct pdsc *pdsc, struct pds_vf *v, u64 sgl, u32 count);
int pds_restore(struct pdsc *pdsc, struct pds_vf *v, u64 sgl, u32 count);

/* dirty.c */
int pds_dirty_status(struct pdsc *pdsc, struct pds_vf *v, const struct pds_lm_dirty_status_cmd *cmd,
		     struct pds_lm_dirty_status_comp *comp);
int pds_dirty_enable(struct pdsc *pdsc, struct pds_vf *v, const struct pds_lm_dirty_enable_cmd *cmd,
		     struct pds_lm_dirty_status_comp *comp);
void pds_dirty_disable(struct pds_vf *v);
int pds_dirty_seq_ack(struct pdsc *pdsc, struct pds_vf *v,
		      const struct pds_lm_dirty_seq_ack_cmd *cmd);
void pds_dirty_wrote(struct pds_vf *v, u64 iova, size_t len);

#endif /* VFIO_MIG_FW_PDS_H */
