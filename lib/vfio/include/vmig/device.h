/* SPDX-License-Identifier: GPL-2.0-only */
/* An open VFIO device, through the group or through the cdev. */
#ifndef VMIG_VFIO_DEVICE_H
#define VMIG_VFIO_DEVICE_H

#include <stdbool.h>
#include <stdint.h>

#include <vmig/uapi.h>
#include <vmig/resolve.h>

enum vmig_uapi { VMIG_UAPI_CDEV, VMIG_UAPI_GROUP };

/**
 * struct vmig_device - an open device
 * @id: which one
 * @uapi: how it was opened
 * @fd: the device fd
 * @container: type1 container (group way), else -1
 * @group: group fd (group way), else -1
 * @iommufd: iommufd (cdev way), else -1
 * @devid: object id of the device in the iommufd
 * @ioas: object id of the IOAS it is attached to
 */
struct vmig_device {
	struct vmig_dev_id id;
	enum vmig_uapi uapi;
	int fd;
	int container;
	int group;
	int iommufd;
	uint32_t devid;
	uint32_t ioas;
};

const char *vmig_uapi_name(enum vmig_uapi uapi);
bool vmig_uapi_available(const struct vmig_dev_id *id, enum vmig_uapi uapi, const char **why);

int __vmig_open(const struct vmig_dev_id *id, enum vmig_uapi uapi, struct vmig_device **dev);
struct vmig_device *vmig_open(const struct vmig_dev_id *id, enum vmig_uapi uapi);
int __vmig_open_shared_ioas(const struct vmig_dev_id *id, struct vmig_device *first,
			    struct vmig_device **dev);
void vmig_close(struct vmig_device *dev);
void vmig_close_fd(struct vmig_device *dev);

int __vmig_cdev_bind(int fd, int iommufd, uint32_t *devid);
int __vmig_open_again(struct vmig_device *dev);

int __vmig_reset(struct vmig_device *dev);
void vmig_reset(struct vmig_device *dev);

#endif /* VMIG_VFIO_DEVICE_H */
