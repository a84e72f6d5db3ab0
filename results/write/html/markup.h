/* SPDX-License-Identifier: GPL-2.0-only */
/* Common markup of the pages: colours and signs, a badge, a term with its text. */
#ifndef VMIG_RESULTS_MARKUP_H
#define VMIG_RESULTS_MARKUP_H

#include <stdio.h>

#include "outcome.h"

/* A colour and a sign: the sign alone must be enough. */
struct mark {
	const char *class; /* good, bad, known, warn, odd, none */
	const char *sign;
};

struct mark html_mark_of_test(enum outcome outcome);
struct mark html_mark_of_clause(enum clause_outcome outcome);
void html_badge(FILE *f, struct mark mark, const char *word);
void html_definition(FILE *f, const char *term, const char *text);

#endif /* VMIG_RESULTS_MARKUP_H */
