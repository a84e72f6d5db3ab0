// SPDX-License-Identifier: GPL-2.0-only
/* The metrics of a device over the nights, drawn by gnuplot. */
#include <math.h>
#include <string.h>

#include "labels.h"
#include "plot.h"
#include "subprocess.h"
#include "xml.h"

/* A page with more drawings is not read; the table has all metrics. */
#define PLOTS_MAX 12
#define NIGHTS_MAX 60
#define GNUPLOT_SECONDS 20
#define SVG_MAX (4UL << 20)
#define WIDTH 520
#define HEIGHT 210

/* gnuplot names colours by number: nightly.css gives these the colours of the page. */
#define BAND "#010000"
#define LINE "#000100"
#define WORSE "#000001"
#define CHANGE "#010100"
#define ACCEPTED "#010001"

/* What is drawn first where there are too many: higher is earlier, 0 is never drawn. */
static int rank(const struct series *t)
{
	const struct sample *p = series_last(t);

	if (!p || t->nr < 2)
		return 0;
	if (p->label == LABEL_WORSE)
		return 4;
	if (p->label == LABEL_BETTER || t->accepted)
		return 3;
	return t->more_is_better || !strncmp(t->name, "downtime.", strlen("downtime.")) ? 2 : 1;
}

static size_t choose(const struct device *d, const struct series **chosen, size_t *left)
{
	const struct series *t;
	size_t nr = 0;
	int r;

	*left = 0;
	for (r = 4; r; r--) {
		for (t = d->series; t; t = t->next) {
			if (rank(t) != r)
				continue;
			if (nr < PLOTS_MAX)
				chosen[nr++] = t;
			else
				++*left;
		}
	}
	return nr;
}

/* Readable numbers on the axis, and their unit. */
static double scale(const struct series *t, char *unit, size_t size)
{
	static const char *const prefix[] = { "", "k", "M", "G", "T" };
	double most = 0, factor = 1;
	size_t i;

	for (i = 0; i < t->nr; i++)
		most = fmax(most, t->samples[i].q.p75);
	if (!strcmp(t->unit, "us")) {
		factor = 1 / (most >= 1e6 ? 1e6 : most >= 1e3 ? 1e3 : 1);
		snprintf(unit, size, "%s", most >= 1e6 ? "s" : most >= 1e3 ? "ms" : "\u00b5s");
		return factor;
	}
	for (i = 0; most * factor >= 1000 && i < 4; i++)
		factor /= 1000;
	snprintf(unit, size, "%s%s", prefix[i], t->unit);
	return factor;
}

/* Only digits and a dash: a history is no place to take gnuplot commands from. */
static void day(FILE *f, const char *night)
{
	int y, m, d;

	if (sscanf(night, "%4d-%2d-%2d", &y, &m, &d) != 3 &&
	    sscanf(night, "%4d%2d%2dT", &y, &m, &d) != 3)
		fputs("?", f);
	else
		fprintf(f, "%02u-%02u", (unsigned int)m % 100, (unsigned int)d % 100);
}

/* A line between a night and the one before. */
static void boundary(size_t night, const char *look, FILE *f)
{
	fprintf(f, "set arrow from %zu.5, graph 0 to %zu.5, graph 1 nohead %s\n", night - 1,
		night - 1, look);
}

static void axis(const struct series *t, size_t first, struct arena *arena, FILE *f)
{
	size_t nr = t->nr - first, step = nr > 8 ? (nr + 7) / 8 : 1, i;
	const struct history_run *r;

	fputs("unset arrow\nset xtics (", f);
	for (i = 0; i < nr; i += step) {
		fprintf(f, "%s\"", i ? ", " : "");
		day(f, t->samples[first + i].run->night);
		fprintf(f, "\" %zu", i);
	}
	fputs(")\n", f);
	for (i = 1; i < nr; i++) {
		r = t->samples[first + i].run;
		if (t->samples[first + i].accepted)
			boundary(i, "lw 2 lc rgb \"" ACCEPTED "\"", f);
		else if (*history_run_changes(arena, r, r->before))
			boundary(i, "dt 3 lc rgb \"" CHANGE "\"", f);
	}
}

/* 1, 2 or 5 times a power of ten, not less than @least. */
static double round_step(double least)
{
	double power = pow(10, floor(log10(fmax(least, 1 / 1e9))));

	if (least <= power)
		return power;
	return least <= 2 * power ? 2 * power : least <= 5 * power ? 5 * power : 10 * power;
}

static void plot(struct arena *arena, const struct series *t, double factor, FILE *f)
{
	size_t first = t->nr > NIGHTS_MAX ? t->nr - NIGHTS_MAX : 0, i;
	double radius = 0.008 * (double)(t->nr - first);
	double most = 0, step;
	const struct sample *p;

	for (i = first; i < t->nr; i++)
		most = fmax(most, factor * t->samples[i].q.p75);
	step = round_step(most / 4);
	axis(t, first, arena, f);
	fputs("$nights << EOD\n", f);
	for (i = first; i < t->nr; i++) {
		p = &t->samples[i];
		fprintf(f, "%zu %.9g %.9g %.9g %.9g %.9g\n", i - first, factor * p->q.p50,
			factor * p->q.p25, factor * p->q.p75,
			p->label == LABEL_WORSE ? factor * p->fast : NAN, factor * p->fast);
	}
	fputs("EOD\n", f);
	fprintf(f,
		"set xrange [-0.5:%zu.5]\nset yrange [0:%.9g]\nset ytics %.9g\n"
		"plot $nights using 1:3:4 with filledcurves title \"half\" lc rgb \"" BAND "\", "
		"$nights using 1:2 with lines title \"median\" lw 2 lc rgb \"" LINE "\", "
		"$nights using 1:6 with lines title \"best tenth\" dt 2 lc rgb \"" LINE "\", "
		"$nights using 1:2:(%.3g) with circles fs solid noborder notitle lc rgb \"" LINE
		"\", "
		"$nights using 1:5:(%.3g) with circles fs solid noborder notitle lc rgb \"" WORSE
		"\"\n",
		t->nr - first - 1, step * ceil(1.05 * most / step), step, radius, 1.6 * radius);
}

/* A drawing without what gnuplot puts around it: a background, and symbols with ids. */
static void figure(struct history *n, const struct series *t, const char *svg, const char *end,
		   const char *unit, FILE *f)
{
	const char *body = strstr(svg, "</defs>");

	if (!body || body > end)
		return;
	body += strlen("</defs>");
	fputs("<figure><figcaption><span class=\"tests\">", f);
	text_xml(f, history_metric_label(n->history->arena, t));
	fputs("</span> <span class=\"soft\">", f);
	text_xml(f, unit);
	fprintf(f,
		"</span></figcaption><svg viewBox=\"0 0 %d %d\" role=\"img\" aria-label=\"medians and "
		"quartiles over the nights\"><g>",
		WIDTH, HEIGHT);
	fwrite(body, 1, (size_t)(end - body), f);
	fputs("</svg></figure>\n", f);
}

/**
 * nightly_plots - draw what a device was measured
 * @n: the history
 * @d: the device
 * @number: its number on the page
 * @f: the page
 *
 * Return: false where there was something to draw, and gnuplot did not.
 */
bool nightly_plots(struct history *n, const struct device *d, unsigned int number, FILE *f)
{
	static char *const gnuplot[] = { "gnuplot", NULL };
	const struct series *chosen[PLOTS_MAX];
	size_t left, nr = choose(d, chosen, &left), i;
	char units[PLOTS_MAX][32];
	const char *svg = NULL, *end;
	FILE *in;

	if (!nr)
		return true;
	in = subprocess_input();
	if (in) {
		fputs("set key off\nset border 3\nset tics nomirror out\nset format y \"%g\"\n"
		      "set lmargin 8\nset rmargin 1\nset tmargin 0.6\nset bmargin 2\n",
		      in);
		for (i = 0; i < nr; i++) {
			fprintf(in,
				"set terminal svg size %d,%d font \"sans-serif,15\" name \"d%ui%zu\"\n",
				WIDTH, HEIGHT, number, i);
			plot(n->history->arena, chosen[i],
			     scale(chosen[i], units[i], sizeof(units[i])), in);
		}
		svg = subprocess_run(n->history->arena, gnuplot, in, GNUPLOT_SECONDS, SVG_MAX);
		fclose(in);
	}
	if (!svg) {
		fputs("<p>The plots are left out: gnuplot is not installed on the machine that made "
		      "this page, or did not answer.</p>\n",
		      f);
		return false;
	}
	fputs("<div class=\"plots\">\n", f);
	for (i = 0; i < nr; i++) {
		svg = strstr(svg, "<svg");
		end = svg ? strstr(svg, "</svg>") : NULL;
		if (!end)
			break;
		figure(n, chosen[i], svg, end, units[i], f);
		svg = end;
	}
	fputs("</div>\n<p class=\"soft\">The line is the median of a night, the band has half of its "
	      "values, the broken line is what the best tenth keeps. A dotted line: driver, kernel, firmware or suite changed there. An upright line: the change there was accepted.",
	      f);
	if (left)
		fprintf(f, " %zu more metrics are in the table only.", left);
	fputs("</p>\n", f);
	return true;
}
