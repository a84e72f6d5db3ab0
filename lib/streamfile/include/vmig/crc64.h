/* SPDX-License-Identifier: GPL-2.0-only */
/* The checksum of stream files and of streams on the network. */
#ifndef VMIG_MIGRATION_CRC64_H
#define VMIG_MIGRATION_CRC64_H

#include <stddef.h>
#include <stdint.h>

uint64_t vmig_crc64(uint64_t crc, const void *data, size_t len);

#endif /* VMIG_MIGRATION_CRC64_H */
