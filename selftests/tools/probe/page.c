// SPDX-License-Identifier: GPL-2.0-only
/* Print the facts and findings of the probe as text. */
#include <stdio.h>
#include <string.h>

#include "probe.h"

#define WIDTH 100
#define LABEL 17

/* A line of text, broken at blanks; what follows the first line is indented. */
static void wrap(unsigned int indent, unsigned int at, const char *text)
{
	size_t n, room;

	for (;;) {
		room = WIDTH - at;
		n = strlen(text);
		if (n > room) {
			for (n = room; n && text[n] != ' '; n--)
				;
			if (!n)
				n = strcspn(text, " ");
		}
		printf("%.*s\n", (int)n, text);
		text += n + (text[n] == ' ');
		if (!*text)
			return;
		printf("%*s", indent, "");
		at = indent;
	}
}

static void line(const char *label, const char *text)
{
	printf("  %-*s", LABEL - 2, label);
	wrap(LABEL, LABEL, *text ? text : "none");
}

static void line_of(const char *label, json_t *text)
{
	line(label, json_string_value(text));
	json_decref(text);
}

static json_t *hugepages(const json_t *host)
{
	json_t *words = json_array(), *size, *text;
	size_t i;

	json_array_foreach(vmig_probe_find(host, "hugepages"), i, size) {
		json_array_append_new(words, json_sprintf("%lld of %lld KiB",
							  vmig_probe_number(size, "pages", 0),
							  vmig_probe_number(size, "kib", 0)));
	}
	text = vmig_probe_join(words, ", ");
	json_decref(words);
	return text;
}

static void limits(const json_t *host)
{
	const char *capable =
		vmig_probe_true(host, "ipc_lock") ? ", not binding (CAP_IPC_LOCK)" : "";
	long long bytes = vmig_probe_number(host, "memlock", -1);

	if (bytes < 0)
		line("Locked memory", "unlimited");
	else
		line_of("Locked memory", json_sprintf("%lld KiB%s", bytes >> 10, capable));
}

/**
 * vmig_probe_page_host - the host's part of the page
 * @host: facts
 */
void vmig_probe_page_host(const json_t *host)
{
	json_t *iommus = vmig_probe_join(vmig_probe_find(host, "iommus"), ", ");
	long long groups = vmig_probe_number(host, "groups", 0);

	printf("Host %s\n", vmig_probe_text(host, "name"));
	line_of("Kernel", json_sprintf("%s %s%s", vmig_probe_text(host, "kernel.release"),
				       vmig_probe_text(host, "kernel.machine"),
				       json_object_size(vmig_probe_find(host, "config"))
					       ? ""
					       : " (its configuration is not to be read)"));
	line_of("IOMMU", json_sprintf("%s%s%lld groups", json_string_value(iommus),
				      *json_string_value(iommus) ? ", " : "", groups));
	line_of("For the cdev", json_sprintf("/dev/iommu %s", vmig_probe_text(host, "iommufd")));
	line_of("For the group",
		json_sprintf("/dev/vfio/vfio %s", vmig_probe_text(host, "container")));
	limits(host);
	line_of("Huge pages", hugepages(host));
	json_decref(iommus);
}

static void drivers(const json_t *device)
{
	json_t *words = json_array(), *c;
	const char *driver = vmig_probe_text(device, "driver");
	size_t i;

	line_of("Driver",
		json_sprintf("%s%s%s%s", *driver ? driver : "none",
			     vmig_probe_true(device, "vfio") ? ", of VFIO" : "",
			     vmig_probe_text(device, "override")[0] ? ", driver_override " : "",
			     vmig_probe_text(device, "override")));
	json_array_foreach(vmig_probe_find(device, "candidates"), i, c) {
		json_array_append_new(words,
				      json_sprintf("%s (%s)", vmig_probe_text(c, "driver"),
						   vmig_probe_true(c, "loaded")	 ? "loaded"
						   : vmig_probe_true(c, "there") ? "not loaded"
						   : json_is_false(json_object_get(c, "there"))
							   ? "not installed"
							   : "installed or not"));
	}
	if (json_array_size(words))
		line_of("Could be", vmig_probe_join(words, ", "));
	json_decref(words);
}

static void sriov(const json_t *device)
{
	const char *role = vmig_probe_text(device, "sriov.role");
	json_t *list;

	if (!strcmp(role, "vf")) {
		line_of("Function",
			json_sprintf("virtual, number %lld of %s (%s)",
				     vmig_probe_number(device, "sriov.index", -1),
				     vmig_probe_text(device, "sriov.pf.name"),
				     vmig_probe_text(device, "sriov.pf.driver")[0]
					     ? vmig_probe_text(device, "sriov.pf.driver")
					     : "no driver"));
		if (vmig_probe_find(device, "sriov.devlink"))
			line_of("devlink",
				json_sprintf("port %s, migratable %s",
					     vmig_probe_text(device, "sriov.devlink.port"),
					     vmig_probe_text(device, "sriov.devlink.migratable")));
	} else if (!strcmp(role, "pf")) {
		list = vmig_probe_join(vmig_probe_find(device, "sriov.vfs"), ", ");
		line_of("Function", json_sprintf("physical, with %lld of %lld virtual ones%s%s",
						 vmig_probe_number(device, "sriov.numvfs", 0),
						 vmig_probe_number(device, "sriov.totalvfs", 0),
						 *json_string_value(list) ? ": " : "",
						 json_string_value(list)));
		json_decref(list);
	}
}

static void way(const json_t *device, const char *name)
{
	char path[32], access[32], opened[32];
	const char *tried;

	snprintf(path, sizeof(path), "%s.path", name);
	snprintf(access, sizeof(access), "%s.access", name);
	snprintf(opened, sizeof(opened), "opened.%s", name);
	tried = vmig_probe_text(device, opened);
	if (!vmig_probe_text(device, path)[0])
		line(name, "no node");
	else
		line_of(name, json_sprintf("%s, access %s%s%s", vmig_probe_text(device, path),
					   vmig_probe_text(device, access),
					   *tried ? ", opened: " : "", tried));
}

static void group(const json_t *device)
{
	json_t *words = json_array(), *peer, *text;
	size_t i;

	json_array_foreach(vmig_probe_find(device, "peers"), i, peer) {
		json_array_append_new(words, json_sprintf("%s (%s)", vmig_probe_text(peer, "name"),
							  vmig_probe_text(peer, "driver")[0]
								  ? vmig_probe_text(peer, "driver")
								  : "no driver"));
	}
	text = vmig_probe_join(words, ", ");
	if (vmig_probe_number(device, "iommu_group", -1) < 0)
		line("IOMMU group", "none");
	else
		line_of("IOMMU group",
			json_sprintf("%lld%s%s", vmig_probe_number(device, "iommu_group", -1),
				     json_array_size(words) ? ", with " : ", alone",
				     json_string_value(text)));
	json_decref(text);
	json_decref(words);
}

static void features(const json_t *device)
{
	long long size = vmig_probe_number(device, "features.data_size", -1);
	bool migration = vmig_probe_true(device, "features.migration");
	json_t *text;

	if (!vmig_probe_find(device, "features"))
		return;
	text = vmig_probe_join(vmig_probe_find(device, "features.flag_names"), ", ");
	line("Migration", migration ? json_string_value(text) : "no");
	json_decref(text);
	line("DMA logging", vmig_probe_true(device, "features.dma_logging") ? "yes" : "no");
	if (size < 0)
		line("MIG_DATA_SIZE", "not offered");
	else
		line_of("MIG_DATA_SIZE", json_sprintf("%lld bytes", size));
	line("VFIO reset", vmig_probe_true(device, "features.reset") ? "yes" : "not advertised");
}

static void list(const json_t *device, const char *name)
{
	json_t *entry;
	size_t i;

	json_array_foreach(vmig_probe_find(device, name), i, entry) {
		printf("    %s\n      ", vmig_probe_text(entry, "id"));
		wrap(6, 6, vmig_probe_text(entry, "why"));
		printf("      -> ");
		wrap(9, 9, vmig_probe_text(entry, "step"));
	}
}

static void hosts_part(const json_t *device)
{
	json_t *text = vmig_probe_join(vmig_probe_find(device, "carries"), ", ");

	if (*json_string_value(text))
		line("Carries", json_string_value(text));
	json_decref(text);
}

/**
 * vmig_probe_page_device - a device's part of the page
 * @device: facts, judged
 */
void vmig_probe_page_device(const json_t *device)
{
	const json_t *verdict = json_object_get(device, "migratable");
	const char *id = vmig_probe_text(device, "id"),
		   *reset = vmig_probe_text(device, "reset_methods");

	printf("\n%s%s%s, bus %s\n", vmig_probe_text(device, "name"), *id ? ", " : "", id,
	       vmig_probe_text(device, "bus"));
	drivers(device);
	sriov(device);
	group(device);
	hosts_part(device);
	if (vmig_probe_true(device, "vfio")) {
		way(device, "cdev");
		way(device, "group");
	}
	features(device);
	if (*reset)
		line("Reset methods", reset);
	line("Migratable", json_is_true(verdict)    ? "yes"
			   : json_is_false(verdict) ? "no:"
						    : "not to be seen:");
	list(device, "reasons");
	if (json_array_size(vmig_probe_find(device, "notes"))) {
		printf("  With less\n");
		list(device, "notes");
	}
}
