// SPDX-License-Identifier: GPL-2.0-only
/* The life of a device: its begin and end, open and close, reset, and what it may do when. */

#include <linux/fs.h>
#include <linux/mm.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>

#include "session.h"

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
 * ref_activity_of - what the device may do in a state
 * @ref: the device, its state mutex held
 * @state: the state that it goes to
 *
 * Return: the activity
 */
enum ref_activity ref_activity_of(struct ref_device *ref, enum vfio_device_mig_state state)
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

/**
 * ref_set_activity - bring the device to an activity, unless it is there
 * @ref: the device, its state mutex held
 * @activity: the activity
 *
 * Return: 0, or what the driver says
 */
int ref_set_activity(struct ref_device *ref, enum ref_activity activity)
{
	int ret = 0;

	if (activity != ref->activity)
		ret = ref->ops->set_activity(ref, activity);
	if (!ret)
		ref->activity = activity;
	return ret;
}

/**
 * ref_flags - what MIGRATION reports now; only defects change it
 * @ref: the device
 *
 * Return: VFIO_MIGRATION_* bits
 */
u64 ref_flags(struct ref_device *ref)
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

/**
 * ref_reset_locked - end the session, and begin anew with the state after power-on
 * @ref: the device, its state mutex held
 */
void ref_reset_locked(struct ref_device *ref)
{
	enum vfio_device_mig_state was = ref->state;
	bool keep = ref_defect(ref, REF_DEFECT_stale_after_reset) ||
		    (ref_defect(ref, REF_DEFECT_reset_keeps_saving_session) &&
		     was == VFIO_DEVICE_STATE_STOP_COPY);

	if (ref->session)
		ref->session->stale = keep;
	ref_session_end(ref);
	ref->defect.was_reset = true;
	if (ref->log.on && ref_defect(ref, REF_DEFECT_log_stuck_after_reset))
		ref->defect.log_broken = true;
	if (!ref_defect(ref, REF_DEFECT_no_session_after_reset))
		ref->defect.blocked = false;
	if (!ref_defect(ref, REF_DEFECT_reset_applies_partial) || was != VFIO_DEVICE_STATE_RESUMING)
		ref->ops->reset(ref);
	else
		ref->ops->set_activity(ref, REF_RUNNING);
	ref->activity = REF_RUNNING;
	if (!ref_defect(ref, REF_DEFECT_reset_keeps_state))
		ref->state = VFIO_DEVICE_STATE_RUNNING;
	ref_set_activity(ref, ref_activity_of(ref, ref->state));
}

/**
 * ref_state_unlock - give the state mutex back, after a reset that came while it was taken
 * @ref: the device
 */
void ref_state_unlock(struct ref_device *ref)
{
	unsigned long flags;

	spin_lock_irqsave(&ref->lock, flags);
	while (ref->deferred_reset) {
		ref->deferred_reset = false;
		spin_unlock_irqrestore(&ref->lock, flags);
		ref_reset_locked(ref);
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
		ref_state_unlock(ref);
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
		ref_state_unlock(ref);
		return -EBUSY;
	}
	ref_reset_locked(ref);
	ref_state_unlock(ref);
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
	ref_set_activity(ref, REF_STOPPED);
	ref->state = state;
	ref_state_unlock(ref);
}
EXPORT_SYMBOL_GPL(ref_force_state);

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
	ref->vdev->migration_flags = ref_flags(ref);
	ref->vdev->mig_ops = ref_defect(ref, REF_DEFECT_v1_region) ? NULL : &ref_mig_ops;
	if (!keep)
		ref_reset_locked(ref);
	ref->defect.was_reset = false;
	ref->defect.blocked = blocked;
	ref_state_unlock(ref);
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
	ref_set_activity(ref, REF_STOPPED);
	if (!kept(ref))
		ref->state = VFIO_DEVICE_STATE_RUNNING;
	ref_state_unlock(ref);
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
	ref->version = ref->version ?: REF_VERSION;
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
	ref->vdev->migration_flags = ref_flags(ref);
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
	/* Calls on a data_fd that have found it; see ref_session_defect(). */
	synchronize_rcu();
	ref_log_end(ref);
	xa_destroy(&ref->log.pages);
	kvfree(ref->dirty);
}
EXPORT_SYMBOL_GPL(ref_destroy);

MODULE_DESCRIPTION("Migration engine of the vmig reference drivers");
MODULE_AUTHOR("vmig");
MODULE_LICENSE("GPL");
