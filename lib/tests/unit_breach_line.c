// SPDX-License-Identifier: GPL-2.0-only
/* The lines of a breach. */
#include <string.h>

#include <vmig/breach_line.h>
#include "unit.h"

static struct vmig_breach breach = {
	.clause = "FD-07",
	.did = "read() of the data_fd",
	.expected = "0 or an error",
	.got = "24 bytes",
};

static char buf[VMIG_BREACH_LINES_MAX];

static bool is(const char *lines)
{
	size_t n = vmig_breach_lines(buf, sizeof(buf), &breach);

	if (n == strlen(buf) && !strcmp(buf, lines))
		return true;
	printf("# got:\n# %s", buf);
	return false;
}

static size_t lines_of(const char *s)
{
	size_t n = 0;

	for (; *s; s++)
		n += *s == '\n';
	return n;
}

int main(void)
{
	char longer[2 * VMIG_BREACH_VALUE_MAX];
	size_t n, whole;

	UNIT(is("# vmig: breach FD-07\n"
		"# vmig:   did: read() of the data_fd\n"
		"# vmig:   expected: 0 or an error\n"
		"# vmig:   got: 24 bytes\n"),
	     "a breach without a place");
	breach.at = "fd.c:12";
	breach.where = "mtty.c:7 mtty_read()";
	breach.reason = "why";
	UNIT(is("# vmig: breach FD-07\n"
		"# vmig:   did: read() of the data_fd\n"
		"# vmig:   expected: 0 or an error\n"
		"# vmig:   got: 24 bytes\n"
		"# vmig:   at: fd.c:12\n"
		"# vmig:   known: mtty.c:7 mtty_read() | why\n"),
	     "a known one with a place");
	breach.got = "x\n# vmig: breach FD-08\r\nok 1";
	vmig_breach_lines(buf, sizeof(buf), &breach);
	UNIT(lines_of(buf) == 6 && strstr(buf, "got: x # vmig: breach FD-08  ok 1\n"),
	     "a value of several lines is one line");
	memset(longer, 'x', sizeof(longer) - 1);
	longer[sizeof(longer) - 1] = '\0';
	breach = (struct vmig_breach){ longer, longer, longer, longer, longer, longer, longer };
	whole = vmig_breach_lines(buf, sizeof(buf), &breach);
	UNIT(whole < sizeof(buf) && lines_of(buf) == 6 && buf[whole - 1] == '\n',
	     "values are cut, and the lines stay whole");
	for (n = 1; n < 200; n++) {
		memset(buf, '#', sizeof(buf));
		if (vmig_breach_lines(buf, n, &breach) != n - 1 || buf[n - 1] || buf[n] != '#')
			break;
	}
	UNIT(n == 200, "a small buffer is not left");
	return unit_end();
}
