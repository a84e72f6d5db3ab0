// SPDX-License-Identifier: GPL-2.0-only
/* The catalogue of clauses as a table, from clauses.def and untestable.def. */
#include <stddef.h>
#include <string.h>

#include <vmig/clauses.h>

#define MUST VMIG_MUST
#define SHOULD VMIG_SHOULD
#define MAY VMIG_MAY
#define CORE VMIG_CORE
#define DRIVER VMIG_DRIVER
#define EITHER VMIG_EITHER

#define HEADER(text) WORDS("include/uapi/linux/vfio.h", text)
#define CONTRACT(text) WORDS("include/linux/vfio.h", text)
#define WORDS(path, text)                                                                          \
	{                                                                                          \
		.file = path, .words = text                                                        \
	}
#define CODE(path, name, text)                                                                     \
	{                                                                                          \
		.file = path, .function = name, .words = text                                      \
	}
#define NO_SOURCE                                                                                  \
	{                                                                                          \
		.words = NULL                                                                      \
	}
#define CORE_CODE(name, text) CODE("drivers/vfio/vfio_main.c", name, text)

/* Identifiers in the code have an underscore (FD_01), in print a dash (FD-01). */
const struct vmig_clause vmig_clauses[VMIG_NR_CLAUSES] = {
#define CLAUSE(chapter, number, lvl, who, text, also, err, kernel, ...)                            \
	[chapter##_##number] = { .id = #chapter "-" #number,                                       \
				 .level = lvl,                                                     \
				 .responsible = who,                                               \
				 .statement = text,                                                \
				 .remark = also,                                                   \
				 .sources = (const struct vmig_source[]){ __VA_ARGS__, {} },       \
				 .errnos = err,                                                    \
				 .since = kernel },
#include <vmig/clauses.def>
#undef CLAUSE
#define UNTESTABLE(id, why) [id].untestable = why,
#include "untestable.def"
#undef UNTESTABLE
};

/**
 * vmig_clause_find - look a clause up by its printed id
 * @id: "FD-01"
 *
 * Return: the clause, or NULL where the catalogue has none of that id.
 */
const struct vmig_clause *vmig_clause_find(const char *id)
{
	int i;

	for (i = 0; i < VMIG_NR_CLAUSES; i++)
		if (!strcmp(vmig_clauses[i].id, id))
			return &vmig_clauses[i];
	return NULL;
}

/**
 * vmig_level_name - a level as the specification writes it
 * @level: the level
 *
 * Return: "MUST", "SHOULD" or "MAY".
 */
const char *vmig_level_name(enum vmig_level level)
{
	static const char *const names[] = { "MUST", "SHOULD", "MAY" };

	return names[level];
}

/**
 * vmig_responsible_name - who is charged with a breach, in words
 * @responsible: which of them
 *
 * Return: "VFIO core", "driver", or "driver or core".
 */
const char *vmig_responsible_name(enum vmig_responsible responsible)
{
	static const char *const names[] = { "VFIO core", "driver", "driver or core" };

	return names[responsible];
}
