/* SPDX-License-Identifier: GPL-2.0-only */
/* Make devices work during a migration, through their exerciser, and check that it completes. */
#ifndef VMIG_HELPERS_EXERCISE_H
#define VMIG_HELPERS_EXERCISE_H

#include <vmig/exerciser.h>
#include <vmig/dma.h>
#include "verdict.h"

/* Work that has not ended after this long does not end; ms. */
#define VMIG_EXERCISE_MS 5000

/* What is in memory before a device writes there. */
#define VMIG_UNTOUCHED 0xa5

void vmig_exercise_memory(struct vmig_exercise *w, struct vmig_dma *mem);
void vmig_exercise_memory_sized(struct vmig_exercise *w, uint64_t size, uint64_t align,
				struct vmig_dma *mem);
void vmig_exercise_memory_clear(struct vmig_dma *mem);
void vmig_exercise_memory_end(struct vmig_exercise *w, struct vmig_dma *mem);

void vmig_sleep_ms(unsigned int ms);
bool vmig_eventfd_wait(int fd, int timeout_ms);

void vmig_set_pattern(struct vmig_exercise *w, uint32_t seed);
const char *vmig_check_pattern(struct vmig_exercise *w, uint32_t seed);

void vmig_dma_begin(struct vmig_exercise *w, const struct vmig_dma *mem, uint64_t at, uint32_t len,
		    uint32_t seed);
void vmig_dma_end(struct vmig_exercise *w);
bool vmig_dma_landed(const struct vmig_dma *mem, uint64_t at, uint32_t len, uint32_t seed);
bool vmig_dma_touched(const struct vmig_dma *mem, uint64_t at, uint32_t len);
bool vmig_dma_lands(struct vmig_exercise *w, const struct vmig_dma *mem, uint64_t at, uint32_t len,
		    uint32_t seed);
uint32_t vmig_dma_ask_all(struct vmig_exercise *w, const struct vmig_dma *mem, uint32_t seed,
			  bool irq);
uint32_t vmig_dma_all_landed(struct vmig_exercise *w, const struct vmig_dma *mem, uint32_t seed);
uint32_t vmig_dma_all_land(struct vmig_exercise *w, const struct vmig_dma *mem, uint32_t seed);
const char *vmig_dma_fault(struct vmig_exercise *w, struct vmig_dma *mem, uint32_t seed);

uint64_t vmig_counter(struct vmig_exercise *w);
bool vmig_counter_moves(struct vmig_exercise *w);
bool vmig_counter_comes(struct vmig_exercise *w);

int vmig_work_begin(struct vmig_exercise *w, struct vmig_dma *mem);
const char *vmig_work_fault(struct vmig_exercise *w, struct vmig_dma *mem, int irq, uint32_t seed);
void vmig_work_end(struct vmig_exercise *w, int irq);
bool vmig_judge_goes_on_at(const char *at, enum vmig_clause_id id, struct vmig_exercise *w,
			   const char *why, const char *did, const char *expected);

/* A breach reports the line of the call. */
#define vmig_judge_goes_on(...) vmig_judge_goes_on_at(VMIG_HERE, __VA_ARGS__)

void vmig_run_again(struct vmig_device *dev);

bool vmig_irq_there(struct vmig_exercise *w);
void vmig_irq_raise(struct vmig_exercise *w, unsigned int ms);
int vmig_irq_listen(struct vmig_exercise *w);
void vmig_irq_end(struct vmig_exercise *w, int fd);

#endif /* VMIG_HELPERS_EXERCISE_H */
