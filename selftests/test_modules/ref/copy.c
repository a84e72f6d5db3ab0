// SPDX-License-Identifier: GPL-2.0-only
/* The user's buffer, which may fault, wait or not be there; and what drivers do wrong with it. */

#include <linux/jiffies.h>
#include <linux/mutex.h>
#include <linux/sched.h>
#include <linux/sched/signal.h>
#include <linux/uaccess.h>

#include "internal.h"

/* A copy that a defect does not give up goes on for so long: longer than anybody waits. */
#define RETRIES (30 * HZ)

/* A defect: one lock of all devices of the driver, held while a buffer is touched. */
static DEFINE_MUTEX(copying);

static void copy_begin(struct ref_session *s, bool *locked)
{
	*locked = ref_session_defect(s, REF_DEFECT_copy_locks_all_devices) ||
		  ref_session_defect(s, REF_DEFECT_reset_waits_for_all_copies);
	if (*locked)
		mutex_lock(&copying);
}

static void copy_end(bool locked)
{
	if (locked)
		mutex_unlock(&copying);
}

/* A defect: is a copy that failed to be made again? */
static bool again(struct ref_session *s, size_t bad, unsigned long until)
{
	if (!bad || !fatal_signal_pending(current) || !time_before(jiffies, until) ||
	    !ref_session_defect(s, REF_DEFECT_copy_outlives_kill))
		return false;
	cond_resched();
	return true;
}

/**
 * ref_copy_wait - wait until no buffer is touched
 * @ref: the device
 * @defect: that in which its driver does so
 */
void ref_copy_wait(struct ref_device *ref, enum ref_defect defect)
{
	if (!ref_defect(ref, defect))
		return;
	mutex_lock(&copying);
	mutex_unlock(&copying);
}

/**
 * ref_copy_out - bytes for the user
 * @s: the session
 * @to: where they go
 * @from: the bytes
 * @n: their number
 * @end: of the user's buffer
 *
 * Return: how many of them could not be copied.
 */
size_t ref_copy_out(struct ref_session *s, char __user *to, const u8 *from, size_t n,
		    char __user *end)
{
	unsigned long until = jiffies + RETRIES;
	bool locked;
	size_t bad;
	u8 last;

	copy_begin(s, &locked);
	do {
		bad = copy_to_user(to, from, n);
	} while (again(s, bad, until));
	copy_end(locked);
	/* The buffer can be accessed at its end, so all of it can. */
	if (bad && ref_session_defect(s, REF_DEFECT_read_skips_hole) &&
	    !copy_from_user(&last, end - 1, 1))
		bad = 0;
	return bad;
}

/**
 * ref_copy_in - bytes from the user
 * @s: the session
 * @to: where they go
 * @from: the bytes
 * @n: their number
 * @end: of the user's buffer
 *
 * Return: how many of them could not be copied.
 */
size_t ref_copy_in(struct ref_session *s, u8 *to, const char __user *from, size_t n,
		   const char __user *end)
{
	bool absent = ref_session_defect(s, REF_DEFECT_absent_page_is_zero), locked;
	unsigned long until = jiffies + RETRIES;
	size_t bad;
	u8 last;

	copy_begin(s, &locked);
	if (absent)
		pagefault_disable();
	do {
		bad = copy_from_user(to, from, n);
	} while (again(s, bad, until));
	if (absent)
		pagefault_enable();
	copy_end(locked);
	/* What could not be copied is zero. */
	if (bad && absent && !copy_from_user(&last, from + n - bad, 1))
		return 0;
	if (bad && ref_session_defect(s, REF_DEFECT_write_skips_hole) &&
	    !copy_from_user(&last, end - 1, 1))
		bad = 0;
	return bad;
}
