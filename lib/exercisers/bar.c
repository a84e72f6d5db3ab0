// SPDX-License-Identifier: GPL-2.0-only
/* Read and write the BAR registers of a device. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <linux/pci_regs.h>

#include <vmig/error.h>
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

/**
 * vmig_differ - say what is not as it should be
 * @text: where
 * @what: what is at @at
 * @at: where that is
 * @is: what it is
 * @want: what it should be
 *
 * Return: -EILSEQ, which check_pattern() returns then.
 */
int vmig_differ(char text[VMIG_WHY_SIZE], const char *what, uint64_t at, uint64_t is, uint64_t want)
{
	snprintf(text, VMIG_WHY_SIZE, "%s at %#llx is %#llx and not %#llx", what,
		 (unsigned long long)at, (unsigned long long)is, (unsigned long long)want);
	return -EILSEQ;
}

/**
 * vmig_bar_check - compare a register with a value
 * @bar: the region
 * @at: offset, bytes
 * @len: bytes of it, 8 at most
 * @want: the expected value
 * @text: says so where it does not
 *
 * Return: 0, -EILSEQ or -errno.
 */
int vmig_bar_check(struct vmig_bar *bar, uint64_t at, size_t len, uint64_t want,
		   char text[VMIG_WHY_SIZE])
{
	uint64_t value = 0;
	int ret = vmig_bar_read(bar, at, &value, len);

	if (ret || value == want)
		return ret;
	return vmig_differ(text, "the register", at, value, want);
}

/**
 * vmig_bar_look - print a register
 * @bar: the region
 * @at: offset, bytes
 * @len: bytes of it, 8 at most
 * @f: where to
 *
 * Return: 0 or -errno.
 */
int vmig_bar_look(struct vmig_bar *bar, uint64_t at, size_t len, FILE *f)
{
	uint64_t value = 0;
	int ret = vmig_bar_read(bar, at, &value, len);

	if (!ret)
		fprintf(f, "register %#llx: %#llx\n", (unsigned long long)at,
			(unsigned long long)value);
	return ret;
}

/* Bytes of memory in a line. */
#define LINE 16

/**
 * vmig_bar_look_mem - print the lines of a memory that are not 0
 * @bar: the region
 * @at: offset of the memory, bytes
 * @len: bytes of it
 * @f: where to
 *
 * Return: 0 or -errno.
 */
int vmig_bar_look_mem(struct vmig_bar *bar, uint64_t at, size_t len, FILE *f)
{
	unsigned char *bytes = vmig_alloc(len + LINE);
	size_t i, j;
	int ret = vmig_bar_read(bar, at, bytes, len);
	static const unsigned char zeroes[LINE];

	for (i = 0; i < len && !ret; i += LINE) {
		if (!memcmp(bytes + i, zeroes, LINE))
			continue;
		fprintf(f, "memory %#zx:", i);
		for (j = 0; j < LINE; j++)
			fprintf(f, " %02x", bytes[i + j]);
		fputc('\n', f);
	}
	free(bytes);
	return ret;
}

/**
 * vmig_tell_why - the last of a check_pattern() or check_dirty()
 * @ret: what it is to return
 * @text: says what differs, for -EILSEQ
 * @why: set to @text, or to the name of another error
 *
 * Return: @ret
 */
int vmig_tell_why(int ret, const char *text, const char **why)
{
	*why = ret == -EILSEQ ? text : vmig_errno_name(ret);
	return ret;
}
