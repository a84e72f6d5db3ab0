// SPDX-License-Identifier: GPL-2.0-only
/* Write to one data_fd from several threads at once. */
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <unistd.h>

#include <vmig/error.h>
#include "parallel_write.h"
#include "thread.h"
#include "verdict.h"

struct writer {
	int fd;
	const struct vmig_part *part;
	atomic_uint *waiting;
	ssize_t n;
};

static void *write_with_others(void *arg)
{
	struct writer *w = arg;

	atomic_fetch_sub(w->waiting, 1);
	while (atomic_load(w->waiting))
		sched_yield();
	w->n = write(w->fd, w->part->data, w->part->len);
	return NULL;
}

/**
 * vmig_parallel_write - threads that write at the same time
 * @fd: data_fd of a resuming session
 * @parts: what each of them writes
 * @count: their number, VMIG_PARALLEL_WRITERS at most
 *
 * To be called in a child that is watched, as a write() that never returns is waited for.
 *
 * Return: how many bytes were taken of all of them.
 */
size_t vmig_parallel_write(int fd, const struct vmig_part *parts, unsigned int count)
{
	struct writer w[VMIG_PARALLEL_WRITERS];
	pthread_t threads[VMIG_PARALLEL_WRITERS];
	atomic_uint waiting = count;
	size_t taken = 0;
	unsigned int i;

	for (i = 0; i < count; i++) {
		w[i] = (struct writer){ .fd = fd, .part = &parts[i], .waiting = &waiting };
		vmig_thread_start(&threads[i], write_with_others, &w[i]);
	}
	for (i = 0; i < count; i++) {
		pthread_join(threads[i], NULL);
		if (w[i].n > 0)
			taken += w[i].n;
	}
	return taken;
}
