// SPDX-License-Identifier: GPL-2.0-only
/* Resets, and how the state mutex is given back when one has come meanwhile. */

#include <linux/delay.h>

#include "internal.h"

/* What a reset loses, in bytes. */
#define REF_SMALL_LEAK 64

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
	ref->defect.loaded = false;
	ref->defect.late = false;
	ref->defect.bad_at = false;
	if (ref->log.on && ref_defect(ref, REF_DEFECT_log_stuck_after_reset))
		ref->defect.log_broken = true;
	if (!ref_defect(ref, REF_DEFECT_no_session_after_reset))
		ref->defect.blocked = false;
	if (!ref_defect(ref, REF_DEFECT_reset_applies_partial) || was != VFIO_DEVICE_STATE_RESUMING)
		ref_reset_state(ref);
	else
		ref->ops->set_activity(ref, REF_RUNNING);
	ref->activity = REF_RUNNING;
	if (!ref_defect(ref, REF_DEFECT_reset_keeps_state))
		ref->state = VFIO_DEVICE_STATE_RUNNING;
	ref_set_activity(ref, ref_activity_of(ref, ref->state));
	if (!ref->defect.opening && ref_defect(ref, REF_DEFECT_reset_memory_leaked))
		ref_lose(ref, REF_SMALL_LEAK);
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

	ref_copy_wait(ref, REF_DEFECT_reset_waits_for_all_copies);
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
 * Return: 0, the device is RUNNING (H:1027); with a defect, an errno. -EAGAIN where another call is
 * under way, and the driver does not wait for it
 */
int ref_reset(struct ref_device *ref)
{
	int ret;

	if (ref->defect.wedged)
		return -EIO;
	if (ref_defect(ref, REF_DEFECT_reset_race_lost)) {
		ref_reset_done(ref);
		return 0;
	}
	ret = ref_hang(REF_HANG_RESET);
	if (ret)
		return ret;
	if (ref_freedom(ref, REF_FREEDOM_reset_slow))
		fsleep(200000);
	if (ref_freedom(ref, REF_FREEDOM_log_ended_by_reset))
		ref_log_end(ref);
	if (ref_defect(ref, REF_DEFECT_reset_ends_logs_of_all))
		ref_each(ref_log_end);
	if (!ref_freedom(ref, REF_FREEDOM_reset_eagain))
		mutex_lock(&ref->state_mutex);
	else if (!mutex_trylock(&ref->state_mutex))
		return -EAGAIN;
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
