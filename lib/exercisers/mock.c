// SPDX-License-Identifier: GPL-2.0-only
/* vfio_mig_mock, by its datasheet mock_regs.h. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <vmig/error.h>
#include "bar.h"
#include <vmig/exerciser.h>
#include <vmig/regs/mock_regs.h>

/* Words of memory beyond BAR 2 that a pattern has, evenly spread, the last one included. */
#define FAR_WORDS 64

#define DMA_TIME_MS 100

#define DMA_ROOM 0x8000

struct mock {
	struct vmig_bar regs;
	struct vmig_bar mem;
	uint64_t mem_size;
	uint32_t dma_at; /* where in MOCK_DMA_BUFFER the next transfer begins */
	uint32_t read_at, read_len;
	uint32_t version;
	bool counts, older;
	char why[96];
};

static int begin(struct vmig_worker *w)
{
	struct mock *m = vmig_alloc(sizeof(*m));
	uint32_t id = 0;
	int ret;

	w->priv = m;
	ret = vmig_bar_begin(&m->regs, w->dev, VFIO_PCI_BAR0_REGION_INDEX);
	ret = ret ?: vmig_bar_begin(&m->mem, w->dev, VFIO_PCI_BAR2_REGION_INDEX);
	ret = ret ?: vmig_bar_read(&m->regs, MOCK_ID, &id, sizeof(id));
	ret = ret ?: vmig_bar_read(&m->regs, MOCK_MEM_SIZE, &m->mem_size, sizeof(m->mem_size));
	ret = ret ?: vmig_bar_write32(&m->regs, MOCK_CLEAR, 1);
	ret = ret ?: vmig_bar_read(&m->regs, MOCK_FW_VERSION, &m->version, sizeof(m->version));
	if (!ret && id != MOCK_ID_VALUE)
		ret = -ENODEV;
	return ret;
}

static void end(struct vmig_worker *w)
{
	struct mock *m = w->priv;

	if (m->regs.info)
		vmig_bar_write32(&m->regs, MOCK_HOLD_STREAM, 0);
	if (m->older)
		vmig_bar_write32(&m->regs, MOCK_FW_VERSION, m->version);
	if (m->counts)
		vmig_bar_write32(&m->regs, MOCK_COUNTER_ON, 0);
	vmig_bar_end(&m->regs);
	vmig_bar_end(&m->mem);
	free(m);
}

/* How much of the memory BAR 2 shows. */
static size_t near_bytes(const struct mock *m)
{
	return m->mem_size < MOCK_BAR2_SIZE ? m->mem_size : MOCK_BAR2_SIZE;
}

static unsigned int far_words(const struct mock *m)
{
	return m->mem_size > MOCK_BAR2_SIZE ? FAR_WORDS : 0;
}

static uint64_t far_at(const struct mock *m, unsigned int n)
{
	uint64_t words = (m->mem_size - MOCK_BAR2_SIZE) / 4;

	return MOCK_BAR2_SIZE + (words - 1) * n / (FAR_WORDS - 1) * 4;
}

static int read_word(struct mock *m, uint64_t at, uint32_t *value)
{
	int ret = vmig_bar_write64(&m->regs, MOCK_MEM_AT, at);

	return ret ?: vmig_bar_read(&m->regs, MOCK_MEM_DATA, value, sizeof(*value));
}

static int write_word(struct mock *m, uint64_t at, uint32_t value)
{
	int ret = vmig_bar_write64(&m->regs, MOCK_MEM_AT, at);

	return ret ?: vmig_bar_write32(&m->regs, MOCK_MEM_DATA, value);
}

/* The registers that keep what is written: scratch, and the four of a command. */
static void make_command(uint32_t seed, uint64_t *iova, uint64_t *at, uint32_t *len, uint32_t *time)
{
	*iova = (uint64_t)vmig_pattern_word(seed, 1) << 12;
	*at = vmig_pattern_word(seed, 2) & (MOCK_BAR2_SIZE - 1);
	*len = vmig_pattern_word(seed, 3) % MOCK_DMA_MAX + 1;
	*time = vmig_pattern_word(seed, 4) % MOCK_DMA_TIME_MAX + 1;
}

static int put_registers(struct mock *m, uint32_t seed)
{
	uint32_t len, time, i;
	uint64_t iova, at;
	int ret;

	make_command(seed, &iova, &at, &len, &time);
	ret = vmig_bar_write64(&m->regs, MOCK_DMA_IOVA, iova);
	ret = ret ?: vmig_bar_write64(&m->regs, MOCK_DMA_AT, at);
	ret = ret ?: vmig_bar_write32(&m->regs, MOCK_DMA_LEN, len);
	ret = ret ?: vmig_bar_write32(&m->regs, MOCK_DMA_TIME, time);
	for (i = 0; i < MOCK_SCRATCH_COUNT && !ret; i++)
		ret = vmig_bar_write32(&m->regs, MOCK_SCRATCH + 4 * i, vmig_pattern_word(~seed, i));
	return ret;
}

static int put_state(struct vmig_worker *w, uint32_t seed)
{
	struct mock *m = w->priv;
	unsigned char *bytes = vmig_alloc(MOCK_BAR2_SIZE);
	unsigned int i;
	int ret;

	/* Else the device changes the pattern by itself. */
	ret = vmig_bar_write32(&m->regs, MOCK_DIRTY_RATE, 0);
	vmig_pattern(bytes, near_bytes(m), seed);
	if (near_bytes(m) && !ret)
		ret = vmig_bar_write(&m->mem, 0, bytes, near_bytes(m));
	free(bytes);
	for (i = 0; i < far_words(m) && !ret; i++)
		ret = write_word(m, far_at(m, i), vmig_pattern_word(seed, MOCK_BAR2_SIZE + i));
	return ret ?: put_registers(m, seed);
}

static int differ(struct mock *m, const char *what, uint64_t at, uint64_t is, uint64_t want)
{
	snprintf(m->why, sizeof(m->why), "%s at %#llx is %#llx and not %#llx", what,
		 (unsigned long long)at, (unsigned long long)is, (unsigned long long)want);
	return -EILSEQ;
}

static int check_register(struct mock *m, uint32_t at, uint32_t len, uint64_t want)
{
	uint64_t value = 0;
	int ret = vmig_bar_read(&m->regs, at, &value, len);

	if (ret || value == want)
		return ret;
	return differ(m, "the register", at, value, want);
}

static int check_registers(struct mock *m, uint32_t seed)
{
	uint32_t len, time, i;
	uint64_t iova, at;
	int ret = 0;

	for (i = 0; i < MOCK_SCRATCH_COUNT && !ret; i++)
		ret = check_register(m, MOCK_SCRATCH + 4 * i, 4, vmig_pattern_word(~seed, i));
	make_command(seed, &iova, &at, &len, &time);
	ret = ret ?: check_register(m, MOCK_DMA_IOVA, 8, iova);
	ret = ret ?: check_register(m, MOCK_DMA_AT, 8, at);
	ret = ret ?: check_register(m, MOCK_DMA_LEN, 4, len);
	return ret ?: check_register(m, MOCK_DMA_TIME, 4, time);
}

static int check_near(struct mock *m, uint32_t seed)
{
	unsigned char *is = vmig_alloc(MOCK_BAR2_SIZE), *want = vmig_alloc(MOCK_BAR2_SIZE);
	size_t len = near_bytes(m), i;
	int ret = len ? vmig_bar_read(&m->mem, 0, is, len) : 0;

	vmig_pattern(want, len, seed);
	for (i = 0; i < len && is[i] == want[i]; i++)
		;
	if (!ret && i < len)
		ret = differ(m, "memory", i, is[i], want[i]);
	free(want);
	free(is);
	return ret;
}

static int check_state(struct vmig_worker *w, uint32_t seed, const char **why)
{
	struct mock *m = w->priv;
	uint32_t word, want;
	unsigned int i;
	int ret;

	ret = check_registers(m, seed);
	ret = ret ?: check_near(m, seed);
	for (i = 0; i < far_words(m) && !ret; i++) {
		want = vmig_pattern_word(seed, MOCK_BAR2_SIZE + i);
		ret = read_word(m, far_at(m, i), &word);
		if (!ret && word != want)
			ret = differ(m, "memory", far_at(m, i), word, want);
	}
	*why = ret == -EILSEQ ? m->why : vmig_errno_name(ret);
	return ret;
}

static int dirty(struct vmig_worker *w, uint32_t seed)
{
	struct mock *m = w->priv;

	return vmig_bar_write32(&m->regs, MOCK_DIRTY, vmig_pattern_word(seed, 0x10000));
}

static int check_dirty(struct vmig_worker *w, uint32_t seed, const char **why)
{
	uint32_t want = vmig_pattern_word(seed, 0x10000), word;
	struct mock *m = w->priv;
	unsigned int i;
	uint64_t at;
	int ret = 0;

	for (i = 0; i < MOCK_DIRTY_WORDS && m->mem_size && !ret; i++) {
		at = (uint64_t)i * MOCK_DIRTY_STEP;
		ret = read_word(m, at, &word);
		if (!ret && word != want)
			ret = differ(m, "memory", at, word, want);
	}
	*why = ret == -EILSEQ ? m->why : vmig_errno_name(ret);
	return ret;
}

/* Nothing is mapped at this IOVA, so that the command does no harm where it is carried out. */
#define NOWHERE 0xdead0000ULL

static int poke(struct vmig_worker *w)
{
	struct mock *m = w->priv;
	int ret;

	ret = vmig_bar_write64(&m->regs, MOCK_DMA_IOVA, NOWHERE);
	ret = ret ?: vmig_bar_write64(&m->regs, MOCK_DMA_AT, MOCK_DMA_BUFFER);
	ret = ret ?: vmig_bar_write32(&m->regs, MOCK_DMA_LEN, 64);
	ret = ret ?: vmig_bar_write32(&m->regs, MOCK_DMA_TIME, 1);
	ret = ret
		      ?: vmig_bar_write32(&m->regs, MOCK_COMMAND,
					  MOCK_COMMAND_WRITE | MOCK_COMMAND_IRQ);
	ret = ret ?: vmig_bar_write32(&m->regs, MOCK_IRQ_RAISE, 0);
	ret = ret ?: vmig_bar_write32(&m->regs, MOCK_DIRTY, 0x5a5a5a5a);
	return ret ?: write_word(m, 0, 0x5a5a5a5a);
}

static int counter(struct vmig_worker *w, uint64_t *value)
{
	struct mock *m = w->priv;

	int ret = vmig_bar_write32(&m->regs, MOCK_COUNTER_ON, 1);

	return ret ?: vmig_bar_read(&m->regs, MOCK_COUNTER, value, sizeof(*value));
}

static int hold_stream(struct vmig_worker *w, bool on)
{
	struct mock *m = w->priv;

	return vmig_bar_write32(&m->regs, MOCK_HOLD_STREAM, on);
}

static int older(struct vmig_worker *w, bool on)
{
	struct mock *m = w->priv;

	if (m->version < 2)
		return -ENOENT;
	m->older = on;
	return vmig_bar_write32(&m->regs, MOCK_FW_VERSION, on ? m->version - 1 : m->version);
}

/* Transfers that are under way at a time lie one behind the other in the buffer. */
static uint32_t take_room(struct mock *m, uint32_t len)
{
	uint32_t at;

	if (m->dma_at + len > DMA_ROOM)
		m->dma_at = 0;
	at = MOCK_DMA_BUFFER + m->dma_at;
	m->dma_at += (len + 7) & ~7U;
	return at;
}

static int command(struct mock *m, uint64_t iova, uint32_t at, uint32_t len, uint32_t kind)
{
	int ret;

	ret = vmig_bar_write64(&m->regs, MOCK_DMA_IOVA, iova);
	ret = ret ?: vmig_bar_write64(&m->regs, MOCK_DMA_AT, at);
	ret = ret ?: vmig_bar_write32(&m->regs, MOCK_DMA_LEN, len);
	ret = ret ?: vmig_bar_write32(&m->regs, MOCK_DMA_TIME, len * DMA_TIME_MS / MOCK_DMA_MAX);
	return ret ?: vmig_bar_write32(&m->regs, MOCK_COMMAND, kind);
}

static int dma_write(struct vmig_worker *w, uint64_t iova, uint32_t len, uint32_t seed)
{
	struct mock *m = w->priv;
	unsigned char *bytes;
	uint32_t at;
	int ret;

	if (!len || len > MOCK_DMA_MAX)
		return -EINVAL;
	at = take_room(m, len);
	bytes = vmig_alloc(len);
	vmig_pattern(bytes, len, seed);
	ret = vmig_bar_write(&m->mem, at, bytes, len);
	free(bytes);
	return ret ?: command(m, iova, at, len, MOCK_COMMAND_WRITE);
}

static int dma_read(struct vmig_worker *w, uint64_t iova, uint32_t len)
{
	struct mock *m = w->priv;

	if (!len || len > MOCK_DMA_MAX)
		return -EINVAL;
	m->read_at = take_room(m, len);
	m->read_len = len;
	return command(m, iova, m->read_at, len, MOCK_COMMAND_READ);
}

static int tell_sum(struct mock *m, uint32_t *sum)
{
	unsigned char *bytes = vmig_alloc(m->read_len);
	int ret = vmig_bar_read(&m->mem, m->read_at, bytes, m->read_len);

	*sum = vmig_sum(bytes, m->read_len);
	free(bytes);
	return ret;
}

static int dma_wait(struct vmig_worker *w, int timeout_ms, uint32_t *sum)
{
	struct mock *m = w->priv;
	uint32_t status;
	int ret;

	for (;;) {
		ret = vmig_bar_read(&m->regs, MOCK_STATUS, &status, sizeof(status));
		if (ret || !(status & MOCK_STATUS_DMA))
			break;
		if (timeout_ms-- <= 0)
			return -ETIMEDOUT;
		usleep(1000);
	}
	if (!ret && (status & MOCK_STATUS_ERROR))
		ret = vmig_bar_write32(&m->regs, MOCK_CLEAR, 1) ?: -EIO;
	if (!ret && sum && m->read_len)
		ret = tell_sum(m, sum);
	return ret;
}

static int irq_raise(struct vmig_worker *w, unsigned int delay_ms)
{
	struct mock *m = w->priv;

	return vmig_bar_write32(&m->regs, MOCK_IRQ_RAISE, delay_ms);
}

const struct vmig_exerciser vmig_exerciser_mock = {
	.name = "mock",
	.driver = "vfio_mig_mock",
	.begin = begin,
	.end = end,
	.put_state = put_state,
	.check_state = check_state,
	.dirty = dirty,
	.check_dirty = check_dirty,
	.poke = poke,
	.counter = counter,
	.hold_stream = hold_stream,
	.older = older,
	.dma_max = MOCK_DMA_MAX,
	.dma_align = 1,
	.iova_bits = 48,
	.dma_time_ms = DMA_TIME_MS,
	.dma_queue = MOCK_QUEUE,
	.dma_is_one_kind = true,
	.dma_write = dma_write,
	.dma_read = dma_read,
	.dma_wait = dma_wait,
	.irq_index = VFIO_PCI_MSI_IRQ_INDEX,
	.irq_raise = irq_raise,
};
