// SPDX-License-Identifier: GPL-2.0-only
/* Add a run to a history, from its results.json. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <vmig/sha256.h>

#include "add.h"
#include "db.h"
#include "json_path.h"
#include "stats.h"

/*
 * FNV-1a of 64 bits, which stood in the ids up to vmig 0.1.0: only to find a run that was added
 * by one of those.
 */
static uint64_t old_checksum(struct text t)
{
	uint64_t sum = 0xcbf29ce484222325;

	for (; t.n; t.n--)
		sum = (sum ^ (unsigned char)*t.s++) * 0x100000001b3;
	return sum;
}

/* What tells a run from all others, and how those before called the same; false for no memory. */
static bool ids_of(struct arena *arena, const json_t *results, const struct origin *origin,
		   const char **uid, const char **old)
{
	char *s = json_dumps(results, JSON_COMPACT | JSON_SORT_KEYS);
	struct text t = { s, s ? strlen(s) : 0 };

	if (!s)
		return false;
	*uid = arena_printf(arena, "%s/%s/%s", origin->host, origin->directory,
			    vmig_sha256(arena, t));
	*old = arena_printf(arena, "%s/%s/%016" PRIx64, origin->host, origin->directory,
			    old_checksum(t));
	free(s);
	return true;
}

static const char run_sql[] =
	"INSERT INTO runs(uid, night, host, started, seconds, place, kernel, kernel_build, arch,"
	" suite_version, suite_commit, device, device_name, driver, driver_version, srcversion,"
	" firmware, profile, parameters, globs, strict, hazards, status, exit_code, verdict,"
	" sentence, nr_tests, nr_fail, nr_error, nr_xfail, nr_pass, nr_skip, nr_missing,"
	" nr_complaints) VALUES (:uid, :night, :host, :started, :seconds, :place, :kernel,"
	" :build, :arch, :version, :commit, :device, :name, :driver, :driver_version,"
	" :srcversion, :firmware, :profile, :parameters, :globs, :strict, :hazards, :status,"
	" :exit_code, :verdict, :sentence, :tests, :fail, :error, :xfail, :pass, :skip,"
	" :missing, :complaints)";

static const char *either(const char *s, const char *without)
{
	return s ? s : without;
}

/* All that makes a run slow or fast and is no matter of the driver, but for machine and kernel. */
static const char *place_of(struct arena *arena, const json_t *r, const char *where)
{
	const char *accel = json_path_text(r, "run.accel");
	const char *programs = json_path_text(r, "run.options.programs");

	return arena_printf(arena, "%s%s%s%s%s%s%s%s", where, accel ? "/" : "", either(accel, ""),
			    json_path_true(r, "run.virtual_time") ? "+virtual" : "",
			    json_path_true(r, "run.options.debug_kernel") ? "+debug" : "",
			    json_path_text(r, "run.options.stock_kernel") ? "+stock" : "",
			    programs ? "+" : "", either(programs, ""));
}

static void bind_where(struct history_db *h, sqlite3_stmt *s, const json_t *r)
{
	const char *place = either(json_path_text(r, "run.where"), "host");
	const char *profile = json_path_text(r, "run.options.profile");
	const char *name = json_path_text(r, "environment.device.name");
	bool guest = !strcmp(place, "guest");

	history_text(h, s, ":place", place_of(h->arena, r, place));
	history_text(h, s, ":kernel",
		     either(json_path_text(r, "environment.kernel.release"), "unknown"));
	history_text(h, s, ":build", json_path_text(r, "environment.kernel.version"));
	history_text(h, s, ":arch", json_path_text(r, "environment.kernel.machine"));
	history_text(h, s, ":version", json_path_text(r, "suite.version"));
	history_text(h, s, ":commit", json_path_text(r, "suite.commit"));
	history_text(h, s, ":device", either(guest && profile ? profile : name, "unknown"));
	history_text(h, s, ":name", name);
	history_text(h, s, ":driver",
		     either(json_path_text(r, "environment.driver.name"), "unknown"));
	history_text(h, s, ":driver_version", json_path_text(r, "environment.driver.version"));
	history_text(h, s, ":srcversion", json_path_text(r, "environment.driver.srcversion"));
	history_text(h, s, ":firmware", json_path_text(r, "run.firmware"));
	history_text(h, s, ":profile", profile);
	history_text(h, s, ":parameters", either(json_path_text(r, "run.options.parameters"), ""));
	history_text(h, s, ":globs", either(json_path_text(r, "run.options.tests"), ""));
	history_number(h, s, ":strict", json_path_true(r, "run.options.strict"));
	history_number(h, s, ":hazards", json_path_true(r, "run.options.hazards"));
}

static void bind_counts(struct history_db *h, sqlite3_stmt *s, const json_t *r)
{
	const json_t *c;
	long long complaints = 0;
	size_t i;

	json_array_foreach(json_path_get(r, "complaints"), i, c)
		complaints += !json_path_true(c, "expected");
	history_number(h, s, ":tests", json_path_number(r, "totals.tests"));
	history_number(h, s, ":fail",
		       json_path_number(r, "totals.fail") + json_path_number(r, "totals.xpass"));
	history_number(h, s, ":error",
		       json_path_number(r, "totals.crashed") +
			       json_path_number(r, "totals.timeout") +
			       json_path_number(r, "totals.broken"));
	history_number(h, s, ":xfail", json_path_number(r, "totals.xfail"));
	history_number(h, s, ":pass",
		       json_path_number(r, "totals.pass") + json_path_number(r, "totals.warn"));
	history_number(h, s, ":skip", json_path_number(r, "totals.skip"));
	history_number(h, s, ":missing", json_path_number(r, "totals.not_run"));
	history_number(h, s, ":complaints", complaints);
}

static long long add_run(struct history_db *h, const json_t *r, const struct origin *origin,
			 const char *uid)
{
	const char *started = either(json_path_text(r, "run.started"), "unknown");
	const json_t *seconds = json_path_get(r, "run.seconds");
	sqlite3_stmt *s = history_prepare(h, run_sql);

	history_text(h, s, ":uid", uid);
	history_text(h, s, ":night", either(origin->night, started));
	history_text(h, s, ":host", origin->host);
	history_text(h, s, ":started", started);
	if (json_is_number(seconds))
		sqlite3_bind_double(s, sqlite3_bind_parameter_index(s, ":seconds"),
				    json_number_value(seconds));
	bind_where(h, s, r);
	bind_counts(h, s, r);
	history_text(h, s, ":status", either(json_path_text(r, "run.status"), "unknown"));
	history_number(h, s, ":exit_code", json_path_number(r, "verdict.exit_code"));
	history_text(h, s, ":verdict", either(json_path_text(r, "verdict.name"), "unknown"));
	history_text(h, s, ":sentence", either(json_path_text(r, "verdict.sentence"), ""));
	history_run(h, s);
	sqlite3_finalize(s);
	return h->err == SQLITE_OK ? sqlite3_last_insert_rowid(h->db) : 0;
}

/* The statements that one run needs again and again. */
struct adding {
	struct history_db *h;
	long long run;
	sqlite3_stmt *new_test, *test_id, *outcome, *new_metric, *metric_id, *samples;
};

static long long id_of(struct history_db *h, sqlite3_stmt *s)
{
	long long id = history_row(h, s) ? sqlite3_column_int64(s, 0) : 0;

	history_run(h, s);
	return id;
}

static long long test_id(struct adding *a, const char *chapter, const char *name)
{
	history_text(a->h, a->new_test, ":chapter", chapter);
	history_text(a->h, a->new_test, ":name", name);
	history_run(a->h, a->new_test);
	history_text(a->h, a->test_id, ":chapter", chapter);
	history_text(a->h, a->test_id, ":name", name);
	return id_of(a->h, a->test_id);
}

static void add_outcome(struct adding *a, long long test, const char *outcome, const char *message)
{
	history_number(a->h, a->outcome, ":run", a->run);
	history_number(a->h, a->outcome, ":test", test);
	history_text(a->h, a->outcome, ":outcome", outcome);
	history_text(a->h, a->outcome, ":message", message);
	history_run(a->h, a->outcome);
}

/* What was measured, as text; NULL where there is no value to keep. */
static const char *values_text(struct history_db *h, const json_t *values, double *v, size_t *n)
{
	/* "-1.23456789e-300 " */
	char *text = arena_alloc(h->arena, json_array_size(values) * 24 + 1), *end = text;
	const json_t *value;
	size_t i;

	*n = 0;
	json_array_foreach(values, i, value) {
		if (!json_is_number(value))
			continue;
		v[*n] = json_number_value(value);
		end += sprintf(end, "%s%.9g", *n ? " " : "", v[*n]);
		++*n;
	}
	return *n ? text : NULL;
}

static void add_sample(struct adding *a, long long test, const json_t *sample)
{
	const json_t *values = json_path_get(sample, "values");
	double *v = arena_alloc(a->h->arena, (json_array_size(values) + 1) * sizeof(*v));
	const char *name = json_path_text(sample, "name"), *unit = json_path_text(sample, "unit"),
		   *text;
	struct quartiles q;
	size_t n;

	text = values_text(a->h, values, v, &n);
	if (!name || !unit || !text)
		return;
	q = stats_quartiles(v, n);
	history_number(a->h, a->new_metric, ":test", test);
	history_text(a->h, a->new_metric, ":name", name);
	history_text(a->h, a->new_metric, ":unit", unit);
	history_run(a->h, a->new_metric);
	history_number(a->h, a->metric_id, ":test", test);
	history_text(a->h, a->metric_id, ":name", name);
	history_text(a->h, a->metric_id, ":unit", unit);
	history_number(a->h, a->samples, ":metric", id_of(a->h, a->metric_id));
	history_number(a->h, a->samples, ":run", a->run);
	history_number(a->h, a->samples, ":n", (long long)n);
	sqlite3_bind_double(a->samples, 4, q.p25);
	sqlite3_bind_double(a->samples, 5, q.p50);
	sqlite3_bind_double(a->samples, 6, q.p75);
	history_text(a->h, a->samples, ":vals", text);
	history_run(a->h, a->samples);
}

static void add_chapter(struct adding *a, const json_t *chapter)
{
	const char *name = either(json_path_text(chapter, "name"), "unknown");
	const json_t *t, *sample;
	long long test;
	size_t i, j;

	json_array_foreach(json_path_get(chapter, "tests"), i, t) {
		test = test_id(a, name, either(json_path_text(t, "name"), "unknown"));
		add_outcome(a, test, either(json_path_text(t, "outcome"), "unknown"),
			    json_path_text(t, "message"));
		json_array_foreach(json_path_get(t, "samples"), j, sample)
			add_sample(a, test, sample);
	}
	json_array_foreach(json_path_get(chapter, "missing"), i, t)
		if (json_is_string(t))
			add_outcome(a, test_id(a, name, json_string_value(t)), "missing", NULL);
}

static void add_tests(struct history_db *h, const json_t *results, long long run)
{
	struct adding a = { .h = h, .run = run };
	const json_t *chapter;
	size_t i;

	a.new_test = history_prepare(
		h, "INSERT OR IGNORE INTO tests(chapter, name) VALUES (:chapter, :name)");
	a.test_id = history_prepare(
		h, "SELECT id FROM tests WHERE chapter = :chapter AND name = :name");
	/* A chapter that ran twice in one run: the first word counts, as in the report. */
	a.outcome = history_prepare(h, "INSERT OR IGNORE INTO outcomes(run, test, outcome, message)"
				       " VALUES (:run, :test, :outcome, :message)");
	a.new_metric = history_prepare(h, "INSERT OR IGNORE INTO metrics(test, name, unit)"
					  " VALUES (:test, :name, :unit)");
	a.metric_id = history_prepare(h, "SELECT id FROM metrics WHERE test = :test"
					 " AND name = :name AND unit = :unit");
	a.samples = history_prepare(
		h, "INSERT OR IGNORE INTO samples(run, metric, n, p25, p50, p75, vals)"
		   " VALUES (:run, :metric, :n, ?4, ?5, ?6, :vals)");
	json_array_foreach(json_path_get(results, "chapters"), i, chapter)
		add_chapter(&a, chapter);
	sqlite3_finalize(a.new_test);
	sqlite3_finalize(a.test_id);
	sqlite3_finalize(a.outcome);
	sqlite3_finalize(a.new_metric);
	sqlite3_finalize(a.metric_id);
	sqlite3_finalize(a.samples);
}

/**
 * history_add - add a run to a history
 * @h: the history, open for writing
 * @results: results.json
 * @origin: what that does not say
 * @added: false where the history has the run already
 *
 * Return: NULL, or a sentence; nothing lasts before history_commit().
 */
char *history_add(struct history_db *h, const json_t *results, const struct origin *origin,
		  bool *added)
{
	const char *uid, *old;
	sqlite3_stmt *s;
	long long run;

	if (!ids_of(h->arena, results, origin, &uid, &old))
		return "out of memory";
	s = history_prepare(h, "SELECT 1 FROM runs WHERE uid IN (:uid, :old)");
	history_text(h, s, ":uid", uid);
	history_text(h, s, ":old", old);
	*added = !history_row(h, s);
	sqlite3_finalize(s);
	if (*added && h->err == SQLITE_OK) {
		run = add_run(h, results, origin, uid);
		add_tests(h, results, run);
	}
	return h->err == SQLITE_OK ? NULL : history_failed(h, "add to");
}
