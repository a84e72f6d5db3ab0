/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Reproducers: each input is written to a file before it is loaded, and one that did harm is
 * kept, with the command that loads it again.
 */
#ifndef VMIG_TESTS_RESUME_FUZZ_REPRO_H
#define VMIG_TESTS_RESUME_FUZZ_REPRO_H

#include <stdbool.h>

#include <vmig/stream.h>

/**
 * struct vmig_fuzz_repro - the file of the stream that is being tried
 * @fd: the file, or -1
 * @sync: what is written may be lost when the kernel dies
 * @there: what is in it
 */
struct vmig_fuzz_repro {
	int fd;
	bool sync;
	struct vmig_stream there;
};

void vmig_fuzz_repro_open(struct vmig_fuzz_repro *r);
void vmig_fuzz_repro_before(struct vmig_fuzz_repro *r, const struct vmig_stream *s);
void vmig_fuzz_repro_close(struct vmig_fuzz_repro *r);
const char *vmig_fuzz_repro_keep(const struct vmig_stream *s, const char *name);

#endif /* VMIG_TESTS_RESUME_FUZZ_REPRO_H */
