/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What vfio_mig_edu offers, the datasheet that its driver and its exerciser share.
 *
 * BAR 0 is that of QEMU's edu device. Page 0, the registers, is trapped by the driver, as
 * it must hold, drain and log DMA; the rest can be mapped (and reads as ones). Registers
 * below EDU_DMA_SRC take 4 byte accesses, those from there on 4 or 8; others read as ones
 * and write nothing.
 *
 * Next to it the driver offers a region of its own, EDU_REGION_TYPE, for what a device that
 * lives in an emulator does not have. 4 byte accesses; not part of the state.
 */
#ifndef VMIG_EXERCISERS_EDU_REGS_H
#define VMIG_EXERCISERS_EDU_REGS_H

#include <linux/types.h>

#define EDU_VENDOR_ID 0x1234
#define EDU_DEVICE_ID 0x11e8

/* read only */
#define EDU_ID 0x00
#define EDU_ID_VALUE 0x010000ed
/* reads as the complement of what was written last; the only one that a peer may write */
#define EDU_LIVE 0x04
/* write n: computes n!, modulo 2^32; reads as the result */
#define EDU_FACT 0x08
#define EDU_STATUS 0x20
#define EDU_STATUS_COMPUTING 0x001
#define EDU_STATUS_IRQ_FACT 0x080 /* interrupt after the next factorial */
/* the driver's: a command was refused or came to nothing; a write of this bit clears it */
#define EDU_STATUS_DMA_ERROR 0x100
#define EDU_IRQ_STATUS 0x24
#define EDU_IRQ_RAISE 0x60
#define EDU_IRQ_ACK 0x64
#define EDU_IRQ_FACT 0x001
#define EDU_IRQ_DMA 0x100
/*
 * A transfer between memory at an IOVA and the buffer, which begins at EDU_BUFFER. The write
 * to EDU_DMA_COMMAND begins it; if another one is under way it waits, EDU_QUEUE of them can.
 * EDU_COMMAND_RUN reads as 1 until all are done.
 */
#define EDU_DMA_SRC 0x80
#define EDU_DMA_DST 0x88
#define EDU_DMA_COUNT 0x90
#define EDU_DMA_COMMAND 0x98
#define EDU_COMMAND_RUN 0x1
#define EDU_COMMAND_OUT 0x2 /* buffer to memory, else memory to buffer */
#define EDU_COMMAND_IRQ 0x4 /* EDU_IRQ_DMA when it is done */
#define EDU_QUEUE 4

#define EDU_BUFFER 0x40000
/* QEMU 7.2 ends the guest when a transfer touches the last of the 4096 bytes. */
#define EDU_BUFFER_SIZE 4095
#define EDU_DMA_BITS 28
/* What a transfer takes at least, as QEMU does it. */
#define EDU_DMA_MS 100

/*
 * IOVAs that user space must leave free: the driver maps pages of its own there, to move the
 * buffer, and windows. Commands may not touch them, but for the own window.
 */
#define EDU_RESERVED_IOVA 0xff00000
#define EDU_RESERVED_END 0x10000000

#define EDU_REGION_TYPE 0x80001234 /* VFIO_REGION_TYPE_PCI_VENDOR_TYPE and the vendor */
#define EDU_REGION_SUBTYPE 1
#define EDU_REGION_SIZE 0x2000

/*
 * Peer to peer: write segment << 16 | bus << 8 | devfn of another open device of this driver,
 * as in VFIO_DEVICE_GET_PCI_HOT_RESET_INFO, and its BAR 0 is at the IOVA that
 * EDU_WINDOW_IOVA reads as: 0 if that failed. EDU_NO_PEER closes the window. Only EDU_LIVE,
 * all 4 bytes, may be the target of a transfer. Through the cdev, from Linux 6.19 on, no window is
 * needed: BAR 0 can be had as a dma-buf.
 */
#define EDU_WINDOW_PEER 0x00
#define EDU_NO_PEER 0xffffffff
#define EDU_WINDOW_IOVA 0x04
/* write: EDU_IRQ_DMA is raised in so many ms, up to EDU_IRQ_MAX_MS; one can wait */
#define EDU_IRQ_IN_MS 0x08
#define EDU_IRQ_MAX_MS 1000
/* 1: migration sessions give no data until 0 is written */
#define EDU_HOLD_STREAM 0x0c
/*
 * With EDU_REMAP_IRQ. Bitmap of the regions whose sparse areas have changed and must be asked
 * for again; write: acknowledges these bits.
 */
#define EDU_REMAP_PENDING 0x10
/* read only: how often a mapping was touched that is no longer offered */
#define EDU_REMAP_FAULTS 0x14
/* write: the device is reconfigured; in PRE_COPY the first so many bytes of the buffer are new */
#define EDU_REINIT 0x18
/* write: the card resets itself, as by a new start of its firmware */
#define EDU_CARD_RESET 0x1c
/*
 * The buffer. An access waits for a transfer that is about to change it. What is written
 * gets into the device by its own DMA, before the next transfer that needs it.
 */
#define EDU_BUFFER_COPY 0x1000

/*
 * With the driver's parameter experimental=1 only: an interrupt of the driver's own. While a
 * session saves, BAR 0 has no area that can be mapped; each change signals the eventfd. Takes
 * VFIO_IRQ_SET_ACTION_TRIGGER with an eventfd, or no data and count 0 to take it away.
 */
#define EDU_REMAP_IRQ 5 /* VFIO_PCI_NUM_IRQS */
#define EDU_REMAP_SUBTYPE 1
#define EDU_IRQ_INFO_CAPS 0x10
#define EDU_IRQ_CAP_TYPE 3

/**
 * struct edu_remap_irq_info - what VFIO_DEVICE_GET_IRQ_INFO of EDU_REMAP_IRQ answers
 * @argsz: bytes; how many are needed
 * @flags: with EDU_IRQ_INFO_CAPS
 * @index: EDU_REMAP_IRQ
 * @count: 1
 * @cap_offset: of @cap_id; 0 if argsz had no room
 * @cap_id: EDU_IRQ_CAP_TYPE
 * @cap_version: 1
 * @cap_next: 0
 * @type: EDU_REGION_TYPE
 * @subtype: EDU_REMAP_SUBTYPE
 * @regions: bitmap of the regions that it may ever report
 * @zero: 0
 */
struct edu_remap_irq_info {
	__u32 argsz;
	__u32 flags;
	__u32 index;
	__u32 count;
	__u32 cap_offset;
	__u16 cap_id;
	__u16 cap_version;
	__u32 cap_next;
	__u32 type;
	__u32 subtype;
	__u32 zero;
	__u64 regions;
};

#endif /* VMIG_EXERCISERS_EDU_REGS_H */
