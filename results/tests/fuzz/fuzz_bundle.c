// SPDX-License-Identifier: GPL-2.0-only
/*
 * Fuzz target: the archive of a bundle, compressed or not, and its manifest. What is accepted has
 * plain names in ascending order, contents that lie in the archive, and one form.
 */
#include <string.h>

#include "bundle.h"
#include "fuzz.h"

/* What an input may unpack to. */
#define MAX (1UL << 20)

static void check(const struct tar_member *m, struct text input)
{
	const char *before = "";

	for (; m; m = m->next) {
		MUST(*m->name && *m->name != '/' && *m->name != '.' && !strstr(m->name, "/."));
		MUST(!strstr(m->name, "//") && strcmp(before, m->name) < 0);
		MUST(m->contents.s >= input.s &&
		     m->contents.s + m->contents.n <= input.s + input.n);
		fuzz_clean(m->name);
		before = m->name;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct text input = { (const char *)data, size }, again;
	struct arena *arena = arena_new();
	struct tar_member *members;
	struct tar_member two[2] = { { .name = "a", .contents = { "x\n", 2 }, .next = &two[1] },
				     { .name = "manifest" } };
	char *wrong = NULL;
	struct bundle b;

	if (tar_is_packed(input)) {
		fuzz_clean(tar_unpack(arena, input, MAX, &input));
		MUST(input.s == (const char *)data || input.n <= MAX);
	}
	members = tar_read(arena, input, &wrong);
	MUST(!members == !!wrong);
	fuzz_clean(wrong);
	check(members, input);
	/* There is one form of what is accepted, but for the zeros behind its end. */
	if (members) {
		MUST(!tar_write(arena, members, &again));
		MUST(!memcmp(input.s, again.s, again.n < input.n ? again.n : input.n));
		MUST(again.n == input.n || again.n - input.n < 10240);
	}
	wrong = NULL;
	wrong = bundle_read(&b, arena, input);
	fuzz_clean(wrong);
	MUST(wrong || (b.manifest.s && b.mustpass.s && b.waivers.s && b.nr_rounds <= ROUNDS_MAX));
	wrong = bundle_manifest_check(arena, input, two);
	fuzz_clean(wrong);
	arena_free(arena);
	return 0;
}
