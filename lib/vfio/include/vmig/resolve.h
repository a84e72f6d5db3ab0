/* SPDX-License-Identifier: GPL-2.0-only */
/* Resolve a device name (BDF, UUID, cdev, sysfs path) to its group and cdev nodes. */
#ifndef VMIG_VFIO_RESOLVE_H
#define VMIG_VFIO_RESOLVE_H

#include <stdbool.h>
#include <stddef.h>

/**
 * struct vmig_dev_id - a device, found in sysfs
 * @spec: what the user wrote
 * @sysfs: canonical path of the device under /sys/devices
 * @name: its last component, a BDF or an mdev UUID
 * @bus: "pci", "mdev", or the name of another bus
 * @driver: bound driver, "" if none
 * @module: module of that driver, "" if it is built in
 * @cdev: path of the character device, "" where the kernel offers none
 * @group: path of the group node, "" where the kernel offers none
 * @group_id: number of the IOMMU group, -1 without one
 */
struct vmig_dev_id {
	char spec[256];
	char sysfs[512];
	char name[128];
	char bus[32];
	char driver[64];
	char module[64];
	char cdev[128];
	char group[64];
	int group_id;
};

/* What stands before /sys and /dev: "", or a directory with a tree that a test has made. */
extern const char *vmig_root;

bool vmig_is_bdf(const char *spec);
int vmig_resolve(const char *spec, struct vmig_dev_id *id, char *why, size_t len);
void vmig_link_name(const char *dir, const char *link, char *name, size_t len);

#endif /* VMIG_VFIO_RESOLVE_H */
