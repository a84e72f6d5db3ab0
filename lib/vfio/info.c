// SPDX-License-Identifier: GPL-2.0-only
/* VFIO_DEVICE_GET_INFO, _GET_REGION_INFO, _GET_IRQ_INFO and interrupt eventfds. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>

#include <vmig/error.h>
#include <vmig/info.h>

/* A device whose capability chain is larger than this lies about its argsz. */
#define REGION_INFO_MAX (1 << 20)

/**
 * __vmig_device_info - VFIO_DEVICE_GET_INFO
 * @dev: the device
 * @info: where the fixed part goes
 *
 * Return: 0 or -errno.
 */
int __vmig_device_info(struct vmig_device *dev, struct vfio_device_info *info)
{
	memset(info, 0, sizeof(*info));
	info->argsz = sizeof(*info);
	return ioctl(dev->fd, VFIO_DEVICE_GET_INFO, info) ? -errno : 0;
}

/**
 * vmig_device_info - VFIO_DEVICE_GET_INFO, which must work
 * @dev: the device
 * @info: where the fixed part goes
 */
void vmig_device_info(struct vmig_device *dev, struct vfio_device_info *info)
{
	int ret = __vmig_device_info(dev, info);

	if (ret)
		vmig_fail("VFIO_DEVICE_GET_INFO failed: %s", vmig_errno_name(ret));
}

/**
 * vmig_can_reset - does the device have VFIO_DEVICE_RESET?
 * @dev: the device, in a state in which a reset harms nothing: it may be reset to find out
 *
 * A device that does not say so (VFIO_DEVICE_FLAGS_RESET) may have it all the same, as
 * mtty does (DISC-07).
 *
 * Return: true if it says so or a reset works.
 */
bool vmig_can_reset(struct vmig_device *dev)
{
	struct vfio_device_info info;

	vmig_device_info(dev, &info);
	return (info.flags & VFIO_DEVICE_FLAGS_RESET) || !__vmig_reset(dev);
}

/**
 * __vmig_region_info - VFIO_DEVICE_GET_REGION_INFO with its capability chain
 * @dev: the device
 * @index: region
 * @info: where the answer goes; argsz bytes long, free() it
 *
 * A first call with room for the fixed part returns the size of the whole (H:83).
 *
 * Return: 0 or -errno; -EOVERFLOW for an argsz that no chain can need.
 */
int __vmig_region_info(struct vmig_device *dev, uint32_t index, struct vfio_region_info **info)
{
	uint32_t size = sizeof(**info);
	struct vfio_region_info *r;
	int ret;

	for (;;) {
		r = vmig_alloc(size);
		r->argsz = size;
		r->index = index;
		if (ioctl(dev->fd, VFIO_DEVICE_GET_REGION_INFO, r)) {
			ret = -errno;
			free(r);
			return ret;
		}
		if (r->argsz <= size)
			break;
		size = r->argsz;
		free(r);
		if (size > REGION_INFO_MAX)
			return -EOVERFLOW;
	}
	r->argsz = size;
	*info = r;
	return 0;
}

/**
 * vmig_region_info - VFIO_DEVICE_GET_REGION_INFO, which must work
 * @dev: the device
 * @index: region
 *
 * Return: the answer with its capability chain, argsz bytes long; free() it.
 */
struct vfio_region_info *vmig_region_info(struct vmig_device *dev, uint32_t index)
{
	struct vfio_region_info *info;
	int ret = __vmig_region_info(dev, index, &info);

	if (ret)
		vmig_fail("VFIO_DEVICE_GET_REGION_INFO of region %u failed: %s", index,
			  vmig_errno_name(ret));
	return info;
}

/**
 * __vmig_region_from - the next region that answers, for vmig_for_each_region()
 * @dev: the device
 * @count: how many regions it has
 * @index: the first one that may be it; set to the one that is
 *
 * Return: the answer, free() it; NULL where none is left.
 */
struct vfio_region_info *__vmig_region_from(struct vmig_device *dev, uint32_t count,
					    uint32_t *index)
{
	struct vfio_region_info *info;

	for (; *index < count; ++*index)
		if (!__vmig_region_info(dev, *index, &info))
			return info;
	return NULL;
}

/**
 * vmig_region_cap - find a capability of a region
 * @info: as vmig_region_info() gave it
 * @id: VFIO_REGION_INFO_CAP_*
 *
 * Walks the chain within argsz and only forward, so that a broken chain ends.
 *
 * Return: the capability, or NULL.
 */
const struct vfio_info_cap_header *vmig_region_cap(const struct vfio_region_info *info, uint16_t id)
{
	const struct vfio_info_cap_header *cap;
	uint32_t at, before = 0;

	if (!(info->flags & VFIO_REGION_INFO_FLAG_CAPS))
		return NULL;
	for (at = info->cap_offset; at > before && at + sizeof(*cap) <= info->argsz;
	     before = at, at = cap->next) {
		cap = (const void *)((const char *)info + at);
		if (cap->id == id)
			return cap;
	}
	return NULL;
}

/**
 * __vmig_irq_info - VFIO_DEVICE_GET_IRQ_INFO
 * @dev: the device
 * @index: interrupt index
 * @info: where the answer goes
 *
 * Return: 0 or -errno.
 */
int __vmig_irq_info(struct vmig_device *dev, uint32_t index, struct vfio_irq_info *info)
{
	memset(info, 0, sizeof(*info));
	info->argsz = sizeof(*info);
	info->index = index;
	return ioctl(dev->fd, VFIO_DEVICE_GET_IRQ_INFO, info) ? -errno : 0;
}

/**
 * __vmig_irq_enable - have an interrupt's first vector signal an eventfd
 * @dev: the device
 * @index: interrupt index
 * @eventfd: the eventfd
 *
 * Return: 0 or -errno.
 */
int __vmig_irq_enable(struct vmig_device *dev, uint32_t index, int eventfd)
{
	struct {
		struct vfio_irq_set set;
		int32_t fd;
	} arg = {
		.set = {
			.argsz = sizeof(arg),
			.flags = VFIO_IRQ_SET_DATA_EVENTFD | VFIO_IRQ_SET_ACTION_TRIGGER,
			.index = index,
			.count = 1,
		},
		.fd = eventfd,
	};

	return ioctl(dev->fd, VFIO_DEVICE_SET_IRQS, &arg) ? -errno : 0;
}

/* SET_IRQS without data: of so many vectors, where none stands for all eventfds to go (H:560). */
static int trigger(struct vmig_device *dev, uint32_t index, uint32_t count)
{
	struct vfio_irq_set set = {
		.argsz = sizeof(set),
		.flags = VFIO_IRQ_SET_DATA_NONE | VFIO_IRQ_SET_ACTION_TRIGGER,
		.index = index,
		.count = count,
	};

	return ioctl(dev->fd, VFIO_DEVICE_SET_IRQS, &set) ? -errno : 0;
}

/**
 * __vmig_irq_disable - take all eventfds of an interrupt away
 * @dev: the device
 * @index: interrupt index
 *
 * Return: 0 or -errno.
 */
int __vmig_irq_disable(struct vmig_device *dev, uint32_t index)
{
	return trigger(dev, index, 0);
}

/**
 * __vmig_irq_trigger - have an interrupt's first vector fire, without the device
 * @dev: the device
 * @index: interrupt index
 *
 * The loopback of VFIO_DEVICE_SET_IRQS (H:560): ACTION_TRIGGER with DATA_NONE signals
 * the eventfd that __vmig_irq_enable() set up.
 *
 * Return: 0 or -errno; an interrupt that is not enabled is refused.
 */
int __vmig_irq_trigger(struct vmig_device *dev, uint32_t index)
{
	return trigger(dev, index, 1);
}
