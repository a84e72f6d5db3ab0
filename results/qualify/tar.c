// SPDX-License-Identifier: GPL-2.0-only
/*
 * A reader of the one kind of archive that run.sh --qualify writes: POSIX ustar, regular
 * files alone, with short names of harmless characters, sorted. All else that a tar may hold
 * (links, devices, long names, extensions) is refused and not skipped, so that no two
 * programs can see different files in it.
 */
#include <string.h>

#include "tar.h"

#define BLOCK 512
/* Files of a bundle: a few, and those of some chapters in some rounds. */
#define MEMBERS_MAX 2000
#define NAME_SIZE 100

struct header {
	char name[NAME_SIZE];
	char mode[8], uid[8], gid[8];
	char size[12], mtime[12];
	char checksum[8];
	char type;
	char linkname[NAME_SIZE];
	char magic[6], version[2];
	char owner[32], group[32];
	char major[8], minor[8];
	char prefix[155];
	char rest[12];
};

_Static_assert(sizeof(struct header) == BLOCK, "a header is one block");

/* An octal number that fills its field but for the end; false for anything else. */
static bool octal(const char *field, size_t n, size_t *value)
{
	size_t i;

	*value = 0;
	for (i = 0; i + 1 < n && field[i] >= '0' && field[i] <= '7'; i++)
		*value = *value * 8 + (size_t)(field[i] - '0');
	return i && (field[i] == '\0' || field[i] == ' ');
}

static bool checksum_fits(const struct header *h)
{
	const unsigned char *byte = (const unsigned char *)h;
	const size_t at = offsetof(struct header, checksum);
	size_t sum = 0, want, i;

	for (i = 0; i < BLOCK; i++)
		sum += i >= at && i < at + sizeof(h->checksum) ? ' ' : byte[i];
	return octal(h->checksum, sizeof(h->checksum), &want) && want == sum;
}

/* Words of letters, digits, "_", "-" and ".", slashes between; none begins with a dot. */
static bool name_is_plain(const char *name)
{
	const char *s;

	for (s = name; *s; s++) {
		if (*s == '/' && s > name && s[-1] != '/' && s[1])
			continue;
		if (*s == '.' && s > name && s[-1] != '/')
			continue;
		if ((*s >= 'a' && *s <= 'z') || (*s >= 'A' && *s <= 'Z') ||
		    (*s >= '0' && *s <= '9') || *s == '_' || *s == '-')
			continue;
		return false;
	}
	return s > name;
}

static bool zero(struct text t)
{
	while (t.n && !*t.s) {
		t.s++;
		t.n--;
	}
	return !t.n;
}

/* Takes a member off the front of @rest; NULL where it cannot be, with @error. */
static struct tar_member *member(struct pool *pool, struct text *rest, char **error)
{
	struct tar_member *m = pool_alloc(pool, sizeof(*m));
	struct header h;
	size_t size;

	memcpy(&h, rest->s, BLOCK);
	if (memcmp(h.magic, "ustar", 6) || memcmp(h.version, "00", 2) || !checksum_fits(&h) ||
	    !octal(h.size, sizeof(h.size), &size)) {
		*error = "it is damaged, or no archive of run.sh --qualify";
		return NULL;
	}
	m->name = text_clean(pool, (struct text){ h.name, strnlen(h.name, NAME_SIZE - 1) });
	if (h.name[NAME_SIZE - 1] || h.prefix[0] || !name_is_plain(h.name)) {
		*error = pool_printf(pool,
				     "it holds a file with the name \"%s\": names of a bundle "
				     "lead to no other directory",
				     m->name);
		return NULL;
	}
	if (h.type != '0' || h.linkname[0]) {
		*error = pool_printf(pool, "%s in it is a link, a directory or a device", m->name);
		return NULL;
	}
	rest->s += BLOCK;
	rest->n -= BLOCK;
	if (size > rest->n || (size + BLOCK - 1) / BLOCK * BLOCK > rest->n) {
		*error = pool_printf(pool, "it is cut short in %s", m->name);
		return NULL;
	}
	m->contents = (struct text){ rest->s, size };
	size = (size + BLOCK - 1) / BLOCK * BLOCK;
	rest->s += size;
	rest->n -= size;
	return m;
}

/**
 * tar_read - take an archive apart
 * @pool: where the names go; the contents stay in @tar
 * @tar: the archive
 * @error: where a sentence's end goes about what is wrong with it
 *
 * Return: its files in ascending order of their names, or NULL with @error set.
 */
struct tar_member *tar_read(struct pool *pool, struct text tar, char **error)
{
	struct tar_member *first = NULL, **last = &first, *m;
	const char *before = "";
	unsigned int nr = 0;

	while (tar.n >= BLOCK && !zero((struct text){ tar.s, BLOCK })) {
		m = member(pool, &tar, error);
		if (!m)
			return NULL;
		if (++nr > MEMBERS_MAX) {
			*error = "it holds more files than any bundle";
			return NULL;
		}
		if (strcmp(before, m->name) >= 0) {
			*error = pool_printf(pool, "%s in it comes twice or out of order", m->name);
			return NULL;
		}
		before = m->name;
		*last = m;
		last = &m->next;
	}
	/* The end is two blocks of zeros, and whatever fills the record up. */
	if (tar.n < 2UL * BLOCK) {
		*error = "it is cut short";
		return NULL;
	}
	if (!zero(tar) || !first) {
		*error = first ? "something follows behind its end" : "it is empty";
		return NULL;
	}
	return first;
}

/**
 * tar_find - a file of an archive
 * @members: what tar_read() returned
 * @name: the file
 *
 * Return: the file, or NULL where there is none of that name.
 */
const struct tar_member *tar_find(const struct tar_member *members, const char *name)
{
	for (; members; members = members->next)
		if (!strcmp(members->name, name))
			return members;
	return NULL;
}
