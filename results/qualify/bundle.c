// SPDX-License-Identifier: GPL-2.0-only
/*
 * A bundle is an archive of:
 *
 *	binaries.sha256  modules.sha256  kernel.config  mustpass.txt  waivers.conf
 *	manifest         "CHECKSUM  NAME" of each other file, as sha256sum prints it
 *	manifest.sig     the signature of the manifest, if it was signed
 *	round-N/         run.json environment.json dmesg.txt tests.tsv results.json, and KTAP
 *
 * The checksums show what was damaged, or changed without an attempt to hide it.
 * Who changes a file and its line of the manifest is found out by the signature alone.
 */
#include <string.h>

#include <vmig/sha256.h>

#include "bundle.h"

#define HEX 64

/* Files that a bundle has once. */
static const char *const once[] = {
	"binaries.sha256", "kernel.config", BUNDLE_MANIFEST,
	"modules.sha256",  "mustpass.txt",  "waivers.conf",
};

static const char *const each_round[] = {
	"dmesg.txt", "environment.json", "results.json", "run.json", "tests.tsv",
};

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/**
 * bundle_manifest_lists - has a manifest to list this file?
 * @name: a file of a bundle
 *
 * Return: false for the manifest and its signature.
 */
bool bundle_manifest_lists(const char *name)
{
	return strcmp(name, BUNDLE_MANIFEST) && strcmp(name, BUNDLE_SIGNATURE);
}

/* A line of the manifest, against the file that it has to be about. */
static char *line_check(struct arena *arena, struct text line, const struct tar_member *m)
{
	struct text name;
	size_t i;

	for (i = 0; i < line.n && i < HEX; i++)
		if (!strchr("0123456789abcdef", line.s[i]) || !line.s[i])
			break;
	if (i < HEX || line.n <= HEX + 2 || memcmp(line.s + HEX, "  ", 2))
		return arena_printf(arena,
				    "its manifest has a line that is no checksum and name: %s",
				    text_clean(arena, line));
	name = (struct text){ line.s + HEX + 2, line.n - HEX - 2 };
	if (!m)
		return arena_printf(arena, "%s is missing: the manifest lists it",
				    text_clean(arena, name));
	if (!text_is(name, m->name))
		return arena_printf(arena, "the manifest lists %s where the bundle has %s",
				    text_clean(arena, name), m->name);
	if (memcmp(line.s, vmig_sha256(arena, m->contents), HEX))
		return arena_printf(arena,
				    "%s is not the file that the manifest is about: its "
				    "checksum differs",
				    m->name);
	return NULL;
}

/**
 * bundle_manifest_check - does a manifest list these files, and no other?
 * @arena: where a sentence goes
 * @manifest: the manifest
 * @members: the files, in ascending order, manifest and signature among them
 *
 * Return: NULL, or a sentence about the first thing that differs.
 */
char *bundle_manifest_check(struct arena *arena, struct text manifest,
			    const struct tar_member *members)
{
	struct text line;
	char *wrong;

	while (text_next_line(&manifest, &line)) {
		while (members && !bundle_manifest_lists(members->name))
			members = members->next;
		wrong = line_check(arena, line, members);
		if (wrong)
			return wrong;
		members = members->next;
	}
	for (; members; members = members->next)
		if (bundle_manifest_lists(members->name))
			return arena_printf(arena, "the manifest does not list %s", members->name);
	return NULL;
}

/* "round-2/run.json": 2, and @name behind the slash; 0 for other names. */
static unsigned int round_of(const char **name)
{
	const char *s = *name;

	if (strncmp(s, "round-", 6) || s[6] < '1' || s[6] > '9' || s[7] != '/')
		return 0;
	*name = s + 8;
	return (unsigned int)(s[6] - '0');
}

static bool is_among(const char *name, const char *const *names, size_t nr)
{
	size_t i;

	for (i = 0; i < nr; i++)
		if (!strcmp(name, names[i]))
			return true;
	return false;
}

static bool is_ktap(const char *name)
{
	const size_t n = strlen(name);

	return !strncmp(name, "ktap/", 5) && n >= 11 && !strcmp(name + n - 5, ".ktap") &&
	       !strchr(name + 5, '/');
}

/**
 * bundle_has - is this a file of a bundle?
 * @name: its name, from the directory of the bundle on
 *
 * Return: true if so.
 */
bool bundle_has(const char *name)
{
	if (round_of(&name))
		return is_ktap(name) || is_among(name, each_round, COUNT(each_round));
	return is_among(name, once, COUNT(once)) || !strcmp(name, BUNDLE_SIGNATURE);
}

static void add_ktap(struct arena *arena, struct chapter_file **last, const struct tar_member *m,
		     const char *name)
{
	struct chapter_file *f = arena_alloc(arena, sizeof(*f));

	while (*last)
		last = &(*last)->next;
	f->name = arena_printf(arena, "%s", name);
	f->contents = m->contents;
	*last = f;
}

static void add_to_round(struct arena *arena, struct bundle_round *r, const struct tar_member *m,
			 const char *name)
{
	struct text *const where[] = { &r->files.dmesg, &r->files.environment, &r->results,
				       &r->files.record, &r->files.tests };
	size_t i;

	for (i = 0; i < COUNT(each_round); i++)
		if (!strcmp(name, each_round[i]))
			*where[i] = m->contents;
	if (is_ktap(name))
		add_ktap(arena, &r->files.chapters, m, name);
}

static char *sort_members(struct bundle *b, struct arena *arena)
{
	const struct tar_member *m;
	unsigned int round;
	const char *name;

	for (m = b->members; m; m = m->next) {
		if (!bundle_has(m->name))
			return arena_printf(arena, "it holds %s, which no bundle has", m->name);
		name = m->name;
		round = round_of(&name);
		if (round > b->nr_rounds)
			b->nr_rounds = round;
		if (round)
			add_to_round(arena, &b->rounds[round - 1], m, name);
	}
	return NULL;
}

static char *look_for(const struct bundle *b, struct arena *arena)
{
	unsigned int round;
	char *name;
	size_t i;

	for (i = 0; i < COUNT(once); i++)
		if (!tar_find(b->members, once[i]))
			return arena_printf(arena, "%s is missing", once[i]);
	for (round = 1; round <= b->nr_rounds; round++) {
		for (i = 0; i < COUNT(each_round); i++) {
			name = arena_printf(arena, "round-%u/%s", round, each_round[i]);
			if (!tar_find(b->members, name))
				return arena_printf(arena, "%s is missing", name);
		}
		if (!b->rounds[round - 1].files.chapters)
			return arena_printf(arena, "round-%u/ktap is missing", round);
	}
	return NULL;
}

/**
 * bundle_open - decompress a bundle, if it is compressed
 * @arena: where the archive goes
 * @file: what was read of the bundle
 * @tar: the archive
 *
 * Return: NULL, or a sentence about why it is refused.
 */
char *bundle_open(struct arena *arena, struct text file, struct text *tar)
{
	/* Where it says what it is, tar(5). */
	const size_t at = 257;

	*tar = file;
	if (!tar_is_packed(file) && file.n > at + 5 && !memcmp(file.s + at, "ustar", 5))
		return NULL;
	return tar_unpack(arena, file, TAR_MAX, tar);
}

/**
 * bundle_read - take a bundle apart
 * @b: the answer
 * @arena: where everything goes; contents stay in @tar
 * @tar: the archive, not compressed
 *
 * Return: NULL, or a sentence about why it is refused.
 */
char *bundle_read(struct bundle *b, struct arena *arena, struct text tar)
{
	char *wrong = NULL;

	memset(b, 0, sizeof(*b));
	b->members = tar_read(arena, tar, &wrong);
	if (!wrong)
		wrong = sort_members(b, arena);
	if (!wrong)
		wrong = look_for(b, arena);
	if (wrong)
		return wrong;
	b->manifest = tar_find(b->members, BUNDLE_MANIFEST)->contents;
	b->mustpass = tar_find(b->members, "mustpass.txt")->contents;
	b->waivers = tar_find(b->members, "waivers.conf")->contents;
	b->modules = tar_find(b->members, "modules.sha256")->contents;
	b->id = vmig_sha256(arena, b->manifest);
	return bundle_manifest_check(arena, b->manifest, b->members);
}
