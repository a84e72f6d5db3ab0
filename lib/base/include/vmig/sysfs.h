/* SPDX-License-Identifier: GPL-2.0-only */
/* Reading small files of /sys and /proc. */
#ifndef VMIG_BASE_SYSFS_H
#define VMIG_BASE_SYSFS_H

#include <stdbool.h>
#include <stddef.h>

bool vmig_sysfs_read(const char *path, char *buf, size_t size);
bool vmig_sysfs_line(const char *path, char *line, size_t size);
bool vmig_sysfs_number(const char *path, unsigned long long *value);
bool vmig_sysfs_field(const char *path, const char *key, unsigned long long *value);

#endif /* VMIG_BASE_SYSFS_H */
