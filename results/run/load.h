/* SPDX-License-Identifier: GPL-2.0-only */
/* Load a run directory: read its files and join them. */
#ifndef VMIG_RESULTS_LOAD_H
#define VMIG_RESULTS_LOAD_H

#include "run.h"

char *run_load(struct run *run, struct arena *arena, int dirfd);
char *run_read(struct run *run, const struct run_files *files);

#endif /* VMIG_RESULTS_LOAD_H */
