/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Load streams of other driver or firmware versions. Three
 * things can come of a stream: it is accepted, and the state is the one that was saved; it is
 * refused as a bad stream has to be, and the device works; or something is broken.
 */
#ifndef VMIG_TESTS_RESUME_VERSION_CHECK_H
#define VMIG_TESTS_RESUME_VERSION_CHECK_H

#include <vmig/exerciser.h>
#include <vmig/stream.h>

/* The clauses that vmig_compat_judge() checks. */
#define VMIG_COMPAT_CLAUSES RES_03, RES_07, RES_09, RES_12, RES_16, ROB_01, ROB_04

/**
 * struct vmig_version_case - a stream of some version
 * @name: of the stream, for messages
 * @stream: the bytes
 * @seed: of the pattern in it, 0 where there is none or nobody can tell
 * @same: it is of the very version that is here: refusing it is a breach
 */
struct vmig_version_case {
	const char *name;
	struct vmig_stream stream;
	uint32_t seed;
	bool same;
};

enum vmig_compat_outcome { VMIG_COMPAT_ACCEPTED, VMIG_COMPAT_REFUSED, VMIG_COMPAT_BROKEN };

enum vmig_compat_outcome vmig_compat_judge(struct vmig_exercise *w,
					   const struct vmig_version_case *c,
					   const struct vmig_stream *good, const char **what);

#endif /* VMIG_TESTS_RESUME_VERSION_CHECK_H */
