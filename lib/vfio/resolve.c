// SPDX-License-Identifier: GPL-2.0-only
/* Resolve a device name (BDF, UUID, cdev, sysfs path) to its group and cdev nodes. */
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <vmig/resolve.h>

const char *vmig_root = "";

/**
 * vmig_is_bdf - does this look like a PCI address?
 * @spec: what the user wrote
 *
 * Return: true of segment:bus:device.function, as sysfs writes them.
 */
bool vmig_is_bdf(const char *spec)
{
	unsigned int segment, bus, device, function;
	int len = 0;

	return isxdigit((unsigned char)spec[0]) &&
	       sscanf(spec, "%8x:%2x:%2x.%1x%n", &segment, &bus, &device, &function, &len) == 4 &&
	       !spec[len];
}

static const char *last_component(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

/**
 * vmig_link_name - the name of what a symlink of sysfs points at
 * @dir: directory of the link
 * @link: its name
 * @name: where the last component of its target goes, "" if there is none
 * @len: size of @name
 */
void vmig_link_name(const char *dir, const char *link, char *name, size_t len)
{
	char path[PATH_MAX], target[PATH_MAX];

	snprintf(path, sizeof(path), "%s/%s", dir, link);
	name[0] = '\0';
	if (realpath(path, target) && strlen(last_component(target)) < len)
		strcpy(name, last_component(target));
}

/* A directory of a device, and not any other file of sysfs or of elsewhere. */
static bool is_device(const char *sysfs)
{
	char path[PATH_MAX + 16];
	size_t len = strlen(vmig_root);

	snprintf(path, sizeof(path), "%s/subsystem", sysfs);
	return !strncmp(sysfs, vmig_root, len) && !strncmp(sysfs + len, "/sys/", 5) &&
	       !access(path, F_OK);
}

static int find_sysfs(const char *spec, char *sysfs)
{
	static const char *const places[] = {
		"%s/sys/bus/pci/devices/%s",  "%s/sys/bus/pci/devices/0000:%s",
		"%s/sys/bus/mdev/devices/%s", "%s/sys/class/vfio-dev/%s/device",
		"%s/sys/class/mdev_bus/%s",
	};
	char path[PATH_MAX];
	unsigned int i;

	if (!strncmp(spec, "/dev/vfio/devices/", 18))
		spec = last_component(spec);
	if (spec[0] == '/')
		return realpath(spec, sysfs) && is_device(sysfs) ? 0 : -ENODEV;
	for (i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		snprintf(path, sizeof(path), places[i], vmig_root, spec);
		if (realpath(path, sysfs) && is_device(sysfs))
			return 0;
	}
	return -ENODEV;
}

static void find_cdev(struct vmig_dev_id *id)
{
	char path[PATH_MAX];
	struct dirent *e;
	DIR *dir;

	snprintf(path, sizeof(path), "%s/vfio-dev", id->sysfs);
	dir = opendir(path);
	if (!dir)
		return;
	while ((e = readdir(dir))) {
		if (strncmp(e->d_name, "vfio", 4))
			continue;
		snprintf(path, sizeof(path), "%s/dev/vfio/devices/%s", vmig_root, e->d_name);
		if (!access(path, F_OK))
			snprintf(id->cdev, sizeof(id->cdev), "/dev/vfio/devices/%.100s", e->d_name);
	}
	closedir(dir);
}

static void find_group(struct vmig_dev_id *id)
{
	char path[PATH_MAX], number[32];
	char *end;
	long n;

	vmig_link_name(id->sysfs, "iommu_group", number, sizeof(number));
	n = strtol(number, &end, 10);
	if (!number[0] || *end)
		return;
	id->group_id = n;
	snprintf(id->group, sizeof(id->group), "/dev/vfio/%ld", n);
	snprintf(path, sizeof(path), "%s%s", vmig_root, id->group);
	if (access(path, F_OK))
		id->group[0] = '\0';
}

/**
 * vmig_resolve - find a device by what the user calls it
 * @spec: PCI BDF, mdev UUID, /dev/vfio/devices/vfioN, or a path in sysfs
 * @id: where the answer goes
 * @why: one sentence when it fails: what is wrong and what to do
 * @len: size of @why
 *
 * Looks at sysfs only and opens nothing. A node that the kernel does not offer has
 * an empty path; that is an error only when there is none at all.
 *
 * Return: 0, -ENODEV for no such device, -ENXIO for one that VFIO does not have, of which
 * @id says all the same what there is.
 */
int vmig_resolve(const char *spec, struct vmig_dev_id *id, char *why, size_t len)
{
	char path[PATH_MAX], sysfs[PATH_MAX];

	memset(id, 0, sizeof(*id));
	id->group_id = -1;
	snprintf(id->spec, sizeof(id->spec), "%s", spec);

	if (find_sysfs(spec, sysfs) || strlen(sysfs) >= sizeof(id->sysfs)) {
		snprintf(why, len,
			 "no device '%s': give a PCI address such as 0000:3b:00.2, an mdev UUID, "
			 "/dev/vfio/devices/vfioN, or a path under /sys",
			 spec);
		return -ENODEV;
	}
	strcpy(id->sysfs, sysfs);
	snprintf(id->name, sizeof(id->name), "%.127s", last_component(sysfs));
	vmig_link_name(sysfs, "subsystem", id->bus, sizeof(id->bus));
	vmig_link_name(sysfs, "driver", id->driver, sizeof(id->driver));
	snprintf(path, sizeof(path), "%.500s/driver", sysfs);
	vmig_link_name(path, "module", id->module, sizeof(id->module));
	find_cdev(id);
	find_group(id);

	if (!id->driver[0]) {
		snprintf(why, len, "%s has no driver: bind it to its VFIO migration driver first",
			 id->name);
		return -ENXIO;
	}
	if (!id->cdev[0] && !id->group[0]) {
		snprintf(
			why, len,
			"%s is bound to %s and neither a VFIO cdev nor a VFIO group exists for it: "
			"bind it to its VFIO migration driver first",
			id->name, id->driver);
		return -ENXIO;
	}
	return 0;
}
