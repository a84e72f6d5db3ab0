/* SPDX-License-Identifier: GPL-2.0-only */
/* Copy engine over io_uring. */
#ifndef VMIG_ENGINE_RING_PRIVATE_H
#define VMIG_ENGINE_RING_PRIVATE_H

#include "internal.h"

int vmig_ring_setup(struct vmig_engine *e, char *why, size_t size);
void vmig_ring_destroy(struct vmig_engine *e);
int vmig_ring_run(struct vmig_engine *e, struct vmig_flow *flows, unsigned int count,
		  const struct vmig_strategy *strategy, uint64_t quota);

#endif /* VMIG_ENGINE_RING_PRIVATE_H */
