// SPDX-License-Identifier: GPL-2.0-only
/* Actions of vmig-report on a qualification. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <vmig/input.h>
#include <vmig/sha256.h>
#include <vmig/version.h>

#include "bundle_write.h"
#include "cli.h"
#include "judge.h"
#include "load.h"
#include "message.h"
#include "mustpass_make.h"
#include "output.h"
#include "qualify.h"
#include "statement.h"
#include "verdict.h"
#include "verify.h"

/* Runs that a list is made of. */
#define RUNS_MAX 32

static bool read_input(struct arena *arena, const char *path, size_t max, struct text *contents)
{
	int err = vmig_input_read_head(arena, AT_FDCWD, path, max + 1, contents);

	if (err)
		error_msg("cannot read %s: %s", path, strerror(err));
	else if (contents->n > max)
		error_msg("%s is larger than any file of its kind, %zu MiB", path, max >> 20);
	return !err && contents->n <= max;
}

static int refused(const char *wrong)
{
	error_msg("the bundle is refused: %s", wrong);
	return EXIT_UNTESTED;
}

/* A file that appears complete or not at all. */
static bool write_file(const char *dir, const char *name, struct text contents)
{
	int dirfd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC), err = errno;
	struct output out;

	if (dirfd >= 0) {
		output_open(&out, dirfd, name);
		if (out.file)
			fwrite(contents.s, 1, contents.n, out.file);
		err = output_close(&out);
		if (!err)
			err = output_publish(&out);
		if (err)
			output_discard(&out);
		close(dirfd);
	}
	if (err && dirfd >= 0)
		error_msg("cannot write %s in %s: %s; make room or give permission", name, dir,
			  strerror(err));
	else if (dirfd < 0)
		error_msg("cannot open the directory %s: %s", dir, strerror(err));
	return dirfd >= 0 && !err;
}

/* What a signature is about, for ssh-keygen: of the bytes that were verified. */
static bool write_signed(const struct bundle *b, const char *dir)
{
	const struct tar_member *sig = tar_find(b->members, BUNDLE_SIGNATURE);

	return !sig || (write_file(dir, BUNDLE_MANIFEST, b->manifest) &&
			write_file(dir, BUNDLE_SIGNATURE, sig->contents));
}

static int verify_bundle(struct arena *arena, char **argv)
{
	struct qualification *q = arena_alloc(arena, sizeof(*q));
	struct text file, tar;
	char *wrong;

	if (!read_input(arena, argv[0], TAR_MAX, &file))
		return EXIT_UNTESTED;
	wrong = bundle_open(arena, file, &tar);
	if (!wrong)
		wrong = qualify_verify(q, arena, tar, vmig_mustpass);
	if (wrong)
		return refused(wrong);
	if (argv[1] && !write_signed(&q->bundle, argv[1]))
		return EXIT_UNTESTED;
	qualify_write_statement(q, stdout);
	return close_stdout(q->exit_code);
}

static int write_manifest(struct arena *arena, char **argv)
{
	char *wrong = NULL;
	const struct tar_member *members = bundle_collect(arena, argv[0], &wrong);

	if (wrong) {
		error_msg("%s", wrong);
		return EXIT_UNTESTED;
	}
	return write_file(argv[0], BUNDLE_MANIFEST, bundle_manifest(arena, members))
		       ? 0
		       : EXIT_UNTESTED;
}

static int write_bundle(struct arena *arena, char **argv)
{
	char *wrong = NULL;
	const struct tar_member *members = bundle_collect(arena, argv[0], &wrong);
	struct text packed;

	if (wrong) {
		error_msg("%s", wrong);
		return EXIT_UNTESTED;
	}
	wrong = bundle_write(arena, members, &packed);
	if (wrong) {
		error_msg("no bundle can be made of %s: %s", argv[0], wrong);
		return EXIT_UNTESTED;
	}
	return write_file(argv[0], "bundle.tar.zst", packed) ? 0 : EXIT_UNTESTED;
}

static int bundle_file(struct arena *arena, char **argv)
{
	const struct tar_member *m = NULL;
	struct text file, tar;
	char *wrong;

	if (!read_input(arena, argv[0], TAR_MAX, &file))
		return EXIT_UNTESTED;
	wrong = bundle_open(arena, file, &tar);
	if (!wrong)
		m = tar_read(arena, tar, &wrong);
	if (wrong)
		return refused(wrong);
	m = tar_find(m, argv[1]);
	if (!m) {
		error_msg("the bundle has no file %s", argv[1]);
		return EXIT_UNTESTED;
	}
	fwrite(m->contents.s, 1, m->contents.n, stdout);
	return close_stdout(0);
}

static int waivers(struct arena *arena, char **argv)
{
	const struct vmig_profile *p;
	const struct vmig_deviation *d;
	struct text contents;
	struct waiver *all, *w;
	char *wrong = NULL;

	if (!read_input(arena, argv[0], 1UL << 20, &contents))
		return EXIT_UNTESTED;
	all = waivers_parse(arena, contents, &wrong);
	if (wrong) {
		error_msg("%s, %s", argv[0], wrong);
		return EXIT_UNTESTED;
	}
	for (w = all; w; w = w->next) {
		if (!waiver_expired(w, argv[3]))
			continue;
		error_msg("%s, line %u: the waiver of %s for %s expired on %s; remove it, or agree "
			  "on a later day where it was discussed (%s)",
			  argv[0], w->line, w->clause->id, w->driver, w->expires, w->link);
		return EXIT_UNTESTED;
	}
	p = waivers_profile(arena, all, argv[1], argv[2]);
	for (d = p ? p->deviations : NULL; d; d = d->next)
		printf("sometimes: %s | %s | %s | %s\n", d->clause->id, d->glob, d->source,
		       d->reason);
	return close_stdout(0);
}

static int mustpass_tests(struct arena *arena, char **argv)
{
	const struct mustpass_test *t;
	const struct mustpass *m;
	struct text contents;
	char *wrong = NULL;

	if (!read_input(arena, argv[0], 4UL << 20, &contents))
		return EXIT_UNTESTED;
	if (strcmp(vmig_sha256(arena, contents), vmig_mustpass)) {
		error_msg("%s is not the list that vmig %s has frozen: its sha256 is %.16s, and "
			  "not %.16s; restore it (git checkout)",
			  argv[0], vmig_version, vmig_sha256(arena, contents), vmig_mustpass);
		return EXIT_UNTESTED;
	}
	m = mustpass_parse(arena, contents, &wrong);
	if (!m) {
		error_msg("%s: %s", argv[0], wrong);
		return EXIT_UNTESTED;
	}
	printf("%u %u %s\n", m->rounds, m->seed, m->stress);
	for (t = m->tests; t; t = t->next)
		printf("%s\t%s\n", t->chapter, t->name);
	return close_stdout(0);
}

static struct run *load_run(struct arena *arena, const char *dir)
{
	struct run *run = arena_alloc(arena, sizeof(*run));
	int dirfd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	char *wrong;

	if (dirfd < 0) {
		error_msg("cannot open the run directory %s: %s", dir, strerror(errno));
		return NULL;
	}
	wrong = run_load(run, arena, dirfd);
	close(dirfd);
	if (wrong) {
		error_msg("%s/%s", dir, wrong);
		return NULL;
	}
	judge_run(run);
	judge_verdict(run);
	return run;
}

static int mustpass_from_runs(struct arena *arena, char **argv)
{
	struct run *runs[RUNS_MAX];
	struct text head;
	char *wrong;
	int nr;

	if (!read_input(arena, argv[0], 1UL << 20, &head))
		return EXIT_UNTESTED;
	for (nr = 0; argv[1 + nr]; nr++) {
		runs[nr] = load_run(arena, argv[1 + nr]);
		if (!runs[nr])
			return EXIT_UNTESTED;
	}
	wrong = mustpass_make(arena, head, runs, (size_t)nr, stdout);
	if (wrong) {
		error_msg("%s", wrong);
		return EXIT_UNTESTED;
	}
	return close_stdout(0);
}

const struct action qualify_actions[] = {
	{ "verify", "BUNDLE [DIR]", 1, 2, verify_bundle,
	  "derive the verdict from what a bundle holds, print the statement; exit 0 conformant, 1 "
	  "not, 2 refused, and why. If it is signed, manifest and manifest.sig of it go into DIR" },
	{ "bundle-file", "BUNDLE NAME", 2, 2, bundle_file, "print one file of a bundle" },
	{ "bundle-manifest", "DIR", 1, 1, write_manifest,
	  "write the manifest of the qualification in DIR" },
	{ "bundle-write", "DIR", 1, 1, write_bundle,
	  "write DIR/bundle.tar.zst of it, with that manifest" },
	{ "waivers", "FILE DRIVER KERNEL DAY", 4, 4, waivers,
	  "print those waivers of a file that are for this driver on this kernel, as lines of a "
	  "profile; exit 2 if one has expired" },
	{ "mustpass-tests", "LIST", 1, 1, mustpass_tests,
	  "print rounds, seed and stress of the frozen list, then its tests" },
	{ "mustpass-make", "HEAD RUNDIR...", 2, RUNS_MAX + 1, mustpass_from_runs,
	  "print a list made of runs of the reference drivers, behind the lines of HEAD" },
	{ 0 }
};
