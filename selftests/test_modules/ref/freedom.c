// SPDX-License-Identifier: GPL-2.0-only
/* The freedoms that come down to a number: features, counters, lengths, waits and errnos. */

#include <linux/delay.h>
#include <linux/export.h>
#include <linux/random.h>
#include <linux/sched/signal.h>
#include <linux/sizes.h>

#include "internal.h"

/* A session moves so many bytes one by one, then odd numbers of them. */
#define ONE_BY_ONE 300
#define ODD 1021
/* No random length is larger. */
#define RANDOM_MAX 3000
/* How many calls of a session wait. */
#define WAITS 200

/**
 * ref_freedom_features - what a driver offers that offers less than it could
 * @ref: the device
 * @features: REF_FEATURE_* that it could offer
 *
 * Return: those that it offers
 */
u32 ref_freedom_features(const struct ref_device *ref, u32 features)
{
	switch (ref->driver->freedom) {
	case REF_FREEDOM_only_stop_copy:
		return 0;
	case REF_FREEDOM_only_p2p:
	case REF_FREEDOM_poll_not_offered:
	/* initial_bytes should be more than 0 at first. */
	case REF_FREEDOM_state_empty:
		return features & ~REF_FEATURE_PRE_COPY;
	case REF_FREEDOM_only_pre_copy:
		return features & ~REF_FEATURE_P2P;
	case REF_FREEDOM_no_dma_logging:
		return features & ~REF_FEATURE_LOG;
	default:
		return features;
	}
}

/**
 * ref_freedom_plain - is the stream of a device no more than these bytes?
 * @freedom: of the driver
 * @bytes: how many: 0 or 1
 *
 * Return: whether it is; else it is one of format.h
 */
bool ref_freedom_plain(enum ref_freedom freedom, size_t *bytes)
{
	*bytes = freedom == REF_FREEDOM_state_one_byte;
	return *bytes || freedom == REF_FREEDOM_state_empty;
}
EXPORT_SYMBOL_GPL(ref_freedom_plain);

/**
 * ref_freedom_data_size - the estimate of MIG_DATA_SIZE
 * @ref: the device
 * @size: what it is
 *
 * Return: what it is said to be
 */
u64 ref_freedom_data_size(const struct ref_device *ref, u64 size)
{
	switch (ref->driver->freedom) {
	case REF_FREEDOM_data_size_zero:
		return 0;
	case REF_FREEDOM_data_size_huge:
		return SZ_1T;
	case REF_FREEDOM_data_size_moves:
		return 1 + get_random_u32();
	default:
		return size;
	}
}

/**
 * ref_freedom_info - the estimates of GET_PRECOPY_INFO
 * @s: the session, locked
 * @info: what they are, and become; the flags as the user gave them or as they are
 */
void ref_freedom_info(const struct ref_session *s, struct vfio_precopy_info *info)
{
	u64 size = s->ref->mem_size;

	switch (s->freedom) {
	case REF_FREEDOM_initial_bytes_rough:
		info->initial_bytes = round_up(info->initial_bytes, SZ_1M);
		break;
	case REF_FREEDOM_initial_bytes_one:
		info->initial_bytes = !!info->initial_bytes;
		break;
	case REF_FREEDOM_initial_bytes_low:
		info->initial_bytes -= min(info->initial_bytes, size / 2);
		break;
	case REF_FREEDOM_dirty_bytes_jump:
		info->dirty_bytes = info->dirty_bytes ? size : 0;
		break;
	case REF_FREEDOM_precopy_flags_cleared:
		if (!ref_opted_in(s->ref->vdev))
			info->flags = 0;
		break;
	case REF_FREEDOM_precopy_flags_undefined:
		if (!ref_opted_in(s->ref->vdev))
			info->flags = ~(u32)VFIO_PRECOPY_INFO_REINIT;
		break;
	default:
		break;
	}
}

/**
 * ref_freedom_count - how much one read() or write() moves
 * @s: the session, with its io
 * @count: bytes that it could move, 1 or more
 *
 * Return: bytes that it moves at most, 1 or more
 */
size_t ref_freedom_count(const struct ref_session *s, size_t count)
{
	enum ref_freedom one, vary;

	one = s->saving ? REF_FREEDOM_read_byte_by_byte : REF_FREEDOM_write_byte_by_byte;
	vary = s->saving ? REF_FREEDOM_read_lengths_vary : REF_FREEDOM_write_lengths_vary;
	if (s->freedom == one)
		return s->moved < ONE_BY_ONE ? 1 : min_t(size_t, count, ODD);
	if (s->freedom == vary)
		return 1 + get_random_u32_below(min_t(size_t, count, RANDOM_MAX));
	return count;
}

/* Only a signal counts: io_uring wakes who waits for its own sake. */
static int interrupted(void)
{
	schedule_timeout_interruptible(1);
	return task_sigpending(current) ? -EINTR : 0;
}

/**
 * ref_freedom_wait - a read() or write() waits for the device
 * @s: the session, without its locks
 *
 * Return: 0, or -EINTR where a signal came
 */
int ref_freedom_wait(struct ref_session *s)
{
	enum ref_freedom blocks = s->saving ? REF_FREEDOM_read_blocks : REF_FREEDOM_write_blocks;

	if (s->freedom != REF_FREEDOM_read_eintr && s->freedom != blocks)
		return 0;
	/* Whoever reads byte by byte shall come to an end. */
	if (atomic_inc_return(&s->waits) > WAITS)
		return 0;
	if (s->freedom == REF_FREEDOM_read_eintr)
		return interrupted();
	fsleep(2000);
	return 0;
}

/**
 * ref_freedom_open - an open or a close takes its time
 * @freedom: of the driver
 */
void ref_freedom_open(enum ref_freedom freedom)
{
	if (freedom == REF_FREEDOM_opens_slow)
		fsleep(50000);
}

/**
 * ref_freedom_arc - an arc takes its time
 * @ref: the device
 *
 * Return: 0, or -EINTR where a signal came
 */
int ref_freedom_arc(const struct ref_device *ref)
{
	if (ref_freedom(ref, REF_FREEDOM_arcs_slow))
		fsleep(20000);
	if (ref_freedom(ref, REF_FREEDOM_arcs_eintr) ||
	    ref_freedom(ref, REF_FREEDOM_arcs_eintr_breaks))
		return interrupted();
	return 0;
}

/**
 * ref_freedom_refused - the errno of an arc that is not permitted
 * @ref: the device
 * @ret: what the core says of it
 *
 * Return: a negative errno
 */
int ref_freedom_refused(const struct ref_device *ref, int ret)
{
	switch (ref->driver->freedom) {
	case REF_FREEDOM_refused_arc_eperm:
		return -EPERM;
	case REF_FREEDOM_refused_arc_ebusy:
		return -EBUSY;
	default:
		return ret;
	}
}

/**
 * ref_freedom_bad_load - the errno of what is no stream of the device
 * @freedom: of the driver
 * @ret: another error, which stays, or -EINVAL
 *
 * Return: a negative errno, or 0 of @ret
 */
int ref_freedom_bad_load(enum ref_freedom freedom, int ret)
{
	if (ret == -EINVAL && freedom == REF_FREEDOM_bad_load_ebadmsg)
		return -EBADMSG;
	if (ret == -EINVAL && freedom == REF_FREEDOM_bad_load_eperm)
		return -EPERM;
	return ret;
}

/**
 * ref_freedom_ended - what read() and write() of a session give that is over
 * @s: the session
 *
 * Return: 0 for the end of the stream, or a negative errno
 */
int ref_freedom_ended(const struct ref_session *s)
{
	switch (s->freedom) {
	case REF_FREEDOM_ended_gives_eof:
		return s->saving ? 0 : -EPIPE;
	case REF_FREEDOM_ended_gives_eio:
		return -EIO;
	default:
		return -ENODEV;
	}
}

/**
 * ref_freedom_unknown - the errno of an ioctl() that a data_fd does not know
 * @s: its session
 *
 * Return: a negative errno
 */
int ref_freedom_unknown(const struct ref_session *s)
{
	return s->freedom == REF_FREEDOM_data_fd_ioctl_einval ? -EINVAL : -ENOTTY;
}
