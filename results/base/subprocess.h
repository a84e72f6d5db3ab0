/* SPDX-License-Identifier: GPL-2.0-only */
/* Run a program that reads text and prints a drawing. */
#ifndef VMIG_RESULTS_SUBPROCESS_H
#define VMIG_RESULTS_SUBPROCESS_H

#include <stdbool.h>
#include <stdio.h>

#include <vmig/arena.h>

FILE *subprocess_input(void);
char *subprocess_run(struct arena *arena, char *const argv[], FILE *in, unsigned int seconds,
		     size_t max);

#endif /* VMIG_RESULTS_SUBPROCESS_H */
