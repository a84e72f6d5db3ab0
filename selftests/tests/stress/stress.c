// SPDX-License-Identifier: GPL-2.0-only
/*
 * ROB-02, ROB-03: random calls at once. Threads of several processes make random calls on one
 * device and on its data_fds; chapter `race` has the pairs of calls that are known to be
 * delicate, here are all of them in whatever order rng brings, which a seed repeats as far
 * as a scheduler can be repeated.
 *
 * What must hold whatever comes: every call returns, GET returns a state that the device has, a
 * undisturbed SET is honoured, the device comes back and can migrate, nothing is left
 * behind. That no memory and no lock was harmed a debug kernel says (ROB-02, ROB-03), which
 * the other checks do not need.
 */
#include <errno.h>
#include <string.h>

#include <vmig/dma_logging.h>
#include <vmig/info.h>
#include <vmig/shared.h>
#include "leak_check.h"
#include "round_trip_check.h"
#include "unbind.h"
#include "stress_close.h"
#include "stress_ops.h"
#include "stress_stream.h"
#include "exercise.h"
#include "vmig_harness.h"
#include "kmsg_watch.h"

/* A test may take this long on a busy machine; seconds. */
#define LONG 300

VMIG_FIXTURE(stress);
VMIG_FIXTURE(stress_after);

/**
 * struct before - what the tests of this program know together
 * @leaks: what there was before the first of them
 * @any: one of them has come to its end since memory was last asked for
 */
struct before {
	struct vmig_leaks leaks;
	bool any;
};

static struct before *before;

/**
 * struct party - what every test has
 * @pool: who takes part
 * @name: for the figures
 * @did: what they do, for messages
 * @watch: on the kernel's log
 * @watched: the kernel reports misuse of memory and locks (KASAN, lockdep)
 * @leaks: what there was before
 */
struct party {
	struct vmig_thread_pool *pool;
	const char *name;
	const char *did;
	int watch;
	bool watched;
	struct vmig_leaks leaks;
};

static void party_begin(struct party *p, struct vmig_device *dev, uint64_t flags, const char *name,
			const char *did)
{
	const char *why;

	vmig_require_round_trip(dev);
	p->pool = vmig_thread_pool_new(dev, flags);
	p->name = name;
	p->did = did;
	p->watched = vmig_kernel_watches(&why);
	vmig_leaks_begin(&p->leaks, dev);
	p->watch = vmig_kmsg_watch_begin();
}

static void party_size(struct party *p, unsigned int processes, unsigned int threads,
		       unsigned long limit, unsigned int ms)
{
	p->pool->processes = processes;
	p->pool->threads = threads;
	p->pool->limit = limit;
	p->pool->ms = ms;
}

static void add_states(struct vmig_thread_pool *c, const uint32_t *states, unsigned int count)
{
	unsigned int i;

	for (i = 0; i < count; i++)
		if (vmig_state_offered(c->flags, states[i]))
			c->states[c->nr_states++] = states[i];
}

/* Runs it and judges what comes of every such test. Return: the device can be used on. */
static bool party_run(struct party *p)
{
	if (!vmig_thread_pool_run(p->pool, p->did))
		vmig_session_abandon();
	vmig_thread_pool_metrics(p->pool, p->name);
	return vmig_thread_pool_check(p->pool, p->did);
}

/* What the kernel says of it, and what was left behind. */
static void party_end(struct party *p, enum vmig_clause_id id)
{
	if (p->watched && !vmig_kmsg_watch_check(p->watch, id, p->did))
		vmig_thread_pool_report(p->pool, id);
	vmig_kmsg_watch_end(p->watch);
	vmig_leaks_judge_counts(&p->leaks, ROB_05, p->did);
	before->any = true;
	vmig_thread_pool_free(p->pool);
}

/* The device settles and can migrate. */
static void judge_comes_back(struct vmig_device *dev, enum vmig_clause_id id, const char *did)
{
	int ret = __vmig_recover_running(dev);
	const char *why;

	if (!CHECK_OK(id, ret, vmig_fmt("bringing the device to RUNNING after %s", did)))
		return;
	why = vmig_round_trip(dev);
	CHECK(id, !why, vmig_fmt("save and load after %s", did), "all of it works", "%s", why);
}

/* After RESETs that met other calls; another one, undisturbed, must bring the device back. */
static void judge_comes_back_from_resets(struct vmig_device *dev, const char *did)
{
	const char *why;
	int ret = __vmig_recover_running(dev);

	CHECK_OK(RST_05, ret, vmig_fmt("bringing the device to RUNNING after %s", did));
	why = vmig_round_trip(dev);
	CHECK(RST_05, !why, vmig_fmt("save and load after %s", did), "all of it works", "%s", why);
	if (!why)
		return;
	ret = __vmig_reset(dev);
	if (CHECK_OK(ROB_01, ret, vmig_fmt("RESET after %s", did)))
		judge_comes_back(dev, ROB_01, vmig_fmt("%s, and a RESET", did));
}

static void judge_set_alone(struct vmig_device *dev, uint32_t to, const char *did)
{
	int ret = __vmig_set_state(dev, to, NULL);
	uint32_t state;

	if (!CHECK_OK(ST_13, ret, vmig_fmt("SET(%s) alone, after %s", vmig_state_name(to), did)))
		return;
	state = vmig_get_state(dev);
	CHECK(ST_13, state == to,
	      vmig_fmt("GET after SET(%s) alone, after %s", vmig_state_name(to), did),
	      vmig_fmt("state %s", vmig_state_name(to)), "state %s", vmig_state_name(state));
}

/* Each thread ended with a SET; the last of them all was one of these. */
static void judge_last_sets(struct vmig_thread_pool *c, const char *did)
{
	uint32_t state = vmig_get_state(c->dev);
	const struct vmig_entry *e;
	bool asked = false;
	unsigned int p, t;

	for (p = 0; p < c->processes; p++) {
		for (t = 0; t < c->threads; t++) {
			struct vmig_worker *m = &c->workers[p][t];

			e = &m->log[(atomic_load(&m->calls) - 1) % VMIG_THREAD_POOL_LOG];
			if (e->ret) {
				vmig_note(ST_13, "the last SET(%s) of a thread: %s",
					  vmig_state_name(e->arg), vmig_errno_name(e->ret));
				return;
			}
			asked |= e->arg == state;
		}
	}
	if (!CHECK(ST_13, asked, vmig_fmt("GET after %s", did),
		   "what the last SET of some thread asked for", "state %s",
		   vmig_state_name(state)))
		vmig_thread_pool_report(c, ST_13);
}

static const uint32_t copy_states[] = {
	VFIO_DEVICE_STATE_RUNNING,
	VFIO_DEVICE_STATE_STOP,
	VFIO_DEVICE_STATE_STOP_COPY,
	VFIO_DEVICE_STATE_RUNNING_P2P,
};

static const uint32_t precopy_states[] = {
	VFIO_DEVICE_STATE_PRE_COPY,
	VFIO_DEVICE_STATE_PRE_COPY_P2P,
	VFIO_DEVICE_STATE_RUNNING,
	VFIO_DEVICE_STATE_STOP,
};

/*
 * From STOP_COPY to PRE_COPY there is no way, and to ask for it hangs old kernels
 * (a26b499b757c): both together only where hazards may be run.
 */
static void all_states(struct vmig_thread_pool *c)
{
	add_states(c, copy_states, 4);
	if (vmig_hazards())
		add_states(c, precopy_states, 2);
}

static const struct vmig_weighted_call sets[] = {
	{ &vmig_call_set, 6 },	{ &vmig_call_get, 6 },	 { &vmig_call_flags, 2 },
	{ &vmig_call_size, 2 }, { &vmig_call_close, 1 }, { NULL },
};

static const struct vmig_weighted_call opens[] = {
	{ &vmig_call_open, 1 },
	{ &vmig_call_get, 12 },
	{ &vmig_call_flags, 4 },
	{ NULL },
};

/* The states, from everywhere: no session is read. */
VMIG_TEST_TIMEOUT(stress, sets, LONG)
{
	unsigned long limit = vmig_stress(300, 60000);
	struct party p;

	CLAUSES(ST_02, ST_13, OPEN_05, ROB_01, ROB_02, ROB_05);
	NEED(limit, VMIG_NO_STRESS);
	party_begin(&p, self->dev, self->flags, "sets",
		    "random SETs and GETs from threads of two processes, and opens by a third");
	party_size(&p, 3, 2, limit, vmig_stress(1000, 8000));
	p.pool->mix[0] = sets;
	p.pool->mix[1] = sets;
	p.pool->mix[2] = opens;
	p.pool->last = vmig_last_set;
	all_states(p.pool);
	if (!party_run(&p))
		return;
	judge_last_sets(p.pool, p.did);
	judge_set_alone(self->dev, VFIO_DEVICE_STATE_STOP, p.did);
	judge_set_alone(self->dev, VFIO_DEVICE_STATE_RUNNING, p.did);
	judge_comes_back(self->dev, ROB_01, p.did);
	party_end(&p, ROB_02);
}

static const struct vmig_weighted_call saving[] = {
	{ &vmig_call_set, 6 },	 { &vmig_call_get, 10 },
	{ &vmig_call_size, 3 },	 { &vmig_call_read, 24 },
	{ &vmig_call_poll, 8 },	 { &vmig_call_info, 8 },
	{ &vmig_call_close, 2 }, { &vmig_call_dup, 2 },
	{ &vmig_call_reset, 1 }, { NULL },
};

static const struct vmig_weighted_call saving_and_fork[] = {
	{ &vmig_call_set, 60 },	  { &vmig_call_get, 60 },
	{ &vmig_call_read, 240 }, { &vmig_call_poll, 60 },
	{ &vmig_call_info, 60 },  { &vmig_call_close, 20 },
	{ &vmig_call_dup, 20 },	  { &vmig_call_fork, 1 },
	{ &vmig_call_flags, 20 }, { NULL },
};

/* Saves, complete or not, in which everything comes in between. */
VMIG_TEST_TIMEOUT(stress, saves, LONG)
{
	unsigned long limit = vmig_stress(500, 60000);
	struct party p;

	CLAUSES(ST_02, OPEN_05, RST_05, ROB_01, ROB_02, ROB_05);
	NEED(limit, VMIG_NO_STRESS);
	party_begin(
		&p, self->dev, self->flags, "saves",
		"random SETs, RESETs, reads, polls, PRECOPY_INFOs and closes from threads of two "
		"processes, which fork, and opens by a third");
	party_size(&p, 3, 3, limit, vmig_stress(2000, 10000));
	p.pool->mix[0] = saving;
	p.pool->mix[1] = saving_and_fork;
	p.pool->mix[2] = opens;
	all_states(p.pool);
	if (!party_run(&p))
		return;
	judge_comes_back_from_resets(self->dev, p.did);
	party_end(&p, ROB_02);
}

static const struct vmig_weighted_call loading[] = {
	{ &vmig_call_set, 5 },	 { &vmig_call_get, 10 },
	{ &vmig_call_size, 2 },	 { &vmig_call_write, 24 },
	{ &vmig_call_poll, 6 },	 { &vmig_call_info, 3 },
	{ &vmig_call_close, 1 }, { &vmig_call_dup, 2 },
	{ &vmig_call_reset, 4 }, { NULL },
};

static const uint32_t load_states[] = {
	VFIO_DEVICE_STATE_RESUMING,
	VFIO_DEVICE_STATE_RESUMING,
	VFIO_DEVICE_STATE_STOP,
	VFIO_DEVICE_STATE_RUNNING,
};

/* What is written, and by whom, is as it comes: most loads fail. */
VMIG_TEST_TIMEOUT(stress, loads, LONG)
{
	unsigned long limit = vmig_stress(400, 40000);
	struct vmig_stream good = {};
	struct party p;

	CLAUSES(ST_02, OPEN_05, RST_05, ROB_01, ROB_02, ROB_05);
	NEED(limit, VMIG_NO_STRESS);
	NEED_RESET;
	vmig_save(self->dev, &good);
	vmig_goto_state(self->dev, VFIO_DEVICE_STATE_RUNNING);
	party_begin(
		&p, self->dev, self->flags, "loads",
		"random SETs, RESETs, writes and closes from threads of two processes, and opens "
		"by a third");
	party_size(&p, 3, 3, limit, vmig_stress(1500, 7000));
	p.pool->mix[0] = loading;
	p.pool->mix[1] = loading;
	p.pool->mix[2] = opens;
	p.pool->stream = good.data;
	p.pool->stream_len = good.len;
	add_states(p.pool, load_states, 4);
	if (party_run(&p)) {
		judge_comes_back_from_resets(self->dev, p.did);
		party_end(&p, ROB_02);
	}
	vmig_stream_free(&good);
}

static const struct vmig_weighted_call logging[] = {
	{ &vmig_call_log_start, 4 },
	{ &vmig_call_log_report, 6 },
	{ &vmig_call_log_stop, 3 },
	{ &vmig_call_set, 1 },
	{ &vmig_call_get, 4 },
	{ &vmig_call_reset, 1 },
	{ NULL },
};

/* DMA logging has locks of its own; the log goes when another process reads it. */
VMIG_TEST_TIMEOUT(stress, dma_logging, LONG)
{
	unsigned long limit = vmig_stress(200, 20000);
	struct party p;
	int ret;

	CLAUSES(ST_02, RST_05, ROB_01, ROB_02, ROB_05);
	NEED(limit, VMIG_NO_STRESS);
	NEED(!__vmig_probe(self->dev, VFIO_DEVICE_FEATURE_DMA_LOGGING_START, 0),
	     "the device offers no DMA logging");
	party_begin(
		&p, self->dev, self->flags, "dma_logging",
		"random starts, reports and stops of DMA logging, SETs and RESETs from threads of "
		"two processes");
	party_size(&p, 2, 3, limit, vmig_stress(1000, 5000));
	p.pool->mix[0] = logging;
	p.pool->mix[1] = logging;
	add_states(p.pool, copy_states, 4);
	if (!party_run(&p))
		return;
	ret = __vmig_log_stop(self->dev);
	if (ret)
		vmig_note(ROB_01, "the last STOP of DMA logging: %s", vmig_errno_name(ret));
	judge_comes_back_from_resets(self->dev, p.did);
	party_end(&p, ROB_02);
}

/* A state that is not all zeros, where an exerciser can make one. */
static void fill(struct vmig_device *dev)
{
	struct vmig_exercise w;

	vmig_exercise_begin(&w, dev);
	if (w.ops->set_pattern)
		vmig_set_pattern(&w, 1);
	vmig_exercise_end(&w);
}

VMIG_TEST_TIMEOUT(stress, readers, LONG)
{
	unsigned long calls = vmig_stress(500, 8000);
	struct vmig_stream good = {}, again = {};
	struct party p;

	CLAUSES(STRM_01, ROB_01, ROB_03, ROB_05);
	NEED(calls, VMIG_NO_STRESS);
	party_begin(&p, self->dev, self->flags, "readers",
		    "a save that threads of two processes read");
	party_size(&p, 2, 3, 0, vmig_stress(1500, 7000));
	fill(self->dev);
	vmig_goto_state(self->dev, VFIO_DEVICE_STATE_STOP);
	vmig_save(self->dev, &good);
	vmig_save(self->dev, &again);
	NEED(good.len == again.len && !memcmp(good.data, again.data, good.len),
	     "two saves of the device, which stands still, are not the same");
	p.pool->stream = good.data;
	p.pool->stream_len = good.len;
	vmig_stress_readers(p.pool, p.did, calls);
	vmig_thread_pool_metrics(p.pool, p.name);
	if (vmig_thread_pool_check(p.pool, p.did)) {
		judge_comes_back(self->dev, ROB_03, p.did);
		party_end(&p, ROB_03);
	}
	vmig_stream_free(&good);
	vmig_stream_free(&again);
}

/* Does the driver refuse what comes behind the end of the stream? */
static bool refuses_surplus(struct vmig_device *dev, const struct vmig_stream *good)
{
	int fd = vmig_goto_state(dev, VFIO_DEVICE_STATE_RESUMING);
	bool refused;

	vmig_stream_write(fd, good);
	refused = __vmig_write(fd, good->data, 1) < 0;
	close(fd);
	vmig_recover_running(dev);
	return refused;
}

/*
 * hisi_acc and mtty compare lengths before they take their lock, mlx5 takes pointers before it:
 * kernel memory is written to that is not the driver's, so this is a hazard.
 */
VMIG_TEST_TIMEOUT(stress, writers, LONG)
{
	unsigned long calls = vmig_stress(500, 8000);
	struct vmig_stream good = {};
	struct party p;
	bool full;

	CLAUSES(RES_14, ROB_01, ROB_03, ROB_05);
	NEED(calls, VMIG_NO_STRESS);
	NEED(vmig_hazards(), "a hazard: VMIG_HAZARDS=1 lets it run");
	NEED_RESET;
	vmig_save(self->dev, &good);
	NEED(good.len > 1, "a save gives %zu bytes, which several writers cannot share", good.len);
	vmig_recover_running(self->dev);
	party_begin(&p, self->dev, self->flags, "writers",
		    "loads that threads of two processes write");
	party_size(&p, 2, 2, 0, vmig_stress(2000, 7000));
	vmig_set_state(self->dev, VFIO_DEVICE_STATE_STOP);
	full = refuses_surplus(self->dev, &good);
	p.pool->stream = good.data;
	p.pool->stream_len = good.len;
	vmig_stress_writers(p.pool, p.did, calls, full);
	vmig_thread_pool_metrics(p.pool, p.name);
	if (vmig_thread_pool_check(p.pool, p.did)) {
		judge_comes_back(self->dev, ROB_03, p.did);
		party_end(&p, ROB_03);
	}
	vmig_stream_free(&good);
}

/* The device is closed, and open again at the end. Return: it can be used on. */
static bool close_often(struct vmig_device **dev, struct party *p, struct vmig_closing *how,
			unsigned long calls, unsigned int rounds)
{
	struct vmig_dev_id id = (*dev)->id;
	bool ok;

	how->uapi = (*dev)->uapi;
	vmig_close(*dev);
	*dev = NULL;
	p->pool->dev = &(struct vmig_device){ .id = id, .fd = -1 };
	ok = vmig_stress_close(p->pool, how, p->did, calls, rounds);
	vmig_thread_pool_metrics(p->pool, p->name);
	if (!vmig_thread_pool_check(p->pool, p->did) || !ok)
		return false;
	*dev = vmig_open(&id, how->uapi);
	p->pool->dev = *dev;
	p->leaks.dev = *dev;
	return true;
}

#define CLOSES_MS vmig_stress(2000, 6000)

VMIG_TEST_TIMEOUT(stress, closes_of_saves, LONG)
{
	unsigned long calls = vmig_stress(300, 6000);
	struct vmig_closing how = {};
	struct party p;

	CLAUSES(FD_09, ROB_01, ROB_02, ROB_04, ROB_05);
	NEED(calls, VMIG_NO_STRESS);
	how.state = vmig_state_offered(self->flags, VFIO_DEVICE_STATE_PRE_COPY)
			    ? VFIO_DEVICE_STATE_PRE_COPY
			    : VFIO_DEVICE_STATE_STOP_COPY;
	party_begin(&p, self->dev, self->flags, "closes_of_saves",
		    "closes of the device while threads read, poll and ask for PRECOPY_INFO on its "
		    "data_fd, and opens by another process");
	party_size(&p, 2, 3, 0, CLOSES_MS);
	if (!close_often(&self->dev, &p, &how, calls, vmig_stress(8, 100)))
		return;
	judge_comes_back(self->dev, ROB_02, p.did);
	party_end(&p, ROB_02);
}

VMIG_TEST_TIMEOUT(stress, closes_of_loads, LONG)
{
	unsigned long calls = vmig_stress(300, 6000);
	struct vmig_closing how = { .state = VFIO_DEVICE_STATE_RESUMING };
	struct vmig_stream good = {};
	struct party p;

	CLAUSES(FD_09, ROB_01, ROB_02, ROB_04, ROB_05);
	NEED(calls, VMIG_NO_STRESS);
	vmig_save(self->dev, &good);
	vmig_goto_state(self->dev, VFIO_DEVICE_STATE_RUNNING);
	party_begin(&p, self->dev, self->flags, "closes_of_loads",
		    "closes of the device while threads write to its data_fd, and opens by another "
		    "process");
	party_size(&p, 2, 3, 0, CLOSES_MS);
	p.pool->stream = good.data;
	p.pool->stream_len = good.len;
	if (close_often(&self->dev, &p, &how, calls, vmig_stress(8, 100))) {
		judge_comes_back(self->dev, ROB_02, p.did);
		party_end(&p, ROB_02);
	}
	vmig_stream_free(&good);
}

/* The data_fd outlives the device, the driver's binding, and the next device of that name. */
VMIG_TEST_TIMEOUT(stress, removals_in_saves, LONG)
{
	struct vmig_closing how = { .state = VFIO_DEVICE_STATE_STOP_COPY, .remove = true };
	unsigned long calls = vmig_stress(300, 3000);
	const char *why;
	struct party p;

	CLAUSES(FD_09, FD_10, ROB_01, ROB_04, ROB_05);
	NEED(calls, VMIG_NO_STRESS);
	NEED(vmig_removal_allowed(&why), "%s", why);
	party_begin(&p, self->dev, self->flags, "removals_in_saves",
		    "removals of the device while threads read from its data_fd");
	party_size(&p, 1, 4, 0, CLOSES_MS);
	if (!close_often(&self->dev, &p, &how, calls, vmig_stress(2, 12)))
		return;
	judge_comes_back(self->dev, ROB_01, p.did);
	party_end(&p, FD_10);
}

VMIG_TEST_TIMEOUT(stress, removals_in_loads, LONG)
{
	struct vmig_closing how = { .state = VFIO_DEVICE_STATE_RESUMING, .remove = true };
	unsigned long calls = vmig_stress(300, 3000);
	struct vmig_stream good = {};
	const char *why;
	struct party p;

	CLAUSES(FD_09, FD_10, ROB_01, ROB_04, ROB_05);
	NEED(calls, VMIG_NO_STRESS);
	NEED(vmig_removal_allowed(&why), "%s", why);
	vmig_save(self->dev, &good);
	vmig_goto_state(self->dev, VFIO_DEVICE_STATE_RUNNING);
	party_begin(&p, self->dev, self->flags, "removals_in_loads",
		    "removals of the device while threads write to its data_fd");
	party_size(&p, 1, 4, 0, CLOSES_MS);
	p.pool->stream = good.data;
	p.pool->stream_len = good.len;
	if (close_often(&self->dev, &p, &how, calls, vmig_stress(2, 12))) {
		judge_comes_back(self->dev, ROB_01, p.did);
		party_end(&p, FD_10);
	}
	vmig_stream_free(&good);
}

/* Last, as to ask takes long, and is done for all of the chapter at once. */
VMIG_TEST_TIMEOUT(stress_after, no_memory_is_lost, LONG)
{
	CLAUSES(ROB_05);
	if (before->any)
		vmig_leaks_judge_memory(&before->leaks, ROB_05, "all tests of this chapter");
	before->any = false;
}

int main(int argc, char **argv)
{
	before = vmig_shared_alloc(sizeof(*before));
	/* Not for who only wants to know which tests there are. */
	if (argc < 2 || !strcmp(argv[1], "--device") || !strcmp(argv[1], "-r"))
		vmig_leaks_memory_begin(&before->leaks);
	return vmig_main("stress", argc, argv);
}
