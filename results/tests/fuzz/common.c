// SPDX-License-Identifier: GPL-2.0-only
/* What the fuzz targets share. */
#include <jansson.h>
#include <string.h>

#include "fuzz.h"

/**
 * fuzz_parts - take an input of several files apart
 * @input: "=== NAME" lines, each with the file of that name behind it
 * @parts: where they go
 *
 * Return: their number.
 */
size_t fuzz_parts(struct text input, struct part parts[PARTS_MAX])
{
	struct text line;
	size_t nr = 0;

	while (text_next_line(&input, &line)) {
		if (text_skip(&line, "=== ") && nr < PARTS_MAX) {
			parts[nr].name = line;
			parts[nr].contents = (struct text){ input.s, 0 };
			nr++;
		} else if (nr) {
			/* Up to where the rest begins, with the end of the line. */
			parts[nr - 1].contents.n = (size_t)(input.s - parts[nr - 1].contents.s);
		}
	}
	return nr;
}

/**
 * fuzz_clean - may every writer print this?
 * @s: text that a reader made of the input, or NULL
 */
void fuzz_clean(const char *s)
{
	json_t *string;

	if (!s)
		return;
	/* A byte that is no UTF-8 becomes three; a sentence may hold two such texts. */
	MUST(strlen(s) <= 2 * 3 * TEXT_MAX + 500);
	/* Valid UTF-8 is what this takes. */
	string = json_string(s);
	MUST(string);
	json_decref(string);
	for (; *s; s++)
		MUST((unsigned char)*s >= 0x20 && *s != 0x7f);
}

/**
 * fuzz_clean_lines - the same for each line of a list
 * @l: the list
 */
void fuzz_clean_lines(const struct line *l)
{
	for (; l; l = l->next) {
		fuzz_clean(l->id);
		fuzz_clean(l->text);
	}
}
