/* SPDX-License-Identifier: GPL-2.0-only */
/* Copy engine with read() and write(), one call after the other. */
#ifndef VMIG_ENGINE_SYNC_H
#define VMIG_ENGINE_SYNC_H

#include "internal.h"

void vmig_sync_run(struct vmig_engine *e, struct vmig_flow *flow, size_t block, uint64_t quota);

#endif /* VMIG_ENGINE_SYNC_H */
