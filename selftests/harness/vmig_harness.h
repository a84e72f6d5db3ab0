/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The kselftest harness with what every chapter has: a fixture that opens the device
 * through each way in, clauses, and a main() with --device, --list, --names and VMIG_TESTS.
 *
 *	#include "vmig_harness.h"
 *
 *	VMIG_FIXTURE(fd);
 *
 *	TEST_F(fd, cloexec)
 *	{
 *		int fd, flags;
 *
 *		CLAUSES(FD_01);
 *		fd = vmig_enter(self->dev, VFIO_DEVICE_STATE_STOP_COPY);
 *		flags = fcntl(fd, F_GETFD);
 *		CHECK(FD_01, flags & FD_CLOEXEC, "fcntl(F_GETFD) on the data_fd",
 *		      "FD_CLOEXEC is set", "flags %#x", flags);
 *		close(fd);
 *	}
 *
 *	VMIG_MAIN("fd")
 */
#ifndef VMIG_SELFTESTS_VMIG_TEST_H
#define VMIG_SELFTESTS_VMIG_TEST_H

#include <fnmatch.h>
#include <signal.h>

#include "kselftest_harness.h"

#include <vmig/feature.h>
#include <vmig/state.h>
#include <vmig/fsm.h>
#include <vmig/version.h>
#include <vmig/error.h>
#include "session.h"
#include "verdict.h"

/* Weak: a program may have no test that names a clause. */
extern const struct vmig_claim *const __start_vmig_claims[] __attribute__((weak));
extern const struct vmig_claim *const __stop_vmig_claims[] __attribute__((weak));

static inline const struct vmig_claim *vmig_claim_of(const char *fixture, const char *test)
{
	const struct vmig_claim *const *c;
	size_t len = strlen(fixture);

	/* cppcheck-suppress comparePointers; the linker makes both ends of one section */
	for (c = __start_vmig_claims; c < __stop_vmig_claims; c++)
		if (!strncmp((*c)->test, fixture, len) && (*c)->test[len] == '_' &&
		    !strcmp((*c)->test + len + 1, test))
			return *c;
	return NULL;
}

static inline void vmig_claim_skipped(const char *fixture, const char *test)
{
	const struct vmig_claim *claim = vmig_claim_of(fixture, test);

	if (claim)
		vmig_claim(claim);
}

/* Leave the test with a reason: it cannot be done on this device or this kernel. */
#define NEED(cond, ...)                                                                            \
	do {                                                                                       \
		if (!(cond))                                                                       \
			SKIP(return, __VA_ARGS__);                                                 \
	} while (0)

/* What most tests need, with the words that the report groups skips by. */
#define NEED_STATE(state)                                                                          \
	NEED(vmig_state_offered(self->flags, state), "the device offers no %s",                    \
	     vmig_state_name(state))

/*
 * The members that every fixture begins with; VMIG_FIXTURE_DATA() is for fixtures
 * that have more, VMIG_VARIANT_DATA for variants that have more than the way in.
 */
#define VMIG_FIXTURE_DATA                                                                          \
	struct vmig_device *dev;                                                                   \
	uint64_t flags

#define VMIG_VARIANT_DATA                                                                          \
	const char *name;                                                                          \
	enum vmig_way way

#define VMIG_VARIANT(fixture, variant, ...)                                                        \
	FIXTURE_VARIANT_ADD(fixture, variant)                                                      \
	{                                                                                          \
		.name = #variant, __VA_ARGS__                                                      \
	}

#define VMIG_VARIANTS_WAYS(fixture)                                                                \
	VMIG_VARIANT(fixture, cdev, .way = VMIG_CDEV);                                             \
	VMIG_VARIANT(fixture, group, .way = VMIG_GROUP)

/*
 * Opens the device; @migratable false for tests of devices without migration too. A
 * test that is skipped here says which clauses go unchecked.
 */
#define VMIG_SETUP(migratable)                                                                     \
	do {                                                                                       \
		const char *skip_;                                                                 \
		self->dev = vmig_session_begin(                                                    \
			say("%s.%s.%s", _metadata->fixture->name, variant->name, _metadata->name), \
			variant->way, migratable, &skip_);                                         \
		if (!self->dev) {                                                                  \
			vmig_claim_skipped(_metadata->fixture->name, _metadata->name);             \
			SKIP(return, "%s", skip_);                                                 \
		}                                                                                  \
		if (!__vmig_get_migration(self->dev, &self->flags))                                \
			self->flags &= VMIG_MIGRATION_KNOWN;                                       \
	} while (0)

/* A test that fails keeps failing, a test that was skipped was skipped. */
#define VMIG_TEARDOWN()                                                                            \
	do {                                                                                       \
		int verdict_ = vmig_session_end(self->dev);                                        \
		if (verdict_ == KSFT_FAIL || !_metadata->exit_code)                                \
			_metadata->exit_code = verdict_;                                           \
		if (_metadata->exit_code == KSFT_SKIP && !_metadata->results->reason[0])           \
			snprintf(_metadata->results->reason, sizeof(_metadata->results->reason),   \
				 "nothing to check on this device");                               \
		if (_metadata->exit_code == KSFT_XFAIL)                                            \
			snprintf(_metadata->results->reason, sizeof(_metadata->results->reason),   \
				 "known deviation, see the profile");                              \
		if (_metadata->exit_code == KSFT_XPASS)                                            \
			snprintf(_metadata->results->reason, sizeof(_metadata->results->reason),   \
				 "the profile lists a deviation that did not come");               \
	} while (0)

/*
 * A fixture with more than the open device: @data declares it, @setup and @teardown are the
 * statements of the two, with VMIG_SETUP() and VMIG_TEARDOWN() among them, and what is behind
 * them declares what its variants have. Those come after it.
 */
#define VMIG_FIXTURE_FULL(fixture, data, setup, teardown, ...)                                     \
	FIXTURE(fixture)                                                                           \
	{                                                                                          \
		VMIG_FIXTURE_DATA;                                                                 \
		data;                                                                              \
	};                                                                                         \
	FIXTURE_VARIANT(fixture)                                                                   \
	{                                                                                          \
		VMIG_VARIANT_DATA;                                                                 \
		__VA_ARGS__                                                                        \
	};                                                                                         \
	FIXTURE_SETUP(fixture)                                                                     \
	{                                                                                          \
		setup;                                                                             \
	}                                                                                          \
	FIXTURE_TEARDOWN(fixture)                                                                  \
	{                                                                                          \
		teardown;                                                                          \
	}                                                                                          \
	struct vmig_semicolon_

/* A fixture that has only the open device, with variants of its own. */
#define VMIG_FIXTURE_OF(fixture, ...)                                                              \
	VMIG_FIXTURE_FULL(fixture, , VMIG_SETUP(true), VMIG_TEARDOWN(), __VA_ARGS__)

#define VMIG_FIXTURE_ANY(fixture, migratable)                                                      \
	VMIG_FIXTURE_FULL(fixture, , VMIG_SETUP(migratable), VMIG_TEARDOWN(), );                   \
	VMIG_VARIANTS_WAYS(fixture)

/* A fixture that has only the open device. */
#define VMIG_FIXTURE(fixture) VMIG_FIXTURE_ANY(fixture, true)

#define VMIG_MAX_TESTS 4096

/* One line a test: chapter, fixture.test, number of variants, clauses; tab separated. */
static inline void vmig_list(const char *chapter)
{
	struct __fixture_variant_metadata *v;
	const struct vmig_claim *claim;
	struct __fixture_metadata *f;
	struct __test_metadata *t;
	unsigned int variants;
	size_t i;

	for (f = __fixture_list; f; f = f->next) {
		for (variants = 0, v = f->variant; v; v = v->next)
			variants++;
		for (t = f->tests; t; t = t->next) {
			printf("%s\t%s.%s\t%u\t", chapter, f->name, t->name, variants);
			claim = vmig_claim_of(f->name, t->name);
			for (i = 0; claim && i < claim->count; i++)
				printf("%s%s", i ? " " : "", vmig_clauses[claim->ids[i]].id);
			printf("\n");
		}
	}
}

/*
 * What VMIG_TESTS says: globs, or "@FILE", a file with a full name in each line, as a list of
 * all tests is longer than a variable may be. NULL where it says nothing. Returns the names
 * with "@" in front and a new line around each.
 */
static inline const char *vmig_chosen(void)
{
	static char names[1 << 20] = "@\n";
	const char *globs = getenv("VMIG_TESTS");
	FILE *f;
	size_t n;

	if (!globs || !*globs)
		return NULL;
	if (*globs != '@')
		return globs;
	f = fopen(globs + 1, "re");
	n = f ? fread(names + 2, 1, sizeof(names) - 3, f) : 0;
	if (!n || n == sizeof(names) - 3) {
		fprintf(stderr, "vmig: the list of tests %s cannot be read\n", globs + 1);
		exit(KSFT_SKIP);
	}
	fclose(f);
	return names;
}

/* Is a name in a list of vmig_chosen()? */
static inline bool vmig_in_list(const char *names, const char *name)
{
	char line[130];

	snprintf(line, sizeof(line), "\n%s\n", name);
	return strstr(names, line);
}

/* Does one of the globs match, which stand with blanks between? */
static inline bool vmig_matches(const char *globs, const char *name)
{
	char glob[256];
	size_t len;

	if (*globs == '@')
		return vmig_in_list(globs, name);
	for (globs += strspn(globs, " "); *globs; globs += strspn(globs, " ")) {
		len = strcspn(globs, " ");
		snprintf(glob, sizeof(glob), "%.*s", (int)len, globs);
		if (!fnmatch(glob, name, 0))
			return true;
		globs += len;
	}
	return false;
}

/* What a run of this chapter will print a result for: chapter and fixture.variant.test. */
static inline void vmig_names(const char *chapter, const char *globs)
{
	struct __fixture_variant_metadata *v;
	struct __fixture_metadata *f;
	struct __test_metadata *t;
	char name[128];

	for (f = __fixture_list; f; f = f->next) {
		for (v = f->variant; v; v = v->next) {
			for (t = f->tests; t; t = t->next) {
				snprintf(name, sizeof(name), "%s.%s.%s", f->name, v->name, t->name);
				if (!globs || vmig_matches(globs, name))
					printf("%s\t%s\n", chapter, name);
			}
		}
	}
}

/*
 * The harness runs exact names (-r). Globs become one -r for each test that they
 * match, of those that come behind the test @after, which may be empty. Returns the new
 * argv, or NULL where there is none.
 */
static inline char **vmig_select(const char *globs, const char *after, char *name, int *argc)
{
	static char names[VMIG_MAX_TESTS][128];
	static char *argv[2 * VMIG_MAX_TESTS + 2];
	struct __fixture_variant_metadata *v;
	struct __fixture_metadata *f;
	struct __test_metadata *t;
	bool behind = !*after;
	unsigned int n = 0;

	argv[0] = name;
	for (f = __fixture_list; f; f = f->next) {
		for (v = f->variant; v; v = v->next) {
			for (t = f->tests; t && n < VMIG_MAX_TESTS; t = t->next) {
				snprintf(names[n], sizeof(names[n]), "%s.%s.%s", f->name, v->name,
					 t->name);
				if (!behind) {
					behind = !strcmp(names[n], after);
					continue;
				}
				if (!vmig_matches(globs, names[n]))
					continue;
				argv[1 + 2 * n] = "-r";
				argv[2 + 2 * n] = names[n];
				n++;
			}
		}
	}
	*argc = 1 + 2 * n;
	return n ? argv : NULL;
}

static pid_t vmig_main_pid;

static inline void vmig_at_exit(void)
{
	if (getpid() == vmig_main_pid)
		vmig_session_put_back();
}

/*
 * Ctrl-C: tests are process groups of their own and would go on. The program waits in
 * waitpid() nearly all of its life, so what is called here interrupts nothing.
 */
static inline void vmig_on_signal(int sig)
{
	if (getpid() != vmig_main_pid)
		_exit(128 + sig);
	if (__active_test && __active_test->pid > 0) {
		kill(-__active_test->pid, SIGKILL);
		waitpid(__active_test->pid, NULL, 0);
	}
	vmig_session_put_back();
	_exit(128 + sig);
}

static inline int vmig_main(const char *chapter, int argc, char **argv)
{
	const char *device = NULL, *glob = vmig_chosen(), *after = getenv("VMIG_AFTER");

	if (argc > 1 && !strcmp(argv[1], "--list")) {
		vmig_list(chapter);
		return KSFT_PASS;
	}
	if (argc > 1 && !strcmp(argv[1], "--names")) {
		vmig_names(chapter, glob);
		return KSFT_PASS;
	}
	if (argc > 2 && !strcmp(argv[1], "--device")) {
		device = argv[2];
		argv[2] = argv[0];
		argv += 2;
		argc -= 2;
	}
	setvbuf(stdout, NULL, _IOLBF, 0);
	if (argc > 1 && (!strcmp(argv[1], "-h") || !strcmp(argv[1], "-l")))
		return test_harness_run(argc, argv);
	printf("# vmig: chapter %s\n", chapter);
	printf("# vmig: suite %s %s\n", vmig_version, vmig_commit);
	if (!vmig_session_init(chapter, device))
		return KSFT_SKIP;
	printf("# vmig: device %s driver %s\n", vmig_first_device()->name,
	       vmig_first_device()->driver);
	/* The chapter was begun in another guest, which did not come to its end. */
	if (after)
		printf("# vmig: resumed after %s\n", *after ? after : "nothing");
	if (glob || (after && *after)) {
		argv = vmig_select(glob ? glob : "*", after ? after : "", argv[0], &argc);
		if (!argv && after) {
			printf("1..0\n");
			return KSFT_PASS;
		}
		if (!argv) {
			printf("1..0 # SKIP no test of this chapter matches '%s'\n",
			       getenv("VMIG_TESTS"));
			return KSFT_SKIP;
		}
	}
	vmig_verdict_init();
	vmig_main_pid = getpid();
	atexit(vmig_at_exit);
	signal(SIGINT, vmig_on_signal);
	signal(SIGTERM, vmig_on_signal);
	return test_harness_run(argc, argv);
}

#define VMIG_MAIN(chapter)                                                                         \
	int main(int argc, char **argv)                                                            \
	{                                                                                          \
		return vmig_main(chapter, argc, argv);                                             \
	}

#endif /* VMIG_SELFTESTS_VMIG_TEST_H */
