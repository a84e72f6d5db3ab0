/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The kselftest harness, and what every chapter adds to it: a fixture that opens the device
 * through cdev and group, clauses, and a main() with --device, --list, --names, VMIG_TESTS, and the
 * device as its last argument.
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
 *		fd = vmig_goto_state(self->dev, VFIO_DEVICE_STATE_STOP_COPY);
 *		flags = fcntl(fd, F_GETFD);
 *		CHECK(FD_01, flags & FD_CLOEXEC, "fcntl(F_GETFD) on the data_fd",
 *		      "FD_CLOEXEC is set", "flags %#x", flags);
 *		close(fd);
 *	}
 *
 *	VMIG_MAIN("fd")
 */
#ifndef VMIG_HARNESS_HARNESS_H
#define VMIG_HARNESS_HARNESS_H

#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>

/* So that SKIP() can be kept from printing, see VMIG_TEARDOWN(). */
#define TH_LOG_ENABLED vmig_log_enabled
static const bool vmig_log_enabled = true;

#include "kselftest_harness.h"

#include <vmig/feature.h>
#include <vmig/info.h>
#include <vmig/state.h>
#include <vmig/fsm.h>
#include <vmig/version.h>
#include <vmig/error.h>
#include "child.h"
#include "session.h"
#include "stuck.h"
#include "test_list.h"
#include "verdict.h"

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

#define NEED_RESET NEED(vmig_can_reset(self->dev), "the device offers no VFIO_DEVICE_RESET")

/* A clause that came with a newer kernel than this one binds nobody here. */
#define NEED_KERNEL_OF(id) NEED(vmig_clause_binds(id), "needs Linux %s", vmig_clauses[id].since)

/*
 * The members that every fixture begins with; VMIG_FIXTURE_DATA() is for fixtures
 * that have more, VMIG_VARIANT_DATA for variants with more than the uAPI.
 */
#define VMIG_FIXTURE_DATA                                                                          \
	struct vmig_device *dev;                                                                   \
	uint64_t flags

#define VMIG_VARIANT_DATA                                                                          \
	const char *of;                                                                            \
	const char *name;                                                                          \
	enum vmig_uapi uapi

#define VMIG_VARIANT(fixture, variant, ...)                                                        \
	VMIG_LISTED(vmig_variants, fixture, variant);                                              \
	FIXTURE_VARIANT_ADD(fixture, variant)                                                      \
	{                                                                                          \
		.of = #fixture, .name = #variant, __VA_ARGS__                                      \
	}

#define VMIG_VARIANTS_UAPIS(fixture)                                                               \
	VMIG_VARIANT(fixture, cdev, .uapi = VMIG_UAPI_CDEV);                                       \
	VMIG_VARIANT(fixture, group, .uapi = VMIG_UAPI_GROUP)

/*
 * To be added to the two where the kernel takes another path with an iommufd in the place of the
 * container: open, attach, close, DMA mappings (drivers/vfio/group.c, drivers/iommu/iommufd/
 * vfio_compat.c). All else comes to the driver as through the group.
 */
#define VMIG_VARIANT_COMPAT(fixture)                                                               \
	VMIG_VARIANT(fixture, iommufd_compat_type1v2, .uapi = VMIG_UAPI_COMPAT)

/*
 * Opens the device; @migratable false for tests of devices without migration too. A
 * test that is skipped here says which clauses go unchecked.
 */
#define VMIG_SETUP(migratable)                                                                     \
	do {                                                                                       \
		const char *skip_;                                                                 \
		self->dev = vmig_session_begin(                                                    \
			vmig_fmt("%s.%s.%s", variant->of, variant->name, _metadata->name),         \
			variant->uapi, migratable, &skip_);                                        \
		if (!self->dev) {                                                                  \
			vmig_claim_skipped(variant->of, _metadata->name);                          \
			SKIP(return, "%s", skip_);                                                 \
		}                                                                                  \
		if (!__vmig_get_migration(self->dev, &self->flags))                                \
			self->flags &= VMIG_MIGRATION_KNOWN;                                       \
	} while (0)

/*
 * A test that fails keeps failing, a test that was skipped was skipped. SKIP() is the harness's
 * only way to give a reason, whatever the test came to; its line would be a new one in KTAP.
 */
#define VMIG_TEARDOWN()                                                                            \
	do {                                                                                       \
		const bool vmig_log_enabled = false;                                               \
		int verdict_ = vmig_session_end(self->dev);                                        \
		const char *reason_ = vmig_verdict_reason(verdict_);                               \
		if (!_metadata->exit_code && reason_)                                              \
			SKIP(_metadata->exit_code = verdict_, "%s", reason_);                      \
		else if (verdict_ == KSFT_FAIL || !_metadata->exit_code)                           \
			_metadata->exit_code = verdict_;                                           \
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

/* For a fixture, or its variants, with nothing but what all have. */
#define VMIG_NO_DATA

/* A fixture that has only the open device, with variants of its own. */
#define VMIG_FIXTURE_OF(fixture, ...)                                                              \
	VMIG_FIXTURE_FULL(fixture, VMIG_NO_DATA, VMIG_SETUP(true), VMIG_TEARDOWN(), __VA_ARGS__)

#define VMIG_FIXTURE_ANY(fixture, migratable)                                                      \
	VMIG_FIXTURE_FULL(fixture, VMIG_NO_DATA, VMIG_SETUP(migratable), VMIG_TEARDOWN(),          \
			  VMIG_NO_DATA);                                                           \
	VMIG_VARIANTS_UAPIS(fixture)

/* TEST_F() with a time limit of its own, in seconds: the harness's TEST_F_TIMEOUT(). */
#define VMIG_TEST_TIMEOUT(fixture, test, seconds)                                                  \
	VMIG_LISTED(vmig_tests, fixture, test);                                                    \
	TEST_F_TIMEOUT(fixture, test, seconds)

/* As the harness has it, and --list knows of the test. */
#undef TEST_F
#define TEST_F(fixture, test) VMIG_TEST_TIMEOUT(fixture, test, TEST_TIMEOUT_DEFAULT)

/* A fixture that has only the open device. */
#define VMIG_FIXTURE(fixture) VMIG_FIXTURE_ANY(fixture, true)

static pid_t vmig_main_pid;

/* How long it may take to bring the device back to RUNNING at the end of a program. */
#define VMIG_PUT_BACK_MS 15000

static inline void vmig_put_back(void *unused)
{
	(void)unused;
	vmig_session_put_back();
}

static inline void vmig_at_exit(void)
{
	if (getpid() == vmig_main_pid)
		vmig_child_run(vmig_put_back, NULL, VMIG_PUT_BACK_MS);
}

/*
 * Ctrl-C: tests are process groups of their own and would go on. The program waits for one of
 * them nearly all of its life, and does not go on with that, so what is called here interrupts
 * nothing.
 */
static inline void vmig_on_signal(int sig)
{
	if (getpid() != vmig_main_pid)
		_exit(128 + sig);
	vmig_session_kill_test();
	vmig_child_run(vmig_put_back, NULL, VMIG_PUT_BACK_MS);
	_exit(128 + sig);
}

/*
 * The kernel's own VFIO selftests have PCI addresses for their last arguments: the device under
 * test, and the second one. What there is beyond the two is not used.
 */
static inline const char *vmig_last_arguments(int *argc, char **argv)
{
	int i = *argc;

	while (i > 1 && vmig_is_bdf(argv[i - 1]))
		i--;
	if (i == *argc)
		return NULL;
	if (*argc - i > 1)
		setenv("VMIG_DEVICE2", argv[i + 1], 1);
	*argc = i;
	return argv[i];
}

static inline int vmig_main(const char *chapter, int argc, char **argv)
{
	const char *device = vmig_last_arguments(&argc, argv), *glob = vmig_chosen(),
		   *after = getenv("VMIG_AFTER");

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
	vmig_stuck_init();
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

#endif /* VMIG_HARNESS_HARNESS_H */
