/* SPDX-License-Identifier: GPL-2.0-only */
/* A change of a metric that somebody accepts. */
#ifndef VMIG_RESULTS_ACCEPT_H
#define VMIG_RESULTS_ACCEPT_H

#include <stdio.h>

#include "nights.h"

/**
 * struct acceptance_request - which changes are accepted
 * @pattern: a glob; metrics that it matches
 * @reason: why
 * @device: the device, "" for all
 * @night: the first night, or how it begins; "" for the one in which the metric became worse
 * @withdraw: they are not, after all
 */
struct acceptance_request {
	const char *pattern, *reason, *device, *night;
	bool withdraw;
};

char *acceptance_add(struct history *n, const struct acceptance_request *ask, FILE *f);

#endif /* VMIG_RESULTS_ACCEPT_H */
