// SPDX-License-Identifier: GPL-2.0-only
/* List of the tests of a program, and filter by name. See test_list.h. */
#include <fnmatch.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "test_list.h"
#include "verdict.h"

/* KSFT_SKIP: kselftest.h can only be included once a program. */
#define EXIT_SKIP 4

/* Tests of one program, and bytes of a full name: fixture.variant.test. */
#define MAX_TESTS 4096
#define MAX_NAME 128

/* Weak: a program may have none, and vmig_experimental has no test that names a clause. */
extern const struct vmig_claim *const __start_vmig_claims[] __attribute__((weak));
extern const struct vmig_claim *const __stop_vmig_claims[] __attribute__((weak));
extern const struct vmig_listed *__start_vmig_variants[] __attribute__((weak));
extern const struct vmig_listed *__stop_vmig_variants[] __attribute__((weak));
extern const struct vmig_listed *__start_vmig_tests[] __attribute__((weak));
extern const struct vmig_listed *__stop_vmig_tests[] __attribute__((weak));

struct list {
	const struct vmig_listed **at;
	size_t n;
};

/* Pointers between the ends of a section, which the linker makes. */
static size_t entries(const void *start, const void *stop)
{
	return ((uintptr_t)stop - (uintptr_t)start) / sizeof(void *);
}

static int in_source_order(const void *a, const void *b)
{
	const struct vmig_listed *const *x = a, *const *y = b;

	return (*x)->order < (*y)->order ? -1 : 1;
}

static struct list sorted(const struct vmig_listed **start, const struct vmig_listed **stop)
{
	struct list l = { start, entries(start, stop) };

	if (l.n)
		qsort(l.at, l.n, sizeof(*l.at), in_source_order);
	return l;
}

static struct list variants(void)
{
	return sorted(__start_vmig_variants, __stop_vmig_variants);
}

static struct list tests(void)
{
	return sorted(__start_vmig_tests, __stop_vmig_tests);
}

/* The next one in a list that is of a fixture, from @i on; NULL if there is none. */
static const struct vmig_listed *next_of(struct list l, const char *fixture, size_t *i)
{
	for (; *i < l.n; ++*i)
		if (!strcmp(l.at[*i]->fixture, fixture))
			return l.at[(*i)++];
	return NULL;
}

/* The next fixture, from the variant @i on, each of them once; NULL behind the last. */
static const char *next_fixture(struct list l, size_t *i)
{
	const char *fixture;
	size_t first;

	while (*i < l.n) {
		fixture = l.at[*i]->fixture;
		first = 0;
		next_of(l, fixture, &first);
		if (first == ++*i)
			return fixture;
	}
	return NULL;
}

/* Calls @fn with each full name, in the order of the harness: fixture, variant, test. */
static void each_name(void (*fn)(void *arg, const char *name), void *arg)
{
	struct list all_variants = variants(), all_tests = tests();
	const struct vmig_listed *v, *t;
	char name[MAX_NAME];
	const char *fixture;
	size_t i = 0, j, k;

	while ((fixture = next_fixture(all_variants, &i))) {
		for (j = 0; (v = next_of(all_variants, fixture, &j));) {
			for (k = 0; (t = next_of(all_tests, fixture, &k));) {
				snprintf(name, sizeof(name), "%s.%s.%s", fixture, v->name, t->name);
				fn(arg, name);
			}
		}
	}
}

static const struct vmig_claim *claim_of(const char *fixture, const char *test)
{
	size_t n = entries(__start_vmig_claims, __stop_vmig_claims), len = strlen(fixture), i;
	const struct vmig_claim *claim;

	for (i = 0; i < n; i++) {
		claim = __start_vmig_claims[i];
		if (!strncmp(claim->test, fixture, len) && claim->test[len] == '_' &&
		    !strcmp(claim->test + len + 1, test))
			return claim;
	}
	return NULL;
}

/**
 * vmig_claim_skipped - a test is skipped before it could say which clauses it checks
 * @fixture: its fixture
 * @test: its name
 */
void vmig_claim_skipped(const char *fixture, const char *test)
{
	const struct vmig_claim *claim = claim_of(fixture, test);

	if (claim)
		vmig_claim(claim);
}

/**
 * vmig_list - print the tests of this program
 * @chapter: its chapter
 *
 * One line a test: chapter, fixture.test, number of variants, clauses; tab separated.
 */
void vmig_list(const char *chapter)
{
	struct list all_variants = variants(), all_tests = tests();
	size_t i = 0, j, k, variants_of;
	const struct vmig_claim *claim;
	const struct vmig_listed *t;
	const char *fixture;

	while ((fixture = next_fixture(all_variants, &i))) {
		variants_of = 0;
		for (j = 0; next_of(all_variants, fixture, &j);)
			variants_of++;
		for (k = 0; (t = next_of(all_tests, fixture, &k));) {
			printf("%s\t%s.%s\t%zu\t", chapter, fixture, t->name, variants_of);
			claim = claim_of(fixture, t->name);
			for (j = 0; claim && j < claim->count; j++)
				printf("%s%s", j ? " " : "", vmig_clauses[claim->ids[j]].id);
			printf("\n");
		}
	}
}

/**
 * vmig_chosen - which tests are to run, by VMIG_TESTS
 *
 * It holds globs, or "@FILE", a file with a full name in each line, as a list of all tests is
 * longer than a variable may be. Ends the program if that file cannot be read.
 *
 * Return: globs, or the names with "@" in front and a new line around each; NULL for all.
 */
const char *vmig_chosen(void)
{
	/* Not initialised, else each of the programs has so many bytes more. */
	static char names[1 << 20];
	const char *globs = getenv("VMIG_TESTS");
	FILE *f;
	size_t n;

	if (!globs || !*globs)
		return NULL;
	if (*globs != '@')
		return globs;
	memcpy(names, "@\n", 2);
	f = fopen(globs + 1, "re");
	n = f ? fread(names + 2, 1, sizeof(names) - 3, f) : 0;
	if (!n || n == sizeof(names) - 3) {
		fprintf(stderr, "vmig: the list of tests %s cannot be read\n", globs + 1);
		exit(EXIT_SKIP);
	}
	fclose(f);
	return names;
}

/* Is a name in a list of vmig_chosen()? */
static bool in_list(const char *names, const char *name)
{
	char line[MAX_NAME + 2];

	snprintf(line, sizeof(line), "\n%s\n", name);
	return strstr(names, line);
}

/* Does one of the globs match, which stand with blanks between? */
static bool matches(const char *globs, const char *name)
{
	char glob[256];
	size_t len;

	if (*globs == '@')
		return in_list(globs, name);
	for (globs += strspn(globs, " "); *globs; globs += strspn(globs, " ")) {
		len = strcspn(globs, " ");
		snprintf(glob, sizeof(glob), "%.*s", (int)len, globs);
		if (!fnmatch(glob, name, 0))
			return true;
		globs += len;
	}
	return false;
}

struct names_wanted {
	const char *chapter;
	const char *globs;
};

static void print_name(void *arg, const char *name)
{
	struct names_wanted *w = arg;

	if (!w->globs || matches(w->globs, name))
		printf("%s\t%s\n", w->chapter, name);
}

/**
 * vmig_names - print the full names of what a run of this program has a result for
 * @chapter: its chapter
 * @globs: what vmig_chosen() gave
 */
void vmig_names(const char *chapter, const char *globs)
{
	struct names_wanted w = { chapter, globs };

	each_name(print_name, &w);
}

struct selection {
	const char *globs;
	const char *after;
	bool behind;
	unsigned int count;
	char names[MAX_TESTS][MAX_NAME];
	char *argv[2 * MAX_TESTS + 2];
};

static void select_name(void *arg, const char *name)
{
	struct selection *s = arg;
	unsigned int n = s->count;

	if (!s->behind) {
		s->behind = !strcmp(name, s->after);
		return;
	}
	if (n == MAX_TESTS || !matches(s->globs, name))
		return;
	snprintf(s->names[n], sizeof(s->names[n]), "%s", name);
	s->argv[1 + 2 * n] = "-r";
	s->argv[2 + 2 * n] = s->names[n];
	s->count++;
}

/**
 * vmig_select - which tests to run, in words that the harness understands
 * @globs: what vmig_chosen() gave, not NULL
 * @after: only tests behind this one; empty for all
 * @name: argv[0]
 * @argc: length of the answer
 *
 * The harness runs exact names (-r), so there is one -r for each test that is wanted.
 *
 * Return: the arguments, or NULL where there is no such test.
 */
char **vmig_select(const char *globs, const char *after, char *name, int *argc)
{
	static struct selection s;

	s.globs = globs;
	s.after = after;
	s.behind = !*after;
	s.argv[0] = name;
	each_name(select_name, &s);
	*argc = 1 + 2 * s.count;
	return s.count ? s.argv : NULL;
}
