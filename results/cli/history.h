/* SPDX-License-Identifier: GPL-2.0-only */
/* What vmig-report can do with a history. */
#ifndef VMIG_RESULTS_CLI_HISTORY_H
#define VMIG_RESULTS_CLI_HISTORY_H

#include <stdbool.h>

#include "pool.h"

extern const char history_help[];

bool history_wanted(const char *option);
int history_command(struct pool *pool, int argc, char **argv);

#endif /* VMIG_RESULTS_CLI_HISTORY_H */
