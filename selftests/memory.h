/* SPDX-License-Identifier: GPL-2.0-only */
/* Memory that faults where a test wants it to, and the fds that a process has. */
#ifndef VMIG_SELFTESTS_MEMORY_H
#define VMIG_SELFTESTS_MEMORY_H

#include <stddef.h>

#define VMIG_PAGE 4096

void *vmig_before_hole(const void *data, size_t len);
void vmig_protect(void *p, int prot);
int vmig_count_fds(void);

#endif /* VMIG_SELFTESTS_MEMORY_H */
