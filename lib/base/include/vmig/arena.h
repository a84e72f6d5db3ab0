/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Memory that is freed in one go, so that no reader of a file has to say who owns a string: of a
 * report, or of the profile that a test program goes by.
 */
#ifndef VMIG_BASE_ARENA_H
#define VMIG_BASE_ARENA_H

#include <stddef.h>

struct arena;

struct arena *arena_new(void);
void arena_free(struct arena *arena);
void *arena_alloc(struct arena *arena, size_t size);
void *arena_grow(struct arena *arena, void *array, size_t n, size_t size);
char *arena_strndup(struct arena *arena, const char *s, size_t n);
char *arena_printf(struct arena *arena, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

#endif /* VMIG_BASE_ARENA_H */
