// SPDX-License-Identifier: GPL-2.0-only
/* The samples of report.html, with their spread. */
#include <string.h>

#include "html.h"
#include "stats.h"
#include "xml.h"

/* A step of a unit: from @from on, divided by @by and called @name. */
struct step {
	const char *unit;
	double from, by;
	const char *name;
};

/* So that a median of 12345678 B/s is one that can be read. */
static const struct step steps[] = {
	{ "us", 1e6, 1e6, "s" },
	{ "us", 1e3, 1e3, "ms" },
	{ "us", 0, 1, "\u00b5s" },
	{ "B", 1 << 30, 1 << 30, "GiB" },
	{ "B", 1 << 20, 1 << 20, "MiB" },
	{ "B", 1 << 10, 1 << 10, "KiB" },
	{ "B", 0, 1, "B" },
	{ "B/s", 1 << 30, 1 << 30, "GiB/s" },
	{ "B/s", 1 << 20, 1 << 20, "MiB/s" },
	{ "B/s", 1 << 10, 1 << 10, "KiB/s" },
	{ "B/s", 0, 1, "B/s" },
};

/* One step for a whole row, that of its median, so that its cells compare. */
static struct step step_of(const char *unit, double median)
{
	size_t i;

	for (i = 0; i < sizeof(steps) / sizeof(steps[0]); i++)
		if (!strcmp(steps[i].unit, unit) && median >= steps[i].from)
			return steps[i];
	return (struct step){ unit, 0, 1, unit };
}

static void row(struct arena *arena, FILE *f, const struct test *t, const struct samples *s)
{
	struct spread v;
	struct step to;

	samples_spread(arena, s, &v);
	to = step_of(s->unit, v.p50);
	fputs("<tr><td class=\"tests\">", f);
	text_xml(f, s->name);
	fprintf(f,
		"</td><td class=\"n\"><b>%.4g</b></td><td class=\"n\">%.4g \u2013 %.4g</td>"
		"<td class=\"n\">%.4g</td><td class=\"n\">%.4g</td><td>",
		v.p50 / to.by, v.p25 / to.by, v.p75 / to.by, v.min / to.by, v.max / to.by);
	text_xml(f, to.name);
	fputs(stats_more_is_better(s->unit) ? " \u2191" : "", f);
	fprintf(f, "</td><td class=\"n\">%zu</td><td class=\"tests wide\">", s->n);
	text_xml(f, t->name);
	fputs("</td></tr>\n", f);
}

/**
 * html_samples - what was measured again and again
 * @run: the run
 * @f: the file
 */
void html_samples(struct run *run, FILE *f)
{
	const struct samples *s;
	const struct test *t;

	fputs("<h2 id=\"samples\">Throughput and latency</h2>\n<p class=\"soft\">Of ", f);
	text_xml(f, run->env.driver ? run->env.driver : "an unknown driver");
	fputs(", device ", f);
	text_xml(f, run->env.device ? run->env.device : "unknown");
	fputs(", on this machine. No clause bounds them. p25 \u2013 p75 is where the middle half of the "
	      "n measurements lies; \u2191 marks what is better the more of it there is; all of them are in results.json.</p>\n"
	      "<div class=\"scroll\"><table><thead><tr><th>what</th><th class=\"n\">median</th>"
	      "<th class=\"n\">p25 \u2013 p75</th><th class=\"n\">min</th><th class=\"n\">max</th>"
	      "<th>unit</th><th class=\"n\">n</th><th class=\"wide\">test</th></tr></thead>"
	      "<tbody>\n",
	      f);
	for (t = run_first_test(run); t; t = run_next_test(t))
		for (s = t->samples; s; s = s->next)
			row(run->arena, f, t, s);
	fputs("</tbody></table></div>\n", f);
}
