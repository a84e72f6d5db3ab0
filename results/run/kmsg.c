// SPDX-License-Identifier: GPL-2.0-only
/*
 * A reader of /dev/kmsg records (Documentation/ABI/testing/dev-kmsg),
 * "prio,seq,usec,flags;text", that finds the kernel's complaints and the test that ran
 * when each came. The order in time is all that ties them: a complaint that comes late,
 * as that of a hung task does, is counted with the test that ran by then.
 */
#include <stdlib.h>
#include <string.h>

#include <vmig/complaints.h>

#include "kmsg.h"

/* Lines kept of a complaint: a KASAN report with two stacks fits. */
#define EXCERPT 120

/* Complaints kept: a kernel that complains more often says the same again and again. */
#define COMPLAINTS 500

/* Time that goes back by more is that of a kernel that has booted since. */
#define REBOOT 1.0

/* Silence of the kernel that ends a complaint without a closing line. */
#define GAP 0.5

/**
 * struct record - one message
 * @kernel: the kernel wrote it, and not a process through /dev/kmsg
 * @seconds: when, negative where it does not say
 * @text: its text
 */
struct record {
	bool kernel;
	double seconds;
	struct text text;
};

struct reader {
	struct arena *arena;
	struct complaint *first, **end;
	struct complaint *open;
	unsigned int count;
	struct text before; /* the message before, where it opens a complaint */
	double when;
	char *test;
	struct kmsg_log *log;
	bool numbered; /* @last is the number of the record before */
	unsigned long long last;
};

static bool digits(struct text *t, unsigned long long *value)
{
	unsigned int n = 0;

	*value = 0;
	while (t->n && t->s[0] >= '0' && t->s[0] <= '9' && n < 18) {
		*value = *value * 10 + (unsigned int)(t->s[0] - '0');
		t->s++;
		t->n--;
		n++;
	}
	return n;
}

/* "4,1234,5678901,-;text" or "4,1234,5678901,-,caller=T1;text" */
static bool raw_record(struct text t, struct record *r, unsigned long long *seq)
{
	unsigned long long prio, usec;
	const char *semicolon;

	if (!digits(&t, &prio) || !text_skip(&t, ",") || !digits(&t, seq) || !text_skip(&t, ",") ||
	    !digits(&t, &usec) || !text_skip(&t, ","))
		return false;
	semicolon = memchr(t.s, ';', t.n);
	if (!semicolon)
		return false;
	/* The facility stands above the three bits of the level; the kernel's is 0. */
	r->kernel = prio < 8;
	r->seconds = (double)usec / 1e6;
	r->text.n = t.n - (size_t)(semicolon + 1 - t.s);
	r->text.s = semicolon + 1;
	return true;
}

/* "[   12.345678] text", as dmesg prints it where somebody saved that instead. */
static bool printed_record(struct text t, struct record *r)
{
	unsigned long long sec, usec;

	if (!text_skip(&t, "["))
		return false;
	t = text_trim(t);
	if (!digits(&t, &sec) || !text_skip(&t, ".") || !digits(&t, &usec) || !text_skip(&t, "]"))
		return false;
	text_skip(&t, " ");
	r->kernel = true;
	r->seconds = (double)sec + (double)usec / 1e6;
	r->text = t;
	return true;
}

static int hex(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

/* The kernel writes bytes that are not printable, and the backslash, as \xNN. */
static struct text unescape(struct arena *arena, struct text t)
{
	size_t i, n = 0;
	char *s;

	if (!memchr(t.s, '\\', t.n))
		return t;
	s = arena_alloc(arena, t.n + 1);
	for (i = 0; i < t.n; i++) {
		if (i + 3 < t.n && t.s[i] == '\\' && t.s[i + 1] == 'x' && hex(t.s[i + 2]) >= 0 &&
		    hex(t.s[i + 3]) >= 0) {
			s[n++] = (char)(hex(t.s[i + 2]) << 4 | hex(t.s[i + 3]));
			i += 3;
		} else {
			s[n++] = t.s[i];
		}
	}
	return (struct text){ s, n };
}

static bool begins(struct text t, const char *s)
{
	return text_skip(&t, s);
}

/* A line that stands before a complaint and says nothing itself. */
static bool opens(struct text t)
{
	return begins(t, "------------[ cut here ]") || begins(t, "==========");
}

static void keep(struct reader *r, struct complaint *c, struct text t)
{
	struct line *line;

	if (c->lines == EXCERPT)
		return;
	line = arena_alloc(r->arena, sizeof(*line));
	line->text = text_clean(r->arena, t);
	*c->last = line;
	c->last = &line->next;
	c->lines++;
}

static void add_complaint(struct reader *r, const struct vmig_complaint *what, struct record *rec)
{
	struct complaint *c;

	if (r->count == COMPLAINTS) {
		r->open = NULL;
		return;
	}
	r->count++;
	c = arena_alloc(r->arena, sizeof(*c));
	c->kind = what->kind;
	c->late = what->late;
	c->title = text_clean(r->arena, text_trim(rec->text));
	c->test = r->test;
	c->seconds = rec->seconds;
	c->last = &c->log;
	if (r->before.n)
		keep(r, c, r->before);
	keep(r, c, rec->text);
	*r->end = c;
	r->end = &c->next;
	r->open = c;
}

static bool marker(struct reader *r, struct text t)
{
	if (!text_skip(&t, "vmig: "))
		return false;
	if (text_skip(&t, "begin "))
		r->test = text_clean(r->arena, text_word(&t));
	else if (text_skip(&t, "end "))
		r->test = NULL;
	else
		return false;
	if (text_is(t, "of run"))
		r->log->ended = true;
	r->open = NULL;
	r->before.n = 0;
	return true;
}

/* One line of a message; messages of several lines come as one record. */
static void message(struct reader *r, struct record *rec)
{
	const struct vmig_complaint *what;

	if (marker(r, rec->text))
		return;
	/* Another kernel: a fresh guest, in which no test runs yet. */
	if (rec->seconds >= 0 && rec->seconds + REBOOT < r->when) {
		r->open = NULL;
		r->before.n = 0;
		r->test = NULL;
		r->when = 0;
	}
	/* A process that logs the word WARNING is no complaint of the kernel. */
	if (!rec->kernel)
		return;
	if (r->open && rec->seconds >= 0 && rec->seconds - r->when > GAP)
		r->open = NULL;
	r->when = rec->seconds;

	what = vmig_complaint_find(rec->text.s, rec->text.n);
	if (what && !(what->joins && r->open)) {
		add_complaint(r, what, rec);
	} else if (r->open) {
		keep(r, r->open, rec->text);
		if (begins(rec->text, "---[ end "))
			r->open = NULL;
	}
	r->before = opens(rec->text) ? rec->text : (struct text){ "", 0 };
}

/* A guest that died is followed by another, which counts from 0 again. */
static void number(struct reader *r, unsigned long long seq)
{
	if (!seq) {
		r->log->ended = false;
		r->test = NULL;
		r->open = NULL;
	} else if (r->numbered && seq > r->last + 1) {
		r->log->lost += seq - r->last - 1;
	} else if (r->numbered && seq <= r->last) {
		r->log->disorder = true;
	}
	if (!r->numbered)
		r->log->first = seq;
	r->numbered = true;
	r->last = seq;
}

/**
 * kmsg_parse - find the kernel's complaints
 * @arena: where everything goes
 * @contents: dmesg.txt, any bytes; lines that are no records are passed over
 * @log: what of it is missing
 *
 * Return: the first 500 complaints in the order of the log, NULL where there are none.
 */
struct complaint *kmsg_parse(struct arena *arena, struct text contents, struct kmsg_log *log)
{
	struct reader r = { .arena = arena, .log = log };
	unsigned long long seq;
	struct record rec;
	struct text line, text;

	memset(log, 0, sizeof(*log));
	r.end = &r.first;
	while (text_next_line(&contents, &line)) {
		/* " SUBSYSTEM=pci" and its like belong to the record before. */
		if (line.n && line.s[0] == ' ')
			continue;
		if (raw_record(line, &rec, &seq))
			number(&r, seq);
		else if (!printed_record(line, &rec))
			continue;
		text = unescape(arena, rec.text);
		while (text_next_line(&text, &rec.text))
			message(&r, &rec);
	}
	return r.first;
}
