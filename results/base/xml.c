// SPDX-License-Identifier: GPL-2.0-only
/* Clean text into XML and HTML, and onto a terminal of 100 columns. */
#include <stdbool.h>
#include <string.h>

#include "xml.h"

#define COLUMNS 100

/**
 * text_xml - print text into XML or HTML
 * @f: the file
 * @s: text that went through text_clean(), or NULL for none
 */
void text_xml(FILE *f, const char *s)
{
	for (; s && *s; s++) {
		switch (*s) {
		case '&':
			fputs("&amp;", f);
			break;
		case '<':
			fputs("&lt;", f);
			break;
		case '>':
			fputs("&gt;", f);
			break;
		case '"':
			fputs("&quot;", f);
			break;
		case '\'':
			fputs("&#39;", f);
			break;
		default:
			putc(*s, f);
		}
	}
}

/**
 * text_width - columns that a text takes on a terminal
 * @s: clean text
 *
 * Return: the number of characters; wide and combining ones are counted as one.
 */
int text_width(const char *s)
{
	int n = 0;

	for (; *s; s++)
		n += (*s & 0xc0) != 0x80;
	return n;
}

/**
 * text_bytes - how much of a text fits
 * @s: clean text
 * @columns: room
 *
 * Return: bytes of the part that fits.
 */
int text_bytes(const char *s, int columns)
{
	int i;

	for (i = 0; s[i]; i++)
		if ((s[i] & 0xc0) != 0x80 && !columns--)
			break;
	return i;
}

/**
 * text_wrap - print a paragraph within 100 columns
 * @f: the file
 * @s: clean text; blanks in a row come out as one
 * @column: where the cursor stands
 * @indent: where the next lines begin
 *
 * Ends with a newline. A word that is longer than a line stays whole, so that it can
 * be copied.
 */
void text_wrap(FILE *f, const char *s, int column, int indent)
{
	bool first = true;
	size_t len;
	size_t i;
	int width;

	for (;;) {
		s += strspn(s, " ");
		len = strcspn(s, " ");
		if (!len)
			break;
		width = 0;
		for (i = 0; i < len; i++)
			width += (s[i] & 0xc0) != 0x80;
		if (!first && column + 1 + width > COLUMNS) {
			fprintf(f, "\n%*s", indent, "");
			column = indent;
		} else if (!first) {
			putc(' ', f);
			column++;
		}
		fwrite(s, 1, len, f);
		column += width;
		s += len;
		first = false;
	}
	putc('\n', f);
}
