// SPDX-License-Identifier: GPL-2.0-only
/*
 * vmig_env DEVICE: describe the tested system as JSON on stdout (environment.json):
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

#include <vmig/version.h>
#include <vmig/error.h>
#include <vmig/open_any.h>
#include "describe.h"

#define EXIT_USAGE 2

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
			 vmig_file_line("/proc", "cmdline"), "taint_before",
			 vmig_file_line("/proc/sys/kernel", "tainted"));
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

	for (way = 0; way < VMIG_NR_UAPIS; way++)
		if (vmig_uapi_available(id, way, &why))
			json_array_append_new(ways, json_string(vmig_uapi_name(way)));
	return json_pack("{s:s, s:s, s:s, s:s, s:s, s:o, s:o, s:o, s:i, s:o, s:o, s:o, s:o}",
			 "spec", id->spec, "name", id->name, "bus", id->bus, "sysfs", id->sysfs,
			 "driver", id->driver, "module", vmig_describe_module(id), "cdev",
			 text_or_null(id->cdev), "group", text_or_null(id->group), "iommu_group",
			 id->group_id, "ways", ways, "vendor_id",
			 vmig_file_line(id->sysfs, "vendor"), "device_id",
			 vmig_file_line(id->sysfs, "device"), "simulated_firmware", simulated(id));
}

static void give_up(const char *message)
{
	fprintf(stderr, "%s\n", message);
	exit(EXIT_USAGE);
}

int main(int argc, char **argv)
{
	struct vmig_device *dev;
	struct vmig_dev_id id;
	char why[512], now[32];
	time_t t = time(NULL);
	json_t *root;

	vmig_set_fail_hook(give_up);
	if (argc != 2) {
		fprintf(stderr, "usage: vmig_env DEVICE\n");
		return EXIT_USAGE;
	}
	if (vmig_resolve(argv[1], &id, why, sizeof(why))) {
		fprintf(stderr, "%s\n", why);
		return EXIT_USAGE;
	}
	if (vmig_open_any(&id, &dev, why, sizeof(why))) {
		fprintf(stderr, "%s\n", why);
		return EXIT_USAGE;
	}
	strftime(now, sizeof(now), "%Y-%m-%dT%H:%M:%SZ", gmtime(&t));
	root = json_pack("{s:s, s:o, s:o, s:o, s:o}", "started", now, "suite", suite(), "kernel",
			 kernel(), "device", device(&id), "features", vmig_describe_features(dev));
	vmig_close(dev);
	if (!root || json_dumpf(root, stdout, JSON_INDENT(2)) || printf("\n") < 0 ||
	    fflush(stdout)) {
		fprintf(stderr, "environment.json cannot be written: %s\n", strerror(errno));
		return EXIT_USAGE;
	}
	json_decref(root);
	return 0;
}
