// SPDX-License-Identifier: GPL-2.0-only
/* Check that a device can still be saved and loaded. */
#include <unistd.h>

#include <vmig/feature.h>
#include <vmig/stream.h>
#include <vmig/fsm.h>
#include <vmig/state.h>
#include <vmig/error.h>
#include "round_trip_check.h"
#include "verdict.h"

static const char *save(struct vmig_device *dev, struct vmig_stream *s)
{
	int fd, ret;

	ret = __vmig_set_state(dev, VFIO_DEVICE_STATE_STOP_COPY, &fd);
	if (ret)
		return vmig_fmt("SET(STOP_COPY) failed: %s", vmig_errno_name(ret));
	ret = __vmig_stream_read(fd, s, &vmig_default_chunks);
	close(fd);
	if (ret)
		return vmig_fmt("read() of the stream failed after %zu bytes: %s", s->len,
				vmig_errno_name(ret));
	ret = __vmig_set_state(dev, VFIO_DEVICE_STATE_RUNNING, NULL);
	if (ret)
		return vmig_fmt("SET(RUNNING) from STOP_COPY failed: %s", vmig_errno_name(ret));
	return NULL;
}

static const char *load(struct vmig_device *dev, const struct vmig_stream *s)
{
	uint32_t state;
	size_t done;
	int fd, ret;

	ret = __vmig_set_state(dev, VFIO_DEVICE_STATE_RESUMING, &fd);
	if (ret)
		return vmig_fmt("SET(RESUMING) failed: %s", vmig_errno_name(ret));
	ret = __vmig_stream_write(fd, s->data, s->len, &vmig_default_chunks, &done);
	close(fd);
	if (ret)
		return vmig_fmt("write() of the stream failed after %zu of %zu bytes: %s", done,
				s->len, vmig_errno_name(ret));
	ret = __vmig_set_state(dev, VFIO_DEVICE_STATE_RUNNING, NULL);
	if (ret)
		return vmig_fmt("SET(RUNNING) from RESUMING failed: %s", vmig_errno_name(ret));
	ret = __vmig_get_state(dev, &state);
	if (ret || state != VFIO_DEVICE_STATE_RUNNING)
		return vmig_fmt("GET after SET(RUNNING): %s",
				ret ? vmig_errno_name(ret) : vmig_state_name(state));
	return NULL;
}

/**
 * vmig_round_trip - save a device's state and load it back
 * @dev: the device, in RUNNING, and again there if it works
 *
 * By the requests of a consumer that knows neither P2P nor PRE_COPY, so that it works
 * on every device that migrates.
 *
 * Return: NULL if all of it works, else what failed, for messages.
 */
const char *vmig_round_trip(struct vmig_device *dev)
{
	struct vmig_stream s = {};
	const char *why;

	why = save(dev, &s);
	if (!why)
		why = load(dev, &s);
	vmig_stream_free(&s);
	return why;
}

/**
 * vmig_require_round_trip - vmig_round_trip() must work before something is done to a device
 * @dev: the device, in RUNNING
 *
 * Else a failure afterwards says nothing of what was done, and the test ends here.
 */
void vmig_require_round_trip(struct vmig_device *dev)
{
	const char *why = vmig_round_trip(dev);

	if (why)
		vmig_test_error(
			"save and load do not even work on a device that nothing was done to: %s",
			why);
}

/**
 * vmig_saves_nothing - does a plain save give no bytes, as the device has no state?
 * @dev: the device, in any state; left in STOP
 *
 * Whoever has read nothing of a session asks this before he says that something was lost.
 *
 * Return: true if so.
 */
bool vmig_saves_nothing(struct vmig_device *dev)
{
	struct vmig_stream s = {};
	bool nothing;

	vmig_recover_running(dev);
	vmig_save(dev, &s);
	nothing = !s.len;
	vmig_stream_free(&s);
	return nothing;
}
