/* SPDX-License-Identifier: GPL-2.0-only */
/* Access to a device's regions through its fd, as a VMM does it for a guest. */
#ifndef VMIG_VFIO_REGION_H
#define VMIG_VFIO_REGION_H

#include <stddef.h>
#include <sys/types.h>

#include <vmig/device.h>

ssize_t __vmig_region_read(struct vmig_device *dev, const struct vfio_region_info *info,
			   uint64_t at, void *buf, size_t len);
ssize_t __vmig_region_write(struct vmig_device *dev, const struct vfio_region_info *info,
			    uint64_t at, const void *buf, size_t len);
int __vmig_region_mmap(struct vmig_device *dev, const struct vfio_region_info *info,
		       uint64_t offset, uint64_t size, void **at);
int __vmig_region_mmap_first(struct vmig_device *dev, const struct vfio_region_info *info,
			     uint64_t size, void **at);
struct vfio_region_info *__vmig_pci_config(struct vmig_device *dev);

#endif /* VMIG_VFIO_REGION_H */
