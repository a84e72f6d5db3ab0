// SPDX-License-Identifier: GPL-2.0-only
/* Describe a device and its driver as JSON. */
#include <stdio.h>
#include <string.h>

#include <vmig/feature.h>
#include <vmig/info.h>
#include <vmig/sysfs.h>
#include "describe.h"

/**
 * vmig_file_line - the first line of a file of /sys or /proc
 * @dir: its directory
 * @name: its name
 *
 * Return: a JSON string, or null where it cannot be read.
 */
json_t *vmig_file_line(const char *dir, const char *name)
{
	char path[1024], line[1024];
	json_t *s = NULL;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	if (vmig_sysfs_line(path, line, sizeof(line)))
		s = json_string(line);
	return s ? s : json_null();
}

/**
 * vmig_describe_module - the module of a device's driver
 * @id: the device
 *
 * Return: its name, version, srcversion and taint, or null for one that is built in.
 */
json_t *vmig_describe_module(const struct vmig_dev_id *id)
{
	char dir[256];

	if (!id->module[0])
		return json_null();
	snprintf(dir, sizeof(dir), "/sys/module/%s", id->module);
	return json_pack("{s:s, s:o, s:o, s:o}", "name", id->module, "version",
			 vmig_file_line(dir, "version"), "srcversion",
			 vmig_file_line(dir, "srcversion"), "taint", vmig_file_line(dir, "taint"));
}

/* Names; the number is what the device said. */
static json_t *flag_names(uint64_t flags)
{
	static const char *const names[] = { "STOP_COPY", "P2P", "PRE_COPY" };
	json_t *array = json_array();
	char number[32];
	int bit;

	for (bit = 0; bit < 64; bit++) {
		if (!(flags & 1ULL << bit))
			continue;
		snprintf(number, sizeof(number), "bit %d", bit);
		json_array_append_new(array, json_string(bit < 3 ? names[bit] : number));
	}
	return array;
}

/**
 * vmig_describe_features - what a device says it can do
 * @dev: the device
 *
 * Return: the migration features, decoded, and counts of its regions and interrupts.
 */
json_t *vmig_describe_features(struct vmig_device *dev)
{
	bool logging = !__vmig_probe(dev, VFIO_DEVICE_FEATURE_DMA_LOGGING_START, 0);
	struct vfio_device_info info;
	uint64_t flags = 0, size = 0;
	json_t *f;

	f = json_object();
	json_object_set_new(f, "migration", json_boolean(!__vmig_get_migration(dev, &flags)));
	json_object_set_new(f, "flags", json_integer(flags));
	json_object_set_new(f, "flag_names", flag_names(flags));
	json_object_set_new(f, "dma_logging", json_boolean(logging));
	json_object_set_new(f, "data_size",
			    __vmig_get_data_size(dev, &size) ? json_null() : json_integer(size));
	json_object_set_new(
		f, "precopy_info_v2",
		json_boolean(!__vmig_probe(dev, VFIO_DEVICE_FEATURE_MIG_PRECOPY_INFOv2, 0)));
	if (__vmig_device_info(dev, &info))
		return f;
	json_object_set_new(f, "reset", json_boolean(info.flags & VFIO_DEVICE_FLAGS_RESET));
	json_object_set_new(f, "regions", json_integer(info.num_regions));
	json_object_set_new(f, "irqs", json_integer(info.num_irqs));
	return f;
}
