// SPDX-License-Identifier: GPL-2.0-only
/*
 * Write files atomically: written under another name, made durable,
 * then renamed, so that a reader, a full disk or a signal never leaves half a report.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "output.h"

/**
 * output_open - begin a file
 * @out: the file
 * @dirfd: directory
 * @name: its name
 *
 * A failure is kept in @out and comes out of output_close().
 */
void output_open(struct output *out, int dirfd, const char *name)
{
	int fd;

	out->name = name;
	out->dirfd = dirfd;
	out->err = 0;
	out->file = NULL;
	snprintf(out->temp, sizeof(out->temp), ".%s.part", name);
	/* Of a report that was killed: the same name, so that it is not left for ever. */
	unlinkat(dirfd, out->temp, 0);
	fd = openat(dirfd, out->temp, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
	if (fd >= 0)
		out->file = fdopen(fd, "w");
	if (!out->file) {
		out->err = errno;
		if (fd >= 0)
			close(fd);
	}
}

/**
 * output_close - end a file, under its other name still
 * @out: the file
 *
 * Return: 0, or the errno of whatever failed since output_open().
 */
int output_close(struct output *out)
{
	if (!out->file)
		return out->err;
	if (fflush(out->file) || ferror(out->file) || fsync(fileno(out->file)))
		out->err = errno ? errno : EIO;
	if (fclose(out->file) && !out->err)
		out->err = errno;
	out->file = NULL;
	return out->err;
}

/**
 * output_publish - give a complete file its name
 * @out: the file, closed without an error
 *
 * Return: 0 or an errno.
 */
int output_publish(struct output *out)
{
	if (renameat(out->dirfd, out->temp, out->dirfd, out->name))
		out->err = errno;
	return out->err;
}

/**
 * output_discard - remove a file that is not to be published
 * @out: the file
 */
void output_discard(struct output *out)
{
	if (out->file)
		fclose(out->file);
	out->file = NULL;
	unlinkat(out->dirfd, out->temp, 0);
}
