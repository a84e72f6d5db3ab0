/* SPDX-License-Identifier: GPL-2.0-only */
/* All devices of the type under test that a run may touch, for what a VMM does with several. */
#ifndef VMIG_TESTS_PERF_DEVICES_H
#define VMIG_TESTS_PERF_DEVICES_H

#include <vmig/device.h>

/* Four that migrate, and four where they go. */
#define VMIG_DEVICES_MAX 8

/**
 * struct vmig_devices - open devices, each in RUNNING
 * @dev: the device under test is the first of them
 * @count: their number, 1 or more
 */
struct vmig_devices {
	struct vmig_device *dev[VMIG_DEVICES_MAX];
	unsigned int count;
};

void vmig_devices_open(struct vmig_devices *f, struct vmig_device *dev, unsigned int most,
		       const char **why);
void vmig_devices_close(struct vmig_devices *f);

#endif /* VMIG_TESTS_PERF_DEVICES_H */
