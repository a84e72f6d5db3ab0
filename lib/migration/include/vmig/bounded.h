/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * read() and write() of a data_fd with a timeout. A data_fd may block in them (vfio.h, "Data
 * transfer session") and need not support poll(), so the bound is a timer whose signal
 * interrupts the call. Each thread has a timer of its own.
 */
#ifndef VMIG_MIGRATION_BOUNDED_H
#define VMIG_MIGRATION_BOUNDED_H

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>
#include <time.h>

/* How long one read(), write() or poll() may block before it counts as hung. */
#ifndef VMIG_IO_TIMEOUT_MS
#define VMIG_IO_TIMEOUT_MS 10000
#endif

/**
 * struct vmig_bound - how long calls of one thread may block
 * @most: so many signals of the timer without progress are too many
 * @seen: signals of this thread when there was progress
 * @began: signals of this thread when the bound began
 * @outer: what the timer did before, as a bound may begin within another one
 */
struct vmig_bound {
	int most;
	int seen;
	int began;
	struct itimerspec outer;
};

/**
 * vmig_io_result - what a read() or write() came to
 * @ret: bytes, or -errno; the result of a request of io_uring too
 * @asked: bytes asked for
 *
 * Return: @ret; -EPROTO for a driver that says that it moved more than was asked for.
 */
static inline ssize_t vmig_io_result(ssize_t ret, size_t asked)
{
	return ret > 0 && (size_t)ret > asked ? -EPROTO : ret;
}

int vmig_bound_prepare(void);
int vmig_bound_begin(struct vmig_bound *b, unsigned int ms);
int vmig_bound_begin_loop(struct vmig_bound *b, unsigned int ms);
bool vmig_bound_expired(const struct vmig_bound *b);
ssize_t vmig_bound_read(struct vmig_bound *b, int fd, void *buf, size_t len);
ssize_t vmig_bound_write(struct vmig_bound *b, int fd, const void *buf, size_t len);
void vmig_bound_end(const struct vmig_bound *b);

ssize_t __vmig_read(int fd, void *buf, size_t len);
ssize_t __vmig_write(int fd, const void *buf, size_t len);

#endif /* VMIG_MIGRATION_BOUNDED_H */
