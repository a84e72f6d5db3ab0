// SPDX-License-Identifier: GPL-2.0-only
/* The arcs of the device's FSM, drawn by Graphviz. */
#include <string.h>

#include <vmig/fsm.h>

#include "html.h"
#include "markup.h"
#include "subprocess.h"

/* Eight nodes take it some milliseconds; under an emulated CPU a second or two. */
#define DOT_SECONDS 15
#define SVG_MAX (1UL << 20)

static void edge(struct run *run, FILE *f, const struct matrix *m, uint32_t from, uint32_t to)
{
	const struct cell *cell = &m->cell[from][to];
	struct vmig_transition t;

	vmig_transition(run->env.flags, from, to, &t);
	if (t.answer != VMIG_GO || t.len != 1)
		return;
	fprintf(f, "%s -> %s [label=\"%s%s\" class=\"e-%s\"];\n", vmig_state_name(from),
		vmig_state_name(to),
		t.opens	   ? "opens data_fd"
		: t.closes ? "ends session"
			   : "",
		cell->tests && cell->worst == OUTCOME_FAIL ? " \u2717" : "",
		cell->tests ? html_mark_of_test(cell->worst).class : "none");
}

/* The arcs follow from the oracle: a transition of one step is one. */
static void graph(struct run *run, FILE *f, const struct matrix *m)
{
	/* Dot lays out in the order in which it hears of the nodes. */
	static const uint32_t order[] = {
		VFIO_DEVICE_STATE_RUNNING,   VFIO_DEVICE_STATE_RUNNING_P2P,
		VFIO_DEVICE_STATE_STOP,	     VFIO_DEVICE_STATE_RESUMING,
		VFIO_DEVICE_STATE_PRE_COPY,  VFIO_DEVICE_STATE_PRE_COPY_P2P,
		VFIO_DEVICE_STATE_STOP_COPY,
	};
	uint32_t from, to;
	size_t i;

	fputs("digraph fsm {\n"
	      "rankdir=LR; bgcolor=transparent; nodesep=0.5; ranksep=0.7; pad=0.1;\n"
	      "node [shape=box style=rounded fontsize=12 fontname=\"Helvetica\" height=0.4];\n"
	      "edge [fontsize=9 fontname=\"Helvetica\" arrowsize=0.7];\n",
	      f);
	for (i = 0; i < sizeof(order) / sizeof(order[0]); i++)
		if (vmig_state_offered(run->env.flags, order[i]))
			fprintf(f, "%s [class=\"%s\"];\n", vmig_state_name(order[i]),
				vmig_state_streams(order[i]) ? "streams" : "plain");
	for (from = 0; from < VFIO_DEVICE_STATE_NR; from++)
		for (to = 0; to < VFIO_DEVICE_STATE_NR; to++)
			edge(run, f, m, from, to);
	fputs("}\n", f);
}

/**
 * html_graph - draw the arcs of a device with these features
 * @run: the run after judge_verdict()
 * @f: the file
 * @m: the tests of the pairs, for the colours
 *
 * Without Graphviz, or where it takes too long, a sentence says so instead.
 */
void html_graph(struct run *run, FILE *f, const struct matrix *m)
{
	static char *const dot[] = { "dot", "-Tsvg", NULL };
	const char *svg = NULL;
	FILE *in;

	fputs("<h3>The arcs of a device with these features</h3>\n", f);
	in = subprocess_input();
	if (in) {
		graph(run, in, m);
		svg = subprocess_run(run->arena, dot, in, DOT_SECONDS, SVG_MAX);
		fclose(in);
	}
	/* Without the XML prologue. */
	svg = svg ? strstr(svg, "<svg") : NULL;
	if (svg)
		fprintf(f,
			"<div class=\"graph scroll\">%s</div>\n"
			"<p class=\"soft\">States with a filled box have a data_fd. From every "
			"state the device may fall into ERROR, which only a reset leaves.</p>\n",
			svg);
	else
		fputs("<p>The drawing is left out: Graphviz (dot) is not installed "
		      "on the machine that "
		      "made this report, or did not answer.</p>\n",
		      f);
}
