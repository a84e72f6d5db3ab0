// SPDX-License-Identifier: GPL-2.0-only
/* Accesses of a guest and of the kernel during a migration. See guest_access.h. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <linux/pci_regs.h>

#include <vmig/error.h>
#include <vmig/info.h>
#include <vmig/region.h>
#include "guest_access.h"

/* Bytes that are read of a region: the least that every kind of register answers to. */
#define FIRST 4

static ssize_t read_header(struct vmig_device *dev, unsigned char *header)
{
	struct vfio_region_info *config = __vmig_pci_config(dev);
	ssize_t n = -ENODEV;

	if (config)
		n = __vmig_region_read(dev, config, 0, header, VMIG_CONFIG_HEADER);
	free(config);
	return n;
}

/* The one register that PCI gives to software for a note of its own. */
static ssize_t write_back_interrupt_line(struct vmig_device *dev, const unsigned char *header)
{
	struct vfio_region_info *config = __vmig_pci_config(dev);
	ssize_t n = -ENODEV;

	if (config)
		n = __vmig_region_write(dev, config, PCI_INTERRUPT_LINE,
					header + PCI_INTERRUPT_LINE, 1);
	free(config);
	return n;
}

static int try_interrupt(struct vmig_device *dev, uint32_t index)
{
	int fd = vmig_eventfd();
	int ret = __vmig_irq_enable(dev, index, fd);

	if (!ret)
		ret = __vmig_irq_disable(dev, index);
	close(fd);
	return ret;
}

/* Returns 0 for a region that cannot be read. */
static ssize_t read_first(struct vmig_device *dev, uint32_t index)
{
	struct vfio_region_info *info;
	unsigned char buf[FIRST];
	ssize_t n = 0;

	if (__vmig_region_info(dev, index, &info))
		return 0;
	if ((info->flags & VFIO_REGION_INFO_FLAG_READ) && info->size >= FIRST)
		n = __vmig_region_read(dev, info, 0, buf, sizeof(buf));
	free(info);
	return n;
}

/**
 * vmig_access_take - see what a device answers in RUNNING
 * @dev: the device, in RUNNING
 * @a: where the answers go
 */
void vmig_access_take(struct vmig_device *dev, struct vmig_access *a)
{
	struct vfio_device_info info;
	uint32_t i;

	memset(a, 0, sizeof(*a));
	vmig_device_info(dev, &info);
	a->pci = read_header(dev, a->header) == VMIG_CONFIG_HEADER;
	for (i = 0; i < info.num_irqs && i < 32; i++)
		if (!try_interrupt(dev, i))
			a->interrupts |= 1U << i;
	a->regions = info.num_regions;
	if (a->regions > VMIG_ACCESS_REGIONS)
		a->regions = VMIG_ACCESS_REGIONS;
	for (i = 0; i < a->regions; i++)
		a->reads[i] = read_first(dev, i);
}

/* Status and BIST change by themselves; all else of the header is the guest's or fixed. */
static int header_difference(const unsigned char *a, const unsigned char *b)
{
	int i;

	for (i = 0; i < VMIG_CONFIG_HEADER; i++)
		if (a[i] != b[i] && (i & ~1) != PCI_STATUS && i != PCI_BIST)
			return i;
	return -1;
}

/**
 * vmig_judge_config_at - does the PCI config space answer as it did in RUNNING?
 * @at: where the caller is: VMIG_HERE
 * @id: clause that is checked
 * @dev: the device
 * @before: what it answered in RUNNING
 * @where: the state it is in now, for messages
 *
 * Return: false after a breach; true without a check for a device that is not PCI.
 */
bool vmig_judge_config_at(const char *at, enum vmig_clause_id id, struct vmig_device *dev,
			  const struct vmig_access *before, const char *where)
{
	unsigned char now[VMIG_CONFIG_HEADER];
	ssize_t n;
	int offset;

	if (!before->pci)
		return true;
	n = read_header(dev, now);
	if (!CHECK_AT(at, id, n == VMIG_CONFIG_HEADER,
		      vmig_fmt("read of the PCI config header in %s", where),
		      vmig_fmt("%d bytes", VMIG_CONFIG_HEADER), "%s",
		      n < 0 ? vmig_errno_name(n) : vmig_fmt("%zd bytes", n)))
		return false;
	offset = header_difference(before->header, now);
	if (!CHECK_AT(at, id, offset < 0, vmig_fmt("read of the PCI config header in %s", where),
		      vmig_fmt("what it was in RUNNING, %#04x at %#x",
			       offset < 0 ? 0 : before->header[offset], offset),
		      "%#04x", offset < 0 ? 0 : now[offset]))
		return false;
	n = write_back_interrupt_line(dev, now);
	return CHECK_AT(at, id, n == 1,
			vmig_fmt("write of the same value to Interrupt Line in %s", where),
			"1 byte", "%s", n < 0 ? vmig_errno_name(n) : vmig_fmt("%zd bytes", n));
}

/**
 * vmig_judge_interrupts_at - can interrupts be set up as they could in RUNNING?
 * @at: where the caller is: VMIG_HERE
 * @id: clause that is checked
 * @dev: the device
 * @before: what it answered in RUNNING
 * @where: the state it is in now, for messages
 *
 * Return: false after a breach.
 */
bool vmig_judge_interrupts_at(const char *at, enum vmig_clause_id id, struct vmig_device *dev,
			      const struct vmig_access *before, const char *where)
{
	bool ok = true;
	uint32_t i;
	int ret;

	for (i = 0; i < 32; i++) {
		if (!(before->interrupts & 1U << i))
			continue;
		ret = try_interrupt(dev, i);
		ok &= CHECK_AT(
			at, id, !ret,
			vmig_fmt("SET_IRQS, enable and disable of interrupt %u in %s", i, where),
			"success, as in RUNNING", "%s", vmig_errno_name(ret));
	}
	return ok;
}

/**
 * vmig_judge_regions_at - do the regions answer as they did in RUNNING?
 * @at: where the caller is: VMIG_HERE
 * @id: clause that is checked
 * @dev: the device
 * @before: what it answered in RUNNING
 * @where: the state it is in now, for messages
 *
 * That they answer; what a register holds may change.
 *
 * Return: false after a breach.
 */
bool vmig_judge_regions_at(const char *at, enum vmig_clause_id id, struct vmig_device *dev,
			   const struct vmig_access *before, const char *where)
{
	bool ok = true;
	uint32_t i;
	ssize_t n;

	for (i = 0; i < before->regions; i++) {
		if (before->reads[i] <= 0)
			continue;
		n = read_first(dev, i);
		ok &= CHECK_AT(at, id, n == before->reads[i],
			       vmig_fmt("read of the first bytes of region %u in %s", i, where),
			       vmig_fmt("%zd bytes, as in RUNNING", before->reads[i]), "%s",
			       n < 0 ? vmig_errno_name(n) : vmig_fmt("%zd bytes", n));
	}
	return ok;
}

/**
 * vmig_read_regions - read the first bytes of every region, whatever comes
 * @dev: the device
 */
void vmig_read_regions(struct vmig_device *dev)
{
	struct vfio_device_info info;
	uint32_t i;

	vmig_device_info(dev, &info);
	for (i = 0; i < info.num_regions; i++)
		read_first(dev, i);
}

/**
 * vmig_eventfd - a new eventfd, for an interrupt
 *
 * Return: the fd.
 */
int vmig_eventfd(void)
{
	int fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);

	if (fd < 0)
		vmig_test_error("eventfd() failed: %s", vmig_errno_name(errno));
	return fd;
}

/**
 * vmig_eventfd_fired - was an eventfd signalled since it was last asked about?
 * @fd: the eventfd
 *
 * Return: true if so.
 */
bool vmig_eventfd_fired(int fd)
{
	uint64_t count;

	return read(fd, &count, sizeof(count)) == sizeof(count);
}
