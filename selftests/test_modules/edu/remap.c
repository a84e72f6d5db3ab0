// SPDX-License-Identifier: GPL-2.0-only
/*
 * An experiment, off by default: the interrupt by which a driver asks user space to look
 * again at which parts of a region can be mapped, as it was argued over in June 2020 and
 * never entered the uAPI. See EDU_REMAP_IRQ in edu_regs.h.
 *
 * SET does not wait for user space: when a session that saves begins, mappings of BAR 0 are
 * taken out, and what still touches them is let in again and counted. The user unmaps and
 * acknowledges when it comes to it. Who has not enabled the interrupt keeps its mappings.
 */
#include <linux/eventfd.h>
#include <linux/uaccess.h>

#include "edu.h"

static const struct vfio_migration_ops *edu_engine_ops;

static bool edu_is_saving(struct edu_device *edu)
{
	switch (READ_ONCE(edu->ref.state)) {
	case VFIO_DEVICE_STATE_PRE_COPY:
	case VFIO_DEVICE_STATE_PRE_COPY_P2P:
	case VFIO_DEVICE_STATE_STOP_COPY:
		return true;
	default:
		return false;
	}
}

/**
 * edu_remap_follow() - withhold the mappings in a session that saves, and else give them back
 * @edu: device, unlocked; not from a reset
 */
void edu_remap_follow(struct edu_device *edu)
{
	bool zap = false;

	mutex_lock(&edu->lock);
	if (edu->remap_ctx && edu->withheld != edu_is_saving(edu)) {
		edu->withheld = !edu->withheld;
		edu->remap_pending = BIT(VFIO_PCI_BAR0_REGION_INDEX);
		zap = edu->withheld;
		/* One more is BIT(0): the count is the bitmap, as long as each one is read. */
		eventfd_signal(edu->remap_ctx);
	}
	mutex_unlock(&edu->lock);
	if (zap)
		edu_zap(edu);
}

static struct file *edu_set_state(struct vfio_device *vdev, enum vfio_device_mig_state state)
{
	struct file *filp = edu_engine_ops->migration_set_state(vdev, state);

	edu_remap_follow(edu_of(vdev));
	return filp;
}

static int edu_get_state(struct vfio_device *vdev, enum vfio_device_mig_state *state)
{
	return edu_engine_ops->migration_get_state(vdev, state);
}

static int edu_get_data_size(struct vfio_device *vdev, unsigned long *bytes)
{
	return edu_engine_ops->migration_get_data_size(vdev, bytes);
}

static const struct vfio_migration_ops edu_remap_ops = {
	.migration_set_state = edu_set_state,
	.migration_get_state = edu_get_state,
	.migration_get_data_size = edu_get_data_size,
};

/**
 * edu_remap_begin() - see each SET
 * @edu: device, after ref_open(), which has put the engine's operations there
 */
void edu_remap_begin(struct edu_device *edu)
{
	edu->experimental = edu->core.vdev.mig_ops;
	if (!edu->experimental)
		return;
	edu_engine_ops = edu->core.vdev.mig_ops;
	edu->core.vdev.mig_ops = &edu_remap_ops;
}

/**
 * edu_remap_end() - the interrupt goes, and the mappings are free again
 * @edu: device, locked
 */
void edu_remap_end(struct edu_device *edu)
{
	if (edu->remap_ctx)
		eventfd_ctx_put(edu->remap_ctx);
	edu->remap_ctx = NULL;
	edu->withheld = false;
	edu->remap_pending = 0;
	edu->remap_faults = 0;
}

static long edu_remap_info(unsigned long arg)
{
	struct edu_remap_irq_info info;
	size_t room;

	if (copy_from_user(&info.argsz, (void __user *)arg, sizeof(info.argsz)))
		return -EFAULT;
	room = min_t(size_t, info.argsz, sizeof(info));
	if (room < sizeof(struct vfio_irq_info))
		return -EINVAL;
	info = (struct edu_remap_irq_info){
		.argsz = sizeof(info),
		.flags = VFIO_IRQ_INFO_EVENTFD | VFIO_IRQ_INFO_NORESIZE | EDU_IRQ_INFO_CAPS,
		.index = EDU_REMAP_IRQ,
		.count = 1,
		.cap_offset = offsetof(struct edu_remap_irq_info, cap_id),
		.cap_id = EDU_IRQ_CAP_TYPE,
		.cap_version = 1,
		.type = EDU_REGION_TYPE,
		.subtype = EDU_REMAP_SUBTYPE,
		.regions = BIT(VFIO_PCI_BAR0_REGION_INDEX),
	};
	if (room < sizeof(info))
		info.cap_offset = 0;
	return copy_to_user((void __user *)arg, &info, room) ? -EFAULT : 0;
}

static long edu_remap_set(struct edu_device *edu, unsigned long arg)
{
	struct eventfd_ctx *ctx = NULL;
	struct vfio_irq_set set;
	s32 fd = -1;

	if (copy_from_user(&set, (void __user *)arg, sizeof(set)))
		return -EFAULT;
	if (set.argsz < sizeof(set) || set.start || set.count > 1 ||
	    (set.flags & VFIO_IRQ_SET_ACTION_TYPE_MASK) != VFIO_IRQ_SET_ACTION_TRIGGER)
		return -EINVAL;
	switch (set.flags & VFIO_IRQ_SET_DATA_TYPE_MASK) {
	case VFIO_IRQ_SET_DATA_NONE:
		if (set.count)
			return -EINVAL;
		break;
	case VFIO_IRQ_SET_DATA_EVENTFD:
		if (!set.count || set.argsz < sizeof(set) + sizeof(fd))
			return -EINVAL;
		if (copy_from_user(&fd, (void __user *)(arg + sizeof(set)), sizeof(fd)))
			return -EFAULT;
		break;
	default:
		return -EINVAL;
	}
	if (fd >= 0) {
		ctx = eventfd_ctx_fdget(fd);
		if (IS_ERR(ctx))
			return PTR_ERR(ctx);
	}
	mutex_lock(&edu->lock);
	edu_remap_end(edu);
	edu->remap_ctx = ctx;
	mutex_unlock(&edu->lock);
	return 0;
}

/**
 * edu_remap_ioctl() - the ioctls about the interrupt
 * @edu: device
 * @cmd: as the driver got it
 * @arg: as the driver got it
 *
 * Return: what the ioctl returns; -ENOIOCTLCMD if vfio-pci is to answer.
 */
long edu_remap_ioctl(struct edu_device *edu, unsigned int cmd, unsigned long arg)
{
	struct vfio_irq_info __user *irq = (void __user *)arg;
	struct vfio_irq_set __user *set = (void __user *)arg;
	u32 n;

	if (!edu->experimental)
		return -ENOIOCTLCMD;
	switch (cmd) {
	case VFIO_DEVICE_GET_IRQ_INFO:
		if (get_user(n, &irq->index))
			return -EFAULT;
		return n == EDU_REMAP_IRQ ? edu_remap_info(arg) : -ENOIOCTLCMD;
	case VFIO_DEVICE_SET_IRQS:
		if (get_user(n, &set->index))
			return -EFAULT;
		return n == EDU_REMAP_IRQ ? edu_remap_set(edu, arg) : -ENOIOCTLCMD;
	}
	return -ENOIOCTLCMD;
}
