/* SPDX-License-Identifier: GPL-2.0-only */
/* What VFIO asks of a driver differently in the kernels that the reference drivers are for. */
#ifndef VFIO_MIG_REF_COMPAT_H
#define VFIO_MIG_REF_COMPAT_H

#include <linux/version.h>
#include <linux/vfio.h>
#include <linux/workqueue.h>

/* GET_REGION_INFO is answered by the core, which asks get_region_info_caps(). */
#define REF_CORE_HAS_REGION_INFO (LINUX_VERSION_CODE >= KERNEL_VERSION(6, 19, 0))
/* vfio_pci_core_match() calls match_token_uuid() without looking whether there is one. */
#define REF_CORE_HAS_TOKEN_UUID (LINUX_VERSION_CODE >= KERNEL_VERSION(6, 17, 0))
/* vfio-pci exports BARs as dma-bufs for a driver that says where they are. */
#define REF_CORE_EXPORTS_BARS (LINUX_VERSION_CODE >= KERNEL_VERSION(6, 19, 0))
/* vfio_pci_core_enable() has mapped each BAR. */
#define REF_CORE_MAPS_BARS (LINUX_VERSION_CODE >= KERNEL_VERSION(7, 1, 0))

#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 17, 0)
#define system_percpu_wq system_wq
#endif

/* MIG_PRECOPY_INFOv2: the core keeps who has opted in, until the last close. */
#if LINUX_VERSION_CODE >= KERNEL_VERSION(7, 1, 0)
static inline bool ref_opted_in(const struct vfio_device *vdev)
{
	return vdev->precopy_info_v2;
}

static inline void ref_set_opted_in(struct vfio_device *vdev, bool on)
{
	vdev->precopy_info_v2 = on;
}
#else
#define VFIO_PRECOPY_INFO_REINIT BIT(0)
static inline bool ref_opted_in(const struct vfio_device *vdev)
{
	return false;
}

static inline void ref_set_opted_in(struct vfio_device *vdev, bool on)
{
}
#endif

#if !REF_CORE_HAS_REGION_INFO
long ref_region_info(struct vfio_device *vdev, unsigned long arg,
		     int (*info_caps)(struct vfio_device *vdev, struct vfio_region_info *info,
				      struct vfio_info_cap *caps));
#endif

#endif /* VFIO_MIG_REF_COMPAT_H */
