// SPDX-License-Identifier: GPL-2.0-only
/* Print the lines of a breach. See breach_line.h. */
#include <string.h>

#include <vmig/breach_line.h>

struct out {
	char *at;
	size_t left;
};

static void put(struct out *o, const char *s, size_t n)
{
	if (n > o->left)
		n = o->left;
	memcpy(o->at, s, n);
	o->at += n;
	o->left -= n;
}

/* A value is one line, whatever stands in it: it must not pass for lines of the suite. */
static void put_value(struct out *o, const char *value)
{
	size_t n = strnlen(value, VMIG_BREACH_VALUE_MAX), i;

	for (i = 0; i < n; i++)
		put(o, value[i] == '\n' || value[i] == '\r' ? " " : value + i, 1);
}

static void put_line(struct out *o, const char *key, const char *value, const char *more)
{
	put(o, "# vmig:", 7);
	put(o, key, strlen(key));
	put_value(o, value);
	if (more) {
		put(o, " | ", 3);
		put_value(o, more);
	}
	put(o, "\n", 1);
}

/**
 * vmig_breach_lines - format the lines of a breach
 * @buf: where they go, terminated by a zero byte
 * @len: size of @buf in bytes; VMIG_BREACH_LINES_MAX is enough for any
 * @b: the breach
 *
 * Return: the bytes of the lines; where @len is too small, they end in the middle.
 */
size_t vmig_breach_lines(char *buf, size_t len, const struct vmig_breach *b)
{
	struct out o = { buf, len ? len - 1 : 0 };

	put_line(&o, " breach ", b->clause, NULL);
	put_line(&o, "   did: ", b->did, NULL);
	put_line(&o, "   expected: ", b->expected, NULL);
	put_line(&o, "   got: ", b->got, NULL);
	if (b->at)
		put_line(&o, "   at: ", b->at, NULL);
	if (b->where)
		put_line(&o, "   known: ", b->where, b->reason);
	if (len)
		*o.at = '\0';
	return (size_t)(o.at - buf);
}
