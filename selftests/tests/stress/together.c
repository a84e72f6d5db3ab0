// SPDX-License-Identifier: GPL-2.0-only
/* Calls that threads make at the same moment, each its own. */
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stddef.h>

#include <vmig/error.h>
#include "thread.h"
#include "together.h"
#include "verdict.h"

struct caller {
	struct vmig_together *call;
	atomic_uint *missing;
};

/* Nobody sleeps on the line: who is woken up comes too late. */
static void *make_call(void *arg)
{
	struct caller *c = arg;

	atomic_fetch_sub(c->missing, 1);
	while (atomic_load(c->missing))
		sched_yield();
	c->call->ret = c->call->make(c->call->arg);
	return NULL;
}

/**
 * vmig_together - make calls at the same moment
 * @calls: the calls, each made by a thread of its own; filled with what they returned
 * @count: their number, VMIG_TOGETHER_MAX at most
 *
 * To be called in a child that is watched, as a call that never returns is waited for.
 */
void vmig_together(struct vmig_together *calls, unsigned int count)
{
	struct caller callers[VMIG_TOGETHER_MAX];
	pthread_t threads[VMIG_TOGETHER_MAX];
	atomic_uint missing = count;
	unsigned int i;

	for (i = 0; i < count; i++) {
		callers[i] = (struct caller){ .call = &calls[i], .missing = &missing };
		vmig_thread_start(&threads[i], make_call, &callers[i]);
	}
	for (i = 0; i < count; i++)
		pthread_join(threads[i], NULL);
}
