// SPDX-License-Identifier: GPL-2.0-only
/* PCI config space, as a guest's driver goes through it: capabilities, the function level reset. */
#include <linux/pci_regs.h>

#include <vmig/region.h>
#include "pci_config.h"
#include "verdict.h"

/* No chain has more capabilities than fit into 256 bytes. */
#define CAPS_MAX 48

/**
 * vmig_pci_capability - find a capability
 * @dev: the device
 * @config: its config space
 * @id: PCI_CAP_ID_*
 *
 * Return: its offset in config space, 0 where there is none.
 */
unsigned int vmig_pci_capability(struct vmig_device *dev, const struct vfio_region_info *config,
				 uint8_t id)
{
	uint8_t cap[2] = { 0, 0 };
	unsigned int i;
	uint16_t status;
	uint8_t at;

	if (__vmig_region_read(dev, config, PCI_STATUS, &status, 2) != 2 ||
	    !(status & PCI_STATUS_CAP_LIST) ||
	    __vmig_region_read(dev, config, PCI_CAPABILITY_LIST, &at, 1) != 1)
		return 0;
	for (i = 0; i < CAPS_MAX && at >= PCI_STD_HEADER_SIZEOF; i++, at = cap[1]) {
		if (__vmig_region_read(dev, config, at, cap, 2) != 2)
			return 0;
		if (cap[0] == id)
			return at;
	}
	return 0;
}

/**
 * vmig_pci_flr - where to write what for a function level reset: PCI Express, or Advanced Features
 * @dev: the device
 * @config: its config space
 * @flr: that goes here
 *
 * Return: false for a device that offers none.
 */
bool vmig_pci_flr(struct vmig_device *dev, const struct vfio_region_info *config,
		  struct vmig_flr *flr)
{
	unsigned int cap;
	uint32_t devcap;
	uint8_t af;

	cap = vmig_pci_capability(dev, config, PCI_CAP_ID_EXP);
	if (cap && __vmig_region_read(dev, config, cap + PCI_EXP_DEVCAP, &devcap, 4) == 4 &&
	    (devcap & PCI_EXP_DEVCAP_FLR)) {
		flr->at = cap + PCI_EXP_DEVCTL;
		flr->len = 2;
		if (__vmig_region_read(dev, config, flr->at, &flr->bits, 2) != 2)
			return false;
		flr->bits |= PCI_EXP_DEVCTL_BCR_FLR;
		return true;
	}
	cap = vmig_pci_capability(dev, config, PCI_CAP_ID_AF);
	if (!cap || __vmig_region_read(dev, config, cap + PCI_AF_CAP, &af, 1) != 1 ||
	    !(af & PCI_AF_CAP_FLR))
		return false;
	*flr = (struct vmig_flr){ cap + PCI_AF_CTRL, PCI_AF_CTRL_FLR, 1 };
	return true;
}

/**
 * vmig_pci_write - write to config space, which must work
 * @dev: the device
 * @config: its config space
 * @at: offset in it
 * @value: what to write
 * @len: 1 or 2 bytes of it
 */
void vmig_pci_write(struct vmig_device *dev, const struct vfio_region_info *config, unsigned int at,
		    uint16_t value, unsigned int len)
{
	if (__vmig_region_write(dev, config, at, &value, len) != (ssize_t)len)
		vmig_test_error("a write to config space at %#x failed", at);
}
