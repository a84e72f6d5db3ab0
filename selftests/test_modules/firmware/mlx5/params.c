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

/*
 * What follows is a guess: nothing that is public says what the firmware does. What is found with
 * one value alone is no finding in the driver.
 */

bool mlx5_fw_tracked_once;

module_param_named(tracked_once, mlx5_fw_tracked_once, bool, 0644);
MODULE_PARM_DESC(
	tracked_once,
	"a guess: a function whose changes are tracked refuses a first SAVE, 0 by default");

bool mlx5_fw_whole_state = true;

module_param_named(whole_state, mlx5_fw_whole_state, bool, 0644);
MODULE_PARM_DESC(
	whole_state,
	"a guess: a function that was loaded in part refuses RESUME and SAVE, 1 by default");
