/* SPDX-License-Identifier: GPL-2.0-only */
/* The archive of a bundle, in memory: nothing of one that is read ever becomes a file here. */
#ifndef VMIG_RESULTS_TAR_H
#define VMIG_RESULTS_TAR_H

#include <vmig/arena.h>
#include <vmig/text.h>

/* A bundle that is larger than this is none: two rounds take some 10 MB. */
#define TAR_MAX (256UL << 20)

/**
 * struct tar_member - a file of the archive
 * @name: its name
 * @contents: its contents
 * @next: the next one; names are in ascending order
 */
struct tar_member {
	char *name;
	struct text contents;
	struct tar_member *next;
};

struct tar_member *tar_read(struct arena *arena, struct text tar, char **error);
char *tar_write(struct arena *arena, const struct tar_member *members, struct text *tar);
bool tar_is_packed(struct text file);
char *tar_unpack(struct arena *arena, struct text packed, size_t max, struct text *tar);
char *tar_pack(struct arena *arena, struct text tar, struct text *packed);
const struct tar_member *tar_find(const struct tar_member *members, const char *name);

#endif /* VMIG_RESULTS_TAR_H */
