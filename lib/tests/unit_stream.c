// SPDX-License-Identifier: GPL-2.0-only
/*
 * Streams keep their bytes in order through any segmentation, and end. A pipe and a
 * seqpacket socket stand in for a data_fd: short reads, short writes, errors.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <vmig/stream.h>
#include "unit.h"

#define SIZE (300 << 10)

static unsigned char bytes[SIZE];

/* Write all with one segmentation and read all with another, through a pipe. */
static bool round_trip(const struct vmig_chunks *out, const struct vmig_chunks *in, size_t len)
{
	struct vmig_stream s = {};
	int fd[2], status;
	size_t done = 0;
	bool same;
	pid_t pid;

	if (pipe(fd))
		return false;
	fflush(stdout);
	pid = fork();
	if (!pid) {
		close(fd[0]);
		_exit(__vmig_stream_write(fd[1], bytes, len, out, &done) || done != len ? 1 : 0);
	}
	close(fd[1]);
	same = !__vmig_stream_read(fd[0], &s, in) && s.len == len &&
	       (!len || !memcmp(s.data, bytes, len));
	close(fd[0]);
	waitpid(pid, &status, 0);
	vmig_stream_free(&s);
	return same && !status;
}

static void segmentation(void)
{
	static const struct vmig_chunks all[] = {
		{ "1", 1, 0 },	     { "7", 7, 0 },	   { "4095", 4095, 0 },
		{ "4096", 4096, 0 }, { "1M", 1 << 20, 0 }, { "random", 9000, 4711 },
	};
	static const size_t lengths[] = { 0, 1, 24, 4096, 65536, 65537, SIZE };
	unsigned int o, i, l;

	for (o = 0; o < sizeof(all) / sizeof(all[0]); o++)
		for (i = 0; i < sizeof(all) / sizeof(all[0]); i++)
			for (l = 0; l < sizeof(lengths) / sizeof(lengths[0]); l++)
				UNIT(round_trip(&all[o], &all[i], lengths[l]),
				     "%zu bytes written by %s and read by %s", lengths[l],
				     all[o].name, all[i].name);
}

static void partial(void)
{
	struct vmig_stream s = {};
	int fd[2];

	if (pipe(fd))
		return;
	UNIT(write(fd[1], bytes, 100) == 100, "100 bytes into a pipe");
	UNIT(!__vmig_stream_read_some(fd[0], &s, 60, &vmig_default_chunks) && s.len == 60,
	     "60 of 100 bytes are read");
	close(fd[1]);
	UNIT(__vmig_stream_read_some(fd[0], &s, 60, &vmig_default_chunks) == -ENODATA &&
		     s.len == 100,
	     "60 more of the 40 that are left: -ENODATA, and all 100 are there");
	UNIT(!memcmp(s.data, bytes, 100), "they are in order");
	close(fd[0]);
	vmig_stream_free(&s);
}

static void errors(void)
{
	struct vmig_stream s = {};
	int fd[2];
	char c;

	UNIT(__vmig_read(-1, &c, 1) == -EBADF && __vmig_write(-1, &c, 1) == -EBADF,
	     "errors come back as -errno");
	UNIT(__vmig_stream_read(-1, &s, &vmig_default_chunks) == -EBADF, "also from a stream");
	if (pipe2(fd, O_NONBLOCK))
		return;
	UNIT(__vmig_read(fd[0], &c, 1) == -EAGAIN, "nothing there and O_NONBLOCK: -EAGAIN");
	UNIT(!__vmig_poll(fd[0], POLLIN, 0), "poll: nothing there");
	UNIT(write(fd[1], "x", 1) == 1 && __vmig_poll(fd[0], POLLIN, 0) == POLLIN,
	     "poll: readable");
	UNIT(__vmig_read(fd[0], NULL, 1) == -EFAULT, "a bad buffer: -EFAULT");
	close(fd[0]);
	close(fd[1]);
	vmig_stream_free(&s);
}

static void copies(void)
{
	struct vmig_stream a = {}, b = {};

	vmig_stream_append(&a, bytes, 5000);
	vmig_stream_append(&a, bytes + 5000, 5000);
	vmig_stream_copy(&b, &a);
	UNIT(a.len == 10000 && b.len == a.len && !memcmp(b.data, bytes, b.len),
	     "append and copy keep the bytes");
	vmig_stream_copy(&b, &(struct vmig_stream){});
	UNIT(!b.len, "a copy of nothing is nothing");
	vmig_stream_free(&a);
	vmig_stream_free(&b);
}

/* Takes VMIG_IO_TIMEOUT_MS: the point is that it ends at all. */
static void timeout(void)
{
	int fd[2];
	char c;

	if (pipe(fd))
		return;
	UNIT(__vmig_read(fd[0], &c, 1) == -ETIMEDOUT, "a read that blocks ends with -ETIMEDOUT");
	close(fd[0]);
	close(fd[1]);
}

int main(void)
{
	unsigned int i, x = 1;

	for (i = 0; i < SIZE; i++) {
		x = x * 1103515245 + 12345;
		bytes[i] = x >> 16;
	}
	segmentation();
	partial();
	errors();
	copies();
	timeout();
	return unit_end();
}
