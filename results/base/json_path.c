// SPDX-License-Identifier: GPL-2.0-only
/* Reading results.json where it may lack a member, or have another type of it. */
#include <string.h>

#include "json_path.h"

/**
 * tell - the value at a place
 * @object: where to begin
 * @place: names of members with dots between
 *
 * Return: the value, NULL where there is none.
 */
json_t *tell(const json_t *object, const char *place)
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
 * tell_text - the text at a place
 * @object: where to begin
 * @place: as for tell()
 *
 * Return: the text, NULL where there is none.
 */
const char *tell_text(const json_t *object, const char *place)
{
	return json_string_value(tell(object, place));
}

/**
 * tell_number - the whole number at a place
 * @object: where to begin
 * @place: as for tell()
 *
 * Return: the number, 0 where there is none.
 */
long long tell_number(const json_t *object, const char *place)
{
	return json_integer_value(tell(object, place));
}

/**
 * tell_true - is the value at a place true?
 * @object: where to begin
 * @place: as for tell()
 *
 * Return: true if so.
 */
bool tell_true(const json_t *object, const char *place)
{
	return json_is_true(tell(object, place));
}
