/* SPDX-License-Identifier: GPL-2.0-only */
/* DMA mappings of a device, in the container or in the IOAS. */
#ifndef VMIG_VFIO_DMA_H
#define VMIG_VFIO_DMA_H

#include <stddef.h>

#include <vmig/device.h>

/**
 * struct vmig_dma - memory that a device can reach
 * @dev: the device
 * @at: where it is for us
 * @iova: where it is for the device
 * @size: bytes
 */
struct vmig_dma {
	struct vmig_device *dev;
	unsigned char *at;
	uint64_t iova;
	uint64_t size;
};

int __vmig_dma_map(struct vmig_device *dev, void *at, uint64_t iova, uint64_t size);
void vmig_dma_map(struct vmig_device *dev, void *at, uint64_t iova, uint64_t size);
int __vmig_dma_unmap(struct vmig_device *dev, uint64_t iova, uint64_t size);

int __vmig_iova_find(struct vmig_device *dev, unsigned int bits, uint64_t from, uint64_t size,
		     uint64_t align, uint64_t *iova);

void vmig_dma_alloc(struct vmig_device *dev, unsigned int bits, uint64_t size, uint64_t align,
		    struct vmig_dma *mem);
void vmig_dma_free(struct vmig_dma *mem);

#endif /* VMIG_VFIO_DMA_H */
