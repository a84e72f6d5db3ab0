// SPDX-License-Identifier: GPL-2.0-only
/* What a driver keeps that nobody can reach any more. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "leaks.h"
#include "verdict.h"

#define KMEMLEAK "/sys/kernel/debug/kmemleak"

/* Objects that are younger are not reported (mm/kmemleak.c, MSECS_MIN_AGE). */
#define MIN_AGE_S 6

/**
 * vmig_module_users - how many users has the driver's module?
 * @dev: the device
 *
 * An open device is one, and so is each file of a session.
 *
 * Return: their number, -1 if it is unknown.
 */
int vmig_module_users(const struct vmig_device *dev)
{
	const char *path = say("/sys/module/%s/refcnt", dev->id.module);
	FILE *f = fopen(path, "re");
	int n = -1;

	if (!f)
		return -1;
	if (fscanf(f, "%d", &n) != 1)
		n = -1;
	fclose(f);
	return n;
}

static bool command(const char *word)
{
	int fd = open(KMEMLEAK, O_RDWR | O_CLOEXEC);
	bool ok = fd >= 0 && write(fd, word, strlen(word)) > 0;

	if (fd >= 0)
		close(fd);
	return ok;
}

/**
 * vmig_kmemleak_begin - forget what has been found so far
 */
void vmig_kmemleak_begin(void)
{
	command("clear");
}

/**
 * struct leak - an object in the report, as far as it has been read
 * @first: its first line
 * @trace: the functions, innermost first
 * @ours: one of them is of the driver or of VFIO
 */
struct leak {
	char first[96];
	char trace[300];
	bool ours;
};

static void add_frame(struct leak *l, const char *line, const char *module)
{
	size_t used = strlen(l->trace);
	int len = strcspn(line, "+ ");

	l->ours |= strstr(line, "vfio") || (*module && strstr(line, module));
	/* The allocator's own functions tell nothing. */
	if (used + len + 4 < sizeof(l->trace) && !strstr(line, "kmalloc") &&
	    !strstr(line, "kmem_cache") && !strstr(line, "kmemleak"))
		snprintf(l->trace + used, sizeof(l->trace) - used, "%s%.*s", used ? " < " : "", len,
			 line);
}

/**
 * vmig_kmemleak_end - which memory has been lost since vmig_kmemleak_begin()?
 * @module: the driver's module
 * @trace: where the first one of the driver or of VFIO goes, for people
 * @size: bytes there
 *
 * Takes some 15 s: two scans, as a scan reports only what was the same in the one before.
 *
 * Return: how many of those there are, -1 if the kernel does not look for them.
 */
int vmig_kmemleak_end(const char *module, char *trace, size_t size)
{
	struct leak l = {};
	bool more = true;
	char line[256];
	int n = 0;
	FILE *f;
	time_t begun = time(NULL), spent;

	if (!command("scan"))
		return -1;
	/* A scan takes seconds by itself. */
	spent = time(NULL) - begun;
	if (spent >= 0 && spent < MIN_AGE_S)
		sleep(MIN_AGE_S - spent);
	command("scan");
	f = fopen(KMEMLEAK, "re");
	while (f && more) {
		more = fgets(line, sizeof(line), f);
		if (!more || !strncmp(line, "unreferenced object", 19)) {
			if (l.ours && !n++)
				snprintf(trace, size, "%s: %s", l.first, l.trace);
			memset(&l, 0, sizeof(l));
			snprintf(l.first, sizeof(l.first), "%.*s", (int)strcspn(line, ":"), line);
		} else if (strstr(line, "+0x")) {
			line[strcspn(line, "\n")] = '\0';
			add_frame(&l, line + strspn(line, " "), module);
		}
	}
	if (f)
		fclose(f);
	command("clear");
	return n;
}
