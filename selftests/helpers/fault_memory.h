/* SPDX-License-Identifier: GPL-2.0-only */
/* Memory that is not there, in whole or for now, and memory use of process and kernel. */
#ifndef VMIG_HELPERS_FAULT_MEMORY_H
#define VMIG_HELPERS_FAULT_MEMORY_H

#include <stddef.h>
#include <stdint.h>

#define VMIG_PAGE 4096

void *vmig_before_hole(const void *data, size_t len);
void *vmig_around_hole(const void *data, size_t len);
void *vmig_absent_pages(const void *data, size_t len);
void *vmig_punched_pages(void);
void vmig_absent_end(void *at);
void vmig_protect(void *p, int prot);
int vmig_count_fds(void);
uint64_t vmig_mem_available(void);

#endif /* VMIG_HELPERS_FAULT_MEMORY_H */
