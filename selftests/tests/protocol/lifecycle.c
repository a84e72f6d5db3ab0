// SPDX-License-Identifier: GPL-2.0-only
/*
 * OPEN: open, close and reopen, by users who leave in the middle of something. A VMM
 * that is killed while it saves gives the device to the next one, which assumes RUNNING
 * and never asks (QEMU, vfio_migration_init()).
 *
 * The first SET after a reopening that did not give RUNNING is in the hazard chapter: a
 * driver that keeps its state over close() has no session to go with it and may
 * dereference NULL.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/mman.h>

#include <linux/iommufd.h>

#include <vmig/info.h>
#include "guest_access.h"
#include "load_attempt.h"
#include "child.h"
#include "fixture_states.h"
#include "round_trip_check.h"
#include "fault_memory.h"
#include "session_check.h"
#include "thread.h"

VMIG_FIXTURE(lifecycle);
VMIG_VARIANT_COMPAT(lifecycle);
VMIG_FIXTURE_ANY(lifecycle_any, false);
VMIG_VARIANT_COMPAT(lifecycle_any);
VMIG_FIXTURE_STATES(lifecycle_from, VMIG_VARIANTS_NOT_RUNNING);
VMIG_FIXTURE_STATES(lifecycle_session, VMIG_VARIANTS_SESSIONS);
VMIG_VARIANTS_SESSIONS_COMPAT(lifecycle_session);

#define CHILD_TIMEOUT_MS 10000

/* Close all that belongs to an open device. */
static void leave(struct vmig_device **dev)
{
	vmig_close(*dev);
	*dev = NULL;
}

static void check_running(struct vmig_device *dev, const char *did)
{
	uint32_t state = vmig_get_state(dev);

	CHECK(OPEN_01, state == VFIO_DEVICE_STATE_RUNNING, vmig_fmt("GET after %s", did),
	      "state RUNNING", "state %s", vmig_state_name(state));
}

TEST_F(lifecycle, fresh_device_is_running)
{
	CLAUSES(OPEN_01);
	leave(&self->dev);
	self->dev = vmig_open_soon(vmig_first_device(), variant->uapi);
	check_running(self->dev, "close in RUNNING and open");
}

/*
 * Every PCI driver sets RUNNING in open_device(), and consumers build on it. The state
 * that a user left the device in is nothing to the next user.
 */
TEST_F(lifecycle_from, reopened_device_is_running)
{
	int fd;

	CLAUSES(OPEN_01);
	NEED_STATE(variant->state);
	fd = vmig_goto_state(self->dev, variant->state);
	leave(&self->dev);
	self->dev = vmig_open_soon(vmig_first_device(), variant->uapi);
	check_running(self->dev, vmig_fmt("close in %s and open", vmig_state_name(variant->state)));
	vmig_close_data_fd(fd);
}

/*
 * "Before close_device() returns" (L:195): hisi_acc left the file alone, which could
 * then be written to while the device was not open (db6525a85739).
 */
TEST_F(lifecycle_session, ends_at_last_close)
{
	int fd;

	CLAUSES(OPEN_02);
	NEED_STATE(variant->state);
	fd = vmig_goto_state(self->dev, variant->state);
	vmig_close_fd(self->dev);
	vmig_check_dead_fd(OPEN_02, fd, variant->state == VFIO_DEVICE_STATE_RESUMING,
			   vmig_fmt("close of the device in %s", vmig_state_name(variant->state)));
	leave(&self->dev);
	self->dev = vmig_open_soon(vmig_first_device(), variant->uapi);
	vmig_check_dead_fd(
		OPEN_02, fd, variant->state == VFIO_DEVICE_STATE_RESUMING,
		vmig_fmt("close of the device in %s and open", vmig_state_name(variant->state)));
	close(fd);
}

/**
 * struct heir - a process that has an open device by fork()
 * @dev: the device
 * @control: what its sessions must give and take
 * @state: which it is in
 * @data_fd: its session
 * @go: pipe that ends when the parent has closed its fds of the device
 */
struct heir {
	struct vmig_device *dev;
	const struct vmig_reference *control;
	uint32_t state;
	int data_fd;
	int go[2];
};

static void wait_for_end(int fd)
{
	char c;

	if (read(fd, &c, 1))
		vmig_test_error("read() of a pipe failed: %s", vmig_errno_name(errno));
}

static void use_inherited(void *arg)
{
	struct heir *h = arg;
	uint32_t state;

	close(h->go[1]);
	wait_for_end(h->go[0]);
	state = vmig_get_state(h->dev);
	if (CHECK(OPEN_02, state == h->state, "GET through a copy of the device fd that is left",
		  vmig_fmt("state %s", vmig_state_name(h->state)), "state %s",
		  vmig_state_name(state)))
		vmig_check_session(OPEN_02, h->dev, h->data_fd, h->control,
				   vmig_fmt("%s, all copies of the device fd closed but one",
					    vmig_state_name(h->state)));
}

/* Only the last close ends a session, not the first: QEMU's helpers inherit its fds. */
VMIG_TEST_TIMEOUT(lifecycle_session, outlives_other_closes, 60)
{
	struct vmig_reference control;
	enum vmig_child_end end;
	struct heir heir;
	struct vmig_fault fault;
	pid_t pid;

	CLAUSES(OPEN_02);
	NEED_STATE(variant->state);
	vmig_reference_save_quick(self->dev, &control);
	fault = vmig_verify_session(self->dev, vmig_goto_state(self->dev, variant->state),
				    &control);
	if (fault.found)
		vmig_test_error("a session does not even work with the device fd open: %s",
				fault.why);
	heir.dev = self->dev;
	heir.control = &control;
	heir.state = variant->state;
	heir.data_fd = vmig_goto_state(self->dev, variant->state);
	if (pipe(heir.go))
		vmig_test_error("pipe() failed: %s", vmig_errno_name(errno));
	pid = vmig_child_start(use_inherited, &heir);
	leave(&self->dev);
	close(heir.go[0]);
	close(heir.go[1]);
	end = vmig_child_wait(pid, 4 * CHILD_TIMEOUT_MS);
	if (end != VMIG_CHILD_DONE)
		vmig_test_error("the process that inherited the device: %s", vmig_child_name(end));
	close(heir.data_fd);
	vmig_stream_free(&control.stream);
	self->dev = vmig_open_soon(vmig_first_device(), variant->uapi);
}

/* Before the tests that go on from here, as a crash takes the device with it. */
static void first_set(void *arg)
{
	struct vmig_device *dev = arg;

	CHECK_OK(OPEN_04, __vmig_set_state(dev, VFIO_DEVICE_STATE_STOP, NULL),
		 "first SET(STOP) after opening a device that is in RUNNING");
}

TEST_F(lifecycle_from, first_set_after_reopening)
{
	enum vmig_child_end end;
	uint32_t state;
	int fd;

	CLAUSES(OPEN_04);
	NEED_STATE(variant->state);
	fd = vmig_goto_state(self->dev, variant->state);
	leave(&self->dev);
	self->dev = vmig_open_soon(vmig_first_device(), variant->uapi);
	vmig_close_data_fd(fd);
	state = vmig_get_state(self->dev);
	NEED(state == VFIO_DEVICE_STATE_RUNNING,
	     "the device kept %s over close and open (OPEN-01), from where a SET may crash the kernel: see the hazard chapter",
	     vmig_state_name(state));
	end = vmig_child_run(first_set, self->dev, CHILD_TIMEOUT_MS);
	vmig_judge_child(OPEN_04, end,
			 vmig_fmt("first SET(STOP) after close in %s and open",
				  vmig_state_name(variant->state)));
}

/*
 * What a user leaves behind harms the next one: a counter, a buffer, a flag that says
 * "validated". A state that was kept is OPEN-01's and is reset first.
 */
TEST_F(lifecycle_from, migration_works_after_reopening)
{
	const char *why;
	int fd;

	CLAUSES(OPEN_03);
	NEED_STATE(variant->state);
	vmig_require_round_trip(self->dev);
	fd = vmig_goto_state(self->dev, variant->state);
	leave(&self->dev);
	self->dev = vmig_open_soon(vmig_first_device(), variant->uapi);
	vmig_recover_running(self->dev);
	why = vmig_round_trip(self->dev);
	CHECK(OPEN_03, !why,
	      vmig_fmt("save and load after close in %s and open", vmig_state_name(variant->state)),
	      "all of it works", "%s", why);
	vmig_close_data_fd(fd);
}

/* Ways to spoil a good stream that a driver may notice. */
static void spoil(struct vmig_stream *s, const struct vmig_stream *good, unsigned int way)
{
	vmig_stream_copy(s, good);
	switch (way) {
	case 0:
		s->len = 0;
		break;
	case 1:
		s->data[0] ^= 0xff;
		break;
	default:
		s->len = good->len / 2;
	}
}

/* Half a stream comes last, as its good half may be all that a driver validates. */
static const char *const spoils[] = { "an empty stream", "a stream with its first byte changed",
				      "half a stream" };

/*
 * Only what this device refused before a good load can be asked for after it: which
 * streams a driver must refuse is the resume chapter's. hisi_acc took one good match
 * for all streams to come, over close and open (8c6ac1730a97).
 */
TEST_F(lifecycle, validation_is_not_inherited)
{
	struct vmig_stream good = {}, bad = {};
	bool refused[ARRAY_SIZE(spoils)];
	struct vmig_attempt a;
	unsigned int i;

	CLAUSES(OPEN_03);
	/* A load that is refused leaves no other way out of RESUMING (H:1102). */
	NEED_RESET;
	vmig_save(self->dev, &good);
	NEED(good.len, "a save gives no bytes that could be spoiled");
	/* No good load comes in between, lest one of this test spoils its control. */
	for (i = 0; i < ARRAY_SIZE(spoils); i++) {
		spoil(&bad, &good, i);
		a = vmig_load_unchecked(self->dev, bad.data, bad.len, VMIG_ONE_WRITE,
					VFIO_DEVICE_STATE_STOP);
		refused[i] = vmig_damage_noticed(&a);
		vmig_leave_attempt(self->dev);
	}
	for (i = 0; i < ARRAY_SIZE(spoils); i++) {
		if (!refused[i])
			continue;
		vmig_restore_state(self->dev, &good);
		leave(&self->dev);
		self->dev = vmig_open_soon(vmig_first_device(), variant->uapi);
		vmig_recover_running(self->dev);
		spoil(&bad, &good, i);
		a = vmig_load_unchecked(self->dev, bad.data, bad.len, VMIG_ONE_WRITE,
					VFIO_DEVICE_STATE_STOP);
		CHECK(OPEN_03, vmig_load_rejected(&a),
		      vmig_fmt("load of %s after a good load, close and open", spoils[i]),
		      "write() or SET(STOP) fails, as it did before", "both succeed");
		vmig_restore_state(self->dev, &good);
	}
	vmig_stream_free(&good);
	vmig_stream_free(&bad);
}

/*
 * mtty did not take its interrupts down at close, so that the next user's went to the
 * last user's eventfd (293fbc288181). The loopback of SET_IRQS makes one fire.
 */
TEST_F(lifecycle_any, interrupts_are_released_by_close)
{
	struct vfio_device_info info;
	struct vfio_irq_info irq;
	int old, new;
	uint32_t i;

	CLAUSES(OPEN_03);
	vmig_device_info(self->dev, &info);
	for (i = 0; i < info.num_irqs; i++) {
		if (__vmig_irq_info(self->dev, i, &irq) || !irq.count ||
		    !(irq.flags & VFIO_IRQ_INFO_EVENTFD))
			continue;
		old = vmig_eventfd();
		new = vmig_eventfd();
		if (!__vmig_irq_enable(self->dev, i, old)) {
			leave(&self->dev);
			self->dev = vmig_open_soon(vmig_first_device(), variant->uapi);
			vmig_device_info(self->dev, &info);
			__vmig_irq_trigger(self->dev, i);
			CHECK(OPEN_03, !vmig_eventfd_fired(old),
			      vmig_fmt("trigger of interrupt %u after close and open", i),
			      "the last user's eventfd is silent", "it was signalled");
			CHECK_OK(OPEN_03, __vmig_irq_enable(self->dev, i, new),
				 vmig_fmt("enabling interrupt %u after close and open", i));
			__vmig_irq_trigger(self->dev, i);
			CHECK(OPEN_03, !vmig_eventfd_fired(old),
			      vmig_fmt("trigger of interrupt %u that the new user enabled", i),
			      "the last user's eventfd is silent", "it was signalled");
			__vmig_irq_disable(self->dev, i);
		}
		close(old);
		close(new);
	}
}

/* The cdev has no secure way for a second opener (vfio_df_open()). */
TEST_F(lifecycle_any, second_bind_is_refused)
{
	struct vfio_device_info info;
	uint32_t devid;
	int fd;

	CLAUSES(OPEN_05);
	NEED(variant->uapi == VMIG_UAPI_CDEV, "only the cdev is bound");
	CHECK_ERRNO(OPEN_05, __vmig_cdev_bind(self->dev->fd, self->dev->iommufd, &devid), EINVAL,
		    "VFIO_DEVICE_BIND_IOMMUFD of an fd that is bound");
	fd = open(self->dev->id.cdev, O_RDWR | O_CLOEXEC);
	if (fd < 0)
		vmig_test_error("a second open() of the cdev failed: %s", vmig_errno_name(errno));
	CHECK_ERRNO(OPEN_05, __vmig_cdev_bind(fd, self->dev->iommufd, &devid), EINVAL,
		    "VFIO_DEVICE_BIND_IOMMUFD of a second fd");
	close(fd);
	CHECK_OK(OPEN_05, __vmig_device_info(self->dev, &info),
		 "VFIO_DEVICE_GET_INFO through the first fd after it");
}

/* The header of the build may have a token behind it, which is optional. */
#define BIND_ARGSZ_MIN 16

/* What may be wrong with a BIND; the answer is written when the device is open already. */
static const char *const kinds[] = { "argsz", "flags", "no iommufd", "another file", "the answer" };

/* Returns whether it was refused; how is not this test's business. */
static bool bind_badly(struct vmig_device *dev, const char *kind)
{
	struct vfio_device_bind_iommufd bind = { .argsz = sizeof(bind), .iommufd = dev->iommufd };
	struct vfio_device_bind_iommufd *at;

	if (kind == kinds[0])
		bind.argsz = BIND_ARGSZ_MIN - 1;
	else if (kind == kinds[1])
		bind.flags = 1U << 31;
	else if (kind == kinds[2])
		bind.iommufd = -1;
	else if (kind == kinds[3])
		bind.iommufd = dev->fd;
	at = vmig_before_hole(&bind, sizeof(bind));
	vmig_protect(at, PROT_READ);
	return ioctl(dev->fd, VFIO_DEVICE_BIND_IOMMUFD, at) < 0;
}

/*
 * A BIND that fails, before the device is opened or after it when the answer cannot be
 * written, must count one open and one close: the count once went wrong, and with it
 * when close_device() is called (b25e271b3779, 982ddd59ed97).
 */
TEST_F(lifecycle_any, failed_bind_is_undone)
{
	struct vmig_device *dev = self->dev;
	unsigned int i;

	CLAUSES(ROB_04);
	NEED(variant->uapi == VMIG_UAPI_CDEV, "only the cdev is bound");
	for (i = 0; i < ARRAY_SIZE(kinds); i++) {
		vmig_close_fd(dev);
		dev->fd = open(dev->id.cdev, O_RDWR | O_CLOEXEC);
		if (dev->fd < 0)
			vmig_test_error("open() of the cdev failed: %s", vmig_errno_name(errno));
		if (bind_badly(dev, kinds[i]))
			CHECK_OK(ROB_04, __vmig_cdev_bind(dev->fd, dev->iommufd, &dev->devid),
				 vmig_fmt("BIND_IOMMUFD after one that was refused for %s",
					  kinds[i]));
	}
	/* The device is not attached any more, and other fds would not help. */
	leave(&self->dev);
	self->dev = vmig_open_soon(vmig_first_device(), variant->uapi);
}

/* No object of an iommufd: it counts them up from 1. */
#define NO_IOAS (1U << 30)

/* Returns whether it was refused; the device is bound, and not attached, if so. */
static bool attach_badly(struct vmig_device *dev)
{
	struct vfio_device_attach_iommufd_pt attach = {
		.argsz = sizeof(attach),
		.pt_id = NO_IOAS,
	};

	dev->fd = open(dev->id.cdev, O_RDWR | O_CLOEXEC);
	if (dev->fd < 0)
		vmig_test_error("open() of the cdev failed: %s", vmig_errno_name(errno));
	CHECK_OK(ROB_04, __vmig_cdev_bind(dev->fd, dev->iommufd, &dev->devid),
		 "BIND_IOMMUFD after close");
	return ioctl(dev->fd, VFIO_DEVICE_ATTACH_IOMMUFD_PT, &attach) < 0;
}

static int attach_well(struct vmig_device *dev)
{
	struct vfio_device_attach_iommufd_pt attach = {
		.argsz = sizeof(attach),
		.pt_id = dev->ioas,
	};

	return ioctl(dev->fd, VFIO_DEVICE_ATTACH_IOMMUFD_PT, &attach) ? -errno : 0;
}

/* Which IOAS the device of a group is attached to when it is opened. */
static void set_ioas(struct vmig_device *dev, uint16_t op)
{
	struct iommu_vfio_ioas ioas = { .size = sizeof(ioas), .ioas_id = dev->ioas, .op = op };

	if (ioctl(dev->container, IOMMU_VFIO_IOAS, &ioas))
		vmig_test_error("IOMMU_VFIO_IOAS of op %u failed: %s", op, vmig_errno_name(errno));
}

static bool open_without_ioas(struct vmig_device *dev)
{
	set_ioas(dev, IOMMU_VFIO_IOAS_CLEAR);
	dev->fd = __vmig_open_again(dev);
	set_ioas(dev, IOMMU_VFIO_IOAS_SET);
	return dev->fd < 0;
}

static int open_with_ioas(struct vmig_device *dev)
{
	dev->fd = __vmig_open_again(dev);
	return dev->fd < 0 ? dev->fd : 0;
}

/*
 * An ATTACH that fails. That of a group in an iommufd is part of its open: the core opens the
 * device, cannot attach it, and closes it again (vfio_df_group_open()).
 */
TEST_F(lifecycle_any, failed_attach_is_undone)
{
	bool cdev = variant->uapi == VMIG_UAPI_CDEV, refused;
	struct vmig_device *dev = self->dev;
	struct vfio_device_info info;
	int ret;

	CLAUSES(ROB_04);
	NEED(variant->uapi != VMIG_UAPI_GROUP,
	     "a type1 container has its address space before a device is opened");
	vmig_close_fd(dev);
	refused = cdev ? attach_badly(dev) : open_without_ioas(dev);
	if (refused) {
		ret = cdev ? attach_well(dev) : open_with_ioas(dev);
		if (CHECK_OK(ROB_04, ret, "ATTACH to an IOAS after one that was refused"))
			CHECK_OK(ROB_04, __vmig_device_info(dev, &info),
				 "VFIO_DEVICE_GET_INFO after it");
	}
	leave(&self->dev);
	self->dev = vmig_open_soon(vmig_first_device(), variant->uapi);
	NEED(refused, "the kernel attaches a device to no IOAS");
}

static void open_and_close(void *arg)
{
	const enum vmig_uapi *uapi = arg;
	int i;

	for (i = 0; i < 10; i++)
		vmig_close(vmig_open_soon(vmig_first_device(), *uapi));
}

/* What open and close use must be there without migration too (1b81ed612e12). */
TEST_F(lifecycle_any, open_and_close_do_not_crash)
{
	enum vmig_uapi uapi = variant->uapi;
	struct vfio_device_info info;
	enum vmig_child_end end;

	CLAUSES(ROB_01);
	leave(&self->dev);
	end = vmig_child_run(open_and_close, &uapi, CHILD_TIMEOUT_MS);
	if (vmig_judge_child(ROB_01, end, "open and close ten times")) {
		self->dev = vmig_open_soon(vmig_first_device(), variant->uapi);
		CHECK_OK(ROB_01, __vmig_device_info(self->dev, &info),
			 "VFIO_DEVICE_GET_INFO after it");
	}
}

/**
 * struct holder - a process that has the device and uses it, to be killed
 * @dev: the device
 * @data_fd: its session, -1 without one
 * @resuming: bytes go into it
 * @nowhere: memory that cannot be accessed
 * @ready: pipe that says that all threads run
 */
struct holder {
	struct vmig_device *dev;
	int data_fd;
	bool resuming;
	void *nowhere;
	int ready[2];
};

/*
 * Calls that fault as late as the copy, so that they go through the driver's locks and
 * leave the session as full, or as empty, as it was.
 */
static void *use_session(void *arg)
{
	struct holder *h = arg;

	for (;;)
		if ((h->resuming ? write(h->data_fd, h->nowhere, 1)
				 : read(h->data_fd, h->nowhere, 1)) < 0)
			sched_yield();
	return NULL;
}

static void *use_device(void *arg)
{
	struct holder *h = arg;
	uint32_t state;

	for (;;)
		__vmig_get_state(h->dev, &state);
	return NULL;
}

static void hold(void *arg)
{
	struct holder *h = arg;
	pthread_t thread;

	h->nowhere = vmig_before_hole(NULL, 1);
	vmig_protect(h->nowhere, PROT_NONE);
	vmig_thread_start(&thread, use_device, h);
	if (h->data_fd >= 0)
		vmig_thread_start(&thread, use_session, h);
	if (write(h->ready[1], "", 1) != 1)
		vmig_test_error("write() to a pipe failed: %s", vmig_errno_name(errno));
	for (;;)
		pause();
}

static pid_t start_holder(struct holder *h)
{
	pid_t pid;
	char c;

	if (pipe(h->ready))
		vmig_test_error("pipe() failed: %s", vmig_errno_name(errno));
	pid = vmig_child_start(hold, h);
	close(h->ready[1]);
	if (read(h->ready[0], &c, 1) != 1)
		vmig_test_error("the process that is to hold the device did not start");
	close(h->ready[0]);
	return pid;
}

/*
 * SIGKILL is how a VMM ends that the host has no memory for, with its threads in the
 * middle of their calls. It must come to what close() comes to, whatever that is here.
 */
TEST_F(lifecycle_from, killed_holder_equals_close)
{
	struct holder holder = { .resuming = variant->state == VFIO_DEVICE_STATE_RESUMING };
	const char *name = vmig_state_name(variant->state), *why;
	uint32_t closed, killed;
	pid_t pid;
	int ret;

	CLAUSES(OPEN_06);
	NEED_STATE(variant->state);
	vmig_require_round_trip(self->dev);
	holder.data_fd = vmig_goto_state(self->dev, variant->state);
	leave(&self->dev);
	vmig_close_data_fd(holder.data_fd);
	self->dev = vmig_open_soon(vmig_first_device(), variant->uapi);
	closed = vmig_get_state(self->dev);
	vmig_recover_running(self->dev);

	holder.data_fd = vmig_goto_state(self->dev, variant->state);
	holder.dev = self->dev;
	pid = start_holder(&holder);
	leave(&self->dev);
	if (vmig_child_kill(pid) == VMIG_CHILD_STUCK) {
		vmig_judge_child(OPEN_06, VMIG_CHILD_STUCK,
				 vmig_fmt("SIGKILL of the holder in %s", name));
		return;
	}
	ret = __vmig_open_soon(vmig_first_device(), variant->uapi, &self->dev);
	if (CHECK_OK(OPEN_06, ret, vmig_fmt("open after SIGKILL of the holder in %s", name))) {
		if (holder.data_fd >= 0)
			vmig_check_dead_fd(OPEN_06, holder.data_fd, holder.resuming,
					   vmig_fmt("SIGKILL of the holder in %s", name));
		killed = vmig_get_state(self->dev);
		CHECK(OPEN_06, killed == closed,
		      vmig_fmt("GET after SIGKILL of the holder in %s and open", name),
		      vmig_fmt("state %s, as after close", vmig_state_name(closed)), "state %s",
		      vmig_state_name(killed));
		vmig_recover_running(self->dev);
		why = vmig_round_trip(self->dev);
		CHECK(OPEN_06, !why,
		      vmig_fmt("save and load after SIGKILL of the holder in %s", name),
		      "all of it works", "%s", why);
	}
	vmig_close_data_fd(holder.data_fd);
}

VMIG_MAIN("lifecycle")
