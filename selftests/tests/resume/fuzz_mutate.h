/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Mutations of a stream that know nothing of its structure: bits, bytes, numbers of 1 to 8
 * bytes, blocks, lengths, and parts of another stream.
 */
#ifndef VMIG_TESTS_RESUME_FUZZ_MUTATE_H
#define VMIG_TESTS_RESUME_FUZZ_MUTATE_H

#include <vmig/stream.h>
#include "kcov.h"
#include "random.h"

/**
 * struct vmig_fuzz_mutator - what a stream is changed with
 * @rng: which way it goes
 * @other: another stream, of which parts are taken
 * @hot: where a change before was worth something
 * @max: a stream does not get longer
 * @at: where the last change was made
 * @what: the changes, for messages
 */
struct vmig_fuzz_mutator {
	struct vmig_rng rng;
	struct vmig_stream other;
	size_t hot;
	size_t max;
	size_t at;
	char what[160];
};

/* The first bytes, where numbers are tried one after the other; and numbers of each. */
#define VMIG_SWEEP_BYTES 64
#define VMIG_SWEEP_VALUES 8
#define VMIG_SWEEP (VMIG_SWEEP_BYTES / 4 * VMIG_SWEEP_VALUES)

void vmig_fuzz_mutate(struct vmig_fuzz_mutator *m, struct vmig_stream *s);
void vmig_fuzz_mutate_sweep(struct vmig_fuzz_mutator *m, struct vmig_stream *s, unsigned int i);
bool vmig_fuzz_mutate_match(struct vmig_fuzz_mutator *m, struct vmig_stream *s,
			    const struct vmig_comparison *c);

#endif /* VMIG_TESTS_RESUME_FUZZ_MUTATE_H */
