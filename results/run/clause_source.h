/* SPDX-License-Identifier: GPL-2.0-only */
/* What a clause rests on, in words. */
#ifndef VMIG_RESULTS_CLAUSE_SOURCE_H
#define VMIG_RESULTS_CLAUSE_SOURCE_H

struct arena;
struct vmig_clause;

const char *run_clause_source(struct arena *arena, const struct vmig_clause *clause,
			      const char *between);

#endif /* VMIG_RESULTS_CLAUSE_SOURCE_H */
