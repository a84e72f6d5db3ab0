/* SPDX-License-Identifier: GPL-2.0-only */
/* Devices that are closed, or taken away, while threads use a data_fd. */
#ifndef VMIG_TESTS_STRESS_STRESS_CLOSE_H
#define VMIG_TESTS_STRESS_STRESS_CLOSE_H

#include "thread_pool.h"

/**
 * struct vmig_closing - how
 * @state: in which the device is closed, one with a session
 * @uapi: how it is opened
 * @remove: take it from its driver too
 */
struct vmig_closing {
	uint32_t state;
	enum vmig_uapi uapi;
	bool remove;
};

bool vmig_stress_close(struct vmig_thread_pool *c, struct vmig_closing *how, const char *did,
		       unsigned long calls, unsigned int rounds);

#endif /* VMIG_TESTS_STRESS_STRESS_CLOSE_H */
