/* SPDX-License-Identifier: GPL-2.0-only */
/* The files of a run directory, read and joined to a run. */
#ifndef VMIG_RESULTS_LOAD_H
#define VMIG_RESULTS_LOAD_H

#include "run.h"

char *run_load(struct run *run, struct arena *arena, int dirfd);
char *run_read(struct run *run, const struct run_files *files);

#endif /* VMIG_RESULTS_LOAD_H */
