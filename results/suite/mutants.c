// SPDX-License-Identifier: GPL-2.0-only
/*
 * Which defect was noticed by which test. What counts is strict on purpose: a test must have
 * printed a breach of the very clause that the defect violates. A test that fails for another
 * reason shows that something is wrong, and not that the suite knows the rule.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <vmig/input.h>

#include "judge.h"
#include "load.h"
#include "mutants.h"

/* What the kernel says against a driver violates this clause, and no test can print it. */
#define COMPLAINT_CLAUSE "ROB-01"

static struct killer *new_killer(struct arena *arena, const char *entry, const char *name,
				 const char *why)
{
	struct killer *k = arena_alloc(arena, sizeof(*k));

	k->entry = arena_printf(arena, "%s", entry);
	k->name = arena_printf(arena, "%s", name);
	k->why = arena_printf(arena, "%s", why ? why : "");
	return k;
}

static void add_alarm(struct mutants *m, const char *entry, const char *name, const char *why)
{
	struct killer *k = new_killer(m->arena, entry, name, why);

	*m->last_alarm = k;
	m->last_alarm = &k->next;
	m->nr_alarms++;
}

static void add_killer(struct mutants *m, struct mutant *mutant, const char *entry,
		       const char *name, const char *why)
{
	struct killer *k = new_killer(m->arena, entry, name, why);

	*mutant->last = k;
	mutant->last = &k->next;
	mutant->nr_killers++;
}

/* A file of one sentence, without its line break; NULL where there is none. */
static char *sentence(struct arena *arena, int dirfd, const char *file)
{
	struct text contents, line;

	if (vmig_input_read(arena, dirfd, file, &contents))
		return NULL;
	if (!text_next_line(&contents, &line))
		return "it ended without a word";
	return text_clean(arena, text_trim(line));
}

/* One entry: read and judged by the strict rules, as it was run by them. */
static char *load_entry(struct mutants *m, int dirfd, struct run *run)
{
	char *wrong = run_load(run, m->arena, dirfd);

	if (wrong)
		return wrong;
	run->record.strict = true;
	run->record.known_deviations = true;
	run->record.status = RUN_COMPLETE;
	judge_run(run);
	return NULL;
}

static bool bad(const struct test *t)
{
	return t->outcome <= OUTCOME_XPASS;
}

static char *path_of(struct arena *arena, const struct test *t)
{
	return arena_printf(arena, "%s/%s", t->chapter->name, t->name);
}

static const char *first_words(struct arena *arena, const struct test *t)
{
	const struct breach *b = t->breaches;

	if (b && b->did && b->got)
		return arena_printf(arena, "%s, %s: %s", b->id, b->did, b->got);
	if (t->broken)
		return t->broken->text;
	return t->why ? t->why : "it failed";
}

static void conforming_entry(struct mutants *m, const char *entry, int dirfd)
{
	const struct complaint *c;
	const struct line *line;
	const struct test *t;
	char *wrong;
	struct run run;

	m->conforming = arena_grow(m->arena, m->conforming, m->nr_conforming, sizeof(char *));
	m->conforming[m->nr_conforming++] = arena_printf(m->arena, "%s", entry);
	wrong = load_entry(m, dirfd, &run);
	if (!wrong)
		wrong = sentence(m->arena, dirfd, "error");
	if (!wrong && !run_first_test(&run))
		wrong = "no test ran";
	if (wrong)
		add_alarm(m, entry, "", wrong);
	for (t = run_first_test(&run); t; t = run_next_test(t))
		if (bad(t))
			add_alarm(m, entry, path_of(m->arena, t), first_words(m->arena, t));
	for (c = run.complaints; c; c = c->next)
		add_alarm(m, entry, c->test ? c->test : "", c->title);
	for (line = run.problems; line; line = line->next)
		add_alarm(m, entry, "", line->text);
	if (run.not_run)
		add_alarm(m, entry, "",
			  arena_printf(m->arena, "%u tests did not run", run.not_run));
}

static const struct breach *breach_of(const struct test *t, const struct vmig_clause *clause)
{
	const struct breach *b;

	for (b = t->breaches; b; b = b->next)
		if (b->clause == clause && b->outcome == CLAUSE_VIOLATED)
			return b;
	return NULL;
}

static bool names(const struct test *t, const char *id)
{
	size_t i;

	for (i = 0; i < t->nr_clauses; i++)
		if (!strcmp(t->clauses[i], id))
			return true;
	return false;
}

static void defect_entry(struct mutants *m, struct mutant *mutant, const char *entry, int dirfd)
{
	const struct complaint *c;
	const struct breach *b;
	const struct test *t;
	struct run run;
	char *wrong;

	mutant->entries++;
	wrong = load_entry(m, dirfd, &run);
	if (!wrong)
		wrong = sentence(m->arena, dirfd, "error");
	if (wrong && !mutant->error)
		mutant->error = wrong;
	for (t = run_first_test(&run); t; t = run_next_test(t)) {
		b = breach_of(t, mutant->clause);
		if (b && names(t, mutant->clause->id))
			add_killer(m, mutant, entry, path_of(m->arena, t), b->got);
		else if (bad(t))
			mutant->collateral++;
	}
	if (strcmp(mutant->clause->id, COMPLAINT_CLAUSE))
		return;
	for (c = run.complaints; c; c = c->next)
		if (c->by && names(c->by, COMPLAINT_CLAUSE))
			add_killer(m, mutant, entry, c->test, c->title);
}

static int is_entry(const struct dirent *entry)
{
	return entry->d_name[0] != '.';
}

/* Calls @each for the directories below @dir, by name. None is no error. */
static void each_entry(struct mutants *m, struct mutant *mutant, int dirfd, const char *dir)
{
	struct dirent **entries;
	char *path;
	int n, i, fd;

	n = scandirat(dirfd, dir, &entries, is_entry, alphasort);
	for (i = 0; i < n; i++) {
		path = arena_printf(m->arena, "%s/%s", dir, entries[i]->d_name);
		fd = openat(dirfd, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		if (fd >= 0 && mutant)
			defect_entry(m, mutant, entries[i]->d_name, fd);
		else if (fd >= 0)
			conforming_entry(m, entries[i]->d_name, fd);
		if (fd >= 0)
			close(fd);
		free(entries[i]);
	}
	if (n >= 0)
		free(entries);
}

/* Up to the next tab; moves behind it. */
static char *column(struct arena *arena, struct text *line)
{
	const char *tab = memchr(line->s, '\t', line->n);
	size_t n = tab ? (size_t)(tab - line->s) : line->n;
	char *s = text_clean(arena, (struct text){ line->s, n });

	n += !!tab;
	line->s += n;
	line->n -= n;
	return s;
}

/* "NAME TAB DRIVER TAB CLAUSE TAB WHAT TAB WHO": a bug that a driver had, brought back. */
static const struct defect *bug(struct mutants *m, struct text line,
				const struct vmig_clause **clause)
{
	struct defect *d = arena_alloc(m->arena, sizeof(*d));

	m->replay = true;
	d->name = column(m->arena, &line);
	d->where = column(m->arena, &line);
	*clause = vmig_clause_find(column(m->arena, &line));
	d->what = column(m->arena, &line);
	d->who = column(m->arena, &line);
	return d;
}

static char *load_mutant(struct mutants *m, int dirfd, struct text name)
{
	struct mutant *mutant = arena_alloc(m->arena, sizeof(*mutant));

	mutant->last = &mutant->killers;
	if (memchr(name.s, '\t', name.n))
		mutant->defect = bug(m, name, &mutant->clause);
	else
		mutant->defect = defect_find(name);
	if (!mutant->defect)
		return arena_printf(m->arena, "defects.txt names '%s', which is no defect",
				    text_clean(m->arena, name));
	if (!m->replay)
		mutant->clause = defect_clause(mutant->defect);
	if (!mutant->clause)
		return arena_printf(m->arena,
				    "%s violates a clause that the catalogue does not have",
				    mutant->defect->name);
	each_entry(m, mutant, dirfd, arena_printf(m->arena, "defects/%s", mutant->defect->name));
	*m->last = mutant;
	m->last = &mutant->next;
	m->nr++;
	if (mutant->nr_killers)
		m->killed++;
	return NULL;
}

/**
 * mutants_load - read what run.sh --mutants left, and judge it
 * @m: where to, zeroed by this
 * @arena: where everything goes
 * @dirfd: the directory
 *
 * Return: NULL, or what is wrong with the directory.
 */
char *mutants_load(struct mutants *m, struct arena *arena, int dirfd)
{
	struct text contents, line;
	char *wrong;
	int err;

	memset(m, 0, sizeof(*m));
	m->arena = arena;
	m->last = &m->list;
	m->last_alarm = &m->alarms;
	err = vmig_input_read(arena, dirfd, "defects.txt", &contents);
	if (err)
		return arena_printf(arena, "defects.txt cannot be read: %s", strerror(err));
	while (text_next_line(&contents, &line)) {
		if (!text_trim(line).n)
			continue;
		wrong = load_mutant(m, dirfd, text_trim(line));
		if (wrong)
			return wrong;
	}
	each_entry(m, NULL, dirfd, "conforming");
	if (!m->nr_conforming)
		add_alarm(m, "conforming", "", "no driver was run without a defect");
	return NULL;
}
