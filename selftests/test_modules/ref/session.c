// SPDX-License-Identifier: GPL-2.0-only
/* Sessions: their begin, and their end. */

#include <linux/anon_inodes.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/mm.h>
#include <linux/slab.h>

#include "internal.h"

/* What a session leaks when it is to leak, in bytes. */
#define REF_LEAK 0x40000

static LIST_HEAD(stale_sessions);
static DEFINE_MUTEX(stale_lock);

static void session_free(struct kref *count)
{
	struct ref_session *s = container_of(count, struct ref_session, count);

	if (!s->buf_freed)
		kvfree(s->buf);
	kfree(s->regs);
	kvfree(s->unaccounted);
	mutex_destroy(&s->io);
	mutex_destroy(&s->lock);
	kfree(s);
}

/**
 * ref_session_defect - does the driver of a session have this defect?
 * @s: the session, of a device that may go away at any moment, or be gone
 * @defect: the defect
 *
 * A data_fd outlives its device: nothing of that may be touched without being sure of it.
 *
 * Return: whether it has; false once the device is gone
 */
bool ref_session_defect(const struct ref_session *s, enum ref_defect defect)
{
	struct ref_device *ref;
	bool has;

	rcu_read_lock();
	ref = ref_of(s->vdev);
	has = ref && ref_defect(ref, defect);
	rcu_read_unlock();
	return has;
}

/**
 * ref_session_put - one owner less
 * @s: the session
 */
void ref_session_put(struct ref_session *s)
{
	kref_put(&s->count, session_free);
}

static struct ref_session *session_alloc(struct ref_device *ref)
{
	struct ref_session *s = kzalloc(sizeof(*s), GFP_KERNEL_ACCOUNT);

	if (!s)
		return NULL;
	kref_init(&s->count);
	mutex_init(&s->io);
	mutex_init(&s->lock);
	init_waitqueue_head(&s->wait);
	INIT_LIST_HEAD(&s->entry);
	s->buf = kvzalloc(REF_BUFFER, GFP_KERNEL_ACCOUNT);
	s->regs = kzalloc(REF_MAX_REGS, GFP_KERNEL_ACCOUNT);
	if (s->buf)
		s->pieces.data = s->buf + sizeof(struct ref_record);
	if (s->buf && s->regs)
		return s;
	/* One that is at its end needs neither. */
	if (ref_defect(ref, REF_DEFECT_no_memory_empty_save))
		return s;
	ref_session_put(s);
	return NULL;
}

/* The one before this, if a defect brings it back to life. */
static struct ref_session *revive(struct ref_device *ref, bool saving)
{
	struct ref_session *s;

	if (!ref_defect(ref, REF_DEFECT_old_fd_revived))
		return NULL;
	mutex_lock(&stale_lock);
	list_for_each_entry(s, &stale_sessions, entry) {
		if (s->vdev != ref->vdev || s->saving != saving)
			continue;
		list_del_init(&s->entry);
		mutex_unlock(&stale_lock);
		return s;
	}
	mutex_unlock(&stale_lock);
	return NULL;
}

/* Keep what should go; kill_session() of all of them is at the end of the device. */
static void keep(struct ref_session *s)
{
	mutex_lock(&stale_lock);
	list_add(&s->entry, &stale_sessions);
	mutex_unlock(&stale_lock);
}

/*
 * From now on the session gives and takes nothing. Does not wait for a reader that copies: it will
 * find out, and give nothing (H:1089; the driver's duty, struct vfio_migration_ops).
 */
static void kill_session(struct ref_session *s)
{
	mutex_lock(&s->lock);
	if (s->ref && ref_defect(s->ref, REF_DEFECT_buffer_freed_under_writer) && !s->buf_freed) {
		kvfree(s->buf);
		s->buf_freed = true;
	}
	s->over = true;
	s->ref = NULL;
	mutex_unlock(&s->lock);
	wake_up_all(&s->wait);
}

/**
 * ref_session_forget - really end what defects have kept
 * @ref: the device that goes away
 */
void ref_session_forget(struct ref_device *ref)
{
	struct ref_session *s, *tmp;
	LIST_HEAD(mine);

	mutex_lock(&stale_lock);
	list_for_each_entry_safe(s, tmp, &stale_sessions, entry)
		if (s->vdev == ref->vdev)
			list_move(&s->entry, &mine);
	mutex_unlock(&stale_lock);
	list_for_each_entry_safe(s, tmp, &mine, entry) {
		list_del_init(&s->entry);
		kill_session(s);
		ref_session_put(s);
	}
}

static struct file *session_file(struct ref_device *ref, struct ref_session *s,
				 const struct ref_session_kind *kind)
{
	struct file *filp;
	int flags = O_WRONLY;

	if (s->saving)
		flags = ref_defect(ref, REF_DEFECT_saving_fd_writable) ? O_RDWR : O_RDONLY;
	filp = anon_inode_getfile("vfio-mig", kind->fops(ref), s, flags);
	if (IS_ERR(filp))
		return filp;
	if (!ref_defect(ref, REF_DEFECT_data_fd_seekable))
		stream_open(filp->f_inode, filp);
	kref_get(&s->count);
	return filp;
}

static bool refuses(struct ref_device *ref)
{
	const struct ref_defect_state *d = &ref->defect;

	return (ref_defect(ref, REF_DEFECT_abort_leaks) && d->aborts >= 64) ||
	       (ref_defect(ref, REF_DEFECT_no_session_after_reset) && d->was_reset) || d->blocked ||
	       d->no_memory;
}

static void leak(struct ref_device *ref)
{
	struct ref_session *s;

	if (ref_defect(ref, REF_DEFECT_extra_fd))
		ref_defect_leak_fd();
	if (!ref_defect(ref, REF_DEFECT_session_memory_leaked))
		return;
	s = session_alloc(ref);
	if (!s)
		return;
	kvfree(s->buf);
	s->buf = kvzalloc(REF_LEAK, GFP_KERNEL);
	s->vdev = ref->vdev;
	s->over = true;
	keep(s);
}

static struct file *no_memory(struct ref_device *ref)
{
	if (ref_defect(ref, REF_DEFECT_no_memory_blocks))
		ref->defect.no_memory = true;
	return ERR_PTR(-ENOMEM);
}

/* A session that has no file is freed, but for defects. */
static void no_file(struct ref_device *ref, struct ref_session *s)
{
	if (ref_defect(ref, REF_DEFECT_no_memory_session_lost))
		return;
	if (ref_defect(ref, REF_DEFECT_no_memory_extra_fd))
		ref_defect_leak_fd();
	if (ref_defect(ref, REF_DEFECT_no_memory_freed_twice))
		kfree(s->regs);
	ref_session_put(s);
}

static void set_session(struct ref_device *ref, struct ref_session *s)
{
	unsigned long flags;

	spin_lock_irqsave(&ref->lock, flags);
	ref->session = s;
	spin_unlock_irqrestore(&ref->lock, flags);
}

/**
 * ref_session_sum - sum up the data of the record in the buffer, whatever it is
 * @s: the session
 * @len: bytes of the data
 */
void ref_session_sum(struct ref_session *s, size_t len)
{
	struct ref_pieces *p = &s->pieces;
	size_t i;

	p->known = 0;
	for (i = 0; i * REF_PIECE < len; i++)
		p->sum[i] = ref_piece_sum(p->data + i * REF_PIECE,
					  min_t(size_t, len - i * REF_PIECE, REF_PIECE));
}

/**
 * ref_session_begin - begin a session
 * @ref: the device, its state mutex held, with no session
 * @state: the state that it enters: of the saving group, or RESUMING
 * @kind: what a session in that state does
 *
 * Return: the file of the data_fd, new for each session (H:1036), or an ERR_PTR
 */
struct file *ref_session_begin(struct ref_device *ref, enum vfio_device_mig_state state,
			       const struct ref_session_kind *kind)
{
	bool saving = kind->saving;
	struct ref_session *s;
	struct file *filp;

	if (refuses(ref))
		return ERR_PTR(-EBUSY);
	s = revive(ref, saving) ?: session_alloc(ref);
	if (s && !saving && (!s->buf || !s->regs)) {
		ref_session_put(s);
		s = NULL;
	}
	if (!s)
		return no_memory(ref);
	s->ref = ref;
	s->freedom = ref->driver->freedom;
	s->vdev = ref->vdev;
	s->saving = saving;
	s->state = state;
	s->hold = ref->hold;
	s->over = false;
	s->touched = ref_defect(ref, REF_DEFECT_removed_device_touched) ? ref : NULL;
	if (ref_defect(ref, saving ? REF_DEFECT_save_unaccounted : REF_DEFECT_load_unaccounted))
		s->unaccounted = s->unaccounted ?: kvzalloc(REF_LEAK, GFP_KERNEL);
	filp = session_file(ref, s, kind);
	if (IS_ERR(filp)) {
		s->over = true;
		no_file(ref, s);
		return filp;
	}
	kind->begin(s);
	leak(ref);
	ref->defect.thread = current->pid;
	ref->defect.process = current->tgid;
	set_session(ref, s);
	return filp;
}

/**
 * ref_session_end - end the session, if there is one
 * @ref: the device, its state mutex held
 */
void ref_session_end(struct ref_device *ref)
{
	struct ref_session *s = ref->session;

	if (!s)
		return;
	set_session(ref, NULL);
	if (s->saving) {
		WRITE_ONCE(ref->tracking, false);
		if (s->phase != REF_PHASE_DONE && ref_defect(ref, REF_DEFECT_abandoned_save_blocks))
			ref->defect.blocked = true;
	}
	ref->defect.sessions++;
	if (s->saving && atomic_read(&s->users) &&
	    ref_defect(ref, REF_DEFECT_session_outlives_under_reader))
		s->stale = true;
	if (s->stale) {
		keep(s);
		return;
	}
	if (ref_defect(ref, REF_DEFECT_reader_not_woken)) {
		mutex_lock(&s->lock);
		s->over = true;
		s->ref = NULL;
		mutex_unlock(&s->lock);
	} else {
		kill_session(s);
	}
	if (ref_defect(ref, REF_DEFECT_old_fd_revived))
		keep(s);
	else if (!atomic_read(&s->users) || !ref_defect(ref, REF_DEFECT_busy_session_leaked))
		ref_session_put(s);
}

/**
 * ref_session_state - the device has come to another state of the session
 * @s: the session
 * @state: the state
 */
void ref_session_state(struct ref_session *s, enum vfio_device_mig_state state)
{
	mutex_lock(&s->lock);
	s->state = state;
	mutex_unlock(&s->lock);
	/* STOP_COPY has data, or the end of the stream, for who polls (H:1265). */
	wake_up_all(&s->wait);
}

/**
 * ref_set_hold - give no migration data for now, or go on
 * @ref: the device
 * @hold: which of the two
 */
void ref_set_hold(struct ref_device *ref, bool hold)
{
	struct ref_session *s;

	mutex_lock(&ref->state_mutex);
	ref->hold = hold;
	s = ref->session;
	if (s) {
		mutex_lock(&s->lock);
		WRITE_ONCE(s->hold, hold);
		mutex_unlock(&s->lock);
		wake_up_all(&s->wait);
	}
	mutex_unlock(&ref->state_mutex);
}
EXPORT_SYMBOL_GPL(ref_set_hold);

/**
 * ref_session_next - of a defect: the session that has come after one that is over
 * @stale: the one that is over
 * @saving: the kind that is looked for
 *
 * Return: it, with its lock and that of its device's state held; ref_session_next_put() it. NULL
 * where there is none of that kind.
 */
struct ref_session *ref_session_next(struct ref_session *stale, bool saving)
{
	struct ref_device *ref = ref_of(stale->vdev);
	struct ref_session *s;

	if (!ref)
		return NULL;
	mutex_lock(&ref->state_mutex);
	s = ref->session;
	if (!s || s == stale || s->saving != saving) {
		mutex_unlock(&ref->state_mutex);
		return NULL;
	}
	mutex_lock(&s->lock);
	return s;
}

/**
 * ref_session_next_put - give back what ref_session_next() has given
 * @s: the session
 */
void ref_session_next_put(struct ref_session *s)
{
	struct ref_device *ref = s->ref;

	mutex_unlock(&s->lock);
	mutex_unlock(&ref->state_mutex);
}

/**
 * ref_dirty - a part of the memory has changed
 * @ref: the device
 * @at: where, in bytes
 * @len: bytes
 *
 * To be called after the change, from any context.
 */
void ref_dirty(struct ref_device *ref, u64 at, size_t len)
{
	unsigned long flags;
	u64 page;

	if (!READ_ONCE(ref->tracking) || !len)
		return;
	for (page = at >> PAGE_SHIFT; page <= (at + len - 1) >> PAGE_SHIFT; page++)
		set_bit(page, ref->dirty);
	if (ref_defect(ref, REF_DEFECT_change_wakes_nobody))
		return;
	spin_lock_irqsave(&ref->lock, flags);
	if (ref->session)
		wake_up_all(&ref->session->wait);
	spin_unlock_irqrestore(&ref->lock, flags);
}
EXPORT_SYMBOL_GPL(ref_dirty);
