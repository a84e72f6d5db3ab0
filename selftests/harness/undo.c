// SPDX-License-Identifier: GPL-2.0-only
/*
 * Settings of the system that a test changes for a while. What undoes a change is on disk
 * before the change is made, so that whoever comes after a run that was killed can do it:
 * run.sh --cleanup. One line a change, "PATH<TAB>VALUE": write VALUE to PATH. Before them a
 * line "boot<TAB>ID": after a reboot nothing of it is true.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "undo.h"

/* What a run leaves undone at most: a few settings. */
#define RECORD_MAX 8192

static const char *record_path(void)
{
	const char *env = getenv("VMIG_UNDO");

	return env && *env ? env : "/run/vmig/undo";
}

/**
 * vmig_put_line - write a line to a file of /proc or /sys
 * @path: the file
 * @line: the line, without its end
 *
 * Return: false, and errno, if it cannot be opened or does not take it.
 */
bool vmig_put_line(const char *path, const char *line)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	bool ok = fd >= 0 && dprintf(fd, "%s\n", line) > 0;

	if (fd >= 0)
		close(fd);
	return ok;
}

/* The line that the record of this boot begins with. */
static void boot_line(char *line, size_t len)
{
	FILE *f = fopen("/proc/sys/kernel/random/boot_id", "re");
	char id[64] = "";

	if (f && fgets(id, sizeof(id), f))
		id[strcspn(id, "\n")] = '\0';
	if (f)
		fclose(f);
	snprintf(line, len, "boot\t%s\n", id);
}

/* Leaves what is on record of this boot, with its first line. */
static void drop_other_boot(char *text)
{
	char line[80];

	boot_line(line, sizeof(line));
	if (!strncmp(text, "boot\t", 5) && strncmp(text, line, strlen(line)))
		text[0] = '\0';
	if (!text[0])
		strcpy(text, line);
}

/*
 * Adds a line to the record, or takes it out. Without a place for the record, as in the
 * guest, which is thrown away, there is none.
 */
static void edit_record(const struct vmig_setting *s, bool add)
{
	char line[512], text[RECORD_MAX], *at, *next;
	int fd = open(record_path(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	ssize_t n;

	if (fd < 0)
		return;
	flock(fd, LOCK_EX);
	snprintf(line, sizeof(line), "%s\t%s\n", s->path, s->old);
	n = read(fd, text, sizeof(text) - 1);
	text[n > 0 ? n : 0] = '\0';
	drop_other_boot(text);
	/* The last one, as changes are undone in reverse. */
	for (at = strstr(text, line); at && (next = strstr(at + 1, line)); at = next)
		;
	if (add && strlen(text) + strlen(line) < sizeof(text))
		strcat(text, line);
	else if (!add && at)
		memmove(at, at + strlen(line), strlen(at + strlen(line)) + 1);
	boot_line(line, sizeof(line));
	if (!strcmp(text, line))
		text[0] = '\0';
	n = ftruncate(fd, 0) ? -1 : pwrite(fd, text, strlen(text), 0);
	if (n >= 0)
		fsync(fd);
	close(fd);
}

/**
 * vmig_setting_record - note what undoes a change that is about to be made
 * @s: filled in, for vmig_setting_back()
 * @path: the file to write to; not copied
 * @undo: what to write to it
 */
void vmig_setting_record(struct vmig_setting *s, const char *path, const char *undo)
{
	s->path = path;
	snprintf(s->old, sizeof(s->old), "%s", undo);
	edit_record(s, true);
}

/**
 * vmig_setting_change - change a setting for a while
 * @s: filled in, for vmig_setting_back()
 * @path: the file; not copied
 * @value: the value for now
 *
 * Return: false if it cannot be read or does not take the value; nothing is to be undone.
 */
bool vmig_setting_change(struct vmig_setting *s, const char *path, const char *value)
{
	char old[sizeof(s->old)];
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n;

	if (fd < 0)
		return false;
	n = read(fd, old, sizeof(old) - 1);
	close(fd);
	if (n <= 0)
		return false;
	old[n] = '\0';
	old[strcspn(old, "\n")] = '\0';
	vmig_setting_record(s, path, old);
	if (vmig_put_line(path, value))
		return true;
	edit_record(s, false);
	return false;
}

/**
 * vmig_setting_back - undo a change
 * @s: the change
 *
 * Return: false if the system does not take it; it stays on record then.
 */
bool vmig_setting_back(const struct vmig_setting *s)
{
	if (!vmig_put_line(s->path, s->old))
		return false;
	edit_record(s, false);
	return true;
}
