/* SPDX-License-Identifier: GPL-2.0-only */
/* Watch /dev/kmsg for warnings and sanitizer reports while a test runs. */
#ifndef VMIG_HELPERS_KMSG_WATCH_H
#define VMIG_HELPERS_KMSG_WATCH_H

#include <stdbool.h>

#include <vmig/clauses.h>

bool vmig_kernel_watches(const char **why);

int vmig_kmsg_watch_begin(void);
const char *vmig_kmsg_complaint(int watch);
bool vmig_watch_judge_at(const char *at, int watch, enum vmig_clause_id id, const char *did);
void vmig_kmsg_watch_end(int watch);

/* A breach reports the line of the call. */
#define vmig_kmsg_watch_check(...) vmig_watch_judge_at(VMIG_HERE, __VA_ARGS__)

#endif /* VMIG_HELPERS_KMSG_WATCH_H */
