// SPDX-License-Identifier: GPL-2.0-only
/* Several runs, a line each, out of their results.json: drivers on kernels. */
#include <inttypes.h>

#include "json_path.h"
#include "results_json_read.h"
#include "runs_table.h"

#define OR_UNKNOWN(s) ((s) ? (s) : "unknown")

static void line(FILE *f, const json_t *r)
{
	const char *driver = json_path_text(r, "environment.driver.name");
	const char *profile = json_path_text(r, "run.options.profile");
	long long failed =
		json_path_number(r, "totals.fail") + json_path_number(r, "totals.crashed") +
		json_path_number(r, "totals.timeout") + json_path_number(r, "totals.broken") +
		json_path_number(r, "totals.xpass");

	fprintf(f, "%-10s %-16s %7lld %7lld %6lld %8lld %8.0f  %s\n",
		OR_UNKNOWN(profile ? profile : driver),
		OR_UNKNOWN(json_path_text(r, "environment.kernel.release")),
		json_path_number(r, "totals.pass") + json_path_number(r, "totals.warn"), failed,
		json_path_number(r, "totals.xfail"), json_path_number(r, "totals.skip"),
		json_number_value(json_path_get(r, "run.seconds")),
		OR_UNKNOWN(json_path_text(r, "verdict.sentence")));
}

/**
 * runs_table_write() - print a line for each of several runs
 * @arena: for the sentence
 * @dirs: run directories that have a report, NULL behind the last; one that has none is left out,
 *as a run that never began
 * @f: where to; counts are of tests, and what failed includes what crashed, hung, could not judge,
 *	and known deviations that did not come
 *
 * Return: NULL, or the sentence of the first directory that could not be read.
 */
char *runs_table_write(struct arena *arena, char **dirs, FILE *f)
{
	char *first = NULL;

	fprintf(f, "%-10s %-16s %7s %7s %6s %8s %8s  %s\n", "driver", "kernel", "passed", "failed",
		"known", "skipped", "seconds", "verdict");
	for (; *dirs; dirs++) {
		json_t *results;
		char *sentence = results_json_read(arena, *dirs, &results);

		if (sentence) {
			first = first ? first : sentence;
			continue;
		}
		line(f, results);
		json_decref(results);
	}
	return first;
}
