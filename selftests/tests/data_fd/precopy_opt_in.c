// SPDX-License-Identifier: GPL-2.0-only
/* VFIO_MIG_GET_PRECOPY_INFO with its flags, and the opt-in to what they say (v7.1). */
#include <errno.h>
#include <sys/ioctl.h>

#include <vmig/error.h>
#include "precopy_opt_in.h"

/**
 * __vmig_info_at - VFIO_MIG_GET_PRECOPY_INFO on any memory
 * @fd: data_fd
 * @at: the memory
 *
 * Return: 0 or -errno; -EPROTO for a number above 0, which is no answer that an ioctl of VFIO
 * gives.
 */
int __vmig_info_at(int fd, void *at)
{
	int ret = ioctl(fd, VFIO_MIG_GET_PRECOPY_INFO, at);

	if (ret > 0)
		return -EPROTO;
	return ret ? -errno : 0;
}

/**
 * __vmig_info_with_flags - VFIO_MIG_GET_PRECOPY_INFO with something in the flags
 * @fd: data_fd
 * @flags: what the user puts there
 * @info: the answer
 *
 * Return: 0 or -errno.
 */
int __vmig_info_with_flags(int fd, uint32_t flags, struct vfio_precopy_info *info)
{
	*info = (struct vfio_precopy_info){ .argsz = sizeof(*info), .flags = flags };
	return __vmig_info_at(fd, info);
}

/**
 * vmig_info_with_flags - the same, which must work
 * @fd: data_fd
 * @flags: what the user puts there
 * @info: the answer
 */
void vmig_info_with_flags(int fd, uint32_t flags, struct vfio_precopy_info *info)
{
	int ret = __vmig_info_with_flags(fd, flags, info);

	if (ret)
		vmig_test_error("VFIO_MIG_GET_PRECOPY_INFO failed: %s", vmig_errno_name(ret));
}

/**
 * vmig_opt_in - SET of MIG_PRECOPY_INFOv2, which must work
 * @dev: a device that NEED_OPT_IN has not skipped
 */
void vmig_opt_in(struct vmig_device *dev)
{
	int ret = __vmig_precopy_info_v2(dev);

	if (ret)
		vmig_test_error("SET of MIG_PRECOPY_INFOv2 failed: %s", vmig_errno_name(ret));
}

/**
 * vmig_check_output_flags - check that the flags are what the kernel says, and nothing else
 * @id: the clause
 * @fd: data_fd of a device whose user has opted in
 * @when: when, for messages
 */
void vmig_check_output_flags(enum vmig_clause_id id, int fd, const char *when)
{
	struct vfio_precopy_info info;

	vmig_info_with_flags(fd, UINT32_MAX, &info);
	CHECK(id, !(info.flags & ~VFIO_PRECOPY_INFO_REINIT),
	      vmig_fmt("VFIO_MIG_GET_PRECOPY_INFO with flags 0xffffffff %s", when),
	      "flags 0 or VFIO_PRECOPY_INFO_REINIT", "flags %#x", info.flags);
}
