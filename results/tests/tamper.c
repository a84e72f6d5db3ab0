// SPDX-License-Identifier: GPL-2.0-only
/*
 * Bundles that are not what they seem, as KTAP: each is refused, for its own reason, by
 * whoever verifies it. The good one is made here, of one chapter in two rounds.
 *
 *	tamper DIR	DIR is the run directory of tests/golden/33-planned
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <vmig/input.h>
#include <vmig/sha256.h>

#include "judge.h"
#include "load.h"
#include "qualify.h"
#include "results_json.h"
#include "verdict.h"
#include "verify.h"

#define FILES 18
#define BLOCK 512UL

static const char list[] = "version: 0.1.0\nrounds: 2\nseed: 1\nstress: brief\n"
			   "excuse: nothing to check*\n"
			   "[any device]\nfd fd.cdev.cloexec\nfd fd.group.cloexec\n"
			   "fd fd.cdev.size\nfd fd.group.size\nfd fd.cdev.seek\n"
			   "[PRE_COPY]\nfd fd.group.seek\n";

static const char tests[] = "fd\tfd.cdev.cloexec\nfd\tfd.group.cloexec\nfd\tfd.cdev.size\n"
			    "fd\tfd.group.size\nfd\tfd.cdev.seek\nfd\tfd.group.seek\n";

static const char run_json[] =
	"{\"where\": \"guest\", \"accel\": \"tcg\", \"status\": \"complete\", \"planned\": 6, "
	"\"options\": {\"strict\": false, \"hazards\": true, \"known_deviations\": true, "
	"\"tests\": null, \"mustpass\": \"0.1.0\", \"stress\": \"brief\", \"seed\": %u}, "
	"\"started\": \"2026-11-21T21:14:03Z\", \"seconds\": 3.25, "
	"\"suite\": {\"version\": \"0.1.0\", \"commit\": \"1a2b3c4d5e6f\"}}\n";

static const char dmesg[] = "5,0,1000000,-;Linux version 6.12.117\n"
			    "12,1,1000200,-;vmig: begin fd/fd.cdev.cloexec\n"
			    "12,2,1000300,-;vmig: end fd/fd.cdev.cloexec\n"
			    "12,3,1002500,-;vmig: end of run\n";

static const char waived[] = "waiver: RES-07 | fd.*.cloexec | mtty | 6.12- | 2027-03-31 | "
			     "https://lore.example.org/r/1 | agreed\n";

static const char breach[] = "# vmig: breach RES-07\n# vmig:   did: read\n"
			     "# vmig:   expected: the flag\n# vmig:   got: none\n";

/* What is done to the good one. Text is changed in the file @file, from @from to @to. */
struct change {
	const char *file, *from, *to;
};

/* How much of a forgery is done with care. */
enum care { NOTHING, MANIFEST, RESULTS };

struct forgery {
	const char *what;
	struct change change[4];
	enum care care;
	const char *word; /* of the refusal; of the verdict where it is none */
	int exit_code;
};

#define R1 "round-1/run.json"
#define K1 "round-1/ktap/fd.ktap"
#define E1 "round-1/environment.json"
#define T1 "round-1/tests.tsv"

static const struct forgery forgeries[] = {
	{ "none: the good one", { { 0 } }, RESULTS, "conformant by mustpass list 0.1.0", 0 },
	{ "a result made good",
	  { { K1, "ok 6 fd.group.seek      # SKIP the device",
	      "ok 6 fd.group.seek # the device" } },
	  NOTHING,
	  "checksum differs",
	  2 },
	{ "the same with its checksum",
	  { { K1, "ok 6 fd.group.seek      # SKIP the device",
	      "ok 6 fd.group.seek # the device" } },
	  MANIFEST,
	  "results.json says other things",
	  2 },
	{ "results.json edited",
	  { { "round-1/results.json", "\"pass\": 5", "\"pass\": 6" } },
	  MANIFEST,
	  "results.json says other things",
	  2 },
	{ "results.json of a commit that words the verdict differently",
	  { { "round-1/results.json", "\"sentence\": \"conformant",
	      "\"sentence\": \"Conformant" } },
	  MANIFEST,
	  "conformant by mustpass list 0.1.0",
	  0 },
	{ "an honest failure",
	  { { K1, "ok 1 fd.cdev.cloexec", "not ok 1 fd.cdev.cloexec" },
	    { K1, "# vmig: checked FD-01\n", breach },
	    { K1, "pass:5 fail:0", "pass:4 fail:1" } },
	  RESULTS,
	  "not conformant by mustpass list 0.1.0: 1 MUST clause broken, 1 result of 2 rounds no pass",
	  1 },
	{ "the same, waived",
	  { { K1, "ok 1 fd.cdev.cloexec", "ok 1 fd.cdev.cloexec # XFAIL known" },
	    { K1, "# vmig: checked FD-01\n",
	      "# vmig: breach RES-07\n# vmig:   did: a\n# vmig:   expected: b\n# vmig:   got: c\n"
	      "# vmig:   known: waived | x\n" },
	    { K1, "pass:5 fail:0 xfail:0", "pass:4 fail:0 xfail:1" },
	    { "waivers.conf", "", waived } },
	  RESULTS,
	  "conformant by mustpass list 0.1.0 but for 1 waiver",
	  0 },
	{ "a breach that is called known and was not waived",
	  { { K1, "ok 1 fd.cdev.cloexec", "ok 1 fd.cdev.cloexec # XFAIL known" },
	    { K1, "# vmig: checked FD-01\n",
	      "# vmig: breach RES-07\n# vmig:   did: a\n# vmig:   expected: b\n# vmig:   got: c\n"
	      "# vmig:   known: mine | x\n" },
	    { K1, "pass:5 fail:0 xfail:0", "pass:4 fail:0 xfail:1" } },
	  RESULTS,
	  "1 MUST clause broken",
	  1 },
	{ "a clause that the kernel keeps",
	  { { K1, "ok 1 fd.cdev.cloexec", "not ok 1 fd.cdev.cloexec" },
	    { K1, "# vmig: checked FD-01\n",
	      "# vmig: breach LOG-21\n# vmig:   did: a\n# vmig:   expected: b\n"
	      "# vmig:   got: c\n" },
	    { K1, "pass:5 fail:0", "pass:4 fail:1" } },
	  RESULTS,
	  "conformant by mustpass list 0.1.0",
	  0 },
	{ "a complaint of the kernel",
	  { { "round-1/dmesg.txt", "12,3,1002500,-;vmig: end of run",
	      "4,3,1002400,-;BUG: KASAN: use-after-free\n12,4,1002500,-;vmig: end of run" } },
	  RESULTS,
	  "the kernel complained in round 1",
	  1 },
	{ "a skip that is excused",
	  { { K1, "ok 5 fd.cdev.seek", "ok 5 fd.cdev.seek # SKIP nothing to check here" },
	    { K1, "pass:5 fail:0 xfail:0 xpass:0 skip:1",
	      "pass:4 fail:0 xfail:0 xpass:0 skip:2" } },
	  RESULTS,
	  "conformant by mustpass list 0.1.0",
	  0 },
	{ "a skip that is not",
	  { { K1, "ok 5 fd.cdev.seek", "ok 5 fd.cdev.seek # SKIP the device was lost" },
	    { K1, "pass:5 fail:0 xfail:0 xpass:0 skip:1",
	      "pass:4 fail:0 xfail:0 xpass:0 skip:2" } },
	  RESULTS,
	  "1 result of 2 rounds no pass",
	  1 },
	{ "a run that broke off",
	  { { R1, "\"complete\"", "\"guest-died\"" },
	    { K1, "ok 5 fd.cdev.seek\n", "" },
	    { K1, "#            OK  fd.cdev.seek\n", "" },
	    { K1, "pass:5 fail:0", "pass:4 fail:0" } },
	  RESULTS,
	  "not conformant",
	  1 },
	{ "a test taken out",
	  { { K1, "ok 6 fd.group.seek      # SKIP the device offers no PRE_COPY\n", "" },
	    { K1,
	      "#  RUN           fd.group.seek ...\n# vmig: clauses FD-02\n"
	      "# vmig: took 0.004\n#          SKIP  fd.group.seek\n",
	      "" },
	    { K1, "1..6", "1..5" },
	    { K1, "skip:1", "skip:0" } },
	  RESULTS,
	  "lacks the test fd.group.seek",
	  2 },
	{ "a test taken off the plan",
	  { { T1, "fd\tfd.cdev.size\n", "" } },
	  RESULTS,
	  "is not the mustpass list: it lacks fd/fd.cdev.size",
	  2 },
	{ "a test more in the plan",
	  { { T1, "fd\tfd.cdev.size\n", "fd\tfd.cdev.size\nfd\tfd.cdev.zzz\n" } },
	  RESULTS,
	  "tests.tsv",
	  2 },
	{ "a test that is not on the list",
	  { { K1, "# PASSED", "#  RUN           fd.cdev.more ...\nok 7 fd.cdev.more\n# PASSED" },
	    { K1, "1..6", "1..7" },
	    { K1, "pass:5", "pass:6" } },
	  RESULTS,
	  "not on the mustpass list",
	  2 },
	{ "a second result",
	  { { K1, "# PASSED", "#  RUN           fd.cdev.seek ...\nok 7 fd.cdev.seek\n# PASSED" },
	    { K1, "1..6", "1..7" },
	    { K1, "pass:5", "pass:6" } },
	  RESULTS,
	  "two results of the test fd/fd.cdev.seek",
	  2 },
	{ "a list of one's own",
	  { { "mustpass.txt", "fd fd.cdev.size\n", "" } },
	  RESULTS,
	  "is not the one that vmig",
	  2 },
	{ "another seed", { { R1, "\"seed\": 1", "\"seed\": 7" } }, RESULTS, "another seed", 2 },
	{ "other bounds", { { R1, "\"brief\"", "\"off\"" } }, RESULTS, "other bounds", 2 },
	{ "no hazards",
	  { { R1, "\"hazards\": true", "\"hazards\": false" } },
	  RESULTS,
	  "options that change the rules",
	  2 },
	{ "tests that somebody chose",
	  { { R1, "\"tests\": null", "\"tests\": \"fd*\"" } },
	  RESULTS,
	  "options that change the rules",
	  2 },
	{ "no list",
	  { { R1, "\"mustpass\": \"0.1.0\"", "\"mustpass\": null" } },
	  RESULTS,
	  "without the mustpass list",
	  2 },
	{ "a changed suite",
	  { { R1, "1a2b3c4d5e6f", "1a2b3c4d5e6f-dirty" } },
	  RESULTS,
	  "no commit of the repository",
	  2 },
	{ "another version",
	  { { R1, "\"version\": \"0.1.0\"", "\"version\": \"0.0.9\"" } },
	  RESULTS,
	  "another version of the suite",
	  2 },
	{ "programs of another commit",
	  { { K1, "suite 0.1.0 1a2b3c4d5e6f", "suite 0.1.0 ffff" } },
	  RESULTS,
	  "printed by a program of another suite",
	  2 },
	{ "programs about another driver",
	  { { K1, "driver mtty", "driver mlx5_vfio_pci" } },
	  RESULTS,
	  "is about the driver mlx5_vfio_pci",
	  2 },
	{ "another driver in one round",
	  { { E1, "8E3F8D6C2B7A9F01D3C5E7B", "0000000000000000000000B" } },
	  RESULTS,
	  "another driver, kernel or suite",
	  2 },
	{ "a feature that is hidden",
	  { { K1, "ok 6 fd.group.seek      # SKIP the device offers no PRE_COPY",
	      "ok 6 fd.group.seek" },
	    { K1, "pass:5 fail:0 xfail:0 xpass:0 skip:1",
	      "pass:6 fail:0 xfail:0 xpass:0 skip:0" } },
	  RESULTS,
	  "offers no PRE_COPY, and 1 of 1 tests of it passed",
	  2 },
	{ "a waiver that has expired",
	  { { "waivers.conf", "",
	      "waiver: FD-01 | * | mtty | 6.12- | 2026-11-20 | "
	      "https://lore.example.org/r/1 | agreed\n" } },
	  RESULTS,
	  "waiver of FD-01 (line 1 of waivers.conf) had expired on 2026-11-20",
	  2 },
	{ "a waiver without a link",
	  { { "waivers.conf", "",
	      "waiver: FD-01 | * | mtty | 6.12- | 2027-11-20 | my desk | x\n" } },
	  RESULTS,
	  "no link to a public discussion",
	  2 },
};

struct file {
	const char *name;
	char *contents;
	bool gone;
};

struct bundle_files {
	struct arena *arena;
	struct file file[FILES];
	size_t nr;
};

static struct file *find(struct bundle_files *b, const char *name)
{
	size_t i;

	for (i = 0; i < b->nr; i++)
		if (!strcmp(b->file[i].name, name))
			return &b->file[i];
	return NULL;
}

static void add(struct bundle_files *b, const char *name, char *contents)
{
	b->file[b->nr++] = (struct file){ name, contents, false };
}

static char *read_text(struct arena *arena, int dirfd, const char *name)
{
	struct text t;

	if (vmig_input_read(arena, dirfd, name, &t)) {
		fprintf(stderr, "tamper: give the directory of the good run\n");
		exit(2);
	}
	return arena_strndup(arena, t.s, t.n);
}

static struct text of(const char *s)
{
	return (struct text){ s, strlen(s) };
}

/* In the order of their names, as in the archive. */
static void good(struct bundle_files *b, struct arena *arena, int dirfd)
{
	char *ktap = read_text(arena, dirfd, "ktap/fd.ktap");
	char *environment = read_text(arena, dirfd, "environment.json");
	unsigned int i;

	memset(b, 0, sizeof(*b));
	b->arena = arena;
	add(b, "binaries.sha256", "");
	add(b, "kernel.config", "CONFIG_VFIO=y\n");
	add(b, "manifest", "");
	add(b, "modules.sha256", "");
	add(b, "mustpass.txt", arena_printf(arena, "%s", list));
	for (i = 1; i <= 2; i++) {
		add(b, arena_printf(arena, "round-%u/dmesg.txt", i),
		    arena_printf(arena, "%s", dmesg));
		add(b, arena_printf(arena, "round-%u/environment.json", i), environment);
		add(b, arena_printf(arena, "round-%u/ktap/fd.ktap", i), ktap);
		add(b, arena_printf(arena, "round-%u/results.json", i), "");
		add(b, arena_printf(arena, "round-%u/run.json", i),
		    arena_printf(arena, "{\"x\": %u}", i));
		b->file[b->nr - 1].contents = arena_alloc(arena, sizeof(run_json) + 20);
		snprintf(b->file[b->nr - 1].contents, sizeof(run_json) + 20, run_json, i);
		add(b, arena_printf(arena, "round-%u/tests.tsv", i),
		    arena_printf(arena, "%s", tests));
	}
	add(b, "waivers.conf", "");
}

static void change(struct bundle_files *b, const struct change *c)
{
	struct file *f = find(b, c->file);
	char *at = f ? strstr(f->contents, c->from) : NULL;

	if (!at) {
		fprintf(stderr, "tamper: %s has no \"%s\"\n", c->file, c->from);
		exit(2);
	}
	f->contents = arena_printf(b->arena, "%.*s%s%s", (int)(at - f->contents), f->contents,
				   c->to, at + strlen(c->from));
}

/* results.json as vmig-report writes it of such a round. */
static void derive(struct bundle_files *b, unsigned int round)
{
	struct run *run = arena_alloc(b->arena, sizeof(*run));
	const char *dir = arena_printf(b->arena, "round-%u", round);
	struct chapter_file fd = { .name = "ktap/fd.ktap" };
	struct run_files files = { .chapters = &fd };
	char *wrong = NULL, *buf;
	size_t size;
	FILE *f;

	fd.contents = of(find(b, arena_printf(b->arena, "%s/ktap/fd.ktap", dir))->contents);
	files.record = of(find(b, arena_printf(b->arena, "%s/run.json", dir))->contents);
	files.environment =
		of(find(b, arena_printf(b->arena, "%s/environment.json", dir))->contents);
	files.dmesg = of(find(b, arena_printf(b->arena, "%s/dmesg.txt", dir))->contents);
	files.tests = of(find(b, arena_printf(b->arena, "%s/tests.tsv", dir))->contents);
	run_init(run, b->arena);
	run_read(run, &files);
	run->profile = waivers_profile(
		b->arena, waivers_parse(b->arena, of(find(b, "waivers.conf")->contents), &wrong),
		run->env.driver, run->env.release);
	judge_run(run);
	judge_verdict(run);
	f = open_memstream(&buf, &size);
	results_json_write(run, f);
	fclose(f);
	find(b, arena_printf(b->arena, "%s/results.json", dir))->contents =
		arena_strndup(b->arena, buf, size);
	free(buf);
}

static void summon(struct bundle_files *b)
{
	char *s = "";
	size_t i;

	for (i = 0; i < b->nr; i++)
		if (strcmp(b->file[i].name, "manifest"))
			s = arena_printf(b->arena, "%s%s  %s\n", s,
					 vmig_sha256(b->arena, of(b->file[i].contents)),
					 b->file[i].name);
	find(b, "manifest")->contents = s;
}

static void seal(char *header)
{
	unsigned int sum = 0, i;

	memset(header + 148, ' ', 8);
	for (i = 0; i < BLOCK; i++)
		sum += (unsigned char)header[i];
	snprintf(header + 148, 8, "%06o", sum);
}

/* One file of the archive at @out; returns how long it is. */
static size_t pack(char *out, const char *name, const char *contents)
{
	size_t n = strlen(contents);

	memset(out, 0, BLOCK);
	snprintf(out, 100, "%s", name);
	memcpy(out + 100,
	       "0000644\0"
	       "0000000\0"
	       "0000000\0",
	       24);
	snprintf(out + 124, 12, "%011lo", (unsigned long)n & 0777777777UL);
	snprintf(out + 136, 12, "%011o", 0);
	out[156] = '0';
	memcpy(out + 257,
	       "ustar\0"
	       "00",
	       8);
	memcpy(out + 329,
	       "0000000\0"
	       "0000000\0",
	       16);
	seal(out);
	memcpy(out + BLOCK, contents, n);
	memset(out + BLOCK + n, 0, (BLOCK - n % BLOCK) % BLOCK);
	return BLOCK + (n + BLOCK - 1) / BLOCK * BLOCK;
}

static struct text archive(struct bundle_files *b)
{
	size_t room = 2 * BLOCK, n = 0, i;
	char *out;

	for (i = 0; i < b->nr; i++)
		room += strlen(b->file[i].contents) + 2 * BLOCK;
	out = arena_alloc(b->arena, room);
	for (i = 0; i < b->nr; i++)
		if (!b->file[i].gone)
			n += pack(out + n, b->file[i].name, b->file[i].contents);
	return (struct text){ out, n + 2 * BLOCK };
}

/* Prints what came, where that is not what had to. */
static bool judged(struct arena *arena, struct text tar, const char *frozen, const char *word,
		   int exit_code)
{
	struct qualification *q = arena_alloc(arena, sizeof(*q));
	const char *wrong = qualify_verify(q, arena, tar, frozen);
	const char *said = wrong ? wrong : q->sentence;
	int code = wrong ? 2 : q->exit_code;

	if (code == exit_code && strstr(said, word))
		return true;
	printf("# exit code %d and not %d: %s\n", code, exit_code, said);
	return false;
}

static unsigned int number, failed;

static void result(bool ok, const char *what)
{
	number++;
	failed += !ok;
	printf("%s %u a bundle with %s\n", ok ? "ok" : "not ok", number, what);
}

static void forge(const struct forgery *f, int dirfd, const char *frozen)
{
	struct arena *arena = arena_new();
	struct bundle_files b;
	int i;

	good(&b, arena, dirfd);
	if (f->care != RESULTS) {
		derive(&b, 1);
		derive(&b, 2);
	}
	if (f->care == NOTHING)
		summon(&b);
	for (i = 0; i < 4 && f->change[i].file; i++)
		change(&b, &f->change[i]);
	if (f->care == RESULTS) {
		derive(&b, 1);
		derive(&b, 2);
	}
	if (f->care != NOTHING)
		summon(&b);
	result(judged(arena, archive(&b), frozen, f->word, f->exit_code), f->what);
	arena_free(arena);
}

/* The good one, ready to be packed. */
static void made(struct bundle_files *b, struct arena *arena, int dirfd)
{
	good(b, arena, dirfd);
	derive(b, 1);
	derive(b, 2);
	summon(b);
}

/* Tricks with the archive, each on a good one. */
static void archives(int dirfd, const char *frozen)
{
	static const struct {
		const char *what, *old, *name;
		char type;
		const char *word;
	} tricks[] = {
		{ "a path that leads up", "kernel.config", "k/../../etc/x", '0', "name" },
		{ "an absolute path", "kernel.config", "/etc/passwd", '0', "name" },
		{ "a hidden file", "kernel.config", "k/.profile", '0', "name" },
		{ "a name with a control character", "kernel.config", "k\033[2J", '0', "name" },
		{ "a symbolic link", "kernel.config", "kernel.config", '2', "is a link" },
		{ "a directory", "kernel.config", "kernel.config", '5', "is a link" },
		{ "a long name of GNU tar", "kernel.config", "kernel.config", 'L', "is a link" },
		{ "a file that no bundle has", "kernel.config", "kernel.exe", '0',
		  "which no bundle has" },
		{ "a file twice", "kernel.config", "binaries.sha256", '0', "comes twice" },
		{ "files out of order", "kernel.config", "a", '0', "out of order" },
	};
	struct bundle_files b;
	struct arena *arena;
	struct text tar;
	char *at;
	size_t i;

	for (i = 0; i < sizeof(tricks) / sizeof(tricks[0]); i++) {
		arena = arena_new();
		made(&b, arena, dirfd);
		tar = archive(&b);
		for (at = (char *)tar.s; strcmp(at, tricks[i].old); at += BLOCK)
			;
		memset(at, 0, 100);
		snprintf(at, 100, "%s", tricks[i].name);
		at[156] = tricks[i].type;
		seal(at);
		result(judged(arena, tar, frozen, tricks[i].word, 2), tricks[i].what);
		arena_free(arena);
	}
}

static void gone(int dirfd, const char *frozen)
{
	struct arena *arena = arena_new();
	struct bundle_files b;

	made(&b, arena, dirfd);
	find(&b, "round-2/dmesg.txt")->gone = true;
	result(judged(arena, archive(&b), frozen, "round-2/dmesg.txt is missing", 2),
	       "a file taken out");
	made(&b, arena, dirfd);
	find(&b, "kernel.config")->gone = true;
	summon(&b);
	result(judged(arena, archive(&b), frozen, "kernel.config is missing", 2),
	       "the configuration of the kernel taken out");
	made(&b, arena, dirfd);
	find(&b, "manifest")->contents = strchr(find(&b, "manifest")->contents, '\n') + 1;
	result(judged(arena, archive(&b), frozen, "the manifest lists kernel.config where", 2),
	       "a manifest that says less");
	arena_free(arena);
}

/* Cut near each block. */
static void cut(int dirfd, const char *frozen)
{
	struct arena *arena = arena_new(), *inner;
	struct qualification *q;
	struct bundle_files b;
	struct text tar;
	bool ok = true;
	size_t n;

	made(&b, arena, dirfd);
	tar = archive(&b);
	/* All that is behind the end is zeros: that much may lack. */
	for (n = 0; n + BLOCK < tar.n; n += 509) {
		inner = arena_new();
		q = arena_alloc(inner, sizeof(*q));
		ok &= !!qualify_verify(q, inner, (struct text){ tar.s, n }, frozen);
		arena_free(inner);
	}
	result(ok, "its end cut off, here and there");
	arena_free(arena);
}

/* A byte changed, here and there: refused, or one of those that say nothing. */
static void flips(int dirfd, const char *frozen)
{
	struct arena *arena = arena_new(), *inner;
	struct qualification *q;
	struct bundle_files b;
	char *id = NULL, *bytes;
	struct text tar;
	bool ok = true;
	size_t n;

	made(&b, arena, dirfd);
	id = vmig_sha256(arena, of(find(&b, "manifest")->contents));
	tar = archive(&b);
	bytes = (char *)tar.s;
	for (n = 0; n < tar.n && ok; n += 61) {
		bytes[n] ^= 1 << n % 8;
		inner = arena_new();
		q = arena_alloc(inner, sizeof(*q));
		if (!qualify_verify(q, inner, tar, frozen))
			ok = !q->exit_code && !strcmp(q->bundle.id, id);
		if (!ok)
			printf("# byte %zu: %s\n", n, q->sentence);
		arena_free(inner);
		bytes[n] ^= 1 << n % 8;
	}
	result(ok, "a byte changed, here and there");
	arena_free(arena);
}

int main(int argc, char **argv)
{
	struct arena *arena = arena_new();
	const char *frozen = vmig_sha256(arena, of(list));
	int dirfd = argc == 2 ? open(argv[1], O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
	size_t i;

	setvbuf(stdout, NULL, _IOLBF, 0);
	puts("TAP version 13");
	for (i = 0; i < sizeof(forgeries) / sizeof(forgeries[0]); i++)
		forge(&forgeries[i], dirfd, frozen);
	archives(dirfd, frozen);
	gone(dirfd, frozen);
	cut(dirfd, frozen);
	flips(dirfd, frozen);
	printf("1..%u\n", number);
	arena_free(arena);
	return !!failed;
}
