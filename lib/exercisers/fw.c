// SPDX-License-Identifier: GPL-2.0-only
/*
 * Exerciser of a virtual function of vfio_mig_fw, whatever vendor's driver it is bound to;
 * registers in fw_regs.h. Known by its subsystem ids, which no vendor's card has.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <linux/pci_regs.h>

#include <vmig/error.h>
#include <vmig/info.h>
#include <vmig/region.h>
#include <vmig/exerciser.h>
#include <vmig/regs/fw_regs.h>
#include "doorbell.h"

static const struct vmig_doorbell_regs fw_at = {
	VMIG_DOORBELL_REGS(FW),
	.irq_now = 1,
	.poll_us = FW_POLL_US,
};

struct fw {
	struct vmig_doorbell d; /* first: see doorbell.h */
	struct vmig_exerciser ops; /* without what the card lacks */
	struct vmig_doorbell_regs at; /* the same */
};

static bool knows(struct vmig_device *dev)
{
	struct vfio_region_info *config = __vmig_pci_config(dev);
	uint16_t ids[2] = { 0 };
	ssize_t n;

	if (!config)
		return false;
	n = __vmig_region_read(dev, config, PCI_SUBSYSTEM_VENDOR_ID, ids, sizeof(ids));
	free(config);
	return n == sizeof(ids) && ids[0] == FW_SUBSYSTEM_VENDOR_ID && ids[1] == FW_SUBSYSTEM_ID;
}

static int p2p_memory(struct vmig_exercise *w, uint32_t *region, uint64_t *offset)
{
	struct fw *f = w->priv;

	*region = f->d.mem.info->index;
	*offset = FW_P2P_PAGE;
	return 0;
}

static int p2p_landed(struct vmig_exercise *w, uint32_t *value)
{
	struct fw *f = w->priv;

	return vmig_bar_read(&f->d.mem, FW_P2P_PAGE, value, sizeof(*value));
}

static int begin(struct vmig_exercise *w)
{
	struct fw *f = vmig_alloc(sizeof(*f));
	uint32_t bar = 0, lacks = 0;
	uint64_t state_bytes = 0;
	int ret;

	w->priv = f;
	f->at = fw_at;
	f->ops = *w->ops;
	w->ops = &f->ops;
	ret = vmig_bar_enable(w->dev);
	ret = ret ?: vmig_doorbell_begin(&f->d, w->dev, &f->at);
	ret = ret ?: vmig_bar_read(&f->d.regs, FW_MEM_BAR, &bar, sizeof(bar));
	ret = ret ?: vmig_bar_read(&f->d.regs, FW_LACKS, &lacks, sizeof(lacks));
	ret = ret ?: vmig_bar_read(&f->d.regs, FW_STATE_BYTES, &state_bytes, sizeof(state_bytes));
	if (!ret && bar > VFIO_PCI_BAR5_REGION_INDEX)
		ret = -ENODEV;
	f->d.regs_stay = lacks & FW_LACKS_REGS;
	f->ops.irq_stays = f->d.regs_stay;
	f->ops.dma_stays = f->d.regs_stay || state_bytes < FW_DMA_BUFFER + FW_DMA_MAX;
	if (lacks & FW_LACKS_SCRATCH)
		f->at.scratch_count = FW_SCRATCH_FEW;
	if (lacks & FW_LACKS_WORK)
		f->ops = (struct vmig_exerciser){ .name = w->ops->name,
						  .begin = begin,
						  .end = w->ops->end,
						  .p2p_memory = p2p_memory,
						  .p2p_landed = p2p_landed };
	if (lacks & FW_LACKS_HOLD)
		f->ops.hold_stream = NULL;
	return ret ?: vmig_doorbell_begin_mem(&f->d, bar, state_bytes);
}

/* Parameters of the module that makes the card. */
#define MODULE "/sys/module/vfio_mig_fw/parameters/"

static int put_parameter(const char *path, const char *value)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC), ret = 0;

	if (fd < 0)
		return -errno;
	/* An empty value is a line without anything. */
	if (dprintf(fd, "%s\n", value) < 0)
		ret = -errno;
	close(fd);
	return ret;
}

static int fault(struct vmig_exercise *w, const char *spec)
{
	return put_parameter(MODULE "fault", spec);
}

static void end(struct vmig_exercise *w)
{
	struct fw *f = w->priv;

	fault(w, "");
	vmig_doorbell_end(&f->d);
	free(f);
}

static int p2p_write(struct vmig_exercise *w, uint64_t iova, uint32_t value)
{
	struct fw *f = w->priv;

	return vmig_doorbell_write(&f->d, iova, &value, sizeof(value));
}

static int event(struct vmig_exercise *w, const char *name)
{
	/* To its own card, should there be another one. */
	return put_parameter(MODULE "event", vmig_fmt("%s %s", name, w->dev->id.name));
}

/* The firmware says how much of the state is new: all of it. */
static int reinit(struct vmig_exercise *w, uint32_t bytes)
{
	return event(w, "reinit");
}

static int commands(struct vmig_exercise *w, char *names, size_t size, bool *hit)
{
	FILE *f = fopen(MODULE "fault", "re");
	unsigned int hits = 0;
	int ret = 0;

	if (!f)
		return -errno;
	/* How often the fault came, then the commands. */
	if (fscanf(f, "%u ", &hits) != 1)
		ret = -EIO;
	if (ret || !fgets(names, size, f))
		names[0] = '\0';
	names[strcspn(names, "\n")] = '\0';
	*hit = hits;
	fclose(f);
	return ret;
}

static bool start_unknown(struct vmig_exercise *w)
{
	struct fw *f = w->priv;
	uint32_t lacks = 0;

	return !vmig_bar_read(&f->d.regs, FW_LACKS, &lacks, sizeof(lacks)) &&
	       lacks & FW_LACKS_START;
}

const struct vmig_exerciser vmig_exerciser_fw = {
	VMIG_DOORBELL_OPS,
	.name = "fw",
	.knows = knows,
	.begin = begin,
	.end = end,
	.dma_max = FW_DMA_MAX,
	.dma_queue = 1,
	.p2p_memory = p2p_memory,
	.p2p_write = p2p_write,
	.p2p_landed = p2p_landed,
	.fault = fault,
	.commands = commands,
	.event = event,
	.start_unknown = start_unknown,
	.reinit = reinit,
	.irq_index = VFIO_PCI_MSIX_IRQ_INDEX,
};
