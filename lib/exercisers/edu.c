// SPDX-License-Identifier: GPL-2.0-only
/* Exerciser of vfio_mig_edu; registers in edu_regs.h. */
#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <vmig/clock.h>
#include <vmig/error.h>
#include <vmig/info.h>
#include "bar.h"
#include <vmig/regs/edu_regs.h>
#include <vmig/exerciser.h>
#include <vmig/pattern.h>

/* What the exerciser uses of the buffer: so many words for each transfer that can wait. */
#define BUFFER (EDU_BUFFER_SIZE / 4 / EDU_QUEUE * EDU_QUEUE * 4)

/* Where dirty() changes the buffer: a word at the start of each of so many parts. */
#define DIRTY_WORDS 8
#define DIRTY_STEP (BUFFER / DIRTY_WORDS / 4 * 4)

struct edu {
	struct vmig_bar regs;
	struct vmig_bar extra;
	uint32_t read_len;
	char why[VMIG_WHY_SIZE];
};

static int find_extra(struct edu *e, struct vmig_device *dev)
{
	const struct vfio_region_info_cap_type *type;
	struct vfio_device_info info;
	int ret = __vmig_device_info(dev, &info);
	uint32_t i;

	for (i = VFIO_PCI_NUM_REGIONS; !ret && i < info.num_regions; i++) {
		ret = vmig_bar_begin(&e->extra, dev, i);
		if (ret)
			break;
		type = (const void *)vmig_region_cap(e->extra.info, VFIO_REGION_INFO_CAP_TYPE);
		if (type && type->type == EDU_REGION_TYPE && type->subtype == EDU_REGION_SUBTYPE)
			return 0;
		vmig_bar_end(&e->extra);
	}
	return ret ?: -ENODEV;
}

static int begin(struct vmig_exercise *w)
{
	struct edu *e = vmig_alloc(sizeof(*e));
	uint32_t id = 0;
	int ret;

	w->priv = e;
	ret = vmig_bar_enable(w->dev);
	ret = ret ?: vmig_bar_begin(&e->regs, w->dev, VFIO_PCI_BAR0_REGION_INDEX);
	ret = ret ?: find_extra(e, w->dev);
	ret = ret ?: vmig_bar_read(&e->regs, EDU_ID, &id, sizeof(id));
	ret = ret ?: vmig_bar_write32(&e->regs, EDU_STATUS, EDU_STATUS_DMA_ERROR);
	if (!ret && id != EDU_ID_VALUE)
		ret = -ENODEV;
	return ret;
}

static void end(struct vmig_exercise *w)
{
	struct edu *e = w->priv;

	if (e->extra.info) {
		vmig_bar_write32(&e->extra, EDU_HOLD_STREAM, 0);
		vmig_bar_write32(&e->extra, EDU_WINDOW_PEER, EDU_NO_PEER);
	}
	vmig_bar_end(&e->extra);
	vmig_bar_end(&e->regs);
	free(e);
}

/*
 * QEMU computes in a thread of its own, which does not go by the guest's clock: where every
 * processor of the guest slept, a clock that counts instructions would jump over the time that it
 * takes.
 */
static int wait_while(struct edu *e, uint32_t at, uint32_t bits, int timeout_ms)
{
	uint64_t end = vmig_now_ms() + timeout_ms;
	uint32_t value;
	bool late;
	int ret;

	for (;;) {
		late = vmig_now_ms() > end;
		ret = vmig_bar_read(&e->regs, at, &value, sizeof(value));
		if (ret || !(value & bits))
			return ret;
		if (late)
			return -ETIMEDOUT;
		if (at == EDU_STATUS)
			sched_yield();
		else
			usleep(1000);
	}
}

/* Small, as the device knows n! modulo 2^32, and that is 0 from 34 on. */
static uint32_t factorial_of(uint32_t seed)
{
	return vmig_pattern_word(seed, 1) % 20 + 1;
}

static uint32_t factorial(uint32_t n)
{
	uint32_t product = 1;

	while (n)
		product *= n--;
	return product;
}

static uint32_t status_of(uint32_t seed)
{
	return vmig_pattern_word(seed, 2) & EDU_STATUS_IRQ_FACT;
}

static uint64_t dma_register_of(uint32_t seed, uint32_t at)
{
	return (uint64_t)vmig_pattern_word(seed, at) << 32 | vmig_pattern_word(seed, at + 1);
}

static int set_pattern(struct vmig_exercise *w, uint32_t seed)
{
	unsigned char bytes[BUFFER];
	struct edu *e = w->priv;
	uint32_t at;
	int ret;

	vmig_pattern(bytes, sizeof(bytes), seed);
	ret = vmig_bar_write(&e->extra, EDU_BUFFER_COPY, bytes, sizeof(bytes));
	ret = ret ?: vmig_bar_write32(&e->regs, EDU_LIVE, vmig_pattern_word(seed, 0));
	/* Without its interrupt, which comes for those that are done after it was asked for. */
	ret = ret ?: vmig_bar_write32(&e->regs, EDU_STATUS, 0);
	ret = ret ?: wait_while(e, EDU_STATUS, EDU_STATUS_COMPUTING, 1000);
	ret = ret ?: vmig_bar_write32(&e->regs, EDU_FACT, factorial_of(seed));
	ret = ret ?: wait_while(e, EDU_STATUS, EDU_STATUS_COMPUTING, 1000);
	ret = ret ?: vmig_bar_write32(&e->regs, EDU_STATUS, status_of(seed));
	for (at = EDU_DMA_SRC; at <= EDU_DMA_COUNT && !ret; at += 8)
		ret = vmig_bar_write64(&e->regs, at, dma_register_of(seed, at));
	return ret;
}

static int check_register(struct edu *e, uint32_t at, size_t len, uint64_t want)
{
	return vmig_bar_check(&e->regs, at, len, want, e->why);
}

static int check_buffer(struct edu *e, uint32_t seed)
{
	unsigned char is[BUFFER], want[BUFFER];
	int ret = vmig_bar_read(&e->extra, EDU_BUFFER_COPY, is, sizeof(is));
	size_t i;

	vmig_pattern(want, sizeof(want), seed);
	for (i = 0; i < BUFFER && !ret; i++)
		if (is[i] != want[i])
			ret = vmig_differ(e->why, "the buffer", i, is[i], want[i]);
	return ret;
}

static int check_pattern(struct vmig_exercise *w, uint32_t seed, const char **why)
{
	struct edu *e = w->priv;
	uint32_t at;
	int ret;

	ret = check_buffer(e, seed);
	ret = ret ?: check_register(e, EDU_LIVE, 4, ~vmig_pattern_word(seed, 0));
	/* After a load the device computes anew. */
	ret = ret ?: wait_while(e, EDU_STATUS, EDU_STATUS_COMPUTING, 1000);
	ret = ret ?: check_register(e, EDU_FACT, 4, factorial(factorial_of(seed)));
	ret = ret ?: check_register(e, EDU_STATUS, 4, status_of(seed));
	for (at = EDU_DMA_SRC; at <= EDU_DMA_COUNT && !ret; at += 8)
		ret = check_register(e, at, 8, dma_register_of(seed, at));
	return vmig_tell_why(ret, e->why, why);
}

static int dirty(struct vmig_exercise *w, uint32_t seed)
{
	uint32_t i, word = vmig_pattern_word(seed, 0x10000);
	struct edu *e = w->priv;
	int ret = 0;

	for (i = 0; i < DIRTY_WORDS && !ret; i++)
		ret = vmig_bar_write32(&e->extra, EDU_BUFFER_COPY + i * DIRTY_STEP, word);
	return ret;
}

static int check_dirty(struct vmig_exercise *w, uint32_t seed, const char **why)
{
	uint32_t i, is, word = vmig_pattern_word(seed, 0x10000);
	struct edu *e = w->priv;
	int ret = 0;

	for (i = 0; i < DIRTY_WORDS && !ret; i++) {
		ret = vmig_bar_read(&e->extra, EDU_BUFFER_COPY + i * DIRTY_STEP, &is, sizeof(is));
		if (!ret && is != word)
			ret = vmig_differ(e->why, "the buffer", i * DIRTY_STEP, is, word);
	}
	return vmig_tell_why(ret, e->why, why);
}

static int look(struct vmig_exercise *w, FILE *f)
{
	static const struct {
		uint32_t at, len;
	} registers[] = {
		{ EDU_LIVE, 4 },       { EDU_FACT, 4 },	       { EDU_STATUS, 4 },
		{ EDU_IRQ_STATUS, 4 }, { EDU_DMA_SRC, 8 },     { EDU_DMA_DST, 8 },
		{ EDU_DMA_COUNT, 8 },  { EDU_DMA_COMMAND, 4 },
	};
	struct edu *e = w->priv;
	unsigned int i;
	int ret;

	ret = wait_while(e, EDU_STATUS, EDU_STATUS_COMPUTING, 1000);
	for (i = 0; i < sizeof(registers) / sizeof(registers[0]) && !ret; i++)
		ret = vmig_bar_look(&e->regs, registers[i].at, registers[i].len, f);
	ret = ret ?: vmig_bar_look(&e->extra, EDU_WINDOW_PEER, 4, f);
	ret = ret ?: vmig_bar_look(&e->extra, EDU_HOLD_STREAM, 4, f);
	return ret ?: vmig_bar_look_mem(&e->extra, EDU_BUFFER_COPY, BUFFER, f);
}

/* A command that any device refuses is among it: QEMU's would end the guest for it. */
static int stress_registers(struct vmig_exercise *w)
{
	struct edu *e = w->priv;
	int ret;

	ret = vmig_bar_write32(&e->regs, EDU_LIVE, 0x5a5a5a5a);
	ret = ret ?: vmig_bar_write32(&e->regs, EDU_STATUS, EDU_STATUS_IRQ_FACT);
	ret = ret ?: vmig_bar_write32(&e->regs, EDU_FACT, 0xffffffff);
	ret = ret ?: vmig_bar_write32(&e->regs, EDU_IRQ_RAISE, 0x5a);
	ret = ret ?: vmig_bar_write32(&e->regs, EDU_IRQ_ACK, 0xffffffff);
	ret = ret ?: vmig_bar_write64(&e->regs, EDU_DMA_SRC, EDU_BUFFER);
	ret = ret ?: vmig_bar_write64(&e->regs, EDU_DMA_DST, 0);
	ret = ret ?: vmig_bar_write64(&e->regs, EDU_DMA_COUNT, EDU_BUFFER_SIZE + 1);
	ret = ret
		      ?: vmig_bar_write32(&e->regs, EDU_DMA_COMMAND,
					  EDU_COMMAND_RUN | EDU_COMMAND_OUT | EDU_COMMAND_IRQ);
	ret = ret ?: vmig_bar_write32(&e->extra, EDU_IRQ_IN_MS, 1);
	ret = ret ?: vmig_bar_write32(&e->extra, EDU_BUFFER_COPY, 0x5a5a5a5a);
	return ret ?: vmig_bar_write32(&e->regs, EDU_STATUS, EDU_STATUS_DMA_ERROR);
}

static int hold_stream(struct vmig_exercise *w, bool on)
{
	struct edu *e = w->priv;

	return vmig_bar_write32(&e->extra, EDU_HOLD_STREAM, on);
}

static int reinit(struct vmig_exercise *w, uint32_t bytes)
{
	struct edu *e = w->priv;

	return vmig_bar_write32(&e->extra, EDU_REINIT, bytes);
}

static int event(struct vmig_exercise *w, const char *name)
{
	struct edu *e = w->priv;

	return strcmp(name, "pf_reset") ? -ENOENT : vmig_bar_write32(&e->extra, EDU_CARD_RESET, 1);
}

static int command(struct edu *e, uint64_t src, uint64_t dst, uint32_t len, uint32_t kind)
{
	int ret;

	ret = vmig_bar_write64(&e->regs, EDU_DMA_SRC, src);
	ret = ret ?: vmig_bar_write64(&e->regs, EDU_DMA_DST, dst);
	ret = ret ?: vmig_bar_write64(&e->regs, EDU_DMA_COUNT, len);
	return ret ?: vmig_bar_write32(&e->regs, EDU_DMA_COMMAND, EDU_COMMAND_RUN | kind);
}

/*
 * Have what a seed makes somewhere in the buffer. The device fetches a buffer that was
 * written to first, which takes as long as a transfer; so what the next seeds make comes
 * along with it, as many as there is room for.
 */
static int find_pattern(struct edu *e, uint32_t len, uint32_t seed, uint32_t *at)
{
	unsigned char is[BUFFER], want[BUFFER];
	uint32_t room = (len + 3) / 4 * 4, i;
	int ret;

	ret = vmig_bar_read(&e->extra, EDU_BUFFER_COPY, is, sizeof(is));
	if (ret)
		return ret;
	vmig_pattern(want, len, seed);
	for (*at = 0; *at + room <= BUFFER; *at += room)
		if (!memcmp(is + *at, want, len))
			return 0;
	*at = 0;
	memset(want, 0, sizeof(want));
	for (i = 0; (i + 1) * room <= BUFFER; i++)
		vmig_pattern(want + i * room, len, seed + i);
	return vmig_bar_write(&e->extra, EDU_BUFFER_COPY, want, sizeof(want));
}

static int write_pattern(struct edu *e, uint64_t iova, uint32_t len, uint32_t seed, uint32_t kind)
{
	uint32_t at;
	int ret;

	if (!len || len > BUFFER)
		return -EINVAL;
	ret = find_pattern(e, len, seed, &at);
	return ret ?: command(e, EDU_BUFFER + at, iova, len, EDU_COMMAND_OUT | kind);
}

static int dma_write(struct vmig_exercise *w, uint64_t iova, uint32_t len, uint32_t seed)
{
	return write_pattern(w->priv, iova, len, seed, 0);
}

static int dma_write_irq(struct vmig_exercise *w, uint64_t iova, uint32_t len, uint32_t seed)
{
	return write_pattern(w->priv, iova, len, seed, EDU_COMMAND_IRQ);
}

static int dma_read(struct vmig_exercise *w, uint64_t iova, uint32_t len)
{
	struct edu *e = w->priv;

	if (!len || len > BUFFER)
		return -EINVAL;
	e->read_len = len;
	return command(e, iova, EDU_BUFFER, len, 0);
}

static int tell_sum(struct edu *e, uint32_t *sum)
{
	unsigned char bytes[BUFFER];
	int ret = vmig_bar_read(&e->extra, EDU_BUFFER_COPY, bytes, (e->read_len + 3) / 4 * 4);

	*sum = vmig_sum(bytes, e->read_len);
	return ret;
}

static int dma_wait(struct vmig_exercise *w, int timeout_ms, uint32_t *sum)
{
	struct edu *e = w->priv;
	uint32_t status;
	int ret;

	ret = wait_while(e, EDU_DMA_COMMAND, EDU_COMMAND_RUN, timeout_ms);
	ret = ret ?: vmig_bar_read(&e->regs, EDU_STATUS, &status, sizeof(status));
	if (!ret && (status & EDU_STATUS_DMA_ERROR))
		ret = vmig_bar_write32(&e->regs, EDU_STATUS, status) ?: -EIO;
	if (!ret && sum && e->read_len)
		ret = tell_sum(e, sum);
	return ret;
}

/* Page 0, which the driver does not let user space map, but exports as a dma-buf. */
static int p2p_memory(struct vmig_exercise *w, uint32_t *region, uint64_t *offset)
{
	*region = VFIO_PCI_BAR0_REGION_INDEX;
	*offset = EDU_LIVE;
	return 0;
}

/* Through the group, and on kernels without dma-bufs of BARs. */
static int p2p_window(struct vmig_exercise *w, struct vmig_exercise *peer, uint64_t *iova)
{
	unsigned int segment, bus, slot, function;
	struct edu *e = w->priv;
	uint32_t window = 0;
	int ret;

	if (sscanf(peer->dev->id.name, "%x:%x:%x.%x", &segment, &bus, &slot, &function) != 4)
		return -ENODEV;
	ret = vmig_bar_write32(&e->extra, EDU_WINDOW_PEER,
			       segment << 16 | bus << 8 | slot << 3 | function);
	ret = ret ?: vmig_bar_read(&e->extra, EDU_WINDOW_IOVA, &window, sizeof(window));
	*iova = window + EDU_LIVE;
	return ret ?: window ? 0 : -ENODEV;
}

static int p2p_write(struct vmig_exercise *w, uint64_t iova, uint32_t value)
{
	struct edu *e = w->priv;
	int ret = vmig_bar_write32(&e->extra, EDU_BUFFER_COPY, value);

	return ret ?: command(e, EDU_BUFFER, iova, sizeof(value), EDU_COMMAND_OUT);
}

static int p2p_landed(struct vmig_exercise *w, uint32_t *value)
{
	struct edu *e = w->priv;
	int ret = vmig_bar_read(&e->regs, EDU_LIVE, value, sizeof(*value));

	*value = ~*value;
	return ret;
}

static int irq_raise(struct vmig_exercise *w, unsigned int delay_ms)
{
	struct edu *e = w->priv;

	if (delay_ms)
		return vmig_bar_write32(&e->extra, EDU_IRQ_IN_MS, delay_ms);
	return vmig_bar_write32(&e->regs, EDU_IRQ_RAISE, EDU_IRQ_DMA);
}

static int check_bits(struct vmig_exercise *w, uint32_t at, uint32_t bits, const char *name,
		      const char **why)
{
	struct edu *e = w->priv;
	uint32_t value = 0;
	int ret = vmig_bar_read(&e->regs, at, &value, sizeof(value));

	if (!ret && !(value & bits)) {
		snprintf(e->why, sizeof(e->why), "%s of %#x", name, value);
		ret = -EILSEQ;
	}
	return vmig_tell_why(ret, e->why, why);
}

/* A transfer that is longer than the buffer; the driver keeps it from the device. */
static int make_error(struct vmig_exercise *w)
{
	return command(w->priv, EDU_BUFFER, 0, EDU_BUFFER_SIZE + 1, EDU_COMMAND_OUT);
}

static int check_error(struct vmig_exercise *w, const char **why)
{
	return check_bits(w, EDU_STATUS, EDU_STATUS_DMA_ERROR, "a status", why);
}

static int clear_error(struct vmig_exercise *w)
{
	struct edu *e = w->priv;

	return vmig_bar_write32(&e->regs, EDU_STATUS, EDU_STATUS_DMA_ERROR);
}

/* Of a bit that nothing else here raises. */
#define UNTAKEN 0x10

static int make_untaken(struct vmig_exercise *w)
{
	struct edu *e = w->priv;

	return vmig_bar_write32(&e->regs, EDU_IRQ_RAISE, UNTAKEN);
}

static int check_untaken(struct vmig_exercise *w, const char **why)
{
	return check_bits(w, EDU_IRQ_STATUS, UNTAKEN, "an interrupt status", why);
}

static int take(struct vmig_exercise *w)
{
	struct edu *e = w->priv;

	return vmig_bar_write32(&e->regs, EDU_IRQ_ACK, UNTAKEN);
}

static const struct vmig_condition conditions[] = {
	{ "a refused command that nobody has cleared", make_error, check_error, clear_error },
	{ "an interrupt that nobody has acknowledged", make_untaken, check_untaken, take },
};

const struct vmig_exerciser vmig_exerciser_edu = {
	.name = "edu",
	.driver = "vfio_mig_edu",
	.begin = begin,
	.end = end,
	.set_pattern = set_pattern,
	.check_pattern = check_pattern,
	.dirty = dirty,
	.check_dirty = check_dirty,
	.look = look,
	.stress_registers = stress_registers,
	.hold_stream = hold_stream,
	.reinit = reinit,
	.event = event,
	.conditions = conditions,
	.condition_count = sizeof(conditions) / sizeof(conditions[0]),
	.dma_max = BUFFER,
	.dma_align = 1,
	.iova_bits = EDU_DMA_BITS,
	.dma_time_ms = EDU_DMA_MS,
	.dma_queue = EDU_QUEUE,
	.dma_is_one_kind = true,
	.dma_write = dma_write,
	.dma_write_irq = dma_write_irq,
	.dma_read = dma_read,
	.dma_wait = dma_wait,
	.p2p_memory = p2p_memory,
	.p2p_window = p2p_window,
	.p2p_write = p2p_write,
	.p2p_landed = p2p_landed,
	.irq_index = VFIO_PCI_MSI_IRQ_INDEX,
	.irq_raise = irq_raise,
};
