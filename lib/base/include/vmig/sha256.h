/* SPDX-License-Identifier: GPL-2.0-only */
/* Checksums. */
#ifndef VMIG_BASE_SHA256_H
#define VMIG_BASE_SHA256_H

#include <vmig/arena.h>
#include <vmig/text.h>

char *vmig_sha256(struct arena *arena, struct text contents);

#endif /* VMIG_BASE_SHA256_H */
