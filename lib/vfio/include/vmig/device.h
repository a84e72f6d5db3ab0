/* SPDX-License-Identifier: GPL-2.0-only */
/* An open VFIO device, through the cdev or through the group. */
#ifndef VMIG_VFIO_DEVICE_H
#define VMIG_VFIO_DEVICE_H

#include <stdbool.h>
#include <stdint.h>

#include <vmig/uapi.h>
#include <vmig/resolve.h>

/**
 * enum vmig_uapi - how a device is opened
 * @VMIG_UAPI_CDEV: the cdev, bound to an iommufd
 * @VMIG_UAPI_GROUP: the group, in a type1 container
 * @VMIG_UAPI_COMPAT: the group, with an iommufd in the place of the container
 * @VMIG_NR_UAPIS: how many there are
 */
enum vmig_uapi { VMIG_UAPI_CDEV, VMIG_UAPI_GROUP, VMIG_UAPI_COMPAT, VMIG_NR_UAPIS };

/**
 * struct vmig_device - an open device
 * @id: which one
 * @uapi: how it was opened
 * @fd: the device fd
 * @container: what the group is in: a type1 container, or an iommufd (compat); -1 of a cdev
 * @group: group fd, -1 of a cdev
 * @iommufd: iommufd of a cdev, else -1
 * @devid: object id of a cdev in the iommufd
 * @ioas: object id of the IOAS it is attached to, 0 in a type1 container
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
int __vmig_open_soon(const struct vmig_dev_id *id, enum vmig_uapi uapi, struct vmig_device **dev);
struct vmig_device *vmig_open_soon(const struct vmig_dev_id *id, enum vmig_uapi uapi);
int __vmig_open_shared_ioas(const struct vmig_dev_id *id, struct vmig_device *first,
			    struct vmig_device **dev);
void vmig_close(struct vmig_device *dev);
void vmig_close_fd(struct vmig_device *dev);

int __vmig_cdev_bind(int fd, int iommufd, uint32_t *devid);
int __vmig_open_again(struct vmig_device *dev);

int __vmig_reset(struct vmig_device *dev);
void vmig_reset(struct vmig_device *dev);
int __vmig_hot_reset_as(struct vmig_device *dev, uint32_t argsz, uint32_t flags, uint32_t count,
			int group);
int __vmig_hot_reset(struct vmig_device *dev);

#endif /* VMIG_VFIO_DEVICE_H */
