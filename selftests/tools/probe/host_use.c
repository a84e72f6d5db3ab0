// SPDX-License-Identifier: GPL-2.0-only
/*
 * What of the host lives on a device: mounted file systems, swap, the default route. A disk
 * is found through partitions, device mapper, RAID and NVMe multipath, a route through
 * bridges, bonds and VLANs.
 */
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "probe.h"

/* Limit on stacked layers, against a loop in a broken tree. */
#define DEPTH_MAX 8

static bool below(const char *path, const char *dir)
{
	size_t n = strlen(dir);

	return n && !strncmp(path, dir, n) && (path[n] == '/' || !path[n]);
}

static bool any_below(const char *sysfs, int depth, const char *path);

/* Does the directory @dir of @path lead to something that lies on the device? */
static bool through(const char *sysfs, int depth, const char *path, const char *dir,
		    const char *prefix)
{
	json_t *names = vmig_probe_names("%s%s", path, dir), *name;
	char next[PATH_MAX];
	bool found = false;
	size_t i;

	json_array_foreach(names, i, name) {
		if (strncmp(json_string_value(name), prefix, strlen(prefix)))
			continue;
		vmig_probe_real(next, sizeof(next), "%s%s/%s", path, dir, json_string_value(name));
		if (any_below(sysfs, depth + 1, next)) {
			found = true;
			break;
		}
	}
	json_decref(names);
	return found;
}

/* Is the device @sysfs the one that @path is of, or rests on? */
static bool any_below(const char *sysfs, int depth, const char *path)
{
	char real[PATH_MAX], up[PATH_MAX];

	if (!path[0] || depth > DEPTH_MAX)
		return false;
	if (below(path, sysfs))
		return true;
	/* A partition has its disk above it; slaves are of the disk or of the volume. */
	snprintf(up, sizeof(up), "%s", path);
	if (vmig_probe_there("%s/partition", path))
		*strrchr(up, '/') = '\0';
	/* A multipath disk of NVMe hangs on its subsystem, which has links to controllers. */
	vmig_probe_real(real, sizeof(real), "%s/device", up);
	return through(sysfs, depth, up, "/slaves", "") ||
	       through(sysfs, depth, up, "", "lower_") || below(real, sysfs) ||
	       (strstr(real, "/nvme-subsys") && through(sysfs, depth, real, "", "nvme"));
}

static void add(json_t *words, const char *kind, const char *name)
{
	json_t *word = json_sprintf("%s%s", kind, name), *other;
	size_t i;

	json_array_foreach(words, i, other) {
		if (json_equal(word, other))
			break;
	}
	if (i == json_array_size(words))
		json_array_append(words, word);
	json_decref(word);
}

/* A block device by its node: /dev/sda2, /dev/mapper/x. */
static void block_by_node(const char *node, char *path, size_t len)
{
	char real[PATH_MAX];

	path[0] = '\0';
	vmig_probe_real(real, sizeof(real), "%s", node);
	if (real[0])
		vmig_probe_real(path, len, "/sys/class/block/%s", strrchr(real, '/') + 1);
}

static FILE *open_proc(const char *name)
{
	char path[PATH_MAX];

	snprintf(path, sizeof(path), "%s/proc/%s", vmig_root, name);
	return fopen(path, "re");
}

/* 36 35 98:0 /root /mount/point options ... - type source options */
static void mounts(const char *sysfs, json_t *words)
{
	char line[4096], at[1024], source[1024], path[PATH_MAX];
	FILE *f = open_proc("self/mountinfo");
	unsigned int major, minor;
	char *dash;

	while (f && fgets(line, sizeof(line), f)) {
		dash = strstr(line, " - ");
		if (!dash || sscanf(line, "%*d %*d %u:%u %*s %1023s", &major, &minor, at) != 3 ||
		    sscanf(dash, " - %*s %1023s", source) != 1)
			continue;
		/* btrfs and its like have a number of their own, and name a disk of theirs. */
		if (major)
			vmig_probe_real(path, sizeof(path), "/sys/dev/block/%u:%u", major, minor);
		else
			block_by_node(source[0] == '/' ? source : "", path, sizeof(path));
		if (any_below(sysfs, 0, path))
			add(words, "the file system ", at);
	}
	if (f)
		fclose(f);
}

static void swaps(const char *sysfs, json_t *words)
{
	char line[1024], node[512], path[PATH_MAX];
	FILE *f = open_proc("swaps");

	while (f && fgets(line, sizeof(line), f)) {
		if (sscanf(line, "%511s", node) != 1 || node[0] != '/')
			continue;
		block_by_node(node, path, sizeof(path));
		if (any_below(sysfs, 0, path))
			add(words, "swap on ", node);
	}
	if (f)
		fclose(f);
}

static void route(const char *sysfs, json_t *words, const char *iface)
{
	char path[PATH_MAX];

	vmig_probe_real(path, sizeof(path), "/sys/class/net/%s", iface);
	if (any_below(sysfs, 0, path))
		add(words, "the default route through ", iface);
}

static void routes(const char *sysfs, json_t *words)
{
	unsigned int destination, mask, bits;
	char line[512], iface[64], net[64];
	FILE *f = open_proc("net/route");

	while (f && fgets(line, sizeof(line), f))
		if (sscanf(line, "%63s %8x %*s %*s %*s %*s %*s %8x", iface, &destination, &mask) ==
			    3 &&
		    !destination && !mask)
			route(sysfs, words, iface);
	if (f)
		fclose(f);
	f = open_proc("net/ipv6_route");
	while (f && fgets(line, sizeof(line), f))
		if (sscanf(line, "%63s %2x %*s %*s %*s %*s %*s %*s %*s %63s", net, &bits, iface) ==
			    3 &&
		    !bits && strspn(net, "0") == strlen(net) && strcmp(iface, "lo"))
			route(sysfs, words, iface);
	if (f)
		fclose(f);
}

/**
 * vmig_probe_carries - what of the host lives on a device
 * @sysfs: the device, without vmig_root
 * @words: a JSON array to which a string is added for each file system and so on
 */
void vmig_probe_carries(const char *sysfs, json_t *words)
{
	mounts(sysfs, words);
	swaps(sysfs, words);
	routes(sysfs, words);
}
