// SPDX-License-Identifier: GPL-2.0-only
/* Memory that is freed all at once. */
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <vmig/arena.h>
#include <vmig/error.h>

struct block {
	struct block *next;
	max_align_t data[];
};

struct pool {
	struct block *blocks;
};

static void __attribute__((noreturn)) out_of_memory(void)
{
	vmig_fail("out of memory");
}

/**
 * pool_new - make an empty pool
 *
 * Return: the pool; vmig_fail() where there is no memory.
 */
struct pool *pool_new(void)
{
	struct pool *pool = calloc(1, sizeof(*pool));

	if (!pool)
		out_of_memory();
	return pool;
}

/**
 * pool_free - free a pool and everything that came from it
 * @pool: the pool, or NULL
 */
void pool_free(struct pool *pool)
{
	struct block *b, *next;

	if (!pool)
		return;
	for (b = pool->blocks; b; b = next) {
		next = b->next;
		free(b);
	}
	free(pool);
}

/**
 * pool_alloc - memory out of a pool
 * @pool: the pool
 * @size: bytes
 *
 * One block of the heap each, so that the address sanitizer sees every overrun.
 *
 * Return: zeroed memory; vmig_fail() where there is none.
 */
void *pool_alloc(struct pool *pool, size_t size)
{
	struct block *b;

	if (size > SIZE_MAX - sizeof(*b))
		out_of_memory();
	b = calloc(1, sizeof(*b) + size);
	if (!b)
		out_of_memory();
	b->next = pool->blocks;
	pool->blocks = b;
	return b->data;
}

/**
 * pool_grow - room for one more element in an array
 * @pool: the pool
 * @array: the array as the last call returned it, NULL at first
 * @n: elements in use
 * @size: bytes of an element
 *
 * The room doubles each time @n reaches a power of two.
 *
 * Return: an array with the same first @n elements and room for element @n.
 */
void *pool_grow(struct pool *pool, void *array, size_t n, size_t size)
{
	void *bigger;

	if (n & (n - 1))
		return array;
	if (n > SIZE_MAX / 2 / size)
		out_of_memory();
	bigger = pool_alloc(pool, (n ? 2 * n : 1) * size);
	if (n)
		memcpy(bigger, array, n * size);
	return bigger;
}

/**
 * pool_strndup - copy of a piece of text
 * @pool: the pool
 * @s: the text, need not be terminated
 * @n: its bytes
 *
 * Return: a terminated copy.
 */
char *pool_strndup(struct pool *pool, const char *s, size_t n)
{
	char *copy = pool_alloc(pool, n + 1);

	memcpy(copy, s, n);
	return copy;
}

/**
 * pool_printf - formatted text
 * @pool: the pool
 * @fmt: as printf()
 *
 * Return: the text.
 */
char *pool_printf(struct pool *pool, const char *fmt, ...)
{
	va_list ap;
	char *s;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(NULL, 0, fmt, ap);
	va_end(ap);
	if (n < 0)
		out_of_memory();
	s = pool_alloc(pool, (size_t)n + 1);
	va_start(ap, fmt);
	vsnprintf(s, (size_t)n + 1, fmt, ap);
	va_end(ap);
	return s;
}
