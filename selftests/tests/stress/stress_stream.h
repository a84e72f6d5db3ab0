/* SPDX-License-Identifier: GPL-2.0-only */
/* Sessions whose stream several threads of several processes read or write at once. */
#ifndef VMIG_TESTS_STRESS_STRESS_STREAM_H
#define VMIG_TESTS_STRESS_STRESS_STREAM_H

#include <vmig/stream.h>
#include "thread_pool.h"

void vmig_stress_readers(struct vmig_thread_pool *c, const char *did, unsigned long calls);
void vmig_stress_writers(struct vmig_thread_pool *c, const char *did, unsigned long calls,
			 bool full);

#endif /* VMIG_TESTS_STRESS_STRESS_STREAM_H */
