// SPDX-License-Identifier: GPL-2.0-only
/* Read results.json back, for reports to other systems. */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <vmig/input.h>

#include "results_json_read.h"

/**
 * results_json_read - read the results.json of a run
 * @arena: for the sentence
 * @dir: the run directory
 * @results: the contents, for json_decref()
 *
 * Return: NULL, or what is wrong and what to do.
 */
char *results_json_read(struct arena *arena, const char *dir, json_t **results)
{
	const char *path = arena_printf(arena, "%s/results.json", dir);
	struct text contents;
	json_error_t error;
	int err = vmig_input_read(arena, AT_FDCWD, path, &contents);

	if (err)
		return arena_printf(arena,
				    "cannot read %s: %s; give the directory of a run that has "
				    "a report",
				    path, strerror(err));
	*results = json_loadb(contents.s, contents.n, 0, &error);
	if (!*results)
		return arena_printf(arena, "%s is no JSON (%s): make it again with vmig-report %s",
				    path, error.text, dir);
	if (json_integer_value(json_object_get(*results, "results_version")) == 1)
		return NULL;
	json_decref(*results);
	return arena_printf(arena,
			    "%s has another version than this program knows (1): make it "
			    "again with vmig-report %s",
			    path, dir);
}

/**
 * results_json_host - the name of this machine, as the lab calls it
 * @arena: for the name
 *
 * Return: VMIG_HOST of the environment, or what the machine calls itself.
 */
const char *results_json_host(struct arena *arena)
{
	const char *host = getenv("VMIG_HOST");
	char name[256];

	if (!host || !*host) {
		if (gethostname(name, sizeof(name)))
			return "unknown";
		name[sizeof(name) - 1] = '\0';
		host = name;
	}
	return text_clean(arena, (struct text){ host, strlen(host) });
}
