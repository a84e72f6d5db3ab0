// SPDX-License-Identifier: GPL-2.0-only
/* Parameters that say how a device is made, or is after reset. */

#include <linux/moduleparam.h>

#include "format.h"
#include "mock.h"

unsigned int mock_initial_dirty_rate;

module_param_named(dirty_rate, mock_initial_dirty_rate, uint, 0644);
MODULE_PARM_DESC(dirty_rate, "pages a second that a device dirties by itself after reset");

bool mock_initial_counter_on;

module_param_named(counter_on, mock_initial_counter_on, bool, 0644);
MODULE_PARM_DESC(counter_on, "the counter counts after reset, so that no two states are equal");

unsigned int mock_fw_version = REF_VERSION;

static int fw_version_set(const char *value, const struct kernel_param *kp)
{
	return param_set_uint_minmax(value, kp, 1, REF_VERSION);
}

static const struct kernel_param_ops fw_version_ops = {
	.set = fw_version_set,
	.get = param_get_uint,
};

module_param_cb(fw_version, &fw_version_ops, &mock_fw_version, 0444);
MODULE_PARM_DESC(fw_version, "version of the firmware and so of the stream, 1 or 2 (default)");
