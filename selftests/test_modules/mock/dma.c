// SPDX-License-Identifier: GPL-2.0-only
/* The DMA engine: commands wait in a FIFO and are carried out one after the other. */

#include <linux/delay.h>
#include <linux/mm.h>
#include <linux/slab.h>

#include "mock.h"

/* How long a command may take to end before that is an error, in jiffies. */
#define DRAIN (5 * HZ)

/**
 * mock_command_valid - can the device carry this out?
 * @m: the device
 * @c: a command, of a user or from a stream
 *
 * Return: whether it can
 */
bool mock_command_valid(const struct mock *m, const struct mock_command *c)
{
	u64 at = le64_to_cpu(c->at), iova = le64_to_cpu(c->iova), size = m->ref.mem_size;
	u32 len = le32_to_cpu(c->len), kind = le32_to_cpu(c->kind) & ~MOCK_COMMAND_IRQ;

	return (kind == MOCK_COMMAND_WRITE || kind == MOCK_COMMAND_READ) && len &&
	       len <= MOCK_DMA_MAX && at < size && len <= size - at &&
	       !((iova + len - 1) >> m->ref.iova_bits) && iova + len > iova &&
	       le32_to_cpu(c->time) <= MOCK_DMA_TIME_MAX;
}

/**
 * mock_dma_runs - may a command begin?
 * @m: the device, whose activity has been set
 *
 * Return: whether it may
 */
bool mock_dma_runs(const struct mock *m)
{
	return m->activity == REF_RUNNING ||
	       (m->activity == REF_NO_DMA && ref_freedom(&m->ref, REF_FREEDOM_p2p_stops_p2p_only));
}

static bool may_run(const struct mock *m)
{
	if (m->deaf || ref_loaded_defect(&m->ref, REF_DEFECT_load_ends_dma))
		return false;
	return mock_dma_runs(m) ||
	       (m->activity == REF_NO_DMA &&
		(ref_defect(&m->ref, REF_DEFECT_dma_begins_in_p2p) ||
		 ref_loaded_defect(&m->ref, REF_DEFECT_loaded_dma_in_p2p))) ||
	       (m->activity == REF_STOPPED &&
		ref_loaded_defect(&m->ref, REF_DEFECT_loaded_dma_in_stop));
}

/* Opened through its group, which has an iommufd for a container and none of type1. */
static bool in_compat(struct mock *m)
{
#if IS_ENABLED(CONFIG_IOMMUFD) && IS_ENABLED(CONFIG_VFIO_DEVICE_CDEV)
	return m->vdev.iommufd_access && !vfio_device_cdev_opened(&m->vdev);
#else
	return false;
#endif
}

static void log_write(struct mock *m, u64 iova, size_t len)
{
	if (!ref_defect(&m->ref, REF_DEFECT_log_lost_in_compat) || !in_compat(m))
		ref_log_write(&m->ref, iova, len);
}

/* One page, or a part of one. */
static int transfer(struct mock *m, u64 iova, u64 at, void *bounce, size_t len, bool write)
{
	int ret;

	if (write) {
		ret = mock_mem_read(m, at, bounce, len);
		if (!ret)
			ret = vfio_dma_rw(&m->vdev, iova, bounce, len, true);
		if (!ret)
			log_write(m, iova, len);
		return ret;
	}
	ret = vfio_dma_rw(&m->vdev, iova, bounce, len, false);
	return ret ?: mock_mem_write(m, at, bounce, len);
}

static int carry_out(struct mock *m, const struct mock_command *c, void *bounce)
{
	u64 iova = le64_to_cpu(c->iova), at = le64_to_cpu(c->at);
	u32 len = le32_to_cpu(c->len), left = len, time = le32_to_cpu(c->time);
	bool write = le32_to_cpu(c->kind) & MOCK_COMMAND_WRITE;
	int ret = 0;
	u32 n;

	while (left && !ret && !READ_ONCE(m->cancel)) {
		n = min_t(u32, left, PAGE_SIZE);
		/* A part of the time before each part, so that the last byte comes last. */
		if (time)
			msleep(max(1U, (u32)((u64)time * n / len)));
		ret = transfer(m, iova, at, bounce, n, write);
		iova += n;
		at += n;
		left -= n;
	}
	return ret;
}

static void engine(struct work_struct *work)
{
	struct mock *m = container_of(work, struct mock, engine);
	void *bounce = (void *)__get_free_page(GFP_KERNEL);
	struct mock_command c;
	u32 waiting;
	int ret;

	mutex_lock(&m->lock);
	while (may_run(m) && m->regs.waiting) {
		waiting = le32_to_cpu(m->regs.waiting) - 1;
		c = m->regs.fifo[0];
		memmove(&m->regs.fifo[0], &m->regs.fifo[1], waiting * sizeof(c));
		memset(&m->regs.fifo[waiting], 0, sizeof(c));
		m->regs.waiting = cpu_to_le32(waiting);
		m->busy = true;
		mutex_unlock(&m->lock);

		ret = bounce ? carry_out(m, &c, bounce) : -ENOMEM;

		mutex_lock(&m->lock);
		m->busy = false;
		if (m->cancel)
			break;
		if (ret)
			m->regs.error = cpu_to_le32(1);
		le32_add_cpu(&m->regs.done, 1);
		if (le32_to_cpu(c.kind) & MOCK_COMMAND_IRQ)
			mock_irq_signal(m);
	}
	mutex_unlock(&m->lock);
	wake_up_all(&m->idle);
	free_page((unsigned long)bounce);
}

/**
 * mock_dma_command - a command from the registers
 * @m: the device, locked
 * @kind: MOCK_COMMAND_*
 *
 * In a P2P state it is held: a device that cannot tell peers from memory does no DMA at
 * all (H:1178), and goes on with it afterwards.
 */
void mock_dma_command(struct mock *m, u32 kind)
{
	struct mock_command c = m->regs.command;
	u32 waiting = le32_to_cpu(m->regs.waiting);

	if (m->activity == REF_NO_DMA && ref_defect(&m->ref, REF_DEFECT_held_p2p_dma_lost))
		return;
	c.kind = cpu_to_le32(kind);
	if (waiting == MOCK_QUEUE || !mock_command_valid(m, &c)) {
		m->regs.error = cpu_to_le32(1);
		return;
	}
	ref_worked(&m->ref);
	m->regs.fifo[waiting] = c;
	m->regs.waiting = cpu_to_le32(waiting + 1);
	if (may_run(m))
		queue_work(m->wq, &m->engine);
}

static bool is_idle(struct mock *m)
{
	return !READ_ONCE(m->busy);
}

/**
 * mock_dma_pause - begin no command, and wait until the one that is under way has ended
 * @m: the device, whose activity has been set
 * @activity: the same
 *
 * Return: 0, or -ETIMEDOUT
 */
int mock_dma_pause(struct mock *m, enum ref_activity activity)
{
	if (ref_defect(&m->ref, REF_DEFECT_dma_in_stop))
		return 0;
	if (activity == REF_NO_DMA && ref_defect(&m->ref, REF_DEFECT_p2p_does_not_wait))
		return 0;
	return wait_event_timeout(m->idle, is_idle(m), DRAIN) ? 0 : -ETIMEDOUT;
}

/**
 * mock_dma_resume - go on with what waits
 * @m: the device, whose activity has been set
 */
void mock_dma_resume(struct mock *m)
{
	queue_work(m->wq, &m->engine);
}

/**
 * mock_dma_cancel - forget what waits and is under way
 * @m: the device, stopped and not locked
 */
void mock_dma_cancel(struct mock *m)
{
	WRITE_ONCE(m->cancel, true);
	flush_work(&m->engine);
	WRITE_ONCE(m->cancel, false);
}

/**
 * mock_dma_init - an engine without work
 * @m: the device
 *
 * Return: 0, or -ENOMEM
 */
int mock_dma_init(struct mock *m)
{
	INIT_WORK(&m->engine, engine);
	init_waitqueue_head(&m->idle);
	m->wq = alloc_ordered_workqueue("vfio_mig_mock", 0);
	return m->wq ? 0 : -ENOMEM;
}

/**
 * mock_dma_destroy - undo mock_dma_init()
 * @m: the device
 */
void mock_dma_destroy(struct mock *m)
{
	if (m->wq)
		destroy_workqueue(m->wq);
}
