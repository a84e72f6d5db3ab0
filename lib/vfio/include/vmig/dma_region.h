/* SPDX-License-Identifier: GPL-2.0-only */
/* A region of one device, mapped for the DMA of another one. */
#ifndef VMIG_VFIO_DMA_REGION_H
#define VMIG_VFIO_DMA_REGION_H

#include <stddef.h>

#include <vmig/device.h>

/**
 * struct vmig_dma_region - a part of a region that another device can reach
 * @dev: who can reach it
 * @at: group way: the mapping of this process that was mapped for the device; else NULL
 * @iova: where it is for the device
 * @size: bytes; 0 where nothing is mapped
 */
struct vmig_dma_region {
	struct vmig_device *dev;
	void *at;
	uint64_t iova;
	uint64_t size;
};

int __vmig_dma_buf_export(struct vmig_device *dev, uint32_t index,
			  const struct vfio_region_dma_range *ranges, uint32_t count);
int __vmig_dma_map_file(struct vmig_device *dev, int fd, uint64_t start, uint64_t iova,
			uint64_t size);

int __vmig_dma_map_region(struct vmig_device *dev, struct vmig_device *target, uint32_t index,
			  uint64_t offset, uint64_t size, unsigned int bits,
			  struct vmig_dma_region *map);
int __vmig_dma_unmap_region(struct vmig_dma_region *map);

#endif /* VMIG_VFIO_DMA_REGION_H */
