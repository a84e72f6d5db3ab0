// SPDX-License-Identifier: GPL-2.0-only
/*
 * ST-11, FD-17, ROB-01, ROB-04: limits of the process that a migration meets: no free
 * descriptor, no memory in its cgroup, no free IOVA; and processors that come and go under it.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include <vmig/dma_logging.h>
#include <vmig/shared.h>
#include <vmig/sysfs.h>
#include "cgroup.h"
#include "risky_call.h"
#include "round_trip_check.h"
#include "descriptors.h"
#include "fault_memory.h"
#include "random.h"
#include "kernel_health.h"
#include "fixture_exercise.h"
#include "thread.h"

#define SEED 0x5301
#define CHUNK 4096

/* As many ranges as a START takes that fits into a page. */
#define STARVED_RANGES 255

VMIG_WORK_FIXTURE_WAYS(limits);

static const char *round_trip_after_reset(struct vmig_device *dev)
{
	int ret = __vmig_recover_running(dev);

	return ret ? vmig_fmt("no way back to RUNNING: %s", vmig_errno_name(ret))
		   : vmig_round_trip(dev);
}

static int set_without_descriptors(struct vmig_device *dev, uint32_t to)
{
	struct rlimit old = vmig_descriptors_take();
	int ret = __vmig_set_state(dev, to, NULL);

	vmig_descriptors_give_back(&old);
	return ret;
}

/* The session without an fd for it: is it left, and the next one whole? */
static bool check_next_session(struct vmig_device *dev, uint32_t from, uint32_t to, const char *did)
{
	const char *why = NULL;
	int fd = -1, ret;

	/* A load that got nothing is left by RESET; all else by the way back. */
	if (to == VFIO_DEVICE_STATE_RESUMING)
		ret = __vmig_recover_running(dev);
	else
		ret = __vmig_set_state(dev, VFIO_DEVICE_STATE_RUNNING, NULL);
	if (!CHECK(ST_11, !ret, vmig_fmt("%s, then back to RUNNING", did), "success", "%s",
		   vmig_errno_name(ret)))
		return false;
	ret = __vmig_goto_state(dev, from, &fd);
	vmig_close_data_fd(fd);
	ret = ret ?: __vmig_set_state(dev, to, &fd);
	if (!CHECK(ST_11, !ret && fd >= 0, vmig_fmt("%s, and again with descriptors free", did),
		   "a data_fd", "%s", ret ? vmig_errno_name(ret) : "none"))
		return false;
	close(fd);
	why = round_trip_after_reset(dev);
	return CHECK(ST_11, !why, vmig_fmt("%s, then a save and a load", did), "both work", "%s",
		     why);
}

static bool try_without_descriptors(struct vmig_device *dev, uint32_t from, uint32_t to)
{
	const char *did = vmig_fmt("SET(%s) from %s with no descriptor free", vmig_state_name(to),
				   vmig_state_name(from));
	char text[128];
	int fds, ret;
	uint32_t got;

	snprintf(text, sizeof(text), "%s", did);
	fds = vmig_count_fds();
	ret = set_without_descriptors(dev, to);
	if (!CHECK_ERRNO(ST_11, ret, EMFILE, text))
		return false;
	got = vmig_get_state(dev);
	CHECK(ST_11, got == to, vmig_fmt("GET after %s", text),
	      vmig_fmt("state %s, as the driver has done its part", vmig_state_name(to)),
	      "state %s", vmig_state_name(got));
	CHECK(FD_17, vmig_count_fds() == fds, vmig_fmt("/proc/self/fd after %s", text), "no new fd",
	      "%+d", vmig_count_fds() - fds);
	return check_next_session(dev, from, to, text);
}

/* Each SET that opens a session, from each state that has none. */
VMIG_TEST_TIMEOUT(limits, no_descriptor, 120)
{
	struct vmig_transition t;
	uint32_t from, to;
	bool ok = true;

	CLAUSES(ST_11, FD_17);
	for (from = VFIO_DEVICE_STATE_STOP; from < VFIO_DEVICE_STATE_NR; from++) {
		for (to = VFIO_DEVICE_STATE_STOP; to < VFIO_DEVICE_STATE_NR && ok; to++) {
			vmig_transition(self->flags, from, to, &t);
			if (!vmig_state_offered(self->flags, from) || vmig_state_streams(from) ||
			    !vmig_state_offered(self->flags, to) || t.answer != VMIG_GO || !t.opens)
				continue;
			vmig_recover_running(self->dev);
			vmig_close_data_fd(vmig_goto_state(self->dev, from));
			ok = try_without_descriptors(self->dev, from, to);
		}
	}
}

/* No limit; and so much memory is enough for all of the calls, in bytes. */
#define NO_LIMIT UINT64_MAX
#define ROOM_MAX (64ULL << 20)

/**
 * struct starved - calls by a process that gets no more memory
 * @dev: the device
 * @group: its control group
 * @work: the calls
 * @did: what they are, for messages
 * @room: bytes that it may still have, or NO_LIMIT
 * @buf: for the stream; touched before
 * @size: of it
 * @ranges: for DMA logging
 * @nr_ranges: how many of them
 * @failed: calls that failed; shared with the process
 * @done: it came to its end
 */
struct starved {
	struct vmig_device *dev;
	struct vmig_cgroup *group;
	void (*work)(struct starved *s);
	const char *did;
	uint64_t room;
	unsigned char *buf;
	size_t size;
	struct vfio_device_feature_dma_logging_range ranges[STARVED_RANGES];
	unsigned int nr_ranges;
	unsigned int failed;
	bool done;
};

static int starved_set(struct starved *s, uint32_t state, int *fd)
{
	int ret = __vmig_set_state(s->dev, state, fd);

	s->failed += !!ret;
	return ret;
}

static size_t starved_read(struct starved *s, int fd, size_t len)
{
	ssize_t n = 0;

	while (len < s->size && (n = __vmig_read(fd, s->buf + len, s->size - len)) > 0)
		len += n;
	s->failed += n < 0 && n != -ENOMSG;
	return len;
}

static void starved_migration(struct starved *s)
{
	size_t len = 0, at = 0;
	ssize_t n = 0;
	int fd;

	if (!starved_set(s, VFIO_DEVICE_STATE_STOP_COPY, &fd)) {
		len = starved_read(s, fd, 0);
		close(fd);
	}
	starved_set(s, VFIO_DEVICE_STATE_RUNNING, &fd);
	if (!starved_set(s, VFIO_DEVICE_STATE_RESUMING, &fd)) {
		while (at < len && (n = __vmig_write(fd, s->buf + at, len - at)) > 0)
			at += n;
		s->failed += n < 0;
		close(fd);
	}
	starved_set(s, VFIO_DEVICE_STATE_RUNNING, &fd);
}

static void starved_precopy(struct starved *s)
{
	struct vfio_precopy_info info;
	size_t len;
	int fd;

	if (starved_set(s, VFIO_DEVICE_STATE_PRE_COPY, &fd))
		return;
	s->failed += __vmig_precopy_info(fd, &info) < 0;
	len = starved_read(s, fd, 0);
	s->failed += __vmig_precopy_info(fd, &info) < 0;
	if (!starved_set(s, VFIO_DEVICE_STATE_STOP_COPY, NULL))
		starved_read(s, fd, len);
	starved_set(s, VFIO_DEVICE_STATE_RUNNING, NULL);
	close(fd);
}

static void starved_log(struct starved *s)
{
	uint64_t page_size = VMIG_PAGE;

	if (__vmig_log_start(s->dev, &page_size, s->ranges, s->nr_ranges)) {
		s->failed++;
		return;
	}
	/* The bitmap of a range is 32 bytes. */
	s->failed += !!__vmig_log_report(s->dev, 0, s->ranges[0].length, VMIG_PAGE, s->buf);
	s->failed += !!__vmig_log_stop(s->dev);
}

/* Makes nothing but system calls once the limit is there: a page fault might wait for ever. */
static void starve(void *arg)
{
	struct starved *s = arg;

	if (!vmig_cgroup_join(s->group))
		return;
	memset(s->buf, 1, s->size);
	mlockall(MCL_CURRENT);
	if (s->room != NO_LIMIT && !vmig_cgroup_leave_room(s->group, s->room))
		return;
	s->work(s);
	s->done = true;
}

static bool check_starved(struct starved *s, unsigned long taint, enum vmig_child_end end)
{
	const char *did = s->room == NO_LIMIT ? vmig_fmt("%s in a group without a limit", s->did)
					      : vmig_fmt("%s with %llu KiB of memory left", s->did,
							 (unsigned long long)s->room / 1024);
	const char *why;

	/* Killed is a way to end as well: by the kernel that has no memory left. */
	vmig_cgroup_put(s->group, "memory.max", "max");
	if (!CHECK(ROB_01, vmig_survived(end == VMIG_CHILD_STUCK ? end : VMIG_CHILD_DONE, taint),
		   did, "calls that return, and nothing in the kernel log", "%s",
		   vmig_child_name(end)))
		return false;
	__vmig_log_stop(s->dev);
	why = round_trip_after_reset(s->dev);
	return CHECK(ROB_04, !why, vmig_fmt("%s, then a save and a load with enough", did),
		     "both work", "%s", why);
}

#define STARVED_MS 20000

/* The calls with this room, in a process of their own. Return: false after a breach. */
static bool starve_once(struct starved *s, uint64_t room, unsigned long taint)
{
	enum vmig_child_end end;

	s->room = room;
	s->failed = 0;
	s->done = false;
	s->buf = vmig_alloc(s->size);
	end = vmig_child_run(starve, s, STARVED_MS);
	free(s->buf);
	return check_starved(s, taint, end);
}

/*
 * How many ranges the device logs at once is its own affair: as many as it takes where there is
 * memory. Calls that fail then would fail with little memory, too, and say nothing about it.
 */
static bool control(struct starved *s, unsigned long taint)
{
	for (s->nr_ranges = STARVED_RANGES; s->nr_ranges; s->nr_ranges /= 2) {
		if (!starve_once(s, NO_LIMIT, taint))
			return false;
		if (!s->failed || s->work != starved_log)
			break;
	}
	return true;
}

/* Room for no page, one, four, nine, ...; then doubled, for a driver that needs more. */
static uint64_t room_of(unsigned int i, unsigned int steps)
{
	if (i < steps)
		return (uint64_t)i * i * 4096;
	return (uint64_t)steps * steps * 4096 << (i - steps);
}

static struct starved *starved_alloc(struct vmig_device *dev, struct vmig_cgroup *group,
				     void (*work)(struct starved *s), const char *did)
{
	struct starved *s = vmig_shared_alloc(sizeof(*s));
	struct vmig_stream good = {};
	unsigned int r;

	vmig_save(dev, &good);
	vmig_recover_running(dev);
	*s = (struct starved){
		.dev = dev, .group = group, .work = work, .did = did, .size = good.len + CHUNK
	};
	for (r = 0; r < STARVED_RANGES; r++)
		s->ranges[r] = (struct vfio_device_feature_dma_logging_range){
			.iova = r * 1024ULL * VMIG_PAGE,
			.length = 256 * VMIG_PAGE,
		};
	vmig_stream_free(&good);
	return s;
}

/* The calls with more and more room until all of them succeed, each time by another process. */
static void starve_stepwise(struct vmig_device *dev, struct vmig_cgroup *group,
			    void (*work)(struct starved *s), const char *did, unsigned int steps)
{
	struct starved *s = starved_alloc(dev, group, work, did);
	unsigned int i, failed = 0, runs = 0;
	unsigned long taint = vmig_kernel_taint();
	bool ok = control(s, taint);
	uint64_t enough = 0;

	if (ok && (!s->done || s->failed)) {
		vmig_cgroup_end(group);
		vmig_test_error("%s: %u calls failed in a group without a limit", did, s->failed);
	}
	/* Some more where little was enough: what a device asks for is not the same each time. */
	for (i = 0; ok && room_of(i, steps) <= ROOM_MAX && (i < steps || !enough); i++) {
		ok = starve_once(s, room_of(i, steps), taint);
		failed += s->failed;
		runs += s->done;
		if (!enough && s->done && !s->failed)
			enough = s->room ?: 1;
	}
	vmig_note(ROB_04, "%u of %u processes came to their end; %u calls failed; %s", runs, i,
		  failed,
		  enough ? vmig_fmt("%llu KiB were enough", (unsigned long long)enough / 1024)
			 : "no room was enough");
	vmig_cgroup_end(group);
	if (ok && !runs)
		vmig_test_error("%s: no process came to its end, as if no limit could be set", did);
	vmig_shared_free(s, sizeof(*s));
}

VMIG_TEST_TIMEOUT(limits, memory_cgroup, 240)
{
	unsigned int steps = vmig_stress(12, 64);
	struct vmig_cgroup group;

	CLAUSES(ROB_01, ROB_04);
	NEED(steps, VMIG_NO_STRESS);
	NEED_CGROUP(&group);
	starve_stepwise(self->dev, &group, starved_migration, "a save and a load", steps);
}

/* GET_PRECOPY_INFO may save anew (mlx5), and the step to STOP_COPY does. */
VMIG_TEST_TIMEOUT(limits, memory_cgroup_in_precopy, 240)
{
	unsigned int steps = vmig_stress(12, 64);
	struct vmig_cgroup group;

	CLAUSES(ROB_01, ROB_04);
	NEED(steps, VMIG_NO_STRESS);
	NEED_STATE(VFIO_DEVICE_STATE_PRE_COPY);
	NEED_CGROUP(&group);
	starve_stepwise(self->dev, &group, starved_precopy,
			"PRE_COPY, GET_PRECOPY_INFO and STOP_COPY", steps);
}

/* Lists of pages, of which some could be had and some not. */
VMIG_TEST_TIMEOUT(limits, memory_cgroup_of_a_log, 240)
{
	unsigned int steps = vmig_stress(12, 64);
	struct vmig_cgroup group;

	CLAUSES(ROB_01, ROB_04);
	NEED(steps, VMIG_NO_STRESS);
	NEED(!__vmig_probe(self->dev, VFIO_DEVICE_FEATURE_DMA_LOGGING_START,
			   VFIO_DEVICE_FEATURE_SET),
	     "the device offers no DMA logging");
	NEED_CGROUP(&group);
	starve_stepwise(self->dev, &group, starved_log, "START, REPORT and STOP", steps);
}

/* The two halves of 64 bits of addresses. */
#define HALF (1ULL << 63)

/*
 * Takes all IOVAs. A container or an IOAS with mediated devices alone pins nothing before it
 * is used, so that this costs no memory; an IOMMU would pin it all. Return: is it done?
 */
static bool take_all_iovas(struct vmig_device *dev)
{
	if (__vmig_dma_map(dev, NULL, 0, HALF))
		return false;
	if (!__vmig_dma_map(dev, NULL, HALF, HALF))
		return true;
	__vmig_dma_unmap(dev, 0, HALF);
	return false;
}

/* A migration needs none of the user's addresses: it works where nothing more can be mapped. */
VMIG_TEST_TIMEOUT(limits, no_iova, 120)
{
	struct vmig_exercise *w = &self->w;
	bool pattern = w->ops->set_pattern && w->ops->check_pattern;
	const char *why;
	int ret;

	CLAUSES(STRM_11, ROB_04);
	NEED(take_all_iovas(self->dev), "the address space of this device cannot be filled");
	ret = __vmig_dma_map(self->dev, NULL, CHUNK, CHUNK);
	if (!ret)
		vmig_test_error("a page of a full address space could be mapped");
	if (pattern)
		vmig_set_pattern(w, SEED);
	why = vmig_round_trip(self->dev);
	if (!why && pattern)
		why = vmig_check_pattern(w, SEED);
	CHECK(STRM_11, !why,
	      vmig_fmt("a save and a load where mapping a page fails with %s",
		       vmig_errno_name(ret)),
	      "the state that was saved", "%s", why);
	__vmig_dma_unmap(self->dev, 0, HALF);
	__vmig_dma_unmap(self->dev, HALF, HALF);
	why = round_trip_after_reset(self->dev);
	CHECK(ROB_04, !why, "the same, then with all addresses free", "both work", "%s", why);
}

/* Move between the processors until asked to stop. */
struct mover {
	pthread_t thread, victim;
	atomic_bool stop;
	bool hotplug;
	unsigned int moves;
};

#define CPU_ONLINE "/sys/devices/system/cpu/cpu1/online"

static bool cpu1(bool on)
{
	int fd = open(CPU_ONLINE, O_WRONLY | O_CLOEXEC);
	bool ok;

	if (fd < 0)
		return false;
	ok = write(fd, on ? "1" : "0", 1) == 1;
	close(fd);
	return ok;
}

static void *move(void *arg)
{
	struct mover *m = arg;
	cpu_set_t set;

	while (!atomic_load(&m->stop)) {
		CPU_ZERO(&set);
		CPU_SET(m->moves % 2, &set);
		if (m->hotplug)
			cpu1(m->moves % 2);
		else
			pthread_setaffinity_np(m->victim, sizeof(set), &set);
		m->moves++;
		usleep(m->hotplug ? 20000 : 1000);
	}
	if (m->hotplug)
		cpu1(true);
	CPU_ZERO(&set);
	CPU_SET(0, &set);
	CPU_SET(1, &set);
	pthread_setaffinity_np(m->victim, sizeof(set), &set);
	return NULL;
}

static void put_cpu_back(int sig)
{
	cpu1(true);
	signal(sig, SIG_DFL);
	raise(sig);
}

static void mover_begin(struct mover *m, bool hotplug)
{
	memset(m, 0, sizeof(*m));
	m->victim = pthread_self();
	m->hotplug = hotplug;
	if (hotplug) {
		signal(SIGTERM, put_cpu_back);
		signal(SIGINT, put_cpu_back);
	}
	vmig_thread_start(&m->thread, move, m);
}

static void mover_end(struct mover *m)
{
	atomic_store(&m->stop, true);
	pthread_join(m->thread, NULL);
}

/* Migrations while it moves. */
static void check_moved(struct vmig_exercise *w, bool hotplug, unsigned int rounds)
{
	bool pattern = w->ops->set_pattern && w->ops->check_pattern;
	const char *why = NULL;
	struct mover m;
	unsigned int i;

	mover_begin(&m, hotplug);
	for (i = 0; i < rounds && !why; i++) {
		if (pattern)
			vmig_set_pattern(w, SEED + i);
		why = vmig_round_trip(w->dev);
		if (!why && pattern)
			why = vmig_check_pattern(w, SEED + i);
	}
	mover_end(&m);
	CHECK(STRM_11, !why,
	      vmig_fmt("a save and a load while %s %u times",
		       hotplug ? "a processor went and came" : "the thread changed its processor",
		       m.moves),
	      "the state that was saved", "%s", why);
}

VMIG_TEST_TIMEOUT(limits, thread_moves, 60)
{
	unsigned int rounds = vmig_stress(5, 100);

	CLAUSES(STRM_11);
	NEED(rounds, VMIG_NO_STRESS);
	NEED(sysconf(_SC_NPROCESSORS_ONLN) > 1, "there is one processor");
	check_moved(&self->w, false, rounds);
}

/* Only where the processor is not needed otherwise: in the guest, and with --stress. */
VMIG_TEST_TIMEOUT(limits, processor_goes, 60)
{
	unsigned int rounds = vmig_stress(0, 40);

	CLAUSES(STRM_11);
	NEED(rounds, VMIG_NO_STRESS);
	NEED(vmig_hazards(), "processors of a host are left alone");
	NEED(cpu1(true), "no processor can be taken away");
	check_moved(&self->w, true, rounds);
}

VMIG_MAIN("limits")
