// SPDX-License-Identifier: GPL-2.0-only
/* What is known of the driver under test: the profile that VMIG_PROFILE names. */
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <vmig/deviations.h>
#include <vmig/sha256.h>
#include "known_deviations.h"
#include "verdict.h"

/* A longer file is no profile. */
#define PROFILE_MAX (1UL << 20)

/* Read once by the program; each test is a fork of it and has it, too. */
static struct vmig_profile *profile;

/* Going on would give a verdict by other rules than the user asked for. */
static void __attribute__((noreturn, format(printf, 1, 2))) bail_out(const char *fmt, ...)
{
	va_list args;

	printf("Bail out! ");
	va_start(args, fmt);
	vprintf(fmt, args);
	va_end(args);
	printf("\n");
	exit(VMIG_EXIT_BROKEN);
}

static struct text read_profile(struct arena *arena, const char *file)
{
	char *contents = arena_alloc(arena, PROFILE_MAX);
	int fd = open(file, O_RDONLY | O_CLOEXEC);
	size_t used = 0;
	ssize_t n = -1;

	while (fd >= 0 && used < PROFILE_MAX) {
		n = read(fd, contents + used, PROFILE_MAX - used);
		if (n <= 0)
			break;
		used += n;
	}
	if (n < 0)
		bail_out("%s: %s: VMIG_PROFILE must name a profile that can be read", file,
			 strerror(errno));
	if (used == PROFILE_MAX)
		bail_out("%s: too long: VMIG_PROFILE must name a profile", file);
	close(fd);
	return (struct text){ contents, used };
}

/**
 * vmig_known_deviations_load - read the profile, once a program
 *
 * No VMIG_PROFILE, or VMIG_NO_KNOWN set: a driver without known deviations. Prints which profile
 * it is, as the report has to go by the same. One that cannot be read, or has a bad line, ends the
 * program with a sentence.
 */
void vmig_known_deviations_load(void)
{
	const char *file = getenv("VMIG_PROFILE");
	const char *none = getenv("VMIG_NO_KNOWN");
	struct arena *arena;
	struct utsname name;
	struct text text;
	char *wrong;

	if (!file || !*file || (none && *none && strcmp(none, "0"))) {
		printf("# vmig: profile none\n");
		return;
	}
	arena = arena_new();
	text = read_profile(arena, file);
	profile = vmig_profile_parse(arena, text, &wrong);
	if (!profile)
		bail_out("%s, %s", file, wrong);
	vmig_deviations_for_kernel(profile, uname(&name) ? NULL : name.release);
	printf("# vmig: profile sha256 %s\n", vmig_sha256(arena, text));
}

/**
 * vmig_known_deviations - what is known of the driver under test
 *
 * Return: the profile, of which the lines of other kernels are gone; NULL where none is in force.
 */
const struct vmig_profile *vmig_known_deviations(void)
{
	return profile;
}
