// SPDX-License-Identifier: GPL-2.0-only
/* Facts of a device: what sysfs says, who has it, what it says when it is opened. */
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <vmig/error.h>
#include "describe.h"
#include "probe.h"

#define CLASS_BRIDGE "0x06"

static bool ends_in(const char *s, const char *end)
{
	size_t n = strlen(s), m = strlen(end);

	return n >= m && !strcmp(s + n - m, end);
}

/* A driver of VFIO; before 6.1 there was no vfio-dev, and only the name shows it. */
static bool is_vfio(const char *sysfs, const char *driver)
{
	return vmig_probe_there("%s/vfio-dev", sysfs) || ends_in(driver, "vfio-pci") ||
	       ends_in(driver, "vfio_pci");
}

/* A driver of the host, and none that lets the other devices of its group be VFIO's. */
static bool is_hosts(const char *sysfs, const char *driver)
{
	return driver[0] && !is_vfio(sysfs, driver) && strcmp(driver, "pci-stub") &&
	       strcmp(driver, "pcieport");
}

static bool is_bridge(const char *sysfs)
{
	json_t *class = vmig_probe_line("%s/class", sysfs);
	const char *s = json_string_value(class);
	bool bridge = s && !strncmp(s, CLASS_BRIDGE, strlen(CLASS_BRIDGE));

	json_decref(class);
	return bridge;
}

/* The other devices of the group: a bridge does not count. */
static json_t *peers(const struct vmig_dev_id *id)
{
	char sysfs[PATH_MAX], dir[PATH_MAX], driver[64];
	json_t *names, *list = json_array(), *entry;
	const char *name;
	size_t i;

	names = vmig_probe_names("%s/iommu_group/devices", id->sysfs);
	json_array_foreach(names, i, entry) {
		name = json_string_value(entry);
		vmig_probe_real(sysfs, sizeof(sysfs), "%s/iommu_group/devices/%s", id->sysfs, name);
		if (!strcmp(name, id->name) || !sysfs[0] || is_bridge(sysfs))
			continue;
		snprintf(dir, sizeof(dir), "%s%s", vmig_root, sysfs);
		vmig_link_name(dir, "driver", driver, sizeof(driver));
		json_array_append_new(list, json_pack("{s:s, s:s, s:b, s:s}", "name", name,
						      "driver", driver, "host",
						      is_hosts(sysfs, driver), "sysfs", sysfs));
	}
	json_decref(names);
	return list;
}

static json_t *carries(const struct vmig_dev_id *id, const json_t *group)
{
	json_t *words = json_array(), *peer;
	size_t i;

	vmig_probe_carries(id->sysfs, words);
	json_array_foreach(group, i, peer) {
		vmig_probe_carries(vmig_probe_text(peer, "sysfs"), words);
	}
	return words;
}

/* Adds who has a node open; one line a process. */
static void add_users(json_t *users, const char *pid, const struct vmig_dev_id *id)
{
	json_t *fds = vmig_probe_names("/proc/%s/fd", pid), *fd;
	char link[PATH_MAX], target[PATH_MAX];
	ssize_t n;
	size_t i;

	json_array_foreach(fds, i, fd) {
		snprintf(link, sizeof(link), "%s/proc/%s/fd/%s", vmig_root, pid,
			 json_string_value(fd));
		n = readlink(link, target, sizeof(target) - 1);
		if (n <= 0)
			continue;
		target[n] = '\0';
		if (strcmp(target, id->cdev) && strcmp(target, id->group))
			continue;
		json_array_append_new(users, json_pack("{s:i, s:o, s:s}", "pid", atoi(pid), "comm",
						       vmig_probe_line("/proc/%s/comm", pid),
						       "node", target));
		break;
	}
	json_decref(fds);
}

/**
 * vmig_probe_users - who has a node of a device open
 * @id: the device
 *
 * Return: a JSON array, an object a process: pid, comm, node.
 */
json_t *vmig_probe_users(const struct vmig_dev_id *id)
{
	json_t *pids = vmig_probe_names("/proc"), *users = json_array(), *pid;
	size_t i;

	json_array_foreach(pids, i, pid) {
		if (strspn(json_string_value(pid), "0123456789") == json_string_length(pid))
			add_users(users, json_string_value(pid), id);
	}
	json_decref(pids);
	return users;
}

/* What a parent of mediated devices can make. */
static json_t *mdev_types(const struct vmig_dev_id *id)
{
	json_t *names = vmig_probe_names("%s/mdev_supported_types", id->sysfs),
	       *types = json_array();
	json_t *name, *left;
	size_t i;

	json_array_foreach(names, i, name) {
		left = vmig_probe_line("%s/mdev_supported_types/%s/available_instances", id->sysfs,
				       json_string_value(name));
		json_array_append_new(
			types, json_pack("{s:O, s:i}", "type", name, "available",
					 json_is_string(left) ? atoi(json_string_value(left)) : 0));
		json_decref(left);
	}
	json_decref(names);
	return types;
}

/* Opens an idle device both ways, and asks it what it can do. It is closed again at once. */
static void open_device(const struct vmig_dev_id *id, json_t *facts)
{
	json_t *opened = json_object(), *features = NULL;
	struct vmig_device *dev;
	const char *missing;
	int uapi, ret;

	for (uapi = VMIG_UAPI_CDEV; uapi <= VMIG_UAPI_GROUP; uapi++) {
		if (!vmig_uapi_available(id, uapi, &missing))
			continue;
		ret = __vmig_open(id, uapi, &dev);
		json_object_set_new(opened, vmig_uapi_name(uapi),
				    json_string(ret ? vmig_errno_name(ret) : "ok"));
		if (ret)
			continue;
		if (!features)
			features = vmig_describe_features(dev);
		vmig_close(dev);
	}
	json_object_set_new(facts, "opened", opened);
	if (features)
		json_object_set_new(facts, "features", features);
}

/*
 * Its node where VFIO has it without an IOMMU: the cdev, from v7.2 on, or the group. The name of
 * the IOMMU group is vfio-noiommu for a mediated device too (vfio_noiommu_group_alloc()).
 */
static void add_noiommu(const struct vmig_dev_id *id, json_t *facts)
{
	json_t *names = vmig_probe_names("%s/vfio-dev", id->sysfs);
	const char *name = json_string_value(json_array_get(names, 0));

	if (name && !strncmp(name, "noiommu-", strlen("noiommu-")))
		json_object_set_new(facts, "noiommu", json_sprintf("devices/%s", name));
	else if (vmig_probe_there("/sys/class/vfio/noiommu-%d", id->group_id))
		json_object_set_new(facts, "noiommu", json_sprintf("noiommu-%d", id->group_id));
	json_decref(names);
}

static json_t *basics(const struct vmig_dev_id *id)
{
	json_t *vendor = vmig_probe_line("%s/vendor", id->sysfs);
	json_t *device = vmig_probe_line("%s/device", id->sysfs);
	json_t *facts;

	facts = json_pack("{s:s, s:s, s:s, s:s, s:s, s:o, s:b, s:i, s:o, s:o}", "name", id->name,
			  "bus", id->bus, "sysfs", id->sysfs, "driver", id->driver, "module",
			  id->module, "module_info", vmig_describe_module(id), "vfio",
			  is_vfio(id->sysfs, id->driver), "iommu_group", id->group_id, "override",
			  vmig_probe_line("%s/driver_override", id->sysfs), "reset_methods",
			  vmig_probe_line("%s/reset_method", id->sysfs));
	if (json_is_string(vendor) && json_is_string(device))
		json_object_set_new(facts, "id",
				    json_sprintf("%s:%s", json_string_value(vendor) + 2,
						 json_string_value(device) + 2));
	/* An unwritten value reads so. */
	if (!strcmp(vmig_probe_text(facts, "override"), "(null)"))
		json_object_set_new(facts, "override", json_null());
	json_decref(vendor);
	json_decref(device);
	return facts;
}

/**
 * vmig_probe_device - facts of a device
 * @device: what vmig_resolve() found; its driver may be any, or none
 *
 * A VFIO device that is not in use is opened for a moment.
 *
 * Return: a JSON object.
 */
json_t *vmig_probe_device(const struct vmig_dev_id *device)
{
	struct vmig_dev_id id = *device;
	json_t *facts, *modalias, *group, *users;
	const char *alias;

	if (!strncmp(id.sysfs, vmig_root, strlen(vmig_root)))
		memmove(id.sysfs, id.sysfs + strlen(vmig_root),
			strlen(id.sysfs + strlen(vmig_root)) + 1);
	facts = basics(&id);
	add_noiommu(&id, facts);
	modalias = vmig_probe_line("%s/modalias", id.sysfs);
	alias = json_is_string(modalias) ? json_string_value(modalias) : "";
	json_object_set_new(facts, "candidates", vmig_probe_candidates(alias));
	json_object_set_new(facts, "sriov", vmig_probe_sriov(&id, alias));
	json_decref(modalias);
	group = peers(&id);
	json_object_set_new(facts, "peers", group);
	json_object_set_new(facts, "carries", carries(&id, group));
	json_object_set_new(
		facts, "cdev",
		json_pack("{s:s, s:o}", "path", id.cdev, "access", vmig_probe_access(id.cdev)));
	json_object_set_new(
		facts, "group",
		json_pack("{s:s, s:o}", "path", id.group, "access", vmig_probe_access(id.group)));
	users = vmig_probe_users(&id);
	json_object_set_new(facts, "users", users);
	json_object_set_new(facts, "mdev_types", mdev_types(&id));
	/* Of a tree that stands in for the system there is nothing to open. */
	if (!vmig_root[0] && is_vfio(id.sysfs, id.driver) && !json_array_size(users))
		open_device(&id, facts);
	return facts;
}

/* Is there anything that VFIO could do with the device? */
static bool of_interest(const json_t *facts)
{
	return vmig_probe_true(facts, "vfio") ||
	       json_array_size(vmig_probe_find(facts, "candidates")) ||
	       json_array_size(vmig_probe_find(facts, "sriov.candidates")) ||
	       json_array_size(vmig_probe_find(facts, "mdev_types")) ||
	       !strcmp(vmig_probe_text(facts, "bus"), "mdev");
}

/* The parent of mediated devices may be a PCI device too. */
static bool is_listed(const json_t *list, const char *sysfs)
{
	json_t *facts;
	size_t i;

	json_array_foreach(list, i, facts) {
		if (!strcmp(vmig_probe_text(facts, "sysfs"), sysfs + strlen(vmig_root)))
			return true;
	}
	return false;
}

/**
 * vmig_probe_devices - facts of each device of this host that VFIO could have
 * @others: how many PCI devices are left out, as no driver here could migrate them
 *
 * Return: a JSON array.
 */
json_t *vmig_probe_devices(unsigned int *others)
{
	static const char *const places[] = { "/sys/bus/pci/devices", "/sys/class/mdev_bus",
					      "/sys/bus/mdev/devices" };
	json_t *list = json_array(), *names, *name, *facts;
	struct vmig_dev_id id;
	char why[512], spec[PATH_MAX];
	unsigned int p;
	size_t i;

	*others = 0;
	for (p = 0; p < sizeof(places) / sizeof(places[0]); p++) {
		names = vmig_probe_names("%s", places[p]);
		json_array_foreach(names, i, name) {
			snprintf(spec, sizeof(spec), "%s%s/%s", vmig_root, places[p],
				 json_string_value(name));
			if ((vmig_resolve(spec, &id, why, sizeof(why)) && !id.sysfs[0]) ||
			    is_listed(list, id.sysfs))
				continue;
			facts = vmig_probe_device(&id);
			if (of_interest(facts)) {
				json_array_append_new(list, facts);
				continue;
			}
			*others += !p;
			json_decref(facts);
		}
		json_decref(names);
	}
	return list;
}
