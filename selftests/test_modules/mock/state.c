// SPDX-License-Identifier: GPL-2.0-only
/* What the migration engine asks of the device: activity, registers, memory, reset. */

#include <linux/ktime.h>
#include <linux/mm.h>
#include <linux/random.h>
#include <linux/slab.h>

#include "mock.h"

/* How often the device dirties its memory by itself. */
#define DIRTY_TICK (HZ / 50 ?: 1)
/* Bytes of the registers that power_on_noise does not clear. */
#define NOISE 64
/* Pages a second of changes_by_itself. */
#define OWN_RATE 100

/* Bring the counter up to date: 1 MHz while the device runs. */
static void count(struct mock *m)
{
	u64 now = ktime_get_ns();
	bool runs = m->activity != REF_STOPPED || ref_defect(&m->ref, REF_DEFECT_counter_in_stop);

	if (ref_loaded_defect(&m->ref, REF_DEFECT_load_ends_counter))
		runs = false;
	if (runs && m->regs.counter_on)
		le64_add_cpu(&m->regs.counter, (now - m->counter_since) / 1000);
	m->counter_since = now;
}

/**
 * mock_counter - the free running counter
 * @m: the device, locked
 *
 * Return: its value: the microseconds that it has counted
 */
u64 mock_counter(struct mock *m)
{
	count(m);
	return le64_to_cpu(m->regs.counter);
}

/**
 * mock_counter_on - MOCK_COUNTER_ON was written
 * @m: the device, locked
 * @on: whether it counts from now on
 */
void mock_counter_on(struct mock *m, bool on)
{
	count(m);
	m->regs.counter_on = cpu_to_le32(on);
}

/**
 * mock_dirty_now - the device changes its own memory in some places
 * @m: the device, locked
 * @value: what it writes there
 */
void mock_dirty_now(struct mock *m, u32 value)
{
	__le32 word = cpu_to_le32(value);
	unsigned int i;

	for (i = 0; i < MOCK_DIRTY_WORDS; i++)
		mock_mem_write(m, (u64)i * MOCK_DIRTY_STEP, &word, sizeof(word));
}

/* The pages that commands move are left to them. */
static bool is_buffer(u32 page)
{
	return page >= MOCK_MMAP_START >> PAGE_SHIFT && page < MOCK_MMAP_END >> PAGE_SHIFT;
}

static void dirty_work(struct work_struct *work)
{
	struct mock *m = container_of(to_delayed_work(work), struct mock, dirty_work);
	u32 n, page, pages = m->ref.mem_size >> PAGE_SHIFT;
	__le64 stamp;

	mutex_lock(&m->lock);
	n = le32_to_cpu(m->regs.dirty_rate) * DIRTY_TICK / HZ;
	if (m->activity == REF_STOPPED || !m->regs.dirty_rate)
		goto out;
	stamp = cpu_to_le64(mock_counter(m));
	page = le32_to_cpu(m->regs.dirty_next);
	for (n = max(n, 1U); n; n--, page = (page + 1) % pages)
		if (!is_buffer(page))
			mock_mem_write(m, ((u64)page << PAGE_SHIFT) + 64, &stamp, sizeof(stamp));
	m->regs.dirty_next = cpu_to_le32(page);
	queue_delayed_work(m->wq, &m->dirty_work, DIRTY_TICK);
out:
	mutex_unlock(&m->lock);
}

/**
 * mock_dirty_rate - MOCK_DIRTY_RATE was written
 * @m: the device, locked
 * @rate: pages per second
 */
void mock_dirty_rate(struct mock *m, u32 rate)
{
	m->regs.dirty_rate = cpu_to_le32(rate);
	if (rate && m->activity != REF_STOPPED)
		mod_delayed_work(m->wq, &m->dirty_work, DIRTY_TICK);
}

/* Has the user mapped something at the end of the lower half of the address space? */
static bool last_page_taken(struct mock *m)
{
	u8 byte;
	int ret = vfio_dma_rw(&m->vdev, S64_MAX, &byte, sizeof(byte), false);

	return !ret || ret == -EFAULT;
}

static int set_activity(struct ref_device *ref, enum ref_activity activity)
{
	struct mock *m = ref_to_mock(ref);
	enum ref_activity was;
	int ret = 0;

	if (activity == REF_STOPPED && ref_defect(ref, REF_DEFECT_needs_an_iova) &&
	    last_page_taken(m))
		return -ENOSPC;

	mutex_lock(&m->lock);
	was = m->activity;
	count(m);
	m->activity = activity;
	if (activity == REF_STOPPED) {
		mock_irq_pause(m);
		if (ref_defect(ref, REF_DEFECT_held_dma_lost))
			m->regs.waiting = 0;
	}
	if (was == REF_STOPPED) {
		mock_irq_resume(m);
		if (m->tells)
			mock_irq_signal(m);
		m->tells = false;
		mock_dirty_rate(m, le32_to_cpu(m->regs.dirty_rate));
	}
	mutex_unlock(&m->lock);

	if (ref_loaded_defect(ref, REF_DEFECT_loaded_dma_in_p2p))
		mock_dma_resume(m);
	if (!mock_dma_runs(m))
		ret = mock_dma_pause(m, activity);
	else
		mock_dma_resume(m);
	if (activity != REF_STOPPED || ret)
		return ret;
	/* What user space writes through a mapping is not seen: it counts as changed. */
	if (atomic_read(&m->mapped))
		mock_mapped_dirty(m);
	if (ref_defect(ref, REF_DEFECT_mmap_zapped))
		mock_zap(m);
	return 0;
}

static void get_regs(struct ref_device *ref, void *regs)
{
	struct mock *m = ref_to_mock(ref);

	mutex_lock(&m->lock);
	count(m);
	memcpy(regs, &m->regs, sizeof(m->regs));
	if (ref_work_lost(ref))
		((struct mock_regs *)regs)->waiting = 0;
	mutex_unlock(&m->lock);
}

static int check_regs(struct ref_device *ref, const void *regs)
{
	const struct mock_regs *r = regs;
	u32 i, waiting = le32_to_cpu(r->waiting);

	if (r->error && ref_defect(ref, REF_DEFECT_loaded_error_refused))
		return -EINVAL;
	/* Registers that stand elsewhere in a stream of another version would be found out. */
	if (le32_to_cpu(r->irq_mask) & ~(MOCK_MASK_ON | MOCK_MASK_WAITS) &&
	    !ref_defect(ref, REF_DEFECT_version_not_checked))
		return -EINVAL;
	if (waiting > MOCK_QUEUE || le32_to_cpu(r->dirty_next) >= ref->mem_size >> PAGE_SHIFT)
		return -EINVAL;
	for (i = 0; i < waiting; i++)
		if (!mock_command_valid(ref_to_mock(ref), &r->fifo[i]))
			return -EINVAL;
	return 0;
}

/* What a defect loses of a state, or keeps of the one before. */
static void spoil(struct mock *m, const struct mock_regs *old)
{
	struct ref_device *ref = &m->ref;
	struct mock_regs *r = &m->regs;
	unsigned int i;

	if (ref_defect(ref, REF_DEFECT_loaded_dma_lost))
		r->waiting = 0;
	if (ref_defect(ref, REF_DEFECT_loaded_queue_cut) && r->waiting)
		r->waiting = cpu_to_le32(1);
	for (i = 0; ref_defect(ref, REF_DEFECT_loaded_dma_is_silent) && i < MOCK_QUEUE; i++)
		r->fifo[i].kind &= cpu_to_le32(~MOCK_COMMAND_IRQ);
	if (ref_defect(ref, REF_DEFECT_loaded_irq_lost))
		r->irq_pending = 0;
	if (ref_defect(ref, REF_DEFECT_loaded_irq_in_stop) && r->irq_pending) {
		r->irq_pending = 0;
		mock_irq_signal(m);
	}
	if (ref_defect(ref, REF_DEFECT_loaded_mask_lost))
		r->irq_mask = 0;
	if (ref_defect(ref, REF_DEFECT_loaded_masked_irq_lost))
		r->irq_mask &= cpu_to_le32(MOCK_MASK_ON);
	if (ref_defect(ref, REF_DEFECT_loaded_error_lost))
		r->error = 0;
	if (ref_defect(ref, REF_DEFECT_old_error_stays))
		r->error |= old->error;
	if (ref_defect(ref, REF_DEFECT_load_masters_bus))
		r->config[PCI_COMMAND] |= PCI_COMMAND_MASTER;
	if (ref_defect(ref, REF_DEFECT_old_work_stays) && !r->waiting) {
		r->waiting = old->waiting;
		memcpy(r->fifo, old->fifo, sizeof(r->fifo));
	}
	if (ref_defect(ref, REF_DEFECT_old_irq_stays) && !r->irq_pending) {
		r->irq_pending = old->irq_pending;
		r->irq_left = old->irq_left;
	}
}

static int set_regs(struct ref_device *ref, const void *regs)
{
	struct mock *m = ref_to_mock(ref);
	struct mock_regs *old;

	old = kmemdup(&m->regs, sizeof(*old), GFP_KERNEL);
	if (!old)
		return -ENOMEM;
	mutex_lock(&m->lock);
	memcpy(&m->regs, regs, sizeof(m->regs));
	spoil(m, old);
	m->tells = ref_freedom(ref, REF_FREEDOM_load_interrupts);
	m->counter_since = ktime_get_ns();
	mutex_unlock(&m->lock);
	kfree(old);
	if (ref_defect(ref, REF_DEFECT_loaded_dma_in_stop))
		mock_dma_resume(m);
	return 0;
}

static int read_mem(struct ref_device *ref, u64 at, void *buf, size_t len)
{
	return mock_mem_read(ref_to_mock(ref), at, buf, len);
}

static int write_mem(struct ref_device *ref, u64 at, const void *buf, size_t len)
{
	return mock_mem_write(ref_to_mock(ref), at, buf, len);
}

static int save_mem(struct ref_device *ref, u64 at, struct ref_pieces *p, size_t len)
{
	return mock_mem_save(ref_to_mock(ref), at, p, len);
}

static void look_mem(struct ref_device *ref, u64 at, struct ref_pieces *p, size_t len)
{
	mock_mem_look(p, at, len);
}

static int load_mem(struct ref_device *ref, u64 at, const struct ref_pieces *p, size_t len)
{
	return mock_mem_load(ref_to_mock(ref), at, p, len);
}

static void power_on(struct mock_regs *r)
{
	static const struct {
		u16 at;
		u8 len;
		u32 value;
	} config[] = {
		{ PCI_VENDOR_ID, 2, MOCK_VENDOR_ID },
		{ PCI_DEVICE_ID, 2, MOCK_DEVICE_ID },
		{ PCI_STATUS, 2, PCI_STATUS_CAP_LIST },
		{ PCI_CLASS_DEVICE, 2, PCI_CLASS_NOT_DEFINED },
		{ PCI_CAPABILITY_LIST, 1, 0x40 },
		{ 0x40 + PCI_CAP_LIST_ID, 1, PCI_CAP_ID_MSI },
		{ 0x40 + PCI_MSI_FLAGS, 2, PCI_MSI_FLAGS_64BIT },
	};
	size_t i;

	memset(r, 0, sizeof(*r));
	for (i = 0; i < ARRAY_SIZE(config); i++) {
		r->config[config[i].at] = config[i].value;
		if (config[i].len > 1)
			r->config[config[i].at + 1] = config[i].value >> 8;
	}
}

/* Has a reset, or an open, this defect? */
static bool leaves(struct ref_device *ref, enum ref_defect reset, enum ref_defect open)
{
	return ref_defect(ref, ref->defect.opening ? open : reset);
}

/* What a defect leaves of the registers as they were. */
static void leave_behind(struct mock *m, const struct mock_regs *was)
{
	struct ref_device *ref = &m->ref;

	if (leaves(ref, REF_DEFECT_reset_keeps_interrupt, REF_DEFECT_reopen_keeps_interrupt)) {
		m->regs.irq_pending = was->irq_pending;
		m->regs.irq_left = was->irq_left;
		/* One that was held goes on; the other has its time still. */
		if (!delayed_work_pending(&m->irq_work))
			mock_irq_resume(m);
	}
	if (leaves(ref, REF_DEFECT_reset_keeps_commands, REF_DEFECT_reopen_keeps_commands)) {
		memcpy(m->regs.fifo, was->fifo, sizeof(was->fifo));
		m->regs.waiting = was->waiting;
	}
	if (ref->defect.opening && ref_defect(ref, REF_DEFECT_reopen_keeps_config))
		m->regs.config[PCI_COMMAND] = was->config[PCI_COMMAND];
	m->deaf = !ref->defect.opening && ref_defect(ref, REF_DEFECT_reset_ends_dma);
	m->mute = ref->defect.opening
			  ? ref->defect.oops && ref_defect(ref, REF_DEFECT_reopen_ends_interrupts)
			  : ref_defect(ref, REF_DEFECT_reset_ends_interrupts);
}

static void reset(struct ref_device *ref)
{
	struct mock *m = ref_to_mock(ref);
	struct mock_regs *was;

	mutex_lock(&m->lock);
	m->activity = REF_STOPPED;
	was = kmemdup(&m->regs, sizeof(m->regs), GFP_KERNEL);
	m->regs.waiting = 0;
	m->regs.irq_pending = 0;
	mutex_unlock(&m->lock);
	mock_dma_cancel(m);
	if (!leaves(ref, REF_DEFECT_reset_keeps_interrupt, REF_DEFECT_reopen_keeps_interrupt))
		cancel_delayed_work_sync(&m->irq_work);
	cancel_delayed_work_sync(&m->dirty_work);

	mutex_lock(&m->lock);
	power_on(&m->regs);
	if (was)
		leave_behind(m, was);
	kfree(was);
	/* Its only capability is that of the interrupt. */
	if (!mock_has_irq(m)) {
		m->regs.config[PCI_STATUS] = 0;
		m->regs.config[PCI_CAPABILITY_LIST] = 0;
		memset(m->regs.config + 0x40, 0, 16);
	}
	m->regs.counter_on = cpu_to_le32(mock_initial_counter_on ||
					 ref_freedom(ref, REF_FREEDOM_changes_by_itself));
	m->mem_at = 0;
	m->tells = false;
	if (ref_freedom(ref, REF_FREEDOM_power_on_noise))
		get_random_bytes(m->regs.scratch, NOISE);
	m->counter_since = ktime_get_ns();
	m->activity = REF_RUNNING;
	mock_dirty_rate(m,
			mock_initial_dirty_rate || !ref_freedom(ref, REF_FREEDOM_changes_by_itself)
				? mock_initial_dirty_rate
				: OWN_RATE);
	mutex_unlock(&m->lock);
	mock_mem_reset(m);
	ref_dirty(ref, 0, ref->mem_size);
	/* None do, but for a defect. */
	if (m->regs.waiting)
		mock_dma_resume(m);
}

/**
 * mock_state_init - a device that has not been reset yet
 * @m: the device
 */
void mock_state_init(struct mock *m)
{
	mutex_init(&m->lock);
	INIT_DELAYED_WORK(&m->dirty_work, dirty_work);
	power_on(&m->regs);
}

static bool reaches(struct ref_device *ref, u64 iova)
{
	u8 byte;

	return !vfio_dma_rw(ref->vdev, iova, &byte, sizeof(byte), false);
}

const struct ref_ops mock_ref_ops = {
	.set_activity = set_activity,
	.get_regs = get_regs,
	.check_regs = check_regs,
	.set_regs = set_regs,
	.read_mem = read_mem,
	.write_mem = write_mem,
	.save_mem = save_mem,
	.look_mem = look_mem,
	.load_mem = load_mem,
	.reset = reset,
	.reaches = reaches,
};
