/* SPDX-License-Identifier: GPL-2.0-only */
/* Unbind a device from its driver during use, and bind it again. */
#ifndef VMIG_TESTS_STRESS_UNBIND_H
#define VMIG_TESTS_STRESS_UNBIND_H

#include <stdbool.h>

#include <vmig/resolve.h>

bool vmig_removal_allowed(const char **why);
int vmig_remove(const struct vmig_dev_id *id);
int vmig_bring_back(const struct vmig_dev_id *id);

#endif /* VMIG_TESTS_STRESS_UNBIND_H */
