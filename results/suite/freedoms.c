// SPDX-License-Identifier: GPL-2.0-only
/* The freedoms of selftests/test_modules/freedoms.def. */
#include "freedoms.h"

/**
 * freedoms_list - print all freedoms
 * @f: where to
 *
 * One line each: name, where, chapters or "-" for all, what the driver does, the words of the
 * header; tabs between.
 */
void freedoms_list(FILE *f)
{
#define FREEDOM(name, where, chapters, what, words)                                                \
	fprintf(f, "%s\t%s\t%s\t%s\t%s\n", #name, #where, chapters[0] ? chapters : "-", what,      \
		words);
#include "freedoms.def"
#undef FREEDOM
}
