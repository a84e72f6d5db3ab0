// SPDX-License-Identifier: GPL-2.0-only
/* Format strings for messages. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <vmig/format.h>

/**
 * vmig_fmt - format a string for a message
 * @fmt: format
 *
 * For words that are passed on at once, or returned to one who does; what is kept longer has a
 * buffer of its own.
 *
 * Return: a string, cut at VMIG_FMT_MAX - 1 bytes, that is good until this thread has formatted
 * VMIG_FMT_STRINGS more.
 */
const char *vmig_fmt(const char *fmt, ...)
{
	static __thread char strings[VMIG_FMT_STRINGS][VMIG_FMT_MAX];
	static __thread unsigned int next;
	char *s = strings[next++ % VMIG_FMT_STRINGS];
	va_list args;

	va_start(args, fmt);
	vsnprintf(s, VMIG_FMT_MAX, fmt, args);
	va_end(args);
	return s;
}

/**
 * vmig_errno_name - the name of an errno, as the specification writes it
 * @err: 0, an errno, or a negative one as the library returns it
 *
 * Return: "success", "EINVAL", or the number for one without a name; the string of
 * a number is good until the thread's next call.
 */
const char *vmig_errno_name(int err)
{
	static __thread char number[24];
	const char *name;

	if (!err)
		return "success";
	name = strerrorname_np(err < 0 ? -err : err);
	if (name)
		return name;
	snprintf(number, sizeof(number), "errno %d", err < 0 ? -err : err);
	return number;
}
