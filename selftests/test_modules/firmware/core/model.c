// SPDX-License-Identifier: GPL-2.0-only
/* What a virtual function does: looks at its registers, and carries out what they ask for. */

#include <linux/delay.h>
#include <linux/irq.h>

#include "fw.h"

/* How long a command may take to end before that is an error, in jiffies. */
#define DRAIN (5 * HZ)

static struct device *device_of(struct fw_vf *vf, struct pci_dev **pdev)
{
	*pdev = pci_get_slot(vf->card->bus, vf->function->devfn);
	return *pdev ? &(*pdev)->dev : NULL;
}

static void send(struct irq_work *work)
{
	struct fw_vf *vf = container_of(work, struct fw_vf, irq);
	unsigned int irq = READ_ONCE(vf->irq_number);

	if (irq)
		generic_handle_irq(irq);
}

/* An interrupt goes out. What it finds masked is lost but counted. */
static void interrupt(struct fw_vf *vf)
{
	struct pci_dev *pdev;
	int irq = 0;

	fw_write32(vf, FW_IRQ_COUNT, fw_read32(vf, FW_IRQ_COUNT) + 1);
	if (!fw_msix_enabled(vf->function, 0) || !device_of(vf, &pdev))
		return;
	irq = pci_irq_vector(pdev, 0);
	if (irq > 0) {
		WRITE_ONCE(vf->irq_number, irq);
		irq_work_queue(&vf->irq);
		irq_work_sync(&vf->irq);
	}
	pci_dev_put(pdev);
}

static void ended(struct fw_vf *vf, int error)
{
	u32 status = fw_read32(vf, FW_STATUS) & ~FW_STATUS_DMA;
	bool irq = vf->dma.kind & FW_COMMAND_IRQ;

	memset(&vf->dma, 0, sizeof(vf->dma));
	fw_write32(vf, FW_STATUS, status | (error ? FW_STATUS_ERROR : 0));
	fw_write32(vf, FW_DONE, fw_read32(vf, FW_DONE) + 1);
	if (irq)
		interrupt(vf);
	wake_up_all(&vf->idle);
}

/* When @n bytes of a transfer will have taken their part of its time. */
static ktime_t part_due(const struct fw_dma *d, u32 n)
{
	return ktime_add_us(ktime_get(), (u64)d->time * 1000 * n / d->len);
}

/* A page of it at most. */
static void part(struct fw_vf *vf)
{
	struct fw_dma *d = &vf->dma;
	u32 n = min_t(u32, d->left, PAGE_SIZE - offset_in_page(d->iova));
	bool write = d->kind & FW_COMMAND_WRITE;
	struct pci_dev *pdev;
	struct device *dev;
	int ret;

	dev = device_of(vf, &pdev);
	ret = dev ? fw_dma_rw(vf->function, dev, d->iova, vf->mem + d->at, n, write) : -ENODEV;
	pci_dev_put(pdev);
	if (!ret && write && vf->card->desc->ops->wrote)
		vf->card->desc->ops->wrote(vf, d->iova, n);
	d->iova += n;
	d->at += n;
	d->left -= n;
	if (ret || !d->left)
		ended(vf, ret);
	else
		d->next = part_due(d, n);
}

static void begin(struct fw_vf *vf, u32 kind)
{
	struct fw_dma d = {
		.kind = kind,
		.iova = fw_read64(vf, FW_DMA_IOVA),
		.at = fw_read64(vf, FW_DMA_AT),
		.len = fw_read32(vf, FW_DMA_LEN),
		.time = min_t(u32, fw_read32(vf, FW_DMA_TIME), FW_DMA_TIME_MAX),
	};
	u32 what = kind & ~FW_COMMAND_IRQ;

	d.left = d.len;
	if ((what != FW_COMMAND_WRITE && what != FW_COMMAND_READ) || !d.len || d.len > FW_DMA_MAX ||
	    d.at >= vf->mem_size || d.len > vf->mem_size - d.at) {
		fw_write32(vf, FW_STATUS, fw_read32(vf, FW_STATUS) | FW_STATUS_ERROR);
		return;
	}
	/* A part of the time before each part, so that the last byte comes last. */
	d.next = part_due(&d, min_t(u32, d.len, PAGE_SIZE));
	vf->dma = d;
	fw_write32(vf, FW_STATUS, fw_read32(vf, FW_STATUS) | FW_STATUS_DMA);
}

/* A doorbell is empty when what was written there was taken, and what it did can be seen. */
static void taken(struct fw_vf *vf, unsigned int at)
{
	/* The status first: see busy() of the exerciser. */
	smp_wmb();
	fw_write32(vf, at, 0);
}

static void dirty(struct fw_vf *vf, u32 value)
{
	size_t step = min_t(size_t, FW_DIRTY_STEP, vf->state_bytes / FW_DIRTY_WORDS / 4 * 4);
	unsigned int i;

	for (i = 0; i < FW_DIRTY_WORDS; i++)
		WRITE_ONCE(*(u32 *)(vf->mem + i * step), value);
}

static void dirty_by_itself(struct fw_vf *vf, ktime_t now)
{
	u32 rate = fw_read32(vf, FW_DIRTY_RATE);
	u64 pages = DIV_ROUND_UP(vf->state_bytes, PAGE_SIZE);

	if (!rate || ktime_before(now, vf->dirty_due))
		return;
	WRITE_ONCE(*(u64 *)(vf->mem + vf->dirty_next * PAGE_SIZE), ktime_to_ns(now));
	vf->dirty_next = (vf->dirty_next + 1) % pages;
	vf->dirty_due = ktime_add_us(now, USEC_PER_SEC / min(rate, USEC_PER_SEC));
}

static void look(struct fw_vf *vf)
{
	ktime_t now = ktime_get();
	u32 value;

	if (fw_read32(vf, FW_COUNTER_ON) == 1)
		fw_write64(vf, FW_COUNTER, fw_read64(vf, FW_COUNTER) + 1);
	if (fw_read32(vf, FW_CLEAR)) {
		fw_write32(vf, FW_STATUS, fw_read32(vf, FW_STATUS) & ~FW_STATUS_ERROR);
		fw_write32(vf, FW_DONE, 0);
		taken(vf, FW_CLEAR);
	}
	value = fw_read32(vf, FW_DIRTY);
	if (value) {
		dirty(vf, value);
		taken(vf, FW_DIRTY);
	}
	dirty_by_itself(vf, now);
	value = fw_read32(vf, FW_IRQ_RAISE);
	if (value && !vf->irq_due)
		vf->irq_due = ktime_add_ms(now, min_t(u32, value - 1, 60000));
	if (vf->irq_due && !ktime_before(now, vf->irq_due)) {
		vf->irq_due = 0;
		fw_write32(vf, FW_IRQ_RAISE, 0);
		interrupt(vf);
	}
	if (!vf->dma.kind && vf->activity == FW_RUNNING) {
		value = fw_read32(vf, FW_COMMAND);
		if (value) {
			begin(vf, value);
			taken(vf, FW_COMMAND);
		}
	}
}

/**
 * fw_vf_look - a moment in the life of a virtual function
 * @vf: the function
 *
 * Return: true if there is, or was, something for it to do.
 */
bool fw_vf_look(struct fw_vf *vf)
{
	bool busy;

	if (READ_ONCE(vf->function->resetting))
		fw_vf_reset(vf);
	mutex_lock(&vf->lock);
	if (vf->activity != FW_STOPPED)
		look(vf);
	busy = vf->dma.kind || vf->irq_due;
	/* What was begun is brought to an end; who stops the function waits for it. */
	while (vf->dma.kind && !ktime_before(ktime_get(), vf->dma.next))
		part(vf);
	mutex_unlock(&vf->lock);
	return busy;
}

static bool is_idle(struct fw_vf *vf)
{
	return !READ_ONCE(vf->dma.kind);
}

/**
 * fw_vf_set_activity - stop a virtual function, or let it go on
 * @vf: the function
 * @activity: what it may do from now on
 *
 * When this returns nothing that is not allowed any more is under way. What was not begun
 * stays in its doorbell.
 *
 * Return: 0, or -ETIMEDOUT where DMA does not end
 */
int fw_vf_set_activity(struct fw_vf *vf, enum fw_activity activity)
{
	enum fw_activity first = activity == FW_STOPPED ? FW_NO_DMA : activity;

	mutex_lock(&vf->lock);
	if (vf->activity != FW_STOPPED)
		vf->activity = first;
	mutex_unlock(&vf->lock);
	if (activity != FW_RUNNING && !wait_event_timeout(vf->idle, is_idle(vf), DRAIN))
		return -ETIMEDOUT;
	mutex_lock(&vf->lock);
	vf->activity = activity;
	mutex_unlock(&vf->lock);
	return 0;
}
EXPORT_SYMBOL_GPL(fw_vf_set_activity);

/* Registers and memory of a function that nobody has used. */
static void fresh(struct fw_vf *vf)
{
	memset(vf->regs, 0, FW_MSIX_TABLE);
	memset(vf->mem, 0, vf->mem_size);
	fw_write32(vf, FW_ID, FW_ID_VALUE);
	fw_write32(vf, FW_MEM_BAR, vf->card->desc->mem_bar);
	fw_write64(vf, FW_MEM_SIZE, vf->mem_size);
	fw_write64(vf, FW_STATE_BYTES, vf->state_bytes);
	fw_write32(vf, FW_KIND, vf->card->desc->kind);
	fw_write32(vf, FW_LACKS, vf->card->desc->lacks);
	memset(&vf->dma, 0, sizeof(vf->dma));
	vf->irq_due = 0;
	vf->dirty_due = 0;
	vf->dirty_next = 0;
	vf->activity = FW_RUNNING;
}

/**
 * fw_vf_reset - carry a function-level reset out
 * @vf: the function
 */
void fw_vf_reset(struct fw_vf *vf)
{
	struct fw_function *f = vf->function;
	unsigned long flags;
	unsigned int i;

	mutex_lock(&vf->lock);
	fresh(vf);
	/* The table is part of the function; a vector is masked after a reset. */
	memset(vf->regs + FW_MSIX_TABLE, 0, FW_BAR0_SIZE - FW_MSIX_TABLE);
	for (i = 0; i < FW_MSIX_COUNT; i++)
		fw_write32(vf, FW_MSIX_TABLE + PCI_MSIX_ENTRY_SIZE * i + PCI_MSIX_ENTRY_VECTOR_CTRL,
			   PCI_MSIX_ENTRY_CTRL_MASKBIT);
	raw_spin_lock_irqsave(&f->lock, flags);
	for (i = 0; i < FW_CONFIG_SIZE; i++)
		f->config[i] &= ~f->mask[i];
	raw_spin_unlock_irqrestore(&f->lock, flags);
	mutex_unlock(&vf->lock);
	atomic_inc(&vf->resets);
	wake_up_all(&vf->idle);
	if (vf->card->desc->ops->reset)
		vf->card->desc->ops->reset(vf);
	WRITE_ONCE(f->resetting, false);
}

/**
 * fw_vf_init - a function after power-on
 * @vf: the function, with its memory
 */
void fw_vf_init(struct fw_vf *vf)
{
	mutex_init(&vf->lock);
	init_waitqueue_head(&vf->idle);
	vf->irq = IRQ_WORK_INIT_HARD(send);
	fresh(vf);
}

/**
 * fw_vf_exit - the last of a function
 * @vf: the function, at which nobody looks any more
 */
void fw_vf_exit(struct fw_vf *vf)
{
	irq_work_sync(&vf->irq);
}
