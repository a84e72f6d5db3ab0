/* SPDX-License-Identifier: GPL-2.0-only */
/* The parts of report.html. */
#ifndef VMIG_RESULTS_HTML_H
#define VMIG_RESULTS_HTML_H

#include <stdio.h>

#include <vmig/uapi.h>

#include "run.h"
#include "test_name.h"

/* The file style sheet and script, made from report.css and report.js by the build. */
extern const char report_css[], report_js[];

/* A colour and a sign: the sign alone must be enough. */
struct mark {
	const char *class; /* good, bad, known, warn, odd, none */
	const char *sign;
};

struct mark mark_of_test(enum outcome outcome);
struct mark mark_of_clause(enum clause_outcome outcome);
void html_badge(FILE *f, struct mark mark, const char *word);
void html_definition(FILE *f, const char *term, const char *text);

/* Columns of the matrix: the states, the numbers behind them, and the last number. */
#define MATRIX_ROWS VFIO_DEVICE_STATE_NR
#define MATRIX_COLUMNS 11

/**
 * struct cell - what the tests of one pair of states came to
 * @worst: the worst of them
 * @tests: their number, 0 for a pair without a test
 * @first: the first of the worst
 */
struct cell {
	enum outcome worst;
	unsigned int tests;
	const struct test *first;
};

struct matrix {
	struct cell cell[MATRIX_ROWS][MATRIX_COLUMNS];
	unsigned int tests;
};

uint32_t matrix_number(unsigned int column);
void matrix_collect(const struct run *run, struct matrix *m);

void html_clauses(struct run *run, FILE *f);
void html_findings(struct run *run, FILE *f);
void html_matrix(struct run *run, FILE *f, const struct matrix *m);
void html_samples(struct run *run, FILE *f);
void html_graph(struct run *run, FILE *f, const struct matrix *m);

#endif /* VMIG_RESULTS_HTML_H */
