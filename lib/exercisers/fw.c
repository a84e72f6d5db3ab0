// SPDX-License-Identifier: GPL-2.0-only
/*
 * A virtual function of vfio_mig_fw, by its datasheet fw_regs.h, whatever vendor's driver it
 * is bound to. Known by its subsystem ids, which no vendor's card has.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <linux/pci_regs.h>

#include <vmig/error.h>
#include <vmig/dma.h>
#include <vmig/info.h>
#include <vmig/region.h>
#include "bar.h"
#include <vmig/exerciser.h>
#include <vmig/regs/fw_regs.h>

#define DMA_TIME_MS 100
#define DMA_ROOM 0x8000

/* Of a memory larger than this, a pattern has so many words beyond, evenly spread. */
#define NEAR_BYTES 0x10000
#define FAR_WORDS 64

/* Where a peer's page is for this device: where tests map nothing. */
#define P2P_IOVA_BITS 39
#define P2P_FROM (1ULL << 38)
#define PAGE 4096

struct fw {
	struct vmig_exerciser ops; /* without what the card lacks */
	struct vmig_bar regs;
	struct vmig_bar mem;
	uint64_t state_bytes;
	uint32_t dma_at; /* where in FW_DMA_BUFFER the next transfer begins */
	uint32_t read_at, read_len;
	bool counts;
	bool regs_are_state;
	void *peer_at; /* the page of a peer, mapped here and for the device */
	uint64_t peer_iova;
	char why[96];
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

static int begin(struct vmig_worker *w)
{
	struct fw *f = vmig_alloc(sizeof(*f));
	uint32_t id = 0, bar = 0, lacks = 0;
	int ret;

	w->priv = f;
	f->ops = *w->ops;
	w->ops = &f->ops;
	ret = vmig_bar_enable(w->dev);
	ret = ret ?: vmig_bar_begin(&f->regs, w->dev, VFIO_PCI_BAR0_REGION_INDEX);
	ret = ret ?: vmig_bar_read(&f->regs, FW_ID, &id, sizeof(id));
	ret = ret ?: vmig_bar_read(&f->regs, FW_MEM_BAR, &bar, sizeof(bar));
	ret = ret ?: vmig_bar_read(&f->regs, FW_LACKS, &lacks, sizeof(lacks));
	ret = ret ?: vmig_bar_read(&f->regs, FW_STATE_BYTES, &f->state_bytes, 8);
	if (!ret && (id != FW_ID_VALUE || bar > VFIO_PCI_BAR5_REGION_INDEX))
		ret = -ENODEV;
	f->regs_are_state = !(lacks & FW_LACKS_REGS);
	if (lacks & FW_LACKS_WORK)
		f->ops = (struct vmig_exerciser){ .name = w->ops->name,
						  .begin = begin,
						  .end = w->ops->end };
	if (lacks & FW_LACKS_HOLD)
		f->ops.hold_stream = NULL;
	ret = ret ?: vmig_bar_begin(&f->mem, w->dev, bar);
	return ret ?: vmig_bar_write32(&f->regs, FW_CLEAR, 1);
}

static void forget_peer(struct vmig_worker *w)
{
	struct fw *f = w->priv;

	if (!f->peer_at)
		return;
	__vmig_dma_unmap(w->dev, f->peer_iova, PAGE);
	munmap(f->peer_at, PAGE);
	f->peer_at = NULL;
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

static int fault(struct vmig_worker *w, const char *spec)
{
	return put_parameter(MODULE "fault", spec);
}

static void end(struct vmig_worker *w)
{
	struct fw *f = w->priv;

	forget_peer(w);
	fault(w, "");
	if (f->regs.info) {
		vmig_bar_write32(&f->regs, FW_HOLD_STREAM, 0);
		if (f->counts)
			vmig_bar_write32(&f->regs, FW_COUNTER_ON, 0);
	}
	vmig_bar_end(&f->mem);
	vmig_bar_end(&f->regs);
	free(f);
}

static size_t near_bytes(const struct fw *f)
{
	return f->state_bytes < NEAR_BYTES ? f->state_bytes : NEAR_BYTES;
}

static unsigned int far_words(const struct fw *f)
{
	return f->state_bytes > NEAR_BYTES ? FAR_WORDS : 0;
}

static uint64_t far_at(const struct fw *f, unsigned int n)
{
	uint64_t words = (f->state_bytes - NEAR_BYTES) / 4;

	return NEAR_BYTES + (words - 1) * n / (FAR_WORDS - 1) * 4;
}

/* The registers that keep what is written: scratch, and the four of a command. */
static void make_command(uint32_t seed, uint64_t *iova, uint64_t *at, uint32_t *len, uint32_t *time)
{
	*iova = (uint64_t)vmig_pattern_word(seed, 1) << 12;
	*at = vmig_pattern_word(seed, 2) & (NEAR_BYTES - 1);
	*len = vmig_pattern_word(seed, 3) % FW_DMA_MAX + 1;
	*time = vmig_pattern_word(seed, 4) % FW_DMA_TIME_MAX + 1;
}

static int put_registers(struct fw *f, uint32_t seed)
{
	uint32_t len, time, i;
	uint64_t iova, at;
	int ret;

	if (!f->regs_are_state)
		return 0;
	make_command(seed, &iova, &at, &len, &time);
	ret = vmig_bar_write64(&f->regs, FW_DMA_IOVA, iova);
	ret = ret ?: vmig_bar_write64(&f->regs, FW_DMA_AT, at);
	ret = ret ?: vmig_bar_write32(&f->regs, FW_DMA_LEN, len);
	ret = ret ?: vmig_bar_write32(&f->regs, FW_DMA_TIME, time);
	for (i = 0; i < FW_SCRATCH_COUNT && !ret; i++)
		ret = vmig_bar_write32(&f->regs, FW_SCRATCH + 4 * i, vmig_pattern_word(~seed, i));
	return ret;
}

static int put_state(struct vmig_worker *w, uint32_t seed)
{
	struct fw *f = w->priv;
	unsigned char *bytes = vmig_alloc(NEAR_BYTES);
	unsigned int i;
	int ret;

	/* Else the device changes the pattern by itself. */
	ret = vmig_bar_write32(&f->regs, FW_DIRTY_RATE, 0);
	vmig_pattern(bytes, near_bytes(f), seed);
	ret = ret ?: vmig_bar_write(&f->mem, 0, bytes, near_bytes(f));
	free(bytes);
	for (i = 0; i < far_words(f) && !ret; i++)
		ret = vmig_bar_write32(&f->mem, far_at(f, i),
				       vmig_pattern_word(seed, NEAR_BYTES + i));
	return ret ?: put_registers(f, seed);
}

static int differ(struct fw *f, const char *what, uint64_t at, uint64_t is, uint64_t want)
{
	snprintf(f->why, sizeof(f->why), "%s at %#llx is %#llx and not %#llx", what,
		 (unsigned long long)at, (unsigned long long)is, (unsigned long long)want);
	return -EILSEQ;
}

static int check_word(struct fw *f, struct vmig_bar *bar, uint64_t at, uint32_t len, uint64_t want)
{
	uint64_t value = 0;
	int ret = vmig_bar_read(bar, at, &value, len);

	if (ret || value == want)
		return ret;
	return differ(f, bar == &f->regs ? "the register" : "memory", at, value, want);
}

static int check_registers(struct fw *f, uint32_t seed)
{
	uint32_t len, time, i;
	uint64_t iova, at;
	int ret = 0;

	if (!f->regs_are_state)
		return 0;
	for (i = 0; i < FW_SCRATCH_COUNT && !ret; i++)
		ret = check_word(f, &f->regs, FW_SCRATCH + 4 * i, 4, vmig_pattern_word(~seed, i));
	make_command(seed, &iova, &at, &len, &time);
	ret = ret ?: check_word(f, &f->regs, FW_DMA_IOVA, 8, iova);
	ret = ret ?: check_word(f, &f->regs, FW_DMA_AT, 8, at);
	ret = ret ?: check_word(f, &f->regs, FW_DMA_LEN, 4, len);
	return ret ?: check_word(f, &f->regs, FW_DMA_TIME, 4, time);
}

static int check_near(struct fw *f, uint32_t seed)
{
	unsigned char *is = vmig_alloc(NEAR_BYTES), *want = vmig_alloc(NEAR_BYTES);
	size_t len = near_bytes(f), i;
	int ret = vmig_bar_read(&f->mem, 0, is, len);

	vmig_pattern(want, len, seed);
	for (i = 0; i < len && is[i] == want[i]; i++)
		;
	if (!ret && i < len)
		ret = differ(f, "memory", i, is[i], want[i]);
	free(want);
	free(is);
	return ret;
}

static int check_state(struct vmig_worker *w, uint32_t seed, const char **why)
{
	struct fw *f = w->priv;
	unsigned int i;
	int ret;

	ret = check_registers(f, seed);
	ret = ret ?: check_near(f, seed);
	for (i = 0; i < far_words(f) && !ret; i++)
		ret = check_word(f, &f->mem, far_at(f, i), 4,
				 vmig_pattern_word(seed, NEAR_BYTES + i));
	*why = ret == -EILSEQ ? f->why : vmig_errno_name(ret);
	return ret;
}

/* The model looks at its doorbells from time to time: until it has taken this one. */
static int taken(struct fw *f, uint32_t at)
{
	uint32_t value;
	int ret, left = 1000;

	for (;;) {
		ret = vmig_bar_read(&f->regs, at, &value, sizeof(value));
		if (ret || !value)
			return ret;
		if (!left--)
			return -ETIMEDOUT;
		usleep(FW_POLL_US);
	}
}

static int dirty(struct vmig_worker *w, uint32_t seed)
{
	struct fw *f = w->priv;
	int ret = vmig_bar_write32(&f->regs, FW_DIRTY, vmig_pattern_word(seed, 0x10000));

	return ret ?: taken(f, FW_DIRTY);
}

static int check_dirty(struct vmig_worker *w, uint32_t seed, const char **why)
{
	uint32_t want = vmig_pattern_word(seed, 0x10000);
	struct fw *f = w->priv;
	uint64_t step = f->state_bytes / FW_DIRTY_WORDS / 4 * 4;
	unsigned int i;
	int ret = 0;

	if (step > FW_DIRTY_STEP)
		step = FW_DIRTY_STEP;
	for (i = 0; i < FW_DIRTY_WORDS && !ret; i++)
		ret = check_word(f, &f->mem, i * step, 4, want);
	*why = ret == -EILSEQ ? f->why : vmig_errno_name(ret);
	return ret;
}

/* Nothing is mapped at this IOVA, so that the command does no harm where it is carried out. */
#define NOWHERE 0xdead0000ULL

static int poke(struct vmig_worker *w)
{
	struct fw *f = w->priv;
	int ret;

	ret = vmig_bar_write64(&f->regs, FW_DMA_IOVA, NOWHERE);
	ret = ret ?: vmig_bar_write64(&f->regs, FW_DMA_AT, FW_DMA_BUFFER);
	ret = ret ?: vmig_bar_write32(&f->regs, FW_DMA_LEN, 64);
	ret = ret ?: vmig_bar_write32(&f->regs, FW_DMA_TIME, 1);
	ret = ret ?: vmig_bar_write32(&f->regs, FW_COMMAND, FW_COMMAND_WRITE | FW_COMMAND_IRQ);
	ret = ret ?: vmig_bar_write32(&f->regs, FW_IRQ_RAISE, 1);
	ret = ret ?: vmig_bar_write32(&f->regs, FW_DIRTY, 0x5a5a5a5a);
	return ret ?: vmig_bar_write32(&f->mem, 0, 0x5a5a5a5a);
}

static int counter(struct vmig_worker *w, uint64_t *value)
{
	struct fw *f = w->priv;
	int ret = vmig_bar_write32(&f->regs, FW_COUNTER_ON, 1);

	f->counts = true;
	return ret ?: vmig_bar_read(&f->regs, FW_COUNTER, value, sizeof(*value));
}

static int hold_stream(struct vmig_worker *w, bool on)
{
	struct fw *f = w->priv;

	return vmig_bar_write32(&f->regs, FW_HOLD_STREAM, on);
}

/* Transfers that are under way at a time lie one behind the other in the buffer. */
static uint32_t take_room(struct fw *f, uint32_t len)
{
	uint32_t at;

	if (f->dma_at + len > DMA_ROOM)
		f->dma_at = 0;
	at = FW_DMA_BUFFER + f->dma_at;
	f->dma_at += (len + 7) & ~7U;
	return at;
}

static int command(struct fw *f, uint64_t iova, uint32_t at, uint32_t len, uint32_t kind)
{
	int ret;

	ret = vmig_bar_write64(&f->regs, FW_DMA_IOVA, iova);
	ret = ret ?: vmig_bar_write64(&f->regs, FW_DMA_AT, at);
	ret = ret ?: vmig_bar_write32(&f->regs, FW_DMA_LEN, len);
	ret = ret ?: vmig_bar_write32(&f->regs, FW_DMA_TIME, len * DMA_TIME_MS / FW_DMA_MAX);
	return ret ?: vmig_bar_write32(&f->regs, FW_COMMAND, kind);
}

static int dma_write(struct vmig_worker *w, uint64_t iova, uint32_t len, uint32_t seed)
{
	struct fw *f = w->priv;
	unsigned char *bytes;
	uint32_t at;
	int ret;

	if (!len || len > FW_DMA_MAX)
		return -EINVAL;
	at = take_room(f, len);
	bytes = vmig_alloc(len);
	vmig_pattern(bytes, len, seed);
	ret = vmig_bar_write(&f->mem, at, bytes, len);
	free(bytes);
	return ret ?: command(f, iova, at, len, FW_COMMAND_WRITE);
}

static int dma_read(struct vmig_worker *w, uint64_t iova, uint32_t len)
{
	struct fw *f = w->priv;

	if (!len || len > FW_DMA_MAX)
		return -EINVAL;
	f->read_at = take_room(f, len);
	f->read_len = len;
	return command(f, iova, f->read_at, len, FW_COMMAND_READ);
}

static int tell_sum(struct fw *f, uint32_t *sum)
{
	unsigned char *bytes = vmig_alloc(f->read_len);
	int ret = vmig_bar_read(&f->mem, f->read_at, bytes, f->read_len);

	*sum = vmig_sum(bytes, f->read_len);
	free(bytes);
	return ret;
}

static int dma_wait(struct vmig_worker *w, int timeout_ms, uint32_t *sum)
{
	struct fw *f = w->priv;
	uint32_t status, command;
	int ret;

	for (;;) {
		/* The doorbell first: what has left it shows in the status. */
		ret = vmig_bar_read(&f->regs, FW_COMMAND, &command, sizeof(command));
		ret = ret ?: vmig_bar_read(&f->regs, FW_STATUS, &status, sizeof(status));
		if (ret || (!command && !(status & FW_STATUS_DMA)))
			break;
		if (timeout_ms-- <= 0)
			return -ETIMEDOUT;
		usleep(1000);
	}
	if (!ret && (status & FW_STATUS_ERROR))
		ret = vmig_bar_write32(&f->regs, FW_CLEAR, 1) ?: -EIO;
	if (!ret && sum && f->read_len)
		ret = tell_sum(f, sum);
	return ret;
}

static int p2p_target(struct vmig_worker *w, struct vmig_worker *peer, uint64_t *iova,
		      uint32_t *bytes)
{
	struct fw *f = w->priv, *p = peer->priv;
	int ret;

	forget_peer(w);
	ret = __vmig_region_mmap(peer->dev, p->mem.info, FW_P2P_PAGE, PAGE, &f->peer_at);
	if (ret) {
		f->peer_at = NULL;
		return ret;
	}
	ret = __vmig_iova_find(w->dev, P2P_IOVA_BITS, P2P_FROM, PAGE, PAGE, &f->peer_iova);
	ret = ret ?: __vmig_dma_map(w->dev, f->peer_at, f->peer_iova, PAGE);
	if (ret) {
		munmap(f->peer_at, PAGE);
		f->peer_at = NULL;
		return ret;
	}
	*iova = f->peer_iova;
	*bytes = 4;
	return 0;
}

static int p2p_write(struct vmig_worker *w, uint64_t iova, uint32_t value)
{
	struct fw *f = w->priv;
	uint32_t at = take_room(f, sizeof(value));
	int ret = vmig_bar_write32(&f->mem, at, value);

	return ret ?: command(f, iova, at, sizeof(value), FW_COMMAND_WRITE);
}

static int p2p_landed(struct vmig_worker *w, uint32_t *value)
{
	struct fw *f = w->priv;

	return vmig_bar_read(&f->mem, FW_P2P_PAGE, value, sizeof(*value));
}

static int event(struct vmig_worker *w, const char *name)
{
	return put_parameter(MODULE "event", name);
}

static int commands(struct vmig_worker *w, char *names, size_t size, bool *hit)
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

static int irq_raise(struct vmig_worker *w, unsigned int delay_ms)
{
	struct fw *f = w->priv;

	return vmig_bar_write32(&f->regs, FW_IRQ_RAISE, delay_ms + 1);
}

const struct vmig_exerciser vmig_exerciser_fw = {
	.name = "fw",
	.knows = knows,
	.begin = begin,
	.end = end,
	.put_state = put_state,
	.check_state = check_state,
	.dirty = dirty,
	.check_dirty = check_dirty,
	.poke = poke,
	.counter = counter,
	.hold_stream = hold_stream,
	.dma_max = FW_DMA_MAX,
	.dma_align = 1,
	.iova_bits = 48,
	.dma_time_ms = DMA_TIME_MS,
	.dma_queue = 1,
	.dma_is_one_kind = true,
	.dma_write = dma_write,
	.dma_read = dma_read,
	.dma_wait = dma_wait,
	.p2p_target = p2p_target,
	.p2p_write = p2p_write,
	.p2p_landed = p2p_landed,
	.fault = fault,
	.commands = commands,
	.event = event,
	.irq_index = VFIO_PCI_MSIX_IRQ_INDEX,
	.irq_raise = irq_raise,
};
