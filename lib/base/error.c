// SPDX-License-Identifier: GPL-2.0-only
/* How a test process ends when it cannot go on, and errno names for what it says. */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <vmig/error.h>

/**
 * vmig_die - say why this test cannot judge, and end its process
 * @fmt: what was tried and what came, one line without a newline
 *
 * The line is one of the diagnostics that the report reads ("broken"). _exit() and
 * not exit(), as the process is a fork of the harness with its exit handlers. The
 * device is left as it is: the next test settles it (see vmig_settle()).
 */
void vmig_die(const char *fmt, ...)
{
	char line[512];
	va_list args;

	va_start(args, fmt);
	vsnprintf(line, sizeof(line), fmt, args);
	va_end(args);
	printf("# vmig: broken %s\n", line);
	fflush(stdout);
	_exit(VMIG_EXIT_BROKEN);
}

/**
 * vmig_errno_name - the name of an errno, as the specification writes it
 * @err: 0, an errno, or a negative one as the library returns it
 *
 * Return: "success", "EINVAL", or the number for one without a name; the string of
 * a number is good until the next call.
 */
const char *vmig_errno_name(int err)
{
	static char number[24];
	const char *name;

	if (!err)
		return "success";
	name = strerrorname_np(err < 0 ? -err : err);
	if (name)
		return name;
	snprintf(number, sizeof(number), "errno %d", err < 0 ? -err : err);
	return number;
}

/**
 * vmig_alloc - zeroed memory, or the end of the test
 * @size: bytes
 *
 * Return: memory, never NULL.
 */
void *vmig_alloc(size_t size)
{
	void *p = calloc(1, size ? size : 1);

	if (!p)
		vmig_die("no memory for %zu bytes", size);
	return p;
}
