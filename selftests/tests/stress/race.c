// SPDX-License-Identifier: GPL-2.0-only
/*
 * RST-05, ST-13: calls that meet. A VMM has a thread that saves, one for the monitor
 * and the vCPUs, whose guest may reset the device at any moment.
 *
 * Drivers take a state lock in the ioctls, a lock of the file in read() and write(),
 * mmap_lock in page faults of the user's buffer and, for PCI, memory_lock in a reset.
 * Some therefore put a reset off to the task that has the state lock (mlx5, virtio, mtty),
 * where it can get lost; the others have a cycle of locks to avoid (fd94213e1417,
 * ae2667cd8a47). Putting it off cures the state lock alone: where that is free, the lock of the
 * file is still taken under memory_lock. With lockdep in the kernel a few rounds show a cycle,
 * deadlock or not; the deadlock takes a buffer in a mapped BAR, which nobody has here.
 *
 * All threads are in a child, so that a deadlock ends the child and not the test.
 */
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <time.h>

#include <vmig/info.h>
#include "child.h"
#include "round_trip_check.h"
#include "fault_memory.h"
#include "thread.h"
#include "vmig_harness.h"

/*
 * Enough that a reset meets the state lock held some of the times; fewer on a device
 * that takes long to reset.
 */
#define ROUNDS 25
#define ROUNDS_S 5

/* One round may take this long, beyond the time that all of them have. */
#define CHILD_TIMEOUT_MS 30000

VMIG_FIXTURE(race);

/**
 * struct race - a RESET against one other kind of call
 * @dev: the device
 * @state: entered before each round
 * @what: the other call, for messages
 * @call: makes the other call once
 * @fd: data_fd of the session of this round, -1 without one
 * @page: memory whose first touch faults
 * @made: calls made in this round
 * @stop: the round is over
 */
struct race {
	struct vmig_device *dev;
	uint32_t state;
	const char *what;
	void (*call)(struct race *r);
	int fd;
	struct vfio_precopy_info *page;
	atomic_uint made;
	atomic_bool stop;
};

/*
 * A page of a file, mapped at @at, NULL for anywhere: its first touch faults, so that the kernel's
 * accesses to it take mmap_lock under any lock of the driver. Not by madvise(), which a kernel need
 * not have.
 */
static void *faulting_page(void *at)
{
	static const struct vfio_precopy_info info = { .argsz = sizeof(info) };
	static int fd = -1;
	void *p;

	if (fd < 0) {
		fd = memfd_create("vmig", MFD_CLOEXEC);
		if (fd < 0 || ftruncate(fd, VMIG_PAGE) ||
		    pwrite(fd, &info, sizeof(info), 0) != sizeof(info))
			vmig_test_error("memfd_create() failed: %s", vmig_errno_name(errno));
	}
	p = mmap(at, VMIG_PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | (at ? MAP_FIXED : 0), fd, 0);
	if (p == MAP_FAILED)
		vmig_test_error("mmap() failed: %s", vmig_errno_name(errno));
	return p;
}

/* What these calls return is not determined while a reset is under way. */
static void call_set(struct race *r)
{
	int fd = -1;

	__vmig_set_state(r->dev, VFIO_DEVICE_STATE_STOP_COPY, &fd);
	vmig_close_data_fd(fd);
	__vmig_set_state(r->dev, VFIO_DEVICE_STATE_RUNNING, NULL);
}

static void call_get(struct race *r)
{
	uint32_t state;

	__vmig_get_state(r->dev, &state);
}

static void call_precopy_info(struct race *r)
{
	faulting_page(r->page);
	ioctl(r->fd, VFIO_MIG_GET_PRECOPY_INFO, r->page);
}

static void call_read(struct race *r)
{
	faulting_page(r->page);
	if (read(r->fd, r->page, 8) < 0)
		sched_yield();
}

static void call_write(struct race *r)
{
	faulting_page(r->page);
	if (write(r->fd, r->page, 8) < 0)
		sched_yield();
}

static void *caller(void *arg)
{
	struct race *r = arg;

	while (!atomic_load(&r->stop)) {
		r->call(r);
		atomic_fetch_add(&r->made, 1);
	}
	return NULL;
}

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec + t.tv_nsec / 1e9;
}

static void one_round(struct race *r)
{
	pthread_t thread;
	uint32_t state;
	int ret;

	r->fd = vmig_goto_state(r->dev, r->state);
	atomic_store(&r->stop, false);
	atomic_store(&r->made, 0);
	vmig_thread_start(&thread, caller, r);
	while (!atomic_load(&r->made))
		sched_yield();
	ret = __vmig_reset(r->dev);
	atomic_store(&r->stop, true);
	pthread_join(thread, NULL);
	CHECK_OK(RST_05, ret,
		 vmig_fmt("RESET in %s during %s", vmig_state_name(r->state), r->what));
	state = vmig_get_state(r->dev);
	CHECK(RST_05, state == VFIO_DEVICE_STATE_RUNNING,
	      vmig_fmt("GET after RESET in %s during %s, both returned", vmig_state_name(r->state),
		       r->what),
	      "state RUNNING", "state %s", vmig_state_name(state));
	if (r->fd >= 0)
		close(r->fd);
	vmig_recover_running(r->dev);
}

static void rounds(void *arg)
{
	struct race *r = arg;
	double end = now() + ROUNDS_S;
	int i;

	r->page = faulting_page(NULL);
	for (i = 0; i < ROUNDS && now() < end; i++)
		one_round(r);
}

static void run(struct race *r)
{
	enum vmig_child_end end;
	const char *why;

	vmig_require_round_trip(r->dev);
	end = vmig_child_run(rounds, r, CHILD_TIMEOUT_MS);
	if (!vmig_judge_child(
		    RST_05, end,
		    vmig_fmt("RESET in %s during %s", vmig_state_name(r->state), r->what)))
		return;
	why = vmig_round_trip(r->dev);
	CHECK(RST_05, !why, vmig_fmt("save and load after RESETs during %s", r->what),
	      "all of it works", "%s", why);
}

/* Whichever comes last, the call ends with SET(RUNNING). */
VMIG_TEST_TIMEOUT(race, reset_and_set, 60)
{
	struct race r = {
		.dev = self->dev,
		.state = VFIO_DEVICE_STATE_RUNNING,
		.what = "SET(STOP_COPY) and SET(RUNNING)",
		.call = call_set,
	};

	CLAUSES(RST_05);
	NEED_RESET;
	run(&r);
}

VMIG_TEST_TIMEOUT(race, reset_and_get, 60)
{
	struct race r = {
		.dev = self->dev,
		.state = VFIO_DEVICE_STATE_STOP,
		.what = "GET",
		.call = call_get,
	};

	CLAUSES(RST_05);
	NEED_RESET;
	run(&r);
}

/* The ioctl that copies to the user under the state lock: mmap_lock below it. */
VMIG_TEST_TIMEOUT(race, reset_and_precopy_info, 60)
{
	struct race r = {
		.dev = self->dev,
		.state = VFIO_DEVICE_STATE_PRE_COPY,
		.what = "VFIO_MIG_GET_PRECOPY_INFO",
		.call = call_precopy_info,
	};

	CLAUSES(RST_05);
	NEED_STATE(VFIO_DEVICE_STATE_PRE_COPY);
	NEED_RESET;
	run(&r);
}

VMIG_TEST_TIMEOUT(race, reset_and_read, 60)
{
	struct race r = {
		.dev = self->dev,
		.state = VFIO_DEVICE_STATE_STOP_COPY,
		.what = "read()",
		.call = call_read,
	};

	CLAUSES(RST_05);
	NEED_RESET;
	run(&r);
}

VMIG_TEST_TIMEOUT(race, reset_and_write, 60)
{
	struct race r = {
		.dev = self->dev,
		.state = VFIO_DEVICE_STATE_RESUMING,
		.what = "write()",
		.call = call_write,
	};

	CLAUSES(RST_05);
	NEED_RESET;
	run(&r);
}

/*
 * Threads begin on one CPU and it takes the scheduler some milliseconds to spread them,
 * so that a number of calls is no measure for how often they meet.
 */
#define SETTERS 3
#define SETS_MIN 10
#define SETS_S 0.2

/**
 * struct setters - threads that all set the state
 * @dev: the device
 * @states: what they ask for; every one can be reached from every other
 * @count: their number
 * @next: which thread starts with which
 * @start: for all to start at once
 */
struct setters {
	struct vmig_device *dev;
	uint32_t states[4];
	unsigned int count;
	atomic_uint next;
	pthread_barrier_t start;
};

static void add_state(struct setters *s, uint64_t flags, uint32_t state)
{
	if (vmig_state_offered(flags, state))
		s->states[s->count++] = state;
}

static void *setter(void *arg)
{
	struct setters *s = arg;
	unsigned int at = atomic_fetch_add(&s->next, 1), i;
	double end = now() + SETS_S;
	uint32_t state;
	int fd;

	pthread_barrier_wait(&s->start);
	for (i = 0; i < SETS_MIN || now() < end; i++) {
		fd = -1;
		__vmig_set_state(s->dev, s->states[(at + i) % s->count], &fd);
		if (fd >= 0)
			close(fd);
		__vmig_get_state(s->dev, &state);
	}
	return NULL;
}

static void set_from_threads(void *arg)
{
	struct setters *s = arg;
	pthread_t threads[SETTERS];
	unsigned int i;
	uint32_t state;
	int fds;

	fds = vmig_count_fds();
	pthread_barrier_init(&s->start, NULL, SETTERS);
	for (i = 0; i < SETTERS; i++)
		vmig_thread_start(&threads[i], setter, s);
	for (i = 0; i < SETTERS; i++)
		pthread_join(threads[i], NULL);
	state = vmig_get_state(s->dev);
	for (i = 0; i < s->count && s->states[i] != state; i++)
		;
	CHECK(ST_13, i < s->count, vmig_fmt("GET after SETs from %u threads", SETTERS),
	      "one of the states that were asked for", "state %s", vmig_state_name(state));
	CHECK(ST_13, vmig_count_fds() == fds, "/proc/self/fd after it, all data_fds closed",
	      "no new fd", "%+d", vmig_count_fds() - fds);
}

static void check_setters(struct setters *s)
{
	enum vmig_child_end end;
	const char *why;

	vmig_require_round_trip(s->dev);
	end = vmig_child_run(set_from_threads, s, CHILD_TIMEOUT_MS);
	if (!vmig_judge_child(ST_13, end, vmig_fmt("SETs from %u threads", SETTERS)))
		return;
	vmig_recover_running(s->dev);
	why = vmig_round_trip(s->dev);
	CHECK(ST_13, !why, "save and load after it", "all of it works", "%s", why);
}

/*
 * Two sets of states, so that no thread asks for PRE_COPY while another one has the
 * device in STOP_COPY: that arc hangs old kernels (a26b499b757c).
 */
VMIG_TEST_TIMEOUT(race, sets_stop_and_copy, 60)
{
	struct setters s = { .dev = self->dev };

	CLAUSES(ST_13);
	add_state(&s, self->flags, VFIO_DEVICE_STATE_STOP_COPY);
	add_state(&s, self->flags, VFIO_DEVICE_STATE_RUNNING);
	add_state(&s, self->flags, VFIO_DEVICE_STATE_STOP);
	add_state(&s, self->flags, VFIO_DEVICE_STATE_RUNNING_P2P);
	check_setters(&s);
}

VMIG_TEST_TIMEOUT(race, sets_pre_copy, 60)
{
	struct setters s = { .dev = self->dev };

	CLAUSES(ST_13);
	NEED_STATE(VFIO_DEVICE_STATE_PRE_COPY);
	add_state(&s, self->flags, VFIO_DEVICE_STATE_PRE_COPY);
	add_state(&s, self->flags, VFIO_DEVICE_STATE_RUNNING);
	add_state(&s, self->flags, VFIO_DEVICE_STATE_PRE_COPY_P2P);
	add_state(&s, self->flags, VFIO_DEVICE_STATE_RUNNING_P2P);
	check_setters(&s);
}

VMIG_MAIN("race")
