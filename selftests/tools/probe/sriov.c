// SPDX-License-Identifier: GPL-2.0-only
/* Physical and virtual functions, and what devlink says of the latter. */
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "probe.h"

/* What `devlink -j port show` has printed. */
static json_t *ports;

/**
 * vmig_probe_devlink_load - ask devlink for its ports
 * @options: the command to run
 *
 * A tool that is missing, fails or takes longer than it gives itself leaves nothing.
 */
void vmig_probe_devlink_load(const struct probe_options *options)
{
	FILE *f = options->devlink ? popen(options->devlink, "re") : NULL;

	ports = f ? json_loadf(f, 0, NULL) : NULL;
	if (f)
		pclose(f);
}

/**
 * vmig_probe_devlink - may a virtual function be migrated, as devlink says?
 * @pf: PCI address of its physical function
 * @vf: its number, from 0
 *
 * Return: a JSON object: port, migratable ("enable" or "disable"), or null where devlink
 * knows no port of it, or no such capability of the port.
 */
json_t *vmig_probe_devlink(const char *pf, int vf)
{
	const char *name, *state;
	char handle[128];
	json_t *port;

	snprintf(handle, sizeof(handle), "pci/%s/", pf);
	json_object_foreach(json_object_get(ports, "port"), name, port) {
		state = vmig_probe_text(port, "function.migratable");
		if (!strncmp(name, handle, strlen(handle)) && state[0] &&
		    !strcmp(vmig_probe_text(port, "flavour"), "pcivf") &&
		    vmig_probe_number(port, "vfnum", -1) == vf)
			return json_pack("{s:s, s:s}", "port", name, "migratable", state);
	}
	return json_null();
}

static long long number(const char *sysfs, const char *name)
{
	json_t *line = vmig_probe_line("%s/%s", sysfs, name);
	long long n = json_is_string(line) ? atoll(json_string_value(line)) : 0;

	json_decref(line);
	return n;
}

/* The drivers for the virtual functions of a physical one, whether it has some now or not. */
static json_t *vf_candidates(const char *sysfs, const char *modalias)
{
	json_t *device = vmig_probe_line("%s/sriov_vf_device", sysfs);
	char alias[256] = "";
	unsigned int vendor, id;

	if (json_is_string(device) && sscanf(modalias, "pci:v%8x", &vendor) == 1 &&
	    sscanf(json_string_value(device), "%x", &id) == 1)
		snprintf(alias, sizeof(alias), "pci:v%08Xd%08Xsv00000000sd00000000bc00sc00i00",
			 vendor, id);
	json_decref(device);
	return vmig_probe_candidates(alias);
}

static json_t *functions(const char *sysfs)
{
	json_t *names = vmig_probe_names("%s", sysfs), *vfs = json_array(), *name;
	char target[PATH_MAX];
	size_t i;

	json_array_foreach(names, i, name) {
		if (strncmp(json_string_value(name), "virtfn", 6))
			continue;
		vmig_probe_real(target, sizeof(target), "%s/%s", sysfs, json_string_value(name));
		if (target[0])
			json_array_append_new(vfs, json_string(strrchr(target, '/') + 1));
	}
	json_decref(names);
	return vfs;
}

/* The number of a virtual function, by the links that its physical one has. */
static int vf_index(const char *pf, const char *vf)
{
	char target[PATH_MAX];
	int i;

	for (i = 0; vmig_probe_there("%s/virtfn%d", pf, i); i++) {
		vmig_probe_real(target, sizeof(target), "%s/virtfn%d", pf, i);
		if (!strcmp(target, vf))
			return i;
	}
	return -1;
}

/**
 * vmig_probe_sriov - physical function, virtual function, or neither
 * @id: the device; its sysfs path without vmig_root
 * @modalias: its modalias
 *
 * Return: a JSON object: role ("pf", "vf", "none"), and for a pf: totalvfs, numvfs, vfs,
 * candidates for its virtual functions; for a vf: pf, index, devlink.
 */
json_t *vmig_probe_sriov(const struct vmig_dev_id *id, const char *modalias)
{
	char pf[PATH_MAX], dir[PATH_MAX], driver[64];
	long long total = number(id->sysfs, "sriov_totalvfs");
	const char *name;
	int index;

	if (total > 0)
		return json_pack(
			"{s:s, s:I, s:I, s:o, s:o}", "role", "pf", "totalvfs", (json_int_t)total,
			"numvfs", (json_int_t)number(id->sysfs, "sriov_numvfs"), "vfs",
			functions(id->sysfs), "candidates", vf_candidates(id->sysfs, modalias));
	vmig_probe_real(pf, sizeof(pf), "%s/physfn", id->sysfs);
	if (!pf[0])
		return json_pack("{s:s}", "role", "none");
	snprintf(dir, sizeof(dir), "%s%s", vmig_root, pf);
	vmig_link_name(dir, "driver", driver, sizeof(driver));
	name = strrchr(pf, '/') + 1;
	index = vf_index(pf, id->sysfs);
	return json_pack("{s:s, s:{s:s, s:s}, s:i, s:o}", "role", "vf", "pf", "name", name,
			 "driver", driver, "index", index, "devlink",
			 vmig_probe_devlink(name, index));
}
