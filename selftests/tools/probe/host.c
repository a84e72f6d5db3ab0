// SPDX-License-Identifier: GPL-2.0-only
/* Facts of the host: kernel, IOMMU, the nodes that group and cdev share, limits. */
#include <limits.h>
#include <linux/capability.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "probe.h"

/* What rules ask for; a profile names more. */
static const char *const options[] = {
	"CONFIG_VFIO",		"CONFIG_VFIO_PCI",	 "CONFIG_VFIO_DEVICE_CDEV",
	"CONFIG_VFIO_GROUP",	"CONFIG_VFIO_CONTAINER", "CONFIG_IOMMUFD",
	"CONFIG_IOMMU_SUPPORT", "CONFIG_INTEL_IOMMU",	 "CONFIG_AMD_IOMMU",
	"CONFIG_ARM_SMMU_V3",	"CONFIG_PCI_IOV",
};

/* The lines of the kernel's configuration, from where this kernel has it; or NULL. */
static FILE *open_config(bool *piped)
{
	static const char *const places[] = { "/boot/config-%s", "/lib/modules/%s/config",
					      "/lib/modules/%s/build/.config" };
	char path[PATH_MAX], tail[256], command[PATH_MAX + 32];
	struct utsname uts;
	FILE *f = NULL;
	unsigned int i;

	*piped = vmig_probe_there("/proc/config.gz");
	if (*piped) {
		snprintf(command, sizeof(command), "gzip -dc '%s/proc/config.gz' 2>/dev/null",
			 vmig_root);
		return popen(command, "re");
	}
	uname(&uts);
	for (i = 0; i < sizeof(places) / sizeof(places[0]) && !f; i++) {
		snprintf(tail, sizeof(tail), places[i], uts.release);
		snprintf(path, sizeof(path), "%s%s", vmig_root, tail);
		f = fopen(path, "re");
	}
	return f;
}

/**
 * vmig_probe_host_config - options of the kernel's configuration
 * @more: a JSON array of names, besides those that the rules ask for
 *
 * Return: a JSON object, each name with "y", "m" or "n"; empty if there is no configuration
 * to read.
 */
json_t *vmig_probe_host_config(const json_t *more)
{
	json_t *config = json_object(), *name;
	char line[512], key[256], value[8];
	bool piped;
	FILE *f = open_config(&piped);
	size_t i;

	if (!f)
		return config;
	for (i = 0; i < sizeof(options) / sizeof(options[0]); i++)
		json_object_set_new(config, options[i], json_string("n"));
	json_array_foreach(more, i, name) {
		json_object_set_new(config, json_string_value(name), json_string("n"));
	}
	for (i = 0; fgets(line, sizeof(line), f); i++)
		if (sscanf(line, "%255[A-Z0-9_a-z]=%7[ym]", key, value) == 2 &&
		    json_object_get(config, key))
			json_object_set_new(config, key, json_string(value));
	/* A pipe from a command that failed has said nothing. */
	if (!i)
		json_object_clear(config);
	if (piped)
		pclose(f);
	else
		fclose(f);
	return config;
}

static json_t *kernel(void)
{
	int major = 0, minor = 0;
	struct utsname uts;

	uname(&uts);
	sscanf(uts.release, "%d.%d", &major, &minor);
	return json_pack("{s:s, s:s, s:i, s:i}", "release", uts.release, "machine", uts.machine,
			 "major", major, "minor", minor);
}

/* May we lock more memory than our limit says (CAP_IPC_LOCK)? */
static bool ipc_lock(void)
{
	unsigned long long effective = 0;
	char path[PATH_MAX], line[256];
	FILE *f;

	snprintf(path, sizeof(path), "%s/proc/self/status", vmig_root);
	f = fopen(path, "re");
	while (f && fgets(line, sizeof(line), f))
		if (sscanf(line, "CapEff: %llx", &effective) == 1)
			break;
	if (f)
		fclose(f);
	return effective >> CAP_IPC_LOCK & 1;
}

static json_t *memlock(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_MEMLOCK, &limit) || limit.rlim_cur == RLIM_INFINITY)
		return json_null();
	return json_integer(limit.rlim_cur);
}

static json_t *number(json_t *line)
{
	json_t *n =
		json_is_string(line) ? json_integer(atoll(json_string_value(line))) : json_null();

	json_decref(line);
	return n;
}

static json_t *hugepages(void)
{
	json_t *list = json_array(), *names = vmig_probe_names("/sys/kernel/mm/hugepages"), *entry;
	const char *name;
	size_t i;

	json_array_foreach(names, i, entry) {
		name = json_string_value(entry);
		json_array_append_new(
			list,
			json_pack("{s:i, s:o, s:o}", "kib",
				  atoi(name + strcspn(name, "0123456789")), "pages",
				  number(vmig_probe_line("/sys/kernel/mm/hugepages/%s/nr_hugepages",
							 name)),
				  "free",
				  number(vmig_probe_line(
					  "/sys/kernel/mm/hugepages/%s/free_hugepages", name))));
	}
	json_decref(names);
	return list;
}

/**
 * vmig_probe_host - facts of the host
 *
 * Return: a JSON object.
 */
json_t *vmig_probe_host(void)
{
	json_t *groups = vmig_probe_names("/sys/kernel/iommu_groups"),
	       *configs = vmig_probe_profile_configs();
	json_t *host;
	char name[256] = "";

	gethostname(name, sizeof(name) - 1);
	host = json_pack("{s:s, s:o, s:o, s:i, s:o, s:o, s:b, s:o, s:b, s:o, s:o}", "name", name,
			 "kernel", kernel(), "iommus", vmig_probe_names("/sys/class/iommu"),
			 "groups", (int)json_array_size(groups), "iommufd",
			 vmig_probe_access("/dev/iommu"), "container",
			 vmig_probe_access("/dev/vfio/vfio"), "root", !geteuid(), "memlock",
			 memlock(), "ipc_lock", ipc_lock(), "hugepages", hugepages(), "config",
			 vmig_probe_host_config(configs));
	json_decref(groups);
	json_decref(configs);
	return host;
}
