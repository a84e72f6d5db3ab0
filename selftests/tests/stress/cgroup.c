// SPDX-License-Identifier: GPL-2.0-only
/* A control group of memory for one process, in a private hierarchy. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include <vmig/sysfs.h>
#include "cgroup.h"

/* mm/memcontrol.c, FLUSH_TIME, and a bit. */
#define FLUSH_US 2200000

static bool put(const char *dir, const char *file, const char *text)
{
	char path[160];
	bool ok;
	int fd;

	snprintf(path, sizeof(path), "%s/%s", dir, file);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return false;
	ok = write(fd, text, strlen(text)) == (ssize_t)strlen(text);
	close(fd);
	return ok;
}

/**
 * vmig_cgroup_end - remove a group that has no process any more
 * @g: the group
 */
void vmig_cgroup_end(struct vmig_cgroup *g)
{
	if (g->dir[0])
		rmdir(g->dir);
	if (g->enabled)
		put(g->root, "cgroup.subtree_control", "-memory");
	umount2(g->root, MNT_DETACH);
	rmdir(g->root);
}

/* Do groups of the root have the controller of memory? A host's have, and keep it. */
static bool has_memory(const struct vmig_cgroup *g)
{
	char path[160], text[256];

	snprintf(path, sizeof(path), "%s/cgroup.subtree_control", g->root);
	return vmig_sysfs_line(path, text, sizeof(text)) && strstr(text, "memory");
}

/**
 * vmig_cgroup_begin - make a control group of memory
 * @g: where it goes
 *
 * Return: NULL, or why there can be none.
 */
const char *vmig_cgroup_begin(struct vmig_cgroup *g)
{
	memset(g, 0, sizeof(*g));
	strcpy(g->root, "/tmp/vmig-cgroup-XXXXXX");
	if (!mkdtemp(g->root))
		return "no directory for a control group";
	/* Seen by this process alone, and gone with it. */
	if (unshare(CLONE_NEWNS) || mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) ||
	    mount("none", g->root, "cgroup2", 0, NULL)) {
		rmdir(g->root);
		return "the kernel has no control groups, or this is not root";
	}
	/* Where a host has its own hierarchy this is the same one: a group is made in it. */
	if (!has_memory(g))
		g->enabled = put(g->root, "cgroup.subtree_control", "+memory");
	snprintf(g->dir, sizeof(g->dir), "%s/vmig-%d", g->root, getpid());
	if (mkdir(g->dir, 0700)) {
		g->dir[0] = '\0';
		vmig_cgroup_end(g);
		return "no control group can be made";
	}
	if (put(g->dir, "memory.max", "max"))
		return NULL;
	vmig_cgroup_end(g);
	return "the kernel has no control groups of memory";
}

/**
 * vmig_cgroup_put - write a file of a group
 * @g: the group
 * @file: its name
 * @text: what goes there
 *
 * Return: true if the kernel took it.
 */
bool vmig_cgroup_put(const struct vmig_cgroup *g, const char *file, const char *text)
{
	return put(g->dir, file, text);
}

/**
 * vmig_cgroup_join - put the calling process into a group
 * @g: the group
 *
 * It is not killed where the group has no memory left: its calls fail with ENOMEM.
 *
 * Return: true if it is there.
 */
bool vmig_cgroup_join(const struct vmig_cgroup *g)
{
	char pid[16];

	snprintf(pid, sizeof(pid), "%d", getpid());
	return put("/proc/self", "oom_score_adj", "-1000") && put(g->dir, "cgroup.procs", pid);
}

static int open_in(const struct vmig_cgroup *g, const char *file, int how)
{
	char path[160];

	snprintf(path, sizeof(path), "%s/%s", g->dir, file);
	return open(path, how | O_CLOEXEC);
}

/* Bytes that the group is charged with, 0 for an error. */
static unsigned long long usage(int fd)
{
	char text[32] = "";

	return pread(fd, text, sizeof(text) - 1, 0) > 0 ? strtoull(text, NULL, 10) : 0;
}

static bool set_limit(int fd, unsigned long long bytes)
{
	char text[32];
	int len = snprintf(text, sizeof(text), "%llu", bytes);

	return pwrite(fd, text, len, 0) == len;
}

/**
 * vmig_cgroup_leave_room - limit the calling process, which is in a group, to what it has
 * @g: the group; the limit is lifted by who is not in it
 * @room: and so much more, in bytes
 *
 * A limit below what the group has takes back what each processor has in store of it, up to 64
 * pages each. While it is there, open() fails, which needs memory, too: all that is used here is
 * opened before. (Otherwise nothing could be read and the limit stayed where every call fails.)
 *
 * Return: true if the limit is there.
 */
bool vmig_cgroup_leave_room(const struct vmig_cgroup *g, uint64_t room)
{
	int max = open_in(g, "memory.max", O_WRONLY),
	    current = open_in(g, "memory.current", O_RDONLY);
	unsigned long long now;
	bool ok;

	/* The first read() allocates what the next ones use. */
	ok = max >= 0 && current >= 0 && usage(current) && set_limit(max, 4096);
	now = ok ? usage(current) : 0;
	ok = now && set_limit(max, now + room);
	if (max >= 0)
		close(max);
	if (current >= 0)
		close(current);
	return ok;
}

/**
 * vmig_cgroup_kernel - how much of that is the kernel's own memory?
 * @g: the group
 *
 * Waits until the kernel has added up what its processors know, which it does every two seconds.
 *
 * Return: bytes; 0 where the kernel does not say (before 5.18).
 */
uint64_t vmig_cgroup_kernel(const struct vmig_cgroup *g)
{
	unsigned long long n = 0;
	char path[160];

	usleep(FLUSH_US);
	snprintf(path, sizeof(path), "%s/memory.stat", g->dir);
	return vmig_sysfs_field(path, "kernel ", &n) ? n : 0;
}
