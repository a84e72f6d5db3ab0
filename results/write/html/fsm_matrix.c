// SPDX-License-Identifier: GPL-2.0-only
/* The FSM from any state to any number, as a picture. */
#include <string.h>

#include <vmig/fsm.h>

#include "html.h"
#include "markup.h"
#include "outcome.h"
#include "test_name.h"
#include "xml.h"

#define CELL_W 78
#define CELL_H 44
#define LEFT 128
#define TOP 58

/* One position apart, so that the numbers that are no states stand apart. */
#define GAP 10

/**
 * html_matrix_number - the number that a column stands for
 * @column: 0 to MATRIX_COLUMNS - 1
 *
 * Return: 0 to 9, and UINT32_MAX for the last.
 */
uint32_t html_matrix_number(unsigned int column)
{
	return column + 1 < MATRIX_COLUMNS ? column : UINT32_MAX;
}

/**
 * html_matrix_collect - find the tests of each pair of states
 * @run: the run after judge_run()
 * @m: the answer
 */
void html_matrix_collect(const struct run *run, struct matrix *m)
{
	const struct test *t;
	unsigned int column;
	struct cell *cell;
	struct arc arc;

	memset(m, 0, sizeof(*m));
	for (t = run_first_test(run); t; t = run_next_test(t)) {
		if (!test_name_arc(t, &arc))
			continue;
		for (column = 0; column < MATRIX_COLUMNS; column++)
			if (html_matrix_number(column) == arc.to)
				break;
		if (column == MATRIX_COLUMNS)
			continue;
		cell = &m->cell[arc.from][column];
		if (!cell->tests || t->outcome < cell->worst) {
			cell->worst = t->outcome;
			cell->first = t;
		}
		cell->tests++;
		m->tests++;
	}
}

static const char *path_words(struct run *run, const struct vmig_transition *t)
{
	const char *s = "";
	unsigned int i;

	for (i = 0; i + 1 < t->len; i++)
		s = arena_printf(run->arena, "%s%s%s", s, i ? ", " : " by way of ",
				 vmig_state_name(t->path[i]));
	return s;
}

/* What the specification demands, in words. */
static const char *demand(struct run *run, uint32_t from, uint32_t to)
{
	struct vmig_transition t;

	vmig_transition(run->env.flags, from, to, &t);
	switch (t.answer) {
	case VMIG_STAY:
		return "success, the device stays where it is";
	case VMIG_GO:
		return arena_printf(run->arena, "success%s%s%s", path_words(run, &t),
				    t.opens ? "; opens a data_fd" : "",
				    t.closes ? "; ends the session" : "");
	case VMIG_REFUSE:
		return "an error, and nothing changes";
	default:
		return "not specified";
	}
}

/* The same in a few signs: an arrow for each arc. */
static const char *demand_sign(const struct run *run, uint32_t from, uint32_t to)
{
	static const char arrows[] = "\u2192\u2192\u2192\u2192\u2192\u2192\u2192\u2192";
	const size_t arrow = strlen("\u2192"), all = strlen(arrows);
	struct vmig_transition t;

	vmig_transition(run->env.flags, from, to, &t);
	switch (t.answer) {
	case VMIG_STAY:
		return "stays";
	case VMIG_GO:
		return t.len * arrow <= all ? arrows + all - t.len * arrow : arrows;
	case VMIG_REFUSE:
		return "refused";
	default:
		return "unspecified";
	}
}

static void cell(struct run *run, FILE *f, const struct cell *cell, uint32_t from,
		 unsigned int column, unsigned int x, unsigned int y)
{
	bool oracle = run->env.migration == HAS;
	uint32_t to = html_matrix_number(column);
	struct mark mark = html_mark_of_test(cell->worst);

	fprintf(f, "<g class=\"%s%s\"><title>%s to %s", cell->tests ? "o-" : "",
		cell->tests ? mark.class : "empty", vmig_state_name(from), vmig_state_name(to));
	if (oracle)
		fprintf(f, "\nexpected: %s", demand(run, from, to));
	if (cell->tests) {
		fprintf(f, "\n%u test%s, %s: %s: ", cell->tests, cell->tests == 1 ? "" : "s",
			cell->tests == 1 ? "outcome" : "the worst", outcome_text(cell->worst));
		text_xml(f, cell->first->name);
		if (cell->first->breaches) {
			fputs("\ngot: ", f);
			text_xml(f, cell->first->breaches->got);
		} else if (*cell->first->reason) {
			fputs("\n", f);
			text_xml(f, cell->first->reason);
		}
	} else {
		fputs("\nno test in this run", f);
	}
	fputs("</title>\n", f);
	fprintf(f, "<rect x=\"%u\" y=\"%u\" width=\"%d\" height=\"%d\" rx=\"4\"/>", x + 1, y + 1,
		CELL_W - 2, CELL_H - 2);
	if (cell->tests)
		fprintf(f,
			"<text class=\"sign\" x=\"%u\" y=\"%u\" font-size=\"17\" "
			"font-weight=\"700\" "
			"text-anchor=\"middle\">%s</text>",
			x + CELL_W / 2, y + 20, mark.sign);
	if (oracle)
		fprintf(f,
			"<text class=\"soft\" x=\"%u\" y=\"%u\" font-size=\"11\" "
			"text-anchor=\"middle\">%s</text>",
			x + CELL_W / 2, y + 36, demand_sign(run, from, to));
	fputs("</g>\n", f);
}

static unsigned int column_x(unsigned int column)
{
	return LEFT + column * CELL_W + (column >= VFIO_DEVICE_STATE_NR ? GAP : 0);
}

static void column_heads(struct run *run, FILE *f)
{
	unsigned int column, x;
	uint32_t to;

	fprintf(f,
		"<text class=\"soft\" x=\"%d\" y=\"30\" font-size=\"12\" "
		"text-anchor=\"end\">to</text>\n",
		LEFT - 12);
	fprintf(f, "<text class=\"soft\" x=\"4\" y=\"%d\" font-size=\"12\">from</text>\n", TOP - 8);
	for (column = 0; column < MATRIX_COLUMNS; column++) {
		to = html_matrix_number(column);
		x = column_x(column) + CELL_W / 2;
		if (to == UINT32_MAX)
			fprintf(f,
				"<text x=\"%u\" y=\"30\" font-size=\"12\" font-weight=\"600\" "
				"text-anchor=\"middle\">2\u00b3\u00b2 \u2212 1</text>\n",
				x);
		else
			fprintf(f,
				"<text x=\"%u\" y=\"30\" font-size=\"12\" font-weight=\"600\" "
				"text-anchor=\"middle\">%u</text>\n",
				x, to);
		fprintf(f,
			"<text x=\"%u\" y=\"46\" font-size=\"9.5\" "
			"text-anchor=\"middle\"%s>%s</text>\n",
			x, vmig_state_offered(run->env.flags, to) ? "" : " class=\"soft\"",
			to < VFIO_DEVICE_STATE_NR ? vmig_state_name(to) : "no state");
	}
}

static void legend(FILE *f)
{
	static const struct {
		enum outcome outcome;
		const char *words;
	} entries[] = {
		{ OUTCOME_PASS, "as expected" },      { OUTCOME_FAIL, "breach" },
		{ OUTCOME_XFAIL, "known deviation" }, { OUTCOME_WARN, "warning" },
		{ OUTCOME_CRASHED, "no answer" },     { OUTCOME_SKIP, "skipped" },
	};
	size_t i;

	fputs("<ul class=\"legend\">", f);
	for (i = 0; i < sizeof(entries) / sizeof(entries[0]); i++) {
		fputs("<li>", f);
		html_badge(f, html_mark_of_test(entries[i].outcome), NULL);
		fprintf(f, " %s</li>", entries[i].words);
	}
	fputs("<li>\u2192 an arc each</li></ul>\n", f);
}

/**
 * html_matrix - draw what became of each pair of states
 * @run: the run after judge_verdict()
 * @f: the file
 * @m: the tests of the pairs
 *
 * The upper line of a cell is the outcome, the lower what the oracle expects of a device
 * with these features; the words come up when the pointer rests on it.
 */
void html_matrix(struct run *run, FILE *f, const struct matrix *m)
{
	unsigned int row, column, y;
	int width = (int)column_x(MATRIX_COLUMNS) + 4, height = TOP + MATRIX_ROWS * CELL_H + 4;

	fputs("<p>SET_STATE from each state to each number, through both ways in: the sign is "
	      "what came, below it what the specification expects.</p>\n",
	      f);
	legend(f);
	fprintf(f,
		"<div class=\"scroll\"><svg class=\"matrix\" role=\"img\" "
		"aria-label=\"FSM matrix\" "
		"xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %d %d\">\n",
		width, height);
	column_heads(run, f);
	for (row = 0; row < MATRIX_ROWS; row++) {
		y = TOP + row * CELL_H;
		fprintf(f,
			"<text x=\"4\" y=\"%u\" font-size=\"12\" font-weight=\"600\">%s</text>\n",
			y + 20, vmig_state_name(row));
		if (run->env.migration == HAS && row != VFIO_DEVICE_STATE_ERROR &&
		    !vmig_state_offered(run->env.flags, row))
			fprintf(f,
				"<text class=\"soft\" x=\"4\" y=\"%u\" font-size=\"10\">not offered"
				"</text>\n",
				y + 35);
		for (column = 0; column < MATRIX_COLUMNS; column++)
			cell(run, f, &m->cell[row][column], row, column, column_x(column), y);
	}
	fputs("</svg></div>\n", f);
}
