// SPDX-License-Identifier: GPL-2.0-only
/*
 * ROB-04, ROB-05: what refused requests and abandoned sessions leave behind. A user may
 * make as many of both as it likes, so the device must go on working after them and the
 * host must not pay for them (S0).
 */
#include <errno.h>
#include <sys/ioctl.h>

#include <vmig/dma_logging.h>
#include <vmig/info.h>
#include "fixture_states.h"
#include "fault_memory.h"
#include "kernel_memory.h"
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
 * struct leaver - who leaves sessions in the middle
 * @dev: of this device
 * @flags: what it offers
 * @resets: it can be reset, so that RESUMING can be left
 */
struct leaver {
	struct vmig_device *dev;
	uint64_t flags;
	bool resets;
};

static void leave_in_the_middle(void *arg, unsigned int i)
{
	static const uint32_t kinds[] = { VFIO_DEVICE_STATE_STOP_COPY, VFIO_DEVICE_STATE_PRE_COPY,
					  VFIO_DEVICE_STATE_PRE_COPY_P2P,
					  VFIO_DEVICE_STATE_RESUMING };
	const struct leaver *l = arg;
	uint32_t kind = kinds[i % ARRAY_SIZE(kinds)];

	if (!vmig_state_offered(l->flags, kind) ||
	    (kind == VFIO_DEVICE_STATE_RESUMING && !l->resets))
		kind = VFIO_DEVICE_STATE_STOP_COPY;
	abandon_session(l->dev, kind);
}

VMIG_TEST_TIMEOUT(robust, abandoned_sessions_are_freed, 120)
{
	struct leaver l = { self->dev, self->flags, vmig_can_reset(self->dev) };
	struct vmig_batch b = { leave_in_the_middle, &l, 8 };
	int fds = vmig_count_fds();
	struct vmig_growth g;

	CLAUSES(ROB_05);
	vmig_growth_measure(&b, &g);
	vmig_metric("session_slab_growth", g.slab, "bytes");
	vmig_metric("session_page_growth", g.pages, "bytes");
	vmig_growth_judge(&g, ROB_05, VMIG_GROWTH_NONE, "a session left in the middle");
	CHECK(ROB_05, vmig_count_fds() == fds, "/proc/self/fd after it, all data_fds closed",
	      "no new fd", "%+d", vmig_count_fds() - fds);
}

#define LOG_RANGES 256

/* A START of as many ranges as the core takes, and its STOP. */
static void log_once(void *arg, unsigned int n)
{
	struct vfio_device_feature_dma_logging_range ranges[LOG_RANGES];
	/* What came back is the device's, which the ranges need not be multiples of. */
	uint64_t page_size = VMIG_PAGE;
	struct vmig_device *dev = arg;
	unsigned int i;

	for (i = 0; i < LOG_RANGES; i++)
		ranges[i] = (struct vfio_device_feature_dma_logging_range){
			.iova = i * 1024ULL * VMIG_PAGE,
			.length = 256 * VMIG_PAGE,
		};
	vmig_log_start(dev, &page_size, ranges, LOG_RANGES);
	vmig_log_stop(dev);
}

/*
 * What START sets up, STOP frees (665077d78dc7, pds). Each START of mlx5 clears pages by the
 * thousand, which takes long under TCG. Caches of mappings fill up over some hundred STARTs.
 */
VMIG_TEST_TIMEOUT(robust, stopped_logs_are_freed, 300)
{
	struct vmig_batch b = { log_once, self->dev, 64 };
	struct vmig_growth g;

	CLAUSES(ROB_05);
	NEED(!__vmig_probe(self->dev, VFIO_DEVICE_FEATURE_DMA_LOGGING_START,
			   VFIO_DEVICE_FEATURE_SET),
	     "the device offers no DMA logging");
	vmig_growth_measure(&b, &g);
	vmig_metric("log_slab_growth", g.slab, "bytes");
	vmig_growth_judge(&g, ROB_05, VMIG_GROWTH_CACHES, "a START and its STOP");
}

VMIG_MAIN("robust")
