// SPDX-License-Identifier: GPL-2.0-only
/*
 * Open a device through the VFIO group or the VFIO device cdev.
 *
 * group: /dev/vfio/vfio with a type1 container, /dev/vfio/N, GET_DEVICE_FD
 *	  (Documentation/driver-api/vfio.rst, "VFIO Usage Example")
 * cdev:  /dev/iommu, /dev/vfio/devices/vfioN, BIND_IOMMUFD, ATTACH to an IOAS
 *	  (the same, "VFIO Device cdev Example")
 * compat: as group, with /dev/iommu for the container: iommufd makes an IOAS when the group is
 *	  put into it, attaches the device to it when that is opened, and takes the ioctls of a
 *	  type1 container (Documentation/userspace-api/iommufd.rst, IOMMU_VFIO_IOAS)
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <linux/iommufd.h>

#include <vmig/device.h>
#include <vmig/error.h>

/*
 * A process that was killed gives its fds back a moment after its parent has been notified, so
 * that the next open may find the device busy: try for this long.
 */
#define OPEN_TRIES 250
#define OPEN_PAUSE_US 20000

#define CONTAINER "/dev/vfio/vfio"
#define IOMMUFD "/dev/iommu"

/*
 * EAGAIN from a reset says to try again (vfio_pci_core.c, pci_try_reset_function()):
 * some other holder of the device lock was in the uapi.
 */
#define RESET_TRIES 50
#define RESET_PAUSE_US 20000

/**
 * vmig_uapi_name - name of a uapi in, as in the names of the test variants
 * @uapi: the uapi
 *
 * Return: "cdev", "group", or "iommufd_compat_type1v2", which the kernel's own VFIO selftests
 * call it (tools/testing/selftests/vfio/lib/iommu.c).
 */
const char *vmig_uapi_name(enum vmig_uapi uapi)
{
	static const char *const names[] = {
		[VMIG_UAPI_CDEV] = "cdev",
		[VMIG_UAPI_GROUP] = "group",
		[VMIG_UAPI_COMPAT] = "iommufd_compat_type1v2",
	};

	return names[uapi];
}

/*
 * The fops of /dev/iommu have no compat_ioctl in Linux 6.12 (iommufd/main.c, iommufd_fops): a
 * 32-bit program gets ENOTTY for each call. A call that is served says EINVAL, for its size.
 */
static bool iommufd_serves_us(void)
{
	struct iommu_ioas_alloc none = {};
	bool served;
	int fd;

	if (sizeof(long) == 8)
		return true;
	fd = open(IOMMUFD, O_RDWR | O_CLOEXEC);
	if (fd < 0)
		return true;
	served = !ioctl(fd, IOMMU_IOAS_ALLOC, &none) || errno != ENOTTY;
	close(fd);
	return served;
}

/**
 * vmig_uapi_available - does this kernel offer that uapi to that device?
 * @id: the device
 * @uapi: the uapi
 * @why: what is missing, for a message
 *
 * Return: false where it does not, which is a reason to skip.
 */
bool vmig_uapi_available(const struct vmig_dev_id *id, enum vmig_uapi uapi, const char **why)
{
	*why = NULL;
	if (uapi == VMIG_UAPI_CDEV && !id->cdev[0])
		*why = "no /dev/vfio/devices node (CONFIG_VFIO_DEVICE_CDEV)";
	else if (uapi != VMIG_UAPI_CDEV && !id->group[0])
		*why = "no /dev/vfio/N node (CONFIG_VFIO_GROUP)";
	else if (uapi == VMIG_UAPI_GROUP)
		*why = access(CONTAINER, F_OK) ? "no /dev/vfio/vfio (CONFIG_VFIO_CONTAINER)" : NULL;
	else if (access(IOMMUFD, F_OK))
		*why = "no /dev/iommu (CONFIG_IOMMUFD)";
	else if (!iommufd_serves_us())
		*why = "the kernel's iommufd takes no calls of 32-bit programs "
		       "(iommufd_fops has no compat_ioctl)";
	return !*why;
}

static int copy_fd(int fd)
{
	int copy = fcntl(fd, F_DUPFD_CLOEXEC, 0);

	return copy < 0 ? -errno : copy;
}

/* A group can be opened once, and all of its devices are in one container. */
static int open_group_beside(struct vmig_device *dev, const struct vmig_device *first)
{
	dev->ioas = first->ioas;
	dev->container = copy_fd(first->container);
	if (dev->container < 0)
		return dev->container;
	if (dev->id.group_id == first->id.group_id)
		dev->group = copy_fd(first->group);
	else
		dev->group = open(dev->id.group, O_RDWR | O_CLOEXEC);
	if (dev->group < 0)
		return -errno;
	if (dev->id.group_id != first->id.group_id &&
	    ioctl(dev->group, VFIO_GROUP_SET_CONTAINER, &dev->container))
		return -errno;
	dev->fd = ioctl(dev->group, VFIO_GROUP_GET_DEVICE_FD, dev->id.name);
	return dev->fd < 0 ? -errno : 0;
}

/* Type1 and an iommufd differ in what the container is, and in whether there is an IOAS. */
static int open_group(struct vmig_device *dev)
{
	struct iommu_vfio_ioas ioas = { .size = sizeof(ioas), .op = IOMMU_VFIO_IOAS_GET };
	struct vfio_group_status status = { .argsz = sizeof(status) };
	bool compat = dev->uapi == VMIG_UAPI_COMPAT;

	dev->container = open(compat ? IOMMUFD : CONTAINER, O_RDWR | O_CLOEXEC);
	if (dev->container < 0)
		return -errno;
	dev->group = open(dev->id.group, O_RDWR | O_CLOEXEC);
	if (dev->group < 0)
		return -errno;
	if (ioctl(dev->group, VFIO_GROUP_GET_STATUS, &status))
		return -errno;
	if (!(status.flags & VFIO_GROUP_FLAGS_VIABLE))
		return -EPERM;
	if (ioctl(dev->group, VFIO_GROUP_SET_CONTAINER, &dev->container))
		return -errno;
	if (ioctl(dev->container, VFIO_SET_IOMMU, VFIO_TYPE1v2_IOMMU))
		return -errno;
	if (compat && ioctl(dev->container, IOMMU_VFIO_IOAS, &ioas))
		return -errno;
	dev->ioas = ioas.ioas_id;
	dev->fd = ioctl(dev->group, VFIO_GROUP_GET_DEVICE_FD, dev->id.name);
	return dev->fd < 0 ? -errno : 0;
}

/**
 * __vmig_cdev_bind - VFIO_DEVICE_BIND_IOMMUFD
 * @fd: fd of the cdev
 * @iommufd: an iommufd
 * @devid: where the object id goes
 *
 * Return: 0 or -errno: EINVAL where the device is bound already (OPEN-05).
 */
int __vmig_cdev_bind(int fd, int iommufd, uint32_t *devid)
{
	struct vfio_device_bind_iommufd bind = {
		.argsz = sizeof(bind),
		.iommufd = iommufd,
	};

	if (ioctl(fd, VFIO_DEVICE_BIND_IOMMUFD, &bind))
		return -errno;
	*devid = bind.out_devid;
	return 0;
}

/* With an IOAS of its own, or the one that is there already. */
static int bind_and_attach(struct vmig_device *dev)
{
	struct vfio_device_attach_iommufd_pt attach = { .argsz = sizeof(attach) };
	struct iommu_ioas_alloc ioas = { .size = sizeof(ioas) };
	int ret;

	dev->fd = open(dev->id.cdev, O_RDWR | O_CLOEXEC);
	if (dev->fd < 0)
		return -errno;
	ret = __vmig_cdev_bind(dev->fd, dev->iommufd, &dev->devid);
	if (ret)
		return ret;
	if (!dev->ioas) {
		if (ioctl(dev->iommufd, IOMMU_IOAS_ALLOC, &ioas))
			return -errno;
		dev->ioas = ioas.out_ioas_id;
	}
	attach.pt_id = dev->ioas;
	return ioctl(dev->fd, VFIO_DEVICE_ATTACH_IOMMUFD_PT, &attach) ? -errno : 0;
}

static int open_cdev_beside(struct vmig_device *dev, const struct vmig_device *first)
{
	dev->ioas = first->ioas;
	dev->iommufd = copy_fd(first->iommufd);
	return dev->iommufd < 0 ? dev->iommufd : bind_and_attach(dev);
}

static int open_cdev(struct vmig_device *dev)
{
	dev->iommufd = open(IOMMUFD, O_RDWR | O_CLOEXEC);
	if (dev->iommufd < 0)
		return -errno;
	return bind_and_attach(dev);
}

static struct vmig_device *new_device(const struct vmig_dev_id *id, enum vmig_uapi uapi)
{
	struct vmig_device *d = vmig_alloc(sizeof(*d));

	d->id = *id;
	d->uapi = uapi;
	d->fd = -1;
	d->container = -1;
	d->group = -1;
	d->iommufd = -1;
	return d;
}

/**
 * __vmig_open - open a device and make it usable
 * @id: which one
 * @uapi: through which nodes
 * @dev: where the open device goes
 *
 * The device gets an empty address space: it can reach no memory until a test maps
 * some. The migration state is what the driver gives a fresh opener.
 *
 * Return: 0 or -errno of the step that failed: EACCES or EPERM without permission,
 * EBUSY or EINVAL where the device is in use.
 */
int __vmig_open(const struct vmig_dev_id *id, enum vmig_uapi uapi, struct vmig_device **dev)
{
	struct vmig_device *d = new_device(id, uapi);
	int ret;

	ret = uapi == VMIG_UAPI_CDEV ? open_cdev(d) : open_group(d);
	if (ret) {
		vmig_close(d);
		return ret;
	}
	*dev = d;
	return 0;
}

/**
 * __vmig_open_shared_ioas - open a device into the address space of another one
 * @id: which one
 * @first: the other one, in the same uapi; may be of the same IOMMU group, whose devices can
 *	   be opened in no other uapi while one of them is open
 * @dev: where the open device goes
 *
 * Return: 0 or -errno of the step that failed.
 */
int __vmig_open_shared_ioas(const struct vmig_dev_id *id, struct vmig_device *first,
			    struct vmig_device **dev)
{
	struct vmig_device *d = new_device(id, first->uapi);
	int ret;

	ret = first->uapi == VMIG_UAPI_CDEV ? open_cdev_beside(d, first)
					    : open_group_beside(d, first);
	if (ret) {
		vmig_close(d);
		return ret;
	}
	*dev = d;
	return 0;
}

/**
 * __vmig_open_soon - open a device whose last user is going
 * @id: which one
 * @uapi: through which nodes
 * @dev: where the open device goes
 *
 * Return: 0 or -errno; EBUSY and EINVAL, by which the device is in use, after five seconds.
 */
int __vmig_open_soon(const struct vmig_dev_id *id, enum vmig_uapi uapi, struct vmig_device **dev)
{
	int i, ret = -EBUSY;

	for (i = 0; i < OPEN_TRIES && (ret == -EBUSY || ret == -EINVAL); i++) {
		if (i)
			usleep(OPEN_PAUSE_US);
		ret = __vmig_open(id, uapi, dev);
	}
	return ret;
}

static struct vmig_device *opened(int ret, struct vmig_device *dev, const struct vmig_dev_id *id,
				  enum vmig_uapi uapi)
{
	if (ret)
		vmig_fail("opening %s through the %s failed: %s", id->name, vmig_uapi_name(uapi),
			  vmig_errno_name(ret));
	return dev;
}

/**
 * vmig_open - open a device, which must work
 * @id: which one
 * @uapi: through which nodes
 *
 * Return: the open device.
 */
struct vmig_device *vmig_open(const struct vmig_dev_id *id, enum vmig_uapi uapi)
{
	struct vmig_device *dev = NULL;
	int ret = __vmig_open(id, uapi, &dev);

	return opened(ret, dev, id, uapi);
}

/**
 * vmig_open_soon - __vmig_open_soon(), which must work
 * @id: which one
 * @uapi: through which nodes
 *
 * Return: the open device.
 */
struct vmig_device *vmig_open_soon(const struct vmig_dev_id *id, enum vmig_uapi uapi)
{
	struct vmig_device *dev = NULL;
	int ret = __vmig_open_soon(id, uapi, &dev);

	return opened(ret, dev, id, uapi);
}

static void close_fd(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

/**
 * vmig_close_fd - close the device fd and nothing else
 * @dev: the device; the IOMMU side stays, so that __vmig_open_again() works
 */
void vmig_close_fd(struct vmig_device *dev)
{
	close_fd(&dev->fd);
}

/**
 * vmig_close - close all of a device's fds and forget it
 * @dev: the device, or NULL
 */
void vmig_close(struct vmig_device *dev)
{
	if (!dev)
		return;
	close_fd(&dev->fd);
	close_fd(&dev->group);
	close_fd(&dev->container);
	close_fd(&dev->iommufd);
	free(dev);
}

/**
 * __vmig_open_again - one more fd of a device that is open through its group
 * @dev: the device, of any uapi but VMIG_UAPI_CDEV
 *
 * Only the group lets a device be opened several times (vfio_df_open(), FD-19).
 *
 * Return: the new fd, or -errno.
 */
int __vmig_open_again(struct vmig_device *dev)
{
	int fd = ioctl(dev->group, VFIO_GROUP_GET_DEVICE_FD, dev->id.name);

	return fd < 0 ? -errno : fd;
}

/**
 * __vmig_reset - VFIO_DEVICE_RESET
 * @dev: the device
 *
 * Return: 0 or -errno; EAGAIN was tried again for about a second.
 */
int __vmig_reset(struct vmig_device *dev)
{
	int i;

	for (i = 0; i < RESET_TRIES; i++) {
		if (!ioctl(dev->fd, VFIO_DEVICE_RESET))
			return 0;
		if (errno != EAGAIN)
			break;
		usleep(RESET_PAUSE_US);
	}
	return -errno;
}

/**
 * vmig_reset - VFIO_DEVICE_RESET, which must work
 * @dev: the device
 */
void vmig_reset(struct vmig_device *dev)
{
	int ret = __vmig_reset(dev);

	if (ret)
		vmig_fail("VFIO_DEVICE_RESET failed: %s", vmig_errno_name(ret));
}

/**
 * __vmig_hot_reset_as - VFIO_DEVICE_PCI_HOT_RESET with such an argument
 * @dev: the device
 * @argsz: of the argument
 * @flags: of the argument
 * @count: how many groups prove who owns the devices, 1 at most
 * @group: fd of that group
 *
 * Return: 0 or -errno.
 */
int __vmig_hot_reset_as(struct vmig_device *dev, uint32_t argsz, uint32_t flags, uint32_t count,
			int group)
{
	struct {
		struct vfio_pci_hot_reset reset;
		int32_t group;
	} arg = {
		.reset = { .argsz = argsz, .flags = flags, .count = count },
		.group = group,
	};

	return ioctl(dev->fd, VFIO_DEVICE_PCI_HOT_RESET, &arg) ? -errno : 0;
}

/**
 * __vmig_hot_reset - reset all devices of a bus or a slot
 * @dev: one of them; none may be of another user
 *
 * The proof is the iommufd of a cdev, and the group of a device that was opened by it (H:762).
 *
 * Return: 0 or -errno; -ENODEV where neither bus nor slot can be reset.
 */
int __vmig_hot_reset(struct vmig_device *dev)
{
	return __vmig_hot_reset_as(dev, sizeof(struct vfio_pci_hot_reset), 0,
				   dev->uapi != VMIG_UAPI_CDEV, dev->group);
}
