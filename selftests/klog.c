// SPDX-License-Identifier: GPL-2.0-only
/* What the kernel complains of while a test runs. See klog.h. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "klog.h"

/**
 * vmig_klog_open - the kernel's log, from now on
 *
 * Return: an fd, or -1 where this user may not read it.
 */
int vmig_klog_open(void)
{
	int fd = open("/dev/kmsg", O_RDONLY | O_NONBLOCK | O_CLOEXEC);

	if (fd >= 0)
		lseek(fd, 0, SEEK_END);
	return fd;
}

/* The text of a record "prio,seq,usec,flags;text" that the kernel wrote itself, else NULL. */
static char *text_of(char *record)
{
	char *text = strchr(record, ';');

	/* The facility stands above the three bits of the level. */
	if (!text || strtoul(record, NULL, 10) >= 8)
		return NULL;
	text++;
	text[strcspn(text, "\n")] = '\0';
	return text;
}

static bool is_complaint(const char *text)
{
	static const char *const starts[] = { "BUG: ", "WARNING: ", "UBSAN: ", "Oops: " };
	size_t i;

	for (i = 0; i < sizeof(starts) / sizeof(starts[0]); i++)
		if (!strncmp(text, starts[i], strlen(starts[i])))
			return true;
	return strstr(text, "page allocation failure") || strstr(text, "blocked for more than");
}

/**
 * vmig_klog_complaint - has the kernel complained since the last time?
 * @fd: what vmig_klog_open() gave
 * @line: the first line of the first complaint
 * @size: of @line
 *
 * Return: true if it has; all that it has said is then behind.
 */
bool vmig_klog_complaint(int fd, char *line, size_t size)
{
	char record[8192], *text;
	bool found = false;
	ssize_t n;

	if (fd < 0)
		return false;
	for (;;) {
		n = read(fd, record, sizeof(record) - 1);
		if (n < 0 && errno == EPIPE)
			continue;
		if (n <= 0)
			return found;
		record[n] = '\0';
		text = text_of(record);
		if (found || !text || !is_complaint(text))
			continue;
		snprintf(line, size, "%s", text);
		found = true;
	}
}
