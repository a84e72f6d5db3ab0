/* SPDX-License-Identifier: GPL-2.0-only */
/* Other devices of a test: one of the same type, and a target of peer to peer DMA. */
#ifndef VMIG_HELPERS_SECOND_DEVICE_H
#define VMIG_HELPERS_SECOND_DEVICE_H

#include <vmig/device.h>

struct vmig_device *vmig_open_like(struct vmig_device *dev, const struct vmig_dev_id *id,
				   const char **why);
struct vmig_device *vmig_open_second(struct vmig_device *dev, const char **why);
struct vmig_device *vmig_open_p2p_target(struct vmig_device *dev, const char **why);

#endif /* VMIG_HELPERS_SECOND_DEVICE_H */
