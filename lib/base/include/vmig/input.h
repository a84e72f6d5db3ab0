/* SPDX-License-Identifier: GPL-2.0-only */
/* Reading a whole file: of a run directory, a profile. */
#ifndef VMIG_BASE_INPUT_H
#define VMIG_BASE_INPUT_H

#include <vmig/arena.h>
#include <vmig/text.h>

int vmig_input_read(struct arena *arena, int dirfd, const char *path, struct text *contents);
int vmig_input_read_head(struct arena *arena, int dirfd, const char *path, size_t max,
			 struct text *contents);

#endif /* VMIG_BASE_INPUT_H */
