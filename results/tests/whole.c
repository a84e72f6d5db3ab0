// SPDX-License-Identifier: GPL-2.0-only
/* Found in another way than planned.c does, so that the two check each other. */
#include <string.h>

#include "whole.h"

static bool has(const struct run *run, const char *chapter, const char *name)
{
	const struct test *t;

	for (t = run_first_test(run); t; t = run_next_test(t))
		if (!strcmp(t->chapter->name, chapter) && !strcmp(t->name, name) &&
		    t->result != KTAP_NONE)
			return true;
	return false;
}

/**
 * whole - is there a result of each test of a list?
 * @run: the run
 * @list: "chapter TAB test" a line, as in tests.tsv
 *
 * Return: false if one is missing, or if a line names none.
 */
bool whole(const struct run *run, struct text list)
{
	struct text line, chapter;
	const char *tab;

	while (text_next_line(&list, &line)) {
		tab = line.n ? memchr(line.s, '\t', line.n) : NULL;
		if (!tab)
			return false;
		chapter = (struct text){ line.s, (size_t)(tab - line.s) };
		line.s = tab + 1;
		line.n -= chapter.n + 1;
		if (!has(run, text_clean(run->arena, chapter), text_clean(run->arena, line)))
			return false;
	}
	return true;
}
