// SPDX-License-Identifier: GPL-2.0-only
/* Recognise warnings and sanitizer reports in the kernel log, by complaints.def. */
#include <string.h>

#include <vmig/complaints.h>

enum { ANYWHERE, START };
enum { OPENS, JOINS };
enum { NOW, LATE };
enum { IN_REPORT, IN_TEST };

static const struct vmig_complaint complaints[] = {
#define COMPLAINT(text, start, joins, late, in_test, kind)                                         \
	{ text, start, joins, late, in_test, kind },
#include <vmig/complaints.def>
#undef COMPLAINT
};

static bool says(const char *line, size_t len, const struct vmig_complaint *c)
{
	size_t n = strlen(c->text), i;

	if (len < n)
		return false;
	if (c->start)
		return !memcmp(line, c->text, n);
	for (i = 0; i + n <= len; i++)
		if (!memcmp(line + i, c->text, n))
			return true;
	return false;
}

/**
 * vmig_complaint_find - is a line of the kernel's log a complaint?
 * @line: the line, without what stands before the kernel's words; need not be terminated
 * @len: its bytes
 *
 * Return: what it is, or NULL for a line that is none.
 */
const struct vmig_complaint *vmig_complaint_find(const char *line, size_t len)
{
	size_t i;

	for (i = 0; i < sizeof(complaints) / sizeof(complaints[0]); i++)
		if (says(line, len, &complaints[i]))
			return &complaints[i];
	return NULL;
}
