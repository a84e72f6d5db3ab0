// SPDX-License-Identifier: GPL-2.0-only
/* Reading /sys, /proc and /dev, or a tree that a test has made (vmig_root). */
#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <vmig/error.h>
#include "describe.h"
#include "probe.h"

/* A path below vmig_root; how much of it there was room for is enough. */
static void path_of(char *path, size_t len, const char *fmt, va_list args)
{
	size_t n = snprintf(path, len, "%s", vmig_root);

	if (n < len)
		vsnprintf(path + n, len - n, fmt, args);
}

/* The path of the arguments of the caller. */
#define PATH_OF(path, fmt)                                                                         \
	do {                                                                                       \
		va_list args_;                                                                     \
		va_start(args_, fmt);                                                              \
		path_of(path, sizeof(path), fmt, args_);                                           \
		va_end(args_);                                                                     \
	} while (0)

/**
 * vmig_probe_there - is there such a file?
 * @fmt: its path, as for printf()
 *
 * Return: true if there is.
 */
bool vmig_probe_there(const char *fmt, ...)
{
	char path[PATH_MAX];

	PATH_OF(path, fmt);
	return !access(path, F_OK);
}

/**
 * vmig_probe_line - the first line of a file
 * @fmt: its path, as for printf()
 *
 * Return: a JSON string, or null where it cannot be read.
 */
json_t *vmig_probe_line(const char *fmt, ...)
{
	char path[PATH_MAX], *slash;

	PATH_OF(path, fmt);
	slash = strrchr(path, '/');
	*slash = '\0';
	return vmig_file_line(path, slash + 1);
}

static int is_no_dot(const struct dirent *e)
{
	return e->d_name[0] != '.';
}

/**
 * vmig_probe_names - what a directory has
 * @fmt: its path, as for printf()
 *
 * Return: a JSON array of the names, sorted; empty where there is no such directory.
 */
json_t *vmig_probe_names(const char *fmt, ...)
{
	json_t *names = json_array();
	struct dirent **list;
	char path[PATH_MAX];
	int i, n;

	PATH_OF(path, fmt);
	n = scandir(path, &list, is_no_dot, versionsort);
	if (n < 0)
		return names;
	for (i = 0; i < n; i++) {
		json_array_append_new(names, json_string(list[i]->d_name));
		free(list[i]);
	}
	free(list);
	return names;
}

/**
 * vmig_probe_real - the canonical path of a file
 * @real: where it goes, without vmig_root; "" where there is none
 * @len: size of @real
 * @fmt: the path, as for printf()
 */
void vmig_probe_real(char *real, size_t len, const char *fmt, ...)
{
	char path[PATH_MAX], target[PATH_MAX];
	size_t skip = strlen(vmig_root);

	PATH_OF(path, fmt);
	real[0] = '\0';
	if (realpath(path, target) && strlen(target) > skip && strlen(target + skip) < len)
		strcpy(real, target + skip);
}

/**
 * vmig_probe_access - may we open a node for reading and writing?
 * @path: the node, or "" for one that the kernel does not offer
 *
 * Return: "ok", "missing", or the name of an errno.
 */
json_t *vmig_probe_access(const char *path)
{
	char full[PATH_MAX];

	snprintf(full, sizeof(full), "%s%s", vmig_root, path);
	if (!path[0] || access(full, F_OK))
		return json_string("missing");
	if (access(full, R_OK | W_OK))
		return json_string(vmig_errno_name(errno));
	return json_string("ok");
}
