/* SPDX-License-Identifier: GPL-2.0-only */
/* The options of vmig-report that are about qualification. */
#ifndef VMIG_RESULTS_CLI_H
#define VMIG_RESULTS_CLI_H

#include <stdbool.h>

#include "pool.h"

bool qualify_option(const char *option);
int qualify_run(struct pool *pool, int argc, char **argv);

#endif /* VMIG_RESULTS_CLI_H */
