/* SPDX-License-Identifier: GPL-2.0-only */
/* Check whether io_uring is available. */
#ifndef VMIG_ENGINE_RING_H
#define VMIG_ENGINE_RING_H

#include <stddef.h>

int vmig_ring_refused(char *why, size_t size);

#endif /* VMIG_ENGINE_RING_H */
