// SPDX-License-Identifier: GPL-2.0-only
/* The options of vmig-report that are about a qualification. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <vmig/version.h>

#include "bundle_write.h"
#include "cli.h"
#include "input.h"
#include "judge.h"
#include "load.h"
#include "message.h"
#include "mustpass_make.h"
#include "output.h"
#include "qualify.h"
#include "sha256.h"
#include "statement.h"
#include "verdict.h"
#include "verify.h"

/* Runs that a list is made of. */
#define RUNS_MAX 32

static bool read_input(struct pool *pool, const char *path, size_t max, struct text *contents)
{
	int err = input_read_head(pool, AT_FDCWD, path, max + 1, contents);

	if (err)
		complain("cannot read %s: %s", path, strerror(err));
	else if (contents->n > max)
		complain("%s is larger than any file of its kind, %zu MiB", path, max >> 20);
	return !err && contents->n <= max;
}

static int refused(const char *wrong)
{
	complain("the bundle is refused: %s", wrong);
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
		complain("cannot write %s in %s: %s; make room or give permission", name, dir,
			 strerror(err));
	else if (dirfd < 0)
		complain("cannot open the directory %s: %s", dir, strerror(err));
	return dirfd >= 0 && !err;
}

/* What a signature is about, for ssh-keygen: of the bytes that were verified. */
static bool write_signed(const struct bundle *b, const char *dir)
{
	const struct tar_member *sig = tar_find(b->members, BUNDLE_SIGNATURE);

	return !sig || (write_file(dir, BUNDLE_MANIFEST, b->manifest) &&
			write_file(dir, BUNDLE_SIGNATURE, sig->contents));
}

static int verify_bundle(struct pool *pool, int argc, char **argv)
{
	struct qualification *q = pool_alloc(pool, sizeof(*q));
	struct text file, tar;
	char *wrong;

	if (!read_input(pool, argv[2], TAR_MAX, &file))
		return EXIT_UNTESTED;
	wrong = bundle_open(pool, file, &tar);
	if (!wrong)
		wrong = verify(q, pool, tar, vmig_mustpass);
	if (wrong)
		return refused(wrong);
	if (argc > 3 && !write_signed(&q->bundle, argv[3]))
		return EXIT_UNTESTED;
	write_statement(q, stdout);
	return flushed(q->exit_code);
}

static int write_manifest(struct pool *pool, char **argv)
{
	char *wrong = NULL;
	const struct tar_member *members = bundle_collect(pool, argv[2], &wrong);

	if (wrong) {
		complain("%s", wrong);
		return EXIT_UNTESTED;
	}
	return write_file(argv[2], BUNDLE_MANIFEST, bundle_manifest(pool, members)) ? 0
										    : EXIT_UNTESTED;
}

static int write_bundle(struct pool *pool, char **argv)
{
	char *wrong = NULL;
	const struct tar_member *members = bundle_collect(pool, argv[2], &wrong);
	struct text packed;

	if (wrong) {
		complain("%s", wrong);
		return EXIT_UNTESTED;
	}
	wrong = bundle_write(pool, members, &packed);
	if (wrong) {
		complain("no bundle can be made of %s: %s", argv[2], wrong);
		return EXIT_UNTESTED;
	}
	return write_file(argv[2], "bundle.tar.zst", packed) ? 0 : EXIT_UNTESTED;
}

static int bundle_file(struct pool *pool, char **argv)
{
	const struct tar_member *m = NULL;
	struct text file, tar;
	char *wrong;

	if (!read_input(pool, argv[2], TAR_MAX, &file))
		return EXIT_UNTESTED;
	wrong = bundle_open(pool, file, &tar);
	if (!wrong)
		m = tar_read(pool, tar, &wrong);
	if (wrong)
		return refused(wrong);
	m = tar_find(m, argv[3]);
	if (!m) {
		complain("the bundle has no file %s", argv[3]);
		return EXIT_UNTESTED;
	}
	fwrite(m->contents.s, 1, m->contents.n, stdout);
	return flushed(0);
}

static int waivers(struct pool *pool, char **argv)
{
	const struct profile *p;
	const struct deviation *d;
	struct text contents;
	struct waiver *all, *w;
	char *wrong = NULL;

	if (!read_input(pool, argv[2], 1UL << 20, &contents))
		return EXIT_UNTESTED;
	all = waivers_parse(pool, contents, &wrong);
	if (wrong) {
		complain("%s, %s", argv[2], wrong);
		return EXIT_UNTESTED;
	}
	for (w = all; w; w = w->next) {
		if (!waiver_expired(w, argv[5]))
			continue;
		complain("%s, line %u: the waiver of %s for %s expired on %s; remove it, or agree "
			 "on a later day where it was discussed (%s)",
			 argv[2], w->line, w->clause->id, w->driver, w->expires, w->link);
		return EXIT_UNTESTED;
	}
	p = waivers_profile(pool, all, argv[3], argv[4]);
	for (d = p ? p->deviations : NULL; d; d = d->next)
		printf("sometimes: %s | %s | %s | %s\n", d->clause->id, d->glob, d->source,
		       d->reason);
	return flushed(0);
}

static int mustpass_tests(struct pool *pool, char **argv)
{
	const struct mustpass_test *t;
	const struct mustpass *m;
	struct text contents;
	char *wrong = NULL;

	if (!read_input(pool, argv[2], 4UL << 20, &contents))
		return EXIT_UNTESTED;
	if (strcmp(digest(pool, contents), vmig_mustpass)) {
		complain("%s is not the list that vmig %s has frozen: its sha256 is %.16s, and "
			 "not %.16s; restore it (git checkout)",
			 argv[2], vmig_version, digest(pool, contents), vmig_mustpass);
		return EXIT_UNTESTED;
	}
	m = mustpass_parse(pool, contents, &wrong);
	if (!m) {
		complain("%s: %s", argv[2], wrong);
		return EXIT_UNTESTED;
	}
	printf("%u %u %s\n", m->rounds, m->seed, m->stress);
	for (t = m->tests; t; t = t->next)
		printf("%s\t%s\n", t->chapter, t->name);
	return flushed(0);
}

static struct run *load_run(struct pool *pool, const char *dir)
{
	struct run *run = pool_alloc(pool, sizeof(*run));
	int dirfd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	char *wrong;

	if (dirfd < 0) {
		complain("cannot open the run directory %s: %s", dir, strerror(errno));
		return NULL;
	}
	wrong = model_load(run, pool, dirfd);
	close(dirfd);
	if (wrong) {
		complain("%s/%s", dir, wrong);
		return NULL;
	}
	judge(run);
	verdict(run);
	return run;
}

static int mustpass_from_runs(struct pool *pool, int argc, char **argv)
{
	struct run *runs[RUNS_MAX];
	struct text head;
	char *wrong;
	int i, nr = argc - 3;

	if (nr > RUNS_MAX) {
		complain("more than %d runs", RUNS_MAX);
		return EXIT_UNTESTED;
	}
	if (!read_input(pool, argv[2], 1UL << 20, &head))
		return EXIT_UNTESTED;
	for (i = 0; i < nr; i++) {
		runs[i] = load_run(pool, argv[3 + i]);
		if (!runs[i])
			return EXIT_UNTESTED;
	}
	wrong = mustpass_make(pool, head, runs, (size_t)nr, stdout);
	if (wrong) {
		complain("%s", wrong);
		return EXIT_UNTESTED;
	}
	return flushed(0);
}

/* What each option takes behind its name. */
static const struct {
	const char *name;
	int least, most;
	const char *needs;
} options[] = {
	{ "--verify", 1, 2, "a bundle, and a directory for its manifest and signature" },
	{ "--bundle-file", 2, 2, "a bundle and the name of a file in it" },
	{ "--waivers", 4, 4, "a file, a driver, a kernel release and a day" },
	{ "--mustpass-tests", 1, 1, "the list" },
	{ "--bundle-manifest", 1, 1, "the directory of a qualification" },
	{ "--bundle-write", 1, 1, "the directory of a qualification" },
	{ "--mustpass-make", 2, RUNS_MAX + 1, "the head of the list and directories of runs" },
};

#define NR_OPTIONS (int)(sizeof(options) / sizeof(options[0]))

static int index_of(const char *option)
{
	int i;

	for (i = 0; i < NR_OPTIONS; i++)
		if (!strcmp(option, options[i].name))
			return i;
	return -1;
}

/**
 * qualify_option - is this an option of here?
 * @option: as it was given
 *
 * Return: true if so.
 */
bool qualify_option(const char *option)
{
	return index_of(option) >= 0;
}

/**
 * qualify_run - do what such an option asks for
 * @pool: where everything goes
 * @argc: as main() has it
 * @argv: the same
 *
 * Return: the exit code.
 */
int qualify_run(struct pool *pool, int argc, char **argv)
{
	int i = index_of(argv[1]);

	if (argc - 2 < options[i].least || argc - 2 > options[i].most) {
		complain("%s needs %s; --help says more", argv[1], options[i].needs);
		return EXIT_UNTESTED;
	}
	switch (i) {
	case 0:
		return verify_bundle(pool, argc, argv);
	case 1:
		return bundle_file(pool, argv);
	case 2:
		return waivers(pool, argv);
	case 3:
		return mustpass_tests(pool, argv);
	case 4:
		return write_manifest(pool, argv);
	case 5:
		return write_bundle(pool, argv);
	default:
		return mustpass_from_runs(pool, argc, argv);
	}
}
