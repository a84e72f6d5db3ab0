// SPDX-License-Identifier: GPL-2.0-only
/*
 * kcidb.json: a run for KernelCI's common database, version 5.3 of its schema (kcidb_io of
 * kernelci/kcidb-io). No member may be null there, so what is not known is left out.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <vmig/text.h>

#include "json_path.h"
#include "kcidb.h"
#include "message.h"
#include "results_json_read.h"

#define LOG_MAX 16384

/**
 * struct kcidb - what all objects of a run share
 * @arena: for names
 * @origin: the CI system that submits
 * @build: the build that was tested
 * @prefix: what the ids of the tests begin with
 * @started: of the run, or NULL
 * @environment: where the tests ran
 * @tests: the list that grows
 */
struct kcidb {
	struct arena *arena;
	const char *origin, *build, *prefix, *started;
	json_t *environment, *tests;
};

static const char *either(const char *s, const char *without)
{
	return s && *s ? s : without;
}

static void put(json_t *o, const char *key, const char *value)
{
	if (value && *value)
		json_object_set_new(o, key, json_string(value));
}

/* Letters, digits, _ and - with single dots between, as the schema demands of a path. */
static const char *path(struct arena *arena, const char *name)
{
	char *s = arena_alloc(arena, strlen(name) + 1), *to = s;

	for (; *name; name++) {
		if (*name == '.' && (to == s || to[-1] == '.' || !name[1]))
			continue;
		*to++ = strchr("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-.",
			       *name)
				? *name
				: '-';
	}
	if (to > s && to[-1] == '.')
		to[-1] = '\0';
	return s;
}

static json_t *new_test(struct kcidb *k, const char *name, const char *status)
{
	const char *p = path(k->arena, name);
	json_t *o = json_object();

	put(o, "id",
	    arena_printf(k->arena, "%s:%s:%zu:%s", k->origin, k->prefix, json_array_size(k->tests),
			 p));
	put(o, "origin", k->origin);
	put(o, "build_id", k->build);
	json_object_set(o, "environment", k->environment);
	json_object_set_new(o, "path", json_string(p));
	put(o, "status", status);
	put(o, "start_time", k->started);
	json_array_append_new(k->tests, o);
	return o;
}

/*
 * A known deviation is a fault of the driver all the same; that it is known stands in misc.
 * What the suite or the lab is to blame for is an ERROR, what never ran a MISS.
 */
static const char *status_of(const char *outcome)
{
	static const struct text_pair map[] = {
		{ "pass", "PASS" },	{ "warn", "PASS" },	{ "fail", "FAIL" },
		{ "xfail", "FAIL" },	{ "xpass", "FAIL" },	{ "skip", "SKIP" },
		{ "crashed", "ERROR" }, { "timeout", "ERROR" }, { "broken", "ERROR" },
	};

	return text_mapped(map, sizeof(map) / sizeof(map[0]), outcome, "ERROR");
}

/* A unit without prefix, as the reader scales it; *value goes with it. */
static json_t *number(double value, const char *unit)
{
	static const struct {
		const char *unit, *base;
		double parts;
	} units[] = { { "ns", "s", 1e9 }, { "us", "s", 1e6 }, { "ms", "s", 1e3 } };
	json_t *o = json_object();
	size_t i;

	for (i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
		if (!strcmp(unit, units[i].unit)) {
			value /= units[i].parts;
			unit = units[i].base;
		}
	}
	json_object_set_new(o, "value", json_real(value));
	put(o, "unit", unit);
	put(o, "prefix", "metric");
	return o;
}

static void measurement(struct kcidb *k, const char *test, const json_t *m, const char *value)
{
	static const char *const rest[] = { "n", "min", "p25", "p50", "p75", "p95", "max", NULL };
	const json_t *v = json_path_get(m, value), *more;
	const char *name = json_path_text(m, "name");
	json_t *o, *misc;
	int i;

	if (!name || !json_is_number(v) || !isfinite(json_number_value(v)))
		return;
	o = new_test(k, arena_printf(k->arena, "%s.%s", test, name), "DONE");
	json_object_set_new(o, "number",
			    number(json_number_value(v), either(json_path_text(m, "unit"), "")));
	misc = json_object();
	put(misc, "unit", json_path_text(m, "unit"));
	for (i = 0; rest[i]; i++) {
		more = json_path_get(m, rest[i]);
		if (json_is_number(more))
			json_object_set(misc, rest[i], (json_t *)more);
	}
	json_object_set_new(o, "misc", misc);
}

static const char *excerpt(struct kcidb *k, const json_t *t)
{
	const char *all = either(json_path_text(t, "message"), "");
	const json_t *line;
	size_t i;

	json_array_foreach(json_path_get(t, "log"), i, line) {
		if (strlen(all) + json_string_length(line) + 2 > LOG_MAX)
			break;
		all = arena_printf(k->arena, "%s%s%s", all, *all ? "\n" : "",
				   json_string_value(line));
	}
	return strlen(all) < LOG_MAX ? all : NULL;
}

static void one_test(struct kcidb *k, const char *chapter, const json_t *t)
{
	const char *name = arena_printf(k->arena, "vmig.%s.%s", chapter,
					either(json_path_text(t, "name"), "unknown"));
	const char *outcome = json_path_text(t, "outcome"), *status = status_of(outcome);
	json_t *o = new_test(k, name, status), *misc = json_object();
	const json_t *seconds = json_path_get(t, "seconds"), *m;
	size_t i;

	if (json_is_number(seconds))
		json_object_set(o, "duration", (json_t *)seconds);
	put(o, "comment", json_path_text(t, "message"));
	if (strcmp(status, "PASS") && strcmp(status, "SKIP"))
		put(o, "log_excerpt", excerpt(k, t));
	put(misc, "outcome", outcome);
	json_object_set(misc, "clauses", json_path_get(t, "clauses"));
	if (json_array_size(json_path_get(t, "breaches")))
		json_object_set_new(misc, "known_deviation",
				    json_boolean(outcome && !strcmp(outcome, "xfail")));
	json_object_set_new(o, "misc", misc);
	json_array_foreach(json_path_get(t, "metrics"), i, m)
		measurement(k, name, m, "value");
	json_array_foreach(json_path_get(t, "samples"), i, m)
		measurement(k, name, m, "p50");
}

static json_t *environment(struct arena *arena, const json_t *r, bool all)
{
	static const char *const places[][2] = {
		{ "device", "environment.device.name" },
		{ "bus", "environment.device.bus" },
		{ "driver", "environment.driver.name" },
		{ "driver_version", "environment.driver.version" },
		{ "srcversion", "environment.driver.srcversion" },
		{ "kernel_build", "environment.kernel.version" },
		{ "profile", "run.options.profile" },
		{ "parameters", "run.options.parameters" },
		{ "where", "run.where" },
		{ "accel", "run.accel" },
		{ "simulated_firmware", "run.firmware" },
		{ "suite_version", "suite.version" },
		{ "suite_commit", "suite.commit" },
	};
	json_t *o = json_object(), *misc = json_object();
	size_t i;

	put(o, "comment",
	    arena_printf(arena, "driver %s, device %s, on %s",
			 either(json_path_text(r, "environment.driver.name"), "unknown"),
			 either(json_path_text(r, "environment.device.name"), "unknown"),
			 results_json_host(arena)));
	put(misc, "host", results_json_host(arena));
	for (i = 0; all && i < sizeof(places) / sizeof(places[0]); i++)
		put(misc, places[i][0], json_path_text(r, places[i][1]));
	json_object_set_new(o, "misc", misc);
	return o;
}

static const char *overall(const json_t *results)
{
	const char *verdict = either(json_path_text(results, "verdict.name"), "");

	switch (json_path_number(results, "verdict.exit_code")) {
	case 0:
		return "PASS";
	case 1:
		return strcmp(verdict, "incomplete") ? "FAIL" : "ERROR";
	case 3:
		return "FAIL";
	default:
		return "MISS";
	}
}

static void tests(struct kcidb *k, const json_t *results)
{
	const json_t *chapter, *t;
	const char *name;
	size_t i, j;
	json_t *o;

	o = new_test(k, "vmig", overall(results));
	put(o, "comment", json_path_text(results, "verdict.sentence"));
	/* The whole of it once; a thousand copies would be most of the file. */
	json_object_set_new(o, "environment", environment(k->arena, results, true));
	json_array_foreach(json_path_get(results, "chapters"), i, chapter) {
		name = either(json_path_text(chapter, "name"), "unknown");
		json_array_foreach(json_path_get(chapter, "tests"), j, t)
			one_test(k, name, t);
		json_array_foreach(json_path_get(chapter, "missing"), j, t)
			new_test(k,
				 arena_printf(k->arena, "vmig.%s.%s", name,
					      either(json_string_value(t), "unknown")),
				 "MISS");
	}
}

/*
 * What the lab says of itself, where the schema takes it; else a sentence, and the report
 * goes on without.
 */
static const char *told(const char *name, const char *letters, size_t least, size_t most)
{
	const char *s = getenv(name);

	if (!s || !*s)
		return NULL;
	if (strspn(s, letters) == strlen(s) && strlen(s) >= least && strlen(s) <= most)
		return s;
	error_msg("kcidb.json is written without %s: KCIDB takes %zu to %zu of the letters %s "
		  "there",
		  name, least, most, letters);
	return NULL;
}

/* Checkout and build, unless whoever built the kernel has reported them to KCIDB. */
static void sources(struct kcidb *k, const json_t *r, json_t *root)
{
	const char *release = either(json_path_text(r, "environment.kernel.release"), "unknown");
	const char *commit = told("VMIG_KCIDB_COMMIT", "0123456789abcdef", 40, 40);
	const char *checkout = arena_printf(k->arena, "%s:linux-%s", k->origin, release);
	json_t *c = json_object(), *b = json_object();

	put(c, "id", checkout);
	put(c, "origin", k->origin);
	put(c, "git_commit_hash", commit);
	put(c, "comment", arena_printf(k->arena, "Linux %s", release));
	json_object_set_new(c, "valid", json_true());
	put(b, "id", k->build);
	put(b, "origin", k->origin);
	put(b, "checkout_id", checkout);
	put(b, "architecture", json_path_text(r, "environment.kernel.machine"));
	put(b, "comment", json_path_text(r, "environment.kernel.version"));
	put(b, "status", "PASS");
	json_object_set_new(root, "checkouts", json_pack("[o]", c));
	json_object_set_new(root, "builds", json_pack("[o]", b));
}

/**
 * kcidb_dump - write kcidb.json
 * @results: results.json
 * @f: the file
 *
 * VMIG_KCIDB_ORIGIN is who submits it ("vmig"); VMIG_KCIDB_BUILD_ID the build, where KCIDB
 * knows that already; VMIG_KCIDB_COMMIT the commit of the kernel otherwise.
 */
void kcidb_dump(const json_t *results, FILE *f)
{
	const char *build = getenv("VMIG_KCIDB_BUILD_ID");
	struct kcidb k = { .arena = arena_new() };
	json_t *root = json_object();

	k.origin = either(getenv("VMIG_KCIDB_ORIGIN"), "vmig");
	k.started = json_path_text(results, "run.started");
	k.prefix = arena_printf(
		k.arena, "%s-%s-%s", results_json_host(k.arena), either(k.started, "unknown"),
		either(json_path_text(results, "environment.device.name"), "unknown"));
	k.build = either(
		build,
		arena_printf(
			k.arena, "%s:linux-%s-%s", k.origin,
			either(json_path_text(results, "environment.kernel.release"), "unknown"),
			either(json_path_text(results, "environment.kernel.version"), "unknown")));
	k.environment = environment(k.arena, results, false);
	k.tests = json_array();
	tests(&k, results);
	json_object_set_new(root, "version", json_pack("{s:i, s:i}", "major", 5, "minor", 3));
	if (!build || !*build)
		sources(&k, results, root);
	json_object_set_new(root, "tests", k.tests);
	json_dumpf(root, f, JSON_INDENT(1) | JSON_REAL_PRECISION(9));
	putc('\n', f);
	json_decref(k.environment);
	json_decref(root);
	arena_free(k.arena);
}
