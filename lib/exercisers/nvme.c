// SPDX-License-Identifier: GPL-2.0-only
/*
 * An NVMe controller that is bound to vfio-pci, as the target of peer to peer DMA: the start of
 * its controller memory buffer, a part of a BAR that is nothing but memory.
 *
 * Source: NVM Express Base Specification, 3.1.4, controller properties.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <linux/pci_regs.h>

#include <vmig/error.h>
#include <vmig/exerciser.h>
#include <vmig/region.h>
#include "bar.h"

#define CLASS_NVME 0x010802

#define NVME_CAP 0x00 /* 8 bytes */
#define NVME_CAP_CMBS (1ULL << 57)
#define NVME_CMBLOC 0x38
#define NVME_CMBLOC_BIR 0x7
#define NVME_CMBSZ 0x3c
#define NVME_CMBMSC 0x50
#define NVME_CMBMSC_CRE 0x1

struct nvme {
	struct vmig_bar memory;
	uint64_t offset;
};

static bool knows(struct vmig_device *dev)
{
	struct vfio_region_info *config;
	uint32_t class = 0;
	ssize_t n;

	/* Of a driver that does more with it another exerciser may know more. */
	if (strcmp(dev->id.driver, "vfio-pci"))
		return false;
	config = __vmig_pci_config(dev);
	if (!config)
		return false;
	n = __vmig_region_read(dev, config, PCI_CLASS_REVISION, &class, sizeof(class));
	free(config);
	return n == sizeof(class) && class >> 8 == CLASS_NVME;
}

/* -ENOENT where there is no such buffer. */
static int find_buffer(struct vmig_bar *regs, uint32_t *bar, uint64_t *offset)
{
	uint32_t where = 0, size = 0;
	uint64_t cap = 0;
	int ret;

	ret = vmig_bar_read(regs, NVME_CAP, &cap, sizeof(cap));
	/* Else the two registers read as 0. */
	if (!ret && (cap & NVME_CAP_CMBS))
		ret = vmig_bar_write32(regs, NVME_CMBMSC, NVME_CMBMSC_CRE);
	ret = ret ?: vmig_bar_read(regs, NVME_CMBLOC, &where, sizeof(where));
	ret = ret ?: vmig_bar_read(regs, NVME_CMBSZ, &size, sizeof(size));
	*bar = where & NVME_CMBLOC_BIR;
	/* In the units of the size: 4 KiB, 64 KiB, ... */
	*offset = (uint64_t)(where >> 12) << (12 + 4 * (size >> 8 & 0xf));
	return ret ?: size >> 12 ? 0 : -ENOENT;
}

static int begin(struct vmig_exercise *w)
{
	struct vmig_bar regs = {};
	struct nvme *n;
	uint32_t bar;
	int ret;

	n = vmig_alloc(sizeof(*n));
	ret = vmig_bar_enable(w->dev);
	ret = ret ?: vmig_bar_begin(&regs, w->dev, VFIO_PCI_BAR0_REGION_INDEX);
	ret = ret ?: find_buffer(&regs, &bar, &n->offset);
	ret = ret ?: vmig_bar_begin(&n->memory, w->dev, bar);
	vmig_bar_end(&regs);
	if (!ret) {
		w->priv = n;
		return 0;
	}
	free(n);
	w->ops = &vmig_exerciser_generic;
	return ret == -ENOENT ? 0 : ret;
}

static void end(struct vmig_exercise *w)
{
	struct nvme *n = w->priv;

	vmig_bar_end(&n->memory);
	free(n);
}

static int p2p_memory(struct vmig_exercise *w, uint32_t *region, uint64_t *offset)
{
	struct nvme *n = w->priv;

	*region = n->memory.info->index;
	*offset = n->offset;
	return 0;
}

static int p2p_landed(struct vmig_exercise *w, uint32_t *value)
{
	struct nvme *n = w->priv;

	return vmig_bar_read(&n->memory, n->offset, value, sizeof(*value));
}

const struct vmig_exerciser vmig_exerciser_nvme = {
	.name = "nvme",
	.knows = knows,
	.begin = begin,
	.end = end,
	.p2p_memory = p2p_memory,
	.p2p_landed = p2p_landed,
};
