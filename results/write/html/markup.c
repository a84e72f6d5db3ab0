// SPDX-License-Identifier: GPL-2.0-only
/* Common markup of the pages. */
#include "markup.h"
#include "xml.h"

/**
 * html_mark_of_test - colour and sign of a test's outcome
 * @outcome: the outcome
 *
 * Return: the mark.
 */
struct mark html_mark_of_test(enum outcome outcome)
{
	static const struct mark marks[NR_OUTCOMES] = {
		[OUTCOME_FAIL] = { "bad", "\u2717" },  [OUTCOME_CRASHED] = { "odd", "?" },
		[OUTCOME_TIMEOUT] = { "odd", "?" },    [OUTCOME_INCONCLUSIVE] = { "odd", "?" },
		[OUTCOME_XPASS] = { "bad", "+" },      [OUTCOME_XFAIL] = { "known", "\u2248" },
		[OUTCOME_WARN] = { "warn", "!" },      [OUTCOME_PASS] = { "good", "\u2713" },
		[OUTCOME_SKIP] = { "none", "\u2013" },
	};

	return marks[outcome];
}

/**
 * html_mark_of_clause - colour and sign of a clause's outcome
 * @outcome: the outcome
 *
 * Return: the mark.
 */
struct mark html_mark_of_clause(enum clause_outcome outcome)
{
	static const struct mark marks[NR_CLAUSE_OUTCOMES] = {
		[CLAUSE_VIOLATED] = { "bad", "\u2717" },
		[CLAUSE_KNOWN] = { "known", "\u2248" },
		[CLAUSE_WARNED] = { "warn", "!" },
		[CLAUSE_SATISFIED] = { "good", "\u2713" },
		[CLAUSE_RECORDED] = { "good", "\u00b7" },
		[CLAUSE_UNDECIDED] = { "odd", "?" },
		[CLAUSE_SKIPPED] = { "none", "\u2013" },
		[CLAUSE_NOT_RUN] = { "none", "\u25cb" },
		[CLAUSE_UNTESTABLE] = { "none", "\u2300" },
	};

	return marks[outcome];
}

/**
 * html_badge - print a mark
 * @f: the file
 * @mark: the mark
 * @word: a word beside the sign, or NULL
 */
void html_badge(FILE *f, struct mark mark, const char *word)
{
	fprintf(f, "<span class=\"badge o-%s\">%s%s%s</span>", mark.class, mark.sign,
		word ? " " : "", word ? word : "");
}

/**
 * html_definition - a term and what is to be said of it, nothing without a text
 * @f: where to, within a <dl>
 * @term: HTML
 * @text: any text
 */
void html_definition(FILE *f, const char *term, const char *text)
{
	if (!text || !*text)
		return;
	fprintf(f, "<dt>%s</dt><dd>", term);
	text_xml(f, text);
	fputs("</dd>\n", f);
}
