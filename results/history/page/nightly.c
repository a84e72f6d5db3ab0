// SPDX-License-Identifier: GPL-2.0-only
/*
 * nightly.html: what the nights of one lab, or of many, came to. One file that needs nothing
 * else; every tag is closed, so that it is XML too.
 */
#include <string.h>

#include "device.h"
#include "labels.h"
#include "marks.h"
#include "markup.h"
#include "nightly.h"
#include "style.h"
#include "xml.h"

/* So many tests are named where there may be hundreds. */
#define GLANCE 4

static unsigned int worse_of(const struct device *d)
{
	unsigned int worse = 0;
	const struct sample *p;
	const struct series *t;

	for (t = d->series; t; t = t->next) {
		p = series_last(t);
		worse += p && p->label == LABEL_WORSE;
	}
	return worse;
}

static const char *plural(unsigned int n)
{
	return n == 1 ? "" : "s";
}

/* What a reader who looks for five seconds must know. */
static void headline(const struct history *n, FILE *f)
{
	unsigned int devices = 0, bad = 0, untested = 0;
	const struct device *d;
	const char *class;

	for (d = n->devices; d; d = d->next) {
		devices++;
		bad += d->newest->exit_code == 1 || d->newest->exit_code == 3;
		untested += d->newest->exit_code == 2 || d->newest->exit_code >= 130;
	}
	class = bad || n->worse ? "bad" : untested ? "none" : "good";
	fprintf(f, "<div class=\"verdict v-%s\"><p class=\"say\"><span class=\"sign\">%s</span> ",
		class,
		bad || n->worse ? "\u2717"
		: untested	? "\u2013"
				: "\u2713");
	if (n->worse)
		fprintf(f, "%u regression%s", n->worse, plural(n->worse));
	if (bad)
		fprintf(f, "%s%u of %u devices not conformant", n->worse ? ", " : "", bad, devices);
	if (untested)
		fprintf(f, "%s%u of %u devices not tested to the end", n->worse || bad ? ", " : "",
			untested, devices);
	if (!n->worse && !bad && !untested)
		fprintf(f, "Nothing unexpected on %u device%s", devices, plural(devices));
	fputs("</p><p class=\"soft\">", f);
}

static void summary(const struct history *n, FILE *f)
{
	headline(n, f);
	text_xml(f, history_night_words(n->history->arena, n->runs[n->nr_runs - 1]->night));
	fprintf(f, ": %u metric%s compared with the nights before", n->judged, plural(n->judged));
	if (n->few)
		fprintf(f, "; no judgement yet on %u that have fewer than %d nights", n->few,
			NIGHTS_MIN);
	if (n->accepted)
		fprintf(f, "; %u compared only since a change that was accepted", n->accepted);
	fputs("</p></div>\n", f);
}

/* Names of tests, as many as one reads at a glance. */
static void few_tests(const struct changed_test *t, unsigned int nr, const char *what, FILE *f)
{
	unsigned int i;

	if (!nr)
		return;
	fprintf(f, "<li><b>%u %s%s</b>: <span class=\"tests\">", nr, what, nr == 1 ? "" : "s");
	for (i = 0; t && i < GLANCE; t = t->next, i++) {
		fputs(i ? ", " : "", f);
		text_xml(f, t->chapter);
		putc('/', f);
		text_xml(f, t->name);
	}
	fputs("</span>", f);
	if (t)
		fprintf(f, " and %u more", nr - i);
	fputs("</li>", f);
}

/* A device that is not as it was, or not as it should be; nothing of any other. */
static bool notable(struct history *n, const struct device *d, unsigned int number, bool any,
		    FILE *f)
{
	struct difference diff = nightly_difference(n, d);
	const struct history_run *r = d->newest;
	struct arena *arena = n->history->arena;
	const char *other = history_run_changes(arena, r, r->before);

	if (!r->exit_code && !*other && !diff.nr_failures && !diff.nr_passes)
		return any;
	if (!any)
		fputs("<h2 id=\"look\">What to look at</h2>\n<ul class=\"plain look\">\n", f);
	fputs("<li>", f);
	html_badge(f, nightly_mark_of_run(r), NULL);
	fprintf(f, " <a href=\"#d%u\"><b>", number);
	text_xml(f, history_device_label(n, d));
	fputs("</b></a> ", f);
	text_xml(f, r->sentence);
	fputs("<ul class=\"plain\">", f);
	few_tests(diff.failures, diff.nr_failures, "new failure", f);
	few_tests(diff.passes, diff.nr_passes, "new pass", f);
	if (*other) {
		fputs("<li>changed: ", f);
		text_xml(f, other);
		fputs("</li>", f);
	}
	/* A list without anything in it is no XHTML. */
	if (!*other && !diff.nr_failures && !diff.nr_passes)
		fputs("<li class=\"soft\">as the night before</li>", f);
	fputs("</ul></li>\n", f);
	return true;
}

static void look_at(struct history *n, FILE *f)
{
	const struct device *d;
	unsigned int i = 0;
	bool any = false;

	for (d = n->devices; d; d = d->next)
		any = notable(n, d, ++i, any, f);
	if (any)
		fputs("</ul>\n", f);
}

static void regression(struct history *n, const struct series *t, const struct sample *p,
		       unsigned int number, FILE *f)
{
	struct arena *arena = n->history->arena;
	const struct history_run *first = p->since->run;
	const char *changes = history_run_changes(arena, first, first->before);

	fputs("<tr><td>", f);
	html_badge(f, (struct mark){ "bad", "\u2717" },
		   arena_printf(arena, "%+.0f %%", sample_percent(t, p)));
	fputs("</td><td class=\"name\"><span class=\"tests\"><b>", f);
	text_xml(f, history_metric_label(arena, t));
	fprintf(f, "</b></span><br/><a href=\"#d%u\">", number);
	text_xml(f, history_device_label(n, t->device));
	fputs("</a></td><td class=\"n\">", f);
	text_xml(f, history_metric_value(arena, p->fast, t->unit));
	if (p->runs > 1)
		fputs("<br/><span class=\"soft\">the better of two</span>", f);
	fputs("</td><td class=\"n\">", f);
	text_xml(f, history_metric_value(arena, p->base, t->unit));
	fprintf(f, "<br/><span class=\"soft\">%zu nights</span></td><td class=\"since\">",
		p->nights);
	text_xml(f, history_night_words(arena, first->night));
	fputs(*changes ? ", when this changed: " : ", when nothing that is recorded had changed",
	      f);
	text_xml(f, changes);
	fprintf(f, "</td><td class=\"n wide\">%.1g</td></tr>\n", p->p);
}

static void regressions(struct history *n, FILE *f)
{
	const struct device *d;
	const struct sample *p;
	const struct series *t;
	unsigned int i = 0;

	if (!n->worse)
		return;
	fputs("<h2 id=\"regressions\">Regressions</h2>\n<p class=\"soft\">What is meant to be so: <code>",
	      f);
	text_xml(f, history_run_command());
	fputs(" --nightly-accept METRIC --reason TEXT</code>; then the nights since count, and "
	      "nothing before.</p>\n<div class=\"scroll\"><table class=\"metrics\">"
	      "<thead><tr><th>change</th><th>metric</th><th class=\"n\">best tenth<br/>tonight</th>"
	      "<th class=\"n\">and in<br/>nights before</th><th>since</th><th class=\"n wide\">p</th>"
	      "</tr></thead><tbody>\n",
	      f);
	for (d = n->devices; d; d = d->next) {
		i++;
		for (t = d->series; t; t = t->next) {
			p = series_last(t);
			if (p && p->label == LABEL_WORSE)
				regression(n, t, p, i, f);
		}
	}
	fputs("</tbody></table></div>\n", f);
}

static void fleet_row(struct history *n, const struct device *d, unsigned int number, FILE *f)
{
	struct difference diff = nightly_difference(n, d);
	const struct history_run *r = d->newest;
	struct arena *arena = n->history->arena;
	unsigned int worse = worse_of(d);

	fputs("<tr><td>", f);
	text_xml(f, d->host);
	fprintf(f, "</td><td><a href=\"#d%u\">", number);
	text_xml(f, d->name);
	fputs("</a></td><td class=\"verdict-word\">", f);
	html_badge(f, nightly_mark_of_run(r), r->verdict);
	fprintf(f, "</td><td class=\"n\">%u</td><td class=\"n\">%u</td><td class=\"n\">%u</td>",
		worse, diff.nr_failures, diff.nr_passes);
	fputs("<td class=\"key\">", f);
	text_xml(f, history_night_words(arena, r->night));
	fputs("</td><td class=\"wide\">", f);
	text_xml(f, arena_printf(arena, "%s%s%s, %s", r->kernel, *d->arch ? " " : "", d->arch,
				 d->place));
	fprintf(f, "</td><td class=\"n wide\">%zu</td></tr>\n", d->nr);
}

static void fleet(struct history *n, FILE *f)
{
	const struct device *d;
	unsigned int i = 0;

	fputs("<h2 id=\"fleet\">Hosts and devices</h2>\n<div class=\"scroll\"><table><thead><tr>"
	      "<th>host</th><th>device</th><th>verdict</th><th class=\"n\">regres-<br/>sions</th>"
	      "<th class=\"n\">new<br/>failures</th><th class=\"n\">new<br/>passes</th>"
	      "<th>last night</th>"
	      "<th class=\"wide\">kernel, where</th><th class=\"n wide\">nights</th></tr></thead>"
	      "<tbody>\n",
	      f);
	for (d = n->devices; d; d = d->next)
		fleet_row(n, d, ++i, f);
	fputs("</tbody></table></div>\n", f);
}

static void method(const struct history *n, FILE *f)
{
	fputs("<h2 id=\"method\">How a regression is judged</h2>\n<p>What else a machine does makes "
	      "things slower, never faster: a night counts once, by the value that the best tenth of "
	      "its values keeps. It is compared with up to 20 nights before on the same host, "
	      "machine, device, driver",
	      f);
	fputs(n->any_kernel ? "" : " and kernel", f);
	fprintf(f,
		", at least %d. It is worse if it is outside Student\u2019s prediction interval for one "
		"more night, with Holm\u2019s correction for all metrics of that night (one false alarm "
		"in a hundred nights); worse than each of those nights; by at least 5 %% (1.5 %% in virtual time) and more than "
		"those nights differ; if three of four of its values are worse than theirs (Mann and "
		"Whitney\u2019s U); and all this not only because copying memory was slower too. Where a "
		"change was accepted, only the nights since then are compared. \u201cTold from\u201d is "
		"the change that would have been told that night on this machine, whatever the other "
		"metrics did.</p>\n",
		NIGHTS_MIN);
	fputs("<p>In a guest in virtual time (\u201cguest/tcg+virtual\u201d) an instruction is a "
	      "nanosecond and a sleep is as long as it was asked for, whatever the host does. That "
	      "tells of more instructions, copies, allocations and sleeps on the path of the driver "
	      "and of the core. It cannot tell of misses of a cache, of the speed of memory or of a "
	      "bus, nor of work that processors do at the same time: there is one.</p>\n",
	      f);
}

/**
 * nightly_write - write nightly.html
 * @n: after history_judge(), with the history open
 * @f: the file
 */
void nightly_write(struct history *n, FILE *f)
{
	const struct device *d;
	unsigned int i = 0;

	fprintf(f,
		"<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\"/>\n"
		"<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"/>\n"
		"<title>vmig nightly</title>\n<style>\n%s%s</style>\n</head>\n<body>\n"
		"<h1>VFIO migration drivers, night by night</h1>\n",
		report_css, nightly_css);
	if (!n->devices) {
		fputs("<p>The history has no run yet.</p>\n</body>\n</html>\n", f);
		return;
	}
	summary(n, f);
	fputs("<nav>", f);
	if (n->worse)
		fputs("<a href=\"#regressions\">Regressions</a>", f);
	fputs("<a href=\"#fleet\">Hosts and devices</a>", f);
	for (d = n->devices; d; d = d->next) {
		fprintf(f, "<a href=\"#d%u\">", ++i);
		text_xml(f, history_device_label(n, d));
		fputs("</a>", f);
	}
	fputs("<a href=\"#method\">Method</a></nav>\n", f);
	look_at(n, f);
	regressions(n, f);
	fleet(n, f);
	for (d = n->devices, i = 0; d; d = d->next)
		nightly_device(n, d, ++i, f);
	method(n, f);
	fputs("</body>\n</html>\n", f);
}
