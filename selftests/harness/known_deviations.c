// SPDX-License-Identifier: GPL-2.0-only
/* What is known of the driver under test: the profile that VMIG_PROFILE names. */
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>

#include <vmig/deviations.h>
#include <vmig/input.h>
#include <vmig/sha256.h>
#include "known_deviations.h"
#include "verdict.h"

/* Read once by the program; each test is a fork of it and has it, too. */
static struct vmig_profile *profile;
static struct arena *arena;

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
	struct utsname name;
	struct text text;
	char *wrong;
	int err;

	if (!file || !*file || (none && *none && strcmp(none, "0"))) {
		printf("# vmig: profile none\n");
		return;
	}
	arena = arena_new();
	err = vmig_input_read(arena, AT_FDCWD, file, &text);
	if (err)
		bail_out("%s: %s: VMIG_PROFILE must name a profile that can be read", file,
			 strerror(err));
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
