/* SPDX-License-Identifier: GPL-2.0-only */
/* Exhaust the file descriptors of the process (EMFILE). */
#ifndef VMIG_HELPERS_DESCRIPTORS_H
#define VMIG_HELPERS_DESCRIPTORS_H

#include <sys/resource.h>

struct rlimit vmig_descriptors_take(void);
void vmig_descriptors_give_back(const struct rlimit *old);

#endif /* VMIG_HELPERS_DESCRIPTORS_H */
