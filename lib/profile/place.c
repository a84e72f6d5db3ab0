// SPDX-License-Identifier: GPL-2.0-only
/*
 * Places of a profile, "FILE:LINE/LINE:WORD FUNCTION()[, LINE/LINE:WORD FUNCTION()]...": one line
 * for each kernel that the profile's "source:" names, or one for all of them. The word is
 * for selftests/meta/profile_lines.py, which looks the line up.
 */
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include <vmig/kernel_range.h>
#include <vmig/place.h>

#define DIGITS "0123456789"

/* "7.3-" of "7.3.4,": a kernel of this series or a later one has the lines of that version. */
static bool series_on(const char *word, size_t n, char *range, size_t size)
{
	const char *dot = memchr(word, '.', n), *end;

	if (!dot)
		return false;
	end = dot + 1 + strspn(dot + 1, DIGITS);
	if ((size_t)(end - word) > n)
		return false;
	snprintf(range, size, "%.*s-", (int)(end - word), word);
	return vmig_kernel_range(range);
}

/* Which of the kernels in @source that lie in @kernels has the lines of a release? */
static unsigned int kernel_number(const char *source, const char *kernels, const char *release)
{
	unsigned int n = 0, number = 0;
	char version[32], range[32];
	size_t len;

	for (; *source; source += len) {
		source += strspn(source, " ,");
		len = strcspn(source, " ,");
		if (!series_on(source, len, range, sizeof(range)))
			continue;
		snprintf(version, sizeof(version), "%.*s", (int)len, source);
		if (*kernels && !vmig_kernel_in(kernels, version))
			continue;
		if (vmig_kernel_in(range, release))
			number = n;
		n++;
	}
	return number;
}

/* The length of "LINE/LINE" at the start of a word, 0 if it is something else. */
static size_t lines(const char *s)
{
	size_t n = strspn(s, DIGITS "/");

	return isdigit((unsigned char)*s) && s[n] && strchr(" :", s[n]) ? n : 0;
}

/* Moves the line of a number from @from to @to; the last one where there are fewer. */
static size_t take_line(char *to, const char *from, size_t n, unsigned int number)
{
	size_t len = strcspn(from, "/");

	for (; number && len < n; number--) {
		from += len + 1;
		n -= len + 1;
		len = strcspn(from, "/");
	}
	len = len < n ? len : n;
	memmove(to, from, len);
	return len;
}

/**
 * vmig_place_for_kernel - keep of a place what is so in one kernel
 * @place: a place of a profile; what is left of it is written over it
 * @source: the profile's "source:", whose kernels the lines are of, or NULL
 * @kernels: the kernels that the place is for, "" for all; see vmig_kernel_in()
 * @release: uname -r, or NULL where nobody knows, which keeps all lines
 *
 * A kernel between two of @source has the lines of the older one.
 */
void vmig_place_for_kernel(char *place, const char *source, const char *kernels,
			   const char *release)
{
	unsigned int number = kernel_number(source ? source : "", kernels, release);
	char *to = place, *from = place;
	bool starts = true;
	size_t n;

	while (*from) {
		n = starts ? lines(from) : 0;
		if (!n) {
			starts = strchr(": ", *from);
			*to++ = *from++;
			continue;
		}
		if (release) {
			to += take_line(to, from, n, number);
		} else {
			memmove(to, from, n);
			to += n;
		}
		from += n + (from[n] == ':' ? strcspn(from + n, " ") : 0);
	}
	*to = '\0';
}
