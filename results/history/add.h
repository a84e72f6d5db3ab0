/* SPDX-License-Identifier: GPL-2.0-only */
/* Add a run to a history. */
#ifndef VMIG_RESULTS_ADD_H
#define VMIG_RESULTS_ADD_H

#include <jansson.h>
#include <stdbool.h>

#include "db.h"

/**
 * struct origin - what a run's files do not say of it
 * @directory: name of the run directory
 * @host: the machine
 * @night: when the nightly began that it is of, or NULL
 */
struct origin {
	const char *directory, *host, *night;
};

char *history_add(struct history_db *h, const json_t *results, const struct origin *origin,
		  bool *added);

#endif /* VMIG_RESULTS_ADD_H */
