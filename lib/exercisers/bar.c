// SPDX-License-Identifier: GPL-2.0-only
/* Registers of a device, for exercisers. */
#include <errno.h>
#include <stdlib.h>

#include <linux/pci_regs.h>

#include <vmig/info.h>
#include <vmig/region.h>
#include "bar.h"

/* A register that took less than all is as bad as one that took nothing. */
static int whole(ssize_t n, size_t len)
{
	if (n < 0)
		return n;
	return (size_t)n == len ? 0 : -EIO;
}

/**
 * vmig_bar_enable - memory decoding and bus mastering, as a guest's driver sets them
 * @dev: a PCI device
 *
 * Return: 0 or -errno; -ENODEV for a device without config space.
 */
int vmig_bar_enable(struct vmig_device *dev)
{
	struct vfio_region_info *config = __vmig_pci_config(dev);
	uint16_t command;
	int ret;

	if (!config)
		return -ENODEV;
	ret = whole(__vmig_region_read(dev, config, PCI_COMMAND, &command, sizeof(command)),
		    sizeof(command));
	command |= PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER;
	if (!ret)
		ret = whole(
			__vmig_region_write(dev, config, PCI_COMMAND, &command, sizeof(command)),
			sizeof(command));
	free(config);
	return ret;
}

/**
 * vmig_bar_begin - begin to work with a region
 * @bar: the region goes here
 * @dev: the device
 * @index: index of the region
 *
 * Return: 0, or -errno; -ENODEV for a region of no size.
 */
int vmig_bar_begin(struct vmig_bar *bar, struct vmig_device *dev, uint32_t index)
{
	int ret;

	bar->dev = dev;
	bar->info = NULL;
	ret = __vmig_region_info(dev, index, &bar->info);
	if (!ret && !bar->info->size) {
		vmig_bar_end(bar);
		ret = -ENODEV;
	}
	return ret;
}

/**
 * vmig_bar_end - the last of a region
 * @bar: the region, begun or not
 */
void vmig_bar_end(struct vmig_bar *bar)
{
	free(bar->info);
	bar->info = NULL;
}

/**
 * vmig_bar_read - read from a region
 * @bar: the region
 * @at: offset, bytes
 * @buf: where the bytes go
 * @len: their number
 *
 * Return: 0 with all of them, else -errno.
 */
int vmig_bar_read(struct vmig_bar *bar, uint64_t at, void *buf, size_t len)
{
	return whole(__vmig_region_read(bar->dev, bar->info, at, buf, len), len);
}

/**
 * vmig_bar_write - write to a region
 * @bar: the region
 * @at: offset, bytes
 * @buf: the bytes
 * @len: their number
 *
 * Return: 0 with all of them, else -errno.
 */
int vmig_bar_write(struct vmig_bar *bar, uint64_t at, const void *buf, size_t len)
{
	return whole(__vmig_region_write(bar->dev, bar->info, at, buf, len), len);
}

/**
 * vmig_bar_write8 - write a register of 1 byte
 * @bar: the region
 * @at: offset, bytes
 * @value: what to write
 *
 * Return: 0 or -errno.
 */
int vmig_bar_write8(struct vmig_bar *bar, uint64_t at, uint8_t value)
{
	return vmig_bar_write(bar, at, &value, sizeof(value));
}

/**
 * vmig_bar_write32 - write a register of 4 bytes
 * @bar: the region
 * @at: offset, bytes
 * @value: what to write
 *
 * Return: 0 or -errno.
 */
int vmig_bar_write32(struct vmig_bar *bar, uint64_t at, uint32_t value)
{
	return vmig_bar_write(bar, at, &value, sizeof(value));
}

/**
 * vmig_bar_write64 - write a register of 8 bytes
 * @bar: the region
 * @at: offset, bytes
 * @value: what to write
 *
 * Return: 0 or -errno.
 */
int vmig_bar_write64(struct vmig_bar *bar, uint64_t at, uint64_t value)
{
	return vmig_bar_write(bar, at, &value, sizeof(value));
}
