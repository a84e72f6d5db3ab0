/* SPDX-License-Identifier: GPL-2.0-only */
/* What a driver keeps that nobody can reach any more. */
#ifndef VMIG_SELFTESTS_LEAKS_H
#define VMIG_SELFTESTS_LEAKS_H

#include "../lib/vfio/device.h"

int vmig_module_users(const struct vmig_device *dev);
void vmig_kmemleak_begin(void);
int vmig_kmemleak_end(const char *module, char *trace, size_t size);

#endif /* VMIG_SELFTESTS_LEAKS_H */
