// SPDX-License-Identifier: GPL-2.0-only
/* A thread of a test. */
#include <vmig/error.h>
#include "thread.h"
#include "verdict.h"

/**
 * vmig_thread_start - start a thread, which must work
 * @thread: where it goes; pthread_join() or pthread_detach() it
 * @fn: what it does
 * @arg: for it
 */
void vmig_thread_start(pthread_t *thread, void *(*fn)(void *arg), void *arg)
{
	int err = pthread_create(thread, NULL, fn, arg);

	if (err)
		vmig_test_error("pthread_create() failed: %s", vmig_errno_name(err));
}
