// SPDX-License-Identifier: GPL-2.0-only
/* Cost by instruction: a bar for each thing that was timed, a table, and the functions. */
#include <math.h>
#include <string.h>

#include "html.h"
#include "xml.h"

#define MIB (1 << 20)

/* The picture, in its own pixels: names on the left, numbers on the right. */
#define WIDTH 1000
#define BARS_AT 270
#define BARS 560
#define ROW 24
#define BAR 15
#define TITLE 34

/* Of each thing that was timed. */
#define FUNCTIONS 10

/* Each has a scale of its own, as an arc and a stream do not compare. */
enum group {
	ARCS,
	STREAMS,
	STEPS,
	NR_GROUPS,
};

static const char *const titles[] = {
	[ARCS] = "Arcs, instructions each",
	[STREAMS] = "Streams, instructions a MiB",
	[STEPS] = "Other steps, instructions each",
};

static bool shown(const struct cost_phase *p)
{
	return p->rounds;
}

static enum group group_of(const struct cost_phase *p)
{
	if (p->bytes > 0)
		return STREAMS;
	return strncmp(p->name, "arc.", 4) ? STEPS : ARCS;
}

/* What the number of a phase is divided by. */
static double unit_of(const struct cost_phase *p)
{
	return p->bytes > 0 ? p->bytes / MIB : (double)p->rounds;
}

/* As long as its bar: the simulated card takes what no card does, and would hide the rest. */
static double total(const struct cost_phase *p)
{
	return (p->instructions - p->classes[COST_CARD] + p->classes[COST_WAITING]) / unit_of(p);
}

/* So that it can be read, and the digits that do not matter are not there. */
static const char *number(struct arena *arena, double v)
{
	if (v >= 1e6)
		return arena_printf(arena, "%.2f\u00a0M", v / 1e6);
	if (v >= 1e4)
		return arena_printf(arena, "%.1f\u00a0k", v / 1e3);
	return arena_printf(arena, "%.0f", v);
}

/* "arc.RUNNING.STOP.us" is "RUNNING to STOP" to people, and others lose the unit. */
static const char *title_of(struct arena *arena, const struct cost_phase *p)
{
	size_t n = strlen(p->name);
	const char *from = p->name + 4, *dot;
	char *s;

	if (n > 3 && !strcmp(p->name + n - 3, ".us"))
		n -= 3;
	s = arena_strndup(arena, p->name, n);
	dot = strncmp(s, "arc.", 4) ? NULL : strchr(s + 4, '.');
	if (!dot)
		return s;
	return arena_printf(arena, "%.*s \u2192 %s", (int)(dot - s - 4), from, dot + 1);
}

static void bar(struct arena *arena, FILE *f, const struct cost_phase *p, double most, int y)
{
	double x = BARS_AT, width;
	int i;

	fprintf(f, "<text x=\"%d\" y=\"%d\" text-anchor=\"end\">", BARS_AT - 10, y + BAR - 3);
	text_xml(f, title_of(arena, p));
	fputs("</text>", f);
	for (i = 0; i < NR_COST_CLASSES; i++) {
		width = BARS * p->classes[i] / unit_of(p) / most;
		if (width <= 0 || i == COST_CARD)
			continue;
		fprintf(f,
			"<rect class=\"c-%s\" x=\"%.2f\" y=\"%d\" width=\"%.2f\" height=\"%d\">"
			"<title>%s: %s, %.0f %%</title></rect>",
			cost_class_name((enum cost_class)i), x, y, width, BAR,
			cost_class_words((enum cost_class)i),
			number(arena, p->classes[i] / unit_of(p)),
			100 * p->classes[i] / unit_of(p) / total(p));
		x += width;
	}
	fprintf(f, "<text class=\"soft\" x=\"%.2f\" y=\"%d\">%s", x + 8, y + BAR - 3,
		number(arena, total(p)));
	if (p->classes[COST_CARD] > 0)
		fprintf(f, ", card %s", number(arena, p->classes[COST_CARD] / unit_of(p)));
	fputs("</text>\n", f);
}

static int group(struct run *run, FILE *f, enum group g, int y)
{
	const struct cost_phase *p;
	double most = 0;

	for (p = run->cost.phases; p; p = p->next)
		if (shown(p) && group_of(p) == g)
			most = fmax(most, total(p));
	if (most <= 0)
		return y;
	fprintf(f, "<text class=\"title\" x=\"0\" y=\"%d\">%s</text>\n", y + TITLE - 14, titles[g]);
	y += TITLE;
	for (p = run->cost.phases; p; p = p->next) {
		if (!shown(p) || group_of(p) != g)
			continue;
		bar(run->arena, f, p, most, y);
		y += ROW;
	}
	return y;
}

static int height(const struct cost *cost)
{
	bool any[NR_GROUPS] = { false };
	const struct cost_phase *p;
	int rows = 0;

	for (p = cost->phases; p; p = p->next) {
		if (!shown(p))
			continue;
		any[group_of(p)] = true;
		rows++;
	}
	return rows * ROW + (any[ARCS] + any[STREAMS] + any[STEPS]) * TITLE;
}

static bool class_occurs(const struct cost *cost, int i)
{
	const struct cost_phase *p;

	for (p = cost->phases; p; p = p->next)
		if (shown(p) && p->classes[i] > 0)
			return true;
	return false;
}

static void legend(const struct cost *cost, FILE *f)
{
	int i;

	fputs("<ul class=\"legend cost\">", f);
	for (i = 0; i < NR_COST_CLASSES; i++)
		if (class_occurs(cost, i) && i != COST_CARD)
			fprintf(f,
				"<li><svg width=\"14\" height=\"14\"><rect class=\"c-%s\" x=\"1\" y=\"1\" "
				"width=\"12\" height=\"12\"/></svg> <b>%s</b> %s</li>",
				cost_class_name((enum cost_class)i),
				cost_class_name((enum cost_class)i),
				cost_class_words((enum cost_class)i));
	fputs("</ul>\n", f);
}

static void picture(struct run *run, FILE *f)
{
	int y = 0, g;

	fprintf(f,
		"<div class=\"scroll\"><svg class=\"cost bars\" role=\"img\" aria-label=\"instructions by "
		"what they were spent in\" xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %d %d\">\n",
		WIDTH, height(&run->cost));
	for (g = 0; g < NR_GROUPS; g++)
		y = group(run, f, (enum group)g, y);
	fputs("</svg></div>\n", f);
}

static void row(struct run *run, FILE *f, const struct cost_phase *p)
{
	double apart = cost_disagreement(p);
	int i;

	fputs("<tr><td class=\"tests\">", f);
	text_xml(f, title_of(run->arena, p));
	fprintf(f, "</td><td>%s</td><td class=\"n\"><b>%s</b></td>", p->bytes > 0 ? "MiB" : "round",
		number(run->arena, p->instructions / unit_of(p)));
	for (i = 0; i < NR_COST_CLASSES; i++)
		if (class_occurs(&run->cost, i))
			fprintf(f, "<td class=\"n\">%s</td>",
				number(run->arena, p->classes[i] / unit_of(p)));
	fprintf(f, "<td class=\"n\">%zu</td><td class=\"n\">%s</td></tr>\n", p->rounds,
		p->classes[COST_WAITING] > 0 ? "\u2013"
					     : arena_printf(run->arena, "%.1f %%", 100 * apart));
}

static void table(struct run *run, FILE *f)
{
	const struct cost_phase *p;
	int i;

	fputs("<div class=\"scroll\"><table><thead><tr><th>what</th><th>for each</th>"
	      "<th class=\"n\">instructions</th>",
	      f);
	for (i = 0; i < NR_COST_CLASSES; i++)
		if (class_occurs(&run->cost, i))
			fprintf(f, "<th class=\"n\">%s</th>", cost_class_name((enum cost_class)i));
	fputs("<th class=\"n\">rounds</th><th class=\"n\">off the clock by</th></tr></thead><tbody>\n",
	      f);
	for (p = run->cost.phases; p; p = p->next)
		if (shown(p))
			row(run, f, p);
	fputs("</tbody></table></div>\n", f);
}

static void function_row(struct run *run, FILE *f, const struct cost_phase *p,
			 const struct cost_function *fn)
{
	fputs("<tr><td class=\"tests\">", f);
	text_xml(f, fn->class == COST_USER ? "" : fn->name);
	fputs("</td><td>", f);
	text_xml(f, !strcmp(fn->module, "-") ? "kernel" : fn->module);
	fputs("</td><td>", f);
	text_xml(f, !strcmp(fn->caller, "-") || !strcmp(fn->caller, fn->module) ? "" : fn->caller);
	fprintf(f, "</td><td>%s</td><td class=\"n\">%s</td><td class=\"n\">%.1f %%</td></tr>\n",
		cost_class_name(fn->class), number(run->arena, fn->instructions / unit_of(p)),
		p->instructions > 0 ? 100 * fn->instructions / p->instructions : 0);
}

static void functions(struct run *run, FILE *f)
{
	const struct cost_function *fn;
	const struct cost_phase *p;
	int i;

	fputs("<details><summary>The functions with the most instructions</summary>\n"
	      "<div class=\"scroll\"><table><thead><tr><th>function</th><th>module</th><th>last module</th>"
	      "<th>class</th><th class=\"n\">instructions</th><th class=\"n\">part</th></tr></thead>"
	      "<tbody>\n",
	      f);
	for (p = run->cost.phases; p; p = p->next) {
		if (!shown(p))
			continue;
		fputs("<tr class=\"part\"><th colspan=\"6\">", f);
		text_xml(f, title_of(run->arena, p));
		fprintf(f, ", for each %s</th></tr>\n", p->bytes > 0 ? "MiB" : "round");
		for (i = 0, fn = p->functions; fn && i < FUNCTIONS; i++, fn = fn->next)
			function_row(run, f, p, fn);
	}
	fputs("</tbody></table></div></details>\n", f);
}

/**
 * html_cost - how many instructions what was timed took, and where
 * @run: the run
 * @f: the file
 */
void html_cost(struct run *run, FILE *f)
{
	fputs("<h2 id=\"cost\">Cost by instruction</h2>\n", f);
	if (run->cost.none) {
		fputs("<p>There is none: ", f);
		text_xml(f, run->cost.none);
		fputs(".</p>\n", f);
		return;
	}
	fputs("<p class=\"soft\">Instructions of the guest's processor, counted by QEMU while the tests "
	      "timed. They do not depend on the machine that ran the guest; how long one takes on yours, "
	      "and what a device adds, they do not say. A bar has its parts in the order of the "
	      "legend.",
	      f);
	if (class_occurs(&run->cost, COST_CARD))
		fprintf(f, " The column card is %s, which is not in the bars.",
			cost_class_words(COST_CARD));
	fputs("</p>\n", f);
	legend(&run->cost, f);
	picture(run, f);
	table(run, f);
	functions(run, f);
}
