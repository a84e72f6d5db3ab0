// SPDX-License-Identifier: GPL-2.0-only
/* One device in nightly.html: what it is, what changed, its verdicts and its metrics. */
#include <string.h>

#include "device.h"
#include "labels.h"
#include "marks.h"
#include "markup.h"
#include "metrics.h"
#include "plot.h"
#include "xml.h"

/* More nights than these have no room on a page. */
#define STRIP_MAX 60

static bool bad(const char *outcome)
{
	const char *class = nightly_mark_of_outcome(outcome, &outcome).class;

	return !strcmp(class, "bad") || !strcmp(class, "odd");
}

static void enlist(struct changed_test ***list, struct changed_test *t, unsigned int *nr)
{
	**list = t;
	*list = &t->next;
	++*nr;
}

static unsigned int count_only(struct history_db *h, long long here, long long there)
{
	sqlite3_stmt *s = history_prepare(h, "SELECT count(*) FROM outcomes WHERE run = :here AND"
					     " test NOT IN (SELECT test FROM outcomes"
					     " WHERE run = :there)");
	unsigned int nr;

	history_number(h, s, ":here", here);
	history_number(h, s, ":there", there);
	nr = history_row(h, s) ? (unsigned int)sqlite3_column_int64(s, 0) : 0;
	sqlite3_finalize(s);
	return nr;
}

/**
 * nightly_difference - compare the newest run of a device with the one before
 * @n: the history, open
 * @d: the device
 *
 * Return: the tests whose outcome is another one; none where there is no run before.
 */
struct difference nightly_difference(const struct history *n, const struct device *d)
{
	const struct history_run *now = d->newest, *before = now->before;
	struct difference diff = { 0 };
	struct changed_test **failures = &diff.failures, **passes = &diff.passes;
	struct changed_test **other = &diff.other, *t;
	struct history_db *h = n->history;
	sqlite3_stmt *s;

	if (!before)
		return diff;
	s = history_prepare(h, "SELECT t.chapter, t.name, a.outcome, b.outcome, b.message"
			       " FROM outcomes b JOIN outcomes a ON a.test = b.test"
			       " AND a.run = :before JOIN tests t ON t.id = b.test"
			       " WHERE b.run = :now AND a.outcome <> b.outcome ORDER BY t.id");
	history_number(h, s, ":before", before->id);
	history_number(h, s, ":now", now->id);
	while (history_row(h, s)) {
		t = arena_alloc(h->arena, sizeof(*t));
		t->chapter = history_string(h, s, 0);
		t->name = history_string(h, s, 1);
		t->before = history_string(h, s, 2);
		t->now = history_string(h, s, 3);
		t->message = history_string(h, s, 4);
		if (bad(t->now) && !bad(t->before))
			enlist(&failures, t, &diff.nr_failures);
		else if (!bad(t->now) && bad(t->before))
			enlist(&passes, t, &diff.nr_passes);
		else
			enlist(&other, t, &diff.nr_other);
	}
	sqlite3_finalize(s);
	diff.more = count_only(h, now->id, before->id);
	diff.fewer = count_only(h, before->id, now->id);
	return diff;
}

static void changed_tests(const struct changed_test *t, unsigned int nr, const char *what,
			  bool open, FILE *f)
{
	const char *word;
	struct mark mark;

	if (!nr)
		return;
	fprintf(f, "<details%s><summary><b>%u</b> %s%s</summary><ul class=\"plain\">\n",
		open ? " open=\"open\"" : "", nr, what, nr == 1 ? "" : "s");
	for (; t; t = t->next) {
		fputs("<li>", f);
		mark = nightly_mark_of_outcome(t->before, &word);
		html_badge(f, mark, word);
		fputs(" \u2192 ", f);
		mark = nightly_mark_of_outcome(t->now, &word);
		html_badge(f, mark, word);
		fputs(" <span class=\"tests\">", f);
		text_xml(f, t->chapter);
		putc('/', f);
		text_xml(f, t->name);
		fputs("</span>", f);
		if (t->message) {
			fputs(" <span class=\"soft\">", f);
			text_xml(f, t->message);
			fputs("</span>", f);
		}
		fputs("</li>\n", f);
	}
	fputs("</ul></details>\n", f);
}

static void changes(struct history *n, const struct device *d, FILE *f)
{
	struct difference diff = nightly_difference(n, d);
	struct arena *arena = n->history->arena;
	const struct history_run *now = d->newest;
	const char *other = history_run_changes(arena, now, now->before);

	if (!now->before) {
		fputs("<h3>What changed</h3><p>This is the first night.</p>\n", f);
		return;
	}
	fputs("<h3>What changed since ", f);
	text_xml(f, history_night_words(arena, now->before->night));
	fputs("</h3>\n", f);
	if (*other) {
		fputs("<p>", f);
		text_xml(f, other);
		fputs("</p>\n", f);
	}
	changed_tests(diff.failures, diff.nr_failures, "new failure", true, f);
	changed_tests(diff.passes, diff.nr_passes, "new pass", true, f);
	changed_tests(diff.other, diff.nr_other, "other outcome", false, f);
	if (diff.more || diff.fewer)
		fprintf(f,
			"<p>%u tests that were not there before, %u that are not any more.</p>\n",
			diff.more, diff.fewer);
	if (!*other && !diff.nr_failures && !diff.nr_passes && !diff.nr_other && !diff.more &&
	    !diff.fewer)
		fputs("<p>Nothing: driver, kernel, firmware, suite and each outcome are the same."
		      "</p>\n",
		      f);
}

static void strip(struct history *n, const struct device *d, FILE *f)
{
	struct arena *arena = n->history->arena;
	size_t skip = d->nr > STRIP_MAX ? d->nr - STRIP_MAX : 0, i = 0;
	const struct history_run *r;
	const char *changed;
	struct mark m;

	fputs("<h3>Verdicts</h3>\n<ol class=\"strip\">", f);
	for (r = d->first; r; r = r->next) {
		if (r->again || i++ < skip)
			continue;
		m = nightly_mark_of_run(r);
		changed = history_run_changes(arena, r, r->before);
		fprintf(f, "<li class=\"o-%s%s\" title=\"", m.class, *changed ? " changed" : "");
		text_xml(f, arena_printf(arena, "%s: %s%s%s", history_night_words(arena, r->night),
					 r->sentence, *changed ? "; " : "", changed));
		fprintf(f, "\">%s</li>", m.sign);
	}
	fputs("</ol>\n<p class=\"soft\">", f);
	text_xml(f, arena_printf(arena,
				 "%s to %s; a bar on the left: driver, kernel, firmware, suite or "
				 "the choice of tests was another one than the night before",
				 history_night_words(arena, d->first->night),
				 history_night_words(arena, d->newest->night)));
	fputs("</p>\n", f);
}

static void facts(struct history *n, const struct device *d, FILE *f)
{
	const struct history_run *r = d->newest;
	struct arena *arena = n->history->arena;
	const char *driver = d->driver;

	if (r->driver_version)
		driver = arena_printf(arena, "%s %s", driver, r->driver_version);
	if (r->srcversion)
		driver = arena_printf(arena, "%s, srcversion %s", driver, r->srcversion);
	fputs("<dl class=\"facts\">\n", f);
	html_definition(f, "Verdict", r->sentence);
	html_definition(
		f, "Tests",
		arena_printf(arena,
			     "%lld: %lld passed, %lld failed, %lld known deviations, %lld skipped, "
			     "%lld could not judge, %lld not run; %lld kernel complaints%s",
			     r->nr_tests, r->nr_pass, r->nr_fail, r->nr_xfail, r->nr_skip,
			     r->nr_error, r->nr_missing, r->nr_complaints,
			     r->seconds > 0 ? arena_printf(arena, "; %.0f s", r->seconds) : ""));
	html_definition(f, "Driver", driver);
	html_definition(
		f, "Kernel",
		arena_printf(arena, "%s %s", r->kernel, r->kernel_build ? r->kernel_build : ""));
	html_definition(f, "Firmware", r->firmware);
	html_definition(f, "Where",
			arena_printf(arena, "%s, %s%s%s", d->host, d->place, *d->arch ? ", " : "",
				     d->arch));
	html_definition(f, "Parameters", d->parameters);
	html_definition(f, "Suite",
			arena_printf(arena, "vmig %s, commit %s",
				     r->suite_version ? r->suite_version : "?",
				     r->suite_commit ? r->suite_commit : "unknown"));
	fputs("</dl>\n", f);
}

/**
 * nightly_device - write the part of one device
 * @n: after history_judge()
 * @d: the device
 * @number: for its anchor
 * @f: the file
 */
void nightly_device(struct history *n, const struct device *d, unsigned int number, FILE *f)
{
	fprintf(f, "<h2 id=\"d%u\">", number);
	html_badge(f, nightly_mark_of_run(d->newest), NULL);
	putc(' ', f);
	text_xml(f, d->name);
	fputs(" <span class=\"soft\">on ", f);
	text_xml(f, d->host);
	fputs("</span></h2>\n", f);
	facts(n, d, f);
	changes(n, d, f);
	strip(n, d, f);
	nightly_metrics(n, d, f);
	nightly_plots(n, d, number, f);
}
