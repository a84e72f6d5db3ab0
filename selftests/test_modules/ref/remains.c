// SPDX-License-Identifier: GPL-2.0-only
/* What a reset or a new user should not find, and memory that nobody gives back; defects only. */

#include <linux/gfp.h>
#include <linux/slab.h>

#include "internal.h"

/* The end of the memory, which one defect keeps. */
#define KEPT 64

/* Memory that is lost until the device goes. */
struct ref_lost {
	struct ref_lost *next;
	unsigned int pages;
};

/**
 * ref_lose - lose memory
 * @ref: the device
 * @bytes: how much; from a page on it is pages, as a driver's buffers are
 */
void ref_lose(struct ref_device *ref, size_t bytes)
{
	unsigned int pages = bytes >> PAGE_SHIFT;
	struct ref_lost *lost;

	if (pages)
		lost = (void *)__get_free_pages(GFP_KERNEL_ACCOUNT, get_order(bytes));
	else
		lost = kmalloc(bytes, GFP_KERNEL_ACCOUNT);
	if (!lost)
		return;
	lost->pages = pages;
	lost->next = ref->lost;
	while (!try_cmpxchg(&ref->lost, &lost->next, lost))
		;
}
EXPORT_SYMBOL_GPL(ref_lose);

/**
 * ref_find_lost - give back what was lost
 * @ref: the device that goes away
 */
void ref_find_lost(struct ref_device *ref)
{
	struct ref_lost *lost;

	while ((lost = ref->lost)) {
		ref->lost = lost->next;
		if (lost->pages)
			free_pages((unsigned long)lost, get_order(lost->pages << PAGE_SHIFT));
		else
			kfree(lost);
	}
}

/* Which part of the state is there after it that should be gone? */
static bool keeps_registers(struct ref_device *ref)
{
	return !ref->defect.opening && ref_defect(ref, REF_DEFECT_reset_keeps_registers);
}

static bool keeps_memory(struct ref_device *ref)
{
	return ref_defect(ref, ref->defect.opening ? REF_DEFECT_reopen_keeps_memory
						   : REF_DEFECT_reset_keeps_memory);
}

/**
 * ref_reset_state - the state after power-on, but for what a defect keeps
 * @ref: the device, its state mutex held
 */
void ref_reset_state(struct ref_device *ref)
{
	u64 at = ref->mem_size - KEPT;
	u8 end[KEPT];
	void *regs;

	if (ref->defect.opening && ref->defect.oops &&
	    ref_defect(ref, REF_DEFECT_abandoned_load_stays)) {
		ref->ops->set_activity(ref, REF_RUNNING);
		return;
	}
	if (keeps_registers(ref)) {
		regs = kzalloc(REF_MAX_REGS, GFP_KERNEL_ACCOUNT);
		if (!regs)
			return;
		ref->ops->set_activity(ref, REF_STOPPED);
		ref->ops->get_regs(ref, regs);
		ref->ops->reset(ref);
		ref->ops->set_activity(ref, REF_STOPPED);
		ref->ops->set_regs(ref, regs);
		kfree(regs);
	} else if (keeps_memory(ref)) {
		ref->ops->read_mem(ref, at, end, sizeof(end));
		ref->ops->reset(ref);
		ref->ops->write_mem(ref, at, end, sizeof(end));
	} else {
		ref->ops->reset(ref);
	}
}
