// SPDX-License-Identifier: GPL-2.0-only
/* The stream in: write() of a session that resumes, and what it was worth at the end. */

#include <linux/delay.h>
#include <linux/fs.h>
#include <linux/poll.h>
#include <linux/sched.h>
#include <linux/sizes.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include "internal.h"

/* What a load loses, in bytes. */
#define REF_LOAD_LEAK 16384

/* And one that fails. */
#define REF_BAD_LOAD_LEAK 256

static void load_begin(struct ref_session *s)
{
	size_t bytes;

	s->phase = REF_PHASE_HEADER;
	s->need = sizeof(struct ref_header);
	if (ref_freedom_plain(s->freedom, &bytes)) {
		s->phase = bytes ? REF_PHASE_HEADER : REF_PHASE_DONE;
		s->need = bytes;
	}
	s->unchecked = ref_defect(s->ref, REF_DEFECT_match_kept) && s->ref->defect.matched;
	if (s->ref->ops->load_begin)
		s->ref->ops->load_begin(s->ref);
}

/* Defects that keep an address nobody has looked at, and use it when the device runs. */
static bool keeps_bad_address(const struct ref_device *ref)
{
	return ref_defect(ref, REF_DEFECT_bad_address_spins) ||
	       ref_defect(ref, REF_DEFECT_bad_address_warns) ||
	       ref_defect(ref, REF_DEFECT_bad_address_wedges_later) ||
	       ref_defect(ref, REF_DEFECT_far_index_wedges_later);
}

/* The fourth byte of an address, as an index: only some of what lies behind the array matters. */
static bool is_harmless(const struct ref_device *ref, u64 at)
{
	return ref_defect(ref, REF_DEFECT_far_index_wedges_later) && (at >> 30 & 3) != 2;
}

/* The same of a header of zeros, and of all that comes behind it. */
static bool keeps_zeros(const struct ref_session *s)
{
	return s->ref->defect.bad_at && ref_defect(s->ref, REF_DEFECT_zeros_wedge_later);
}

/* Does the checksum matter? */
static bool unchecked(const struct ref_session *s)
{
	return s->unchecked || ref_defect(s->ref, REF_DEFECT_bad_index_wedges) ||
	       keeps_bad_address(s->ref);
}

/* What is done with numbers of the header that nobody has looked at yet; defects only. */
static void trust_header(struct ref_session *s, const struct ref_header *h)
{
	if (ref_defect(s->ref, REF_DEFECT_header_size_allocated))
		kfree(kmalloc(le64_to_cpu(h->mem_size), GFP_KERNEL));
	s->io_kept = !h->regs_size && ref_defect(s->ref, REF_DEFECT_refusal_keeps_lock);
}

static int take_header(struct ref_session *s)
{
	const struct ref_header *h = (void *)s->buf;
	struct ref_device *ref = s->ref;

	trust_header(s, h);
	if (ref_defect(ref, REF_DEFECT_zeros_wedge_later) && !memchr_inv(h, 0, sizeof(*h))) {
		ref->defect.bad_at = true;
		return 0;
	}
	s->version = le32_to_cpu(h->version);
	if (le64_to_cpu(h->magic) != REF_MAGIC || !s->version ||
	    s->version > READ_ONCE(ref->version) ||
	    (le32_to_cpu(h->sum) != ref_header_sum(h) && !unchecked(s)))
		return -EINVAL;
	if (s->version < ref->version && s->freedom == REF_FREEDOM_older_refused)
		return -EINVAL;
	if (ref_defect(ref, REF_DEFECT_version_not_checked))
		s->version = ref->version;
	if (ref_defect(ref, REF_DEFECT_stream_of_one_process) && ref->defect.saver != current->tgid)
		return -EINVAL;
	if (ref_defect(ref, REF_DEFECT_type_not_checked))
		return 0;
	if (le32_to_cpu(h->type) != ref->type || le64_to_cpu(h->mem_size) != ref->mem_size ||
	    le32_to_cpu(h->regs_size) != ref->regs_size)
		return -EINVAL;
	return 0;
}

/* The same for the head of a record. */
static void trust_head(struct ref_session *s, const struct ref_record *r)
{
	const u8 *seen = s->regs;

	if (ref_defect(s->ref, REF_DEFECT_number_is_index))
		READ_ONCE(seen[le32_to_cpu(r->number)]);
}

/* The words of a record are counted down, past an end that is not between two of them. */
static void count_words(struct ref_session *s, u32 len)
{
	if (!ref_defect(s->ref, REF_DEFECT_odd_length_loops))
		return;
	while (len % 8 && !fatal_signal_pending(current))
		schedule_timeout_killable(HZ);
}

/* A record that is for no memory of the device, and that such a defect takes. */
static void keep_bad_address(struct ref_session *s, struct ref_record *r)
{
	u64 at = le64_to_cpu(r->at), size = s->ref->mem_size;

	if (le32_to_cpu(r->kind) != REF_RECORD_MEM || !keeps_bad_address(s->ref) ||
	    (at < size && le32_to_cpu(r->len) <= size - at))
		return;
	s->ref->defect.bad_at |= !is_harmless(s->ref, at);
	r->kind = cpu_to_le32(REF_RECORD_NOISE);
}

/* The head of a record: how many bytes follow? */
static int take_head(struct ref_session *s)
{
	struct ref_record *r = (void *)s->buf;
	u64 at, size = s->ref->mem_size;
	u32 kind, len;

	if (s->key)
		ref_crypt(s->buf, sizeof(*r), s->key, s->number, 0);
	keep_bad_address(s, r);
	kind = le32_to_cpu(r->kind);
	len = le32_to_cpu(r->len);
	at = le64_to_cpu(r->at);
	trust_head(s, r);
	if (le32_to_cpu(r->number) != s->number)
		return -EINVAL;
	if (kind == REF_RECORD_MEM && ref_defect(s->ref, REF_DEFECT_bad_index_wedges) &&
	    (at > size || at & (PAGE_SIZE - 1)))
		s->ref->defect.wedged = true;
	if (kind == REF_RECORD_MEM &&
	    (!len || len > REF_RECORD_MAX || at > size || len > size - at))
		return -EINVAL;
	if (kind == REF_RECORD_REGS && len != ref_prefix(s->version) + s->ref->regs_size &&
	    !ref_defect(s->ref, REF_DEFECT_version_not_checked) &&
	    !ref_defect(s->ref, REF_DEFECT_type_not_checked))
		return -EINVAL;
	if (kind == REF_RECORD_END && (len != REF_END_LEN || !s->have_regs))
		return -EINVAL;
	if (kind == REF_RECORD_KEY && (len != sizeof(s->key) || s->key))
		return -EINVAL;
	if (kind < REF_RECORD_MEM || kind > REF_RECORD_KEY || !len || len > REF_RECORD_MAX)
		return -EINVAL;
	count_words(s, len);
	s->need = sizeof(*r) + len;
	return 0;
}

static bool all_zero(const u8 *data, size_t len)
{
	return !memchr_inv(data, 0, len);
}

static int take_mem(struct ref_session *s, u64 at, u32 len)
{
	const struct ref_ops *ops = s->ref->ops;

	if (ops->load_mem)
		return ops->load_mem(s->ref, at, &s->pieces, len);
	return ops->write_mem(s->ref, at, s->pieces.data, len);
}

static int take_record(struct ref_session *s)
{
	const struct ref_record *r = (void *)s->buf;
	struct ref_device *ref = s->ref;
	u32 len = s->need - sizeof(*r), prefix;
	const u8 *data = s->pieces.data;

	if (s->key)
		ref_crypt(s->pieces.data, len, s->key, s->number, sizeof(*r));
	if (le32_to_cpu(r->kind) == REF_RECORD_MEM && ref->ops->look_mem)
		ref->ops->look_mem(ref, le64_to_cpu(r->at), &s->pieces, len);
	else
		ref_session_sum(s, len);
	if (le32_to_cpu(r->sum) != ref_record_sum(r, s->pieces.sum, len) && !unchecked(s))
		return -EINVAL;
	s->number++;
	switch (le32_to_cpu(r->kind)) {
	case REF_RECORD_MEM:
		return take_mem(s, le64_to_cpu(r->at), len);
	case REF_RECORD_REGS:
		/* May come again only if the last one counts; the writer has one. */
		if (s->have_regs)
			return -EINVAL;
		prefix = min(len, ref_prefix(s->version));
		memcpy(s->regs, data + prefix, min(len - prefix, ref->regs_size));
		s->have_regs = true;
		return ref->ops->check_regs(ref, s->regs);
	case REF_RECORD_END:
		if (!all_zero(data, len) && !ref_defect(ref, REF_DEFECT_padding_leaks) &&
		    !unchecked(s))
			return -EINVAL;
		s->phase = REF_PHASE_DONE;
		return 0;
	case REF_RECORD_KEY:
		memcpy(&s->key, data, sizeof(s->key));
		return 0;
	case REF_RECORD_NOISE:
		return 0;
	}
	return -EINVAL;
}

/* The buffer has all that was needed: what is it, and what is needed next? */
static int take_piece(struct ref_session *s)
{
	size_t bytes;
	int ret;

	if (ref_freedom_plain(s->freedom, &bytes)) {
		s->phase = REF_PHASE_DONE;
		return s->buf[0] == REF_PLAIN_BYTE + s->ref->type ? 0 : -EINVAL;
	}
	/* A record without data does not exist: there is always more to come. */
	if (s->phase != REF_PHASE_HEADER && s->need == sizeof(struct ref_record))
		return take_head(s);
	if (s->phase == REF_PHASE_HEADER) {
		ret = take_header(s);
		s->phase = REF_PHASE_RECORDS;
	} else {
		ret = take_record(s);
	}
	s->len = 0;
	s->need = sizeof(struct ref_record);
	return ret;
}

/* A defect: bytes of a session that is over come into the one that is not. */
static void pass_on(struct ref_session *stale, size_t n)
{
	struct ref_session *s = ref_session_next(stale, false);

	if (!s)
		return;
	n = min(n, s->need - s->len);
	memcpy(s->buf + s->len, stale->buf, n);
	s->len += n;
	if (s->len == s->need && take_piece(s))
		s->broken = true;
	ref_session_next_put(s);
}

/* What came is no stream of ours. From now on there is no way to finish this session. */
static int refuse(struct ref_session *s)
{
	bool known = s->broken;

	s->broken = true;
	if (s->freedom == REF_FREEDOM_bad_load_late && !known)
		return 0;
	return s->freedom == REF_FREEDOM_bad_load_at_set ? 0 : -EINVAL;
}

/* Of who tells it at the end: bytes that nobody wants are taken, but not for ever. */
static ssize_t take_late(struct ref_session *s, size_t count)
{
	s->late += count;
	return s->late <= SZ_1M ? count : -ENOSPC;
}

/* A session that is over should not get here; those of a defect do. */
static ssize_t write_when_over(struct ref_session *s, size_t count)
{
	if (ref_session_defect(s, REF_DEFECT_stale_write_breaks_device))
		ref_force_state(ref_of(s->vdev), VFIO_DEVICE_STATE_ERROR);
	return -ENODEV;
}

/* Is there room, as a writer sees it that does not wait for others? A defect. */
static bool looks_open(struct ref_session *s)
{
	bool open = READ_ONCE(s->phase) != REF_PHASE_DONE;

	usleep_range(200, 400);
	return open;
}

/* Bytes that nobody wants, and that a defect takes all the same. */
static bool swallows(struct ref_session *s, bool open)
{
	if (s->stale || keeps_zeros(s) || (open && s->phase == REF_PHASE_DONE))
		return true;
	if (ref_defect(s->ref, REF_DEFECT_write_unbounded))
		return s->broken || s->phase == REF_PHASE_DONE;
	if (s->broken)
		return ref_defect(s->ref, REF_DEFECT_write_error_forgotten) ||
		       ref_defect(s->ref, REF_DEFECT_padding_leaks);
	return s->phase == REF_PHASE_DONE && ref_defect(s->ref, REF_DEFECT_surplus_accepted);
}

/* The end of what was written, for the unused bytes of a later save. */
static void keep_leftover(struct ref_session *s, const char __user *from, size_t count)
{
	size_t n = min_t(size_t, count, REF_END_LEN);
	struct ref_device *ref;
	u8 *leftover;

	if (!ref_session_defect(s, REF_DEFECT_padding_leaks))
		return;
	ref = ref_of(s->vdev);
	if (!ref)
		return;
	leftover = ref->defect.leftover;
	memmove(leftover, leftover + n, REF_END_LEN - n);
	if (copy_from_user(leftover + REF_END_LEN - n, from + count - n, n))
		memset(leftover, 0, REF_END_LEN);
}

/*
 * Copy the next, or @first, part of a write(); @open: a defect has seen room for it. Return:
 * bytes, or an error.
 */
static ssize_t take_some(struct ref_session *s, const char __user *from, size_t count, bool first,
			 bool open)
{
	struct ref_device *ref;
	size_t n, bad, at, late = 0;
	int ret = 0;
	bool slow;

	mutex_lock(&s->lock);
	if (s->over) {
		mutex_unlock(&s->lock);
		return write_when_over(s, count);
	}
	ref = s->ref;
	s->taken = true;
	if (swallows(s, open)) {
		mutex_unlock(&s->lock);
		return count;
	}
	if (s->phase == REF_PHASE_HEADER && !s->len && count < sizeof(struct ref_header) &&
	    ref_defect(ref, REF_DEFECT_header_in_one_write))
		refuse(s);
	if (s->broken || s->phase == REF_PHASE_DONE) {
		ret = refuse(s) ?: take_late(s, count);
		mutex_unlock(&s->lock);
		return ret;
	}
	n = min(count, s->need - s->len);
	at = first && ref_defect(ref, REF_DEFECT_write_to_start) ? 0 : s->len;
	slow = ref_defect(ref, REF_DEFECT_buffer_freed_under_writer);
	mutex_unlock(&s->lock);
	/* Time for the session to end. */
	if (slow)
		usleep_range(200, 400);

	bad = ref_copy_in(s, s->buf + at, from, n, from + count);
	if (bad && s->freedom == REF_FREEDOM_fault_takes_nothing)
		bad = n;

	mutex_lock(&s->lock);
	if (s->over) {
		ret = -ENODEV;
		late = n - bad;
	} else {
		if (bad && ref_defect(ref, REF_DEFECT_efault_write_counts)) {
			s->unchecked = true;
			bad = 0;
		}
		s->len += n - bad;
		if (s->len == s->need && take_piece(s))
			ret = refuse(s);
	}
	mutex_unlock(&s->lock);
	if (late && ref_session_defect(s, REF_DEFECT_late_write_goes_to_next))
		pass_on(s, late);
	if (ret)
		return ret;
	return n > bad ? n - bad : -EFAULT;
}

static bool is_slow(struct ref_session *s)
{
	return ref_session_defect(s, REF_DEFECT_stop_passes_under_writer) ||
	       ref_session_defect(s, REF_DEFECT_stop_forgets_under_writer);
}

static ssize_t ref_load_write(struct file *filp, const char __user *from, size_t count, loff_t *pos)
{
	struct ref_session *s = filp->private_data;
	bool open = false;
	size_t done = 0;
	ssize_t ret = 0;

	if (pos)
		return -ESPIPE;
	if (s->touched)
		READ_ONCE(s->touched->state);
	if (ref_session_defect(s, REF_DEFECT_racing_writers))
		open = looks_open(s);
	ret = ref_hang(REF_HANG_WRITE);
	if (ret)
		return ret;
	ret = count && !(filp->f_flags & O_NONBLOCK) ? ref_freedom_wait(s) : 0;
	if (ret)
		return ret;
	if (mutex_lock_interruptible(&s->io))
		return -ERESTARTSYS;
	if (count)
		count = ref_freedom_count(s, count);
	atomic_inc(&s->users);
	/* Time for a SET. */
	if (is_slow(s))
		usleep_range(200, 400);
	keep_leftover(s, from, count);
	while (done < count) {
		ret = take_some(s, from + done, count - done, !done, open);
		if (ret <= 0)
			break;
		done += ret;
	}
	s->moved += done;
	atomic_dec(&s->users);
	if (!s->io_kept)
		mutex_unlock(&s->io);
	if (ret == -ENODEV)
		return ref_freedom_ended(s);
	/* What is no stream is told at once, also where a part of it looked like one. */
	return ret == -EINVAL ? ref_freedom_bad_load(s->freedom, ret) : done ? done : ret;
}

/* Does a defect let this session pass? */
static bool passes(struct ref_session *s, enum vfio_device_mig_state target)
{
	struct ref_device *ref = s->ref;
	bool complete = s->phase == REF_PHASE_DONE;

	if (!s->taken)
		return ref_defect(ref, REF_DEFECT_empty_load_ok) ||
		       ref_defect(ref, REF_DEFECT_empty_stream) ||
		       (ref->defect.matched && ref_defect(ref, REF_DEFECT_load_buffer_kept));
	if (target == VFIO_DEVICE_STATE_RUNNING &&
	    ref_defect(ref, REF_DEFECT_load_unchecked_beyond_stop))
		return true;
	if (keeps_zeros(s))
		return true;
	if (atomic_read(&s->users) &&
	    ref_defect(ref, s->broken ? REF_DEFECT_stop_forgets_under_writer
				      : REF_DEFECT_stop_passes_under_writer))
		return true;
	if (s->broken)
		return ref_defect(ref, REF_DEFECT_write_error_forgotten) ||
		       (complete && ref_defect(ref, REF_DEFECT_surplus_accepted));
	if (s->unchecked && ref_defect(ref, REF_DEFECT_match_kept))
		return true;
	return ref_defect(ref, REF_DEFECT_truncated_load_ok);
}

/**
 * ref_load_finish - make what came the device's state
 * @s: the session that is to end well
 * @target: the state that was asked for
 *
 * Return: 0; -EINVAL if what came is incomplete or no stream of this device (H:1093)
 */
int ref_load_finish(struct ref_session *s, enum vfio_device_mig_state target)
{
	struct ref_device *ref = s->ref;
	int ret = -EINVAL;

	mutex_lock(&s->lock);
	if (ref_defect(ref, REF_DEFECT_complete_stream_refused) &&
	    target == VFIO_DEVICE_STATE_RUNNING)
		goto out;
	if (ref_defect(ref, REF_DEFECT_failed_load_sticks) && ref->defect.sticky)
		goto out;
	ref->defect.loaded = true;
	ref->defect.ran = false;
	if (s->phase == REF_PHASE_DONE && !s->broken) {
		ret = ref->ops->load_end ? ref->ops->load_end(ref) : 0;
		if (!ret && ref->regs_size)
			ret = ref->ops->set_regs(ref, s->regs);
		if (!ret)
			ref->defect.matched = true;
		if (!ret && ref_defect(ref, REF_DEFECT_loaded_memory_leaked))
			ref_lose(ref, REF_LOAD_LEAK);
	} else if (passes(s, target)) {
		if (ref->ops->load_end)
			ref->ops->load_end(ref);
		if (s->have_regs)
			ref->ops->set_regs(ref, s->regs);
		ret = 0;
	}
out:
	if (ret && ref_defect(ref, REF_DEFECT_failed_load_leaked))
		ref_lose(ref, REF_BAD_LOAD_LEAK);
	if (ret) {
		ref->defect.sticky = true;
		ref->defect.loaded = false;
	}
	mutex_unlock(&s->lock);
	return ref_freedom_bad_load(s->freedom, ret);
}

static __poll_t ref_load_poll(struct file *filp, struct poll_table_struct *table)
{
	struct ref_session *s = filp->private_data;
	__poll_t events = EPOLLOUT | EPOLLWRNORM;

	poll_wait(filp, &s->wait, table);
	mutex_lock(&s->lock);
	if (s->over)
		events |= EPOLLERR;
	mutex_unlock(&s->lock);
	return events;
}

static long ref_load_ioctl(struct file *filp, unsigned int cmd, unsigned long arg)
{
	struct ref_session *s = filp->private_data;
	bool known = cmd == VFIO_MIG_GET_PRECOPY_INFO;

	if (ref_session_defect(s, known ? REF_DEFECT_precopy_info_on_resuming
					: REF_DEFECT_unknown_ioctl_ok))
		return 0;
	return ref_freedom_unknown(s);
}

#define LOAD_FOPS                                                                                  \
	.owner = THIS_MODULE, .write = ref_load_write, .unlocked_ioctl = ref_load_ioctl,           \
	.compat_ioctl = compat_ptr_ioctl, .flush = ref_session_flush,                              \
	.release = ref_session_release

static const struct file_operations load_fops = { LOAD_FOPS };
static const struct file_operations poll_fops = { LOAD_FOPS, .poll = ref_load_poll };

static const struct file_operations *load_fops_of(struct ref_device *ref)
{
	return ref_freedom(ref, REF_FREEDOM_poll_on_load) ? &poll_fops : &load_fops;
}

const struct ref_session_kind ref_load_kind = {
	.fops = load_fops_of,
	.begin = load_begin,
};
