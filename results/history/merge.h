/* SPDX-License-Identifier: GPL-2.0-only */
/* Merge a history into another one. */
#ifndef VMIG_RESULTS_MERGE_H
#define VMIG_RESULTS_MERGE_H

#include "db.h"

/**
 * struct merged - what another history has brought
 * @runs: its runs that were new
 * @acceptances: rows about changes that were accepted
 */
struct merged {
	long long runs, acceptances;
};

char *history_merge(struct history_db *h, const char *path, struct merged *merged);

#endif /* VMIG_RESULTS_MERGE_H */
