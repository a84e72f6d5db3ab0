/* SPDX-License-Identifier: GPL-2.0-only */
/* What may stand in a profile: its keys, and the form of each one's value (keys.def). */
#ifndef VMIG_PROFILE_PROFILE_KEYS_H
#define VMIG_PROFILE_PROFILE_KEYS_H

#include <stdbool.h>
#include <stddef.h>

#include <vmig/arena.h>
#include <vmig/text.h>

/**
 * struct vmig_profile_key - a key, for the manual page
 * @name: the key
 * @once: it can be said once, and not any number of times
 * @form: the form of its value
 * @what: what it says
 */
struct vmig_profile_key {
	const char *name;
	bool once;
	const char *form;
	const char *what;
};

struct text vmig_profile_key_current(struct text key);
char *vmig_profile_key_check(struct arena *arena, struct text key, struct text value,
			     unsigned long *seen);
bool vmig_profile_key(size_t i, struct vmig_profile_key *key);

#endif /* VMIG_PROFILE_PROFILE_KEYS_H */
