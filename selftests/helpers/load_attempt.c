// SPDX-License-Identifier: GPL-2.0-only
/* Load streams that may be invalid, record the result of each call, and recover. */
#include <errno.h>
#include <unistd.h>

#include <vmig/feature.h>
#include <vmig/state.h>
#include <vmig/fsm.h>
#include <vmig/error.h>
#include "load_attempt.h"
#include "verdict.h"

#define MIB (1UL << 20)

static size_t min_size(size_t a, size_t b)
{
	return a < b ? a : b;
}

/**
 * vmig_write_all_unchecked - write a stream as one who looks at no return value
 * @fd: data_fd of a resuming session
 * @data: the bytes
 * @len: their number
 * @chunk: bytes a call; small ones are used for the first VMIG_SMALL_SPAN bytes only
 *
 * A call that fails loses its bytes, and the next one goes on behind them. A short
 * write is continued.
 *
 * Return: 0, or the -errno of the first call that failed (-EIO for one that took
 * nothing); -ETIMEDOUT as soon as one was blocked for VMIG_IO_TIMEOUT_MS.
 */
int vmig_write_all_unchecked(int fd, const void *data, size_t len, size_t chunk)
{
	size_t at = 0, size;
	int first = 0;
	ssize_t n;

	while (at < len) {
		size = min_size(chunk, len - at);
		if (size < MIB && at >= VMIG_SMALL_SPAN)
			size = min_size(MIB, len - at);
		n = __vmig_write(fd, (const char *)data + at, size);
		if (n == -ETIMEDOUT)
			return n;
		if (n <= 0 && !first)
			first = n ? n : -EIO;
		at += n > 0 ? (size_t)n : size;
	}
	return first;
}

/**
 * vmig_load_unchecked - load a stream, right or wrong, and try to leave RESUMING
 * @dev: the device, not in RESUMING
 * @data: the stream
 * @len: its bytes, may be 0
 * @chunk: bytes a write(), as for vmig_write_all_unchecked()
 * @target: where to go from RESUMING
 *
 * Entering RESUMING and GET must work, else the test is broken.
 *
 * Return: what became of it; the device stays where it is.
 */
struct vmig_attempt vmig_load_unchecked(struct vmig_device *dev, const void *data, size_t len,
					size_t chunk, uint32_t target)
{
	int fd = vmig_goto_state(dev, VFIO_DEVICE_STATE_RESUMING), new_fd;
	struct vmig_attempt a;

	/* A driver that is in RESUMING without a session may not survive a SET. */
	if (fd < 0)
		vmig_test_error("the device is still in RESUMING, from an attempt before");
	a.write = vmig_write_all_unchecked(fd, data, len, chunk);
	a.set = __vmig_set_state(dev, target, &new_fd);
	if (!a.set && new_fd >= 0)
		close(new_fd);
	close(fd);
	a.state = vmig_get_state(dev);
	return a;
}

/**
 * vmig_load_rejected - did the driver see that a stream is wrong?
 * @a: what became of it
 *
 * Return: true if any of the calls failed.
 */
bool vmig_load_rejected(const struct vmig_attempt *a)
{
	return a->write || a->set;
}

/**
 * vmig_damage_noticed - did the driver see that a stream is wrong, and not run out of memory?
 * @a: what became of it
 *
 * A size in a stream that has been changed can ask for more memory than there is now, and
 * be accepted when there is more: that refusal says nothing of the stream. For tests that
 * expect a second refusal because there was a first.
 *
 * Return: true if a call failed, but for ENOMEM.
 */
bool vmig_damage_noticed(const struct vmig_attempt *a)
{
	return (a->write && a->write != -ENOMEM) || (a->set && a->set != -ENOMEM);
}

/**
 * vmig_leave_attempt - make a device ready for the next attempt
 * @dev: the device, after vmig_load_unchecked()
 *
 * One that is in STOP stays there: it need not run on what it has been given.
 */
void vmig_leave_attempt(struct vmig_device *dev)
{
	int ret;

	if (vmig_get_state(dev) == VFIO_DEVICE_STATE_STOP)
		return;
	ret = __vmig_recover_running(dev);
	if (ret)
		vmig_test_error("the device does not come back to RUNNING after a load: %s",
				vmig_errno_name(ret));
}

/**
 * vmig_good_again - is a device still good for migration after what was done to it?
 * @dev: the device, left in RUNNING if it is
 * @good: a stream that was saved from it
 *
 * RESET, load of @good, a whole save, RUNNING.
 *
 * Return: NULL if all of it works, else what failed, for messages.
 */
const char *vmig_good_again(struct vmig_device *dev, const struct vmig_stream *good)
{
	struct vmig_stream s = {};
	const char *what;
	size_t done = 0;
	uint32_t state;
	int fd = -1, ret;

	what = "RESET";
	ret = __vmig_reset(dev);
	if (!ret) {
		/* A driver that is in RESUMING without a session may not survive a SET. */
		what = "GET after RESET, to be RUNNING,";
		ret = __vmig_get_state(dev, &state);
		if (!ret && state != VFIO_DEVICE_STATE_RUNNING)
			ret = -EIO;
	}
	if (!ret) {
		what = "entering RESUMING";
		ret = __vmig_goto_state(dev, VFIO_DEVICE_STATE_RESUMING, &fd);
	}
	if (!ret) {
		what = "write() of the good stream";
		ret = __vmig_stream_write(fd, good->data, good->len, &vmig_default_chunks, &done);
	}
	if (!ret) {
		what = "SET(STOP) after the good stream";
		ret = __vmig_set_state(dev, VFIO_DEVICE_STATE_STOP, NULL);
	}
	if (fd >= 0)
		close(fd);
	if (!ret) {
		what = "a save after that";
		ret = __vmig_save(dev, &s);
		if (!ret && good->len && !s.len)
			ret = -ENODATA;
	}
	if (!ret) {
		what = "the way to RUNNING after that";
		ret = __vmig_goto_state(dev, VFIO_DEVICE_STATE_RUNNING, &fd);
	}
	vmig_stream_free(&s);
	return ret ? vmig_fmt("%s failed: %s", what, vmig_errno_name(ret)) : NULL;
}

/**
 * vmig_reopen - the last close of a device, and an open in the same way
 * @dev: the device, in RUNNING; the one that is open afterwards, in RUNNING too
 */
void vmig_reopen(struct vmig_device **dev)
{
	struct vmig_dev_id id = (*dev)->id;
	enum vmig_uapi uapi = (*dev)->uapi;
	int ret;

	vmig_close(*dev);
	*dev = NULL;
	*dev = vmig_open(&id, uapi);
	ret = __vmig_recover_running(*dev);
	if (ret)
		vmig_test_error("the device cannot be brought to RUNNING after an open: %s",
				vmig_errno_name(ret));
}

/**
 * vmig_restore_state - give a device its content back, which must work
 * @dev: the device, in any state; left in RUNNING
 * @good: a stream that was saved from it; an empty one puts nothing back
 *
 * RESET does not do it: not every driver's reset clears the device.
 */
void vmig_restore_state(struct vmig_device *dev, const struct vmig_stream *good)
{
	vmig_leave_attempt(dev);
	if (good->len)
		vmig_load(dev, good);
	vmig_goto_state(dev, VFIO_DEVICE_STATE_RUNNING);
}

/**
 * vmig_position - one of some positions in a stream
 * @i: which one, from 0
 * @count: how many there are to be, at least 4
 * @len: bytes of the stream
 *
 * A stream of at most @count bytes has @len of them, every one. Of a longer one it is
 * each of the first @count / 2, where headers are, and the rest evenly spread, the last
 * byte included.
 *
 * Return: the position, below @len; @len for an @i behind the last one.
 */
size_t vmig_position(unsigned int i, unsigned int count, size_t len)
{
	unsigned int dense = count / 2;

	if (len <= count)
		return i < len ? i : len;
	if (i >= count)
		return len;
	if (i < dense)
		return i;
	return dense + (len - 1 - dense) * (i - dense) / (count - 1 - dense);
}
