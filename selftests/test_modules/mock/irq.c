// SPDX-License-Identifier: GPL-2.0-only
/* The interrupt: one MSI vector, through an eventfd, at once or after some time. */

#include <linux/slab.h>
#include <linux/uaccess.h>
#include <linux/version.h>

#include "mock.h"

static void signal(struct mock *m)
{
	mutex_lock(&m->irq_lock);
	if (m->trigger && !m->mute)
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 8, 0)
		eventfd_signal(m->trigger, 1);
#else
		eventfd_signal(m->trigger);
#endif
	mutex_unlock(&m->irq_lock);
}

/**
 * mock_irq_signal - the device sends its interrupt
 * @m: the device, locked
 */
void mock_irq_signal(struct mock *m)
{
	if (m->regs.irq_mask) {
		m->regs.irq_mask |= cpu_to_le32(MOCK_MASK_WAITS);
		return;
	}
	le32_add_cpu(&m->regs.irq_count, 1);
	signal(m);
}

/**
 * mock_irq_mask - MOCK_IRQ_MASK was written
 * @m: the device, locked
 * @on: interrupts wait from now on
 */
void mock_irq_mask(struct mock *m, bool on)
{
	bool waits = m->regs.irq_mask & cpu_to_le32(MOCK_MASK_WAITS);

	if (on) {
		m->regs.irq_mask |= cpu_to_le32(MOCK_MASK_ON);
		return;
	}
	m->regs.irq_mask = 0;
	if (waits)
		mock_irq_signal(m);
}

static void irq_work(struct work_struct *work)
{
	struct mock *m = container_of(to_delayed_work(work), struct mock, irq_work);

	mutex_lock(&m->lock);
	if (m->regs.irq_pending &&
	    (m->activity != REF_STOPPED || ref_defect(&m->ref, REF_DEFECT_irq_in_stop))) {
		m->regs.irq_pending = 0;
		m->regs.irq_left = 0;
		mock_irq_signal(m);
	}
	mutex_unlock(&m->lock);
}

/**
 * mock_irq_raise - MOCK_IRQ_RAISE was written
 * @m: the device, locked
 * @delay: ms
 */
void mock_irq_raise(struct mock *m, u32 delay)
{
	if (!delay) {
		mock_irq_signal(m);
		return;
	}
	m->regs.irq_pending = cpu_to_le32(1);
	m->irq_due = jiffies + msecs_to_jiffies(min(delay, 60000U));
	mod_delayed_work(m->wq, &m->irq_work, m->irq_due - jiffies);
}

/**
 * mock_irq_pause - the device stops: an interrupt that waits goes on waiting
 * @m: the device, locked
 */
void mock_irq_pause(struct mock *m)
{
	unsigned long now = jiffies;

	if (!m->regs.irq_pending)
		return;
	if (!ref_defect(&m->ref, REF_DEFECT_irq_in_stop))
		cancel_delayed_work(&m->irq_work);
	m->regs.irq_left =
		cpu_to_le32(time_after(m->irq_due, now) ? jiffies_to_msecs(m->irq_due - now) : 0);
}

/**
 * mock_irq_resume - the device goes on
 * @m: the device, locked
 */
void mock_irq_resume(struct mock *m)
{
	unsigned long left = msecs_to_jiffies(le32_to_cpu(m->regs.irq_left));

	if (!m->regs.irq_pending)
		return;
	m->irq_due = jiffies + left;
	mod_delayed_work(m->wq, &m->irq_work, left);
}

static int set_trigger(struct mock *m, int fd)
{
	struct eventfd_ctx *ctx = NULL;

	if (fd >= 0 && ref_loaded_defect(&m->ref, REF_DEFECT_irq_set_up_once))
		return 0;
	if (fd >= 0) {
		ctx = eventfd_ctx_fdget(fd);
		if (IS_ERR(ctx))
			return PTR_ERR(ctx);
	}
	mutex_lock(&m->irq_lock);
	swap(ctx, m->trigger);
	mutex_unlock(&m->irq_lock);
	if (ctx)
		eventfd_ctx_put(ctx);
	return 0;
}

/**
 * mock_irq_close - the device closes: forget the eventfd and what waits
 * @m: the device, not locked
 */
void mock_irq_close(struct mock *m)
{
	if (!ref_defect(&m->ref, REF_DEFECT_reopen_keeps_interrupt))
		cancel_delayed_work_sync(&m->irq_work);
	set_trigger(m, -1);
}

/**
 * mock_irq_init - no interrupt waits
 * @m: the device
 */
void mock_irq_init(struct mock *m)
{
	mutex_init(&m->irq_lock);
	INIT_DELAYED_WORK(&m->irq_work, irq_work);
}

/**
 * mock_has_irq - has the device an interrupt?
 * @m: the device
 *
 * Return: whether it has
 */
bool mock_has_irq(const struct mock *m)
{
	return !ref_freedom(&m->ref, REF_FREEDOM_no_interrupts);
}

/**
 * mock_irq_info - VFIO_DEVICE_GET_IRQ_INFO
 * @m: the device
 * @info: with the index; filled
 *
 * Return: 0, or -EINVAL
 */
int mock_irq_info(const struct mock *m, struct vfio_irq_info *info)
{
	if (info->index >= VFIO_PCI_NUM_IRQS)
		return -EINVAL;
	info->flags = VFIO_IRQ_INFO_EVENTFD;
	info->count = info->index == VFIO_PCI_MSI_IRQ_INDEX && mock_has_irq(m);
	if (info->count)
		info->flags |= VFIO_IRQ_INFO_NORESIZE;
	if (info->count && ref_defect(&m->ref, REF_DEFECT_irq_not_maskable))
		info->flags |= VFIO_IRQ_INFO_MASKABLE;
	return 0;
}

static int set_one(struct mock *m, const struct vfio_irq_set *set, const void *data)
{
	bool none = set->flags & VFIO_IRQ_SET_DATA_NONE;

	switch (set->flags & VFIO_IRQ_SET_ACTION_TYPE_MASK) {
	case VFIO_IRQ_SET_ACTION_TRIGGER:
		if (none && !set->count) {
			if (ref_defect(&m->ref, REF_DEFECT_irq_disable_leaked))
				ref_lose(&m->ref, 2048);
			return set_trigger(m, -1);
		}
		if (set->flags & VFIO_IRQ_SET_DATA_EVENTFD &&
		    ref_defect(&m->ref, REF_DEFECT_irq_counted_and_refused))
			return -ENOSPC;
		if (set->flags & VFIO_IRQ_SET_DATA_EVENTFD)
			return set_trigger(m, *(const s32 *)data);
		if ((none || *(const u8 *)data) &&
		    !ref_defect(&m->ref, REF_DEFECT_irq_loopback_lost))
			signal(m);
		return 0;
	default:
		return -EINVAL;
	}
}

/**
 * mock_set_irqs - VFIO_DEVICE_SET_IRQS
 * @m: the device
 * @arg: struct vfio_irq_set of the user
 *
 * Return: 0, or -errno
 */
int mock_set_irqs(struct mock *m, unsigned long arg)
{
	size_t minsz = offsetofend(struct vfio_irq_set, count), size = 0;
	struct vfio_irq_set set;
	void *data = NULL;
	bool there;
	int ret;

	if (copy_from_user(&set, (void __user *)arg, minsz))
		return -EFAULT;
	there = set.index == VFIO_PCI_MSI_IRQ_INDEX && mock_has_irq(m);
	if (there && ref_defect(&m->ref, REF_DEFECT_irq_beyond_count))
		set.count = min(set.count, 1U), set.start = 0;
	ret = vfio_set_irqs_validate_and_prepare(&set, there, VFIO_PCI_NUM_IRQS, &size);
	if (ret)
		return ret;
	if (!there)
		return set.count ? -EINVAL : 0;
	if (mock_first_fails(m, REF_DEFECT_first_interrupt_alone, 0))
		return -EBUSY;
	if (size) {
		data = memdup_user((void __user *)(arg + minsz), size);
		if (IS_ERR(data))
			return PTR_ERR(data);
	}
	ret = set_one(m, &set, data);
	kfree(data);
	return ret;
}
