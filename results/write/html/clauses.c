// SPDX-License-Identifier: GPL-2.0-only
/* The clause table of report.html: every clause of the catalogue with its evidence. */
#include <string.h>

#include "clause_source.h"
#include "html.h"
#include "markup.h"
#include "outcome.h"
#include "xml.h"

/* Tests that a cell of the table lists openly. */
#define OPEN_TESTS 2

static size_t part_length(const char *id)
{
	return strcspn(id, "-");
}

static void tests(FILE *f, const struct clause_result *r)
{
	const struct clause_test *t;
	bool folded = r->nr_tests > OPEN_TESTS;

	if (folded)
		fprintf(f, "<details><summary>%u tests</summary>", r->nr_tests);
	fputs("<ul class=\"plain tests\">", f);
	for (t = r->tests; t; t = t->next) {
		fputs("<li>", f);
		html_badge(f, html_mark_of_clause(t->outcome), NULL);
		putc(' ', f);
		text_xml(f, t->test->name);
		fputs("</li>", f);
	}
	fputs("</ul>", f);
	if (folded)
		fputs("</details>", f);
}

static void row(struct arena *arena, FILE *f, const struct vmig_clause *c,
		const struct clause_result *r)
{
	const struct line *note;

	fprintf(f,
		"<tr id=\"c-%s\" data-outcome=\"%s\"><td class=\"id\">%s</td>"
		"<td class=\"key\">%s</td><td class=\"key\">%s</td><td>",
		c->id, clause_outcome_name(r->outcome), c->id, vmig_level_name(c->level),
		vmig_responsible_name(c->responsible));
	text_xml(f, c->statement);
	if (*c->since) {
		fputs(" <span class=\"soft\">[since ", f);
		text_xml(f, c->since);
		fputs("]</span>", f);
	}
	fputs("<details class=\"soft\"><summary>source</summary>", f);
	text_xml(f, run_clause_source(arena, c, "; "));
	fputs("</details>", f);
	if (r->notes) {
		fputs("<details><summary class=\"soft\">recorded</summary><ul>", f);
		for (note = r->notes; note; note = note->next) {
			fputs("<li>", f);
			text_xml(f, note->text);
			fputs("</li>", f);
		}
		fputs("</ul></details>", f);
	}
	fputs("</td><td>", f);
	html_badge(f, html_mark_of_clause(r->outcome), clause_outcome_text(r->outcome));
	fputs("</td><td class=\"evidence\">", f);
	if (r->tests)
		tests(f, r);
	else
		text_xml(f, c->untestable);
	fputs("</td></tr>\n", f);
}

static void filter(const struct run *run, FILE *f)
{
	unsigned int n[NR_CLAUSE_OUTCOMES] = { 0 };
	int i;

	for (i = 0; i < VMIG_NR_CLAUSES; i++)
		n[run->clauses[i].outcome]++;
	fprintf(f,
		"<div class=\"filter\" hidden=\"hidden\"><button data-kind=\"all\" "
		"aria-pressed=\"true\">all %d</button>",
		VMIG_NR_CLAUSES);
	for (i = 0; i < NR_CLAUSE_OUTCOMES; i++)
		if (n[i])
			fprintf(f,
				"<button data-kind=\"%s\" aria-pressed=\"false\">%s %s %u</button>",
				clause_outcome_name(i), html_mark_of_clause(i).sign,
				clause_outcome_text(i), n[i]);
	fputs("</div>\n", f);
}

/**
 * html_clauses - print the clause table
 * @run: the run after judge_verdict()
 * @f: the file
 */
void html_clauses(struct run *run, FILE *f)
{
	const char *id, *before = NULL;
	size_t n;
	int i;

	filter(run, f);
	fputs("<div class=\"scroll\"><table>\n<thead><tr><th>clause</th><th>level</th>"
	      "<th>responsible</th>"
	      "<th>statement</th><th>outcome</th><th>evidence</th></tr></thead>\n",
	      f);
	for (i = 0; i < VMIG_NR_CLAUSES; i++) {
		id = vmig_clauses[i].id;
		n = part_length(id);
		if (!before || part_length(before) != n || strncmp(before, id, n)) {
			if (before)
				fputs("</tbody>\n", f);
			fprintf(f, "<tbody data-part=\"%.*s\">\n", (int)n, id);
			before = id;
		}
		row(run->arena, f, &vmig_clauses[i], &run->clauses[i]);
	}
	fputs("</tbody>\n</table></div>\n", f);
}
