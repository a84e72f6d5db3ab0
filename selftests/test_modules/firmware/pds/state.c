// SPDX-License-Identifier: GPL-2.0-only
/* Suspend and resume, and the device state. */

#include <linux/module.h>
#include <linux/slab.h>

#include "pds.h"

/* The last word of a state, without a zero in it: whoever gets less than all finds one. */
#define END_MARK 0x2e646e655f736470ULL

static unsigned int state_size = PDS_LM_DEVICE_STATE_LENGTH;

module_param(state_size, uint, 0644);
MODULE_PARM_DESC(state_size, "bytes of a device state, 65536 by default; 0: as few as will do");

static bool failed_suspend_stops;

module_param(failed_suspend_stops, bool, 0644);
MODULE_PARM_DESC(failed_suspend_stops,
		 "a function whose SUSPEND_STATUS fails has stopped; else it runs on");

static enum fw_activity activity_of(u8 type)
{
	return type == PDS_LM_SUSPEND_RESUME_TYPE_P2P ? FW_NO_DMA : FW_STOPPED;
}

static void suspend(struct work_struct *work)
{
	struct pds_vf *v = container_of(work, struct pds_vf, suspend);
	int ret = fw_vf_set_activity(v->vf, v->target);

	WRITE_ONCE(v->error, ret);
	/* The function stands still before anybody is told so. */
	smp_store_release(&v->suspending, false);
}

/**
 * pds_state_init - a function of a new card
 * @v: the function
 */
void pds_state_init(struct pds_vf *v)
{
	mutex_init(&v->lock);
	INIT_WORK(&v->suspend, suspend);
	spin_lock_init(&v->tracking.lock);
}

/**
 * pds_state_reset - a function was reset and runs again
 * @v: the function
 *
 * What is tracked for the host is not the function's own, and stays.
 */
void pds_state_reset(struct pds_vf *v)
{
	if (cancel_work_sync(&v->suspend) || v->suspending || v->vf->activity != FW_RUNNING)
		fw_vf_set_activity(v->vf, FW_RUNNING);
	v->target = FW_RUNNING;
	v->error = 0;
	/* As in suspend(). */
	smp_store_release(&v->suspending, false);
}

/**
 * pds_suspend - SUSPEND: begin to stop a function
 * @v: the function
 * @type: enum pds_lm_suspend_resume_type
 *
 * Return: 0, or -errno
 */
int pds_suspend(struct pds_vf *v, u8 type)
{
	if (type > PDS_LM_SUSPEND_RESUME_TYPE_P2P)
		return -EINVAL;
	/* What the last suspend() wrote is seen before this one begins. */
	if (smp_load_acquire(&v->suspending))
		return -EBUSY;
	v->before = v->vf->activity;
	v->target = activity_of(type);
	v->suspending = true;
	queue_work(system_unbound_wq, &v->suspend);
	return 0;
}

/**
 * pds_suspend_status - SUSPEND_STATUS: has it stopped?
 * @v: the function
 * @type: enum pds_lm_suspend_resume_type, that of the SUSPEND which is asked about
 *
 * Return: 0, -EAGAIN while it has not, how it failed, or -EINVAL where no SUSPEND of that type
 * was the last command
 */
int pds_suspend_status(struct pds_vf *v, u8 type)
{
	if (type > PDS_LM_SUSPEND_RESUME_TYPE_P2P || v->target != activity_of(type))
		return -EINVAL;
	/* The other side of suspend(). */
	return smp_load_acquire(&v->suspending) ? -EAGAIN : READ_ONCE(v->error);
}

/**
 * pds_suspend_failed - SUSPEND_STATUS is to tell an error
 * @v: the function
 * @ret: the error
 *
 * -EAGAIN is none: the function takes longer than its host waits, and stops. What another error
 * says of the function is not documented: that it could not be stopped, unless
 * failed_suspend_stops is set.
 */
void pds_suspend_failed(struct pds_vf *v, int ret)
{
	if (ret == -EAGAIN || READ_ONCE(failed_suspend_stops))
		return;
	flush_work(&v->suspend);
	fw_vf_set_activity(v->vf, v->before);
	v->target = v->before;
}

/**
 * pds_resume - RESUME: let a function go on
 * @v: the function
 * @type: enum pds_lm_suspend_resume_type
 *
 * Return: 0, or -errno
 */
int pds_resume(struct pds_vf *v, u8 type)
{
	if (type > PDS_LM_SUSPEND_RESUME_TYPE_P2P)
		return -EINVAL;
	flush_work(&v->suspend);
	v->target = type == PDS_LM_SUSPEND_RESUME_TYPE_P2P ? FW_NO_DMA : FW_RUNNING;
	return fw_vf_set_activity(v->vf, v->target);
}

/**
 * pds_state_size - STATE_SIZE: bytes of the state
 * @v: the function
 *
 * Return: bytes
 */
size_t pds_state_size(struct pds_vf *v)
{
	size_t least = ALIGN(fw_image_size(v->vf), 8) + sizeof(__le64);

	return clamp_t(size_t, ALIGN(READ_ONCE(state_size), 8), least, PDS_LM_DEVICE_STATE_LENGTH);
}

/**
 * pds_save - SAVE: hand the state out
 * @pdsc: the card
 * @v: the function
 * @sgl: list of where it goes
 * @count: elements of the list
 *
 * Return: 0, or -errno
 */
int pds_save(struct pdsc *pdsc, struct pds_vf *v, u64 sgl, u32 count)
{
	size_t size = pds_state_size(v);
	void *state;
	int ret;

	if (READ_ONCE(v->vf->activity) != FW_STOPPED)
		return -EBUSY;
	state = kvzalloc(size, GFP_KERNEL);
	if (!state)
		return -ENOMEM;
	fw_image_save(v->vf, state);
	*(__le64 *)(state + size - sizeof(__le64)) = cpu_to_le64(END_MARK);
	ret = pds_sgl_rw(pdsc, sgl, count, state, size, true);
	kvfree(state);
	return ret;
}

/* Is it all there, and nothing else? */
static bool is_whole(const void *state, size_t size, size_t len)
{
	const __le64 *end = state + size - sizeof(*end);

	return le64_to_cpu(*end) == END_MARK && !memchr_inv(end + 1, 0, len - size);
}

/**
 * pds_restore - RESTORE: take a state
 * @pdsc: the card
 * @v: the function
 * @sgl: list of where it is
 * @count: elements of the list
 *
 * The host sends a buffer that any state fits into.
 *
 * Return: 0, or -errno, and the function is as it was
 */
int pds_restore(struct pdsc *pdsc, struct pds_vf *v, u64 sgl, u32 count)
{
	size_t size = pds_state_size(v);
	ssize_t len = pds_sgl_len(pdsc, sgl, count);
	void *state;
	int ret;

	if (READ_ONCE(v->vf->activity) != FW_STOPPED)
		return -EBUSY;
	if (len < (ssize_t)size || len > PDS_LM_DEVICE_STATE_LENGTH)
		return len < 0 ? len : -EINVAL;
	state = kvmalloc(len, GFP_KERNEL);
	if (!state)
		return -ENOMEM;
	ret = pds_sgl_rw(pdsc, sgl, count, state, len, false);
	if (!ret && !fw_trust_host && !is_whole(state, size, len))
		ret = -EINVAL;
	ret = ret ?: fw_image_load(v->vf, state, fw_image_size(v->vf));
	kvfree(state);
	return ret;
}
