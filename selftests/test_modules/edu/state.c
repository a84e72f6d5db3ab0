// SPDX-License-Identifier: GPL-2.0-only
/* The device as the migration engine sees it. */
#include "edu.h"

struct edu_wire_command {
	__le64 src;
	__le64 dst;
	__le64 count;
	__le32 command;
	__le32 zero;
};

/*
 * All of the state but the buffer, as it goes into the stream. The window is not in it: which
 * peer there is, is a thing of the host.
 */
struct edu_state {
	__le32 live;
	__le32 operand;
	__le32 status;
	__le32 irq_status;
	__le32 irq_left_ms;
	__le32 waiting;
	struct edu_wire_command regs;
	struct edu_wire_command queue[EDU_QUEUE];
};

#define EDU_STATUS_SAVED (EDU_STATUS_IRQ_FACT | EDU_STATUS_DMA_ERROR)
#define EDU_COMMAND_SAVED (EDU_COMMAND_RUN | EDU_COMMAND_OUT | EDU_COMMAND_IRQ)

static struct edu_device *edu_of_ref(struct ref_device *ref)
{
	return container_of(ref, struct edu_device, ref);
}

/**
 * edu_state_size() - for ref_device.regs_size
 *
 * Return: bytes.
 */
size_t edu_state_size(void)
{
	return sizeof(struct edu_state);
}

/**
 * edu_power_on() - the state that a device has when it is new
 * @edu: device, locked, with nothing under way
 *
 * The device learns of it when it decodes; of the buffer, when a command needs it.
 */
void edu_power_on(struct edu_device *edu)
{
	edu_close_window(edu);
	memset(&edu->regs, 0, sizeof(edu->regs));
	edu->waiting = 0;
	edu->live = 0;
	edu->operand = EDU_MAX_OPERAND;
	edu->status = 0;
	edu->irq_status = 0;
	edu->irq_armed = false;
	edu->irq_left_ms = 0;
	memset(edu->copy, 0, sizeof(edu->copy));
	edu->activity = REF_RUNNING;
	edu->regs_stale = true;
	edu_sync(edu);
}

/* Must what is under way be waited for? Not with some defects. */
static bool edu_must_wait(struct edu_device *edu, enum ref_activity to)
{
	bool to_peer = edu->peer && edu->now.dst >= EDU_RESERVED_IOVA;

	if (to == REF_NO_DMA && edu_defect(edu, REF_DEFECT_p2p_does_not_wait))
		return false;
	/* Without it in the P2P state either: but there only transfers to peers count. */
	return to_peer || !edu_defect(edu, REF_DEFECT_dma_in_stop);
}

static int edu_stop(struct edu_device *edu, enum ref_activity to)
{
	enum ref_activity from = edu->activity;
	int ret = 0;

	if (edu->activity == REF_RUNNING)
		edu->activity = REF_NO_DMA;
	if (edu_must_wait(edu, to))
		ret = edu_wait_idle(edu, true);
	if (ret) {
		edu->activity = from;
		edu_advance(edu);
		return ret;
	}
	if (to != REF_STOPPED)
		return 0;
	edu->activity = REF_STOPPED;
	if (!edu_defect(edu, REF_DEFECT_irq_in_stop))
		edu_irq_stop(edu);
	return 0;
}

static int edu_set_activity(struct ref_device *ref, enum ref_activity activity)
{
	struct edu_device *edu = edu_of_ref(ref);
	int ret = 0;

	mutex_lock(&edu->lock);
	edu_sync(edu);
	if (edu->activity == REF_STOPPED && activity != REF_STOPPED) {
		if (edu_defect(edu, REF_DEFECT_held_dma_lost))
			edu->waiting = 0;
		edu_irq_go(edu);
	}
	if (activity < edu->activity)
		ret = edu_stop(edu, activity);
	else
		edu->activity = activity;
	edu_advance(edu);
	edu_unlock(edu);
	if (!ret && activity == REF_STOPPED && edu_defect(edu, REF_DEFECT_mmap_zapped))
		edu_zap(edu);
	return ret;
}

static void edu_put_command(struct edu_wire_command *to, const struct edu_command *c)
{
	to->src = cpu_to_le64(c->src);
	to->dst = cpu_to_le64(c->dst);
	to->count = cpu_to_le64(c->count);
	to->command = cpu_to_le32(c->command);
}

static struct edu_command edu_take_command(const struct edu_wire_command *from)
{
	return (struct edu_command){
		.src = le64_to_cpu(from->src),
		.dst = le64_to_cpu(from->dst),
		.count = le64_to_cpu(from->count),
		.command = le32_to_cpu(from->command),
	};
}

static void edu_get_regs(struct ref_device *ref, void *regs)
{
	struct edu_device *edu = edu_of_ref(ref);
	struct edu_state *s = regs;
	unsigned int i;

	memset(s, 0, sizeof(*s));
	mutex_lock(&edu->lock);
	edu_sync(edu);
	/* A peer may have written it. */
	if (edu_decodes(edu))
		edu->live = ioread32(edu_bar(edu) + EDU_LIVE);
	s->live = cpu_to_le32(edu->live);
	s->operand = cpu_to_le32(edu->operand);
	s->status = cpu_to_le32(edu->status);
	s->irq_status = cpu_to_le32(edu->irq_status);
	s->irq_left_ms = cpu_to_le32(edu->irq_left_ms);
	s->waiting = cpu_to_le32(ref_work_lost(ref) ? 0 : edu->waiting);
	edu_put_command(&s->regs, &edu->regs);
	for (i = 0; i < le32_to_cpu(s->waiting); i++)
		edu_put_command(&s->queue[i], &edu->queue[i]);
	mutex_unlock(&edu->lock);
}

static bool edu_command_valid(const struct edu_wire_command *c)
{
	return !c->zero && !(le32_to_cpu(c->command) & ~EDU_COMMAND_SAVED);
}

static int edu_check_regs(struct ref_device *ref, const void *regs)
{
	const struct edu_state *s = regs;
	const struct edu_wire_command none = {};
	u32 i, waiting = le32_to_cpu(s->waiting);

	if (ref_defect(ref, REF_DEFECT_loaded_error_refused) &&
	    (le32_to_cpu(s->status) & EDU_STATUS_DMA_ERROR))
		return -EINVAL;
	if (le32_to_cpu(s->operand) > EDU_MAX_OPERAND || waiting > EDU_QUEUE ||
	    (le32_to_cpu(s->status) & ~EDU_STATUS_SAVED) ||
	    le32_to_cpu(s->irq_left_ms) > EDU_IRQ_MAX_MS || !edu_command_valid(&s->regs))
		return -EINVAL;
	for (i = 0; i < EDU_QUEUE; i++) {
		const struct edu_command c = edu_take_command(&s->queue[i]);

		if (i < waiting ? !edu_command_valid(&s->queue[i]) || !edu_command_fits(&c)
				: memcmp(&s->queue[i], &none, sizeof(none)))
			return -EINVAL;
	}
	return 0;
}

/* What is left of the state before one that is loaded; defects only. */
struct edu_old {
	u32 status;
	u32 irq_left_ms;
	unsigned int waiting;
	struct edu_command queue[EDU_QUEUE];
};

static void edu_keep_old(const struct edu_device *edu, struct edu_old *old)
{
	old->status = edu->status;
	old->irq_left_ms = edu->irq_left_ms;
	old->waiting = edu->waiting;
	memcpy(old->queue, edu->queue, sizeof(old->queue));
}

/* What a defect loses of a state, or keeps of the one before. */
static void edu_spoil(struct edu_device *edu, const struct edu_old *old)
{
	unsigned int i;

	if (edu_defect(edu, REF_DEFECT_loaded_dma_lost))
		edu->waiting = 0;
	if (edu_defect(edu, REF_DEFECT_loaded_queue_cut))
		edu->waiting = min(edu->waiting, 1U);
	for (i = 0; edu_defect(edu, REF_DEFECT_loaded_dma_is_silent) && i < EDU_QUEUE; i++)
		edu->queue[i].command &= ~EDU_COMMAND_IRQ;
	if (edu_defect(edu, REF_DEFECT_loaded_irq_lost))
		edu->irq_left_ms = 0;
	if (edu_defect(edu, REF_DEFECT_loaded_irq_in_stop) && edu->irq_left_ms) {
		edu->irq_left_ms = 0;
		edu_raise(edu, EDU_IRQ_DMA);
	}
	if (edu_defect(edu, REF_DEFECT_loaded_irq_status_lost))
		edu->irq_status = 0;
	if (edu_defect(edu, REF_DEFECT_loaded_error_lost))
		edu->status &= ~EDU_STATUS_DMA_ERROR;
	if (edu_defect(edu, REF_DEFECT_old_error_stays))
		edu->status |= old->status & EDU_STATUS_DMA_ERROR;
	if (edu_defect(edu, REF_DEFECT_load_masters_bus))
		pci_set_master(edu->core.pdev);
	if (edu_defect(edu, REF_DEFECT_old_work_stays) && !edu->waiting) {
		edu->waiting = old->waiting;
		memcpy(edu->queue, old->queue, sizeof(old->queue));
	}
	if (edu_defect(edu, REF_DEFECT_old_irq_stays) && !edu->irq_left_ms)
		edu->irq_left_ms = old->irq_left_ms;
}

static int edu_set_regs(struct ref_device *ref, const void *regs)
{
	struct edu_device *edu = edu_of_ref(ref);
	const struct edu_state *s = regs;
	struct edu_old old;
	unsigned int i;

	mutex_lock(&edu->lock);
	edu_keep_old(edu, &old);
	edu->live = le32_to_cpu(s->live);
	edu->operand = le32_to_cpu(s->operand);
	edu->status = le32_to_cpu(s->status);
	edu->irq_status = le32_to_cpu(s->irq_status);
	edu->irq_armed = false;
	edu->irq_left_ms = le32_to_cpu(s->irq_left_ms);
	edu->waiting = le32_to_cpu(s->waiting);
	edu->regs = edu_take_command(&s->regs);
	for (i = 0; i < edu->waiting; i++)
		edu->queue[i] = edu_take_command(&s->queue[i]);
	edu_spoil(edu, &old);
	edu->regs_stale = true;
	edu_sync(edu);
	edu_advance(edu);
	mutex_unlock(&edu->lock);
	return 0;
}

static int edu_read_mem(struct ref_device *ref, u64 at, void *buf, size_t len)
{
	struct edu_device *edu = edu_of_ref(ref);

	mutex_lock(&edu->lock);
	memcpy(buf, edu->copy + at, len);
	mutex_unlock(&edu->lock);
	return 0;
}

static int edu_write_mem(struct ref_device *ref, u64 at, const void *buf, size_t len)
{
	struct edu_device *edu = edu_of_ref(ref);

	mutex_lock(&edu->lock);
	memcpy(edu->copy + at, buf, len);
	mutex_unlock(&edu->lock);
	return 0;
}

/* May come under locks that a page fault takes. */
static void edu_reset(struct ref_device *ref)
{
	struct edu_device *edu = edu_of_ref(ref);

	mutex_lock(&edu->lock);
	edu->waiting = 0;
	edu_wait_idle(edu, false);
	edu_power_on(edu);
	edu_advance(edu);
	if (edu->withheld)
		mod_delayed_work(system_percpu_wq, &edu->work, 1);
	mutex_unlock(&edu->lock);
}

const struct ref_ops edu_ref_ops = {
	.set_activity = edu_set_activity,
	.get_regs = edu_get_regs,
	.check_regs = edu_check_regs,
	.set_regs = edu_set_regs,
	.read_mem = edu_read_mem,
	.write_mem = edu_write_mem,
	.reset = edu_reset,
};
