// SPDX-License-Identifier: GPL-2.0-only
/* Set the migration state of a device; save and load its migration data. */
#include <errno.h>
#include <unistd.h>

#include <vmig/fsm.h>
#include <vmig/error.h>
#include <vmig/feature.h>
#include <vmig/state.h>

/**
 * __vmig_goto_state - bring a device to a state by single arcs
 * @dev: the device
 * @state: a state that it offers, not ERROR
 * @data_fd: the data_fd of the session if the walk opened one, which the caller closes,
 *	     else -1
 *
 * Walks the oracle's path from where the device is, one SET an arc, so that a driver
 * that combines arcs wrongly can still be brought to the state that a test is about.
 *
 * Return: 0, or the -errno of what failed, with the device where it was then; -EINVAL
 * also if there is no way.
 */
int __vmig_goto_state(struct vmig_device *dev, uint32_t state, int *data_fd)
{
	struct vmig_transition t;
	uint64_t flags;
	uint32_t from;
	unsigned int i;
	int fd, ret;

	*data_fd = -1;
	ret = __vmig_get_migration(dev, &flags);
	if (!ret)
		ret = __vmig_get_state(dev, &from);
	if (ret)
		return ret;
	vmig_transition(flags, from, state, &t);
	if (t.answer == VMIG_REFUSE || t.answer == VMIG_UNDEFINED)
		return -EINVAL;
	for (i = 0; i < t.len && !ret; i++) {
		ret = __vmig_set_state(dev, t.path[i], &fd);
		if (ret)
			fd = -1;
		else if (fd < 0)
			continue;
		if (*data_fd >= 0)
			close(*data_fd);
		*data_fd = fd;
	}
	return ret;
}

/**
 * vmig_goto_state - bring a device to a state by single arcs, which must work
 * @dev: the device
 * @state: a state that it offers, not ERROR
 *
 * Return: the data_fd of the session if the walk opened one, which the caller closes,
 * else -1.
 */
int vmig_goto_state(struct vmig_device *dev, uint32_t state)
{
	uint32_t from = vmig_get_state(dev), at;
	struct vmig_transition t;
	int data_fd, ret;

	ret = __vmig_goto_state(dev, state, &data_fd);
	if (ret) {
		if (__vmig_get_state(dev, &at))
			at = from;
		vmig_fail("the way from %s to %s failed in %s: %s", vmig_state_name(from),
			  vmig_state_name(state), vmig_state_name(at), vmig_errno_name(ret));
	}
	vmig_transition(vmig_get_migration(dev), from, state, &t);
	if (t.opens && data_fd < 0)
		vmig_fail("the way from %s to %s returned no data_fd", vmig_state_name(from),
			  vmig_state_name(state));
	return data_fd;
}

/**
 * vmig_close_data_fd - close what vmig_goto_state() or a SET gave
 * @data_fd: a data_fd, or -1
 */
void vmig_close_data_fd(int data_fd)
{
	if (data_fd >= 0)
		close(data_fd);
}

/**
 * __vmig_recover_running - make sure that a device is in RUNNING
 * @dev: the device
 *
 * By reset and not by SET: from RESUMING it is the only way out that loads nothing
 * (H:1102), from ERROR the only way at all (H:1175), and a device that kept a state
 * over close and open may have no session to go with it. A device that cannot be
 * reset is asked for RUNNING instead.
 *
 * Return: 0 when GET says RUNNING, else the -errno of what failed; -EIO if all calls
 * worked and the device is in another state all the same.
 */
int __vmig_recover_running(struct vmig_device *dev)
{
	uint32_t state;
	int ret;

	ret = __vmig_get_state(dev, &state);
	if (!ret && state == VFIO_DEVICE_STATE_RUNNING)
		return 0;
	ret = __vmig_reset(dev);
	if (ret)
		ret = __vmig_set_state(dev, VFIO_DEVICE_STATE_RUNNING, NULL);
	if (ret)
		return ret;
	ret = __vmig_get_state(dev, &state);
	if (ret)
		return ret;
	return state == VFIO_DEVICE_STATE_RUNNING ? 0 : -EIO;
}

/**
 * vmig_recover_running - make sure that a device is in RUNNING, which must work
 * @dev: the device
 */
void vmig_recover_running(struct vmig_device *dev)
{
	int ret = __vmig_recover_running(dev);

	if (ret)
		vmig_fail("%s cannot be brought to RUNNING: %s", dev->id.name,
			  vmig_errno_name(ret));
}

/**
 * __vmig_save - take a device's state out, stop and copy
 * @dev: the device, left in STOP when it works
 * @s: the stream goes here; what it held is gone
 *
 * Return: 0, or the -errno of the SET or the read() that failed.
 */
int __vmig_save(struct vmig_device *dev, struct vmig_stream *s)
{
	int fd, ret;

	s->len = 0;
	ret = __vmig_goto_state(dev, VFIO_DEVICE_STATE_STOP_COPY, &fd);
	if (ret)
		return ret;
	ret = __vmig_stream_read(fd, s, &vmig_default_chunks);
	if (!ret)
		ret = __vmig_set_state(dev, VFIO_DEVICE_STATE_STOP, NULL);
	close(fd);
	return ret;
}

/**
 * vmig_save - take a device's state out, stop and copy, which must work
 * @dev: the device, left in STOP
 * @s: the stream goes here; what it held is gone
 */
void vmig_save(struct vmig_device *dev, struct vmig_stream *s)
{
	uint32_t at = VFIO_DEVICE_STATE_ERROR;
	int ret = __vmig_save(dev, s);

	if (!ret)
		return;
	__vmig_get_state(dev, &at);
	vmig_fail("taking the state out failed in %s after %zu bytes: %s", vmig_state_name(at),
		  s->len, vmig_errno_name(ret));
}

/**
 * __vmig_load - put a state into a device
 * @dev: the device: left in STOP when it works, where the driver left it when not
 * @data: the bytes
 * @len: their number
 * @chunks: sizes of the writes
 *
 * STOP is asked for even if a write failed, because a driver must know by itself
 * that what it was given is bad (RES-07).
 *
 * Return: 0 or the -errno of SET(STOP).
 */
int __vmig_load(struct vmig_device *dev, const void *data, size_t len,
		const struct vmig_chunks *chunks)
{
	int fd = vmig_goto_state(dev, VFIO_DEVICE_STATE_RESUMING);
	int ret;

	__vmig_stream_write(fd, data, len, chunks, NULL);
	ret = __vmig_set_state(dev, VFIO_DEVICE_STATE_STOP, NULL);
	close(fd);
	return ret;
}

/**
 * vmig_load - put a good state into a device, which must work
 * @dev: the device, left in STOP
 * @s: a stream that vmig_save() took from a compatible device
 */
void vmig_load(struct vmig_device *dev, const struct vmig_stream *s)
{
	int fd = vmig_goto_state(dev, VFIO_DEVICE_STATE_RESUMING);

	vmig_stream_write(fd, s);
	vmig_set_state(dev, VFIO_DEVICE_STATE_STOP);
	close(fd);
}
