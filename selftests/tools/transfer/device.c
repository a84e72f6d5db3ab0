// SPDX-License-Identifier: GPL-2.0-only
/* Save and load the state of a device in blocks, whatever its size. See transfer.h. */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <lzma.h>

#include <vmig/clock.h>
#include <vmig/feature.h>
#include <vmig/stream.h>
#include <vmig/stream_identity.h>
#include <vmig/state.h>
#include <vmig/fsm.h>
#include <vmig/error.h>
#include <vmig/open_any.h>
#include "transfer.h"

volatile sig_atomic_t vmig_transfer_stop;

/**
 * vmig_transfer_fail - say what went wrong, unless something else did before
 * @c: the transfer
 * @fmt: a sentence for a message, without "vmig:" and the full stop
 *
 * Return: false.
 */
bool vmig_transfer_fail(struct vmig_transfer *c, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	if (!c->why[0])
		vsnprintf(c->why, sizeof(c->why), fmt, args);
	va_end(args);
	return false;
}

/**
 * vmig_transfer_find - find the device, without touching it
 * @c: the transfer
 * @device: what the user calls it
 *
 * Return: false with a sentence.
 */
bool vmig_transfer_find(struct vmig_transfer *c, const char *device)
{
	if (vmig_resolve(device, &c->id, c->why, sizeof(c->why)))
		return false;
	vmig_streamfile_describe(&c->id, &c->here);
	return true;
}

/**
 * vmig_transfer_open - open the device, in RUNNING
 * @c: the transfer, found
 *
 * Return: false with a sentence.
 */
bool vmig_transfer_open(struct vmig_transfer *c)
{
	char why[256];
	int ret = vmig_open_any(&c->id, &c->dev, why, sizeof(why));

	if (ret)
		return vmig_transfer_fail(c, "%s", why);
	ret = __vmig_get_migration(c->dev, &c->here.flags);
	if (ret)
		return vmig_transfer_fail(c, "%s offers no migration (%s)", c->id.name,
					  vmig_errno_name(ret));
	ret = __vmig_recover_running(c->dev);
	if (ret)
		return vmig_transfer_fail(c, "%s cannot be brought to RUNNING: %s", c->id.name,
					  vmig_errno_name(ret));
	return true;
}

/**
 * vmig_transfer_close - leave the device in RUNNING, and close it
 * @c: the transfer; what went wrong gets words on the device
 *
 * Return: false where the device does not come back.
 */
bool vmig_transfer_close(struct vmig_transfer *c)
{
	size_t len = strlen(c->why);
	int ret;

	if (!c->dev)
		return true;
	ret = c->here.flags ? __vmig_recover_running(c->dev) : 0;
	vmig_close(c->dev);
	c->dev = NULL;
	if (ret)
		snprintf(
			c->why + len, sizeof(c->why) - len,
			"%s%s does not come back to RUNNING (%s): remove it and create it again, or reboot",
			len ? "; " : "", c->id.name, vmig_errno_name(ret));
	else if (len)
		snprintf(c->why + len, sizeof(c->why) - len, "; %s is in RUNNING", c->id.name);
	return !ret;
}

/* May it go on? */
static bool go_on(struct vmig_transfer *c)
{
	if (vmig_transfer_stop)
		return vmig_transfer_fail(c, "interrupted after %llu bytes",
					  (unsigned long long)c->bytes);
	if (vmig_now_ms() >= c->end_ms)
		return vmig_transfer_fail(
			c,
			"it takes too long as a whole: %llu bytes have gone (VMIG_TRANSFER_SECONDS "
			"allows more)",
			(unsigned long long)c->bytes);
	return true;
}

/* Put a pattern into the state. 0, -EOPNOTSUPP where no exerciser can, else -errno. */
static int put_pattern(struct vmig_transfer *c, uint32_t seed)
{
	struct vmig_exercise w;
	int ret = __vmig_exercise_begin(&w, c->dev);

	if (!ret)
		ret = w.ops->set_pattern && w.ops->check_pattern ? w.ops->set_pattern(&w, seed)
								 : -EOPNOTSUPP;
	vmig_exercise_end(&w);
	return ret;
}

static bool read_out(struct vmig_transfer *c, int fd, vmig_transfer_sink sink, void *arg)
{
	static unsigned char block[VMIG_TRANSFER_BLOCK];
	ssize_t n = 0;

	while (go_on(c)) {
		n = __vmig_read(fd, block, VMIG_TRANSFER_BLOCK);
		if (n <= 0)
			break;
		c->checksum = lzma_crc64(block, n, c->checksum);
		if (!sink(c, arg, block, n, c->bytes))
			break;
		c->bytes += n;
	}
	if (n == -EPROTO)
		return vmig_transfer_fail(c,
					  "read() of the data_fd returned more than was asked for");
	if (n < 0 && n != -EINTR)
		return vmig_transfer_fail(c, "read() of the data_fd failed after %llu bytes: %s",
					  (unsigned long long)c->bytes, vmig_errno_name(n));
	go_on(c);
	return !c->why[0];
}

/**
 * vmig_transfer_out - save the device's state
 * @c: the transfer; bytes, checksum and time are set
 * @sink: where it goes
 * @arg: for @sink
 *
 * With c->seed, the pattern that this seed makes is put into the device first.
 *
 * Return: true with the device in RUNNING again; false with a sentence.
 */
bool vmig_transfer_out(struct vmig_transfer *c, vmig_transfer_sink sink, void *arg)
{
	int fd, ret = c->seed ? put_pattern(c, c->seed) : 0;
	bool good;

	if (ret)
		return vmig_transfer_fail(
			c,
			ret == -EOPNOTSUPP
				? "--seed: no exerciser can put a pattern into the state of %s"
				: "--seed: no pattern can be put into the state of %s: %s",
			c->id.name, vmig_errno_name(ret));
	ret = __vmig_goto_state(c->dev, VFIO_DEVICE_STATE_STOP_COPY, &fd);
	if (!ret && fd < 0)
		ret = -EBADF;
	if (ret)
		return vmig_transfer_fail(c, "%s cannot be brought to STOP_COPY: %s", c->id.name,
					  vmig_errno_name(ret));
	c->began_ms = vmig_now_ms();
	good = read_out(c, fd, sink, arg);
	c->took_ms = vmig_now_ms() - c->began_ms;
	close(fd);
	ret = __vmig_goto_state(c->dev, VFIO_DEVICE_STATE_RUNNING, &fd);
	if (good && ret)
		return vmig_transfer_fail(c, "%s was saved, and does not come back to RUNNING: %s",
					  c->id.name, vmig_errno_name(ret));
	return good;
}

/**
 * vmig_transfer_begin - make the device ready for a stream
 * @c: the transfer
 * @f: the stream
 *
 * Where the stream brings a pattern and an exerciser can see it, the device gets another one
 * first, so that what is found there later came with the stream.
 *
 * Return: the data_fd of RESUMING, or -1 with a sentence.
 */
int vmig_transfer_begin(struct vmig_transfer *c, const struct vmig_streamfile *f)
{
	int fd = -1, ret = 0;

	if (f->seed)
		ret = put_pattern(c, ~f->seed);
	if (!ret || ret == -EOPNOTSUPP)
		ret = __vmig_goto_state(c->dev, VFIO_DEVICE_STATE_RESUMING, &fd);
	if (ret || fd < 0)
		vmig_transfer_fail(c, "%s cannot be brought to RESUMING: %s", c->id.name,
				   vmig_errno_name(ret ?: -EBADF));
	return fd;
}

/**
 * vmig_transfer_to_device - give the device a part of a stream; a vmig_transfer_sink
 * @c: the transfer; bytes grow
 * @data_fd: int *, of vmig_transfer_begin()
 * @data: the part
 * @len: its bytes
 * @at: its place
 *
 * Return: true if it took all of it; false with c->write_error where the driver refused it,
 * else with a sentence.
 */
bool vmig_transfer_to_device(struct vmig_transfer *c, void *data_fd, const void *data, size_t len,
			     uint64_t at)
{
	size_t done = 0;
	int ret;

	if (!go_on(c))
		return false;
	if (!c->began_ms)
		c->began_ms = vmig_now_ms();
	ret = __vmig_stream_write(*(int *)data_fd, data, len, &vmig_default_chunks, &done);
	c->bytes += done;
	if (ret == -EINTR && vmig_transfer_stop)
		return go_on(c);
	c->write_error = -ret;
	return !ret;
}

__attribute__((format(printf, 2, 3))) static enum vmig_transfer_end broken(struct vmig_transfer *c,
									   const char *fmt, ...)
{
	char what[500];
	va_list args;

	va_start(args, fmt);
	vsnprintf(what, sizeof(what), fmt, args);
	va_end(args);
	vmig_transfer_fail(c, "broken: %s", what);
	return VMIG_TRANSFER_BROKEN;
}

/* The driver said no. Did it do so as it must, and does the device come back? */
static enum vmig_transfer_end refused(struct vmig_transfer *c, int ret)
{
	uint32_t state;
	int err = __vmig_get_state(c->dev, &state);

	if (!err && state != VFIO_DEVICE_STATE_RESUMING && state != VFIO_DEVICE_STATE_ERROR)
		return broken(c, "SET(STOP) failed with %s, and the device is in %s (RES-09)",
			      vmig_errno_name(ret), vmig_state_name(state));
	err = __vmig_recover_running(c->dev);
	if (err)
		return broken(c,
			      "the driver refused the stream (%s), and the device does not come "
			      "back to RUNNING by a reset: %s (RES-10)",
			      vmig_errno_name(ret), vmig_errno_name(err));
	if (c->write_error)
		vmig_transfer_fail(
			c,
			"the driver refused it: write() failed after %llu bytes with %s, and "
			"SET(STOP) with %s",
			(unsigned long long)c->bytes, vmig_errno_name(c->write_error),
			vmig_errno_name(ret));
	else
		vmig_transfer_fail(
			c,
			"the driver refused it: SET(STOP) after all %llu bytes failed with "
			"%s",
			(unsigned long long)c->bytes, vmig_errno_name(ret));
	return VMIG_TRANSFER_REFUSED;
}

/* Is the pattern there that the stream is said to bring? */
static enum vmig_transfer_end look(struct vmig_transfer *c, uint32_t seed)
{
	enum vmig_transfer_end end = VMIG_TRANSFER_DONE;
	const char *why = NULL;
	struct vmig_exercise w;

	if (!seed || __vmig_exercise_begin(&w, c->dev) || !w.ops->check_pattern) {
		if (seed)
			vmig_exercise_end(&w);
		return VMIG_TRANSFER_DONE;
	}
	c->sure = !w.ops->check_pattern(&w, seed, &why);
	if (!c->sure)
		end = broken(c,
			     "the driver accepted it, and the state is not the one that was saved: "
			     "%s (RES-12)",
			     why ?: "");
	vmig_exercise_end(&w);
	return end;
}

/**
 * vmig_transfer_finish - the stream has come, or the driver has refused a part: what is it worth?
 * @c: the transfer
 * @data_fd: of vmig_transfer_begin(), closed
 * @f: the stream
 *
 * Return: VMIG_TRANSFER_DONE with the device in RUNNING, else with a sentence.
 */
enum vmig_transfer_end vmig_transfer_finish(struct vmig_transfer *c, int data_fd,
					    const struct vmig_streamfile *f)
{
	int fd, ret;

	ret = __vmig_set_state(c->dev, VFIO_DEVICE_STATE_STOP, NULL);
	c->took_ms = vmig_now_ms() - (c->began_ms ?: vmig_now_ms());
	close(data_fd);
	if (ret)
		return refused(c, ret);
	if (c->write_error)
		return broken(
			c, "write() failed with %s, and SET(STOP) succeeded all the same (RES-07)",
			vmig_errno_name(c->write_error));
	ret = __vmig_goto_state(c->dev, VFIO_DEVICE_STATE_RUNNING, &fd);
	if (ret)
		return broken(
			c,
			"the driver accepted it, and the device cannot be brought to RUNNING: "
			"%s (RES-03)",
			vmig_errno_name(ret));
	return look(c, f->seed);
}

/**
 * vmig_transfer_name - what the user calls a file
 * @name: what it is called here, in a guest for instance
 *
 * Return: VMIG_TRANSFER_NAME, or @name without it.
 */
const char *vmig_transfer_name(const char *name)
{
	const char *env = getenv("VMIG_TRANSFER_NAME");

	return env && *env ? env : name;
}

/**
 * vmig_transfer_rate - how much, how long, how fast
 * @c: the transfer
 *
 * Return: a phrase for a message, good until the next call.
 */
const char *vmig_transfer_rate(const struct vmig_transfer *c)
{
	static char text[96];
	double seconds = (c->took_ms ?: 1) / 1000.0;

	snprintf(text, sizeof(text), "%llu bytes in %.3f s, %.1f MiB/s",
		 (unsigned long long)c->bytes, seconds, c->bytes / seconds / (1 << 20));
	return text;
}

/**
 * vmig_transfer_origin - where a stream comes from
 * @f: the stream
 *
 * Return: a phrase for a message, good until the next call.
 */
const char *vmig_transfer_origin(const struct vmig_streamfile *f)
{
	static char text[512];

	vmig_streamfile_origin(f, text, sizeof(text));
	return text;
}

/**
 * vmig_transfer_seen - what is known of the state after a load
 * @c: the transfer
 *
 * Return: a phrase for a message.
 */
const char *vmig_transfer_seen(const struct vmig_transfer *c)
{
	return c->sure ? "the state is the one that was saved"
		       : "nobody can tell whether the state is the one that was saved";
}
