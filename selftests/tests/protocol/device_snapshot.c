// SPDX-License-Identifier: GPL-2.0-only
/* Snapshot of the device, region and interrupt info, to be compared later. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <vmig/feature.h>
#include <vmig/error.h>
#include <vmig/info.h>
#include "device_snapshot.h"
#include "verdict.h"

static void take_region(FILE *f, struct vmig_device *dev, uint32_t index)
{
	struct vfio_region_info *info;
	const unsigned char *raw;
	uint32_t i;
	int ret;

	ret = __vmig_region_info(dev, index, &info);
	if (ret) {
		fprintf(f, "region %u: %s\n", index, vmig_errno_name(ret));
		return;
	}
	fprintf(f, "region %u: flags %#x size %#llx offset %#llx\n", index, info->flags,
		(unsigned long long)info->size, (unsigned long long)info->offset);
	raw = (const void *)info;
	for (i = sizeof(*info); i < info->argsz; i++)
		fprintf(f, "%s%02x%s", i % 16 ? " " : "capability bytes: ", raw[i],
			i % 16 == 15 || i + 1 == info->argsz ? "\n" : "");
	free(info);
}

static void take_irq(FILE *f, struct vmig_device *dev, uint32_t index)
{
	struct vfio_irq_info info;
	int ret = __vmig_irq_info(dev, index, &info);

	if (ret)
		fprintf(f, "interrupt %u: %s\n", index, vmig_errno_name(ret));
	else
		fprintf(f, "interrupt %u: flags %#x count %u\n", index, info.flags, info.count);
}

/**
 * vmig_snapshot - all that a device says of itself
 * @dev: the device
 *
 * Device, region and interrupt info with the capability chains, the migration flags,
 * and whether there is DMA logging: what a consumer asks once and relies on for good.
 *
 * Return: text, a fact a line; free() it.
 */
char *vmig_snapshot(struct vmig_device *dev)
{
	struct vfio_device_info info;
	uint64_t flags = 0;
	size_t len;
	uint32_t i;
	char *text;
	FILE *f;
	int ret;

	f = open_memstream(&text, &len);
	if (!f)
		vmig_test_error("no memory");
	vmig_device_info(dev, &info);
	fprintf(f, "device: flags %#x regions %u interrupts %u\n", info.flags, info.num_regions,
		info.num_irqs);
	for (i = 0; i < info.num_regions; i++)
		take_region(f, dev, i);
	for (i = 0; i < info.num_irqs; i++)
		take_irq(f, dev, i);
	ret = __vmig_get_migration(dev, &flags);
	fprintf(f, "migration: %s, flags %#llx\n", vmig_errno_name(ret), (unsigned long long)flags);
	ret = __vmig_probe(dev, VFIO_DEVICE_FEATURE_DMA_LOGGING_START, 0);
	fprintf(f, "DMA logging: %s\n", vmig_errno_name(ret));
	fclose(f);
	return text;
}

static size_t copy_line(char *to, size_t room, const char *from)
{
	size_t len = strcspn(from, "\n");

	snprintf(to, room, "%.*s", (int)len, len ? from : "nothing");
	return len;
}

/**
 * vmig_snapshot_same - compare two snapshots
 * @before: the earlier one
 * @after: the later one
 * @d: the first difference, where there is one
 *
 * Return: true if they are the same.
 */
bool vmig_snapshot_same(const char *before, const char *after, struct vmig_difference *d)
{
	size_t a, b;

	while (*before || *after) {
		a = copy_line(d->was, sizeof(d->was), before);
		b = copy_line(d->is, sizeof(d->is), after);
		if (a != b || memcmp(before, after, a))
			return false;
		before += a + (before[a] == '\n');
		after += b + (after[b] == '\n');
	}
	return true;
}
