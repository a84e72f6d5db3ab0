// SPDX-License-Identifier: GPL-2.0-only
/* Read in PRE_COPY up to the temporary end of the stream (ENOMSG). */
#include <vmig/feature.h>
#include "load_attempt.h"
#include "precopy_drain.h"

#define MIB (1UL << 20)

/* A device that has still more data after this long is busy. */
#define DRAIN_MS 10000

/* So is one whose counters have not come lower for this long. */
#define STANDSTILL_MS 1000

/* At the temporary end a busy device may have something new this often. */
#define END_TRIES 16

static ssize_t read_some(int fd, struct vmig_stream *s)
{
	static unsigned char buf[MIB];
	ssize_t n = __vmig_read(fd, buf, sizeof(buf));

	if (n > 0)
		vmig_stream_append(s, buf, n);
	return n;
}

/**
 * vmig_drain - read in PRE_COPY until VFIO_MIG_GET_PRECOPY_INFO says that there is no more
 * @fd: data_fd of a session in PRE_COPY or PRE_COPY_P2P
 * @s: stream to append to
 *
 * No read() is made at the temporary end itself: what it must return is for tests, and a
 * driver may let it block.
 *
 * Return: true at the temporary end: both counters are 0 (H:1261). False if a read()
 * gave nothing before, or the device has more for ever: one that changes as fast as it is read
 * conforms, and each test would wait for it.
 */
bool vmig_drain(int fd, struct vmig_stream *s)
{
	uint64_t now = vmig_now_ms(), end = now + DRAIN_MS, lower = now;
	uint64_t left, least = UINT64_MAX;
	struct vfio_precopy_info info;

	do {
		vmig_precopy_info(fd, &info);
		if (!info.initial_bytes && !info.dirty_bytes)
			return true;
		now = vmig_now_ms();
		left = info.initial_bytes + info.dirty_bytes;
		if (left < least) {
			least = left;
			lower = now;
		}
	} while (read_some(fd, s) > 0 && now < end && now < lower + STANDSTILL_MS);
	return false;
}

/**
 * vmig_read_at_end - a read() at the temporary end of stream
 * @fd: data_fd of a session that vmig_drain() has drained
 * @s: stream to append to, should there be new data after all
 *
 * Return: what the read() that gave no data returned, 0 or -errno; a positive number if
 * there was always new data.
 */
ssize_t vmig_read_at_end(int fd, struct vmig_stream *s)
{
	ssize_t n = 1;
	int i;

	for (i = 0; i < END_TRIES && n > 0; i++)
		n = read_some(fd, s);
	return n;
}
