// SPDX-License-Identifier: GPL-2.0-only
/* Fail each allocation and user copy of a call in turn. See fail_each.h. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <vmig/feature.h>
#include <vmig/state.h>
#include <vmig/error.h>
#include <vmig/shared.h>
#include "risky_call.h"
#include "fail_each.h"
#include "fail_nth.h"
#include "leak_check.h"
#include "kernel_health.h"
#include "round_trip_check.h"
#include "fault_memory.h"
#include "session.h"
#include "random.h"

/* How many points of one call are tried, and for how long those of a test; brief and full. */
#define POINTS 60
#define POINTS_FULL 600
#define SECONDS 45
#define SECONDS_FULL 120

/* Beyond its time a child may be in the middle of a round trip, on a slow device. */
#define GRACE_MS 60000

/* A faulty call fails at many points: as many are reported. */
#define TOLD 3

/* How often the state is saved and loaded again; else a reset is enough. */
#define ROUND_TRIP_EVERY 8

/* How long files take to go away that a killed process had open. */
#define USERS_TRIES 100
#define USERS_PAUSE_US 20000

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec + t.tv_nsec / 1e9;
}

/**
 * vmig_faults_not_here - may this device be used by a kernel that fails?
 *
 * Return: NULL if so, else a reason to skip.
 */
const char *vmig_faults_not_here(void)
{
	return vmig_stress(1, 1) ? vmig_faults_missing() : VMIG_NO_STRESS;
}

/* What was there before the first failure. */
static struct vmig_leaks leaks;

/* Shared with all processes of the program: failures so far, all of which may have lost memory. */
static unsigned int *all_points;

/**
 * vmig_faults_begin - once a program, before its first test
 */
void vmig_faults_begin(void)
{
	all_points = vmig_shared_alloc(VMIG_PAGE);
	if (vmig_faults_not_here())
		return;
	vmig_faults_set_up();
	vmig_leaks_memory_begin(&leaks);
}

/**
 * vmig_faults_leave - leave what the call before has left
 * @f: the test; its sessions are closed
 */
void vmig_faults_leave(struct vmig_faults *f)
{
	vmig_close_data_fd(f->fd);
	vmig_close_data_fd(f->new_fd);
	f->fd = -1;
	f->new_fd = -1;
}

/* To RUNNING, and now and then through a whole migration. */
static bool comes_back(struct vmig_faults *f, const char *did, bool migrate)
{
	int ret = f->dev && f->dev->fd >= 0 ? __vmig_recover_running(f->dev) : 0;
	const char *why;

	vmig_faults_leave(f);
	if (!CHECK(ROB_04, !ret, vmig_fmt("%s, then back to RUNNING by a reset", did),
		   "the device comes back", "%s", vmig_errno_name(ret)))
		return false;
	if (!f->dev || f->dev->fd < 0 || !migrate)
		return true;
	why = vmig_round_trip(f->dev);
	return CHECK(ROB_04, !why, vmig_fmt("%s, a reset, then a save and a load", did),
		     "both work", "%s", why);
}

/* Where did it fail? Once more, with the kernel telling. */
static void tell_point(struct vmig_faults *f, const struct vmig_failing_call *c, unsigned int n)
{
	const char *stack;

	c->prepare(f);
	f->new_fd = -1;
	f->done = 0;
	vmig_fault_stack_begin();
	vmig_fail_nth(n);
	c->make(f);
	vmig_fail_nth_end();
	stack = vmig_fault_stack_end();
	vmig_note(ROB_04, "%s, failure %u is in %s", c->name, n, *stack ? stack : "another place");
	if (f->dev && f->dev->fd >= 0)
		__vmig_recover_running(f->dev);
	vmig_faults_leave(f);
}

/* One point. Returns false when there is none left; *bad counts breaches. */
static bool fail_one(struct vmig_faults *f, const struct vmig_failing_call *c, unsigned int n,
		     unsigned int *bad)
{
	unsigned long taint = vmig_kernel_taint();
	int fds, ret, more;
	char did[160];
	bool ok;

	snprintf(did, sizeof(did), "%s with failure %u", c->name, n);
	snprintf(f->at, VMIG_PAGE, "%s", did);
	c->prepare(f);
	/* The first use takes an fd. */
	vmig_fail_nth(0);
	fds = vmig_count_fds();
	f->new_fd = -1;
	f->new_fds = 0;
	f->done = 0;

	vmig_fail_nth(n);
	ret = c->make(f);
	if (!vmig_fail_nth_end()) {
		/* Whether it works where nothing fails is the business of other chapters. */
		if (ret < 0)
			vmig_note(ROB_04, "%s fails by itself: %s", c->name, vmig_errno_name(ret));
		comes_back(f, c->name, n > 1);
		return false;
	}

	f->points++;
	++*all_points;
	more = vmig_count_fds() - fds - (f->new_fd >= 0) - f->new_fds;
	ok = CHECK(FD_17, !more,
		   vmig_fmt("/proc/self/fd after %s, which returned %s", did,
			    vmig_errno_name(ret < 0 ? ret : 0)),
		   "no fd but those that were returned", "%+d", more);
	ok &= CHECK(ROB_01, vmig_kernel_taint() == taint, did, "nothing in the kernel log",
		    "a warning");
	ok &= c->judge(f, ret, did);
	ok &= comes_back(f, did, n % ROUND_TRIP_EVERY == 1);
	if (!ok && !(*bad)++)
		tell_point(f, c, n);
	return true;
}

/**
 * vmig_fail_each - all points of a call, as far as its share of the time allows
 * @f: the test
 * @c: the call
 */
void vmig_fail_each(struct vmig_faults *f, const struct vmig_failing_call *c)
{
	double stop = now() + (f->end - now()) / (f->left > 1 ? f->left-- : 1);
	unsigned int n, before = f->points, bad = 0;
	bool more = true;

	for (n = 1; more && n <= f->limit && bad < TOLD && (n == 1 || now() < stop); n++)
		more = fail_one(f, c, n, &bad);
	vmig_metric(vmig_fmt("fault_points_%s", c->word), f->points - before, "points");
	if (!more)
		return;
	vmig_note(ROB_04, "%s: the first %u points were tried, there may be more", c->name, n - 1);
	comes_back(f, vmig_fmt("%s, %u failures", c->name, n - 1), true);
}

struct run {
	struct vmig_faults f;
	void (*fn)(struct vmig_faults *f);
};

static void in_child(void *arg)
{
	struct run *r = arg;

	if (r->f.dev) {
		vmig_reference_save_quick(r->f.dev, &r->f.control);
		vmig_recover_running(r->f.dev);
	}
	r->f.end = now() + vmig_stress(SECONDS, SECONDS_FULL);
	r->fn(&r->f);
	if (r->f.dev)
		vmig_recover_running(r->f.dev);
	vmig_stream_free(&r->f.control.stream);
}

static void check_users(struct vmig_device *dev, int before)
{
	int after = vmig_module_users(dev), i;

	for (i = 0; i < USERS_TRIES && after > before; i++) {
		usleep(USERS_PAUSE_US);
		after = vmig_module_users(dev);
	}
	CHECK(ROB_05, after <= before, vmig_fmt("users of the module %s after it", dev->id.module),
	      vmig_fmt("%d, as before", before), "%d", after);
}

/**
 * vmig_faults_memory - has memory been lost since vmig_faults_begin(), or this was last asked?
 *
 * Takes kmemleak two scans of all memory, so that a brief run asks once. There is nothing to
 * check where nothing has failed.
 */
void vmig_faults_memory(void)
{
	if (!*all_points)
		return;
	vmig_leaks_judge_memory(&leaks, ROB_05, vmig_fmt("%u calls that failed", *all_points));
	*all_points = 0;
}

/**
 * vmig_faults_run - make calls fail in a child process, and see what they leave behind
 * @dev: the device, in RUNNING, and there again after it
 * @fn: makes the calls
 * @closed: it opens the device by itself: @dev is closed meanwhile
 * @from: for @fn
 *
 * Memory that is lost is looked for at the end of a test with --stress.
 */
void vmig_faults_run(struct vmig_device **dev, void (*fn)(struct vmig_faults *f), bool closed,
		     uint32_t from)
{
	const struct vmig_dev_id id = (*dev)->id;
	int users = vmig_module_users(*dev);
	enum vmig_child_end end;
	struct run r = {
		.fn = fn,
		.f = { .dev = *dev,
		       .id = &id,
		       .uapi = (*dev)->uapi,
		       .from = from,
		       .fd = -1,
		       .new_fd = -1,
		       .limit = vmig_stress(POINTS, POINTS_FULL) },
	};

	vmig_require_round_trip(*dev);
	r.f.flags = vmig_get_migration(*dev) & VMIG_MIGRATION_KNOWN;
	r.f.at = vmig_shared_alloc(VMIG_PAGE);
	if (closed) {
		vmig_close(*dev);
		*dev = NULL;
		r.f.dev = NULL;
	}
	end = vmig_child_run(in_child, &r, vmig_stress(SECONDS, SECONDS_FULL) * 1000 + GRACE_MS);
	if (!vmig_judge_child(ROB_01, end, r.f.at) && end != VMIG_CHILD_HUNG)
		return;
	if (*dev) {
		vmig_recover_running(*dev);
		check_users(*dev, users);
	}
	if (vmig_stress(0, 1))
		vmig_faults_memory();
	vmig_shared_free(r.f.at, VMIG_PAGE);
}
