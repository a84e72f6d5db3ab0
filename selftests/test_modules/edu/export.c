// SPDX-License-Identifier: GPL-2.0-only
/*
 * BARs as dma-bufs, for the DMA of peers. vfio-pci makes them and takes them back; it asks the
 * driver where they are. A peer of the same user then reaches all registers of the page, as
 * it does on hardware, and not EDU_LIVE alone as through a window.
 */
#include "edu.h"

#if REF_CORE_EXPORTS_BARS
static int edu_dmabuf_phys(struct vfio_pci_core_device *core, struct p2pdma_provider **provider,
			   unsigned int region, struct phys_vec *phys,
			   struct vfio_region_dma_range *ranges, size_t count)
{
	struct edu_device *edu = container_of(core, struct edu_device, core);
	size_t i;

	if (edu_defect(edu, REF_DEFECT_dma_buf_elsewhere))
		for (i = 0; i < count; i++)
			ranges[i].offset += PAGE_SIZE;
	return vfio_pci_core_get_dmabuf_phys(core, provider, region, phys, ranges, count);
}

static const struct vfio_pci_device_ops edu_pci_ops = {
	.get_dmabuf_phys = edu_dmabuf_phys,
};

/**
 * edu_export_bars() - let user space have dma-bufs of the BARs
 * @edu: device, new
 */
void edu_export_bars(struct edu_device *edu)
{
	edu->core.pci_ops = &edu_pci_ops;
}
#else
void edu_export_bars(struct edu_device *edu)
{
}
#endif
