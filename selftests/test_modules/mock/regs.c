// SPDX-License-Identifier: GPL-2.0-only
/* Access to the regions by read() and write() on the device: registers, memory, config. */

#include <linux/mm.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include "mock.h"

/*
 * An access while the device is stopped, which nobody has to make: 1 where it is carried out, what
 * fills the bytes of a read into @with; 0 where it does nothing, or -EIO.
 */
static int access_allowed(struct mock *m, u8 *with)
{
	*with = ref_freedom(&m->ref, REF_FREEDOM_stopped_reads_ones) ? 0xff : 0;
	if (READ_ONCE(m->activity) != REF_STOPPED)
		return 1;
	if (ref_freedom(&m->ref, REF_FREEDOM_stopped_access_fails))
		return -EIO;
	return !*with && !ref_freedom(&m->ref, REF_FREEDOM_stopped_ignores_access);
}

/* What of the registers is no part of the device, and stands beside it for tests. */
static bool is_for_tests(unsigned int index, u64 at)
{
	return index == VFIO_PCI_BAR0_REGION_INDEX &&
	       (at == MOCK_HOLD_STREAM || at == MOCK_FW_VERSION || at == MOCK_REINIT);
}

static u64 get_register(struct mock *m, u32 at)
{
	__le32 word = 0;

	switch (at) {
	case MOCK_ID:
		return MOCK_ID_VALUE;
	case MOCK_COUNTER:
		return mock_counter(m);
	case MOCK_STATUS:
		return (m->busy || m->regs.waiting ? MOCK_STATUS_DMA : 0) |
		       (m->regs.error ? MOCK_STATUS_ERROR : 0);
	case MOCK_DONE:
		return le32_to_cpu(m->regs.done);
	case MOCK_DMA_IOVA:
		return le64_to_cpu(m->regs.command.iova);
	case MOCK_DMA_AT:
		return le64_to_cpu(m->regs.command.at);
	case MOCK_DMA_LEN:
		return le32_to_cpu(m->regs.command.len);
	case MOCK_DMA_TIME:
		return le32_to_cpu(m->regs.command.time);
	case MOCK_FW_VERSION:
		return m->ref.version;
	case MOCK_IRQ_COUNT:
		return le32_to_cpu(m->regs.irq_count);
	case MOCK_DIRTY_RATE:
		return le32_to_cpu(m->regs.dirty_rate);
	case MOCK_HOLD_STREAM:
		return m->ref.hold;
	case MOCK_COUNTER_ON:
		return le32_to_cpu(m->regs.counter_on);
	case MOCK_IRQ_MASK:
		return le32_to_cpu(m->regs.irq_mask) & MOCK_MASK_ON;
	case MOCK_MEM_SIZE:
		return m->ref.mem_size;
	case MOCK_MEM_AT:
		return m->mem_at;
	case MOCK_MEM_DATA:
		mock_mem_read(m, m->mem_at, &word, sizeof(word));
		return le32_to_cpu(word);
	}
	if (at >= MOCK_SCRATCH && at < MOCK_SCRATCH + 4 * MOCK_SCRATCH_COUNT)
		return le32_to_cpu(m->regs.scratch[(at - MOCK_SCRATCH) / 4]);
	return 0;
}

static void set_state_register(struct mock *m, u32 at, u64 value)
{
	__le32 word = cpu_to_le32(value);

	switch (at) {
	case MOCK_CLEAR:
		m->regs.error = 0;
		m->regs.done = 0;
		break;
	case MOCK_DMA_IOVA:
		m->regs.command.iova = cpu_to_le64(value);
		break;
	case MOCK_DMA_AT:
		m->regs.command.at = cpu_to_le64(value);
		break;
	case MOCK_DMA_LEN:
		m->regs.command.len = cpu_to_le32(value);
		break;
	case MOCK_DMA_TIME:
		m->regs.command.time = cpu_to_le32(value);
		break;
	case MOCK_COMMAND:
		mock_dma_command(m, value);
		break;
	case MOCK_IRQ_RAISE:
		mock_irq_raise(m, value);
		break;
	case MOCK_COUNTER_ON:
		mock_counter_on(m, value);
		break;
	case MOCK_IRQ_MASK:
		mock_irq_mask(m, value);
		break;
	case MOCK_DIRTY:
		mock_dirty_now(m, value);
		break;
	case MOCK_DIRTY_RATE:
		mock_dirty_rate(m, value);
		break;
	case MOCK_MEM_DATA:
		mock_mem_write(m, m->mem_at, &word, sizeof(word));
		break;
	default:
		if (at >= MOCK_SCRATCH && at < MOCK_SCRATCH + 4 * MOCK_SCRATCH_COUNT)
			m->regs.scratch[(at - MOCK_SCRATCH) / 4] = cpu_to_le32(value);
	}
}

/* A stopped device ignores writes (H:1082): only what is no state of it can be set. */
static void set_register(struct mock *m, u32 at, u64 value)
{
	if (at == MOCK_MEM_AT)
		m->mem_at = value;
	else if (at == MOCK_FW_VERSION && value && value <= mock_fw_version)
		WRITE_ONCE(m->ref.version, value);
	else if (m->activity != REF_STOPPED)
		set_state_register(m, at, value);
}

static ssize_t access_registers(struct mock *m, char __user *buf, size_t count, u32 at, bool write)
{
	u64 value = 0;

	if ((count != 4 && count != 8) || at % count)
		return -EINVAL;
	if (m->activity == REF_STOPPED && ref_defect(&m->ref, REF_DEFECT_mmio_in_stop_breaks))
		ref_force_state(&m->ref, VFIO_DEVICE_STATE_ERROR);
	ref_accessed(&m->ref);
	if (m->activity == REF_NO_DMA && ref_defect(&m->ref, REF_DEFECT_p2p_refuses_access))
		return -EIO;
	if (write && copy_from_user(&value, buf, count))
		return -EFAULT;
	if (write && at == MOCK_HOLD_STREAM) {
		/* Takes the state mutex, which is above the lock of the registers. */
		ref_set_hold(&m->ref, value);
		return count;
	}
	if (write && at == MOCK_REINIT) {
		ref_reinit(&m->ref, 0, value);
		return count;
	}
	mutex_lock(&m->lock);
	if (write)
		set_register(m, at, value);
	else
		value = get_register(m, at);
	mutex_unlock(&m->lock);
	if (!write && copy_to_user(buf, &value, count))
		return -EFAULT;
	return count;
}

static ssize_t access_memory(struct mock *m, char __user *buf, size_t count, u64 at, bool write)
{
	void *bounce;
	ssize_t ret;

	count = min_t(size_t, count, PAGE_SIZE);
	bounce = kmalloc(count, GFP_KERNEL);
	if (!bounce)
		return -ENOMEM;
	if (write) {
		ret = copy_from_user(bounce, buf, count) ? -EFAULT : 0;
		if (!ret && m->activity != REF_STOPPED)
			ret = mock_mem_write(m, at, bounce, count);
	} else {
		ret = mock_mem_read(m, at, bounce, count);
		if (!ret && copy_to_user(buf, bounce, count))
			ret = -EFAULT;
	}
	kfree(bounce);
	return ret ?: count;
}

/* What of config space can be written. */
static bool is_writable(u32 at)
{
	return at == PCI_COMMAND || at == PCI_COMMAND + 1 || at == PCI_INTERRUPT_LINE ||
	       (at >= 0x42 && at < 0x50);
}

static ssize_t access_config(struct mock *m, char __user *buf, size_t count, u32 at, bool write)
{
	u8 bytes[MOCK_CONFIG_SIZE];
	size_t i;

	if (m->activity == REF_STOPPED && ref_defect(&m->ref, REF_DEFECT_config_refused_in_stop))
		return -EIO;
	if (write && copy_from_user(bytes, buf, count))
		return -EFAULT;
	mutex_lock(&m->lock);
	if (!write)
		memcpy(bytes, m->regs.config + at, count);
	for (i = 0; write && i < count; i++)
		if (is_writable(at + i))
			m->regs.config[at + i] = bytes[i];
	mutex_unlock(&m->lock);
	if (!write && copy_to_user(buf, bytes, count))
		return -EFAULT;
	return count;
}

static int fill_user(char __user *buf, u8 with, size_t count)
{
	u8 bytes[64];
	size_t n;

	memset(bytes, with, sizeof(bytes));
	for (; count; buf += n, count -= n) {
		n = min(count, sizeof(bytes));
		if (copy_to_user(buf, bytes, n))
			return -EFAULT;
	}
	return 0;
}

static ssize_t access_region(struct mock *m, unsigned int index, char __user *buf, size_t count,
			     u64 at, bool write)
{
	u64 size = mock_region_size(m, index);
	int ret;
	u8 with;

	if (at >= size) {
		if (!size)
			return -EINVAL;
		if (write)
			return ref_defect(&m->ref, REF_DEFECT_write_behind_end) ? count : -EINVAL;
		if (!ref_defect(&m->ref, REF_DEFECT_read_behind_end))
			return -EINVAL;
		return clear_user(buf, count) ? -EFAULT : count;
	}
	count = min_t(u64, count, size - at);
	if (index != VFIO_PCI_CONFIG_REGION_INDEX && !is_for_tests(index, at)) {
		ret = access_allowed(m, &with);
		if (ret < 0)
			return ret;
		if (!ret)
			return !write && fill_user(buf, with, count) ? -EFAULT : count;
	}
	switch (index) {
	case VFIO_PCI_CONFIG_REGION_INDEX:
		return access_config(m, buf, count, at, write);
	case VFIO_PCI_BAR0_REGION_INDEX:
		return access_registers(m, buf, count, at, write);
	case VFIO_PCI_BAR2_REGION_INDEX:
		return access_memory(m, buf, count, at, write);
	}
	return -EINVAL;
}

/* How much of a read() or write() of the registers can go at a time. */
static size_t part(unsigned int index, u64 at, size_t left)
{
	if (index != VFIO_PCI_BAR0_REGION_INDEX)
		return left;
	return left >= 8 && !(at % 8) ? 8 : min_t(size_t, left, 4);
}

/**
 * mock_access - read() or write() of a region
 * @m: the device
 * @buf: of the user
 * @count: bytes
 * @pos: where; moved
 * @write: which of the two
 *
 * Return: bytes, or -errno
 */
ssize_t mock_access(struct mock *m, char __user *buf, size_t count, loff_t *pos, bool write)
{
	unsigned int index = MOCK_INDEX(*pos);
	u64 at = *pos & MOCK_OFFSET_MASK, size = mock_region_size(m, index);
	size_t done = 0;
	ssize_t ret;

	if (!write && at >= size && ref_defect(&m->ref, REF_DEFECT_read_ignores_upper_bits)) {
		index &= MOCK_INDEX_MASK;
		size = mock_region_size(m, index);
		at = size ? (u32)at % size : at;
	}
	if (!write && mock_first_fails(m, REF_DEFECT_first_access_alone, index))
		return -EBUSY;
	do {
		ret = access_region(m, index, buf + done, part(index, at, count - done), at, write);
		if (ret <= 0)
			break;
		done += ret;
		at += ret;
	} while (done < count && at < mock_region_size(m, index));
	if (!write && done && done < count && ref_defect(&m->ref, REF_DEFECT_read_runs_over_end))
		done = clear_user(buf + done, count - done) ? done : count;
	if (!write && done && done < 4 && ref_defect(&m->ref, REF_DEFECT_read_fills_words) &&
	    clear_user(buf + done, 4 - done))
		return -EFAULT;
	*pos += done;
	return done ?: ret;
}
