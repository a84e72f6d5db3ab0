// SPDX-License-Identifier: GPL-2.0-only
/* Rates that the card guarantees its functions: the driver's files ask, and there are none. */

#include "qat.h"

/**
 * adf_rl_get_sla_arr_of_type - rates that are guaranteed; there are none
 * @rl_data: all of them
 * @type: of what
 * @sla_arr: the list of them
 *
 * Return: how many there are: 0
 */
u32 adf_rl_get_sla_arr_of_type(struct adf_rl *rl_data, enum rl_node_type type,
			       struct rl_sla ***sla_arr)
{
	return 0;
}
