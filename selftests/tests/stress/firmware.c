// SPDX-License-Identifier: GPL-2.0-only
/*
 * ST-03, ST-09, QUI-03, QUI-06, ROB-04, RST-01: firmware that fails, behind a driver that has to
 * say so. A SET whose command the firmware refused has failed: the driver says it, GET returns
 * a state of the path, the device does what that state demands, and a later request finds a
 * driver that has kept its books. No user makes firmware fail, so that an oops here is not
 * ROB-01's. Only simulated firmware fails on demand, so on hardware this chapter is skipped.
 *
 * SETs are made by a child process that is watched, as a driver may not survive them.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "risky_call.h"
#include "leak_check.h"
#include "round_trip_check.h"
#include "kernel_health.h"
#include "fixture_exercise.h"

#define NEED_FAULTS                                                                                \
	NEED(self->w.ops->fault && self->w.ops->commands,                                          \
	     "the firmware of this device does not fail on demand")

/* Different commands of one SET that are tried. */
#define MAX_COMMANDS 6

/* A device that does no DMA is told so often by a test: each time takes seconds. */
#define MAX_NO_DMA 2

#define SEED 0x4001

VMIG_WORK_FIXTURE_STATES(firmware, VMIG_VARIANTS_ALL_STATES);

/**
 * struct trial - a SET during which one command fails
 * @w: the device
 * @good: a stream that it saved, to have something to load
 * @from: origin
 * @to: target
 * @t: the way
 * @no_dma: how often no DMA has come
 */
struct trial {
	struct vmig_exercise *w;
	struct vmig_stream good;
	uint32_t from, to;
	struct vmig_transition t;
	unsigned int no_dma;
};

static void set_fault(struct vmig_exercise *w, const char *spec)
{
	int ret = w->ops->fault(w, spec);

	if (ret)
		vmig_test_error("the firmware does not take the fault '%s': %s", spec,
				vmig_errno_name(ret));
}

static bool fault_came(struct vmig_exercise *w, char *names, size_t size)
{
	bool hit = false;
	int ret = w->ops->commands(w, names, size, &hit);

	if (ret)
		vmig_test_error("what reached the firmware cannot be read: %s",
				vmig_errno_name(ret));
	return hit;
}

/* To the origin, in RESUMING with a whole stream written. Returns its session, or -1. */
static int take_position(struct trial *trial)
{
	struct vmig_device *dev = trial->w->dev;
	int fd = vmig_goto_state(dev, trial->from);

	if (trial->from == VFIO_DEVICE_STATE_RESUMING)
		vmig_stream_write(fd, &trial->good);
	return fd;
}

/* A transfer lands, or the device cannot be asked for one. What was not begun is forgotten. */
static bool does_dma(struct trial *trial)
{
	struct vmig_exercise *w = trial->w;
	struct vmig_dma mem = {};
	const char *why;

	if (!w->ops->dma_write || trial->no_dma >= MAX_NO_DMA)
		return true;
	vmig_exercise_memory(w, &mem);
	why = vmig_dma_fault(w, &mem, SEED);
	vmig_dma_free(&mem);
	trial->no_dma += !!why;
	return !why;
}

/* Does the device do what GET says? NULL, or what it does instead. */
static const char *lie(struct trial *trial, uint32_t state)
{
	struct vmig_exercise *w = trial->w;

	if (!w->ops->counter)
		return NULL;
	switch (state) {
	case VFIO_DEVICE_STATE_RUNNING:
	case VFIO_DEVICE_STATE_PRE_COPY:
		if (!vmig_counter_comes(w))
			return "stands still";
		return does_dma(trial) ? NULL : "begins no DMA";
	case VFIO_DEVICE_STATE_STOP:
	case VFIO_DEVICE_STATE_STOP_COPY:
	case VFIO_DEVICE_STATE_RESUMING:
		return vmig_counter_moves(w) ? "goes on working" : NULL;
	default:
		return NULL;
	}
}

/* After a failure the same request again, then the way back, then a migration. */
static bool goes_on(struct trial *trial, const char *did)
{
	struct vmig_device *dev = trial->w->dev;
	struct vmig_risky_call again = vmig_set_state_in_child(dev, trial->to);
	const char *why;
	int ret;

	if (!CHECK(ROB_04, again.survived, vmig_fmt("%s, then the same SET again", did),
		   "a call that returns, and nothing in the kernel log", "%s",
		   vmig_child_name(again.end)))
		return false;
	ret = __vmig_recover_running(dev);
	if (!CHECK(ROB_04, !ret, vmig_fmt("%s, then back to RUNNING, by a reset at last", did),
		   "the device comes back", "%s", vmig_errno_name(ret)))
		return false;
	why = vmig_round_trip(dev);
	return CHECK(ROB_04, !why, vmig_fmt("%s, back to RUNNING, then a save and a load", did),
		     "both work", "%s", why);
}

static void check_failed_set(struct trial *trial, const struct vmig_risky_call *call,
			     const char *did)
{
	uint32_t got = vmig_get_state(trial->w->dev);
	const char *lies = lie(trial, got);
	bool running = got == VFIO_DEVICE_STATE_RUNNING || got == VFIO_DEVICE_STATE_PRE_COPY;

	if (call->ret) {
		CHECK(ST_09, vmig_on_path(&trial->t, trial->from, got),
		      vmig_fmt("GET after %s", did), "the origin, a step of the path, or ERROR",
		      "state %s", vmig_state_name(got));
		/* RUNNING is the origin, which ST-09 allows, but the device is to be operational.
		 */
		CHECK(running ? QUI_06 : QUI_03, !lies,
		      vmig_fmt("the device after %s failed with %s", did,
			       vmig_errno_name(call->ret)),
		      vmig_fmt("what it does in %s, the state that GET tells",
			       vmig_state_name(got)),
		      "it %s", lies);
		return;
	}
	CHECK(ST_03, got == trial->to && !lies, vmig_fmt("%s, which returned 0", did),
	      vmig_fmt("a device in %s", vmig_state_name(trial->to)),
	      "GET tells %s, and the device %s", vmig_state_name(got),
	      lies ?: "does what that says");
}

/*
 * One command goes wrong, in the words of the firmware's fault=. Returns false where the device
 * has been lost.
 */
static bool try_command(struct trial *trial, const char *command, const char *how,
			const char *words)
{
	struct vmig_exercise *w = trial->w;
	int fd = take_position(trial);
	struct vmig_risky_call call;
	const char *did;
	char names[512];
	bool ok = true;

	set_fault(w, vmig_fmt("%s:%s", command, how));
	call = vmig_set_state_in_child(w->dev, trial->to);
	did = vmig_fmt("SET(%s) from %s while the firmware %s '%s'", vmig_state_name(trial->to),
		       vmig_state_name(trial->from), words, command);
	if (!CHECK(ROB_04, call.survived, did, "a call that returns, and nothing in the kernel log",
		   "%s", vmig_child_name(call.end)))
		return false;
	ok = fault_came(w, names, sizeof(names));
	set_fault(w, "");
	if (ok) {
		check_failed_set(trial, &call, did);
		ok = goes_on(trial, did);
	} else {
		vmig_recover_running(w->dev);
		ok = true;
	}
	vmig_close_data_fd(fd);
	return ok;
}

/* Which commands a SET makes of the firmware where nothing fails. */
static unsigned int list_commands(struct trial *trial, char *names, size_t size,
				  char *list[MAX_COMMANDS])
{
	struct vmig_exercise *w = trial->w;
	unsigned int n = 0, i;
	int fd = take_position(trial);
	char *save, *name;

	set_fault(w, "");
	__vmig_set_state(w->dev, trial->to, NULL);
	fault_came(w, names, size);
	vmig_recover_running(w->dev);
	vmig_close_data_fd(fd);
	for (name = strtok_r(names, " ", &save); name; name = strtok_r(NULL, " ", &save)) {
		for (i = 0; i < n && strcmp(list[i], name); i++)
			;
		if (i == n && n < MAX_COMMANDS)
			list[n++] = name;
	}
	return n;
}

/*
 * Each command of each SET goes wrong once. Of one command alone: by one step each. Returns how
 * many were tried.
 */
static unsigned int try_commands(FIXTURE_DATA(firmware) * self, uint32_t from, const char *only,
				 const char *how, const char *words)
{
	struct trial trial = { .w = &self->w, .from = from };
	char names[512], *list[MAX_COMMANDS];
	unsigned int n, i, tried = 0;
	bool there = true;

	vmig_save(self->dev, &trial.good);
	vmig_recover_running(self->dev);
	for (trial.to = VFIO_DEVICE_STATE_STOP; there && trial.to < VFIO_DEVICE_STATE_NR;
	     trial.to++) {
		vmig_transition(self->flags, trial.from, trial.to, &trial.t);
		if (!vmig_state_offered(self->flags, trial.to) || trial.t.answer != VMIG_GO ||
		    !trial.t.len || (only && trial.t.len != 1))
			continue;
		n = list_commands(&trial, names, sizeof(names), list);
		for (i = 0; i < n && there; i++) {
			if (only && strcmp(list[i], only))
				continue;
			there = try_command(&trial, list[i], how, words);
			tried++;
		}
	}
	vmig_stream_free(&trial.good);
	return tried;
}

/*
 * Each command of each SET refused once. What the driver makes of it is its own choice
 * between the origin, a step of the way and ERROR; that it says so is not.
 */
VMIG_TEST_TIMEOUT(firmware, refused_command_fails_the_set, 120)
{
	CLAUSES(ST_03, ST_09, QUI_03, QUI_06, ROB_04);
	NEED_STATE(variant->state);
	NEED_FAULTS;
	try_commands(self, variant->state, NULL, "fail", "refuses");
}

/*
 * A command that was accepted, and of which the firmware says "not yet" for longer than the
 * driver waits. The device stops all the same, later, and the driver has to know in which
 * state it leaves the device. By one step each, as the wait of a driver takes seconds.
 */
VMIG_TEST_TIMEOUT(firmware, unfinished_command_fails_the_set, 120)
{
	unsigned int tried;

	CLAUSES(ST_03, ST_09, QUI_03, QUI_06, ROB_04);
	NEED_STATE(variant->state);
	NEED_FAULTS;
	tried = try_commands(self, variant->state, "suspend_status", "fail=" VMIG_STRING(EAGAIN),
			     "says 'not yet' to each");
	NEED(tried, "the firmware of this device is asked for nothing that takes it long");
}

/* Without waiting for what never comes. */
static void read_some(int fd)
{
	char c[4096];
	int i;

	if (fd >= 0)
		fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
	for (i = 0; fd >= 0 && i < 64 && __vmig_read(fd, c, sizeof(c)) > 0; i++)
		;
}

/* Returns false where the device has been lost. */
static bool leave_failed_save(struct trial *trial, const char *spec)
{
	struct vmig_device *dev = trial->w->dev;
	struct vmig_risky_call call;
	const char *did;
	int fd, ret;
	bool ok;

	set_fault(trial->w, spec);
	ret = __vmig_goto_state(dev, trial->from, &fd);
	if (!ret)
		read_some(fd);
	did = vmig_fmt("a save in %s that the firmware refuses (%s), then SET(%s)",
		       vmig_state_name(trial->from), spec, vmig_state_name(trial->to));
	call = vmig_set_state_in_child(dev, trial->to);
	ok = CHECK(ROB_04, call.survived, did, "a call that returns, and nothing in the kernel log",
		   "%s", vmig_child_name(call.end));
	if (!ok)
		return false;
	set_fault(trial->w, "");
	ok = goes_on(trial, did);
	vmig_close_data_fd(fd);
	return ok;
}

/*
 * A session that the firmware failed in, perhaps long after SET had returned: what it saves
 * is done while the device runs on. All ways out of it are gone.
 */
VMIG_TEST_TIMEOUT(firmware, failed_save_can_be_left, 120)
{
	/* The first save, or the second one; an internal error, or a device that is not fit. */
	static const char *const faults[] = { "save@1:fail=5", "save@1:fail=22", "save@2:fail=5",
					      "save@2:fail=22" };
	struct trial trial = { .w = &self->w };
	unsigned int i;

	CLAUSES(ROB_04);
	NEED_STATE(variant->state);
	NEED_FAULTS;
	NEED(vmig_state_saving(variant->state), "nothing is saved in %s",
	     vmig_state_name(variant->state));
	trial.from = variant->state;
	for (trial.to = VFIO_DEVICE_STATE_STOP; trial.to < VFIO_DEVICE_STATE_NR; trial.to++) {
		vmig_transition(self->flags, trial.from, trial.to, &trial.t);
		if (!vmig_state_offered(self->flags, trial.to) || trial.t.answer != VMIG_GO ||
		    !trial.t.len || trial.to == VFIO_DEVICE_STATE_RESUMING)
			continue;
		for (i = 0; i < ARRAY_SIZE(faults); i++)
			if (!leave_failed_save(&trial, faults[i]))
				return;
	}
}

/* What comes by itself must leave a device that a reset brings back (H:1175). */
VMIG_TEST_TIMEOUT(firmware, event_is_survived, 60)
{
	static const char *const events[] = { "pf_reset", "vf_disabled" };
	unsigned long taint = vmig_kernel_taint();
	unsigned int i, tried = 0;
	struct vmig_risky_call call;
	const char *why, *did;
	uint32_t state;
	int fd, ret;

	CLAUSES(ST_02, RST_01, ROB_04);
	NEED_STATE(variant->state);
	NEED(self->w.ops->event, "nothing happens to this device on demand");
	for (i = 0; i < ARRAY_SIZE(events); i++) {
		fd = vmig_goto_state(self->dev, variant->state);
		ret = self->w.ops->event(&self->w, events[i]);
		if (ret) {
			vmig_close_data_fd(fd);
			vmig_recover_running(self->dev);
			continue;
		}
		tried++;
		did = vmig_fmt("the event %s in %s", events[i], vmig_state_name(variant->state));
		state = vmig_get_state(self->dev);
		CHECK(ST_02,
		      state == VFIO_DEVICE_STATE_ERROR || vmig_state_offered(self->flags, state),
		      vmig_fmt("GET after %s", did), "a state that the flags offer, or ERROR",
		      "state %s", vmig_state_name(state));
		read_some(fd);
		call = vmig_set_state_in_child(self->dev, VFIO_DEVICE_STATE_RUNNING);
		if (!CHECK(ROB_04, call.survived, vmig_fmt("%s, then SET(RUNNING)", did),
			   "a call that returns, and nothing in the kernel log", "%s",
			   vmig_child_name(call.end)))
			return;
		/* What the physical function has switched off no reset of the virtual one brings
		 * back.
		 */
		if (!strcmp(events[i], "vf_disabled"))
			self->w.ops->event(&self->w, "vf_enabled");
		ret = __vmig_reset(self->dev);
		CHECK_OK(RST_01, ret, vmig_fmt("%s, then RESET", did));
		state = vmig_get_state(self->dev);
		CHECK(RST_01, state == VFIO_DEVICE_STATE_RUNNING, vmig_fmt("%s, RESET, GET", did),
		      "state RUNNING", "state %s", vmig_state_name(state));
		why = vmig_round_trip(self->dev);
		CHECK(RST_01, !why, vmig_fmt("%s, RESET, then a save and a load", did), "both work",
		      "%s", why);
		vmig_close_data_fd(fd);
		CHECK(ROB_04, vmig_kernel_taint() == taint, did, "nothing in the kernel log",
		      "a warning");
	}
	NEED(tried, "the firmware of this device has no events");
}

#define FAILURES 16

/* A session that never came to be leaves no file behind, and no driver that stays for ever. */
VMIG_TEST_TIMEOUT(firmware, failed_sessions_are_freed, 60)
{
	static const char *const faults[] = { "size:fail", "save:fail" };
	int before, after, failed;
	unsigned int i, k;

	CLAUSES(ROB_05);
	NEED(variant->state == VFIO_DEVICE_STATE_RUNNING, "tried in RUNNING alone");
	NEED_FAULTS;
	NEED(vmig_module_users(self->dev) >= 0, "the users of the driver's module are not counted");
	for (i = 0; i < ARRAY_SIZE(faults); i++) {
		before = vmig_module_users(self->dev);
		for (k = 0, failed = 0; k < FAILURES; k++) {
			set_fault(&self->w, faults[i]);
			failed += !!__vmig_set_state(self->dev, VFIO_DEVICE_STATE_STOP_COPY, NULL);
			set_fault(&self->w, "");
			if (__vmig_recover_running(self->dev))
				vmig_test_error("the device cannot be brought back to RUNNING");
		}
		after = vmig_module_users(self->dev);
		if (failed)
			CHECK(ROB_05, after <= before,
			      vmig_fmt(
				      "users of the module %s after SET(STOP_COPY) failed %d times by %s",
				      self->dev->id.module, failed, faults[i]),
			      vmig_fmt("%d, as before", before), "%d", after);
	}
}

VMIG_MAIN("firmware")
