// SPDX-License-Identifier: GPL-2.0-only
/*
 * Registers that answer. The driver waits 1 ms for an answer, asleep for most of it, so
 * they are looked at in a timer interrupt of each CPU: whatever CPU the driver waits on, its
 * own timer comes behind one of ours. On a busy host even that is too late at times; where
 * there are watchpoints, the register of the physical function answers as it is written.
 */

#include <linux/hrtimer.h>
#include <linux/hw_breakpoint.h>
#include <linux/irq_work.h>
#include <linux/module.h>
#include <linux/percpu.h>
#include <linux/version.h>

#include "hisi_acc.h"

#define LOOK_NS (500 * NSEC_PER_USEC)

bool hisi_silent_pf;

module_param_named(silent_pf, hisi_silent_pf, bool, 0644);
MODULE_PARM_DESC(silent_pf, "the physical function does not say whose queues are whose");

static DEFINE_PER_CPU(struct hrtimer, look_timer);

/* Cards whose registers answer. */
static unsigned int users;

/**
 * hisi_vft - which queues a function has, as the QM tells it
 * @function: 0 for the physical function
 *
 * Return: the first queue and the number of the last one, as QM_VFT_CFG_DATA has them
 */
u64 hisi_vft(unsigned int function)
{
	u64 base = function * QUEUES_OF_VF, last = QUEUES_OF_VF - 1;

	return base << QM_VFT_BASE_SHIFT | last << QM_VFT_NUM_SHIFT;
}

/**
 * hisi_vf_regs - the registers that migrate a function
 * @h: the function
 *
 * Return: where they begin
 */
void *hisi_vf_regs(struct hisi_vf *h)
{
	if (!hisi_mig_region(h->card))
		return h->vf->bar2;
	return (void __force *)h->card->qm.io_base + QM_MIG_REGION_ADDR +
	       (h->vf->id + 1) * QM_MIG_REGION_BYTES;
}

/* Any number of times: nothing here depends on who comes first. */
static void look_pf(const struct hisi_card *c)
{
	u64 vft;

	if (!pf_read(c, QM_VFT_CFG_OP_ENABLE) || pf_read(c, QM_VFT_CFG_RDY) || hisi_silent_pf)
		return;
	vft = hisi_vft(pf_read(c, QM_VFT_CFG));
	pf_write(c, QM_VFT_CFG_DATA_L, lower_32_bits(vft));
	pf_write(c, QM_VFT_CFG_DATA_H, upper_32_bits(vft));
	pf_write(c, QM_VFT_CFG_RDY, 1);
}

static bool take_doorbell(struct hisi_vf *h, unsigned int at)
{
	if (!vf_read(h, at) && !vf_read(h, at + 4))
		return false;
	vf_write(h, at, 0);
	vf_write(h, at + 4, 0);
	return true;
}

/*
 * The driver has no command to end a pause. What it does when a function is to run again is
 * to enable it, and to ring the doorbell of each queue. Either is taken for the end of the
 * pause: which of them a real card takes is not documented. A load enables too, and ends
 * no pause.
 */
static bool started(struct hisi_vf *h)
{
	bool enabled = vf_read(h, QM_IFC_INT_SOURCE_V) & 1;
	bool rung = take_doorbell(h, QM_DOORBELL_SQ_CQ_BASE_V2);
	bool loaded = h->loaded;

	if (enabled) {
		vf_write(h, QM_IFC_INT_SOURCE_V, 0);
		h->loaded = false;
	}
	return h->paused && (rung || (enabled && !loaded));
}

static void look_vf(struct hisi_vf *h)
{
	if (vf_read(h, QM_CACHE_WB_START) && !h->no_wb) {
		vf_write(h, QM_CACHE_WB_START, 0);
		hisi_state_to_regs(h);
		vf_write(h, QM_CACHE_WB_DONE, 1);
	}
	/* Where the driver rings it on newer hardware the registers of another function begin. */
	if (!hisi_mig_region(h->card) && take_doorbell(h, QM_DOORBELL_EQ_AEQ_BASE_V2))
		h->eq_rung = true;
	if (started(h)) {
		h->paused = false;
		queue_work(system_highpri_wq, &h->start);
	}
}

/**
 * hisi_look - answer what has been written to the registers
 */
void hisi_look(void)
{
	struct hisi_card *c;
	unsigned long flags;
	unsigned int i;

	for (c = hisi_cards; hisi_is_card(c); c++) {
		raw_spin_lock_irqsave(&c->lock, flags);
		look_pf(c);
		for (i = 0; i < c->card->nr_vfs; i++)
			look_vf(&c->vfs[i]);
		raw_spin_unlock_irqrestore(&c->lock, flags);
	}
}

static void look_now(struct irq_work *work)
{
	hisi_look();
}

static DEFINE_IRQ_WORK(look_work, look_now);

/*
 * May come where no lock can be taken. A save begins with that register: what was written
 * before is answered before its next step.
 */
static void pf_written(struct perf_event *event, struct perf_sample_data *data,
		       struct pt_regs *regs)
{
	look_pf(event->overflow_handler_context);
	irq_work_queue(&look_work);
}

static void watch_pf(struct hisi_card *c)
{
	struct perf_event_attr attr;

	hw_breakpoint_init(&attr);
	attr.bp_addr = (unsigned long)c->qm.io_base + QM_VFT_CFG_OP_ENABLE;
	attr.bp_len = HW_BREAKPOINT_LEN_4;
	attr.bp_type = HW_BREAKPOINT_W;
	c->watch = register_wide_hw_breakpoint(&attr, pf_written, c);
	if (IS_ERR((void __force *)c->watch))
		c->watch = NULL;
}

static enum hrtimer_restart tick(struct hrtimer *timer)
{
	hisi_look();
	hrtimer_forward_now(timer, ns_to_ktime(LOOK_NS));
	return HRTIMER_RESTART;
}

static void begin_here(void *unused)
{
	struct hrtimer *timer = this_cpu_ptr(&look_timer);

#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 13, 0)
	hrtimer_init(timer, CLOCK_MONOTONIC, HRTIMER_MODE_REL_PINNED_HARD);
	timer->function = tick;
#else
	hrtimer_setup(timer, tick, CLOCK_MONOTONIC, HRTIMER_MODE_REL_PINNED_HARD);
#endif
	hrtimer_start(timer, ns_to_ktime(LOOK_NS), HRTIMER_MODE_REL_PINNED_HARD);
}

static void end_here(void *unused)
{
	hrtimer_cancel(this_cpu_ptr(&look_timer));
}

/**
 * hisi_regs_begin - from now on the registers of a card answer
 * @c: the card; one after the other
 */
void hisi_regs_begin(struct hisi_card *c)
{
	watch_pf(c);
	if (!users++)
		on_each_cpu(begin_here, NULL, 1);
}

/**
 * hisi_regs_end - undo hisi_regs_begin()
 * @c: the card
 */
void hisi_regs_end(struct hisi_card *c)
{
	if (!--users)
		on_each_cpu(end_here, NULL, 1);
	if (c->watch)
		unregister_wide_hw_breakpoint(c->watch);
	c->watch = NULL;
	irq_work_sync(&look_work);
}
