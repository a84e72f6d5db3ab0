/* SPDX-License-Identifier: GPL-2.0-only */
/* Make a mustpass list from runs. */
#ifndef VMIG_RESULTS_MUSTPASS_MAKE_H
#define VMIG_RESULTS_MUSTPASS_MAKE_H

#include <stdio.h>

#include "mustpass.h"

char *mustpass_make(struct arena *arena, struct text head, struct run *const runs[], size_t nr,
		    FILE *f);

#endif /* VMIG_RESULTS_MUSTPASS_MAKE_H */
