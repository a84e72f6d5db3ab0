/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Memory of one report. The tool reads a run directory, writes three files and ends:
 * everything lives as long as the report, so it is freed in one go and no reader has
 * to say who owns a string.
 */
#ifndef VMIG_RESULTS_POOL_H
#define VMIG_RESULTS_POOL_H

#include <stddef.h>

struct pool;

struct pool *pool_new(void);
void pool_free(struct pool *pool);
void *pool_alloc(struct pool *pool, size_t size);
void *pool_grow(struct pool *pool, void *array, size_t n, size_t size);
char *pool_strndup(struct pool *pool, const char *s, size_t n);
char *pool_printf(struct pool *pool, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

#endif /* VMIG_RESULTS_POOL_H */
