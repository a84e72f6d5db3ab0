/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Registers of a virtual function of vfio_mig_fw, the stand-in for a vendor's card: the
 * datasheet that the model and its exerciser share.
 *
 * BAR 0: registers, and the MSI-X table. Another BAR, which FW_MEM_BAR names: the function's
 * memory. Both are plain memory to whoever accesses them: the model looks at the registers
 * FW_POLL_US apart, or four times that where it had nothing to do for a while, takes a command
 * from its doorbell and writes 0 there. While the function
 * stands still a doorbell stays as it is, and belongs to the state.
 */
#ifndef VMIG_EXERCISERS_FW_REGS_H
#define VMIG_EXERCISERS_FW_REGS_H

/* subsystem of each function in PCI config space: distinguishes it from the vendor's card */
#define FW_SUBSYSTEM_VENDOR_ID 0x1b36
#define FW_SUBSYSTEM_ID 0x7677

#define FW_BAR0_SIZE 0x10000
#define FW_POLL_US 1000

/* "fwvf", written at reset; nothing depends on it afterwards */
#define FW_ID 0x000
#define FW_ID_VALUE 0x66767766
/* which BAR is the memory */
#define FW_MEM_BAR 0x004
/* how much of it, 8 bytes */
#define FW_MEM_SIZE 0x008
/* how much of it, from its start, is the function's state, 8 bytes */
#define FW_STATE_BYTES 0x010
/* what kind of card; states of one kind are refused by the others */
#define FW_KIND 0x018
/* bits FW_LACKS_*: what of this datasheet the card does not do */
#define FW_LACKS 0x01c
#define FW_LACKS_HOLD 0x1 /* FW_HOLD_STREAM: what is saved is there at once */
#define FW_LACKS_REGS 0x2 /* registers in the state: only memory is state */
#define FW_LACKS_WORK 0x4 /* all of it: the function has not been set up, and does nothing */
#define FW_LACKS_SCRATCH 0x8 /* FW_SCRATCH from FW_SCRATCH_FEW on in the state */
#define FW_LACKS_START 0x10 /* just now: to go on after a stop as a card would */

/* What follows, up to FW_STATE_END, is the function's state too. */
#define FW_STATE_START 0x020
/* free running, 8 bytes: counts each look at the registers while FW_COUNTER_ON is 1 */
#define FW_COUNTER 0x020
#define FW_COUNTER_ON 0x028
/* bits FW_STATUS_* */
#define FW_STATUS 0x02c
#define FW_STATUS_DMA 0x1 /* a command is under way */
#define FW_STATUS_ERROR 0x2 /* a command has failed since the last FW_CLEAR */
/* how many commands have ended */
#define FW_DONE 0x030
/* doorbell: clears FW_STATUS_ERROR and FW_DONE */
#define FW_CLEAR 0x034

/* A command: these, then its kind to the doorbell. */
#define FW_DMA_IOVA 0x040 /* 8 bytes */
#define FW_DMA_AT 0x048 /* 8 bytes: offset in the memory */
#define FW_DMA_LEN 0x050 /* 4 bytes, up to FW_DMA_MAX */
#define FW_DMA_TIME 0x054 /* ms that the command is to take, up to FW_DMA_TIME_MAX */
#define FW_COMMAND 0x058 /* doorbell */
#define FW_COMMAND_WRITE 1 /* the memory to IOVA */
#define FW_COMMAND_READ 2 /* IOVA to the memory */
#define FW_COMMAND_IRQ 0x100 /* and an interrupt when it has ended */
#define FW_DMA_MAX 0x8000
#define FW_DMA_TIME_MAX 1000

/* doorbell: an interrupt in so many ms, less one */
#define FW_IRQ_RAISE 0x060
/* interrupts sent since reset */
#define FW_IRQ_COUNT 0x064
/* doorbell: the function writes this value to FW_DIRTY_WORDS places of its memory */
#define FW_DIRTY 0x068
/* pages per second that the function dirties by itself while it runs */
#define FW_DIRTY_RATE 0x06c
/* 256 registers of 4 bytes that only keep what is written to them */
#define FW_SCRATCH 0x080
#define FW_SCRATCH_COUNT 256
#define FW_SCRATCH_FEW 32
#define FW_STATE_END (FW_SCRATCH + 4 * FW_SCRATCH_COUNT)

/* 1: the firmware holds back what it saves until 0 is written; not part of the state */
#define FW_HOLD_STREAM 0xff0

/* Where FW_DIRTY writes: FW_DIRTY_WORDS words, FW_DIRTY_STEP apart, or closer if the state ends */
#define FW_DIRTY_WORDS 8
#define FW_DIRTY_STEP 0x704
/* Where the patterns that an exerciser writes by DMA begin; 32 KiB that nothing else uses */
#define FW_DMA_BUFFER 0x4000
/* and what peers may write to: the page from here */
#define FW_P2P_PAGE 0xe000

#define FW_MSIX_TABLE 0x8000
#define FW_MSIX_PBA 0xc000
#define FW_MSIX_COUNT 2

#endif /* VMIG_EXERCISERS_FW_REGS_H */
