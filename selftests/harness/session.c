// SPDX-License-Identifier: GPL-2.0-only
/*
 * Set-up and teardown of each test: the device is resolved once, opened for each test, and
 * in RUNNING before and after it; or the run stops and says so.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <vmig/feature.h>
#include <vmig/dma_logging.h>
#include <vmig/state.h>
#include <vmig/fsm.h>
#include <vmig/error.h>
#include <vmig/open_any.h>
#include <vmig/host_change.h>
#include <vmig/deviations.h>
#include <vmig/shared.h>
#include "known_deviations.h"
#include "session.h"
#include "kernel_health.h"
#include "stuck.h"
#include "verdict.h"

static struct vmig_dev_id first;

/* Devices that some tests need besides the one under test. */
static struct helper {
	const char *env;
	struct vmig_dev_id id;
	bool found;
	char why_not[256];
} second = {
	.env = "VMIG_DEVICE2",
	.why_not = "VMIG_DEVICE2 names no second device of the same type",
}, other = {
	.env = "VMIG_DEVICE_OTHER",
	.why_not = "VMIG_DEVICE_OTHER names no device of another type of the same driver",
}, target = {
	.env = "VMIG_P2P_TARGET",
	.why_not = "VMIG_P2P_TARGET names no device with memory for peer to peer DMA",
};

static const char *chapter_name;
static char test_name[256];

/**
 * struct shared - what this program and the processes of its tests know together
 * @lost: the device cannot be brought back, or the kernel is not to be trusted any more
 * @ending: a signal has ended the program, so no test may begin
 * @group: the leader of the process group of the test that began last
 * @test: the test that ran last
 * @process: the process of it, which outlives it only where it is stuck in the kernel
 */
struct shared {
	bool lost;
	bool ending;
	struct vmig_process group;
	char test[sizeof(test_name)];
	struct vmig_process process;
};

static struct shared *shared;

/*
 * So that what the kernel says can be attributed to the test that made it say it. One
 * write() is one record; dprintf() cannot do it, as it wants to know the file position,
 * which /dev/kmsg does not show.
 */
static void mark(const char *what)
{
	int fd = open("/dev/kmsg", O_WRONLY | O_CLOEXEC);
	char line[512];
	int len;

	if (fd < 0)
		return;
	len = snprintf(line, sizeof(line), "vmig: %s %s/%s\n", what, chapter_name, test_name);
	/* A mark that is lost costs the attribution, and is no reason to fail. */
	len = write(fd, line, len);
	(void)len;
	close(fd);
}

/**
 * vmig_session_test - which test is running?
 *
 * Return: its full name, fixture.variant.test; the one before it between two tests.
 */
const char *vmig_session_test(void)
{
	return test_name;
}

static bool env_set(const char *name)
{
	const char *env = getenv(name);

	return env && *env && strcmp(env, "0");
}

static void find_helper(struct helper *h)
{
	const char *spec = getenv(h->env);
	char why[512];

	if (!spec || !*spec)
		return;
	h->found = !vmig_resolve(spec, &h->id, why, sizeof(why));
	if (!h->found)
		snprintf(h->why_not, sizeof(h->why_not), "%.255s", why);
}

/*
 * What the user calls the device. By the last name the kernel's own VFIO selftests know it
 * (tools/testing/selftests/vfio).
 */
static const char *device_of_environment(void)
{
	static const char *const names[] = { "VMIG_DEVICE", "DEVICE", "VFIO_SELFTESTS_BDF" };
	const char *device;
	size_t i;

	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		device = getenv(names[i]);
		if (device && *device)
			return device;
	}
	return NULL;
}

/**
 * vmig_session_init - find the device, once a program
 * @chapter: name of the chapter
 * @device: what the command line says, or NULL for what the environment does
 *
 * Return: false if there is no device to test, after one sentence about it.
 */
bool vmig_session_init(const char *chapter, const char *device)
{
	char why[512];

	vmig_test_error_init();
	chapter_name = chapter;
	vmig_kernel_health_begin();
	shared = vmig_shared_alloc(sizeof(*shared));
	if (!device)
		device = device_of_environment();
	if (!device || !*device) {
		printf("1..0 # SKIP no device: set VMIG_DEVICE (or VFIO_SELFTESTS_BDF), or give --device, to a PCI address, "
		       "an mdev UUID or /dev/vfio/devices/vfioN\n");
		return false;
	}
	if (vmig_resolve(device, &first, why, sizeof(why))) {
		printf("1..0 # SKIP %s\n", why);
		return false;
	}
	find_helper(&second);
	find_helper(&other);
	find_helper(&target);
	if (other.found && strcmp(other.id.driver, first.driver)) {
		other.found = false;
		snprintf(other.why_not, sizeof(other.why_not),
			 "VMIG_DEVICE_OTHER is bound to %s, the device under test to %s",
			 other.id.driver, first.driver);
	}
	return true;
}

/**
 * vmig_first_device - the device under test
 *
 * Return: the device.
 */
const struct vmig_dev_id *vmig_first_device(void)
{
	return &first;
}

/**
 * vmig_second_device - another device of the same type
 * @why: why there is none, a reason to skip
 *
 * Return: the device, or NULL.
 */
const struct vmig_dev_id *vmig_second_device(const char **why)
{
	*why = second.why_not;
	return second.found ? &second.id : NULL;
}

/**
 * vmig_other_device - a device of another type of the same driver
 * @why: why there is none, a reason to skip
 *
 * Its streams are ones that the device under test must refuse (RES-12).
 *
 * Return: the device, or NULL.
 */
const struct vmig_dev_id *vmig_other_device(const char **why)
{
	*why = other.why_not;
	return other.found ? &other.id : NULL;
}

/**
 * vmig_p2p_target_device - a device whose memory the device under test may write to
 * @why: why there is none, a reason to skip
 *
 * Of any driver, such as vfio-pci, and with or without migration.
 *
 * Return: the device, or NULL.
 */
const struct vmig_dev_id *vmig_p2p_target_device(const char **why)
{
	*why = target.why_not;
	return target.found ? &target.id : NULL;
}

/**
 * vmig_hazards - may tests run that can hang or crash a kernel with a known bug?
 *
 * Return: true if VMIG_HAZARDS is set.
 */
bool vmig_hazards(void)
{
	return env_set("VMIG_HAZARDS");
}

static void lose(const char *what, int err)
{
	shared->lost = true;
	printf("Bail out! %s %s: %s; the run stops here. Remove and re-create the device, or reboot, "
	       "before the next run\n",
	       first.name, what, vmig_errno_name(err));
}

/**
 * vmig_session_abandon - the device is out of reach, and that was to be expected
 *
 * For the hazard chapter: nothing touches the device any more, the tests that follow
 * are skipped.
 */
void vmig_session_abandon(void)
{
	shared->lost = true;
	printf("# vmig: lost %s: remove and re-create it, or reboot, before the next run\n",
	       first.name);
}

static bool has_migration(struct vmig_device *dev)
{
	uint64_t flags;

	return !__vmig_get_migration(dev, &flags);
}

/* A device that offers no migration, for whatever reason, is in no state to settle. */
static int settle(struct vmig_device *dev)
{
	return has_migration(dev) ? __vmig_recover_running(dev) : 0;
}

static enum vmig_uapi any_way(void)
{
	const char *why;

	return vmig_uapi_available(&first, VMIG_UAPI_CDEV, &why) ? VMIG_UAPI_CDEV : VMIG_UAPI_GROUP;
}

/*
 * What the former test left behind, said in a block that the report counts with that test:
 * it has ended, and maybe not of its own will. True if no other test can be judged.
 */
static bool after_former(void)
{
	unsigned long taint;
	const char *what;
	bool gone;

	if (!shared->test[0])
		return false;
	taint = vmig_kernel_new_taint();
	gone = vmig_process_gone(&shared->process);
	if (gone)
		what = taint ? vmig_taint_name(taint) : NULL;
	else
		what = "its process is stuck in the kernel and cannot be killed";
	if (what) {
		shared->lost = true;
		printf("# vmig: lost before this test: %s\n", what);
		printf("# vmig: former %s\n", shared->test);
	}
	vmig_stuck_former(gone);
	if (!what)
		return false;
	vmig_report_kernel(what);
	vmig_process_explain(&shared->process);
	printf("# vmig: present\n");
	return true;
}

/*
 * Whoever gets the signal says so and then looks for the group, so that one of the two sees the
 * other.
 */
static void begin_group(void)
{
	shared->group = vmig_process_leader();
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	if (__atomic_load_n(&shared->ending, __ATOMIC_SEQ_CST))
		_exit(VMIG_EXIT_BROKEN);
}

/**
 * vmig_session_kill_test - end the test that runs, with all processes that it started
 *
 * For the program that got a signal to end. No other test begins.
 */
void vmig_session_kill_test(void)
{
	__atomic_store_n(&shared->ending, true, __ATOMIC_SEQ_CST);
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	vmig_process_kill_group(&shared->group);
}

/**
 * vmig_session_begin - open the device for a test, in RUNNING
 * @test: full name, fixture.variant.test
 * @uapi: uapi in
 * @migratable: the test needs a device with migration support
 * @skip: reason to skip, where the answer is NULL
 *
 * Return: the open device, or NULL with a reason to skip.
 */
struct vmig_device *vmig_session_begin(const char *test, enum vmig_uapi uapi, bool migratable,
				       const char **skip)
{
	const struct vmig_deviation *crashes =
		vmig_deviation_crashes(vmig_known_deviations(), test);
	struct vmig_device *dev;
	int ret;

	begin_group();
	snprintf(test_name, sizeof(test_name), "%s", test);
	*skip = "the device was lost in an earlier test";
	if (shared->lost)
		return NULL;
	*skip = "known to take the kernel down with this driver (crashes: in the profile);"
		" --no-known-deviations runs it";
	if (crashes)
		return NULL;
	*skip = "the kernel cannot be trusted since an earlier test";
	if (after_former())
		return NULL;
	vmig_verdict_begin(test);
	if (!vmig_uapi_available(&first, uapi, skip))
		return NULL;
	vmig_stuck_begin();
	vmig_stuck_need_open();
	mark("begin");
	snprintf(shared->test, sizeof(shared->test), "%s", test);
	shared->process = vmig_process_self();
	dev = vmig_open_soon(&first, uapi);
	/* A test that was killed may have left DMA logging on, should close not end it. */
	__vmig_log_stop(dev);
	ret = settle(dev);
	if (!ret && (!migratable || has_migration(dev)))
		return dev;
	*skip = "the device offers no migration";
	if (ret) {
		lose("cannot be brought to RUNNING before a test", ret);
		*skip = "the device cannot be brought to RUNNING";
	}
	vmig_close(dev);
	mark("end");
	return NULL;
}

/**
 * vmig_session_end - leave the device in RUNNING and judge the test
 * @dev: what vmig_session_begin() gave, or NULL if the test closed it itself
 *
 * Return: kselftest exit code of the test.
 */
int vmig_session_end(struct vmig_device *dev)
{
	int ret;

	if (shared->lost) {
		/* Even close() may wait for a lock whose holder died: leave it to exit. */
		mark("end");
		return vmig_verdict_end();
	}
	if (!dev)
		dev = vmig_open_soon(&first, any_way());
	ret = settle(dev);
	if (ret)
		lose("cannot be brought back to RUNNING after a test", ret);
	vmig_close(dev);
	mark("end");
	return vmig_verdict_end();
}

/**
 * vmig_session_rebind - unbind the device from its driver and bind it again
 * @dev: the device, opened anew
 *
 * For what a driver keeps as long as it is bound, such as that it has once seen a good stream.
 * Only where VMIG_REBIND=1 allows it, which the guest sets: on a host others may know the
 * device by what it was bound to. Elsewhere nothing happens.
 */
void vmig_session_rebind(struct vmig_device **dev)
{
	const char *allowed = getenv("VMIG_REBIND");
	enum vmig_uapi uapi = (*dev)->uapi;
	char path[512], bind[512];
	struct vmig_setting bound;

	if (!allowed || strcmp(allowed, "1"))
		return;
	vmig_close(*dev);
	*dev = NULL;
	snprintf(path, sizeof(path), "/sys/bus/%s/drivers/%s/unbind", first.bus, first.driver);
	snprintf(bind, sizeof(bind), "/sys/bus/%s/drivers/%s/bind", first.bus, first.driver);
	if (!vmig_setting_record(&bound, bind, first.name))
		vmig_test_error("%s cannot be written: %s", vmig_change_file(),
				vmig_errno_name(errno));
	if (!vmig_put_line(path, first.name))
		vmig_test_error("%s cannot be unbound from %s: %s", first.name, first.driver,
				vmig_errno_name(errno));
	if (!vmig_setting_back(&bound))
		vmig_test_error("%s cannot be bound to %s again: %s", first.name, first.driver,
				vmig_errno_name(errno));
	*dev = vmig_open_soon(&first, uapi);
}

/**
 * vmig_session_put_back - at the very end of a program, bring the device to RUNNING
 *
 * For the test that was killed in the middle and after which no other one came. In a process of its
 * own, as the call that it needs may be the one that does not come back.
 */
void vmig_session_put_back(void)
{
	struct vmig_device *dev;
	char why[256];
	int ret;

	if (shared->lost || after_former() || vmig_stuck_any() ||
	    vmig_open_any(&first, &dev, why, sizeof(why)))
		return;
	ret = settle(dev);
	if (ret)
		lose("cannot be brought back to RUNNING", ret);
	vmig_close(dev);
}
