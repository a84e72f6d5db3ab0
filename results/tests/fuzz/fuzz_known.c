// SPDX-License-Identifier: GPL-2.0-only
/* Fuzz target: a profile, as the test programs read it. */
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "fuzz.h"

/* It reads once a program and frees nothing; here it is called again and again. */
static struct arena *lines;
static jmp_buf gave_up;
static FILE *opened;

static ssize_t getline_of_arena(char **line, size_t *room, FILE *f)
{
	char *s = NULL;
	ssize_t n;

	*room = 0;
	n = (getline)(&s, room, f);
	if (n >= 0)
		*line = arena_strndup(lines, s, (size_t)n);
	(free)(s);
	return n;
}

#define getline(line, room, f) getline_of_arena(line, room, f)
#define free(p) ((void)(p))
#define fopen(path, mode) (opened = (fopen)(path, mode))
#define fclose(f) ((void)(f))
#define exit(code) longjmp(gave_up, 1)
#define printf(...) ((void)snprintf(NULL, 0, __VA_ARGS__))
#include "harness/profile.c"
#undef getline
#undef free
#undef fopen
#undef fclose
#undef exit
#undef printf

void vmig_fail(const char *fmt, ...)
{
	fprintf(stderr, "%s\n", fmt);
	abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static char path[32];
	const struct vmig_deviation *d;
	static int fd = -1;

	if (fd < 0) {
		fd = memfd_create("profile", 0);
		snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
		setenv("VMIG_PROFILE", path, 1);
		unsetenv("VMIG_NO_KNOWN");
	}
	MUST(!ftruncate(fd, 0) && pwrite(fd, data, size, 0) == (ssize_t)size);
	lines = arena_new();
	if (!setjmp(gave_up)) {
		vmig_profile_load();
		d = vmig_profile_find("RES-07", "resume.cdev.corrupt_magic");
		MUST(!d || (!strcmp(d->clause, "RES-07") && *d->where && *d->reason));
		d = vmig_profile_find(NULL, "resume.cdev.corrupt_magic");
		MUST(!d || (d->clause && *d->where && *d->reason));
		d = vmig_profile_lethal("resume.cdev.corrupt_magic");
		MUST(!d || (!d->clause && *d->where && *d->reason));
	}
	fclose(opened);
	free(deviations);
	deviations = NULL;
	count = 0;
	arena_free(lines);
	return 0;
}
