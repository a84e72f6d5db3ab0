// SPDX-License-Identifier: GPL-2.0-only
/* Random operations on one device from several threads and processes. See thread_pool.h. */
#define _GNU_SOURCE
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <vmig/error.h>
#include <vmig/shared.h>
#include "load_attempt.h"
#include "child.h"
#include "thread_pool.h"
#include "session.h"
#include "thread.h"

/* A call that takes longer is sent signals; ms. */
#define SLOW 2000

#define LOOK_US 5000

/* So long the first threads wait for the last one; looks. */
#define START_LOOKS 600

/**
 * vmig_thread_pool_new - an empty pool
 * @dev: the device
 * @flags: its VFIO_MIGRATION_* bits
 *
 * Return: the pool, in memory that children share.
 */
struct vmig_thread_pool *vmig_thread_pool_new(struct vmig_device *dev, uint64_t flags)
{
	struct vmig_thread_pool *c = vmig_shared_alloc(sizeof(*c));

	c->dev = dev;
	c->flags = flags;
	return c;
}

/**
 * vmig_thread_pool_again - make it ready to run once more
 * @c: the pool, after vmig_thread_pool_run()
 *
 * What it has counted stays, and rng goes on where it was.
 */
void vmig_thread_pool_again(struct vmig_thread_pool *c)
{
	unsigned int p, t;

	atomic_store(&c->ready, 0);
	atomic_store(&c->over, false);
	atomic_store(&c->drained, false);
	atomic_store(&c->refused, 0);
	atomic_store(&c->stop, false);
	for (p = 0; p < VMIG_THREAD_POOL_PROCESSES; p++) {
		for (t = 0; t < VMIG_THREAD_POOL_THREADS; t++) {
			c->workers[p][t].bytes = 0;
			atomic_store(&c->workers[p][t].tid, 0);
			atomic_store(&c->workers[p][t].ended, false);
			memset(c->workers[p][t].tally, 0, sizeof(c->workers[p][t].tally));
		}
	}
}

/**
 * vmig_thread_pool_free - give its memory back
 * @c: the pool, after its last worker has ended
 */
void vmig_thread_pool_free(struct vmig_thread_pool *c)
{
	vmig_shared_free(c, sizeof(*c));
}

/**
 * vmig_thread_pool_bad - something is wrong; the first one counts, and ends it all
 * @c: the pool
 * @id: clause that is violated
 * @fmt: what the device did
 */
void vmig_thread_pool_bad(struct vmig_thread_pool *c, enum vmig_clause_id id, const char *fmt, ...)
{
	va_list args;

	if (atomic_exchange(&c->has_bad, true))
		return;
	c->bad_clause = id;
	va_start(args, fmt);
	vsnprintf(c->bad, sizeof(c->bad), fmt, args);
	va_end(args);
	atomic_store(&c->stop, true);
}

static unsigned int choose(struct vmig_worker *m, const struct vmig_weighted_call *mix)
{
	unsigned int sum = 0, i, at;

	for (i = 0; mix[i].call; i++)
		sum += mix[i].weight;
	at = vmig_rng_below(&m->rng, sum);
	for (i = 0; at >= mix[i].weight; i++)
		at -= mix[i].weight;
	return i;
}

static void make_call(struct vmig_worker *m, const struct vmig_weighted_call *mix)
{
	unsigned int nr = atomic_load(&m->calls), which = choose(m, mix);
	struct vmig_entry *e = &m->log[nr % VMIG_THREAD_POOL_LOG];

	e->call = mix[which].call;
	e->arg = 0;
	e->ret = 0;
	atomic_store(&m->since, vmig_now_ms());
	atomic_store(&m->busy, true);
	atomic_store(&m->calls, nr + 1);
	e->ret = e->call->run(m, &e->arg);
	atomic_store(&m->busy, false);
	m->made[which]++;
}

/**
 * vmig_thread_pool_wait_started - until all threads of all processes are there
 * @c: the pool
 *
 * A process takes its time to begin, and would find that the others have done it all.
 */
void vmig_thread_pool_wait_started(struct vmig_thread_pool *c)
{
	unsigned int i;

	for (i = 0; i < START_LOOKS && atomic_load(&c->ready) < c->processes * c->threads; i++)
		usleep(LOOK_US);
}

static void *worker(void *arg)
{
	struct vmig_worker *m = arg;
	struct vmig_thread_pool *c = m->pool;

	atomic_store(&m->tid, (int)syscall(SYS_gettid));
	m->page = mmap(NULL, VMIG_THREAD_POOL_BUFFER, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	atomic_fetch_add(&c->ready, 1);
	vmig_thread_pool_wait_started(c);
	if (m->page != MAP_FAILED) {
		while (!atomic_load(&c->stop)) {
			make_call(m, c->mix[m->process]);
			if (atomic_fetch_add(&c->made, 1) + 1 >= c->limit)
				atomic_store(&c->stop, true);
		}
		if (c->last)
			c->last(m);
		munmap(m->page, VMIG_THREAD_POOL_BUFFER);
	}
	atomic_store(&m->ended, true);
	return NULL;
}

/* Only there to interrupt. */
static void on_signal(int sig)
{
	(void)sig;
}

/* The kernel ends a thread in which it oopses, and that thread alone. */
static bool gone(struct vmig_worker *m)
{
	int tid = atomic_load(&m->tid);

	return atomic_load(&m->ended) ||
	       (tid && syscall(SYS_tgkill, getpid(), tid, 0) && errno == ESRCH);
}

static void poke(struct vmig_worker *m)
{
	int tid = atomic_load(&m->tid);

	if (tid && atomic_load(&m->busy) && vmig_now_ms() > atomic_load(&m->since) + SLOW)
		syscall(SYS_tgkill, getpid(), tid, SIGUSR1);
}

static bool all_gone(struct vmig_thread_pool *c, unsigned int process)
{
	bool all = true;
	unsigned int i;

	for (i = 0; i < c->threads; i++) {
		if (gone(&c->workers[process][i]))
			continue;
		poke(&c->workers[process][i]);
		all = false;
	}
	return all;
}

/**
 * vmig_thread_pool_threads - the threads of one process, until they have ended
 * @c: the pool
 * @process: which process this is
 * @meanwhile: called once they are at work; optional
 * @arg: its argument
 *
 * Who calls this is in a child that is watched, and leaves it by its end: threads that hang
 * are not waited for.
 */
void vmig_thread_pool_threads(struct vmig_thread_pool *c, unsigned int process,
			      void (*meanwhile)(void *arg), void *arg)
{
	struct sigaction action = { .sa_handler = on_signal };
	uint64_t end = vmig_now_ms() + c->ms;
	pthread_t thread;
	unsigned int i;

	sigaction(SIGUSR1, &action, NULL);
	for (i = 0; i < c->threads; i++) {
		struct vmig_worker *m = &c->workers[process][i];

		m->pool = c;
		m->process = process;
		vmig_thread_start(&thread, worker, m);
		pthread_detach(thread);
	}
	if (meanwhile)
		meanwhile(arg);
	while (!all_gone(c, process) && vmig_now_ms() < end + VMIG_THREAD_POOL_HUNG) {
		if (vmig_now_ms() >= end)
			atomic_store(&c->stop, true);
		usleep(LOOK_US);
	}
}

struct start {
	struct vmig_thread_pool *pool;
	unsigned int process;
};

static void be_process(void *arg)
{
	const struct start *s = arg;

	if (s->pool->body[s->process])
		s->pool->body[s->process](s->pool, s->process);
	else
		vmig_thread_pool_threads(s->pool, s->process, NULL, NULL);
}

static void begin_chances(struct vmig_thread_pool *c, const char *did)
{
	uint64_t stream = 0;
	unsigned int p, t;

	if (c->seeded)
		return;
	c->seeded = true;
	/* Another sequence for each test. */
	for (; *did; did++)
		stream = stream * 31 + (unsigned char)*did;
	for (p = 0; p < VMIG_THREAD_POOL_PROCESSES; p++)
		for (t = 0; t < VMIG_THREAD_POOL_THREADS; t++)
			vmig_rng_seed(&c->workers[p][t].rng,
				      (uint32_t)(stream << 8) + p * VMIG_THREAD_POOL_THREADS + t);
}

/* Where in the kernel a thread is, from the top. */
static void tell_stack(int pid, int tid, enum vmig_clause_id id)
{
	char path[64], line[160], all[320] = "";
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/task/%d/stack", pid, tid);
	f = fopen(path, "re");
	while (f && fgets(line, sizeof(line), f) && strlen(all) < sizeof(all) - 80)
		snprintf(all + strlen(all), sizeof(all) - strlen(all), " %.*s",
			 (int)strcspn(line + 6, "/\n"), line + 6);
	if (f)
		fclose(f);
	if (all[0])
		vmig_note(id, "thread %d is in%s", tid, all);
}

static void tell_hung(struct vmig_thread_pool *c, unsigned int process, pid_t pid)
{
	unsigned int t;

	for (t = 0; t < c->threads; t++)
		if (!atomic_load(&c->workers[process][t].ended))
			tell_stack(pid, atomic_load(&c->workers[process][t].tid), ROB_01);
}

static bool exited(pid_t pid)
{
	siginfo_t info = {};

	return waitid(P_PID, pid, &info, WEXITED | WNOHANG | WNOWAIT) || info.si_pid == pid;
}

/* Waits a little longer than the process itself does. */
static enum vmig_child_end wait_for(struct vmig_thread_pool *c, unsigned int process, pid_t pid,
				    uint64_t end)
{
	uint64_t now;
	unsigned int t;
	bool ended;

	do {
		ended = true;
		for (t = 0; t < c->threads; t++)
			ended &= atomic_load(&c->workers[process][t].ended);
		now = vmig_now_ms();
		if (!ended)
			usleep(LOOK_US);
	} while (!ended && now < end + VMIG_THREAD_POOL_HUNG && !exited(pid));
	if (!ended && !exited(pid))
		tell_hung(c, process, pid);
	return vmig_child_wait(pid, VMIG_THREAD_POOL_HUNG / 4);
}

/* Its calls ended with it: that they did not return says nothing. Once it is gone, none begins. */
static void forget_calls(struct vmig_thread_pool *c, unsigned int process)
{
	unsigned int t;

	if (!atomic_exchange(&c->exits[process], false))
		return;
	for (t = 0; t < c->threads; t++)
		atomic_store(&c->workers[process][t].busy, false);
}

/**
 * vmig_thread_pool_run - run the pool to its end
 * @c: the pool
 * @did: what it does, for messages
 *
 * Return: false if the kernel has hung or ended one of it; then the device is out of reach.
 */
bool vmig_thread_pool_run(struct vmig_thread_pool *c, const char *did)
{
	struct start start[VMIG_THREAD_POOL_PROCESSES];
	uint64_t end = vmig_now_ms() + c->ms;
	pid_t pid[VMIG_THREAD_POOL_PROCESSES];
	enum vmig_child_end how;
	bool stuck = false;
	unsigned int p;

	begin_chances(c, did);
	for (p = 0; p < c->processes; p++) {
		start[p].pool = c;
		start[p].process = p;
		pid[p] = vmig_child_start(be_process, &start[p]);
	}
	for (p = 0; p < c->processes; p++) {
		how = wait_for(c, p, pid[p], end);
		stuck |= how == VMIG_CHILD_STUCK || how == VMIG_CHILD_CRASHED;
		if (how == VMIG_CHILD_DONE)
			forget_calls(c, p);
	}
	if (stuck)
		vmig_session_abandon();
	return !stuck;
}

static void say_call(char *to, size_t room, const struct vmig_entry *e, bool busy)
{
	size_t len = strlen(to);

	if (busy)
		snprintf(to + len, room - len, " %s(%u)...", e->call->name, e->arg);
	else if (e->ret < 0)
		snprintf(to + len, room - len, " %s(%u)=%s", e->call->name, e->arg,
			 vmig_errno_name(e->ret));
	else
		snprintf(to + len, room - len, " %s(%u)=%d", e->call->name, e->arg, e->ret);
}

/* The command that repeats the test that is running: run.sh's, or this program's without it. */
static const char *again(void)
{
	unsigned long long seed = vmig_seed();
	const char *run = getenv("VMIG_AGAIN");

	if (run)
		return vmig_fmt("%s%s --seed %llu -t %s", run, vmig_stress(0, 1) ? " --stress" : "",
				seed, vmig_session_test());
	return vmig_fmt("VMIG_STRESS=%s VMIG_SEED=%llu VMIG_TESTS=%s selftests/%s --device %s",
			vmig_stress(0, 1) ? "full" : "brief", seed, vmig_session_test(),
			program_invocation_short_name, vmig_first_device()->name);
}

/**
 * vmig_thread_pool_report - note what each thread did last
 * @c: the pool
 * @id: clause that the notes go with
 */
void vmig_thread_pool_report(struct vmig_thread_pool *c, enum vmig_clause_id id)
{
	unsigned int p, t, nr, i, first;
	char line[360];

	vmig_note(id, "again: %s", again());
	for (p = 0; p < c->processes; p++) {
		for (t = 0; t < c->threads; t++) {
			struct vmig_worker *m = &c->workers[p][t];

			nr = atomic_load(&m->calls);
			first = nr > VMIG_THREAD_POOL_LOG ? nr - VMIG_THREAD_POOL_LOG : 0;
			line[0] = '\0';
			for (i = first; i < nr; i++)
				say_call(line, sizeof(line), &m->log[i % VMIG_THREAD_POOL_LOG],
					 i == nr - 1 && atomic_load(&m->busy));
			vmig_note(id, "process %u thread %u, %u calls:%s", p, t, nr, line);
		}
	}
}

/* The calls that did not return, for messages. */
static const char *in_flight(struct vmig_thread_pool *c)
{
	static char line[256];
	unsigned int p, t, nr;
	struct vmig_worker *m;

	line[0] = '\0';
	for (p = 0; p < c->processes; p++) {
		for (t = 0; t < c->threads; t++) {
			m = &c->workers[p][t];
			nr = atomic_load(&m->calls);
			if (atomic_load(&m->busy) && nr)
				say_call(line, sizeof(line),
					 &m->log[(nr - 1) % VMIG_THREAD_POOL_LOG], true);
		}
	}
	return line;
}

/**
 * vmig_thread_pool_check - has every call returned, and was what they returned right?
 * @c: the pool, after vmig_thread_pool_run()
 * @did: what it did, for messages
 *
 * Checks ROB-01; another clause only if it was violated.
 *
 * Return: false after a breach.
 */
bool vmig_thread_pool_check(struct vmig_thread_pool *c, const char *did)
{
	const char *hung = in_flight(c);
	bool ok;

	ok = CHECK(ROB_01, !hung[0], did, "every call returns",
		   "these did not, or ended their thread:%s", hung);
	if (!ok)
		vmig_session_abandon();
	if (c->has_bad)
		ok &= CHECK(c->bad_clause, false, did, "as the clause says", "%s", c->bad);
	if (!ok)
		vmig_thread_pool_report(c, ROB_01);
	return ok;
}

static unsigned long made_of(struct vmig_thread_pool *c, const struct vmig_call *call)
{
	const struct vmig_weighted_call *s;
	unsigned long sum = 0;
	unsigned int i, p, t;

	for (p = 0; p < c->processes; p++)
		for (i = 0, s = c->mix[p]; s[i].call; i++)
			for (t = 0; s[i].call == call && t < c->threads; t++)
				sum += c->workers[p][t].made[i];
	return sum;
}

/**
 * vmig_thread_pool_metrics - how many calls of each kind were made
 * @c: the pool
 * @name: of the test
 */
void vmig_thread_pool_metrics(struct vmig_thread_pool *c, const char *name)
{
	const struct vmig_call *seen[VMIG_THREAD_POOL_PROCESSES * VMIG_MIX_MAX];
	unsigned int i, j, p, count = 0;
	const struct vmig_weighted_call *s;

	for (p = 0; p < c->processes; p++) {
		for (i = 0, s = c->mix[p]; s[i].call; i++) {
			for (j = 0; j < count && seen[j] != s[i].call; j++)
				;
			if (j < count)
				continue;
			seen[count++] = s[i].call;
			vmig_metric(vmig_fmt("stress_%s_%s", name, s[i].call->name),
				    made_of(c, s[i].call), "calls");
		}
	}
	vmig_metric(vmig_fmt("stress_%s", name), atomic_load(&c->made), "calls");
}
