/* SPDX-License-Identifier: GPL-2.0-only */
/* All devices of the type under test that a run may touch, for what a VMM does with several. */
#ifndef VMIG_SELFTESTS_FLEET_H
#define VMIG_SELFTESTS_FLEET_H

#include <vmig/device.h>

/* Four that migrate, and four where they go. */
#define VMIG_FLEET_MAX 8

/**
 * struct vmig_fleet - open devices, each in RUNNING
 * @dev: the device under test is the first of them
 * @count: their number, 1 or more
 */
struct vmig_fleet {
	struct vmig_device *dev[VMIG_FLEET_MAX];
	unsigned int count;
};

void vmig_fleet_open(struct vmig_fleet *f, struct vmig_device *dev, unsigned int most,
		     const char **why);
void vmig_fleet_close(struct vmig_fleet *f);

#endif /* VMIG_SELFTESTS_FLEET_H */
