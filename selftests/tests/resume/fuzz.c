// SPDX-License-Identifier: GPL-2.0-only
/* Fuzz the loading of streams: run one input and attribute its effects. See fuzz.h. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <vmig/feature.h>
#include <vmig/state.h>
#include <vmig/error.h>
#include <vmig/shared.h>
#include "load_attempt.h"
#include "child.h"
#include "write_split.h"
#include "fault_memory.h"
#include "fuzz.h"
#include "fuzz_repro.h"
#include "use_device.h"
#include "session.h"
#include "verdict.h"
#include "kmsg_watch.h"

#define MIB (1UL << 20)

/* A child tries for this long, so that what it leaves behind is not much. */
#define BATCH_MS 4000

/*
 * And has to be back after this long: a driver that allocates gigabytes in a guest without
 * hardware virtualisation is slow, and does not hang.
 */
#define BATCH_LIMIT_MS 30000

/* Memory for one stream that is no accident, beside a multiple of its length. */
#define MUCH_MEMORY (64 * MIB)

/**
 * struct trial - what a child has to try streams with
 * @p: what it shares with its parent
 * @m: the mutator
 * @kcov: coverage, if there is any
 * @watch: the kernel's log
 * @repro: the file of the stream that is being tried
 * @memory: bytes that the kernel gave away for the last stream
 */
struct trial {
	struct vmig_fuzz *p;
	struct vmig_fuzz_mutator m;
	struct vmig_kcov kcov;
	int watch;
	struct vmig_fuzz_repro repro;
	uint64_t memory;
};

static uint64_t much_memory(const struct vmig_fuzz *p)
{
	return MUCH_MEMORY + 16 * p->max;
}

static struct vmig_suspect *suspect(struct vmig_fuzz *p, unsigned int number)
{
	return &p->suspects[number % VMIG_FUZZ_SUSPECTS];
}

static struct vmig_stream stream_of(struct vmig_fuzz *p, unsigned int number)
{
	return (struct vmig_stream){ p->bytes + number % VMIG_FUZZ_SUSPECTS * p->max,
				     suspect(p, number)->len, 0 };
}

/* What is changed in a stream, and how it is written. */
static const char *words(struct vmig_fuzz *p, unsigned int number)
{
	struct vmig_suspect *x = suspect(p, number);

	return vmig_fmt("load of a stream of %zu bytes (%s), %s", x->len, x->what,
			vmig_cuts[x->cut].name);
}

/* Keeps a stream. Return: what was done, and how to do it again. */
static const char *keep(struct vmig_fuzz *p, unsigned int number)
{
	struct vmig_stream s = stream_of(p, number);

	return vmig_fmt(
		"%s; %s", words(p, number),
		vmig_fuzz_repro_keep(&s, vmig_fmt("poison-%s-%u",
						  p->dev->uapi == VMIG_UAPI_CDEV ? "cdev" : "group",
						  number)));
}

/* Judges one of the streams; always a breach. */
#define tell_harm(id, did, expected, got)                                                          \
	do {                                                                                       \
		vmig_checked(id);                                                                  \
		vmig_breach(VMIG_HERE, id, did, expected, "%s", got);                              \
	} while (0)

/* A driver that took a stream may choke on what it has when it is asked for it. */
static void save_some(struct vmig_fuzz *p)
{
	struct vmig_stream s = {};
	int fd;

	if (__vmig_set_state(p->dev, VFIO_DEVICE_STATE_STOP_COPY, &fd))
		return;
	__vmig_stream_read_some(fd, &s, p->max, &vmig_default_chunks);
	vmig_stream_free(&s);
	if (fd >= 0)
		close(fd);
}

/* Return: false after a breach if the device does not even begin to load. */
static bool load(struct trial *t, const struct vmig_stream *s, unsigned int cut, bool save,
		 struct vmig_attempt *a)
{
	struct vmig_fuzz *p = t->p;
	uint64_t room = vmig_mem_available(), left;
	int fd = -1, ret;

	ret = __vmig_goto_state(p->dev, VFIO_DEVICE_STATE_RESUMING, &fd);
	if (ret || fd < 0) {
		tell_harm(RES_08, vmig_fmt("%s; RESET, SET(RESUMING)", keep(p, p->tried - 1)),
			  "it works", vmig_errno_name(ret));
		return false;
	}
	a->write = vmig_write_in_pieces(fd, s, &vmig_cuts[cut]);
	left = vmig_mem_available();
	t->memory = left < room ? room - left : 0;
	if (t->memory > p->memory) {
		p->memory = t->memory;
		snprintf(p->memory_for, sizeof(p->memory_for), "%s", words(p, p->tried));
	}
	a->set = __vmig_set_state(p->dev, VFIO_DEVICE_STATE_STOP, NULL);
	if (!a->set && p->use)
		vmig_use_device(p->dev, VMIG_READS_FIRST, &p->step, words(p, p->tried));
	else if (!a->set && save)
		save_some(p);
	close(fd);
	return true;
}

/* The place in the kernel that a complaint is of, without what differs from time to time. */
static void place_of(const char *heard, char *place, size_t size)
{
	const char *pid = strstr(heard, " PID: "), *at = pid ? strstr(pid, " at ") : NULL;
	const char *from = at ? at : heard, *end = strstr(from, "/0x");

	if (!end)
		end = strstr(from, " | ");
	snprintf(place, size, "%.*s", end ? (int)(end - from) : (int)size - 1, from);
}

/* The complaints of one place count once. */
static bool new_complaint(struct vmig_fuzz *p, const char *heard)
{
	char place[sizeof(p->complaints[0])];
	unsigned int i;

	place_of(heard, place, sizeof(place));
	for (i = 0; i < VMIG_FUZZ_COMPLAINTS; i++) {
		if (!strcmp(p->complaints[i], place))
			return false;
		if (!p->complaints[i][0]) {
			memcpy(p->complaints[i], place, sizeof(place));
			return true;
		}
	}
	return false;
}

static void look_at_log(struct trial *t)
{
	const char *heard = vmig_kmsg_complaint(t->watch);

	if (heard && new_complaint(t->p, heard))
		tell_harm(ROB_01, keep(t->p, t->p->tried), "nothing in the kernel log", heard);
}

/* Brings the device back from a stream. Return: NULL, or what does not work. */
static const char *recover(struct vmig_fuzz *p, bool thoroughly)
{
	uint32_t state;
	int ret;

	if (thoroughly)
		return vmig_good_again(p->dev, p->good);
	ret = __vmig_reset(p->dev);
	if (ret)
		return vmig_fmt("RESET failed: %s", vmig_errno_name(ret));
	ret = __vmig_get_state(p->dev, &state);
	if (ret)
		return vmig_fmt("GET after RESET failed: %s", vmig_errno_name(ret));
	return state == VFIO_DEVICE_STATE_RUNNING ? NULL : "after RESET the state is not RUNNING";
}

/* It was this stream, or one of those since the device was last seen to be good. */
static void blame(struct vmig_fuzz *p, const char *why)
{
	unsigned int n = p->tried % VMIG_FUZZ_SUSPECTS, first = p->tried - n, i;
	const char *did;
	char got[160];

	/* To keep a stream takes words, and @why is made of such. */
	snprintf(got, sizeof(got), "%s", why);
	for (i = first; i < p->tried; i++)
		keep(p, i);
	did = keep(p, p->tried);
	tell_harm(RES_08, n ? vmig_fmt("%s (or one of the %u before it)", did, n) : did,
		  "all after RESET works", got);
	p->over = true;
}

/* Damage to a stream of the same length that write() tells and SET(STOP) does not. */
static void note_forgotten(struct vmig_fuzz *p, const struct vmig_stream *s,
			   const struct vmig_attempt *a)
{
	if (a->set || a->write != -EINVAL || s->len != p->good->len)
		return;
	if (!p->forgotten++)
		snprintf(p->forgotten_first, sizeof(p->forgotten_first), "%s", keep(p, p->tried));
}

static bool to_be_checked(struct vmig_fuzz *p)
{
	return p->tried % VMIG_FUZZ_SUSPECTS == VMIG_FUZZ_SUSPECTS - 1;
}

/*
 * One stream: @mode says what is to be recorded of it. Return: the number of records; 0 also
 * where nothing more is to be tried.
 */
static size_t try_stream(struct trial *t, const struct vmig_stream *s, unsigned int cut,
			 enum vmig_kcov_mode mode)
{
	struct vmig_suspect *x = suspect(t->p, t->p->tried);
	struct vmig_fuzz *p = t->p;
	struct vmig_attempt a = {};
	const char *why;
	size_t records;
	bool good;

	*x = (struct vmig_suspect){ p->tried + 1, s->len, cut, "" };
	snprintf(x->what, sizeof(x->what), "%s", t->m.what[0] ? t->m.what : "unchanged");
	memcpy(stream_of(p, p->tried).data, s->data, s->len);
	vmig_fuzz_repro_before(&t->repro, s);
	vmig_kcov_begin(&t->kcov, mode);
	good = load(t, s, cut, !vmig_rng_below(&t->m.rng, 4), &a);
	records = vmig_kcov_end(&t->kcov);
	if (!good || a.write == -ETIMEDOUT) {
		if (good)
			tell_harm(RES_08, keep(p, p->tried), "write() returns",
				  vmig_fmt("it is blocked for %d ms", VMIG_IO_TIMEOUT_MS));
		p->over = true;
		return 0;
	}
	p->refused += vmig_load_rejected(&a);
	why = recover(p, to_be_checked(p));
	look_at_log(t);
	if (why)
		blame(p, why);
	note_forgotten(p, s, &a);
	p->tried++;
	return records;
}

/* @s is new, or with @entry the stream of that number in the corpus. */
static void try_for_coverage(struct trial *t, const struct vmig_stream *s, unsigned int cut,
			     int entry)
{
	struct vmig_fuzz *p = t->p;
	unsigned int fresh;
	size_t n;

	n = try_stream(t, s, cut, VMIG_KCOV_BRANCHES);
	if (!n || p->over)
		return;
	p->coverage = true;
	fresh = vmig_kcov_edges(&t->kcov, n, p->corpus->map);
	p->corpus->edges += fresh;
	if (entry >= 0)
		p->corpus->entries[entry].fresh = fresh;
	/*
	 * What several writers reach depends on who comes first, and what takes gigabytes takes
	 * the time of many others.
	 */
	else if (fresh && vmig_cuts[cut].head && t->memory < much_memory(p))
		vmig_fuzz_corpus_add(p->corpus, s->data, s->len, t->m.at, true);
}

static unsigned int any_cut(struct trial *t)
{
	uint64_t n = vmig_rng_below(&t->m.rng, 4 * VMIG_WRITE_SPLITS);

	return n < VMIG_WRITE_SPLITS ? n : n < 3 * VMIG_WRITE_SPLITS ? 0 : 1;
}

/* One of the last that were found as often as one of all. */
static unsigned int any_entry(struct trial *t)
{
	unsigned int n = t->p->corpus->count;

	if (n > VMIG_FUZZ_SUSPECTS && vmig_rng_below(&t->m.rng, 2))
		return n - 1 - vmig_rng_below(&t->m.rng, VMIG_FUZZ_SUSPECTS);
	return vmig_rng_below(&t->m.rng, n);
}

/* What the driver compared last is what it refused the stream for, most likely. */
static bool match_one(struct trial *t, struct vmig_stream *s, size_t records)
{
	struct vmig_comparison c;
	size_t i;

	for (i = 0; i < records && i < 4096; i++) {
		vmig_kcov_comparison(&t->kcov, records - 1 - i, &c);
		if ((i > 24 || vmig_rng_below(&t->m.rng, 3)) &&
		    vmig_fuzz_mutate_match(&t->m, s, &c))
			return true;
	}
	return false;
}

/* A stream that fails a check is made to pass it, and the next one. */
static void match(struct trial *t, struct vmig_stream *s)
{
	unsigned int i;
	size_t n;

	for (i = 0; i < 4 && !t->p->over; i++) {
		n = try_stream(t, s, 0, VMIG_KCOV_COMPARISONS);
		if (t->p->over || !match_one(t, s, n))
			return;
		try_for_coverage(t, s, 0, -1);
	}
}

/* Changed by rng: one of the corpus. */
static void try_by_chance(struct trial *t)
{
	struct vmig_fuzz_corpus *c = t->p->corpus;
	unsigned int entry = any_entry(t);
	struct vmig_stream s = {}, from = vmig_fuzz_corpus_get(c, entry);

	t->m.other = vmig_fuzz_corpus_get(c, any_entry(t));
	t->m.hot = c->entries[entry].hot;
	vmig_stream_copy(&s, &from);
	if (vmig_rng_below(&t->m.rng, 8))
		vmig_fuzz_mutate(&t->m, &s);
	if (t->p->coverage && !vmig_rng_below(&t->m.rng, 3))
		match(t, &s);
	else
		try_for_coverage(t, &s, any_cut(t), -1);
	vmig_stream_free(&s);
}

static void try_sweep(struct trial *t)
{
	struct vmig_stream s = {};

	vmig_stream_copy(&s, t->p->good);
	vmig_fuzz_mutate_sweep(&t->m, &s, t->p->swept++);
	try_for_coverage(t, &s, 1, -1);
	vmig_stream_free(&s);
}

/* The streams of the corpus as they are, then the sweep and rng by turns. */
static void try_next(struct trial *t, unsigned int seeds)
{
	struct vmig_fuzz *p = t->p;
	unsigned int i = p->tried;
	struct vmig_stream s;

	t->m.what[0] = '\0';
	if (i < seeds) {
		s = vmig_fuzz_corpus_get(p->corpus, i);
		if (i >= p->corpus->own)
			snprintf(t->m.what, sizeof(t->m.what), "number %u of the corpus", i);
		try_for_coverage(t, &s, 0, i);
	} else if (p->swept < VMIG_SWEEP && (i % 2 || !p->coverage)) {
		try_sweep(t);
	} else {
		try_by_chance(t);
	}
}

static void trial_begin(struct trial *t, struct vmig_fuzz *p)
{
	*t = (struct trial){ .p = p, .watch = vmig_kmsg_watch_begin() };
	vmig_fuzz_repro_open(&t->repro);
	vmig_kcov_open(&t->kcov);
	t->m.max = p->max;
	vmig_rng_seed(&t->m.rng, p->tried);
}

static void trial_end(struct trial *t)
{
	vmig_kcov_close(&t->kcov);
	vmig_kmsg_watch_end(t->watch);
	vmig_fuzz_repro_close(&t->repro);
}

struct batch {
	struct vmig_fuzz *p;
	unsigned int seeds;
};

static void batch(void *arg)
{
	uint64_t end = vmig_now_ms() + BATCH_MS;
	struct batch *b = arg;
	struct vmig_fuzz *p = b->p;
	struct trial t;

	trial_begin(&t, p);
	if (end > p->end)
		end = p->end;
	while (!p->over && p->tried < p->limit && vmig_now_ms() < end)
		try_next(&t, b->seeds);
	trial_end(&t);
}

/* A child that did not come back: by the stream that it was trying. */
static void judge_end(struct vmig_fuzz *p, enum vmig_child_end end)
{
	enum vmig_clause_id id = end == VMIG_CHILD_CRASHED ? ROB_01 : RES_08;

	if (end == VMIG_CHILD_DONE)
		return;
	p->over = true;
	tell_harm(
		id,
		p->step ? vmig_fmt("%s; use of the device, at last: %s", keep(p, p->tried), p->step)
			: keep(p, p->tried),
		"all calls return", vmig_child_name(end));
	if (end == VMIG_CHILD_HUNG)
		return;
	p->lost = true;
	vmig_session_abandon();
}

/* What is judged of all streams together. */
static void judge(struct vmig_fuzz *p)
{
	vmig_checked(ROB_01);
	vmig_checked(RES_08);
	CHECK(RES_07, !p->forgotten,
	      vmig_fmt("%s, the error of write() ignored; SET(STOP)", p->forgotten_first),
	      "an error, as write() has found the data invalid", "success; so for %u of %u streams",
	      p->forgotten, p->tried);
	/* Memory that is accounted and bounded keeps the clause, however much it is: a note. */
	if (p->memory >= much_memory(p))
		vmig_note(ROB_05, "%s: before SET(STOP) %llu MiB are gone, more than was written",
			  p->memory_for, (unsigned long long)(p->memory / MIB));
}

/**
 * vmig_fuzz_new - prepare
 * @dev: the device, in RUNNING
 * @good: a stream that was saved from it
 *
 * The caller sets @limit and @end and adds streams to @corpus.
 *
 * Return: shared memory.
 */
struct vmig_fuzz *vmig_fuzz_new(struct vmig_device *dev, const struct vmig_stream *good)
{
	size_t max = 2 * good->len + 64 * 1024;
	struct vmig_fuzz *p;

	p = vmig_shared_alloc(sizeof(*p) + VMIG_FUZZ_SUSPECTS * max);
	/* Printed here, and the same in all children. */
	vmig_seed();
	p->dev = dev;
	p->good = good;
	p->max = max;
	p->corpus = vmig_fuzz_corpus_new();
	return p;
}

/**
 * vmig_fuzz_free - drop it
 * @p: what vmig_fuzz_new() gave
 */
void vmig_fuzz_free(struct vmig_fuzz *p)
{
	vmig_fuzz_corpus_free(p->corpus);
	vmig_shared_free(p, sizeof(*p) + VMIG_FUZZ_SUSPECTS * p->max);
}

/**
 * vmig_fuzz_run - try streams until it is over
 * @p: with at least one stream in its corpus
 *
 * Checks VMIG_FUZZ_CLAUSES. The device is in RUNNING afterwards, or @p->lost.
 */
void vmig_fuzz_run(struct vmig_fuzz *p)
{
	struct batch b = { p, p->corpus->count };

	while (!p->over && p->tried < p->limit && vmig_now_ms() < p->end)
		judge_end(p, vmig_child_run(batch, &b, BATCH_LIMIT_MS));
	judge(p);
}

struct replay {
	struct vmig_fuzz *p;
	const char *files;
};

static bool read_file(const char *path, struct vmig_stream *s, size_t max)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = -1;
	struct stat st;

	if (fd < 0)
		return false;
	if (!fstat(fd, &st) && st.st_size <= max) {
		s->data = malloc(st.st_size + 1);
		s->len = st.st_size;
		n = s->data ? read(fd, s->data, s->len) : -1;
	}
	close(fd);
	return n == s->len;
}

static void replay(void *arg)
{
	struct replay *r = arg;
	struct vmig_stream s = {};
	unsigned int cut;
	struct trial t;
	char path[512];
	size_t len;

	trial_begin(&t, r->p);
	for (cut = 0; cut < VMIG_WRITE_SPLITS; cut++) {
		for (const char *f = r->files; *f; f += len + strspn(f + len, " ")) {
			len = strcspn(f, " ");
			snprintf(path, sizeof(path), "%.*s", (int)len, f);
			if (!read_file(path, &s, r->p->max))
				vmig_test_error(
					"%s cannot be read, or is no stream of at most %zu bytes",
					path, r->p->max);
			snprintf(t.m.what, sizeof(t.m.what), "%.150s", path);
			if (!r->p->over)
				try_stream(&t, &s, cut, VMIG_KCOV_BRANCHES);
			vmig_stream_free(&s);
		}
	}
	trial_end(&t);
}

/**
 * vmig_fuzz_replay - try streams of files, in each way of cutting them
 * @p: what vmig_fuzz_new() gave
 * @files: their paths, with blanks between
 *
 * Checks VMIG_FUZZ_CLAUSES.
 */
void vmig_fuzz_replay(struct vmig_fuzz *p, const char *files)
{
	struct replay r = { p, files };
	const char *why;

	judge_end(p, vmig_child_run(replay, &r, BATCH_LIMIT_MS));
	if (!p->over) {
		why = vmig_good_again(p->dev, p->good);
		CHECK(RES_08, !why,
		      vmig_fmt("loads of %s; RESET, load of the good stream, save", files),
		      "all after RESET works", "%s", why);
	}
	judge(p);
}
