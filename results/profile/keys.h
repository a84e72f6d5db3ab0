/* SPDX-License-Identifier: GPL-2.0-only */
/* What may stand in a profile: its keys, and the form of each one's value. */
#ifndef VMIG_RESULTS_KEYS_H
#define VMIG_RESULTS_KEYS_H

#include <stdio.h>

#include <vmig/arena.h>
#include <vmig/text.h>

char *profile_key_check(struct arena *arena, struct text key, struct text value,
			unsigned long *seen);
void profile_keys_list(FILE *f);

#endif /* VMIG_RESULTS_KEYS_H */
