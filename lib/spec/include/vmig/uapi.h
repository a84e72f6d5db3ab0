/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The VFIO uAPI, independent of the kernel headers of the build. Definitions come from
 * linux/vfio.h; what is newer than the oldest supported header is
 * added here, so that one binary tests any kernel and finds out at run time what
 * it has.
 */
#ifndef VMIG_SPEC_UAPI_H
#define VMIG_SPEC_UAPI_H

#include <linux/vfio.h>

/* v7.1, d7140b5dde45: opt in to a defined vfio_precopy_info.flags on output. */
#ifndef VFIO_DEVICE_FEATURE_MIG_PRECOPY_INFOv2
#define VFIO_DEVICE_FEATURE_MIG_PRECOPY_INFOv2 12
#endif
#ifndef VFIO_PRECOPY_INFO_REINIT
#define VFIO_PRECOPY_INFO_REINIT (1 << 0)
#endif

/*
 * Feature indexes that are no feature of any kernel. 13 and its neighbours are
 * being argued about on the list; the top of the 16-bit space is not.
 */
#define VMIG_FEATURE_UNKNOWN 0xffff

/* The flags that combine to the four FSMs (H:990). */
#define VMIG_MIGRATION_KNOWN                                                                       \
	(VFIO_MIGRATION_STOP_COPY | VFIO_MIGRATION_P2P | VFIO_MIGRATION_PRE_COPY)

#endif /* VMIG_SPEC_UAPI_H */
