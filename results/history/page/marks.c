// SPDX-License-Identifier: GPL-2.0-only
/* Colours and signs of nightly.html. */
#include <string.h>

#include "marks.h"
#include "markup.h"
#include "outcome.h"

/**
 * nightly_mark_of_run - colour and sign of a run's verdict
 * @r: the run
 *
 * Return: the mark.
 */
struct mark nightly_mark_of_run(const struct history_run *r)
{
	switch (r->exit_code) {
	case 0:
		return r->nr_xfail ? (struct mark){ "known", "\u2248" }
				   : (struct mark){ "good", "\u2713" };
	case 1:
		return (struct mark){ "bad", "\u2717" };
	case 3:
		return (struct mark){ "bad", "!" };
	case 130:
		return (struct mark){ "none", "?" };
	default:
		return (struct mark){ "none", "\u2013" };
	}
}

/**
 * nightly_mark_of_label - colour, sign and word for a metric
 * @label: the result
 * @word: where the word goes
 *
 * Return: the mark.
 */
struct mark nightly_mark_of_label(enum metric_label label, const char **word)
{
	static const struct {
		struct mark mark;
		const char *word;
	} marks[] = {
		[LABEL_FEW] = { { "none", "\u25cb" }, "too few nights" },
		[LABEL_MACHINE] = { { "none", "\u2699" }, "the machine" },
		[LABEL_ACCEPTED] = { { "known", "\u2248" }, "accepted" },
		[LABEL_SAME] = { { "good", "\u2713" }, "as before" },
		[LABEL_BETTER] = { { "known", "\u2191" }, "better" },
		[LABEL_WORSE] = { { "bad", "\u2717" }, "worse" },
	};

	*word = marks[label].word;
	return marks[label].mark;
}

/**
 * nightly_mark_of_outcome - colour, sign and word for an outcome that a history has
 * @outcome: its name
 * @word: where the word goes
 *
 * Return: the mark.
 */
struct mark nightly_mark_of_outcome(const char *outcome, const char **word)
{
	int i;

	for (i = 0; i < NR_OUTCOMES; i++)
		if (!strcmp(outcome, outcome_name((enum outcome)i))) {
			*word = outcome_text((enum outcome)i);
			return html_mark_of_test((enum outcome)i);
		}
	*word = outcome;
	return (struct mark){ "odd", "?" };
}
