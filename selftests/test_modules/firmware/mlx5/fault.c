// SPDX-License-Identifier: GPL-2.0-only
/* Commands that go wrong on demand. */

#include "mlx5.h"

static const struct {
	int error;
	u8 status;
} answers[] = {
	{ EINVAL, MLX5_CMD_STAT_BAD_RES_STATE_ERR },
	{ EBUSY, MLX5_CMD_STAT_RES_BUSY },
	{ ENOMEM, MLX5_CMD_STAT_LIM_ERR },
	{ EAGAIN, MLX5_CMD_STAT_NO_RES_ERR },
};

/**
 * command_fault - is this command to go wrong?
 * @name: its name
 * @error: set where the command has no answer at all
 *
 * A fault is told by the status that mlx5_core makes its errno of: EINVAL is a bad state of
 * the function, EIO an internal error of the firmware.
 *
 * Return: MLX5_CMD_STAT_*, OK if it is to be carried out
 */
u8 command_fault(const char *name, int *error)
{
	int ret = fw_fault(name);
	unsigned int i;

	if (!ret)
		return MLX5_CMD_STAT_OK;
	if (ret == -ETIMEDOUT)
		*error = ret;
	for (i = 0; i < ARRAY_SIZE(answers); i++)
		if (answers[i].error == -ret)
			return answers[i].status;
	return MLX5_CMD_STAT_INT_ERR;
}
