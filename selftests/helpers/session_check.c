// SPDX-License-Identifier: GPL-2.0-only
/* Check data transfer sessions and their streams. See session_check.h. */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <vmig/feature.h>
#include <vmig/state.h>
#include <vmig/fsm.h>
#include <vmig/error.h>
#include <vmig/shared.h>
#include "session_check.h"

/*
 * A stream that was read in another way may be longer than the plain one, as a driver
 * may frame what it gives. Beyond this it is treated as endless.
 */
#define ENDLESS(len) (4 * (len) + (1 << 20))

/* Long enough for what changes some times a second. */
#define MOMENT_US 60000

/* A state of more than this takes its time. */
#define QUICK_MAX (16 << 20)

/**
 * vmig_fault - something that the device did not do well
 * @fmt: format of what it did
 *
 * Return: the fault; it is not one of content.
 */
struct vmig_fault vmig_fault(const char *fmt, ...)
{
	struct vmig_fault fault = { .found = true };
	va_list args;

	va_start(args, fmt);
	vsnprintf(fault.why, sizeof(fault.why), fmt, args);
	va_end(args);
	return fault;
}

/* In how many bytes do they differ? What one has more than the other differs. */
static size_t difference(const struct vmig_stream *a, const struct vmig_stream *b)
{
	size_t common = a->len < b->len ? a->len : b->len;
	size_t n = a->len + b->len - 2 * common;
	size_t i;

	if (!n && !memcmp(a->data, b->data, common))
		return 0;
	for (i = 0; i < common; i++)
		n += a->data[i] != b->data[i];
	return n;
}

/*
 * Does the device change by itself while it runs? Then what it gives depends on when it is
 * asked. A device that loses its state there looks the same, and is found out by tests that
 * know what the state should be.
 */
static bool moves(struct vmig_device *dev, const struct vmig_stream *content)
{
	struct vmig_stream later = {};
	bool moving;

	vmig_load(dev, content);
	vmig_set_state(dev, VFIO_DEVICE_STATE_RUNNING);
	usleep(MOMENT_US);
	vmig_set_state(dev, VFIO_DEVICE_STATE_STOP);
	vmig_save(dev, &later);
	moving = difference(content, &later);
	vmig_stream_free(&later);
	return moving;
}

enum motion { UNKNOWN, STILL, MOVING };

/* Found out once a program, by the first of its tests that wants to know. */
static enum motion *device_is;

__attribute__((constructor)) static void share_device_is(void)
{
	device_is = vmig_shared_alloc(sizeof(*device_is));
}

static bool is_still(struct vmig_device *dev, const struct vmig_stream *content)
{
	if (*device_is == UNKNOWN)
		*device_is = moves(dev, content) ? MOVING : STILL;
	return *device_is == STILL;
}

/**
 * vmig_reference_save - save, load and save again, in the plainest way; all of it must work
 * @dev: the device, in RUNNING or STOP; left in STOP
 * @control: where stream and answer go
 */
void vmig_reference_save(struct vmig_device *dev, struct vmig_reference *control)
{
	struct vmig_stream again = {};

	memset(control, 0, sizeof(*control));
	/* Of a device without state it gives no bytes, and then no session does. */
	vmig_save(dev, &control->stream);
	vmig_load(dev, &control->stream);
	vmig_save(dev, &again);
	control->repeats = !difference(&control->stream, &again) && is_still(dev, &control->stream);
	vmig_stream_free(&again);
}

/**
 * vmig_reference_save_quick - a control for a test that is not about content
 * @dev: the device, in RUNNING or STOP; left in STOP
 * @control: where stream and answer go
 *
 * As vmig_reference_save(), but of a state of many MB the stream alone is taken: then
 * sessions are judged by whether they work.
 */
void vmig_reference_save_quick(struct vmig_device *dev, struct vmig_reference *control)
{
	struct vmig_reference quick = {};

	vmig_save(dev, &quick.stream);
	if (quick.stream.len > QUICK_MAX) {
		*control = quick;
		return;
	}
	vmig_stream_free(&quick.stream);
	vmig_reference_save(dev, control);
}

/**
 * vmig_reference_restore - put good content back after something that failed
 * @dev: the device, in any state; left in STOP
 * @control: what vmig_reference_save() gave
 *
 * A device that takes it only after a reset gets one: what made that necessary is the
 * breach, and not a reason for no verdict.
 */
void vmig_reference_restore(struct vmig_device *dev, const struct vmig_reference *control)
{
	int ret = __vmig_recover_running(dev);

	if (ret)
		vmig_test_error(
			"the device cannot be brought back to RUNNING after a session failed: %s",
			vmig_errno_name(ret));
	if (!__vmig_load(dev, control->stream.data, control->stream.len, &vmig_default_chunks))
		return;
	if (!__vmig_reset(dev))
		__vmig_recover_running(dev);
	vmig_load(dev, &control->stream);
}

/* As vmig_reference_save() leaves the device: loaded and saved. */
static void begin_again(struct vmig_device *dev, const struct vmig_reference *control)
{
	struct vmig_stream s = {};

	vmig_reference_restore(dev, control);
	vmig_save(dev, &s);
	vmig_stream_free(&s);
}

/*
 * Does the device still repeat itself when what comes before is not the same each time?
 * What a driver leaves in unused bytes of the stream depends on that (STRM-16), and on
 * which memory it gets: so the data_fds of many sessions stay open.
 */
static bool repeats_always(struct vmig_device *dev, struct vmig_reference *control)
{
	struct vmig_stream s = {};
	unsigned int i, n = 0;
	bool same = true;
	int held[16];

	while (same && n < sizeof(held) / sizeof(held[0])) {
		held[n] = vmig_session_open(
			dev, n & 1 ? VFIO_DEVICE_STATE_RESUMING : VFIO_DEVICE_STATE_STOP_COPY,
			&control->stream);
		n++;
		vmig_set_state(dev, VFIO_DEVICE_STATE_STOP);
		vmig_save(dev, &s);
		same = !difference(&control->stream, &s);
	}
	for (i = 0; i < n; i++)
		close(held[i]);
	vmig_stream_free(&s);
	return same;
}

/**
 * vmig_judge_at - make a trial, and check that it is good
 * @at: where the caller is: VMIG_HERE
 * @id: clause that is checked
 * @dev: the device, in STOP; left in STOP with good content
 * @control: the control; @repeats is taken back if it turns out to be wrong
 * @scenario: what is tried
 * @arg: its argument
 * @did: what the trial is with, for messages
 *
 * A trial that is bad is made again without what the test is about. If that is bad
 * too, the test ends here as one that could not judge.
 *
 * Return: false after a breach.
 */
bool vmig_judge_at(const char *at, enum vmig_clause_id id, struct vmig_device *dev,
		   struct vmig_reference *control, vmig_scenario scenario, const void *arg,
		   const char *did)
{
	struct vmig_fault fault, without;
	char name[384];

	/* The trial formats more strings than are good at a time. */
	snprintf(name, sizeof(name), "%s", did);
	fault = scenario(dev, control, arg, true);
	if (!fault.found)
		return CHECK_AT(at, id, true, name, "", "%s", "");
	begin_again(dev, control);

	if (fault.content && !repeats_always(dev, control)) {
		control->repeats = false;
		fault = scenario(dev, control, arg, true);
		if (!fault.found)
			return CHECK_AT(at, id, true, name, "", "%s", "");
	}

	begin_again(dev, control);
	without = scenario(dev, control, arg, false);
	vmig_reference_restore(dev, control);
	if (without.found)
		vmig_test_error("%s: %s; and without that: %s", name, fault.why, without.why);
	return CHECK_AT(at, id, false, name, "all is well, as it is without that", "%s", fault.why);
}

/**
 * vmig_judge_once_at - vmig_check_against_reference() of one scenario, with a control of its own
 * @at: where, VMIG_HERE; vmig_judge_once() passes it
 * @id: clause that is checked
 * @dev: the device, as vmig_reference_save_quick() takes it; left in STOP with good content
 * @scenario: what is tried
 * @arg: its argument
 * @did: what the trial is with, for messages
 *
 * Return: false after a breach.
 */
bool vmig_judge_once_at(const char *at, enum vmig_clause_id id, struct vmig_device *dev,
			vmig_scenario scenario, const void *arg, const char *did)
{
	struct vmig_reference control;
	char name[384];
	bool good;

	/* Taking the control may use up the strings of vmig_fmt(). */
	snprintf(name, sizeof(name), "%s", did);
	vmig_reference_save_quick(dev, &control);
	good = vmig_judge_at(at, id, dev, &control, scenario, arg, name);
	vmig_stream_free(&control.stream);
	return good;
}

/* Read a session in STOP_COPY to its end; the control gives the expected length. */
static struct vmig_fault verify_read(int fd, struct vmig_stream *s,
				     const struct vmig_reference *control,
				     const struct vmig_chunks *chunks)
{
	int ret = __vmig_stream_read_some(fd, s, ENDLESS(control->stream.len), chunks);

	/* ENOMSG in STOP_COPY is another rule's matter (STRM-09), and an end of a kind. */
	if (ret == -ENODATA || ret == -ENOMSG)
		return VMIG_NO_FAULT;
	return vmig_fault("read(): %s after %zu bytes", ret ? vmig_errno_name(ret) : "still no end",
			  s->len);
}

/**
 * vmig_verify_write - write a part of a stream
 * @fd: data_fd of a session in RESUMING
 * @s: the stream
 * @from: first byte
 * @to: byte behind the last one
 * @chunks: sizes of the writes
 *
 * Return: what failed, or no fault.
 */
struct vmig_fault vmig_verify_write(int fd, const struct vmig_stream *s, size_t from, size_t to,
				    const struct vmig_chunks *chunks)
{
	size_t done;
	int ret = __vmig_stream_write(fd, s->data + from, to - from, chunks, &done);

	if (!ret)
		return VMIG_NO_FAULT;
	return vmig_fault("write(): %s after %zu of %zu bytes", vmig_errno_name(ret), from + done,
			  s->len);
}

/**
 * vmig_verify_content - does the device hold what the control's stream put there?
 * @dev: the device, in STOP; left in STOP
 * @control: the control
 *
 * Return: the difference, or none. None also where the device does not repeat itself,
 * because then its bytes say nothing.
 */
struct vmig_fault vmig_verify_content(struct vmig_device *dev, const struct vmig_reference *control)
{
	struct vmig_stream now = {};
	struct vmig_fault fault;
	size_t n, len;

	if (!control->repeats)
		return VMIG_NO_FAULT;
	vmig_save(dev, &now);
	n = difference(&control->stream, &now);
	len = now.len;
	vmig_stream_free(&now);
	if (!n)
		return VMIG_NO_FAULT;
	fault = vmig_fault("what the device gives then differs in %zu of %zu bytes from what it "
			   "gives after a plain load",
			   n, len);
	fault.content = true;
	return fault;
}

/**
 * vmig_verify_finish_load - write the rest of the control's stream and leave RESUMING
 * @dev: the device, in RESUMING; left in STOP when it works
 * @fd: data_fd of the session, closed by this
 * @from: how much has been written already
 * @control: the control
 *
 * Return: what failed, or no fault.
 */
struct vmig_fault vmig_verify_finish_load(struct vmig_device *dev, int fd, size_t from,
					  const struct vmig_reference *control)
{
	struct vmig_fault fault = vmig_verify_write(fd, &control->stream, from, control->stream.len,
						    &vmig_default_chunks);
	int ret;

	if (fault.found) {
		close(fd);
		return fault;
	}
	ret = __vmig_set_state(dev, VFIO_DEVICE_STATE_STOP, NULL);
	close(fd);
	if (ret)
		return vmig_fault("SET(STOP) after a whole stream: %s", vmig_errno_name(ret));
	return vmig_verify_content(dev, control);
}

/**
 * vmig_verify_load - load a stream that must be good
 * @dev: the device, in RUNNING or STOP; left in STOP when it works
 * @control: the control
 * @s: the stream
 * @chunks: sizes of the writes
 *
 * Return: what failed, or no fault.
 */
struct vmig_fault vmig_verify_load(struct vmig_device *dev, const struct vmig_reference *control,
				   const struct vmig_stream *s, const struct vmig_chunks *chunks)
{
	int fd = vmig_goto_state(dev, VFIO_DEVICE_STATE_RESUMING);
	struct vmig_fault fault = vmig_verify_write(fd, s, 0, s->len, chunks);
	int ret;

	if (fault.found) {
		close(fd);
		return vmig_fault("loaded, %s", fault.why);
	}
	ret = __vmig_set_state(dev, VFIO_DEVICE_STATE_STOP, NULL);
	close(fd);
	if (ret)
		return vmig_fault("loaded, SET(STOP): %s", vmig_errno_name(ret));
	return vmig_verify_content(dev, control);
}

/*
 * Is a stream that was read in some other way as good as a plain one? The same bytes are
 * as good as the control's, which was loaded. Others must load.
 */
static struct vmig_fault verify_stream(struct vmig_device *dev,
				       const struct vmig_reference *control,
				       const struct vmig_stream *s)
{
	if (!s->len && control->stream.len)
		return vmig_fault("the stream is empty");
	if (!difference(&control->stream, s))
		return VMIG_NO_FAULT;
	return vmig_verify_load(dev, control, s, &vmig_default_chunks);
}

/**
 * vmig_verify_finish_save - read the rest of a session, and see whether all of it is good
 * @dev: the device, in a state of the saving group; left in STOP when it works
 * @fd: data_fd of the session, closed by this
 * @s: what has been read already
 * @control: the control
 * @chunks: sizes of the reads
 *
 * Return: what failed, or no fault.
 */
struct vmig_fault vmig_verify_finish_save(struct vmig_device *dev, int fd, struct vmig_stream *s,
					  const struct vmig_reference *control,
					  const struct vmig_chunks *chunks)
{
	struct vmig_fault fault;
	int ret = 0;

	if (vmig_get_state(dev) != VFIO_DEVICE_STATE_STOP_COPY)
		ret = __vmig_set_state(dev, VFIO_DEVICE_STATE_STOP_COPY, NULL);
	if (ret) {
		close(fd);
		return vmig_fault("SET(STOP_COPY): %s", vmig_errno_name(ret));
	}
	fault = verify_read(fd, s, control, chunks);
	ret = __vmig_set_state(dev, VFIO_DEVICE_STATE_STOP, NULL);
	close(fd);
	if (fault.found)
		return fault;
	if (ret)
		return vmig_fault("SET(STOP): %s", vmig_errno_name(ret));
	return verify_stream(dev, control, s);
}

/**
 * vmig_verify_rest_of_save - vmig_verify_finish_save(), unless something has failed before
 * @dev: the device, in a state of the saving group; left in STOP when it works
 * @fd: data_fd of the session, closed by this
 * @s: what has been read already; freed by this
 * @control: the control
 * @fault: what failed before, if anything has
 *
 * Return: what failed, or no fault.
 */
struct vmig_fault vmig_verify_rest_of_save(struct vmig_device *dev, int fd, struct vmig_stream *s,
					   const struct vmig_reference *control,
					   struct vmig_fault fault)
{
	if (fault.found)
		close(fd);
	else
		fault = vmig_verify_finish_save(dev, fd, s, control, &vmig_default_chunks);
	vmig_stream_free(s);
	return fault;
}

/**
 * vmig_verify_rest_of_load - vmig_verify_finish_load(), unless something has failed before
 * @dev: the device, in RESUMING; left in STOP when it works
 * @fd: data_fd of the session, closed by this
 * @from: how much has been written already
 * @control: the control
 * @fault: what failed before, if anything has
 *
 * Return: what failed, or no fault.
 */
struct vmig_fault vmig_verify_rest_of_load(struct vmig_device *dev, int fd, size_t from,
					   const struct vmig_reference *control,
					   struct vmig_fault fault)
{
	if (!fault.found)
		return vmig_verify_finish_load(dev, fd, from, control);
	close(fd);
	return fault;
}

/**
 * vmig_verify_session - does a session that nothing went through yet work to its end?
 * @dev: the device, in a state that streams; left in STOP when it works
 * @fd: the session's data_fd, closed by this
 * @control: the control
 *
 * Return: what failed, or no fault.
 */
struct vmig_fault vmig_verify_session(struct vmig_device *dev, int fd,
				      const struct vmig_reference *control)
{
	struct vmig_stream s = {};
	struct vmig_fault fault;

	if (vmig_get_state(dev) == VFIO_DEVICE_STATE_RESUMING)
		return vmig_verify_finish_load(dev, fd, 0, control);
	fault = vmig_verify_finish_save(dev, fd, &s, control, &vmig_default_chunks);
	vmig_stream_free(&s);
	return fault;
}

/**
 * vmig_verify_save - can the device be saved, and the stream be loaded?
 * @dev: the device, in any state; left in STOP when it works
 * @control: the control
 *
 * Return: what failed, or no fault.
 */
struct vmig_fault vmig_verify_save(struct vmig_device *dev, const struct vmig_reference *control)
{
	int fd, ret;

	ret = __vmig_goto_state(dev, VFIO_DEVICE_STATE_STOP_COPY, &fd);
	if (ret || fd < 0)
		return vmig_fault("the way to STOP_COPY: %s",
				  ret ? vmig_errno_name(ret) : "no data_fd");
	return vmig_verify_session(dev, fd, control);
}

/**
 * vmig_judge_session_at - check that a session that nothing went through yet works to its end
 * @at: where the caller is: VMIG_HERE
 * @id: clause that is checked
 * @dev: the device, in a state that streams; left in STOP with good content
 * @fd: the session's data_fd, closed by this
 * @control: the control
 * @did: what was done to the session, for messages
 *
 * Return: false after a breach.
 */
bool vmig_judge_session_at(const char *at, enum vmig_clause_id id, struct vmig_device *dev, int fd,
			   const struct vmig_reference *control, const char *did)
{
	struct vmig_fault fault = vmig_verify_session(dev, fd, control);

	CHECK_AT(at, id, !fault.found, did, "the session works", "%s", fault.why);
	if (fault.found)
		vmig_reference_restore(dev, control);
	return !fault.found;
}

#define DEAD_TRIES 3

/**
 * vmig_alive - does the data_fd of a session that has ended give or take anything?
 * @fd: the data_fd
 * @resuming: it was one of RESUMING, which bytes went into
 *
 * End of stream and any error will do (L:189), but it must come: a call that waits for
 * a session that is over would wait for ever. More than once, as an fd may report the
 * end once and then go on.
 *
 * Return: NULL if it is dead, else what it did.
 */
const char *vmig_alive(int fd, bool resuming)
{
	unsigned char buf[256] = {};
	size_t len;
	ssize_t n;
	int i;

	for (i = 0; i < DEAD_TRIES; i++) {
		/* Little at first, as there may be no room for more. */
		len = i ? sizeof(buf) : 1;
		n = __vmig_read(fd, buf, len);
		if (n > 0)
			return vmig_fmt("read() gave %zd bytes", n);
		if (n == -EPROTO)
			return "read() gave more than was asked for";
		if (n == -ETIMEDOUT)
			return "read() did not return";
		if (!resuming)
			continue;
		n = __vmig_write(fd, buf, len);
		if (n > 0)
			return vmig_fmt("write() took %zd bytes", n);
		if (n == -EPROTO)
			return "write() took more than it was given";
		if (n == -ETIMEDOUT)
			return "write() did not return";
	}
	return NULL;
}

/**
 * vmig_judge_dead_at - check that the data_fd of a session that has ended is dead
 * @at: where the caller is: VMIG_HERE
 * @id: clause that is checked
 * @fd: the data_fd
 * @resuming: it was one of RESUMING
 * @did: how the session ended, for messages
 *
 * Return: false after a breach.
 */
bool vmig_judge_dead_at(const char *at, enum vmig_clause_id id, int fd, bool resuming,
			const char *did)
{
	const char *how = vmig_alive(fd, resuming);

	return CHECK_AT(at, id, !how, vmig_fmt("%s, the old data_fd used", did),
			"it gives and takes nothing", "%s", how);
}

/**
 * vmig_require_dead_fd - the fd that a test is about must be dead to begin with
 * @fd: data_fd of a session that was left by a SET
 * @resuming: it was one of RESUMING
 */
void vmig_require_dead_fd(int fd, bool resuming)
{
	const char *how = vmig_alive(fd, resuming);

	if (how)
		vmig_test_error("the data_fd is not dead after its session was left (FD-07): %s",
				how);
}

/**
 * vmig_verify_some - take some bytes of a saving session, or what there is
 * @fd: data_fd of a session in any state of the saving group
 * @s: stream to append to
 * @bytes: how many at most
 *
 * In PRE_COPY no more is asked for than the driver says it has, because at the temporary
 * end some drivers give ENOMSG (H:1261), some 0, and some let the reader wait; which of
 * them is right is not this function's business.
 *
 * Return: what failed, or no fault.
 */
struct vmig_fault vmig_verify_some(int fd, struct vmig_stream *s, size_t bytes)
{
	struct vfio_precopy_info info;
	int ret;

	/* Refused in STOP_COPY (H:1233), where all there is comes and then the end. */
	if (!__vmig_precopy_info(fd, &info) && info.initial_bytes + info.dirty_bytes < bytes)
		bytes = info.initial_bytes + info.dirty_bytes;
	ret = __vmig_stream_read_some(fd, s, bytes, &vmig_default_chunks);
	if (!ret || ret == -ENODATA || ret == -ENOMSG || ret == -ETIMEDOUT)
		return VMIG_NO_FAULT;
	return vmig_fault("read(): %s after %zu bytes", vmig_errno_name(ret), s->len);
}

/**
 * vmig_begin - begin a session
 * @dev: the device
 * @state: a state that streams
 * @good: for RESUMING, from where only a good stream or a reset leads, one is taken
 *	  first and goes here, unless there is one here already; else left alone
 *
 * Return: the data_fd.
 */
int vmig_begin(struct vmig_device *dev, uint32_t state, struct vmig_stream *good)
{
	if (state == VFIO_DEVICE_STATE_RESUMING && !good->len)
		vmig_save(dev, good);
	return vmig_goto_state(dev, state);
}

/**
 * vmig_session_open - begin a session that has something in it and that any SET may end
 * @dev: the device
 * @state: a state that streams
 * @good: as for vmig_begin(); in RESUMING all of it is written, or leaving had to fail
 *
 * Of a saving session only one byte is read, so that much is left to be given.
 *
 * Return: the data_fd.
 */
int vmig_session_open(struct vmig_device *dev, uint32_t state, struct vmig_stream *good)
{
	int fd = vmig_begin(dev, state, good);
	struct vmig_stream s = {};

	if (state == VFIO_DEVICE_STATE_RESUMING)
		vmig_stream_write(fd, good);
	else
		vmig_verify_some(fd, &s, 1);
	vmig_stream_free(&s);
	return fd;
}

/**
 * vmig_session_open_partial - begin a session that is in the middle
 * @dev: the device
 * @state: a state that streams
 * @good: as for vmig_begin(); in RESUMING half of it is written, so that there is room
 *	  for a late write(), and nothing but a reset or a close leads from there
 *
 * Return: the data_fd.
 */
int vmig_session_open_partial(struct vmig_device *dev, uint32_t state, struct vmig_stream *good)
{
	struct vmig_fault fault;
	int fd;

	if (state != VFIO_DEVICE_STATE_RESUMING)
		return vmig_session_open(dev, state, good);
	fd = vmig_begin(dev, state, good);
	fault = vmig_verify_write(fd, good, 0, good->len / 2, &vmig_default_chunks);
	if (fault.found)
		vmig_test_error("half of a good stream: %s", fault.why);
	return fd;
}

/**
 * vmig_session_complete - end a session that nothing was written to, in good order
 * @dev: the device, in a state that streams; left in STOP
 * @fd: the session's data_fd, closed by this
 * @good: what vmig_begin() left there
 */
void vmig_session_complete(struct vmig_device *dev, int fd, const struct vmig_stream *good)
{
	if (vmig_get_state(dev) == VFIO_DEVICE_STATE_RESUMING)
		vmig_stream_write(fd, good);
	vmig_set_state(dev, VFIO_DEVICE_STATE_STOP);
	close(fd);
}
