/* SPDX-License-Identifier: GPL-2.0-only */
/* Seeded defects of the reference drivers. */
#ifndef VMIG_RESULTS_DEFECTS_H
#define VMIG_RESULTS_DEFECTS_H

#include <stdio.h>

#include <vmig/clauses.h>
#include <vmig/text.h>

/**
 * struct defect - one entry of selftests/test_modules/defects.def
 * @name: what the driver's parameter takes
 * @where: REF for both drivers, MOCK or EDU for one of them
 * @chapter: of the clause that it breaks, "FD"
 * @number: of the same, "8" or "08"
 * @what: what goes wrong
 * @who: driver or commit that had it, "-" where none is known
 */
struct defect {
	const char *name;
	const char *where;
	const char *chapter;
	const char *number;
	const char *what;
	const char *who;
};

const struct defect *defect_find(struct text name);
const struct defect *defect_number(int i);
const struct vmig_clause *defect_clause(const struct defect *d);
unsigned int defects_list(FILE *f);

#endif /* VMIG_RESULTS_DEFECTS_H */
