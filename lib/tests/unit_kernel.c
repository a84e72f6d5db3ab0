// SPDX-License-Identifier: GPL-2.0-only
/* Ranges of kernel versions, as profiles have them behind a clause. */
#include <string.h>

#include <vmig/kernel_range.h>
#include "unit.h"

static void ranges(void)
{
	static const struct {
		const char *range, *release;
		bool in;
	} cases[] = {
		{ "6.8-7.0", "6.12.117", true },    { "6.8-7.0", "6.7.12", false },
		{ "6.8-7.0", "6.8.0-rc1", true },   { "6.8-7.0", "7.0.3", true },
		{ "6.8-7.0", "7.1.0-rc2+", false }, { "-6.12.95", "6.12.95-1-amd64", true },
		{ "-6.12.95", "6.12.96", false },   { "-6.12.95", "5.18", true },
		{ "6.13-", "6.12.117", false },	    { "6.13-", "6.13", true },
		{ "6.13-", "10.0.1", true },	    { "6.13-", "a kernel", true },
	};
	size_t i;
	bool in;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		in = vmig_kernel_in(cases[i].range, cases[i].release);
		UNIT(vmig_kernel_range(cases[i].range) && in == cases[i].in, "%s in %s is %d",
		     cases[i].release, cases[i].range, cases[i].in);
	}
	UNIT(vmig_kernel_in("6.13-", NULL), "a kernel that nobody knows is in each range");
}

static void no_ranges(void)
{
	static const char *const bad[] = { "",	    "-",	"6",	    "6.12",
					   "6-7",   "6.8-6.7",	"6.8-7.0x", "6.8 -7.0",
					   "x-7.0", "6.8.-7.0", "6.99999-" };
	size_t i;

	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		UNIT(!vmig_kernel_range(bad[i]), "\"%s\" is no range", bad[i]);
}

static void behind_a_clause(void)
{
	char with[] = "RES-07 (6.8-7.0)", without[] = "RES-07", open[] = "RES-07 (6.8-7.0",
	     other[] = "RES-07 (all)", words[] = "RES-07 since 6.8", glob[] = "a.*.b (-6.6)";
	const char *range;

	range = vmig_kernel_range_of(with);
	UNIT(range && !strcmp(range, "6.8-7.0") && !strcmp(with, "RES-07"),
	     "the range of a clause");
	range = vmig_kernel_range_of(without);
	UNIT(range && !*range && !strcmp(without, "RES-07"), "a clause without a range");
	range = vmig_kernel_range_of(glob);
	UNIT(range && !strcmp(range, "-6.6") && !strcmp(glob, "a.*.b"), "the range of tests");
	UNIT(!vmig_kernel_range_of(open), "a bracket that is not closed");
	UNIT(!vmig_kernel_range_of(other), "something else in brackets");
	UNIT(!vmig_kernel_range_of(words), "something else behind the clause");
}

int main(void)
{
	ranges();
	no_ranges();
	behind_a_clause();
	return unit_end();
}
