/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The VFIO uAPI, independent of the kernel headers of the build. Definitions come from
 * linux/vfio.h; what is newer than the oldest supported header is
 * added here, so that one binary tests any kernel and finds out at run time what
 * it has.
 */
#ifndef VMIG_SPEC_UAPI_H
#define VMIG_SPEC_UAPI_H

#include <linux/iommufd.h>
#include <linux/vfio.h>

/* v6.19: a dma-buf of parts of a region; the fd is what the ioctl returns. */
#ifndef VFIO_DEVICE_FEATURE_DMA_BUF
#define VFIO_DEVICE_FEATURE_DMA_BUF 11

struct vfio_region_dma_range {
	__u64 offset;
	__u64 length;
};

struct vfio_device_feature_dma_buf {
	__u32 region_index;
	__u32 open_flags;
	__u32 flags;
	__u32 nr_ranges;
	struct vfio_region_dma_range dma_ranges[];
};
#endif

/* v6.13: a memfd, and since v6.19 a dma-buf, in an IOAS. */
#ifndef IOMMU_IOAS_MAP_FILE
#define IOMMU_IOAS_MAP_FILE _IO(IOMMUFD_TYPE, 0x8f)

struct iommu_ioas_map_file {
	__u32 size;
	__u32 flags;
	__u32 ioas_id;
	__s32 fd;
	__aligned_u64 start;
	__aligned_u64 length;
	__aligned_u64 iova;
};
#endif

/* v7.1, d7140b5dde45: opt in to a defined vfio_precopy_info.flags on output. */
#ifndef VFIO_DEVICE_FEATURE_MIG_PRECOPY_INFOv2
#define VFIO_DEVICE_FEATURE_MIG_PRECOPY_INFOv2 12
#endif
#ifndef VFIO_PRECOPY_INFO_REINIT
#define VFIO_PRECOPY_INFO_REINIT (1 << 0)
#endif

/* v6.17: the token of a virtual function, an address behind what BIND had before. */
#ifndef VFIO_DEVICE_BIND_FLAG_TOKEN
#define VFIO_DEVICE_BIND_FLAG_TOKEN (1 << 0)
#endif

/* v6.15: the same bit for ATTACH and DETACH, a 32-bit PASID behind what they had before. */
#ifndef VFIO_DEVICE_ATTACH_PASID
#define VFIO_DEVICE_ATTACH_PASID (1 << 0)
#define VFIO_DEVICE_DETACH_PASID (1 << 0)
#endif

/* No feature of any kernel: they are numbered from 0 on, and 13 is the last one in v7.3. */
#define VMIG_FEATURE_UNKNOWN 0xffff

/* The flags that combine to the four FSMs (H:990). */
#define VMIG_MIGRATION_KNOWN                                                                       \
	(VFIO_MIGRATION_STOP_COPY | VFIO_MIGRATION_P2P | VFIO_MIGRATION_PRE_COPY)

#endif /* VMIG_SPEC_UAPI_H */
