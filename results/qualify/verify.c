// SPDX-License-Identifier: GPL-2.0-only
/*
 * Is a bundle what run.sh --qualify writes? Everything here is a reason to refuse it, which
 * is not the same as a driver that does not conform. The verdict is derived from what the
 * test programs printed and the kernel said; results.json is only compared with that.
 */
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include <vmig/sha256.h>
#include <vmig/version.h>

#include "judge.h"
#include "load.h"
#include "qualify.h"
#include "results_json.h"
#include "verdict.h"
#include "verify.h"

static bool same(const char *a, const char *b)
{
	return a == b || (a && b && !strcmp(a, b));
}

static char *read_rules(struct qualification *q, const char *frozen)
{
	const char *found = vmig_sha256(q->arena, q->bundle.mustpass);
	char *wrong = NULL;

	if (strcmp(found, frozen))
		return arena_printf(
			q->arena,
			"its mustpass list is not the one that vmig %s has frozen "
			"(sha256 %.12s..., frozen is %.12s...): verify it with the suite "
			"that made it, whose version stands in its first lines",
			vmig_version, found, frozen);
	q->list = mustpass_parse(q->arena, q->bundle.mustpass, &wrong);
	if (!q->list)
		return arena_printf(q->arena, "mustpass.txt, %s", wrong);
	q->waivers = waivers_parse(q->arena, q->bundle.waivers, &wrong);
	if (wrong)
		return arena_printf(q->arena, "waivers.conf, %s", wrong);
	if (q->bundle.nr_rounds != q->list->rounds)
		return arena_printf(q->arena, "it holds %u rounds, and the list asks for %u",
				    q->bundle.nr_rounds, q->list->rounds);
	return NULL;
}

static char *read_round(struct qualification *q, unsigned int i)
{
	struct run *run = &q->rounds[i];
	char *wrong;

	run_init(run, q->arena);
	wrong = run_read(run, &q->bundle.rounds[i].files);
	if (wrong)
		return arena_printf(q->arena, "round-%u/%s", i + 1, wrong);
	run->profile = waivers_profile(q->arena, q->waivers, run->env.driver, run->env.release);
	judge_run(run);
	judge_verdict(run);
	return NULL;
}

/* Which rule of the list a round was not run by; NULL for none. */
static const char *rule_broken(const struct qualification *q, const struct run *run, unsigned int i)
{
	const struct run_record *r = &run->record;

	if (!r->version || strcmp(r->version, q->list->version))
		return "with another version of the suite";
	if (!r->commit || !strcmp(r->commit, "unknown") || strstr(r->commit, "dirty"))
		return "with a suite that is no commit of the repository";
	if (!same(r->mustpass, q->list->version))
		return "without the mustpass list";
	if (r->tests || r->strict || r->debug_kernel || !r->hazards || !r->known_deviations)
		return "with options that change the rules";
	if (r->seed != q->list->seed + i)
		return "with another seed";
	if (!same(r->stress, q->list->stress))
		return "with other bounds of the tests by chance";
	if (!r->where || (strcmp(r->where, "guest") && strcmp(r->where, "host")))
		return "nobody knows where";
	if (!r->started || strlen(r->started) < 10)
		return "nobody knows when";
	return NULL;
}

/* The programs say themselves which suite, device and driver they are about. */
static char *check_programs(const struct qualification *q, const struct run *run, unsigned int i)
{
	const struct chapter *c;

	for (c = run->chapters; c; c = c->next) {
		/* One that is planned and has no file: what it lacks is reported by its tests. */
		if (!c->version && !c->nr_tests)
			continue;
		if (!same(c->version, run->record.version) || !same(c->commit, run->record.commit))
			return arena_printf(q->arena,
					    "round-%u/%s was printed by a program of another suite "
					    "than round-%u/run.json says",
					    i + 1, c->file, i + 1);
		if (c->driver && !same(c->driver, run->env.driver))
			return arena_printf(
				q->arena,
				"round-%u/%s is about the driver %s, and environment.json "
				"about %s",
				i + 1, c->file, c->driver,
				run->env.driver ? run->env.driver : "none");
	}
	return NULL;
}

static char *check_rules(const struct qualification *q, unsigned int i)
{
	const struct run *run = &q->rounds[i], *first = &q->rounds[0];
	const struct waiver *w;
	const char *wrong;

	wrong = rule_broken(q, run, i);
	if (wrong)
		return arena_printf(q->arena, "round %u was run %s", i + 1, wrong);
	for (w = q->waivers; w; w = w->next)
		if (waiver_expired(w, run->record.started))
			return arena_printf(
				q->arena,
				"its waiver of %s (line %u of waivers.conf) had expired on "
				"%s, before round %u",
				w->clause->id, w->line, w->expires, i + 1);
	if (!same(run->env.driver, first->env.driver) ||
	    !same(run->env.srcversion, first->env.srcversion) ||
	    !same(run->env.release, first->env.release) ||
	    !same(run->env.build, first->env.build) ||
	    !same(run->record.commit, first->record.commit) ||
	    mustpass_traits(&run->env) != mustpass_traits(&first->env))
		return arena_printf(q->arena,
				    "round %u is about another driver, kernel or suite than "
				    "round 1",
				    i + 1);
	return check_programs(q, run, i);
}

static int by_key(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* "chapter TAB test" of each test of the list, sorted. */
static char **keys(const struct qualification *q)
{
	const struct mustpass_test *t;
	char **key = NULL;
	size_t n = 0;

	for (t = q->list->tests; t; t = t->next) {
		key = arena_grow(q->arena, key, n, sizeof(*key));
		key[n++] = arena_printf(q->arena, "%s\t%s", t->chapter, t->name);
	}
	if (n)
		qsort(key, n, sizeof(*key), by_key);
	return key;
}

/* A key in a sentence: chapter/test. */
static char *spoken(struct arena *arena, const char *key)
{
	char *s = arena_strndup(arena, key, strlen(key)), *tab = strchr(s, '\t');

	if (tab)
		*tab = '/';
	return s;
}

/* The programs ran tests of the list alone, each once. */
static char *check_results_of_list(const struct qualification *q, char **key, unsigned int i)
{
	char **came = NULL;
	const struct test *t;
	size_t n = 0, k;

	for (t = run_first_test(&q->rounds[i]); t; t = run_next_test(t)) {
		came = arena_grow(q->arena, came, n, sizeof(*came));
		came[n++] = arena_printf(q->arena, "%s\t%s", t->chapter->name, t->name);
	}
	if (n)
		qsort(came, n, sizeof(*came), by_key);
	for (k = 0; k < n; k++) {
		if (k && !strcmp(came[k], came[k - 1]))
			return arena_printf(q->arena, "round-%u has two results of the test %s",
					    i + 1, spoken(q->arena, came[k]));
		if (!bsearch(&came[k], key, q->list->nr_tests, sizeof(*key), by_key))
			return arena_printf(
				q->arena,
				"round-%u has the test %s, which is not on the mustpass "
				"list",
				i + 1, spoken(q->arena, came[k]));
	}
	return NULL;
}

/* tests.tsv is the list. */
static char *check_tests(const struct qualification *q, char **key, unsigned int i)
{
	struct text list = q->bundle.rounds[i].files.tests, line;
	const size_t nr = q->list->nr_tests;
	char **came = NULL;
	size_t n = 0, k;

	while (text_next_line(&list, &line) && n <= nr) {
		came = arena_grow(q->arena, came, n, sizeof(*came));
		came[n++] = arena_strndup(q->arena, line.s, line.n);
	}
	if (n)
		qsort(came, n, sizeof(*came), by_key);
	for (k = 0; k < n && k < nr && !strcmp(came[k], key[k]); k++)
		;
	if (k < nr)
		return arena_printf(q->arena,
				    "round-%u/tests.tsv is not the mustpass list: it lacks %s",
				    i + 1, spoken(q->arena, key[k]));
	if (n > nr)
		return arena_printf(q->arena,
				    "round-%u/tests.tsv lists more than the mustpass list", i + 1);
	return check_results_of_list(q, key, i);
}

/* A run that came to its end has a result of each test; one that did not says so. */
static char *check_complete(const struct qualification *q, unsigned int i)
{
	const struct run *run = &q->rounds[i];
	const struct chapter *c;

	if (run->record.status != RUN_COMPLETE)
		return NULL;
	for (c = run->chapters; c; c = c->next)
		if (c->missing)
			return arena_printf(
				q->arena,
				"round-%u/%s lacks the test %s, though the run is said to "
				"be complete",
				i + 1, c->file, c->missing->text);
	return NULL;
}

/* Of each object of an array, these two members. */
static json_t *pairs(json_t *array, const char *name, const char *value)
{
	json_t *out = json_array(), *o, *pair;
	size_t i;

	json_array_foreach(array, i, o) {
		pair = json_array();
		json_array_append(pair, json_object_get(o, name));
		json_array_append(pair, json_object_get(o, value));
		json_array_append_new(out, pair);
	}
	return out;
}

/* What results.json says of verdict, tests and clauses: other commits may say it in other words. */
static json_t *essence(json_t *root)
{
	json_t *out = json_object(), *tests = json_array(), *chapter;
	size_t i;

	json_array_foreach(json_object_get(root, "chapters"), i, chapter) {
		json_array_append_new(tests,
				      pairs(json_object_get(chapter, "tests"), "name", "outcome"));
	}
	json_object_set(out, "verdict", json_object_get(root, "verdict"));
	json_object_del(json_object_get(out, "verdict"), "sentence");
	json_object_set(out, "suite", json_object_get(root, "suite"));
	json_object_set(out, "totals", json_object_get(root, "totals"));
	json_object_set_new(out, "tests", tests);
	json_object_set_new(out, "clauses",
			    pairs(json_object_get(root, "clauses"), "id", "outcome"));
	json_decref(root);
	return out;
}

/* results.json without the profile, which has its own lines there; NULL if it is none. */
static json_t *results(struct text contents, bool whole)
{
	json_t *root = json_loadb(contents.s, contents.n, 0, NULL);

	if (!root)
		return NULL;
	json_object_del(root, "profile");
	return whole ? root : essence(root);
}

static char *check_results(const struct qualification *q, unsigned int i)
{
	const bool whole = same(q->rounds[i].record.commit, vmig_commit);
	json_t *said = results(q->bundle.rounds[i].results, whole), *derived = NULL;
	char *buf = NULL;
	size_t size = 0;
	FILE *f = open_memstream(&buf, &size);
	bool equal;

	if (f) {
		results_json_write((struct run *)&q->rounds[i], f);
		fclose(f);
		derived = results((struct text){ buf, size }, whole);
	}
	equal = said && derived && json_equal(said, derived);
	json_decref(said);
	json_decref(derived);
	free(buf);
	if (equal)
		return NULL;
	return arena_printf(q->arena,
			    "round-%u/results.json says other things than the KTAP files of that "
			    "round: it was edited",
			    i + 1);
}

/*
 * What a device does not offer is not asked of it: a device that passes most of the tests
 * for it has the feature, whatever environment.json says.
 */
static char *check_features(const struct qualification *q)
{
	const struct mustpass_section *s;
	const struct mustpass_test *t;
	const struct test *came;
	unsigned int nr, passed;

	for (s = q->list->sections; s; s = s->next) {
		if (s->need & (s->need - 1) || s->lack || !(s->need & ~q->traits & ~TRAIT_PCI))
			continue;
		nr = 0;
		passed = 0;
		for (t = q->list->tests; t; t = t->next)
			nr += t->section == s;
		for (came = run_first_test(&q->rounds[0]); came; came = run_next_test(came)) {
			if (came->outcome != OUTCOME_PASS)
				continue;
			for (t = q->list->tests; t; t = t->next)
				if (t->section == s && !strcmp(t->name, came->name) &&
				    !strcmp(t->chapter, came->chapter->name))
					passed++;
		}
		if (2 * passed > nr)
			return arena_printf(
				q->arena,
				"environment.json says that the device offers no %s, and "
				"%u of %u tests of it passed",
				s->name, passed, nr);
	}
	return NULL;
}

/**
 * qualify_verify - derive the verdict on a driver from a bundle
 * @q: the answer
 * @arena: where everything goes; contents stay in @tar
 * @tar: the bundle, not compressed
 * @frozen: the checksum of the mustpass list
 *
 * Return: NULL, or a sentence about why the bundle is refused.
 */
char *qualify_verify(struct qualification *q, struct arena *arena, struct text tar,
		     const char *frozen)
{
	unsigned int i;
	char *wrong, **key;

	memset(q, 0, sizeof(*q));
	q->arena = arena;
	q->last_fault = &q->faults;
	q->last_trouble = &q->troubles;
	wrong = bundle_read(&q->bundle, arena, tar);
	if (!wrong)
		wrong = read_rules(q, frozen);
	for (i = 0; !wrong && i < q->bundle.nr_rounds; i++)
		wrong = read_round(q, i);
	for (i = 0; !wrong && i < q->bundle.nr_rounds; i++)
		wrong = check_rules(q, i);
	if (wrong)
		return wrong;
	key = keys(q);
	for (i = 0; !wrong && i < q->bundle.nr_rounds; i++) {
		wrong = check_tests(q, key, i);
		if (!wrong)
			wrong = check_complete(q, i);
		if (!wrong)
			wrong = check_results(q, i);
	}
	q->traits = mustpass_traits(&q->rounds[0].env);
	if (!wrong)
		wrong = check_features(q);
	if (!wrong)
		qualify_judge(q);
	return wrong;
}
