// SPDX-License-Identifier: GPL-2.0-only
/*
 * RES, ROB: fuzzed streams. What comes from another host may be anything: streams with
 * random mutations, guided by the branches that the driver takes where the kernel can
 * tell (KCOV), are loaded by the thousand. vmig_hostile has the systematic part.
 *
 * A stream may be refused, or taken: both are well. Harm is what the kernel complains of,
 * what does not return, a device that no good stream can be loaded into after RESET, and a
 * second device that has changed. In `mutants` no region of the device is touched while it holds
 * such state, in `mutants_are_used` all of them are; the content is put back at the end.
 */
#include <errno.h>

#include "fuzz.h"
#include "fixture_resume.h"
#include "second_device.h"
#include "exercise.h"
#include "keep_awake.h"

/* Patterns of the two devices. */
#define SEED_HERE 0x9e15
#define SEED_THERE 0x9e16

/* A longer state takes too long to be loaded often. */
#define LARGE MIB

/* Streams, and seconds, of the brief form, for one of cdev and group; and of the full one. */
#define BRIEF_STREAMS 400
#define BRIEF_S 8
#define FULL_STREAMS 1000000
#define FULL_S 60

#define POISON_FIXTURE(fixture)                                                                    \
	VMIG_FIXTURE_FULL(fixture, struct vmig_stream good;                                        \
			  bool lost, RESUME_SETUP(), RESUME_TEARDOWN(!self->lost), VMIG_NO_DATA);  \
	VMIG_VARIANTS_UAPIS(fixture)

POISON_FIXTURE(poison);

/* A stream of a device, with its pattern in it where an exerciser can put one there. */
static void add_stream_of(struct vmig_fuzz_corpus *c, struct vmig_exercise *w, uint32_t seed)
{
	struct vmig_stream s = {};

	if (w->ops->set_pattern)
		vmig_set_pattern(w, seed);
	vmig_save(w->dev, &s);
	vmig_goto_state(w->dev, VFIO_DEVICE_STATE_RUNNING);
	vmig_fuzz_corpus_add(c, s.data, s.len, 0, false);
	vmig_stream_free(&s);
}

static void add_stream_of_other_type(struct vmig_fuzz_corpus *c, enum vmig_uapi uapi)
{
	const struct vmig_dev_id *id;
	struct vmig_exercise w = {};
	const char *why;

	id = vmig_other_device(&why);
	if (!id || !vmig_uapi_available(id, uapi, &why))
		return;
	w.dev = vmig_open(id, uapi);
	w.ops = &vmig_exerciser_generic;
	vmig_recover_running(w.dev);
	add_stream_of(c, &w, 0);
	vmig_close(w.dev);
}

static void report_numbers(const struct vmig_fuzz *p, bool coverage)
{
	vmig_metric("poison_streams", p->tried, "streams");
	vmig_metric("poison_refused", p->refused, "streams");
	vmig_metric("poison_memory", p->memory, "bytes");
	if (coverage) {
		vmig_metric("poison_edges", p->corpus->edges, "edges");
		vmig_metric("poison_corpus", p->corpus->count, "streams");
	}
	vmig_note(RES_08, "%u poisoned streams, %u of them refused; %s", p->tried, p->refused,
		  coverage ? vmig_fmt("%u edges of the driver, %u streams in the corpus",
				      p->corpus->edges, p->corpus->count)
			   : "blind, as the kernel has no coverage of the driver (KCOV)");
}

/* The other device must not have noticed. */
static void check_second(struct vmig_fuzz *p, struct vmig_exercise *there)
{
	const char *why = NULL;

	if (p->lost)
		return;
	if (there->ops->check_pattern)
		why = vmig_check_pattern(there, SEED_THERE);
	if (!why && vmig_get_state(there->dev) != VFIO_DEVICE_STATE_RUNNING)
		why = "it is not in RUNNING any more";
	CHECK(RES_08, !why,
	      vmig_fmt("%u poisoned streams into one device; look at another one", p->tried),
	      "it is as it was", "%s", why);
	vmig_exercise_end(there);
	vmig_close(there->dev);
}

/* @use: what was taken is used. Return: false after harm that the device is out of reach by. */
static bool try_mutants(struct vmig_device *dev, const struct vmig_stream *good, bool use)
{
	struct vmig_exercise here = {}, there = {};
	const char *why, *dir = getenv("VMIG_CORPUS_DIR");
	struct vmig_awake awake;
	struct vmig_fuzz *p;
	bool lost;

	p = vmig_fuzz_new(dev, good);
	vmig_fuzz_corpus_add(p->corpus, good->data, good->len, 0, false);
	vmig_exercise_begin(&here, dev);
	add_stream_of(p->corpus, &here, SEED_HERE);
	vmig_exercise_end(&here);
	there.dev = vmig_open_second(dev, &why);
	if (there.dev) {
		vmig_exercise_begin(&there, there.dev);
		add_stream_of(p->corpus, &there, SEED_THERE);
	}
	add_stream_of_other_type(p->corpus, dev->uapi);
	vmig_awake_begin(&awake);
	vmig_fuzz_corpus_load(p->corpus, dir, p->max);
	vmig_awake_end(&awake);
	p->limit = vmig_stress(BRIEF_STREAMS, FULL_STREAMS);
	p->end = vmig_now_ms() + 1000 * vmig_stress(BRIEF_S, FULL_S);
	p->use = use;
	vmig_fuzz_run(p);
	lost = p->lost;
	if (there.dev)
		check_second(p, &there);
	report_numbers(p, p->coverage);
	vmig_awake_begin(&awake);
	if (p->coverage && !p->over)
		vmig_fuzz_corpus_store(p->corpus, dir);
	vmig_awake_end(&awake);
	vmig_fuzz_free(p);
	return !lost;
}

#define NEED_POISON                                                                                \
	do {                                                                                       \
		NEED(vmig_stress(BRIEF_STREAMS, FULL_STREAMS), VMIG_NO_STRESS);                    \
		NEED_BYTES(1);                                                                     \
		NEED(self->good.len <= LARGE, "a state of %zu bytes takes too long to load often", \
		     self->good.len);                                                              \
		NEED_RESET;                                                                        \
	} while (0)

VMIG_TEST_TIMEOUT(poison, mutants, 2 * MINUTES)
{
	CLAUSES(VMIG_FUZZ_CLAUSES);
	NEED_POISON;
	self->lost = !try_mutants(self->dev, &self->good, false);
}

/* The same, and the device runs on what it took, and is used. */
VMIG_TEST_TIMEOUT(poison, mutants_are_used, 2 * MINUTES)
{
	CLAUSES(VMIG_FUZZ_CLAUSES, QUI_01, QUI_02);
	NEED_POISON;
	self->lost = !try_mutants(self->dev, &self->good, true);
}

POISON_FIXTURE(poison_replay);

/* ./run.sh --replay-stream FILE: does a stream that did harm once do it still? */
VMIG_TEST_TIMEOUT(poison_replay, stream, 2 * MINUTES)
{
	const char *files = getenv("VMIG_POISON_FILE");
	struct vmig_fuzz *p;

	CLAUSES(VMIG_FUZZ_CLAUSES, QUI_01, QUI_02);
	NEED(files && *files, "there is no stream to try again (--replay-stream)");
	NEED_RESET;
	p = vmig_fuzz_new(self->dev, &self->good);
	p->use = true;
	vmig_fuzz_replay(p, files);
	self->lost = p->lost;
	report_numbers(p, false);
	vmig_fuzz_free(p);
}

VMIG_MAIN("poison")
