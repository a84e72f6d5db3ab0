/* SPDX-License-Identifier: GPL-2.0-only */
/* Check that a device can still be saved and loaded. */
#ifndef VMIG_HELPERS_ROUND_TRIP_CHECK_H
#define VMIG_HELPERS_ROUND_TRIP_CHECK_H

#include <stdbool.h>

#include <vmig/device.h>

const char *vmig_round_trip(struct vmig_device *dev);
void vmig_require_round_trip(struct vmig_device *dev);
bool vmig_saves_nothing(struct vmig_device *dev);

#endif /* VMIG_HELPERS_ROUND_TRIP_CHECK_H */
