// SPDX-License-Identifier: GPL-2.0-only
/*
 * ROB-04, ROB-05: what refused requests and abandoned sessions leave behind. A user may
 * make as many of both as it likes, so the device must go on working after them and the
 * host must not pay for them (S0).
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <time.h>

#include <vmig/dma_logging.h>
#include <vmig/info.h>
#include "fixture_states.h"
#include "fault_memory.h"
#include "session_check.h"

VMIG_FIXTURE(robust);
VMIG_FIXTURE_STATES(robust_in, VMIG_VARIANTS_ALL_STATES);

/* A number of VFIO's that no ioctl has. */
#define NO_IOCTL _IO(VFIO_TYPE, 0xff)

static void set_refused_states(struct vmig_device *dev, uint64_t flags, uint32_t from)
{
	static const uint32_t numbers[] = { 8, 255, 0x80000000, 0xffffffff };
	struct vmig_transition t;
	uint32_t to;
	unsigned int i;

	for (to = 0; to < VFIO_DEVICE_STATE_NR; to++) {
		vmig_transition(flags, from, to, &t);
		/* From STOP_COPY to PRE_COPY is a hazard on old kernels (a26b499b757c). */
		if (t.answer != VMIG_REFUSE ||
		    (from == VFIO_DEVICE_STATE_STOP_COPY && vmig_state_saving(to)))
			continue;
		__vmig_set_state(dev, to, NULL);
	}
	for (i = 0; i < ARRAY_SIZE(numbers); i++)
		__vmig_set_state(dev, numbers[i], NULL);
}

static void ask_for_features_wrongly(struct vmig_device *dev)
{
	static const uint32_t features[] = { VFIO_DEVICE_FEATURE_MIGRATION,
					     VFIO_DEVICE_FEATURE_MIG_DEVICE_STATE,
					     VFIO_DEVICE_FEATURE_MIG_DATA_SIZE,
					     VFIO_DEVICE_FEATURE_DMA_LOGGING_REPORT,
					     VMIG_FEATURE_UNKNOWN };
	uint64_t page_size = VMIG_PAGE;
	struct vfio_device_feature f;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(features); i++) {
		f.argsz = sizeof(f);
		f.flags = features[i] | VFIO_DEVICE_FEATURE_GET;
		__vmig_feature(dev->fd, &f);
		f.flags |= VFIO_DEVICE_FEATURE_SET;
		__vmig_feature(dev->fd, &f);
		f.flags = features[i] | 1U << 31;
		__vmig_feature(dev->fd, &f);
		f.argsz = 0;
		__vmig_feature(dev->fd, &f);
	}
	__vmig_feature(dev->fd, NULL);
	__vmig_log_start(dev, &page_size, NULL, 0);
	__vmig_log_report(dev, 0, VMIG_PAGE, 1, NULL);
}

static void ask_the_device_wrongly(struct vmig_device *dev)
{
	struct vfio_region_info region = { .argsz = sizeof(region), .index = ~0U };
	struct vfio_irq_info irq = { .argsz = sizeof(irq), .index = ~0U };
	struct vfio_irq_set set = { .argsz = sizeof(set), .index = ~0U };
	struct vfio_device_info info = { .argsz = 0 };

	ioctl(dev->fd, VFIO_DEVICE_GET_INFO, &info);
	ioctl(dev->fd, VFIO_DEVICE_GET_INFO, NULL);
	ioctl(dev->fd, VFIO_DEVICE_GET_REGION_INFO, &region);
	ioctl(dev->fd, VFIO_DEVICE_GET_IRQ_INFO, &irq);
	ioctl(dev->fd, VFIO_DEVICE_SET_IRQS, &set);
	ioctl(dev->fd, NO_IOCTL, NULL);
}

static void use_session_wrongly(int fd, bool resuming)
{
	struct vfio_precopy_info info = { .argsz = 0 };
	char c = 0;

	if (fd < 0)
		return;
	ioctl(fd, VFIO_MIG_GET_PRECOPY_INFO, &info);
	ioctl(fd, VFIO_MIG_GET_PRECOPY_INFO, NULL);
	ioctl(fd, NO_IOCTL, NULL);
	if (resuming)
		__vmig_read(fd, &c, 1);
	else
		__vmig_write(fd, &c, 1);
}

/**
 * struct refusals - requests that must be refused, in one state
 * @flags: of the device
 * @state: the state
 */
struct refusals {
	uint64_t flags;
	uint32_t state;
};

static struct vmig_fault go_on_after_refusals(struct vmig_device *dev,
					      struct vmig_reference *control, const void *arg,
					      bool with)
{
	const struct refusals *r = arg;
	int fd = vmig_goto_state(dev, r->state), ret;
	uint32_t state;

	if (with) {
		set_refused_states(dev, r->flags, r->state);
		ask_for_features_wrongly(dev);
		ask_the_device_wrongly(dev);
		use_session_wrongly(fd, r->state == VFIO_DEVICE_STATE_RESUMING);
	}
	state = vmig_get_state(dev);
	if (state != r->state) {
		if (fd >= 0)
			close(fd);
		return vmig_fault("GET tells %s", vmig_state_name(state));
	}
	if (fd < 0) {
		ret = __vmig_goto_state(dev, VFIO_DEVICE_STATE_STOP_COPY, &fd);
		if (ret)
			return vmig_fault("the way to STOP_COPY: %s", vmig_errno_name(ret));
	}
	return vmig_verify_session(dev, fd, control);
}

/*
 * None of these requests may be granted, and what each one returns is the business of
 * other chapters. xe took any refused SET for a failure of the device and put the VF in
 * error, while GET went on returning the old state.
 */
VMIG_TEST_TIMEOUT(robust_in, refusals_harm_nothing, 60)
{
	struct refusals r = { .flags = self->flags, .state = variant->state };

	CLAUSES(ROB_04);
	NEED_STATE(variant->state);
	vmig_judge_once(
		ROB_04, self->dev, go_on_after_refusals, &r,
		vmig_fmt("refused requests in %s, and the session that goes on or comes after them",
			 vmig_state_name(variant->state)));
}

/* A batch takes as many sessions as fit into this time, within these bounds. */
#define BATCH_S 1.0
#define BATCH_MIN 8
#define BATCH_MAX 256
#define PAIRS 5

/* The smallest leak worth the name: a small object a session, or a page every other one. */
#define SLAB_LEAK 96.0
#define PAGE_LEAK 2048.0

/**
 * struct memory - what the kernel uses, in bytes
 * @slab: objects that it cannot reclaim
 * @pages: pages that are accounted to no process: drivers' buffers, among others
 */
struct memory {
	double slab;
	double pages;
};

static double field(const char *text, const char *name)
{
	const char *at = strstr(text, name);

	return at ? 1024 * strtod(at + strlen(name), NULL) : 0;
}

/* How long frees that go through RCU and workqueues are given to end. */
#define FREE_US 30000

/* Each CPU counts for itself and updates the total once a second, or when it is asked to. */
#define FOLD_US 1100000

static void fold_counters(void)
{
	int fd = open("/proc/sys/vm/stat_refresh", O_WRONLY | O_CLOEXEC);

	if (fd < 0 || write(fd, "1", 1) != 1)
		usleep(FOLD_US);
	vmig_close_data_fd(fd);
}

static void take_memory(struct memory *m)
{
	char text[8192];
	ssize_t n;
	int fd;

	usleep(FREE_US);
	fold_counters();
	fd = open("/proc/meminfo", O_RDONLY | O_CLOEXEC);
	n = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);
	if (n < 0)
		vmig_test_error("/proc/meminfo cannot be read: %s", vmig_errno_name(errno));
	close(fd);
	text[n] = '\0';
	m->slab = field(text, "SUnreclaim:");
	m->pages = field(text, "MemTotal:") - field(text, "MemFree:") - field(text, "Buffers:") -
		   field(text, "\nCached:") - field(text, "AnonPages:") - field(text, "Slab:");
}

static double seconds_since(const struct timespec *start)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec - start->tv_sec + (now.tv_nsec - start->tv_nsec) / 1e9;
}

/* One session of a kind, left in the middle: a byte through it, then RESET or RUNNING. */
static void abandon_session(struct vmig_device *dev, uint32_t state)
{
	int fd = vmig_goto_state(dev, state), ret;
	char c = 0;

	if (state == VFIO_DEVICE_STATE_RESUMING)
		__vmig_write(fd, &c, 1);
	else
		__vmig_read(fd, &c, 1);
	if (state == VFIO_DEVICE_STATE_RESUMING)
		ret = __vmig_recover_running(dev);
	else
		ret = __vmig_set_state(dev, VFIO_DEVICE_STATE_RUNNING, NULL);
	if (ret)
		vmig_test_error("the device cannot be brought back to RUNNING from %s: %s",
				vmig_state_name(state), vmig_errno_name(ret));
	close(fd);
}

/**
 * struct batch - a number of sessions
 * @sessions: how many
 * @seconds: how long they took
 */
struct batch {
	unsigned int sessions;
	double seconds;
};

static void take_batch(struct vmig_device *dev, uint64_t flags, bool resets, struct batch *b)
{
	static const uint32_t kinds[] = { VFIO_DEVICE_STATE_STOP_COPY, VFIO_DEVICE_STATE_PRE_COPY,
					  VFIO_DEVICE_STATE_PRE_COPY_P2P,
					  VFIO_DEVICE_STATE_RESUMING };
	struct timespec start;
	uint32_t kind;

	clock_gettime(CLOCK_MONOTONIC, &start);
	for (b->sessions = 0; b->sessions < BATCH_MAX; b->sessions++) {
		kind = kinds[b->sessions % ARRAY_SIZE(kinds)];
		if (!vmig_state_offered(flags, kind) ||
		    (kind == VFIO_DEVICE_STATE_RESUMING && !resets))
			kind = VFIO_DEVICE_STATE_STOP_COPY;
		abandon_session(dev, kind);
		b->seconds = seconds_since(&start);
		if (b->sessions >= BATCH_MIN && b->seconds > BATCH_S)
			break;
	}
}

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return x < y ? -1 : x > y;
}

static double median(double *values)
{
	qsort(values, PAIRS, sizeof(*values), compare);
	return values[PAIRS / 2];
}

static double most(double a, double b)
{
	return a > b ? a : b;
}

/*
 * Others use memory too, and free lists fill and empty, so each batch of sessions is
 * followed by as long a time in which nothing is done, and only what grows in most of
 * the former, by more than in any of the latter, is charged to the sessions.
 */
VMIG_TEST_TIMEOUT(robust, abandoned_sessions_are_freed, 120)
{
	double slab[PAIRS], pages[PAIRS], slab_growth, page_growth;
	bool resets = vmig_can_reset(self->dev);
	struct memory before, after, idle;
	struct memory most_idle = {};
	unsigned int i, sessions = 0;
	struct batch b;
	int fds;

	CLAUSES(ROB_05);
	take_batch(self->dev, self->flags, resets, &b);
	fds = vmig_count_fds();
	for (i = 0; i < PAIRS; i++) {
		take_memory(&before);
		take_batch(self->dev, self->flags, resets, &b);
		take_memory(&after);
		usleep(b.seconds * 1e6);
		take_memory(&idle);
		sessions += b.sessions;
		slab[i] = (after.slab - before.slab) / b.sessions;
		pages[i] = (after.pages - before.pages) / b.sessions;
		most_idle.slab = most(most_idle.slab, (idle.slab - after.slab) / b.sessions);
		most_idle.pages = most(most_idle.pages, (idle.pages - after.pages) / b.sessions);
	}
	slab_growth = median(slab);
	page_growth = median(pages);
	vmig_metric("session_slab_growth", slab_growth, "bytes");
	vmig_metric("session_page_growth", page_growth, "bytes");
	CHECK(ROB_05, slab_growth < SLAB_LEAK || slab_growth <= most_idle.slab,
	      vmig_fmt("SUnreclaim in /proc/meminfo over %u sessions left in the middle", sessions),
	      "no growth", "%.0f bytes a session, median of %d batches", slab_growth, PAIRS);
	CHECK(ROB_05, page_growth < PAGE_LEAK || page_growth <= most_idle.pages,
	      vmig_fmt("pages of the kernel over %u sessions left in the middle", sessions),
	      "no growth", "%.0f bytes a session, median of %d batches", page_growth, PAIRS);
	CHECK(ROB_05, vmig_count_fds() == fds, "/proc/self/fd after it, all data_fds closed",
	      "no new fd", "%+d", vmig_count_fds() - fds);
}

#define LOG_RANGES 256
/* Caches of mappings fill up over some hundred STARTs; bytes a START. */
#define LOG_LEAK 512.0

/* As many STARTs, of as many ranges as the core takes, each with its STOP. */
static void take_log_batch(struct vmig_device *dev, struct batch *b)
{
	struct vfio_device_feature_dma_logging_range ranges[LOG_RANGES];
	struct timespec start;
	uint64_t page_size;
	unsigned int i;

	for (i = 0; i < LOG_RANGES; i++)
		ranges[i] = (struct vfio_device_feature_dma_logging_range){
			.iova = i * 1024ULL * VMIG_PAGE,
			.length = 256 * VMIG_PAGE,
		};
	clock_gettime(CLOCK_MONOTONIC, &start);
	for (b->sessions = 0; b->sessions < BATCH_MAX; b->sessions++) {
		/* What came back is the device's, which the ranges need not be multiples of. */
		page_size = VMIG_PAGE;
		vmig_log_start(dev, &page_size, ranges, LOG_RANGES);
		vmig_log_stop(dev);
	}
	b->seconds = seconds_since(&start);
}

/*
 * What START sets up, STOP frees (665077d78dc7, pds). Each START of mlx5 clears pages by the
 * thousand, which takes long under TCG.
 */
VMIG_TEST_TIMEOUT(robust, stopped_logs_are_freed, 300)
{
	double slab[PAIRS], growth, idle_growth = 0;
	struct memory before, after, idle;
	struct batch b;
	unsigned int i;

	CLAUSES(ROB_05);
	NEED(!__vmig_probe(self->dev, VFIO_DEVICE_FEATURE_DMA_LOGGING_START,
			   VFIO_DEVICE_FEATURE_SET),
	     "the device offers no DMA logging");
	take_log_batch(self->dev, &b);
	for (i = 0; i < PAIRS; i++) {
		take_memory(&before);
		take_log_batch(self->dev, &b);
		take_memory(&after);
		usleep(b.seconds * 1e6);
		take_memory(&idle);
		slab[i] = (after.slab - before.slab) / b.sessions;
		idle_growth = most(idle_growth, (idle.slab - after.slab) / b.sessions);
	}
	growth = median(slab);
	vmig_metric("log_slab_growth", growth, "bytes");
	CHECK(ROB_05, growth < LOG_LEAK || growth <= idle_growth,
	      vmig_fmt("SUnreclaim in /proc/meminfo over %u STARTs and STOPs", PAIRS * b.sessions),
	      "no growth", "%.0f bytes a START, median of %d batches", growth, PAIRS);
}

VMIG_MAIN("robust")
