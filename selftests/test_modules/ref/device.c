// SPDX-License-Identifier: GPL-2.0-only
/* The life of a device: its begin and end, open and close. */

#include <linux/fs.h>
#include <linux/mm.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>

#include "internal.h"

/* What an open loses, in bytes. */
#define REF_OPEN_LEAK 1024

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

	ref_freedom_open(ref->driver->freedom);
	mutex_lock(&ref->state_mutex);
	if (ref->defect.opted_in && ref_defect(ref, REF_DEFECT_opt_in_kept_over_close))
		ref_set_opted_in(ref->vdev, true);
	memset(&ref->defect, 0, sizeof(ref->defect));
	ref->defect.oops = oops;
	ref->defect.wedged = wedged && ref_defect(ref, REF_DEFECT_bad_index_wedges);
	ref->hold = false;
	ref->vdev->migration_flags = ref_flags(ref);
	ref->vdev->mig_ops = ref_defect(ref, REF_DEFECT_v1_region) ? NULL : &ref_mig_ops;
	ref->defect.opening = true;
	if (!keep)
		ref_reset_locked(ref);
	ref->defect.opening = false;
	if (ref_defect(ref, REF_DEFECT_open_memory_leaked))
		ref_lose(ref, REF_OPEN_LEAK);
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
	ref_hang(REF_HANG_CLOSE);
	ref_freedom_open(ref->driver->freedom);
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
	ref->defect.opted_in = ref_opted_in(ref->vdev);
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
	size_t longs;
	int ret;

	mutex_init(&ref->state_mutex);
	mutex_init(&ref->log.lock);
	spin_lock_init(&ref->lock);
	xa_init(&ref->log.pages);
	features = ref_freedom_features(ref, features);
	ref->features = features;
	if (ref_freedom(ref, REF_FREEDOM_bad_load_stays))
		ref->error_on_bad_load = false;
	if (ref_freedom(ref, REF_FREEDOM_bad_load_breaks))
		ref->error_on_bad_load = true;
	ref->version = ref->version ?: REF_VERSION;
	ref->state = VFIO_DEVICE_STATE_RUNNING;
	ref->activity = REF_STOPPED;
	longs = BITS_TO_LONGS(DIV_ROUND_UP_ULL(ref->mem_size, PAGE_SIZE)) ?: 1;
	ref->dirty = kvcalloc(2 * longs, sizeof(long), GFP_KERNEL);
	if (!ref->dirty)
		return -ENOMEM;
	ref->fresh = ref->dirty + longs;
	ret = ref_register(ref);
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
	ref_find_lost(ref);
	ref_unregister(ref);
	ref_log_end(ref);
	xa_destroy(&ref->log.pages);
	kvfree(ref->dirty);
}
EXPORT_SYMBOL_GPL(ref_destroy);

MODULE_DESCRIPTION("Migration engine of the vmig reference drivers");
MODULE_AUTHOR("vmig");
MODULE_LICENSE("GPL");
