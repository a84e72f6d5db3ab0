/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Fuzz the loading of streams: each input is loaded, and after it the device must recover. An
 * input that reaches new branches of the driver is kept and changed further.
 */
#ifndef VMIG_TESTS_RESUME_FUZZ_H
#define VMIG_TESTS_RESUME_FUZZ_H

#include "fuzz_corpus.h"
#include "fuzz_mutate.h"

/* The clauses that vmig_fuzz_run() and vmig_fuzz_replay() check; a note for ROB_05. */
#define VMIG_FUZZ_CLAUSES ROB_01, RES_07, RES_08, ROB_05
/* And with @use those of use_device.h. */

/* A whole save and load proves the device after so many streams, so these are suspects. */
#define VMIG_FUZZ_SUSPECTS 8

/* Different complaints of the kernel that are distinguished. */
#define VMIG_FUZZ_COMPLAINTS 16

/**
 * struct vmig_suspect - a stream that was tried
 * @number: which one of the run, from 1
 * @len: its bytes
 * @cut: how it was cut into write()s
 * @what: what was changed in it
 */
struct vmig_suspect {
	unsigned int number;
	size_t len;
	unsigned int cut;
	char what[160];
};

/**
 * struct vmig_fuzz - the work, shared with the children that do it
 * @dev: the device, in RUNNING between two streams
 * @good: a stream that was saved from it
 * @max: bytes of a stream at most
 * @limit: streams that are to be tried at most
 * @end: when it has to be over, vmig_now_ms()
 * @corpus: what is changed
 * @coverage: the driver tells which branches it takes
 * @swept: words of the good stream that were changed one by one
 * @tried: streams
 * @refused: of these, by the driver
 * @forgotten: streams of which write() had found an error, and SET(STOP) had not
 * @forgotten_first: the first of them, for messages
 * @memory: bytes that the kernel gave away for one stream, at most
 * @memory_for: that stream, for messages
 * @complaints: beginnings of what the kernel said
 * @use: the device is used with a stream that it took
 * @over: harm was done, and nothing more is to be tried
 * @lost: so much that the device cannot be touched any more
 * @step: what the device was used for last
 * @suspects: the last streams, newest at @tried - 1
 * @bytes: @max for each of them
 */
struct vmig_fuzz {
	struct vmig_device *dev;
	const struct vmig_stream *good;
	size_t max;
	unsigned int limit;
	uint64_t end;
	struct vmig_fuzz_corpus *corpus;
	bool coverage;
	unsigned int swept, tried, refused, forgotten;
	char forgotten_first[320];
	uint64_t memory;
	char memory_for[320];
	char complaints[VMIG_FUZZ_COMPLAINTS][96];
	bool use, over, lost;
	const char *step;
	struct vmig_suspect suspects[VMIG_FUZZ_SUSPECTS];
	unsigned char bytes[];
};

struct vmig_fuzz *vmig_fuzz_new(struct vmig_device *dev, const struct vmig_stream *good);
void vmig_fuzz_free(struct vmig_fuzz *p);
void vmig_fuzz_run(struct vmig_fuzz *p);
void vmig_fuzz_replay(struct vmig_fuzz *p, const char *files);

#endif /* VMIG_TESTS_RESUME_FUZZ_H */
