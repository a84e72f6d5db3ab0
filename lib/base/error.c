// SPDX-License-Identifier: GPL-2.0-only
/* Hook for fatal errors of the library. See error.h. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <vmig/error.h>

static void (*fail_hook)(const char *message);

/**
 * vmig_set_fail_hook - what vmig_fail() does, once a program, before other threads
 * @hook: called with one line without a newline, in the thread and the process that cannot go
 *	on; it says the line to whom it likes, and ends the process. NULL for abort()
 */
void vmig_set_fail_hook(void (*hook)(const char *message))
{
	fail_hook = hook;
}

/**
 * vmig_fail - a call that must work did not: end the program as its hook does
 * @fmt: the call and its result, one line without a newline
 *
 * Without a hook, and where one returns, this is abort(): the line is on the stack then, for a
 * debugger.
 */
void vmig_fail(const char *fmt, ...)
{
	char line[512];
	va_list args;

	va_start(args, fmt);
	vsnprintf(line, sizeof(line), fmt, args);
	va_end(args);
	if (fail_hook)
		fail_hook(line);
	abort();
}

/**
 * vmig_alloc - zeroed memory, or vmig_fail()
 * @size: bytes
 *
 * Return: memory, never NULL.
 */
void *vmig_alloc(size_t size)
{
	void *p = calloc(1, size ? size : 1);

	if (!p)
		vmig_fail("no memory for %zu bytes", size);
	return p;
}
