// SPDX-License-Identifier: GPL-2.0-only
/* Memory that is freed in one go. With the sanitizers: nothing leaks, nothing overlaps. */
#include <setjmp.h>
#include <stdint.h>
#include <string.h>

#include <vmig/arena.h>
#include <vmig/error.h>
#include "unit.h"

static jmp_buf failed;
static char said[64];

static void hook(const char *message)
{
	snprintf(said, sizeof(said), "%s", message);
	longjmp(failed, 1);
}

static bool all_zero(const unsigned char *p, size_t n)
{
	while (n && !p[n - 1])
		n--;
	return !n;
}

static void growing(struct arena *arena)
{
	unsigned int *numbers = NULL, i;

	for (i = 0; i < 1000; i++) {
		numbers = arena_grow(arena, numbers, i, sizeof(*numbers));
		numbers[i] = i;
	}
	for (i = 0; i < 1000 && numbers[i] == i; i++)
		;
	UNIT(i == 1000, "an array that grows keeps what it had");
}

static void too_much(struct arena *arena, void *(*take)(struct arena *arena), const char *what)
{
	said[0] = '\0';
	if (!setjmp(failed))
		take(arena);
	UNIT(!strcmp(said, "out of memory"), "%s", what);
}

static void *take_all(struct arena *arena)
{
	return arena_alloc(arena, SIZE_MAX);
}

static void *grow_all(struct arena *arena)
{
	return arena_grow(arena, NULL, 1UL << 62, 8);
}

int main(void)
{
	struct arena *arena = arena_new();
	unsigned char *a, *b;
	char text[] = "abcdef";

	vmig_set_fail_hook(hook);
	a = arena_alloc(arena, 100);
	b = arena_alloc(arena, 100);
	UNIT(all_zero(a, 100) && !((uintptr_t)a % _Alignof(max_align_t)),
	     "memory is zeroed and aligned");
	memset(a, 0xff, 100);
	UNIT(all_zero(b, 100), "two pieces are two");
	UNIT(!strcmp(arena_strndup(arena, text, 3), "abc"), "a copy is terminated");
	UNIT(!strcmp(arena_printf(arena, "%s-%d", text, 7), "abcdef-7"), "formatted text");
	UNIT(!*arena_printf(arena, "%s", ""), "formatted nothing");
	growing(arena);
	too_much(arena, take_all, "a size that there is not is no memory");
	too_much(arena, grow_all, "nor is a number of elements");
	arena_free(arena);
	arena_free(NULL);
	return unit_end();
}
