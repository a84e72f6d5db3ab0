// SPDX-License-Identifier: GPL-2.0-only
/* Load a history into memory. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <vmig/text.h>

#include "nights.h"

/* No clock or counter here counts finer, and zero has no logarithm. */
#define LEAST (1 / 1e9)

static const char runs_sql[] =
	"SELECT id, night, host, started, place, kernel, kernel_build, suite_version,"
	" suite_commit, device_name, driver, driver_version, srcversion, firmware, globs, verdict,"
	" sentence, device, parameters, arch, exit_code, nr_tests, nr_fail, nr_error, nr_xfail,"
	" nr_pass, nr_skip, nr_missing, nr_complaints, seconds FROM runs"
	" ORDER BY night, started, id";

static bool same(const char *a, const char *b)
{
	return !strcmp(a, b);
}

static int device_order(const struct device *a, const struct device *b)
{
	int d = strcmp(a->host, b->host);

	d = d ? d : strcmp(a->name, b->name);
	d = d ? d : strcmp(a->driver, b->driver);
	d = d ? d : strcmp(a->place, b->place);
	d = d ? d : strcmp(a->arch, b->arch);
	return d ? d : strcmp(a->parameters, b->parameters);
}

static struct device *device_of(struct history *n, const struct device *wanted)
{
	struct device **d = &n->devices, *new;

	while (*d && device_order(*d, wanted) < 0)
		d = &(*d)->next;
	if (*d && !device_order(*d, wanted))
		return *d;
	new = arena_alloc(n->history->arena, sizeof(*new));
	*new = *wanted;
	new->next = *d;
	*d = new;
	return new;
}

/* Text that a merged history brought is as foreign as what a guest prints. */
static const char *column(struct history *n, sqlite3_stmt *s, int i)
{
	const char *text = (const char *)sqlite3_column_text(s, i);

	return text ? text_clean(n->history->arena, (struct text){ text, strlen(text) }) : NULL;
}

static void read_run(struct history *n, sqlite3_stmt *s)
{
	struct history_run *r = arena_alloc(n->history->arena, sizeof(*r)), *last;
	const char **texts[] = { &r->night,	    &r->host,		&r->started,
				 &r->place,	    &r->kernel,		&r->kernel_build,
				 &r->suite_version, &r->suite_commit,	&r->name,
				 &r->driver,	    &r->driver_version, &r->srcversion,
				 &r->firmware,	    &r->globs,		&r->verdict,
				 &r->sentence };
	long long *numbers[] = { &r->nr_tests, &r->nr_fail, &r->nr_error,   &r->nr_xfail,
				 &r->nr_pass,  &r->nr_skip, &r->nr_missing, &r->nr_complaints };
	struct device d = { 0 };
	size_t i;

	r->id = sqlite3_column_int64(s, 0);
	for (i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		*texts[i] = column(n, s, (int)i + 1);
	d.host = r->host;
	d.name = column(n, s, 17);
	d.driver = r->driver;
	d.place = r->place;
	d.virtual_time = strstr(r->place, "+virtual");
	d.parameters = column(n, s, 18);
	d.arch = column(n, s, 19);
	d.arch = d.arch ? d.arch : "";
	r->exit_code = sqlite3_column_int(s, 20);
	for (i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
		*numbers[i] = sqlite3_column_int64(s, (int)i + 21);
	r->seconds = sqlite3_column_double(s, 29);
	r->device = device_of(n, &d);
	last = r->device->last;
	r->again = last && same(last->night, r->night);
	r->before = r->again ? r->device->newest->before : r->device->newest;
	if (last)
		last->next = r;
	else
		r->device->first = r;
	if (!r->again) {
		r->device->newest = r;
		r->device->nr++;
	}
	r->device->last = r;
	n->runs = arena_grow(n->history->arena, n->runs, n->nr_runs, sizeof(struct history_run *));
	n->runs[n->nr_runs++] = r;
}

static struct series *find_track(const struct history *n, const struct history_run *r,
				 long long metric)
{
	struct series *t;

	for (t = r->device->series; t; t = t->next)
		if (t->metric == metric && (n->any_kernel || same(t->kernel, r->kernel)))
			return t;
	return NULL;
}

static struct series *track_of(struct history *n, const struct history_run *r, long long metric,
			       const char *test, const char *name, const char *unit)
{
	struct series *t = find_track(n, r, metric);
	struct device *d = r->device;

	if (t)
		return t;
	t = arena_alloc(n->history->arena, sizeof(*t));
	t->device = d;
	t->test = test;
	t->name = name;
	t->unit = unit;
	t->metric = metric;
	t->kernel = n->any_kernel ? NULL : r->kernel;
	t->more_is_better = stats_more_is_better(unit);
	if (d->last_series)
		d->last_series->next = t;
	else
		d->series = t;
	d->last_series = t;
	return t;
}

static size_t read_values(struct history *n, const char *text, double **v)
{
	const char *from = text;
	size_t nr = 0;
	char *end;
	double d;

	*v = NULL;
	for (;;) {
		d = strtod(from, &end);
		if (end == from)
			return nr;
		if (isfinite(d)) {
			*v = arena_grow(n->history->arena, *v, nr, sizeof(**v));
			(*v)[nr++] = d;
		}
		from = end;
	}
}

/* Of two runs of a night, the better counts: what disturbed one of them did not last. */
static void add_point(struct history *n, struct series *t, const struct history_run *r,
		      struct sample *new)
{
	struct sample *last = t->nr ? &t->samples[t->nr - 1] : NULL;

	new->run = r;
	new->runs = 1;
	new->fast = stats_quantile(new->v, new->n, t->more_is_better ? 1 - BEST : BEST);
	new->level = log(fmax(new->fast, LEAST)) * (t->more_is_better ? -1 : 1);
	if (last && same(last->run->night, r->night)) {
		new->runs = last->runs + 1;
		if (new->level < last->level)
			*last = *new;
		else
			last->runs++;
		return;
	}
	t->samples = arena_grow(n->history->arena, t->samples, t->nr, sizeof(*t->samples));
	t->samples[t->nr++] = *new;
}

static void read_samples(struct history *n, const struct history_run *r, sqlite3_stmt *s)
{
	struct sample p;
	struct series *t;

	history_number(n->history, s, ":run", r->id);
	while (history_row(n->history, s)) {
		memset(&p, 0, sizeof(p));
		p.n = read_values(n, (const char *)sqlite3_column_text(s, 4), &p.v);
		if (!p.n)
			continue;
		p.q = stats_quartiles(p.v, p.n);
		t = track_of(n, r, sqlite3_column_int64(s, 0), column(n, s, 1), column(n, s, 2),
			     column(n, s, 3));
		add_point(n, t, r, &p);
	}
	history_run(n->history, s);
}

static const struct history_run *find_run(const struct history *n, long long id)
{
	size_t i;

	for (i = 0; i < n->nr_runs; i++)
		if (n->runs[i]->id == id)
			return n->runs[i];
	return NULL;
}

/* A night counts once, whichever of its runs the word was said of. */
static void accept(struct history *n, const struct baseline_change *a)
{
	struct series *t = a->run ? find_track(n, a->run, a->metric) : NULL;
	size_t i;

	for (i = 0; t && i < t->nr; i++)
		if (same(t->samples[i].run->night, a->run->night))
			t->samples[i].accepted = a->withdrawn ? NULL : a;
}

/* In the order in which they were said: the last word counts. */
static void read_acceptances(struct history *n)
{
	sqlite3_stmt *s =
		history_prepare(n->history, "SELECT run, metric, said, who, reason, pattern,"
					    " withdrawn FROM acceptances ORDER BY said, withdrawn");
	struct baseline_change *a;

	while (history_row(n->history, s)) {
		a = arena_alloc(n->history->arena, sizeof(*a));
		a->run = find_run(n, sqlite3_column_int64(s, 0));
		a->metric = sqlite3_column_int64(s, 1);
		a->said = column(n, s, 2);
		a->who = column(n, s, 3);
		a->reason = column(n, s, 4);
		a->pattern = column(n, s, 5);
		a->withdrawn = sqlite3_column_int(s, 6);
		accept(n, a);
	}
	sqlite3_finalize(s);
}

/**
 * history_load - read a history
 * @n: where it goes
 * @h: the history, open
 * @any_kernel: nights with other kernels can be compared too
 *
 * Return: NULL or a sentence.
 */
char *history_load(struct history *n, struct history_db *h, bool any_kernel)
{
	sqlite3_stmt *s;
	size_t i;

	memset(n, 0, sizeof(*n));
	n->history = h;
	n->any_kernel = any_kernel;
	s = history_prepare(h, runs_sql);
	while (history_row(h, s))
		read_run(n, s);
	sqlite3_finalize(s);
	s = history_prepare(h, "SELECT m.id, t.name, m.name, m.unit, s.vals FROM samples s"
			       " JOIN metrics m ON m.id = s.metric JOIN tests t ON t.id = m.test"
			       " WHERE s.run = :run ORDER BY m.id");
	for (i = 0; i < n->nr_runs; i++)
		read_samples(n, n->runs[i], s);
	sqlite3_finalize(s);
	read_acceptances(n);
	return h->err == SQLITE_OK ? NULL : history_failed(h, "read");
}

/**
 * series_last - a metric in the newest night of its device
 * @t: the metric
 *
 * Return: the point, NULL where that night did not measure it.
 */
const struct sample *series_last(const struct series *t)
{
	const struct sample *p = t->nr ? &t->samples[t->nr - 1] : NULL;

	return p && same(p->run->night, t->device->last->night) ? p : NULL;
}
