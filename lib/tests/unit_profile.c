// SPDX-License-Identifier: GPL-2.0-only
/* What a profile says, and what its deviations make of a breach and of a test. */
#include <string.h>

#include <vmig/deviations.h>
#include <vmig/place.h>
#include <vmig/profile_keys.h>
#include <vmig/sha256.h>
#include "unit.h"

static struct text of(const char *s)
{
	return (struct text){ s, strlen(s) };
}

static const char good[] = "# a comment\r\n\r\n"
			   "  driver: x-vfio\r\n"
			   "pci: 1d0f:0001\n"
			   "pci: 1d0f:0002\n"
			   "deviation: FD-01 | fd.*.a* | m.c:1 f() | why a | b\n"
			   "sometimes: FD-02 (6.8-6.12) | fd.* | m.c:2 f() | a race\n"
			   "deviation: FD-03 (-6.6) | fd.* | m.c:3 f() | mended in 6.7\n"
			   "lethal: hazard.*.x (-6.6) | m.c:4 f() | it hangs\n"
			   "crashes: hazard.*.y | m.c:5 f() | it hangs too";

static const struct {
	const char *lines;
	const char *wrong;
} bad[] = {
	{ "no colon\n", "line 1 is not of the form" },
	{ "driver: x\ndriver: y\n", "line 2: \"driver\" stands there twice" },
	{ "drivers: x\n", "line 1: there is no key \"drivers\"" },
	{ "mdev:\n", "line 1: the value of \"mdev\" is not of the form" },
	{ "deviation: FD-01 | a | b\n", "line 1: the value of \"deviation\"" },
	{ "deviation: FD-99 | a | b | c\n", "line 1: there is no clause \"FD-99\"" },
	{ "deviation: FD-01 (7.0-6.8) | a | b | c\n", "line 1: what stands behind the clause" },
	{ "crashes: a (6) | b | c\n", "line 1: what stands behind the tests" },
	{ "crashes: (-6.6) | b | c\n", "line 1: it does not say which tests" },
	{ "crashes: a | \1 | c\n", "line 1: the value of \"crashes\"" },
	{ "lethal: a | \1 | c\n", "line 1: the value of \"crashes\"" },
};

static void bad_profiles(struct arena *arena)
{
	struct vmig_profile *p;
	char *wrong;
	size_t i;

	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		wrong = "";
		p = vmig_profile_parse(arena, of(bad[i].lines), &wrong);
		UNIT(!p && !strncmp(wrong, bad[i].wrong, strlen(bad[i].wrong)), "refused: %.*s: %s",
		     (int)strcspn(bad[i].lines, "\n\1"), bad[i].lines, wrong);
	}
}

static unsigned int values(const struct vmig_profile *p, const char *key)
{
	const struct vmig_profile_line *l;
	unsigned int n = 0;

	for (l = p->lines; l; l = l->next)
		n += !strcmp(l->key, key);
	return n;
}

static void kernels(struct arena *arena)
{
	char *wrong = NULL;
	struct vmig_profile *p = vmig_profile_parse(arena, of(good), &wrong);

	UNIT(p && !wrong, "a good profile is taken");
	if (!p)
		return;
	UNIT(!strcmp(p->driver, "x-vfio") && !p->source && values(p, "pci") == 2 &&
		     !strcmp(vmig_profile_value(p, "pci"), "1d0f:0001"),
	     "the values of keys");
	UNIT(values(p, "crashes") == 2 && !values(p, "lethal"), "lethal: is read as crashes:");
	UNIT(p->nr_deviations == 3 && p->deviations->line == 6 && p->crashes->next->line == 10,
	     "all deviations, with their lines");
	vmig_deviations_for_kernel(p, NULL);
	UNIT(p->nr_deviations == 3 && p->crashes->next, "a kernel that nobody knows has them all");
	UNIT(vmig_deviation_crashes(p, "hazard.cdev.x"),
	     "a test that crashes that kernel, by the old name of the key");
	vmig_deviations_for_kernel(p, "6.12.117");
	UNIT(p->nr_deviations == 2, "this kernel has two");
	UNIT(!vmig_deviation_find(p, "FD-03", "fd.cdev.abc"), "one was mended");
	UNIT(!vmig_deviation_crashes(p, "hazard.cdev.x") &&
		     vmig_deviation_crashes(p, "hazard.cdev.y"),
	     "one crash was mended");
	UNIT(!strcmp(vmig_deviation_find(p, "FD-01", "fd.cdev.abc")->reason, "why a | b"),
	     "a known deviation is found, with its reason");
	UNIT(!vmig_deviation_find(p, "FD-01", "fd.cdev.bcd"), "... in its tests alone");
	UNIT(vmig_deviation_due(p, "fd.cdev.abc") == p->deviations, "it must come");
	UNIT(!vmig_deviation_due(p, "fd.cdev.bcd"), "a race need not");
	vmig_deviations_for_kernel(p, "6.7.1");
	UNIT(p->nr_deviations == 1, "another kernel has one");
	vmig_deviations_for_kernel(NULL, "6.7.1");
	UNIT(!vmig_deviation_find(NULL, "FD-01", "a") && !vmig_deviation_due(NULL, "a") &&
		     !vmig_deviation_crashes(NULL, "a"),
	     "no profile knows of nothing");
}

static const struct {
	const char *place;
	const char *kernels;
	const char *release;
	const char *becomes;
} places[] = {
	{ "m.c f()", "", "7.3.4", "m.c f()" },
	{ "m.c:7 f()", "", "7.3.4", "m.c:7 f()" },
	{ "m.c:7:x f(), 8/9:y g()", "", "6.12.1", "m.c:7 f(), 8 g()" },
	{ "m.c:7:x f(), 8/9:y g()", "", "7.3.4", "m.c:7 f(), 9 g()" },
	{ "m.c:7/8/9:x f()", "", "7.0.1", "m.c:8 f()" },
	{ "m.c:7/8/9:x f()", "", "7.3.0-rc1", "m.c:9 f()" },
	{ "m.c:7/8/9:x f()", "", "6.1.192", "m.c:7 f()" },
	{ "m.c:7/8/9:x f()", "", NULL, "m.c:7/8/9 f()" },
	{ "m.c:8/9 f()", "7.0-", "7.0.1", "m.c:8 f()" },
	{ "m.c:8/9 f()", "-7.0", "6.12.117", "m.c:8 f()" },
	{ "m.c:8/9 f()", "", "7.3.4", "m.c:9 f()" },
	{ "a/b.c:7/8:if 9 f", "", "6.12.117", "a/b.c:7 9 f" },
	{ "m.c:/7: 7/", "", "7.3.4", "m.c:/7: 7/" },
};

static void place_of_each_kernel(void)
{
	static const char source[] =
		"Linux 6.12.117, 7.0.1 and 7.3.4, commit 6cea64b1db88, drivers/x.y";
	char place[64];
	size_t i;

	for (i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		strcpy(place, places[i].place);
		vmig_place_for_kernel(place, source, places[i].kernels, places[i].release);
		UNIT(!strcmp(place, places[i].becomes), "\"%s\" in %s (%s) is \"%s\"",
		     places[i].place, places[i].release ? places[i].release : "any kernel",
		     places[i].kernels, place);
	}
	strcpy(place, "m.c:7/8:x f()");
	vmig_place_for_kernel(place, NULL, "", "7.3.4");
	UNIT(!strcmp(place, "m.c:7 f()"), "a profile that names no kernel has the first line");
}

static void effects(void)
{
	struct vmig_clause c[] = {
		[VMIG_MUST] = { .level = VMIG_MUST },
		[VMIG_SHOULD] = { .level = VMIG_SHOULD },
		[VMIG_MAY] = { .level = VMIG_MAY },
	};

	UNIT(vmig_breach_effect(&c[VMIG_MUST], false, false) == VMIG_BREACH_FAILS &&
		     vmig_breach_effect(NULL, false, false) == VMIG_BREACH_FAILS,
	     "a MUST, and what is no clause, fails");
	UNIT(vmig_breach_effect(&c[VMIG_MUST], true, true) == VMIG_BREACH_KNOWN, "a known one not");
	UNIT(vmig_breach_effect(&c[VMIG_SHOULD], false, false) == VMIG_BREACH_WARNS &&
		     vmig_breach_effect(&c[VMIG_SHOULD], false, true) == VMIG_BREACH_FAILS &&
		     vmig_breach_effect(&c[VMIG_SHOULD], true, false) == VMIG_BREACH_KNOWN,
	     "a SHOULD warns, or fails a strict run");
	UNIT(vmig_breach_effect(&c[VMIG_MAY], true, true) == VMIG_BREACH_NOTED, "a MAY is noted");
	UNIT(vmig_test_result(true, true, true, true) == VMIG_TEST_FAIL, "a failure decides");
	UNIT(vmig_test_result(false, true, false, true) == VMIG_TEST_XFAIL, "then what is known");
	UNIT(vmig_test_result(false, false, false, true) == VMIG_TEST_SKIP,
	     "then that nothing came");
	UNIT(vmig_test_result(false, false, true, true) == VMIG_TEST_XPASS, "then what is missing");
	UNIT(vmig_test_result(false, false, true, false) == VMIG_TEST_PASS, "else it has passed");
}

int main(void)
{
	struct arena *arena = arena_new();
	struct vmig_profile_key key;
	size_t n = 0;

	kernels(arena);
	bad_profiles(arena);
	place_of_each_kernel();
	effects();
	while (vmig_profile_key(n, &key) && *key.name && *key.form && *key.what)
		n++;
	UNIT(n > 20 && !vmig_profile_key(n, &key), "%zu keys", n);
	/* FIPS 180-2, appendix B.1 */
	UNIT(!strcmp(vmig_sha256(arena, of("abc")),
		     "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
	     "the checksum of a profile");
	arena_free(arena);
	return unit_end();
}
