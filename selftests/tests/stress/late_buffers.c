// SPDX-License-Identifier: GPL-2.0-only
/*
 * ROB-01, ROB-02, FD-11: a buffer that is served late, or never. The memory of a VMM may come from
 * another host (postcopy) or from a file system in user space, and then a page fault of the
 * kernel's takes as long as somebody else likes. A driver may make the user's own calls wait for
 * it; but it is one user's page, so his calls alone; he can be killed; and what is copied when the
 * session is over is nobody's.
 *
 * All threads are in a child, which has the page, so that its end gives all of them back.
 */
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <vmig/clock.h>
#include <vmig/info.h>
#include <vmig/shared.h>
#include "child.h"
#include "fault_memory.h"
#include "fixture_exercise.h"
#include "kernel_health.h"
#include "late_page.h"
#include "risky_call.h"
#include "round_trip_check.h"
#include "second_device.h"
#include "session_check.h"
#include "thread.h"

#define ADD_LATE(uapi_, name_, state_)                                                             \
	VMIG_VARIANT(late_buffers, name_##_##state_, .uapi = uapi_,                                \
		     .state = VFIO_DEVICE_STATE_##state_)
#define LATE_VARIANTS(fixture)                                                                     \
	ADD_LATE(VMIG_UAPI_CDEV, cdev, STOP_COPY);                                                 \
	ADD_LATE(VMIG_UAPI_CDEV, cdev, PRE_COPY);                                                  \
	ADD_LATE(VMIG_UAPI_CDEV, cdev, RESUMING);                                                  \
	ADD_LATE(VMIG_UAPI_GROUP, group, STOP_COPY);                                               \
	ADD_LATE(VMIG_UAPI_GROUP, group, PRE_COPY);                                                \
	ADD_LATE(VMIG_UAPI_GROUP, group, RESUMING)

VMIG_WORK_FIXTURE_STATES(late_buffers, LATE_VARIANTS);

/* How long a driver may take until it touches the buffer; ms. */
#define WANTED_MS 3000

/* How long a call is given that may wait for the page, or not; ms. */
#define MAY_WAIT_MS 500

/* How long a call may take that has nothing to do with the page; ms. */
#define OTHERS_MS 5000

/* A child may take so long; ms. */
#define CHILD_MS 30000

/**
 * struct late - a call that waits for its buffer, and what others do meanwhile
 * @dev: the device
 * @state: of the session
 * @control: a plain save and load
 * @first: a page with the beginning of its stream
 * @page: the buffer
 * @fd: data_fd of the call
 * @way: how the session is ended: by a SET where it is 0, else by a reset
 * @next: data_fd of the session that begins then
 * @ended: the session has ended, and in a test of that the next one has begun
 * @waits: a call waits for the page; shared with the parent
 * @wanted: one has ever done; shared with the parent
 */
struct late {
	struct vmig_device *dev;
	uint32_t state;
	struct vmig_reference control;
	unsigned char first[VMIG_PAGE];
	struct vmig_late_page page;
	int fd;
	unsigned int way;
	int next;
	atomic_bool ended;
	atomic_bool waits;
	atomic_bool wanted;
};

/* What it returns is not determined. Without a timer, whose signal would not end the wait. */
static void *caller(void *arg)
{
	struct late *l = arg;
	size_t len = l->control.stream.len < VMIG_PAGE ? l->control.stream.len : VMIG_PAGE;
	ssize_t n;

	if (l->state == VFIO_DEVICE_STATE_RESUMING)
		n = write(l->fd, l->page.at, len);
	else
		n = read(l->fd, l->page.at, VMIG_PAGE);
	(void)n;
	return NULL;
}

/* A session, and a call that waits for its buffer. Returns false where none does. */
static bool begin_wait(struct late *l, pthread_t *thread)
{
	const char *why = vmig_late_page_begin(&l->page);

	if (why)
		vmig_test_error("%s", why);
	l->fd = vmig_goto_state(l->dev, l->state);
	vmig_thread_start(thread, caller, l);
	if (vmig_late_page_wanted(&l->page, WANTED_MS)) {
		atomic_store(&l->wanted, true);
		return true;
	}
	vmig_late_page_end(&l->page);
	pthread_join(*thread, NULL);
	vmig_close_data_fd(l->fd);
	return false;
}

static const char *call_name(uint32_t state)
{
	return state == VFIO_DEVICE_STATE_RESUMING ? "write()" : "read()";
}

static struct late *prepare(struct vmig_device *dev, uint32_t state)
{
	struct late *l = vmig_shared_alloc(sizeof(*l));
	size_t len;

	l->dev = dev;
	l->state = state;
	vmig_reference_save_quick(dev, &l->control);
	len = l->control.stream.len;
	memcpy(l->first, l->control.stream.data, len < VMIG_PAGE ? len : VMIG_PAGE);
	vmig_recover_running(dev);
	return l;
}

/* Why there can be no such page, or NULL. */
static const char *no_late_pages(void)
{
	struct vmig_late_page page;
	const char *why = vmig_late_page_begin(&page);

	if (!why)
		vmig_late_page_end(&page);
	return why;
}

#define NEED_LATE_PAGES NEED(!no_late_pages(), "%s", no_late_pages())

/* Calls on an open device do not know how it was opened: one way is enough. */
#define NEED_THIS_WAY                                                                              \
	NEED(variant->uapi == VMIG_UAPI_CDEV || !self->dev->id.cdev[0],                            \
	     "the same calls as through the cdev")

#define NEED_WANTED(l)                                                                             \
	NEED(atomic_load(&(l)->wanted), "no call of this driver touches its buffer here")

static void end_session(struct late *l)
{
	if (l->way)
		__vmig_reset(l->dev);
	else
		__vmig_set_state(l->dev, VFIO_DEVICE_STATE_RUNNING, NULL);
}

static void *ender(void *arg)
{
	struct late *l = arg;

	end_session(l);
	atomic_store(&l->ended, true);
	return NULL;
}

/* A driver may let each of these calls wait for the page: it is the user's own. */
static void *successor(void *arg)
{
	struct late *l = arg;

	end_session(l);
	vmig_recover_running(l->dev);
	l->next = vmig_goto_state(l->dev, l->state);
	atomic_store(&l->ended, true);
	return NULL;
}

static bool wait_for(atomic_bool *flag, unsigned int ms)
{
	uint64_t end = vmig_now_ms() + ms;

	while (!atomic_load(flag) && vmig_now_ms() < end)
		vmig_sleep_ms(5);
	return atomic_load(flag);
}

/* The session ends under the call, the next one begins, and then the page comes. */
static bool end_under_call(struct late *l)
{
	const char *how = l->way ? "RESET" : "SET(RUNNING)";
	pthread_t calls, ends;
	struct vmig_fault fault;
	const char *did;
	bool ended;

	if (!begin_wait(l, &calls))
		return false;
	did = vmig_fmt("%s waits for its buffer, %s, the next session, and the buffer comes",
		       call_name(l->state), how);
	atomic_store(&l->ended, false);
	vmig_thread_start(&ends, successor, l);
	ended = wait_for(&l->ended, MAY_WAIT_MS);
	vmig_late_page_serve(&l->page, l->first);
	pthread_join(calls, NULL);
	pthread_join(ends, NULL);
	vmig_note(ROB_02, "%s and the next session while %s waits for its buffer: %s", how,
		  call_name(l->state), ended ? "at once" : "wait, too");
	close(l->fd);
	vmig_late_page_end(&l->page);
	fault = vmig_verify_session(l->dev, l->next, &l->control);
	vmig_recover_running(l->dev);
	return CHECK(FD_11, !fault.found || fault.content, did,
		     "the next session is whole and loads", "%s", fault.why);
}

static void try_endings(void *arg)
{
	struct late *l = arg;

	/* There is no way out of RESUMING by a SET with a stream that is not whole. */
	for (l->way = l->state == VFIO_DEVICE_STATE_RESUMING; l->way < 2; l->way++)
		if ((l->way && !vmig_can_reset(l->dev)) || !end_under_call(l))
			return;
}

VMIG_TEST_TIMEOUT(late_buffers, session_ends_meanwhile, 120)
{
	struct late *l;

	CLAUSES(FD_11, ROB_02);
	NEED_STATE(variant->state);
	NEED_THIS_WAY;
	NEED_LATE_PAGES;
	l = prepare(self->dev, variant->state);
	vmig_judge_child(ROB_02, vmig_child_run(try_endings, l, CHILD_MS),
			 vmig_fmt("a session that ends while its %s waits for a buffer",
				  call_name(variant->state)));
	NEED_WANTED(l);
}

static void *getter(void *arg)
{
	struct late *l = arg;
	uint32_t state;
	uint64_t size;

	__vmig_get_state(l->dev, &state);
	__vmig_get_data_size(l->dev, &size);
	return NULL;
}

/* All of them end with the process, whose page nobody ever serves. */
static void leave_waiting(void *arg)
{
	static struct late second, third;
	struct late *l = arg;
	pthread_t calls, gets, sets, resets;

	if (!begin_wait(l, &calls))
		return;
	second = *l;
	second.way = 0;
	third = *l;
	third.way = 1;
	vmig_thread_start(&gets, getter, l);
	vmig_thread_start(&sets, ender, &second);
	vmig_sleep_ms(50);
	if (vmig_can_reset(l->dev))
		vmig_thread_start(&resets, ender, &third);
	vmig_sleep_ms(MAY_WAIT_MS);
}

VMIG_TEST_TIMEOUT(late_buffers, who_waits_can_be_killed, 120)
{
	unsigned long taint = vmig_kernel_taint();
	enum vmig_child_end end;
	struct late *l;
	const char *did, *why;

	CLAUSES(ROB_01, ROB_04);
	NEED_STATE(variant->state);
	NEED_THIS_WAY;
	NEED_LATE_PAGES;
	l = prepare(self->dev, variant->state);
	did = vmig_fmt("%s, GET, SET and RESET of threads, while nobody serves the page of the "
		       "buffer; the process ends",
		       call_name(variant->state));
	end = vmig_child_run(leave_waiting, l, WANTED_MS + OTHERS_MS);
	if (!CHECK(ROB_01, vmig_survived(end, taint), did, "it does, and nothing in the kernel log",
		   "%s", vmig_child_name(end)))
		return;
	NEED_WANTED(l);
	vmig_recover_running(self->dev);
	why = vmig_round_trip(self->dev);
	CHECK(ROB_04, !why, vmig_fmt("%s; then a save and a load", did), "both work", "%s", why);
}

static void wait_for_ever(void *arg)
{
	struct late *l = arg;
	pthread_t calls;

	if (!begin_wait(l, &calls))
		return;
	atomic_store(&l->waits, true);
	pthread_join(calls, NULL);
}

/**
 * struct other - somebody who has nothing to do with the page
 * @dev: his device, or NULL
 * @w: the device whose card something happens to
 * @event: what that is
 * @none: there is no such event
 * @done: he has come to his end
 */
struct other {
	struct vmig_device *dev;
	struct vmig_exercise *w;
	const char *event;
	bool none;
	atomic_bool done;
};

static void do_other(void *arg)
{
	struct other *o = arg;
	uint32_t state;

	if (o->dev) {
		__vmig_get_state(o->dev, &state);
		__vmig_set_state(o->dev, VFIO_DEVICE_STATE_STOP, NULL);
		__vmig_set_state(o->dev, VFIO_DEVICE_STATE_RUNNING, NULL);
	} else {
		o->none = o->w->ops->event(o->w, o->event);
	}
	atomic_store(&o->done, true);
}

/*
 * What @o does while a user of @dev waits for his own page. Returns false where nobody waits.
 */
static bool judge_other(struct late *l, struct other *o, const char *did)
{
	pid_t waiter, other;
	bool done, waits;

	atomic_store(&l->waits, false);
	atomic_store(&o->done, false);
	waiter = vmig_child_start(wait_for_ever, l);
	waits = wait_for(&l->waits, WANTED_MS + MAY_WAIT_MS);
	if (waits) {
		other = vmig_child_start(do_other, o);
		done = wait_for(&o->done, OTHERS_MS);
		vmig_child_kill(waiter);
		vmig_child_wait(other, OTHERS_MS);
		if (!o->none)
			CHECK(ROB_01, done,
			      vmig_fmt("a user's %s waits for his page; meanwhile %s",
				       call_name(l->state), did),
			      "these calls return", "they wait for him, %u s and more",
			      OTHERS_MS / 1000);
	} else {
		vmig_child_kill(waiter);
	}
	vmig_recover_running(l->dev);
	return waits;
}

VMIG_TEST_TIMEOUT(late_buffers, other_device_goes_on, 120)
{
	struct vmig_device *second;
	const char *why;
	struct other *o;
	struct late *l;

	CLAUSES(ROB_01);
	NEED_STATE(variant->state);
	NEED_THIS_WAY;
	NEED_LATE_PAGES;
	second = vmig_open_second(self->dev, &why);
	NEED(second, "%s", why);
	l = prepare(self->dev, variant->state);
	o = vmig_shared_alloc(sizeof(*o));
	o->dev = second;
	judge_other(l, o, "GET, SET(STOP), SET(RUNNING) of another device of the driver");
	vmig_recover_running(second);
	vmig_close(second);
	NEED_WANTED(l);
}

/*
 * What its physical function has to tell takes the driver's lock under those of the card: one
 * tenant must not stop the administration of all of them.
 */
VMIG_TEST_TIMEOUT(late_buffers, card_goes_on, 120)
{
	static const char *const events[][2] = { { "pf_reset", "" },
						 { "vf_disabled", "vf_enabled" } };
	unsigned int i, tried = 0;
	struct other *o;
	struct late *l;

	CLAUSES(ROB_01);
	NEED_STATE(variant->state);
	NEED_THIS_WAY;
	NEED_LATE_PAGES;
	NEED(self->w.ops->event, "nothing happens to this device on demand");
	NEED(vmig_can_reset(self->dev), "the device offers no VFIO_DEVICE_RESET");
	l = prepare(self->dev, variant->state);
	o = vmig_shared_alloc(sizeof(*o));
	o->w = &self->w;
	for (i = 0; i < ARRAY_SIZE(events); i++) {
		o->event = events[i][0];
		o->none = false;
		if (!judge_other(l, o, vmig_fmt("the card's event %s", o->event)))
			break;
		if (o->none)
			continue;
		tried++;
		if (*events[i][1])
			self->w.ops->event(&self->w, events[i][1]);
		vmig_reset(self->dev);
	}
	NEED_WANTED(l);
	NEED(tried, "the firmware of this device has no events");
}

VMIG_MAIN("late_buffers")
