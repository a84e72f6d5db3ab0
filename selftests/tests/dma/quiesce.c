// SPDX-License-Identifier: GPL-2.0-only
/*
 * QUI, ST-03, FSM-09, FSM-10, PRE-15, RES-01: that stopped is stopped and running is running, on
 * a device that is made to work by its exerciser.
 *
 * Work is begun in RUNNING and the state changed at once by one SET, so that the work is
 * under way. What a test looks at, memory, an eventfd, a counter, changes by the device
 * alone: it is looked at when SET has returned and once more after the work must be over.
 *
 * A device may finish what is under way before SET returns, or hold it until it runs
 * again. Both are right; a transfer that lands in between is not.
 */
#include <errno.h>
#include <stdlib.h>

#include <vmig/clock.h>
#include "guest_access.h"
#include "load_attempt.h"
#include "child.h"
#include "round_trip_check.h"
#include "fixture_exercise.h"

VMIG_WORK_FIXTURE_STATES(quiesce, VMIG_VARIANTS_STOPPED);
VMIG_WORK_FIXTURE_WAYS(operation);
VMIG_VARIANT_COMPAT(operation);

#define CHILD_TIMEOUT_MS 10000

/* An interrupt that is asked for comes this much later; ms. */
#define IRQ_DELAY_MS 60

/* For the device to do what it should not do; ms. */
#define WATCH_MS 40

/* How long a counter has to stand at least; ms. */
#define STOP_MS 200

#define SEED 0x1001

static unsigned int dma_over_ms(const struct vmig_exercise *w)
{
	return 2 * w->ops->dma_time_ms + WATCH_MS;
}

/* After a transfer was begun and a SET has returned: nothing may move. */
static void check_memory_stands(struct vmig_exercise *w, const struct vmig_dma *mem,
				const char *state)
{
	unsigned char *before = vmig_alloc(mem->size);
	bool stands;

	memcpy(before, mem->at, mem->size);
	vmig_sleep_ms(dma_over_ms(w));
	stands = !memcmp(before, mem->at, mem->size);
	CHECK(QUI_02, stands,
	      vmig_fmt(
		      "DMA begun in RUNNING, SET(%s), memory looked at when SET has returned and %u ms "
		      "later",
		      state, dma_over_ms(w)),
	      "no change", "the device has written in between");
	CHECK(ST_03, stands,
	      vmig_fmt("DMA begun in RUNNING, SET(%s), memory looked at when SET has returned",
		       state),
	      "the device is in the new state, and writes no more", "it has not stopped yet");
	free(before);
}

/* In STOP, STOP_COPY and RESUMING the device "must not initiate DMA" (H:1080). */
TEST_F(quiesce, no_dma_once_stopped)
{
	const char *name = vmig_state_name(variant->state);
	const struct vmig_exerciser *ops = self->w.ops;
	int fd;

	CLAUSES(QUI_02, ST_03, QUI_06);
	NEED_SLOW_DMA;
	vmig_exercise_memory(&self->w, &self->mem);
	vmig_dma_begin(&self->w, &self->mem, 0, ops->dma_max, SEED);
	fd = vmig_set_state(self->dev, variant->state);
	check_memory_stands(&self->w, &self->mem, name);
	vmig_close_data_fd(fd);
	if (variant->state == VFIO_DEVICE_STATE_RESUMING)
		return;
	vmig_run_again(self->dev);
	CHECK(QUI_06, vmig_dma_lands(&self->w, &self->mem, 0, ops->dma_max, SEED),
	      vmig_fmt("DMA begun in RUNNING, %s, RUNNING again", name), "all of it in memory",
	      vmig_dma_touched(&self->mem, 0, ops->dma_max) ? "a part of it" : "nothing");
}

/* Transfers that have not begun yet, behind one that has. */
TEST_F(quiesce, queue_waits_while_stopped)
{
	const char *name = vmig_state_name(variant->state);
	const struct vmig_exerciser *ops = self->w.ops;
	uint32_t there;
	int fd;

	CLAUSES(QUI_02, ST_03, QUI_06);
	NEED_SLOW_DMA;
	NEED(ops->dma_queue > 1, "the device has no queue of DMA");
	vmig_exercise_memory(&self->w, &self->mem);
	if (vmig_dma_ask_all(&self->w, &self->mem, SEED, false) != ops->dma_queue)
		vmig_test_error("the device cannot be asked for DMA in RUNNING");
	fd = vmig_set_state(self->dev, variant->state);
	check_memory_stands(&self->w, &self->mem, name);
	vmig_close_data_fd(fd);
	if (variant->state == VFIO_DEVICE_STATE_RESUMING)
		return;
	vmig_run_again(self->dev);
	there = vmig_dma_all_land(&self->w, &self->mem, SEED);
	CHECK(QUI_06, there == ops->dma_queue,
	      vmig_fmt("%u transfers asked for in RUNNING, %s, RUNNING again", ops->dma_queue,
		       name),
	      "all of them in memory", "%u of them", there);
}

/* A guest that was not kept from the doorbell. Held or dropped: the driver's choice. */
TEST_F(quiesce, no_dma_when_asked)
{
	const char *name = vmig_state_name(variant->state);
	const struct vmig_exerciser *ops = self->w.ops;
	int fd;

	CLAUSES(QUI_02);
	NEED_DMA;
	vmig_exercise_memory(&self->w, &self->mem);
	fd = vmig_set_state(self->dev, variant->state);
	ops->dma_write(&self->w, self->mem.iova, ops->dma_max, SEED);
	vmig_sleep_ms(dma_over_ms(&self->w));
	CHECK(QUI_02, !vmig_dma_touched(&self->mem, 0, ops->dma_max),
	      vmig_fmt("DMA asked for in %s, memory looked at %u ms later", name,
		       dma_over_ms(&self->w)),
	      "untouched", "the device has written to it");
	vmig_close_data_fd(fd);
}

/* "The device must not generate interrupts" (H:1079), not even one that is due. */
TEST_F(quiesce, no_interrupt_once_stopped)
{
	const char *name = vmig_state_name(variant->state);
	bool before;
	int fd, irq;

	CLAUSES(QUI_01, QUI_06);
	NEED_LATER_IRQ;
	irq = vmig_irq_listen(&self->w);
	vmig_irq_raise(&self->w, IRQ_DELAY_MS);
	fd = vmig_set_state(self->dev, variant->state);
	before = vmig_eventfd_fired(irq);
	vmig_sleep_ms(2 * IRQ_DELAY_MS);
	CHECK(QUI_01, !vmig_eventfd_fired(irq),
	      vmig_fmt("an interrupt asked for in RUNNING, due %u ms later, SET(%s), %u ms pass",
		       IRQ_DELAY_MS, name, 2 * IRQ_DELAY_MS),
	      "nothing on its eventfd", "it is signalled");
	vmig_close_data_fd(fd);
	if (variant->state != VFIO_DEVICE_STATE_RESUMING) {
		vmig_run_again(self->dev);
		vmig_judge_goes_on(
			QUI_06, &self->w,
			before || vmig_eventfd_wait(irq, VMIG_EXERCISE_MS) ? NULL : "it is not",
			vmig_fmt("an interrupt asked for in RUNNING, %s, RUNNING again", name),
			"its eventfd is signalled");
	}
	vmig_irq_end(&self->w, irq);
}

/* Whether one comes that is asked for here is between the device and its user. */
TEST_F(quiesce, interrupt_when_asked)
{
	int fd, irq, ret;

	CLAUSES(QUI_01);
	NEED_IRQ;
	irq = vmig_irq_listen(&self->w);
	fd = vmig_set_state(self->dev, variant->state);
	ret = self->w.ops->irq_raise(&self->w, 0);
	vmig_sleep_ms(WATCH_MS);
	vmig_note(QUI_01, "an interrupt asked for in %s: %s, its eventfd %s",
		  vmig_state_name(variant->state), vmig_errno_name(ret),
		  vmig_eventfd_fired(irq) ? "is signalled" : "is silent");
	vmig_close_data_fd(fd);
	vmig_run_again(self->dev);
	vmig_irq_end(&self->w, irq);
}

/* How much the counter moves in a ms of RUNNING. */
static double counter_rate(struct vmig_exercise *w)
{
	uint64_t since = vmig_now_ms(), before = vmig_counter(w), moved;

	vmig_sleep_ms(WATCH_MS);
	moved = vmig_counter(w) - before;
	return (double)moved / (vmig_now_ms() - since ?: 1);
}

/*
 * What the counter does over a stop. It is read in RUNNING alone, as nobody has to answer while
 * the device is stopped (H:1150, S2). So what it did before and after the stop is in it, which
 * the stop is made longer than; the half of that is for clocks that are not steady.
 */
struct stop {
	uint64_t ran, stood;
	double moved, allowed;
};

static void count_over_a_stop(struct vmig_exercise *w, uint32_t state, struct stop *s)
{
	double rate = counter_rate(w), after;
	uint64_t since = vmig_now_ms(), before = vmig_counter(w);
	int fd = vmig_set_state(w->dev, state);

	s->ran = vmig_now_ms() - since;
	since += s->ran;
	vmig_sleep_ms(s->ran * 4 > STOP_MS ? s->ran * 4 : STOP_MS);
	s->stood = vmig_now_ms() - since;
	since += s->stood;
	vmig_close_data_fd(fd);
	vmig_run_again(w->dev);
	s->moved = vmig_counter(w) - before;
	s->ran += vmig_now_ms() - since;
	after = counter_rate(w);
	s->allowed = (rate > after ? rate : after) * (2 * s->ran + s->stood / 2.0);
}

TEST_F(quiesce, counter_stands)
{
	int tries = 3;
	struct stop s;

	CLAUSES(QUI_03);
	NEED_COUNTER;
	if (!vmig_counter_moves(&self->w))
		vmig_test_error("the device's counter stands in RUNNING already");
	if (variant->state == VFIO_DEVICE_STATE_RESUMING) {
		vmig_note(QUI_03, "not judged in RESUMING, which may alter what the device counts "
				  "(H:1158), and where it need not answer");
		return;
	}
	do
		count_over_a_stop(&self->w, variant->state, &s);
	while (s.moved > s.allowed && --tries);
	CHECK(QUI_03, s.moved <= s.allowed,
	      vmig_fmt("the device's counter read in RUNNING before and after %llu ms of %s, with "
		       "%llu ms of RUNNING in between",
		       (unsigned long long)s.stood, vmig_state_name(variant->state),
		       (unsigned long long)s.ran),
	      vmig_fmt("at most %.0f more, by its rate in RUNNING", s.allowed), "%.0f more",
	      s.moved);
}

/* "Must not change internal state" (H:1082): all that can be put there is there later. */
TEST_F(quiesce, state_stands)
{
	const char *why;
	int fd;

	CLAUSES(QUI_03, FSM_09);
	NEED_PATTERN;
	NEED(variant->state != VFIO_DEVICE_STATE_RESUMING,
	     "the content of a device is not determined in RESUMING (H:1158)");
	vmig_set_pattern(&self->w, SEED);
	fd = vmig_set_state(self->dev, variant->state);
	vmig_sleep_ms(WATCH_MS);
	vmig_close_data_fd(fd);
	vmig_run_again(self->dev);
	/* Looked at where the device has to answer: a stopped one need not (H:1150, S2). */
	why = vmig_check_pattern(&self->w, SEED);
	CHECK(QUI_03, !why,
	      vmig_fmt("a pattern put there in RUNNING, %u ms of %s, RUNNING again", WATCH_MS,
		       vmig_state_name(variant->state)),
	      "the pattern", "%s", why);
	CHECK(FSM_09, !why,
	      vmig_fmt("a pattern put there in RUNNING, %s, RUNNING again",
		       vmig_state_name(variant->state)),
	      "the pattern", "%s", why);
}

static void poke_all(void *arg)
{
	struct vmig_exercise *w = arg;

	/* What a register answers to it is not determined. */
	w->ops->stress_registers(w);
}

/*
 * "Failure by the user to restrict device access ... must not result in error conditions
 * outside the user context" (H:1084), for accesses that start something.
 */
TEST_F(quiesce, poking_is_harmless)
{
	const char *name = vmig_state_name(variant->state), *why;
	struct vmig_access before;
	enum vmig_child_end end;
	int fd, ret;

	CLAUSES(QUI_04, QUI_05);
	NEED(self->w.ops->stress_registers,
	     "no exerciser knows what starts something in this device");
	vmig_require_round_trip(self->dev);
	vmig_access_take(self->dev, &before);
	fd = vmig_set_state(self->dev, variant->state);
	end = vmig_child_run(poke_all, &self->w, CHILD_TIMEOUT_MS);
	if (!vmig_judge_child(QUI_05, end, vmig_fmt("writes to the registers in %s", name)))
		return;
	vmig_judge_config(QUI_04, self->dev, &before,
			  vmig_fmt("%s, after writes to its registers", name));
	vmig_judge_interrupts(QUI_04, self->dev, &before,
			      vmig_fmt("%s, after writes to its registers", name));
	vmig_close_data_fd(fd);
	if (variant->state == VFIO_DEVICE_STATE_RESUMING)
		ret = __vmig_recover_running(self->dev);
	else
		ret = __vmig_set_state(self->dev, VFIO_DEVICE_STATE_RUNNING, NULL);
	if (!CHECK_OK(QUI_05, ret, vmig_fmt("the way back to RUNNING after writes in %s", name)))
		return;
	why = vmig_round_trip(self->dev);
	CHECK(QUI_05, !why, vmig_fmt("save and load after writes to the registers in %s", name),
	      "all of it works", "%s", why);
}

/* "Continues to be fully operational" (H:1068, H:1133): the guest runs on its device. */
TEST_F(operation, pre_copy_works)
{
	const char *why;
	int fd, irq;

	CLAUSES(PRE_15, FSM_10);
	NEED_STATE(VFIO_DEVICE_STATE_PRE_COPY);
	NEED_WORK;
	irq = vmig_work_begin(&self->w, &self->mem);
	why = vmig_work_fault(&self->w, &self->mem, irq, SEED);
	if (why)
		vmig_test_error("the device does not even work in RUNNING: %s", why);
	fd = vmig_set_state(self->dev, VFIO_DEVICE_STATE_PRE_COPY);
	why = vmig_work_fault(&self->w, &self->mem, irq, SEED + 1);
	CHECK(PRE_15, !why, "work asked for in PRE_COPY", "the device does it, as in RUNNING", "%s",
	      why);
	CHECK(FSM_10, !why, "RUNNING -> PRE_COPY, then work asked for",
	      "as before, the device does it", "%s", why);
	vmig_close_data_fd(fd);
	vmig_set_state(self->dev, VFIO_DEVICE_STATE_RUNNING);
	vmig_work_end(&self->w, irq);
}

/* A transfer that begins in RUNNING and ends in PRE_COPY. */
TEST_F(operation, dma_goes_on_into_pre_copy)
{
	int fd;

	CLAUSES(PRE_15);
	NEED_STATE(VFIO_DEVICE_STATE_PRE_COPY);
	NEED_SLOW_DMA;
	vmig_exercise_memory(&self->w, &self->mem);
	vmig_dma_begin(&self->w, &self->mem, 0, self->w.ops->dma_max, SEED);
	fd = vmig_set_state(self->dev, VFIO_DEVICE_STATE_PRE_COPY);
	CHECK(PRE_15, vmig_dma_lands(&self->w, &self->mem, 0, self->w.ops->dma_max, SEED),
	      "DMA begun in RUNNING, SET(PRE_COPY)", "all of it in memory",
	      vmig_dma_touched(&self->mem, 0, self->w.ops->dma_max) ? "a part of it" : "nothing");
	vmig_close_data_fd(fd);
}

/* "From STOP": entering STOP_COPY neither starts anything nor stops more (H:1132). */
TEST_F(operation, stop_copy_stays_stopped)
{
	int fd;

	CLAUSES(FSM_10);
	NEED_SLOW_DMA;
	vmig_exercise_memory(&self->w, &self->mem);
	vmig_set_state(self->dev, VFIO_DEVICE_STATE_STOP);
	self->w.ops->dma_write(&self->w, self->mem.iova, self->w.ops->dma_max, SEED);
	vmig_sleep_ms(WATCH_MS);
	NEED(!vmig_dma_touched(&self->mem, 0, self->w.ops->dma_max),
	     "the device does DMA in STOP already");
	fd = vmig_set_state(self->dev, VFIO_DEVICE_STATE_STOP_COPY);
	vmig_sleep_ms(dma_over_ms(&self->w));
	CHECK(FSM_10, !vmig_dma_touched(&self->mem, 0, self->w.ops->dma_max),
	      "DMA asked for in STOP, STOP -> STOP_COPY", "memory untouched",
	      "the device has written to it");
	vmig_close_data_fd(fd);
}

/* "The device behaves as stopped" (H:1066), whatever it was made to do before. */
TEST_F(operation, resuming_is_stopped)
{
	const struct vmig_exerciser *ops = self->w.ops;
	int fd;

	CLAUSES(RES_01);
	NEED_DMA;
	vmig_exercise_memory(&self->w, &self->mem);
	fd = vmig_set_state(self->dev, VFIO_DEVICE_STATE_RESUMING);
	ops->dma_write(&self->w, self->mem.iova, ops->dma_max, SEED);
	vmig_sleep_ms(dma_over_ms(&self->w));
	CHECK(RES_01, !vmig_dma_touched(&self->mem, 0, ops->dma_max), "DMA asked for in RESUMING",
	      "memory untouched, as in STOP", "the device has written to it");
	vmig_close_data_fd(fd);
}

/* Away from RUNNING and back, and the device is what it was: by each state in between. */
VMIG_TEST_TIMEOUT(operation, works_after_every_state, 120)
{
	const char *why;
	uint32_t state;
	int fd, irq;

	CLAUSES(QUI_06, FSM_09);
	NEED_WORK;
	irq = vmig_work_begin(&self->w, &self->mem);
	why = vmig_work_fault(&self->w, &self->mem, irq, SEED);
	if (why)
		vmig_test_error("the device does not even work in RUNNING: %s", why);
	for (state = VFIO_DEVICE_STATE_STOP; state < VFIO_DEVICE_STATE_NR; state++) {
		if (!vmig_state_offered(self->flags, state) ||
		    state == VFIO_DEVICE_STATE_RESUMING || state == VFIO_DEVICE_STATE_RUNNING)
			continue;
		if (self->w.ops->set_pattern)
			vmig_set_pattern(&self->w, SEED + state);
		fd = vmig_set_state(self->dev, state);
		vmig_close_data_fd(fd);
		vmig_set_state(self->dev, VFIO_DEVICE_STATE_RUNNING);
		why = self->w.ops->check_pattern ? vmig_check_pattern(&self->w, SEED + state)
						 : NULL;
		if (self->w.ops->check_pattern)
			CHECK(FSM_09, !why,
			      vmig_fmt("a pattern put there in RUNNING, %s, RUNNING again",
				       vmig_state_name(state)),
			      "the pattern", "%s", why);
		why = vmig_work_fault(&self->w, &self->mem, irq, SEED + 32 + state);
		vmig_judge_goes_on(
			QUI_06, &self->w, why,
			vmig_fmt(
				"work asked for in RUNNING, back from %s; its interrupt was set up before",
				vmig_state_name(state)),
			"the device does it");
	}
	vmig_work_end(&self->w, irq);
}

VMIG_MAIN("quiesce")
