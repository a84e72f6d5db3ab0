// SPDX-License-Identifier: GPL-2.0-only
/*
 * Unbind a device from its driver during use, and bind it again: an mdev is removed and
 * made anew, with the same UUID and type; any other device is unbound and bound.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "unbind.h"

/* After it is bound again its nodes come a moment later. */
#define NODE_TRIES 250
#define NODE_PAUSE_US 20000

static int put_line(const char *path, const char *line)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC), ret;

	if (fd < 0)
		return -errno;
	ret = dprintf(fd, "%s\n", line) > 0 ? 0 : -errno;
	close(fd);
	return ret;
}

/**
 * vmig_removal_allowed - may a test take the device from its driver?
 * @why: why it may not, a reason to skip
 *
 * The guest allows it by VMIG_REMOVE=1. On a host others may know the device by its numbers.
 *
 * Return: true if so.
 */
bool vmig_removal_allowed(const char **why)
{
	const char *env = getenv("VMIG_REMOVE");

	*why = "the device is not to be taken from its driver here (VMIG_REMOVE=1)";
	return env && !strcmp(env, "1");
}

/* The type of an mdev is a link beside it, to a directory with a file `create`. */
static bool mdev_create(const struct vmig_dev_id *id, char *path, size_t room)
{
	static char kept[PATH_MAX];
	char link[PATH_MAX], type[PATH_MAX];

	/* It goes with the device; it was looked for before. */
	snprintf(link, sizeof(link), "%s/mdev_type", id->sysfs);
	if (realpath(link, type))
		snprintf(kept, sizeof(kept), "%.4080s/create", type);
	snprintf(path, room, "%s", kept);
	return kept[0];
}

static bool is_mdev(const struct vmig_dev_id *id)
{
	return !strcmp(id->bus, "mdev");
}

/**
 * vmig_remove - take a device from its driver
 * @id: the device
 *
 * Waits until the device is closed, so it is for a process that is watched.
 *
 * Return: 0 or -errno.
 */
int vmig_remove(const struct vmig_dev_id *id)
{
	char path[PATH_MAX];

	if (is_mdev(id)) {
		snprintf(path, sizeof(path), "%s/remove", id->sysfs);
		return put_line(path, "1");
	}
	snprintf(path, sizeof(path), "/sys/bus/%s/drivers/%s/unbind", id->bus, id->driver);
	return put_line(path, id->name);
}

/**
 * vmig_bring_back - give a device its driver back
 * @id: the device; called once before it is removed as well, when it does nothing but find
 *	out how
 *
 * Return: 0 with the same nodes as before; -ENODEV if they are others; -errno.
 */
int vmig_bring_back(const struct vmig_dev_id *id)
{
	char path[PATH_MAX], why[256];
	struct vmig_dev_id now;
	unsigned int i;
	int ret;

	if (is_mdev(id) && !mdev_create(id, path, sizeof(path)))
		return -ENOENT;
	if (!vmig_resolve(id->spec, &now, why, sizeof(why)) && now.driver[0])
		return 0;
	if (!is_mdev(id))
		snprintf(path, sizeof(path), "/sys/bus/%s/drivers/%s/bind", id->bus, id->driver);
	ret = put_line(path, id->name);
	if (ret)
		return ret;
	for (i = 0; i < NODE_TRIES; i++) {
		if (!vmig_resolve(id->spec, &now, why, sizeof(why)) &&
		    !strcmp(now.cdev, id->cdev) && !strcmp(now.group, id->group) &&
		    (!now.cdev[0] || !access(now.cdev, F_OK)))
			return 0;
		usleep(NODE_PAUSE_US);
	}
	return -ENODEV;
}
