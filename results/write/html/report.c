// SPDX-License-Identifier: GPL-2.0-only
/*
 * report.html: one file that needs nothing else, for a maintainer who was not there.
 * Every tag is closed, so that the page is XML too and tests can read it as such.
 */
#include <string.h>

#include "features.h"
#include "html.h"
#include "markup.h"
#include "outcome.h"
#include "report.h"
#include "style.h"
#include "verdict.h"
#include "xml.h"

static void verdict_box(const struct run *run, FILE *f)
{
	static const struct mark marks[] = {
		[VERDICT_CONFORMANT] = { "good", "\u2713" },
		[VERDICT_DEVIATING] = { "known", "\u2248" },
		[VERDICT_NOT_CONFORMANT] = { "bad", "\u2717" },
		[VERDICT_OUT_OF_DATE] = { "bad", "+" },
		[VERDICT_INCOMPLETE] = { "bad", "?" },
		[VERDICT_COMPLAINT] = { "bad", "!" },
		[VERDICT_UNTESTED] = { "none", "\u2013" },
		[VERDICT_INTERRUPTED] = { "none", "?" },
	};
	struct mark mark = marks[run->verdict];

	fprintf(f, "<div class=\"verdict v-%s\"><p class=\"say\"><span class=\"sign\">%s</span> ",
		mark.class, mark.sign);
	text_xml(f, run->sentence);
	fprintf(f, "</p><p class=\"soft\">exit code %d</p></div>\n", run->exit_code);
}

static void count(FILE *f, unsigned int n, const char *what)
{
	fprintf(f, "<li%s><b>%u</b><span>%s</span></li>", n ? "" : " class=\"zero\"", n, what);
}

static void counts(const struct run *run, FILE *f)
{
	const unsigned int *n = run->count;

	fputs("<ul class=\"counts\">", f);
	count(f, run->nr_tests, "tests");
	count(f, n[OUTCOME_PASS] + n[OUTCOME_WARN], "passed");
	count(f, n[OUTCOME_FAIL], "failed");
	count(f, n[OUTCOME_XFAIL], "known deviations");
	count(f, n[OUTCOME_SKIP], "skipped");
	count(f, run->warnings, "warnings");
	if (n[OUTCOME_XPASS])
		count(f, n[OUTCOME_XPASS], "unexpected passes");
	if (n[OUTCOME_CRASHED] + n[OUTCOME_TIMEOUT] + n[OUTCOME_INCONCLUSIVE])
		count(f, n[OUTCOME_CRASHED] + n[OUTCOME_TIMEOUT] + n[OUTCOME_INCONCLUSIVE],
		      "could not judge");
	if (run->not_run)
		count(f, run->not_run, "not run");
	if (run->complaints)
		count(f, run->complained, "kernel complaints");
	fputs("</ul>\n", f);
}

static void link_to(FILE *f, bool there, const char *id, const char *title)
{
	if (there)
		fprintf(f, "<a href=\"#%s\">%s</a>", id, title);
}

static bool any_metric(const struct run *run)
{
	const struct test *t;

	for (t = run_first_test(run); t; t = run_next_test(t))
		if (t->metrics)
			return true;
	return false;
}

static bool any_samples(const struct run *run)
{
	const struct test *t;

	for (t = run_first_test(run); t; t = run_next_test(t))
		if (t->samples)
			return true;
	return false;
}

/* Why there is none, only where there could be. */
static bool any_cost(const struct run *run)
{
	return run->cost.phases || (run->cost.none && any_samples(run));
}

static bool any_breach(const struct run *run, enum clause_outcome outcome)
{
	const struct breach *b;
	const struct test *t;

	for (t = run_first_test(run); t; t = run_next_test(t))
		for (b = t->breaches; b; b = b->next)
			if (b->outcome == outcome)
				return true;
	return false;
}

static void navigation(const struct run *run, FILE *f, const struct matrix *m)
{
	const unsigned int *n = run->count;

	fputs("<nav>", f);
	link_to(f, any_breach(run, CLAUSE_VIOLATED), "failures", "Failures");
	link_to(f,
		run->not_run || run->problems || n[OUTCOME_CRASHED] || n[OUTCOME_TIMEOUT] ||
			n[OUTCOME_INCONCLUSIVE],
		"errors", "Could not judge");
	link_to(f, run->complaints, "kernel", "Kernel complaints");
	link_to(f, n[OUTCOME_XPASS] || run->unused, "xpass", "Unexpected passes");
	link_to(f, any_breach(run, CLAUSE_KNOWN), "known", "Known deviations");
	link_to(f, any_breach(run, CLAUSE_WARNED), "warnings", "Warnings");
	link_to(f, m->tests, "fsm", "FSM");
	link_to(f, true, "clauses", "Clauses");
	link_to(f, any_samples(run), "samples", "Throughput and latency");
	link_to(f, any_cost(run), "cost", "Cost by instruction");
	link_to(f, any_metric(run), "metrics", "Measurements");
	link_to(f, run->skips, "skipped", "Skipped");
	link_to(f, true, "tests", "All tests");
	fputs("</nav>\n", f);
}

static const char *run_words(struct run *run)
{
	const struct run_record *r = &run->record;
	const char *s = run_status_words(run->arena, r);

	if (r->seconds >= 0)
		s = arena_printf(run->arena, "%s, %.1f s", s, r->seconds);
	return arena_printf(
		run->arena, "%s%s%s%s%s%s%s%s%s%s%s", s, r->strict ? ", strict" : "",
		r->without_migration ? ", without migration" : "",
		r->left_out ? ", left out: " : "", r->left_out ? r->left_out : "",
		r->hazards ? ", with hazards" : "", r->debug_kernel ? ", in a debug kernel" : "",
		r->tests ? ", only tests " : "", r->tests ? r->tests : "",
		r->parameters ? ", modules with " : "", r->parameters ? r->parameters : "");
}

static const char *profile_words(struct run *run)
{
	const struct run_record *r = &run->record;
	const char *name = r->profile ? r->profile : "yes";

	if (!run->profile)
		return "none, every breach counts";
	if (!r->known_deviations)
		return arena_printf(run->arena, "%s, its known deviations ignored as asked", name);
	return arena_printf(run->arena, "%s, %u known deviations%s%s", name,
			    run->profile->nr_deviations, run->profile->source ? ", of " : "",
			    run->profile->source ? run->profile->source : "");
}

static void environment(struct run *run, FILE *f)
{
	const struct environment *e = &run->env;
	const char *kernel = e->release, *driver = e->driver ? e->driver : "unknown";
	const struct line *l;
	const char *all = "";
	const struct fact *facts;

	if (kernel && e->build)
		kernel = arena_printf(run->arena, "%s %s", kernel, e->build);
	if (e->driver_version)
		driver = arena_printf(run->arena, "%s %s", driver, e->driver_version);
	if (e->srcversion)
		driver = arena_printf(run->arena, "%s, srcversion %s", driver, e->srcversion);
	for (l = run_features(run->arena, e); l; l = l->next)
		all = arena_printf(run->arena, "%s%s%s", all, *all ? ", " : "", l->text);

	fputs("<h2>What was tested</h2>\n<dl class=\"facts\">\n", f);
	html_definition(f, "Driver", driver);
	html_definition(f, "Device",
			arena_printf(run->arena, "%s%s%s", e->device ? e->device : "unknown",
				     e->bus ? ", bus " : "", e->bus ? e->bus : ""));
	html_definition(f, "Features", all);
	html_definition(f, "Kernel", kernel);
	if (run->record.kernel_source)
		html_definition(f, "Kernel source", run->record.kernel_source);
	html_definition(f, "Where", run_where(run->arena, &run->record));
	html_definition(f, "Firmware", run_firmware_words(run->arena, &run->record, e));
	html_definition(f, "Profile", profile_words(run));
	if (run->profile && run->profile->verified)
		html_definition(f, "Profile verified", run->profile->verified);
	html_definition(
		f, "Suite",
		arena_printf(run->arena, "vmig %s, commit %s",
			     run->record.version ? run->record.version : "of unknown version",
			     run->record.commit ? run->record.commit : "unknown"));
	html_definition(f, "Started", run->record.started);
	html_definition(f, "Run", run_words(run));
	fputs("</dl>\n", f);
	if (!e->facts)
		return;
	fputs("<details><summary class=\"soft\">everything that environment.json records</summary>"
	      "<dl class=\"facts\">\n",
	      f);
	for (facts = e->facts; facts; facts = facts->next) {
		fputs("<dt>", f);
		text_xml(f, facts->name);
		fputs("</dt><dd class=\"mono\">", f);
		text_xml(f, facts->value);
		fputs("</dd>\n", f);
	}
	fputs("</dl></details>\n", f);
}

static void metrics(const struct run *run, FILE *f)
{
	const struct metric *m;
	const struct test *t;

	if (!any_metric(run))
		return;
	fputs("<h2 id=\"metrics\">Measurements</h2>\n<div class=\"scroll\"><table><thead><tr>"
	      "<th>test</th><th>what</th><th class=\"n\">value</th><th>unit</th></tr></thead>"
	      "<tbody>\n",
	      f);
	for (t = run_first_test(run); t; t = run_next_test(t)) {
		for (m = t->metrics; m; m = m->next) {
			fputs("<tr><td class=\"tests\">", f);
			text_xml(f, t->name);
			fputs("</td><td>", f);
			text_xml(f, m->name);
			fprintf(f, "</td><td class=\"n\">%.9g</td><td>", m->value);
			text_xml(f, m->unit);
			fputs("</td></tr>\n", f);
		}
	}
	fputs("</tbody></table></div>\n", f);
}

static void skips(const struct run *run, FILE *f)
{
	const struct skip_reason *s;

	if (!run->skips)
		return;
	fputs("<h2 id=\"skipped\">Skipped</h2>\n<table><thead><tr><th class=\"n\">tests</th>"
	      "<th>reason</th></tr></thead><tbody>\n",
	      f);
	for (s = run->skips; s; s = s->next) {
		fprintf(f, "<tr><td class=\"n\">%u</td><td>", s->count);
		text_xml(f, *s->reason ? s->reason : "no reason given");
		fputs("</td></tr>\n", f);
	}
	fputs("</tbody></table>\n", f);
}

static void test_row(FILE *f, const struct test *t)
{
	size_t i;

	fputs("<tr><td>", f);
	html_badge(f, html_mark_of_test(t->outcome), outcome_text(t->outcome));
	fputs("</td><td class=\"tests\">", f);
	text_xml(f, t->name);
	fputs("</td><td class=\"tests wide\">", f);
	for (i = 0; i < t->nr_clauses; i++) {
		fputs(i ? " " : "", f);
		text_xml(f, t->clauses[i]);
	}
	if (t->seconds >= 0)
		fprintf(f, "</td><td class=\"n\">%.3f s</td></tr>\n", t->seconds);
	else
		fputs("</td><td></td></tr>\n", f);
}

static void all_tests(const struct run *run, FILE *f)
{
	unsigned int n[NR_OUTCOMES];
	const struct chapter *c;
	const struct test *t;
	int i;

	fputs("<h2 id=\"tests\">All tests</h2>\n", f);
	for (c = run->chapters; c; c = c->next) {
		memset(n, 0, sizeof(n));
		for (t = c->tests; t; t = t->next)
			n[t->outcome]++;
		fputs("<details><summary><b>", f);
		text_xml(f, c->name);
		fprintf(f, "</b> %u test%s", c->nr_tests + c->not_run,
			c->nr_tests + c->not_run == 1 ? "" : "s");
		for (i = 0; i < NR_OUTCOMES; i++) {
			if (!n[i])
				continue;
			fprintf(f, ", %u ", n[i]);
			html_badge(f, html_mark_of_test((enum outcome)i),
				   outcome_text((enum outcome)i));
		}
		if (c->not_run)
			fprintf(f, ", %u not run", c->not_run);
		if (c->skip) {
			fputs(", ", f);
			text_xml(f, c->skip);
		}
		fputs("</summary>\n", f);
		if (c->tests)
			fputs("<div class=\"scroll\"><table><thead><tr><th>outcome</th>"
			      "<th>test</th>"
			      "<th class=\"wide\">clauses</th><th class=\"n\">time</th>"
			      "</tr></thead>"
			      "<tbody>\n",
			      f);
		for (t = c->tests; t; t = t->next)
			test_row(f, t);
		fputs(c->tests ? "</tbody></table></div></details>\n" : "</details>\n", f);
	}
}

/**
 * html_write - write report.html
 * @run: the run after judge_verdict()
 * @f: the file
 */
void html_write(struct run *run, FILE *f)
{
	struct matrix m;

	html_matrix_collect(run, &m);
	fputs("<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\"/>\n"
	      "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"/>\n<title>",
	      f);
	text_xml(f, run->env.driver ? run->env.driver : "unknown driver");
	fprintf(f, ": %s</title>\n<style>\n%s</style>\n</head>\n<body>\n<h1>Conformance of ",
		judge_verdict_name(run->verdict), report_css);
	text_xml(f, run->env.driver ? run->env.driver : "an unknown driver");
	fputs(" with the VFIO migration protocol v2</h1>\n", f);
	verdict_box(run, f);
	counts(run, f);
	navigation(run, f, &m);
	environment(run, f);
	html_findings(run, f);
	if (m.tests) {
		fputs("<h2 id=\"fsm\">The state machine</h2>\n", f);
		html_matrix(run, f, &m);
		if (run->env.migration == HAS)
			html_graph(run, f, &m);
	}
	fputs("<h2 id=\"clauses\">Clauses</h2>\n", f);
	html_clauses(run, f);
	if (any_samples(run))
		html_samples(run, f);
	if (any_cost(run))
		html_cost(run, f);
	metrics(run, f);
	skips(run, f);
	all_tests(run, f);
	fprintf(f, "<script>\n%s</script>\n</body>\n</html>\n", report_js);
}
