/* SPDX-License-Identifier: GPL-2.0-only */
/* A thread of a test. */
#ifndef VMIG_HELPERS_THREAD_H
#define VMIG_HELPERS_THREAD_H

#include <pthread.h>

void vmig_thread_start(pthread_t *thread, void *(*fn)(void *arg), void *arg);

#endif /* VMIG_HELPERS_THREAD_H */
