// SPDX-License-Identifier: GPL-2.0-only
/* The stream out: read(), poll() and GET_PRECOPY_INFO of a session that saves. */

#include <linux/delay.h>
#include <linux/fs.h>
#include <linux/mm.h>
#include <linux/poll.h>
#include <linux/random.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include "internal.h"

/* A reader that a defect does not wake goes on by itself some time. */
#define REF_NOT_WOKEN (30 * HZ)
/* The longest record that says nothing. */
#define NOISE_MAX 777
/* What one round of precopy_in_rounds has of the memory. */
#define ROUND 0x2000

static bool in_precopy(const struct ref_session *s)
{
	return s->state == VFIO_DEVICE_STATE_PRE_COPY || s->state == VFIO_DEVICE_STATE_PRE_COPY_P2P;
}

static unsigned long mem_pages(const struct ref_device *ref)
{
	return DIV_ROUND_UP_ULL(ref->mem_size, PAGE_SIZE);
}

/**
 * ref_save_rewind - begin the stream anew
 * @s: the session
 */
void ref_save_rewind(struct ref_session *s)
{
	s->phase = REF_PHASE_HEADER;
	s->cursor = 0;
	s->number = 0;
	s->len = 0;
	s->pos = 0;
	s->key = 0;
	s->pause = false;
	s->repeated = false;
}

/* How long is the record of this stream that says nothing, or has a key? */
static u32 noise(const struct ref_session *s)
{
	switch (s->freedom) {
	case REF_FREEDOM_stream_nonce:
		return 16;
	case REF_FREEDOM_stream_encrypted:
		return sizeof(s->key);
	case REF_FREEDOM_stream_length_varies:
		return 1 + get_random_u32_below(NOISE_MAX);
	default:
		return 0;
	}
}

/*
 * A session that saves begins, its state is set. From here on the device's own changes are
 * written down, so that in PRE_COPY what was sent and changed is sent again (H:1248).
 */
static void save_begin(struct ref_session *s)
{
	struct ref_device *ref = s->ref;

	bitmap_zero(ref->dirty, mem_pages(ref));
	bitmap_zero(ref->fresh, mem_pages(ref));
	WRITE_ONCE(ref->tracking, true);
	s->reinit = false;
	s->stuck = 0;
	if (ref_defect(ref, REF_DEFECT_opt_in_lost) && ref->defect.sessions)
		ref_set_opted_in(ref->vdev, false);
	s->version = READ_ONCE(ref->version);
	s->noise = noise(s);
	ref_save_rewind(s);
	if (ref->defect.aborted && ref_defect(ref, REF_DEFECT_aborted_precopy_continued)) {
		s->phase = REF_PHASE_INITIAL;
		s->cursor = ref->defect.aborted_at;
		ref->defect.aborted = false;
	}
	if (ref_defect(ref, REF_DEFECT_sampled_in_precopy) && in_precopy(s)) {
		ref->ops->get_regs(ref, s->regs);
		s->have_regs = true;
	}
	if ((ref_defect(ref, REF_DEFECT_second_save_empty) && ref->defect.sessions) ||
	    ref_defect(ref, REF_DEFECT_empty_stream) || !s->buf || !s->regs)
		s->phase = REF_PHASE_DONE;
}

/* The head of a record whose data is in the buffer, and summed up. */
static int put_head(struct ref_session *s, enum ref_record_kind kind, u64 at, size_t len)
{
	struct ref_record *r = (void *)s->buf;

	r->kind = cpu_to_le32(kind);
	r->len = cpu_to_le32(len);
	r->at = cpu_to_le64(at);
	r->number = cpu_to_le32(s->number++);
	r->sum = cpu_to_le32(ref_record_sum(r, s->pieces.sum, len));
	s->len = sizeof(*r) + len;
	if (s->key) {
		ref_crypt(s->buf, s->len, s->key, s->number - 1, 0);
		s->pieces.known = 0;
	}
	return 1;
}

static int put_record(struct ref_session *s, enum ref_record_kind kind, u64 at, size_t len)
{
	ref_session_sum(s, len);
	return put_head(s, kind, at, len);
}

/* A defect: what is on its way to one reader meets what is on its way to another. */
static void share_buffer(struct ref_session *s, size_t len)
{
	static u8 shared[REF_RECORD_MAX];

	memcpy(shared, s->pieces.data, len);
	usleep_range(1000, 2000);
	memcpy(s->pieces.data, shared, len);
}

static int put_mem(struct ref_session *s, u64 at, size_t len)
{
	const struct ref_ops *ops = s->ref->ops;
	int ret;

	if (ref_defect(s->ref, REF_DEFECT_devices_share_buffer)) {
		ret = ops->read_mem(s->ref, at, s->pieces.data, len);
		share_buffer(s, len);
		return ret ?: put_record(s, REF_RECORD_MEM, at, len);
	}
	if (ops->save_mem) {
		ret = ops->save_mem(s->ref, at, &s->pieces, len);
		return ret ?: put_head(s, REF_RECORD_MEM, at, len);
	}
	ret = ops->read_mem(s->ref, at, s->pieces.data, len);
	return ret ?: put_record(s, REF_RECORD_MEM, at, len);
}

static int put_header(struct ref_session *s)
{
	struct ref_header *h = (void *)s->buf;

	s->pieces.known = 0;
	h->magic = cpu_to_le64(REF_MAGIC);
	h->version = cpu_to_le32(s->version);
	h->type = cpu_to_le32(s->ref->type);
	h->mem_size = cpu_to_le64(s->ref->mem_size);
	h->regs_size = cpu_to_le32(s->ref->regs_size);
	h->sum = cpu_to_le32(ref_header_sum(h));
	s->ref->defect.saver = current->tgid;
	s->len = sizeof(*h);
	return 1;
}

/* The only piece of a stream without a format, if it has any. */
static int put_plain(struct ref_session *s, size_t bytes)
{
	s->phase = REF_PHASE_DONE;
	s->buf[0] = REF_PLAIN_BYTE + s->ref->type;
	s->len = bytes;
	return bytes;
}

/* A record that says nothing of the device, and is another one in each stream. */
static int put_noise(struct ref_session *s)
{
	bool key = s->freedom == REF_FREEDOM_stream_encrypted;
	u64 value;
	int ret;

	get_random_bytes(s->pieces.data, s->noise);
	memcpy(&value, s->pieces.data, min_t(size_t, s->noise, sizeof(value)));
	value |= key;
	if (key)
		memcpy(s->pieces.data, &value, sizeof(value));
	ret = put_record(s, key ? REF_RECORD_KEY : REF_RECORD_NOISE, 0, s->noise);
	s->key = key ? value : 0;
	return ret;
}

/*
 * Pages that are about to be sent count as unchanged. Bit by bit, as the device marks others
 * in the same words meanwhile, and before the read, so that what changes then is sent again.
 */
static void forget_dirty(struct ref_device *ref, unsigned long page, unsigned long count)
{
	for (; count; page++, count--)
		clear_bit(page, ref->dirty);
	/* Before the memory is read. */
	smp_mb__after_atomic();
}

/* Does PRE_COPY give the memory piece by piece, with a temporary end behind each? */
static bool in_rounds(const struct ref_session *s)
{
	return s->freedom == REF_FREEDOM_precopy_in_rounds && in_precopy(s) &&
	       s->phase <= REF_PHASE_INITIAL;
}

/* What is there of the next piece? */
static u64 next_round(const struct ref_session *s)
{
	u64 left = s->ref->mem_size - s->cursor;

	return left && !s->pause ? min_t(u64, left, ROUND) + sizeof(struct ref_record) : 0;
}

static int put_initial(struct ref_session *s)
{
	struct ref_device *ref = s->ref;
	size_t len = min_t(u64, ref->mem_size - s->cursor, in_rounds(s) ? ROUND : REF_RECORD_MAX);
	u64 at = s->cursor;

	forget_dirty(ref, at >> PAGE_SHIFT, DIV_ROUND_UP(len, PAGE_SIZE));
	s->cursor += len;
	return put_mem(s, at, len);
}

/* The first of the pages that are to be sent again; 0 if there are none. */
static int put_again(struct ref_session *s, const unsigned long *which)
{
	struct ref_device *ref = s->ref;
	unsigned long pages = mem_pages(ref), first, end;
	u64 at;

	first = find_first_bit(which, pages);
	if (first >= pages)
		return 0;
	end = find_next_zero_bit(which, pages, first);
	end = min(end, first + (REF_RECORD_MAX >> PAGE_SHIFT));
	bitmap_clear(ref->fresh, first, end - first);
	forget_dirty(ref, first, end - first);
	at = (u64)first << PAGE_SHIFT;
	return put_mem(s, at, min((u64)end << PAGE_SHIFT, ref->mem_size) - at);
}

/* What a REINIT made initial data again; 0 if nothing is left of it. */
static int put_fresh(struct ref_session *s)
{
	if (ref_defect(s->ref, REF_DEFECT_reinit_data_missing))
		bitmap_zero(s->ref->fresh, mem_pages(s->ref));
	s->initial = true;
	return put_again(s, s->ref->fresh);
}

/* What changed since it was sent; 0 if nothing did. */
static int put_dirty(struct ref_session *s)
{
	s->initial = false;
	if (in_precopy(s) && s->freedom == REF_FREEDOM_precopy_once)
		return 0;
	if (in_precopy(s) && s->freedom == REF_FREEDOM_precopy_never_ends) {
		/* As fast as it changes. */
		fsleep(20000);
		set_bit(0, s->ref->dirty);
	}
	if (s->state == VFIO_DEVICE_STATE_STOP_COPY && !s->repeated &&
	    s->freedom == REF_FREEDOM_stop_copy_repeats) {
		s->repeated = true;
		bitmap_set(s->ref->dirty, 0, mem_pages(s->ref));
	}
	return put_again(s, s->ref->dirty);
}

static int put_regs(struct ref_session *s)
{
	struct ref_device *ref = s->ref;
	struct ref_offer *offer = (void *)(s->buf + sizeof(struct ref_record));
	size_t prefix = ref_prefix(s->version);
	u8 *regs = (u8 *)offer + prefix;

	if (prefix)
		offer->features = cpu_to_le64(ref->features);
	memset(regs, 0, ref->regs_size);
	if (s->have_regs)
		memcpy(regs, s->regs, ref->regs_size);
	else
		ref->ops->get_regs(ref, regs);
	if (ref_defect(ref, REF_DEFECT_register_missing))
		memset(regs + ref->regs_size - 16, 0, 16);
	return put_record(s, REF_RECORD_REGS, 0, prefix + ref->regs_size);
}

static int put_end(struct ref_session *s)
{
	u8 *reserved = s->buf + sizeof(struct ref_record);

	memset(reserved, 0, REF_END_LEN);
	if (ref_defect(s->ref, REF_DEFECT_padding_leaks))
		memcpy(reserved, s->ref->defect.leftover, REF_END_LEN);
	return put_record(s, REF_RECORD_END, 0, REF_END_LEN);
}

/**
 * ref_save_fill - get the next piece of the stream into the buffer
 * @s: the session, locked, with nothing left in its buffer
 *
 * Return: 1; 0 at the end of the stream; -ENOMSG at the temporary end of it in PRE_COPY
 * (H:1261); -EAGAIN while the device holds its data back; another error.
 */
static int ref_save_fill(struct ref_session *s)
{
	struct ref_device *ref = s->ref;
	size_t bytes;
	bool plain = ref_freedom_plain(s->freedom, &bytes);
	int ret;

	if (s->hold)
		return -EAGAIN;
	s->pos = 0;
	s->len = 0;
	s->initial = s->phase <= REF_PHASE_INITIAL && !(in_rounds(s) && s->cursor);
	switch (s->phase) {
	case REF_PHASE_HEADER:
		if (plain)
			return put_plain(s, bytes);
		s->phase = REF_PHASE_KEY;
		return put_header(s);
	case REF_PHASE_KEY:
		s->phase = REF_PHASE_INITIAL;
		if (s->noise)
			return put_noise(s);
		fallthrough;
	case REF_PHASE_INITIAL:
		if (in_precopy(s) && s->freedom == REF_FREEDOM_precopy_little)
			return -ENOMSG;
		/* What a REINIT told of is initial data, behind which alone there is an end. */
		ret = in_rounds(s) ? put_fresh(s) : 0;
		if (ret)
			return ret;
		s->initial = !in_rounds(s) || !s->cursor;
		if (in_rounds(s) && s->pause)
			return -ENOMSG;
		s->pause = in_rounds(s);
		if (ref_defect(ref, REF_DEFECT_enomsg_too_early) && in_precopy(s) && !s->enomsg)
			return -ENOMSG;
		if (s->cursor < ref->mem_size)
			return put_initial(s);
		s->phase = REF_PHASE_RECORDS;
		fallthrough;
	case REF_PHASE_RECORDS:
		if (s->have_regs)
			bitmap_zero(ref->dirty, mem_pages(ref));
		ret = put_fresh(s) ?: put_dirty(s);
		if (ret)
			return ret;
		if (in_precopy(s))
			return -ENOMSG;
		s->phase = REF_PHASE_REGS;
		fallthrough;
	case REF_PHASE_REGS:
		s->phase = REF_PHASE_END;
		return put_regs(s);
	case REF_PHASE_END:
		s->phase = REF_PHASE_DONE;
		return put_end(s);
	case REF_PHASE_DONE:
		break;
	}
	/* Another one comes here in STOP_COPY only. */
	return plain && in_precopy(s) ? -ENOMSG : 0;
}

/* Bytes that the initial data still has, but for what is in the buffer. */
static u64 initial_to_come(const struct ref_session *s)
{
	u64 left = s->ref->mem_size - s->cursor;
	u64 begin = s->phase == REF_PHASE_HEADER ? sizeof(struct ref_header) : 0;
	size_t bytes;

	if (ref_freedom_plain(s->ref->driver->freedom, &bytes))
		return s->phase == REF_PHASE_HEADER ? bytes : 0;
	if (s->noise && s->phase <= REF_PHASE_KEY)
		begin += s->noise + sizeof(struct ref_record);
	if (in_precopy(s) && s->freedom == REF_FREEDOM_precopy_little)
		return begin;
	if (in_rounds(s))
		return begin + (s->cursor ? 0 : next_round(s));
	return begin + left + DIV_ROUND_UP_ULL(left, REF_RECORD_MAX) * sizeof(struct ref_record);
}

/* Bytes of so many pages that are sent again, if no two of them go together. */
static u64 bytes_again(unsigned long pages)
{
	return (u64)pages * (PAGE_SIZE + sizeof(struct ref_record));
}

/**
 * ref_save_initial - bytes of the initial data that are still to be read
 * @s: the session, locked
 *
 * Return: bytes; what initial_bytes is (H:1241)
 */
static u64 ref_save_initial(struct ref_session *s)
{
	return (s->phase <= REF_PHASE_INITIAL ? initial_to_come(s) : 0) +
	       bytes_again(bitmap_weight(s->ref->fresh, mem_pages(s->ref))) +
	       (s->initial ? s->len - s->pos : 0);
}

/**
 * ref_save_dirty - bytes that changed behind what was read, and are still to be read
 * @s: the session, locked
 *
 * Return: bytes; what dirty_bytes is (H:1248)
 */
static u64 ref_save_dirty(struct ref_session *s)
{
	unsigned long sent = DIV_ROUND_UP_ULL(s->cursor, PAGE_SIZE);
	u64 here = s->initial ? 0 : s->len - s->pos, again;

	if (in_rounds(s))
		return here + (s->cursor ? next_round(s) : 0);
	if (in_precopy(s) && s->freedom == REF_FREEDOM_precopy_once)
		return here;
	again = bitmap_weight_andnot(s->ref->dirty, s->ref->fresh, sent);
	if (in_precopy(s) && s->freedom == REF_FREEDOM_precopy_never_ends && sent && !again)
		again = 1;
	return bytes_again(again) + here;
}

/*
 * Is there new initial data to tell of? Then all that was to be read until now counts as such,
 * and what changes from now on as changed since (d7140b5dde45). Without the opt-in it is data
 * that changed, as in older kernels.
 */
static bool reinit(struct ref_session *s)
{
	unsigned long sent = DIV_ROUND_UP_ULL(s->cursor, PAGE_SIZE), page;
	struct ref_device *ref = s->ref;

	if (!s->reinit)
		return false;
	s->reinit = false;
	/* It may have been read meanwhile. */
	if (s->pos == s->len && !ref_save_initial(s) && !ref_save_dirty(s))
		return false;
	if (ref_defect(ref, REF_DEFECT_reinit_keeps_dirty))
		return true;
	for_each_set_bit(page, ref->dirty, sent) {
		clear_bit(page, ref->dirty);
		__set_bit(page, ref->fresh);
	}
	s->initial = true;
	return true;
}

/**
 * ref_reinit - the device was reconfigured, which in PRE_COPY makes new initial data
 * @ref: the device
 * @at: where in the memory the new data is, in bytes
 * @len: bytes
 */
void ref_reinit(struct ref_device *ref, u64 at, u64 len)
{
	struct ref_session *s;

	mutex_lock(&ref->state_mutex);
	s = ref->session;
	if (s && s->saving && in_precopy(s)) {
		mutex_lock(&s->lock);
		s->reinit = true;
		ref_dirty(ref, at, min(len, ref->mem_size - min(at, ref->mem_size)));
		mutex_unlock(&s->lock);
	}
	ref_state_unlock(ref);
}
EXPORT_SYMBOL_GPL(ref_reinit);

/**
 * ref_save_size - how long is what is to be read from now on, if the device stops now?
 * @ref: the device, its state mutex held
 *
 * Return: bytes; for MIG_DATA_SIZE (H:1427)
 */
u64 ref_save_size(struct ref_device *ref)
{
	struct ref_session fresh = { .ref = ref }, *s = ref->session;
	u32 version = s && s->saving ? s->version : READ_ONCE(ref->version);
	u64 tail =
		2 * sizeof(struct ref_record) + ref_prefix(version) + ref->regs_size + REF_END_LEN;
	size_t bytes;
	u64 size;

	if (ref_freedom_plain(ref->driver->freedom, &bytes))
		tail = 0;
	if (!s || !s->saving)
		return initial_to_come(&fresh) + tail;
	mutex_lock(&s->lock);
	if (ref_defect(ref, REF_DEFECT_data_size_moves_stream) &&
	    (s->pos < s->len || ref_save_fill(s) > 0))
		s->pos++;
	size = ref_save_initial(s) + ref_save_dirty(s) + tail;
	mutex_unlock(&s->lock);
	return size;
}

/* What read() and poll() tell at the temporary end of the stream. */
static int temporary_end(const struct ref_session *s)
{
	if (ref_defect(s->ref, REF_DEFECT_temp_end_eagain))
		return -EAGAIN;
	if (ref_defect(s->ref, REF_DEFECT_temp_end_is_eos))
		return 0;
	return -ENOMSG;
}

static int permanent_end(struct ref_session *s)
{
	if (ref_defect(s->ref, REF_DEFECT_enomsg_in_stop_copy))
		return -ENOMSG;
	if (ref_defect(s->ref, REF_DEFECT_eos_not_permanent))
		ref_save_rewind(s);
	return 0;
}

/*
 * The next bytes: 1, or what read() is to return. *hold: there will be some later; @nonblock: for
 * a reader that does not wait.
 */
static int next(struct ref_session *s, bool *hold, bool nonblock)
{
	int ret = -ENODEV;

	*hold = false;
	mutex_lock(&s->lock);
	if (s->over)
		goto out;
	ret = s->pos < s->len ? 1 : 0;
	if (!ret && s->enomsg && !in_precopy(s) && ref_defect(s->ref, REF_DEFECT_dead_after_enomsg))
		goto out;
	if (!ret) {
		ret = ref_save_fill(s);
		/* The device is asked for it now, and has it the next time. */
		if (ret > 0 && nonblock && s->freedom == REF_FREEDOM_read_eagain)
			ret = -EAGAIN;
	}
	if (ret > 0 && s->lose) {
		s->lose = false;
		ret = ref_save_fill(s);
	}
	*hold = ret == -EAGAIN;
	if (ret == -ENOMSG)
		ret = temporary_end(s);
	else if (!ret)
		ret = permanent_end(s);
out:
	mutex_unlock(&s->lock);
	return ret;
}

/* A defect: the state changed while a reader of PRE_COPY was here, who is told the end of it all.
 */
static bool ends_early(struct ref_session *s, bool precopy, enum ref_defect defect)
{
	if (!precopy || !ref_session_defect(s, defect))
		return false;
	usleep_range(200, 400);
	return !s->over && !in_precopy(s);
}

static int wait_for_data(struct ref_session *s, struct file *filp)
{
	bool deaf = ref_session_defect(s, REF_DEFECT_reader_not_woken);
	int ret;

	if ((filp->f_flags & O_NONBLOCK) && !ref_session_defect(s, REF_DEFECT_nonblock_ignored))
		return -EAGAIN;
	if (!deaf) {
		ret = wait_event_interruptible(s->wait, !READ_ONCE(s->hold) || READ_ONCE(s->over));
		if (ret && ref_session_defect(s, REF_DEFECT_interrupted_read_loses))
			s->lose = true;
		return ret;
	}
	wait_event_interruptible_timeout(s->wait, !READ_ONCE(s->hold), REF_NOT_WOKEN);
	return signal_pending(current) ? -ERESTARTSYS : 0;
}

/* Defects: a session that is over takes bytes, of what comes next, from the one that is not. */
static void steal(struct ref_session *stale, size_t n)
{
	struct ref_session *s = ref_session_next(stale, true);

	if (!s)
		return;
	if (s->pos < s->len || ref_save_fill(s) > 0)
		s->pos = min(s->pos + n, s->len);
	ref_session_next_put(s);
}

/*
 * Take @n bytes that were copied from @from; false if the session ended meanwhile. Without
 * s->io, which a defect leaves out, somebody else may have moved the position: then it is moved
 * back, but never behind the end.
 */
static bool take(struct ref_session *s, size_t from, size_t n)
{
	bool over;

	mutex_lock(&s->lock);
	over = s->over;
	if (!over)
		s->pos = min(from + n, s->len);
	mutex_unlock(&s->lock);
	return !over;
}

static void new_reader(struct ref_session *s)
{
	unsigned int delay;

	mutex_lock(&s->lock);
	delay = s->over ? 0 : READ_ONCE(s->ref->driver->read_delay_us);
	if (!s->over && s->tgid && s->tgid != current->tgid &&
	    ref_defect(s->ref, REF_DEFECT_position_per_process))
		ref_save_rewind(s);
	s->tgid = current->tgid;
	s->reads++;
	mutex_unlock(&s->lock);
	ref_delay(delay);
}

static bool is_defect(struct ref_session *s, enum ref_defect defect)
{
	return ref_session_defect(s, defect);
}

/*
 * Where the next bytes are: *at, and how many. With s->io held nobody else moves the position,
 * without it (a defect) the sleep lets two readers meet.
 */
static size_t next_bytes(struct ref_session *s, size_t count, bool alone, size_t *at)
{
	size_t n;

	mutex_lock(&s->lock);
	*at = s->pos;
	n = min(count, s->len - s->pos);
	mutex_unlock(&s->lock);
	if (!alone)
		usleep_range(20, 50);
	return n;
}

static ssize_t ref_save_read(struct file *filp, char __user *to, size_t count, loff_t *pos)
{
	struct ref_session *s = filp->private_data;
	bool hold, nonblock, precopy, alone = !is_defect(s, REF_DEFECT_racing_readers);
	size_t done = 0, n, at, from, bad;
	int ret;

	if (pos && !is_defect(s, REF_DEFECT_data_fd_seekable))
		return -ESPIPE;
	if (!count)
		return is_defect(s, REF_DEFECT_zero_read_fails) ? -EINVAL : 0;
	if (s->touched)
		READ_ONCE(s->touched->state);
	nonblock = filp->f_flags & O_NONBLOCK;
	ret = ref_hang(REF_HANG_READ);
	if (!ret && is_defect(s, REF_DEFECT_reads_block_for_ever))
		ret = ref_hang_here();
	if (!ret && !nonblock)
		ret = ref_freedom_wait(s);
	if (ret)
		return ret;
	if (alone && mutex_lock_interruptible(&s->io))
		return -ERESTARTSYS;
	count = ref_freedom_count(s, count);
	atomic_inc(&s->users);
	/* Time for the session to end. */
	if (is_defect(s, REF_DEFECT_busy_session_leaked))
		usleep_range(100, 200);
	if (is_defect(s, REF_DEFECT_question_takes_from_reader))
		usleep_range(50, 100);
	new_reader(s);
	precopy = in_precopy(s);
	while (done < count) {
		ret = next(s, &hold, nonblock);
		if (hold && !done) {
			ret = wait_for_data(s, filp);
			if (!ret && !ends_early(s, precopy, REF_DEFECT_end_told_to_who_waits))
				continue;
		}
		if (ret <= 0)
			break;
		n = next_bytes(s, count - done, alone, &at);
		from = is_defect(s, REF_DEFECT_read_from_start) ? 0 : at;
		bad = ref_copy_out(s, to + done, s->buf + from, n, to + count);
		if (bad && s->freedom == REF_FREEDOM_fault_takes_nothing)
			bad = n;
		ret = take(s, at,
			   bad && is_defect(s, REF_DEFECT_efault_read_advances) ? n : n - bad)
			      ? bad ? -EFAULT : 0
			      : -ENODEV;
		if (ret == -ENODEV && is_defect(s, REF_DEFECT_late_read_takes_from_next))
			steal(s, n - bad);
		done += n - bad;
		if (ret || s->freedom == REF_FREEDOM_read_one_record)
			break;
		/* Else it would fill a buffer of 1 MiB at the pace of the changes. */
		if (precopy && s->freedom == REF_FREEDOM_precopy_never_ends)
			break;
	}
	s->moved += done;
	if (ret == -ENOMSG && !done && ends_early(s, precopy, REF_DEFECT_end_told_while_stopping))
		ret = 0;
	if (ret == -ENOMSG && !done) {
		s->enomsg = true;
		s->pause = false;
	}
	atomic_dec(&s->users);
	if (alone)
		mutex_unlock(&s->io);
	if (ret == -ENODEV && !done && is_defect(s, REF_DEFECT_stale_fd_steals))
		steal(s, 1);
	if (!ret && !done && is_defect(s, REF_DEFECT_eos_stops))
		ref_force_state(ref_of(s->vdev), VFIO_DEVICE_STATE_STOP);
	/* A reader that lost the race with the end of its session has got nothing. */
	return ret == -ENODEV ? ref_freedom_ended(s) : done ? done : ret;
}

static __poll_t ref_save_poll(struct file *filp, struct poll_table_struct *table)
{
	struct ref_session *s = filp->private_data;
	__poll_t events = 0;
	int ret = -ENODEV;

	poll_wait(filp, &s->wait, table);
	mutex_lock(&s->lock);
	if (!s->over) {
		ret = s->pos < s->len ? 1 : ref_save_fill(s);
		if (ret == -ENOMSG && ref_defect(s->ref, REF_DEFECT_poll_ready_at_temp_end))
			ret = 1;
		if (!in_precopy(s) && ref_defect(s->ref, REF_DEFECT_poll_silent_in_stop_copy))
			ret = -EAGAIN;
	}
	mutex_unlock(&s->lock);
	if (ret == -ENODEV)
		events = EPOLLIN | EPOLLRDNORM | EPOLLRDHUP | EPOLLERR;
	else if (ret != -EAGAIN && ret != -ENOMSG)
		events = EPOLLIN | EPOLLRDNORM;
	return events;
}

/* Defects that lie about the counters. */
static void defective_info(struct ref_session *s, struct vfio_precopy_info *info)
{
	if (ref_defect(s->ref, REF_DEFECT_initial_bytes_zero))
		info->initial_bytes = 0;
	if (ref_defect(s->ref, REF_DEFECT_initial_bytes_grow))
		info->initial_bytes += (u64)s->reads * REF_RECORD_MAX * 2;
	if (ref_defect(s->ref, REF_DEFECT_dirty_bytes_at_start))
		info->dirty_bytes += PAGE_SIZE;
	if (ref_defect(s->ref, REF_DEFECT_question_takes_from_reader) && atomic_read(&s->users) &&
	    s->pos == s->len && ref_save_fill(s) > 0)
		s->pos = s->len;
	if (ref_defect(s->ref, REF_DEFECT_precopy_info_consumes) &&
	    (s->pos < s->len || ref_save_fill(s) > 0))
		s->pos++;
}

/* Defects of the flags and of what goes with them; @given: what the user had in the flags. */
static void defective_flags(struct ref_session *s, struct vfio_precopy_info *info, u32 given)
{
	struct ref_device *ref = s->ref;

	if (ref_opted_in(ref->vdev) && ref_defect(ref, REF_DEFECT_flags_echoed_after_opt_in))
		info->flags |= given;
	if (ref_opted_in(ref->vdev) && ref_defect(ref, REF_DEFECT_flags_bit_3))
		info->flags |= BIT(3);
	if (!ref_defect(ref, REF_DEFECT_reinit_initial_never_falls))
		return;
	if (info->flags & VFIO_PRECOPY_INFO_REINIT)
		s->stuck = info->initial_bytes;
	info->initial_bytes = max(info->initial_bytes, s->stuck);
}

/* What GET_PRECOPY_INFO tells; @info has what the user gave. */
static void tell_info(struct ref_session *s, struct vfio_precopy_info *info)
{
	bool opted_in = ref_opted_in(s->ref->vdev), again;
	u32 given = info->flags;

	if (s->freedom == REF_FREEDOM_precopy_asks && s->asked++ % 2)
		ref_dirty(s->ref, 0, 1);
	again = (opted_in || ref_defect(s->ref, REF_DEFECT_reinit_without_opt_in)) && reinit(s);
	if (opted_in)
		info->flags = 0;
	if (again)
		info->flags |= VFIO_PRECOPY_INFO_REINIT;
	info->initial_bytes = ref_save_initial(s);
	info->dirty_bytes = ref_save_dirty(s);
	/* What changed since, a moment ago, is told the next time. */
	if (again && !ref_defect(s->ref, REF_DEFECT_reinit_keeps_dirty))
		info->dirty_bytes = 0;
	ref_freedom_info(s, info);
	defective_info(s, info);
	defective_flags(s, info, given);
}

static bool info_allowed(const struct ref_session *s)
{
	if (s->state == VFIO_DEVICE_STATE_PRE_COPY_P2P)
		return !ref_defect(s->ref, REF_DEFECT_precopy_info_refused_in_p2p);
	if (s->state == VFIO_DEVICE_STATE_STOP_COPY)
		return ref_defect(s->ref, REF_DEFECT_precopy_info_in_stop_copy);
	return s->state == VFIO_DEVICE_STATE_PRE_COPY;
}

/**
 * ref_precopy_ioctl - VFIO_MIG_GET_PRECOPY_INFO (H:1227)
 * @filp: data_fd
 * @cmd: the request
 * @arg: struct vfio_precopy_info of the user
 *
 * Return: 0; -ENOTTY for another request; -EINVAL in another state than PRE_COPY and
 * PRE_COPY_P2P, after the session (H:1233) and for a structure that is too small; -EFAULT.
 *
 * Not by vfio_check_precopy_ioctl(), which looks at the VFIO device before it is known whether
 * there still is one.
 */
static long ref_precopy_ioctl(struct file *filp, unsigned int cmd, unsigned long arg)
{
	const size_t minsz = offsetofend(struct vfio_precopy_info, dirty_bytes);
	struct ref_session *s = filp->private_data;
	struct vfio_precopy_info info = {};
	long ret;

	if (cmd != VFIO_MIG_GET_PRECOPY_INFO)
		return is_defect(s, REF_DEFECT_unknown_ioctl_ok) ? 0 : ref_freedom_unknown(s);
	if (is_defect(s, REF_DEFECT_precopy_info_missing))
		return -ENOTTY;
	ret = ref_hang(REF_HANG_INFO);
	if (ret)
		return ret;
	ret = -EINVAL;
	if (copy_from_user(&info, (void __user *)arg, minsz))
		return -EFAULT;
	if (info.argsz < minsz && !is_defect(s, REF_DEFECT_precopy_info_any_argsz))
		return -EINVAL;
	mutex_lock(&s->lock);
	if (!s->over) {
		ret = info_allowed(s) ? 0 : -EINVAL;
		if (!ret)
			tell_info(s, &info);
	}
	mutex_unlock(&s->lock);
	if (ret)
		return ret;
	ret = copy_to_user((void __user *)arg, &info, minsz);
	if (is_defect(s, REF_DEFECT_precopy_info_short_copy))
		return ret;
	return ret ? -EFAULT : 0;
}

static ssize_t swallow(struct file *filp, const char __user *from, size_t count, loff_t *pos)
{
	return count;
}

static loff_t seek(struct file *filp, loff_t offset, int whence)
{
	return generic_file_llseek_size(filp, offset, whence, MAX_LFS_FILESIZE, 0);
}

#define SAVE_FOPS                                                                                  \
	.owner = THIS_MODULE, .read = ref_save_read, .poll = ref_save_poll,                        \
	.unlocked_ioctl = ref_precopy_ioctl, .flush = ref_session_flush,                           \
	.release = ref_session_release

static const struct file_operations save_fops = { SAVE_FOPS, .compat_ioctl = compat_ptr_ioctl };
static const struct file_operations no_compat_fops = { SAVE_FOPS };
static const struct file_operations writable_fops = { SAVE_FOPS, .write = swallow,
						      .compat_ioctl = compat_ptr_ioctl };
static const struct file_operations seekable_fops = { SAVE_FOPS, .llseek = seek,
						      .compat_ioctl = compat_ptr_ioctl };

static const struct file_operations no_poll_fops = {
	.owner = THIS_MODULE,
	.read = ref_save_read,
	.unlocked_ioctl = ref_precopy_ioctl,
	.compat_ioctl = compat_ptr_ioctl,
	.flush = ref_session_flush,
	.release = ref_session_release,
};

/* Of a conforming data_fd, or of one with a defect. */
static const struct file_operations *save_fops_of(struct ref_device *ref)
{
	if (ref_defect(ref, REF_DEFECT_no_compat_ioctl))
		return &no_compat_fops;
	if (ref_defect(ref, REF_DEFECT_saving_fd_writable))
		return &writable_fops;
	if (ref_defect(ref, REF_DEFECT_data_fd_seekable))
		return &seekable_fops;
	if (ref_freedom(ref, REF_FREEDOM_poll_not_offered))
		return &no_poll_fops;
	return &save_fops;
}

const struct ref_session_kind ref_save_kind = {
	.saving = true,
	.fops = save_fops_of,
	.begin = save_begin,
};
