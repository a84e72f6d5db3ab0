/* SPDX-License-Identifier: GPL-2.0-only */
/* Parse a bundle of run.sh --qualify, and verify its checksums. */
#ifndef VMIG_RESULTS_BUNDLE_H
#define VMIG_RESULTS_BUNDLE_H

#include "run.h"
#include "tar.h"

#define BUNDLE_MANIFEST "manifest"
#define BUNDLE_SIGNATURE "manifest.sig"

/* Rounds that a list may ask for. */
#define ROUNDS_MAX 9

/**
 * struct bundle_round - one time that the list was run
 * @files: what it left; the profile is none of it
 * @results: its results.json
 */
struct bundle_round {
	struct run_files files;
	struct text results;
};

/**
 * struct bundle - a bundle
 * @members: its files
 * @manifest: the list of their checksums
 * @id: the checksum of that
 * @mustpass: the list of tests that was run
 * @waivers: the waivers that were in force
 * @modules: checksums of the modules, driver and what it needs
 * @rounds: the rounds, in their order
 * @nr_rounds: their number
 */
struct bundle {
	struct tar_member *members;
	struct text manifest, mustpass, waivers, modules;
	char *id;
	struct bundle_round rounds[ROUNDS_MAX];
	unsigned int nr_rounds;
};

char *bundle_open(struct arena *arena, struct text file, struct text *tar);
char *bundle_read(struct bundle *b, struct arena *arena, struct text tar);
bool bundle_has(const char *name);
bool bundle_manifest_lists(const char *name);
char *bundle_manifest_check(struct arena *arena, struct text manifest,
			    const struct tar_member *members);

#endif /* VMIG_RESULTS_BUNDLE_H */
