// SPDX-License-Identifier: GPL-2.0-only
/* Load a stream of another driver or firmware version. See version_check.h. */
#include <unistd.h>

#include <vmig/feature.h>
#include <vmig/state.h>
#include <vmig/fsm.h>
#include <vmig/error.h>
#include "load_attempt.h"
#include "version_check.h"
#include "verdict.h"
#include "kmsg_watch.h"
#include "exercise.h"

/* Accepted: then it has to run, with the state that was saved. NULL, or what is wrong. */
static const char *judge_accepted(struct vmig_exercise *w, const struct vmig_version_case *c)
{
	enum vmig_clause_id id = c->same ? RES_03 : RES_12;
	const char *why;
	int ret;

	ret = __vmig_set_state(w->dev, VFIO_DEVICE_STATE_RUNNING, NULL);
	if (!CHECK_OK(RES_03, ret, vmig_fmt("load %s, SET(STOP), SET(RUNNING)", c->name)))
		return vmig_fmt("SET(RUNNING) failed with %s", vmig_errno_name(ret));
	if (!c->seed)
		return NULL;
	why = vmig_check_pattern(w, c->seed);
	CHECK(id, !why,
	      vmig_fmt("load %s, which is accepted; look at the state of the device", c->name),
	      c->same ? "the state that was saved" : "the state that was saved, or a refusal", "%s",
	      why);
	return why;
}

/* Refused: then as a bad stream has to be. NULL, or what is wrong. */
static const char *judge_refused(const struct vmig_version_case *c, const struct vmig_attempt *a)
{
	bool there = a->state == VFIO_DEVICE_STATE_RESUMING || a->state == VFIO_DEVICE_STATE_ERROR;

	CHECK(RES_09, there, vmig_fmt("GET after %s was refused", c->name),
	      "state RESUMING or ERROR", "state %s", vmig_state_name(a->state));
	if (c->same)
		CHECK_OK(RES_03, a->set, vmig_fmt("load %s, SET(STOP)", c->name));
	if (!there)
		return vmig_fmt("the device says %s after it", vmig_state_name(a->state));
	return c->same ? "refused, and it is of this very version" : NULL;
}

/* And then the device must be as good as before. NULL, or what is wrong. */
static const char *judge_after(struct vmig_exercise *w, const struct vmig_version_case *c,
			       const struct vmig_attempt *a, const struct vmig_stream *good)
{
	const char *why = vmig_good_again(w->dev, good);

	CHECK(ROB_04, !why,
	      vmig_fmt("load %s, which is %s; RESET and a load of a stream of its own", c->name,
		       a->set ? "refused" : "accepted"),
	      "a device that works", "%s", why);
	if (a->set)
		CHECK(RES_16, !why,
		      vmig_fmt("%s is refused; RESET and a load of a stream of its own", c->name),
		      "it works", "%s", why);
	return why;
}

/**
 * vmig_compat_judge - load a stream of some version, and judge what comes of it
 * @w: the device under its exerciser, in RUNNING
 * @c: the stream
 * @good: a stream that the device has saved itself
 * @what: what is broken, else NULL
 *
 * Where a pattern came with the stream and an exerciser can see it, the device gets another
 * one first. The device is left in RUNNING, with the content of @good where it still works.
 *
 * Return: which of the three.
 */
enum vmig_compat_outcome vmig_compat_judge(struct vmig_exercise *w,
					   const struct vmig_version_case *c,
					   const struct vmig_stream *good, const char **what)
{
	const char *why, *after, *heard;
	struct vmig_attempt a;
	int watch = vmig_kmsg_watch_begin();

	if (c->seed)
		vmig_set_pattern(w, ~c->seed);
	a = vmig_load_unchecked(w->dev, c->stream.data, c->stream.len, vmig_default_chunks.size,
				VFIO_DEVICE_STATE_STOP);
	CHECK(RES_07, !a.write || a.set,
	      vmig_fmt("load %s, the error %s of write() ignored; SET(STOP)", c->name,
		       vmig_errno_name(a.write)),
	      "an error, as write() has found the data invalid", "success");
	why = a.write && !a.set ? "write() failed, and SET(STOP) did not" : NULL;
	why = why ?: a.set ? judge_refused(c, &a) : judge_accepted(w, c);
	after = judge_after(w, c, &a, good);
	heard = vmig_kmsg_complaint(watch);
	CHECK(ROB_01, !heard, vmig_fmt("load %s", c->name),
	      "a kernel that has nothing to complain of", "%s", heard);
	vmig_kmsg_watch_end(watch);
	*what = why ?: after ?: heard ? vmig_fmt("the kernel complains: %s", heard) : NULL;
	if (*what)
		return VMIG_COMPAT_BROKEN;
	return a.set ? VMIG_COMPAT_REFUSED : VMIG_COMPAT_ACCEPTED;
}
