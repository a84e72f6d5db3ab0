/* SPDX-License-Identifier: GPL-2.0-only */
/* Snapshot of the device, region and interrupt info, to be compared later. */
#ifndef VMIG_TESTS_PROTOCOL_DEVICE_SNAPSHOT_H
#define VMIG_TESTS_PROTOCOL_DEVICE_SNAPSHOT_H

#include <stdbool.h>

#include <vmig/device.h>

/**
 * struct vmig_difference - the first fact in which two snapshots differ
 * @was: the earlier one's
 * @is: the later one's
 */
struct vmig_difference {
	char was[160];
	char is[160];
};

char *vmig_snapshot(struct vmig_device *dev);
bool vmig_snapshot_same(const char *before, const char *after, struct vmig_difference *d);

#endif /* VMIG_TESTS_PROTOCOL_DEVICE_SNAPSHOT_H */
