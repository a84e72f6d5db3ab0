/* SPDX-License-Identifier: GPL-2.0-only */
/* Registers of a device, for exercisers. */
#ifndef VMIG_EXERCISERS_BAR_H
#define VMIG_EXERCISERS_BAR_H

#include <stddef.h>

#include <vmig/device.h>

/**
 * struct vmig_bar - a region that an exerciser works with
 * @dev: the device
 * @info: the region
 */
struct vmig_bar {
	struct vmig_device *dev;
	struct vfio_region_info *info;
};

int vmig_bar_enable(struct vmig_device *dev);
int vmig_bar_begin(struct vmig_bar *bar, struct vmig_device *dev, uint32_t index);
void vmig_bar_end(struct vmig_bar *bar);
int vmig_bar_read(struct vmig_bar *bar, uint64_t at, void *buf, size_t len);
int vmig_bar_write(struct vmig_bar *bar, uint64_t at, const void *buf, size_t len);
int vmig_bar_write8(struct vmig_bar *bar, uint64_t at, uint8_t value);
int vmig_bar_write32(struct vmig_bar *bar, uint64_t at, uint32_t value);
int vmig_bar_write64(struct vmig_bar *bar, uint64_t at, uint64_t value);

#endif /* VMIG_EXERCISERS_BAR_H */
