/* SPDX-License-Identifier: GPL-2.0-only */
/* Monotonic clock in milliseconds, for timeouts. */
#ifndef VMIG_BASE_CLOCK_H
#define VMIG_BASE_CLOCK_H

#include <stdint.h>

uint64_t vmig_now_ms(void);

#endif /* VMIG_BASE_CLOCK_H */
