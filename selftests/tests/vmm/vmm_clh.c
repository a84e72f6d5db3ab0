// SPDX-License-Identifier: GPL-2.0-only
/* cloud-hypervisor as a consumer. See vmm_clh.h. */
#include <errno.h>
#include <string.h>

#include <vmig/feature.h>
#include <vmig/fsm.h>
#include <vmig/error.h>
#include "vmm_clh.h"

#define BUFFER_SIZE (1UL << 20)

/**
 * vmig_clh_begin - a cloud-hypervisor that has just opened a device
 * @c: filled in
 * @dev: the device
 */
void vmig_clh_begin(struct consumer *c, struct vmig_device *dev)
{
	vmig_consumer_begin(c, "cloud-hypervisor", dev);
	c->fd_in = -1;
	c->buffer_size = BUFFER_SIZE;
	c->buffer = vmig_alloc(BUFFER_SIZE);
}

/**
 * vmig_clh_new - is the device one that can be migrated?
 * @c: cloud-hypervisor
 *
 * Return: 0 or -errno; ENOTTY and EINVAL mean that it is not.
 */
int vmig_clh_new(struct consumer *c)
{
	struct vfio_device_feature_migration mig = {};
	int ret = vmig_consumer_feature(c, "VfioPciDevice::new()",
					VFIO_DEVICE_FEATURE_GET | VFIO_DEVICE_FEATURE_MIGRATION,
					&mig, sizeof(mig));

	c->flags = mig.flags;
	return ret;
}

/* ERROR to recover to means a reset. */
static int set_state(struct consumer *c, const char *by, uint32_t state, uint32_t recover)
{
	int fd, ret = vmig_consumer_set(c, by, state, &fd);

	if (!ret) {
		c->state = state;
		vmig_consumer_take_fd(c, by, fd);
		return 0;
	}
	vmig_consumer_set_failed(c, by, state, ret, recover, by);
	return ret;
}

/**
 * vmig_clh_pause - Pausable::pause()
 * @c: cloud-hypervisor
 *
 * Return: 0 or -errno.
 */
int vmig_clh_pause(struct consumer *c)
{
	return set_state(c, "Pausable::pause()", VFIO_DEVICE_STATE_STOP, VFIO_DEVICE_STATE_ERROR);
}

/**
 * vmig_clh_resume - Pausable::resume()
 * @c: cloud-hypervisor
 *
 * Return: 0 or -errno.
 */
int vmig_clh_resume(struct consumer *c)
{
	return set_state(c, "Pausable::resume()", VFIO_DEVICE_STATE_RUNNING,
			 VFIO_DEVICE_STATE_ERROR);
}

/**
 * vmig_clh_save - Snapshottable::snapshot() of a paused VM
 * @c: cloud-hypervisor
 *
 * It goes back to STOP after a read() that failed too.
 *
 * Return: 0 or -errno.
 */
int vmig_clh_save(struct consumer *c)
{
	static const char by[] = "Snapshottable::snapshot()";
	ssize_t n;
	int ret;

	ret = set_state(c, by, VFIO_DEVICE_STATE_STOP_COPY, VFIO_DEVICE_STATE_STOP);
	if (ret)
		return ret;
	do
		n = vmig_consumer_read(c, by);
	while (n > 0 && c->wire.len < VMIG_STREAM_MAX);
	if (n < 0)
		vmig_consumer_fails(c, n == -ENOMSG ? STRM_09 : STRM_01, by, "read()", n);
	vmig_consumer_close_fd(c);
	ret = set_state(c, by, VFIO_DEVICE_STATE_STOP, VFIO_DEVICE_STATE_ERROR);
	return n < 0 ? n : ret;
}

/**
 * vmig_clh_restore - a new cloud-hypervisor restores a device, its VM paused
 * @c: cloud-hypervisor, with the stream
 * @bytes: how much of it can be read from the file
 *
 * What it could not write is forgotten by a reset out of RESUMING, with no other attempt.
 *
 * Return: 0 or -errno.
 */
int vmig_clh_restore(struct consumer *c, size_t bytes)
{
	static const char by[] = "VfioPciDevice::restore()";
	int ret;

	ret = set_state(c, by, VFIO_DEVICE_STATE_RESUMING, VFIO_DEVICE_STATE_STOP);
	if (ret)
		return ret;
	ret = vmig_consumer_write(c, by, bytes);
	vmig_consumer_close_fd(c);
	if (!ret && bytes == c->wire.len)
		return set_state(c, by, VFIO_DEVICE_STATE_STOP, VFIO_DEVICE_STATE_ERROR);
	if (ret)
		vmig_consumer_fails(c, STRM_04, by, "write_all()", ret);
	vmig_consumer_reset(c, by);
	return ret ?: -ENODATA;
}

/**
 * vmig_clh_dirty_log_start - Migratable::start_dirty_log()
 * @c: cloud-hypervisor
 * @ranges: the regions of the guest's memory
 * @count: their number
 * @page_size: what the device chose, by which it is asked later
 *
 * Return: 0 or -errno.
 */
int vmig_clh_dirty_log_start(struct consumer *c,
			     const struct vfio_device_feature_dma_logging_range *ranges,
			     uint32_t count, uint64_t *page_size)
{
	struct vfio_device_feature_dma_logging_control control = {
		.page_size = 4096,
		.num_ranges = count,
		.ranges = (uintptr_t)ranges,
	};
	int ret = vmig_consumer_feature(c, "Migratable::start_dirty_log()",
					VFIO_DEVICE_FEATURE_SET |
						VFIO_DEVICE_FEATURE_DMA_LOGGING_START,
					&control, sizeof(control));

	*page_size = control.page_size;
	return ret;
}

/**
 * vmig_clh_dirty_log_report - Migratable::dirty_log() of one region
 * @c: cloud-hypervisor
 * @iova: where the region begins
 * @size: its bytes
 * @page_size: as vmig_clh_dirty_log_start() returned it
 * @bitmap: a bit for each such page
 *
 * Return: 0 or -errno.
 */
int vmig_clh_dirty_log_report(struct consumer *c, uint64_t iova, uint64_t size, uint64_t page_size,
			      uint64_t *bitmap)
{
	struct vfio_device_feature_dma_logging_report report = {
		.iova = iova,
		.length = size,
		.page_size = page_size,
		.bitmap = (uintptr_t)bitmap,
	};

	return vmig_consumer_feature(c, "Migratable::dirty_log()",
				     VFIO_DEVICE_FEATURE_GET |
					     VFIO_DEVICE_FEATURE_DMA_LOGGING_REPORT,
				     &report, sizeof(report));
}

/**
 * vmig_clh_dirty_log_stop - Migratable::stop_dirty_log()
 * @c: cloud-hypervisor
 *
 * Return: 0 or -errno.
 */
int vmig_clh_dirty_log_stop(struct consumer *c)
{
	return vmig_consumer_feature(c, "Migratable::stop_dirty_log()",
				     VFIO_DEVICE_FEATURE_SET | VFIO_DEVICE_FEATURE_DMA_LOGGING_STOP,
				     NULL, 0);
}
