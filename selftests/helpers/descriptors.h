/* SPDX-License-Identifier: GPL-2.0-only */
/* Calls that are made where no file descriptor is free. */
#ifndef VMIG_HELPERS_DESCRIPTORS_H
#define VMIG_HELPERS_DESCRIPTORS_H

#include <sys/resource.h>

struct rlimit vmig_descriptors_take(void);
void vmig_descriptors_give_back(const struct rlimit *old);

#endif /* VMIG_HELPERS_DESCRIPTORS_H */
