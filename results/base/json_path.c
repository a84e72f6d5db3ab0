// SPDX-License-Identifier: GPL-2.0-only
/* Look up members of results.json by path, which may be absent or of another type. */
#include <string.h>

#include "json_path.h"

/**
 * json_path_get - the value at a place
 * @object: where to begin
 * @place: names of members with dots between
 *
 * Return: the value, NULL where there is none.
 */
json_t *json_path_get(const json_t *object, const char *place)
{
	char name[64];
	size_t n;

	while (object && *place) {
		n = strcspn(place, ".");
		if (n >= sizeof(name))
			return NULL;
		memcpy(name, place, n);
		name[n] = '\0';
		object = json_object_get(object, name);
		place += n + (place[n] == '.');
	}
	return (json_t *)object;
}

/**
 * json_path_text - the text at a place
 * @object: where to begin
 * @place: as for json_path_get()
 *
 * Return: the text, NULL where there is none.
 */
const char *json_path_text(const json_t *object, const char *place)
{
	return json_string_value(json_path_get(object, place));
}

/**
 * json_path_number - the whole number at a place
 * @object: where to begin
 * @place: as for json_path_get()
 *
 * Return: the number, 0 where there is none.
 */
long long json_path_number(const json_t *object, const char *place)
{
	return json_integer_value(json_path_get(object, place));
}

/**
 * json_path_true - is the value at a place true?
 * @object: where to begin
 * @place: as for json_path_get()
 *
 * Return: true if so.
 */
bool json_path_true(const json_t *object, const char *place)
{
	return json_is_true(json_path_get(object, place));
}
