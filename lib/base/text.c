// SPDX-License-Identifier: GPL-2.0-only
/* Slices of text, and cleaning. */
#include <stdint.h>
#include <string.h>

#include <vmig/text.h>

/**
 * text_next_line - take a line off the front
 * @rest: what is left of the file; moved behind the line
 * @line: the line without its end, which may be LF or CR LF
 *
 * Return: false where nothing is left.
 */
bool text_next_line(struct text *rest, struct text *line)
{
	const char *end;

	if (!rest->n)
		return false;
	end = memchr(rest->s, '\n', rest->n);
	line->s = rest->s;
	line->n = end ? (size_t)(end - rest->s) : rest->n;
	rest->s += line->n + !!end;
	rest->n -= line->n + !!end;
	while (line->n && line->s[line->n - 1] == '\r')
		line->n--;
	return true;
}

static bool blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r';
}

/**
 * text_trim - without the blanks on both ends
 * @t: the text
 *
 * Return: the part between.
 */
struct text text_trim(struct text t)
{
	while (t.n && blank(t.s[0])) {
		t.s++;
		t.n--;
	}
	while (t.n && blank(t.s[t.n - 1]))
		t.n--;
	return t;
}

/**
 * text_skip - take a prefix off the front
 * @t: the text; moved behind the prefix where it has it
 * @prefix: the prefix
 *
 * Return: whether @t began with @prefix.
 */
bool text_skip(struct text *t, const char *prefix)
{
	size_t n = strlen(prefix);

	if (t->n < n || memcmp(t->s, prefix, n))
		return false;
	t->s += n;
	t->n -= n;
	return true;
}

/**
 * text_number - take a decimal number off the front
 * @t: the text; moved behind the number
 * @value: the number, of the first 9 digits at most
 *
 * Return: whether @t began with a digit.
 */
bool text_number(struct text *t, unsigned int *value)
{
	unsigned int digits = 0;

	*value = 0;
	while (t->n && t->s[0] >= '0' && t->s[0] <= '9' && digits < 9) {
		*value = *value * 10 + (unsigned int)(t->s[0] - '0');
		t->s++;
		t->n--;
		digits++;
	}
	return digits;
}

/**
 * text_word - take a word off the front
 * @t: the text; moved behind the word
 *
 * Return: what stands between blanks, empty at the end of the text.
 */
struct text text_word(struct text *t)
{
	struct text word;

	*t = text_trim(*t);
	word.s = t->s;
	word.n = 0;
	while (word.n < t->n && !blank(t->s[word.n]))
		word.n++;
	t->s += word.n;
	t->n -= word.n;
	return word;
}

/**
 * text_is - is this text the same as a string?
 * @t: the text
 * @s: the string
 *
 * Return: true if so.
 */
bool text_is(struct text t, const char *s)
{
	return t.n == strlen(s) && !memcmp(t.s, s, t.n);
}

/* Bytes of the UTF-8 sequence at the front of @s, 0 where there is no valid one. */
static size_t sequence(const unsigned char *s, size_t n, uint32_t *c)
{
	static const uint32_t smallest[] = { 0, 0, 0x80, 0x800, 0x10000 };
	size_t len, i;

	if (s[0] < 0x80) {
		*c = s[0];
		return 1;
	}
	len = s[0] >= 0xf0 && s[0] < 0xf8 ? 4 : s[0] >= 0xe0 ? 3 : 2;
	if (s[0] < 0xc2 || s[0] >= 0xf8 || n < len)
		return 0;
	*c = s[0] & (0x7f >> len);
	for (i = 1; i < len; i++) {
		if ((s[i] & 0xc0) != 0x80)
			return 0;
		*c = *c << 6 | (s[i] & 0x3f);
	}
	if (*c < smallest[len] || *c > 0x10ffff || (*c >= 0xd800 && *c < 0xe000))
		return 0;
	return len;
}

/*
 * What may be shown: no control characters (XML 1.0 forbids most of them, and a
 * terminal would obey the rest), no noncharacters (XML 1.0 section 2.2).
 */
static bool shown(uint32_t c)
{
	return c >= 0x20 && !(c >= 0x7f && c < 0xa0) && c != 0xfffe && c != 0xffff;
}

static bool plain(const char *s, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++)
		if (s[i] < 0x20 || s[i] > 0x7e)
			return false;
	return true;
}

/**
 * text_clean - text that every writer may print
 * @arena: where it goes
 * @t: any bytes
 *
 * Return: valid UTF-8 without control characters, tabs as blanks, bytes that are no
 * UTF-8 as U+FFFD, cut with three dots after TEXT_MAX bytes.
 */
char *text_clean(struct arena *arena, struct text t)
{
	bool cut = t.n > TEXT_MAX;
	size_t limit = cut ? TEXT_MAX : t.n;
	size_t i = 0, out = 0, len;
	char *clean;
	uint32_t c;

	if (!cut && plain(t.s, t.n))
		return arena_strndup(arena, t.s, t.n);
	/* U+FFFD has three bytes where the bad byte was one. */
	clean = arena_alloc(arena, 3 * limit + 4);
	while (i < limit) {
		len = sequence((const unsigned char *)t.s + i, t.n - i, &c);
		if (!len) {
			memcpy(clean + out, "\xef\xbf\xbd", 3);
			out += 3;
			i++;
			continue;
		}
		if (c == '\t') {
			clean[out++] = ' ';
		} else if (shown(c)) {
			/* The last sequence may reach beyond the limit, by three bytes. */
			if (i + len > limit)
				break;
			memcpy(clean + out, t.s + i, len);
			out += len;
		}
		i += len;
	}
	if (cut)
		memcpy(clean + out, "...", 3);
	return clean;
}

/**
 * text_equal - are two strings the same, either of which may be absent?
 * @a: a string or NULL
 * @b: a string or NULL
 *
 * Return: true if both are absent or both say the same.
 */
bool text_equal(const char *a, const char *b)
{
	if (!a || !b)
		return a == b;
	return !strcmp(a, b);
}

/**
 * text_mapped - one word for another
 * @map: pairs of words
 * @n: their number
 * @s: a word, or NULL
 * @other: what to say of a word that no pair has
 *
 * Return: the second word of the pair, or @other.
 */
const char *text_mapped(const struct text_pair *map, size_t n, const char *s, const char *other)
{
	size_t i;

	for (i = 0; i < n; i++)
		if (s && !strcmp(s, map[i].word))
			return map[i].other;
	return other;
}
