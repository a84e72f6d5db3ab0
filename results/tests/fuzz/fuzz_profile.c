// SPDX-License-Identifier: GPL-2.0-only
/* Fuzz target: a profile. */
#include <vmig/deviations.h>

#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena *arena = arena_new();
	const struct vmig_profile_line *l;
	const struct vmig_deviation *d;
	char *wrong = NULL;
	struct vmig_profile *p;
	unsigned int n = 0;

	p = vmig_profile_parse(arena, (struct text){ (char *)data, size }, &wrong);
	MUST(!p == !!wrong);
	fuzz_clean(wrong);
	for (d = p ? p->deviations : NULL; d; d = d->next, n++) {
		MUST(d->clause && *d->glob && *d->source && *d->reason);
		fuzz_clean(d->glob);
		fuzz_clean(d->source);
		fuzz_clean(d->reason);
	}
	MUST(!p || n == p->nr_deviations);
	for (d = p ? p->crashes : NULL; d; d = d->next)
		MUST(!d->clause && *d->glob && *d->source && *d->reason);
	for (l = p ? p->lines : NULL; l; l = l->next) {
		MUST(*l->key && *vmig_profile_value(p, l->key));
		fuzz_clean(l->value);
	}
	if (p)
		vmig_deviation_due(
			p, "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa");
	arena_free(arena);
	return 0;
}
