// SPDX-License-Identifier: GPL-2.0-only
/* results.json, as results/schema/results.schema.json describes it. */
#include <jansson.h>
#include <math.h>

#include "clause_source.h"
#include "features.h"
#include "kcidb.h"
#include "outcome.h"
#include "results_json.h"
#include "verdict.h"

/* The number of the schema; changes when a reader of the old one would stumble. */
#define RESULTS_VERSION 1

/* Functions of each thing that was timed, those with the most instructions. */
#define COST_FUNCTIONS 20

static json_t *text(const char *s)
{
	return s ? json_string(s) : json_null();
}

static void put(json_t *object, const char *key, json_t *value)
{
	json_object_set_new(object, key, value);
}

static json_t *count(unsigned int n)
{
	return json_integer(n);
}

/* Milliseconds are enough, and print as few digits. */
static json_t *seconds(double s)
{
	if (s < 0)
		return json_null();
	return json_real(round(s * 1000) / 1000);
}

static json_t *truth(enum has has)
{
	return has == HAS_UNKNOWN ? json_null() : json_boolean(has == HAS);
}

static json_t *lines(const struct line *line)
{
	json_t *array = json_array();

	for (; line; line = line->next)
		json_array_append_new(array, json_string(line->text));
	return array;
}

static json_t *suite(const struct run_record *r)
{
	json_t *o = json_object();

	put(o, "version", text(r->version));
	put(o, "commit", text(r->commit));
	return o;
}

static json_t *record(const struct run *run)
{
	const struct run_record *r = &run->record;
	json_t *o = json_object(), *options = json_object();

	put(o, "status", json_string(run_status_name(r->status)));
	put(o, "where", text(r->where));
	put(o, "accel", text(r->accel));
	if (r->virtual_time)
		put(o, "virtual_time", json_true());
	put(o, "started", text(r->started));
	put(o, "seconds", seconds(r->seconds));
	put(o, "firmware", text(run_firmware_words(run->arena, r, &run->env)));
	if (r->kernel_source)
		put(o, "kernel_source", text(r->kernel_source));
	put(o, "guests", r->guests ? json_integer(r->guests) : json_null());
	put(options, "debug_kernel", json_boolean(r->debug_kernel));
	put(options, "strict", json_boolean(r->strict));
	put(options, "hazards", json_boolean(r->hazards));
	put(options, "known_deviations", json_boolean(r->known_deviations));
	if (r->without_migration)
		put(options, "without_migration", json_true());
	if (r->left_out)
		put(options, "left_out", text(r->left_out));
	put(options, "tests", text(r->tests));
	put(options, "parameters", text(r->parameters));
	put(options, "profile", text(r->profile));
	if (r->programs)
		put(options, "programs", text(r->programs));
	if (r->stock_kernel)
		put(options, "stock_kernel", text(r->stock_kernel));
	put(o, "options", options);
	put(o, "problems", lines(run->problems));
	return o;
}

static json_t *environment(const struct environment *e)
{
	json_t *o = json_object(), *kernel = json_object(), *driver = json_object();
	json_t *device = json_object(), *migration = json_object();

	put(kernel, "release", text(e->release));
	put(kernel, "version", text(e->build));
	put(kernel, "machine", text(e->machine));
	put(driver, "name", text(e->driver));
	put(driver, "version", text(e->driver_version));
	put(driver, "srcversion", text(e->srcversion));
	put(device, "name", text(e->device));
	put(device, "bus", text(e->bus));
	put(migration, "supported", truth(e->migration));
	put(migration, "flags", json_integer((json_int_t)e->flags));
	put(migration, "dma_logging", truth(e->dma_logging));
	put(o, "kernel", kernel);
	put(o, "driver", driver);
	put(o, "device", device);
	put(o, "migration", migration);
	return o;
}

static json_t *profile(const struct vmig_profile *p)
{
	json_t *o, *list, *entry;
	const struct vmig_deviation *d;

	if (!p)
		return json_null();
	o = json_object();
	list = json_array();
	put(o, "driver", text(p->driver));
	put(o, "source", text(p->source));
	if (p->verified)
		put(o, "verified", text(p->verified));
	for (d = p->deviations; d; d = d->next) {
		entry = json_object();
		put(entry, "line", count(d->line));
		put(entry, "clause", json_string(d->clause->id));
		put(entry, "tests", json_string(d->glob));
		put(entry, "source", json_string(d->source));
		put(entry, "reason", json_string(d->reason));
		put(entry, "came", count(d->came));
		put(entry, "missed", count(d->missed));
		json_array_append_new(list, entry);
	}
	put(o, "deviations", list);
	return o;
}

static json_t *totals(const unsigned int counts[NR_OUTCOMES], unsigned int tests,
		      unsigned int not_run)
{
	json_t *o = json_object();
	int i;

	put(o, "tests", count(tests));
	for (i = 0; i < NR_OUTCOMES; i++)
		put(o, outcome_name((enum outcome)i), count(counts[i]));
	put(o, "not_run", count(not_run));
	return o;
}

static json_t *breaches(const struct breach *b)
{
	json_t *array = json_array(), *o;

	for (; b; b = b->next) {
		o = json_object();
		put(o, "clause", json_string(b->id));
		put(o, "level", text(b->clause ? vmig_level_name(b->clause->level) : NULL));
		put(o, "keeper",
		    text(b->clause ? vmig_responsible_name(b->clause->responsible) : NULL));
		put(o, "outcome", json_string(clause_outcome_name(b->outcome)));
		put(o, "did", text(b->did));
		put(o, "expected", text(b->expected));
		put(o, "got", text(b->got));
		if (b->at)
			put(o, "at", json_string(b->at));
		put(o, "source", text(b->known ? b->source : NULL));
		put(o, "reason", text(b->known ? b->reason : NULL));
		json_array_append_new(array, o);
	}
	return array;
}

static json_t *notes(const struct line *line)
{
	json_t *array = json_array(), *o;

	for (; line; line = line->next) {
		o = json_object();
		put(o, "clause", json_string(line->id));
		put(o, "text", json_string(line->text));
		json_array_append_new(array, o);
	}
	return array;
}

static json_t *metrics(const struct metric *m)
{
	json_t *array = json_array(), *o;

	for (; m; m = m->next) {
		o = json_object();
		put(o, "name", json_string(m->name));
		put(o, "value", json_real(m->value));
		put(o, "unit", json_string(m->unit));
		json_array_append_new(array, o);
	}
	return array;
}

static json_t *samples(struct arena *arena, const struct samples *s)
{
	json_t *array = json_array(), *o, *values;
	struct spread spread;
	size_t i;

	for (; s; s = s->next) {
		samples_spread(arena, s, &spread);
		values = json_array();
		for (i = 0; i < s->n; i++)
			json_array_append_new(values, json_real(s->values[i]));
		o = json_object();
		put(o, "name", json_string(s->name));
		put(o, "unit", json_string(s->unit));
		put(o, "n", json_integer((json_int_t)s->n));
		put(o, "min", json_real(spread.min));
		put(o, "p25", json_real(spread.p25));
		put(o, "p50", json_real(spread.p50));
		put(o, "p75", json_real(spread.p75));
		put(o, "p95", json_real(spread.p95));
		put(o, "max", json_real(spread.max));
		put(o, "values", values);
		json_array_append_new(array, o);
	}
	return array;
}

static json_t *test(struct arena *arena, const struct test *t)
{
	json_t *o = json_object(), *clauses = json_array();
	size_t i;

	for (i = 0; i < t->nr_clauses; i++)
		json_array_append_new(clauses, json_string(t->clauses[i]));
	put(o, "name", json_string(t->name));
	put(o, "outcome", json_string(outcome_name(t->outcome)));
	put(o, "message", text(t->why ? t->why : *t->reason ? t->reason : NULL));
	put(o, "seconds", seconds(t->seconds));
	put(o, "clauses", clauses);
	put(o, "breaches", breaches(t->breaches));
	put(o, "broken", lines(t->broken));
	put(o, "notes", notes(t->notes));
	put(o, "metrics", metrics(t->metrics));
	put(o, "samples", samples(arena, t->samples));
	put(o, "log", lines(t->log));
	return o;
}

static json_t *chapters(const struct run *run)
{
	json_t *array = json_array(), *o, *tests;
	unsigned int counts[NR_OUTCOMES];
	const struct chapter *c;
	const struct test *t;
	int i;

	for (c = run->chapters; c; c = c->next) {
		o = json_object();
		tests = json_array();
		for (i = 0; i < NR_OUTCOMES; i++)
			counts[i] = 0;
		for (t = c->tests; t; t = t->next) {
			counts[t->outcome]++;
			json_array_append_new(tests, test(run->arena, t));
		}
		put(o, "name", json_string(c->name));
		put(o, "file", json_string(c->file));
		put(o, "skipped", text(c->skip));
		put(o, "gave_up", text(c->bail));
		put(o, "totals", totals(counts, c->nr_tests + c->not_run, c->not_run));
		put(o, "missing", lines(c->missing));
		put(o, "tests", tests);
		json_array_append_new(array, o);
	}
	return array;
}

static json_t *clauses(const struct run *run)
{
	json_t *array = json_array(), *o, *tests;
	const struct clause_result *r;
	const struct vmig_clause *c;
	const struct clause_test *t;
	int i;

	for (i = 0; i < VMIG_NR_CLAUSES; i++) {
		c = &vmig_clauses[i];
		r = &run->clauses[i];
		o = json_object();
		tests = json_array();
		for (t = r->tests; t; t = t->next)
			json_array_append_new(tests, json_pack("{s:s, s:s, s:s}", "chapter",
							       t->test->chapter->name, "test",
							       t->test->name, "outcome",
							       clause_outcome_name(t->outcome)));
		put(o, "id", json_string(c->id));
		put(o, "level", json_string(vmig_level_name(c->level)));
		put(o, "keeper", json_string(vmig_responsible_name(c->responsible)));
		put(o, "statement", json_string(c->statement));
		put(o, "source", json_string(run_clause_source(run->arena, c, "; ")));
		put(o, "outcome", json_string(clause_outcome_name(r->outcome)));
		put(o, "reason", text(c->untestable));
		put(o, "tests", tests);
		json_array_append_new(array, o);
	}
	return array;
}

static json_t *complaints(const struct complaint *c)
{
	json_t *array = json_array(), *o;

	for (; c; c = c->next) {
		o = json_object();
		put(o, "kind", json_string(c->kind));
		put(o, "title", json_string(c->title));
		put(o, "test", text(c->test));
		put(o, "seconds", seconds(c->seconds));
		put(o, "expected", json_boolean(c->expected));
		put(o, "log", lines(c->log));
		json_array_append_new(array, o);
	}
	return array;
}

static json_t *cost_functions(const struct cost_function *f)
{
	json_t *array = json_array(), *o;
	int i;

	for (i = 0; f && i < COST_FUNCTIONS; i++, f = f->next) {
		o = json_object();
		put(o, "function", json_string(f->name));
		put(o, "module", json_string(f->module));
		put(o, "caller", json_string(f->caller));
		put(o, "class", json_string(cost_class_name(f->class)));
		put(o, "instructions", json_real(f->instructions));
		json_array_append_new(array, o);
	}
	return array;
}

static json_t *cost(const struct cost *cost)
{
	json_t *root = json_object(), *array = json_array(), *o, *parts;
	const struct cost_phase *p;
	int i;

	for (p = cost->phases; p; p = p->next) {
		o = json_object();
		parts = json_object();
		for (i = 0; i < NR_COST_CLASSES; i++)
			put(parts, cost_class_name((enum cost_class)i), json_real(p->classes[i]));
		put(o, "name", json_string(p->name));
		put(o, "rounds", json_integer((json_int_t)p->rounds));
		put(o, "instructions", json_real(p->instructions));
		put(o, "nanoseconds", json_real(p->nanoseconds));
		put(o, "bytes", p->bytes > 0 ? json_real(p->bytes) : json_null());
		put(o, "classes", parts);
		put(o, "functions", cost_functions(p->functions));
		json_array_append_new(array, o);
	}
	put(root, "none", text(cost->none));
	put(root, "phases", array);
	return root;
}

static json_t *run_json(struct run *run)
{
	json_t *root = json_object(), *v = json_object();

	put(v, "exit_code", json_integer(run->exit_code));
	put(v, "name", json_string(judge_verdict_name(run->verdict)));
	put(v, "sentence", json_string(run->sentence));
	put(root, "results_version", json_integer(RESULTS_VERSION));
	put(root, "suite", suite(&run->record));
	put(root, "verdict", v);
	put(root, "run", record(run));
	put(root, "environment", environment(&run->env));
	put(root, "profile", profile(run->profile));
	put(root, "totals", totals(run->count, run->nr_tests, run->not_run));
	put(root, "chapters", chapters(run));
	put(root, "clauses", clauses(run));
	put(root, "complaints", complaints(run->complaints));
	if (run->cost.none || run->cost.phases)
		put(root, "cost", cost(&run->cost));
	return root;
}

/**
 * results_json_write - write results.json
 * @run: the run after judge_verdict()
 * @f: the file
 */
void results_json_write(struct run *run, FILE *f)
{
	json_t *root = run_json(run);

	json_dumpf(root, f, JSON_INDENT(1) | JSON_REAL_PRECISION(9));
	putc('\n', f);
	json_decref(root);
}

/**
 * kcidb_write - write kcidb.json
 * @run: the run after judge_verdict()
 * @f: the file
 */
void kcidb_write(struct run *run, FILE *f)
{
	json_t *root = run_json(run);

	kcidb_dump(root, f);
	json_decref(root);
}
