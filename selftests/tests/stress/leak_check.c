// SPDX-License-Identifier: GPL-2.0-only
/*
 * Check for leaks of memory, references and files. References and files are counted on any kernel;
 * memory that nothing points to is found by kmemleak (Documentation/dev-tools/kmemleak.rst),
 * which the debug kernel has.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <vmig/sysfs.h>
#include "leak_check.h"
#include "fault_memory.h"
#include "verdict.h"

#define KMEMLEAK "/sys/kernel/debug/kmemleak"

/* kmemleak reports no object that is younger (mm/kmemleak.c, MSECS_MIN_AGE), and a bit. */
#define MIN_AGE_S 6

/* What was closed is gone a moment later: fput() leaves it to the task or to a worker. */
#define GONE_TRIES 100
#define GONE_PAUSE_US 20000

/*
 * Each CPU counts files for itself and updates the total after some dozens; the whole machine has
 * other processes too.
 */
#define FILES_SLACK 512

static long number_in(const char *path)
{
	unsigned long long value;

	return vmig_sysfs_number(path, &value) ? (long)value : -1;
}

/**
 * vmig_module_users - how many users has the driver's module?
 * @dev: the device
 *
 * An open device is one, and so is each file of a session.
 *
 * Return: their number, -1 if it is unknown.
 */
long vmig_module_users(const struct vmig_device *dev)
{
	char path[128];

	if (!dev->id.module[0])
		return -1;
	snprintf(path, sizeof(path), "/sys/module/%s/refcnt", dev->id.module);
	return number_in(path);
}

static unsigned long long jiffies(void)
{
	unsigned long long now = 0;

	vmig_sysfs_field("/proc/timer_list", "jiffies:", &now);
	return now;
}

static bool kmemleak(const char *command)
{
	int fd = open(KMEMLEAK, O_WRONLY | O_CLOEXEC);
	bool ok;

	if (fd < 0)
		return false;
	ok = write(fd, command, strlen(command)) > 0;
	close(fd);
	return ok;
}

/**
 * vmig_leaks_memory_seen - does this kernel report lost memory (kmemleak)?
 *
 * Return: true if it has kmemleak, and it is at work.
 */
bool vmig_leaks_memory_seen(void)
{
	int fd = open(KMEMLEAK, O_RDONLY | O_CLOEXEC);

	if (fd >= 0)
		close(fd);
	return fd >= 0 && jiffies();
}

/**
 * vmig_leaks_memory_begin - record the memory in use now, which is no leak
 * @l: of which vmig_leaks_judge_memory() alone is asked
 */
void vmig_leaks_memory_begin(struct vmig_leaks *l)
{
	l->jiffies = jiffies();
	kmemleak("clear");
}

/**
 * vmig_leaks_begin - remember what there is
 * @l: where it goes
 * @dev: the device; it must be open again, and its data_fds closed, when this is judged
 */
void vmig_leaks_begin(struct vmig_leaks *l, const struct vmig_device *dev)
{
	l->dev = dev;
	l->fds = vmig_count_fds();
	l->refs = vmig_module_users(dev);
	l->files = number_in("/proc/sys/fs/file-nr");
	l->jiffies = jiffies();
}

/**
 * vmig_leaks_judge_counts_at - are fds, files and references of the module as before?
 * @at: where the caller is: VMIG_HERE
 * @l: what vmig_leaks_begin() found
 * @id: clause that is checked
 * @did: what was done in between
 *
 * Return: false after a breach.
 */
bool vmig_leaks_judge_counts_at(const char *at, const struct vmig_leaks *l, enum vmig_clause_id id,
				const char *did)
{
	int fds = vmig_count_fds(), i;
	long refs = vmig_module_users(l->dev), files;
	bool ok;

	for (i = 0; i < GONE_TRIES && refs > l->refs; i++) {
		usleep(GONE_PAUSE_US);
		refs = vmig_module_users(l->dev);
	}
	files = number_in("/proc/sys/fs/file-nr");
	ok = CHECK_AT(at, id, fds <= l->fds, did, "no new fd in the process that did it", "%+d",
		      fds - l->fds);
	if (l->refs >= 0)
		ok &= CHECK_AT(at, id, refs <= l->refs, did,
			       vmig_fmt("%s has as many references as before", l->dev->id.module),
			       "%ld more, so that it cannot be unloaded", refs - l->refs);
	if (l->files >= 0)
		ok &= CHECK_AT(at, id, files <= l->files + FILES_SLACK, did,
			       "the machine has about as many open files as before", "%+ld",
			       files - l->files);
	return ok;
}

/**
 * struct lost - what kmemleak has found
 * @count: objects that were made since the beginning on the way through a driver or VFIO
 * @bytes: their bytes
 * @others: others, which are not the driver's
 * @first: who made the first one, for messages
 */
struct lost {
	unsigned int count;
	unsigned long bytes;
	unsigned int others;
	char first[256];
};

/* One object of the report while it is read. */
struct object {
	unsigned long size;
	unsigned long long when;
	bool ours;
	char stack[256];
};

static void count_object(struct lost *lost, const struct object *o, unsigned long long since)
{
	if (!o->size)
		return;
	if (!o->ours || o->when < since) {
		lost->others++;
		return;
	}
	if (!lost->count)
		snprintf(lost->first, sizeof(lost->first), "%.255s", o->stack);
	lost->count++;
	lost->bytes += o->size;
}

/*
 * A frame, "    function+0x1/0x2 [module]", behind "[<0000000012345678>] " in older kernels;
 * allocators say nothing.
 */
static void add_frame(struct object *o, const char *frame)
{
	const char *name = frame + strspn(frame, " ");
	size_t len = strlen(o->stack);

	if (!strncmp(name, "[<", 2))
		name += strcspn(name, " ") + 1;
	if (strchr(name, '[') || !strncmp(name, "vfio_", 5) || !strncmp(name, "iommufd_", 8))
		o->ours = true;
	if (!o->ours && strncmp(name, "anon_inode", 10))
		return;
	snprintf(o->stack + len, sizeof(o->stack) - len, "%s%.*s", len ? " < " : "",
		 (int)strcspn(name, "+\n"), name);
}

static void read_report(struct lost *lost, unsigned long long since)
{
	FILE *f = fopen(KMEMLEAK, "re");
	struct object o = {};
	unsigned long size;
	char line[512];

	while (f && fgets(line, sizeof(line), f)) {
		const char *at = strstr(line, "jiffies ");

		if (sscanf(line, "unreferenced object %*s (size %lu)", &size) == 1) {
			count_object(lost, &o, since);
			memset(&o, 0, sizeof(o));
			o.size = size;
		} else if (at && !o.when) {
			o.when = strtoull(at + strlen("jiffies "), NULL, 10);
		} else if (strstr(line, "+0x")) {
			add_frame(&o, line);
		}
	}
	count_object(lost, &o, since);
	if (f)
		fclose(f);
}

/**
 * vmig_leaks_judge_memory_at - was memory lost that the driver has allocated?
 * @at: where the caller is: VMIG_HERE
 * @l: what vmig_leaks_begin() found
 * @id: clause that is checked
 * @did: what was done in between
 *
 * Takes some 15 seconds under TCG: an object counts as lost when two scans have found nothing
 * that points to it, and when it is some seconds old. What was allocated by others, or before,
 * is noted only. Nothing is judged without kmemleak.
 *
 * Return: false after a breach.
 */
bool vmig_leaks_judge_memory_at(const char *at, const struct vmig_leaks *l, enum vmig_clause_id id,
				const char *did)
{
	struct lost lost = {};
	bool ok;

	if (!l->jiffies || !kmemleak("scan"))
		return true;
	sleep(MIN_AGE_S);
	if (!kmemleak("scan"))
		return true;
	read_report(&lost, l->jiffies);
	ok = CHECK_AT(at, id, !lost.count, did, "kmemleak finds no memory of the driver's lost",
		      "%u objects of %lu bytes, the first from %s", lost.count, lost.bytes,
		      lost.first);
	if (lost.others)
		vmig_note(id, "kmemleak: %u objects of others, or from before", lost.others);
	/* So that later tests do not report them. */
	kmemleak("clear");
	return ok;
}
