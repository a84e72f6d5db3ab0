/* SPDX-License-Identifier: GPL-2.0-only */
/* Fixtures with an exerciser, for tests that make the device work during a migration. */
#ifndef VMIG_HELPERS_FIXTURE_EXERCISE_H
#define VMIG_HELPERS_FIXTURE_EXERCISE_H

#include <errno.h>

#include "fixture_states.h"
#include "exercise.h"

/* The words that the report groups skips by. */
#define NEED_DMA NEED(self->w.ops->dma_write, "no exerciser can start DMA on this device")
#define NEED_SLOW_DMA                                                                              \
	NEED(self->w.ops->dma_write && self->w.ops->dma_time_ms,                                   \
	     "no exerciser can start DMA on this device that takes its time")
#define NEED_PATTERN                                                                               \
	NEED(self->w.ops->set_pattern && self->w.ops->check_pattern,                               \
	     "no exerciser can put a pattern into the state of this device")
#define NEED_IRQ                                                                                   \
	do {                                                                                       \
		NEED(self->w.ops->irq_raise, "no exerciser can make this device interrupt");       \
		NEED(vmig_irq_there(&self->w), "the device has no interrupt to ask for");          \
	} while (0)
/* The interrupt that this asks for has come when it is left. */
#define NEED_LATER_IRQ                                                                             \
	do {                                                                                       \
		NEED_IRQ;                                                                          \
		NEED(self->w.ops->irq_raise(&self->w, 1) != -EOPNOTSUPP,                           \
		     "the device has no interrupt that comes later than asked for");               \
		vmig_sleep_ms(50);                                                                 \
	} while (0)
#define NEED_WORK                                                                                  \
	NEED(self->w.ops->counter || self->w.ops->dma_write || vmig_irq_there(&self->w),           \
	     "no exerciser can make this device work")
#define NEED_COUNTER NEED(self->w.ops->counter, "no exerciser knows what moves in this device")
#define NEED_RECONFIGURABLE                                                                        \
	NEED(self->w.ops->reinit && self->w.ops->reinit(&self->w, 0) != -ENOENT,                   \
	     "no exerciser can reconfigure this device")
#define NEED_HOLD                                                                                  \
	NEED(self->w.ops->hold_stream, "no exerciser can make this device wait with its stream")

/* What fixtures with an exerciser have besides VMIG_FIXTURE_DATA. */
#define VMIG_WORK_DATA                                                                             \
	struct vmig_exercise w;                                                                    \
	struct vmig_dma mem

#define VMIG_WORK_SETUP(migratable)                                                                \
	do {                                                                                       \
		VMIG_SETUP(migratable);                                                            \
		vmig_exercise_begin(&self->w, self->dev);                                          \
	} while (0)

#define VMIG_WORK_TEARDOWN()                                                                       \
	do {                                                                                       \
		vmig_exercise_memory_end(&self->w, &self->mem);                                    \
		VMIG_TEARDOWN();                                                                   \
	} while (0)

#define VMIG_WORK_FIXTURE(fixture, variants, ...)                                                  \
	VMIG_FIXTURE_FULL(fixture, VMIG_WORK_DATA, VMIG_WORK_SETUP(true), VMIG_WORK_TEARDOWN(),    \
			  __VA_ARGS__);                                                            \
	variants(fixture)

#define VMIG_WORK_FIXTURE_STATES(fixture, variants)                                                \
	VMIG_WORK_FIXTURE(fixture, variants, uint32_t state;)

#define VMIG_WORK_FIXTURE_WAYS(fixture) VMIG_WORK_FIXTURE(fixture, VMIG_VARIANTS_UAPIS)

#endif /* VMIG_HELPERS_FIXTURE_EXERCISE_H */
