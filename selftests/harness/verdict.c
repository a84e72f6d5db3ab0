// SPDX-License-Identifier: GPL-2.0-only
/* Report checks and breaches of clauses, and derive the result of a test. See verdict.h. */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

#include <vmig/breach_line.h>
#include <vmig/deviations.h>
#include <vmig/error.h>
#include <vmig/kernel_range.h>
#include <vmig/shared.h>
#include "known_deviations.h"
#include "verdict.h"

/* As in kselftest.h, which can only be included once a program. */
enum { PASS = 0, FAIL = 1, XFAIL = 2, XPASS = 3, SKIP = 4 };

/*
 * Shared with the processes that a test forks, so that a breach that a child sees
 * counts. Children of a test run one after the other with their parent waiting, or
 * only ever set these to true: no lock is needed.
 */
struct verdict {
	char test[256];
	const struct vmig_claim *claim;
	struct timespec start;
	bool checked[VMIG_NR_CLAUSES];
	bool failed;
	bool known;
};

static struct verdict *now;

static bool strict;

static void test_error(const char *line)
{
	printf("# vmig: broken %s\n", line);
	fflush(stdout);
	_exit(VMIG_EXIT_BROKEN);
}

/**
 * vmig_test_error - say why this test cannot judge, and end its process
 * @fmt: the call and its result, one line without a newline
 *
 * That is another thing than a breach: the line is one of the diagnostics that the report
 * reads ("broken"). _exit() and not exit(), as the process is a fork of the harness with its
 * exit handlers. The device is left as it is: the next test settles it (see
 * vmig_recover_running()).
 */
void vmig_test_error(const char *fmt, ...)
{
	char line[512];
	va_list args;

	va_start(args, fmt);
	vsnprintf(line, sizeof(line), fmt, args);
	va_end(args);
	test_error(line);
	abort();
}

/**
 * vmig_test_error_init - a call of the library that fails ends the test in the same way
 *
 * Once a program, before the first call of the library.
 */
void vmig_test_error_init(void)
{
	vmig_set_fail_hook(test_error);
}

/**
 * vmig_verdict_init - once a program, before the first test
 *
 * Reads VMIG_STRICT, VMIG_PROFILE and VMIG_NO_KNOWN from the environment.
 */
void vmig_verdict_init(void)
{
	const char *env = getenv("VMIG_STRICT");

	strict = env && *env && strcmp(env, "0");
	now = vmig_shared_alloc(sizeof(*now));
	vmig_known_deviations_load();
}

/**
 * vmig_verdict_begin - a test begins
 * @test: its full name, fixture.variant.test
 */
void vmig_verdict_begin(const char *test)
{
	memset(now, 0, sizeof(*now));
	snprintf(now->test, sizeof(now->test), "%s", test);
	clock_gettime(CLOCK_MONOTONIC, &now->start);
}

/**
 * vmig_clause_binds - has this kernel what a clause is about?
 * @id: the clause
 *
 * Return: false on a kernel before the one with which the clause came.
 */
bool vmig_clause_binds(enum vmig_clause_id id)
{
	const char *since = vmig_clauses[id].since;
	struct utsname name;

	return !*since ||
	       vmig_kernel_in(vmig_fmt("%s-", since), uname(&name) ? NULL : name.release);
}

/**
 * vmig_claim - the test says which clauses it checks
 * @claim: the clauses
 */
void vmig_claim(const struct vmig_claim *claim)
{
	size_t i;

	now->claim = claim;
	printf("# vmig: clauses");
	for (i = 0; i < claim->count; i++)
		printf(" %s", vmig_clauses[claim->ids[i]].id);
	printf("\n");
}

/* A check of a clause that the test does not claim is a mistake of the suite. */
static void must_be_claimed(enum vmig_clause_id id)
{
	size_t i;

	for (i = 0; now->claim && i < now->claim->count; i++)
		if (now->claim->ids[i] == id)
			return;
	vmig_test_error("%s checks %s and does not claim it: a mistake of the suite", now->test,
			vmig_clauses[id].id);
}

/**
 * vmig_checked - a clause is being checked
 * @id: the clause
 */
void vmig_checked(enum vmig_clause_id id)
{
	must_be_claimed(id);
	now->checked[id] = true;
}

/* Without the folder, which says nothing of the place and depends on who compiled it. */
static const char *without_folder(const char *at)
{
	const char *slash = strrchr(at, '/');

	return slash ? slash + 1 : at;
}

static void print_breach(const struct vmig_breach *b)
{
	char lines[VMIG_BREACH_LINES_MAX];

	vmig_breach_lines(lines, sizeof(lines), b);
	fputs(lines, stdout);
}

/**
 * vmig_breach - a check did not hold
 * @at: where it was judged: VMIG_HERE
 * @id: the clause
 * @did: what was done
 * @expected: what must have come
 * @fmt: format of what the device did
 */
void vmig_breach(const char *at, enum vmig_clause_id id, const char *did, const char *expected,
		 const char *fmt, ...)
{
	const struct vmig_clause *clause = &vmig_clauses[id];
	const struct vmig_deviation *known =
		vmig_deviation_find(vmig_known_deviations(), clause->id, now->test);
	enum vmig_breach_effect effect = vmig_breach_effect(clause, known, strict);
	char got[384];
	va_list args;

	va_start(args, fmt);
	vsnprintf(got, sizeof(got), fmt, args);
	va_end(args);
	if (effect == VMIG_BREACH_NOTED) {
		printf("# vmig: note %s %s: %s\n", clause->id, did, got);
		return;
	}

	print_breach(&(struct vmig_breach){
		.clause = clause->id,
		.did = did,
		.expected = expected,
		.got = got,
		.at = without_folder(at),
		.where = known ? known->source : NULL,
		.reason = known ? known->reason : NULL,
	});
	if (effect == VMIG_BREACH_KNOWN)
		now->known = true;
	else if (effect == VMIG_BREACH_FAILS)
		now->failed = true;
}

/**
 * vmig_check_ok - the call must have worked
 * @at: where it is judged: VMIG_HERE
 * @id: the clause
 * @ret: 0 or -errno
 * @did: what was called
 *
 * Return: true if it did.
 */
bool vmig_check_ok(const char *at, enum vmig_clause_id id, int ret, const char *did)
{
	return CHECK_AT(at, id, !ret, did, "success", "%s", vmig_errno_name(ret));
}

/**
 * vmig_check_errno - the call must have failed with one errno
 * @at: where it is judged: VMIG_HERE
 * @id: the clause
 * @ret: 0 or -errno
 * @err: the errno, positive
 * @did: what was called
 *
 * Return: true if it did.
 */
bool vmig_check_errno(const char *at, enum vmig_clause_id id, int ret, int err, const char *did)
{
	const char *expected = vmig_fmt("%s", vmig_errno_name(err));

	return CHECK_AT(at, id, ret == -err, did, expected, "%s", vmig_errno_name(ret));
}

/**
 * vmig_check_fails - the call must have failed, with whatever errno
 * @at: where it is judged: VMIG_HERE
 * @id: the clause
 * @ret: 0 or more for success, or -errno
 * @did: what was called
 *
 * Return: true if it did.
 */
bool vmig_check_fails(const char *at, enum vmig_clause_id id, int ret, const char *did)
{
	if (!CHECK_AT(at, id, ret < 0, did, "an error", "success (%d)", ret))
		return false;
	vmig_note(id, "%s: %s", did, vmig_errno_name(ret));
	return true;
}

/**
 * vmig_note - something worth knowing that is not judged
 * @id: the clause it belongs to
 * @fmt: format
 */
void vmig_note(enum vmig_clause_id id, const char *fmt, ...)
{
	va_list args;
	char text[384];

	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	vmig_checked(id);
	printf("# vmig: note %s %s\n", vmig_clauses[id].id, text);
}

/**
 * vmig_metric - a number that was measured
 * @name: one word
 * @value: the number
 * @unit: one word: bytes, s, MB/s
 */
void vmig_metric(const char *name, double value, const char *unit)
{
	printf("# vmig: metric %s %.9g %s\n", name, value, unit);
}

/**
 * vmig_sample - one of several measurements of the same thing
 * @name: dotted, with what it depends on: "save.plain_1m.bytes_per_second"
 * @value: the number
 * @unit: us, B or B/s; a unit that ends in /s is better the greater it is
 *
 * The report makes the distribution of those of one name, and the nightly history judges it.
 */
void vmig_sample(const char *name, double value, const char *unit)
{
	printf("# vmig: sample %s %.9g %s\n", name, value, unit);
}

/* Evidence: the clauses that were checked. Returns whether there was any. */
static bool print_checked(void)
{
	bool any = false;
	size_t i;

	for (i = 0; i < VMIG_NR_CLAUSES; i++) {
		if (!now->checked[i])
			continue;
		printf("%s %s", any ? "" : "# vmig: checked", vmig_clauses[i].id);
		any = true;
	}
	if (any)
		printf("\n");
	return any;
}

/**
 * vmig_verdict_end - a test ended
 *
 * Return: the kselftest exit code. A test that found nothing to check is skipped, not
 * passed. A deviation that the profile lists for this test and that did not come is an
 * unexpected pass.
 */
int vmig_verdict_end(void)
{
	static const int exit_codes[] = {
		[VMIG_TEST_PASS] = PASS,   [VMIG_TEST_FAIL] = FAIL, [VMIG_TEST_XFAIL] = XFAIL,
		[VMIG_TEST_XPASS] = XPASS, [VMIG_TEST_SKIP] = SKIP,
	};
	struct timespec end;
	bool any;

	clock_gettime(CLOCK_MONOTONIC, &end);
	any = print_checked();
	printf("# vmig: took %.3f\n",
	       (end.tv_sec - now->start.tv_sec) + (end.tv_nsec - now->start.tv_nsec) / 1e9);
	return exit_codes[vmig_test_result(now->failed, now->known, any,
					   vmig_deviation_due(vmig_known_deviations(), now->test))];
}

/**
 * vmig_verdict_reason - why is a verdict neither pass nor fail?
 * @verdict: what vmig_verdict_end() returned
 *
 * Return: the reason that stands behind the result, NULL where there is none.
 */
const char *vmig_verdict_reason(int verdict)
{
	switch (verdict) {
	case SKIP:
		return "nothing to check on this device";
	case XFAIL:
		return "known deviation, see the profile";
	case XPASS:
		return "the profile lists a deviation that did not come";
	}
	return NULL;
}
