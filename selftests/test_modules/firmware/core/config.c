// SPDX-License-Identifier: GPL-2.0-only
/*
 * Config space of the functions: what of it can be written, and what a write does at once:
 * switch virtual functions on, take bus mastering away, reset a function.
 */

#include <linux/pci.h>
#include <linux/unaligned.h>

#include "fw.h"

/* Where the capabilities are. */
#define AT_EXP 0x40
#define AT_MSIX 0x80
#define AT_SRIOV 0x100

static void put8(struct fw_function *f, unsigned int at, u8 value, u8 mask)
{
	f->config[at] = value;
	f->mask[at] = mask;
}

static void put16(struct fw_function *f, unsigned int at, u16 value, u16 mask)
{
	put_unaligned_le16(value, &f->config[at]);
	put_unaligned_le16(mask, &f->mask[at]);
}

static void put32(struct fw_function *f, unsigned int at, u32 value, u32 mask)
{
	put_unaligned_le32(value, &f->config[at]);
	put_unaligned_le32(mask, &f->mask[at]);
}

/* A 64-bit BAR of memory: the bits below its size cannot be written. */
static void put_bar(struct fw_function *f, unsigned int at, const struct fw_bar *bar)
{
	u64 mask = ~(u64)(bar->size - 1);

	if (!bar->size)
		return;
	put32(f, at, lower_32_bits(bar->at) | PCI_BASE_ADDRESS_MEM_TYPE_64, lower_32_bits(mask));
	put32(f, at + 4, upper_32_bits(bar->at), upper_32_bits(mask));
}

static void put_sriov(struct fw_card *card, struct fw_function *f)
{
	unsigned int at = AT_SRIOV, i;

	put32(f, at, PCI_EXT_CAP_ID_SRIOV | 1 << 16, 0);
	put16(f, at + PCI_SRIOV_CTRL, 0,
	      PCI_SRIOV_CTRL_VFE | PCI_SRIOV_CTRL_MSE | PCI_SRIOV_CTRL_ARI);
	put16(f, at + PCI_SRIOV_INITIAL_VF, card->nr_vfs, 0);
	put16(f, at + PCI_SRIOV_TOTAL_VF, card->nr_vfs, 0);
	put16(f, at + PCI_SRIOV_NUM_VF, 0, 0xffff);
	/* A slot each, so that no two share a group. */
	put16(f, at + PCI_SRIOV_VF_OFFSET, PCI_DEVFN(1, 0), 0);
	put16(f, at + PCI_SRIOV_VF_STRIDE, PCI_DEVFN(1, 0), 0);
	put16(f, at + PCI_SRIOV_VF_DID, card->desc->vf_device, 0);
	put32(f, at + PCI_SRIOV_SUP_PGSIZE, 1, 0);
	put32(f, at + PCI_SRIOV_SYS_PGSIZE, 1, 0xffffffff);
	for (i = 0; i < 6; i += 2)
		put_bar(f, at + PCI_SRIOV_BAR + 4 * i, &card->vf_bars[i]);
}

/**
 * fw_config_init - config space of a function, as after power-on
 * @card: the card
 * @f: the function
 */
void fw_config_init(struct fw_card *card, struct fw_function *f)
{
	bool vf = f->vf;

	raw_spin_lock_init(&f->lock);
	/* A virtual function has no ids of its own there. */
	put16(f, PCI_VENDOR_ID, vf ? 0xffff : card->desc->vendor, 0);
	put16(f, PCI_DEVICE_ID, vf ? 0xffff : card->desc->pf_device, 0);
	put16(f, PCI_COMMAND, 0,
	      PCI_COMMAND_MASTER | PCI_COMMAND_INTX_DISABLE | (vf ? 0 : PCI_COMMAND_MEMORY));
	put16(f, PCI_STATUS, PCI_STATUS_CAP_LIST, 0);
	put32(f, PCI_CLASS_REVISION, card->desc->class << 8 | 1, 0);
	put8(f, PCI_CACHE_LINE_SIZE, 0, 0xff);
	put16(f, PCI_SUBSYSTEM_VENDOR_ID, FW_SUBSYSTEM_VENDOR_ID, 0);
	put16(f, PCI_SUBSYSTEM_ID, FW_SUBSYSTEM_ID, 0);
	put8(f, PCI_CAPABILITY_LIST, AT_EXP, 0);
	put8(f, PCI_INTERRUPT_LINE, 0, 0xff);

	put16(f, AT_EXP, PCI_CAP_ID_EXP | (vf ? AT_MSIX << 8 : 0), 0);
	put16(f, AT_EXP + PCI_EXP_FLAGS, PCI_EXP_TYPE_RC_END << 4 | 2, 0);
	put32(f, AT_EXP + PCI_EXP_DEVCAP, PCI_EXP_DEVCAP_RBER | PCI_EXP_DEVCAP_FLR, 0);
	/* The bit that begins a reset reads as 0. */
	put16(f, AT_EXP + PCI_EXP_DEVCTL, 0, 0xffff & ~PCI_EXP_DEVCTL_BCR_FLR);
	put16(f, AT_EXP + PCI_EXP_DEVCTL2, 0, 0xffff);
	if (!vf) {
		put_bar(f, PCI_BASE_ADDRESS_0, &card->pf_bar);
		put_sriov(card, f);
		return;
	}
	put16(f, AT_MSIX, PCI_CAP_ID_MSIX, 0);
	put16(f, AT_MSIX + PCI_MSIX_FLAGS, FW_MSIX_COUNT - 1,
	      PCI_MSIX_FLAGS_ENABLE | PCI_MSIX_FLAGS_MASKALL);
	put32(f, AT_MSIX + PCI_MSIX_TABLE, FW_MSIX_TABLE, 0);
	put32(f, AT_MSIX + PCI_MSIX_PBA, FW_MSIX_PBA, 0);
}

/**
 * fw_bus_master - may the function begin DMA?
 * @f: the function, locked where the answer has to stay true
 *
 * Return: whether it may
 */
bool fw_bus_master(const struct fw_function *f)
{
	return f->config[PCI_COMMAND] & PCI_COMMAND_MASTER;
}

/**
 * fw_msix_enabled - does an interrupt vector reach somebody?
 * @f: a virtual function
 * @vector: the vector
 *
 * Return: whether it does
 */
bool fw_msix_enabled(const struct fw_function *f, unsigned int vector)
{
	u16 flags = get_unaligned_le16(&f->config[AT_MSIX + PCI_MSIX_FLAGS]);
	const u32 *entry = f->vf->regs + FW_MSIX_TABLE + PCI_MSIX_ENTRY_SIZE * vector;

	return (flags & (PCI_MSIX_FLAGS_ENABLE | PCI_MSIX_FLAGS_MASKALL)) ==
		       PCI_MSIX_FLAGS_ENABLE &&
	       !(READ_ONCE(entry[PCI_MSIX_ENTRY_VECTOR_CTRL / 4]) & PCI_MSIX_ENTRY_CTRL_MASKBIT);
}

static bool vfs_enabled(const struct fw_card *card)
{
	return card->functions[0].config[AT_SRIOV + PCI_SRIOV_CTRL] & PCI_SRIOV_CTRL_VFE;
}

static struct fw_function *find(struct pci_bus *bus, unsigned int devfn)
{
	struct fw_card *card = container_of(to_pci_sysdata(bus), struct fw_card, sysdata);
	unsigned int i = PCI_SLOT(devfn);

	if (PCI_FUNC(devfn) || i > card->nr_vfs || (i && !vfs_enabled(card)))
		return NULL;
	return &card->functions[i];
}

static int config_read(struct pci_bus *bus, unsigned int devfn, int where, int size, u32 *value)
{
	struct fw_function *f = find(bus, devfn);
	int i;

	PCI_SET_ERROR_RESPONSE(value);
	if (!f || where + size > FW_CONFIG_SIZE)
		return PCIBIOS_DEVICE_NOT_FOUND;
	if (READ_ONCE(f->resetting))
		return PCIBIOS_SUCCESSFUL;
	*value = 0;
	for (i = size - 1; i >= 0; i--)
		*value = *value << 8 | f->config[where + i];
	return PCIBIOS_SUCCESSFUL;
}

static int config_write(struct pci_bus *bus, unsigned int devfn, int where, int size, u32 value)
{
	struct fw_function *f = find(bus, devfn);
	unsigned long flags;
	u8 byte, mask;
	int i;

	if (!f || where + size > FW_CONFIG_SIZE)
		return PCIBIOS_DEVICE_NOT_FOUND;
	raw_spin_lock_irqsave(&f->lock, flags);
	for (i = 0; i < size; i++) {
		byte = value >> 8 * i;
		mask = f->mask[where + i];
		f->config[where + i] = (f->config[where + i] & ~mask) | (byte & mask);
		/* The model's thread carries the reset out, as this must not sleep. */
		if (f->vf && where + i == AT_EXP + PCI_EXP_DEVCTL + 1 &&
		    byte & (PCI_EXP_DEVCTL_BCR_FLR >> 8))
			WRITE_ONCE(f->resetting, true);
	}
	raw_spin_unlock_irqrestore(&f->lock, flags);
	return PCIBIOS_SUCCESSFUL;
}

struct pci_ops fw_pci_ops = {
	.read = config_read,
	.write = config_write,
};
