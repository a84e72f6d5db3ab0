// SPDX-License-Identifier: GPL-2.0-only
/* Identity of a device for the header of a stream file; reads sysfs and opens no device. */
#include <dirent.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <time.h>

#include <vmig/stream_identity.h>
#include <vmig/sysfs.h>

static void line_of(const char *dir, const char *name, char *line, size_t size)
{
	char path[PATH_MAX];

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	vmig_sysfs_line(path, line, size);
}

/* The first directory in a directory; false where there is none. */
static bool first_entry(const char *dir, char *path, size_t size)
{
	struct dirent *e = NULL;
	DIR *d = opendir(dir);

	while (d && (e = readdir(d)) && e->d_name[0] == '.')
		;
	if (e)
		snprintf(path, size, "%.700s/%s", dir, e->d_name);
	if (d)
		closedir(d);
	return e;
}

static bool find_attribute(const char *dir, char *version, size_t size)
{
	char stack[700], device[1024];

	line_of(dir, "fw_version", version, size);
	if (!version[0])
		line_of(dir, "fw_ver", version, size);
	snprintf(stack, sizeof(stack), "%.600s/infiniband", dir);
	if (!version[0] && first_entry(stack, device, sizeof(device)))
		line_of(device, "fw_ver", version, size);
	return version[0];
}

/*
 * Where firmware says its version: an attribute of the device, or of its physical function,
 * whose firmware it is; for what mlx5 makes in the RDMA stack, of that.
 */
static void find_firmware(const char *sysfs, char *version, size_t size)
{
	char dir[600];

	if (find_attribute(sysfs, version, size))
		return;
	snprintf(dir, sizeof(dir), "%s/physfn", sysfs);
	find_attribute(dir, version, size);
}

/* What a stream of it can be loaded into: the type of an mdev, the ids of a PCI device. */
static void find_kind(const struct vmig_dev_id *id, char *kind, size_t size)
{
	char path[PATH_MAX], target[PATH_MAX], vendor[16], device[16];
	const char *type;

	snprintf(path, sizeof(path), "%s/mdev_type", id->sysfs);
	if (realpath(path, target)) {
		type = strrchr(target, '/');
		snprintf(kind, size, "mdev %.80s", type ? type + 1 : target);
		return;
	}
	line_of(id->sysfs, "vendor", vendor, sizeof(vendor));
	line_of(id->sysfs, "device", device, sizeof(device));
	if (!strcmp(id->bus, "pci") && !strncmp(vendor, "0x", 2) && !strncmp(device, "0x", 2))
		snprintf(kind, size, "pci %s:%s", vendor + 2, device + 2);
	else
		snprintf(kind, size, "%s", id->bus[0] ? id->bus : "device");
}

/**
 * vmig_streamfile_describe - what the header of a device's streams says of the device
 * @id: the device
 * @f: filled, but for what is known of a stream only: length, checksum, flags, seed
 */
void vmig_streamfile_describe(const struct vmig_dev_id *id, struct vmig_streamfile *f)
{
	char dir[128];
	struct utsname uts;

	memset(f, 0, sizeof(*f));
	f->length = VMIG_STREAMFILE_UNKNOWN;
	f->saved_at = time(NULL);
	snprintf(f->device, sizeof(f->device), "%s", id->name);
	snprintf(f->driver, sizeof(f->driver), "%s", id->driver);
	find_kind(id, f->kind, sizeof(f->kind));
	if (id->module[0]) {
		snprintf(dir, sizeof(dir), "/sys/module/%s", id->module);
		line_of(dir, "version", f->driver_version, sizeof(f->driver_version));
		line_of(dir, "srcversion", f->srcversion, sizeof(f->srcversion));
	}
	find_firmware(id->sysfs, f->firmware, sizeof(f->firmware));
	if (!uname(&uts))
		snprintf(f->kernel, sizeof(f->kernel), "%.60s %.60s", uts.release, uts.machine);
}
