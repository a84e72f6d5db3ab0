// SPDX-License-Identifier: GPL-2.0-only
/* Look up facts, and format them. */
#include <stdio.h>
#include <string.h>

#include "probe.h"

/**
 * vmig_probe_find - a member of facts
 * @facts: a JSON object
 * @path: names of members with dots between; an array has its first element as "0"
 *
 * Return: the value, or NULL if there is none or it is null.
 */
const json_t *vmig_probe_find(const json_t *facts, const char *path)
{
	char name[64];
	size_t n;

	while (facts && *path) {
		n = strcspn(path, ".");
		snprintf(name, sizeof(name), "%.*s", (int)n, path);
		facts = json_is_array(facts) ? json_array_get(facts, 0)
					     : json_object_get(facts, name);
		path += n + (path[n] == '.');
	}
	return json_is_null(facts) ? NULL : facts;
}

/**
 * vmig_probe_text - a member of facts that is a string
 * @facts: a JSON object
 * @path: as for vmig_probe_find()
 *
 * Return: the string, "" if there is none.
 */
const char *vmig_probe_text(const json_t *facts, const char *path)
{
	const char *s = json_string_value(vmig_probe_find(facts, path));

	return s ? s : "";
}

/**
 * vmig_probe_number - a member of facts that is a number
 * @facts: a JSON object
 * @path: as for vmig_probe_find()
 * @none: what to return if there is none
 *
 * Return: the number.
 */
long long vmig_probe_number(const json_t *facts, const char *path, long long none)
{
	const json_t *n = vmig_probe_find(facts, path);

	return json_is_integer(n) ? json_integer_value(n) : none;
}

/**
 * vmig_probe_true - a member of facts that is true
 * @facts: a JSON object
 * @path: as for vmig_probe_find()
 *
 * Return: false if it is false or there is none.
 */
bool vmig_probe_true(const json_t *facts, const char *path)
{
	return json_is_true(vmig_probe_find(facts, path));
}

/**
 * vmig_probe_join - words in a row
 * @words: a JSON array of strings
 * @between: what stands between two
 *
 * Return: a JSON string.
 */
json_t *vmig_probe_join(const json_t *words, const char *between)
{
	char line[2048] = "";
	size_t i, n = 0;
	json_t *word;

	json_array_foreach(words, i, word) {
		n += snprintf(line + n, sizeof(line) - n, "%s%s", i ? between : "",
			      json_string_value(word));
		if (n >= sizeof(line))
			break;
	}
	return json_string(line);
}
