/* SPDX-License-Identifier: GPL-2.0-only */
/* Check for taint, oopses and stuck tasks after a test. */
#ifndef VMIG_HARNESS_KERNEL_HEALTH_H
#define VMIG_HARNESS_KERNEL_HEALTH_H

#include <stdbool.h>
#include <sys/types.h>

/**
 * struct vmig_process - a process, and not another one that got its number later
 * @pid: its number
 * @born: when it was started, in the kernel's own unit; 0 for none
 */
struct vmig_process {
	pid_t pid;
	unsigned long long born;
};

struct vmig_process vmig_process_self(void);
struct vmig_process vmig_process_leader(void);
void vmig_process_kill_group(const struct vmig_process *leader);
bool vmig_process_gone(const struct vmig_process *p);
void vmig_process_explain(const struct vmig_process *p);

unsigned long vmig_kernel_taint(void);
void vmig_kernel_health_begin(void);
unsigned long vmig_kernel_new_taint(void);
const char *vmig_taint_name(unsigned long taint);
void vmig_report_kernel(const char *got);

#endif /* VMIG_HARNESS_KERNEL_HEALTH_H */
