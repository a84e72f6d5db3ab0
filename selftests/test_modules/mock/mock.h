/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * vfio_mig_mock: a mediated device that does DMA, raises interrupts and has a state of any
 * size, all in software, and migrates by the engine in ref/. Its datasheet is mock_regs.h.
 */
#ifndef VFIO_MIG_MOCK_H
#define VFIO_MIG_MOCK_H

#include <linux/eventfd.h>
#include <linux/mdev.h>
#include <linux/mutex.h>
#include <linux/pci.h>
#include <linux/vfio.h>
#include <linux/wait.h>
#include <linux/workqueue.h>
#include <linux/xarray.h>

#include <vmig/regs/mock_regs.h>
#include "ref.h"

#define MOCK_CONFIG_SIZE 256

/* MOCK_IRQ_MASK as it is kept: it is on, and an interrupt waits behind it. */
#define MOCK_MASK_ON 1
#define MOCK_MASK_WAITS 2

#define MOCK_BASE_PAGES (MOCK_BAR2_SIZE / PAGE_SIZE)

/* Where a region begins in the file of the device. */
#define MOCK_OFFSET_SHIFT 40
#define MOCK_INDEX(offset) ((offset) >> MOCK_OFFSET_SHIFT)
/* Of the number of a region, what read_ignores_upper_bits looks at. */
#define MOCK_INDEX_MASK 7
#define MOCK_OFFSET(index) ((u64)(index) << MOCK_OFFSET_SHIFT)
#define MOCK_OFFSET_MASK (MOCK_OFFSET(1) - 1)

/* A region of the old migration protocol, which only a defect has. */
#define MOCK_V1_REGION VFIO_PCI_NUM_REGIONS

/**
 * struct mock_command - a DMA command
 * @iova: address in memory
 * @at: address in the device
 * @len: bytes
 * @time: ms that it takes
 * @kind: MOCK_COMMAND_*
 * @unused: 0
 */
struct mock_command {
	__le64 iova;
	__le64 at;
	__le32 len;
	__le32 time;
	__le32 kind;
	__le32 unused;
};

/**
 * struct mock_regs - all state but for the memory, as it stands in the stream
 * @config: config space
 * @counter: the free running counter
 * @counter_on: it counts
 * @command: what the command registers hold
 * @fifo: commands that wait
 * @waiting: their number
 * @done: MOCK_DONE
 * @error: MOCK_STATUS_ERROR
 * @irq_count: MOCK_IRQ_COUNT
 * @irq_pending: an interrupt waits
 * @irq_left: for so many ms
 * @dirty_rate: MOCK_DIRTY_RATE
 * @dirty_next: page that the device dirties next by itself
 * @irq_mask: MOCK_MASK_*
 * @scratch: MOCK_SCRATCH
 */
struct mock_regs {
	u8 config[MOCK_CONFIG_SIZE];
	__le64 counter;
	struct mock_command command;
	struct mock_command fifo[MOCK_QUEUE];
	__le32 waiting;
	__le32 done;
	__le32 error;
	__le32 irq_count;
	__le32 irq_pending;
	__le32 irq_left;
	__le32 dirty_rate;
	__le32 dirty_next;
	__le32 counter_on;
	__le32 irq_mask;
	__le32 scratch[MOCK_SCRATCH_COUNT];
};

/**
 * struct mock_type - a type of device; streams of one are refused by the others
 * @type: for mdev
 * @id: identity in the stream
 * @base_mb: memory beyond BAR 2, in MiB, on top of state_mb=
 */
struct mock_type {
	struct mdev_type type;
	u32 id;
	u32 base_mb;
};

/**
 * struct mock - a device
 * @vdev: for VFIO
 * @ref: its migration
 * @lock: for the registers and all that runs by itself
 * @activity: what may run
 * @regs: registers
 * @counter_since: when the counter was last brought up to date, in ns
 * @mem_at: MOCK_MEM_AT, which is no state
 * @mem_lock: for @far
 * @base: the memory that BAR 2 shows
 * @far: pages of the other memory that were written; the rest is made when it is read
 * @mapped: how many mappings of BAR 2 there are
 * @attach_failed: the last attempt to attach an IOAS did
 * @info_asked: GET_INFO was called in this open
 * @inside: first uses that are under way; defects only
 * @engine: carries out commands
 * @wq: where
 * @busy: a command is under way
 * @cancel: it is to end at once, as the device closes
 * @idle: wakes up who waits for !@busy
 * @deaf: no command is carried out any more; a defect
 * @mute: no interrupt is sent any more; a defect
 * @tells: the interrupt is sent when the device goes on, as there was a load
 * @irq_work: raises the interrupt that waits
 * @irq_due: when, in jiffies
 * @irq_lock: for @trigger
 * @trigger: eventfd of the interrupt
 * @dirty_work: dirties memory
 */
struct mock {
	struct vfio_device vdev;
	struct ref_device ref;
	struct mutex lock;
	enum ref_activity activity;
	struct mock_regs regs;
	u64 counter_since;
	u64 mem_at;
	struct mutex mem_lock;
	struct page *base[MOCK_BASE_PAGES];
	struct xarray far;
	atomic_t mapped;
	bool attach_failed;
	bool info_asked;
	atomic_t inside;
	struct work_struct engine;
	struct workqueue_struct *wq;
	bool busy;
	bool cancel;
	bool deaf;
	bool mute;
	bool tells;
	wait_queue_head_t idle;
	struct delayed_work irq_work;
	unsigned long irq_due;
	struct mutex irq_lock;
	struct eventfd_ctx *trigger;
	struct delayed_work dirty_work;
};

static inline struct mock *to_mock(struct vfio_device *vdev)
{
	return container_of(vdev, struct mock, vdev);
}

static inline struct mock *ref_to_mock(struct ref_device *ref)
{
	return container_of(ref, struct mock, ref);
}

/* params.c */
extern unsigned int mock_initial_dirty_rate;
extern bool mock_initial_counter_on;
extern unsigned int mock_fw_version;

/* mem.c */
int mock_mem_init(struct mock *m);
void mock_mem_destroy(struct mock *m);
void mock_mem_reset(struct mock *m);
int mock_mem_read(struct mock *m, u64 at, void *buf, size_t len);
int mock_mem_write(struct mock *m, u64 at, const void *buf, size_t len);
int mock_mem_save(struct mock *m, u64 at, struct ref_pieces *p, size_t len);
void mock_mem_look(struct ref_pieces *p, u64 at, size_t len);
int mock_mem_load(struct mock *m, u64 at, const struct ref_pieces *p, size_t len);

/* dma.c */
int mock_dma_init(struct mock *m);
void mock_dma_destroy(struct mock *m);
void mock_dma_command(struct mock *m, u32 kind);
int mock_dma_pause(struct mock *m, enum ref_activity activity);
void mock_dma_resume(struct mock *m);
bool mock_dma_runs(const struct mock *m);
void mock_dma_cancel(struct mock *m);
bool mock_command_valid(const struct mock *m, const struct mock_command *c);

/* irq.c */
void mock_irq_init(struct mock *m);
void mock_irq_raise(struct mock *m, u32 delay);
void mock_irq_signal(struct mock *m);
void mock_irq_mask(struct mock *m, bool on);
void mock_irq_pause(struct mock *m);
void mock_irq_resume(struct mock *m);
void mock_irq_close(struct mock *m);
bool mock_has_irq(const struct mock *m);
int mock_irq_info(const struct mock *m, struct vfio_irq_info *info);
int mock_set_irqs(struct mock *m, unsigned long arg);

/* state.c */
extern const struct ref_ops mock_ref_ops;
void mock_state_init(struct mock *m);
u64 mock_counter(struct mock *m);
void mock_counter_on(struct mock *m, bool on);
void mock_dirty_rate(struct mock *m, u32 rate);
void mock_dirty_now(struct mock *m, u32 value);

/* regs.c */
ssize_t mock_access(struct mock *m, char __user *buf, size_t count, loff_t *pos, bool write);

/* region.c */
int mock_region_info_caps(struct vfio_device *vdev, struct vfio_region_info *info,
			  struct vfio_info_cap *caps);
int mock_mmap(struct vfio_device *vdev, struct vm_area_struct *vma);
u64 mock_region_size(struct mock *m, unsigned int index);
void mock_zap(struct mock *m);
void mock_mapped_dirty(struct mock *m);

/* Does a defect let a first use since open fail, as another one is under way? @what is used. */
static inline bool mock_first_fails(struct mock *m, enum ref_defect defect, unsigned int what)
{
	if (!ref_defect(&m->ref, defect) || test_bit(what, &m->ref.defect.touched))
		return false;
	if (ref_defect_collides(&m->inside))
		return true;
	set_bit(what, &m->ref.defect.touched);
	return false;
}

#endif /* VFIO_MIG_MOCK_H */
