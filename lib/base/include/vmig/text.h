/* SPDX-License-Identifier: GPL-2.0-only */
/* Text from a device, a kernel log or a profile, on its way into files and terminals. */
#ifndef VMIG_BASE_TEXT_H
#define VMIG_BASE_TEXT_H

#include <stdbool.h>
#include <stddef.h>

#include <vmig/arena.h>

/* A longer line is cut, to keep the report readable. */
#define TEXT_MAX 4096

/**
 * struct text - a piece of a file that was read
 * @s: first byte, not terminated
 * @n: number of bytes
 */
struct text {
	const char *s;
	size_t n;
};

/* A word, and what stands for it elsewhere. */
struct text_pair {
	const char *word;
	const char *other;
};

bool text_next_line(struct text *rest, struct text *line);
struct text text_trim(struct text t);
bool text_skip(struct text *t, const char *prefix);
bool text_number(struct text *t, unsigned int *value);
struct text text_word(struct text *t);
bool text_is(struct text t, const char *s);
char *text_clean(struct arena *arena, struct text t);
const char *text_mapped(const struct text_pair *map, size_t n, const char *s, const char *other);
bool text_equal(const char *a, const char *b);

#endif /* VMIG_BASE_TEXT_H */
