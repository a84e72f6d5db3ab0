// SPDX-License-Identifier: GPL-2.0-only
/*
 * The catalogue of clauses next to the list of tests, as `vmig_CHAPTER --list` prints
 * it for each chapter: chapter, fixture.test, number of variants, clauses; with tabs.
 */
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include <vmig/clauses.h>

#include "catalogue.h"
#include "xml.h"

/* More clauses than any test names. */
#define CLAUSES_MAX 200

/**
 * struct listed_test - a line of the list
 * @chapter: chapter
 * @name: fixture.test
 * @variants: how often it runs
 * @ids: clauses as printed
 * @clauses: the same in the catalogue, NULL for an unknown one
 * @nr_clauses: their number
 */
struct listed_test {
	char *chapter;
	char *name;
	unsigned int variants;
	char **ids;
	const struct vmig_clause **clauses;
	size_t nr_clauses;
	/* private: */
	struct listed_test *next;
};

static bool field(struct text *line, struct text *f)
{
	const char *tab = line->n ? memchr(line->s, '\t', line->n) : NULL;

	if (!tab)
		return false;
	f->s = line->s;
	f->n = (size_t)(tab - line->s);
	line->n -= f->n + 1;
	line->s = tab + 1;
	return f->n;
}

static struct listed_test *parse_line(struct arena *arena, struct text line)
{
	struct listed_test *t = arena_alloc(arena, sizeof(*t));
	struct text chapter, name, variants, word;
	const struct vmig_clause **clauses;
	char *number, *end;

	if (!field(&line, &chapter) || !field(&line, &name) || !field(&line, &variants))
		return NULL;
	number = text_clean(arena, variants);
	if (*number < '0' || *number > '9' || strlen(number) > 9)
		return NULL;
	t->variants = (unsigned int)strtoul(number, &end, 10);
	if (*end)
		return NULL;
	t->chapter = text_clean(arena, chapter);
	t->name = text_clean(arena, name);
	for (;;) {
		word = text_word(&line);
		if (!word.n)
			return t;
		if (t->nr_clauses == CLAUSES_MAX)
			return NULL;
		t->ids = arena_grow(arena, t->ids, t->nr_clauses, sizeof(*t->ids));
		clauses = arena_grow(arena, t->clauses, t->nr_clauses, sizeof(*clauses));
		t->ids[t->nr_clauses] = text_clean(arena, word);
		clauses[t->nr_clauses] = vmig_clause_find(t->ids[t->nr_clauses]);
		t->clauses = clauses;
		t->nr_clauses++;
	}
}

/**
 * catalogue_parse - read a list of tests
 * @arena: where everything goes
 * @contents: the list
 * @error: where a sentence about the first bad line goes
 *
 * Return: the tests in order, NULL with @error set for a line that is none, NULL with
 * @error untouched for an empty list.
 */
struct listed_test *catalogue_parse(struct arena *arena, struct text contents, char **error)
{
	struct listed_test *first = NULL, **last = &first;
	unsigned int number = 0;
	struct text line;

	while (text_next_line(&contents, &line)) {
		number++;
		if (!text_trim(line).n)
			continue;
		*last = parse_line(arena, line);
		if (!*last) {
			*error = arena_printf(arena,
					      "line %u is not \"chapter, fixture.test, variants, "
					      "clauses\" with tabs between",
					      number);
			return NULL;
		}
		last = &(*last)->next;
	}
	return first;
}

static bool names(const struct listed_test *t, const struct vmig_clause *clause)
{
	size_t i;

	for (i = 0; i < t->nr_clauses; i++)
		if (t->clauses[i] == clause)
			return true;
	return false;
}

/**
 * catalogue_tests - print each test with its clauses
 * @arena: for what is made on the way
 * @tests: the list
 * @f: where to
 */
void catalogue_tests(struct arena *arena, const struct listed_test *tests, FILE *f)
{
	unsigned int number = 0, runs = 0, chapters = 0;
	const struct listed_test *t;
	const char *chapter = "", *clauses;
	int width = 0, column;
	size_t i;

	for (t = tests; t; t = t->next)
		if (text_width(t->name) > width)
			width = text_width(t->name);
	if (width > 44)
		width = 44;
	for (t = tests; t; t = t->next) {
		if (strcmp(t->chapter, chapter)) {
			fprintf(f, "%s%s\n", *chapter ? "\n" : "", t->chapter);
			chapter = t->chapter;
			chapters++;
		}
		clauses = "";
		for (i = 0; i < t->nr_clauses; i++)
			clauses = arena_printf(arena, "%s%s%s", clauses, i ? " " : "", t->ids[i]);
		column = text_width(t->name) > width ? text_width(t->name) : width;
		fprintf(f, "  %s%*s %4ux  ", t->name, column - text_width(t->name), "",
			t->variants);
		text_wrap(f, clauses, column + 10, width + 10);
		number++;
		runs += t->variants;
	}
	fprintf(f, "\n%u tests in %u chapters, %u with their variants\n", number, chapters, runs);
}

/**
 * catalogue_tests_of - the tests that name a clause
 * @arena: where the answer goes
 * @tests: the list
 * @clause: the clause
 *
 * Return: chapter/fixture.test of each, with blanks between.
 */
const char *catalogue_tests_of(struct arena *arena, const struct listed_test *tests,
			       const struct vmig_clause *clause)
{
	const struct listed_test *t;
	const char *s = "";

	for (t = tests; t; t = t->next)
		if (names(t, clause))
			s = arena_printf(arena, "%s%s%s/%s", s, *s ? " " : "", t->chapter, t->name);
	return s;
}

/**
 * catalogue_clauses - print each clause with its tests
 * @arena: for what is made on the way
 * @tests: the list
 * @f: where to
 *
 * Level, who is responsible, statement, and the tests or the reason why there are none; the
 * totals on the last line.
 */
void catalogue_clauses(struct arena *arena, const struct listed_test *tests, FILE *f)
{
	unsigned int tested = 0, unseen = 0, open = 0;
	const struct vmig_clause *c;
	const char *list;
	int i;

	for (i = 0; i < VMIG_NR_CLAUSES; i++) {
		c = &vmig_clauses[i];
		fprintf(f, "%-8s %-6s  %s%s%s\n", c->id, vmig_level_name(c->level),
			vmig_responsible_name(c->responsible), *c->since ? ", since " : "",
			c->since);
		fputs("         ", f);
		text_wrap(f, c->statement, 9, 9);
		list = catalogue_tests_of(arena, tests, c);
		if (*list) {
			fputs("         tests: ", f);
			text_wrap(f, list, 16, 16);
			tested++;
		}
		if (c->untestable) {
			fputs("         no test: ", f);
			text_wrap(f, c->untestable, 18, 18);
		}
		if (!*list && c->untestable)
			unseen++;
		if (!*list && !c->untestable) {
			fputs("         no test, and no reason why\n", f);
			open++;
		}
		putc('\n', f);
	}
	fprintf(f, "%d clauses: %u with tests, %u with a reason why not, %u with neither\n",
		VMIG_NR_CLAUSES, tested, unseen, open);
}

/**
 * catalogue_sources - print what each clause rests on
 * @f: where to
 *
 * One line for each source: clause, level, since ("-" for all kernels), file, function ("-" where
 * the text of the file demands it), words; tabs between. A clause without a source has a line
 * with "-" in their place.
 */
void catalogue_sources(FILE *f)
{
	const struct vmig_source *s;
	const struct vmig_clause *c;
	int i;

	for (i = 0; i < VMIG_NR_CLAUSES; i++) {
		c = &vmig_clauses[i];
		s = c->sources;
		do {
			fprintf(f, "%s\t%s\t%s\t%s\t%s\t%s\n", c->id, vmig_level_name(c->level),
				*c->since ? c->since : "-", s->words ? s->file : "-",
				s->function ?: "-", s->words ?: "-");
		} while (s->words && (++s)->words);
	}
}

/**
 * catalogue_gaps - print what does not fit between clauses and tests
 * @tests: the list
 * @f: where to, one line for each gap
 *
 * A gap is a clause with neither test nor reason, a clause with both, a test that names
 * no clause, or a name that is no clause.
 *
 * Return: number of gaps.
 */
unsigned int catalogue_gaps(const struct listed_test *tests, FILE *f)
{
	const struct listed_test *t, *first;
	const struct vmig_clause *c;
	unsigned int gaps = 0;
	size_t k;
	int i;

	for (i = 0; i < VMIG_NR_CLAUSES; i++) {
		c = &vmig_clauses[i];
		first = tests;
		while (first && !names(first, c))
			first = first->next;
		if (!first && !c->untestable)
			fprintf(f, "%s: no test names it, and untestable.def gives no reason\n",
				c->id);
		else if (first && c->untestable)
			fprintf(f, "%s: %s/%s names it, and untestable.def says that no test can\n",
				c->id, first->chapter, first->name);
		else
			continue;
		gaps++;
	}
	for (t = tests; t; t = t->next) {
		if (!t->nr_clauses) {
			fprintf(f, "%s/%s: names no clause\n", t->chapter, t->name);
			gaps++;
		}
		for (k = 0; k < t->nr_clauses; k++) {
			if (t->clauses[k])
				continue;
			fprintf(f, "%s/%s: names %s, which is no clause\n", t->chapter, t->name,
				t->ids[k]);
			gaps++;
		}
	}
	return gaps;
}
