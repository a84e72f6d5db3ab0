/* SPDX-License-Identifier: GPL-2.0-only */
/* Memory that a process shares with its children. */
#ifndef VMIG_BASE_SHARED_H
#define VMIG_BASE_SHARED_H

#include <stddef.h>

void *vmig_shared_alloc(size_t size);
void vmig_shared_free(void *at, size_t size);

#endif /* VMIG_BASE_SHARED_H */
