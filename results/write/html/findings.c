// SPDX-License-Identifier: GPL-2.0-only
/* The findings of report.html: breaches, errors, complaints, deviations, warnings. */
#include <string.h>

#include "clause_source.h"
#include "findings.h"
#include "html.h"
#include "markup.h"
#include "outcome.h"
#include "xml.h"

static void log_lines(FILE *f, const struct line *line)
{
	fputs("<pre>", f);
	for (; line; line = line->next) {
		text_xml(f, line->text);
		putc('\n', f);
	}
	fputs("</pre>\n", f);
}

static void clause_heading(struct arena *arena, FILE *f, const struct breach *b)
{
	if (!b->clause) {
		fputs("<p><span class=\"id\">", f);
		text_xml(f, b->id);
		fputs("</span> <span class=\"soft\">a clause that this report does not know"
		      "</span></p>\n",
		      f);
		return;
	}
	fprintf(f,
		"<p><a class=\"id\" href=\"#c-%s\">%s</a> "
		"<span class=\"soft\">%s, responsible: %s; ",
		b->id, b->id, vmig_level_name(b->clause->level),
		vmig_responsible_name(b->clause->responsible));
	text_xml(f, run_clause_source(arena, b->clause, "; "));
	fputs("</span></p>\n<p>", f);
	text_xml(f, b->clause->statement);
	fputs("</p>\n", f);
}

/* The harness's own lines, of the first test that has any. */
static void output_of(FILE *f, const struct breach_group *g)
{
	const struct group_member *m;

	for (m = g->tests; m; m = m->next) {
		if (!m->test->log)
			continue;
		fputs("<details><summary>output of ", f);
		text_xml(f, m->test->name);
		fputs("</summary>", f);
		log_lines(f, m->test->log);
		fputs("</details>\n", f);
		return;
	}
}

static void breach_groups(struct run *run, FILE *f, enum clause_outcome outcome, const char *id,
			  const char *title)
{
	const struct breach_group *g = findings_breaches(run, outcome);
	const struct line *name;

	if (!g)
		return;
	fprintf(f, "<h2 id=\"%s\">%s</h2>\n", id, title);
	for (; g; g = g->next) {
		fprintf(f, "<div class=\"item i-%s\">\n", html_mark_of_clause(outcome).class);
		clause_heading(run->arena, f, g->breach);
		fputs("<dl>", f);
		html_definition(f, "did", g->breach->did);
		html_definition(f, "expected", g->breach->expected);
		html_definition(f, "got", g->breach->got);
		html_definition(f, "at", g->breach->at);
		if (g->breach->known) {
			html_definition(f, "where", g->breach->source);
			html_definition(f, "why", g->breach->reason);
		}
		html_definition(f, "remark", g->tests->test->why);
		fprintf(f, "<dt>%u test%s</dt><dd class=\"tests\">", g->nr_tests,
			g->nr_tests == 1 ? "" : "s");
		for (name = findings_names(run->arena, g->tests); name; name = name->next) {
			text_xml(f, name->text);
			if (name->next)
				fputs("<br/>", f);
		}
		fputs("</dd></dl>\n", f);
		output_of(f, g);
		fputs("</div>\n", f);
	}
}

static void errors(struct run *run, FILE *f)
{
	const struct chapter *c;
	const struct test *t;
	const struct line *l;
	bool any = run->not_run || run->problems;

	for (t = run_first_test(run); t; t = run_next_test(t))
		any |= t->outcome == OUTCOME_CRASHED || t->outcome == OUTCOME_TIMEOUT ||
		       t->outcome == OUTCOME_INCONCLUSIVE;
	if (!any)
		return;
	fputs("<h2 id=\"errors\">Tests that could not judge</h2>\n", f);
	for (l = run->problems; l; l = l->next) {
		fputs("<div class=\"item i-odd\"><p>", f);
		text_xml(f, l->text);
		fputs("</p></div>\n", f);
	}
	for (t = run_first_test(run); t; t = run_next_test(t)) {
		if (t->outcome != OUTCOME_CRASHED && t->outcome != OUTCOME_TIMEOUT &&
		    t->outcome != OUTCOME_INCONCLUSIVE)
			continue;
		fputs("<div class=\"item i-odd\"><p>", f);
		html_badge(f, html_mark_of_test(t->outcome), outcome_text(t->outcome));
		fputs(" <span class=\"tests\">", f);
		text_xml(f, t->name);
		fputs("</span></p>\n<dl>", f);
		html_definition(f, "why", t->why);
		for (l = t->broken; l; l = l->next)
			html_definition(f, "inconclusive", l->text);
		fputs("</dl>\n", f);
		if (t->log)
			log_lines(f, t->log);
		fputs("</div>\n", f);
	}
	for (c = run->chapters; c; c = c->next) {
		if (!c->not_run)
			continue;
		fprintf(f, "<div class=\"item i-odd\"><p>%u test%s of ", c->not_run,
			c->not_run == 1 ? "" : "s");
		text_xml(f, c->name);
		fputs(c->missing ? " did not run:</p>\n<p class=\"tests\">" : " did not run.", f);
		for (l = c->missing; l; l = l->next) {
			text_xml(f, l->text);
			fputs(l->next ? "<br/>\n" : "", f);
		}
		fputs("</p></div>\n", f);
	}
}

static void complaints(struct run *run, FILE *f)
{
	const struct complaint *c = run->complaints;

	if (!c)
		return;
	fputs("<h2 id=\"kernel\">Kernel complaints</h2>\n"
	      "<p class=\"soft\">A complaint is put down to the test that ran when it came.</p>\n",
	      f);
	for (; c; c = c->next) {
		fprintf(f, "<div class=\"item i-%s\"><p>", c->expected ? "known" : "bad");
		html_badge(f, (struct mark){ c->expected ? "known" : "bad", "!" }, c->kind);
		if (c->test) {
			fputs(" in <span class=\"tests\">", f);
			text_xml(f, c->test);
			fputs("</span>", f);
			if (c->by)
				fprintf(f, " (%s)", outcome_text(c->by->outcome));
			else
				fputs(", which printed no result", f);
		} else {
			fputs(" between tests", f);
		}
		if (c->seconds >= 0)
			fprintf(f, ", %.3f s after boot", c->seconds);
		fputs("</p>\n", f);
		if (c->expected) {
			fputs("<p>A known deviation: ", f);
			text_xml(f, c->reason);
			fputs("</p>\n", f);
		}
		log_lines(f, c->log);
		fputs("</div>\n", f);
	}
}

static void unexpected(struct run *run, FILE *f)
{
	const struct vmig_deviation *d;
	const struct test *t;

	if (!run->count[OUTCOME_XPASS] && !run->unused)
		return;
	fputs("<h2 id=\"xpass\">Known deviations that did not come</h2>\n"
	      "<p>The profile lists them, and these tests found none: the profile is out of "
	      "date, or "
	      "too wide.</p>\n<ul class=\"tests\">",
	      f);
	for (t = run_first_test(run); t; t = run_next_test(t)) {
		if (t->outcome != OUTCOME_XPASS)
			continue;
		fputs("<li>", f);
		text_xml(f, t->name);
		fputs("</li>", f);
	}
	for (d = run->unused ? run->profile->deviations : NULL; d; d = d->next) {
		if (d->came || !d->missed)
			continue;
		fprintf(f, "<li>profile line %u, %s: came in none of its %u tests, ", d->line,
			d->clause->id, d->missed);
		text_xml(f, d->glob);
		fputs("</li>", f);
	}
	fputs("</ul>\n", f);
}

/**
 * html_findings - print breaches, errors, complaints, deviations and warnings
 * @run: the run after judge_verdict()
 * @f: the file
 */
void html_findings(struct run *run, FILE *f)
{
	breach_groups(run, f, CLAUSE_VIOLATED, "failures", "Failures");
	errors(run, f);
	complaints(run, f);
	unexpected(run, f);
	breach_groups(run, f, CLAUSE_KNOWN, "known", "Known deviations");
	breach_groups(run, f, CLAUSE_WARNED, "warnings", "Warnings");
}
