// SPDX-License-Identifier: GPL-2.0-only
/*
 * A reader of KTAP (Documentation/dev-tools/ktap.rst) that takes whatever it gets:
 * the file may end in the middle of a line because the guest died, and a console may
 * have mixed kernel messages into it. A line that is not understood is kept as a line
 * of the test that was running; it is never an error.
 */
#include <stdlib.h>
#include <string.h>

#include "ktap.h"

/* Lines kept for a test that says more than that: the end is what matters. */
#define LOG_LINES 40

/* Tests read of one file: the longest chapter has some hundred. */
#define TESTS_MAX 5000

/* Breaches read of one test: the first ones suffice. */
#define BREACHES_MAX 100

/* Clauses, notes, measurements read of one test: each has some ten. */
#define LINES_MAX 200

/* Values read of one test: the long form of the longest has some thousand. */
#define SAMPLES_MAX 20000

/* A plan above this is a damaged line: all chapters together have some thousand tests. */
#define PLAN_MAX 1000000

/* What the line "Totals" counts; XFAIL and XPASS are results of their own there. */
struct totals {
	unsigned int pass, fail, xfail, xpass, skip;
};

struct parser {
	struct arena *arena;
	struct chapter *chapter;
	struct test *test; /* the one that runs */
	struct breach *breach; /* the last one of it */
	unsigned int breaches; /* their number */
	unsigned int lines; /* of the test, but for its log */
	struct totals counted; /* results in the part of the file that @plan is of */
	bool ended; /* that part has its totals */
	unsigned int plan; /* of the part of the file since the last version line */
	unsigned int seen; /* tests in that part */
	unsigned int owed; /* tests that it has to make up for, of a part that ended early */
	struct test *present; /* the one that runs, while something is said of a former one */
	bool of_former; /* that is so */
};

static struct test *new_test(struct parser *p, struct text name)
{
	struct test *t = arena_alloc(p->arena, sizeof(*t));

	t->name = text_clean(p->arena, name);
	t->chapter = p->chapter;
	t->reason = "";
	t->seconds = -1;
	t->last_breach = &t->breaches;
	t->last_note = &t->notes;
	t->last_broken = &t->broken;
	t->last_log = &t->log;
	t->last_metric = &t->metrics;
	*p->chapter->last_test = t;
	p->chapter->last_test = &t->next;
	p->chapter->nr_tests++;
	p->seen++;
	p->breach = NULL;
	p->breaches = 0;
	p->lines = 0;
	return t;
}

/* Is there room for one more line of what the test said? */
static bool room(struct parser *p)
{
	return p->lines++ < LINES_MAX;
}

static void add_line(struct parser *p, struct line ***last, char *id, struct text text)
{
	struct line *line = arena_alloc(p->arena, sizeof(*line));

	line->id = id;
	line->text = text_clean(p->arena, text);
	**last = line;
	*last = &line->next;
}

static void add_log(struct parser *p, struct text text)
{
	struct test *t = p->test;

	if (!text_trim(text).n)
		return;
	if (!t) {
		if (!p->chapter->stray)
			p->chapter->stray = text_clean(p->arena, text);
		return;
	}
	add_line(p, &t->last_log, NULL, text);
	if (t->log_lines == LOG_LINES)
		t->log = t->log->next;
	else
		t->log_lines++;
}

/* What was said of a former test is over, whether or not that was said. */
static void leave_former(struct parser *p)
{
	if (!p->of_former)
		return;
	p->test = p->present;
	p->present = NULL;
	p->of_former = false;
}

/* A version line or the end of the file: what was announced and did not come is lost. */
static void end_part(struct parser *p)
{
	bool cut_off;

	leave_former(p);
	cut_off = p->test;
	if (p->test)
		p->test->cut_off = true;
	p->test = NULL;
	if (p->plan < p->owed)
		p->plan = p->owed;
	if (p->plan > p->seen)
		p->chapter->not_run += p->plan - p->seen;
	else if (p->seen && !p->ended && !cut_off)
		p->chapter->no_totals = true;
	p->ended = false;
	memset(&p->counted, 0, sizeof(p->counted));
	p->plan = 0;
	p->seen = 0;
	p->owed = 0;
}

static struct test *find_test(const struct chapter *c, struct text name)
{
	struct test *t;

	for (t = c->tests; t; t = t->next)
		if (text_is(name, t->name))
			return t;
	return NULL;
}

/*
 * The chapter goes on in a fresh kernel, behind this test: what the lost one said of the
 * tests that follow is void, and as many results are owed as are missing now.
 */
static void resume(struct parser *p, struct text name)
{
	struct chapter *c = p->chapter;
	struct test *after = find_test(c, name), **from = &c->tests, *t;

	end_part(p);
	if (after)
		from = &after->next;
	else if (!text_is(name, "nothing"))
		return;
	p->owed = c->not_run;
	c->not_run = 0;
	for (t = *from; t; t = t->next) {
		p->owed++;
		c->nr_tests--;
	}
	*from = NULL;
	c->last_test = from;
}

/* What follows belongs to a test that has ended, up to the word "present". */
static bool of_former(struct parser *p, struct text t)
{
	if (text_is(t, "present")) {
		leave_former(p);
	} else if (text_skip(&t, "former ")) {
		leave_former(p);
		p->present = p->test;
		p->of_former = true;
		p->test = find_test(p->chapter, text_trim(t));
	} else {
		return false;
	}
	p->breach = NULL;
	return true;
}

/* Up to the hash sign in front of a directive, without the blanks. */
static struct text before_hash(struct text t)
{
	const char *hash = memchr(t.s, '#', t.n);

	if (hash)
		t.n = (size_t)(hash - t.s);
	return text_trim(t);
}

static struct text after_hash(struct text t)
{
	const char *hash = t.n ? memchr(t.s, '#', t.n) : NULL;

	if (!hash) {
		t.s += t.n;
		t.n = 0;
		return t;
	}
	t.n -= (size_t)(hash + 1 - t.s);
	t.s = hash + 1;
	return text_trim(t);
}

static bool plan_line(struct parser *p, struct text line)
{
	struct text reason;
	unsigned int n;

	if (!text_skip(&line, "1..") || !text_number(&line, &n) || n > PLAN_MAX)
		return false;
	p->plan = n;
	reason = after_hash(line);
	if (!n && text_skip(&reason, "SKIP"))
		p->chapter->skip = text_clean(p->arena, text_trim(reason));
	return true;
}

static enum ktap_directive directive(struct text *t)
{
	static const struct {
		const char *word;
		enum ktap_directive directive;
	} words[] = {
		{ "SKIP", KTAP_SKIP },	     { "XFAIL", KTAP_XFAIL }, { "XPASS", KTAP_XPASS },
		{ "TIMEOUT", KTAP_TIMEOUT }, { "ERROR", KTAP_ERROR }, { "error", KTAP_ERROR },
	};
	struct text rest = *t, word = text_word(&rest);
	size_t i;

	for (i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		if (text_is(word, words[i].word)) {
			*t = text_trim(rest);
			return words[i].directive;
		}
	}
	return KTAP_PLAIN;
}

static void count_result(struct totals *n, const struct test *t)
{
	if (t->result == KTAP_NOT_OK)
		n->fail++;
	else if (t->directive == KTAP_SKIP)
		n->skip++;
	else if (t->directive == KTAP_XFAIL)
		n->xfail++;
	else if (t->directive == KTAP_XPASS)
		n->xpass++;
	else
		n->pass++;
}

static bool result_line(struct parser *p, struct text line)
{
	enum ktap_result result = KTAP_OK;
	struct text name, rest;
	struct test *t;
	unsigned int n;

	if (text_skip(&line, "not "))
		result = KTAP_NOT_OK;
	if (!text_skip(&line, "ok ") || !text_number(&line, &n))
		return false;
	if (line.n && line.s[0] != ' ')
		return false;
	name = before_hash(line);
	if (text_skip(&name, "- "))
		name = text_trim(name);
	rest = after_hash(line);

	leave_former(p);
	t = p->test;
	/* The line of the test that ran got lost, or this one's "RUN" did. */
	if (!t || (name.n && !text_is(name, t->name))) {
		if (p->chapter->nr_tests == TESTS_MAX) {
			p->chapter->too_long = true;
			return false;
		}
		t = new_test(p, name);
	}
	t->result = result;
	t->directive = directive(&rest);
	t->reason = text_clean(p->arena, rest);
	count_result(&p->counted, t);
	p->test = NULL;
	return true;
}

static void clause_list(struct parser *p, struct text list, char ***ids, size_t *nr)
{
	struct text word;

	while (room(p)) {
		word = text_word(&list);
		if (!word.n)
			return;
		*ids = arena_grow(p->arena, *ids, *nr, sizeof(**ids));
		(*ids)[(*nr)++] = text_clean(p->arena, word);
	}
}

static void new_breach(struct parser *p, struct text id)
{
	struct breach *b;

	if (p->breaches == BREACHES_MAX)
		return;
	p->breaches++;
	b = arena_alloc(p->arena, sizeof(*b));
	b->id = text_clean(p->arena, text_word(&id));
	b->clause = vmig_clause_find(b->id);
	*p->test->last_breach = b;
	p->test->last_breach = &b->next;
	p->breach = b;
}

/* "mtty.c:123 mtty_foo() | reason" */
static void known_breach(struct parser *p, struct breach *b, struct text t)
{
	const char *bar = memchr(t.s, '|', t.n);
	struct text source = t, reason = { "", 0 };

	if (bar) {
		source.n = (size_t)(bar - t.s);
		reason.s = bar + 1;
		reason.n = t.n - source.n - 1;
	}
	b->known = true;
	b->source = text_clean(p->arena, text_trim(source));
	b->reason = text_clean(p->arena, text_trim(reason));
}

/* A number from the front of a text; strtod() wants it terminated. */
static bool decimal(struct text word, double *value)
{
	char buf[64], *end;

	if (!word.n || word.n >= sizeof(buf))
		return false;
	memcpy(buf, word.s, word.n);
	buf[word.n] = '\0';
	*value = strtod(buf, &end);
	/* No infinities and no NaN: JSON has no words for them. */
	return end == buf + word.n && *value > -1e300 && *value < 1e300;
}

static bool metric(struct parser *p, struct text t)
{
	struct text name = text_word(&t);
	struct text value = text_word(&t);
	struct metric *m;
	double d;

	if (!name.n || !decimal(value, &d) || !room(p))
		return false;
	m = arena_alloc(p->arena, sizeof(*m));
	m->name = text_clean(p->arena, name);
	m->value = d;
	m->unit = text_clean(p->arena, text_trim(t));
	*p->test->last_metric = m;
	p->test->last_metric = &m->next;
	return true;
}

/* One more value of what is measured again and again. */
static bool sample(struct parser *p, struct text t)
{
	struct text name = text_word(&t);
	struct text value = text_word(&t);
	struct test *test = p->test;
	struct samples *s;
	double d;

	t = text_trim(t);
	if (!name.n || !t.n || !decimal(value, &d) || test->nr_samples == SAMPLES_MAX)
		return false;
	s = samples_of(p->arena, &test->samples, name, t);
	samples_add(p->arena, s, d);
	test->nr_samples++;
	return true;
}

/* "device <name> driver <driver>": the name may have blanks, the driver has none. */
static void device_line(struct parser *p, struct text t)
{
	static const char word[] = " driver ";
	size_t i;

	for (i = 0; i + sizeof(word) - 1 <= t.n; i++) {
		if (memcmp(t.s + i, word, sizeof(word) - 1))
			continue;
		p->chapter->driver = text_clean(
			p->arena, text_trim((struct text){ t.s + i + sizeof(word) - 1,
							   t.n - i - sizeof(word) + 1 }));
		t.n = i;
		break;
	}
	p->chapter->device = text_clean(p->arena, text_trim(t));
}

/* "profile sha256 <64 digits>" or "profile none", once a program. */
static void profile_line(struct parser *p, struct text t)
{
	char *profile;

	text_skip(&t, "sha256 ");
	profile = text_clean(p->arena, text_trim(t));
	if (p->chapter->profile && strcmp(p->chapter->profile, profile))
		p->chapter->profiles_differ = true;
	p->chapter->profile = profile;
}

/* Lines before the first test, and between tests. */
static bool header(struct parser *p, struct text t)
{
	struct chapter *c = p->chapter;

	if (text_skip(&t, "chapter ")) {
		c->name = text_clean(p->arena, text_trim(t));
	} else if (text_skip(&t, "resumed after ")) {
		resume(p, text_trim(t));
	} else if (text_skip(&t, "stuck ") || text_skip(&t, "returned ")) {
		/* For the runner. */
		return true;
	} else if (text_skip(&t, "ended ")) {
		/* The runner's words for who reads the file alone; run.json has them too. */
		return true;
	} else if (text_skip(&t, "breach ")) {
		/* Whose it is got lost, and must not get it lost. */
		c->strays++;
		return false;
	} else if (text_skip(&t, "suite ")) {
		c->version = text_clean(p->arena, text_word(&t));
		c->commit = text_clean(p->arena, text_trim(t));
	} else if (text_skip(&t, "device ")) {
		device_line(p, t);
	} else if (text_skip(&t, "profile ")) {
		profile_line(p, t);
	} else {
		return false;
	}
	return true;
}

/* What follows "# vmig:". */
static bool diagnostic(struct parser *p, struct text t)
{
	struct breach *b = p->breach;
	struct test *test = p->test;
	struct text word;
	double d;

	t = text_trim(t);
	if (of_former(p, t))
		return true;
	word = t;
	if (text_skip(&word, "chapter ")) {
		/* A program begins, whatever became of the one before. */
		end_part(p);
		test = NULL;
	}
	if (!test)
		return header(p, t);
	if (text_skip(&t, "clauses ")) {
		clause_list(p, t, &test->clauses, &test->nr_clauses);
	} else if (text_skip(&t, "checked ")) {
		clause_list(p, t, &test->checked, &test->nr_checked);
	} else if (text_skip(&t, "breach ")) {
		new_breach(p, t);
	} else if (!b && (text_skip(&t, "did:") || text_skip(&t, "expected:") ||
			  text_skip(&t, "got:") || text_skip(&t, "at:"))) {
		p->chapter->strays++;
		return false;
	} else if (b && text_skip(&t, "did:")) {
		b->did = text_clean(p->arena, text_trim(t));
	} else if (b && text_skip(&t, "expected:")) {
		b->expected = text_clean(p->arena, text_trim(t));
	} else if (b && text_skip(&t, "got:")) {
		b->got = text_clean(p->arena, text_trim(t));
	} else if (b && text_skip(&t, "at:")) {
		b->at = text_clean(p->arena, text_trim(t));
	} else if (b && text_skip(&t, "known:")) {
		known_breach(p, b, text_trim(t));
	} else if (text_skip(&t, "note ")) {
		word = text_word(&t);
		if (room(p))
			add_line(p, &test->last_note, text_clean(p->arena, word), text_trim(t));
	} else if (text_skip(&t, "broken")) {
		if (!test->broken || room(p))
			add_line(p, &test->last_broken, NULL, text_trim(t));
	} else if (text_skip(&t, "metric ")) {
		return metric(p, t);
	} else if (text_skip(&t, "sample ")) {
		return sample(p, t);
	} else if (text_skip(&t, "stuck ") || text_skip(&t, "returned ")) {
		/* For the runner, which counts them: selftests/harness/stuck.h. */
		return true;
	} else if (text_skip(&t, "took ")) {
		if (!decimal(text_word(&t), &d))
			return false;
		test->seconds = d;
	} else {
		return false;
	}
	return true;
}

static bool contains(struct text t, const char *s)
{
	size_t n = strlen(s), i;

	for (i = 0; i + n <= t.n; i++)
		if (!memcmp(t.s + i, s, n))
			return true;
	return false;
}

/* "RUN           fd.cdev.cloexec ..." */
static void run_line(struct parser *p, struct text t)
{
	struct text name = text_word(&t);

	leave_former(p);
	p->test = NULL;
	if (p->chapter->nr_tests == TESTS_MAX)
		p->chapter->too_long = true;
	else if (name.n)
		p->test = new_test(p, name);
}

/* "pass:41 fail:0 xfail:0 xpass:0 skip:3 error:0", at the end of a program. */
static void totals_line(struct parser *p, struct text t)
{
	static const char *const words[] = {
		"pass:", "fail:", "xfail:", "xpass:", "skip:", "error:"
	};
	const struct totals *n = &p->counted;
	unsigned int said[6] = { 0 };
	size_t i;

	p->ended = true;
	for (i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		t = text_trim(t);
		if (!text_skip(&t, words[i]) || !text_number(&t, &said[i]))
			p->chapter->wrong_totals = true;
	}
	if (said[0] != n->pass || said[1] + said[5] != n->fail || said[2] != n->xfail ||
	    said[3] != n->xpass || said[4] != n->skip)
		p->chapter->wrong_totals = true;
}

/* What the harness says around a test; true where nothing is to be kept of it. */
static bool harness_line(struct parser *p, struct text t)
{
	static const char *const noise[] = { "Starting ", "FAILED: ", "PASSED: " };
	struct test *test = p->test;
	size_t i;

	if (text_skip(&t, "RUN ")) {
		run_line(p, t);
		return true;
	}
	for (i = 0; i < sizeof(noise) / sizeof(noise[0]); i++)
		if (text_skip(&t, noise[i]))
			return true;
	if (text_skip(&t, "Totals: ")) {
		if (!test)
			totals_line(p, t);
		return true;
	}
	if (!test)
		return false;
	if (contains(t, ": Test terminated by timeout"))
		test->end = KTAP_TIMED_OUT;
	else if (contains(t, ": Test terminated unexpectedly by signal"))
		test->end = KTAP_KILLED;
	else if (contains(t, ": Test failed") || contains(t, ": Test terminated by assertion"))
		return true;
	else if (text_skip(&t, "OK ") || text_skip(&t, "FAIL ") || text_skip(&t, "SKIP "))
		return true;
	return false;
}

static void parse_line(struct parser *p, struct text line)
{
	struct text t = text_trim(line);

	if (text_skip(&t, "TAP version ") || text_skip(&t, "KTAP version ")) {
		if (p->seen || p->plan)
			end_part(p);
		p->chapter->versions++;
	} else if (text_skip(&t, "Bail out!")) {
		if (!p->chapter->bail)
			p->chapter->bail = text_clean(p->arena, text_trim(t));
	} else if (text_skip(&t, "#")) {
		t = text_trim(t);
		if (text_skip(&t, "vmig:") ? diagnostic(p, t) : harness_line(p, t))
			return;
		add_log(p, t);
	} else if (!plan_line(p, t) && !result_line(p, t)) {
		add_log(p, line);
	}
}

static char *chapter_name(struct arena *arena, const char *file)
{
	const char *base = strrchr(file, '/');
	size_t n;

	base = base ? base + 1 : file;
	n = strlen(base);
	if (n > 5 && !strcmp(base + n - 5, ".ktap"))
		n -= 5;
	return text_clean(arena, (struct text){ base, n });
}

/**
 * ktap_parse - read what one test program printed
 * @arena: where everything goes
 * @file: name of the file, relative to the run directory
 * @contents: its contents, any bytes
 *
 * Return: the chapter. Nothing is an error: what is missing is missing, and judge_run()
 * says what that means.
 */
struct chapter *ktap_parse(struct arena *arena, const char *file, struct text contents)
{
	struct chapter *c = arena_alloc(arena, sizeof(*c));
	struct parser p = { .arena = arena, .chapter = c };
	struct text line;

	c->file = text_clean(arena, (struct text){ file, strlen(file) });
	c->name = chapter_name(arena, file);
	c->last_test = &c->tests;
	while (text_next_line(&contents, &line))
		parse_line(&p, line);
	end_part(&p);
	return c;
}

/**
 * ktap_variant - the middle of a test's name
 * @test: the test
 *
 * Return: "cdev" of "fd.cdev.cloexec"; empty where the fixture has no variants.
 */
struct text ktap_variant(const struct test *test)
{
	const char *dot = strchr(test->name, '.');
	const char *end = strrchr(test->name, '.');

	if (!dot || dot == end)
		return (struct text){ "", 0 };
	return (struct text){ dot + 1, (size_t)(end - dot - 1) };
}

/**
 * ktap_not_run - was a test ended before a call that did not come back in others?
 * @test: the test
 *
 * It may have checked something before that.
 *
 * Return: the reason; NULL for any other test.
 */
const char *ktap_not_run(const struct test *test)
{
	static const char words[] = "not run: ";
	const struct line *l;

	for (l = test->broken; l; l = l->next)
		if (!strncmp(l->text, words, sizeof(words) - 1))
			return l->text + sizeof(words) - 1;
	return NULL;
}
