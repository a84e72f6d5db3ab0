/* SPDX-License-Identifier: GPL-2.0-only */
/* The parts of report.html, for this folder alone. */
#ifndef VMIG_RESULTS_HTML_H
#define VMIG_RESULTS_HTML_H

#include <stdio.h>

#include <vmig/uapi.h>

#include "run.h"

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

uint32_t html_matrix_number(unsigned int column);
void html_matrix_collect(const struct run *run, struct matrix *m);

void html_clauses(struct run *run, FILE *f);
void html_cost(struct run *run, FILE *f);
void html_findings(struct run *run, FILE *f);
void html_matrix(struct run *run, FILE *f, const struct matrix *m);
void html_samples(struct run *run, FILE *f);
void html_graph(struct run *run, FILE *f, const struct matrix *m);

#endif /* VMIG_RESULTS_HTML_H */
