// SPDX-License-Identifier: GPL-2.0-only
/*
 * QUI, STRM-11, RES-03, LOG-19: the device after a load is a whole device. It does DMA, interrupts
 * and counts as any; what waited when the source stopped comes to its end here; what is out of the
 * ordinary, an error that nobody cleared or a mask, is here too; and of what was here before
 * nothing is left.
 *
 * What waits is found out on the source: a transfer that has landed when the device has stopped
 * did not wait. So a device that brings everything to an end before it stops shows nothing here,
 * and is skipped.
 */
#include <errno.h>
#include <stdlib.h>

#include <linux/pci_regs.h>

#include <vmig/dma_logging.h>
#include <vmig/info.h>
#include <vmig/pattern.h>
#include <vmig/region.h>
#include "fault_memory.h"
#include "guest_access.h"
#include "load_attempt.h"
#include "pci_config.h"
#include "precopy_drain.h"
#include "fixture_target.h"

/* For the device to do what it should not do; ms. */
#define WATCH_MS 40

/* An interrupt that is asked for comes this much later, or four times that; ms. */
#define IRQ_DELAY_MS 80

#define SEED 0x6001
#define OTHER 0x6101

/* Both reach the same memory at the same IOVA, as the device of a guest does on both hosts. */
TARGET_FIXTURE(after_load);

#define NEED_TARGET                                                                                \
	do {                                                                                       \
		NEED_SECOND;                                                                       \
		NEED(self->second || vmig_can_reset(self->dev), "the device cannot be reset");     \
	} while (0)

#define NEED_STATE_OF_DMA                                                                          \
	NEED(!self->w.ops->dma_stays, "DMA that waits in this device is no part of its state")
#define NEED_STATE_OF_IRQ                                                                          \
	NEED(!self->w.ops->irq_stays, "an interrupt that is due is no part of this device's state")

/* Memory for transfers of both. */
static void share_memory(FIXTURE_DATA(after_load) * self)
{
	struct vmig_dma *mem = &self->mem;
	int ret = 0;

	if (!self->w.ops->dma_write)
		return;
	vmig_exercise_memory(&self->w, mem);
	if (self->second)
		ret = __vmig_dma_map(self->second, mem->at, mem->iova, mem->size);
	/* It is there already where both are in one address space. */
	if (ret && ret != -EEXIST)
		vmig_test_error("mapping the same memory for %s failed: %s", self->second->id.name,
				vmig_errno_name(ret));
}

/* A target with nothing in it that comes from the source. Left in RUNNING. */
static void make_target(FIXTURE_DATA(after_load) * self)
{
	struct vmig_exercise *to = self->to;

	if (!self->second)
		vmig_reset(to->dev);
	vmig_recover_running(to->dev);
	if (to->ops->set_pattern)
		vmig_set_pattern(to, OTHER);
}

/* Save what the device has now. Left in RUNNING. */
static void save(struct vmig_exercise *w, struct vmig_stream *s)
{
	vmig_save(w->dev, s);
	vmig_set_state(w->dev, VFIO_DEVICE_STATE_RUNNING);
}

/* Load a stream, from any state. Left in STOP if that works. */
static int load(struct vmig_exercise *w, const struct vmig_stream *s)
{
	int fd = vmig_goto_state(w->dev, VFIO_DEVICE_STATE_RESUMING), ret;

	ret = __vmig_stream_write(fd, s->data, s->len, &vmig_default_chunks, NULL);
	ret = ret ?: __vmig_set_state(w->dev, VFIO_DEVICE_STATE_STOP, NULL);
	close(fd);
	return ret;
}

/* The same, judged: a stream that was saved is good, whatever the device was like. */
static bool load_works(struct vmig_exercise *w, const struct vmig_stream *s, const char *of)
{
	return CHECK_OK(RES_03, load(w, s),
			vmig_fmt("save of %s, write() of all of it, SET(STOP)", of));
}

/* All transfers that can be asked for at once. Return: false where the device takes fewer. */
static bool ask_for_all(struct vmig_exercise *w, const struct vmig_dma *mem, uint32_t seed,
			bool irq)
{
	return vmig_dma_ask_all(w, mem, seed, irq) == w->ops->dma_queue;
}

static void let_time_pass(const struct vmig_exercise *w)
{
	vmig_sleep_ms(2 * w->ops->dma_time_ms + WATCH_MS);
}

static bool is_p2p(uint32_t state)
{
	return state == VFIO_DEVICE_STATE_RUNNING_P2P || state == VFIO_DEVICE_STATE_PRE_COPY_P2P;
}

/* Does the device hold transfers that it is asked for in a P2P state, and do them later? */
static bool holds_in_p2p(struct vmig_exercise *w, struct vmig_dma *mem)
{
	bool asked, holds;

	vmig_exercise_memory_clear(mem);
	vmig_goto_state(w->dev, VFIO_DEVICE_STATE_RUNNING_P2P);
	asked = ask_for_all(w, mem, OTHER, false);
	let_time_pass(w);
	holds = asked && !vmig_dma_touched(mem, 0, w->ops->dma_max);
	vmig_set_state(w->dev, VFIO_DEVICE_STATE_RUNNING);
	return holds && vmig_dma_all_land(w, mem, OTHER) == w->ops->dma_queue;
}

/*
 * Transfers that are asked for in a state from which the device is stopped and saved. Left in
 * STOP. Return: how many of them have not landed by then; 0 where nothing can wait.
 */
static uint32_t save_with_work(FIXTURE_DATA(after_load) * self, uint32_t state, uint32_t seed,
			       bool irq)
{
	struct vmig_exercise *w = &self->w;
	int fd = -1, stop_fd;

	if (is_p2p(state) && !holds_in_p2p(w, &self->mem))
		return 0;
	self->s.len = 0;
	vmig_exercise_memory_clear(&self->mem);
	vmig_goto_state(w->dev, VFIO_DEVICE_STATE_RUNNING);
	if (state == VFIO_DEVICE_STATE_PRE_COPY || state == VFIO_DEVICE_STATE_PRE_COPY_P2P) {
		fd = vmig_goto_state(w->dev, VFIO_DEVICE_STATE_PRE_COPY);
		vmig_drain(fd, &self->s);
	}
	vmig_set_state(w->dev, state);
	if (!ask_for_all(w, &self->mem, seed, irq))
		vmig_test_error("the device cannot be asked for DMA in %s", vmig_state_name(state));
	stop_fd = vmig_set_state(w->dev, VFIO_DEVICE_STATE_STOP_COPY);
	if (fd < 0)
		fd = stop_fd;
	vmig_stream_read(fd, &self->s);
	close(fd);
	vmig_set_state(w->dev, VFIO_DEVICE_STATE_STOP);
	return w->ops->dma_queue - vmig_dma_all_landed(w, &self->mem, seed);
}

/* Where a guest asks for work that may wait. */
static const uint32_t asked_in[] = {
	VFIO_DEVICE_STATE_RUNNING,
	VFIO_DEVICE_STATE_RUNNING_P2P,
	VFIO_DEVICE_STATE_PRE_COPY,
	VFIO_DEVICE_STATE_PRE_COPY_P2P,
};

static const char *work_in(uint32_t state)
{
	return vmig_fmt("a device that was asked for DMA in %s, some of which waits",
			vmig_state_name(state));
}

#define NEED_WAITING(n) NEED(n, "nothing waits when this device has stopped")

static void judge_all_landed(FIXTURE_DATA(after_load) * self, uint32_t seed, const char *did)
{
	struct vmig_exercise *to = self->to;
	uint32_t n = vmig_dma_all_land(to, &self->mem, seed), all = to->ops->dma_queue;

	vmig_judge_goes_on(STRM_11, to,
			   n == all ? NULL : vmig_fmt("%u of %u transfers are", n, all), did,
			   "all of it is in memory");
}

/* A request that was accepted and not begun, a doorbell: they are state (H:1106). */
VMIG_TEST_TIMEOUT(after_load, waiting_dma_is_done_there, MINUTES)
{
	struct vmig_exercise *to = self->to;
	uint32_t seed = SEED, i, waiting = 0;

	CLAUSES(STRM_11, RES_03);
	NEED_SLOW_DMA;
	NEED_TARGET;
	NEED_STATE_OF_DMA;
	share_memory(self);
	for (i = 0; i < ARRAY_SIZE(asked_in); i++, seed += 16) {
		if (!vmig_state_offered(self->flags, asked_in[i]) ||
		    !save_with_work(self, asked_in[i], seed, false))
			continue;
		waiting++;
		make_target(self);
		if (!load_works(to, &self->s, work_in(asked_in[i])))
			continue;
		vmig_set_state(to->dev, VFIO_DEVICE_STATE_RUNNING);
		judge_all_landed(self, seed,
				 vmig_fmt("save of %s, load, SET(RUNNING)", work_in(asked_in[i])));
	}
	NEED_WAITING(waiting);
}

/* And tells of it, as it was asked to. */
VMIG_TEST_TIMEOUT(after_load, waiting_dma_interrupts_there, MINUTES)
{
	struct vmig_exercise *to = self->to;
	uint32_t i, waiting = 0;
	int irq;

	CLAUSES(STRM_11, RES_03);
	NEED_SLOW_DMA;
	NEED_IRQ;
	NEED(self->w.ops->dma_write_irq, "no exerciser can have DMA end with an interrupt");
	NEED_TARGET;
	NEED_STATE_OF_DMA;
	share_memory(self);
	for (i = 0; i < ARRAY_SIZE(asked_in); i++) {
		if (!vmig_state_offered(self->flags, asked_in[i]) ||
		    !save_with_work(self, asked_in[i], SEED, true))
			continue;
		waiting++;
		make_target(self);
		if (!load_works(to, &self->s, work_in(asked_in[i])))
			continue;
		irq = vmig_irq_listen(to);
		vmig_set_state(to->dev, VFIO_DEVICE_STATE_RUNNING);
		/* Of DMA that never comes another test tells. */
		if (vmig_dma_all_land(to, &self->mem, SEED) == to->ops->dma_queue)
			CHECK(STRM_11, vmig_eventfd_wait(irq, VMIG_EXERCISE_MS),
			      vmig_fmt("save of %s, each with an interrupt at its end; load, an "
				       "eventfd set up, SET(RUNNING), all of it is in memory",
				       work_in(asked_in[i])),
			      "the eventfd is signalled", "it is not");
		vmig_irq_end(to, irq);
	}
	NEED_WAITING(waiting);
}

/* What came with a load does not begin before the device may. */
VMIG_TEST_TIMEOUT(after_load, waiting_dma_waits_for_running, MINUTES)
{
	struct vmig_exercise *to = self->to;
	unsigned char *before;
	bool p2p;

	CLAUSES(QUI_02, QUI_07, STRM_11, RES_03);
	NEED_SLOW_DMA;
	NEED_TARGET;
	NEED_STATE_OF_DMA;
	share_memory(self);
	p2p = vmig_state_offered(self->flags, VFIO_DEVICE_STATE_RUNNING_P2P) &&
	      self->w.ops->dma_is_one_kind && holds_in_p2p(&self->w, &self->mem);
	NEED_WAITING(save_with_work(self, VFIO_DEVICE_STATE_RUNNING, SEED, false) ||
		     (p2p && save_with_work(self, VFIO_DEVICE_STATE_RUNNING_P2P, SEED, false)));
	make_target(self);
	before = vmig_alloc(self->mem.size);
	memcpy(before, self->mem.at, self->mem.size);
	if (!load_works(to, &self->s, "a device with DMA that waits"))
		return;
	let_time_pass(to);
	CHECK(QUI_02, !memcmp(before, self->mem.at, self->mem.size),
	      "save of a device with DMA that waits, load, SET(STOP), memory looked at later",
	      "no change", "the device has written to it");
	if (p2p) {
		memcpy(before, self->mem.at, self->mem.size);
		vmig_set_state(to->dev, VFIO_DEVICE_STATE_RUNNING_P2P);
		let_time_pass(to);
		CHECK(QUI_07, !memcmp(before, self->mem.at, self->mem.size),
		      "save of a device with DMA that waits, load, SET(RUNNING_P2P), memory looked "
		      "at later",
		      "no change, as this device cannot tell what is peer to peer",
		      "the device has written to it");
	}
	free(before);
	vmig_set_state(to->dev, VFIO_DEVICE_STATE_RUNNING);
	judge_all_landed(self, SEED,
			 "save of a device with DMA that waits, load, a while, RUNNING");
}

/* A host that gives the device on at once, before it has run. */
VMIG_TEST_TIMEOUT(after_load, waiting_dma_moves_on, MINUTES)
{
	struct vmig_exercise *to = self->to;
	struct vmig_stream again = {};
	bool p2p;

	CLAUSES(STRM_11, RES_03);
	NEED_SLOW_DMA;
	NEED_TARGET;
	NEED(vmig_can_reset(to->dev), "the device cannot be reset");
	NEED_STATE_OF_DMA;
	share_memory(self);
	p2p = vmig_state_offered(self->flags, VFIO_DEVICE_STATE_RUNNING_P2P);
	NEED_WAITING(save_with_work(self, VFIO_DEVICE_STATE_RUNNING, SEED, false) ||
		     (p2p && save_with_work(self, VFIO_DEVICE_STATE_RUNNING_P2P, SEED, false)));
	make_target(self);
	if (!load_works(to, &self->s, "a device with DMA that waits"))
		return;
	vmig_save(to->dev, &again);
	vmig_reset(to->dev);
	make_target(self);
	if (load_works(to, &again,
		       "a device that was loaded, has DMA that waits, and has not run")) {
		vmig_set_state(to->dev, VFIO_DEVICE_STATE_RUNNING);
		judge_all_landed(
			self, SEED,
			"save of a device with DMA that waits, load, saved again from STOP, RESET, "
			"load of that, SET(RUNNING)");
	}
	vmig_stream_free(&again);
}

/* What waits in the target when the load comes is not of the device that is loaded. */
VMIG_TEST_TIMEOUT(after_load, nothing_waits_from_before, MINUTES)
{
	uint32_t state = VFIO_DEVICE_STATE_RUNNING, all = self->w.ops->dma_queue;
	struct vmig_exercise *to = self->to;
	bool waits;

	CLAUSES(STRM_11, RES_03);
	NEED_SLOW_DMA;
	NEED_TARGET;
	NEED_STATE_OF_DMA;
	share_memory(self);
	save(&self->w, &self->s);
	if (vmig_state_offered(self->flags, VFIO_DEVICE_STATE_RUNNING_P2P) &&
	    holds_in_p2p(to, &self->mem))
		state = VFIO_DEVICE_STATE_RUNNING_P2P;
	vmig_goto_state(to->dev, state);
	vmig_exercise_memory_clear(&self->mem);
	if (!ask_for_all(to, &self->mem, OTHER, false))
		vmig_test_error("the device cannot be asked for DMA in %s", vmig_state_name(state));
	vmig_set_state(to->dev, VFIO_DEVICE_STATE_STOP);
	waits = vmig_dma_all_landed(to, &self->mem, OTHER) < all;
	vmig_exercise_memory_clear(&self->mem);
	if (!load_works(to, &self->s, "a device with nothing to do"))
		return;
	vmig_set_state(to->dev, VFIO_DEVICE_STATE_RUNNING);
	let_time_pass(to);
	CHECK(STRM_11, !vmig_dma_touched(&self->mem, 0, to->ops->dma_max),
	      vmig_fmt(
		      "DMA asked for in %s, SET(STOP), load of a device with nothing to do, RUNNING",
		      vmig_state_name(state)),
	      "memory untouched", "the device has written to it");
	NEED_WAITING(waits);
}

/*
 * An interrupt that is due after the device has stopped. Left in STOP_COPY, with @fd. Return: false
 * where it came before.
 */
static bool stop_before_interrupt(struct vmig_exercise *w, int irq, int *fd)
{
	unsigned int i;

	for (i = 0; i < 2; i++) {
		vmig_eventfd_fired(irq);
		vmig_irq_raise(w, IRQ_DELAY_MS << 2 * i);
		*fd = vmig_set_state(w->dev, VFIO_DEVICE_STATE_STOP_COPY);
		if (!vmig_eventfd_fired(irq))
			return true;
		close(*fd);
		vmig_goto_state(w->dev, VFIO_DEVICE_STATE_RUNNING);
	}
	return false;
}

/* One that is due when the source stops comes on the other side, and not before it runs. */
VMIG_TEST_TIMEOUT(after_load, due_interrupt_comes_there, MINUTES)
{
	struct vmig_exercise *to = self->to;
	bool waits;
	int irq, fd;

	CLAUSES(STRM_11, QUI_01, RES_03);
	NEED_LATER_IRQ;
	NEED_TARGET;
	NEED_STATE_OF_IRQ;
	irq = vmig_irq_listen(&self->w);
	waits = stop_before_interrupt(&self->w, irq, &fd);
	vmig_irq_end(&self->w, irq);
	NEED_WAITING(waits);
	vmig_stream_read(fd, &self->s);
	close(fd);
	vmig_set_state(self->dev, VFIO_DEVICE_STATE_STOP);
	make_target(self);
	irq = vmig_irq_listen(to);
	if (load_works(to, &self->s, "a device with an interrupt that is due")) {
		vmig_sleep_ms(2 * IRQ_DELAY_MS);
		CHECK(QUI_01, !vmig_eventfd_fired(irq),
		      "save of a device with an interrupt that is due, load, SET(STOP), a while",
		      "its eventfd is silent", "it is signalled");
		vmig_set_state(to->dev, VFIO_DEVICE_STATE_RUNNING);
		vmig_judge_goes_on(
			STRM_11, to, vmig_eventfd_wait(irq, VMIG_EXERCISE_MS) ? NULL : "it is not",
			"save of a device with an interrupt that is due, load, an eventfd set up, "
			"SET(RUNNING)",
			"the eventfd is signalled");
	}
	vmig_irq_end(to, irq);
}

/* The device runs after a load: it may tell its driver so, of which the header says nothing. */
static bool interrupts_when_loaded(struct vmig_exercise *to, int irq)
{
	vmig_eventfd_fired(irq);
	vmig_set_state(to->dev, VFIO_DEVICE_STATE_RUNNING);
	return vmig_eventfd_wait(irq, 6 * IRQ_DELAY_MS);
}

VMIG_TEST_TIMEOUT(after_load, no_interrupt_from_before, MINUTES)
{
	struct vmig_exercise *to = self->to;
	bool waits = false, tells = false;
	int irq, fd;

	CLAUSES(STRM_11, RES_03);
	NEED_LATER_IRQ;
	NEED_TARGET;
	NEED_STATE_OF_IRQ;
	save(&self->w, &self->s);
	irq = vmig_irq_listen(to);
	vmig_goto_state(to->dev, VFIO_DEVICE_STATE_STOP);
	if (load_works(to, &self->s, "a device with nothing to do")) {
		tells = interrupts_when_loaded(to, irq);
		waits = stop_before_interrupt(to, irq, &fd);
		close(fd);
	}
	if (waits && !tells && load_works(to, &self->s, "a device with nothing to do"))
		CHECK(STRM_11, !interrupts_when_loaded(to, irq),
		      "an interrupt asked for, SET(STOP) before it is due, load of a device with "
		      "nothing to do, RUNNING",
		      "its eventfd is silent", "it is signalled");
	vmig_irq_end(to, irq);
	NEED(!tells, "the device interrupts by itself after a load");
	NEED_WAITING(waits);
}

/* Ways from a load to RUNNING. */
static const char *const ways[] = { "SET(STOP), SET(RUNNING)", "SET(RUNNING)",
				    "SET(RUNNING_P2P), SET(RUNNING)" };

static bool go_way(FIXTURE_DATA(after_load) * self, struct vmig_exercise *to, unsigned int way)
{
	int fd;

	if (way == 2 && !vmig_state_offered(self->flags, VFIO_DEVICE_STATE_RUNNING_P2P))
		return false;
	fd = vmig_goto_state(to->dev, VFIO_DEVICE_STATE_RESUMING);
	vmig_stream_write(fd, &self->s);
	if (way != 1)
		vmig_set_state(to->dev,
			       way ? VFIO_DEVICE_STATE_RUNNING_P2P : VFIO_DEVICE_STATE_STOP);
	vmig_set_state(to->dev, VFIO_DEVICE_STATE_RUNNING);
	close(fd);
	return true;
}

/* What memory has, as the device reads it; NULL if that is right. */
static const char *read_fault(struct vmig_exercise *w, struct vmig_dma *mem)
{
	uint32_t len = w->ops->dma_max, sum = 0;
	int ret;

	if (!w->ops->dma_read)
		return NULL;
	ret = w->ops->dma_read(w, mem->iova, len);
	ret = ret ?: w->ops->dma_wait(w, VMIG_EXERCISE_MS, &sum);
	if (ret)
		return vmig_fmt("a DMA read: %s", vmig_errno_name(ret));
	return sum == vmig_sum(mem->at, len) ? NULL : "a DMA read: not what is in memory";
}

/* "RUNNING: fully operational" (H:1106), where it came from a load as well. */
VMIG_TEST_TIMEOUT(after_load, all_of_it_works, MINUTES)
{
	struct vmig_exercise *to = self->to;
	unsigned int way, turn;
	const char *why;
	int irq;

	CLAUSES(QUI_06);
	NEED_WORK;
	NEED_TARGET;
	share_memory(self);
	save(&self->w, &self->s);
	make_target(self);
	irq = vmig_irq_there(to) ? vmig_irq_listen(to) : -1;
	why = vmig_work_fault(to, &self->mem, irq, SEED);
	if (why)
		vmig_test_error("the device does not even work before the load: %s", why);
	for (way = 0; way < ARRAY_SIZE(ways); way++) {
		if (!go_way(self, to, way))
			continue;
		why = NULL;
		/* What is done once may have been left over. */
		for (turn = 0; turn < 3 && !why; turn++)
			why = vmig_work_fault(to, &self->mem, irq, SEED + 16 * way + turn);
		if (!why && to->ops->dma_write)
			why = read_fault(to, &self->mem);
		vmig_judge_goes_on(
			QUI_06, to, why,
			vmig_fmt(
				"load, %s; work asked for three times, its interrupt was set up before",
				ways[way]),
			"the device does it");
	}
	vmig_work_end(to, irq);
}

/* A VMM sets interrupts up when the guest's state says so, at any time. */
VMIG_TEST_TIMEOUT(after_load, interrupts_can_be_set_up, MINUTES)
{
	static const char *const when[] = { "before the load", "in RESUMING", "in STOP",
					    "in RUNNING" };
	struct vmig_exercise *to = self->to;
	int fd, irq, ret, set_up;
	unsigned int i, n;

	CLAUSES(QUI_06);
	NEED_IRQ;
	NEED_TARGET;
	save(&self->w, &self->s);
	make_target(self);
	/* As every VMM does first. */
	vmig_irq_end(to, vmig_irq_listen(to));
	for (i = 0; i < ARRAY_SIZE(when); i++) {
		irq = vmig_eventfd();
		set_up = i ? 0 : __vmig_irq_enable(to->dev, to->ops->irq_index, irq);
		fd = vmig_goto_state(to->dev, VFIO_DEVICE_STATE_RESUMING);
		if (i == 1)
			set_up = __vmig_irq_enable(to->dev, to->ops->irq_index, irq);
		vmig_stream_write(fd, &self->s);
		vmig_set_state(to->dev, VFIO_DEVICE_STATE_STOP);
		close(fd);
		if (i == 2)
			set_up = __vmig_irq_enable(to->dev, to->ops->irq_index, irq);
		vmig_set_state(to->dev, VFIO_DEVICE_STATE_RUNNING);
		if (i == 3)
			set_up = __vmig_irq_enable(to->dev, to->ops->irq_index, irq);
		vmig_eventfd_fired(irq);
		ret = 0;
		/* Whether it can be set up while the device is stopped is QUI-04. */
		for (n = 0; n < 3 && !set_up; n++) {
			ret = to->ops->irq_raise(to, 0);
			if (ret || !vmig_eventfd_wait(irq, VMIG_EXERCISE_MS))
				break;
		}
		vmig_judge_goes_on(
			QUI_06, to,
			set_up || n == 3 ? NULL
					 : vmig_fmt("%s after %u of them",
						    ret ? vmig_errno_name(ret) : "it is silent", n),
			vmig_fmt(
				"load; an eventfd set up %s, three interrupts asked for in RUNNING",
				when[i]),
			"it is signalled each time");
		vmig_irq_end(to, irq);
	}
}

/* DMA logging is of the device and not of what is in it: the next migration needs it. */
VMIG_TEST_TIMEOUT(after_load, dma_is_logged, MINUTES)
{
	struct vfio_device_feature_dma_logging_range range = {};
	struct vmig_exercise *to = self->to;
	uint64_t page_size = VMIG_PAGE, *bitmap, i, pages, seen = 0;
	int early, ret;

	CLAUSES(LOG_19);
	NEED_DMA;
	NEED_TARGET;
	NEED(vmig_log_served(to->dev), VMIG_LOG_UNSERVED);
	share_memory(self);
	save(&self->w, &self->s);
	make_target(self);
	range.iova = self->mem.iova;
	range.length = self->mem.size;
	pages = self->mem.size / VMIG_PAGE;
	bitmap = vmig_alloc((pages + 63) / 64 * sizeof(*bitmap));
	for (early = 1; early >= 0; early--) {
		/* What the device granted is no wish of ours. */
		page_size = VMIG_PAGE;
		ret = early ? __vmig_log_start(to->dev, &page_size, &range, 1) : 0;
		NEED(ret != -ENOTTY, "the device offers no DMA logging");
		ret = ret ?: load(to, &self->s);
		if (ret)
			vmig_test_error("START, and a load: %s", vmig_errno_name(ret));
		vmig_set_state(to->dev, VFIO_DEVICE_STATE_RUNNING);
		if (!early)
			vmig_log_start(to->dev, &page_size, &range, 1);
		vmig_dma_begin(to, &self->mem, 0, to->ops->dma_max, SEED);
		vmig_dma_end(to);
		memset(bitmap, 0, (pages + 63) / 64 * sizeof(*bitmap));
		vmig_log_report(to->dev, range.iova, range.length, VMIG_PAGE, bitmap);
		for (i = seen = 0; i < pages; i++)
			seen += bitmap[i / 64] >> i % 64 & 1;
		CHECK(LOG_19, seen == pages,
		      vmig_fmt("START %s a load, DMA into each of %llu pages in RUNNING, REPORT",
			       early ? "before" : "after", (unsigned long long)pages),
		      "all of them", "%llu of them", (unsigned long long)seen);
		vmig_log_stop(to->dev);
	}
	free(bitmap);
}

static bool is_in(struct vmig_exercise *w, const struct vmig_condition *c, const char **why)
{
	int ret = c->check(w, why);

	if (ret && ret != -EILSEQ)
		vmig_test_error("%s cannot be looked for: %s", c->name, vmig_errno_name(ret));
	return !ret;
}

static void leave(struct vmig_exercise *w, const struct vmig_condition *c)
{
	int ret = c->leave(w);

	if (ret)
		vmig_test_error("%s cannot be ended: %s", c->name, vmig_errno_name(ret));
}

/* Return: false where the device has none of this. */
static bool enter(struct vmig_exercise *w, const struct vmig_condition *c)
{
	const char *why = NULL;
	int ret = c->enter(w);

	if (ret == -ENOENT)
		return false;
	if (ret || !is_in(w, c, &why))
		vmig_test_error("the device cannot be brought to have %s: %s", c->name,
				why ?: vmig_errno_name(ret));
	return true;
}

/* A device with a condition moves: its stream is good, and it is found there. */
static void move_condition(struct vmig_exercise *from, struct vmig_exercise *to,
			   const struct vmig_condition *c, struct vmig_stream *s)
{
	const char *of = vmig_fmt("a device with %s", c->name), *why = NULL;

	save(from, s);
	leave(from, c);
	leave(to, c);
	if (!load_works(to, s, of))
		return;
	vmig_set_state(to->dev, VFIO_DEVICE_STATE_RUNNING);
	CHECK(STRM_11, is_in(to, c, &why), vmig_fmt("save of %s, load, RUNNING", of),
	      vmig_fmt("%s", c->name), "%s", why ?: "it is not there");
	leave(to, c);
}

/* And a device without moves into one that has it, which it has no more. */
static void move_over_condition(struct vmig_exercise *from, struct vmig_exercise *to,
				const struct vmig_condition *c, struct vmig_stream *s)
{
	save(from, s);
	enter(to, c);
	if (!load_works(to, s, vmig_fmt("a device without %s", c->name)))
		return;
	vmig_set_state(to->dev, VFIO_DEVICE_STATE_RUNNING);
	CHECK(STRM_11, !is_in(to, c, &(const char *){ NULL }),
	      vmig_fmt("save of a device without %s, load into one with it, RUNNING", c->name),
	      "it is gone", "it is there");
	leave(to, c);
}

/* An error, a full queue: a guest is moved at any time, and not when its device is well. */
VMIG_TEST_TIMEOUT(after_load, conditions_come_along, MINUTES)
{
	const struct vmig_condition *c = self->w.ops->conditions;
	struct vmig_exercise *to = self->to;
	uint32_t i, n = 0;

	CLAUSES(STRM_11, RES_03);
	NEED(c, "no exerciser knows a condition out of the ordinary of this device");
	NEED_SECOND;
	for (i = 0; i < self->w.ops->condition_count; i++, c++) {
		if (!enter(&self->w, c))
			continue;
		n++;
		move_condition(&self->w, to, c, &self->s);
		vmig_recover_running(to->dev);
		move_over_condition(&self->w, to, c, &self->s);
		vmig_recover_running(to->dev);
	}
	NEED(n, "no exerciser knows a condition out of the ordinary of this device");
}

static void mask(struct vmig_exercise *w, bool on)
{
	int ret = w->ops->irq_mask(w, on);

	if (ret)
		vmig_test_error("the device's interrupts cannot be masked: %s",
				vmig_errno_name(ret));
}

/* Masked on the source, masked here; and what waits behind the mask comes along. */
VMIG_TEST_TIMEOUT(after_load, mask_comes_along, MINUTES)
{
	struct vmig_exercise *to = self->to;
	int irq, asked;

	CLAUSES(STRM_11, RES_03);
	NEED_IRQ;
	NEED(self->w.ops->irq_mask, "no exerciser can mask the interrupts of this device");
	NEED_SECOND;
	for (asked = 0; asked < 2; asked++) {
		mask(&self->w, true);
		if (asked)
			vmig_irq_raise(&self->w, 0);
		save(&self->w, &self->s);
		mask(&self->w, false);
		mask(to, false);
		irq = vmig_irq_listen(to);
		if (load_works(to, &self->s, "a device with its interrupts masked")) {
			vmig_eventfd_fired(irq);
			vmig_set_state(to->dev, VFIO_DEVICE_STATE_RUNNING);
			if (!asked)
				vmig_irq_raise(to, 0);
			CHECK(STRM_11, !vmig_eventfd_wait(irq, WATCH_MS),
			      vmig_fmt(
				      "save of a device with its interrupts masked%s, load, RUNNING%s",
				      asked ? " and one waiting" : "",
				      asked ? "" : ", one asked for"),
			      "they are masked", "one comes");
			mask(to, false);
			CHECK(STRM_11, vmig_eventfd_wait(irq, VMIG_EXERCISE_MS),
			      "the same, and the mask taken away", "the one that waited comes",
			      "none comes");
		}
		vmig_irq_end(to, irq);
		vmig_recover_running(to->dev);
	}
}

/* Set or clear bus mastering. Return: false where that is not to be had. */
static bool set_mastering(struct vmig_device *dev, const struct vfio_region_info *config, bool on)
{
	uint16_t command = 0;

	__vmig_region_read(dev, config, PCI_COMMAND, &command, sizeof(command));
	command = on ? command | PCI_COMMAND_MASTER : command & ~PCI_COMMAND_MASTER;
	vmig_pci_write(dev, config, PCI_COMMAND, command, sizeof(command));
	__vmig_region_read(dev, config, PCI_COMMAND, &command, sizeof(command));
	return !!(command & PCI_COMMAND_MASTER) == on;
}

/*
 * Whether config space is part of the stream is between driver and VMM. Where it says the same on
 * both sides, it says so afterwards.
 */
VMIG_TEST_TIMEOUT(after_load, bus_mastering_stays, MINUTES)
{
	struct vfio_region_info *config = __vmig_pci_config(self->dev), *there;
	struct vmig_exercise *to = self->to;
	uint16_t command = 0;
	int on, n = 0;

	CLAUSES(STRM_11, RES_03);
	NEED_SECOND;
	there = __vmig_pci_config(to->dev);
	NEED(config && there, "the device has no PCI config space");
	for (on = 0; on < 2; on++) {
		if (!set_mastering(self->dev, config, on) || !set_mastering(to->dev, there, on))
			continue;
		n++;
		save(&self->w, &self->s);
		if (!load_works(to, &self->s,
				vmig_fmt("a device with bus mastering %s, as where it goes",
					 on ? "on" : "off")))
			break;
		vmig_set_state(to->dev, VFIO_DEVICE_STATE_RUNNING);
		__vmig_region_read(to->dev, there, PCI_COMMAND, &command, sizeof(command));
		CHECK(STRM_11, !!(command & PCI_COMMAND_MASTER) == on,
		      vmig_fmt(
			      "bus mastering %s on both sides, save, load, RUNNING, PCI_COMMAND read",
			      on ? "on" : "off"),
		      "no change", "%#06x", command);
	}
	free(config);
	free(there);
	NEED(n, "bus mastering of this device cannot be changed");
}

VMIG_MAIN("after_load")
