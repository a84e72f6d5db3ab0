/* SPDX-License-Identifier: GPL-2.0-only */
/* PCI config space, as a guest's driver goes through it: capabilities, the function level reset. */
#ifndef VMIG_HELPERS_PCI_CONFIG_H
#define VMIG_HELPERS_PCI_CONFIG_H

#include <stdbool.h>
#include <stdint.h>

#include <vmig/device.h>

/**
 * struct vmig_flr - what begins a function level reset
 * @at: offset in config space
 * @bits: what to write there
 * @len: how many bytes of it
 */
struct vmig_flr {
	unsigned int at;
	uint16_t bits;
	unsigned int len;
};

unsigned int vmig_pci_capability(struct vmig_device *dev, const struct vfio_region_info *config,
				 uint8_t id);
bool vmig_pci_flr(struct vmig_device *dev, const struct vfio_region_info *config,
		  struct vmig_flr *flr);
void vmig_pci_write(struct vmig_device *dev, const struct vfio_region_info *config, unsigned int at,
		    uint16_t value, unsigned int len);

#endif /* VMIG_HELPERS_PCI_CONFIG_H */
