// SPDX-License-Identifier: GPL-2.0-only
/*
 * The known deviations of a driver, from the profile that VMIG_PROFILE names
 * (format: configs/devices/README.md). Only `deviation:`, `sometimes:` and `lethal:` lines
 * matter here.
 */
#include <errno.h>
#include <fnmatch.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>

#include <vmig/clauses.h>
#include <vmig/kernel_range.h>
#include <vmig/error.h>
#include "profile.h"

#define DEVIATION "deviation:"
#define SOMETIMES "sometimes:"
#define LETHAL "lethal:"
#define EXIT_FAIL 1

static struct vmig_deviation *deviations;
static size_t count;

static char *trim(char *s)
{
	char *end;

	s += strspn(s, " \t");
	end = s + strlen(s);
	while (end > s && strchr(" \t\r\n", end[-1]))
		*--end = '\0';
	return s;
}

/* Is this line, by the range of versions behind its first field, of the kernel that runs? */
static bool of_this_kernel(char *field, bool *wrong)
{
	char *range = vmig_kernel_range_of(field);
	struct utsname name;

	*wrong = !range;
	return !range || !*range || uname(&name) || vmig_kernel_in(range, name.release);
}

/* The fields of a line from the first one on that it has: a lethal line has no clause. */
static void add(char *value, unsigned int first, bool sometimes, const char *file, int line)
{
	char *field[4] = {}, *at = value;
	bool ours = true, wrong = false;
	unsigned int i;

	for (i = first; i < 4; i++) {
		field[i] = i < 3 ? strsep(&at, "|") : at;
		if (field[i])
			field[i] = trim(field[i]);
		if (i == first && field[i])
			ours = of_this_kernel(field[i], &wrong);
		if (wrong || !field[i] || !*field[i] || (!first && !vmig_clause_find(field[0]))) {
			printf("Bail out! %s:%d: a line is '%s | file:line function() | reason'%s\n",
			       file, line,
			       first ? "lethal: test glob [(FROM-TO)]"
				     : "deviation: CLAUSE [(FROM-TO)] | test glob",
			       first ? "" : ", with a clause of the catalogue");
			exit(EXIT_FAIL);
		}
	}
	if (!ours)
		return;
	deviations = realloc(deviations, (count + 1) * sizeof(*deviations));
	if (!deviations)
		vmig_fail("no memory");
	deviations[count++] = (struct vmig_deviation){
		.clause = field[0],
		.tests = field[1],
		.where = field[2],
		.reason = field[3],
		.sometimes = sometimes,
	};
}

/**
 * vmig_profile_load - read the profile, once a program
 *
 * No VMIG_PROFILE, or VMIG_NO_KNOWN set: a driver without known deviations. A
 * profile that cannot be read ends the program with a sentence, as going on would
 * give a verdict by other rules than the user asked for.
 */
void vmig_profile_load(void)
{
	const char *file = getenv("VMIG_PROFILE");
	const char *none = getenv("VMIG_NO_KNOWN");
	char *line = NULL;
	size_t room = 0;
	int nr = 0;
	FILE *f;

	if (!file || !*file || (none && *none && strcmp(none, "0")))
		return;
	f = fopen(file, "re");
	if (!f) {
		printf("Bail out! %s: %s: VMIG_PROFILE must name a profile that can be read\n",
		       file, strerror(errno));
		exit(EXIT_FAIL);
	}
	while (getline(&line, &room, f) >= 0) {
		nr++;
		if (!strncmp(line, DEVIATION, strlen(DEVIATION)))
			add(line + strlen(DEVIATION), 0, false, file, nr);
		else if (!strncmp(line, SOMETIMES, strlen(SOMETIMES)))
			add(line + strlen(SOMETIMES), 0, true, file, nr);
		else if (!strncmp(line, LETHAL, strlen(LETHAL)))
			add(line + strlen(LETHAL), 1, false, file, nr);
		else
			continue;
		/* The deviation keeps pointers into this line. */
		line = NULL;
		room = 0;
	}
	free(line);
	fclose(f);
}

/**
 * vmig_profile_find - is a breach known?
 * @clause: id of the clause, NULL for any that must come
 * @test: full name of the test, fixture.variant.test
 *
 * Return: the deviation that lists that clause for that test, or NULL.
 */
const struct vmig_deviation *vmig_profile_find(const char *clause, const char *test)
{
	size_t i;

	for (i = 0; i < count; i++) {
		if (!deviations[i].clause)
			continue;
		if (clause ? strcmp(deviations[i].clause, clause) : deviations[i].sometimes)
			continue;
		if (!fnmatch(deviations[i].tests, test, 0))
			return &deviations[i];
	}
	return NULL;
}

/**
 * vmig_profile_lethal - is a test known to take the kernel down?
 * @test: full name of the test, fixture.variant.test
 *
 * Return: the line that says so, or NULL.
 */
const struct vmig_deviation *vmig_profile_lethal(const char *test)
{
	size_t i;

	for (i = 0; i < count; i++)
		if (!deviations[i].clause && !fnmatch(deviations[i].tests, test, 0))
			return &deviations[i];
	return NULL;
}
