// SPDX-License-Identifier: GPL-2.0-only
/* Exerciser of vfio_mig_mock; registers in mock_regs.h. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <vmig/error.h>
#include <vmig/exerciser.h>
#include <vmig/info.h>
#include <vmig/regs/mock_regs.h>
#include "doorbell.h"

/* BAR 2 shows the first part of the memory, and registers all of it. */
static const struct vmig_doorbell_regs mock_at = {
	VMIG_DOORBELL_REGS(MOCK),
	.window_at = MOCK_MEM_AT,
	.window_data = MOCK_MEM_DATA,
};

struct mock {
	struct vmig_doorbell d; /* first: see doorbell.h */
	uint32_t version;
	bool older;
};

/* One that has no registers is for the generic exerciser. */
static bool knows(struct vmig_device *dev)
{
	struct vfio_region_info *bar;
	bool has;

	if (strcmp(dev->id.driver, "vfio_mig_mock") ||
	    __vmig_region_info(dev, VFIO_PCI_BAR0_REGION_INDEX, &bar))
		return false;
	has = bar->size;
	free(bar);
	return has;
}

static int begin(struct vmig_exercise *w)
{
	struct mock *m = vmig_alloc(sizeof(*m));
	uint64_t mem_size = 0;
	int ret;

	w->priv = m;
	ret = vmig_doorbell_begin(&m->d, w->dev, &mock_at);
	ret = ret ?: vmig_bar_read(&m->d.regs, MOCK_MEM_SIZE, &mem_size, sizeof(mem_size));
	ret = ret ?: vmig_doorbell_begin_mem(&m->d, VFIO_PCI_BAR2_REGION_INDEX, mem_size);
	return ret ?: vmig_bar_read(&m->d.regs, MOCK_FW_VERSION, &m->version, sizeof(m->version));
}

static void end(struct vmig_exercise *w)
{
	struct mock *m = w->priv;

	if (m->older)
		vmig_bar_write32(&m->d.regs, MOCK_FW_VERSION, m->version);
	vmig_doorbell_end(&m->d);
	free(m);
}

static int older(struct vmig_exercise *w, bool on)
{
	struct mock *m = w->priv;

	if (m->version < 2)
		return -ENOENT;
	m->older = on;
	return vmig_bar_write32(&m->d.regs, MOCK_FW_VERSION, on ? m->version - 1 : m->version);
}

static int reinit(struct vmig_exercise *w, uint32_t bytes)
{
	struct mock *m = w->priv;

	return vmig_bar_write32(&m->d.regs, MOCK_REINIT, bytes);
}

static int irq_mask(struct vmig_exercise *w, bool on)
{
	struct mock *m = w->priv;

	return vmig_bar_write32(&m->d.regs, MOCK_IRQ_MASK, on);
}

const struct vmig_exerciser vmig_exerciser_mock = {
	VMIG_DOORBELL_OPS,
	.name = "mock",
	.knows = knows,
	.begin = begin,
	.end = end,
	.reinit = reinit,
	.older = older,
	.dma_max = MOCK_DMA_MAX,
	.dma_queue = MOCK_QUEUE,
	.irq_index = VFIO_PCI_MSI_IRQ_INDEX,
	.irq_mask = irq_mask,
};
