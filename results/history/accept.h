/* SPDX-License-Identifier: GPL-2.0-only */
/* Record a baseline change of a metric. */
#ifndef VMIG_RESULTS_ACCEPT_H
#define VMIG_RESULTS_ACCEPT_H

#include <stdio.h>

#include "nights.h"

/**
 * struct baseline_change_request - which changes are accepted
 * @pattern: a glob; metrics that it matches
 * @reason: why
 * @device: the device, "" for all
 * @night: the first night, or how it begins; "" for the one in which the metric became worse
 * @withdraw: they are not, after all
 */
struct baseline_change_request {
	const char *pattern, *reason, *device, *night;
	bool withdraw;
};

char *baseline_change_add(struct history *n, const struct baseline_change_request *ask, FILE *f);

#endif /* VMIG_RESULTS_ACCEPT_H */
