// SPDX-License-Identifier: GPL-2.0-only
/* What the scanner of selftests/runner makes of a file. */
#include <string.h>

#include "scan_list.h"

static void began(struct scan_list *list, const char *name)
{
	struct scan_test *t = &list->tests[list->nr];

	if (list->nr == SCAN_TESTS) {
		list->full = true;
		return;
	}
	strcpy(t->name, name);
	t->ended = false;
	list->nr++;
}

/* What the lost guest said of the tests behind this one is void. */
static void resumed(struct scan_list *list, const char *name)
{
	unsigned int i = 0;

	while (*name && i < list->nr && strcmp(list->tests[i].name, name))
		i++;
	if (*name && i == list->nr)
		return;
	list->nr = *name ? i + 1 : 0;
}

static void on_event(struct vmig_ktap_scan *s, enum vmig_ktap_event event)
{
	struct scan_list *list = s->arg;

	if (event == VMIG_KTAP_PART) {
		list->part = list->nr;
	} else if (event == VMIG_KTAP_BEGAN) {
		began(list, s->name);
	} else if (event == VMIG_KTAP_RESUMED) {
		resumed(list, s->name);
	} else if (list->nr && !list->full) {
		list->tests[list->nr - 1].ended = true;
		list->tests[list->nr - 1].result = s->result;
	}
}

/**
 * scan_list_make - scan a file
 * @contents: its contents
 * @piece: how many bytes come at a time, 1 or more
 *
 * Return: what is in it, until the next call.
 */
const struct scan_list *scan_list_make(struct text contents, size_t piece)
{
	static struct scan_list list;
	size_t n;

	memset(&list.scan, 0, sizeof(list.scan));
	list.nr = 0;
	list.part = 0;
	list.full = false;
	list.scan.on_event = on_event;
	list.scan.arg = &list;
	while (contents.n) {
		n = contents.n < piece ? contents.n : piece;
		vmig_ktap_feed(&list.scan, contents.s, n);
		contents.s += n;
		contents.n -= n;
	}
	vmig_ktap_end(&list.scan);
	return &list;
}

static enum vmig_ktap_result result_of(const struct test *t)
{
	if (t->result == KTAP_NOT_OK)
		return VMIG_KTAP_FAIL;
	switch (t->directive) {
	case KTAP_SKIP:
		return VMIG_KTAP_SKIP;
	case KTAP_XFAIL:
		return VMIG_KTAP_XFAIL;
	case KTAP_XPASS:
		return VMIG_KTAP_XPASS;
	default:
		return VMIG_KTAP_PASS;
	}
}

/**
 * scan_list_differs - are these the tests that the reader found?
 * @list: what the scanner found
 * @c: what the reader found in the same file
 *
 * Return: NULL, or in what the two differ.
 */
const char *scan_list_differs(const struct scan_list *list, const struct chapter *c)
{
	const struct scan_test *l = list->tests;
	const struct test *t;

	if (list->nr != c->nr_tests)
		return "the number of tests";
	for (t = c->tests; t; t = t->next, l++) {
		bool ended = t->result != KTAP_NONE;

		if (strcmp(l->name, t->name))
			return "the name of a test";
		if (l->ended != ended)
			return "whether a test has a result";
		if (l->ended && l->result != result_of(t))
			return "the result of a test";
	}
	return NULL;
}
