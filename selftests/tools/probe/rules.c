// SPDX-License-Identifier: GPL-2.0-only
/* Rules on the facts: rules.def has the texts, this file the conditions. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <vmig/kernel_range.h>
#include "probe.h"

/* What is mapped for DMA is locked: of a test some MiB, of a VMM all memory of its guest. */
#define MEMLOCK_NEEDED (64LL << 20)

/* The driver of VFIO for any PCI device. */
#define GENERIC "vfio-pci"

enum kind { BLOCKS, HIDES, NOTE, HARM };

static bool config_is(const json_t *h, const char *name, const char *value)
{
	return !strcmp(vmig_probe_text(json_object_get(h, "config"), name), value);
}

static bool on(const json_t *d, const char *bus)
{
	return !strcmp(vmig_probe_text(d, "bus"), bus);
}

static bool has(const json_t *d, const char *array)
{
	return json_array_size(vmig_probe_find(d, array));
}

static bool is_access(const json_t *facts, const char *path, const char *what)
{
	return !strcmp(vmig_probe_text(facts, path), what);
}

static bool is_parent(const json_t *d)
{
	return has(d, "mdev_types");
}

/* A physical function that is there for its virtual ones, and no driver for itself. */
static bool is_pf(const json_t *d)
{
	return has(d, "sriov.candidates") && !has(d, "candidates") &&
	       !vmig_probe_true(d, "features.migration");
}

static bool is_parent_of_any(const json_t *d)
{
	return is_parent(d) || is_pf(d);
}

/* Has a driver the device that could migrate it? One that does so without an alias counts too. */
static bool bound_well(const json_t *d)
{
	const json_t *list = vmig_probe_find(d, "candidates");
	json_t *c;
	size_t i;

	if (vmig_probe_true(d, "features.migration"))
		return true;
	json_array_foreach(list, i, c) {
		if (!strcmp(vmig_probe_text(c, "driver"), vmig_probe_text(d, "driver")))
			return true;
	}
	return false;
}

/* A device that its driver would take, and offer no migration for. */
static bool is_no_vf(const json_t *d)
{
	return vmig_probe_true(d, "best.vfs_only") &&
	       strcmp(vmig_probe_text(d, "sriov.role"), "vf") &&
	       !vmig_probe_true(d, "features.migration");
}

/* Could a driver that is there have it, which has it not? */
static bool could_be(const json_t *d)
{
	return vmig_probe_find(d, "best") && !json_is_false(vmig_probe_find(d, "best.there")) &&
	       !bound_well(d) && !is_parent_of_any(d) && !is_no_vf(d);
}

/* Bound to a driver of VFIO that may have migration: all but the one for any device. */
static bool is_variant(const json_t *d)
{
	return vmig_probe_true(d, "vfio") && strcmp(vmig_probe_text(d, "driver"), GENERIC);
}

static bool opened(const json_t *d)
{
	return is_access(d, "opened.cdev", "ok") || is_access(d, "opened.group", "ok");
}

static bool all_errors_are(const json_t *d, const char *name)
{
	const json_t *ways = vmig_probe_find(d, "opened");
	const char *way;
	json_t *error;

	json_object_foreach((json_t *)ways, way, error) {
		if (!json_is_string(error) || strcmp(json_string_value(error), name))
			return false;
	}
	return json_object_size(ways);
}

static bool rule_kernel_too_old(const json_t *h, const json_t *d)
{
	long long major = vmig_probe_number(h, "kernel.major", 0);

	return major < 5 || (major == 5 && vmig_probe_number(h, "kernel.minor", 0) < 18);
}

static bool rule_config_no_vfio(const json_t *h, const json_t *d)
{
	return config_is(h, "CONFIG_VFIO", "n") && !vmig_probe_true(d, "vfio");
}

static bool rule_config_no_iommu(const json_t *h, const json_t *d)
{
	return on(d, "pci") && !vmig_probe_number(h, "groups", 0) &&
	       (config_is(h, "CONFIG_IOMMU_SUPPORT", "n") ||
		(config_is(h, "CONFIG_INTEL_IOMMU", "n") && config_is(h, "CONFIG_AMD_IOMMU", "n") &&
		 config_is(h, "CONFIG_ARM_SMMU_V3", "n")));
}

static bool rule_no_iommu(const json_t *h, const json_t *d)
{
	return on(d, "pci") && !vmig_probe_number(h, "groups", 0) && !rule_config_no_iommu(h, d);
}

static bool rule_no_iommu_group(const json_t *h, const json_t *d)
{
	return on(d, "pci") && vmig_probe_number(h, "groups", 0) &&
	       vmig_probe_number(d, "iommu_group", -1) < 0;
}

static bool rule_pf_not_vf(const json_t *h, const json_t *d)
{
	return is_pf(d) && !has(d, "sriov.vfs");
}

static bool rule_pf_has_vfs(const json_t *h, const json_t *d)
{
	return is_pf(d) && has(d, "sriov.vfs");
}

static bool rule_not_virtual(const json_t *h, const json_t *d)
{
	return is_no_vf(d);
}

static bool rule_mdev_parent(const json_t *h, const json_t *d)
{
	return is_parent(d) && vmig_probe_text(d, "words.type")[0];
}

static bool rule_mdev_parent_full(const json_t *h, const json_t *d)
{
	return is_parent(d) && !vmig_probe_text(d, "words.type")[0];
}

static bool rule_pf_without_driver(const json_t *h, const json_t *d)
{
	return vmig_probe_find(d, "sriov.pf") && !vmig_probe_text(d, "sriov.pf.driver")[0] &&
	       !vmig_probe_true(d, "features.migration");
}

static bool is_missing(const json_t *d)
{
	return vmig_probe_find(d, "best") && json_is_false(vmig_probe_find(d, "best.there")) &&
	       !vmig_probe_true(d, "features.migration") && !is_no_vf(d);
}

static bool rule_config_no_driver(const json_t *h, const json_t *d)
{
	return is_missing(d) && config_is(h, vmig_probe_text(d, "best.config"), "n");
}

static bool rule_module_missing(const json_t *h, const json_t *d)
{
	return is_missing(d) && !rule_config_no_driver(h, d);
}

static bool rule_driver_too_old(const json_t *h, const json_t *d)
{
	const char *kernels = vmig_probe_text(d, "best.kernels");

	return kernels[0] && !is_no_vf(d) && !vmig_probe_true(d, "features.migration") &&
	       vmig_kernel_range(kernels) &&
	       !vmig_kernel_in(kernels, vmig_probe_text(h, "kernel.release"));
}

static bool rule_no_variant_driver(const json_t *h, const json_t *d)
{
	return on(d, "pci") && !vmig_probe_find(d, "best") && !is_parent_of_any(d) &&
	       !is_variant(d);
}

static bool rule_driver_refused(const json_t *h, const json_t *d)
{
	const json_t *list = vmig_probe_find(d, "candidates");
	json_t *c;
	size_t i;

	if (vmig_probe_text(d, "driver")[0] || !vmig_probe_text(d, "override")[0])
		return false;
	json_array_foreach(list, i, c) {
		if (!strcmp(vmig_probe_text(c, "driver"), vmig_probe_text(d, "override")))
			return vmig_probe_true(c, "loaded");
	}
	return false;
}

static bool rule_no_driver(const json_t *h, const json_t *d)
{
	return could_be(d) && !vmig_probe_text(d, "driver")[0] && !rule_driver_refused(h, d);
}

static bool rule_generic_driver(const json_t *h, const json_t *d)
{
	return could_be(d) && vmig_probe_true(d, "vfio");
}

static bool rule_wrong_driver(const json_t *h, const json_t *d)
{
	return could_be(d) && vmig_probe_text(d, "driver")[0] && !vmig_probe_true(d, "vfio");
}

static bool rule_group_shared(const json_t *h, const json_t *d)
{
	return vmig_probe_text(d, "words.peers")[0] && !opened(d) && !is_parent_of_any(d);
}

static bool rule_noiommu(const json_t *h, const json_t *d)
{
	return vmig_probe_text(d, "noiommu")[0];
}

static bool rule_no_node(const json_t *h, const json_t *d)
{
	return vmig_probe_true(d, "vfio") && !is_parent_of_any(d) && !rule_noiommu(h, d) &&
	       is_access(d, "cdev.access", "missing") && is_access(d, "group.access", "missing");
}

static bool way_ok(const json_t *h, const json_t *d, const char *node, const char *shared)
{
	return is_access(d, node, "ok") && is_access(h, shared, "ok");
}

static bool rule_no_permission(const json_t *h, const json_t *d)
{
	return vmig_probe_true(d, "vfio") && vmig_probe_text(d, "words.nodes")[0] &&
	       !way_ok(h, d, "cdev.access", "iommufd") &&
	       !way_ok(h, d, "group.access", "container");
}

static bool rule_in_use(const json_t *h, const json_t *d)
{
	return has(d, "users");
}

static bool rule_memlock(const json_t *h, const json_t *d)
{
	return !vmig_probe_true(h, "ipc_lock") && vmig_probe_find(h, "memlock") &&
	       vmig_probe_number(h, "memlock", 0) < MEMLOCK_NEEDED && !is_parent_of_any(d);
}

static bool rule_no_interrupt_remapping(const json_t *h, const json_t *d)
{
	return on(d, "pci") && all_errors_are(d, "EPERM") && !rule_group_shared(h, d);
}

static bool rule_open_fails(const json_t *h, const json_t *d)
{
	return json_object_size(vmig_probe_find(d, "opened")) && !opened(d) &&
	       !rule_no_interrupt_remapping(h, d) && !rule_group_shared(h, d) &&
	       !rule_no_permission(h, d);
}

static bool without_migration(const json_t *d)
{
	return opened(d) && !vmig_probe_true(d, "features.migration");
}

static bool rule_devlink_off(const json_t *h, const json_t *d)
{
	return is_access(d, "sriov.devlink.migratable", "disable");
}

static bool rule_devlink_unknown(const json_t *h, const json_t *d)
{
	return without_migration(d) && bound_well(d) && vmig_probe_text(d, "best.devlink")[0] &&
	       !vmig_probe_find(d, "sriov.devlink") && !is_no_vf(d);
}

static bool rule_firmware_without(const json_t *h, const json_t *d)
{
	return without_migration(d) && bound_well(d) && !rule_devlink_off(h, d) &&
	       !rule_devlink_unknown(h, d) && !is_no_vf(d) && !rule_driver_too_old(h, d);
}

static bool rule_driver_without(const json_t *h, const json_t *d)
{
	return without_migration(d) && !bound_well(d) && !vmig_probe_find(d, "best") &&
	       is_variant(d);
}

static bool rule_no_cdev(const json_t *h, const json_t *d)
{
	return opened(d) && !vmig_probe_find(d, "opened.cdev");
}

static bool rule_no_group(const json_t *h, const json_t *d)
{
	return opened(d) && !vmig_probe_find(d, "opened.group");
}

static bool rule_no_dma_logging(const json_t *h, const json_t *d)
{
	return vmig_probe_true(d, "features.migration") &&
	       !vmig_probe_true(d, "features.dma_logging");
}

static bool rule_harm_carries(const json_t *h, const json_t *d)
{
	return has(d, "carries");
}

static bool rule_harm_group(const json_t *h, const json_t *d)
{
	return vmig_probe_text(d, "words.peers")[0];
}

static bool rule_harm_pf(const json_t *h, const json_t *d)
{
	return vmig_probe_number(d, "sriov.numvfs", 0) > 0;
}

static bool rule_harm_in_use(const json_t *h, const json_t *d)
{
	return has(d, "users");
}

static const struct {
	const char *id;
	enum kind kind;
	bool (*holds)(const json_t *host, const json_t *device);
	const char *why, *step;
} rules[] = {
#define RULE(id, kind, why, step) { #id, kind, rule_##id, why, step },
#include "rules.def"
#undef RULE
};

/* A rule's words with the facts in them. */
static json_t *expand(const char *words, const json_t *h, const json_t *d)
{
	char out[1024], path[64], number[32];
	const json_t *fact;
	const char *run = getenv("VMIG_COMMAND"), *text;
	size_t n = 0, len;

	while (*words && n < sizeof(out) - 1) {
		if (*words != '{') {
			out[n++] = *words++;
			continue;
		}
		len = strcspn(++words, "}");
		snprintf(path, sizeof(path), "%.*s", (int)len, words);
		words += len + 1;
		fact = !strncmp(path, "host.", 5) ? vmig_probe_find(h, path + 5)
						  : vmig_probe_find(d, path);
		snprintf(number, sizeof(number), "%lld", (long long)json_integer_value(fact));
		text = !strcmp(path, "run")    ? (run && *run ? run : "./run.sh")
		       : json_is_integer(fact) ? number
		       : json_is_string(fact)  ? json_string_value(fact)
					       : "(unknown)";
		n += snprintf(out + n, sizeof(out) - n, "%s", text);
	}
	out[n < sizeof(out) ? n : sizeof(out) - 1] = '\0';
	return json_string(out);
}

/* Adds a string to an array, made as for printf(). */
#define ADD(words, ...) json_array_append_new(words, json_sprintf(__VA_ARGS__))

static void put_words(json_t *words, const char *name, json_t *list)
{
	json_object_set_new(words, name, vmig_probe_join(list, ", "));
	json_decref(list);
}

static json_t *peers(const json_t *d)
{
	json_t *words = json_array(), *peer;
	size_t i;

	json_array_foreach(vmig_probe_find(d, "peers"), i, peer) {
		if (vmig_probe_true(peer, "host"))
			ADD(words, "%s (%s)", vmig_probe_text(peer, "name"),
			    vmig_probe_text(peer, "driver"));
	}
	return words;
}

static json_t *users(const json_t *d)
{
	json_t *words = json_array(), *user;
	size_t i;

	json_array_foreach(vmig_probe_find(d, "users"), i, user) {
		ADD(words, "process %lld (%s), which has %s open",
		    vmig_probe_number(user, "pid", 0), vmig_probe_text(user, "comm"),
		    vmig_probe_text(user, "node"));
	}
	return words;
}

static json_t *errors(const json_t *d)
{
	json_t *words = json_array(), *error;
	const char *way;

	json_object_foreach((json_t *)vmig_probe_find(d, "opened"), way, error) {
		ADD(words, "%s: %s", way, json_is_string(error) ? json_string_value(error) : "?");
	}
	return words;
}

/* The nodes that are there and not for us. */
static json_t *nodes(const json_t *h, const json_t *d)
{
	static const char *const devices[] = { "cdev", "group" };
	json_t *words = json_array();
	char access[32], path[32];
	unsigned int i;

	for (i = 0; i < 2; i++) {
		snprintf(access, sizeof(access), "%s.access", devices[i]);
		snprintf(path, sizeof(path), "%s.path", devices[i]);
		if (!is_access(d, access, "ok") && !is_access(d, access, "missing"))
			ADD(words, "%s (%s)", vmig_probe_text(d, path), vmig_probe_text(d, access));
	}
	if (!is_access(h, "iommufd", "ok") && !is_access(h, "iommufd", "missing"))
		ADD(words, "/dev/iommu (%s)", vmig_probe_text(h, "iommufd"));
	return words;
}

static json_t *types(const json_t *d, bool first)
{
	json_t *words = json_array(), *type;
	size_t i;

	json_array_foreach(vmig_probe_find(d, "mdev_types"), i, type) {
		if (first && !vmig_probe_number(type, "available", 0))
			continue;
		if (first && json_array_size(words))
			break;
		ADD(words, first ? "%s" : "%s (%lld)", vmig_probe_text(type, "type"),
		    vmig_probe_number(type, "available", 0));
	}
	return words;
}

/* The candidate that is there, else the first; and what rules say of lists. */
static void derive(const json_t *h, json_t *d)
{
	json_t *words = json_object(), *list = json_object_get(d, "candidates"), *c;
	json_t *best = json_array_get(list, 0);
	size_t i;

	json_array_foreach(list, i, c) {
		if (vmig_probe_true(c, "there") && !vmig_probe_true(best, "there"))
			best = c;
	}
	if (best)
		json_object_set(d, "best", best);
	put_words(words, "peers", peers(d));
	put_words(words, "users", users(d));
	put_words(words, "errors", errors(d));
	put_words(words, "nodes", nodes(h, d));
	put_words(words, "types", types(d, false));
	put_words(words, "type", types(d, true));
	put_words(words, "carries", json_incref(json_object_get(d, "carries")));
	put_words(words, "vfs", json_incref(json_object_get(json_object_get(d, "sriov"), "vfs")));
	json_object_set_new(words, "memlock",
			    json_sprintf("%lld KiB", vmig_probe_number(h, "memlock", 0) >> 10));
	json_object_set_new(d, "words", words);
}

/**
 * vmig_probe_judge - say why a device cannot be migrated
 * @host: facts of the host
 * @device: facts of the device; gets: reasons, notes and harm (arrays of id, why, step), and
 *	    migratable (true, false, or null where that is not to be seen)
 */
void vmig_probe_judge(const json_t *host, json_t *device)
{
	static const char *const names[] = { "reasons", "reasons", "notes", "harm" };
	bool blocked = false, hidden = false;
	json_t *entry;
	size_t i;

	derive(host, device);
	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		json_object_set_new(device, names[i], json_array());
	for (i = 0; i < sizeof(rules) / sizeof(rules[0]); i++) {
		if (!rules[i].holds(host, device))
			continue;
		blocked |= rules[i].kind == BLOCKS;
		hidden |= rules[i].kind == HIDES;
		entry = json_pack("{s:s, s:o, s:o}", "id", rules[i].id, "why",
				  expand(rules[i].why, host, device), "step",
				  expand(rules[i].step, host, device));
		json_array_append_new(json_object_get(device, names[rules[i].kind]), entry);
	}
	json_object_set_new(device, "migratable",
			    blocked ? json_false()
			    : hidden || !vmig_probe_true(device, "features.migration")
				    ? json_null()
				    : json_true());
	json_object_del(device, "words");
	json_object_del(device, "best");
}
