/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Corpus of the fuzzer: good streams, and those that reached new branches of the driver. In
 * shared memory, as the children that find them may die in the call; and
 * in a directory, from one run to the next.
 */
#ifndef VMIG_TESTS_RESUME_FUZZ_CORPUS_H
#define VMIG_TESTS_RESUME_FUZZ_CORPUS_H

#include <vmig/stream.h>
#include "kcov.h"

#define VMIG_FUZZ_CORPUS_MAX 256
#define VMIG_FUZZ_CORPUS_BYTES (16UL << 20)

/* Of these as many are kept in the directory at most. */
#define VMIG_FUZZ_CORPUS_FILES 64
#define VMIG_FUZZ_CORPUS_FILE_BYTES (4UL << 20)

/**
 * struct vmig_fuzz_corpus_entry - one stream
 * @off: where it is in the bytes of the corpus
 * @len: its bytes
 * @hot: where the last change was made
 * @fresh: it took the driver where none before it had
 */
struct vmig_fuzz_corpus_entry {
	size_t off, len, hot;
	bool fresh;
};

/**
 * struct vmig_fuzz_corpus - the streams
 * @count: their number
 * @own: of these, those that were saved from a device; they come first
 * @used: bytes that they take
 * @entries: what they are
 * @edges: number of edges that the driver took
 * @map: which ones
 * @bytes: the streams
 */
struct vmig_fuzz_corpus {
	unsigned int count, own;
	size_t used;
	struct vmig_fuzz_corpus_entry entries[VMIG_FUZZ_CORPUS_MAX];
	unsigned int edges;
	unsigned char map[VMIG_EDGES / 8];
	unsigned char bytes[VMIG_FUZZ_CORPUS_BYTES];
};

struct vmig_fuzz_corpus *vmig_fuzz_corpus_new(void);
void vmig_fuzz_corpus_free(struct vmig_fuzz_corpus *c);
bool vmig_fuzz_corpus_add(struct vmig_fuzz_corpus *c, const void *data, size_t len, size_t hot,
			  bool fresh);
struct vmig_stream vmig_fuzz_corpus_get(const struct vmig_fuzz_corpus *c, unsigned int i);
void vmig_fuzz_corpus_load(struct vmig_fuzz_corpus *c, const char *dir, size_t max);
void vmig_fuzz_corpus_store(const struct vmig_fuzz_corpus *c, const char *dir);

#endif /* VMIG_TESTS_RESUME_FUZZ_CORPUS_H */
