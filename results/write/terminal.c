// SPDX-License-Identifier: GPL-2.0-only
/*
 * The summary on the terminal. Made to be pasted into a mail: what was tested first,
 * what is wrong next, the verdict and the totals last.
 */
#include <string.h>

#include <vmig/deviations.h>

#include "features.h"
#include "findings.h"
#include "outcome.h"
#include "terminal.h"
#include "xml.h"

#define INDENT 2
#define NAMES 12 /* of tests that found the same */
#define EXCERPT 6 /* lines of a complaint; the report has the rest */

enum style { PLAIN, BOLD, RED, GREEN, YELLOW };

struct term {
	struct run *run;
	FILE *f;
	bool colour;
};

static void style(const struct term *t, enum style style)
{
	static const char *const codes[] = { "\033[0m", "\033[1m", "\033[1;31m", "\033[1;32m",
					     "\033[1;33m" };

	if (t->colour)
		fputs(codes[style], t->f);
}

static void styled(const struct term *t, enum style s, const char *text)
{
	style(t, s);
	fputs(text, t->f);
	style(t, PLAIN);
}

static void heading(const struct term *t, enum style s, const char *text)
{
	putc('\n', t->f);
	styled(t, s, text);
	fputs("\n\n", t->f);
}

/* "  label     text", the text wrapped under itself. */
static void entry(const struct term *t, int indent, int width, const char *label, const char *text)
{
	int column = indent + width;

	if (!text || !*text)
		return;
	fprintf(t->f, "%*s%s", indent, "", label);
	if (text_width(label) < width)
		fprintf(t->f, "%*s", width - text_width(label), "");
	else
		column = indent + text_width(label);
	text_wrap(t->f, text, column, indent + width);
}

static void header_driver(const struct term *t, const struct environment *e)
{
	const char *s = e->driver ? e->driver : "unknown";

	if (e->driver_version)
		s = arena_printf(t->run->arena, "%s %s", s, e->driver_version);
	if (e->srcversion)
		s = arena_printf(t->run->arena, "%s, srcversion %s", s, e->srcversion);
	entry(t, INDENT, 12, "Driver", s);
}

static void header_profile(const struct term *t)
{
	const struct run_record *r = &t->run->record;
	const struct vmig_profile *p = t->run->profile;
	const char *s = r->profile ? r->profile : "";

	if (!p)
		s = "none: every breach counts";
	else if (!r->known_deviations)
		s = arena_printf(t->run->arena, "%s, its known deviations ignored as asked", s);
	else
		s = arena_printf(t->run->arena, "%s%s%u known deviation%s", s, *s ? ", " : "",
				 p->nr_deviations, p->nr_deviations == 1 ? "" : "s");
	entry(t, INDENT, 12, "Profile", s);
}

static void header_run(const struct term *t)
{
	const struct run_record *r = &t->run->record;
	const char *s = run_status_words(t->run->arena, r);

	if (r->started)
		s = arena_printf(t->run->arena, "%s, %s", r->started, s);
	if (r->seconds >= 0)
		s = arena_printf(t->run->arena, "%s, %.1f s", s, r->seconds);
	if (r->strict)
		s = arena_printf(t->run->arena, "%s, strict", s);
	if (r->without_migration)
		s = arena_printf(t->run->arena, "%s, without migration", s);
	if (r->left_out)
		s = arena_printf(t->run->arena, "%s, left out: %s", s, r->left_out);
	if (r->hazards)
		s = arena_printf(t->run->arena, "%s, hazards", s);
	if (r->debug_kernel)
		s = arena_printf(t->run->arena, "%s, debug kernel", s);
	if (r->tests)
		s = arena_printf(t->run->arena, "%s, only tests '%s'", s, r->tests);
	if (r->parameters)
		s = arena_printf(t->run->arena, "%s, modules with %s", s, r->parameters);
	entry(t, INDENT, 12, "Run", s);
}

static void header(const struct term *t)
{
	const struct run_record *r = &t->run->record;
	const struct environment *e = &t->run->env;
	const char *label = "Features";
	const struct line *l;

	style(t, BOLD);
	fprintf(t->f, "vmig %s, commit %s\n", r->version ? r->version : "of unknown version",
		r->commit ? r->commit : "unknown");
	style(t, PLAIN);
	fprintf(t->f, "Conformance test of %s device %s\n\n", e->driver ? e->driver : "unknown",
		e->device ? e->device : "unknown");

	if (e->build && e->release)
		entry(t, INDENT, 12, "Kernel",
		      arena_printf(t->run->arena, "%s %s %s", e->release,
				   e->machine ? e->machine : "", e->build));
	else
		entry(t, INDENT, 12, "Kernel", e->release);
	if (r->kernel_source)
		entry(t, INDENT, 12, "",
		      arena_printf(t->run->arena, "built from %s", r->kernel_source));
	header_driver(t, e);
	if (e->device)
		entry(t, INDENT, 12, "Device",
		      arena_printf(t->run->arena, "%s%s%s%s%s%s%s", e->device,
				   e->bus ? ", bus " : "", e->bus ? e->bus : "",
				   e->cdev ? ", " : "", e->cdev ? e->cdev : "",
				   e->group ? ", " : "", e->group ? e->group : ""));
	for (l = run_features(t->run->arena, e); l; l = l->next) {
		entry(t, INDENT, 12, label, l->text);
		label = "";
	}
	entry(t, INDENT, 12, "Where", run_where(t->run->arena, r));
	entry(t, INDENT, 12, "Firmware", run_firmware_words(t->run->arena, r, e));
	header_profile(t);
	header_run(t);
	for (l = t->run->problems; l; l = l->next)
		entry(t, INDENT, 12, "Problem", l->text);
}

static void names(const struct term *t, int indent, const struct breach_group *g)
{
	struct line *l, *all = findings_names(t->run->arena, g->tests);
	const char *s = "";
	unsigned int n = 0;

	for (l = all; l; l = l->next, n++)
		if (n < NAMES)
			s = arena_printf(t->run->arena, "%s%s%s", s, n ? " " : "", l->text);
	if (n > NAMES)
		s = arena_printf(t->run->arena, "%s and %u more, see report.html", s, n - NAMES);
	if (g->nr_tests == 1)
		entry(t, indent, 10, "test", s);
	else
		entry(t, indent, 10, "tests",
		      arena_printf(t->run->arena, "%u: %s", g->nr_tests, s));
}

static void breach(const struct term *t, enum style s, const struct breach_group *g)
{
	const struct breach *b = g->breach;

	fprintf(t->f, "%*s", INDENT, "");
	styled(t, s, b->id);
	if (b->clause)
		fprintf(t->f, "  %s, responsible: %s\n", vmig_level_name(b->clause->level),
			vmig_responsible_name(b->clause->responsible));
	else
		fputs("  a clause that this report does not know\n", t->f);
	if (b->clause) {
		fprintf(t->f, "%*s", 2 * INDENT, "");
		text_wrap(t->f, b->clause->statement, 2 * INDENT, 2 * INDENT);
	}
	entry(t, 2 * INDENT, 10, "did", b->did);
	entry(t, 2 * INDENT, 10, "expected", b->expected);
	entry(t, 2 * INDENT, 10, "got", b->got);
	entry(t, 2 * INDENT, 10, "at", b->at);
	entry(t, 2 * INDENT, 10, "remark", g->tests->test->why);
	names(t, 2 * INDENT, g);
}

static void breaches(const struct term *t, const char *title, enum style s,
		     enum clause_outcome outcome)
{
	const struct breach_group *g = findings_breaches(t->run, outcome);

	if (!g)
		return;
	heading(t, s, title);
	for (; g; g = g->next) {
		breach(t, s, g);
		if (g->next)
			putc('\n', t->f);
	}
}

/* Enough of the tests that a run lacks to see which they are; of a chapter, its name is. */
#define MISSING_SHOWN 8

static void missing(const struct term *t, const struct chapter *c)
{
	const struct line *l;
	unsigned int n = 0;

	if (!c->nr_tests)
		return;
	for (l = c->missing; l && n < MISSING_SHOWN; l = l->next, n++)
		entry(t, 2 * INDENT, 0, "", l->text);
	if (l)
		entry(t, 2 * INDENT, 0, "",
		      arena_printf(t->run->arena, "and %u more, see results.json",
				   c->nr_missing - n));
}

/* Why a test that could not judge ended before a call; NULL for any other test. */
static const char *kept_off(const struct test *test)
{
	return test->outcome == OUTCOME_INCONCLUSIVE ? ktap_not_run(test) : NULL;
}

/* How many tests one reason kept off; 0 unless @first is the first of them. */
static unsigned int kept_off_by(const struct term *t, const struct test *first)
{
	const char *why = kept_off(first), *other;
	const struct test *test;
	unsigned int n = 0;

	for (test = run_first_test(t->run); why && test; test = run_next_test(test)) {
		other = kept_off(test);
		if (!other || strcmp(other, why))
			continue;
		if (!n++ && test != first)
			return 0;
	}
	return n;
}

/* Those that a call kept off, which are many: report.html has their names. */
static bool given_up(const struct term *t)
{
	const struct test *test;
	bool any = false;
	unsigned int n;

	for (test = run_first_test(t->run); test; test = run_next_test(test)) {
		n = kept_off_by(t, test);
		if (!n)
			continue;
		if (!any)
			heading(t, RED, "Tests that could not judge");
		any = true;
		entry(t, INDENT, 0, "",
		      arena_printf(t->run->arena, "%u not run: %s", n, kept_off(test)));
	}
	return any;
}

static void errors(const struct term *t)
{
	const struct chapter *c;
	const struct test *test;
	const struct line *l;
	bool first = !given_up(t);

	for (test = run_first_test(t->run); test; test = run_next_test(test)) {
		if (test->outcome != OUTCOME_CRASHED && test->outcome != OUTCOME_TIMEOUT &&
		    (test->outcome != OUTCOME_INCONCLUSIVE || kept_off(test)))
			continue;
		if (first)
			heading(t, RED, "Tests that could not judge");
		first = false;
		fprintf(t->f, "%*s", INDENT, "");
		styled(t, RED, outcome_text(test->outcome));
		fprintf(t->f, "  %s/%s\n", test->chapter->name, test->name);
		entry(t, 2 * INDENT, 0, "", test->why);
		for (l = test->broken; l; l = l->next)
			entry(t, 2 * INDENT, 0, "", l->text);
		/* The harness's own words, where ours are missing. */
		if (!test->broken && !test->breaches)
			for (l = test->log; l; l = l->next)
				entry(t, 2 * INDENT, 0, "", l->text);
	}
	for (c = t->run->chapters; c; c = c->next) {
		if (!c->not_run)
			continue;
		if (first)
			heading(t, RED, "Tests that could not judge");
		first = false;
		fprintf(t->f, "%*s%u of %s not run\n", INDENT, "", c->not_run, c->name);
		missing(t, c);
	}
}

static void complaints(const struct term *t)
{
	const struct complaint *c;
	const struct line *l;
	unsigned int n;

	if (!t->run->complaints)
		return;
	heading(t, t->run->complained ? RED : YELLOW, "Kernel complaints");
	for (c = t->run->complaints; c; c = c->next) {
		fprintf(t->f, "%*s", INDENT, "");
		styled(t, c->expected ? YELLOW : RED, c->kind);
		if (c->by)
			fprintf(t->f, " in %s (%s)%s\n", c->test, outcome_text(c->by->outcome),
				c->expected ? ", a known deviation" : "");
		else if (c->test)
			fprintf(t->f, " in %s, which printed no result\n", c->test);
		else
			fputs(" between tests\n", t->f);
		for (l = c->log, n = 0; l && n < EXCERPT; l = l->next, n++)
			fprintf(t->f, "%*s%.*s\n", 2 * INDENT, "", text_bytes(l->text, 95),
				l->text);
		if (l)
			fprintf(t->f, "%*s... %u more lines in report.html\n", 2 * INDENT, "",
				c->lines - EXCERPT);
	}
}

static void deviations(const struct term *t)
{
	const struct vmig_deviation *d;
	bool first = true;

	if (!t->run->profile || !t->run->record.known_deviations)
		return;
	for (d = t->run->profile->deviations; d; d = d->next) {
		if (!d->came)
			continue;
		if (first)
			heading(t, YELLOW, "Known deviations (XFAIL)");
		first = false;
		entry(t, INDENT, 9, d->clause->id,
		      arena_printf(t->run->arena, "%s: %s (%u test%s)", d->source, d->reason,
				   d->came, d->came == 1 ? "" : "s"));
	}
}

/* The clause that an unexpected pass was expected to violate. */
static const char *xpass_clause(const struct run *run, const struct test *test)
{
	const struct vmig_deviation *d = vmig_deviation_due(run->profile, test->name);

	return d ? d->clause->id : "?";
}

/* A deviation that occurred in some tests only is listed by their names. */
static void unexpected(const struct term *t)
{
	const struct vmig_deviation *d;
	const struct test *test;

	if (!t->run->count[OUTCOME_XPASS] && !t->run->unused)
		return;
	heading(t, RED, "Known deviations that did not come (XPASS): correct the profile");
	for (test = run_first_test(t->run); test; test = run_next_test(test))
		if (test->outcome == OUTCOME_XPASS)
			entry(t, INDENT, 9, xpass_clause(t->run, test), test->name);
	if (!t->run->unused)
		return;
	for (d = t->run->profile->deviations; d; d = d->next)
		if (!d->came && d->missed)
			entry(t, INDENT, 9, d->clause->id,
			      arena_printf(t->run->arena,
					   "profile line %u came in none of its %u tests: %s",
					   d->line, d->missed, d->source));
}

/* A line of the profile that names no test is no mistake where tests were left out. */
static void idle(const struct term *t)
{
	const struct vmig_deviation *d;
	bool first = true;

	if (!t->run->profile || !t->run->record.known_deviations || t->run->record.tests ||
	    t->run->record.status != RUN_COMPLETE)
		return;
	for (d = t->run->profile->deviations; d; d = d->next) {
		if (d->met || d->came)
			continue;
		if (first)
			heading(t, YELLOW,
				"Deviations of the profile that name no test of this run");
		first = false;
		entry(t, INDENT, 9, d->clause->id,
		      arena_printf(t->run->arena, "profile line %u, tests '%s'", d->line, d->glob));
	}
}

static void skips(const struct term *t)
{
	const struct skip_reason *s;

	if (!t->run->skips)
		return;
	heading(t, BOLD, "Skipped");
	for (s = t->run->skips; s; s = s->next)
		entry(t, INDENT, 6, arena_printf(t->run->arena, "%4u", s->count),
		      *s->reason ? s->reason : "no reason given");
}

static void number(const struct term *t, enum style s, int width, unsigned int n)
{
	if (n && s != PLAIN)
		style(t, s);
	if (n)
		fprintf(t->f, "%*u", width, n);
	else
		fprintf(t->f, "%*s", width, "-");
	if (n && s != PLAIN)
		style(t, PLAIN);
}

static void chapters(const struct term *t)
{
	unsigned int n[NR_OUTCOMES];
	const struct chapter *c;
	const struct test *test;

	if (!t->run->nr_tests)
		return;
	heading(t, BOLD, "Chapters");
	fprintf(t->f, "%*s%-16s%7s%7s%7s%7s%7s%7s%7s%7s\n", INDENT, "", "", "tests", "pass", "warn",
		"known", "skip", "fail", "xpass", "error");
	for (c = t->run->chapters; c; c = c->next) {
		memset(n, 0, sizeof(n));
		for (test = c->tests; test; test = test->next)
			n[test->outcome]++;
		if (!c->nr_tests && !c->not_run)
			continue;
		fprintf(t->f, "%*s%-16s", INDENT, "", c->name);
		number(t, PLAIN, 7, c->nr_tests + c->not_run);
		number(t, PLAIN, 7, n[OUTCOME_PASS]);
		number(t, YELLOW, 7, n[OUTCOME_WARN]);
		number(t, YELLOW, 7, n[OUTCOME_XFAIL]);
		number(t, PLAIN, 7, n[OUTCOME_SKIP]);
		number(t, RED, 7, n[OUTCOME_FAIL]);
		number(t, RED, 7, n[OUTCOME_XPASS]);
		number(t, RED, 7,
		       n[OUTCOME_CRASHED] + n[OUTCOME_TIMEOUT] + n[OUTCOME_INCONCLUSIVE] +
			       c->not_run);
		putc('\n', t->f);
	}
}

static void verdict_line(const struct term *t)
{
	putc('\n', t->f);
	style(t, t->run->exit_code ? RED : GREEN);
	fputs("Verdict: ", t->f);
	text_wrap(t->f, t->run->sentence, 9, 9);
	style(t, PLAIN);
	putc('\n', t->f);
}

static void more(const struct term *t, unsigned int n, const char *what)
{
	if (n)
		fprintf(t->f, ", %u %s", n, what);
}

/* The last line, the same in every run, with what is out of the ordinary behind it. */
static void totals(const struct term *t)
{
	const struct run *r = t->run;

	fprintf(t->f,
		"Total for %s device %s: %u tests, %u passed, %u failed, %u known deviations, "
		"%u skipped, %u warnings",
		r->env.driver ? r->env.driver : "unknown",
		r->env.device ? r->env.device : "unknown", r->nr_tests,
		r->count[OUTCOME_PASS] + r->count[OUTCOME_WARN], r->count[OUTCOME_FAIL],
		r->count[OUTCOME_XFAIL], r->count[OUTCOME_SKIP], r->warnings);
	more(t, r->count[OUTCOME_XPASS], "unexpected passes");
	more(t, r->count[OUTCOME_CRASHED], "crashed");
	more(t, r->count[OUTCOME_TIMEOUT], "timed out");
	more(t, r->count[OUTCOME_INCONCLUSIVE], "inconclusive");
	more(t, r->not_run, "not run");
	more(t, r->complained, "kernel complaints");
	putc('\n', t->f);
}

/**
 * terminal_write - write the summary
 * @run: the run after judge_verdict()
 * @f: where to
 * @colour: with escape sequences
 */
void terminal_write(struct run *run, FILE *f, bool colour)
{
	struct term t = { run, f, colour };

	header(&t);
	breaches(&t, "Failures", RED, CLAUSE_VIOLATED);
	errors(&t);
	complaints(&t);
	deviations(&t);
	unexpected(&t);
	idle(&t);
	breaches(&t, "Warnings (SHOULD)", YELLOW, CLAUSE_WARNED);
	skips(&t);
	chapters(&t);
	verdict_line(&t);
	totals(&t);
}
