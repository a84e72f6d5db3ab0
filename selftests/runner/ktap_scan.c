// SPDX-License-Identifier: GPL-2.0-only
/*
 * Lines are taken for what results/run/ktap.c takes them for. Each is looked at alone, and
 * nothing is allocated: whatever a broken guest prints, this ends and says something.
 */
#include <string.h>

#include <vmig/text.h>

#include "ktap_scan.h"

static void copy(char *to, size_t room, struct text from)
{
	size_t n = from.n < room ? from.n : room - 1;

	memmove(to, from.s, n);
	to[n] = '\0';
}

/* The test that is called so. */
static void set_test(char to[VMIG_KTAP_NAME], const char *name)
{
	copy(to, VMIG_KTAP_NAME, (struct text){ name, strlen(name) });
}

static void event(struct vmig_ktap_scan *s, enum vmig_ktap_event event)
{
	if (s->on_event)
		s->on_event(s, event);
}

static void new_part(struct vmig_ktap_scan *s)
{
	memset(s->count, 0, sizeof(s->count));
	s->plan = 0;
	s->now[0] = '\0';
	s->ends = false;
	s->lost_before = false;
	s->lost = false;
	s->bailed = false;
	s->head = false;
	event(s, VMIG_KTAP_PART);
}

static void began(struct vmig_ktap_scan *s)
{
	set_test(s->before, s->last);
	set_test(s->last, s->name);
	set_test(s->now, s->name);
	event(s, VMIG_KTAP_BEGAN);
}

/* "RUN           fd.cdev.cloexec ..." */
static void run_line(struct vmig_ktap_scan *s, struct text t)
{
	copy(s->name, sizeof(s->name), text_word(&t));
	s->now[0] = '\0';
	if (s->name[0])
		began(s);
}

/* The device or the kernel is lost; whatever comes now was not judged, from this test on. */
static void ends_behind(struct vmig_ktap_scan *s, const char *test)
{
	if (s->ends)
		return;
	s->ends = true;
	set_test(s->from, test);
}

static void lost_line(struct vmig_ktap_scan *s, struct text t)
{
	s->lost = true;
	if (text_skip(&t, "before")) {
		s->lost_before = true;
		/* At the end of a program it is said behind the last test, which is the one. */
		ends_behind(s, s->now[0] ? s->before : s->last);
	} else if (s->now[0]) {
		ends_behind(s, s->now);
	}
}

static void resumed_line(struct vmig_ktap_scan *s, struct text t)
{
	t = text_trim(t);
	if (text_is(t, "nothing"))
		t.n = 0;
	copy(s->name, sizeof(s->name), t);
	set_test(s->last, s->name);
	event(s, VMIG_KTAP_RESUMED);
}

static void bail_line(struct vmig_ktap_scan *s, struct text t)
{
	if (s->now[0])
		ends_behind(s, s->now);
	if (s->bailed)
		return;
	s->bailed = true;
	copy(s->bail, sizeof(s->bail), text_trim(t));
}

/* Lines with a hash sign in front, which is taken off: of the suite, or of the harness. */
static void comment(struct vmig_ktap_scan *s, struct text t)
{
	t = text_trim(t);
	if (text_skip(&t, "RUN ")) {
		run_line(s, t);
	} else if (text_skip(&t, "vmig:")) {
		t = text_trim(t);
		if (text_skip(&t, "chapter "))
			s->head = true;
		else if (text_skip(&t, "resumed after "))
			resumed_line(s, t);
		else if (text_skip(&t, "lost "))
			lost_line(s, t);
	}
}

static bool plan_line(struct vmig_ktap_scan *s, struct text t)
{
	unsigned int n;

	if (!text_skip(&t, "1..") || !text_number(&t, &n) || n > VMIG_KTAP_PLAN_MAX)
		return false;
	/* A program that has nothing to run has a plan and no version. */
	if (s->head)
		new_part(s);
	s->plan = n;
	s->planless = false;
	return true;
}

/* Of a test that is "ok", by the word behind the hash sign. */
static enum vmig_ktap_result directive(struct text word)
{
	if (text_is(word, "SKIP"))
		return VMIG_KTAP_SKIP;
	if (text_is(word, "XFAIL"))
		return VMIG_KTAP_XFAIL;
	return text_is(word, "XPASS") ? VMIG_KTAP_XPASS : VMIG_KTAP_PASS;
}

/* "not ok 2 fd.cdev.size", "ok 3 fd.cdev.seek # SKIP why" */
static void result_line(struct vmig_ktap_scan *s, struct text t)
{
	bool failed = text_skip(&t, "not ");
	struct text name, behind;
	const char *hash;
	unsigned int n;

	if (!text_skip(&t, "ok ") || !text_number(&t, &n) || (t.n && t.s[0] != ' '))
		return;
	hash = memchr(t.s, '#', t.n);
	name = (struct text){ t.s, hash ? (size_t)(hash - t.s) : t.n };
	behind = (struct text){ t.s + name.n + !!hash, t.n - name.n - !!hash };
	name = text_trim(name);
	if (text_skip(&name, "- "))
		name = text_trim(name);
	copy(s->name, sizeof(s->name), name);
	s->result = failed ? VMIG_KTAP_FAIL : directive(text_word(&behind));
	/* The line of the test that ran got lost, or this one's "RUN" did. */
	if (!s->now[0] || (s->name[0] && strcmp(s->name, s->now)))
		began(s);
	s->count[s->result]++;
	s->now[0] = '\0';
	event(s, VMIG_KTAP_ENDED);
}

/**
 * vmig_ktap_end - there is no more
 * @s: what is known
 *
 * A line without its end is one. The scan may go on with another file behind this one.
 */
void vmig_ktap_end(struct vmig_ktap_scan *s)
{
	struct text t = text_trim((struct text){ s->line, s->length });

	s->length = 0;
	if (text_skip(&t, "TAP version ") || text_skip(&t, "KTAP version ")) {
		new_part(s);
		s->planless = true;
	} else if (text_skip(&t, "Bail out!")) {
		bail_line(s, t);
	} else if (text_skip(&t, "#")) {
		comment(s, t);
	} else if (!plan_line(s, t)) {
		result_line(s, t);
	}
}

/**
 * vmig_ktap_feed - go on with what has come
 * @s: what is known, zeroes at the beginning
 * @bytes: what a test program printed next, of any kind; a line may come in pieces
 * @n: their number
 *
 * Of a line that is too long only the front is looked at.
 */
void vmig_ktap_feed(struct vmig_ktap_scan *s, const char *bytes, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++) {
		if (bytes[i] == '\n')
			vmig_ktap_end(s);
		else if (s->length < sizeof(s->line))
			s->line[s->length++] = bytes[i];
	}
}

/**
 * vmig_ktap_done - how many tests have a result?
 * @s: what is known
 *
 * Return: their number, in the last part.
 */
unsigned int vmig_ktap_done(const struct vmig_ktap_scan *s)
{
	unsigned int n = 0;
	int i;

	for (i = 0; i < VMIG_KTAP_RESULTS; i++)
		n += s->count[i];
	return n;
}

/**
 * vmig_ktap_left - where does the chapter go on, in a fresh kernel?
 * @s: what is known, at the end of what the program said
 *
 * Return: the test behind which it does so, and the test that did not end. The names are in @s.
 */
struct vmig_ktap_rest vmig_ktap_left(const struct vmig_ktap_scan *s)
{
	if (s->ends)
		return (struct vmig_ktap_rest){ .after = s->from };
	if (s->now[0])
		return (struct vmig_ktap_rest){ .after = s->now, .running = s->now };
	if (s->planless || vmig_ktap_done(s) < s->plan)
		return (struct vmig_ktap_rest){ .after = s->last };
	return (struct vmig_ktap_rest){ NULL, NULL };
}
