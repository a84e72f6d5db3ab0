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

struct arena {
	struct block *blocks;
};

static void __attribute__((noreturn)) out_of_memory(void)
{
	vmig_fail("out of memory");
}

/**
 * arena_new - make an empty arena
 *
 * Return: the arena; vmig_fail() where there is no memory.
 */
struct arena *arena_new(void)
{
	struct arena *arena = calloc(1, sizeof(*arena));

	if (!arena)
		out_of_memory();
	return arena;
}

/**
 * arena_free - free an arena and everything that came from it
 * @arena: the arena, or NULL
 */
void arena_free(struct arena *arena)
{
	struct block *b, *next;

	if (!arena)
		return;
	for (b = arena->blocks; b; b = next) {
		next = b->next;
		free(b);
	}
	free(arena);
}

/**
 * arena_alloc - memory out of an arena
 * @arena: the arena
 * @size: bytes
 *
 * One block of the heap each, so that the address sanitizer sees every overrun.
 *
 * Return: zeroed memory; vmig_fail() where there is none.
 */
void *arena_alloc(struct arena *arena, size_t size)
{
	struct block *b;

	if (size > SIZE_MAX - sizeof(*b))
		out_of_memory();
	b = calloc(1, sizeof(*b) + size);
	if (!b)
		out_of_memory();
	b->next = arena->blocks;
	arena->blocks = b;
	return b->data;
}

/**
 * arena_grow - room for one more element in an array
 * @arena: the arena
 * @array: the array as the last call returned it, NULL at first
 * @n: elements in use
 * @size: bytes of an element
 *
 * The room doubles each time @n reaches a power of two.
 *
 * Return: an array with the same first @n elements and room for element @n.
 */
void *arena_grow(struct arena *arena, void *array, size_t n, size_t size)
{
	void *bigger;

	if (n & (n - 1))
		return array;
	if (n > SIZE_MAX / 2 / size)
		out_of_memory();
	bigger = arena_alloc(arena, (n ? 2 * n : 1) * size);
	if (n)
		memcpy(bigger, array, n * size);
	return bigger;
}

/**
 * arena_strndup - copy of a piece of text
 * @arena: the arena
 * @s: the text, need not be terminated
 * @n: its bytes
 *
 * Return: a terminated copy.
 */
char *arena_strndup(struct arena *arena, const char *s, size_t n)
{
	char *copy = arena_alloc(arena, n + 1);

	memcpy(copy, s, n);
	return copy;
}

/**
 * arena_printf - formatted text
 * @arena: the arena
 * @fmt: as printf()
 *
 * Return: the text.
 */
char *arena_printf(struct arena *arena, const char *fmt, ...)
{
	va_list ap;
	char *s;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(NULL, 0, fmt, ap);
	va_end(ap);
	if (n < 0)
		out_of_memory();
	s = arena_alloc(arena, (size_t)n + 1);
	va_start(ap, fmt);
	vsnprintf(s, (size_t)n + 1, fmt, ap);
	va_end(ap);
	return s;
}
