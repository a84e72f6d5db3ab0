// SPDX-License-Identifier: GPL-2.0-only
/*
 * Watch /dev/kmsg for warnings and sanitizer reports while a test runs (complaints.def: KASAN,
 * UBSAN, lockdep, oopses). The report finds the same in the kernel log after the run and charges
 * it to the test; here it becomes a breach of the clause that the test checks.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <vmig/complaints.h>
#include <vmig/sysfs.h>
#include "verdict.h"
#include "kmsg_watch.h"

static bool file_says(const char *path, const char *word)
{
	FILE *f = fopen(path, "re");
	char line[256];
	bool says = false;

	while (f && !says && fgets(line, sizeof(line), f))
		says = strstr(line, word);
	if (f)
		fclose(f);
	return says;
}

static bool locks_watched(void)
{
	unsigned long long on;

	return vmig_sysfs_field("/proc/lockdep_stats", "debug_locks:", &on) && on;
}

/**
 * vmig_kernel_watches - does this kernel see what a driver does to its memory and its locks?
 * @why: what it lacks, a reason to skip
 *
 * Return: true if it has KASAN, and lockdep, which goes off after the first report of a boot.
 */
bool vmig_kernel_watches(const char **why)
{
	*why = "the kernel has no KASAN, which sees a use of memory that is not the driver's "
	       "(--debug-kernel)";
	if (!file_says("/proc/kallsyms", " kasan_report"))
		return false;
	*why = "the kernel has no lockdep (--debug-kernel)";
	if (access("/proc/lockdep", F_OK))
		return false;
	*why = NULL;
	if (!locks_watched())
		printf("# vmig: lockdep is off since an earlier complaint of the kernel\n");
	return true;
}

/**
 * vmig_kmsg_watch_begin - listen from now on
 *
 * Return: what the other functions want, -1 where the kernel's log cannot be read.
 */
int vmig_kmsg_watch_begin(void)
{
	int fd = open("/dev/kmsg", O_RDONLY | O_NONBLOCK | O_CLOEXEC);

	if (fd >= 0)
		lseek(fd, 0, SEEK_END);
	return fd;
}

/* The text of a record that the kernel wrote, "prio,seq,usec,flags;text", else NULL. */
static char *text_of(char *record)
{
	char *text = strchr(record, ';');

	/* The facility stands above the three bits of the level; the kernel's is 0. */
	if (!text || strtoul(record, NULL, 10) >= 8)
		return NULL;
	text++;
	text[strcspn(text, "\n")] = '\0';
	return text;
}

static bool complains(const char *text)
{
	const struct vmig_complaint *c = vmig_complaint_find(text, strlen(text));

	return c && c->in_test;
}

/* What tells more than a complaint's first line: which locks, which function. */
static bool tells_more(const char *text)
{
	return strstr(text, ", at: ") || !strncmp(text, "RIP: ", 5) || strstr(text, " by task ");
}

static void add(char *heard, size_t size, const char *text)
{
	size_t len = strlen(heard);

	text += strspn(text, " ");
	snprintf(heard + len, size - len, "%s%s", len ? " | " : "", text);
}

/**
 * vmig_kmsg_complaint - what the kernel has complained of since the last call
 * @watch: what vmig_kmsg_watch_begin() gave
 *
 * Return: its first complaint, good until the next call; NULL for none.
 */
const char *vmig_kmsg_complaint(int watch)
{
	static char heard[400];
	unsigned int more = 0;
	char record[2048];
	ssize_t n;
	char *text;

	heard[0] = '\0';
	while (watch >= 0) {
		n = read(watch, record, sizeof(record) - 1);
		/* EPIPE: records were overwritten before they were read. */
		if (n < 0 && errno == EPIPE)
			continue;
		if (n <= 0)
			break;
		record[n] = '\0';
		text = text_of(record);
		if (!text)
			continue;
		if (!heard[0] && complains(text))
			add(heard, sizeof(heard), text);
		else if (heard[0] && more < 2 && tells_more(text) && ++more)
			add(heard, sizeof(heard), text);
	}
	return heard[0] ? heard : NULL;
}

/**
 * vmig_watch_judge_at - has the kernel nothing to say?
 * @at: where the caller is: VMIG_HERE
 * @watch: what vmig_kmsg_watch_begin() gave
 * @id: clause that is checked
 * @did: what was done since
 *
 * Return: false after a breach.
 */
bool vmig_watch_judge_at(const char *at, int watch, enum vmig_clause_id id, const char *did)
{
	const char *heard = vmig_kmsg_complaint(watch);

	return CHECK_AT(at, id, !heard, did,
			"nothing in the kernel's log that KASAN or lockdep says", "%s", heard);
}

/**
 * vmig_kmsg_watch_end - listen no more
 * @watch: what vmig_kmsg_watch_begin() gave
 */
void vmig_kmsg_watch_end(int watch)
{
	if (watch >= 0)
		close(watch);
}
