/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Registers of vfio_mig_mock, the datasheet that its driver and its exerciser share.
 *
 * BAR 0: registers, 4 KiB, trapped; 4 or 8 byte accesses, aligned. BAR 2: the first 64 KiB
 * of the device's memory; of these MOCK_MMAP_START to MOCK_MMAP_END can be mapped. What a
 * command of the FIFO moves goes between memory at an IOVA and the device's memory.
 */
#ifndef VMIG_EXERCISERS_MOCK_REGS_H
#define VMIG_EXERCISERS_MOCK_REGS_H

#define MOCK_VENDOR_ID 0x1b36
#define MOCK_DEVICE_ID 0x6d76

#define MOCK_BAR0_SIZE 0x1000
#define MOCK_BAR2_SIZE 0x10000
#define MOCK_MMAP_START 0x4000
#define MOCK_MMAP_END 0xc000

/* read: "vmig"; writes are ignored */
#define MOCK_ID 0x000
#define MOCK_ID_VALUE 0x67696d76
/* free running, 8 bytes, 1 MHz while the device runs and MOCK_COUNTER_ON is 1, read only */
#define MOCK_COUNTER 0x008
/* bits MOCK_STATUS_*, read only */
#define MOCK_STATUS 0x010
#define MOCK_STATUS_DMA 0x1 /* a command is under way or waits */
#define MOCK_STATUS_ERROR 0x2 /* a command has failed since the last MOCK_CLEAR */
/* how many commands have ended, read only */
#define MOCK_DONE 0x014
/* write: clears MOCK_STATUS_ERROR and MOCK_DONE */
#define MOCK_CLEAR 0x018

/* A command: the four registers, then its kind to MOCK_COMMAND. Eight can wait. */
#define MOCK_DMA_IOVA 0x020 /* 8 bytes */
#define MOCK_DMA_AT 0x028 /* 8 bytes: address in the device's memory */
#define MOCK_DMA_LEN 0x030 /* 4 bytes, up to MOCK_DMA_MAX */
#define MOCK_DMA_TIME 0x034 /* ms that the command is to take, up to MOCK_DMA_TIME_MAX */
#define MOCK_COMMAND 0x038
#define MOCK_COMMAND_WRITE 1 /* device memory to IOVA */
#define MOCK_COMMAND_READ 2 /* IOVA to device memory */
#define MOCK_COMMAND_IRQ 0x100 /* and an interrupt when it has ended */
#define MOCK_DMA_MAX 0x8000
#define MOCK_DMA_TIME_MAX 1000
#define MOCK_QUEUE 8

/* write: an interrupt in so many ms; one can wait */
#define MOCK_IRQ_RAISE 0x040
/* interrupts sent since reset, read only */
#define MOCK_IRQ_COUNT 0x044
/* write: the device writes this value to MOCK_DIRTY_WORDS places of its memory */
#define MOCK_DIRTY 0x048
/* pages per second that the device dirties by itself, in RUNNING and PRE_COPY */
#define MOCK_DIRTY_RATE 0x04c
/* 1: migration sessions give no data until 0 is written; not part of the state */
#define MOCK_HOLD_STREAM 0x050
/*
 * version of the firmware, which the format of the stream goes by; not part of the state.
 * Written to, the device migrates as one with that firmware, an older one, until it is closed
 */
#define MOCK_FW_VERSION 0x054
/* bytes of memory, 8 bytes, read only */
#define MOCK_MEM_SIZE 0x058
/* reaches all of the memory: address (8 bytes), then 4 bytes of data */
#define MOCK_MEM_AT 0x060
#define MOCK_MEM_DATA 0x068
/* 1: MOCK_COUNTER counts; what it is after reset is a parameter of the driver */
#define MOCK_COUNTER_ON 0x070
/* write: the device is reconfigured; in PRE_COPY the first so many bytes of its memory are new */
#define MOCK_REINIT 0x074
/* 1: interrupts wait, and are one when 0 is written */
#define MOCK_IRQ_MASK 0x078
/* 256 registers of 4 bytes that only keep what is written to them */
#define MOCK_SCRATCH 0x400
#define MOCK_SCRATCH_COUNT 256

/* Where MOCK_DIRTY writes: word n of MOCK_DIRTY_WORDS at n * MOCK_DIRTY_STEP */
#define MOCK_DIRTY_WORDS 8
#define MOCK_DIRTY_STEP 0x704
/* Where the patterns that an exerciser writes by DMA begin; 32 KiB that nothing else uses */
#define MOCK_DMA_BUFFER 0x4000

#endif /* VMIG_EXERCISERS_MOCK_REGS_H */
