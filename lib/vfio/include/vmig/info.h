/* SPDX-License-Identifier: GPL-2.0-only */
/* VFIO_DEVICE_GET_INFO, _GET_REGION_INFO, _GET_IRQ_INFO and interrupt eventfds. */
#ifndef VMIG_VFIO_INFO_H
#define VMIG_VFIO_INFO_H

#include <stdlib.h>

#include <vmig/device.h>

int __vmig_device_info(struct vmig_device *dev, struct vfio_device_info *info);
void vmig_device_info(struct vmig_device *dev, struct vfio_device_info *info);
bool vmig_can_reset(struct vmig_device *dev);

int __vmig_region_info(struct vmig_device *dev, uint32_t index, struct vfio_region_info **info);
struct vfio_region_info *vmig_region_info(struct vmig_device *dev, uint32_t index);
struct vfio_region_info *__vmig_region_from(struct vmig_device *dev, uint32_t count,
					    uint32_t *index);
const struct vfio_info_cap_header *vmig_region_cap(const struct vfio_region_info *info,
						   uint16_t id);

/* Regions that answer: @info is freed behind the body; after a break it is the caller's. */
#define vmig_for_each_region(dev, dev_info, i, info)                                               \
	for ((i) = 0; ((info) = __vmig_region_from(dev, (dev_info)->num_regions, &(i)));           \
	     free(info), (i)++)

int __vmig_irq_info(struct vmig_device *dev, uint32_t index, struct vfio_irq_info *info);

int __vmig_irq_enable(struct vmig_device *dev, uint32_t index, int eventfd);
int __vmig_irq_disable(struct vmig_device *dev, uint32_t index);
int __vmig_irq_trigger(struct vmig_device *dev, uint32_t index);

#endif /* VMIG_VFIO_INFO_H */
