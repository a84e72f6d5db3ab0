// SPDX-License-Identifier: GPL-2.0-only
/* Write each input to a file before it is loaded. See fuzz_repro.h. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "fuzz_repro.h"
#include "keep_awake.h"
#include "verdict.h"

/* What is written to the share of a guest is on the host when write() returns. */
#define SHARE_MAGIC 0x01021997

/* The stream that is being tried; there after the end, it is the one that ended all. */
#define LAST "last.bin"

static const char *directory(void)
{
	const char *dir = getenv("VMIG_REPRO_DIR");

	if (!dir || !*dir)
		return NULL;
	mkdir(dir, 0755);
	return dir;
}

/**
 * vmig_fuzz_repro_open - the file for the streams that will be tried
 * @r: filled; without a file where no directory is given (VMIG_REPRO_DIR)
 */
void vmig_fuzz_repro_open(struct vmig_fuzz_repro *r)
{
	const char *dir = directory();
	struct vmig_awake awake;
	struct statfs fs;

	vmig_awake_begin(&awake);
	*r = (struct vmig_fuzz_repro){ .fd = -1 };
	if (dir)
		r->fd = open(vmig_fmt("%s/" LAST, dir), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC,
			     0644);
	r->sync = r->fd >= 0 && (fstatfs(r->fd, &fs) || fs.f_type != SHARE_MAGIC);
	vmig_awake_end(&awake);
}

/* How many bytes are the same, from the beginning or, with @back, from the end. */
static size_t same(const struct vmig_stream *a, const struct vmig_stream *b, bool back)
{
	size_t max = a->len < b->len ? a->len : b->len, n;

	for (n = 0; n < max; n++)
		if (back ? a->data[a->len - 1 - n] != b->data[b->len - 1 - n]
			 : a->data[n] != b->data[n])
			break;
	return n;
}

static void write_difference(struct vmig_fuzz_repro *r, const struct vmig_stream *s)
{
	size_t end = s->len, first = same(&r->there, s, false);

	if (r->there.len != s->len) {
		if (ftruncate(r->fd, s->len))
			return;
	} else if (first < end) {
		end -= same(&r->there, s, true);
	}
	if (first < end && pwrite(r->fd, s->data + first, end - first, first) != end - first)
		return;
	if (r->sync)
		fsync(r->fd);
	vmig_stream_copy(&r->there, s);
}

/**
 * vmig_fuzz_repro_before - a stream is about to be tried
 * @r: the file
 * @s: the stream
 *
 * Only what differs from the stream before is written: a share takes long for 64 KiB.
 */
void vmig_fuzz_repro_before(struct vmig_fuzz_repro *r, const struct vmig_stream *s)
{
	struct vmig_awake awake;

	if (r->fd < 0)
		return;
	/* Whoever waits for this process has a bound. */
	vmig_awake_begin(&awake);
	write_difference(r, s);
	vmig_awake_end(&awake);
}

/**
 * vmig_fuzz_repro_close - the last stream has been survived
 * @r: the file
 */
void vmig_fuzz_repro_close(struct vmig_fuzz_repro *r)
{
	const char *dir = directory();
	struct vmig_awake awake;

	vmig_stream_free(&r->there);
	if (r->fd < 0 || !dir)
		return;
	vmig_awake_begin(&awake);
	close(r->fd);
	unlink(vmig_fmt("%s/" LAST, dir));
	vmig_awake_end(&awake);
}

/**
 * vmig_fuzz_repro_keep - a stream did harm
 * @s: the stream
 * @name: what to call it
 *
 * Return: how to try it again.
 */
const char *vmig_fuzz_repro_keep(const struct vmig_stream *s, const char *name)
{
	const char *dir = directory(), *again = getenv("VMIG_REPLAY");
	struct vmig_awake awake;
	bool ok;
	int fd;

	if (!dir)
		return "it was not kept: VMIG_REPRO_DIR names no directory";
	vmig_awake_begin(&awake);
	fd = open(vmig_fmt("%s/%s.bin", dir, name), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	ok = fd >= 0 && write(fd, s->data, s->len) == s->len;
	if (fd >= 0 && close(fd))
		ok = false;
	vmig_awake_end(&awake);
	if (!ok)
		return vmig_fmt("it could not be kept in %s", dir);
	if (again)
		return vmig_fmt("again: %s/%s.bin", again, name);
	return vmig_fmt("kept as %s/%s.bin", dir, name);
}
