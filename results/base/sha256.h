/* SPDX-License-Identifier: GPL-2.0-only */
/* Checksums. */
#ifndef VMIG_RESULTS_SHA256_H
#define VMIG_RESULTS_SHA256_H

#include <vmig/arena.h>
#include <vmig/text.h>

char *digest(struct arena *arena, struct text contents);

#endif /* VMIG_RESULTS_SHA256_H */
