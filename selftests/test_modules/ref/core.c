// SPDX-License-Identifier: GPL-2.0-only
/* What all else stands on: which devices there are, and what each may do in which state. */

#include "internal.h"

static DEFINE_XARRAY(devices);

/* The low bits of a pointer say nothing. */
static unsigned long index_of(const struct vfio_device *vdev)
{
	return (unsigned long)vdev >> 3;
}

/**
 * ref_of - the migration of a VFIO device
 * @vdev: the VFIO device; may be one that is gone
 *
 * Return: the device, or NULL
 */
struct ref_device *ref_of(struct vfio_device *vdev)
{
	return xa_load(&devices, index_of(vdev));
}

/**
 * ref_register - from now on ref_of() finds the device
 * @ref: the device
 *
 * Return: 0, or -ENOMEM
 */
int ref_register(struct ref_device *ref)
{
	return xa_err(xa_store(&devices, index_of(ref->vdev), ref, GFP_KERNEL));
}

/**
 * ref_unregister - and no longer: nobody who found it still looks at it
 * @ref: the device
 */
void ref_unregister(struct ref_device *ref)
{
	xa_erase(&devices, index_of(ref->vdev));
	/* Calls on a data_fd that have found it; see ref_session_defect(). */
	synchronize_rcu();
}

/**
 * ref_each - a defect: do something to all devices
 * @call: what
 */
void ref_each(void (*call)(struct ref_device *ref))
{
	struct ref_device *ref;
	unsigned long index;

	xa_for_each(&devices, index, ref)
		call(ref);
}

/**
 * ref_is_saving - is this one of the saving group?
 * @state: a migration state
 *
 * Return: whether a session in it gives the device's state
 */
bool ref_is_saving(enum vfio_device_mig_state state)
{
	return state == VFIO_DEVICE_STATE_PRE_COPY || state == VFIO_DEVICE_STATE_PRE_COPY_P2P ||
	       state == VFIO_DEVICE_STATE_STOP_COPY;
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

	ref->defect.ran |= activity != REF_STOPPED;
	/* As of a count that the stream gave: somebody waits for its end. */
	while (activity == REF_RUNNING && ref->defect.bad_at &&
	       ref_defect(ref, REF_DEFECT_bad_address_spins) && !fatal_signal_pending(current))
		schedule_timeout_killable(HZ);
	if (activity != ref->activity)
		ret = ref->ops->set_activity(ref, activity);
	if (!ret)
		ref->activity = activity;
	return ret;
}

/**
 * ref_worked - the device was asked for work
 * @ref: the device, perhaps under locks of the driver
 */
void ref_worked(struct ref_device *ref)
{
	enum vfio_device_mig_state state = READ_ONCE(ref->state);

	if (state == VFIO_DEVICE_STATE_PRE_COPY || state == VFIO_DEVICE_STATE_PRE_COPY_P2P)
		ref->defect.late = true;
}
EXPORT_SYMBOL_GPL(ref_worked);

/**
 * ref_accessed - a register was read or written
 * @ref: the device
 */
void ref_accessed(struct ref_device *ref)
{
	if (!ref->defect.bad_at || ref->activity == REF_STOPPED)
		return;
	WARN_ON_ONCE(ref_defect(ref, REF_DEFECT_bad_address_warns));
	ref->defect.wedged |= ref_defect(ref, REF_DEFECT_bad_address_wedges_later) ||
			      ref_defect(ref, REF_DEFECT_far_index_wedges_later) ||
			      ref_defect(ref, REF_DEFECT_zeros_wedge_later);
}
EXPORT_SYMBOL_GPL(ref_accessed);

/**
 * ref_work_lost - for a driver that tells its registers for a save
 * @ref: the device
 *
 * Return: true if a defect leaves out what waits
 */
bool ref_work_lost(struct ref_device *ref)
{
	return (ref_loaded_defect(ref, REF_DEFECT_held_work_saved_once) && !ref->defect.ran) ||
	       (ref_defect(ref, REF_DEFECT_work_of_precopy_lost) && ref->defect.late);
}
EXPORT_SYMBOL_GPL(ref_work_lost);

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
