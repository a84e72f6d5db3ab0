// SPDX-License-Identifier: GPL-2.0-only
/* Record of the changes made to this host. See host_change.h. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <vmig/clock.h>
#include <vmig/host_change.h>
#include <vmig/sysfs.h>

/* The lock is held for no longer than a write to the disk takes. */
#define LOCK_MS 10000

/* A run changes a few settings: thousands are a mistake. */
#define RECORD_MAX (1 << 20)

/* Behind the name of the record: what is on it and shall stay. */
#define KEPT ".kept"

/**
 * vmig_change_file - where the record is
 *
 * Return: the path of the file, never NULL.
 */
const char *vmig_change_file(void)
{
	const char *env = getenv("VMIG_UNDO");

	return env && *env ? env : "/run/vmig/undo";
}

/* The line that the record of this boot begins with. */
static void boot_line(char *line, size_t len)
{
	char id[64];

	vmig_sysfs_line("/proc/sys/kernel/random/boot_id", id, sizeof(id));
	snprintf(line, len, "boot\t%s\n", id);
}

/* A line of a change; -EINVAL for one that would read as several lines. */
static int change_line(char *line, size_t len, const char *path, const char *value)
{
	if (!*path || *path == '#' || !strcmp(path, "boot") || strpbrk(path, "\t\n") ||
	    strchr(value, '\n'))
		return -EINVAL;
	return snprintf(line, len, "%s\t%s\n", path, value) < (int)len ? 0 : -EINVAL;
}

static int wait_for_lock(int fd)
{
	const struct timespec pause = { .tv_nsec = 5000000 };
	uint64_t until = vmig_now_ms() + LOCK_MS;

	while (flock(fd, LOCK_EX | LOCK_NB)) {
		/* A kernel without CONFIG_FILE_LOCKING, as the guest's: each change is whole still.
		 */
		if (errno == ENOSYS)
			return 0;
		if (errno != EWOULDBLOCK && errno != EINTR)
			return -errno;
		if (vmig_now_ms() > until)
			return -ETIMEDOUT;
		nanosleep(&pause, NULL);
	}
	return 0;
}

/*
 * Opens the record by @flags and locks it. One that was removed while we waited is nobody's any
 * more.
 */
static int lock_record(int flags)
{
	struct stat st;
	int fd, ret;

	for (;;) {
		fd = open(vmig_change_file(), O_CLOEXEC | flags, 0600);
		if (fd < 0)
			return -errno;
		ret = wait_for_lock(fd);
		if (!ret && fstat(fd, &st))
			ret = -errno;
		if (!ret && st.st_nlink)
			return fd;
		close(fd);
		if (ret)
			return ret;
	}
}

static int read_all(int fd, char **text)
{
	size_t used = 0;
	ssize_t n = 1;
	char *p = malloc(RECORD_MAX + 1);

	if (!p)
		return -ENOMEM;
	while (n > 0 && used < RECORD_MAX) {
		n = pread(fd, p + used, RECORD_MAX - used, used);
		if (n > 0)
			used += n;
		else if (n < 0 && errno == EINTR)
			n = 1;
	}
	if (n) {
		free(p);
		return n < 0 ? -errno : -EFBIG;
	}
	p[used] = '\0';
	*text = p;
	return 0;
}

/* Opens and locks the record as lock_record() does, and reads it. */
static int open_record(int flags, char **text)
{
	int fd = lock_record(flags), ret;

	if (fd < 0)
		return fd;
	ret = read_all(fd, text);
	if (!ret)
		return fd;
	close(fd);
	return ret;
}

/* A line without its end was never finished, and what it is for was not begun. */
static size_t cut_unfinished(char *text)
{
	char *last = strrchr(text, '\n');
	size_t len = last ? last + 1 - text : 0;

	text[len] = '\0';
	return len;
}

/* Whether the record is of another boot of this machine. */
static bool of_other_boot(const char *text)
{
	char line[80];

	boot_line(line, sizeof(line));
	return !strncmp(text, "boot\t", 5) && strncmp(text, line, strlen(line));
}

static bool is_change(const char *line)
{
	return *line && *line != '#' && strncmp(line, "boot\t", 5);
}

static char *next_line(char *line)
{
	return strchr(line, '\n') + 1;
}

/* Where the record ends when what was undone at its end is left out; 0 if nothing is on it. */
static size_t needed_length(char *text)
{
	size_t len = 0;
	char *line;

	for (line = text; *line; line = next_line(line)) {
		if (is_change(line))
			len = next_line(line) - text;
	}
	return len;
}

static int set_length(int fd, size_t len)
{
	return ftruncate(fd, len) ? -errno : 0;
}

/* Closes the record, its lock with it, when it is on disk. */
static int finish(int fd, int ret)
{
	/* Where there is no disk, as below /proc, there is nothing to wait for. */
	if (!ret && fsync(fd) && errno != EINVAL)
		ret = -errno;
	close(fd);
	return ret;
}

/* Adds lines to the @len bytes that count, all of them or none. */
static int append(int fd, size_t len, const char *lines)
{
	size_t size = strlen(lines);
	ssize_t n;
	int ret = set_length(fd, len);

	if (ret)
		return ret;
	n = pwrite(fd, lines, size, len);
	if (n == (ssize_t)size)
		return 0;
	ret = n < 0 ? -errno : -ENOSPC;
	set_length(fd, len);
	return ret;
}

/**
 * __vmig_change_record - put on record what undoes a change that is about to be made
 * @path: the file to write to
 * @value: what to write to it
 *
 * Return: 0, or an error, and then the record is as it was: -ENOENT without a place for it,
 * -EINVAL for what cannot be a line, -ETIMEDOUT if another process keeps the lock,
 * or what open(), write() and fsync() say.
 */
int __vmig_change_record(const char *path, const char *value)
{
	char lines[PATH_MAX + 1024], *text;
	size_t len, boot = 0;
	int fd, ret;

	boot_line(lines, sizeof(lines));
	boot = strlen(lines);
	ret = change_line(lines + boot, sizeof(lines) - boot, path, value);
	if (ret)
		return ret;
	fd = open_record(O_RDWR | O_CREAT, &text);
	if (fd < 0)
		return fd;
	len = of_other_boot(text) ? 0 : cut_unfinished(text);
	free(text);
	if (len + strlen(lines) > RECORD_MAX)
		ret = -EFBIG;
	else
		ret = append(fd, len, len ? lines + boot : lines);
	return finish(fd, ret);
}

/* The last line that says so, as changes are undone in reverse. */
static char *find_last(char *text, const char *line)
{
	char *at, *found = NULL;

	for (at = text; *at; at = next_line(at)) {
		if (!strncmp(at, line, strlen(line)))
			found = at;
	}
	return found;
}

static int drop_line(int fd, char *text, char *line)
{
	size_t needed;

	*line = '#';
	needed = needed_length(text);
	/* At the end of the record, cutting it off is enough. */
	if (needed > (size_t)(line - text) && pwrite(fd, "#", 1, line - text) != 1)
		return -errno;
	return set_length(fd, needed);
}

/**
 * __vmig_change_drop - take a change that was undone from the record
 * @path: the file that was written to
 * @value: what was written to it
 *
 * Of several that are equal, the last one.
 *
 * Return: 0, -ENOENT if there is no such change on record, or as __vmig_change_record().
 */
int __vmig_change_drop(const char *path, const char *value)
{
	char line[PATH_MAX + 1024], *text, *found;
	int fd, ret = change_line(line, sizeof(line), path, value);

	if (ret)
		return ret;
	fd = open_record(O_RDWR, &text);
	if (fd < 0)
		return fd;
	cut_unfinished(text);
	found = of_other_boot(text) ? NULL : find_last(text, line);
	ret = found ? drop_line(fd, text, found) : -ENOENT;
	free(text);
	return finish(fd, ret);
}

static void kept_file(char *path, size_t len, const char *suffix)
{
	snprintf(path, len, "%s" KEPT "%s", vmig_change_file(), suffix);
}

/* How many bytes of the record are what was kept: none if it has changed since. */
static size_t kept_length(const char *text)
{
	char path[PATH_MAX], *kept;
	size_t len = 0;
	int fd;

	kept_file(path, sizeof(path), "");
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return 0;
	if (!read_all(fd, &kept)) {
		if (!strncmp(text, kept, strlen(kept)))
			len = strlen(kept);
		free(kept);
	}
	close(fd);
	return len;
}

/* The changes from @line on, the last one first. */
static char *reversed(char *line)
{
	char *out = malloc(strlen(line) + 1), *at;

	if (!out)
		return NULL;
	at = out + strlen(line);
	*at = '\0';
	for (; *line; line = next_line(line)) {
		size_t len = next_line(line) - line;

		if (!is_change(line))
			continue;
		at -= len;
		memcpy(at, line, len);
	}
	memmove(out, at, strlen(at) + 1);
	return out;
}

/**
 * __vmig_change_list - what is to be put back
 * @kept: those that __vmig_change_keep() has kept too
 * @text: a line "PATH<TAB>VALUE" each, the last change first; to be freed
 *
 * Return: 0, also where there is no record, or an error as __vmig_change_record().
 */
int __vmig_change_list(bool kept, char **text)
{
	int fd = lock_record(O_RDONLY), ret;
	char *all;

	if (fd == -ENOENT) {
		*text = strdup("");
		return *text ? 0 : -ENOMEM;
	}
	if (fd < 0)
		return fd;
	ret = read_all(fd, &all);
	if (!ret) {
		cut_unfinished(all);
		if (of_other_boot(all))
			all[0] = '\0';
		*text = reversed(all + (kept ? 0 : kept_length(all)));
		ret = *text ? 0 : -ENOMEM;
		free(all);
	}
	close(fd);
	return ret;
}

/**
 * __vmig_change_keep - let the changes on record stay until --cleanup
 *
 * Return: 0, or an error as __vmig_change_record().
 */
int __vmig_change_keep(void)
{
	char path[PATH_MAX], new[PATH_MAX], *text;
	int fd = open_record(O_RDONLY, &text), to, ret;

	if (fd < 0)
		return fd == -ENOENT ? 0 : fd;
	cut_unfinished(text);
	kept_file(path, sizeof(path), "");
	kept_file(new, sizeof(new), ".new");
	to = open(new, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	ret = to < 0 ? -errno : append(to, 0, text);
	if (to >= 0)
		ret = finish(to, ret);
	if (!ret && rename(new, path))
		ret = -errno;
	free(text);
	close(fd);
	return ret;
}

/* Removes the record and what was kept of it if @gone says so of what is on it. */
static int remove_if(bool (*gone)(char *text))
{
	char path[PATH_MAX], *text;
	int fd = lock_record(O_RDWR), ret;

	kept_file(path, sizeof(path), "");
	if (fd == -ENOENT)
		unlink(path);
	if (fd < 0)
		return fd;
	ret = read_all(fd, &text);
	if (!ret) {
		cut_unfinished(text);
		ret = gone(text) ? 0 : -EBUSY;
		free(text);
	}
	/* What is kept means nothing without the record, the other way round it does. */
	if (!ret && unlink(path) && errno != ENOENT)
		ret = -errno;
	if (!ret && unlink(vmig_change_file()))
		ret = -errno;
	close(fd);
	return ret;
}

static bool other_boot(char *text)
{
	return of_other_boot(text);
}

/**
 * __vmig_change_expire - remove the record if it is of an earlier boot of this machine
 *
 * Return: 0 if it was, -EBUSY if it is of this one, -ENOENT if there is none, or an error as
 * __vmig_change_record().
 */
int __vmig_change_expire(void)
{
	return remove_if(other_boot);
}

static bool nothing_left(char *text)
{
	return !needed_length(text);
}

/**
 * __vmig_change_clear - remove a record that nothing is on
 *
 * Return: 0, -EBUSY if there is something to be put back, -ENOENT if there is no record, or an
 * error as __vmig_change_record().
 */
int __vmig_change_clear(void)
{
	return remove_if(nothing_left);
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

/**
 * vmig_setting_record - note what undoes a change that is about to be made
 * @s: filled in, for vmig_setting_back()
 * @path: the file to write to; not copied
 * @undo: what to write to it
 *
 * Without a place for the record, as in the guest, which is thrown away, there is none.
 *
 * Return: false, and errno, if there should be one and it cannot be written: then nothing may be
 * changed.
 */
bool vmig_setting_record(struct vmig_setting *s, const char *path, const char *undo)
{
	int ret;

	s->path = path;
	snprintf(s->old, sizeof(s->old), "%s", undo);
	ret = __vmig_change_record(s->path, s->old);
	errno = -ret;
	return !ret || ret == -ENOENT;
}

/**
 * vmig_setting_change - change a setting for a while
 * @s: filled in, for vmig_setting_back()
 * @path: the file; not copied
 * @value: the value for now
 *
 * Return: false if it cannot be read, cannot be put on record, or does not take the value; nothing
 * is to be undone.
 */
bool vmig_setting_change(struct vmig_setting *s, const char *path, const char *value)
{
	char old[sizeof(s->old)];

	if (!vmig_sysfs_line(path, old, sizeof(old)))
		return false;
	if (!vmig_setting_record(s, path, old))
		return false;
	if (vmig_put_line(path, value))
		return true;
	__vmig_change_drop(s->path, s->old);
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
	__vmig_change_drop(s->path, s->old);
	return true;
}
