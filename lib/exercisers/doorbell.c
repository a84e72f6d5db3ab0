// SPDX-License-Identifier: GPL-2.0-only
/* Exerciser of devices with a doorbell register. See doorbell.h. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <vmig/error.h>
#include <vmig/exerciser.h>
#include <vmig/pattern.h>
#include "doorbell.h"

#define DMA_ROOM 0x8000

/* Of a memory larger than this, a pattern has so many words beyond, evenly spread. */
#define NEAR_BYTES 0x10000
#define FAR_WORDS 64

/**
 * vmig_doorbell_begin - begin to work with the registers of a card
 * @d: the card
 * @dev: its device
 * @at: where its registers are
 *
 * Return: 0, or -errno; -ENODEV for another card.
 */
int vmig_doorbell_begin(struct vmig_doorbell *d, struct vmig_device *dev,
			const struct vmig_doorbell_regs *at)
{
	uint32_t id = 0;
	int ret;

	d->at = at;
	ret = vmig_bar_begin(&d->regs, dev, VFIO_PCI_BAR0_REGION_INDEX);
	ret = ret ?: vmig_bar_read(&d->regs, at->id, &id, sizeof(id));
	if (!ret && id != at->id_value)
		ret = -ENODEV;
	return ret;
}

/**
 * vmig_doorbell_begin_mem - and with its memory; what went wrong before is forgotten
 * @d: the card, after vmig_doorbell_begin()
 * @bar: index of the region that shows the memory
 * @state_bytes: how much of it is state
 *
 * Return: 0, or -errno.
 */
int vmig_doorbell_begin_mem(struct vmig_doorbell *d, uint32_t bar, uint64_t state_bytes)
{
	int ret = vmig_bar_begin(&d->mem, d->regs.dev, bar);

	d->state_bytes = state_bytes;
	return ret ?: vmig_bar_write32(&d->regs, d->at->clear, 1);
}

/**
 * vmig_doorbell_end - release the card, and let its streams go on
 * @d: the card, begun or not, as far as it went
 */
void vmig_doorbell_end(struct vmig_doorbell *d)
{
	if (d->regs.info) {
		vmig_bar_write32(&d->regs, d->at->hold_stream, 0);
		if (d->counts)
			vmig_bar_write32(&d->regs, d->at->counter_on, 0);
	}
	vmig_bar_end(&d->mem);
	vmig_bar_end(&d->regs);
}

static size_t near_bytes(const struct vmig_doorbell *d)
{
	return d->state_bytes < NEAR_BYTES ? d->state_bytes : NEAR_BYTES;
}

static unsigned int far_words(const struct vmig_doorbell *d)
{
	return d->state_bytes > NEAR_BYTES ? FAR_WORDS : 0;
}

static uint64_t far_at(const struct vmig_doorbell *d, unsigned int n)
{
	uint64_t words = (d->state_bytes - NEAR_BYTES) / 4;

	return NEAR_BYTES + (words - 1) * n / (FAR_WORDS - 1) * 4;
}

/* A word anywhere in the memory. */
static int read_word(struct vmig_doorbell *d, uint64_t at, uint32_t *value)
{
	int ret;

	if (!d->at->window_at)
		return vmig_bar_read(&d->mem, at, value, sizeof(*value));
	ret = vmig_bar_write64(&d->regs, d->at->window_at, at);
	return ret ?: vmig_bar_read(&d->regs, d->at->window_data, value, sizeof(*value));
}

static int write_word(struct vmig_doorbell *d, uint64_t at, uint32_t value)
{
	int ret;

	if (!d->at->window_at)
		return vmig_bar_write32(&d->mem, at, value);
	ret = vmig_bar_write64(&d->regs, d->at->window_at, at);
	return ret ?: vmig_bar_write32(&d->regs, d->at->window_data, value);
}

static int check_word(struct vmig_doorbell *d, uint64_t at, uint32_t want)
{
	uint32_t word;
	int ret = read_word(d, at, &word);

	if (ret || word == want)
		return ret;
	return vmig_differ(d->why, "memory", at, word, want);
}

static int check_register(struct vmig_doorbell *d, uint32_t at, uint32_t len, uint64_t want)
{
	return vmig_bar_check(&d->regs, at, len, want, d->why);
}

static int command(struct vmig_doorbell *d, uint64_t iova, uint64_t at, uint32_t len, uint32_t ms,
		   uint32_t kind)
{
	int ret;

	ret = vmig_bar_write64(&d->regs, d->at->dma_iova, iova);
	ret = ret ?: vmig_bar_write64(&d->regs, d->at->dma_at, at);
	ret = ret ?: vmig_bar_write32(&d->regs, d->at->dma_len, len);
	ret = ret ?: vmig_bar_write32(&d->regs, d->at->dma_time, ms);
	if (!kind)
		return ret;
	return ret ?: vmig_bar_write32(&d->regs, d->at->command, kind);
}

/* The four registers of a command, as a pattern has them. */
static void make_command(const struct vmig_doorbell_regs *r, uint32_t seed, uint64_t *iova,
			 uint64_t *at, uint32_t *len, uint32_t *ms)
{
	*iova = (uint64_t)vmig_pattern_word(seed, 1) << 12;
	*at = vmig_pattern_word(seed, 2) & (NEAR_BYTES - 1);
	*len = vmig_pattern_word(seed, 3) % r->dma_max + 1;
	*ms = vmig_pattern_word(seed, 4) % r->dma_time_max + 1;
}

/* The registers that keep what is written: scratch, and those of a command, without its kind. */
static int put_registers(struct vmig_doorbell *d, uint32_t seed)
{
	uint32_t len, ms, i;
	uint64_t iova, at;
	int ret;

	make_command(d->at, seed, &iova, &at, &len, &ms);
	ret = command(d, iova, at, len, ms, 0);
	for (i = 0; i < d->at->scratch_count && !ret; i++)
		ret = vmig_bar_write32(&d->regs, d->at->scratch + 4 * i,
				       vmig_pattern_word(~seed, i));
	return ret;
}

static int check_registers(struct vmig_doorbell *d, uint32_t seed)
{
	uint32_t len, ms, i;
	uint64_t iova, at;
	int ret = 0;

	for (i = 0; i < d->at->scratch_count && !ret; i++)
		ret = check_register(d, d->at->scratch + 4 * i, 4, vmig_pattern_word(~seed, i));
	make_command(d->at, seed, &iova, &at, &len, &ms);
	ret = ret ?: check_register(d, d->at->dma_iova, 8, iova);
	ret = ret ?: check_register(d, d->at->dma_at, 8, at);
	ret = ret ?: check_register(d, d->at->dma_len, 4, len);
	return ret ?: check_register(d, d->at->dma_time, 4, ms);
}

static int put_near(struct vmig_doorbell *d, uint32_t seed)
{
	size_t len = near_bytes(d);
	unsigned char *bytes;
	int ret;

	if (!len)
		return 0;
	bytes = vmig_alloc(len);
	vmig_pattern(bytes, len, seed);
	ret = vmig_bar_write(&d->mem, 0, bytes, len);
	free(bytes);
	return ret;
}

static int check_near(struct vmig_doorbell *d, uint32_t seed)
{
	size_t len = near_bytes(d), i;
	unsigned char *is, *want;
	int ret;

	if (!len)
		return 0;
	is = vmig_alloc(len);
	want = vmig_alloc(len);
	ret = vmig_bar_read(&d->mem, 0, is, len);
	vmig_pattern(want, len, seed);
	for (i = 0; i < len && is[i] == want[i]; i++)
		;
	if (!ret && i < len)
		ret = vmig_differ(d->why, "memory", i, is[i], want[i]);
	free(want);
	free(is);
	return ret;
}

/**
 * vmig_doorbell_put_state - set_pattern() of such a card
 * @w: the device
 * @seed: makes the pattern
 *
 * Return: 0 or -errno.
 */
int vmig_doorbell_put_state(struct vmig_exercise *w, uint32_t seed)
{
	struct vmig_doorbell *d = w->priv;
	unsigned int i;
	int ret;

	/* Else the device changes the pattern by itself. */
	ret = vmig_bar_write32(&d->regs, d->at->dirty_rate, 0);
	ret = ret ?: put_near(d, seed);
	for (i = 0; i < far_words(d) && !ret; i++)
		ret = write_word(d, far_at(d, i), vmig_pattern_word(seed, NEAR_BYTES + i));
	if (d->regs_stay)
		return ret;
	return ret ?: put_registers(d, seed);
}

/**
 * vmig_doorbell_check_state - check_pattern() of such a card
 * @w: the device
 * @seed: makes the pattern
 * @why: what differs, or what went wrong
 *
 * Return: 0, -EILSEQ or -errno.
 */
int vmig_doorbell_check_state(struct vmig_exercise *w, uint32_t seed, const char **why)
{
	struct vmig_doorbell *d = w->priv;
	unsigned int i;
	int ret;

	ret = d->regs_stay ? 0 : check_registers(d, seed);
	ret = ret ?: check_near(d, seed);
	for (i = 0; i < far_words(d) && !ret; i++)
		ret = check_word(d, far_at(d, i), vmig_pattern_word(seed, NEAR_BYTES + i));
	return vmig_tell_why(ret, d->why, why);
}

/* Until the card has looked at a doorbell and taken what is there. */
static int taken(struct vmig_doorbell *d, uint32_t doorbell)
{
	uint32_t value;
	int ret, left = 1000;

	if (!d->at->poll_us)
		return 0;
	for (;;) {
		ret = vmig_bar_read(&d->regs, doorbell, &value, sizeof(value));
		if (ret || !value)
			return ret;
		if (!left--)
			return -ETIMEDOUT;
		usleep(d->at->poll_us);
	}
}

static uint32_t dirty_value(uint32_t seed)
{
	return vmig_pattern_word(seed, 0x10000);
}

/**
 * vmig_doorbell_dirty - dirty() of such a card
 * @w: the device
 * @seed: makes the change
 *
 * Return: 0 or -errno.
 */
int vmig_doorbell_dirty(struct vmig_exercise *w, uint32_t seed)
{
	struct vmig_doorbell *d = w->priv;
	int ret = vmig_bar_write32(&d->regs, d->at->dirty, dirty_value(seed));

	return ret ?: taken(d, d->at->dirty);
}

/**
 * vmig_doorbell_check_dirty - check_dirty() of such a card
 * @w: the device
 * @seed: makes the change
 * @why: what differs, or what went wrong
 *
 * Return: 0, -EILSEQ or -errno.
 */
int vmig_doorbell_check_dirty(struct vmig_exercise *w, uint32_t seed, const char **why)
{
	struct vmig_doorbell *d = w->priv;
	uint64_t step = d->state_bytes / d->at->dirty_words / 4 * 4;
	unsigned int i;
	int ret = 0;

	if (step > d->at->dirty_step)
		step = d->at->dirty_step;
	for (i = 0; i < d->at->dirty_words && d->state_bytes && !ret; i++)
		ret = check_word(d, i * step, dirty_value(seed));
	return vmig_tell_why(ret, d->why, why);
}

/* The registers that only keep, or count, or tell; those that begin something read as 0. */
static int look_registers(struct vmig_doorbell *d, FILE *f)
{
	const uint32_t words[] = { d->at->status,     d->at->done,	 d->at->dma_len,
				   d->at->dma_time,   d->at->irq_count,	 d->at->counter_on,
				   d->at->dirty_rate, d->at->hold_stream };
	uint32_t i;
	int ret;

	ret = vmig_bar_look(&d->regs, d->at->dma_iova, 8, f);
	ret = ret ?: vmig_bar_look(&d->regs, d->at->dma_at, 8, f);
	for (i = 0; i < sizeof(words) / sizeof(words[0]) && !ret; i++)
		ret = vmig_bar_look(&d->regs, words[i], 4, f);
	for (i = 0; i < d->at->scratch_count && !ret; i++)
		ret = vmig_bar_look(&d->regs, d->at->scratch + 4 * i, 4, f);
	return ret;
}

/**
 * vmig_doorbell_look - look() of such a card
 * @w: the device
 * @f: where it is printed
 *
 * Return: 0 or -errno.
 */
int vmig_doorbell_look(struct vmig_exercise *w, FILE *f)
{
	struct vmig_doorbell *d = w->priv;
	size_t len = near_bytes(d);
	uint32_t word;
	unsigned int i;
	int ret;

	/* What was begun with has not been looked at yet. */
	ret = taken(d, d->at->clear);
	ret = ret ?: look_registers(d, f);
	if (len)
		ret = ret ?: vmig_bar_look_mem(&d->mem, 0, len, f);
	for (i = 0; i < far_words(d) && !ret; i++) {
		ret = read_word(d, far_at(d, i), &word);
		fprintf(f, "memory %#llx: %#x\n", (unsigned long long)far_at(d, i), word);
	}
	return ret;
}

/* Nothing is mapped at this IOVA, so that the command does no harm where it is carried out. */
#define NOWHERE 0xdead0000ULL

/**
 * vmig_doorbell_poke - poke() of such a card
 * @w: the device
 *
 * Return: 0 or -errno.
 */
int vmig_doorbell_poke(struct vmig_exercise *w)
{
	struct vmig_doorbell *d = w->priv;
	int ret;

	ret = command(d, NOWHERE, d->at->dma_buffer, 64, 1,
		      d->at->command_write | d->at->command_irq);
	ret = ret ?: vmig_bar_write32(&d->regs, d->at->irq_raise, d->at->irq_now);
	ret = ret ?: vmig_bar_write32(&d->regs, d->at->dirty, 0x5a5a5a5a);
	return ret ?: write_word(d, 0, 0x5a5a5a5a);
}

/**
 * vmig_doorbell_counter - counter() of such a card
 * @w: the device
 * @value: what it says
 *
 * Return: 0 or -errno.
 */
int vmig_doorbell_counter(struct vmig_exercise *w, uint64_t *value)
{
	struct vmig_doorbell *d = w->priv;
	int ret = vmig_bar_write32(&d->regs, d->at->counter_on, 1);

	d->counts = true;
	return ret ?: vmig_bar_read(&d->regs, d->at->counter, value, sizeof(*value));
}

/**
 * vmig_doorbell_hold_stream - hold_stream() of such a card
 * @w: the device
 * @on: stall the streams, or let them go on
 *
 * Return: 0 or -errno.
 */
int vmig_doorbell_hold_stream(struct vmig_exercise *w, bool on)
{
	struct vmig_doorbell *d = w->priv;

	return vmig_bar_write32(&d->regs, d->at->hold_stream, on);
}

/* Transfers that are under way at a time lie one behind the other in the buffer. */
static uint32_t take_room(struct vmig_doorbell *d, uint32_t len)
{
	uint32_t at;

	if (d->dma_used + len > DMA_ROOM)
		d->dma_used = 0;
	at = d->at->dma_buffer + d->dma_used;
	d->dma_used += (len + 7) & ~7U;
	return at;
}

static uint32_t time_of(const struct vmig_doorbell *d, uint32_t len)
{
	return len * VMIG_DOORBELL_DMA_MS / d->at->dma_max;
}

static int write_bytes(struct vmig_doorbell *d, uint64_t iova, const void *bytes, uint32_t len,
		       uint32_t kind)
{
	uint32_t at = take_room(d, len);
	int ret = vmig_bar_write(&d->mem, at, bytes, len);

	return ret ?: command(d, iova, at, len, time_of(d, len), kind);
}

/**
 * vmig_doorbell_write - begin a transfer of these bytes to memory
 * @d: the card
 * @iova: where they go
 * @bytes: the bytes
 * @len: how many, at most what a command takes
 *
 * Return: 0 or -errno.
 */
int vmig_doorbell_write(struct vmig_doorbell *d, uint64_t iova, const void *bytes, uint32_t len)
{
	return write_bytes(d, iova, bytes, len, d->at->command_write);
}

/* What a seed makes, to memory. */
static int write_pattern(struct vmig_doorbell *d, uint64_t iova, uint32_t len, uint32_t seed,
			 uint32_t kind)
{
	unsigned char *bytes;
	int ret;

	if (!len || len > d->at->dma_max)
		return -EINVAL;
	bytes = vmig_alloc(len);
	vmig_pattern(bytes, len, seed);
	ret = write_bytes(d, iova, bytes, len, kind);
	free(bytes);
	return ret;
}

/**
 * vmig_doorbell_dma_write - dma_write() of such a card
 * @w: the device
 * @iova: where
 * @len: bytes
 * @seed: makes them
 *
 * Return: 0 or -errno; -EINVAL for a length that no command has.
 */
int vmig_doorbell_dma_write(struct vmig_exercise *w, uint64_t iova, uint32_t len, uint32_t seed)
{
	struct vmig_doorbell *d = w->priv;

	return write_pattern(d, iova, len, seed, d->at->command_write);
}

/**
 * vmig_doorbell_dma_write_irq - dma_write_irq() of such a card
 * @w: the device
 * @iova: where
 * @len: bytes
 * @seed: makes them
 *
 * Return: 0 or -errno; -EINVAL for a length that no command has.
 */
int vmig_doorbell_dma_write_irq(struct vmig_exercise *w, uint64_t iova, uint32_t len, uint32_t seed)
{
	struct vmig_doorbell *d = w->priv;

	return write_pattern(d, iova, len, seed, d->at->command_write | d->at->command_irq);
}

/**
 * vmig_doorbell_dma_read - dma_read() of such a card
 * @w: the device
 * @iova: where
 * @len: bytes
 *
 * Return: 0 or -errno; -EINVAL for a length that no command has.
 */
int vmig_doorbell_dma_read(struct vmig_exercise *w, uint64_t iova, uint32_t len)
{
	struct vmig_doorbell *d = w->priv;

	if (!len || len > d->at->dma_max)
		return -EINVAL;
	d->read_at = take_room(d, len);
	d->read_len = len;
	return command(d, iova, d->read_at, len, time_of(d, len), d->at->command_read);
}

static int tell_sum(struct vmig_doorbell *d, uint32_t *sum)
{
	unsigned char *bytes = vmig_alloc(d->read_len);
	int ret = vmig_bar_read(&d->mem, d->read_at, bytes, d->read_len);

	*sum = vmig_sum(bytes, d->read_len);
	free(bytes);
	return ret;
}

/* Does a command wait, or is one under way? */
static int busy(struct vmig_doorbell *d, uint32_t *status, bool *is)
{
	uint32_t doorbell = 0;
	int ret = 0;

	/* The doorbell first: what has left it shows in the status. */
	if (d->at->poll_us)
		ret = vmig_bar_read(&d->regs, d->at->command, &doorbell, sizeof(doorbell));
	ret = ret ?: vmig_bar_read(&d->regs, d->at->status, status, sizeof(*status));
	*is = !ret && (doorbell || (*status & d->at->status_dma));
	return ret;
}

/**
 * vmig_doorbell_dma_wait - dma_wait() of such a card
 * @w: the device
 * @timeout_ms: how long at most
 * @sum: of what the last read brought, or NULL
 *
 * Return: 0 or -errno; -ETIMEDOUT, -EIO for a command that failed.
 */
int vmig_doorbell_dma_wait(struct vmig_exercise *w, int timeout_ms, uint32_t *sum)
{
	struct vmig_doorbell *d = w->priv;
	uint32_t status = 0;
	bool is;
	int ret;

	for (ret = busy(d, &status, &is); is; ret = busy(d, &status, &is)) {
		if (timeout_ms-- <= 0)
			return -ETIMEDOUT;
		usleep(1000);
	}
	if (!ret && (status & d->at->status_error))
		ret = vmig_bar_write32(&d->regs, d->at->clear, 1) ?: -EIO;
	if (!ret && sum && d->read_len)
		ret = tell_sum(d, sum);
	return ret;
}

/**
 * vmig_doorbell_irq_raise - irq_raise() of such a card
 * @w: the device
 * @delay_ms: when
 *
 * Return: 0 or -errno.
 */
int vmig_doorbell_irq_raise(struct vmig_exercise *w, unsigned int delay_ms)
{
	struct vmig_doorbell *d = w->priv;

	return vmig_bar_write32(&d->regs, d->at->irq_raise, delay_ms + d->at->irq_now);
}

/* A command of two kinds at once, which is none. */
static int make_error(struct vmig_exercise *w)
{
	struct vmig_doorbell *d = w->priv;
	int ret;

	if (d->regs_stay)
		return -ENOENT;
	ret = command(d, NOWHERE, d->at->dma_buffer, 64, 1,
		      d->at->command_write | d->at->command_read);
	return ret ?: taken(d, d->at->command);
}

static int check_error(struct vmig_exercise *w, const char **why)
{
	struct vmig_doorbell *d = w->priv;
	uint32_t status = 0;
	int ret = vmig_bar_read(&d->regs, d->at->status, &status, sizeof(status));

	if (!ret && !(status & d->at->status_error)) {
		snprintf(d->why, sizeof(d->why), "a status of %#x, without the error", status);
		ret = -EILSEQ;
	}
	return vmig_tell_why(ret, d->why, why);
}

static int clear_error(struct vmig_exercise *w)
{
	struct vmig_doorbell *d = w->priv;
	int ret = vmig_bar_write32(&d->regs, d->at->clear, 1);

	return ret ?: taken(d, d->at->clear);
}

const struct vmig_condition vmig_doorbell_conditions[VMIG_DOORBELL_CONDITIONS] = {
	{ "a failed command that nobody has cleared", make_error, check_error, clear_error },
};
