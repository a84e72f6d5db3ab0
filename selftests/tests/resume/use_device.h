/* SPDX-License-Identifier: GPL-2.0-only */
/* Use a device that took a stream, whatever that has made of it: as its guest and a VMM would. */
#ifndef VMIG_TESTS_RESUME_USE_DEVICE_H
#define VMIG_TESTS_RESUME_USE_DEVICE_H

#include <stdbool.h>

#include <vmig/device.h>
#include "verdict.h"

/* The clauses that vmig_use_device() and vmig_judge_use() check. */
#define VMIG_USE_CLAUSES RES_08, QUI_01, QUI_02

/* What a read changes hides what a write would have met: a FIFO that was read has another count. */
enum vmig_use_first {
	VMIG_READS_FIRST,
	VMIG_WRITES_FIRST,
};

void vmig_use_device(struct vmig_device *dev, enum vmig_use_first first, const char **step,
		     const char *after);
bool vmig_judge_use_at(const char *at, struct vmig_device *dev, enum vmig_use_first first,
		       const char *did);

/* A breach reports the line of the call. */
#define vmig_judge_use(...) vmig_judge_use_at(VMIG_HERE, __VA_ARGS__)

#endif /* VMIG_TESTS_RESUME_USE_DEVICE_H */
