// SPDX-License-Identifier: GPL-2.0-only
/*
 * junit.xml, as Jenkins and GitLab read it: testsuites / testsuite / testcase, with at
 * most one of failure, error and skipped. A failure is the driver's, an error is a test
 * that could not judge, a skip is also a known deviation.
 */
#include <string.h>

#include "features.h"
#include "junit.h"
#include "outcome.h"
#include "xml.h"

enum junit { JUNIT_PASS, JUNIT_FAILURE, JUNIT_ERROR, JUNIT_SKIPPED };

static const struct complaint *complaint_in(const struct run *run, const struct test *t)
{
	const struct complaint *c;

	for (c = run->complaints; c; c = c->next)
		if (c->by == t && !c->expected)
			return c;
	return NULL;
}

static enum junit class_of(const struct run *run, const struct test *t)
{
	switch (t->outcome) {
	case OUTCOME_FAIL:
	case OUTCOME_XPASS:
		return JUNIT_FAILURE;
	case OUTCOME_CRASHED:
	case OUTCOME_TIMEOUT:
	case OUTCOME_INCONCLUSIVE:
		return JUNIT_ERROR;
	case OUTCOME_XFAIL:
	case OUTCOME_SKIP:
		return complaint_in(run, t) ? JUNIT_ERROR : JUNIT_SKIPPED;
	default:
		return complaint_in(run, t) ? JUNIT_ERROR : JUNIT_PASS;
	}
}

static void attribute(FILE *f, const char *name, const char *value)
{
	fprintf(f, " %s=\"", name);
	text_xml(f, value ? value : "");
	putc('"', f);
}

static void property(FILE *f, const char *name, const char *value)
{
	if (!value)
		return;
	fputs("      <property", f);
	attribute(f, "name", name);
	attribute(f, "value", value);
	fputs("/>\n", f);
}

static void properties(const struct run *run, FILE *f)
{
	fputs("    <properties>\n", f);
	property(f, "suite.version", run->record.version);
	property(f, "suite.commit", run->record.commit);
	property(f, "kernel", run->env.release);
	property(f, "driver", run->env.driver);
	property(f, "driver.version", run->env.driver_version);
	property(f, "driver.srcversion", run->env.srcversion);
	property(f, "device", run->env.device);
	property(f, "where", run->record.where);
	property(f, "accelerator", run->record.accel);
	property(f, "firmware", run_firmware_words(run->arena, &run->record, &run->env));
	property(f, "profile", run->record.profile);
	property(f, "verdict", run->sentence);
	fputs("    </properties>\n", f);
}

static const struct breach *worst(const struct test *t)
{
	const struct breach *b, *worst = NULL;

	for (b = t->breaches; b; b = b->next)
		if (!worst || b->outcome < worst->outcome)
			worst = b;
	return worst;
}

static void breach_text(FILE *f, const struct breach *b)
{
	for (; b; b = b->next) {
		text_xml(f, b->id);
		fprintf(f, " (%s)", clause_outcome_name(b->outcome));
		if (b->clause) {
			fputs(": ", f);
			text_xml(f, b->clause->statement);
		}
		fputs("\n  did: ", f);
		text_xml(f, b->did);
		fputs("\n  expected: ", f);
		text_xml(f, b->expected);
		fputs("\n  got: ", f);
		text_xml(f, b->got);
		if (b->at) {
			fputs("\n  at: ", f);
			text_xml(f, b->at);
		}
		if (b->known) {
			fputs("\n  known: ", f);
			text_xml(f, b->source);
			fputs(": ", f);
			text_xml(f, b->reason);
		}
		putc('\n', f);
	}
}

static void line_text(FILE *f, const char *before, const struct line *line)
{
	for (; line; line = line->next) {
		fputs(before, f);
		text_xml(f, line->text);
		putc('\n', f);
	}
}

/* The element that says why a test is not simply passed. */
static void element(FILE *f, const char *name, const char *type, const char *message,
		    const struct test *t)
{
	fprintf(f, "      <%s", name);
	attribute(f, "message", message);
	if (type)
		attribute(f, "type", type);
	putc('>', f);
	if (t) {
		breach_text(f, t->breaches);
		line_text(f, "broken: ", t->broken);
	}
	fprintf(f, "</%s>\n", name);
}

static void failure(const struct run *run, FILE *f, const struct test *t)
{
	const struct breach *b = worst(t);
	char *message;

	if (t->outcome == OUTCOME_XPASS || !b) {
		element(f, "failure", "XPASS", "the profile lists a deviation that did not come",
			t);
		return;
	}
	message = arena_printf(run->arena, "%s: expected %s, got %s", b->id,
			       b->expected ? b->expected : "?", b->got ? b->got : "?");
	element(f, "failure", b->id, message, t);
}

static const char *error_message(const struct test *t)
{
	if (t->broken)
		return t->broken->text;
	return t->why ? t->why : "the test could not judge";
}

static const char *skip_message(const struct run *run, const struct test *t)
{
	const struct breach *b = worst(t);

	if (t->outcome == OUTCOME_SKIP)
		return t->reason;
	if (!b)
		return t->why;
	return arena_printf(run->arena, "known deviation %s: %s: %s", b->id, b->source, b->reason);
}

static void testcase(const struct run *run, FILE *f, const struct test *t)
{
	const struct complaint *c = complaint_in(run, t);
	const char *dot = strrchr(t->name, '.');
	const struct metric *m;

	fputs("    <testcase", f);
	attribute(f, "classname",
		  arena_printf(run->arena, "%s.%.*s", t->chapter->name,
			       dot ? (int)(dot - t->name) : 0, t->name));
	attribute(f, "name", dot ? dot + 1 : t->name);
	if (t->seconds >= 0)
		fprintf(f, " time=\"%.3f\"", t->seconds);
	fputs(">\n", f);

	switch (class_of(run, t)) {
	case JUNIT_FAILURE:
		failure(run, f, t);
		break;
	case JUNIT_ERROR:
		if (c && t->outcome > OUTCOME_XPASS)
			element(f, "error", "kernel", c->title, t);
		else
			element(f, "error", outcome_name(t->outcome), error_message(t), t);
		break;
	case JUNIT_SKIPPED:
		element(f, "skipped", NULL, skip_message(run, t), NULL);
		break;
	default:
		break;
	}
	fputs("      <system-out>", f);
	if (t->nr_clauses) {
		fputs("clauses:", f);
		for (size_t i = 0; i < t->nr_clauses; i++) {
			putc(' ', f);
			text_xml(f, t->clauses[i]);
		}
		putc('\n', f);
	}
	breach_text(f, t->breaches);
	line_text(f, "", t->log);
	for (m = t->metrics; m; m = m->next) {
		fputs("[[PROPERTY|", f);
		text_xml(f, m->name);
		fprintf(f, "=%.9g ", m->value);
		text_xml(f, m->unit);
		fputs("]]\n", f);
	}
	fputs("</system-out>\n", f);
	if (c) {
		fputs("      <system-err>", f);
		line_text(f, "", c->log);
		fputs("</system-err>\n", f);
	}
	fputs("    </testcase>\n", f);
}

/* A test case for what has no test: lost tests, complaints between tests. */
static void extra(FILE *f, const char *class, const char *name, const char *type,
		  const char *message)
{
	fputs("    <testcase", f);
	attribute(f, "classname", class);
	attribute(f, "name", name);
	fputs(">\n", f);
	element(f, "error", type, message, NULL);
	fputs("    </testcase>\n", f);
}

/* Test cases for what never ran: the missing by name, those without one as one case. */
static unsigned int lost_cases(const struct chapter *c)
{
	return c->nr_missing + (c->not_run > c->nr_missing);
}

static void lost(const struct run *run, FILE *f, const struct chapter *c)
{
	static const char why[] = "the output of the test program has nothing of it";
	const struct line *name;

	for (name = c->missing; name; name = name->next)
		extra(f, c->name, name->text, "not run", why);
	if (c->not_run > c->nr_missing)
		extra(f, c->name, arena_printf(run->arena, "%u tests", c->not_run - c->nr_missing),
		      "not run", "the output of the test program ends before they began");
}

static void count_suite(const struct run *run, const struct chapter *c, unsigned int n[4])
{
	const struct test *t;

	memset(n, 0, 4 * sizeof(*n));
	for (t = c->tests; t; t = t->next)
		n[class_of(run, t)]++;
	n[JUNIT_ERROR] += lost_cases(c);
}

static void testsuite(const struct run *run, FILE *f, const struct chapter *c)
{
	const struct test *t;
	unsigned int n[4];
	double seconds = 0;

	count_suite(run, c, n);
	for (t = c->tests; t; t = t->next)
		seconds += t->seconds > 0 ? t->seconds : 0;
	fputs("  <testsuite", f);
	attribute(f, "name", c->name);
	fprintf(f, " tests=\"%u\" failures=\"%u\" errors=\"%u\" skipped=\"%u\" time=\"%.3f\"",
		c->nr_tests + lost_cases(c), n[JUNIT_FAILURE], n[JUNIT_ERROR], n[JUNIT_SKIPPED],
		seconds);
	if (run->record.started)
		attribute(f, "timestamp", run->record.started);
	fputs(">\n", f);
	properties(run, f);
	for (t = c->tests; t; t = t->next)
		testcase(run, f, t);
	lost(run, f, c);
	fputs("  </testsuite>\n", f);
}

/* What concerns the run and no test of it. */
static void testsuite_of_run(const struct run *run, FILE *f, unsigned int errors)
{
	const struct complaint *c;
	const struct line *p;

	fprintf(f,
		"  <testsuite name=\"run\" tests=\"%u\" failures=\"0\" errors=\"%u\" "
		"skipped=\"0\" time=\"0\">\n",
		errors, errors);
	for (p = run->problems; p; p = p->next)
		extra(f, "run", "problem", "run", p->text);
	for (c = run->complaints; c; c = c->next)
		if (!c->by)
			extra(f, "kernel", c->kind, "kernel", c->title);
	fputs("  </testsuite>\n", f);
}

/**
 * junit_write - write junit.xml
 * @run: the run after judge_verdict()
 * @f: the file
 */
void junit_write(struct run *run, FILE *f)
{
	unsigned int n[4], sum[4] = { 0 }, tests = 0, errors = 0, i;
	const struct complaint *complaint;
	const struct chapter *c;
	const struct line *p;

	for (c = run->chapters; c; c = c->next) {
		count_suite(run, c, n);
		for (i = 0; i < 4; i++)
			sum[i] += n[i];
		tests += c->nr_tests + lost_cases(c);
	}
	for (p = run->problems; p; p = p->next)
		errors++;
	for (complaint = run->complaints; complaint; complaint = complaint->next)
		errors += !complaint->by;

	fputs("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites name=\"vmig\"", f);
	fprintf(f, " tests=\"%u\" failures=\"%u\" errors=\"%u\" skipped=\"%u\"", tests + errors,
		sum[JUNIT_FAILURE], sum[JUNIT_ERROR] + errors, sum[JUNIT_SKIPPED]);
	if (run->record.seconds >= 0)
		fprintf(f, " time=\"%.3f\"", run->record.seconds);
	fputs(">\n", f);
	for (c = run->chapters; c; c = c->next)
		testsuite(run, f, c);
	if (errors)
		testsuite_of_run(run, f, errors);
	fputs("</testsuites>\n", f);
}
