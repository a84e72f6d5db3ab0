/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Keep a processor busy while something waits for the host. In a guest in virtual time the clock
 * jumps to the next timer when every processor sleeps: a read() of the host's share that
 * takes a millisecond there would be seconds here, and the bounds of tests would expire.
 */
#ifndef VMIG_HELPERS_KEEP_AWAKE_H
#define VMIG_HELPERS_KEEP_AWAKE_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>

/**
 * struct vmig_awake - a processor that is kept busy
 * @thread: what does it
 * @over: it ends
 * @begun: there is a thread
 */
struct vmig_awake {
	pthread_t thread;
	atomic_bool over;
	bool begun;
};

void vmig_awake_begin(struct vmig_awake *a);
void vmig_awake_end(struct vmig_awake *a);

#endif /* VMIG_HELPERS_KEEP_AWAKE_H */
