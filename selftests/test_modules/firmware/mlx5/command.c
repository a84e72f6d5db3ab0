// SPDX-License-Identifier: GPL-2.0-only
/* The command interface: what a command is handed to, and how its answer is told. */

#include <linux/module.h>
#include <linux/slab.h>

#include "mlx5.h"

static u8 general_object(struct hca *hca, u16 opcode, void *in, int inlen, void *out, int *error)
{
	if (MLX5_GET(general_obj_in_cmd_hdr, in, obj_type) != MLX5_OBJ_TYPE_PAGE_TRACK)
		return MLX5_CMD_STAT_BAD_PARAM_ERR;
	switch (opcode) {
	case MLX5_CMD_OP_CREATE_GENERAL_OBJECT:
		return track_create(hca, in, inlen, out, error);
	case MLX5_CMD_OP_MODIFY_GENERAL_OBJECT:
		return track_modify(hca, in, error);
	case MLX5_CMD_OP_QUERY_GENERAL_OBJECT:
		return track_query(hca, in, out);
	default:
		return track_destroy(hca, MLX5_GET(general_obj_in_cmd_hdr, in, obj_id), error);
	}
}

static u8 carry_out(struct hca *hca, void *in, int inlen, void *out, int *error)
{
	u16 opcode = MLX5_GET(any_in, in, opcode);

	switch (opcode) {
	case MLX5_CMD_OP_QUERY_HCA_CAP:
		return hca_query_cap(hca, in, out);
	case MLX5_CMD_OP_SUSPEND_VHCA:
		return vhca_suspend(hca, in, error);
	case MLX5_CMD_OP_RESUME_VHCA:
		return vhca_resume(hca, in, error);
	case MLX5_CMD_OP_QUERY_VHCA_MIGRATION_STATE:
		return vhca_query(hca, in, out, error);
	case MLX5_CMD_OP_SAVE_VHCA_STATE:
		return vhca_save(hca, in, out, error);
	case MLX5_CMD_OP_LOAD_VHCA_STATE:
		return vhca_load(hca, in, error);
	case MLX5_CMD_OP_CREATE_GENERAL_OBJECT:
	case MLX5_CMD_OP_MODIFY_GENERAL_OBJECT:
	case MLX5_CMD_OP_QUERY_GENERAL_OBJECT:
	case MLX5_CMD_OP_DESTROY_GENERAL_OBJECT:
		return general_object(hca, opcode, in, inlen, out, error);
	case MLX5_CMD_OP_CREATE_QP:
		return queue_create_qp(hca, in, out);
	case MLX5_CMD_OP_DESTROY_QP:
		return queue_destroy_qp(hca, in);
	case MLX5_CMD_OP_RST2INIT_QP:
	case MLX5_CMD_OP_INIT2RTR_QP:
	case MLX5_CMD_OP_RTR2RTS_QP:
		return queue_modify_qp(hca, opcode, in);
	default:
		pr_warn_once("vfio_mig_fw_mlx5: command %#x is not known\n", opcode);
		return MLX5_CMD_STAT_BAD_OP_ERR;
	}
}

static int status_error(u8 status)
{
	switch (status) {
	case MLX5_CMD_STAT_OK:
		return 0;
	case MLX5_CMD_STAT_RES_BUSY:
		return -EBUSY;
	case MLX5_CMD_STAT_LIM_ERR:
		return -ENOMEM;
	case MLX5_CMD_STAT_NO_RES_ERR:
		return -EAGAIN;
	case MLX5_CMD_STAT_BAD_OP_ERR:
	case MLX5_CMD_STAT_BAD_PARAM_ERR:
	case MLX5_CMD_STAT_BAD_RES_ERR:
	case MLX5_CMD_STAT_BAD_RES_STATE_ERR:
	case MLX5_CMD_STAT_IX_ERR:
	case MLX5_CMD_STAT_BAD_QP_STATE_ERR:
		return -EINVAL;
	default:
		return -EIO;
	}
}

/* 0, -ETIMEDOUT, or -EREMOTEIO where the answer has a status of its own. */
static int execute(struct hca *hca, void *in, int inlen, void *out)
{
	int error = 0;
	u8 status;

	status = carry_out(hca, in, inlen, out, &error);
	MLX5_SET(any_out, out, status, status);
	if (error)
		return error;
	return status == MLX5_CMD_STAT_OK ? 0 : -EREMOTEIO;
}

int mlx5_cmd_exec(struct mlx5_core_dev *dev, void *in, int in_size, void *out, int out_size)
{
	int ret = execute(hca_of(dev), in, in_size, out);

	return ret == -EREMOTEIO ? status_error(MLX5_GET(any_out, out, status)) : ret;
}
EXPORT_SYMBOL(mlx5_cmd_exec);

/*
 * How long a command may take to be answered before the call that gave it returns: a SAVE of
 * a small state, which is so done when SET returns, and what a reader finds does not depend
 * on who is faster. One that is slow or held back is answered later.
 *
 * The real mlx5_core returns as soon as the command is queued, as with 0 here. What is seen
 * with one value alone depends on who comes first: see the findings 2, 7, 8 and 17.
 */
static uint quick_ms = 50;

module_param(quick_ms, uint, 0644);
MODULE_PARM_DESC(
	quick_ms,
	"how long an asynchronous command is waited for, 50 ms by default; 0 as on hardware");

/* An asynchronous command under way. */
struct async {
	struct work_struct work;
	struct kref refs;
	struct completion done;
	struct mlx5_async_ctx *ctx;
	struct mlx5_async_work *context;
	int in_size;
	u32 in[];
};

static void async_release(struct kref *refs)
{
	kfree(container_of(refs, struct async, refs));
}

static void run_async(struct work_struct *work)
{
	struct async *a = container_of(work, struct async, work);
	struct mlx5_async_ctx *ctx = a->ctx;
	int ret = execute(hca_of(ctx->dev), a->in, a->in_size, a->context->out);

	/* From here on the context may be gone, or under way again. */
	a->context->user_callback(ret, a->context);
	complete(&a->done);
	kref_put(&a->refs, async_release);
	if (atomic_dec_and_test(&ctx->num_inflight))
		complete(&ctx->inflight_done);
}

void mlx5_cmd_init_async_ctx(struct mlx5_core_dev *dev, struct mlx5_async_ctx *ctx)
{
	ctx->dev = dev;
	/* One for the context itself, which mlx5_cmd_cleanup_async_ctx() gives back. */
	atomic_set(&ctx->num_inflight, 1);
	init_completion(&ctx->inflight_done);
}
EXPORT_SYMBOL(mlx5_cmd_init_async_ctx);

void mlx5_cmd_cleanup_async_ctx(struct mlx5_async_ctx *ctx)
{
	if (!atomic_dec_and_test(&ctx->num_inflight))
		wait_for_completion(&ctx->inflight_done);
}
EXPORT_SYMBOL(mlx5_cmd_cleanup_async_ctx);

int mlx5_cmd_exec_cb(struct mlx5_async_ctx *ctx, void *in, int in_size, void *out, int out_size,
		     mlx5_async_cbk_t callback, struct mlx5_async_work *work)
{
	struct async *a;

	if (WARN_ON(!atomic_inc_not_zero(&ctx->num_inflight)))
		return -EIO;
	a = kmalloc(struct_size(a, in, DIV_ROUND_UP(in_size, 4)), GFP_KERNEL);
	if (!a) {
		if (atomic_dec_and_test(&ctx->num_inflight))
			complete(&ctx->inflight_done);
		return -ENOMEM;
	}
	work->ctx = ctx;
	work->user_callback = callback;
	work->opcode = MLX5_GET(any_in, in, opcode);
	work->op_mod = MLX5_GET(any_in, in, op_mod);
	work->out = out;
	INIT_WORK(&a->work, run_async);
	a->ctx = ctx;
	a->context = work;
	a->in_size = in_size;
	memcpy(a->in, in, in_size);
	kref_init(&a->refs);
	kref_get(&a->refs);
	init_completion(&a->done);
	queue_work(hca_of(ctx->dev)->wq, &a->work);
	wait_for_completion_timeout(&a->done, msecs_to_jiffies(READ_ONCE(quick_ms)));
	kref_put(&a->refs, async_release);
	return 0;
}
EXPORT_SYMBOL(mlx5_cmd_exec_cb);

void mlx5_cmd_out_err(struct mlx5_core_dev *dev, u16 opcode, u16 op_mod, void *out)
{
	pr_debug("vfio_mig_fw_mlx5: command %#x(%#x) failed, status %#x\n", opcode, op_mod,
		 MLX5_GET(any_out, out, status));
}
EXPORT_SYMBOL(mlx5_cmd_out_err);
