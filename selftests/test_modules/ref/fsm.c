// SPDX-License-Identifier: GPL-2.0-only
/* The migration states: SET, GET, reset, open and close. */

#include <linux/delay.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/mm.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>

#include "session.h"

/* How long set_is_async tells the old state. */
#define REF_ASYNC (HZ / 20)

static DEFINE_XARRAY(devices);

/**
 * ref_of - the migration of a VFIO device
 * @vdev: the VFIO device; may be one that is gone
 *
 * Return: the device, or NULL
 */
struct ref_device *ref_of(struct vfio_device *vdev)
{
	return xa_load(&devices, (unsigned long)vdev >> 3);
}

/**
 * ref_is_saving - is this one of the saving group?
 * @state: a migration state
 */
bool ref_is_saving(enum vfio_device_mig_state state)
{
	return state == VFIO_DEVICE_STATE_PRE_COPY || state == VFIO_DEVICE_STATE_PRE_COPY_P2P ||
	       state == VFIO_DEVICE_STATE_STOP_COPY;
}

/* What the device may do in a state. */
static enum ref_activity activity_of(struct ref_device *ref, enum vfio_device_mig_state state)
{
	switch (state) {
	case VFIO_DEVICE_STATE_RUNNING:
		return REF_RUNNING;
	case VFIO_DEVICE_STATE_PRE_COPY:
		if (ref_defect(ref, REF_DEFECT_precopy_quiesces))
			return REF_NO_DMA;
		if (ref_defect(ref, REF_DEFECT_pcp_to_pc_stays_quiesced) &&
		    ref->state == VFIO_DEVICE_STATE_PRE_COPY_P2P)
			return REF_NO_DMA;
		return REF_RUNNING;
	case VFIO_DEVICE_STATE_PRE_COPY_P2P:
		if (ref_defect(ref, REF_DEFECT_precopy_unquiesces) &&
		    ref->state == VFIO_DEVICE_STATE_RUNNING_P2P)
			return REF_RUNNING;
		if (ref_defect(ref, REF_DEFECT_pcp_not_quiesced) &&
		    ref->state == VFIO_DEVICE_STATE_PRE_COPY)
			return REF_RUNNING;
		return REF_NO_DMA;
	case VFIO_DEVICE_STATE_RUNNING_P2P:
		return REF_NO_DMA;
	case VFIO_DEVICE_STATE_RESUMING:
		if (ref_defect(ref, REF_DEFECT_resuming_keeps_running))
			return REF_RUNNING;
		return REF_STOPPED;
	default:
		return REF_STOPPED;
	}
}

static int set_activity(struct ref_device *ref, enum ref_activity activity)
{
	int ret = 0;

	if (activity != ref->activity)
		ret = ref->ops->set_activity(ref, activity);
	if (!ret)
		ref->activity = activity;
	return ret;
}

/* The flags that MIGRATION reports now; only defects change them. */
static u64 flags_of(struct ref_device *ref)
{
	u64 flags = VFIO_MIGRATION_STOP_COPY;

	if (ref->features & REF_FEATURE_P2P)
		flags |= VFIO_MIGRATION_P2P;
	if (ref->features & REF_FEATURE_PRE_COPY)
		flags |= VFIO_MIGRATION_PRE_COPY;
	if (ref_defect(ref, REF_DEFECT_flags_no_stop_copy))
		flags &= ~(u64)VFIO_MIGRATION_STOP_COPY;
	if (ref_defect(ref, REF_DEFECT_flags_undocumented))
		flags |= BIT(7);
	if (ref_defect(ref, REF_DEFECT_flags_shrink) && ref->defect.sessions)
		flags &= ~(u64)VFIO_MIGRATION_PRE_COPY;
	if (ref_defect(ref, REF_DEFECT_state_without_flag) ||
	    ref_defect(ref, REF_DEFECT_optional_not_skipped))
		flags &= ~(u64)VFIO_MIGRATION_P2P;
	return flags;
}

/* A reset, with the state mutex held. */
static void reset_locked(struct ref_device *ref)
{
	enum vfio_device_mig_state was = ref->state;
	bool keep = ref_defect(ref, REF_DEFECT_stale_after_reset) ||
		    (ref_defect(ref, REF_DEFECT_reset_keeps_saving_session) &&
		     was == VFIO_DEVICE_STATE_STOP_COPY);

	if (ref->session)
		ref->session->stale = keep;
	ref_session_end(ref);
	ref->defect.was_reset = true;
	if (!ref_defect(ref, REF_DEFECT_no_session_after_reset))
		ref->defect.blocked = false;
	if (!ref_defect(ref, REF_DEFECT_reset_applies_partial) || was != VFIO_DEVICE_STATE_RESUMING)
		ref->ops->reset(ref);
	else
		ref->ops->set_activity(ref, REF_RUNNING);
	ref->activity = REF_RUNNING;
	if (!ref_defect(ref, REF_DEFECT_reset_keeps_state))
		ref->state = VFIO_DEVICE_STATE_RUNNING;
	set_activity(ref, activity_of(ref, ref->state));
}

/* Give the state mutex back, after a reset that came while it was taken. */
static void state_unlock(struct ref_device *ref)
{
	unsigned long flags;

	spin_lock_irqsave(&ref->lock, flags);
	while (ref->deferred_reset) {
		ref->deferred_reset = false;
		spin_unlock_irqrestore(&ref->lock, flags);
		reset_locked(ref);
		spin_lock_irqsave(&ref->lock, flags);
	}
	mutex_unlock(&ref->state_mutex);
	spin_unlock_irqrestore(&ref->lock, flags);
}

/**
 * ref_reset_done - the device was reset, by whomever
 * @ref: the device
 *
 * Comes under locks that a page fault on a user's buffer takes too, so it does not wait for
 * a SET that is under way: that one does the work before it returns.
 */
void ref_reset_done(struct ref_device *ref)
{
	unsigned long flags;
	bool locked;

	spin_lock_irqsave(&ref->lock, flags);
	ref->deferred_reset = true;
	locked = mutex_trylock(&ref->state_mutex);
	if (!locked && ref_defect(ref, REF_DEFECT_reset_race_lost))
		ref->deferred_reset = false;
	spin_unlock_irqrestore(&ref->lock, flags);
	if (locked)
		state_unlock(ref);
}
EXPORT_SYMBOL_GPL(ref_reset_done);

/**
 * ref_reset - VFIO_DEVICE_RESET
 * @ref: the device
 *
 * Return: 0, the device is RUNNING (H:1027); with a defect, an errno
 */
int ref_reset(struct ref_device *ref)
{
	if (ref->defect.wedged)
		return -EIO;
	if (ref_defect(ref, REF_DEFECT_reset_race_lost)) {
		ref_reset_done(ref);
		return 0;
	}
	mutex_lock(&ref->state_mutex);
	if (ref->state == VFIO_DEVICE_STATE_RESUMING &&
	    ref_defect(ref, REF_DEFECT_reset_refused_in_resuming)) {
		state_unlock(ref);
		return -EBUSY;
	}
	reset_locked(ref);
	state_unlock(ref);
	return 0;
}
EXPORT_SYMBOL_GPL(ref_reset);

/**
 * ref_force_state - go to a state without a SET; defects only
 * @ref: the device, or NULL
 * @state: STOP or ERROR
 */
void ref_force_state(struct ref_device *ref, enum vfio_device_mig_state state)
{
	if (!ref)
		return;
	mutex_lock(&ref->state_mutex);
	ref_session_end(ref);
	set_activity(ref, REF_STOPPED);
	ref->state = state;
	state_unlock(ref);
}
EXPORT_SYMBOL_GPL(ref_force_state);

/* RESUMING cannot be left: the load was no good. */
static int load_failed(struct ref_device *ref, enum vfio_device_mig_state target, int err)
{
	enum vfio_device_mig_state then = VFIO_DEVICE_STATE_RESUMING;

	if (ref->error_on_bad_load)
		then = VFIO_DEVICE_STATE_ERROR;
	if (ref_defect(ref, REF_DEFECT_failed_load_tells_stop))
		then = VFIO_DEVICE_STATE_STOP;
	if (ref_defect(ref, REF_DEFECT_failed_set_tells_target))
		then = target;
	if (then != VFIO_DEVICE_STATE_RESUMING)
		ref_session_end(ref);
	ref->state = then;
	return err;
}

/* Does a defect let the session go on that ends here? */
static bool outlives(struct ref_device *ref, enum vfio_device_mig_state next,
		     enum vfio_device_mig_state target)
{
	if (ref->state == VFIO_DEVICE_STATE_RESUMING)
		return ref_defect(ref, REF_DEFECT_stale_resuming_fd);
	if (next != VFIO_DEVICE_STATE_STOP)
		return false;
	return ref_defect(ref, REF_DEFECT_stale_after_stop) ||
	       (target == VFIO_DEVICE_STATE_RESUMING &&
		ref_defect(ref, REF_DEFECT_direction_keeps_session));
}

/* The defects of an arc between states of one session. */
static struct file *move_on(struct ref_device *ref, enum vfio_device_mig_state next)
{
	struct ref_session *s = ref->session;

	if (ref_defect(ref, REF_DEFECT_p2p_rewinds) && next == VFIO_DEVICE_STATE_PRE_COPY_P2P) {
		mutex_lock(&s->lock);
		ref_save_rewind(s);
		mutex_unlock(&s->lock);
	}
	if (next != VFIO_DEVICE_STATE_STOP_COPY)
		return NULL;
	if (ref_defect(ref, REF_DEFECT_new_fd_in_stop_copy)) {
		ref_session_end(ref);
		return ref_session_begin(ref, next);
	}
	if (ref_defect(ref, REF_DEFECT_precopy_data_dropped)) {
		mutex_lock(&s->lock);
		s->pos = s->len;
		if (s->phase < REF_PHASE_RECORDS)
			s->phase = REF_PHASE_RECORDS;
		mutex_unlock(&s->lock);
	}
	return NULL;
}

/* One arc. Return: the file of a session that began, NULL, or an ERR_PTR. */
static struct file *arc(struct ref_device *ref, enum vfio_device_mig_state next,
			enum vfio_device_mig_state target)
{
	enum vfio_device_mig_state cur = ref->state;
	struct file *filp = NULL;
	int ret;

	if (cur == VFIO_DEVICE_STATE_RUNNING_P2P && next == VFIO_DEVICE_STATE_PRE_COPY_P2P &&
	    ref_defect(ref, REF_DEFECT_arc_refused))
		return ERR_PTR(-EINVAL);
	if (cur == VFIO_DEVICE_STATE_RESUMING) {
		ret = ref_load_finish(ref->session, target);
		if (ret)
			return ERR_PTR(load_failed(ref, target, ret));
	}
	if (ref->session && !(ref_is_saving(cur) && ref_is_saving(next))) {
		if (ref_is_saving(cur) && next != VFIO_DEVICE_STATE_STOP) {
			ref->defect.aborts++;
			ref->defect.aborted = true;
			ref->defect.aborted_at = ref->session->cursor;
		}
		ref->session->stale = outlives(ref, next, target);
		ref_session_end(ref);
		if (cur == VFIO_DEVICE_STATE_STOP_COPY &&
		    ref_defect(ref, REF_DEFECT_save_destroys_state)) {
			ref->ops->reset(ref);
			ref->activity = REF_RUNNING;
		}
		if (cur == VFIO_DEVICE_STATE_STOP_COPY &&
		    ref_defect(ref, REF_DEFECT_log_stopped_by_set))
			ref_log_end(ref);
	}
	/* A session begins before the device goes on, and ends after it stopped. */
	if (!ref->session && (ref_is_saving(next) || next == VFIO_DEVICE_STATE_RESUMING)) {
		filp = ref_session_begin(ref, next);
		if (IS_ERR(filp))
			return filp;
	}
	ret = set_activity(ref, activity_of(ref, next));
	if (ret) {
		if (filp) {
			ref_session_end(ref);
			fput(filp);
		}
		return ERR_PTR(ret);
	}
	if (ref->session) {
		ref_session_state(ref->session, next);
		if (!filp)
			filp = move_on(ref, next);
	}
	ref->state = next;
	return filp;
}

/* SETs that a defect answers by itself: true, with the answer in *filp. */
static bool shortcut(struct ref_device *ref, enum vfio_device_mig_state target, struct file **filp)
{
	enum vfio_device_mig_state cur = ref->state;

	*filp = NULL;
	if (target == VFIO_DEVICE_STATE_ERROR && ref_defect(ref, REF_DEFECT_set_error_accepted)) {
		ref_session_end(ref);
		set_activity(ref, REF_STOPPED);
		ref->state = target;
		return true;
	}
	if (target >= VFIO_DEVICE_STATE_NR) {
		if (ref_defect(ref, REF_DEFECT_set_undefined_accepted))
			return true;
		if (ref_defect(ref, REF_DEFECT_set_undefined_breaks)) {
			ref_session_end(ref);
			ref->state = VFIO_DEVICE_STATE_ERROR;
		}
		*filp = ERR_PTR(-EINVAL);
		return true;
	}
	if (cur == VFIO_DEVICE_STATE_ERROR) {
		/* Not for the core's table, which warns of it. */
		if (target == VFIO_DEVICE_STATE_RUNNING &&
		    ref_defect(ref, REF_DEFECT_error_left_by_set))
			reset_locked(ref);
		else
			*filp = ERR_PTR(-EIO);
		return true;
	}
	if (cur == target && ref_defect(ref, REF_DEFECT_same_state_refused)) {
		*filp = ERR_PTR(-EINVAL);
		return true;
	}
	if (cur == target && cur == VFIO_DEVICE_STATE_STOP_COPY &&
	    ref_defect(ref, REF_DEFECT_same_state_reopens)) {
		ref_session_end(ref);
		*filp = ref_session_begin(ref, cur);
		return true;
	}
	if (target == VFIO_DEVICE_STATE_RUNNING_P2P &&
	    ref_defect(ref, REF_DEFECT_state_without_flag)) {
		ref_session_end(ref);
		set_activity(ref, REF_NO_DMA);
		ref->state = target;
		return true;
	}
	if (cur == VFIO_DEVICE_STATE_RUNNING_P2P && target == VFIO_DEVICE_STATE_RUNNING &&
	    ref_defect(ref, REF_DEFECT_state_without_flag)) {
		set_activity(ref, REF_RUNNING);
		ref->state = target;
		return true;
	}
	if (cur == VFIO_DEVICE_STATE_STOP_COPY && target == VFIO_DEVICE_STATE_PRE_COPY &&
	    ref_defect(ref, REF_DEFECT_stop_copy_to_precopy)) {
		set_activity(ref, REF_RUNNING);
		ref_session_state(ref->session, target);
		ref->state = target;
		return true;
	}
	if (cur == VFIO_DEVICE_STATE_RESUMING && target == VFIO_DEVICE_STATE_RUNNING &&
	    ref_defect(ref, REF_DEFECT_load_skipped)) {
		reset_locked(ref);
		return true;
	}
	if (cur == VFIO_DEVICE_STATE_RUNNING && target == VFIO_DEVICE_STATE_STOP &&
	    ref_defect(ref, REF_DEFECT_optional_not_skipped)) {
		*filp = ERR_PTR(-EINVAL);
		return true;
	}
	return false;
}

/* All arcs to a state. */
static struct file *walk(struct ref_device *ref, enum vfio_device_mig_state target)
{
	enum vfio_device_mig_state from = ref->state, next;
	unsigned int arcs = 0;
	struct file *filp;
	int ret;

	if (shortcut(ref, target, &filp))
		return filp;
	while (ref->state != target) {
		ret = vfio_mig_get_next_state(ref->vdev, ref->state, target, &next);
		if (ret) {
			if (ref_defect(ref, REF_DEFECT_refused_set_breaks))
				ref->defect.blocked = true;
			return ERR_PTR(ret);
		}
		filp = arc(ref, next, target);
		if (IS_ERR(filp))
			return filp;
		/* The table has no path with a session inside. */
		if (WARN_ON(filp && next != target)) {
			fput(filp);
			return ERR_PTR(-EIO);
		}
		arcs++;
	}
	if (arcs > 1 && ref_defect(ref, REF_DEFECT_intermediate_fd_leaked))
		ref_defect_leak_fd();
	if (filp && arcs > 1 && target == VFIO_DEVICE_STATE_STOP_COPY &&
	    ref_defect(ref, REF_DEFECT_no_fd_on_composed_arc)) {
		fput(filp);
		filp = NULL;
	}
	if (from == VFIO_DEVICE_STATE_STOP && target == VFIO_DEVICE_STATE_RUNNING_P2P &&
	    ref_defect(ref, REF_DEFECT_arc_lands_elsewhere)) {
		set_activity(ref, REF_RUNNING);
		ref->state = VFIO_DEVICE_STATE_RUNNING;
	}
	return filp;
}

static struct file *ref_set_state(struct vfio_device *vdev, enum vfio_device_mig_state target)
{
	struct ref_device *ref = ref_of(vdev);
	enum vfio_device_mig_state from;
	struct file *filp;

	if (ref->defect.oops) {
		ref->defect.oops = false;
		if (ref_defect(ref, REF_DEFECT_reopen_first_set_oops))
			return READ_ONCE(*(struct file **)NULL);
	}
	if (ref->defect.wedged)
		return ERR_PTR(-EIO);
	atomic_inc(&ref->setters);
	mutex_lock(&ref->state_mutex);
	ref->vdev->migration_flags = flags_of(ref);
	from = ref->state;
	if (ref_defect(ref, REF_DEFECT_set_unserialised)) {
		usleep_range(2000, 3000);
		if (atomic_read(&ref->setters) > 1) {
			ref_session_end(ref);
			set_activity(ref, REF_STOPPED);
			ref->state = VFIO_DEVICE_STATE_ERROR;
		}
	}
	filp = walk(ref, target);
	ref->defect.previous = from;
	ref->defect.set_at = jiffies;
	ref->vdev->migration_flags = flags_of(ref);
	atomic_dec(&ref->setters);
	state_unlock(ref);
	return filp;
}

static int ref_get_state(struct vfio_device *vdev, enum vfio_device_mig_state *state)
{
	struct ref_device *ref = ref_of(vdev);
	int ret = 0;

	mutex_lock(&ref->state_mutex);
	/* A reset shall have something to come in between of. */
	if (ref_defect(ref, REF_DEFECT_reset_race_lost))
		usleep_range(1000, 2000);
	*state = ref->state;
	if (ref_defect(ref, REF_DEFECT_get_ends_session))
		ref_session_end(ref);
	if (ref_defect(ref, REF_DEFECT_get_undefined_state) && ref->state == VFIO_DEVICE_STATE_STOP)
		*state = VFIO_DEVICE_STATE_NR + 1;
	if (ref_defect(ref, REF_DEFECT_set_is_async) && ref->defect.set_at &&
	    time_before(jiffies, ref->defect.set_at + REF_ASYNC))
		*state = ref->defect.previous;
	if (ref_defect(ref, REF_DEFECT_get_fails_in_resuming) &&
	    ref->state == VFIO_DEVICE_STATE_RESUMING)
		ret = -EBUSY;
	state_unlock(ref);
	return ret;
}

static int ref_get_data_size(struct vfio_device *vdev, unsigned long *length)
{
	struct ref_device *ref = ref_of(vdev);
	int ret = 0;

	if (ref_defect(ref, REF_DEFECT_data_size_absent))
		return -EOPNOTSUPP;
	mutex_lock(&ref->state_mutex);
	*length = ref_save_size(ref);
	if (ref_defect(ref, REF_DEFECT_data_size_is_errno))
		*length = -ENOMEM;
	if (ref_defect(ref, REF_DEFECT_data_size_fails_in_resuming) &&
	    ref->state == VFIO_DEVICE_STATE_RESUMING)
		ret = -EINVAL;
	state_unlock(ref);
	return ret;
}

static const struct vfio_migration_ops ref_mig_ops = {
	.migration_set_state = ref_set_state,
	.migration_get_state = ref_get_state,
	.migration_get_data_size = ref_get_data_size,
};

/**
 * ref_unknown_feature_ok - for the driver's device_feature, first thing
 * @ref: the device
 * @flags: of struct vfio_device_feature
 *
 * Return: true if a defect makes this one succeed
 */
bool ref_unknown_feature_ok(struct ref_device *ref, u32 flags)
{
	return (flags & VFIO_DEVICE_FEATURE_MASK) > 0x100 &&
	       ref_defect(ref, REF_DEFECT_feature_unknown_ok);
}
EXPORT_SYMBOL_GPL(ref_unknown_feature_ok);

/**
 * ref_open - the first open of a device
 * @ref: the device, ready to work
 *
 * It is RUNNING after it, with its state after power-on.
 */
void ref_open(struct ref_device *ref)
{
	bool blocked = ref->defect.blocked && ref_defect(ref, REF_DEFECT_reopen_cannot_save);
	bool oops = ref->defect.oops, wedged = ref->defect.wedged;
	bool keep = ref->state != VFIO_DEVICE_STATE_RUNNING;

	mutex_lock(&ref->state_mutex);
	memset(&ref->defect, 0, sizeof(ref->defect));
	ref->defect.oops = oops;
	ref->defect.wedged = wedged && ref_defect(ref, REF_DEFECT_bad_index_wedges);
	ref->hold = false;
	ref->vdev->migration_flags = flags_of(ref);
	ref->vdev->mig_ops = ref_defect(ref, REF_DEFECT_v1_region) ? NULL : &ref_mig_ops;
	if (!keep)
		reset_locked(ref);
	ref->defect.was_reset = false;
	ref->defect.blocked = blocked;
	state_unlock(ref);
}
EXPORT_SYMBOL_GPL(ref_open);

/* Does a defect keep the state over this close? */
static bool kept(struct ref_device *ref)
{
	return ref_defect(ref, REF_DEFECT_state_kept_over_close) ||
	       (ref_defect(ref, REF_DEFECT_killed_owner_keeps_state) &&
		(current->flags & PF_EXITING) && current->signal->group_exit_code == SIGKILL);
}

/**
 * ref_close - the last close of a device
 * @ref: the device
 *
 * Ends the session and DMA logging before it returns (struct vfio_migration_ops).
 */
void ref_close(struct ref_device *ref)
{
	mutex_lock(&ref->state_mutex);
	ref->defect.oops = ref->state == VFIO_DEVICE_STATE_RESUMING;
	if (ref->session) {
		ref->session->stale = ref_defect(ref, REF_DEFECT_stale_after_close) ||
				      (ref_defect(ref, REF_DEFECT_session_kept_over_close) &&
				       ref->state == VFIO_DEVICE_STATE_PRE_COPY);
		ref_session_end(ref);
		if (ref_defect(ref, REF_DEFECT_reopen_cannot_save))
			ref->defect.blocked = true;
	}
	if (!ref_defect(ref, REF_DEFECT_log_survives_close))
		ref_log_end(ref);
	set_activity(ref, REF_STOPPED);
	if (!kept(ref))
		ref->state = VFIO_DEVICE_STATE_RUNNING;
	state_unlock(ref);
}
EXPORT_SYMBOL_GPL(ref_close);

/**
 * ref_init - make a device able to migrate
 * @ref: the device; the fields that are the driver's are set
 * @features: REF_FEATURE_*
 *
 * Return: 0, or -ENOMEM
 */
int ref_init(struct ref_device *ref, u32 features)
{
	int ret;

	mutex_init(&ref->state_mutex);
	mutex_init(&ref->log.lock);
	spin_lock_init(&ref->lock);
	xa_init(&ref->log.pages);
	ref->features = features;
	ref->state = VFIO_DEVICE_STATE_RUNNING;
	ref->activity = REF_STOPPED;
	ref->dirty = kvcalloc(BITS_TO_LONGS(DIV_ROUND_UP_ULL(ref->mem_size, PAGE_SIZE)) ?: 1,
			      sizeof(long), GFP_KERNEL);
	if (!ref->dirty)
		return -ENOMEM;
	ret = xa_err(xa_store(&devices, (unsigned long)ref->vdev >> 3, ref, GFP_KERNEL));
	if (ret) {
		kvfree(ref->dirty);
		return ret;
	}
	ref->vdev->mig_ops = &ref_mig_ops;
	if (features & REF_FEATURE_LOG)
		ref->vdev->log_ops = &ref_log_ops;
	ref->vdev->migration_flags = flags_of(ref);
	return 0;
}
EXPORT_SYMBOL_GPL(ref_init);

/**
 * ref_destroy - undo ref_init()
 * @ref: the device, closed
 */
void ref_destroy(struct ref_device *ref)
{
	ref_session_forget(ref);
	xa_erase(&devices, (unsigned long)ref->vdev >> 3);
	ref_log_end(ref);
	xa_destroy(&ref->log.pages);
	kvfree(ref->dirty);
}
EXPORT_SYMBOL_GPL(ref_destroy);

MODULE_DESCRIPTION("Migration engine of the vmig reference drivers");
MODULE_AUTHOR("vmig");
MODULE_LICENSE("GPL");
