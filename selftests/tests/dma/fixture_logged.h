/* SPDX-License-Identifier: GPL-2.0-only */
/* A fixture with a device that can be made to write to memory, and may log it. */
#ifndef VMIG_TESTS_DMA_FIXTURE_LOGGED_H
#define VMIG_TESTS_DMA_FIXTURE_LOGGED_H

#include <vmig/dma_logging.h>
#include "fixture_exercise.h"
#include "logged_dma.h"

/* IOVAs of the memory begin at a multiple of this. */
#define VMIG_LOGGED_ALIGN (2ULL << 20)

#define NEED_LOGGED_DMA                                                                            \
	do {                                                                                       \
		NEED(self->logging, "the device offers no DMA logging");                           \
		NEED(vmig_log_served(self->dev), VMIG_LOG_UNSERVED);                               \
		NEED_DMA;                                                                          \
	} while (0)

/* @seed: of what was written last; @granule: what START has answered, for the test to keep. */
#define VMIG_LOGGED_DATA                                                                           \
	VMIG_WORK_DATA;                                                                            \
	bool logging;                                                                              \
	uint32_t seed;                                                                             \
	uint64_t granule

#define VMIG_LOGGED_SETUP(size_, seed_)                                                            \
	do {                                                                                       \
		VMIG_SETUP(false);                                                                 \
		vmig_exercise_begin(&self->w, self->dev);                                          \
		self->seed = (seed_);                                                              \
		self->logging = !__vmig_probe(self->dev, VFIO_DEVICE_FEATURE_DMA_LOGGING_START,    \
					      VFIO_DEVICE_FEATURE_SET);                            \
		if (self->logging && self->w.ops->dma_write)                                       \
			vmig_exercise_memory_sized(&self->w, size_, VMIG_LOGGED_ALIGN,             \
						   &self->mem);                                    \
	} while (0)

#define VMIG_LOGGED_TEARDOWN()                                                                     \
	do {                                                                                       \
		__vmig_log_stop(self->dev);                                                        \
		if (self->flags)                                                                   \
			vmig_recover_running(self->dev);                                           \
		if (self->w.ops->dma_wait)                                                         \
			self->w.ops->dma_wait(&self->w, VMIG_EXERCISE_MS, NULL);                   \
		vmig_exercise_end(&self->w);                                                       \
		vmig_dma_free(&self->mem);                                                         \
		VMIG_TEARDOWN();                                                                   \
	} while (0)

/* With @size bytes of memory; what the device writes is made from @seed on. */
#define VMIG_LOGGED_FIXTURE(fixture, size, seed)                                                   \
	VMIG_FIXTURE_FULL(fixture, VMIG_LOGGED_DATA, VMIG_LOGGED_SETUP(size, seed),                \
			  VMIG_LOGGED_TEARDOWN(), VMIG_NO_DATA);                                   \
	VMIG_VARIANTS_UAPIS(fixture)

#endif /* VMIG_TESTS_DMA_FIXTURE_LOGGED_H */
