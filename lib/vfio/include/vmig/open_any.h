/* SPDX-License-Identifier: GPL-2.0-only */
/* Open a device through the cdev or the group, whichever the kernel offers. */
#ifndef VMIG_VFIO_OPEN_ANY_H
#define VMIG_VFIO_OPEN_ANY_H

#include <stddef.h>

#include <vmig/device.h>

int vmig_open_any(const struct vmig_dev_id *id, struct vmig_device **dev, char *why, size_t len);

#endif /* VMIG_VFIO_OPEN_ANY_H */
