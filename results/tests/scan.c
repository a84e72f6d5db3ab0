// SPDX-License-Identifier: GPL-2.0-only
/*
 * The scanner of KTAP that those have who run the chapters (selftests/runner/ktap_scan.c), against
 * the reader of the report: both must find the same tests with the same results, and the same ones
 * unfinished in a file that ends early. Then what the scanner alone is asked.
 *
 *	scan FILE...		what test programs printed: golden/NN-name/run/ktap/NAME.ktap
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <vmig/input.h>

#include "scan_list.h"

static unsigned int number, failed;

static void result(bool ok, const char *name)
{
	printf("%s %u %s\n", ok ? "ok" : "not ok", ++number, name);
	failed += !ok;
}

/* For the reader: tests of the last part that have no result, or did not even begin. */
static unsigned int unfinished(const struct scan_list *list, const struct chapter *c)
{
	unsigned int n = c->not_run, i = 0;
	const struct test *t;

	for (t = c->tests; t; t = t->next)
		if (i++ >= list->part && t->result == KTAP_NONE)
			n++;
	return n;
}

static bool same(const char *a, const char *b)
{
	return a == b || (a && b && !strcmp(a, b));
}

/* What the scanner calls unfinished is what the reader calls so. */
static const char *left_differs(const struct scan_list *list, const struct chapter *c)
{
	const struct vmig_ktap_scan *s = &list->scan;
	const struct test *t, *cut_off = NULL;
	unsigned int n = unfinished(list, c), done = vmig_ktap_done(s), i = 0;

	/* A program that has not said more than who it is: the one before is what is looked at. */
	if (s->head)
		return NULL;
	for (t = c->tests; t; t = t->next)
		cut_off = i++ >= list->part && t->cut_off ? t : NULL;
	if (!same(cut_off ? cut_off->name : NULL, s->now[0] ? s->now : NULL))
		return "the test that did not end";
	if (s->planless)
		return vmig_ktap_left(s).after ? NULL : "whether something is left before the plan";
	/* A result line that is cut off is one of another test than the one that ran. */
	if (list->nr - list->part > s->plan)
		return NULL;
	if (s->plan - done != n)
		return "the number of tests without a result";
	if (!s->ends && !vmig_ktap_left(s).after != !n)
		return "whether something is left";
	return NULL;
}

static const char *differs(struct text contents, size_t piece)
{
	struct arena *arena = arena_new();
	struct chapter *c = ktap_parse(arena, "ktap/x.ktap", contents);
	const struct scan_list *list = scan_list_make(contents, piece);
	const char *what = scan_list_differs(list, c);

	if (!what)
		what = left_differs(list, c);
	arena_free(arena);
	return what;
}

/* The same of a file that ends behind so many bytes; says where it does not hold. */
static bool agree(struct text contents, size_t n, size_t piece)
{
	const char *what = differs((struct text){ contents.s, n }, piece);

	if (what)
		printf("# they differ in %s: %zu of %zu bytes, in pieces of %zu\n", what, n,
		       contents.n, piece);
	return !what;
}

/* The whole file, and one that ends behind each line and in the middle of each. */
static void agree_on_file(const char *path)
{
	struct arena *arena = arena_new();
	struct text contents, rest, line;
	bool ok;

	ok = !vmig_input_read(arena, AT_FDCWD, path, &contents);
	rest = contents;
	while (ok && text_next_line(&rest, &line))
		ok = agree(contents, (size_t)(line.s - contents.s) + line.n / 2, 1000) &&
		     agree(contents, contents.n - rest.n, 7);
	result(ok, path);
	arena_free(arena);
}

#define HEAD "# vmig: chapter fd\n# vmig: suite 0.1.0 1\n# vmig: device x driver mtty\n"
#define PLAN(n) "TAP version 13\n1.." #n "\n"
#define RUN(test) "#  RUN           fd.cdev." test " ...\n"
#define OK(test) "#            OK  fd.cdev." test "\nok 1 fd.cdev." test "\n"
#define LOST                                                                                       \
	"# vmig: lost before this test: a kernel that oopsed\n# vmig: former x\n# vmig: present\n"
#define RESUMED(test) HEAD "# vmig: resumed after " test "\n"

/* What is left of a chapter that printed this. */
static const struct left {
	const char *what, *contents, *after, *running;
} lefts[] = {
	{ "nothing of one that is through", HEAD PLAN(1) RUN("a") OK("a"), NULL, NULL },
	{ "nothing of one that was skipped", HEAD "1..0 # SKIP no device\n", NULL, NULL },
	{ "what is behind the test that died", HEAD PLAN(3) RUN("a") OK("a") RUN("b"), "fd.cdev.b",
	  "fd.cdev.b" },
	{ "what is behind the last result", HEAD PLAN(3) RUN("a") OK("a") RUN("b") OK("b"),
	  "fd.cdev.b", NULL },
	{ "all of one that began none", HEAD PLAN(3), "", NULL },
	{ "all of one that had no plan yet", HEAD "TAP version 13\n", "", NULL },
	{ "what is behind the test that lost the device",
	  HEAD PLAN(3) RUN("a") OK("a") RUN("b") "Bail out! x\n" OK("b") RUN("c") OK("c"),
	  "fd.cdev.b", NULL },
	{ "what is behind the hazard that lost the device",
	  HEAD PLAN(3) RUN("a") "# vmig: lost x: remove it\n" OK("a") RUN("b") OK("b"), "fd.cdev.a",
	  NULL },
	{ "what is behind the test that lost the kernel, as the next one noticed",
	  HEAD PLAN(3) RUN("a") OK("a") RUN("b") LOST OK("b"), "fd.cdev.a", NULL },
	{ "what is behind the last test that lost the kernel, as the program noticed at its end",
	  HEAD PLAN(2) RUN("a") OK("a") RUN("b") OK("b") LOST, "fd.cdev.b", NULL },
	{ "what is behind the test that another guest ended with, where none has begun here",
	  HEAD PLAN(3) RUN("a") OK("a") RUN("b") RESUMED("fd.cdev.b") PLAN(1), "fd.cdev.b", NULL },
	{ "the same without a plan",
	  HEAD PLAN(3) RUN("a") OK("a") RUN("b") RESUMED("fd.cdev.b") "TAP version 13\n",
	  "fd.cdev.b", NULL },
	{ "nothing where another guest died in the last test",
	  HEAD PLAN(1) RUN("a") RESUMED("fd.cdev.a") "1..0\n", NULL, NULL },
	{ "what is behind the test in which the second guest died, too",
	  HEAD PLAN(3) RUN("a") RESUMED("fd.cdev.a") PLAN(2) RUN("b"), "fd.cdev.b", "fd.cdev.b" },
	{ "all, where the second guest began at the first test",
	  HEAD PLAN(3) RESUMED("nothing") PLAN(3), "", NULL },
	{ "the first test, if what it did is noticed by the second of another guest",
	  HEAD PLAN(3) RESUMED("nothing") PLAN(3) RUN("a") OK("a") RUN("b") LOST, "fd.cdev.a",
	  NULL },
};

static void left(const struct left *l)
{
	const struct scan_list *list =
		scan_list_make((struct text){ l->contents, strlen(l->contents) }, 5);
	struct vmig_ktap_rest rest = vmig_ktap_left(&list->scan);
	bool ok = same(rest.after, l->after) && same(rest.running, l->running);
	char name[200];

	if (!ok)
		printf("# after %s, running %s\n", rest.after ? rest.after : "(complete)",
		       rest.running ? rest.running : "(none)");
	snprintf(name, sizeof(name), "left is %s", l->what);
	result(ok, name);
}

/* A line is looked at up to a limit, and is one line all the same. */
static void long_line(void)
{
	static char text[3 * VMIG_KTAP_LINE];
	const struct scan_list *list;

	memset(text, 'x', sizeof(text));
	memcpy(text, "Bail out! ", 10);
	memcpy(text + 2 * VMIG_KTAP_LINE, "\nok 1 a\nok 2 b\n#", 16);
	list = scan_list_make((struct text){ text, sizeof(text) }, 100);
	result(list->nr == 2 && list->scan.bailed && strlen(list->scan.bail) == VMIG_KTAP_BAIL - 1,
	       "a long line is cut");
	memcpy(text, "ok 1 ", 5);
	list = scan_list_make((struct text){ text, sizeof(text) }, 100);
	result(list->nr == 3 && strlen(list->tests[0].name) == VMIG_KTAP_NAME - 1,
	       "a long name is cut");
}

int main(int argc, char **argv)
{
	size_t i;
	int n;

	for (n = 1; n < argc; n++)
		agree_on_file(argv[n]);
	for (i = 0; i < sizeof(lefts) / sizeof(lefts[0]); i++)
		left(&lefts[i]);
	long_line();
	printf("1..%u\n", number);
	return failed ? 1 : 0;
}
