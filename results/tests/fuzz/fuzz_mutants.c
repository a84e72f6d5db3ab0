// SPDX-License-Identifier: GPL-2.0-only
/* Fuzz target: what run.sh --mutants leaves. The input holds several of these files. */
#include <fcntl.h>
#include <ftw.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <jansson.h>

#include "fuzz.h"
#include "mutants.h"
#include "mutants_write.h"

/* Directories come before what is in them. */
static const char *const places[] = {
	"conforming",
	"conforming/a",
	"conforming/a/ktap",
	"defects",
	"defects/stale_after_stop",
	"defects/stale_after_stop/a",
	"defects/stale_after_stop/a/ktap",
};

static const char *const files[] = {
	"defects.txt",
	"conforming/a/ktap/x.ktap",
	"conforming/a/dmesg.txt",
	"conforming/a/error",
	"conforming/a/profile.conf",
	"defects/stale_after_stop/a/ktap/x.ktap",
	"defects/stale_after_stop/a/dmesg.txt",
	"defects/stale_after_stop/a/error",
};

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static char top[] = "/tmp/vmig-fuzz-XXXXXX";
static int dirfd = -1;

static int forget(const char *path, const struct stat *st, int flag, struct FTW *ftw)
{
	(void)st;
	(void)flag;
	(void)ftw;
	return remove(path);
}

static void remove_all(void)
{
	nftw(top, forget, 8, FTW_DEPTH | FTW_PHYS);
}

static void prepare(void)
{
	size_t i;

	MUST(mkdtemp(top));
	dirfd = open(top, O_RDONLY | O_DIRECTORY);
	MUST(dirfd >= 0);
	for (i = 0; i < COUNT(places); i++)
		MUST(!mkdirat(dirfd, places[i], 0700));
	atexit(remove_all);
}

static void put(const struct part *part)
{
	size_t i;
	int fd;

	for (i = 0; i < COUNT(files); i++) {
		if (!text_is(part->name, files[i]))
			continue;
		fd = openat(dirfd, files[i], O_WRONLY | O_CREAT | O_TRUNC, 0600);
		MUST(fd >= 0 &&
		     write(fd, part->contents.s, part->contents.n) == (ssize_t)part->contents.n);
		close(fd);
	}
}

static void look(struct arena *arena)
{
	struct mutants m;
	char *out, *wrong;
	json_t *json;
	size_t len;
	FILE *f;

	wrong = mutants_load(&m, arena, dirfd);
	fuzz_clean(wrong);
	if (wrong)
		return;
	MUST(m.killed <= m.nr);
	f = open_memstream(&out, &len);
	MUST(f);
	mutants_json(&m, f);
	MUST(!fclose(f));
	json = json_loadb(out, len, JSON_REJECT_DUPLICATES, NULL);
	MUST(json);
	json_decref(json);
	free(out);
	f = open_memstream(&out, &len);
	MUST(f);
	mutants_text(&m, f);
	mutants_survivors(&m, f);
	MUST(!fclose(f));
	free(out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct part parts[PARTS_MAX];
	struct arena *arena;
	size_t nr, i;

	if (dirfd < 0)
		prepare();
	for (i = 0; i < COUNT(files); i++)
		unlinkat(dirfd, files[i], 0);
	nr = fuzz_parts((struct text){ (char *)data, size }, parts);
	for (i = 0; i < nr; i++)
		put(&parts[i]);
	arena = arena_new();
	look(arena);
	arena_free(arena);
	return 0;
}
