// SPDX-License-Identifier: GPL-2.0-only
/* Text for devices, metrics and changes of a history. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <vmig/text.h>

#include "labels.h"
#include "nights.h"
#include "regress.h"

/**
 * history_metric_label - what a metric is called where it stands beside others
 * @arena: for the text
 * @t: the metric
 *
 * Return: its name, and the way into the device where the test has one.
 */
const char *history_metric_label(struct arena *arena, const struct series *t)
{
	const char *dot = strchr(t->test, '.'), *end = dot ? strchr(dot + 1, '.') : NULL;

	if (!end)
		return t->name;
	return arena_printf(arena, "%s (%.*s)", t->name, (int)(end - dot - 1), dot + 1);
}

/**
 * history_device_label - the name that identifies a device in a history
 * @n: the history
 * @d: the device
 *
 * Return: its name; its host too where there are several, and where and how it runs where this
 * host has more than one of that name.
 */
const char *history_device_label(const struct history *n, const struct device *d)
{
	struct arena *arena = n->history->arena;
	bool hosts = false, twins = false;
	const struct device *other;
	const char *s = d->name;

	for (other = n->devices; other; other = other->next) {
		hosts |= !!strcmp(other->host, d->host);
		twins |= other != d && !strcmp(other->host, d->host) &&
			 !strcmp(other->name, d->name);
	}
	if (hosts)
		s = arena_printf(arena, "%s on %s", s, d->host);
	if (twins)
		s = arena_printf(arena, "%s (%s%s%s%s%s)", s, d->place, *d->arch ? " " : "",
				 d->arch, *d->parameters ? ", " : "", d->parameters);
	return s;
}

/**
 * history_metric_value - a value with its unit
 * @arena: for the text
 * @value: the number
 * @unit: its unit
 *
 * Return: three digits with a unit that fits, "1.21 GB/s", "12.3 ms".
 */
const char *history_metric_value(struct arena *arena, double value, const char *unit)
{
	static const char prefix[] = { 0, 'k', 'M', 'G', 'T' };
	size_t i = 0;

	if (!strcmp(unit, "us") || !strcmp(unit, "ns") || !strcmp(unit, "ms")) {
		value /= *unit == 'n' ? 1e9 : *unit == 'u' ? 1e6 : 1e3;
		unit = "s";
		if (value * 1000 < 1) {
			value *= 1e6;
			unit = "\u00b5s";
		} else if (value < 1) {
			value *= 1e3;
			unit = "ms";
		}
		return arena_printf(arena, "%.3g %s", value, unit);
	}
	while ((*unit == 'B' || strstr(unit, "/s")) && fabs(value) >= 999.5 &&
	       i + 1 < sizeof(prefix)) {
		value /= 1000;
		i++;
	}
	if (prefix[i])
		return arena_printf(arena, "%.3g %c%s", value, prefix[i], unit);
	return arena_printf(arena, fabs(value) < 1e5 ? "%.4g %s" : "%.0f %s", value, unit);
}

/**
 * history_shift_percent - a shift to the worse, as a change of the value
 * @t: the metric
 * @shift: in logarithms
 *
 * Return: the change in percent, with the sign of the value.
 */
double history_shift_percent(const struct series *t, double shift)
{
	return 100 * expm1(t->more_is_better ? -shift : shift);
}

/**
 * sample_percent - how much more or less a metric was than in the nights before
 * @t: the metric
 * @p: its point
 *
 * Return: the change of what the best tenth keeps, in percent, with the sign of the value.
 */
double sample_percent(const struct series *t, const struct sample *p)
{
	return history_shift_percent(t, p->shift);
}

static const char *change(struct arena *arena, const char *list, const char *what, const char *old,
			  const char *new)
{
	if (text_equal(old, new))
		return list;
	return arena_printf(arena, "%s%s%s %s \u2192 %s", list, *list ? ", " : "", what,
			    old ? old : "none", new ? new : "none");
}

/**
 * history_run_changes - what is other than it was
 * @arena: for the text
 * @now: a run
 * @before: the one before, or NULL
 *
 * Return: the changes with commas between, "" for none.
 */
const char *history_run_changes(struct arena *arena, const struct history_run *now,
				const struct history_run *before)
{
	const char *s = "";

	if (!before)
		return s;
	s = change(arena, s, "kernel", before->kernel, now->kernel);
	if (text_equal(before->kernel, now->kernel))
		s = change(arena, s, "kernel build", before->kernel_build, now->kernel_build);
	s = change(arena, s, "driver version", before->driver_version, now->driver_version);
	s = change(arena, s, "driver srcversion", before->srcversion, now->srcversion);
	s = change(arena, s, "firmware", before->firmware, now->firmware);
	s = change(arena, s, "suite", before->suite_commit, now->suite_commit);
	/* A second run has only the tests that measure again. */
	return now->again ? s
			  : change(arena, s, "tests", *before->globs ? before->globs : "all",
				   *now->globs ? now->globs : "all");
}

static void tell_worse(const struct history *n, const struct series *t, const struct sample *p,
		       FILE *f)
{
	const struct history_run *first = p->since->run;
	struct arena *arena = n->history->arena;
	const char *changes = history_run_changes(arena, first, first->before);

	fprintf(f, "  %s  %s\n", history_device_label(n, t->device),
		history_metric_label(arena, t));
	fprintf(f, "    best tenth at %s, %+.0f %%: the median of %zu nights before is %s\n",
		history_metric_value(arena, p->fast, t->unit), sample_percent(t, p), p->nights,
		history_metric_value(arena, p->base, t->unit));
	fprintf(f, "    since %s%s%s; p = %.2g, %zu values\n",
		history_night_words(arena, first->night),
		*changes ? ", with " : ", when nothing that is recorded had changed", changes, p->p,
		p->n);
}

/**
 * history_run_command - what run.sh is called here
 *
 * Return: "./run.sh", or the command that is installed.
 */
const char *history_run_command(void)
{
	const char *command = getenv("VMIG_COMMAND");

	return command && *command ? command : "./run.sh";
}

/**
 * label_terminal - say what has become worse
 * @n: after history_judge()
 * @night: of these runs only, NULL for the newest of each device
 * @f: the terminal
 *
 * Return: how many metrics have.
 */
unsigned int label_terminal(const struct history *n, const char *night, FILE *f)
{
	unsigned int worse = 0, judged = 0, few = 0, accepted = 0;
	size_t most = 0;
	const struct device *d;
	const struct sample *p;
	const struct series *t;

	for (d = n->devices; d; d = d->next) {
		if (night && strcmp(d->last->night, night))
			continue;
		for (t = d->series; t; t = t->next) {
			p = series_last(t);
			if (!p)
				continue;
			if (p->label == LABEL_WORSE && !worse++)
				fputs("Regressions\n", f);
			if (p->label == LABEL_WORSE)
				tell_worse(n, t, p, f);
			few += sample_lacks_history(p);
			judged += !sample_lacks_history(p);
			if (p->label == LABEL_FEW && p->nights > most)
				most = p->nights;
			accepted += !!t->accepted;
		}
	}
	if (worse)
		fprintf(f,
			"  Meant to be so? %s --nightly-accept METRIC --reason TEXT: then the nights "
			"since count\n",
			history_run_command());
	fprintf(f, "Nightly: %u regression%s in %u metrics", worse, worse == 1 ? "" : "s", judged);
	if (few)
		fprintf(f, "%s no judgement yet on %u (%zu of %d nights before)",
			judged ? ";" : ",", few, most, NIGHTS_MIN);
	if (accepted)
		fprintf(f, "; %u since a change that was accepted", accepted);
	putc('\n', f);
	return worse;
}

/* Two metrics of one test ask for it once. */
static bool told(const struct series *first, const struct series *t)
{
	const struct sample *p;

	for (; first != t; first = first->next) {
		p = series_last(first);
		if (p && p->label == LABEL_WORSE && !strcmp(first->test, t->test))
			return true;
	}
	return false;
}

/**
 * label_suspects - which tests should measure again?
 * @n: after history_judge()
 * @night: of which night
 * @f: where to print
 */
void label_suspects(const struct history *n, const char *night, FILE *f)
{
	const struct device *d;
	const struct sample *p;
	const struct series *t;
	bool any;

	for (d = n->devices; d; d = d->next) {
		if (strcmp(d->last->night, night))
			continue;
		any = false;
		for (t = d->series; t; t = t->next) {
			p = series_last(t);
			if (!p || p->label != LABEL_WORSE || p->runs > 1 || told(d->series, t))
				continue;
			fprintf(f, "%s%s%s", any ? "" : d->name, any ? " " : "\t", t->test);
			any = true;
		}
		if (any)
			putc('\n', f);
	}
}

/**
 * history_night_words - when a night was
 * @arena: for the text
 * @night: "2026-11-21T02:00:00Z" or "20261121T020000Z"
 *
 * Return: "2026-11-21 02:00", or what @night says in another form.
 */
const char *history_night_words(struct arena *arena, const char *night)
{
	int y, m, d, h, min;

	if (sscanf(night, "%4d-%2d-%2dT%2d:%2d", &y, &m, &d, &h, &min) != 5 &&
	    sscanf(night, "%4d%2d%2dT%2d%2d", &y, &m, &d, &h, &min) != 5)
		return night;
	return arena_printf(arena, "%04d-%02d-%02d %02d:%02d", y, m, d, h, min);
}
