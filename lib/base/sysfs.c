// SPDX-License-Identifier: GPL-2.0-only
/* Reading small files of /sys and /proc. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <vmig/sysfs.h>

/**
 * vmig_sysfs_read - the contents of a file
 * @path: the file
 * @buf: where they go, terminated; "" where the file cannot be read
 * @size: size of @buf in bytes; what does not fit is left out
 *
 * Return: true if it can be read.
 */
bool vmig_sysfs_read(const char *path, char *buf, size_t size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	size_t used = 0;
	ssize_t n = -1;

	while (fd >= 0 && used + 1 < size) {
		n = read(fd, buf + used, size - 1 - used);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			break;
		used += (size_t)n;
	}
	buf[used] = '\0';
	if (fd >= 0)
		close(fd);
	return used || n >= 0;
}

/**
 * vmig_sysfs_line - the first line of a file
 * @path: the file
 * @line: where it goes, without its end; "" where there is none
 * @size: size of @line in bytes; what does not fit is left out
 *
 * Return: true if there is a line, which may be empty.
 */
bool vmig_sysfs_line(const char *path, char *line, size_t size)
{
	if (!vmig_sysfs_read(path, line, size) || !line[0])
		return false;
	line[strcspn(line, "\n")] = '\0';
	return true;
}

/* A number at the beginning of a text, decimal or with 0x. */
static bool number(const char *text, unsigned long long *value)
{
	char *end;

	text += strspn(text, " \t");
	if (*text < '0' || *text > '9')
		return false;
	*value = strtoull(text, &end, strncmp(text, "0x", 2) ? 10 : 16);
	return true;
}

/**
 * vmig_sysfs_number - the number that a file says
 * @path: the file
 * @value: the number; left as it is where there is none
 *
 * Return: true if it begins with a number, decimal or with 0x.
 */
bool vmig_sysfs_number(const char *path, unsigned long long *value)
{
	char line[64];

	return vmig_sysfs_line(path, line, sizeof(line)) && number(line, value);
}

/**
 * vmig_sysfs_field - the number behind a word of a file of many lines
 * @path: the file, as /proc/meminfo
 * @key: what the line begins with, as "MemAvailable:"; blanks before it do not count
 * @value: the number of the first such line; left as it is where there is none
 *
 * Return: true if there is one.
 */
bool vmig_sysfs_field(const char *path, const char *key, unsigned long long *value)
{
	FILE *f = fopen(path, "re");
	bool found = false;
	char line[256], *at;

	while (f && !found && fgets(line, sizeof(line), f)) {
		at = line + strspn(line, " \t");
		found = !strncmp(at, key, strlen(key)) && number(at + strlen(key), value);
	}
	if (f)
		fclose(f);
	return found;
}
