// SPDX-License-Identifier: GPL-2.0-only
/*
 * What VMMs rely on: the calls that QEMU and cloud-hypervisor make, in their order, where all
 * goes well, where the user changes their mind, and where each of the calls fails in turn. A
 * test tells which function of the VMM would fail, or go on with what is wrong.
 *
 * A call is made to fail in ways that need nothing of the driver: an answer that cannot be
 * written, no free descriptor; and, where the kernel can be made to fail, each of its
 * allocations and user copies. Where the firmware is one of ours it refuses each of its
 * commands too. What the VMM does then is what it does; what the device must do is to be good
 * for another migration after it.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "load_attempt.h"
#include "risky_call.h"
#include "vmm_clh.h"
#include "vmm_qemu.h"
#include "fail_nth.h"
#include "fault_memory.h"
#include "random.h"
#include "kernel_health.h"
#include "fixture_exercise.h"

#define SEED 0x5001

/* A state may be large, and is moved twice for each call of a migration; seconds. */
#define MINUTES 300

/* For migrations that run short of memory, brief and full; ms. */
#define MEMORY_MS 8000
#define MEMORY_MS_FULL 60000

/* For all that a VMM does in a child; ms. */
#define CHILD_MS 60000

VMIG_WORK_FIXTURE_WAYS(qemu);
VMIG_WORK_FIXTURE_WAYS(clh);

/* VMMs reset a device when a VM begins. */
#define NEED_A_RESET NEED(!__vmig_reset(self->dev), "the device cannot be reset")

/* Was there something to check? */
static bool applies(const struct consumer *c, enum vmig_clause_id id)
{
	if (id == FEAT_17 || id == PRE_21)
		return c->opted_in;
	return id != FEAT_19 || (c->asked_dma_buf && vmig_clause_binds(id));
}

static bool check_vmm(const struct consumer *c, const char *did)
{
	static const enum vmig_clause_id relied_on[] = { CONSUMER_CLAUSES };
	const char *expected = vmig_fmt("%s goes on", c->name);
	bool good = !c->trouble[0];
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(relied_on); i++)
		if (!good || applies(c, relied_on[i]))
			CHECK(relied_on[i], good || c->clause != relied_on[i], did, expected, "%s",
			      c->trouble);
	return good;
}

static bool check_runs(enum vmig_clause_id id, struct consumer *c, const char *did)
{
	uint32_t state = vmig_get_state(c->dev);

	return CHECK(id, state == VFIO_DEVICE_STATE_RUNNING, vmig_fmt("GET after %s", did),
		     vmig_fmt("state RUNNING, as %s takes it to be in", c->name), "state %s",
		     vmig_state_name(state));
}

static void put_pattern(struct vmig_exercise *w)
{
	if (w->ops->set_pattern && w->ops->check_pattern)
		vmig_set_pattern(w, SEED);
}

static void check_pattern(enum vmig_clause_id id, struct vmig_exercise *w, const char *did)
{
	const char *why = NULL;

	if (w->ops->set_pattern && w->ops->check_pattern)
		why = vmig_check_pattern(w, SEED);
	CHECK(id, !why, did, "the device has the state that it had", "%s", why);
}

/* A whole migration, from QEMU to another one. */
static bool qemu_moves(struct vmig_exercise *w, struct qemu *q, const char *did)
{
	put_pattern(w);
	if (!vmig_qemu_migrate(q, QEMU_COMPLETED)) {
		vmig_qemu_new_process(q);
		vmig_qemu_incoming(q, q->c.wire.len);
	}
	if (!check_vmm(&q->c, did))
		return false;
	if (!check_runs(ST_03, &q->c, did))
		return false;
	check_pattern(STRM_11, w, did);
	return true;
}

static void qemu_start(struct vmig_exercise *w, struct qemu *q)
{
	vmig_qemu_begin(q, w->dev);
	vmig_qemu_regions(q);
	if (vmig_qemu_migration_init(q) && !q->c.trouble[0] && !vmig_consumer_may_fail(&q->c))
		vmig_test_error("QEMU's vfio_migration_init() fails");
}

static void qemu_whole(struct vmig_exercise *w, bool multifd, const char *did)
{
	struct qemu q;

	qemu_start(w, &q);
	q.multifd = multifd;
	qemu_moves(w, &q, did);
	vmig_note(STRM_11, "%s: %u calls, %zu bytes", did, q.c.calls, q.c.wire.len);
	vmig_note(PRE_23, "%s: %llu bytes expected when the vCPUs had stopped, %llu came", did,
		  (unsigned long long)q.pending, (unsigned long long)q.completed);
	vmig_consumer_end(&q.c);
}

/* Nothing was asked for the state: QEMU takes it for RUNNING. */
VMIG_TEST_TIMEOUT(qemu, migrates, MINUTES)
{
	CLAUSES(CONSUMER_CLAUSES, OPEN_01, ST_03, STRM_11, PRE_23);
	NEED_A_RESET;
	CHECK(OPEN_01, vmig_get_state(self->dev) == VFIO_DEVICE_STATE_RUNNING,
	      "open, then vfio_migration_init()", "state RUNNING, as QEMU takes it to be in",
	      "another state");
	qemu_whole(&self->w, false, "QEMU's live migration");
}

/* The thread that reads what is left is another one than that which read in PRE_COPY. */
VMIG_TEST_TIMEOUT(qemu, migrates_with_multifd, MINUTES)
{
	CLAUSES(CONSUMER_CLAUSES, ST_03, STRM_11, PRE_23);
	NEED_A_RESET;
	qemu_whole(&self->w, true, "QEMU's live migration with multifd");
}

/* The same QEMU, back and forth: what a migration leaves behind meets the next one. */
VMIG_TEST_TIMEOUT(qemu, migrates_again, MINUTES)
{
	struct qemu q;
	unsigned int i;

	CLAUSES(CONSUMER_CLAUSES, ST_03, STRM_11);
	NEED_A_RESET;
	qemu_start(&self->w, &q);
	for (i = 0; i < 3; i++) {
		vmig_consumer_again(&q.c);
		if (!qemu_moves(&self->w, &q,
				vmig_fmt("migration %u of a VM that comes back", i + 1)))
			break;
	}
	vmig_consumer_end(&q.c);
}

/* The device is reconfigured, as the guest pleases: the destination has to be ready once more. */
static void reconfigure(void *arg)
{
	struct vmig_exercise *w = arg;
	int ret = w->ops->reinit(w, 0x10000);

	if (ret)
		vmig_test_error("the device cannot be reconfigured: %s", vmig_errno_name(ret));
}

VMIG_TEST_TIMEOUT(qemu, asks_for_switchover_again, MINUTES)
{
	const char *did = "QEMU's live migration, reconfigured after the initial data";
	struct qemu q;

	CLAUSES(CONSUMER_CLAUSES, ST_03, STRM_11, PRE_23);
	NEED_STATE(VFIO_DEVICE_STATE_PRE_COPY);
	NEED_RECONFIGURABLE;
	NEED_A_RESET;
	qemu_start(&self->w, &q);
	q.when_sent = reconfigure;
	q.when_sent_arg = &self->w;
	qemu_moves(&self->w, &q, did);
	vmig_note(PRE_23, "%s: %u REINITs, %llu bytes with them, %u acknowledgements asked for",
		  did, q.reinits, (unsigned long long)q.reannounced, q.acks);
	vmig_consumer_end(&q.c);
}

/* And while the vCPUs stop: too late, the VM runs on, and the next migration succeeds. */
VMIG_TEST_TIMEOUT(qemu, reconfigured_at_the_switchover, MINUTES)
{
	const char *did = "QEMU's live migration, reconfigured when the vCPUs stop";
	struct qemu q;

	CLAUSES(CONSUMER_CLAUSES, ST_03, STRM_11, PRE_23);
	NEED_STATE(VFIO_DEVICE_STATE_PRE_COPY);
	NEED_RECONFIGURABLE;
	NEED_A_RESET;
	qemu_start(&self->w, &q);
	q.when_stopping = reconfigure;
	q.when_stopping_arg = &self->w;
	qemu_moves(&self->w, &q, did);
	vmig_note(PRE_23, "%s: the migration %s", did, q.ack_late ? "was called off" : "went on");
	q.when_stopping = NULL;
	vmig_consumer_again(&q.c);
	if (!q.c.trouble[0])
		qemu_moves(&self->w, &q, vmig_fmt("%s, then another migration", did));
	vmig_consumer_end(&q.c);
}

/* Stopped before it is saved, and running on afterwards. */
VMIG_TEST_TIMEOUT(qemu, snapshot, MINUTES)
{
	struct qemu q;

	CLAUSES(CONSUMER_CLAUSES, ST_03, STRM_11, STRM_14);
	NEED_A_RESET;
	qemu_start(&self->w, &q);
	put_pattern(&self->w);
	vmig_qemu_savevm(&q);
	if (check_vmm(&q.c, "savevm") && check_runs(ST_03, &q.c, "savevm")) {
		check_pattern(STRM_14, &self->w, "savevm, the VM runs on");
		vmig_qemu_new_process(&q);
		vmig_qemu_incoming(&q, q.c.wire.len);
		if (check_vmm(&q.c, "loadvm"))
			check_pattern(STRM_11, &self->w, "loadvm");
	}
	vmig_consumer_end(&q.c);
}

VMIG_TEST_TIMEOUT(qemu, migrate_cancel, MINUTES)
{
	enum qemu_phase phase;
	const char *did;
	struct qemu q;
	bool ok = true;

	CLAUSES(CONSUMER_CLAUSES, ST_03, STRM_11, FSM_09, STRM_15);
	NEED_A_RESET;
	for (phase = QEMU_SETUP; phase < QEMU_COMPLETED && ok; phase++) {
		qemu_start(&self->w, &q);
		put_pattern(&self->w);
		vmig_qemu_migrate(&q, phase);
		did = vmig_fmt("migrate_cancel %s", vmig_qemu_phase_name(phase));
		ok = check_vmm(&q.c, did) && check_runs(STRM_15, &q.c, did);
		if (ok) {
			check_pattern(FSM_09, &self->w, did);
			vmig_consumer_again(&q.c);
			ok = qemu_moves(&self->w, &q, vmig_fmt("%s, then another migration", did));
		}
		vmig_consumer_end(&q.c);
	}
}

/**
 * struct attempt - a migration in which something fails
 * @w: the device
 * @what: does it, with a VMM that has begun
 * @did: what failed, for messages
 */
struct attempt {
	struct vmig_exercise *w;
	void (*what)(struct qemu *q);
	char did[192];
};

/* Whatever failed: the device is in RUNNING, and the next migration succeeds. */
static bool qemu_goes_on(struct attempt *a, struct qemu *q, int fds)
{
	bool ok = check_vmm(&q->c, a->did);

	vmig_consumer_close_fd(&q->c);
	CHECK(FD_17, vmig_count_fds() == fds, vmig_fmt("/proc/self/fd after %s", a->did),
	      "no new fd", "%+d", vmig_count_fds() - fds);
	if (ok && q->c.state != VFIO_DEVICE_STATE_RUNNING)
		vmig_qemu_new_process(q);
	ok = ok && check_runs(ROB_04, &q->c, a->did);
	vmig_consumer_again(&q->c);
	vmig_qemu_migration_init(q);
	q->vm_running = true;
	q->c.state = VFIO_DEVICE_STATE_RUNNING;
	ok = ok && qemu_moves(a->w, q, vmig_fmt("%s, then another migration", a->did));
	return CHECK(ROB_04, ok, a->did, "a device that QEMU can use on", "see above");
}

static void outgoing(struct qemu *q)
{
	if (!vmig_qemu_migration_init(q))
		vmig_qemu_migrate(q, QEMU_COMPLETED);
}

static void incoming(struct qemu *q)
{
	if (!vmig_qemu_migration_init(q))
		vmig_qemu_incoming(q, q->c.wire.len);
}

/* How many calls it takes where none fails, and which of them open a session. */
static void count_calls(struct attempt *a, const struct vmig_stream *wire, struct qemu *q)
{
	vmig_qemu_begin(q, a->w->dev);
	if (wire)
		vmig_stream_copy(&q->c.wire, wire);
	a->what(q);
	vmig_recover_running(a->w->dev);
}

static bool fail_call(struct attempt *a, const struct vmig_stream *wire, enum consumer_fault fault,
		      unsigned int call, unsigned int nth)
{
	int fds = vmig_count_fds();
	struct qemu q;
	bool ok = true;

	vmig_qemu_begin(&q, a->w->dev);
	if (wire)
		vmig_stream_copy(&q.c.wire, wire);
	q.c.fault = fault;
	q.c.fail_at = call;
	q.c.fail_nth = nth;
	put_pattern(a->w);
	a->what(&q);
	snprintf(a->did, sizeof(a->did), "%s", q.c.failed);
	if (q.c.failed[0])
		ok = qemu_goes_on(a, &q, fds);
	else
		vmig_recover_running(a->w->dev);
	vmig_consumer_end(&q.c);
	return ok;
}

static void fail_each_call(struct attempt *a, const struct vmig_stream *wire)
{
	struct qemu q;
	unsigned int i;
	bool ok = true;

	count_calls(a, wire, &q);
	for (i = 1; i <= q.c.calls && i < CONSUMER_CALLS && ok; i++) {
		ok = fail_call(a, wire, CONSUMER_NO_ANSWER, i, 0);
		if (ok && q.c.opened & 1ULL << i)
			ok = fail_call(a, wire, CONSUMER_NO_DESCRIPTOR, i, 0);
	}
	vmig_note(ROB_04, "%u calls, each made to fail", q.c.calls);
	vmig_consumer_end(&q.c);
}

/* In which the flags are asked for and nothing can be, up to the SET with which all ends. */
VMIG_TEST_TIMEOUT(qemu, each_call_of_the_source_fails, MINUTES)
{
	struct attempt a = { .w = &self->w, .what = outgoing };

	CLAUSES(CONSUMER_CLAUSES, ST_03, STRM_11, FD_17, ROB_04);
	NEED_A_RESET;
	fail_each_call(&a, NULL);
}

VMIG_TEST_TIMEOUT(qemu, each_call_of_the_destination_fails, MINUTES)
{
	struct attempt a = { .w = &self->w, .what = incoming };
	struct vmig_stream good = {};

	CLAUSES(CONSUMER_CLAUSES, ST_03, STRM_11, FD_17, ROB_04);
	NEED_A_RESET;
	vmig_save(self->dev, &good);
	vmig_recover_running(self->dev);
	fail_each_call(&a, &good);
	vmig_stream_free(&good);
}

/* The first failure of each call, then the second: so the time is shared by all of them. */
static void fail_memory(struct attempt *a, const struct vmig_stream *wire, const char *metric)
{
	uint64_t end = vmig_now_ms() + vmig_stress(MEMORY_MS, MEMORY_MS_FULL);
	unsigned int nth, i, points = 0, more;
	struct qemu q;
	bool ok = true;

	count_calls(a, wire, &q);
	/* Its first use takes a descriptor. */
	vmig_fail_nth(0);
	for (nth = 1, more = 1; ok && more; nth++) {
		for (more = 0, i = 1; ok && i <= q.c.calls && vmig_now_ms() < end; i++) {
			a->did[0] = '\0';
			ok = fail_call(a, wire, CONSUMER_NO_MEMORY, i, nth);
			more += !!a->did[0];
		}
		points += more;
	}
	vmig_metric(metric, points, "points");
	vmig_note(ROB_04, "%u calls, %u failures in them", q.c.calls, points);
	vmig_consumer_end(&q.c);
}

/* Both ways in are the same driver: the group only where there is time. */
#define NEED_FAILING_KERNEL                                                                        \
	do {                                                                                       \
		NEED(vmig_stress(1, 1), VMIG_NO_STRESS);                                           \
		NEED(!vmig_faults_missing(), "%s", vmig_faults_missing());                         \
		NEED(variant->uapi == VMIG_UAPI_CDEV || vmig_stress(0, 1),                         \
		     "the driver is the same through the cdev; --stress tries both");              \
	} while (0)

VMIG_TEST_TIMEOUT(qemu, no_memory_at_the_source, MINUTES)
{
	struct attempt a = { .w = &self->w, .what = outgoing };

	CLAUSES(CONSUMER_CLAUSES, ST_03, STRM_11, FD_17, ROB_04);
	NEED_FAILING_KERNEL;
	NEED_A_RESET;
	fail_memory(&a, NULL, "fault_points_qemu_source");
}

VMIG_TEST_TIMEOUT(qemu, no_memory_at_the_destination, MINUTES)
{
	struct attempt a = { .w = &self->w, .what = incoming };
	struct vmig_stream good = {};

	CLAUSES(CONSUMER_CLAUSES, ST_03, STRM_11, FD_17, ROB_04);
	NEED_FAILING_KERNEL;
	NEED_A_RESET;
	vmig_save(self->dev, &good);
	vmig_recover_running(self->dev);
	fail_memory(&a, &good, "fault_points_qemu_destination");
	vmig_stream_free(&good);
}

/* The source dies in the middle of it, and the destination with it. */
VMIG_TEST_TIMEOUT(qemu, incoming_is_cut_off, MINUTES)
{
	unsigned int part;
	const char *did;
	struct qemu q;
	bool ok = true;

	CLAUSES(CONSUMER_CLAUSES, ST_03, STRM_11, RES_10, RES_16);
	NEED_A_RESET;
	for (part = 0; part < 4 && ok; part++) {
		qemu_start(&self->w, &q);
		put_pattern(&self->w);
		vmig_qemu_migrate(&q, QEMU_COMPLETED);
		vmig_qemu_new_process(&q);
		vmig_qemu_incoming(&q, q.c.wire.len * part / 4);
		did = vmig_fmt("a source that died after %u/4 of the stream", part);
		ok = check_vmm(&q.c, did) && check_runs(RES_10, &q.c, did);
		q.c.sent = 0;
		if (ok)
			vmig_qemu_incoming(&q, q.c.wire.len);
		ok = ok && check_vmm(&q.c, vmig_fmt("%s, then the whole stream", did));
		if (ok)
			check_pattern(RES_16, &self->w, vmig_fmt("%s, then the whole stream", did));
		vmig_consumer_end(&q.c);
	}
}

/* Commands of the firmware that are distinguished. */
#define MAX_COMMANDS 48

/* Which commands a migration makes, each with its number among those of its name. */
static unsigned int list_commands(struct attempt *a, const struct vmig_stream *wire,
				  char list[][32])
{
	char names[512] = "", *save, *name;
	unsigned int n = 0, i, nth;
	struct qemu q;
	bool hit;

	if (a->w->ops->fault(a->w, ""))
		vmig_test_error("the firmware does not take an empty fault");
	count_calls(a, wire, &q);
	vmig_consumer_end(&q.c);
	if (a->w->ops->commands(a->w, names, sizeof(names), &hit))
		vmig_test_error("what reached the firmware cannot be read");
	for (name = strtok_r(names, " ", &save); name && n < MAX_COMMANDS;
	     name = strtok_r(NULL, " ", &save)) {
		for (i = 0, nth = 1; i < n; i++)
			nth += !strncmp(list[i], name, strlen(name)) &&
			       list[i][strlen(name)] == '@';
		snprintf(list[n++], sizeof(list[0]), "%.20s@%u", name, nth);
	}
	return n;
}

/* A migration while the firmware refuses one command; in a child, as the kernel may not survive. */
struct refusal {
	struct attempt *a;
	const struct vmig_stream *wire;
	const char *command;
};

static void refuse_command(void *arg)
{
	struct refusal *r = arg;
	struct vmig_exercise *w = r->a->w;
	int fds = vmig_count_fds();
	char names[512];
	struct qemu q;
	bool hit = false;

	vmig_qemu_begin(&q, w->dev);
	if (r->wire)
		vmig_stream_copy(&q.c.wire, r->wire);
	q.c.tolerant = true;
	put_pattern(w);
	if (w->ops->fault(w, vmig_fmt("%s:fail", r->command)))
		vmig_test_error("the firmware does not take the fault");
	r->a->what(&q);
	w->ops->commands(w, names, sizeof(names), &hit);
	w->ops->fault(w, "");
	snprintf(r->a->did, sizeof(r->a->did),
		 "a migration whose command %s the firmware refused (%s)", r->command,
		 q.c.failed[0] ? q.c.failed : "of which no call told");
	if (hit)
		qemu_goes_on(r->a, &q, fds);
	vmig_consumer_end(&q.c);
}

static unsigned int refuse_each_command(struct attempt *a, const struct vmig_stream *wire)
{
	struct refusal r = { .a = a, .wire = wire };
	char list[MAX_COMMANDS][32];
	unsigned int n = list_commands(a, wire, list), i;
	enum vmig_child_end end;
	unsigned long taint;

	for (i = 0; i < n; i++) {
		taint = vmig_kernel_taint();
		r.command = list[i];
		end = vmig_child_run(refuse_command, &r, CHILD_MS);
		if (!CHECK(ROB_01, vmig_survived(end, taint),
			   vmig_fmt("QEMU's calls while the firmware refuses %s", list[i]),
			   "calls that return, and nothing in the kernel log", "%s",
			   vmig_child_name(end)))
			break;
		vmig_recover_running(a->w->dev);
	}
	return n;
}

#define NEED_FAULTS                                                                                \
	NEED(self->w.ops->fault && self->w.ops->commands,                                          \
	     "the firmware of this device does not fail on demand")

VMIG_TEST_TIMEOUT(qemu, firmware_fails_at_the_source, MINUTES)
{
	struct attempt a = { .w = &self->w, .what = outgoing };

	CLAUSES(CONSUMER_CLAUSES, ST_03, STRM_11, FD_17, ROB_01, ROB_04);
	NEED_FAULTS;
	vmig_note(ROB_04, "%u commands, each refused", refuse_each_command(&a, NULL));
}

VMIG_TEST_TIMEOUT(qemu, firmware_fails_at_the_destination, MINUTES)
{
	struct attempt a = { .w = &self->w, .what = incoming };
	struct vmig_stream good = {};

	CLAUSES(CONSUMER_CLAUSES, ST_03, STRM_11, FD_17, ROB_01, ROB_04);
	NEED_FAULTS;
	vmig_save(self->dev, &good);
	vmig_recover_running(self->dev);
	vmig_note(ROB_04, "%u commands, each refused", refuse_each_command(&a, &good));
	vmig_stream_free(&good);
}

/* cloud-hypervisor: a VM is paused and saved, goes on, and is restored elsewhere. */
static bool clh_moves(struct vmig_exercise *w, struct consumer *c, const char *did)
{
	put_pattern(w);
	if (!vmig_clh_pause(c))
		vmig_clh_save(c);
	vmig_clh_resume(c);
	if (!check_vmm(c, did) || !check_runs(ST_03, c, did))
		return false;
	check_pattern(STRM_14, w, vmig_fmt("%s, the VM runs on", did));
	vmig_consumer_reset(c, "VfioPciDevice::new()");
	if (!vmig_clh_restore(c, c->wire.len))
		vmig_clh_resume(c);
	if (!check_vmm(c, did) || !check_runs(ST_03, c, did))
		return false;
	check_pattern(STRM_11, w, vmig_fmt("%s, restored", did));
	return true;
}

VMIG_TEST_TIMEOUT(clh, snapshot_and_restore, MINUTES)
{
	struct consumer c;
	unsigned int i;

	CLAUSES(CONSUMER_CLAUSES, ST_03, STRM_11, STRM_14);
	NEED_A_RESET;
	vmig_clh_begin(&c, self->dev);
	if (vmig_clh_new(&c))
		vmig_test_error("GET of the migration flags fails");
	for (i = 0; i < 2; i++) {
		vmig_consumer_again(&c);
		if (!clh_moves(&self->w, &c, vmig_fmt("snapshot %u of cloud-hypervisor", i + 1)))
			break;
	}
	vmig_consumer_end(&c);
}

static void clh_outgoing(struct consumer *c)
{
	if (vmig_clh_new(c) || vmig_clh_pause(c))
		return;
	vmig_clh_save(c);
	vmig_clh_resume(c);
}

static void clh_incoming(struct consumer *c)
{
	if (!vmig_clh_restore(c, c->wire.len))
		vmig_clh_resume(c);
}

static bool clh_fail_call(struct vmig_exercise *w, void (*what)(struct consumer *c),
			  const struct vmig_stream *wire, enum consumer_fault fault,
			  unsigned int call, struct consumer *count)
{
	int fds = vmig_count_fds();
	struct consumer c;
	char did[192];
	bool ok;

	vmig_clh_begin(&c, w->dev);
	if (wire)
		vmig_stream_copy(&c.wire, wire);
	c.fault = fault;
	c.fail_at = call;
	what(&c);
	snprintf(did, sizeof(did), "%s", c.failed[0] ? c.failed : "a snapshot or restore");
	ok = check_vmm(&c, did);
	vmig_consumer_close_fd(&c);
	CHECK(FD_17, vmig_count_fds() == fds, vmig_fmt("/proc/self/fd after %s", did), "no new fd",
	      "%+d", vmig_count_fds() - fds);
	if (c.state != VFIO_DEVICE_STATE_RUNNING)
		vmig_clh_resume(&c);
	ok = ok && check_runs(ROB_04, &c, did);
	if (count)
		*count = c;
	vmig_consumer_again(&c);
	ok = ok && clh_moves(w, &c, vmig_fmt("%s, then another snapshot", did));
	vmig_consumer_end(&c);
	return CHECK(ROB_04, ok, did, "a device that cloud-hypervisor can use on", "see above");
}

static void clh_fail_each_call(struct vmig_exercise *w, void (*what)(struct consumer *c),
			       const struct vmig_stream *wire)
{
	struct consumer count;
	unsigned int i;
	bool ok;

	ok = clh_fail_call(w, what, wire, CONSUMER_NO_FAULT, 0, &count);
	for (i = 1; i <= count.calls && i < CONSUMER_CALLS && ok; i++) {
		ok = clh_fail_call(w, what, wire, CONSUMER_NO_ANSWER, i, NULL);
		if (ok && count.opened & 1ULL << i)
			ok = clh_fail_call(w, what, wire, CONSUMER_NO_DESCRIPTOR, i, NULL);
	}
	vmig_note(ROB_04, "%u calls, each made to fail", count.calls);
}

VMIG_TEST_TIMEOUT(clh, each_call_of_snapshot_fails, MINUTES)
{
	CLAUSES(CONSUMER_CLAUSES, ST_03, STRM_11, STRM_14, FD_17, ROB_04);
	NEED_A_RESET;
	clh_fail_each_call(&self->w, clh_outgoing, NULL);
}

/* A write() that fails is answered by a reset, out of RESUMING, and by nothing else. */
VMIG_TEST_TIMEOUT(clh, each_call_of_restore_fails, MINUTES)
{
	struct vmig_stream good = {};

	CLAUSES(CONSUMER_CLAUSES, ST_03, STRM_11, STRM_14, FD_17, ROB_04);
	NEED_A_RESET;
	vmig_save(self->dev, &good);
	vmig_recover_running(self->dev);
	clh_fail_each_call(&self->w, clh_incoming, &good);
	vmig_stream_free(&good);
}

VMIG_TEST_TIMEOUT(clh, restore_of_half_a_file, MINUTES)
{
	struct consumer c;

	CLAUSES(CONSUMER_CLAUSES, ST_03, STRM_11, STRM_14, RES_10);
	NEED_A_RESET;
	vmig_clh_begin(&c, self->dev);
	vmig_save(self->dev, &c.wire);
	vmig_recover_running(self->dev);
	NEED(c.wire.len, "a save gives no bytes, and half of it is the whole");
	vmig_clh_restore(&c, c.wire.len / 2);
	if (check_vmm(&c, "restore of half a file") &&
	    check_runs(RES_10, &c, "restore of half a file")) {
		vmig_consumer_again(&c);
		clh_moves(&self->w, &c, "a snapshot after a restore of half a file");
	}
	vmig_consumer_end(&c);
}

int main(int argc, char **argv)
{
	/* Not for who only wants to know which tests there are. */
	if (argc < 2 || !strcmp(argv[1], "--device") || !strcmp(argv[1], "-r"))
		if (vmig_stress(1, 1))
			vmig_faults_set_up();
	return vmig_main("consumers", argc, argv);
}
