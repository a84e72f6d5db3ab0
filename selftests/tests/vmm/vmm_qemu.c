// SPDX-License-Identifier: GPL-2.0-only
/* QEMU as a consumer. See vmm_qemu.h. */
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <vmig/feature.h>
#include <vmig/fsm.h>
#include <vmig/dma_region.h>
#include <vmig/info.h>
#include <vmig/error.h>
#include "thread.h"
#include "vmm_qemu.h"

/* VFIO_MIG_DEFAULT_DATA_BUFFER_SIZE and VFIO_MIG_STOP_COPY_SIZE of QEMU. */
#define BUFFER_SIZE (1UL << 20)
#define ASSUMED_SIZE (100ULL << 30)

/* Rounds in PRE_COPY: a guest whose device never comes to rest is switched over all the same. */
#define ROUNDS 8

#define HOST_PAGE 4096

/* Parts of a region that can be mapped. */
#define AREAS 16

/**
 * vmig_qemu_phase_name - the name of a phase
 * @phase: the phase
 *
 * Return: a phrase for a message.
 */
const char *vmig_qemu_phase_name(enum qemu_phase phase)
{
	static const char *const names[] = {
		[QEMU_SETUP] = "after vfio_save_setup()",
		[QEMU_ITERATING] = "during the iterations of vfio_save_iterate()",
		[QEMU_PAUSED] = "after vfio_vmstate_change()",
		[QEMU_COMPLETING] = "in the middle of vfio_save_complete_precopy()",
		[QEMU_READ] = "after vfio_save_complete_precopy()",
		[QEMU_COMPLETED] = "never",
	};

	return names[phase];
}

/**
 * vmig_qemu_begin - a QEMU that has just opened a device, and whose vCPUs run
 * @q: filled in
 * @dev: the device
 */
void vmig_qemu_begin(struct qemu *q, struct vmig_device *dev)
{
	memset(q, 0, sizeof(*q));
	vmig_consumer_begin(&q->c, "QEMU", dev);
	q->vm_running = true;
}

static bool in_precopy(const struct qemu *q)
{
	return q->c.state == VFIO_DEVICE_STATE_PRE_COPY ||
	       q->c.state == VFIO_DEVICE_STATE_PRE_COPY_P2P;
}

/* With ERROR to recover to, a SET that fails is followed by a reset. */
static int vfio_migration_set_state(struct qemu *q, const char *by, uint32_t state,
				    uint32_t recover)
{
	struct consumer *c = &q->c;
	int fd, ret;

	if (c->state == state)
		return 0;
	ret = vmig_consumer_set(c, by, state, &fd);
	if (!ret) {
		c->state = state;
		if (fd != -1 && c->data_fd != -1)
			vmig_consumer_breaks(c, FD_02, "QEMU: %s would fail: data_fd out of sync",
					     by);
		vmig_consumer_take_fd(c, by, fd);
		return 0;
	}
	vmig_consumer_set_failed(c, by, state, ret, recover,
				 "vfio_migration_set_state() with hw_error()");
	return ret;
}

static int set_state_or_reset(struct qemu *q, const char *by, uint32_t state)
{
	return vfio_migration_set_state(q, by, state, VFIO_DEVICE_STATE_ERROR);
}

/* One range for each part of the region that can be mapped. */
static uint32_t mappable(const struct vfio_region_info *info, struct vfio_region_dma_range *ranges,
			 uint32_t max)
{
	const struct vfio_region_info_cap_sparse_mmap *sparse;
	uint32_t i, n = 0;

	if (!(info->flags & VFIO_REGION_INFO_FLAG_MMAP) || !info->size)
		return 0;
	sparse = (const void *)vmig_region_cap(info, VFIO_REGION_INFO_CAP_SPARSE_MMAP);
	if (!sparse) {
		ranges[0] = (struct vfio_region_dma_range){ .length = info->size };
		return 1;
	}
	for (i = 0; i < sparse->nr_areas && n < max; i++)
		if (sparse->areas[i].size)
			ranges[n++] =
				(struct vfio_region_dma_range){ .offset = sparse->areas[i].offset,
								.length = sparse->areas[i].size };
	return n;
}

/* QEMU goes on without, whatever comes; which errno that may be says the uAPI. */
static void vfio_region_create_dma_buf(struct qemu *q, uint32_t bar)
{
	struct vfio_region_dma_range ranges[AREAS];
	struct vfio_region_info *info;
	uint32_t count;
	int fd;

	if (__vmig_region_info(q->c.dev, bar, &info))
		return;
	count = mappable(info, ranges, AREAS);
	free(info);
	if (!count)
		return;
	q->c.asked_dma_buf = true;
	fd = __vmig_dma_buf_export(q->c.dev, bar, ranges, count);
	if (fd >= 0)
		close(fd);
	else if (fd != -EOPNOTSUPP && fd != -ENOTTY && fd != -ENODEV && vmig_clause_binds(FEAT_19))
		vmig_consumer_breaks(&q->c, FEAT_19,
				     "QEMU: vfio_region_create_dma_buf() of BAR %u would report %s",
				     bar, vmig_errno_name(fd));
}

/**
 * vmig_qemu_regions - vfio_region_mmap() of each BAR, when the machine is made
 * @q: QEMU
 *
 * Without the mmap() itself, which is a region's and not a migration's business.
 */
void vmig_qemu_regions(struct qemu *q)
{
	uint32_t bar;

	for (bar = VFIO_PCI_BAR0_REGION_INDEX; bar <= VFIO_PCI_BAR5_REGION_INDEX; bar++)
		vfio_region_create_dma_buf(q, bar);
}

/* Any errno but ENOTTY makes QEMU refuse the device. */
static int vfio_migration_set_precopy_info_v2(struct qemu *q)
{
	static const char by[] = "vfio_migration_set_precopy_info_v2()";
	struct consumer *c = &q->c;
	int ret = vmig_consumer_feature(
		c, by, VFIO_DEVICE_FEATURE_SET | VFIO_DEVICE_FEATURE_MIG_PRECOPY_INFOv2, NULL, 0);

	c->opted_in = !ret;
	/* An mdev of a kernel before 6.18 gives EINVAL, which is no driver's fault. */
	if (ret == -ENOTTY || (ret == -EINVAL && !vmig_clause_binds(FEAT_17)))
		return 0;
	if (ret && !vmig_consumer_may_fail(c))
		vmig_consumer_breaks(c, FEAT_17, "QEMU: %s would refuse the device: %s", by,
				     vmig_errno_name(ret));
	return ret;
}

/**
 * vmig_qemu_migration_init - vfio_migration_init()
 * @q: QEMU
 *
 * Return: 0 or -errno.
 */
int vmig_qemu_migration_init(struct qemu *q)
{
	struct vfio_device_feature_migration mig = {};
	static const char by[] = "vfio_migration_init()";
	struct consumer *c = &q->c;
	int ret;

	ret = vmig_consumer_feature(c, by, VFIO_DEVICE_FEATURE_GET | VFIO_DEVICE_FEATURE_MIGRATION,
				    &mig, sizeof(mig));
	if (ret)
		return ret;
	c->flags = mig.flags;
	if (!(mig.flags & VFIO_MIGRATION_STOP_COPY)) {
		vmig_consumer_breaks(c, FSM_01, "QEMU: %s would refuse the device: no STOP_COPY",
				     by);
		return -EOPNOTSUPP;
	}
	if (mig.flags & VFIO_MIGRATION_PRE_COPY) {
		ret = vfio_migration_set_precopy_info_v2(q);
		if (ret)
			return ret;
	}
	vmig_consumer_feature(
		c, by, VFIO_DEVICE_FEATURE_PROBE | VFIO_DEVICE_FEATURE_DMA_LOGGING_START, NULL, 0);
	return 0;
}

static void query_stop_copy_size(struct qemu *q, const char *by)
{
	struct consumer *c = &q->c;
	int ret = vmig_consumer_data_size(c, by, &q->stopcopy_size);

	if (ret) {
		q->stopcopy_size = ASSUMED_SIZE;
		if (!vmig_consumer_may_fail(c))
			vmig_consumer_breaks(c, SIZE_01,
					     "QEMU: %s would assume 100 GiB: MIG_DATA_SIZE gave %s",
					     by, vmig_errno_name(ret));
	} else if (q->stopcopy_size > INT64_MAX) {
		vmig_consumer_breaks(c, SIZE_02,
				     "QEMU: %s would report an overflow: MIG_DATA_SIZE %#llx", by,
				     (unsigned long long)q->stopcopy_size);
	}
}

/* Returns whether the destination would have to load initial data once more. */
static bool look_at_flags(struct qemu *q, const char *by, const struct vfio_precopy_info *info)
{
	struct consumer *c = &q->c;

	if (!c->opted_in)
		return false;
	if (info->flags & ~VFIO_PRECOPY_INFO_REINIT)
		vmig_consumer_breaks(c, PRE_21, "QEMU: %s finds flags %#x, which nobody defined",
				     by, info->flags);
	if (!(info->flags & VFIO_PRECOPY_INFO_REINIT))
		return false;
	q->reinits++;
	q->reannounced += info->initial_bytes;
	return true;
}

/* -ERANGE for counters that are no sizes, which QEMU reports and goes on without them. */
static int query_precopy_size(struct qemu *q, const char *by)
{
	struct vfio_precopy_info info = {};
	struct consumer *c = &q->c;
	int ret = vmig_consumer_precopy_info(c, by, &info);

	if (ret && !vmig_consumer_may_fail(c))
		vmig_consumer_breaks(c, PRE_01,
				     "QEMU: %s would switch over at once: GET_PRECOPY_INFO gave %s",
				     by, vmig_errno_name(ret));
	else if (info.initial_bytes > INT64_MAX || info.dirty_bytes > INT64_MAX)
		ret = -ERANGE;
	q->init_size = ret ? 0 : info.initial_bytes;
	q->dirty_size = ret ? 0 : info.dirty_bytes;
	if (!ret && look_at_flags(q, by, &info) && q->initial_data_sent) {
		q->initial_data_sent = false;
		q->acks++;
	}
	return ret;
}

/* What the migration thread expects still to come, from what was last asked. */
static uint64_t vfio_state_pending(const struct qemu *q)
{
	uint64_t precopy = q->init_size + q->dirty_size;

	return precopy + (q->stopcopy_size > precopy ? q->stopcopy_size - precopy : 0);
}

static int vfio_save_setup(struct qemu *q)
{
	static const char by[] = "vfio_save_setup()";
	struct consumer *c = &q->c;
	int ret;

	query_stop_copy_size(q, by);
	c->buffer_size = q->stopcopy_size < BUFFER_SIZE ? q->stopcopy_size : BUFFER_SIZE;
	/* An estimate of 0 is no fault of the driver: the rest is judged as if QEMU took it. */
	if (!c->buffer_size) {
		vmig_note(SIZE_02,
			  "QEMU: %s would fail with ENOMEM, as it takes a buffer of 0 bytes, which "
			  "is MIG_DATA_SIZE, for none",
			  by);
		c->buffer_size = BUFFER_SIZE;
	}
	free(c->buffer);
	c->buffer = vmig_alloc(c->buffer_size);
	q->initial_data_sent = false;
	q->acks = 1;
	q->ack_late = false;
	if (!(c->flags & VFIO_MIGRATION_PRE_COPY) || c->state == VFIO_DEVICE_STATE_STOP)
		return 0;
	if (c->state != VFIO_DEVICE_STATE_RUNNING)
		return -EINVAL;
	ret = vfio_migration_set_state(q, by, VFIO_DEVICE_STATE_PRE_COPY,
				       VFIO_DEVICE_STATE_RUNNING);
	if (!ret)
		query_precopy_size(q, by);
	return ret;
}

/*
 * Does the device tell of initial data though it gives ENOMSG? QEMU does not ask. It has only
 * counted what it read, and the counters may have been too large (H:1253).
 */
static bool initial_data_missing(struct qemu *q)
{
	struct vfio_precopy_info info;

	return q->init_size && !vmig_consumer_may_fail(&q->c) &&
	       !__vmig_precopy_info(q->c.data_fd, &info) && info.initial_bytes;
}

/* Returns bytes read, 0 at either end of the stream, or -errno. */
static ssize_t vfio_save_block(struct qemu *q, const char *by)
{
	struct consumer *c = &q->c;
	ssize_t n = vmig_consumer_read(c, by);

	if (n != -ENOMSG) {
		if (n < 0)
			vmig_consumer_fails(c, STRM_01, by, "read()", n);
		return n;
	}
	if (c->state == VFIO_DEVICE_STATE_STOP_COPY)
		vmig_consumer_breaks(
			c, STRM_09,
			"QEMU: %s would take ENOMSG in STOP_COPY for the end and lose the rest",
			by);
	else if (initial_data_missing(q))
		vmig_consumer_breaks(c, PRE_12,
				     "QEMU: %s would take the initial data for sent: ENOMSG with "
				     "%llu initial_bytes to come",
				     by, (unsigned long long)q->init_size);
	return 0;
}

static void subtract(uint64_t *size, size_t *n)
{
	uint64_t part = *size < *n ? *size : *n;

	*size -= part;
	*n -= part;
}

static void vfio_update_estimated_pending_data(struct qemu *q, size_t n)
{
	if (!n) {
		q->init_size = 0;
		q->dirty_size = 0;
	}
	q->stopcopy_size = q->stopcopy_size > n ? q->stopcopy_size - n : 0;
	subtract(&q->init_size, &n);
	subtract(&q->dirty_size, &n);
}

/* One round of the migration thread: how much is to come, and some of it. */
static int vfio_save_iterate(struct qemu *q)
{
	static const char by[] = "vfio_save_iterate()";
	ssize_t n;

	if (!q->init_size && !q->dirty_size) {
		query_stop_copy_size(q, "vfio_state_pending()");
		query_precopy_size(q, "vfio_state_pending()");
	}
	n = vfio_save_block(q, by);
	if (n < 0)
		return n;
	vfio_update_estimated_pending_data(q, n);
	if (!q->init_size && !q->initial_data_sent) {
		q->initial_data_sent = true;
		if (q->when_sent && q->acks == 1) {
			q->when_sent(q->when_sent_arg);
			return 0;
		}
	}
	return !q->init_size && !q->dirty_size;
}

static int iterate(struct qemu *q)
{
	unsigned int i;
	int ret = 0;

	for (i = 0; i < ROUNDS && !ret && in_precopy(q); i++)
		ret = vfio_save_iterate(q);
	return ret < 0 ? ret : 0;
}

/*
 * A last look before the device is quiesced: after this nobody asks the destination any more. A
 * query that fails counts as a REINIT.
 */
static void vfio_final_precopy_reinit_check(struct qemu *q)
{
	unsigned int before = q->acks;
	int ret;

	if (!q->c.opted_in || q->c.state != VFIO_DEVICE_STATE_PRE_COPY)
		return;
	ret = query_precopy_size(q, "vfio_final_precopy_reinit_check()");
	q->ack_late = ret || q->acks != before;
}

/*
 * The vCPUs stop or start: with P2P in two steps, between which all other devices of the VM
 * take the first one.
 */
static int vfio_vmstate_change(struct qemu *q, bool running)
{
	uint32_t state = running	 ? VFIO_DEVICE_STATE_RUNNING
			 : in_precopy(q) ? VFIO_DEVICE_STATE_STOP_COPY
					 : VFIO_DEVICE_STATE_STOP;
	bool precopy = q->c.state == VFIO_DEVICE_STATE_PRE_COPY;
	int first = 0, ret;

	q->vm_running = running;
	if (!running && q->when_stopping)
		q->when_stopping(q->when_stopping_arg);
	if (q->c.flags & VFIO_MIGRATION_P2P) {
		if (!running)
			vfio_final_precopy_reinit_check(q);
		first = set_state_or_reset(q, "vfio_vmstate_change_prepare()",
					   precopy ? VFIO_DEVICE_STATE_PRE_COPY_P2P
						   : VFIO_DEVICE_STATE_RUNNING_P2P);
	}
	/* Where that failed the state has changed, and QEMU asks it anew. */
	if (!running)
		state = in_precopy(q) ? VFIO_DEVICE_STATE_STOP_COPY : VFIO_DEVICE_STATE_STOP;
	ret = set_state_or_reset(q, "vfio_vmstate_change()", state);
	return first ?: ret;
}

/* Reads to the end, or @reads times. */
static int read_all(struct qemu *q, const char *by, unsigned int reads)
{
	ssize_t n;

	do
		n = vfio_save_block(q, by);
	while (n > 0 && --reads && q->c.wire.len < VMIG_STREAM_MAX);
	return n < 0 ? n : 0;
}

/* Sending what is left, by the migration thread or by one for this device (multifd). */
struct sender {
	struct qemu *q;
	const char *by;
	unsigned int reads;
	int ret;
};

static void *sender_thread(void *arg)
{
	struct sender *s = arg;

	s->ret = vfio_migration_set_state(s->q, s->by, VFIO_DEVICE_STATE_STOP_COPY,
					  VFIO_DEVICE_STATE_STOP);
	if (!s->ret)
		s->ret = read_all(s->q, s->by, s->reads);
	return NULL;
}

static int vfio_save_complete_precopy(struct qemu *q, unsigned int reads)
{
	struct sender s = { .q = q, .by = "vfio_save_complete_precopy()", .reads = reads };
	pthread_t thread;

	if (!q->multifd) {
		sender_thread(&s);
		return s.ret;
	}
	s.by = "vfio_multifd_save_complete_precopy_thread()";
	vmig_thread_start(&thread, sender_thread, &s);
	pthread_join(thread, NULL);
	return s.ret;
}

static void vfio_save_cleanup(struct qemu *q)
{
	if (q->c.state == VFIO_DEVICE_STATE_STOP_COPY)
		set_state_or_reset(q, "vfio_save_cleanup()", VFIO_DEVICE_STATE_STOP);
	vmig_consumer_close_fd(&q->c);
}

/* The VM goes on where it is, and every device of it is notified. */
static void fail(struct qemu *q)
{
	if (!q->vm_running)
		vfio_vmstate_change(q, true);
	vfio_save_cleanup(q);
	set_state_or_reset(q, "vfio_migration_state_notifier()", VFIO_DEVICE_STATE_RUNNING);
}

static int source(struct qemu *q, enum qemu_phase until)
{
	int ret = vfio_save_setup(q);
	size_t sent;

	if (ret || until == QEMU_SETUP)
		return ret ?: -ECANCELED;
	ret = until == QEMU_ITERATING && in_precopy(q) ? vfio_save_iterate(q) : iterate(q);
	if (ret < 0 || until == QEMU_ITERATING)
		return ret < 0 ? ret : -ECANCELED;
	ret = vfio_vmstate_change(q, false);
	if (ret || q->ack_late || until == QEMU_PAUSED)
		return ret ?: -ECANCELED;
	q->pending = vfio_state_pending(q);
	sent = q->c.wire.len;
	ret = vfio_save_complete_precopy(q, until == QEMU_COMPLETING ? 1 : 0);
	q->completed = q->c.wire.len - sent;
	if (ret || until != QEMU_COMPLETED)
		return ret ?: -ECANCELED;
	return 0;
}

/**
 * vmig_qemu_migrate - the source of a live migration
 * @q: QEMU, its VM running
 * @until: where the user cancels it
 *
 * Return: 0, with the stream in the wire and the device in STOP; or why it failed, with the
 * VM running again, as far as QEMU can tell.
 */
int vmig_qemu_migrate(struct qemu *q, enum qemu_phase until)
{
	int ret = source(q, until);

	if (ret)
		fail(q);
	else
		vfio_save_cleanup(q);
	return ret;
}

/**
 * vmig_qemu_savevm - savevm: the VM is stopped first, so that there is no PRE_COPY
 * @q: QEMU, its VM running
 *
 * Return: 0 or -errno, with the VM running again in any case.
 */
int vmig_qemu_savevm(struct qemu *q)
{
	int ret = vfio_vmstate_change(q, false);

	ret = ret ?: vfio_save_setup(q);
	ret = ret ?: vfio_save_complete_precopy(q, 0);
	vfio_save_cleanup(q);
	vfio_vmstate_change(q, true);
	return ret;
}

/**
 * vmig_qemu_new_process - QEMU ends, and another one opens the device
 * @q: QEMU
 *
 * As to the device: a reset, which QEMU makes when a machine begins.
 */
void vmig_qemu_new_process(struct qemu *q)
{
	vmig_consumer_close_fd(&q->c);
	vmig_consumer_reset(&q->c, "vfio_pci_reset()");
	q->vm_running = false;
}

/* Lengths in which a QEMUFile has it: of its buffer, unless a packet ends before. */
#define FILE_BUFFER 32768

static int load(struct qemu *q, size_t bytes)
{
	static const char by[] = "vfio_load_buffer()";
	struct consumer *c = &q->c;
	size_t n;
	int ret;

	ret = vfio_migration_set_state(q, "vfio_load_setup()", VFIO_DEVICE_STATE_RESUMING,
				       c->state);
	if (ret)
		return ret;
	while (c->sent < bytes) {
		n = bytes - c->sent < FILE_BUFFER ? bytes - c->sent : FILE_BUFFER;
		ret = vmig_consumer_write(c, by, n);
		if (ret)
			return vmig_consumer_fails(c, STRM_04, by, "write()", ret);
	}
	return 0;
}

/**
 * vmig_qemu_incoming - the destination
 * @q: a new QEMU
 * @bytes: how much of the stream comes; less than all of it for a source that has died
 *
 * A destination that cannot load ends; one that can has a running VM.
 *
 * Return: 0 or -errno.
 */
int vmig_qemu_incoming(struct qemu *q, size_t bytes)
{
	int ret = load(q, bytes);

	if (!ret && bytes == q->c.wire.len)
		ret = vfio_vmstate_change(q, true);
	else if (!ret)
		ret = -ECONNRESET;
	vmig_consumer_close_fd(&q->c);
	if (ret)
		vmig_qemu_new_process(q);
	return ret;
}

/**
 * vmig_qemu_dma_logging_start - vfio_devices_dma_logging_start()
 * @q: QEMU
 * @ranges: what it has made of the sections of its memory: one below 4 GiB, one above, and one
 *	for the hole of 64-bit PCI
 * @count: how many of them are not empty
 *
 * Return: 0 or -errno.
 */
int vmig_qemu_dma_logging_start(struct qemu *q,
				const struct vfio_device_feature_dma_logging_range *ranges,
				uint32_t count)
{
	struct vfio_device_feature_dma_logging_control control = {
		.page_size = HOST_PAGE,
		.num_ranges = count,
		.ranges = (uintptr_t)ranges,
	};
	int ret = vmig_consumer_feature(&q->c, "vfio_devices_dma_logging_start()",
					VFIO_DEVICE_FEATURE_SET |
						VFIO_DEVICE_FEATURE_DMA_LOGGING_START,
					&control, sizeof(control));

	if (!ret)
		q->tracking = true;
	return ret;
}

/**
 * vmig_qemu_dma_logging_report - vfio_device_dma_logging_report() of one section of the memory
 * @q: QEMU
 * @iova: where it begins
 * @size: its bytes
 * @bitmap: a bit for each page of the host
 *
 * Return: 0 or -errno.
 */
int vmig_qemu_dma_logging_report(struct qemu *q, uint64_t iova, uint64_t size, uint64_t *bitmap)
{
	struct vfio_device_feature_dma_logging_report report = {
		.iova = iova,
		.length = size,
		.page_size = HOST_PAGE,
		.bitmap = (uintptr_t)bitmap,
	};

	return vmig_consumer_feature(&q->c, "vfio_device_dma_logging_report()",
				     VFIO_DEVICE_FEATURE_GET |
					     VFIO_DEVICE_FEATURE_DMA_LOGGING_REPORT,
				     &report, sizeof(report));
}

/**
 * vmig_qemu_dma_logging_stop - vfio_devices_dma_logging_stop()
 * @q: QEMU
 *
 * QEMU takes it for stopped, whatever came.
 *
 * Return: 0 or -errno.
 */
int vmig_qemu_dma_logging_stop(struct qemu *q)
{
	q->tracking = false;
	return vmig_consumer_feature(&q->c, "vfio_devices_dma_logging_stop()",
				     VFIO_DEVICE_FEATURE_SET | VFIO_DEVICE_FEATURE_DMA_LOGGING_STOP,
				     NULL, 0);
}
