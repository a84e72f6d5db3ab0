// SPDX-License-Identifier: GPL-2.0-only
/* Fuzz target: the list of tests, what `vmig_CHAPTER --list` prints. */
#include "catalogue.h"
#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct pool *pool = pool_new();
	struct listed_test *tests;
	char *wrong = NULL, *out;
	size_t len;
	FILE *f;

	tests = catalogue_parse(pool, (struct text){ (char *)data, size }, &wrong);
	MUST(!tests || !wrong);
	fuzz_clean(wrong);
	if (tests) {
		f = open_memstream(&out, &len);
		MUST(f);
		catalogue_tests(pool, tests, f);
		catalogue_clauses(pool, tests, f);
		catalogue_gaps(tests, f);
		MUST(!fclose(f));
		free(out);
	}
	pool_free(pool);
	return 0;
}
