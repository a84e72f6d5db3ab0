// SPDX-License-Identifier: GPL-2.0-only
/* Fuzz target: the list of tests, what `vmig_CHAPTER --list` prints. */
#include "catalogue.h"
#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena *arena = arena_new();
	struct listed_test *tests;
	char *wrong = NULL, *out;
	size_t len;
	FILE *f;

	tests = catalogue_parse(arena, (struct text){ (char *)data, size }, &wrong);
	MUST(!tests || !wrong);
	fuzz_clean(wrong);
	if (tests) {
		f = open_memstream(&out, &len);
		MUST(f);
		catalogue_tests(arena, tests, f);
		catalogue_clauses(arena, tests, f);
		catalogue_gaps(tests, f);
		MUST(!fclose(f));
		free(out);
	}
	arena_free(arena);
	return 0;
}
