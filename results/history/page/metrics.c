// SPDX-License-Identifier: GPL-2.0-only
/* The metrics of a device in nightly.html, and which changes of them were accepted. */
#include <math.h>
#include <string.h>

#include "labels.h"
#include "marks.h"
#include "markup.h"
#include "metrics.h"
#include "regress.h"
#include "xml.h"

/* More nights than these have no room in a cell. */
#define SPARK_MAX 40

/* More accepted changes than these are folded. */
#define ACCEPTED_MAX 8

/* The medians of the nights, as a line without axes. */
static void spark(const struct series *t, FILE *f)
{
	size_t first = t->nr > SPARK_MAX ? t->nr - SPARK_MAX : 0, i;
	double low = t->samples[first].q.p50, high = low, span;

	for (i = first; i < t->nr; i++) {
		low = fmin(low, t->samples[i].q.p50);
		high = fmax(high, t->samples[i].q.p50);
	}
	/* What differs by less than a tenth must not look like mountains. */
	span = fmax(high - low, high / 10);
	span = span > 0 ? span : 1;
	fputs("<svg class=\"spark\" viewBox=\"0 0 100 20\" aria-hidden=\"true\"><polyline points=\"",
	      f);
	for (i = first; i < t->nr; i++)
		fprintf(f, "%.1f,%.1f ",
			t->nr - first > 1
				? 2 + 96.0 * (double)(i - first) / (double)(t->nr - first - 1)
				: 50,
			17 - 14 * (t->samples[i].q.p50 - low) / span);
	fputs("\"/></svg>", f);
}

static void cell(const char *class, const char *text, FILE *f)
{
	fprintf(f, "<td class=\"%s\">", class);
	text_xml(f, text);
	fputs("</td>", f);
}

static void judgement_cell(struct arena *arena, const struct series *t, const struct sample *p,
			   FILE *f)
{
	const char *word;
	struct mark mark = nightly_mark_of_label(p->label, &word);

	if (p->label == LABEL_SAME && sample_below_threshold(t, p)) {
		mark = (struct mark){ "none", "\u2248" };
		word = "in the noise";
	}
	if (p->label == LABEL_FEW)
		word = arena_printf(arena, "%zu of %d nights", p->nights, NIGHTS_MIN);
	fputs("<td>", f);
	html_badge(f, mark, word);
	fputs("</td>", f);
}

static void metric_row(struct history *n, const struct series *t, FILE *f)
{
	const struct sample *p = series_last(t),
			    *former = t->nr > 1 ? &t->samples[t->nr - 2] : NULL;
	struct arena *arena = n->history->arena;
	bool compared = p->nights >= NIGHTS_MIN;

	fputs("<tr>", f);
	judgement_cell(arena, t, p, f);
	fputs("<td class=\"tests\">", f);
	text_xml(f, history_metric_label(arena, t));
	if (t->accepted) {
		fputs("<br/><span class=\"soft\">", f);
		text_xml(f, arena_printf(arena, "compared since %s: %s",
					 history_night_words(arena, t->accepted->run->night),
					 t->accepted->accepted->reason));
		fputs("</span>", f);
	}
	fputs("</td><td class=\"n\"><b>", f);
	text_xml(f, history_metric_value(arena, p->q.p50, t->unit));
	fputs("</b><br/><span class=\"soft\">", f);
	text_xml(f, arena_printf(arena, "%s \u2013 %s, of %zu",
				 history_metric_value(arena, p->q.p25, t->unit),
				 history_metric_value(arena, p->q.p75, t->unit), p->n));
	fputs("</span></td>", f);
	cell("n wide", former ? history_metric_value(arena, former->q.p50, t->unit) : "\u2013", f);
	cell("n", history_metric_value(arena, p->fast, t->unit), f);
	cell("n wide", compared ? history_metric_value(arena, p->base, t->unit) : "\u2013", f);
	cell("n", compared ? arena_printf(arena, "%+.1f %%", sample_percent(t, p)) : "\u2013", f);
	cell("n",
	     p->threshold > 0 && p->label != LABEL_MACHINE
		     ? arena_printf(arena, "%+.0f %%", history_shift_percent(t, p->threshold))
		     : "\u2013",
	     f);
	fputs("<td class=\"wide\">", f);
	spark(t, f);
	fputs("</td></tr>\n", f);
}

static void metrics(struct history *n, const struct device *d, FILE *f)
{
	static const enum metric_label order[] = { LABEL_WORSE, LABEL_ACCEPTED, LABEL_BETTER,
						   LABEL_SAME,	LABEL_FEW,	LABEL_MACHINE };
	const struct sample *p;
	const struct series *t;
	size_t i;

	fputs("<div class=\"scroll\"><table class=\"metrics\"><thead><tr><th>judgement</th>"
	      "<th>metric</th><th class=\"n\">median and half<br/>of tonight\u2019s values</th>"
	      "<th class=\"n wide\">median the<br/>night before</th><th class=\"n\">best<br/>tenth</th>"
	      "<th class=\"n wide\">in nights<br/>before</th><th class=\"n\">change</th>"
	      "<th class=\"n\">told<br/>from</th>"
	      "<th class=\"wide\">trend</th></tr></thead><tbody>\n",
	      f);
	for (i = 0; i < sizeof(order) / sizeof(order[0]); i++) {
		for (t = d->series; t; t = t->next) {
			p = series_last(t);
			if (p && p->label == order[i])
				metric_row(n, t, f);
		}
	}
	fputs("</tbody></table></div>\n", f);
}

static void acceptance(struct arena *arena, const struct series *t, const struct sample *p, FILE *f)
{
	const struct baseline_change *a = p->accepted;

	fputs("<li><span class=\"tests\">", f);
	text_xml(f, history_metric_label(arena, t));
	fputs("</span> ", f);
	html_badge(f, (struct mark){ "known", "\u2248" },
		   p->nights >= NIGHTS_MIN ? arena_printf(arena, "%+.0f %%", sample_percent(t, p))
					   : "accepted");
	fputs(" ", f);
	if (p->nights >= NIGHTS_MIN)
		text_xml(f, arena_printf(arena, "%s \u2192 %s ",
					 history_metric_value(arena, p->base, t->unit),
					 history_metric_value(arena, p->fast, t->unit)));
	text_xml(f, arena_printf(arena, "from %s on: %s ",
				 history_night_words(arena, p->run->night), a->reason));
	fputs("<span class=\"soft\">", f);
	text_xml(f, arena_printf(arena, "(%s, %s)", a->who, history_night_words(arena, a->said)));
	fputs("</span></li>\n", f);
}

static void acceptances(struct history *n, const struct device *d, FILE *f)
{
	unsigned int nr = 0;
	const struct series *t;
	size_t i;

	for (t = d->series; t; t = t->next)
		for (i = 0; i < t->nr; i++)
			nr += !!t->samples[i].accepted;
	if (!nr)
		return;
	/* A long list is for who looks for it. */
	fprintf(f,
		"<h3>Accepted changes</h3>\n<details%s><summary>%u metric%s</summary>"
		"<ul class=\"plain\">\n",
		nr <= ACCEPTED_MAX ? " open=\"open\"" : "", nr, nr == 1 ? "" : "s");
	for (t = d->series; t; t = t->next)
		for (i = 0; i < t->nr; i++)
			if (t->samples[i].accepted)
				acceptance(n->history->arena, t, &t->samples[i], f);
	fputs("</ul></details>\n", f);
}

/**
 * nightly_metrics - write what a device was measured
 * @n: after history_judge()
 * @d: the device
 * @f: the file
 */
void nightly_metrics(struct history *n, const struct device *d, FILE *f)
{
	const struct series *t;
	bool any = false;

	for (t = d->series; t; t = t->next)
		any |= !!series_last(t);
	acceptances(n, d, f);
	fputs("<h3>Measurements</h3>\n", f);
	if (any)
		metrics(n, d, f);
	else
		fputs("<p>The newest night measured nothing.</p>\n", f);
}
