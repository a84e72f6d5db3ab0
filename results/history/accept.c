// SPDX-License-Identifier: GPL-2.0-only
/*
 * Record a baseline change: a metric that is worse for a good reason. From that night on it is
 * compared with the nights since then. A record that was a mistake can be withdrawn.
 */
#include <fnmatch.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "accept.h"
#include "labels.h"
#include "nights.h"
#include "regress.h"

/* Who says it; behind sudo, who used that. */
static const char *who(struct arena *arena)
{
	const char *name = getenv("SUDO_USER");
	const struct passwd *user = NULL;
	char host[256] = "";

	if (!name || !*name) {
		user = getpwuid(getuid());
		name = user ? user->pw_name : arena_printf(arena, "%u", (unsigned int)getuid());
	}
	if (gethostname(host, sizeof(host) - 1))
		*host = '\0';
	return arena_printf(arena, "%s@%s", name, host);
}

/* To the microsecond: a word and the one that withdraws it have an order. */
static const char *utc(struct arena *arena)
{
	struct timespec now;
	struct tm tm;

	clock_gettime(CLOCK_REALTIME, &now);
	gmtime_r(&now.tv_sec, &tm);
	return arena_printf(arena, "%04d-%02d-%02dT%02d:%02d:%02d.%06ldZ", tm.tm_year + 1900,
			    tm.tm_mon + 1, tm.tm_mday, tm.tm_hour, tm.tm_min, tm.tm_sec,
			    now.tv_nsec / 1000);
}

/**
 * struct search - what a request has found so far
 * @n: the nights
 * @ask: the request
 * @insert: adds a row
 * @said: when
 * @who: by whom
 * @devices: devices of that name
 * @measured: metrics of them
 * @matched: those that the glob matches
 * @nights: those of them that the night has measured
 * @done: rows added
 * @example: a metric that is there
 */
struct search {
	struct history *n;
	const struct baseline_change_request *ask;
	sqlite3_stmt *insert;
	const char *said, *who;
	unsigned int devices, measured, matched, nights, done;
	const struct series *example;
};

static bool of_night(struct arena *arena, const struct sample *p, const char *night)
{
	return !strncmp(p->run->night, night, strlen(night)) ||
	       !strncmp(history_night_words(arena, p->run->night), night, strlen(night));
}

/* The night that the request means for a metric, or NULL. */
static const struct sample *wanted(const struct search *s, const struct series *t)
{
	const struct sample *last = series_last(t);
	size_t i;

	if (s->ask->withdraw && !*s->ask->night)
		return t->accepted;
	if (!*s->ask->night)
		return last && last->label == LABEL_WORSE ? last->since : NULL;
	for (i = 0; i < t->nr; i++)
		if (of_night(s->n->history->arena, &t->samples[i], s->ask->night))
			return &t->samples[i];
	return NULL;
}

static void insert(const struct search *s, const struct series *t, const struct sample *p)
{
	struct history_db *h = s->n->history;

	history_number(h, s->insert, ":run", p->run->id);
	history_number(h, s->insert, ":metric", t->metric);
	history_text(h, s->insert, ":said", s->said);
	history_text(h, s->insert, ":who", s->who);
	history_text(h, s->insert, ":reason", s->ask->reason);
	history_text(h, s->insert, ":pattern", s->ask->pattern);
	history_number(h, s->insert, ":withdrawn", s->ask->withdraw);
	history_run(h, s->insert);
}

static void json_path_get(const struct search *s, const struct series *t, const struct sample *p,
			  FILE *f)
{
	const struct sample *last = series_last(t);
	struct arena *arena = s->n->history->arena;

	fprintf(f, "  %s  %s, %s %s", history_device_label(s->n, t->device),
		history_metric_label(arena, t),
		s->ask->withdraw ? "not accepted any more from" : "accepted from",
		history_night_words(arena, p->run->night));
	if (last && last->label == LABEL_WORSE)
		fprintf(f, ": %s, %+.0f %%", history_metric_value(arena, last->fast, t->unit),
			sample_percent(t, last));
	putc('\n', f);
}

static void look_at(struct search *s, const struct series *t, FILE *f)
{
	struct arena *arena = s->n->history->arena;
	const struct sample *p;

	/* A slower machine needs no record. */
	if (series_is_machine_metric(t))
		return;
	s->measured++;
	if (fnmatch(s->ask->pattern, t->name, 0) &&
	    fnmatch(s->ask->pattern, history_metric_label(arena, t), 0)) {
		s->example = s->example ? s->example : t;
		return;
	}
	s->matched++;
	p = wanted(s, t);
	if (!p)
		return;
	s->nights++;
	if (!!p->accepted != s->ask->withdraw)
		return;
	insert(s, t, p);
	json_path_get(s, t, p, f);
	s->done++;
}

static const char *device_names(struct history *n)
{
	const struct device *d, *before = NULL;
	const char *names = "";

	for (d = n->devices; d; before = d, d = d->next)
		if (!before || strcmp(before->name, d->name))
			names = arena_printf(n->history->arena, "%s%s%s", names, *names ? ", " : "",
					     d->name);
	return *names ? names : "none";
}

/* Nothing was done: why, and what to do. */
static char *nothing(const struct search *s)
{
	const struct baseline_change_request *ask = s->ask;
	struct arena *arena = s->n->history->arena;
	const char *where = s->n->history->path;

	if (!s->devices)
		return arena_printf(arena, "the history %s has no device %s; it has: %s", where,
				    ask->device, device_names(s->n));
	if (!s->measured)
		return arena_printf(arena,
				    "the history %s has no measurement: there is nothing to "
				    "accept",
				    where);
	if (!s->matched)
		return arena_printf(arena,
				    "no metric matches '%s': take a name or a glob of what "
				    "nightly.html has, such as '%s'",
				    ask->pattern, s->example->name);
	if (s->nights)
		return arena_printf(arena, "that is %s already: see nightly.html",
				    ask->withdraw ? "not accepted" : "accepted");
	if (*ask->night)
		return arena_printf(arena,
				    "no night %s has measured what matches '%s': give it as "
				    "nightly.html does, such as \"2026-11-21\" or "
				    "\"2026-11-21 02:00\"",
				    ask->night, ask->pattern);
	if (ask->withdraw)
		return arena_printf(arena,
				    "no change of what matches '%s' is accepted in the nights that "
				    "are compared now: name the night that was",
				    ask->pattern);
	return arena_printf(
		arena,
		"of the %u metrics that match '%s' none is worse now: to accept a change "
		"all the same, name the night from which on",
		s->matched, ask->pattern);
}

/**
 * baseline_change_add - add what was accepted, or withdrawn, to a history
 * @n: after history_judge(), of a history that is open for writing
 * @ask: which metrics, and why
 * @f: where the changes are printed, one line a metric
 *
 * Return: NULL, or a sentence; nothing lasts before history_commit().
 */
char *baseline_change_add(struct history *n, const struct baseline_change_request *ask, FILE *f)
{
	struct arena *arena = n->history->arena;
	struct search s = { .n = n, .ask = ask, .said = utc(arena), .who = who(arena) };
	const struct device *d;
	const struct series *t;

	if (!ask->reason[strspn(ask->reason, " \t\r\n")])
		return arena_printf(arena, "a change is accepted for a reason: say which one");
	s.insert = history_prepare(
		n->history, "INSERT INTO acceptances(run, metric, said, who, reason, pattern,"
			    " withdrawn) VALUES (:run, :metric, :said, :who, :reason,"
			    " :pattern, :withdrawn)");
	for (d = n->devices; d; d = d->next) {
		if (*ask->device && strcmp(ask->device, d->name))
			continue;
		s.devices++;
		for (t = d->series; t; t = t->next)
			look_at(&s, t, f);
	}
	sqlite3_finalize(s.insert);
	if (n->history->err != SQLITE_OK)
		return history_failed(n->history, "add to");
	return s.done ? NULL : nothing(&s);
}
