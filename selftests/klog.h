/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the kernel complains of while a test runs. The report finds all of it and says so; a
 * test looks here to learn which of its many calls it was.
 */
#ifndef VMIG_SELFTESTS_KLOG_H
#define VMIG_SELFTESTS_KLOG_H

#include <stdbool.h>
#include <stddef.h>

int vmig_klog_open(void);
bool vmig_klog_complaint(int fd, char *line, size_t size);

#endif /* VMIG_SELFTESTS_KLOG_H */
