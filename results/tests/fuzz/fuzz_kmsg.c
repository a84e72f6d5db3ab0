// SPDX-License-Identifier: GPL-2.0-only
/* Fuzz target: the kernel's log. */
#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena *arena = arena_new();
	const struct complaint *c;
	const struct line *l;
	struct kmsg_log log;
	unsigned int n;

	c = kmsg_parse(arena, (struct text){ (char *)data, size }, &log);
	for (; c; c = c->next) {
		MUST(c->kind && c->title);
		fuzz_clean(c->title);
		fuzz_clean(c->test);
		fuzz_clean_lines(c->log);
		for (n = 0, l = c->log; l; l = l->next)
			n++;
		MUST(n == c->lines);
	}
	arena_free(arena);
	return 0;
}
