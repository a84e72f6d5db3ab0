/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Accesses of a guest and of the kernel during a migration: config space,
 * interrupts, the first bytes of its regions. Nothing here writes a register that only
 * the device's author knows.
 */
#ifndef VMIG_HELPERS_GUEST_ACCESS_H
#define VMIG_HELPERS_GUEST_ACCESS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include <vmig/device.h>
#include "verdict.h"

#define VMIG_CONFIG_HEADER 64
#define VMIG_ACCESS_REGIONS 32

/**
 * struct vmig_access - what a device answered in RUNNING
 * @pci: it has a PCI config space
 * @header: the standard header of that
 * @interrupts: bit n: interrupt n can be enabled and disabled
 * @regions: number of regions looked at
 * @reads: what reading the first bytes of each region returned: bytes, or -errno
 */
struct vmig_access {
	bool pci;
	unsigned char header[VMIG_CONFIG_HEADER];
	uint32_t interrupts;
	uint32_t regions;
	ssize_t reads[VMIG_ACCESS_REGIONS];
};

void vmig_access_take(struct vmig_device *dev, struct vmig_access *a);
bool vmig_judge_config_at(const char *at, enum vmig_clause_id id, struct vmig_device *dev,
			  const struct vmig_access *before, const char *where);
bool vmig_judge_interrupts_at(const char *at, enum vmig_clause_id id, struct vmig_device *dev,
			      const struct vmig_access *before, const char *where);
bool vmig_judge_regions_at(const char *at, enum vmig_clause_id id, struct vmig_device *dev,
			   const struct vmig_access *before, const char *where);
void vmig_read_regions(struct vmig_device *dev);
int vmig_eventfd(void);
bool vmig_eventfd_fired(int fd);

/* A breach reports the line of the call. */
#define vmig_judge_config(...) vmig_judge_config_at(VMIG_HERE, __VA_ARGS__)
#define vmig_judge_interrupts(...) vmig_judge_interrupts_at(VMIG_HERE, __VA_ARGS__)
#define vmig_judge_regions(...) vmig_judge_regions_at(VMIG_HERE, __VA_ARGS__)

#endif /* VMIG_HELPERS_GUEST_ACCESS_H */
