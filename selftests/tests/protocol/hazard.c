// SPDX-License-Identifier: GPL-2.0-only
/*
 * Hazards: requests that are within the specification and take a kernel with a known
 * bug down, or the device out of reach until the next boot.
 *
 * They run last, alone, after all else is on disk; on hardware only with --hazards
 * (VMIG_HAZARDS=1). Each request is made by a child process that is watched. Where the
 * kernel oopses under a driver's lock the device is lost: that is said, the tests that
 * follow are skipped, and the results before it remain valid.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <linux/capability.h>

#include <vmig/dma_logging.h>
#include <vmig/host_change.h>
#include <vmig/info.h>
#include <vmig/region.h>
#include <vmig/shared.h>
#include "load_attempt.h"
#include "risky_call.h"
#include "second_device.h"
#include "fault_memory.h"
#include "kernel_health.h"
#include "region_map.h"
#include "fixture_exercise.h"
#include "thread.h"

#define NEED_HAZARDS() NEED(vmig_hazards(), "a hazard: --hazards or VMIG_HAZARDS=1 lets it run")

#define HAZARD_FIXTURE(fixture, ...)                                                               \
	VMIG_FIXTURE_FULL(fixture, VMIG_NO_DATA, NEED_HAZARDS();                                   \
			  VMIG_SETUP(true), VMIG_TEARDOWN(), __VA_ARGS__)

/* The two sessions that every device has. */
#define ADD_SESSIONS(fixture)                                                                      \
	VMIG_VARIANTS_STATE(fixture, STOP_COPY);                                                   \
	VMIG_VARIANTS_STATE(fixture, RESUMING)

/* Named fsm, as these are the two cells that the fsm chapter leaves to this one. */
HAZARD_FIXTURE(fsm, uint32_t to;);

VMIG_VARIANT(fsm, cdev_STOP_COPY_to_PRE_COPY, .uapi = VMIG_UAPI_CDEV,
	     .to = VFIO_DEVICE_STATE_PRE_COPY);
VMIG_VARIANT(fsm, cdev_STOP_COPY_to_PRE_COPY_P2P, .uapi = VMIG_UAPI_CDEV,
	     .to = VFIO_DEVICE_STATE_PRE_COPY_P2P);
VMIG_VARIANT(fsm, group_STOP_COPY_to_PRE_COPY, .uapi = VMIG_UAPI_GROUP,
	     .to = VFIO_DEVICE_STATE_PRE_COPY);
VMIG_VARIANT(fsm, group_STOP_COPY_to_PRE_COPY_P2P, .uapi = VMIG_UAPI_GROUP,
	     .to = VFIO_DEVICE_STATE_PRE_COPY_P2P);

/*
 * "Not permitted and return error" (H:1163). From v6.2 up to a26b499b757c (v7.2, 6.12.96)
 * vfio_mig_get_next_state() loops for ever on it, with the driver's state mutex held.
 */
TEST_F(fsm, blocked)
{
	struct vmig_stream s = {};
	struct vmig_risky_call call;
	uint32_t state;
	const char *did;
	int fd, ret;

	CLAUSES(FSM_03, FSM_02, ST_16);
	NEED_STATE(variant->to);
	fd = vmig_goto_state(self->dev, VFIO_DEVICE_STATE_STOP_COPY);
	did = vmig_fmt("SET(%s) from STOP_COPY", vmig_state_name(variant->to));
	call = vmig_set_state_in_child(self->dev, variant->to);
	CHECK(FSM_03, call.end == VMIG_CHILD_DONE, did, "an error, and that the call returns", "%s",
	      vmig_child_name(call.end));
	if (!call.survived)
		return;
	CHECK_FAILS(FSM_03, call.ret, did);
	state = vmig_get_state(self->dev);
	CHECK(FSM_02, state == VFIO_DEVICE_STATE_STOP_COPY || state == VFIO_DEVICE_STATE_ERROR,
	      vmig_fmt("GET after %s", did), "state STOP_COPY, or ERROR", "state %s",
	      vmig_state_name(state));
	if (!CHECK(ST_16, state != VFIO_DEVICE_STATE_ERROR, vmig_fmt("GET after %s", did),
		   "state STOP_COPY", "state ERROR")) {
		close(fd);
		return;
	}
	ret = __vmig_stream_read(fd, &s, &vmig_default_chunks);
	CHECK(FSM_02, !ret && s.len, vmig_fmt("%s, then read() of the data_fd to its end", did),
	      "the stream", "%zu bytes, then %s", s.len, vmig_stream_end(ret));
	vmig_stream_free(&s);
	close(fd);
}

HAZARD_FIXTURE(files, uint32_t state;);

ADD_SESSIONS(files);

/* The most files that the system may have open; who is CAP_SYS_ADMIN may have more. */
#define FILE_MAX "/proc/sys/fs/file-max"

/* A SET made by a child; shared, as the child may die in the call. */
struct fileless_set {
	struct vmig_device *dev;
	uint32_t to;
	int ret;
};

static void set_without_a_file(void *arg)
{
	struct __user_cap_header_struct head = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3] = {};
	struct fileless_set *call = arg;

	if (syscall(SYS_capset, &head, data))
		vmig_test_error("capset: %s", vmig_errno_name(errno));
	call->ret = __vmig_set_state(call->dev, call->to, NULL);
}

/* No file for a session is to be had (2d12d18f14d9, pds): an error, and a device that works. */
TEST_F(files, none_left)
{
	unsigned long taint = vmig_kernel_taint();
	struct fileless_set *call;
	enum vmig_child_end end;
	struct vmig_setting max;
	const char *did;
	int fd;

	CLAUSES(ROB_01, ROB_04);
	/* It concerns the whole system, so not on a host in use. */
	NEED(strstr(self->dev->id.sysfs, "/vfio_mig_fw/"), "done on simulated firmware alone");
	call = vmig_shared_alloc(sizeof(*call));
	call->dev = self->dev;
	call->to = variant->state;
	NEED(vmig_setting_change(&max, FILE_MAX, "1"), FILE_MAX " cannot be written");
	end = vmig_child_run(set_without_a_file, call, VMIG_RISKY_CALL_MS);
	vmig_setting_back(&max);
	did = vmig_fmt(
		"SET(%s) by a user with no privilege, while the system may open no file more",
		vmig_state_name(variant->state));
	CHECK(ROB_01, end == VMIG_CHILD_DONE && vmig_kernel_taint() == taint, did,
	      "an answer, and nothing in the kernel log", "%s", vmig_child_name(end));
	if (!vmig_survived(end, taint))
		return;
	vmig_note(ROB_04, "%s: %s", did, vmig_errno_name(call->ret));
	CHECK_OK(ROB_04, __vmig_recover_running(self->dev),
		 vmig_fmt("SET(RUNNING) or RESET after %s", did));
	fd = vmig_goto_state(self->dev, variant->state);
	CHECK(ROB_04, fd >= 0, vmig_fmt("SET(%s) afterwards", vmig_state_name(variant->state)),
	      "a session", "none");
	close(fd);
}

VMIG_FIXTURE_FULL(far, VMIG_NO_DATA, NEED_HAZARDS();
		  VMIG_SETUP(false), VMIG_TEARDOWN(), VMIG_NO_DATA);
VMIG_VARIANTS_UAPIS(far);

/* What a child read far behind the regions; shared, as it may die in the call. */
struct far_reads {
	struct vmig_device *dev;
	uint64_t got;
};

static void read_far(void *arg)
{
	struct far_reads *reads = arg;
	struct vfio_device_info dev_info;
	struct vfio_region_info *info;
	uint32_t i, shift, word;
	uint64_t at;

	vmig_device_info(reads->dev, &dev_info);
	vmig_for_each_region(reads->dev, &dev_info, i, info) {
		for (shift = 20; info->size && shift < 40; shift++) {
			at = info->offset + info->size + (1ULL << shift);
			if (vmig_place_is_free(reads->dev, at) &&
			    pread(reads->dev->fd, &word, sizeof(word), (off_t)at) > 0)
				reads->got = at;
		}
	}
}

/* A driver that does not compare an offset with its region reads the kernel's memory. */
TEST_F(far, offsets)
{
	const char *did = "reads of 4 bytes, up to 2^39 behind the end of each region";
	unsigned long taint = vmig_kernel_taint();
	struct far_reads *reads;
	enum vmig_child_end end;

	CLAUSES(ROB_01);
	reads = vmig_shared_alloc(sizeof(*reads));
	reads->dev = self->dev;
	end = vmig_child_run(read_far, reads, VMIG_RISKY_CALL_MS);
	CHECK(ROB_01, end == VMIG_CHILD_DONE && vmig_kernel_taint() == taint, did,
	      "errors, and nothing in the kernel log", "%s", vmig_child_name(end));
	if (vmig_survived(end, taint))
		CHECK(ROB_01, !reads->got, did, "errors, or 0 bytes", "bytes at %#llx",
		      (unsigned long long)reads->got);
}

HAZARD_FIXTURE(logging);
VMIG_VARIANTS_UAPIS(logging);

static void odd_starts(void *arg)
{
	static const uint64_t sizes[] = { 0, 1, 3, 5000, 4096 };
	struct vfio_device_feature_dma_logging_range empty = {};
	uint64_t page_size;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		page_size = sizes[i];
		if (!__vmig_log_start(arg, &page_size, &empty, 1))
			__vmig_log_stop(arg);
	}
}

static void odd_reports(void *arg)
{
	struct vfio_device_feature_dma_logging_range range = { .length = 1 << 20 };
	uint64_t page_size = 4096, bitmap[8] = {};
	int shift;

	if (__vmig_log_start(arg, &page_size, &range, 1))
		return;
	__vmig_log_report(arg, 0, 0, 4096, bitmap);
	for (shift = 31; shift < 64; shift++) {
		__vmig_log_report(arg, 0, 1ULL << shift, 1ULL << shift, bitmap);
		__vmig_log_report(arg, 0, 1 << 20, 1ULL << shift, bitmap);
	}
	__vmig_log_stop(arg);
}

static void check_odd(struct vmig_device *dev, void (*call)(void *), const char *did)
{
	unsigned long taint = vmig_kernel_taint();
	enum vmig_child_end end = vmig_child_run(call, dev, VMIG_RISKY_CALL_MS);

	vmig_note(LOG_25, "%s: %s", did, vmig_child_name(end));
	CHECK(ROB_01, vmig_survived(end, taint), did,
	      "calls that return, and nothing in the kernel log", "%s", vmig_child_name(end));
}

/* The core lets page_size 0 and empty ranges through to the driver, which may divide by it. */
TEST_F(logging, odd_start)
{
	CLAUSES(LOG_25, ROB_01);
	NEED(!__vmig_probe(self->dev, VFIO_DEVICE_FEATURE_DMA_LOGGING_START, 0),
	     "the device offers no DMA logging");
	check_odd(self->dev, odd_starts, "START with an empty range and page sizes 0, 1, 3, 5000");
}

/* Shifts of a large page_size overflowed (e24c15510592), a division by 2^64 = 0 (cb30dfa75d55). */
TEST_F(logging, odd_report)
{
	CLAUSES(LOG_25, ROB_01);
	NEED(!__vmig_probe(self->dev, VFIO_DEVICE_FEATURE_DMA_LOGGING_START, 0),
	     "the device offers no DMA logging");
	check_odd(self->dev, odd_reports, "REPORT of length 0 and with page sizes 2^31 to 2^63");
}

HAZARD_FIXTURE(reopen, uint32_t state;);

/* RESUMING last: there a driver that kept the state has a session to lose. */
VMIG_VARIANTS_STATE(reopen, STOP);
VMIG_VARIANTS_STATE(reopen, RUNNING_P2P);
VMIG_VARIANTS_STATE(reopen, PRE_COPY);
VMIG_VARIANTS_STATE(reopen, PRE_COPY_P2P);
VMIG_VARIANTS_STATE(reopen, STOP_COPY);
VMIG_VARIANTS_STATE(reopen, RESUMING);

/*
 * The first SET of a new user, whatever state the last one closed the device in. Close
 * ends the session (FD-09), so a driver that keeps the state has one without a session.
 */
TEST_F(reopen, first_set)
{
	static const uint32_t targets[] = { VFIO_DEVICE_STATE_STOP, VFIO_DEVICE_STATE_RUNNING };
	struct vmig_dev_id id = self->dev->id;
	unsigned long taint = vmig_kernel_taint();
	struct vmig_risky_call call;
	unsigned int i;
	const char *did;

	CLAUSES(OPEN_04, ROB_01);
	NEED_STATE(variant->state);
	for (i = 0; i < ARRAY_SIZE(targets); i++) {
		vmig_goto_state(self->dev, variant->state);
		vmig_close(self->dev);
		self->dev = vmig_open(&id, variant->uapi);
		did = vmig_fmt("close in %s, open, SET(%s)", vmig_state_name(variant->state),
			       vmig_state_name(targets[i]));
		call = vmig_set_state_in_child(self->dev, targets[i]);
		CHECK(OPEN_04, call.end == VMIG_CHILD_DONE, did, "an answer", "%s",
		      vmig_child_name(call.end));
		CHECK(ROB_01, vmig_kernel_taint() == taint, did, "nothing in the kernel log",
		      "a WARN or an oops");
		if (!call.survived)
			return;
		if (__vmig_recover_running(self->dev))
			vmig_test_error("the device cannot be brought back to RUNNING");
	}
}

HAZARD_FIXTURE(closing);
VMIG_VARIANTS_UAPIS(closing);

/* How often a close meets a writer; one in five does where the writer is not waited for. */
#define CLOSINGS 20

struct closing {
	struct vmig_dev_id id;
	enum vmig_uapi uapi;
	struct vmig_stream good;
	int fd;
	atomic_bool stop;
};

/* Nothing is written any more, but a driver that looks at what it has does so each time. */
static void *write_nothing(void *arg)
{
	struct closing *c = arg;
	ssize_t n;

	while (!atomic_load(&c->stop))
		n = write(c->fd, c->good.data, 0);
	(void)n;
	return NULL;
}

static void close_under_a_writer(void *arg)
{
	struct closing *c = arg;
	struct vmig_device *dev;
	pthread_t thread;
	unsigned int i;

	for (i = 0; i < CLOSINGS; i++) {
		dev = vmig_open(&c->id, c->uapi);
		c->fd = vmig_goto_state(dev, VFIO_DEVICE_STATE_RESUMING);
		vmig_write_all_unchecked(c->fd, c->good.data, c->good.len < 16 ? 1 : 16,
					 VMIG_ONE_WRITE);
		atomic_store(&c->stop, false);
		vmig_thread_start(&thread, write_nothing, c);
		vmig_sleep_ms(2);
		vmig_close(dev);
		atomic_store(&c->stop, true);
		pthread_join(thread, NULL);
		close(c->fd);
	}
}

/*
 * ROB-02 as far as user space feels it: a driver that frees what a write() uses before it
 * ends the session has an oops in the writer (qat Q5), and a close that hangs behind it.
 */
VMIG_TEST_TIMEOUT(closing, under_a_writer, 120)
{
	unsigned long taint = vmig_kernel_taint();
	struct closing c = { .id = self->dev->id, .uapi = variant->uapi };
	enum vmig_child_end end;

	CLAUSES(ROB_01);
	vmig_save(self->dev, &c.good);
	vmig_close(self->dev);
	self->dev = NULL;
	end = vmig_child_run(close_under_a_writer, &c, 20000);
	CHECK(ROB_01, vmig_survived(end, taint),
	      vmig_fmt("close() of the device while a thread writes to its data_fd, %u times",
		       CLOSINGS),
	      "close() returns, and nothing in the kernel log", "%s", vmig_child_name(end));
	vmig_stream_free(&c.good);
}

#define LOG_SIZE (4UL << 20)

VMIG_FIXTURE_FULL(log_hole, VMIG_WORK_DATA, NEED_HAZARDS();
		  VMIG_WORK_SETUP(true), VMIG_WORK_TEARDOWN(), VMIG_NO_DATA);
VMIG_VARIANTS_UAPIS(log_hole);

struct hole_report {
	struct vmig_device *dev;
	uint64_t iova;
	uint64_t *bitmap;
};

static void report_into_hole(void *arg)
{
	struct hole_report *r = arg;
	int ret;

	ret = __vmig_log_report(r->dev, r->iova + VMIG_PAGE / 2, 128 * VMIG_PAGE, VMIG_PAGE,
				r->bitmap);
	vmig_note(LOG_25, "REPORT from the middle of a page on into a bitmap that is too short: %s",
		  vmig_errno_name(ret));
}

/*
 * The core looks neither whether iova is a multiple of page_size nor whether it gets on. A page of
 * which one bit is in a page of the bitmap and the other one in the next, which is not there,
 * is tried for ever, with the driver's lock held (iova_bitmap_set()).
 */
VMIG_TEST_TIMEOUT(log_hole, report_from_within_a_page, 60)
{
	struct vfio_device_feature_dma_logging_range range = { .length = LOG_SIZE };
	unsigned long taint = vmig_kernel_taint();
	struct hole_report report = { .dev = self->dev };
	uint64_t page_size = VMIG_PAGE;
	enum vmig_child_end end;

	CLAUSES(LOG_25, ROB_01);
	NEED(!__vmig_probe(self->dev, VFIO_DEVICE_FEATURE_DMA_LOGGING_START, 0),
	     "the device offers no DMA logging");
	NEED(vmig_log_served(self->dev), VMIG_LOG_UNSERVED);
	NEED_DMA;
	vmig_exercise_memory_sized(&self->w, LOG_SIZE, LOG_SIZE, &self->mem);
	range.iova = self->mem.iova;
	vmig_log_start(self->dev, &page_size, &range, 1);
	/* Bits 63 and 64: the last one that there is room for, and the next one. */
	vmig_dma_begin(&self->w, &self->mem, 64 * VMIG_PAGE, 16, 0x6401);
	vmig_dma_end(&self->w);
	report.iova = range.iova;
	report.bitmap = vmig_before_hole(NULL, sizeof(*report.bitmap));
	end = vmig_child_run(report_into_hole, &report, VMIG_RISKY_CALL_MS);
	CHECK(ROB_01, vmig_survived(end, taint),
	      "DMA write, REPORT from the middle of a page on, into a bitmap whose second half is "
	      "not mapped",
	      "an answer", "%s", vmig_child_name(end));
	if (end == VMIG_CHILD_DONE)
		vmig_log_stop(self->dev);
	else
		self->w.dev = NULL; /* given up: whoever asks it waits for the lock */
}

HAZARD_FIXTURE(bar_buffer, uint32_t state;);

ADD_SESSIONS(bar_buffer);

/* Resets under an access that faults; one of them is enough where the two wait for each other. */
#define BAR_RESETS 10

/**
 * struct bar_buffer - a session whose buffer is in a BAR
 * @dev: the device of the session
 * @owner: the device whose BAR it is, and which is reset
 * @state: of the session
 * @bar: the buffer
 * @fd: data_fd of the session
 * @stop: no more calls
 */
struct bar_buffer {
	struct vmig_device *dev, *owner;
	uint32_t state;
	void *bar;
	atomic_int fd;
	atomic_bool stop;
};

/* What comes is of no interest: a BAR may swallow it, or refuse it with a fault. */
static void *move_by_bar(void *arg)
{
	struct bar_buffer *b = arg;
	ssize_t n = 0;
	int fd;

	while (!atomic_load(&b->stop)) {
		fd = atomic_load(&b->fd);
		if (b->state == VFIO_DEVICE_STATE_RESUMING)
			n = write(fd, b->bar, 64);
		else
			n = read(fd, b->bar, 64);
	}
	(void)n;
	return NULL;
}

static void reset_under_a_bar(void *arg)
{
	struct bar_buffer *b = arg;
	pthread_t thread;
	int i, fd = -1, next;

	atomic_store(&b->fd, -1);
	vmig_thread_start(&thread, move_by_bar, b);
	for (i = 0; i < BAR_RESETS; i++) {
		/* A session that a reset of another device leaves alone has come to its end. */
		vmig_recover_running(b->dev);
		next = vmig_goto_state(b->dev, b->state);
		atomic_store(&b->fd, next);
		vmig_close_data_fd(fd);
		fd = next;
		vmig_sleep_ms(2);
		__vmig_reset(b->owner);
	}
	atomic_store(&b->stop, true);
	pthread_join(thread, NULL);
	close(fd);
}

/* A page of a region that can be mapped, NULL for none. */
static void *map_bar(struct vmig_device *dev)
{
	struct vfio_region_info *info;
	struct vfio_device_info all;
	void *at = NULL;
	uint32_t i;

	vmig_device_info(dev, &all);
	vmig_for_each_region(dev, &all, i, info)
		if (!at && __vmig_region_mmap_first(dev, info, VMIG_PAGE, &at))
			at = NULL;
	return at;
}

static void check_bar_buffer(struct bar_buffer *b, const char *whose)
{
	unsigned long taint = vmig_kernel_taint();
	enum vmig_child_end end = vmig_child_run(reset_under_a_bar, b, 20000);

	CHECK(ROB_01, vmig_survived(end, taint),
	      vmig_fmt("a thread's %s with a buffer in a mapped region of %s, RESET of that by "
		       "another thread",
		       b->state == VFIO_DEVICE_STATE_RESUMING ? "write()" : "read()", whose),
	      "both return", "%s", vmig_child_name(end));
}

/*
 * read() and write() of a data_fd hold a lock of the session while they touch the user's buffer.
 * A buffer in a BAR faults when a reset has taken the mapping away, and the fault waits for
 * the reset; which waits for the lock of the session in the driver's reset_done().
 */
VMIG_TEST_TIMEOUT(bar_buffer, reset_under_a_call, 60)
{
	struct bar_buffer b = { .dev = self->dev, .owner = self->dev, .state = variant->state };

	CLAUSES(ROB_01);
	NEED_RESET;
	b.bar = map_bar(self->dev);
	NEED(b.bar, "the device has no region that can be mapped");
	check_bar_buffer(&b, "the device");
}

/* The same with the BAR of another device: what its reset waits for may be of both. */
VMIG_TEST_TIMEOUT(bar_buffer, reset_of_another_under_a_call, 60)
{
	struct bar_buffer b = { .dev = self->dev, .state = variant->state };
	const char *why;

	CLAUSES(ROB_01);
	NEED_RESET;
	b.owner = vmig_open_second(self->dev, &why);
	NEED(b.owner, "%s", why);
	b.bar = map_bar(b.owner);
	if (b.bar)
		check_bar_buffer(&b, "another device");
	vmig_close(b.owner);
	NEED(b.bar, "the device has no region that can be mapped");
}

VMIG_MAIN("hazard")
