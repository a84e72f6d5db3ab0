/* SPDX-License-Identifier: GPL-2.0-only */
/* The catalogue of clauses as data. See clauses.def for what the columns mean. */
#ifndef VMIG_SPEC_CLAUSES_H
#define VMIG_SPEC_CLAUSES_H

enum vmig_level { VMIG_MUST, VMIG_SHOULD, VMIG_MAY };

enum vmig_responsible { VMIG_CORE, VMIG_DRIVER, VMIG_EITHER };

/* One enumerator a clause: a test that names a clause that does not exist does not compile. */
enum vmig_clause_id {
#define CLAUSE(chapter, number, ...) chapter##_##number,
#include <vmig/clauses.def>
#undef CLAUSE
	VMIG_NR_CLAUSES
};

/**
 * struct vmig_source - a place that demands what a clause says
 * @file: in the kernel's source
 * @function: the one of that file that computes it, NULL where the text of the file demands it
 * @words: as they stand there, white space and the stars of a comment apart; NULL behind the last
 *	source of a clause
 */
struct vmig_source {
	const char *file;
	const char *function;
	const char *words;
};

/**
 * struct vmig_clause - one testable statement of the specification
 * @id: "FD-01"
 * @level: what a breach means
 * @responsible: who is charged with a breach
 * @statement: the requirement
 * @sources: what demands it, up to one without words; a MUST has one at least
 * @remark: what else is to be said of its source; for a clause without one, why it is one
 * @errnos: what a refusal returns, "-" where nothing is promised
 * @since: first kernel with the clause, "" for all
 * @untestable: why no test can name it, NULL where tests must
 */
struct vmig_clause {
	const char *id;
	enum vmig_level level;
	enum vmig_responsible responsible;
	const char *statement;
	const struct vmig_source *sources;
	const char *remark;
	const char *errnos;
	const char *since;
	const char *untestable;
};

extern const struct vmig_clause vmig_clauses[VMIG_NR_CLAUSES];

const struct vmig_clause *vmig_clause_find(const char *id);
const char *vmig_level_name(enum vmig_level level);
const char *vmig_responsible_name(enum vmig_responsible responsible);

#endif /* VMIG_SPEC_CLAUSES_H */
