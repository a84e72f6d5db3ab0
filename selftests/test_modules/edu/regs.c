// SPDX-License-Identifier: GPL-2.0-only
/* Page 0 of BAR 0, as user space sees it. */
#include <linux/io.h>
#include <linux/uaccess.h>

#include "edu.h"

static u64 edu_reg_read(struct edu_device *edu, u64 at)
{
	switch (at) {
	case EDU_ID:
		return EDU_ID_VALUE;
	case EDU_LIVE:
		/* A peer may have written it. */
		edu->live = ioread32(edu_bar(edu) + EDU_LIVE);
		return edu->live;
	case EDU_FACT:
		return ioread32(edu_bar(edu) + EDU_FACT);
	case EDU_STATUS:
		return edu->status | (edu->computing ? EDU_STATUS_COMPUTING : 0);
	case EDU_IRQ_STATUS:
		return edu->irq_status;
	case EDU_DMA_SRC:
		return edu->regs.src;
	case EDU_DMA_DST:
		return edu->regs.dst;
	case EDU_DMA_COUNT:
		return edu->regs.count;
	case EDU_DMA_COMMAND:
		return edu->regs.command | (edu_busy(edu) ? EDU_COMMAND_RUN : 0);
	}
	return U64_MAX;
}

static void edu_command_write(struct edu_device *edu, u32 value)
{
	struct edu_command c;

	/* As QEMU's device does it. */
	if (!(value & EDU_COMMAND_RUN))
		return;
	edu->regs.command = value & (EDU_COMMAND_OUT | EDU_COMMAND_IRQ);
	c = edu->regs;
	edu_submit(edu, &c);
}

static void edu_reg_write(struct edu_device *edu, u64 at, u64 value)
{
	switch (at) {
	case EDU_LIVE:
		iowrite32(value, edu_bar(edu) + EDU_LIVE);
		edu->live = ~value;
		break;
	case EDU_FACT:
		if (!edu->computing)
			edu_compute(edu, value);
		break;
	case EDU_STATUS:
		edu->status &= ~(value & EDU_STATUS_DMA_ERROR);
		edu->status &= ~EDU_STATUS_IRQ_FACT;
		edu->status |= value & EDU_STATUS_IRQ_FACT;
		break;
	case EDU_IRQ_RAISE:
		edu_raise(edu, value);
		break;
	case EDU_IRQ_ACK:
		edu->irq_status &= ~value;
		iowrite32(value, edu_bar(edu) + EDU_IRQ_ACK);
		break;
	case EDU_DMA_SRC:
		edu->regs.src = value;
		break;
	case EDU_DMA_DST:
		edu->regs.dst = value;
		break;
	case EDU_DMA_COUNT:
		edu->regs.count = value;
		break;
	case EDU_DMA_COMMAND:
		edu_command_write(edu, value);
		break;
	}
}

/* One access as wide as the device takes it, or a byte, which it does not take. */
static size_t edu_width(u64 pos, size_t count)
{
	if (pos >= EDU_DMA_SRC && pos % 8 == 0 && count >= 8)
		return 8;
	return pos % 4 == 0 && count >= 4 ? 4 : 1;
}

static int edu_reg_access(struct edu_device *edu, u64 pos, u64 *value, size_t width, bool write)
{
	int ret = 0;

	if (READ_ONCE(edu->activity) == REF_STOPPED &&
	    edu_defect(edu, REF_DEFECT_mmio_in_stop_breaks))
		ref_force_state(&edu->ref, VFIO_DEVICE_STATE_ERROR);
	ref_accessed(&edu->ref);
	mutex_lock(&edu->lock);
	/* As with any BAR that is not decoded. */
	if (!edu_decodes(edu) ||
	    (edu->activity == REF_NO_DMA && edu_defect(edu, REF_DEFECT_p2p_refuses_access))) {
		ret = -EIO;
		goto out;
	}
	edu_sync(edu);
	edu_advance(edu);
	if (!write)
		*value = width == 1 ? U64_MAX : edu_reg_read(edu, pos);
	else if (width > 1 && edu->activity != REF_STOPPED)
		edu_reg_write(edu, pos, *value);
	edu_advance(edu);
out:
	edu_unlock(edu);
	return ret;
}

/**
 * edu_regs_rw() - an access to page 0 of BAR 0
 * @edu: device
 * @buf: to or from
 * @count: bytes, not beyond the page
 * @pos: offset in the page
 * @write: direction
 *
 * A stopped device answers reads, and writes do nothing.
 *
 * Return: @count; -EFAULT; -EIO if the BAR is not decoded.
 */
ssize_t edu_regs_rw(struct edu_device *edu, char __user *buf, size_t count, u64 pos, bool write)
{
	size_t done, width;

	for (done = 0; done < count; done += width) {
		u64 value = 0;
		int ret;

		width = edu_width(pos + done, count - done);
		if (write && copy_from_user(&value, buf + done, width))
			return -EFAULT;
		ret = edu_reg_access(edu, pos + done, &value, width, write);
		if (ret)
			return ret;
		if (!write && copy_to_user(buf + done, &value, width))
			return -EFAULT;
	}
	return done;
}
