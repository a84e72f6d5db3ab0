// SPDX-License-Identifier: GPL-2.0-only
/*
 * vmig_env DEVICE: what a result is about, as JSON on stdout (environment.json):
 * suite, kernel, device, driver, and what the device says it can do. Runs where the
 * device is. Exit code 0, or 2 with one sentence on stderr where there is no device
 * or it cannot be opened.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <time.h>

#include <jansson.h>

#include "../lib/migration/feature.h"
#include "../lib/spec/version.h"
#include "../lib/vfio/die.h"
#include "../lib/vfio/info.h"

#define EXIT_USAGE 2

/* A line of a sysfs or proc file as a JSON string, or null where it cannot be read. */
static json_t *file_line(const char *dir, const char *name)
{
	char path[1024], line[1024];
	json_t *s = NULL;
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	f = fopen(path, "re");
	if (f && fgets(line, sizeof(line), f)) {
		line[strcspn(line, "\n")] = '\0';
		s = json_string(line);
	}
	if (f)
		fclose(f);
	return s ? s : json_null();
}

static json_t *text_or_null(const char *s)
{
	return s[0] ? json_string(s) : json_null();
}

static json_t *suite(void)
{
	return json_pack("{s:s, s:s}", "version", vmig_version, "commit", vmig_commit);
}

static json_t *kernel(void)
{
	struct utsname uts;

	uname(&uts);
	return json_pack("{s:s, s:s, s:s, s:o, s:o}", "release", uts.release, "version",
			 uts.version, "machine", uts.machine, "cmdline",
			 file_line("/proc", "cmdline"), "taint_before",
			 file_line("/proc/sys/kernel", "tainted"));
}

static json_t *module(const struct vmig_dev_id *id)
{
	char dir[256];

	if (!id->module[0])
		return json_null();
	snprintf(dir, sizeof(dir), "/sys/module/%s", id->module);
	return json_pack("{s:s, s:o, s:o, s:o}", "name", id->module, "version",
			 file_line(dir, "version"), "srcversion", file_line(dir, "srcversion"),
			 "taint", file_line(dir, "taint"));
}

/* Names for people; the number is what the device said. */
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

static json_t *features(struct vmig_device *dev)
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

/* A device of the card that selftests/test_modules/firmware makes, and not of a vendor? */
static json_t *simulated(const struct vmig_dev_id *id)
{
	return json_boolean(strstr(id->sysfs, "/devices/platform/vfio_mig_fw/"));
}

static json_t *device(const struct vmig_dev_id *id)
{
	const char *why;
	json_t *ways = json_array();
	int way;

	for (way = VMIG_CDEV; way <= VMIG_GROUP; way++)
		if (vmig_way_there(id, way, &why))
			json_array_append_new(ways, json_string(vmig_way_name(way)));
	return json_pack("{s:s, s:s, s:s, s:s, s:s, s:o, s:o, s:o, s:i, s:o, s:o, s:o, s:o}",
			 "spec", id->spec, "name", id->name, "bus", id->bus, "sysfs", id->sysfs,
			 "driver", id->driver, "module", module(id), "cdev", text_or_null(id->cdev),
			 "group", text_or_null(id->group), "iommu_group", id->group_id, "ways",
			 ways, "vendor_id", file_line(id->sysfs, "vendor"), "device_id",
			 file_line(id->sysfs, "device"), "simulated_firmware", simulated(id));
}

int main(int argc, char **argv)
{
	struct vmig_device *dev = NULL;
	struct vmig_dev_id id;
	char why[512], now[32];
	const char *missing;
	time_t t = time(NULL);
	json_t *root;
	int way, ret = -ENOENT;

	if (argc != 2) {
		fprintf(stderr, "usage: vmig_env DEVICE\n");
		return EXIT_USAGE;
	}
	if (vmig_resolve(argv[1], &id, why, sizeof(why))) {
		fprintf(stderr, "%s\n", why);
		return EXIT_USAGE;
	}
	for (way = VMIG_CDEV; way <= VMIG_GROUP && !dev; way++)
		if (vmig_way_there(&id, way, &missing))
			ret = __vmig_open(&id, way, &dev);
	if (!dev) {
		fprintf(stderr, "%s cannot be opened: %s%s\n", id.name, vmig_errno_name(ret),
			ret == -EBUSY || ret == -EINVAL
				? ": another process has it; stop that one first"
			: ret == -EACCES || ret == -EPERM ? ": run as root"
							  : "");
		return EXIT_USAGE;
	}
	strftime(now, sizeof(now), "%Y-%m-%dT%H:%M:%SZ", gmtime(&t));
	root = json_pack("{s:s, s:o, s:o, s:o, s:o}", "started", now, "suite", suite(), "kernel",
			 kernel(), "device", device(&id), "features", features(dev));
	vmig_close(dev);
	if (!root || json_dumpf(root, stdout, JSON_INDENT(2)) || printf("\n") < 0 ||
	    fflush(stdout)) {
		fprintf(stderr, "environment.json cannot be written: %s\n", strerror(errno));
		return EXIT_USAGE;
	}
	json_decref(root);
	return 0;
}
