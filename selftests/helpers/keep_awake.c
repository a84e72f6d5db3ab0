// SPDX-License-Identifier: GPL-2.0-only
/* Keep a processor busy while something waits for the host. See keep_awake.h. */
#include "keep_awake.h"

static void *stay_awake(void *arg)
{
	struct vmig_awake *a = arg;

	while (!atomic_load_explicit(&a->over, memory_order_relaxed))
		;
	return NULL;
}

/**
 * vmig_awake_begin - from now on the clock does not jump
 * @a: filled
 *
 * Does nothing where no thread can be had.
 */
void vmig_awake_begin(struct vmig_awake *a)
{
	atomic_store(&a->over, false);
	a->begun = !pthread_create(&a->thread, NULL, stay_awake, a);
}

/**
 * vmig_awake_end - the clock may jump again
 * @a: from vmig_awake_begin()
 */
void vmig_awake_end(struct vmig_awake *a)
{
	atomic_store(&a->over, true);
	if (a->begun)
		pthread_join(a->thread, NULL);
}
