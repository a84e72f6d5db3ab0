// SPDX-License-Identifier: GPL-2.0-only
/* Make devices work during a migration, through their exerciser. See exercise.h. */
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <vmig/feature.h>
#include <vmig/state.h>
#include <vmig/error.h>
#include <vmig/info.h>
#include <vmig/pattern.h>
#include "guest_access.h"
#include "fault_memory.h"
#include "verdict.h"
#include "exercise.h"

/* Long enough for a counter that counts at all. */
#define COUNTER_MS 20

/**
 * vmig_sleep_ms - let time pass
 * @ms: how much
 */
void vmig_sleep_ms(unsigned int ms)
{
	struct timespec t = { .tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000L };

	while (nanosleep(&t, &t) && errno == EINTR)
		;
}

/**
 * vmig_eventfd_wait - wait for an interrupt
 * @fd: its eventfd
 * @timeout_ms: how long
 *
 * Return: true if it was signalled, which is forgotten then.
 */
bool vmig_eventfd_wait(int fd, int timeout_ms)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };

	poll(&p, 1, timeout_ms);
	return vmig_eventfd_fired(fd);
}

/**
 * vmig_exercise_memory_sized - memory that a device may write to
 * @w: the device
 * @size: bytes, whole pages
 * @align: alignment of its IOVA
 * @mem: where it goes; VMIG_UNTOUCHED all over
 */
void vmig_exercise_memory_sized(struct vmig_exercise *w, uint64_t size, uint64_t align,
				struct vmig_dma *mem)
{
	vmig_dma_alloc(w->dev, w->ops->iova_bits, size, align, mem);
	vmig_exercise_memory_clear(mem);
}

/**
 * vmig_exercise_memory - memory for one transfer of the largest size
 * @w: the device
 * @mem: where it goes; VMIG_UNTOUCHED all over
 */
void vmig_exercise_memory(struct vmig_exercise *w, struct vmig_dma *mem)
{
	uint64_t size = (w->ops->dma_max + VMIG_PAGE - 1) / VMIG_PAGE * VMIG_PAGE;

	vmig_exercise_memory_sized(w, size, VMIG_PAGE, mem);
}

/**
 * vmig_exercise_memory_clear - make memory untouched again
 * @mem: the memory
 */
void vmig_exercise_memory_clear(struct vmig_dma *mem)
{
	memset(mem->at, VMIG_UNTOUCHED, mem->size);
}

/**
 * vmig_exercise_memory_end - the end of a device's work, whatever it is doing
 * @w: the device, in any state; left in RUNNING
 * @mem: its memory, or zeroes; unmapped when no DMA can reach it any more
 */
void vmig_exercise_memory_end(struct vmig_exercise *w, struct vmig_dma *mem)
{
	if (!w->ops || !w->dev)
		return;
	vmig_recover_running(w->dev);
	if (w->ops->dma_wait)
		w->ops->dma_wait(w, VMIG_EXERCISE_MS, NULL);
	vmig_exercise_end(w);
	vmig_dma_free(mem);
}

/**
 * vmig_set_pattern - put a pattern into a device, which must work
 * @w: the device, in a state in which its registers can be written
 * @seed: which pattern
 */
void vmig_set_pattern(struct vmig_exercise *w, uint32_t seed)
{
	int ret = w->ops->set_pattern(w, seed);

	if (ret)
		vmig_test_error("a pattern cannot be put into the device: %s",
				vmig_errno_name(ret));
}

/**
 * vmig_check_pattern - is a pattern in a device?
 * @w: the device
 * @seed: which pattern
 *
 * Return: NULL if it is, else what is there, for messages.
 */
const char *vmig_check_pattern(struct vmig_exercise *w, uint32_t seed)
{
	const char *why = NULL;
	int ret = w->ops->check_pattern(w, seed, &why);

	return ret ? vmig_fmt("%s", why ?: vmig_errno_name(ret)) : NULL;
}

/**
 * vmig_dma_begin - have a device begin to write to memory, which must work
 * @w: the device, where it may do DMA
 * @mem: the memory
 * @at: where in it, bytes
 * @len: bytes
 * @seed: what it writes
 */
void vmig_dma_begin(struct vmig_exercise *w, const struct vmig_dma *mem, uint64_t at, uint32_t len,
		    uint32_t seed)
{
	int ret = w->ops->dma_write(w, mem->iova + at, len, seed);

	if (ret)
		vmig_test_error("the device cannot be asked for DMA: %s", vmig_errno_name(ret));
}

/**
 * vmig_dma_end - wait until a device has done its DMA, which must work
 * @w: the device, where it may do DMA
 */
void vmig_dma_end(struct vmig_exercise *w)
{
	int ret = w->ops->dma_wait(w, VMIG_EXERCISE_MS, NULL);

	if (ret)
		vmig_test_error("the device's DMA has not ended well: %s", vmig_errno_name(ret));
}

/**
 * vmig_dma_landed - is all that a transfer writes in memory?
 * @mem: the memory
 * @at: where in it, bytes
 * @len: bytes
 * @seed: what was to be written
 *
 * Return: true if so.
 */
bool vmig_dma_landed(const struct vmig_dma *mem, uint64_t at, uint32_t len, uint32_t seed)
{
	unsigned char *want = vmig_alloc(len);
	bool same;

	vmig_pattern(want, len, seed);
	same = !memcmp(mem->at + at, want, len);
	free(want);
	return same;
}

/**
 * vmig_dma_touched - has anything been written to memory since vmig_exercise_memory_clear()?
 * @mem: the memory
 * @at: where in it, bytes
 * @len: bytes
 *
 * Return: true if so.
 */
bool vmig_dma_touched(const struct vmig_dma *mem, uint64_t at, uint32_t len)
{
	uint32_t i;

	for (i = 0; i < len; i++)
		if (mem->at[at + i] != VMIG_UNTOUCHED)
			return true;
	return false;
}

/**
 * vmig_dma_lands - does a transfer that was begun come to its end?
 * @w: the device, where it may do DMA
 * @mem: the memory
 * @at: where in it, bytes
 * @len: bytes
 * @seed: what was to be written
 *
 * Return: true if all of it is there within VMIG_EXERCISE_MS.
 */
bool vmig_dma_lands(struct vmig_exercise *w, const struct vmig_dma *mem, uint64_t at, uint32_t len,
		    uint32_t seed)
{
	/* What comes of it is in memory; a device that lost it has nothing to wait for. */
	w->ops->dma_wait(w, VMIG_EXERCISE_MS, NULL);
	return vmig_dma_landed(mem, at, len, seed);
}

/* One transfer after the other, as many as can be asked for at once. */
static uint32_t part_of(const struct vmig_exerciser *ops)
{
	return ops->dma_max / ops->dma_queue / ops->dma_align * ops->dma_align;
}

/**
 * vmig_dma_ask_all - ask for as many transfers as a device can hold
 * @w: the device, in any state
 * @mem: memory for dma_max bytes; each writes to a part of its own
 * @seed: what the first one writes; one more for each that follows
 * @irq: each ends with an interrupt
 *
 * Return: how many of them it took, dma_queue for all.
 */
uint32_t vmig_dma_ask_all(struct vmig_exercise *w, const struct vmig_dma *mem, uint32_t seed,
			  bool irq)
{
	uint32_t len = part_of(w->ops), i, n = 0;
	uint64_t iova;

	for (i = 0; i < w->ops->dma_queue; i++) {
		iova = mem->iova + i * len;
		n += irq ? !w->ops->dma_write_irq(w, iova, len, seed + i)
			 : !w->ops->dma_write(w, iova, len, seed + i);
	}
	return n;
}

/**
 * vmig_dma_all_landed - how many of these transfers are in memory?
 * @w: the device that was asked for them, or the one that goes on for it
 * @mem: the memory
 * @seed: as in vmig_dma_ask_all()
 *
 * Return: their number, dma_queue for all.
 */
uint32_t vmig_dma_all_landed(struct vmig_exercise *w, const struct vmig_dma *mem, uint32_t seed)
{
	uint32_t len = part_of(w->ops), i, n = 0;

	for (i = 0; i < w->ops->dma_queue; i++)
		n += vmig_dma_landed(mem, i * len, len, seed + i);
	return n;
}

/**
 * vmig_dma_all_land - how many of these transfers come to their end?
 * @w: the device, where it may do DMA
 * @mem: the memory
 * @seed: as in vmig_dma_ask_all()
 *
 * Return: how many are in memory within VMIG_EXERCISE_MS, dma_queue for all.
 */
uint32_t vmig_dma_all_land(struct vmig_exercise *w, const struct vmig_dma *mem, uint32_t seed)
{
	w->ops->dma_wait(w, VMIG_EXERCISE_MS, NULL);
	return vmig_dma_all_landed(w, mem, seed);
}

/**
 * vmig_dma_fault - does a device do DMA here?
 * @w: the device
 * @mem: its memory; what was in it is gone
 * @seed: what it is to write
 *
 * Return: NULL if a transfer lands, else what happened, for messages.
 */
const char *vmig_dma_fault(struct vmig_exercise *w, struct vmig_dma *mem, uint32_t seed)
{
	uint32_t len = w->ops->dma_max;
	int ret;

	vmig_exercise_memory_clear(mem);
	ret = w->ops->dma_write(w, mem->iova, len, seed);
	if (ret)
		return vmig_fmt("the device cannot be asked for DMA: %s", vmig_errno_name(ret));
	if (vmig_dma_lands(w, mem, 0, len, seed))
		return NULL;
	return vmig_dma_touched(mem, 0, len) ? "something else in memory" : "memory untouched";
}

/**
 * vmig_counter - read what moves in a device
 * @w: the device
 *
 * Return: its value.
 */
uint64_t vmig_counter(struct vmig_exercise *w)
{
	uint64_t value = 0;
	int ret = w->ops->counter(w, &value);

	if (ret)
		vmig_test_error("the device's counter cannot be read: %s", vmig_errno_name(ret));
	return value;
}

/**
 * vmig_counter_moves - does it move?
 * @w: the device
 *
 * Return: true if its value changes within a few milliseconds.
 */
bool vmig_counter_moves(struct vmig_exercise *w)
{
	uint64_t before = vmig_counter(w);

	vmig_sleep_ms(COUNTER_MS);
	return vmig_counter(w) != before;
}

/**
 * vmig_counter_comes - does it move, if it is given time?
 * @w: the device
 *
 * For a device that must be running: on a busy machine it may be late.
 *
 * Return: true if its value changes within VMIG_EXERCISE_MS.
 */
bool vmig_counter_comes(struct vmig_exercise *w)
{
	unsigned int i;

	for (i = 0; i < VMIG_EXERCISE_MS / COUNTER_MS; i++)
		if (vmig_counter_moves(w))
			return true;
	return false;
}

/**
 * vmig_work_begin - prepare what vmig_work_fault() needs
 * @w: the device
 * @mem: memory for its DMA, if it does any; for vmig_exercise_memory_end()
 *
 * Return: the eventfd of its interrupt, for vmig_work_end(); -1 where it has none.
 */
int vmig_work_begin(struct vmig_exercise *w, struct vmig_dma *mem)
{
	if (w->ops->dma_write)
		vmig_exercise_memory(w, mem);
	return vmig_irq_there(w) ? vmig_irq_listen(w) : -1;
}

/**
 * vmig_work_fault - does a device do what it does while it runs?
 * @w: the device, in RUNNING or PRE_COPY
 * @mem: of vmig_work_begin()
 * @irq: of the same
 * @seed: what its DMA writes
 *
 * Return: NULL if all that the exerciser knows of works, else what does not, for messages.
 */
const char *vmig_work_fault(struct vmig_exercise *w, struct vmig_dma *mem, int irq, uint32_t seed)
{
	const char *why;
	int ret;

	if (w->ops->counter && !vmig_counter_comes(w))
		return "its counter stands";
	if (w->ops->dma_write) {
		why = vmig_dma_fault(w, mem, seed);
		if (why)
			return vmig_fmt("a DMA write: %s", why);
	}
	if (irq < 0)
		return NULL;
	vmig_eventfd_fired(irq);
	ret = w->ops->irq_raise(w, 0);
	if (ret)
		return vmig_fmt("asked for an interrupt: %s", vmig_errno_name(ret));
	return vmig_eventfd_wait(irq, VMIG_EXERCISE_MS) ? NULL : "no interrupt comes";
}

/**
 * vmig_work_end - undo vmig_work_begin(), but for the memory
 * @w: the device
 * @irq: what that returned
 */
void vmig_work_end(struct vmig_exercise *w, int irq)
{
	if (irq >= 0)
		vmig_irq_end(w, irq);
}

/**
 * vmig_judge_goes_on_at - does a device go on in RUNNING?
 * @at: where the caller is: VMIG_HERE
 * @id: clause that is checked
 * @w: the device
 * @why: NULL, or what it does instead
 * @did: what was done, for messages
 * @expected: what the clause demands
 *
 * Of simulated hardware whose way back is a guess, it is a note if it does not: what a card does
 * is known to its vendor.
 *
 * Return: true if it does.
 */
bool vmig_judge_goes_on_at(const char *at, enum vmig_clause_id id, struct vmig_exercise *w,
			   const char *why, const char *did, const char *expected)
{
	if (!why || !w->ops->start_unknown || !w->ops->start_unknown(w))
		return CHECK_AT(at, id, !why, did, expected, "%s", why);
	vmig_note(id,
		  "%s: here %s. Either the card goes on by itself, or when its user rings a "
		  "doorbell, and all is well; or it needs a command, which the driver owes it",
		  did, why);
	return false;
}

/**
 * vmig_run_again - bring a device back to RUNNING with what it holds
 * @dev: the device; from RESUMING, where nothing was loaded, by a reset
 */
void vmig_run_again(struct vmig_device *dev)
{
	if (vmig_get_state(dev) == VFIO_DEVICE_STATE_RESUMING)
		vmig_recover_running(dev);
	else
		vmig_set_state(dev, VFIO_DEVICE_STATE_RUNNING);
}

/**
 * vmig_irq_there - can the device interrupt?
 * @w: the device
 *
 * An exerciser knows how to ask for an interrupt of devices some of which have none.
 *
 * Return: true if its interrupt has a vector.
 */
bool vmig_irq_there(struct vmig_exercise *w)
{
	struct vfio_irq_info info = {};

	return w->ops->irq_raise && !__vmig_irq_info(w->dev, w->ops->irq_index, &info) &&
	       info.count;
}

/**
 * vmig_irq_raise - ask a device for an interrupt, which must work
 * @w: the device, in a state in which its registers can be written
 * @ms: how much later it is to come, where the device can do that
 */
void vmig_irq_raise(struct vmig_exercise *w, unsigned int ms)
{
	int ret = w->ops->irq_raise(w, ms);

	if (ret)
		vmig_test_error("the device cannot be asked for an interrupt: %s",
				vmig_errno_name(ret));
}

/**
 * vmig_irq_listen - have the interrupt that irq_raise() raises signal an eventfd
 * @w: the device
 *
 * Return: the eventfd, for vmig_irq_end().
 */
int vmig_irq_listen(struct vmig_exercise *w)
{
	struct vfio_device_info info;
	int fd = vmig_eventfd(), ret;

	/* As every VMM does first; mtty takes no interrupt before. */
	vmig_device_info(w->dev, &info);
	ret = __vmig_irq_enable(w->dev, w->ops->irq_index, fd);
	if (ret)
		vmig_test_error("enabling interrupt %u failed: %s", w->ops->irq_index,
				vmig_errno_name(ret));
	return fd;
}

/**
 * vmig_irq_end - undo vmig_irq_listen()
 * @w: the device
 * @fd: the eventfd
 */
void vmig_irq_end(struct vmig_exercise *w, int fd)
{
	__vmig_irq_disable(w->dev, w->ops->irq_index);
	close(fd);
}
