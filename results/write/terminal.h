/* SPDX-License-Identifier: GPL-2.0-only */
/* The summary of a run on a terminal. Errors of the file are found by whoever closes it. */
#ifndef VMIG_RESULTS_TERMINAL_H
#define VMIG_RESULTS_TERMINAL_H

#include <stdbool.h>
#include <stdio.h>

#include "run.h"

void terminal_write(struct run *run, FILE *f, bool colour);

#endif /* VMIG_RESULTS_TERMINAL_H */
