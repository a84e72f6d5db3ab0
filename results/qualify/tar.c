// SPDX-License-Identifier: GPL-2.0-only
/*
 * The one kind of archive that run.sh --qualify writes: POSIX ustar, regular files alone,
 * with short names of harmless characters, sorted, in one frame of zstd. There is one form
 * of it: what libarchive reads is written again, header by header, and has to be what was
 * read, byte for byte. So all else that a tar may hold (links, devices, long names,
 * extensions, other modes or times) is refused and not skipped, and no two programs can see
 * different files in it.
 */
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <archive.h>
#include <archive_entry.h>
#include <zstd.h>
#include <zstd_errors.h>

#include "tar.h"

#define BLOCK 512UL
/* What tar(1) fills its last record up to, with zeros. */
#define RECORD (20 * BLOCK)
/* Files of a bundle: a few, and those of some chapters in some rounds. */
#define MEMBERS_MAX 2000
#define NAME_SIZE 100
/* What zstd -19 takes: some seconds for a bundle that others download. */
#define LEVEL 19

static const char damaged[] = "it is damaged, or no archive of run.sh --qualify";

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

/*
 * The header of a file, as `tar --format=ustar --mtime=@0 --owner=0 --group=0 --numeric-owner
 * --mode=0644` writes it. libarchive fills the fields of numbers in another way.
 */
static void header_write(struct header *h, const char *name, size_t size)
{
	const unsigned char *byte;
	unsigned int sum = 0;
	size_t i;

	memset(h, 0, sizeof(*h));
	memcpy(h->name, name, strnlen(name, NAME_SIZE - 1));
	strcpy(h->mode, "0000644");
	strcpy(h->uid, "0000000");
	strcpy(h->gid, "0000000");
	snprintf(h->size, sizeof(h->size), "%011lo", (unsigned long)size & 077777777777UL);
	strcpy(h->mtime, "00000000000");
	memset(h->checksum, ' ', sizeof(h->checksum));
	h->type = '0';
	strcpy(h->magic, "ustar");
	memcpy(h->version, "00", 2);
	strcpy(h->major, "0000000");
	strcpy(h->minor, "0000000");
	for (byte = (const unsigned char *)h, i = 0; i < BLOCK; i++)
		sum += byte[i];
	snprintf(h->checksum, sizeof(h->checksum) - 1, "%06o", sum & 0777777);
}

static size_t padded(size_t size, size_t unit)
{
	return (size + unit - 1) / unit * unit;
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
	return s > name && s - name < NAME_SIZE;
}

static char *name_refused(struct arena *arena, const char *name)
{
	return arena_printf(arena,
			    "it holds a file with the name \"%s\": names of a bundle lead to no "
			    "other directory",
			    name);
}

static bool zero(const char *s, size_t n)
{
	while (n && !*s) {
		s++;
		n--;
	}
	return !n;
}

/* Is what libarchive reads of a file what lies in the archive behind its header? */
static bool same_contents(struct archive *a, struct text contents)
{
	size_t n, at = 0;
	const void *buf;
	la_int64_t offset;
	int rc;

	while ((rc = archive_read_data_block(a, &buf, &n, &offset)) == ARCHIVE_OK) {
		if (offset != (la_int64_t)at || n > contents.n - at ||
		    memcmp(contents.s + at, buf, n) != 0)
			return false;
		at += n;
	}
	return rc == ARCHIVE_EOF && at == contents.n;
}

/* Takes the file that libarchive found off the front of @rest; NULL with @error set. */
static struct tar_member *member(struct arena *arena, struct archive *a, struct archive_entry *e,
				 struct text *rest, char **error)
{
	struct tar_member *m = arena_alloc(arena, sizeof(*m));
	const char *name = archive_entry_pathname(e);
	size_t whole, size = (size_t)archive_entry_size(e);
	struct header h;

	name = name ? name : "";
	m->name = text_clean(arena, (struct text){ name, strlen(name) });
	header_write(&h, name, size);
	/* libarchive takes the name of a file from a header of another type before it. */
	if (archive_entry_filetype(e) != AE_IFREG || archive_entry_hardlink(e) || rest->n < BLOCK ||
	    rest->s[offsetof(struct header, type)] != h.type) {
		*error =
			arena_printf(arena, "%s in it is a link, a directory or a device", m->name);
		return NULL;
	}
	if (!name_is_plain(name)) {
		*error = name_refused(arena, m->name);
		return NULL;
	}
	if (memcmp(rest->s, &h, BLOCK) != 0) {
		*error = arena_printf(arena, "%s (%s)", damaged, m->name);
		return NULL;
	}
	rest->s += BLOCK;
	rest->n -= BLOCK;
	if (size > rest->n || padded(size, BLOCK) > rest->n) {
		*error = arena_printf(arena, "it is cut short in %s", m->name);
		return NULL;
	}
	m->contents = (struct text){ rest->s, size };
	whole = padded(size, BLOCK);
	if (!same_contents(a, m->contents) || !zero(rest->s + size, whole - size)) {
		*error = arena_printf(arena, "%s (%s)", damaged, m->name);
		return NULL;
	}
	rest->s += whole;
	rest->n -= whole;
	return m;
}

static struct tar_member *members(struct arena *arena, struct archive *a, struct text *rest,
				  char **error)
{
	struct tar_member *first = NULL, **last = &first, *m;
	struct archive_entry *e;
	const char *before = "";
	unsigned int nr = 0;
	int rc;

	while ((rc = archive_read_next_header(a, &e)) == ARCHIVE_OK) {
		m = member(arena, a, e, rest, error);
		if (!m)
			return NULL;
		if (++nr > MEMBERS_MAX) {
			*error = "it holds more files than any bundle";
			return NULL;
		}
		if (strcmp(before, m->name) >= 0) {
			*error = arena_printf(arena, "%s in it comes twice or out of order",
					      m->name);
			return NULL;
		}
		before = m->name;
		*last = m;
		last = &m->next;
	}
	if (rc != ARCHIVE_EOF)
		*error = arena_printf(arena, "%s, or cut short", damaged);
	else if (!first)
		*error = "it is empty";
	return *error ? NULL : first;
}

/* The end is two blocks of zeros, and those that fill the last record up, or not. */
static char *end_of(const struct text *rest, size_t whole)
{
	if (rest->n < 2 * BLOCK)
		return "it is cut short";
	if (!zero(rest->s, rest->n) ||
	    (rest->n != 2 * BLOCK && whole != padded(whole - rest->n + 2 * BLOCK, RECORD)))
		return "something follows behind its end";
	return NULL;
}

/**
 * tar_read - take an archive apart
 * @arena: where the names go; the contents stay in @tar
 * @tar: the archive, not compressed
 * @error: NULL, and where a sentence's end goes about what is wrong with it
 *
 * Return: its files in ascending order of their names, or NULL with @error set.
 */
struct tar_member *tar_read(struct arena *arena, struct text tar, char **error)
{
	struct archive *a = archive_read_new();
	struct tar_member *first = NULL;
	struct text rest = tar;

	/* No filter: what is compressed once more is none. */
	if (!a || archive_read_support_format_tar(a) != ARCHIVE_OK)
		*error = "there is no memory to read it";
	else if (archive_read_open_memory(a, tar.s, tar.n) != ARCHIVE_OK)
		*error = (char *)damaged;
	else
		first = members(arena, a, &rest, error);
	archive_read_free(a);
	if (first)
		*error = end_of(&rest, tar.n);
	return *error ? NULL : first;
}

/**
 * tar_write - put files together
 * @arena: where the archive goes
 * @members: the files, in ascending order of their names
 * @tar: the archive, not compressed; tar_read() takes it
 *
 * Return: NULL, or a sentence's end about why these files are no bundle.
 */
char *tar_write(struct arena *arena, const struct tar_member *members, struct text *tar)
{
	const struct tar_member *m;
	size_t size = 2 * BLOCK;
	char *out;

	for (m = members; m; m = m->next) {
		if (!name_is_plain(m->name))
			return name_refused(
				arena,
				text_clean(arena, (struct text){ m->name, strlen(m->name) }));
		if (m->contents.n > TAR_MAX || size > TAR_MAX - RECORD - m->contents.n)
			return arena_printf(arena, "with %s it is larger than %lu MiB", m->name,
					    TAR_MAX >> 20);
		size += BLOCK + padded(m->contents.n, BLOCK);
	}
	tar->n = padded(size, RECORD);
	out = arena_alloc(arena, tar->n);
	tar->s = out;
	for (m = members; m; m = m->next) {
		header_write((struct header *)out, m->name, m->contents.n);
		memcpy(out + BLOCK, m->contents.s, m->contents.n);
		out += BLOCK + padded(m->contents.n, BLOCK);
	}
	return NULL;
}

/**
 * tar_is_packed - is this compressed?
 * @file: what was read
 *
 * Return: true if it begins as a frame of zstd does.
 */
bool tar_is_packed(struct text file)
{
	static const unsigned char magic[] = { 0x28, 0xb5, 0x2f, 0xfd };

	return file.n >= sizeof(magic) && !memcmp(file.s, magic, sizeof(magic));
}

/**
 * tar_unpack - decompress an archive
 * @arena: where it goes
 * @packed: one frame of zstd
 * @max: how many bytes it may come to
 * @tar: the archive
 *
 * libarchive would follow from one frame to the next, and over frames that are to be skipped:
 * there is one form of a bundle, so that all but one frame is refused.
 *
 * Return: NULL, or a sentence's end about why it is refused.
 */
char *tar_unpack(struct arena *arena, struct text packed, size_t max, struct text *tar)
{
	const size_t frame = ZSTD_findFrameCompressedSize(packed.s, packed.n);
	unsigned long long said;
	size_t room = max, n;
	char *out;

	if (!tar_is_packed(packed) || ZSTD_isError(frame))
		return "it is cut short, damaged, or not made by zstd";
	if (frame != packed.n)
		return "something follows behind its end";
	/* Where the header of the frame says less, that much will do. */
	said = ZSTD_getFrameContentSize(packed.s, packed.n);
	if (said < max)
		room = (size_t)said;
	/* Memory that is not written to is not taken. */
	out = arena_alloc(arena, room ? room : 1);
	n = ZSTD_decompress(out, room, packed.s, packed.n);
	if (ZSTD_isError(n) && ZSTD_getErrorCode(n) == ZSTD_error_dstSize_tooSmall && room == max)
		return arena_printf(arena, "it unpacks to more than %zu MiB, and no bundle does",
				    max >> 20);
	if (ZSTD_isError(n))
		return arena_printf(arena, "it is cut short, damaged, or not made by zstd (%s)",
				    ZSTD_getErrorName(n));
	*tar = (struct text){ out, n };
	return NULL;
}

/**
 * tar_pack - compress an archive
 * @arena: where it goes
 * @tar: the archive
 * @packed: one frame of zstd; tar_unpack() takes it
 *
 * Return: NULL, or a sentence's end about why that failed.
 */
char *tar_pack(struct arena *arena, struct text tar, struct text *packed)
{
	const size_t room = ZSTD_compressBound(tar.n);
	ZSTD_CCtx *c = ZSTD_createCCtx();
	char *out = arena_alloc(arena, room);
	size_t n;

	if (!c)
		return "there is no memory to compress it";
	ZSTD_CCtx_setParameter(c, ZSTD_c_compressionLevel, LEVEL);
	ZSTD_CCtx_setParameter(c, ZSTD_c_checksumFlag, 1);
	n = ZSTD_compress2(c, out, room, tar.s, tar.n);
	ZSTD_freeCCtx(c);
	if (ZSTD_isError(n))
		return arena_printf(arena, "it cannot be compressed: %s", ZSTD_getErrorName(n));
	*packed = (struct text){ out, n };
	return NULL;
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
