// SPDX-License-Identifier: GPL-2.0-only
/* Fuzz target: a profile, as the report reads it. */
#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena *arena = arena_new();
	const struct deviation *d;
	char *wrong = NULL;
	struct profile *p;
	unsigned int n = 0;

	p = profile_parse(arena, (struct text){ (char *)data, size }, &wrong);
	MUST(!p == !!wrong);
	fuzz_clean(wrong);
	for (d = p ? p->deviations : NULL; d; d = d->next, n++) {
		MUST(d->clause && *d->glob && *d->source && *d->reason);
		fuzz_clean(d->glob);
		fuzz_clean(d->source);
		fuzz_clean(d->reason);
	}
	MUST(!p || n == p->nr_deviations);
	if (p) {
		profile_find(p, "RES-07", "resume.cdev.corrupt_magic");
		profile_of(p, "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa");
	}
	arena_free(arena);
	return 0;
}
