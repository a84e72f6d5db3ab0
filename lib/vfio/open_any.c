// SPDX-License-Identifier: GPL-2.0-only
/* Open a device through the cdev or the group, whichever the kernel offers. */
#include <errno.h>
#include <stdio.h>

#include <vmig/error.h>
#include <vmig/open_any.h>

/* What to do about an errno of open. The kernel says EINVAL of a group that is in a container. */
static const char *remedy(int ret)
{
	switch (ret) {
	case -EBUSY:
	case -EINVAL:
		return ": another process has it; stop that one first";
	case -EACCES:
	case -EPERM:
		return ": run as root";
	default:
		return "";
	}
}

/**
 * vmig_open_any - open a device through the cdev, else through the group
 * @id: the device
 * @dev: where it goes
 * @why: one sentence when it fails: what is wrong and what to do
 * @len: size of @why, bytes
 *
 * Return: 0, -ENOENT if the kernel offers neither, or the errno of the last one that was tried:
 * -EBUSY or -EINVAL if the device is in use, -EACCES, -EPERM, or what else the kernel says.
 */
int vmig_open_any(const struct vmig_dev_id *id, struct vmig_device **dev, char *why, size_t len)
{
	const char *missing;
	int uapi, ret = -ENOENT;

	for (uapi = VMIG_UAPI_CDEV; uapi <= VMIG_UAPI_GROUP && ret; uapi++) {
		if (vmig_uapi_available(id, uapi, &missing))
			ret = __vmig_open(id, uapi, dev);
	}
	if (ret)
		snprintf(why, len, "%s cannot be opened: %s%s", id->name, vmig_errno_name(ret),
			 remedy(ret));
	return ret;
}
