/* SPDX-License-Identifier: GPL-2.0-only */
/* What the options of vmig-report share. */
#ifndef VMIG_RESULTS_CLI_H
#define VMIG_RESULTS_CLI_H

#include <stdbool.h>

#include "pool.h"

/* Bad input, or nothing to judge. */
#define EXIT_UNTESTED 2

void complain(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
int flushed(int exit_code);

bool qualify_option(const char *option);
int qualify_run(struct pool *pool, int argc, char **argv);

#endif /* VMIG_RESULTS_CLI_H */
