/* SPDX-License-Identifier: GPL-2.0-only */
/* The second device, one of the same type as the device under test. */
#ifndef VMIG_HELPERS_SECOND_DEVICE_H
#define VMIG_HELPERS_SECOND_DEVICE_H

#include <vmig/device.h>

struct vmig_device *vmig_open_like(struct vmig_device *dev, const struct vmig_dev_id *id,
				   const char **why);
struct vmig_device *vmig_open_second(struct vmig_device *dev, const char **why);

#endif /* VMIG_HELPERS_SECOND_DEVICE_H */
