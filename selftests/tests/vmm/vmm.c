// SPDX-License-Identifier: GPL-2.0-only
/* Common code of the VMM models: their calls, one of which may be made to fail. */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <vmig/feature.h>
#include <vmig/fsm.h>
#include <vmig/error.h>
#include "vmm.h"
#include "descriptors.h"
#include "fail_nth.h"
#include "fault_memory.h"
#include "stuck.h"

/**
 * vmig_consumer_begin - a VMM that has just opened a device
 * @c: filled in
 * @name: of the VMM
 * @dev: the device, in RUNNING as VMMs assume it to be
 */
void vmig_consumer_begin(struct consumer *c, const char *name, struct vmig_device *dev)
{
	memset(c, 0, sizeof(*c));
	c->name = name;
	c->dev = dev;
	c->state = VFIO_DEVICE_STATE_RUNNING;
	c->data_fd = -1;
	c->page = vmig_before_hole(NULL, VMIG_PAGE);
}

/**
 * vmig_consumer_again - the VMM begins another migration, in which nothing is made to fail
 * @c: the VMM, with its device
 */
void vmig_consumer_again(struct consumer *c)
{
	c->wire.len = 0;
	c->sent = 0;
	c->calls = 0;
	c->opened = 0;
	c->fault = CONSUMER_NO_FAULT;
	c->failed[0] = '\0';
	c->tolerant = false;
}

/**
 * vmig_consumer_end - give back what a VMM has but for its device
 * @c: the VMM
 */
void vmig_consumer_end(struct consumer *c)
{
	vmig_consumer_close_fd(c);
	vmig_stream_free(&c->wire);
	free(c->buffer);
	c->buffer = NULL;
	vmig_stuck_readable(NULL);
	munmap(c->page, VMIG_PAGE);
}

/**
 * vmig_consumer_breaks - the VMM would fail, and it is the device's fault
 * @c: the VMM
 * @clause: the clause that was violated
 * @fmt: which of its functions would do what, and why
 *
 * The first time counts: the others follow from it.
 */
void vmig_consumer_breaks(struct consumer *c, enum vmig_clause_id clause, const char *fmt, ...)
{
	va_list args;

	if (c->trouble[0])
		return;
	c->clause = clause;
	va_start(args, fmt);
	vsnprintf(c->trouble, sizeof(c->trouble), fmt, args);
	va_end(args);
}

/**
 * vmig_consumer_may_fail - is a call that fails no fault of the device?
 * @c: the VMM
 *
 * Return: true if something was made to fail.
 */
bool vmig_consumer_may_fail(const struct consumer *c)
{
	return c->tolerant || c->failed[0];
}

/**
 * vmig_consumer_fails - a call failed on which the VMM relies
 * @c: the VMM
 * @clause: the rule that says that it works
 * @by: the VMM's function
 * @what: the call, for messages
 * @ret: -errno
 *
 * Return: @ret.
 */
int vmig_consumer_fails(struct consumer *c, enum vmig_clause_id clause, const char *by,
			const char *what, int ret)
{
	if (!vmig_consumer_may_fail(c))
		vmig_consumer_breaks(c, clause, "%s: %s would fail the migration: %s gave %s",
				     c->name, by, what, vmig_errno_name(ret));
	else if (!c->failed[0])
		snprintf(c->failed, sizeof(c->failed), "%s of %s gives %s", what, by,
			 vmig_errno_name(ret));
	return ret;
}

/* Is this the call that is to fail? */
static bool now(struct consumer *c, enum consumer_fault fault, const char *by, const char *what)
{
	if (c->calls != c->fail_at || c->fault != fault)
		return false;
	snprintf(c->failed, sizeof(c->failed), "%s of %s (call %u) fails with %s", what, by,
		 c->calls, fault == CONSUMER_NO_ANSWER ? "EFAULT" : "EMFILE");
	return true;
}

/* From here on something fails, if this is the call that is to be short of memory. */
static bool short_of_memory(struct consumer *c)
{
	if (c->calls != c->fail_at || c->fault != CONSUMER_NO_MEMORY)
		return false;
	vmig_fail_nth(c->fail_nth);
	return true;
}

/* Until here, and only if so much was asked for. */
static void enough_memory(struct consumer *c, bool was_short, const char *by, const char *what)
{
	if (was_short && vmig_fail_nth_end())
		snprintf(c->failed, sizeof(c->failed), "%s of %s (call %u) with failure %u", what,
			 by, c->calls, c->fail_nth);
}

static int without_descriptors(int fd, void *arg)
{
	struct rlimit old = vmig_descriptors_take();
	int ret = __vmig_feature(fd, arg);

	vmig_descriptors_give_back(&old);
	return ret;
}

/**
 * vmig_consumer_feature - VFIO_DEVICE_FEATURE, as a call of the VMM
 * @c: the VMM
 * @by: its function
 * @feature_and_op: what goes into the flags
 * @payload: what comes behind the header, both ways; or NULL
 * @size: its bytes
 *
 * Return: 0 or -errno.
 */
int vmig_consumer_feature(struct consumer *c, const char *by, uint32_t feature_and_op,
			  void *payload, uint32_t size)
{
	struct vfio_device_feature *f = c->page;
	bool fault;
	int ret;

	c->calls++;
	f->argsz = sizeof(*f) + size;
	f->flags = feature_and_op;
	if (size)
		memcpy(f->data, payload, size);
	/* With a payload it is never protected from being read. */
	vmig_stuck_readable(size ? f : NULL);
	if (now(c, CONSUMER_NO_DESCRIPTOR, by, "the SET")) {
		ret = without_descriptors(c->dev->fd, f);
	} else if (now(c, CONSUMER_NO_ANSWER, by, "VFIO_DEVICE_FEATURE")) {
		/* A call without an answer cannot be made at all. */
		vmig_protect(f, size ? PROT_READ : PROT_NONE);
		ret = __vmig_feature(c->dev->fd, f);
		vmig_protect(f, PROT_READ | PROT_WRITE);
	} else {
		fault = short_of_memory(c);
		ret = __vmig_feature(c->dev->fd, f);
		enough_memory(c, fault, by, "VFIO_DEVICE_FEATURE");
	}
	if (size)
		memcpy(payload, f->data, size);
	return ret;
}

/**
 * vmig_consumer_set - SET of the migration state, as a call of the VMM
 * @c: the VMM
 * @by: its function
 * @state: the state
 * @data_fd: the value of the data_fd field; -1 after a failure
 *
 * Return: 0 or -errno.
 */
int vmig_consumer_set(struct consumer *c, const char *by, uint32_t state, int *data_fd)
{
	struct vfio_device_feature_mig_state mig = { .device_state = state, .data_fd = c->fd_in };
	int ret = vmig_consumer_feature(
		c, by, VFIO_DEVICE_FEATURE_SET | VFIO_DEVICE_FEATURE_MIG_DEVICE_STATE, &mig,
		sizeof(mig));

	*data_fd = ret ? -1 : mig.data_fd;
	if (!ret && mig.data_fd >= 0 && c->calls < CONSUMER_CALLS)
		c->opened |= 1ULL << c->calls;
	return ret;
}

/**
 * vmig_consumer_data_size - GET MIG_DATA_SIZE, as a call of the VMM
 * @c: the VMM
 * @by: its function
 * @length: the answer
 *
 * Return: 0 or -errno.
 */
int vmig_consumer_data_size(struct consumer *c, const char *by, uint64_t *length)
{
	struct vfio_device_feature_mig_data_size size = {};
	int ret = vmig_consumer_feature(c, by,
					VFIO_DEVICE_FEATURE_GET | VFIO_DEVICE_FEATURE_MIG_DATA_SIZE,
					&size, sizeof(size));

	*length = size.stop_copy_length;
	return ret;
}

/**
 * vmig_consumer_precopy_info - VFIO_MIG_GET_PRECOPY_INFO, as a call of the VMM
 * @c: the VMM
 * @by: its function
 * @info: the answer
 *
 * Return: 0 or -errno.
 */
int vmig_consumer_precopy_info(struct consumer *c, const char *by, struct vfio_precopy_info *info)
{
	struct vfio_precopy_info *at = c->page;
	bool fault, few;
	int ret;

	c->calls++;
	memset(at, 0, sizeof(*at));
	at->argsz = sizeof(*at);
	fault = now(c, CONSUMER_NO_ANSWER, by, "VFIO_MIG_GET_PRECOPY_INFO");
	if (fault)
		vmig_protect(at, PROT_READ);
	few = short_of_memory(c);
	ret = ioctl(c->data_fd, VFIO_MIG_GET_PRECOPY_INFO, at) ? -errno : 0;
	enough_memory(c, few, by, "VFIO_MIG_GET_PRECOPY_INFO");
	if (fault)
		vmig_protect(at, PROT_READ | PROT_WRITE);
	*info = *at;
	return ret;
}

/**
 * vmig_consumer_read - read() into the VMM's buffer, and send the data
 * @c: the VMM
 * @by: its function
 *
 * Return: what read() returned, or -errno.
 */
ssize_t vmig_consumer_read(struct consumer *c, const char *by)
{
	ssize_t n;
	bool few;

	c->calls++;
	if (now(c, CONSUMER_NO_ANSWER, by, "read()"))
		return __vmig_read(c->data_fd, NULL, c->buffer_size);
	few = short_of_memory(c);
	n = __vmig_read(c->data_fd, c->buffer, c->buffer_size);
	enough_memory(c, few, by, "read()");
	if (n > 0)
		vmig_stream_append(&c->wire, c->buffer, n);
	return n;
}

/**
 * vmig_consumer_write - write() of what has come over the wire, all of it
 * @c: the VMM
 * @by: its function
 * @bytes: how many, from where the last one ended
 *
 * Return: 0 or -errno; -EIO for a write() that takes nothing.
 */
int vmig_consumer_write(struct consumer *c, const char *by, size_t bytes)
{
	size_t end = c->sent + bytes;
	ssize_t n = 1;
	bool few;

	c->calls++;
	if (now(c, CONSUMER_NO_ANSWER, by, "write()")) {
		n = __vmig_write(c->data_fd, NULL, bytes);
		return n < 0 ? n : -EIO;
	}
	few = short_of_memory(c);
	while (c->sent < end && n > 0) {
		n = __vmig_write(c->data_fd, c->wire.data + c->sent, end - c->sent);
		if (n > 0)
			c->sent += n;
	}
	enough_memory(c, few, by, "write()");
	if (n > 0)
		return 0;
	return n ? n : -EIO;
}

/**
 * vmig_consumer_reset - VFIO_DEVICE_RESET, the VMM's last resort
 * @c: the VMM
 * @by: its function
 *
 * Without it there is nothing that the VMM can do: always trouble.
 *
 * Return: 0 or -errno.
 */
int vmig_consumer_reset(struct consumer *c, const char *by)
{
	int ret = __vmig_reset(c->dev);

	if (ret)
		vmig_consumer_breaks(c, RST_01, "%s: %s would give the device up: RESET gave %s",
				     c->name, by, vmig_errno_name(ret));
	c->state = VFIO_DEVICE_STATE_RUNNING;
	return ret;
}

/**
 * vmig_consumer_set_failed - what a VMM does when a SET has failed
 * @c: the VMM
 * @by: its function
 * @state: where it was to go
 * @ret: the -errno
 * @recover: the state that it tries then; ERROR for none, as no SET leads there
 * @by_reset: its function that resets the device if that fails too
 */
void vmig_consumer_set_failed(struct consumer *c, const char *by, uint32_t state, int ret,
			      uint32_t recover, const char *by_reset)
{
	int fd;

	vmig_consumer_fails(c, FSM_01, by, vmig_fmt("SET(%s)", vmig_state_name(state)), ret);
	if (recover != VFIO_DEVICE_STATE_ERROR && !vmig_consumer_set(c, by, recover, &fd))
		c->state = recover;
	else
		vmig_consumer_reset(c, by_reset);
}

/**
 * vmig_consumer_take_fd - the data_fd that a SET gave
 * @c: the VMM
 * @by: its function
 * @fd: the data_fd, or -1
 */
void vmig_consumer_take_fd(struct consumer *c, const char *by, int fd)
{
	bool streams = vmig_state_streams(c->state);

	if (fd >= 0 && !streams)
		vmig_consumer_breaks(c, FD_02,
				     "%s: %s would take descriptor %d for a new session in %s",
				     c->name, by, fd, vmig_state_name(c->state));
	if (fd < 0 && c->data_fd < 0 && streams)
		vmig_consumer_breaks(c, FD_02, "%s: %s has no data_fd in %s", c->name, by,
				     vmig_state_name(c->state));
	if (fd < 0)
		return;
	vmig_consumer_close_fd(c);
	c->data_fd = fd;
}

/**
 * vmig_consumer_close_fd - close the data_fd, if there is one
 * @c: the VMM
 */
void vmig_consumer_close_fd(struct consumer *c)
{
	if (c->data_fd >= 0)
		close(c->data_fd);
	c->data_fd = -1;
}
