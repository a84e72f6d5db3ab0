// SPDX-License-Identifier: GPL-2.0-only
/* The driver's own region: the window to a peer, and what helps to test. See edu_regs.h. */
#include <linux/uaccess.h>

#include "edu.h"

static bool edu_in_buffer(u64 at)
{
	return at >= EDU_BUFFER_COPY && at < EDU_BUFFER_COPY + EDU_BUFFER_SIZE;
}

/* The last word of the buffer has no fourth byte. */
static size_t edu_buffer_bytes(u64 at)
{
	return min_t(u64, sizeof(u32), EDU_BUFFER_COPY + EDU_BUFFER_SIZE - at);
}

static u32 edu_extra_read(struct edu_device *edu, u64 at)
{
	u32 value = 0;

	switch (at) {
	case EDU_WINDOW_PEER:
		return edu->peer_handle;
	case EDU_WINDOW_IOVA:
		return edu->peer ? edu_window_iova(edu) : 0;
	case EDU_IRQ_IN_MS:
		return edu->irq_armed || edu->irq_left_ms;
	case EDU_HOLD_STREAM:
		return edu->ref.hold;
	case EDU_REMAP_PENDING:
		return edu->remap_pending;
	case EDU_REMAP_FAULTS:
		return READ_ONCE(edu->remap_faults);
	}
	if (edu_in_buffer(at))
		memcpy(&value, edu->copy + at - EDU_BUFFER_COPY, edu_buffer_bytes(at));
	return value;
}

static void edu_extra_write(struct edu_device *edu, u64 at, u32 value)
{
	if (at == EDU_REMAP_PENDING)
		edu->remap_pending &= ~value;
	if (edu->activity == REF_STOPPED)
		return;
	if (at == EDU_IRQ_IN_MS) {
		edu->irq_due = jiffies + msecs_to_jiffies(min(value, EDU_IRQ_MAX_MS));
		edu->irq_armed = true;
	} else if (edu_in_buffer(at)) {
		memcpy(edu->copy + at - EDU_BUFFER_COPY, &value, edu_buffer_bytes(at));
		edu_tell(edu, false, at - EDU_BUFFER_COPY, edu_buffer_bytes(at));
	}
}

/* What takes locks of its own. */
static void edu_extra_after(struct edu_device *edu, u64 at, u32 value)
{
	if (at == EDU_WINDOW_PEER)
		edu_set_peer(edu, value);
	else if (at == EDU_HOLD_STREAM)
		ref_set_hold(&edu->ref, value);
	else if (at == EDU_REINIT)
		ref_reinit(&edu->ref, 0, value);
	else if (at == EDU_CARD_RESET)
		edu_card_reset(edu);
}

/* Is the buffer changing? */
static bool edu_incoming(struct edu_device *edu)
{
	return edu->phase == EDU_DOWNLOAD ||
	       (edu->phase == EDU_USER && !(edu->now.command & EDU_COMMAND_OUT));
}

static int edu_settle(struct edu_device *edu, u64 at)
{
	unsigned long end = jiffies + msecs_to_jiffies(EDU_PATIENCE_MS);

	while (edu_in_buffer(at) && edu_incoming(edu)) {
		if (time_after(jiffies, end))
			return -EIO;
		mutex_unlock(&edu->lock);
		schedule_timeout_uninterruptible(1);
		mutex_lock(&edu->lock);
		edu_advance(edu);
	}
	return 0;
}

static ssize_t edu_extra_rw(struct vfio_pci_core_device *core, char __user *buf, size_t count,
			    loff_t *ppos, bool write)
{
	struct edu_device *edu = container_of(core, struct edu_device, core);
	u64 pos = *ppos & VFIO_PCI_OFFSET_MASK;
	size_t done;

	if (pos >= EDU_REGION_SIZE || pos % 4 || count % 4)
		return -EINVAL;
	count = min_t(u64, count, EDU_REGION_SIZE - pos);
	for (done = 0; done < count; done += 4) {
		u64 at = pos + done;
		u32 value;
		int ret;

		if (write && copy_from_user(&value, buf + done, sizeof(value)))
			return -EFAULT;
		mutex_lock(&edu->lock);
		ret = edu_settle(edu, at);
		if (write && !ret)
			edu_extra_write(edu, at, value);
		else
			value = edu_extra_read(edu, at);
		edu_advance(edu);
		edu_unlock(edu);
		if (ret)
			return ret;
		if (write)
			edu_extra_after(edu, at, value);
		else if (copy_to_user(buf + done, &value, sizeof(value)))
			return -EFAULT;
	}
	*ppos += done;
	return done;
}

static void edu_extra_release(struct vfio_pci_core_device *core, struct vfio_pci_region *region)
{
}

static const struct vfio_pci_regops edu_extra_ops = {
	.rw = edu_extra_rw,
	.release = edu_extra_release,
};

/**
 * edu_add_region() - offer the region
 * @edu: device that is being opened
 *
 * Return: 0 or -errno.
 */
int edu_add_region(struct edu_device *edu)
{
	return vfio_pci_core_register_dev_region(
		&edu->core, EDU_REGION_TYPE, EDU_REGION_SUBTYPE, &edu_extra_ops, EDU_REGION_SIZE,
		VFIO_REGION_INFO_FLAG_READ | VFIO_REGION_INFO_FLAG_WRITE, NULL);
}
