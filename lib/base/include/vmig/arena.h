/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Memory that is freed in one go, so that no reader of a file has to say who owns a string: of a
 * report, or of the profile that a test program goes by.
 */
#ifndef VMIG_ARENA_H
#define VMIG_ARENA_H

#include <stddef.h>

struct pool;

struct pool *pool_new(void);
void pool_free(struct pool *pool);
void *pool_alloc(struct pool *pool, size_t size);
void *pool_grow(struct pool *pool, void *array, size_t n, size_t size);
char *pool_strndup(struct pool *pool, const char *s, size_t n);
char *pool_printf(struct pool *pool, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

#endif /* VMIG_ARENA_H */
