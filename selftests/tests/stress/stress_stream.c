// SPDX-License-Identifier: GPL-2.0-only
/*
 * Sessions whose stream several threads of several processes read or write at once. A user
 * who does so cannot know which bytes go where; but a byte goes to one reader only, and one
 * that was taken from a writer counts once.
 */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include <vmig/feature.h>
#include <vmig/state.h>
#include <vmig/error.h>
#include "load_attempt.h"
#include "stress_ops.h"
#include "stress_stream.h"

/* A tail of more equal bytes than this is not needed. */
#define TAIL_MAX (32L << 10)

static const struct vmig_weighted_call readers[] = { { &vmig_call_take, 1 }, { NULL } };
static const struct vmig_weighted_call tail[] = { { &vmig_call_tail, 1 }, { NULL } };
static const struct vmig_weighted_call flood[] = { { &vmig_call_flood, 1 }, { NULL } };

static void all_do(struct vmig_thread_pool *c, const struct vmig_weighted_call *mix)
{
	unsigned int p;

	for (p = 0; p < c->processes; p++)
		c->mix[p] = mix;
}

static uint64_t all_bytes(struct vmig_thread_pool *c)
{
	uint64_t sum = 0;
	unsigned int p, t;

	for (p = 0; p < c->processes; p++)
		for (t = 0; t < c->threads; t++)
			sum += c->workers[p][t].bytes;
	return sum;
}

/* One session for all; @fd stays open. Return: false if some of them are lost. */
static bool share_session(struct vmig_thread_pool *c, const char *did, int fd)
{
	vmig_put_data_fd(dup(fd));
	if (!vmig_thread_pool_run(c, did)) {
		close(fd);
		return false;
	}
	vmig_forget_data_fds();
	return true;
}

/* Bytes that came after a reader had got the end. They are counted as that reader's. */
static bool read_rest(struct vmig_thread_pool *c, const char *did, int fd)
{
	struct vmig_worker *m = &c->workers[0][0];
	struct vmig_stream s = {};
	bool ok;
	size_t i;

	__vmig_stream_read(fd, &s, &vmig_default_chunks);
	ok = CHECK(STRM_01, !s.len,
		   vmig_fmt("%s, up to a read() that returned 0, and reads after it", did),
		   "the end of the stream is its end", "%zu more of %zu bytes", s.len,
		   c->stream_len);
	for (i = 0; i < s.len; i++)
		m->tally[s.data[i]]++;
	m->bytes += s.len;
	vmig_stream_free(&s);
	return ok;
}

/* Are all bytes there, and each as often as one reader gets it? */
static bool same_bytes(struct vmig_thread_pool *c, const char *did)
{
	uint64_t got = all_bytes(c), plain, all;
	unsigned int value, p, t;
	size_t i;

	if (!CHECK(ROB_03, got == c->stream_len, did,
		   vmig_fmt("%zu bytes in all, as many as one reader gets", c->stream_len),
		   "%llu bytes", (unsigned long long)got))
		return false;
	for (value = 0; value < 256; value++) {
		for (plain = 0, i = 0; i < c->stream_len; i++)
			plain += c->stream[i] == value;
		for (all = 0, p = 0; p < c->processes; p++)
			for (t = 0; t < c->threads; t++)
				all += c->workers[p][t].tally[value];
		if (!CHECK(ROB_03, plain == all, did,
			   vmig_fmt("the bytes that one reader gets, among them %llu of %#x",
				    (unsigned long long)plain, value),
			   "%llu of them: some came twice, others never", (unsigned long long)all))
			return false;
	}
	return true;
}

/**
 * vmig_stress_readers - sessions of STOP_COPY that everybody reads
 * @c: the pool; its stream is what one reader gets of the device, which is in STOP and gives
 *     the same again
 * @did: what they do, for messages
 * @calls: after about so many reads it is enough, or when @c->ms have passed
 *
 * The device is left in STOP.
 */
void vmig_stress_readers(struct vmig_thread_pool *c, const char *did, unsigned long calls)
{
	uint64_t end = vmig_now_ms() + c->ms;
	int fd, ret;
	bool ok;

	all_do(c, readers);
	c->limit = VMIG_NO_LIMIT;
	do {
		vmig_thread_pool_again(c);
		fd = vmig_goto_state(c->dev, VFIO_DEVICE_STATE_STOP_COPY);
		if (!share_session(c, did, fd))
			return;
		ok = !atomic_load(&c->drained) || read_rest(c, did, fd);
		close(fd);
		ret = __vmig_set_state(c->dev, VFIO_DEVICE_STATE_STOP, NULL);
		if (!CHECK_OK(ROB_03, ret, vmig_fmt("SET(STOP) after %s", did)))
			return;
		/* A driver may refuse a second reader; then no reader has come to the end. */
		if (!atomic_load(&c->drained))
			vmig_note(ROB_03, "no reader has come to the end of the stream");
		else if (!same_bytes(c, did) || !ok)
			vmig_thread_pool_report(c, ROB_03);
		else
			continue;
		return;
	} while (atomic_load(&c->made) < calls && vmig_now_ms() < end);
}

/* How many bytes at the end of the stream are equal to the last one. */
static size_t tail_length(const struct vmig_thread_pool *c)
{
	size_t n = 1;

	while (n + 1 < c->stream_len && n < TAIL_MAX &&
	       c->stream[c->stream_len - n - 1] == c->stream[c->stream_len - 1])
		n++;
	return n;
}

/* A session of RESUMING that has been given all but the last @less bytes. */
static int begin_load(struct vmig_thread_pool *c, size_t less)
{
	struct vmig_stream s = { .data = (unsigned char *)c->stream, .len = c->stream_len - less };
	int fd = vmig_goto_state(c->dev, VFIO_DEVICE_STATE_RESUMING);

	vmig_stream_write(fd, &s);
	return fd;
}

static void leave_load(struct vmig_thread_pool *c)
{
	int ret = __vmig_reset(c->dev);

	if (ret)
		vmig_test_error("RESET in RESUMING failed: %s", vmig_errno_name(ret));
}

/* The tail in pieces that come in whatever order: as it is all the same, the load is good. */
static bool write_tail_once(struct vmig_thread_pool *c, const char *did, size_t less)
{
	int fd, ret;

	all_do(c, tail);
	vmig_thread_pool_again(c);
	atomic_store(&c->left, less);
	fd = begin_load(c, less);
	if (!share_session(c, did, fd))
		return false;
	close(fd);
	if (atomic_load(&c->refused)) {
		int err = atomic_load(&c->refused_errno);

		leave_load(c);
		if (err == EBUSY) {
			vmig_note(ROB_03, "a second writer is refused with EBUSY");
			return true;
		}
		return CHECK(ROB_03, false, did, "what one writer can write, several can",
			     "a write() failed: %s", vmig_errno_name(err));
	}
	ret = __vmig_set_state(c->dev, VFIO_DEVICE_STATE_STOP, NULL);
	if (!CHECK_OK(
		    ROB_03, ret,
		    vmig_fmt("SET(STOP) after all of a good stream, the last %zu bytes, which are "
			     "equal, from several writers",
			     less))) {
		leave_load(c);
		return false;
	}
	return true;
}

/* Twice as many bytes as there is room for. */
static bool write_tail_twice(struct vmig_thread_pool *c, const char *did, size_t less)
{
	uint64_t taken;
	int fd;

	all_do(c, tail);
	vmig_thread_pool_again(c);
	atomic_store(&c->left, 2 * less);
	fd = begin_load(c, less);
	if (!share_session(c, did, fd))
		return false;
	close(fd);
	taken = all_bytes(c);
	leave_load(c);
	return CHECK(
		RES_14, taken <= less,
		vmig_fmt("several writers of the last %zu bytes of a stream, twice as many in all",
			 less),
		"no more is taken than there is room for", "%llu bytes taken",
		(unsigned long long)taken);
}

/* Everybody writes everything: no stream, but an error at worst. */
static bool write_everything(struct vmig_thread_pool *c, const char *did)
{
	int fd;

	all_do(c, flood);
	vmig_thread_pool_again(c);
	fd = vmig_goto_state(c->dev, VFIO_DEVICE_STATE_RESUMING);
	if (!share_session(c, did, fd))
		return false;
	close(fd);
	leave_load(c);
	return true;
}

/**
 * vmig_stress_writers - sessions of RESUMING that everybody writes
 * @c: the pool; its stream is a good one of this device, which can be reset
 * @did: what they do, for messages
 * @calls: after about so many writes it is enough, or when @c->ms have passed
 * @full: the driver refuses what comes behind the end of a stream, which makes it possible to
 *	say when it takes too much
 *
 * The device is left in STOP or RUNNING.
 */
void vmig_stress_writers(struct vmig_thread_pool *c, const char *did, unsigned long calls,
			 bool full)
{
	uint64_t end = vmig_now_ms() + c->ms;
	size_t less = tail_length(c);
	struct vmig_rng rng;
	bool ok = true;

	vmig_rng_seed(&rng, 1);
	c->limit = VMIG_NO_LIMIT;
	do {
		switch (vmig_rng_below(&rng, 4)) {
		case 0:
			ok = write_tail_once(c, did, 1 + vmig_rng_below(&rng, less));
			break;
		case 1:
			if (full)
				ok = write_tail_twice(c, did, 1 + vmig_rng_below(&rng, less));
			break;
		default:
			ok = write_everything(c, did);
		}
		if (!ok)
			vmig_thread_pool_report(c, ROB_03);
	} while (ok && atomic_load(&c->made) < calls && vmig_now_ms() < end);
}
