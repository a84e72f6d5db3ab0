// SPDX-License-Identifier: GPL-2.0-only
/* Fuzz target: waivers, and a mustpass list; the first byte says which. */
#include <string.h>

#include "fuzz.h"
#include "mustpass.h"
#include "waiver.h"

static void fuzz_waivers(struct arena *arena, struct text input)
{
	struct waiver *first, *w;
	struct vmig_profile *p, *again;
	unsigned int n = 0, covers = 0;
	const char *lines = "";
	char *wrong = NULL;
	const struct vmig_deviation *d;

	first = waivers_parse(arena, input, &wrong);
	MUST(!first || !wrong);
	fuzz_clean(wrong);
	for (w = first; w; w = w->next, n++) {
		MUST(w->clause && *w->glob && *w->driver && *w->reason && w->line > n);
		MUST(!strncmp(w->link, "https://", 8) && strlen(w->expires) == 10);
		MUST(waiver_expired(w, "9999-12-31T00:00:00Z") ||
		     !strcmp(w->expires, "9999-12-31"));
		MUST(!waiver_expired(w, "1999-12-31"));
		covers += waiver_covers(w, "mtty", "6.12.117");
		fuzz_clean(w->glob);
		fuzz_clean(w->link);
		fuzz_clean(w->reason);
	}
	p = waivers_profile(arena, first, "mtty", "6.12.117");
	MUST(covers == (p ? p->nr_deviations : 0));
	/* What is made of them for the tests is a profile that says the same. */
	for (d = p ? p->deviations : NULL; d; d = d->next)
		lines = arena_printf(arena, "%ssometimes: %s | %s | %s | %s\n", lines,
				     d->clause->id, d->glob, d->source, d->reason);
	if (!p || strlen(lines) > 8192)
		return;
	again = vmig_profile_parse(arena, (struct text){ lines, strlen(lines) }, &wrong);
	MUST(again && again->nr_deviations == p->nr_deviations);
}

static void fuzz_list(struct arena *arena, struct text input)
{
	const struct mustpass_test *t;
	char *wrong = NULL;
	struct mustpass *m;
	unsigned int n = 0;

	m = mustpass_parse(arena, input, &wrong);
	MUST(!m == !!wrong);
	fuzz_clean(wrong);
	if (!m)
		return;
	MUST(m->rounds >= 1 && m->rounds <= 9 && m->seed && m->stress && m->version);
	for (t = m->tests; t; t = t->next, n++) {
		MUST(t->section && !(t->section->need & t->section->lack));
		fuzz_clean(t->chapter);
		fuzz_clean(t->name);
	}
	MUST(n == m->nr_tests && n);
	mustpass_excused(m, "the device offers no PRE_COPY_P2P", TRAIT_P2P);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct text input = { (const char *)data + 1, size - 1 };
	struct arena *arena;

	if (!size)
		return 0;
	arena = arena_new();
	if (*data == 'w')
		fuzz_waivers(arena, input);
	else
		fuzz_list(arena, input);
	arena_free(arena);
	return 0;
}
