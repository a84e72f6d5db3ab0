// SPDX-License-Identifier: GPL-2.0-only
/* What the core did not do yet in kernels before that of compat.h. */
#include <linux/slab.h>
#include <linux/uaccess.h>

#include "compat.h"

#if !REF_CORE_HAS_REGION_INFO
/* Behind the structure, or only how much room they take. */
static int put_caps(struct vfio_region_info *info, struct vfio_info_cap *caps, unsigned long arg)
{
	if (!caps->size)
		return 0;
	info->flags |= VFIO_REGION_INFO_FLAG_CAPS;
	if (info->argsz < sizeof(*info) + caps->size) {
		info->argsz = sizeof(*info) + caps->size;
		return 0;
	}
	vfio_info_cap_shift(caps, sizeof(*info));
	info->cap_offset = sizeof(*info);
	return copy_to_user((void __user *)(arg + sizeof(*info)), caps->buf, caps->size) ? -EFAULT
											 : 0;
}

/**
 * ref_region_info() - VFIO_DEVICE_GET_REGION_INFO, as the core answers it since 6.19
 * @vdev: device
 * @arg: struct vfio_region_info of the user
 * @info_caps: what &vfio_device_ops.get_region_info_caps is there
 *
 * Return: 0, or -errno
 */
long ref_region_info(struct vfio_device *vdev, unsigned long arg,
		     int (*info_caps)(struct vfio_device *vdev, struct vfio_region_info *info,
				      struct vfio_info_cap *caps))
{
	const size_t minsz = offsetofend(struct vfio_region_info, offset);
	struct vfio_region_info info = {};
	struct vfio_info_cap caps = {};
	int ret;

	if (copy_from_user(&info, (void __user *)arg, minsz))
		return -EFAULT;
	if (info.argsz < minsz)
		return -EINVAL;
	info.cap_offset = 0;
	ret = info_caps(vdev, &info, &caps);
	if (!ret)
		ret = put_caps(&info, &caps, arg);
	kfree(caps.buf);
	if (ret)
		return ret;
	return copy_to_user((void __user *)arg, &info, minsz) ? -EFAULT : 0;
}
EXPORT_SYMBOL_GPL(ref_region_info);
#endif
