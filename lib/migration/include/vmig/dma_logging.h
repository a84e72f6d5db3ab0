/* SPDX-License-Identifier: GPL-2.0-only */
/* Device DMA logging: START, REPORT, STOP. */
#ifndef VMIG_MIGRATION_DMA_LOGGING_H
#define VMIG_MIGRATION_DMA_LOGGING_H

#include <vmig/device.h>

int __vmig_log_start(struct vmig_device *dev, uint64_t *page_size,
		     const struct vfio_device_feature_dma_logging_range *ranges, uint32_t count);
int __vmig_log_stop(struct vmig_device *dev);
/* Why tests of DMA logging are skipped where vmig_log_served() says no. */
#define VMIG_LOG_UNSERVED "the kernel reports no dirty pages (CONFIG_IOMMUFD_DRIVER)"

bool vmig_log_served(struct vmig_device *dev);
int __vmig_log_report(struct vmig_device *dev, uint64_t iova, uint64_t length, uint64_t page_size,
		      void *bitmap);
void vmig_log_start(struct vmig_device *dev, uint64_t *page_size,
		    const struct vfio_device_feature_dma_logging_range *ranges, uint32_t count);
void vmig_log_stop(struct vmig_device *dev);
void vmig_log_report(struct vmig_device *dev, uint64_t iova, uint64_t length, uint64_t page_size,
		     void *bitmap);

#endif /* VMIG_MIGRATION_DMA_LOGGING_H */
