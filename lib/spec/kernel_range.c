// SPDX-License-Identifier: GPL-2.0-only
#include <stdlib.h>
#include <string.h>

#include <vmig/kernel_range.h>

/* Sublevels of a stable tree stay below this. */
#define STEP 10000LL

/*
 * "6.12.117", "6.12", "6.12.0-rc3+deb": the version as a number, with @missing for the
 * sublevel where there is none. Moves behind it; -1 if there is no version.
 */
static long long version(const char **at, long long missing)
{
	long long part[3] = { 0, 0, missing };
	const char *s = *at;
	char *end;
	int i;

	for (i = 0; i < 3; i++) {
		if (*s < '0' || *s > '9')
			return -1;
		part[i] = strtol(s, &end, 10);
		if (part[i] >= STEP)
			return -1;
		s = end;
		if (*s != '.' || i == 2)
			break;
		s++;
	}
	if (!i)
		return -1;
	*at = s;
	return (part[0] * STEP + part[1]) * STEP + part[2];
}

/* The two ends of "FROM-TO", either of which may be missing; false if it is something else. */
static bool ends(const char *range, long long *from, long long *to)
{
	*from = 0;
	*to = STEP * STEP * STEP;
	if (!strcmp(range, "-"))
		return false;
	if (*range != '-')
		*from = version(&range, 0);
	if (*from < 0 || *range++ != '-')
		return false;
	if (*range)
		*to = version(&range, STEP - 1);
	return *to >= *from && !*range;
}

/**
 * vmig_kernel_range - is this a range of kernel versions?
 * @range: "6.8-7.0", "6.8-" or "-6.12.95": from the first to the last, both included; a
 *         version without sublevel stands for all of its stable releases
 *
 * Return: true if it is one, and its end is not before its beginning.
 */
bool vmig_kernel_range(const char *range)
{
	long long from, to;

	return ends(range, &from, &to);
}

/**
 * vmig_kernel_in - does a kernel lie in a range?
 * @range: see vmig_kernel_range()
 * @release: uname -r
 *
 * A release that cannot be understood lies in every range: what a profile knows of a
 * driver applies until a fix is known.
 *
 * Return: true if it does.
 */
bool vmig_kernel_in(const char *range, const char *release)
{
	long long from, to, is = release ? version(&release, 0) : -1;

	return is < 0 || !ends(range, &from, &to) || (from <= is && is <= to);
}

/**
 * vmig_kernel_range_of - takes the range from a field of a profile
 * @field: a clause or a glob of tests, "RES-07" or "RES-07 (6.8-7.0)", which is cut behind it
 *
 * Return: the range, "" if there is none, NULL if what follows the first word is not one.
 */
char *vmig_kernel_range_of(char *field)
{
	char *id_end = field + strcspn(field, " \t("), *range = id_end, *end;

	range += strspn(range, " \t");
	if (!*range)
		return range;
	end = range + strlen(range) - 1;
	if (*range++ != '(' || *end != ')')
		return NULL;
	*end = '\0';
	*id_end = '\0';
	return vmig_kernel_range(range) ? range : NULL;
}
