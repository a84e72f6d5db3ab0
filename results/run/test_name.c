// SPDX-License-Identifier: GPL-2.0-only
/* Parse the names of tests. */
#include <stdio.h>
#include <string.h>

#include <vmig/fsm.h>

#include "test_name.h"

#define BETWEEN "_to_"

/* As vmig_uapi_name() has them. */
static const char *const uapis[] = { "cdev", "group", "iommufd_compat_type1v2" };
#define NR_UAPIS (sizeof(uapis) / sizeof(uapis[0]))

/**
 * test_name_uapi - through which node a test opened the device
 * @test: the test
 *
 * Return: one of the names that test_name_is_uapi() knows, within the test's name; empty where the
 * name does not say.
 */
struct text test_name_uapi(const struct test *test)
{
	struct text variant = ktap_variant(test), rest;
	size_t i;

	for (i = 0; i < NR_UAPIS; i++) {
		rest = variant;
		if (!text_skip(&rest, uapis[i]))
			continue;
		if (!rest.n || rest.s[0] == '_')
			return (struct text){ variant.s, strlen(uapis[i]) };
	}
	return (struct text){ variant.s, 0 };
}

/**
 * test_name_is_uapi - is this a word for how a device was opened?
 * @word: a word
 *
 * Return: true of "cdev", "group" and "iommufd_compat_type1v2".
 */
bool test_name_is_uapi(struct text word)
{
	size_t i;

	for (i = 0; i < NR_UAPIS; i++)
		if (text_is(word, uapis[i]))
			return true;
	return false;
}

/* A state's name, or any 32-bit number. */
static bool state(struct text t, uint32_t *value)
{
	unsigned long long n = 0;
	char name[32];
	size_t i;

	if (!t.n || t.n >= sizeof(name))
		return false;
	memcpy(name, t.s, t.n);
	name[t.n] = '\0';
	if (vmig_state_parse(name, value))
		return true;
	for (i = 0; i < t.n; i++) {
		if (t.s[i] < '0' || t.s[i] > '9')
			return false;
		n = n * 10 + (unsigned int)(t.s[i] - '0');
		if (n > UINT32_MAX)
			return false;
	}
	*value = (uint32_t)n;
	return true;
}

/**
 * test_name_arc - the pair of states that a test of the FSM chapter is about
 * @test: the test
 * @arc: the answer
 *
 * Return: false where the test is none of a pair.
 */
bool test_name_arc(const struct test *test, struct arc *arc)
{
	struct text variant = ktap_variant(test), way = test_name_uapi(test), from, to;
	size_t i, n = strlen(BETWEEN);

	if (strncmp(test->name, "fsm.", 4) || !way.n || variant.n <= way.n)
		return false;
	from.s = variant.s + way.n + 1;
	for (i = way.n + 1; i + n <= variant.n; i++) {
		if (memcmp(variant.s + i, BETWEEN, n))
			continue;
		from.n = i - way.n - 1;
		to.s = variant.s + i + n;
		to.n = variant.n - i - n;
		return state(from, &arc->from) && arc->from < VFIO_DEVICE_STATE_NR &&
		       state(to, &arc->to);
	}
	return false;
}
