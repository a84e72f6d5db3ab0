// SPDX-License-Identifier: GPL-2.0-only
/*
 * STRM-12, RES-05, RES-07, ROB-02: a reader, a writer and a controller, each a thread, as in a VMM
 * that moves the data of its devices beside all else. What is read from the first byte to the
 * end of the stream is whole, whatever the controller did meanwhile; and what SET leaves
 * RESUMING with is whole, whatever a writer was doing.
 *
 * What a call returns that meets a SET is not determined. So a stream is judged by its load, and a
 * SET only by what had returned before it began. All threads are in a child, so that one that
 * hangs ends the child and not the test.
 */
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdlib.h>

#include <vmig/clock.h>
#include <vmig/info.h>
#include "child.h"
#include "fixture_exercise.h"
#include "load_attempt.h"
#include "random.h"
#include "round_trip_check.h"
#include "session_check.h"
#include "thread.h"

/* So often at most, and as long as there is time; ms. */
#define ROUNDS vmig_stress(12, 200)
#define ROUNDS_MS vmig_stress(4000, 60000)

/* One round may take this long, beyond the time that all of them have; ms. */
#define CHILD_TIMEOUT_MS (ROUNDS_MS + 40000)

#define TEST_TIMEOUT_S 180

/* A controller comes after so long at most; us. */
#define WAIT_US 3000

/* Bytes of a read(), few enough that a stream takes many. */
#define CHUNK 2048

VMIG_WORK_FIXTURE_WAYS(threads);

/**
 * struct threads - a session, and the threads that use it
 * @dev: the device
 * @w: its exerciser
 * @control: a plain save and load
 * @rng: when the controller comes
 * @fd: data_fd
 * @s: what the reader has read
 * @zero: the driver tells of a temporary end by 0, which is PRE-11's matter
 * @end: 0 or the error with which the reader ended
 * @done: bytes that the writer has written
 * @wrote: 0 or the error with which the writer ended
 * @whole: the writer's last write() has returned
 * @last: it has begun
 * @refused: an error of a write() of damaged data, which has returned
 * @asked: SET has begun
 * @answered: SET has returned
 * @late: bytes that a read() gave which began when the session was over
 * @told: GET_PRECOPY_INFO succeeded that began when PRE_COPY was over
 * @stop: all threads that have no end of their own are to end
 */
struct threads {
	struct vmig_device *dev;
	struct vmig_exercise *w;
	struct vmig_reference control;
	struct vmig_rng rng;
	int fd;
	struct vmig_stream s;
	bool zero;
	int end;
	size_t done;
	int wrote;
	atomic_bool whole;
	atomic_bool last;
	atomic_int refused;
	atomic_bool asked;
	atomic_bool answered;
	size_t late;
	bool told;
	atomic_bool stop;
};

/* To the end of the stream; at a temporary end it looks again. */
static void *reader(void *arg)
{
	struct threads *t = arg;
	char buf[CHUNK];
	bool over;
	ssize_t n;

	for (;;) {
		over = atomic_load(&t->answered);
		n = __vmig_read(t->fd, buf, sizeof(buf));
		if ((n == -ENOMSG || (!n && t->zero)) && !over) {
			sched_yield();
			continue;
		}
		if (n <= 0)
			break;
		vmig_stream_append(&t->s, buf, n);
		if (over)
			t->late += n;
	}
	t->end = n;
	return NULL;
}

/* In pieces, so that a SET comes between two of them, or into one. */
static void *writer(void *arg)
{
	const struct vmig_stream *s;
	struct threads *t = arg;
	size_t size;
	ssize_t n = 0;

	s = &t->control.stream;
	size = s->len / 40 + 1;
	while (t->done < s->len) {
		if (s->len - t->done <= size)
			atomic_store(&t->last, true);
		n = __vmig_write(t->fd, s->data + t->done,
				 s->len - t->done < size ? s->len - t->done : size);
		if (n <= 0)
			break;
		t->done += n;
	}
	t->wrote = t->done == s->len ? 0 : n;
	atomic_store(&t->whole, t->done == s->len);
	return NULL;
}

static void *asker(void *arg)
{
	struct vfio_precopy_info info;
	struct threads *t = arg;
	bool over;

	while (!atomic_load(&t->stop)) {
		over = atomic_load(&t->answered);
		info = (struct vfio_precopy_info){ .argsz = sizeof(info) };
		if (!__vmig_precopy_info(t->fd, &info) && over)
			t->told = true;
	}
	return NULL;
}

/* Some time during which the others are at work. */
static void wait_some(struct threads *t)
{
	uint64_t us = vmig_rng_below(&t->rng, WAIT_US);
	struct timespec pause = { .tv_nsec = us * 1000 };

	if (us % 4)
		nanosleep(&pause, NULL);
}

static void set(struct threads *t, uint32_t state)
{
	vmig_set_state(t->dev, state);
}

static void new_session(struct threads *t, uint32_t state)
{
	vmig_set_state(t->dev, VFIO_DEVICE_STATE_RUNNING);
	t->fd = vmig_goto_state(t->dev, state);
	t->s.len = 0;
	t->done = 0;
	t->late = 0;
	t->told = false;
	atomic_store(&t->whole, false);
	atomic_store(&t->last, false);
	atomic_store(&t->refused, 0);
	atomic_store(&t->asked, false);
	atomic_store(&t->answered, false);
	atomic_store(&t->stop, false);
}

/**
 * struct path - what a controller does while a session is read
 * @name: in messages
 * @from: state in which the reader begins
 * @through: what is set on the way to STOP_COPY, up to a 0
 */
struct path {
	const char *name;
	uint32_t from;
	uint32_t through[4];
};

static const struct path paths[] = {
	{ "SET(STOP_COPY)", VFIO_DEVICE_STATE_PRE_COPY, {} },
	{ "SET(PRE_COPY_P2P), SET(STOP_COPY)",
	  VFIO_DEVICE_STATE_PRE_COPY,
	  { VFIO_DEVICE_STATE_PRE_COPY_P2P } },
	{ "SET(PRE_COPY_P2P), SET(PRE_COPY), SET(STOP_COPY)",
	  VFIO_DEVICE_STATE_PRE_COPY,
	  { VFIO_DEVICE_STATE_PRE_COPY_P2P, VFIO_DEVICE_STATE_PRE_COPY } },
};

/* What was read is a whole stream, and ended as one. */
static bool check_stream(struct threads *t, const char *did)
{
	struct vmig_fault fault;

	if (!CHECK(STRM_12, !t->end, did, "the reader comes to the end of the stream",
		   "%s after %zu bytes", vmig_errno_name(t->end), t->s.len))
		return false;
	vmig_set_state(t->dev, VFIO_DEVICE_STATE_STOP);
	close(t->fd);
	fault = vmig_verify_load(t->dev, &t->control, &t->s, &vmig_default_chunks);
	if (fault.found)
		vmig_recover_running(t->dev);
	/* What the device did by itself while it was read is no fault of the stream. */
	if (fault.content)
		vmig_note(STRM_12, "%s: %s", did, fault.why);
	return CHECK(STRM_12, !fault.found || fault.content, did,
		     "what it has read up to the end loads",
		     "%zu bytes, the plain stream has %zu; %s", t->s.len, t->control.stream.len,
		     fault.why);
}

static bool one_save(struct threads *t, const struct path *path, bool asks)
{
	pthread_t reads, questions;
	const char *did;
	unsigned int i;
	bool good;

	did = vmig_fmt("a thread reads from PRE_COPY to the end%s, another one meanwhile: %s",
		       asks ? ", a second one calls GET_PRECOPY_INFO" : "", path->name);
	new_session(t, path->from);
	vmig_thread_start(&reads, reader, t);
	if (asks)
		vmig_thread_start(&questions, asker, t);
	for (i = 0; path->through[i]; i++) {
		wait_some(t);
		set(t, path->through[i]);
	}
	wait_some(t);
	set(t, VFIO_DEVICE_STATE_STOP_COPY);
	atomic_store(&t->answered, true);
	pthread_join(reads, NULL);
	atomic_store(&t->stop, true);
	if (asks)
		pthread_join(questions, NULL);
	/* The device may have been told apart while it was read: only the load judges. */
	good = check_stream(t, did);
	if (asks)
		good &= CHECK(PRE_02, !t->told, did,
			      "no GET_PRECOPY_INFO succeeds that began after SET(STOP_COPY)",
			      "one does");
	return good;
}

static bool states_offered(struct vmig_device *dev, const struct path *path)
{
	uint64_t flags = vmig_get_migration(dev);
	unsigned int i;

	for (i = 0; path->through[i]; i++)
		if (!vmig_state_offered(flags, path->through[i]))
			return false;
	return true;
}

/* What this driver returns at a temporary end, without anybody beside the reader. */
static void look_at_temporary_end(struct threads *t)
{
	uint64_t end = vmig_now_ms() + ROUNDS_MS;
	char buf[CHUNK];
	ssize_t n;

	new_session(t, VFIO_DEVICE_STATE_PRE_COPY);
	do {
		n = __vmig_read(t->fd, buf, sizeof(buf));
	} while (n > 0 && vmig_now_ms() < end);
	t->zero = !n;
	vmig_set_state(t->dev, VFIO_DEVICE_STATE_STOP_COPY);
	vmig_set_state(t->dev, VFIO_DEVICE_STATE_STOP);
	close(t->fd);
}

static void saves(struct threads *t, bool asks)
{
	uint64_t end = vmig_now_ms() + ROUNDS_MS;
	unsigned int i, p;

	look_at_temporary_end(t);
	for (i = 0; i < ROUNDS && vmig_now_ms() < end; i++) {
		p = i % ARRAY_SIZE(paths);
		if (states_offered(t->dev, &paths[p]) && !one_save(t, &paths[p], asks))
			return;
	}
}

static void try_saves(void *arg)
{
	saves(arg, false);
}

static void try_saves_and_questions(void *arg)
{
	saves(arg, true);
}

/* The control is taken before: all of it must work with one thread. */
static void judge(struct vmig_exercise *w, enum vmig_clause_id id, void (*fn)(void *arg),
		  const char *did)
{
	struct threads t = { .dev = w->dev, .w = w };

	vmig_reference_save_quick(w->dev, &t.control);
	vmig_rng_seed(&t.rng, 0x74);
	vmig_judge_child(id, vmig_child_run(fn, &t, CHILD_TIMEOUT_MS), did);
	vmig_stream_free(&t.control.stream);
}

/*
 * A reader at the temporary end that meets SET(STOP_COPY): it has been told, or is about to be,
 * that there is nothing, and that has just become untrue.
 */
VMIG_TEST_TIMEOUT(threads, reader_and_controller, TEST_TIMEOUT_S)
{
	CLAUSES(STRM_12, ROB_02);
	NEED_STATE(VFIO_DEVICE_STATE_PRE_COPY);
	judge(&self->w, ROB_02, try_saves, "a reader and a controller, each a thread");
}

/* The question takes nothing (PRE-09), also while a read() is on its way. */
VMIG_TEST_TIMEOUT(threads, questions_beside_all, TEST_TIMEOUT_S)
{
	CLAUSES(STRM_12, PRE_02, ROB_02);
	NEED_STATE(VFIO_DEVICE_STATE_PRE_COPY);
	judge(&self->w, ROB_02, try_saves_and_questions,
	      "a reader, a controller and GET_PRECOPY_INFO, each a thread");
}

static void try_aborts(void *arg)
{
	static const uint32_t states[] = { VFIO_DEVICE_STATE_PRE_COPY,
					   VFIO_DEVICE_STATE_STOP_COPY };
	struct threads *t = arg;
	uint64_t end = vmig_now_ms() + ROUNDS_MS, flags = vmig_get_migration(t->dev);
	pthread_t reads;
	unsigned int i;
	uint32_t from;
	int ret;

	for (i = 0; i < ROUNDS && vmig_now_ms() < end; i++) {
		from = states[i % 2];
		if (!vmig_state_offered(flags, from))
			continue;
		new_session(t, from);
		vmig_thread_start(&reads, reader, t);
		wait_some(t);
		ret = __vmig_set_state(t->dev, VFIO_DEVICE_STATE_RUNNING, NULL);
		/* Whether it works is not this test's question. A reader ends with the session. */
		if (ret) {
			vmig_note(FD_07, "SET(RUNNING) from %s under a reader: %s",
				  vmig_state_name(from), vmig_errno_name(ret));
			vmig_recover_running(t->dev);
		}
		atomic_store(&t->answered, true);
		pthread_join(reads, NULL);
		close(t->fd);
		if (ret)
			continue;
		if (!CHECK(FD_07, !t->late,
			   vmig_fmt("a thread reads in %s, another one: SET(RUNNING)",
				    vmig_state_name(from)),
			   "no byte from a read() that began after SET had returned", "%zu bytes",
			   t->late))
			return;
	}
}

VMIG_TEST_TIMEOUT(threads, called_off_under_a_reader, TEST_TIMEOUT_S)
{
	const char *why;

	CLAUSES(FD_07, ROB_02);
	judge(&self->w, ROB_02, try_aborts, "a reader, and a controller that calls it off");
	vmig_recover_running(self->dev);
	why = vmig_round_trip(self->dev);
	CHECK(ROB_02, !why, "save and load after saves that were called off under a reader",
	      "all of it works", "%s", why);
}

/* Does the driver take what was written for whole without a race, too? That is RES-05's own test.
 */
static bool passes_alone(struct threads *t)
{
	struct vmig_attempt a;

	vmig_recover_running(t->dev);
	a = vmig_load_unchecked(t->dev, t->control.stream.data, t->done, VMIG_ONE_WRITE,
				VFIO_DEVICE_STATE_STOP);
	vmig_recover_running(t->dev);
	return !vmig_load_rejected(&a);
}

/*
 * SET(STOP) says that what came is whole (H:1089). A write() on its way when it came is in it or
 * not, and the rest is missing in either case.
 */
static bool one_load(struct threads *t)
{
	struct vmig_fault fault = {};
	size_t len = t->control.stream.len;
	pthread_t writes;
	bool whole;
	int ret;

	new_session(t, VFIO_DEVICE_STATE_RESUMING);
	vmig_thread_start(&writes, writer, t);
	wait_some(t);
	whole = atomic_load(&t->whole);
	ret = __vmig_set_state(t->dev, VFIO_DEVICE_STATE_STOP, NULL);
	pthread_join(writes, NULL);
	close(t->fd);
	if (ret) {
		vmig_recover_running(t->dev);
		return CHECK(RES_03, !whole, "a thread has written the whole stream, SET(STOP)",
			     "it works", "%s", vmig_errno_name(ret));
	}
	if (t->done < len && passes_alone(t)) {
		vmig_note(RES_05,
			  "%zu of %zu bytes are a whole stream to this driver, also where one "
			  "thread writes them",
			  t->done, len);
		return true;
	}
	if (!CHECK(RES_05, t->done == len,
		   "a thread writes a stream in pieces, another one: SET(STOP)",
		   "SET works only if all was written when it returned",
		   "SET works, and %zu of %zu bytes were taken in all", t->done, len)) {
		vmig_recover_running(t->dev);
		return false;
	}
	fault = vmig_verify_content(t->dev, &t->control);
	return CHECK(RES_05, !fault.found,
		     "a thread writes a stream in pieces, another one: SET(STOP), which works",
		     "the device is what the stream says", "%s", fault.why);
}

static void try_loads(void *arg)
{
	struct threads *t = arg;
	uint64_t end = vmig_now_ms() + ROUNDS_MS;
	unsigned int i;

	for (i = 0; i < ROUNDS && vmig_now_ms() < end && one_load(t); i++)
		;
}

VMIG_TEST_TIMEOUT(threads, stopped_under_a_writer, TEST_TIMEOUT_S)
{
	CLAUSES(RES_03, RES_05, ROB_02);
	judge(&self->w, ROB_02, try_loads, "a writer and a controller, each a thread");
}

/* What no stream begins with, nor any part of one. */
static void *spoiler(void *arg)
{
	unsigned char bad[24];
	struct threads *t = arg;
	ssize_t n;

	memset(bad, 0xa5, sizeof(bad));
	while (!atomic_load(&t->asked) && !atomic_load(&t->last)) {
		n = __vmig_write(t->fd, bad, sizeof(bad));
		/*
		 * Whoever is to come again has not been told of the data, and behind the end of a
		 * stream it is enough that write() fails (RES-06).
		 */
		if (n < 0 && n != -EAGAIN && n != -EBUSY && n != -EINTR && n != -ENOMEM &&
		    !atomic_load(&t->last))
			atomic_store(&t->refused, n);
		sched_yield();
	}
	return NULL;
}

/* Is an error of write() forgotten without a race, too? That is hostile's test. */
static bool forgets_alone(struct threads *t)
{
	unsigned char bad[24];
	int fd, ret;

	memset(bad, 0xa5, sizeof(bad));
	fd = vmig_goto_state(t->dev, VFIO_DEVICE_STATE_RESUMING);
	vmig_write_all_unchecked(fd, bad, sizeof(bad), VMIG_ONE_WRITE);
	vmig_write_all_unchecked(fd, t->control.stream.data, t->control.stream.len,
				 t->control.stream.len / 40 + 1);
	ret = __vmig_set_state(t->dev, VFIO_DEVICE_STATE_STOP, NULL);
	close(fd);
	vmig_reset(t->dev);
	return !ret;
}

static bool one_spoilt_load(struct threads *t)
{
	pthread_t writes, spoils;
	int ret, refused;

	new_session(t, VFIO_DEVICE_STATE_RESUMING);
	vmig_thread_start(&writes, writer, t);
	vmig_thread_start(&spoils, spoiler, t);
	wait_some(t);
	atomic_store(&t->asked, true);
	refused = atomic_load(&t->refused);
	ret = __vmig_set_state(t->dev, VFIO_DEVICE_STATE_STOP, NULL);
	pthread_join(writes, NULL);
	pthread_join(spoils, NULL);
	close(t->fd);
	vmig_reset(t->dev);
	if (!ret && refused && forgets_alone(t)) {
		vmig_note(RES_07,
			  "also where one thread writes, SET works after a write() that failed");
		return false;
	}
	return CHECK(RES_07, ret || !refused,
		     "threads write a good stream and what is none; a write() of that has failed; "
		     "SET(STOP)",
		     "SET fails", "it works after a write() that failed with %s",
		     vmig_errno_name(refused));
}

static void try_spoilt_loads(void *arg)
{
	struct threads *t = arg;
	uint64_t end = vmig_now_ms() + ROUNDS_MS;
	unsigned int i;

	for (i = 0; i < ROUNDS && vmig_now_ms() < end && one_spoilt_load(t); i++)
		;
}

/* One of them is parsed while the other one is on its way into the same buffer. */
VMIG_TEST_TIMEOUT(threads, good_and_damaged_writers, TEST_TIMEOUT_S)
{
	const char *why;

	CLAUSES(RES_07, ROB_02);
	NEED_RESET;
	judge(&self->w, ROB_02, try_spoilt_loads, "good and damaged writers and a controller");
	why = vmig_round_trip(self->dev);
	CHECK(ROB_02, !why, "RESET, then save and load, after good and damaged writers",
	      "all of it works", "%s", why);
}

/* The reader sleeps in read() when the controller comes. */
static void try_blocked(void *arg)
{
	struct threads *t = arg;
	struct vmig_exercise *w = t->w;
	pthread_t reads;
	unsigned int i;
	bool good = true;

	for (i = 0; i < 4 && good; i++) {
		new_session(t, VFIO_DEVICE_STATE_PRE_COPY);
		w->ops->hold_stream(w, true);
		vmig_thread_start(&reads, reader, t);
		vmig_sleep_ms(5);
		if (i & 1) {
			set(t, VFIO_DEVICE_STATE_STOP_COPY);
			atomic_store(&t->answered, true);
		}
		w->ops->hold_stream(w, false);
		if (!(i & 1)) {
			set(t, VFIO_DEVICE_STATE_STOP_COPY);
			atomic_store(&t->answered, true);
		}
		pthread_join(reads, NULL);
		good = check_stream(t, "a reader blocked in PRE_COPY, SET(STOP_COPY)");
	}
	w->ops->hold_stream(w, false);
}

VMIG_TEST_TIMEOUT(threads, stopped_under_a_blocked_reader, TEST_TIMEOUT_S)
{
	CLAUSES(STRM_12, ROB_02);
	NEED_STATE(VFIO_DEVICE_STATE_PRE_COPY);
	NEED_HOLD;
	judge(&self->w, ROB_02, try_blocked, "a blocked reader and a controller");
}

VMIG_MAIN("threads")
