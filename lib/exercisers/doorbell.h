/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Exerciser of devices with a doorbell register. Their state is a memory; registers keep what is
 * written to them; a command moves bytes between the memory and an IOVA, and begins when its
 * kind is written to the doorbell. An exerciser of such a device gives the offsets of its
 * registers and uses the operations of this file; its @priv begins with a struct vmig_doorbell.
 */
#ifndef VMIG_EXERCISERS_DOORBELL_H
#define VMIG_EXERCISERS_DOORBELL_H

#include <stdbool.h>
#include <stdint.h>

#include <vmig/exerciser.h>
#include "bar.h"

/* How long a transfer of the largest size is made to take. */
#define VMIG_DOORBELL_DMA_MS 100

/**
 * struct vmig_doorbell_regs - where the registers are, and what they take; see the datasheets
 * @id: says @id_value
 * @id_value: that
 * @counter: runs while @counter_on is 1
 * @counter_on: that
 * @status: bits @status_dma, a command is under way, and @status_error, one has failed
 * @status_dma: that
 * @status_error: that
 * @clear: clears @status_error and @done
 * @done: commands that have ended
 * @dma_iova: of a command: IOVA, 8 bytes
 * @dma_at: of a command: where in the memory, 8 bytes
 * @dma_len: of a command: bytes, up to @dma_max
 * @dma_max: that
 * @dma_time: of a command: how many ms it takes, up to @dma_time_max
 * @dma_time_max: that
 * @command: the doorbell: @command_write, @command_read, and @command_irq with either
 * @command_write: the memory to the IOVA
 * @command_read: the IOVA to the memory
 * @command_irq: and an interrupt
 * @irq_raise: an interrupt in so many ms, and @irq_now more
 * @irq_now: that
 * @irq_count: interrupts that were sent
 * @dirty: a value goes to @dirty_words places of the memory, @dirty_step apart at most
 * @dirty_words: that
 * @dirty_step: bytes
 * @dirty_rate: pages a second that change by themselves
 * @hold_stream: 1: nothing is saved for now
 * @scratch: @scratch_count registers of 4 bytes
 * @scratch_count: that
 * @dma_buffer: where in the memory commands find and leave their bytes; 32 KiB
 * @poll_us: how often the card looks at its doorbells, which it clears then; 0: it sees a write
 * @window_at: an address in the memory, for @window_data; 0: the memory's BAR shows all of it
 * @window_data: 4 bytes of the memory there
 */
struct vmig_doorbell_regs {
	uint32_t id, id_value;
	uint32_t counter, counter_on;
	uint32_t status, status_dma, status_error;
	uint32_t clear, done;
	uint32_t dma_iova, dma_at;
	uint32_t dma_len, dma_max;
	uint32_t dma_time, dma_time_max;
	uint32_t command, command_write, command_read, command_irq;
	uint32_t irq_raise, irq_now, irq_count;
	uint32_t dirty, dirty_words, dirty_step, dirty_rate;
	uint32_t hold_stream;
	uint32_t scratch, scratch_count;
	uint32_t dma_buffer;
	uint32_t poll_us;
	uint32_t window_at, window_data;
};

/* The registers by the names that the datasheets give them behind their prefix. */
#define VMIG_DOORBELL_REGS(p)                                                                      \
	.id = p##_ID, .id_value = p##_ID_VALUE, .counter = p##_COUNTER,                            \
	.counter_on = p##_COUNTER_ON, .status = p##_STATUS, .status_dma = p##_STATUS_DMA,          \
	.status_error = p##_STATUS_ERROR, .clear = p##_CLEAR, .done = p##_DONE,                    \
	.irq_count = p##_IRQ_COUNT, .dma_iova = p##_DMA_IOVA, .dma_at = p##_DMA_AT,                \
	.dma_len = p##_DMA_LEN, .dma_max = p##_DMA_MAX, .dma_time = p##_DMA_TIME,                  \
	.dma_time_max = p##_DMA_TIME_MAX, .command = p##_COMMAND,                                  \
	.command_write = p##_COMMAND_WRITE, .command_read = p##_COMMAND_READ,                      \
	.command_irq = p##_COMMAND_IRQ, .irq_raise = p##_IRQ_RAISE, .dirty = p##_DIRTY,            \
	.dirty_words = p##_DIRTY_WORDS, .dirty_step = p##_DIRTY_STEP,                              \
	.dirty_rate = p##_DIRTY_RATE, .hold_stream = p##_HOLD_STREAM, .scratch = p##_SCRATCH,      \
	.scratch_count = p##_SCRATCH_COUNT, .dma_buffer = p##_DMA_BUFFER

/**
 * struct vmig_doorbell - a card of this make
 * @at: its registers
 * @regs: BAR with the registers
 * @mem: BAR with the memory, or the first part of it
 * @state_bytes: how much of the memory, from its start, is state
 * @regs_stay: registers are not part of the state
 * @dma_used: bytes of the buffer that commands under way use
 * @read_at: where in the memory the last read leaves its bytes
 * @read_len: how many, 0: there was none
 * @counts: the counter was started
 * @why: what is not as it should be
 */
struct vmig_doorbell {
	const struct vmig_doorbell_regs *at;
	struct vmig_bar regs;
	struct vmig_bar mem;
	uint64_t state_bytes;
	bool regs_stay;
	uint32_t dma_used;
	uint32_t read_at, read_len;
	bool counts;
	char why[VMIG_WHY_SIZE];
};

int vmig_doorbell_begin(struct vmig_doorbell *d, struct vmig_device *dev,
			const struct vmig_doorbell_regs *at);
int vmig_doorbell_begin_mem(struct vmig_doorbell *d, uint32_t bar, uint64_t state_bytes);
void vmig_doorbell_end(struct vmig_doorbell *d);
int vmig_doorbell_write(struct vmig_doorbell *d, uint64_t iova, const void *bytes, uint32_t len);

int vmig_doorbell_put_state(struct vmig_exercise *w, uint32_t seed);
int vmig_doorbell_check_state(struct vmig_exercise *w, uint32_t seed, const char **why);
int vmig_doorbell_dirty(struct vmig_exercise *w, uint32_t seed);
int vmig_doorbell_check_dirty(struct vmig_exercise *w, uint32_t seed, const char **why);
int vmig_doorbell_look(struct vmig_exercise *w, FILE *f);
int vmig_doorbell_poke(struct vmig_exercise *w);
int vmig_doorbell_counter(struct vmig_exercise *w, uint64_t *value);
int vmig_doorbell_hold_stream(struct vmig_exercise *w, bool on);
int vmig_doorbell_dma_write(struct vmig_exercise *w, uint64_t iova, uint32_t len, uint32_t seed);
int vmig_doorbell_dma_write_irq(struct vmig_exercise *w, uint64_t iova, uint32_t len,
				uint32_t seed);
int vmig_doorbell_dma_read(struct vmig_exercise *w, uint64_t iova, uint32_t len);
int vmig_doorbell_dma_wait(struct vmig_exercise *w, int timeout_ms, uint32_t *sum);
int vmig_doorbell_irq_raise(struct vmig_exercise *w, unsigned int delay_ms);

/* What such a card can be in: struct vmig_condition. */
#define VMIG_DOORBELL_CONDITIONS 1
extern const struct vmig_condition vmig_doorbell_conditions[VMIG_DOORBELL_CONDITIONS];

/* What an exerciser takes over whole; it adds dma_queue and the rest. */
#define VMIG_DOORBELL_OPS                                                                          \
	.set_pattern = vmig_doorbell_put_state, .check_pattern = vmig_doorbell_check_state,        \
	.dirty = vmig_doorbell_dirty, .check_dirty = vmig_doorbell_check_dirty,                    \
	.look = vmig_doorbell_look, .stress_registers = vmig_doorbell_poke,                        \
	.counter = vmig_doorbell_counter, .hold_stream = vmig_doorbell_hold_stream,                \
	.dma_align = 1, .iova_bits = 48, .dma_time_ms = VMIG_DOORBELL_DMA_MS,                      \
	.dma_is_one_kind = true, .dma_write = vmig_doorbell_dma_write,                             \
	.dma_write_irq = vmig_doorbell_dma_write_irq, .dma_read = vmig_doorbell_dma_read,          \
	.conditions = vmig_doorbell_conditions, .condition_count = VMIG_DOORBELL_CONDITIONS,       \
	.dma_wait = vmig_doorbell_dma_wait, .irq_raise = vmig_doorbell_irq_raise

#endif /* VMIG_EXERCISERS_DOORBELL_H */
