// SPDX-License-Identifier: GPL-2.0-only
/*
 * Reader of waivers. A line that is not understood in full is refused: a waiver that means
 * something else than its author thought would let a breach pass unseen.
 */
#include <fnmatch.h>
#include <string.h>

#include <vmig/kernel_range.h>

#include "waiver.h"

/* More would be no exceptions any more. */
#define WAIVERS_MAX 500

#define FIELDS 7

/* Up to the next bar; moves behind it. */
static struct text field(struct text *t)
{
	const char *bar = t->n ? memchr(t->s, '|', t->n) : NULL;
	struct text f = *t;

	if (bar)
		f.n = (size_t)(bar - t->s);
	t->s += f.n + !!bar;
	t->n -= f.n + !!bar;
	return text_trim(f);
}

/* Takes a number of at most @digits off the front; -1 where there is none. */
static int number(const char **s, int digits)
{
	int n = 0, i;

	for (i = 0; i < digits && **s >= '0' && **s <= '9'; i++)
		n = n * 10 + *(*s)++ - '0';
	return i ? n : -1;
}

static bool is_day(const char *s)
{
	static const int days[] = { 31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
	const char *at = s;
	int year, month, day;

	if (strlen(s) != 10 || s[4] != '-' || s[7] != '-')
		return false;
	year = number(&at, 4);
	at = s + 5;
	month = number(&at, 2);
	if (at != s + 7)
		return false;
	at = s + 8;
	day = number(&at, 2);
	if (at != s + 10 || year < 2000 || month < 1 || month > 12 || day < 1)
		return false;
	if (month == 2 && (year % 4 || (year % 100 == 0 && year % 400)))
		return day <= 28;
	return day <= days[month - 1];
}

static bool is_link(const char *s)
{
	const char *host = s + 8;

	if (strncmp(s, "https://", 8) || strpbrk(s, " \t\"<>\\"))
		return false;
	return strcspn(host, "/") >= 3 && memchr(host, '.', strcspn(host, "/")) &&
	       strlen(host) > strcspn(host, "/") + 1;
}

static char *understand(struct arena *arena, struct waiver *w, char *const f[FIELDS])
{
	w->clause = vmig_clause_find(f[0]);
	if (!w->clause)
		return arena_printf(arena, "there is no clause \"%s\"; --clauses lists them", f[0]);
	w->glob = f[1];
	w->driver = f[2];
	w->kernels = f[3];
	if (!vmig_kernel_range(f[3]))
		return arena_printf(arena,
				    "\"%s\" is no range of kernels such as 6.12-6.12, 6.7-6.14 or "
				    "6.18-",
				    f[3]);
	w->expires = f[4];
	if (!is_day(f[4]))
		return arena_printf(arena, "\"%s\" is no day such as 2027-03-31", f[4]);
	w->link = f[5];
	if (!is_link(f[5]))
		return arena_printf(arena,
				    "\"%s\" is no link to a public discussion, "
				    "https://HOST/PATH",
				    f[5]);
	w->reason = f[6];
	return NULL;
}

static char *waiver(struct arena *arena, struct waiver *w, struct text value)
{
	char *f[FIELDS];
	int i;

	for (i = 0; i < FIELDS; i++) {
		f[i] = text_clean(arena, i + 1 < FIELDS ? field(&value) : text_trim(value));
		if (!*f[i])
			return "a waiver needs seven fields, \"clause | tests | driver | kernels | "
			       "last day | link | reason\"";
		/* A profile is made of it, whose fields are separated by bars. */
		if (strchr(f[i], '|'))
			return "the reason of a waiver has no bar in it";
	}
	return understand(arena, w, f);
}

/**
 * waivers_parse - read a file of waivers
 * @arena: where everything goes
 * @contents: the file
 * @error: NULL, or where a sentence about the first bad line goes
 *
 * Return: the waivers in the order of the file; NULL for none, and for a bad file, which
 * @error distinguishes.
 */
struct waiver *waivers_parse(struct arena *arena, struct text contents, char **error)
{
	struct waiver *first = NULL, **last = &first, *w;
	unsigned int n = 0, nr = 0;
	struct text line;
	char *wrong;

	*error = NULL;
	while (text_next_line(&contents, &line)) {
		n++;
		line = text_trim(line);
		if (!line.n || line.s[0] == '#')
			continue;
		w = arena_alloc(arena, sizeof(*w));
		w->line = n;
		if (nr++ == WAIVERS_MAX)
			wrong = "these are more waivers than anybody can look at";
		else if (!text_skip(&line, "waiver:"))
			wrong = "a line begins with \"waiver:\" or \"#\"";
		else
			wrong = waiver(arena, w, line);
		if (wrong) {
			*error = arena_printf(arena, "line %u: %s", n, wrong);
			return NULL;
		}
		*last = w;
		last = &w->next;
	}
	return first;
}

/**
 * waiver_covers - is a waiver for this driver on this kernel?
 * @w: the waiver
 * @driver: the driver
 * @kernel: the release, as uname -r says it
 *
 * Return: true if so.
 */
bool waiver_covers(const struct waiver *w, const char *driver, const char *kernel)
{
	/* An unknown release lies in every range: it must not be waived for. */
	if (!driver || !kernel || vmig_kernel_in("-0.0.0", kernel))
		return false;
	return !fnmatch(w->driver, driver, 0) && vmig_kernel_in(w->kernels, kernel);
}

/**
 * waiver_expired - is the waiver's last day over?
 * @w: the waiver
 * @day: a day or a time of ISO 8601, "2026-11-21T17:53:09Z"
 *
 * Return: true if so.
 */
bool waiver_expired(const struct waiver *w, const char *day)
{
	return strncmp(day, w->expires, 10) > 0;
}

/**
 * waivers_profile - waivers in the form in which tests and report know deviations
 * @arena: where everything goes
 * @w: the waivers
 * @driver: the driver that is tested
 * @kernel: the release of the kernel
 *
 * Return: a profile of those that cover @driver on @kernel, NULL for none of them. In its
 * deviations, @line is that of the waiver.
 */
struct vmig_profile *waivers_profile(struct arena *arena, struct waiver *w, const char *driver,
				     const char *kernel)
{
	struct vmig_profile *p = arena_alloc(arena, sizeof(*p));
	struct vmig_deviation **last = &p->deviations, *d;

	for (; w; w = w->next) {
		if (!waiver_covers(w, driver, kernel))
			continue;
		d = arena_alloc(arena, sizeof(*d));
		d->line = w->line;
		d->clause = w->clause;
		d->glob = w->glob;
		d->source = arena_printf(arena, "waived until %s", w->expires);
		d->reason = arena_printf(arena, "%s, %s", w->reason, w->link);
		/* A waived breach need not occur. */
		d->sometimes = true;
		*last = d;
		last = &d->next;
		p->nr_deviations++;
	}
	return p->nr_deviations ? p : NULL;
}
