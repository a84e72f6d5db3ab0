// SPDX-License-Identifier: GPL-2.0-only
/*
 * Results for LAVA: the signals that its dispatcher finds in the output of a test, or the
 * lines of the result.txt that Linaro's send-to-lava.sh reads.
 */
#include <string.h>

#include <vmig/text.h>

#include "json_path.h"
#include "lava.h"

/* LAVA has no word for a known deviation; it is left out of its sums, as in junit.xml. */
static const char *result_of(const char *outcome)
{
	static const struct text_pair map[] = {
		{ "pass", "pass" }, { "warn", "pass" },	 { "fail", "fail" },
		{ "skip", "skip" }, { "xfail", "skip" }, { "xpass", "fail" },
	};

	return text_mapped(map, sizeof(map) / sizeof(map[0]), outcome, "unknown");
}

/* Words are separated by blanks there, and a signal ends with the sign >. */
static void word(FILE *f, const char *s)
{
	for (; s && *s; s++)
		putc(*s == ' ' || *s == '<' || *s == '>' ? '_' : *s, f);
}

static void line(FILE *f, bool signals, const char *chapter, const char *test, const char *sample,
		 const char *result, const json_t *value, const char *unit)
{
	fputs(signals ? "<LAVA_SIGNAL_TESTCASE TEST_CASE_ID=" : "", f);
	word(f, chapter);
	putc('.', f);
	word(f, test);
	if (sample)
		putc('.', f);
	word(f, sample);
	fprintf(f, "%s%s", signals ? " RESULT=" : " ", result);
	if (value) {
		fprintf(f, "%s%.9g", signals ? " MEASUREMENT=" : " ", json_number_value(value));
		fputs(signals ? " UNITS=" : " ", f);
		word(f, unit && *unit ? unit : "count");
	}
	fputs(signals ? ">\n" : "\n", f);
}

static void measured(FILE *f, bool signals, const char *chapter, const json_t *t, const char *list,
		     const char *value)
{
	const json_t *m;
	size_t i;

	json_array_foreach(json_path_get(t, list), i, m)
		if (json_is_number(json_path_get(m, value)))
			line(f, signals, chapter, json_path_text(t, "name"),
			     json_path_text(m, "name"), "pass", json_path_get(m, value),
			     json_path_text(m, "unit"));
}

/**
 * lava_write - print the results of a run for LAVA
 * @results: results.json
 * @f: the file
 * @signals: as signals; else as lines of a result.txt
 */
void lava_write(const json_t *results, FILE *f, bool signals)
{
	const json_t *chapter, *t;
	const char *name;
	size_t i, j;

	json_array_foreach(json_path_get(results, "chapters"), i, chapter) {
		name = json_path_text(chapter, "name");
		json_array_foreach(json_path_get(chapter, "tests"), j, t) {
			line(f, signals, name, json_path_text(t, "name"), NULL,
			     result_of(json_path_text(t, "outcome")), NULL, NULL);
			measured(f, signals, name, t, "metrics", "value");
			measured(f, signals, name, t, "samples", "p50");
		}
		json_array_foreach(json_path_get(chapter, "missing"), j, t)
			line(f, signals, name, json_string_value(t), NULL, "unknown", NULL, NULL);
	}
}
