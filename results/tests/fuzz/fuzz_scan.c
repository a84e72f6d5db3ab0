// SPDX-License-Identifier: GPL-2.0-only
/*
 * Fuzz target: what a test program prints, as those read it who run the programs. It must not
 * matter in which pieces it comes, and the report's reader must find the same tests.
 */
#include <string.h>

#include "fuzz.h"
#include "scan_list.h"

/* Longer lines the scanner cuts; the reader does not, or later. */
#define LINE 200

static bool has(struct text t, const char *word)
{
	return memmem(t.s, t.n, word, strlen(word));
}

/*
 * The input as it must be for both to see the same: the reader shows other bytes than came, and
 * knows what another guest has said.
 */
static struct text plain(struct arena *arena, struct text in)
{
	char *out = arena_alloc(arena, in.n + 1);
	struct text line;
	size_t n = 0, i;

	while (text_next_line(&in, &line)) {
		if (line.n > LINE || has(line, "resumed") || has(line, "chapter"))
			continue;
		for (i = 0; i < line.n; i++)
			out[n++] = line.s[i] >= 0x20 && line.s[i] < 0x7f ? line.s[i] : 'x';
		out[n++] = '\n';
	}
	return (struct text){ out, n };
}

static bool terminated(const char *s, size_t n)
{
	return memchr(s, '\0', n);
}

static void sane(const struct scan_list *list)
{
	const struct vmig_ktap_scan *s = &list->scan;
	struct vmig_ktap_rest rest = vmig_ktap_left(s);

	MUST(terminated(s->name, sizeof(s->name)) && terminated(s->now, sizeof(s->now)));
	MUST(terminated(s->last, sizeof(s->last)) && terminated(s->before, sizeof(s->before)));
	MUST(terminated(s->from, sizeof(s->from)) && terminated(s->bail, sizeof(s->bail)));
	MUST(s->plan <= VMIG_KTAP_PLAN_MAX && !s->length);
	MUST(!rest.running || rest.running == rest.after);
	MUST(rest.after || vmig_ktap_done(s) >= s->plan);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct text all = { (const char *)data, size };
	struct arena *arena = arena_new();
	struct vmig_ktap_scan at_once;
	const struct scan_list *list;
	struct chapter *c;

	at_once = scan_list_make(all, size + 1)->scan;
	list = scan_list_make(all, 1 + size % 13);
	/* Of the line nothing is left but what stood there. */
	MUST(!memcmp(&at_once, &list->scan, offsetof(struct vmig_ktap_scan, line)));
	sane(list);
	all = plain(arena, all);
	c = ktap_parse(arena, "ktap/x.ktap", all);
	list = scan_list_make(all, 1000);
	MUST(c->too_long || list->full || !scan_list_differs(list, c));
	arena_free(arena);
	return 0;
}
