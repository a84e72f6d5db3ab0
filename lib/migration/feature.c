// SPDX-License-Identifier: GPL-2.0-only
/* VFIO_DEVICE_FEATURE for the migration features, and VFIO_MIG_GET_PRECOPY_INFO. */
#include <errno.h>
#include <string.h>
#include <sys/ioctl.h>

#include <vmig/fsm.h>
#include <vmig/error.h>
#include <vmig/feature.h>

/* The largest payload of a migration feature: struct vfio_device_feature_dma_logging_report. */
#define PAYLOAD_MAX 64

/**
 * __vmig_feature - VFIO_DEVICE_FEATURE as it is
 * @fd: device fd
 * @arg: header and payload, all of it the caller's business
 *
 * Return: 0 or -errno.
 */
int __vmig_feature(int fd, void *arg)
{
	return ioctl(fd, VFIO_DEVICE_FEATURE, arg) ? -errno : 0;
}

/**
 * __vmig_feature_op - one feature operation with its payload
 * @fd: device fd
 * @feature: index of the feature
 * @ops: VFIO_DEVICE_FEATURE_GET, _SET and _PROBE bits
 * @payload: copied in before the call and out after it, also after one that failed
 * @size: bytes of @payload, at most 64
 *
 * Return: 0 or -errno.
 */
int __vmig_feature_op(int fd, uint32_t feature, uint32_t ops, void *payload, uint32_t size)
{
	uint64_t buf[(VMIG_FEATURE_HDR + PAYLOAD_MAX) / sizeof(uint64_t)] = {};
	struct vfio_device_feature *f = (void *)buf;
	int ret;

	if (size > PAYLOAD_MAX)
		return -E2BIG;
	f->argsz = VMIG_FEATURE_HDR + size;
	f->flags = ops | feature;
	if (size)
		memcpy(f->data, payload, size);
	ret = __vmig_feature(fd, f);
	if (size)
		memcpy(payload, f->data, size);
	return ret;
}

/**
 * __vmig_probe - ask whether a feature is there
 * @dev: the device
 * @feature: index of the feature
 * @ops: 0, or GET and SET bits: whether all of these methods are there
 *
 * Return: 0 if so; -ENOTTY without the feature, -EINVAL without a method (FEAT-07).
 */
int __vmig_probe(struct vmig_device *dev, uint32_t feature, uint32_t ops)
{
	return __vmig_feature_op(dev->fd, feature, VFIO_DEVICE_FEATURE_PROBE | ops, NULL, 0);
}

/**
 * __vmig_get_migration - GET VFIO_DEVICE_FEATURE_MIGRATION
 * @dev: the device
 * @flags: where the VFIO_MIGRATION_* bits go
 *
 * Return: 0 or -errno; -ENOTTY for a device without migration (FEAT-13).
 */
int __vmig_get_migration(struct vmig_device *dev, uint64_t *flags)
{
	struct vfio_device_feature_migration mig = {};
	int ret;

	ret = __vmig_feature_op(dev->fd, VFIO_DEVICE_FEATURE_MIGRATION, VFIO_DEVICE_FEATURE_GET,
				&mig, sizeof(mig));
	*flags = mig.flags;
	return ret;
}

/**
 * vmig_get_migration - GET VFIO_DEVICE_FEATURE_MIGRATION, which must work
 * @dev: the device
 *
 * Return: the VFIO_MIGRATION_* bits, all that came.
 */
uint64_t vmig_get_migration(struct vmig_device *dev)
{
	uint64_t flags;
	int ret = __vmig_get_migration(dev, &flags);

	if (ret)
		vmig_fail("GET MIGRATION failed: %s", vmig_errno_name(ret));
	return flags;
}

/**
 * __vmig_get_state - GET VFIO_DEVICE_FEATURE_MIG_DEVICE_STATE
 * @dev: the device
 * @state: where the state goes
 *
 * Return: 0 or -errno.
 */
int __vmig_get_state(struct vmig_device *dev, uint32_t *state)
{
	struct vfio_device_feature_mig_state mig = { .data_fd = -1 };
	int ret;

	ret = __vmig_feature_op(dev->fd, VFIO_DEVICE_FEATURE_MIG_DEVICE_STATE,
				VFIO_DEVICE_FEATURE_GET, &mig, sizeof(mig));
	*state = mig.device_state;
	return ret;
}

/**
 * vmig_get_state - GET VFIO_DEVICE_FEATURE_MIG_DEVICE_STATE, which must work
 * @dev: the device
 *
 * Return: the state the driver says it is in.
 */
uint32_t vmig_get_state(struct vmig_device *dev)
{
	uint32_t state;
	int ret = __vmig_get_state(dev, &state);

	if (ret)
		vmig_fail("GET MIG_DEVICE_STATE failed: %s", vmig_errno_name(ret));
	return state;
}

/**
 * __vmig_set_state - SET VFIO_DEVICE_FEATURE_MIG_DEVICE_STATE
 * @dev: the device
 * @state: the state to go to, any number
 * @data_fd: where the data_fd goes, which is what the kernel wrote; may be NULL for
 *	     a transition that opens no session
 *
 * The data_fd goes in as 0, as QEMU does it (hw/vfio/migration.c), so that a driver
 * which leaves the field alone is seen. The caller closes what comes back.
 *
 * Return: 0 or -errno.
 */
int __vmig_set_state(struct vmig_device *dev, uint32_t state, int *data_fd)
{
	struct vfio_device_feature_mig_state mig = { .device_state = state };
	int ret;

	ret = __vmig_feature_op(dev->fd, VFIO_DEVICE_FEATURE_MIG_DEVICE_STATE,
				VFIO_DEVICE_FEATURE_SET, &mig, sizeof(mig));
	if (data_fd)
		*data_fd = mig.data_fd;
	return ret;
}

/**
 * vmig_set_state - SET VFIO_DEVICE_FEATURE_MIG_DEVICE_STATE, which must work
 * @dev: the device
 * @state: the state to go to
 *
 * Return: the data_fd, -1 where the transition opens no session.
 */
int vmig_set_state(struct vmig_device *dev, uint32_t state)
{
	uint32_t from;
	int fd, ret;

	if (__vmig_get_state(dev, &from))
		from = VFIO_DEVICE_STATE_ERROR;
	ret = __vmig_set_state(dev, state, &fd);
	if (ret)
		vmig_fail("SET(%s) from %s failed: %s", vmig_state_name(state),
			  vmig_state_name(from), vmig_errno_name(ret));
	return fd;
}

/**
 * __vmig_get_data_size - GET VFIO_DEVICE_FEATURE_MIG_DATA_SIZE
 * @dev: the device
 * @length: where the estimate goes, bytes
 *
 * Return: 0 or -errno.
 */
int __vmig_get_data_size(struct vmig_device *dev, uint64_t *length)
{
	struct vfio_device_feature_mig_data_size size = {};
	int ret;

	ret = __vmig_feature_op(dev->fd, VFIO_DEVICE_FEATURE_MIG_DATA_SIZE, VFIO_DEVICE_FEATURE_GET,
				&size, sizeof(size));
	*length = size.stop_copy_length;
	return ret;
}

/**
 * vmig_get_data_size - GET VFIO_DEVICE_FEATURE_MIG_DATA_SIZE, which must work
 * @dev: the device
 *
 * Return: the estimate in bytes.
 */
uint64_t vmig_get_data_size(struct vmig_device *dev)
{
	uint64_t length;
	int ret = __vmig_get_data_size(dev, &length);

	if (ret)
		vmig_fail("GET MIG_DATA_SIZE failed: %s", vmig_errno_name(ret));
	return length;
}

/**
 * __vmig_precopy_info - VFIO_MIG_GET_PRECOPY_INFO
 * @data_fd: data_fd of a saving session
 * @info: where the answer goes; all but argsz is cleared first
 *
 * Return: 0 or -errno. A driver that returns a positive number, as a copy_to_user()
 * remainder handed on would be, is seen as -EPROTO: no ioctl of VFIO returns one.
 */
int __vmig_precopy_info(int data_fd, struct vfio_precopy_info *info)
{
	int ret;

	memset(info, 0, sizeof(*info));
	info->argsz = sizeof(*info);
	ret = ioctl(data_fd, VFIO_MIG_GET_PRECOPY_INFO, info);
	if (ret > 0)
		return -EPROTO;
	return ret ? -errno : 0;
}

/**
 * vmig_precopy_info - VFIO_MIG_GET_PRECOPY_INFO, which must work
 * @data_fd: data_fd of a saving session
 * @info: where the answer goes
 */
void vmig_precopy_info(int data_fd, struct vfio_precopy_info *info)
{
	int ret = __vmig_precopy_info(data_fd, info);

	if (ret)
		vmig_fail("VFIO_MIG_GET_PRECOPY_INFO failed: %s", vmig_errno_name(ret));
}

/**
 * __vmig_precopy_info_v2 - opt in to defined output flags (v7.1)
 * @dev: the device
 *
 * Return: 0 or -errno; -ENOTTY on kernels before v7.1.
 */
int __vmig_precopy_info_v2(struct vmig_device *dev)
{
	return __vmig_feature_op(dev->fd, VFIO_DEVICE_FEATURE_MIG_PRECOPY_INFOv2,
				 VFIO_DEVICE_FEATURE_SET, NULL, 0);
}
