/* SPDX-License-Identifier: GPL-2.0-only */
/* A fixture with a device that is saved, and with the one that is loaded with that. */
#ifndef VMIG_TESTS_DATA_FD_FIXTURE_TARGET_H
#define VMIG_TESTS_DATA_FD_FIXTURE_TARGET_H

#include "fixture_exercise.h"
#include "second_device.h"

/* A state may be gigabytes and is moved several times in a test; seconds. */
#define MINUTES 300

/*
 * @second: another device, where the variant has two; @w2: its exerciser; @why_alone: why there is
 * none; @to: the exerciser of the device that is loaded, the second one or the same; @s: a stream.
 */
#define TARGET_DATA                                                                                \
	VMIG_WORK_DATA;                                                                            \
	struct vmig_device *second;                                                                \
	struct vmig_exercise w2;                                                                   \
	struct vmig_exercise *to;                                                                  \
	const char *why_alone;                                                                     \
	struct vmig_stream s

#define TARGET_SETUP()                                                                             \
	do {                                                                                       \
		VMIG_WORK_SETUP(true);                                                             \
		self->to = &self->w;                                                               \
		self->second =                                                                     \
			variant->two ? vmig_open_second(self->dev, &self->why_alone) : NULL;       \
		if (self->second) {                                                                \
			vmig_exercise_begin(&self->w2, self->second);                              \
			self->to = &self->w2;                                                      \
		}                                                                                  \
	} while (0)

#define TARGET_TEARDOWN()                                                                          \
	do {                                                                                       \
		struct vmig_dma none_ = {};                                                        \
		vmig_stream_free(&self->s);                                                        \
		vmig_exercise_memory_end(&self->w2, &none_);                                       \
		vmig_exercise_memory_end(&self->w, &self->mem);                                    \
		vmig_close(self->second);                                                          \
		VMIG_TEARDOWN();                                                                   \
	} while (0)

#define TARGET_FIXTURE(fixture)                                                                    \
	VMIG_FIXTURE_FULL(fixture, TARGET_DATA, TARGET_SETUP(), TARGET_TEARDOWN(), bool two;);     \
	VMIG_VARIANT(fixture, cdev_same_device, .uapi = VMIG_UAPI_CDEV);                           \
	VMIG_VARIANT(fixture, cdev_second_device, .uapi = VMIG_UAPI_CDEV, .two = true);            \
	VMIG_VARIANT(fixture, group_same_device, .uapi = VMIG_UAPI_GROUP);                         \
	VMIG_VARIANT(fixture, group_second_device, .uapi = VMIG_UAPI_GROUP, .two = true)

#define NEED_SECOND NEED(self->second || !variant->two, "%s", self->why_alone)

#endif /* VMIG_TESTS_DATA_FD_FIXTURE_TARGET_H */
