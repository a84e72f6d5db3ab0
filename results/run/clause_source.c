// SPDX-License-Identifier: GPL-2.0-only
/* What a clause rests on: the words of the kernel's source that demand it, and the remark. */
#include <string.h>

#include <vmig/arena.h>
#include <vmig/clauses.h>

#include "clause_source.h"

/* The one file that most of them are from. */
#define UAPI_HEADER "include/uapi/linux/vfio.h"

static const char *one(struct arena *arena, const struct vmig_source *s)
{
	if (s->function)
		return arena_printf(arena, "%s %s(): %s", s->file, s->function, s->words);
	if (!strcmp(s->file, UAPI_HEADER))
		return arena_printf(arena, "\"%s\"", s->words);
	return arena_printf(arena, "%s: \"%s\"", s->file, s->words);
}

/**
 * run_clause_source - what a clause rests on
 * @arena: where the answer goes
 * @clause: the clause
 * @between: what goes between two sources, and before the remark
 *
 * Return: the words of each source, with file and function where they are not those of the uAPI
 * header, and the remark.
 */
const char *run_clause_source(struct arena *arena, const struct vmig_clause *clause,
			      const char *between)
{
	const struct vmig_source *s;
	const char *text = "";

	for (s = clause->sources; s->words; s++)
		text = arena_printf(arena, "%s%s%s", text, *text ? between : "", one(arena, s));
	if (*clause->remark)
		text = arena_printf(arena, "%s%s%s", text, *text ? between : "", clause->remark);
	return text;
}
