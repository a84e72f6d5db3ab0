// SPDX-License-Identifier: GPL-2.0-only
/*
 * Transfers. A command of the user has up to three phases: where the device's buffer is not
 * what it should be (after a load or a reset), the device fetches it first; then comes the
 * command; and when it has changed the buffer, the device tells what it holds now. So the
 * driver's copy of the buffer is right whenever the device is idle, and an idle device is
 * saved and loaded without waiting for it.
 */
#include <linux/delay.h>

#include "edu.h"

/**
 * edu_command_fits() - can the device do this?
 * @c: command
 *
 * QEMU 7.2 ends the guest for a transfer that leaves the buffer, or reaches its last byte.
 *
 * Return: whether the buffer's side is in the buffer, and the other one in EDU_DMA_BITS.
 */
bool edu_command_fits(const struct edu_command *c)
{
	bool out = c->command & EDU_COMMAND_OUT;
	u64 at = out ? c->src : c->dst, iova = out ? c->dst : c->src;

	return c->count && c->count <= EDU_BUFFER_SIZE && at >= EDU_BUFFER &&
	       at <= EDU_BUFFER + EDU_BUFFER_SIZE - c->count &&
	       iova <= BIT_ULL(EDU_DMA_BITS) - c->count;
}

static u64 edu_iova(const struct edu_command *c)
{
	return c->command & EDU_COMMAND_OUT ? c->dst : c->src;
}

/* Into or out of a peer? */
static bool edu_to_peer(const struct edu_command *c)
{
	return edu_iova(c) + c->count > EDU_RESERVED_IOVA;
}

static bool edu_command_ok(struct edu_device *edu, const struct edu_command *c)
{
	return edu_command_fits(c) &&
	       (!edu_to_peer(c) || edu_window_allows(edu, edu_iova(c), c->count));
}

/**
 * edu_submit() - take a command of the user
 * @edu: device
 * @c: command
 *
 * It begins as soon as it may. One that the device must not see, or that comes when too many
 * wait, sets EDU_STATUS_DMA_ERROR and nothing else.
 */
void edu_submit(struct edu_device *edu, const struct edu_command *c)
{
	if (edu->waiting == EDU_QUEUE || !edu_command_ok(edu, c)) {
		edu->status |= EDU_STATUS_DMA_ERROR;
		return;
	}
	if (edu->activity == REF_NO_DMA && edu_defect(edu, REF_DEFECT_held_p2p_dma_lost))
		return;
	ref_worked(&edu->ref);
	edu->queue[edu->waiting++] = *c;
	edu_advance(edu);
}

/**
 * edu_busy() - is EDU_COMMAND_RUN set?
 * @edu: device
 *
 * Return: whether a command is under way or waits.
 */
bool edu_busy(struct edu_device *edu)
{
	return edu->waiting || edu->phase == EDU_UPLOAD || edu->phase == EDU_USER;
}

static void edu_fail(struct edu_device *edu)
{
	edu->status |= EDU_STATUS_DMA_ERROR;
	edu->phase = EDU_IDLE;
}

static void edu_begin_user(struct edu_device *edu)
{
	const struct edu_command *c = &edu->now;

	edu->phase = EDU_USER;
	edu_hw_begin(edu, c->src, c->dst, c->count, c->command & EDU_COMMAND_OUT);
}

static bool edu_begin_own(struct edu_device *edu, enum edu_phase phase)
{
	if (edu_map_page(edu))
		return false;
	edu->phase = phase;
	if (phase == EDU_UPLOAD) {
		memcpy(page_address(edu->page), edu->copy, EDU_BUFFER_SIZE);
		edu_hw_begin(edu, edu_page_iova(edu), EDU_BUFFER, EDU_BUFFER_SIZE, false);
	} else {
		edu_hw_begin(edu, EDU_BUFFER, edu_page_iova(edu), EDU_BUFFER_SIZE, true);
	}
	return true;
}

static void edu_begin(struct edu_device *edu)
{
	const struct edu_command *c = &edu->now;
	size_t at = c->src - EDU_BUFFER;

	edu_sync(edu);
	/* The window may be gone since, and without bus mastering nothing would be moved. */
	if (!edu_command_ok(edu, c) || !edu_masters(edu) || edu->detached)
		edu_fail(edu);
	else if (!(c->command & EDU_COMMAND_OUT) ||
		 (edu->device_known && !memcmp(edu->copy + at, edu->device_copy + at, c->count)))
		edu_begin_user(edu);
	else if (!edu_begin_own(edu, EDU_UPLOAD))
		edu_fail(edu);
}

/* The user's command has ended. */
static void edu_user_done(struct edu_device *edu)
{
	const struct edu_command *c = &edu->now;

	edu->phase = EDU_IDLE;
	if (c->command & EDU_COMMAND_OUT) {
		edu_tell(edu, true, c->dst, c->count);
	} else {
		edu->device_known = false;
		if (!edu_masters(edu) || !edu_begin_own(edu, EDU_DOWNLOAD))
			edu_fail(edu);
	}
	if (c->command & EDU_COMMAND_IRQ)
		edu_raise(edu, EDU_IRQ_DMA);
}

static void edu_phase_done(struct edu_device *edu)
{
	const struct edu_command *c = &edu->now;
	size_t at = c->dst - EDU_BUFFER;

	switch (edu->phase) {
	case EDU_IDLE:
		break;
	case EDU_UPLOAD:
		edu_unmap_page(edu);
		memcpy(edu->device_copy, page_address(edu->page), EDU_BUFFER_SIZE);
		edu->device_known = edu_masters(edu);
		if (edu->device_known)
			edu_begin_user(edu);
		else
			edu_fail(edu);
		break;
	case EDU_USER:
		edu_user_done(edu);
		break;
	case EDU_DOWNLOAD:
		edu->phase = EDU_IDLE;
		edu_unmap_page(edu);
		if (!edu_masters(edu))
			break;
		memcpy(edu->device_copy, page_address(edu->page), EDU_BUFFER_SIZE);
		edu->device_known = true;
		memcpy(edu->copy + at, edu->device_copy + at, c->count);
		edu_tell(edu, false, at, c->count);
		break;
	}
}

static bool edu_may_begin(struct edu_device *edu)
{
	if (ref_loaded_defect(&edu->ref, REF_DEFECT_load_ends_dma))
		return false;
	return edu->activity == REF_RUNNING ||
	       (edu->activity == REF_NO_DMA &&
		(edu_defect(edu, REF_DEFECT_dma_begins_in_p2p) ||
		 ref_loaded_defect(&edu->ref, REF_DEFECT_loaded_dma_in_p2p))) ||
	       (edu->activity == REF_STOPPED &&
		ref_loaded_defect(&edu->ref, REF_DEFECT_loaded_dma_in_stop));
}

static void edu_look_again(struct edu_device *edu)
{
	unsigned long now = jiffies, at = now + MAX_JIFFY_OFFSET;

	if (edu->phase != EDU_IDLE)
		at = edu->started + msecs_to_jiffies(EDU_DMA_MS);
	if (edu->irq_armed && time_before(edu->irq_due, at))
		at = edu->irq_due;
	if (edu->computing || edu->news_count)
		at = now;
	if (at != now + MAX_JIFFY_OFFSET)
		mod_delayed_work(system_percpu_wq, &edu->work, time_after(at, now) ? at - now : 1);
}

/**
 * edu_advance() - bring forward what has come to its time
 * @edu: device
 */
void edu_advance(struct edu_device *edu)
{
	if (!edu->open)
		return;
	if (edu->phase != EDU_IDLE && edu_hw_done(edu))
		edu_phase_done(edu);
	while (edu->phase == EDU_IDLE && edu->waiting && edu_may_begin(edu)) {
		edu->now = edu->queue[0];
		edu->waiting--;
		memmove(&edu->queue[0], &edu->queue[1], edu->waiting * sizeof(edu->queue[0]));
		edu_begin(edu);
	}
	edu_poll_factorial(edu);
	if (edu->irq_armed && time_after_eq(jiffies, edu->irq_due)) {
		edu->irq_armed = false;
		edu_raise(edu, EDU_IRQ_DMA);
	}
	edu_look_again(edu);
}

/**
 * edu_wait_idle() - wait until no transfer and no factorial is under way
 * @edu: device, its lock taken; it is dropped meanwhile
 * @told: and until the engine knows of it. Not where user memory must not be waited for.
 *
 * Return: 0, or -ETIMEDOUT after EDU_PATIENCE_MS.
 */
int edu_wait_idle(struct edu_device *edu, bool told)
{
	unsigned long end = jiffies + msecs_to_jiffies(EDU_PATIENCE_MS);

	for (;;) {
		bool late = time_after(jiffies, end);

		edu_advance(edu);
		if (edu->phase == EDU_IDLE && !edu->computing &&
		    (!told || (!edu->news_count && !edu->telling)))
			return 0;
		if (late)
			return -ETIMEDOUT;
		if (told)
			edu_unlock(edu);
		else
			mutex_unlock(&edu->lock);
		/* QEMU computes in a thread of its own, which does not go by the guest's clock. */
		if (!edu->computing)
			usleep_range(500, 1000);
		cond_resched();
		mutex_lock(&edu->lock);
	}
}

/**
 * edu_work() - look after what is under way
 * @work: of the device
 */
void edu_work(struct work_struct *work)
{
	struct edu_device *edu = container_of(to_delayed_work(work), struct edu_device, work);

	mutex_lock(&edu->lock);
	edu_advance(edu);
	edu_unlock(edu);
	edu_remap_follow(edu);
}
