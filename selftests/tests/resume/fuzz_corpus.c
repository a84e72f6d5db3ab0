// SPDX-License-Identifier: GPL-2.0-only
/* Corpus of the fuzzer. See fuzz_corpus.h. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <vmig/error.h>
#include <vmig/shared.h>
#include "fuzz_corpus.h"
#include "verdict.h"

/**
 * vmig_fuzz_corpus_new - a corpus without streams
 *
 * Return: it, in memory that is shared with the children of this process.
 */
struct vmig_fuzz_corpus *vmig_fuzz_corpus_new(void)
{
	return vmig_shared_alloc(sizeof(struct vmig_fuzz_corpus));
}

/**
 * vmig_fuzz_corpus_free - drop it
 * @c: the corpus
 */
void vmig_fuzz_corpus_free(struct vmig_fuzz_corpus *c)
{
	vmig_shared_free(c, sizeof(*c));
}

/**
 * vmig_fuzz_corpus_add - add a stream
 * @c: the corpus
 * @data: the stream
 * @len: its bytes
 * @hot: where the last change was made
 * @fresh: it took the driver where none before it had
 *
 * Return: false if there is no room for it.
 */
bool vmig_fuzz_corpus_add(struct vmig_fuzz_corpus *c, const void *data, size_t len, size_t hot,
			  bool fresh)
{
	struct vmig_fuzz_corpus_entry *e = &c->entries[c->count];

	if (c->count == VMIG_FUZZ_CORPUS_MAX || len > VMIG_FUZZ_CORPUS_BYTES - c->used)
		return false;
	memcpy(c->bytes + c->used, data, len);
	*e = (struct vmig_fuzz_corpus_entry){ c->used, len, hot, fresh };
	c->used += len;
	/* Last, as a child may be killed at any time. */
	__atomic_store_n(&c->count, c->count + 1, __ATOMIC_RELEASE);
	return true;
}

/**
 * vmig_fuzz_corpus_get - one of its streams
 * @c: the corpus
 * @i: which one
 *
 * Return: the stream, which is not to be changed.
 */
struct vmig_stream vmig_fuzz_corpus_get(const struct vmig_fuzz_corpus *c, unsigned int i)
{
	const struct vmig_fuzz_corpus_entry *e = &c->entries[i];

	return (struct vmig_stream){ (unsigned char *)c->bytes + e->off, e->len, 0 };
}

static void load_file(struct vmig_fuzz_corpus *c, const char *path, size_t max)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	size_t room = VMIG_FUZZ_CORPUS_BYTES - c->used;
	ssize_t n = -1;
	struct stat st;

	if (fd < 0)
		return;
	if (!fstat(fd, &st) && S_ISREG(st.st_mode) && st.st_size > 0 && st.st_size <= max &&
	    st.st_size <= room && c->count < VMIG_FUZZ_CORPUS_MAX)
		n = read(fd, c->bytes + c->used, st.st_size);
	if (n == st.st_size) {
		c->entries[c->count++] = (struct vmig_fuzz_corpus_entry){ c->used, n, 0, false };
		c->used += n;
	}
	close(fd);
}

static int is_stream(const struct dirent *e)
{
	size_t len = strlen(e->d_name);

	return len > 4 && !strcmp(e->d_name + len - 4, ".bin");
}

/**
 * vmig_fuzz_corpus_load - add the streams of a directory
 * @c: the corpus
 * @dir: its *.bin, or NULL
 * @max: longer ones are left out
 */
void vmig_fuzz_corpus_load(struct vmig_fuzz_corpus *c, const char *dir, size_t max)
{
	struct dirent **names;
	char path[512];
	int i, n;

	c->own = c->count;
	n = dir ? scandir(dir, &names, is_stream, alphasort) : -1;
	if (n < 0)
		return;
	for (i = 0; i < n; i++) {
		snprintf(path, sizeof(path), "%s/%s", dir, names[i]->d_name);
		if (i < VMIG_FUZZ_CORPUS_FILES)
			load_file(c, path, max);
		free(names[i]);
	}
	free(names);
}

/* 64 bits of FNV-1a (Fowler, Noll, Vo), as the name of a file. */
static uint64_t name_of(const unsigned char *data, size_t len)
{
	uint64_t h = 0xcbf29ce484222325;

	while (len--)
		h = (h ^ *data++) * 0x100000001b3;
	return h;
}

static bool store_file(const char *path, const void *data, size_t len)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
	bool ok;

	if (fd < 0)
		return errno == EEXIST;
	ok = write(fd, data, len) == len;
	if (close(fd) || !ok)
		unlink(path);
	return ok;
}

static void empty_directory(const char *dir)
{
	struct dirent **names;
	int n = scandir(dir, &names, is_stream, alphasort);
	char path[512];

	while (n-- > 0) {
		snprintf(path, sizeof(path), "%s/%s", dir, names[n]->d_name);
		unlink(path);
		free(names[n]);
	}
}

/**
 * vmig_fuzz_corpus_store - keep what was found for the next run
 * @c: the corpus
 * @dir: where, or NULL; what is there and was worth nothing in this run goes
 *
 * As many as there is room for, in the order in which they were found.
 */
void vmig_fuzz_corpus_store(const struct vmig_fuzz_corpus *c, const char *dir)
{
	unsigned int i, files = 0;
	struct vmig_stream s;
	size_t bytes = 0;
	char path[512];

	if (!dir)
		return;
	mkdir(dir, 0755);
	empty_directory(dir);
	for (i = c->own; i < c->count && files < VMIG_FUZZ_CORPUS_FILES; i++) {
		s = vmig_fuzz_corpus_get(c, i);
		if (!c->entries[i].fresh || bytes + s.len > VMIG_FUZZ_CORPUS_FILE_BYTES)
			continue;
		snprintf(path, sizeof(path), "%s/%016llx.bin", dir,
			 (unsigned long long)name_of(s.data, s.len));
		if (!store_file(path, s.data, s.len))
			return;
		bytes += s.len;
		files++;
	}
}
