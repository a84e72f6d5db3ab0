// SPDX-License-Identifier: GPL-2.0-only
/* The catalogue is complete and well formed. */
#include <ctype.h>
#include <string.h>

#include <vmig/clauses.h>
#include <vmig/kernel_range.h>
#include "unit.h"

/* Counted by hand: one lost would be silent. */
#define CLAUSES_OF_THE_SPECIFICATION 230

static bool id_right(const char *id)
{
	const char *dash = strchr(id, '-');
	const char *c;

	if (!dash || dash == id || strlen(dash + 1) != 2)
		return false;
	for (c = id; c < dash; c++)
		if (!isupper(*c) && !isdigit(*c))
			return false;
	return isdigit(dash[1]) && isdigit(dash[2]);
}

/* "7.1", or nothing. */
static bool since_right(const char *since)
{
	char range[32];

	snprintf(range, sizeof(range), "%s-", since);
	return !*since || vmig_kernel_range(range);
}

int main(void)
{
	const struct vmig_clause *c;
	const struct vmig_source *s;
	int i, unseen = 0;

	UNIT(VMIG_NR_CLAUSES == CLAUSES_OF_THE_SPECIFICATION,
	     "%d clauses, the specification has %d", VMIG_NR_CLAUSES, CLAUSES_OF_THE_SPECIFICATION);
	for (i = 0; i < VMIG_NR_CLAUSES; i++) {
		c = &vmig_clauses[i];
		UNIT(id_right(c->id), "%s: the id is CHAPTER-nn", c->id);
		UNIT(vmig_clause_find(c->id) == c, "%s: the id is unique and found", c->id);
		UNIT(c->statement && strlen(c->statement) > 10 && c->remark && c->errnos &&
			     c->since,
		     "%s: statement, remark, errnos and since are there", c->id);
		UNIT(c->sources[0].words || (c->level != VMIG_MUST && *c->remark),
		     "%s: a source is there, or where it is no MUST a remark", c->id);
		for (s = c->sources; s->words; s++)
			UNIT(s->file && strlen(s->words) > 10 && (!s->function || *s->function),
			     "%s: a source has a file and words", c->id);
		UNIT(since_right(c->since), "%s: since is a kernel", c->id);
		UNIT(!c->untestable || strlen(c->untestable) > 20, "%s: a reason is a sentence",
		     c->id);
		unseen += !!c->untestable;
	}
	UNIT(!vmig_clause_find("FD-99") && !vmig_clause_find(""), "what is no clause is not found");
	printf("# %d clauses, %d of them with a reason why no test can see them\n", i, unseen);
	return unit_end();
}
