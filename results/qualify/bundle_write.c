// SPDX-License-Identifier: GPL-2.0-only
/*
 * Make the bundle of a qualification from the directory of its rounds. It is read back as
 * --verify reads it, before it is published.
 */
#include <errno.h>
#include <fcntl.h>
#include <fts.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <vmig/input.h>
#include <vmig/sha256.h>

#include "bundle.h"
#include "bundle_write.h"

/* round-1/ktap/fsm.ktap */
#define LEVELS 3

static int by_name(const void *a, const void *b)
{
	return strcmp((*(struct tar_member *const *)a)->name,
		      (*(struct tar_member *const *)b)->name);
}

static char *read_member(struct arena *arena, const char *path, const char *name,
			 struct tar_member **m)
{
	int err;

	*m = arena_alloc(arena, sizeof(**m));
	(*m)->name = arena_strndup(arena, name, strlen(name));
	err = vmig_input_read_head(arena, AT_FDCWD, path, TAR_MAX + 1, &(*m)->contents);
	return err ? arena_printf(arena, "cannot read %s: %s", path, strerror(err)) : NULL;
}

/* The files below @fts that a bundle has, in any order; @error is set where one is lost. */
static struct tar_member **walk(struct arena *arena, FTS *fts, size_t *nr, char **error)
{
	struct tar_member **all = NULL, *m;
	size_t begin = 0;
	FTSENT *e;

	while (!*error && (e = fts_read(fts))) {
		if (e->fts_level == 0)
			begin = e->fts_pathlen + (e->fts_path[e->fts_pathlen - 1] != '/');
		if (e->fts_info == FTS_D && e->fts_level >= LEVELS)
			fts_set(fts, e, FTS_SKIP);
		if (e->fts_info == FTS_DNR || e->fts_info == FTS_ERR || e->fts_info == FTS_NS)
			*error = arena_printf(arena, "cannot read %s: %s", e->fts_path,
					      strerror(e->fts_errno));
		if (e->fts_info != FTS_F || !bundle_has(e->fts_path + begin))
			continue;
		*error = read_member(arena, e->fts_accpath, e->fts_path + begin, &m);
		all = arena_grow(arena, all, *nr, sizeof(*all));
		all[(*nr)++] = m;
	}
	return all;
}

/**
 * bundle_collect - read the files of a directory that go into a bundle
 * @arena: where everything goes
 * @dir: the directory
 * @error: NULL, and where a sentence goes
 *
 * Return: the files in ascending order of their names, or NULL with @error set.
 */
struct tar_member *bundle_collect(struct arena *arena, const char *dir, char **error)
{
	char *const top[] = { (char *)dir, NULL };
	FTS *fts = fts_open(top, FTS_PHYSICAL | FTS_NOCHDIR, NULL);
	struct tar_member **all;
	size_t nr = 0, i;

	if (!fts) {
		*error = arena_printf(arena, "cannot read %s: %s", dir, strerror(errno));
		return NULL;
	}
	all = walk(arena, fts, &nr, error);
	fts_close(fts);
	if (!*error && !nr)
		*error = arena_printf(arena,
				      "%s holds no file of a bundle; give the directory of a "
				      "run of --qualify",
				      dir);
	if (*error)
		return NULL;
	qsort(all, nr, sizeof(*all), by_name);
	for (i = 0; i + 1 < nr; i++)
		all[i]->next = all[i + 1];
	return all[0];
}

/**
 * bundle_manifest - list files with their checksums
 * @arena: where the list goes
 * @members: the files; manifest and signature may be among them
 *
 * Return: "CHECKSUM  NAME" of each, a line each, as sha256sum prints it.
 */
struct text bundle_manifest(struct arena *arena, const struct tar_member *members)
{
	const struct tar_member *m;
	size_t room = 1;
	char *s, *end;

	for (m = members; m; m = m->next)
		room += 64 + 3 + strlen(m->name);
	s = arena_alloc(arena, room);
	end = s;
	for (m = members; m; m = m->next)
		if (bundle_manifest_lists(m->name))
			end += snprintf(end, room - (size_t)(end - s), "%s  %s\n",
					vmig_sha256(arena, m->contents), m->name);
	return (struct text){ s, (size_t)(end - s) };
}

/**
 * bundle_write - make a bundle
 * @arena: where it goes
 * @members: its files, in ascending order of their names
 * @packed: the bundle, compressed
 *
 * Return: NULL, or a sentence about why these files are none.
 */
char *bundle_write(struct arena *arena, const struct tar_member *members, struct text *packed)
{
	struct bundle *b = arena_alloc(arena, sizeof(*b));
	struct text tar;
	char *wrong = tar_write(arena, members, &tar);

	if (!wrong)
		wrong = bundle_read(b, arena, tar);
	if (!wrong)
		wrong = tar_pack(arena, tar, packed);
	return wrong;
}
