/* SPDX-License-Identifier: GPL-2.0-only */
/* Reading files of a run directory. */
#ifndef VMIG_RESULTS_INPUT_H
#define VMIG_RESULTS_INPUT_H

#include <vmig/arena.h>
#include <vmig/text.h>

int input_read(struct arena *arena, int dirfd, const char *path, struct text *contents);
int input_read_head(struct arena *arena, int dirfd, const char *path, size_t max,
		    struct text *contents);

#endif /* VMIG_RESULTS_INPUT_H */
