// SPDX-License-Identifier: GPL-2.0-only
/* The migration states: SET, GET and the arcs between them. */

#include <linux/delay.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/sched/signal.h>

#include "internal.h"

/* How long set_is_async tells the old state. */
#define REF_ASYNC (HZ / 20)

static struct file *begin_session(struct ref_device *ref, enum vfio_device_mig_state state)
{
	return ref_session_begin(ref, state,
				 ref_is_saving(state) ? &ref_save_kind : &ref_load_kind);
}

/* A stopped device has the state after power-on. */
static void clear(struct ref_device *ref)
{
	ref->ops->reset(ref);
	ref->activity = REF_RUNNING;
	ref_set_activity(ref, REF_STOPPED);
}

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
	if (target != VFIO_DEVICE_STATE_STOP && ref_freedom(ref, REF_FREEDOM_bad_load_halfway))
		then = VFIO_DEVICE_STATE_STOP;
	if (then != VFIO_DEVICE_STATE_RESUMING)
		ref_session_end(ref);
	if (ref_freedom(ref, REF_FREEDOM_bad_load_halfway))
		clear(ref);
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
		return begin_session(ref, next);
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
		filp = begin_session(ref, next);
		if (IS_ERR(filp)) {
			if (next == target && ref_is_saving(next) &&
			    ref_defect(ref, REF_DEFECT_no_memory_tells_target))
				ref->state = next;
			return filp;
		}
	}
	if (next == VFIO_DEVICE_STATE_RESUMING && ref_freedom(ref, REF_FREEDOM_resuming_resets))
		clear(ref);
	ret = ref_set_activity(ref, ref_activity_of(ref, next));
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

/* Does a signal come that a defect cannot deal with? Waits for it. */
static bool strays(struct ref_device *ref)
{
	if (!ref_defect(ref, REF_DEFECT_interrupted_set_strays))
		return false;
	schedule_timeout_interruptible(1);
	if (!signal_pending(current))
		return false;
	ref_session_end(ref);
	ref_set_activity(ref, REF_STOPPED);
	ref->state = VFIO_DEVICE_STATE_STOP;
	return true;
}

/* Is this a thread that did not begin the session, but its process did? */
static bool other_thread(const struct ref_device *ref)
{
	return ref->session && current->tgid == ref->defect.process &&
	       current->pid != ref->defect.thread;
}

/* SETs that a defect answers by itself: true, with the answer in *filp. */
static bool shortcut(struct ref_device *ref, enum vfio_device_mig_state target, struct file **filp)
{
	enum vfio_device_mig_state cur = ref->state;

	*filp = NULL;
	if (target == VFIO_DEVICE_STATE_ERROR && ref_defect(ref, REF_DEFECT_set_error_accepted)) {
		ref_session_end(ref);
		ref_set_activity(ref, REF_STOPPED);
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
			ref_reset_locked(ref);
		else
			*filp = ERR_PTR(ref_freedom(ref, REF_FREEDOM_error_state_enodev) ? -ENODEV
											 : -EIO);
		return true;
	}
	if ((cur == VFIO_DEVICE_STATE_RUNNING_P2P && target == VFIO_DEVICE_STATE_RUNNING &&
	     ref->defect.loaded_p2p && ref_defect(ref, REF_DEFECT_loaded_p2p_stuck)) ||
	    (cur == target && ref_defect(ref, REF_DEFECT_same_state_refused))) {
		*filp = ERR_PTR(-EINVAL);
		return true;
	}
	if (cur == target && cur == VFIO_DEVICE_STATE_STOP_COPY &&
	    ref_defect(ref, REF_DEFECT_same_state_reopens)) {
		ref_session_end(ref);
		*filp = begin_session(ref, cur);
		return true;
	}
	if (target == VFIO_DEVICE_STATE_RUNNING_P2P &&
	    ref_defect(ref, REF_DEFECT_state_without_flag)) {
		ref_session_end(ref);
		ref_set_activity(ref, REF_NO_DMA);
		ref->state = target;
		return true;
	}
	if (cur == VFIO_DEVICE_STATE_RUNNING_P2P && target == VFIO_DEVICE_STATE_RUNNING &&
	    ref_defect(ref, REF_DEFECT_state_without_flag)) {
		ref_set_activity(ref, REF_RUNNING);
		ref->state = target;
		return true;
	}
	if (cur == VFIO_DEVICE_STATE_STOP_COPY && target == VFIO_DEVICE_STATE_PRE_COPY &&
	    ref_defect(ref, REF_DEFECT_stop_copy_to_precopy)) {
		ref_set_activity(ref, REF_RUNNING);
		ref_session_state(ref->session, target);
		ref->state = target;
		return true;
	}
	if (cur == VFIO_DEVICE_STATE_RESUMING && target == VFIO_DEVICE_STATE_RUNNING &&
	    ref_defect(ref, REF_DEFECT_load_skipped)) {
		ref_reset_locked(ref);
		return true;
	}
	if (cur == VFIO_DEVICE_STATE_RUNNING && target == VFIO_DEVICE_STATE_STOP &&
	    ref_defect(ref, REF_DEFECT_optional_not_skipped)) {
		*filp = ERR_PTR(-EINVAL);
		return true;
	}
	return false;
}

/* An arc was interrupted before it began: the device is as it was, or it is broken. */
static struct file *interrupted(struct ref_device *ref, int ret)
{
	if (!ref_freedom(ref, REF_FREEDOM_arcs_eintr_breaks))
		return ERR_PTR(ret);
	ref_session_end(ref);
	ref_set_activity(ref, REF_STOPPED);
	ref->state = VFIO_DEVICE_STATE_ERROR;
	return ERR_PTR(ret);
}

/* All arcs to a state. */
static struct file *walk(struct ref_device *ref, enum vfio_device_mig_state target)
{
	enum vfio_device_mig_state from = ref->state, next;
	unsigned int arcs = 0;
	struct file *filp;
	int ret;

	if (strays(ref))
		return ERR_PTR(-EINTR);
	if (other_thread(ref) && ref_defect(ref, REF_DEFECT_session_of_one_thread))
		return ERR_PTR(-EPERM);
	if (shortcut(ref, target, &filp))
		return filp;
	while (ref->state != target) {
		ret = vfio_mig_get_next_state(ref->vdev, ref->state, target, &next);
		if (ret) {
			if (ref_defect(ref, REF_DEFECT_refused_set_breaks))
				ref->defect.blocked = true;
			return ERR_PTR(ref_freedom_refused(ref, ret));
		}
		ref_delay(READ_ONCE(ref->driver->arc_delay_us));
		ret = ref_freedom_arc(ref);
		if (ret)
			return interrupted(ref, ret);
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
	ref->defect.loaded_p2p =
		from == VFIO_DEVICE_STATE_RESUMING && target == VFIO_DEVICE_STATE_RUNNING_P2P;
	if (arcs > 1 && ref_defect(ref, REF_DEFECT_intermediate_fd_leaked))
		ref_defect_leak_fd();
	if (filp && arcs > 1 && target == VFIO_DEVICE_STATE_STOP_COPY &&
	    ref_defect(ref, REF_DEFECT_no_fd_on_composed_arc)) {
		fput(filp);
		filp = NULL;
	}
	if (from == VFIO_DEVICE_STATE_STOP && target == VFIO_DEVICE_STATE_RUNNING_P2P &&
	    ref_defect(ref, REF_DEFECT_arc_lands_elsewhere)) {
		ref_set_activity(ref, REF_RUNNING);
		ref->state = VFIO_DEVICE_STATE_RUNNING;
	}
	return filp;
}

/*
 * Defects that take the process or the kernel along. The spinning one is what the VFIO core
 * did up to a26b499b757c: its search for the next state never ended on an arc that is blocked.
 */
static void no_return(struct ref_device *ref, u32 target)
{
	bool precopy =
		target == VFIO_DEVICE_STATE_PRE_COPY || target == VFIO_DEVICE_STATE_PRE_COPY_P2P;

	if (target == VFIO_DEVICE_STATE_ERROR && ref_defect(ref, REF_DEFECT_set_error_deadlocks))
		mutex_lock(&ref->state_mutex);
	if (target > VFIO_DEVICE_STATE_PRE_COPY_P2P &&
	    ref_defect(ref, REF_DEFECT_set_undefined_panics))
		panic("vfio_mig: SET of an undefined state\n");
	while (precopy && ref->state == VFIO_DEVICE_STATE_STOP_COPY &&
	       ref_defect(ref, REF_DEFECT_blocked_arc_spins))
		cpu_relax();
}

/* Is this not the only one among the first SETs since open? A defect. */
static bool first_fails(struct ref_device *ref)
{
	return !ref->defect.set_at && ref_defect(ref, REF_DEFECT_first_set_alone) &&
	       ref_defect_collides(&ref->defect.setting);
}

static struct file *ref_set_state(struct vfio_device *vdev, enum vfio_device_mig_state target)
{
	static atomic_t at_work;
	struct ref_device *ref = ref_of(vdev);
	enum vfio_device_mig_state from;
	struct file *filp;
	int ret;

	if (ref->defect.oops) {
		ref->defect.oops = false;
		if (ref_defect(ref, REF_DEFECT_reopen_first_set_oops))
			return READ_ONCE(*(struct file **)NULL);
	}
	if (ref->defect.wedged)
		return ERR_PTR(-EIO);
	if (first_fails(ref))
		return ERR_PTR(-EBUSY);
	atomic_inc(&ref->setters);
	mutex_lock(&ref->state_mutex);
	ref->vdev->migration_flags = ref_flags(ref);
	no_return(ref, target);
	ret = ref_hang(REF_HANG_SET);
	if (ret) {
		atomic_dec(&ref->setters);
		ref_state_unlock(ref);
		return ERR_PTR(ret);
	}
	ref_copy_wait(ref, REF_DEFECT_copy_locks_all_devices);
	from = ref->state;
	if (ref_defect(ref, REF_DEFECT_set_unserialised)) {
		usleep_range(2000, 3000);
		if (atomic_read(&ref->setters) > 1) {
			ref_session_end(ref);
			ref_set_activity(ref, REF_STOPPED);
			ref->state = VFIO_DEVICE_STATE_ERROR;
		}
	}
	if (ref_defect(ref, REF_DEFECT_sets_of_devices_collide) && ref_defect_collides(&at_work))
		filp = ERR_PTR(-EBUSY);
	else
		filp = walk(ref, target);
	ref->defect.previous = from;
	ref->defect.set_at = jiffies;
	ref->vdev->migration_flags = ref_flags(ref);
	atomic_dec(&ref->setters);
	ref_state_unlock(ref);
	return filp;
}

static int ref_get_state(struct vfio_device *vdev, enum vfio_device_mig_state *state)
{
	struct ref_device *ref = ref_of(vdev);
	int ret = ref_hang(REF_HANG_GET);

	if (ret)
		return ret;
	mutex_lock(&ref->state_mutex);
	if (ref_freedom(ref, REF_FREEDOM_get_slow))
		fsleep(5000);
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
	ref_state_unlock(ref);
	return ret;
}

static int ref_get_data_size(struct vfio_device *vdev, unsigned long *length)
{
	struct ref_device *ref = ref_of(vdev);
	int ret = 0;

	if (ref_defect(ref, REF_DEFECT_data_size_absent))
		return -EOPNOTSUPP;
	mutex_lock(&ref->state_mutex);
	*length = ref_freedom_data_size(ref, ref_save_size(ref));
	if (ref_defect(ref, REF_DEFECT_data_size_is_errno))
		*length = -ENOMEM;
	if (ref_defect(ref, REF_DEFECT_data_size_fails_in_resuming) &&
	    ref->state == VFIO_DEVICE_STATE_RESUMING)
		ret = -EINVAL;
	ref_state_unlock(ref);
	return ret;
}

const struct vfio_migration_ops ref_mig_ops = {
	.migration_set_state = ref_set_state,
	.migration_get_state = ref_get_state,
	.migration_get_data_size = ref_get_data_size,
};
