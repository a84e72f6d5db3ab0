// SPDX-License-Identifier: GPL-2.0-only
/* Parameters that more than one file goes by. */

#include <linux/moduleparam.h>

#include "mlx5.h"

bool mlx5_fw_chunks = true;

module_param_named(chunks, mlx5_fw_chunks, bool, 0444);
MODULE_PARM_DESC(chunks, "the last part of a state is saved in chunks, 1 by default");

uint mlx5_fw_chunk_kb = 8192;

module_param_named(chunk_kb, mlx5_fw_chunk_kb, uint, 0644);
MODULE_PARM_DESC(chunk_kb, "KiB of a chunk at most, 8192 by default");

bool mlx5_fw_migration_state = true;

module_param_named(migration_state, mlx5_fw_migration_state, bool, 0444);
MODULE_PARM_DESC(migration_state, "a query tells the state of the migration, 1 by default");

bool mlx5_fw_track_full;

module_param_named(track_full, mlx5_fw_track_full, bool, 0644);
MODULE_PARM_DESC(track_full, "messages of dirty pages are as large as they may be");
