/* SPDX-License-Identifier: GPL-2.0-only */
/* Programs that read text and print a drawing. */
#ifndef VMIG_RESULTS_SUBPROCESS_H
#define VMIG_RESULTS_SUBPROCESS_H

#include <stdbool.h>
#include <stdio.h>

#include <vmig/arena.h>

FILE *subprocess_input(void);
char *subprocess_run(struct arena *arena, char *const argv[], FILE *in, unsigned int seconds,
		     size_t max);

#endif /* VMIG_RESULTS_SUBPROCESS_H */
