// SPDX-License-Identifier: GPL-2.0-only
/* Save the state of a device to a file, and load it from one. See transfer.h. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <lzma.h>

#include "transfer.h"

/**
 * vmig_transfer_to_file - write a part of a stream to a file; a vmig_transfer_sink
 * @c: the transfer
 * @arg: int *, the file, at its place
 * @data: the part
 * @len: its bytes
 * @at: where it stands in the stream
 *
 * Return: false with a sentence.
 */
bool vmig_transfer_to_file(struct vmig_transfer *c, void *arg, const void *data, size_t len,
			   uint64_t at)
{
	int fd = *(int *)arg;
	size_t done = 0;
	ssize_t n;

	while (done < len) {
		n = write(fd, (const char *)data + done, len - done);
		if (n < 0 && errno == EINTR && !vmig_transfer_stop)
			continue;
		if (n <= 0)
			return vmig_transfer_fail(c,
						  "the file cannot be written after %llu bytes: %s",
						  (unsigned long long)at + done, strerror(errno));
		done += n;
	}
	return true;
}

/**
 * vmig_transfer_show - what a stream file is, and whether it is all there
 * @path: the file
 *
 * Return: VMIG_TRANSFER_DONE, or VMIG_TRANSFER_CANNOT after a sentence.
 */
enum vmig_transfer_end vmig_transfer_show(const char *path)
{
	struct vmig_streamfile f;
	char why[300], when[32];
	time_t t;
	int fd;

	fd = vmig_streamfile_open(path, &f, why, sizeof(why));
	if (fd < 0) {
		fprintf(stderr, "vmig: %s is no stream that can be loaded: %s\n", path, why);
		return VMIG_TRANSFER_CANNOT;
	}
	close(fd);
	t = f.saved_at;
	if (!strftime(when, sizeof(when), "%Y-%m-%dT%H:%M:%SZ", gmtime(&t) ?: &(struct tm){}))
		when[0] = '\0';
	printf("%s: %llu bytes of %s (%s), %s, saved %s%s\n", path, (unsigned long long)f.length,
	       f.kind, f.device, vmig_transfer_origin(&f), when,
	       f.seed ? ", with a pattern in it" : "");
	return VMIG_TRANSFER_DONE;
}

/**
 * vmig_transfer_save - the device's state into a file
 * @c: the transfer, found
 * @path: the file
 *
 * Return: how it ended; without a word the file is as it was.
 */
enum vmig_transfer_end vmig_transfer_save(struct vmig_transfer *c, const char *path)
{
	char why[200];
	int fd;

	fd = vmig_streamfile_create(path, why, sizeof(why));
	if (fd < 0) {
		vmig_transfer_fail(c, "%s: %s", vmig_transfer_name(path), why);
		return VMIG_TRANSFER_CANNOT;
	}
	if (!vmig_transfer_open(c) || !vmig_transfer_out(c, vmig_transfer_to_file, &fd)) {
		vmig_streamfile_abandon(fd, path);
		return VMIG_TRANSFER_CANNOT;
	}
	c->here.length = c->bytes;
	c->here.checksum = c->checksum;
	c->here.seed = c->seed;
	if (vmig_streamfile_finish(fd, path, &c->here, why, sizeof(why))) {
		vmig_transfer_fail(c, "%s: %s", vmig_transfer_name(path), why);
		return VMIG_TRANSFER_CANNOT;
	}
	printf("saved %s of %s (%s)\n", vmig_transfer_rate(c), c->id.name,
	       vmig_transfer_origin(&c->here));
	return VMIG_TRANSFER_DONE;
}

/**
 * vmig_transfer_read_file - the stream of a file, up to its end or to where the sink takes no more
 * @c: the transfer; its checksum is that of what was read
 * @fd: the file, at its stream
 * @length: bytes of the stream
 * @sink: where it goes
 * @arg: for @sink
 *
 * Return: false where the sink took no more, or with a sentence.
 */
bool vmig_transfer_read_file(struct vmig_transfer *c, int fd, uint64_t length,
			     vmig_transfer_sink sink, void *arg)
{
	static unsigned char block[VMIG_TRANSFER_BLOCK];
	uint64_t at = 0;
	size_t want;
	ssize_t n;

	while (at < length) {
		want = length - at < sizeof(block) ? length - at : sizeof(block);
		n = read(fd, block, want);
		if (n < 0 && errno == EINTR && !vmig_transfer_stop)
			continue;
		if (n <= 0)
			return vmig_transfer_fail(c, "the file changed while it was read");
		c->checksum = lzma_crc64(block, n, c->checksum);
		if (!sink(c, arg, block, n, at))
			return false;
		at += n;
	}
	return true;
}

/**
 * vmig_transfer_load - a file into the device
 * @c: the transfer, found
 * @path: the file; the device is not touched unless all of it is there and of such a device
 *
 * Return: how it ended.
 */
enum vmig_transfer_end vmig_transfer_load(struct vmig_transfer *c, const char *path)
{
	struct vmig_streamfile f;
	enum vmig_transfer_end end;
	int fd, data_fd;
	char why[400];

	fd = vmig_streamfile_open(path, &f, why, sizeof(why));
	if (fd >= 0 && !vmig_streamfile_fits(&f, &c->here, why, sizeof(why))) {
		close(fd);
		fd = -1;
	}
	if (fd < 0) {
		vmig_transfer_fail(c, "%s is no stream for %s: %s", vmig_transfer_name(path),
				   c->id.name, why);
		return VMIG_TRANSFER_CANNOT;
	}
	data_fd = vmig_transfer_open(c) ? vmig_transfer_begin(c, &f) : -1;
	if (data_fd < 0) {
		close(fd);
		return VMIG_TRANSFER_CANNOT;
	}
	if (vmig_transfer_read_file(c, fd, f.length, vmig_transfer_to_device, &data_fd) &&
	    c->checksum != f.checksum)
		vmig_transfer_fail(c, "the file changed while it was read");
	close(fd);
	if (c->why[0]) {
		close(data_fd);
		return VMIG_TRANSFER_CANNOT;
	}
	end = vmig_transfer_finish(c, data_fd, &f);
	if (end == VMIG_TRANSFER_DONE)
		printf("loaded %s into %s: accepted, %s; it is from %s\n", vmig_transfer_rate(c),
		       c->id.name, vmig_transfer_seen(c), vmig_transfer_origin(&f));
	return end;
}
