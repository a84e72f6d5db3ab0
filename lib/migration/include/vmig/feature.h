/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * VFIO_DEVICE_FEATURE for the migration features, and VFIO_MIG_GET_PRECOPY_INFO.
 * __vmig_x() returns -errno, vmig_x() must work.
 */
#ifndef VMIG_MIGRATION_FEATURE_H
#define VMIG_MIGRATION_FEATURE_H

#include <vmig/device.h>

#define VMIG_FEATURE_HDR sizeof(struct vfio_device_feature)

int __vmig_feature(int fd, void *arg);
int __vmig_feature_op(int fd, uint32_t feature, uint32_t ops, void *payload, uint32_t size);
int __vmig_probe(struct vmig_device *dev, uint32_t feature, uint32_t ops);

int __vmig_get_migration(struct vmig_device *dev, uint64_t *flags);
uint64_t vmig_get_migration(struct vmig_device *dev);

int __vmig_get_state(struct vmig_device *dev, uint32_t *state);
uint32_t vmig_get_state(struct vmig_device *dev);

int __vmig_set_state(struct vmig_device *dev, uint32_t state, int *data_fd);
int vmig_set_state(struct vmig_device *dev, uint32_t state);

int __vmig_get_data_size(struct vmig_device *dev, uint64_t *length);
uint64_t vmig_get_data_size(struct vmig_device *dev);

int __vmig_precopy_info(int data_fd, struct vfio_precopy_info *info);
void vmig_precopy_info(int data_fd, struct vfio_precopy_info *info);
int __vmig_precopy_info_v2(struct vmig_device *dev);

#endif /* VMIG_MIGRATION_FEATURE_H */
