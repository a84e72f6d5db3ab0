// SPDX-License-Identifier: GPL-2.0-only
/*
 * Which drivers could have a device, for VFIO with migration: those that say so in their
 * module ("vfio_pci:" aliases, PCI_DRIVER_OVERRIDE_DEVICE_VFIO()), and those of which a
 * profile of configs/devices says so, whether this kernel has them or not.
 */
#include <fcntl.h>
#include <fnmatch.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <vmig/input.h>
#include <vmig/profile.h>
#include "probe.h"

#define ALIAS "alias vfio_pci:"
#define ALIAS_BUILT_IN ".alias=vfio_pci:"

/* Pairs of pattern and module; profiles as objects. */
static json_t *aliases, *profiles;
static bool aliases_known;

static void add_alias(const char *pattern, const char *module)
{
	/* The driver for all devices has no migration. */
	if (strcmp(module, "vfio_pci"))
		json_array_append_new(aliases, json_pack("[s,s]", pattern, module));
}

static void read_aliases(const char *path)
{
	char line[1024], pattern[512], module[128];
	FILE *f = fopen(path, "re");

	if (!f)
		return;
	aliases_known = true;
	while (fgets(line, sizeof(line), f))
		if (!strncmp(line, ALIAS, strlen(ALIAS)) &&
		    sscanf(line, "alias %511s %127s", pattern, module) == 2)
			add_alias(pattern, module);
	fclose(f);
}

/* Records end in a zero byte: NAME.alias=PATTERN. */
static void read_built_in(const char *path)
{
	char *record = NULL, *at;
	FILE *f = fopen(path, "re");
	size_t size = 0;

	if (!f)
		return;
	while (getdelim(&record, &size, '\0', f) > 0) {
		at = strstr(record, ALIAS_BUILT_IN);
		if (!at)
			continue;
		*at = '\0';
		add_alias(at + strlen(".alias="), record);
	}
	free(record);
	fclose(f);
}

/* What a profile says of the driver; of one that is not a profile, its name. */
static void add_values(json_t *profile, json_t *ids, const struct vmig_profile *p)
{
	static const char *const keys[] = { "driver", "kconfig", "devlink", "kernels" };
	const struct vmig_profile_line *l;
	const char *value;
	size_t i;

	for (i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		value = vmig_profile_value(p, keys[i]);
		if (value)
			json_object_set_new(profile, keys[i], json_string(value));
	}
	for (l = p->lines; l; l = l->next)
		if (!strcmp(l->key, "pci"))
			json_array_append_new(ids, json_string(l->value));
}

static void read_profile(const char *dir, const char *name)
{
	struct arena *arena = arena_new();
	json_t *profile, *ids = json_array();
	struct vmig_profile *p = NULL;
	struct text contents;
	char *wrong;

	profile = json_pack("{s:s%, s:o}", "name", name, strcspn(name, "."), "pci", ids);
	if (!vmig_input_read(arena, AT_FDCWD, arena_printf(arena, "%s/%s", dir, name), &contents))
		p = vmig_profile_parse(arena, contents, &wrong);
	if (p)
		add_values(profile, ids, p);
	json_array_append_new(profiles, profile);
	arena_free(arena);
}

static void read_profiles(const char *dir)
{
	const char *root = vmig_root, *name, *dot;
	json_t *names, *entry;
	size_t i;

	/* They are ours, and not part of a tree that stands in for the system. */
	vmig_root = "";
	names = vmig_probe_names("%s", dir);
	vmig_root = root;
	json_array_foreach(names, i, entry) {
		name = json_string_value(entry);
		dot = strrchr(name, '.');
		if (dot && !strcmp(dot, ".conf"))
			read_profile(dir, name);
	}
	json_decref(names);
}

/**
 * vmig_probe_drivers_load - read the aliases of the modules, and the profiles
 * @options: where they are
 * @release: of the kernel
 *
 * What cannot be read is taken as empty.
 */
void vmig_probe_drivers_load(const struct probe_options *options, const char *release)
{
	char path[PATH_MAX];

	aliases = json_array();
	profiles = json_array();
	snprintf(path, sizeof(path), "%s/lib/modules/%s/modules.alias", vmig_root, release);
	read_aliases(options->aliases ? options->aliases : path);
	snprintf(path, sizeof(path), "%s/lib/modules/%s/modules.builtin.modinfo", vmig_root,
		 release);
	read_built_in(path);
	if (options->profiles)
		read_profiles(options->profiles);
}

/**
 * vmig_probe_profile_of - the profile that is written for a driver
 * @driver: as sysfs has it
 *
 * Return: its name, "" if there is none.
 */
const char *vmig_probe_profile_of(const char *driver)
{
	json_t *profile;
	size_t i;

	json_array_foreach(profiles, i, profile) {
		if (*driver && !strcmp(vmig_probe_text(profile, "driver"), driver))
			return vmig_probe_text(profile, "name");
	}
	return "";
}

/* A driver may be spelt with a dash, and its module always with a bar. */
static bool same_driver(const char *a, const char *b)
{
	for (; *a && *b; a++, b++)
		if (*a != *b && !(strchr("-_", *a) && strchr("-_", *b)))
			return false;
	return *a == *b;
}

static json_t *profile_of(const char *driver)
{
	json_t *p;
	size_t i;

	json_array_foreach(profiles, i, p) {
		if (same_driver(vmig_probe_text(p, "driver"), driver))
			return p;
	}
	return NULL;
}

/* The name of a driver that is loaded, or NULL. */
static json_t *loaded(const char *driver)
{
	json_t *names = vmig_probe_names("/sys/bus/pci/drivers"), *name, *found = NULL;
	size_t i;

	json_array_foreach(names, i, name) {
		if (!found && same_driver(json_string_value(name), driver))
			found = json_incref(name);
	}
	json_decref(names);
	return found;
}

static void add_candidate(json_t *list, const char *driver, bool there)
{
	json_t *c, *profile = profile_of(driver), *name = loaded(driver);
	static const char *const keys[] = { "kernels", "devlink" };
	size_t i;

	json_array_foreach(list, i, c) {
		if (same_driver(vmig_probe_text(c, "driver"), driver))
			goto out;
	}
	c = json_pack("{s:b, s:b, s:b}", "there", there || name, "loaded", !!name, "vfs_only",
		      json_array_size(json_object_get(profile, "pci")) > 0);
	if (name)
		json_object_set(c, "driver", name);
	else
		json_object_set_new(
			c, "driver",
			json_string(profile ? vmig_probe_text(profile, "driver") : driver));
	if (!there && !name && !aliases_known)
		json_object_set_new(c, "there", json_null());
	json_object_set(c, "profile", json_object_get(profile, "name"));
	json_object_set(c, "config", json_object_get(profile, "kconfig"));
	for (i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
		json_object_set(c, keys[i], json_object_get(profile, keys[i]));
	json_array_append_new(list, c);
out:
	json_decref(name);
}

/* Does "8086:4941" stand for the device of a modalias? */
static bool id_matches(const char *id, const char *modalias)
{
	unsigned int vendor, device, v, d;

	return sscanf(id, "%x:%x", &vendor, &device) == 2 &&
	       sscanf(modalias, "pci:v%8xd%8x", &v, &d) == 2 && v == vendor && d == device;
}

/**
 * vmig_probe_candidates - the drivers that could have a device, for VFIO with migration
 * @modalias: of the device, "pci:v...", "" for a device of another bus
 *
 * Return: a JSON array of objects: driver; there: has this kernel it? (null: unknown);
 * loaded; and what a profile says: profile, config, devlink, kernels, vfs_only.
 */
json_t *vmig_probe_candidates(const char *modalias)
{
	json_t *list = json_array(), *entry, *id;
	char wanted[512];
	size_t i, j;

	if (strncmp(modalias, "pci:", 4))
		return list;
	snprintf(wanted, sizeof(wanted), "vfio_%s", modalias);
	json_array_foreach(aliases, i, entry) {
		if (!fnmatch(json_string_value(json_array_get(entry, 0)), wanted, 0))
			add_candidate(list, json_string_value(json_array_get(entry, 1)), true);
	}
	json_array_foreach(profiles, i, entry) {
		json_array_foreach(json_object_get(entry, "pci"), j, id) {
			if (id_matches(json_string_value(id), modalias))
				add_candidate(list, vmig_probe_text(entry, "driver"), false);
		}
	}
	return list;
}

/**
 * vmig_probe_profile_configs - the options of the kernel that profiles name
 *
 * Return: a JSON array of strings.
 */
json_t *vmig_probe_profile_configs(void)
{
	json_t *names = json_array(), *p;
	size_t i;

	json_array_foreach(profiles, i, p) {
		json_array_append(names, json_object_get(p, "kconfig"));
	}
	return names;
}
