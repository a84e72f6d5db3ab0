// SPDX-License-Identifier: GPL-2.0-only
/* --resolve: what a user calls a device, as what a script needs to know to test it. */
#include <stdio.h>
#include <string.h>

#include <vmig/resolve.h>
#include "probe.h"

/*
 * A line NAME=VALUE, the value up to the end of the line. The name of a process may be anything:
 * what could end a line is told as a question mark, and nobody is to evaluate the rest.
 */
static void line(const char *name, const char *value)
{
	printf("%s=", name);
	for (; *value; value++)
		putchar((unsigned char)*value < ' ' || *value == 0x7f ? '?' : *value);
	putchar('\n');
}

/* The first one that has a node of it open: process, node, name. */
static void holder(const struct vmig_dev_id *id)
{
	json_t *users = vmig_probe_users(id), *first = json_array_get(users, 0);
	char text[256] = "";

	if (first)
		snprintf(text, sizeof(text), "%lld %s %s", vmig_probe_number(first, "pid", 0),
			 vmig_probe_text(first, "node"), vmig_probe_text(first, "comm"));
	line("holder", text);
	json_decref(users);
}

/* Its name below /sys/class/vfio-dev: there if a driver of VFIO has it, from Linux 6.1 on. */
static void vfio_dev(const struct vmig_dev_id *id)
{
	json_t *names = vmig_probe_names("%s/vfio-dev", id->sysfs);
	const char *name = json_string_value(json_array_get(names, 0));

	line("vfio_dev", name ? name : "");
	json_decref(names);
}

/**
 * vmig_probe_resolve - print what a device is and how it can be opened, a line each
 * @spec: what the user calls it
 *
 * Return: 0, or -ENODEV after one sentence if there is no such device.
 */
int vmig_probe_resolve(const char *spec)
{
	struct vmig_dev_id id;
	char why[512];
	int ret = vmig_resolve(spec, &id, why, sizeof(why));

	if (!id.sysfs[0]) {
		fprintf(stderr, "vmig: %s\n", why);
		return ret;
	}
	memmove(id.sysfs, id.sysfs + strlen(vmig_root), strlen(id.sysfs + strlen(vmig_root)) + 1);
	line("sysfs", id.sysfs);
	line("name", id.name);
	line("bus", id.bus);
	line("driver", id.driver);
	vfio_dev(&id);
	line("cdev", id.cdev);
	line("group", id.group);
	holder(&id);
	line("profile", vmig_probe_profile_of(id.driver));
	return 0;
}
