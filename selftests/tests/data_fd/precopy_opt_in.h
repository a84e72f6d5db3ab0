/* SPDX-License-Identifier: GPL-2.0-only */
/* VFIO_MIG_GET_PRECOPY_INFO with its flags, and the opt-in to what they say (v7.1). */
#ifndef VMIG_TESTS_DATA_FD_PRECOPY_OPT_IN_H
#define VMIG_TESTS_DATA_FD_PRECOPY_OPT_IN_H

#include <stdint.h>

#include <vmig/device.h>
#include <vmig/feature.h>
#include "verdict.h"

/* v7.1, d7140b5dde45. What a kernel before it does is not this feature's business. */
#define NEED_OPT_IN                                                                                \
	NEED(!__vmig_probe(self->dev, VFIO_DEVICE_FEATURE_MIG_PRECOPY_INFOv2, 0),                  \
	     "the kernel has no VFIO_DEVICE_FEATURE_MIG_PRECOPY_INFOv2 (v7.1)")

int __vmig_info_at(int fd, void *at);
int __vmig_info_with_flags(int fd, uint32_t flags, struct vfio_precopy_info *info);
void vmig_info_with_flags(int fd, uint32_t flags, struct vfio_precopy_info *info);
void vmig_opt_in(struct vmig_device *dev);
void vmig_check_output_flags(enum vmig_clause_id id, int fd, const char *when);

#endif /* VMIG_TESTS_DATA_FD_PRECOPY_OPT_IN_H */
