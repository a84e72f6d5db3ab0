// SPDX-License-Identifier: GPL-2.0-only
/* The card: what it says it can do, and its functions by the numbers that commands have. */

#include <linux/moduleparam.h>

#include "mlx5.h"

/* Not the number of a function, so that who confuses them is noticed. */
#define FIRST_VHCA_ID 0x40
/* of the messages of dirty pages, log2 */
#define MIN_LOG_MSG 6

static bool track = true;

module_param(track, bool, 0444);
MODULE_PARM_DESC(track, "there is a page tracker, 1 by default");

static uint track_log_msg = 16;

module_param(track_log_msg, uint, 0444);
MODULE_PARM_DESC(track_log_msg, "log2 of the largest message of dirty pages, 16 by default");

static uint track_log_page = 12;

module_param(track_log_page, uint, 0444);
MODULE_PARM_DESC(track_log_page, "log2 of the smallest page that is tracked, 12 by default");

static uint track_ranges = 16;

module_param(track_ranges, uint, 0444);
MODULE_PARM_DESC(track_ranges, "how many ranges a tracker takes, 16 by default");

static bool migratable = true;

module_param(migratable, bool, 0644);
MODULE_PARM_DESC(migratable, "virtual functions may be migrated, 1 by default; as devlink sets it");

/**
 * hca_vhca - a function by the number that commands know it by
 * @hca: the card
 * @vhca_id: the number
 *
 * Return: the function, or NULL
 */
struct vhca *hca_vhca(struct hca *hca, u16 vhca_id)
{
	unsigned int i = vhca_id - FIRST_VHCA_ID;

	return i < hca->card->nr_vfs ? &hca->vhcas[i] : NULL;
}

static void set_caps(struct hca *hca)
{
	void *general = hca->caps[0].cur, *two = hca->caps[1].cur, *adv = hca->caps[2].cur;

	hca->mdev.caps.hca[MLX5_CAP_GENERAL] = &hca->caps[0];
	hca->mdev.caps.hca[MLX5_CAP_GENERAL_2] = &hca->caps[1];
	hca->mdev.caps.hca[MLX5_CAP_ADV_VIRTUALIZATION] = &hca->caps[2];
	hca->mdev.caps.hca[MLX5_CAP_ROCE] = &hca->caps[3];
	MLX5_SET(cmd_hca_cap, general, migration, 1);
	MLX5_SET(cmd_hca_cap, general, adv_virtualization, track);
	MLX5_SET(cmd_hca_cap, general, cqe_version, 1);
	MLX5_SET(cmd_hca_cap, general, log_max_msg, 30);
	MLX5_SET(cmd_hca_cap_2, two, migration_multi_load, 1);
	MLX5_SET(cmd_hca_cap_2, two, migration_tracking_state, 1);
	MLX5_SET(cmd_hca_cap_2, two, migration_in_chunks, mlx5_fw_chunks);
#if MLX5_FW_HAS_MIGRATION_STATE
	MLX5_SET(cmd_hca_cap_2, two, migration_state, mlx5_fw_migration_state);
#endif
	MLX5_SET(adv_virtualization_cap, adv, pg_track_max_num_range, track_ranges);
	MLX5_SET(adv_virtualization_cap, adv, pg_track_log_min_addr_space, 12);
	MLX5_SET(adv_virtualization_cap, adv, pg_track_log_max_addr_space, 52);
	MLX5_SET(adv_virtualization_cap, adv, pg_track_log_min_msg_size, MIN_LOG_MSG);
	MLX5_SET(adv_virtualization_cap, adv, pg_track_log_max_msg_size, track_log_msg);
	MLX5_SET(adv_virtualization_cap, adv, pg_track_log_min_page_size, track_log_page);
	MLX5_SET(adv_virtualization_cap, adv, pg_track_log_max_page_size, 21);
}

/**
 * hca_query_cap - QUERY_HCA_CAP of a virtual function
 * @hca: the card
 * @in: the command
 * @out: its answer
 *
 * Return: MLX5_CMD_STAT_*
 */
u8 hca_query_cap(struct hca *hca, const void *in, void *out)
{
	u16 function = MLX5_GET(query_hca_cap_in, in, function_id);
	void *cap = MLX5_ADDR_OF(query_hca_cap_out, out, capability);

	if (!MLX5_GET(query_hca_cap_in, in, other_function) || !function ||
	    function > hca->card->nr_vfs)
		return MLX5_CMD_STAT_BAD_PARAM_ERR;
	switch (MLX5_GET(query_hca_cap_in, in, op_mod) >> 1) {
	case MLX5_CAP_GENERAL:
		memcpy(cap, hca->caps[0].cur, MLX5_UN_SZ_BYTES(hca_cap_union));
		MLX5_SET(cmd_hca_cap, cap, vhca_id, FIRST_VHCA_ID + function - 1);
		return MLX5_CMD_STAT_OK;
	case MLX5_CAP_GENERAL_2:
		memcpy(cap, hca->caps[1].cur, MLX5_UN_SZ_BYTES(hca_cap_union));
		MLX5_SET(cmd_hca_cap_2, cap, migratable, migratable);
		return MLX5_CMD_STAT_OK;
	default:
		return MLX5_CMD_STAT_BAD_PARAM_ERR;
	}
}

static bool caps_ok(void)
{
	return track_log_msg >= MIN_LOG_MSG && track_log_msg <= 30 && track_log_page >= 12 &&
	       track_log_page <= 21 && track_ranges && track_ranges <= 255;
}

/**
 * hca_init - a card that has neither functions nor objects
 * @hca: the card, zeroed
 *
 * Return: 0, or -EINVAL where a parameter promises what a capability has no room for
 */
int hca_init(struct hca *hca)
{
	if (!caps_ok())
		return -EINVAL;
	set_caps(hca);
	mutex_init(&hca->objects_lock);
	xa_init_flags(&hca->pds, XA_FLAGS_ALLOC1);
	xa_init_flags(&hca->mkeys, XA_FLAGS_ALLOC1);
	xa_init_flags(&hca->uars, XA_FLAGS_ALLOC1);
	xa_init_flags(&hca->cqs, XA_FLAGS_ALLOC1);
	xa_init_flags(&hca->qps, XA_FLAGS_ALLOC1);
	xa_init_flags(&hca->trackers, XA_FLAGS_ALLOC1);
	ATOMIC_INIT_NOTIFIER_HEAD(&hca->events);
	return 0;
}
