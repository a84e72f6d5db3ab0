/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * cloud-hypervisor: pci/src/vfio.rs of 2026 on the crate vfio-ioctls. A snapshot is what a
 * migration is too: the VM is paused, its state is saved, and another process restores it.
 */
#ifndef VMIG_TESTS_VMM_VMM_CLH_H
#define VMIG_TESTS_VMM_VMM_CLH_H

#include "vmm.h"

void vmig_clh_begin(struct consumer *c, struct vmig_device *dev);
int vmig_clh_new(struct consumer *c);
int vmig_clh_pause(struct consumer *c);
int vmig_clh_resume(struct consumer *c);
int vmig_clh_save(struct consumer *c);
int vmig_clh_restore(struct consumer *c, size_t bytes);

int vmig_clh_dirty_log_start(struct consumer *c,
			     const struct vfio_device_feature_dma_logging_range *ranges,
			     uint32_t count, uint64_t *page_size);
int vmig_clh_dirty_log_report(struct consumer *c, uint64_t iova, uint64_t size, uint64_t page_size,
			      uint64_t *bitmap);
int vmig_clh_dirty_log_stop(struct consumer *c);

#endif /* VMIG_TESTS_VMM_VMM_CLH_H */
