// SPDX-License-Identifier: GPL-2.0-only
/* Commands about one virtual function: stop it, let it go on, save it, load it. */

#include <linux/delay.h>
#include <linux/module.h>

#include "mlx5.h"

#define HOLD_POLL_US 2000

static uint hold_ms = 2000;

module_param(hold_ms, uint, 0644);
MODULE_PARM_DESC(hold_ms, "how long a SAVE that is held back takes at most, 2000 by default");

static uint reinit_queries = 1;

module_param(reinit_queries, uint, 0644);
MODULE_PARM_DESC(reinit_queries, "how many queries after event=reinit tell of it, 1 by default");

/* A command of a function that is there and enabled, with its lock. */
static struct vhca *begin(struct hca *hca, u16 vhca_id)
{
	struct vhca *v = hca_vhca(hca, vhca_id);

	if (!v)
		return NULL;
	mutex_lock(&v->lock);
	if (v->enabled)
		return v;
	mutex_unlock(&v->lock);
	return NULL;
}

static u8 end(struct vhca *v, u8 status)
{
	mutex_unlock(&v->lock);
	return status;
}

static u8 set_activity(struct vhca *v)
{
	enum fw_activity activity = v->responder_off   ? FW_STOPPED
				    : v->initiator_off ? FW_NO_DMA
						       : FW_RUNNING;

	return fw_vf_set_activity(v->vf, activity) ? MLX5_CMD_STAT_INT_ERR : MLX5_CMD_STAT_OK;
}

/**
 * vhca_suspend - SUSPEND_VHCA
 * @hca: the card
 * @in: the command
 * @error: set where it has no answer
 *
 * The initiator first, then the responder.
 *
 * Return: MLX5_CMD_STAT_*
 */
u8 vhca_suspend(struct hca *hca, const void *in, int *error)
{
	u8 status = command_fault("suspend", error);
	struct vhca *v;

	if (status)
		return status;
	v = begin(hca, MLX5_GET(suspend_vhca_in, in, vhca_id));
	if (!v)
		return MLX5_CMD_STAT_BAD_RES_ERR;
	switch (MLX5_GET(suspend_vhca_in, in, op_mod)) {
	case MLX5_SUSPEND_VHCA_IN_OP_MOD_SUSPEND_INITIATOR:
		if (v->initiator_off)
			return end(v, MLX5_CMD_STAT_BAD_RES_STATE_ERR);
		v->initiator_off = true;
		break;
	case MLX5_SUSPEND_VHCA_IN_OP_MOD_SUSPEND_RESPONDER:
		if (!v->initiator_off || v->responder_off)
			return end(v, MLX5_CMD_STAT_BAD_RES_STATE_ERR);
		v->responder_off = true;
		break;
	default:
		return end(v, MLX5_CMD_STAT_BAD_PARAM_ERR);
	}
	return end(v, set_activity(v));
}

/**
 * vhca_resume - RESUME_VHCA
 * @hca: the card
 * @in: the command
 * @error: set where it has no answer
 *
 * The responder first, then the initiator. A function of which a part is missing does not run,
 * unless whole_state=0.
 *
 * Return: MLX5_CMD_STAT_*
 */
u8 vhca_resume(struct hca *hca, const void *in, int *error)
{
	u8 status = command_fault("resume", error);
	struct vhca *v;

	if (status)
		return status;
	v = begin(hca, MLX5_GET(resume_vhca_in, in, vhca_id));
	if (!v)
		return MLX5_CMD_STAT_BAD_RES_ERR;
	switch (MLX5_GET(resume_vhca_in, in, op_mod)) {
	case MLX5_RESUME_VHCA_IN_OP_MOD_RESUME_RESPONDER:
		if (!v->responder_off || image_incomplete(v))
			return end(v, MLX5_CMD_STAT_BAD_RES_STATE_ERR);
		v->responder_off = false;
		v->image.loading = false;
		break;
	case MLX5_RESUME_VHCA_IN_OP_MOD_RESUME_INITIATOR:
		if (v->responder_off || !v->initiator_off)
			return end(v, MLX5_CMD_STAT_BAD_RES_STATE_ERR);
		v->initiator_off = false;
		break;
	default:
		return end(v, MLX5_CMD_STAT_BAD_PARAM_ERR);
	}
	return end(v, set_activity(v));
}

/* Where the migration of a function is: INIT for as many queries as were asked for. */
static void tell_state(struct vhca *v, void *out, u64 size)
{
#if MLX5_FW_HAS_MIGRATION_STATE
	u8 state = MLX5_QUERY_VHCA_MIG_STATE_OPER_MIGRATION_IDLE;

	if (!mlx5_fw_migration_state)
		return;
	if (v->image.reinit) {
		state = MLX5_QUERY_VHCA_MIG_STATE_OPER_MIGRATION_INIT;
		v->image.reinit--;
	} else if (v->image.tracking) {
		state = size ? MLX5_QUERY_VHCA_MIG_STATE_OPER_MIGRATION_DIRTY
			     : MLX5_QUERY_VHCA_MIG_STATE_OPER_MIGRATION_READY;
	}
	MLX5_SET(query_vhca_migration_state_out, out, migration_state, state);
#endif
}

/**
 * vhca_query - QUERY_VHCA_MIGRATION_STATE: how large would the next image be?
 * @hca: the card
 * @in: the command
 * @out: its answer
 * @error: set where it has none
 *
 * A guess: it is answered too where a part of the state is missing. MIG_DATA_SIZE asks it in every
 * state, and in RESUMING there is always a part that has not come yet.
 *
 * Return: MLX5_CMD_STAT_*
 */
u8 vhca_query(struct hca *hca, const void *in, void *out, int *error)
{
	bool incremental = MLX5_GET(query_vhca_migration_state_in, in, incremental);
	bool chunk = MLX5_GET(query_vhca_migration_state_in, in, chunk);
	u8 status = command_fault("size", error);
	struct vhca *v;
	u64 size;

	if (status)
		return status;
	v = begin(hca, MLX5_GET(query_vhca_migration_state_in, in, vhca_id));
	if (!v)
		return MLX5_CMD_STAT_BAD_RES_ERR;
	if (chunk && !mlx5_fw_chunks)
		return end(v, MLX5_CMD_STAT_BAD_PARAM_ERR);
	if (incremental && !v->image.tracking)
		return end(v, MLX5_CMD_STAT_BAD_RES_STATE_ERR);
	size = image_size(v, incremental, chunk);
	MLX5_SET(query_vhca_migration_state_out, out, required_umem_size, size);
	tell_state(v, out, size);
	if (chunk)
		MLX5_SET64(query_vhca_migration_state_out, out, remaining_total_size,
			   image_full_size(v));
	return end(v, MLX5_CMD_STAT_OK);
}

/* The register that holds what is saved back; false if the function was reset meanwhile. */
static bool held(struct vhca *v)
{
	unsigned long until = jiffies + msecs_to_jiffies(READ_ONCE(hold_ms));
	int resets = atomic_read(&v->vf->resets);

	while (fw_read32(v->vf, FW_HOLD_STREAM) == 1 && time_before(jiffies, until))
		usleep_range(HOLD_POLL_US, 2 * HOLD_POLL_US);
	return resets == atomic_read(&v->vf->resets);
}

/*
 * What a SAVE may be, by what came before. The driver's comments say that there is no SAVE of a
 * suspended device, and none that is incremental without tracking; the rest is a guess.
 */
static u8 may_save(const struct vhca *v, bool incremental, bool track)
{
	if (image_incomplete(v))
		return MLX5_CMD_STAT_BAD_RES_STATE_ERR;
	if (track && v->responder_off)
		return MLX5_CMD_STAT_BAD_RES_STATE_ERR;
	/* What tracks changes is there once, until it is told to end; or it begins anew. */
	if (track && !incremental && v->image.tracking && READ_ONCE(mlx5_fw_tracked_once))
		return MLX5_CMD_STAT_LIM_ERR;
	if (!track && !v->responder_off && (incremental || !v->image.tracking))
		return MLX5_CMD_STAT_BAD_RES_STATE_ERR;
	if (incremental && !v->image.tracking && !v->image.final)
		return MLX5_CMD_STAT_BAD_RES_STATE_ERR;
	return MLX5_CMD_STAT_OK;
}

static u8 save(struct vhca *v, const void *in, void *out)
{
	bool incremental = MLX5_GET(save_vhca_state_in, in, incremental);
	bool track = MLX5_GET(save_vhca_state_in, in, set_track);
	u8 status = may_save(v, incremental, track);
	u32 actual = 0, next = 0;
	struct mkey *mkey;
	int ret;

	if (status)
		return status;
	/* A function that runs and is tracked no more: the saving of it is given up. */
	if (!track && !v->responder_off) {
		image_forget(v);
		return MLX5_CMD_STAT_OK;
	}
	mkey = mkey_get(v->hca, MLX5_GET(save_vhca_state_in, in, mkey));
	if (!mkey)
		return MLX5_CMD_STAT_BAD_RES_ERR;
	ret = image_save(v, mkey, MLX5_GET(save_vhca_state_in, in, size), incremental, track,
			 &actual, &next);
	mkey_put(mkey);
	if (ret)
		return ret == -ENOSPC ? MLX5_CMD_STAT_LIM_ERR : MLX5_CMD_STAT_INT_ERR;
	MLX5_SET(save_vhca_state_out, out, actual_image_size, actual);
	MLX5_SET(save_vhca_state_out, out, next_required_umem_size, next);
	return MLX5_CMD_STAT_OK;
}

/**
 * vhca_save - SAVE_VHCA_STATE
 * @hca: the card
 * @in: the command
 * @out: its answer
 * @error: set where it has none
 *
 * Return: MLX5_CMD_STAT_*
 */
u8 vhca_save(struct hca *hca, const void *in, void *out, int *error)
{
	struct vhca *v = hca_vhca(hca, MLX5_GET(save_vhca_state_in, in, vhca_id));
	u8 status = command_fault("save", error);

	if (status)
		return status;
	if (!v)
		return MLX5_CMD_STAT_BAD_RES_ERR;
	if (!held(v))
		return MLX5_CMD_STAT_BAD_RES_STATE_ERR;
	v = begin(hca, MLX5_GET(save_vhca_state_in, in, vhca_id));
	return v ? end(v, save(v, in, out)) : MLX5_CMD_STAT_BAD_RES_ERR;
}

/**
 * vhca_load - LOAD_VHCA_STATE
 * @hca: the card
 * @in: the command
 * @error: set where it has no answer
 *
 * Return: MLX5_CMD_STAT_*
 */
u8 vhca_load(struct hca *hca, const void *in, int *error)
{
	u8 status = command_fault("load", error);
	struct mkey *mkey;
	struct vhca *v;
	int ret;

	if (status)
		return status;
	v = begin(hca, MLX5_GET(load_vhca_state_in, in, vhca_id));
	if (!v)
		return MLX5_CMD_STAT_BAD_RES_ERR;
	if (!v->responder_off)
		return end(v, MLX5_CMD_STAT_BAD_RES_STATE_ERR);
	mkey = mkey_get(hca, MLX5_GET(load_vhca_state_in, in, mkey));
	if (!mkey)
		return end(v, MLX5_CMD_STAT_BAD_RES_ERR);
	ret = image_load(v, mkey, MLX5_GET(load_vhca_state_in, in, size));
	mkey_put(mkey);
	return end(v, ret ? MLX5_CMD_STAT_BAD_PARAM_ERR : MLX5_CMD_STAT_OK);
}

static void forget(struct vhca *v)
{
	v->initiator_off = false;
	v->responder_off = false;
	v->image.loading = false;
	image_forget(v);
}

/**
 * vhca_reset - a function has been reset: it runs, and nothing is remembered of it
 * @v: the function
 */
void vhca_reset(struct vhca *v)
{
	mutex_lock(&v->lock);
	if (v->vf) {
		forget(v);
		/* A command that was under way may have stopped it since. */
		fw_vf_set_activity(v->vf, FW_RUNNING);
	}
	mutex_unlock(&v->lock);
}

/**
 * vhca_enable - the firmware takes a function away from the host, or gives it back
 * @v: the function
 * @on: give it back
 *
 * In the order of mlx5_core (sriov.c): the driver is told before the function goes, and before it
 * has come.
 */
void vhca_enable(struct vhca *v, bool on)
{
	if (v->enabled == on)
		return;
	blocking_notifier_call_chain(
		&v->notifier, on ? MLX5_PF_NOTIFY_ENABLE_VF : MLX5_PF_NOTIFY_DISABLE_VF, NULL);
	mutex_lock(&v->lock);
	v->enabled = on;
	forget(v);
	fw_vf_set_activity(v->vf, on ? FW_RUNNING : FW_STOPPED);
	mutex_unlock(&v->lock);
}

/**
 * vhca_reinit - a function is reconfigured
 * @v: the function
 */
void vhca_reinit(struct vhca *v)
{
	mutex_lock(&v->lock);
	image_reinit(v, READ_ONCE(reinit_queries));
	mutex_unlock(&v->lock);
}

/**
 * vhca_init - a function that is there
 * @v: the function, with its model
 *
 * Return: 0 or -ENOMEM
 */
int vhca_init(struct vhca *v)
{
	v->enabled = true;
	return image_init(v);
}

/**
 * vhca_exit - the last of a function
 * @v: the function
 */
void vhca_exit(struct vhca *v)
{
	image_exit(v);
}
