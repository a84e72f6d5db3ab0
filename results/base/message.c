// SPDX-License-Identifier: GPL-2.0-only
/* Error messages, and errors of stdout. */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "message.h"

/**
 * error_msg - say what is wrong and what to do
 * @fmt: as printf(), without the end of the line
 */
void error_msg(const char *fmt, ...)
{
	va_list ap;

	fputs("vmig-report: ", stderr);
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	putc('\n', stderr);
}

/**
 * close_stdout - nothing that was printed may get lost without a word
 * @exit_code: of the program if all is well
 *
 * Return: @exit_code, or EXIT_UNTESTED after a sentence.
 */
int close_stdout(int exit_code)
{
	if (!fflush(stdout) && !ferror(stdout))
		return exit_code;
	error_msg("cannot write to standard output: %s; free some space or redirect it elsewhere",
		  strerror(errno));
	return EXIT_UNTESTED;
}
