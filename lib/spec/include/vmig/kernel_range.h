/* SPDX-License-Identifier: GPL-2.0-only */
/* Ranges of kernel versions, in which a known deviation applies. */
#ifndef VMIG_SPEC_KERNEL_RANGE_H
#define VMIG_SPEC_KERNEL_RANGE_H

#include <stdbool.h>
#include <stddef.h>

bool vmig_kernel_range(const char *range);
bool vmig_kernel_in(const char *range, const char *release);
char *vmig_kernel_range_of(char *field);

#endif /* VMIG_SPEC_KERNEL_RANGE_H */
