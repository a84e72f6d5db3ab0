// SPDX-License-Identifier: GPL-2.0-only
/* Load a run directory. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <vmig/deviations.h>
#include <vmig/input.h>
#include <vmig/sha256.h>

#include "load.h"
#include "planned.h"

/* Files and tests that are read: a guest that fills its share must not fill our memory. */
#define CHAPTERS_MAX 200
#define TESTS_MAX 20000u

static int is_ktap(const struct dirent *entry)
{
	size_t n = strlen(entry->d_name);

	return n > 5 && entry->d_name[0] != '.' && !strcmp(entry->d_name + n - 5, ".ktap");
}

/* By name, so that two reports of one run are the same. */
static char *load_chapters(struct run *run, int dirfd, struct run_files *files)
{
	struct chapter_file **last = &files->chapters, *f;
	struct dirent **entries;
	int n, i, err;

	n = scandirat(dirfd, "ktap", &entries, is_ktap, alphasort);
	if (n < 0 && errno != ENOENT)
		return arena_printf(run->arena, "ktap: %s", strerror(errno));
	for (i = 0; i < n; i++) {
		f = arena_alloc(run->arena, sizeof(*f));
		f->name = arena_printf(run->arena, "ktap/%s", entries[i]->d_name);
		free(entries[i]);
		if (i == CHAPTERS_MAX)
			run_problem(run, "ktap holds %d files, more than any suite has chapters.",
				    n);
		if (i >= CHAPTERS_MAX)
			continue;
		err = vmig_input_read(run->arena, dirfd, f->name, &f->contents);
		if (err) {
			run_problem(run, "%s cannot be read: %s.", f->name, strerror(err));
			continue;
		}
		*last = f;
		last = &f->next;
	}
	if (n >= 0)
		free(entries);
	return NULL;
}

/* A file that may be absent. */
static void load(struct run *run, int dirfd, const char *file, struct text *contents)
{
	int err = vmig_input_read(run->arena, dirfd, file, contents);

	if (err && err != ENOENT)
		run_problem(run, "%s cannot be read: %s.", file, strerror(err));
	if (err)
		contents->s = NULL;
}

static char *load_profile(struct run *run, int dirfd, struct text *contents)
{
	int err = vmig_input_read(run->arena, dirfd, "profile.conf", contents);

	if (err)
		contents->s = NULL;
	if (err && err != ENOENT)
		return arena_printf(run->arena, "profile.conf cannot be read: %s", strerror(err));
	return NULL;
}

static char *read_profile(struct run *run, struct text contents)
{
	char *wrong = NULL;

	if (!contents.s)
		return NULL;
	run->profile = vmig_profile_parse(run->arena, contents, &wrong);
	run->profile_sha256 = vmig_sha256(run->arena, contents);
	if (run->profile)
		return NULL;
	return arena_printf(run->arena, "profile.conf, %s; correct it and run vmig-report again",
			    wrong);
}

static void read_chapters(struct run *run, const struct chapter_file *f)
{
	unsigned int tests = 0;

	for (; f; f = f->next) {
		if (tests > TESTS_MAX) {
			run_problem(run, "ktap holds more than %u tests, %s was not read.",
				    TESTS_MAX, f->name);
			return;
		}
		*run->last_chapter = ktap_parse(run->arena, f->name, f->contents);
		tests += (*run->last_chapter)->nr_tests;
		run->last_chapter = &(*run->last_chapter)->next;
	}
}

/* What the test programs print in their headers, where the JSON files do not say it. */
static void fill_in(struct run *run)
{
	struct chapter *c;

	for (c = run->chapters; c; c = c->next) {
		if (!run->env.device)
			run->env.device = c->device;
		if (!run->env.driver)
			run->env.driver = c->driver;
		if (!run->record.version) {
			run->record.version = c->version;
			run->record.commit = c->commit;
		}
	}
}

/**
 * run_read - understand the files of a run directory
 * @run: the run after run_init()
 * @files: the files, which may be missing, cut off, or anything at all
 *
 * What is missing is judge_run()'s. Only a profile that cannot be understood is an error: the
 * verdict would be by other rules than the ones that were asked for.
 *
 * Return: NULL, or what is wrong.
 */
char *run_read(struct run *run, const struct run_files *files)
{
	char *wrong;

	read_chapters(run, files->chapters);
	wrong = read_profile(run, files->profile);
	if (wrong)
		return wrong;
	if (files->record.s) {
		wrong = run_json_run(run->arena, files->record, &run->record);
		if (wrong)
			run_problem(run, "run.json %s.", wrong);
	}
	if (files->environment.s) {
		wrong = run_json_environment(run->arena, files->environment, &run->env);
		if (wrong)
			run_problem(run, "environment.json %s.", wrong);
	}
	vmig_deviations_for_kernel(run->profile, run->env.release);
	if (files->dmesg.s)
		run->complaints = kmsg_parse(run->arena, files->dmesg, &run->log);
	planned_join(run, files);
	fill_in(run);
	cost_parse(run->arena, files->cost, run->env.driver, &run->cost);
	cost_join(&run->cost, run->chapters);
	return NULL;
}

/**
 * run_load - read a run directory
 * @run: the run, zeroed by this
 * @arena: where everything goes
 * @dirfd: the directory
 *
 * Return: NULL, or what is wrong.
 */
char *run_load(struct run *run, struct arena *arena, int dirfd)
{
	struct run_files files = { 0 };
	char *wrong;

	run_init(run, arena);
	wrong = load_chapters(run, dirfd, &files);
	if (!wrong)
		wrong = load_profile(run, dirfd, &files.profile);
	if (wrong)
		return wrong;
	load(run, dirfd, "run.json", &files.record);
	load(run, dirfd, "environment.json", &files.environment);
	load(run, dirfd, "dmesg.txt", &files.dmesg);
	load(run, dirfd, "tests.tsv", &files.tests);
	load(run, dirfd, "cost.tsv", &files.cost);
	return run_read(run, &files);
}
