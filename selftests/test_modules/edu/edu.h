/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * vfio_mig_edu: a vfio-pci variant driver with migration for QEMU's edu device.
 *
 * The driver stands between user space and the registers: it begins each transfer itself,
 * one at a time, and sees it end, so it can drain, hold, log and refuse them. Interrupts
 * are asked of the device when what they tell of has ended, never before.
 *
 * Nothing that can fault in user memory happens under edu_device.lock, as a reset takes it
 * under locks that a page fault takes. That is why the engine hears of ended transfers
 * when the lock is dropped (edu_unlock()).
 */
#ifndef VFIO_MIG_EDU_H
#define VFIO_MIG_EDU_H

#include <linux/pci.h>
#include <linux/vfio_pci_core.h>

#include <vmig/regs/edu_regs.h>
#include "ref.h"

/* n! is 0 modulo 2^32 from here on; the device would count for minutes. */
#define EDU_MAX_OPERAND 34
/* How long anything of the device may take. */
#define EDU_PATIENCE_MS 1000

/**
 * struct edu_command - a transfer, as the registers say it
 * @src: address to read from
 * @dst: address to write to
 * @count: bytes
 * @command: EDU_COMMAND_* bits
 */
struct edu_command {
	u64 src;
	u64 dst;
	u64 count;
	u32 command;
};

/**
 * enum edu_phase - what the device's DMA does
 * @EDU_IDLE: nothing
 * @EDU_UPLOAD: it fetches the buffer that the command to come needs
 * @EDU_USER: the user's command
 * @EDU_DOWNLOAD: it tells what the command has brought into the buffer
 */
enum edu_phase { EDU_IDLE, EDU_UPLOAD, EDU_USER, EDU_DOWNLOAD };

/* Transfers that have ended and of which the engine does not know yet. */
#define EDU_NEWS 16

/**
 * struct edu_device - a device
 * @core: of vfio-pci
 * @ref: of the migration engine
 * @bar: its registers, from open to close
 * @lock: for all below
 * @entry: in the list of open devices, under edu_open_lock
 * @work: looks after what is under way
 * @slot: which pages of the reserved IOVAs are its own
 * @open: user space has it
 * @detached: no address space, for now
 * @own_reset: VFIO_DEVICE_RESET is under way
 * @asked_hot_reset: VFIO_DEVICE_PCI_HOT_RESET of this device is under way
 * @activity: as the engine said last
 * @regs_stale: the registers of the device are not yet what is said here
 * @regs: DMA registers
 * @queue: commands that wait
 * @waiting: how many
 * @phase: of @now
 * @now: command under way
 * @started: jiffies when its phase began
 * @live: EDU_LIVE, unless the device has it
 * @operand: of the last factorial
 * @computing: a factorial is under way
 * @status: EDU_STATUS
 * @irq_status: EDU_IRQ_STATUS
 * @irq_armed: an interrupt is to come at @irq_due
 * @irq_due: jiffies
 * @irq_sent: when one was raised last, jiffies
 * @irq_left_ms: the same while the device is stopped, 0: none
 * @page: what own transfers go to or come from
 * @page_domain: where it is mapped
 * @copy: content of the buffer
 * @device_copy: what is in that of the device
 * @device_known: @device_copy is true
 * @peer: whose BAR is in the window
 * @window_domain: where the window is mapped
 * @peer_handle: as it was written to EDU_WINDOW_PEER
 * @experimental: EDU_REMAP_IRQ is offered
 * @remap_ctx: its eventfd
 * @withheld: BAR 0 cannot be mapped
 * @remap_pending: EDU_REMAP_PENDING
 * @remap_faults: EDU_REMAP_FAULTS
 * @news: ended transfers
 * @news_count: how many
 * @telling: the engine is being told
 */
struct edu_device {
	struct vfio_pci_core_device core;
	struct ref_device ref;
	void __iomem *bar;
	struct mutex lock; /* for all below */
	struct list_head entry;
	struct delayed_work work;
	int slot;
	bool open;
	bool detached;
	bool own_reset;
	bool asked_hot_reset;
	enum ref_activity activity;
	bool regs_stale;

	struct edu_command regs;
	struct edu_command queue[EDU_QUEUE];
	unsigned int waiting;
	enum edu_phase phase;
	struct edu_command now;
	unsigned long started;

	u32 live;
	u32 operand;
	bool computing;
	u32 status;
	u32 irq_status;
	bool irq_armed;
	unsigned long irq_due;
	unsigned long irq_sent;
	u32 irq_left_ms;

	struct page *page;
	struct iommu_domain *page_domain;
	u8 copy[EDU_BUFFER_SIZE];
	u8 device_copy[EDU_BUFFER_SIZE];
	bool device_known;

	struct edu_device *peer;
	struct iommu_domain *window_domain;
	u32 peer_handle;

	bool experimental;
	struct eventfd_ctx *remap_ctx;
	bool withheld;
	u32 remap_pending;
	u32 remap_faults;

	struct edu_news {
		bool into_memory;
		u64 at;
		u64 len;
	} news[EDU_NEWS];
	unsigned int news_count;
	unsigned int telling;
};

static inline struct edu_device *edu_of(struct vfio_device *vdev)
{
	return container_of(vdev, struct edu_device, core.vdev);
}

static inline void __iomem *edu_bar(struct edu_device *edu)
{
	return edu->bar;
}

static inline bool edu_defect(struct edu_device *edu, enum ref_defect defect)
{
	return ref_defect(&edu->ref, defect);
}

/* main.c */
extern struct ref_driver edu_driver;

/* hw.c: the device itself */
bool edu_decodes(struct edu_device *edu);
bool edu_masters(struct edu_device *edu);
void edu_sync(struct edu_device *edu);
void edu_raise(struct edu_device *edu, u32 bits);
void edu_irq_stop(struct edu_device *edu);
void edu_irq_go(struct edu_device *edu);
void edu_compute(struct edu_device *edu, u32 operand);
void edu_poll_factorial(struct edu_device *edu);
void edu_hw_begin(struct edu_device *edu, u64 src, u64 dst, u64 count, bool out);
bool edu_hw_done(struct edu_device *edu);

/* lock.c: what the engine hears when the lock is dropped */
void edu_tell(struct edu_device *edu, bool into_memory, u64 at, u64 len);
void edu_unlock(struct edu_device *edu);

/* dma.c: transfers */
bool edu_command_fits(const struct edu_command *c);
void edu_submit(struct edu_device *edu, const struct edu_command *c);
bool edu_busy(struct edu_device *edu);
void edu_advance(struct edu_device *edu);
int edu_wait_idle(struct edu_device *edu, bool told);
void edu_work(struct work_struct *work);

/* export.c: BARs as dma-bufs */
void edu_export_bars(struct edu_device *edu);

/* map.c: the driver's own places in the address space */
u64 edu_page_iova(struct edu_device *edu);
u64 edu_window_iova(struct edu_device *edu);
int edu_map_page(struct edu_device *edu);
void edu_unmap_page(struct edu_device *edu);
bool edu_window_allows(struct edu_device *edu, u64 iova, u64 len);
int edu_open_window(struct edu_device *edu, struct edu_device *peer, u32 handle);
void edu_close_window(struct edu_device *edu);

/* peer.c: who has a window to whom */
void edu_set_peer(struct edu_device *edu, u32 handle);
void edu_peers_add(struct edu_device *edu);
void edu_peers_del(struct edu_device *edu);
void edu_card_reset(struct edu_device *edu);

/* regs.c: what user space reads and writes */
ssize_t edu_regs_rw(struct edu_device *edu, char __user *buf, size_t count, u64 pos, bool write);

/* extra.c: the region of the driver's own */
int edu_add_region(struct edu_device *edu);

/* region.c: which regions there are, and what can be mapped */
int edu_bar0_info_caps(struct vfio_device *vdev, struct vfio_region_info *info,
		       struct vfio_info_cap *caps);
int edu_mmap(struct vfio_device *vdev, struct vm_area_struct *vma);
void edu_zap(struct edu_device *edu);
int edu_add_old_region(struct edu_device *edu);

/* remap.c: an experiment */
void edu_remap_begin(struct edu_device *edu);
void edu_remap_follow(struct edu_device *edu);
void edu_remap_end(struct edu_device *edu);
long edu_remap_ioctl(struct edu_device *edu, unsigned int cmd, unsigned long arg);

/* state.c: what the engine asks */
extern const struct ref_ops edu_ref_ops;
size_t edu_state_size(void);
void edu_power_on(struct edu_device *edu);

#endif /* VFIO_MIG_EDU_H */
