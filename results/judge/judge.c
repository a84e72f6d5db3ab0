// SPDX-License-Identifier: GPL-2.0-only
/*
 * Joins the parts of a run: what each test came to, what each clause came to, which
 * complaints of the kernel and which deviations of the profile belong to which test.
 */
#include <fnmatch.h>
#include <string.h>

#include <vmig/deviations.h>

#include "judge.h"

/* As many different notes are recorded of a clause. */
#define NOTES 20

/* The clause that every complaint of the kernel violates. */
#define COMPLAINT_CLAUSE "ROB-01"

/* The profile that judges this run; NULL for a run that goes by none. */
static const struct vmig_profile *profile_of(const struct run *run)
{
	return run->record.known_deviations ? run->profile : NULL;
}

/*
 * Program and report decide by the same code. Where the answers differ, the program had another
 * profile, which check_profile() says if it told which, or what it printed is not what it found:
 * nothing is known then.
 */
static bool breach_known(const struct run *run, struct test *t, const struct breach *b)
{
	bool listed = vmig_deviation_find(profile_of(run), b->id, t->name);

	if (b->known && !listed)
		t->why = "the test program calls the breach known, and the profile of this run "
			 "does not list it";
	else if (listed && !b->known && t->chapter->profile)
		t->why = "the profile of this run lists the breach, and the test program does not "
			 "call it known";
	return b->known && listed;
}

static enum clause_outcome breach_outcome(const struct run *run, struct test *t, struct breach *b)
{
	static const enum clause_outcome outcomes[] = {
		[VMIG_BREACH_NOTED] = CLAUSE_RECORDED,
		[VMIG_BREACH_KNOWN] = CLAUSE_KNOWN,
		[VMIG_BREACH_WARNS] = CLAUSE_WARNED,
		[VMIG_BREACH_FAILS] = CLAUSE_VIOLATED,
	};

	b->known = breach_known(run, t, b);
	return outcomes[vmig_breach_effect(b->clause, b->known, run->record.strict)];
}

/*
 * Did a deviation not come that had to? A program that does not say by which profile it went is
 * of before, and is taken at its word.
 */
static bool passed_unexpectedly(const struct run *run, const struct test *t, bool known)
{
	if (!t->chapter->profile || t->directive == KTAP_SKIP)
		return t->directive == KTAP_XPASS;
	return vmig_test_result(false, known, t->nr_checked,
				vmig_deviation_due(profile_of(run), t->name)) == VMIG_TEST_XPASS;
}

/* A result line that says "not ok", and no breach that would explain it. */
static enum outcome failed(struct test *t, bool warned, bool known)
{
	/* The process that said so may have had to kill it. */
	if (ktap_not_run(t))
		return OUTCOME_INCONCLUSIVE;
	if (t->end == KTAP_TIMED_OUT || t->directive == KTAP_TIMEOUT) {
		t->why = "it did not end in time and was killed";
		return OUTCOME_TIMEOUT;
	}
	if (t->end == KTAP_KILLED) {
		t->why = "its process was killed by a signal";
		return OUTCOME_CRASHED;
	}
	if (t->broken)
		return OUTCOME_INCONCLUSIVE;
	if (t->directive == KTAP_SKIP)
		return OUTCOME_SKIP;
	if (warned) {
		t->why = "the test program took the warning for a failure";
		return OUTCOME_FAIL;
	}
	t->why = known ? "it failed beyond its known deviations"
		       : "it failed without naming a clause";
	return OUTCOME_INCONCLUSIVE;
}

static enum outcome passed(const struct run *run, struct test *t, bool warned, bool known)
{
	if (t->broken)
		return OUTCOME_INCONCLUSIVE;
	if (passed_unexpectedly(run, t, known))
		return OUTCOME_XPASS;
	if (t->directive == KTAP_XPASS) {
		t->why = "the test program calls it an unexpected pass, and the profile of this "
			 "run lists no deviation that had to come";
		return OUTCOME_INCONCLUSIVE;
	}
	if (known)
		return OUTCOME_XFAIL;
	if (t->directive == KTAP_XFAIL) {
		t->why = "the test program expected it to fail, and it names no known breach";
		return OUTCOME_INCONCLUSIVE;
	}
	if (warned)
		return OUTCOME_WARN;
	return t->directive == KTAP_SKIP ? OUTCOME_SKIP : OUTCOME_PASS;
}

/*
 * A breach decides before all else. "ok" and "not ok" come second, so that no slip in a
 * test program hides a breach that it printed.
 */
static enum outcome judge_test(const struct run *run, struct test *t)
{
	bool violated = false, warned = false, known = false;
	struct breach *b;

	for (b = t->breaches; b; b = b->next) {
		b->outcome = breach_outcome(run, t, b);
		switch (b->outcome) {
		case CLAUSE_VIOLATED:
			violated = true;
			break;
		case CLAUSE_WARNED:
			warned = true;
			break;
		case CLAUSE_KNOWN:
			known = true;
			break;
		default:
			break;
		}
	}
	if (t->cut_off && run->record.status == RUN_INTERRUPTED) {
		t->why = "the run was interrupted while this test ran";
		return violated ? OUTCOME_FAIL : OUTCOME_INCONCLUSIVE;
	}
	if (t->cut_off) {
		t->why = "the output ends while this test ran";
		return violated ? OUTCOME_FAIL : OUTCOME_CRASHED;
	}
	if (violated)
		return OUTCOME_FAIL;
	if (t->result == KTAP_NONE) {
		t->why = "its result line is missing from the output";
		return OUTCOME_INCONCLUSIVE;
	}
	return t->result == KTAP_OK ? passed(run, t, warned, known) : failed(t, warned, known);
}

static void add_clause_test(struct run *run, const struct vmig_clause *clause, const struct test *t,
			    enum clause_outcome outcome)
{
	struct clause_result *r = &run->clauses[clause - vmig_clauses];
	struct clause_test *ct = r->tail;

	/* A test that finds a clause violated twice is one test: it is the last one added. */
	if (ct && ct->test == t) {
		if (outcome < ct->outcome)
			ct->outcome = outcome;
	} else {
		ct = arena_alloc(run->arena, sizeof(*ct));
		ct->test = t;
		ct->outcome = outcome;
		if (r->tail)
			r->tail->next = ct;
		else
			r->tests = ct;
		r->tail = ct;
		r->nr_tests++;
	}
	if (outcome < r->outcome)
		r->outcome = outcome;
}

static bool checked(const struct test *t, const char *id)
{
	size_t i;

	for (i = 0; i < t->nr_checked; i++)
		if (!strcmp(t->checked[i], id))
			return true;
	return false;
}

/*
 * What a test says of a clause that it names and did not find violated. One that came to
 * its end says which clauses it checked: these were satisfied, whatever it says of others,
 * and of the rest it found nothing to check on this device.
 */
static enum clause_outcome no_breach(const struct test *t, const struct vmig_clause *clause)
{
	if (t->nr_checked && !checked(t, clause->id))
		return CLAUSE_SKIPPED;
	if (t->nr_checked)
		return clause->level == VMIG_MAY ? CLAUSE_RECORDED : CLAUSE_SATISFIED;
	switch (t->outcome) {
	case OUTCOME_PASS:
	case OUTCOME_WARN:
	case OUTCOME_XPASS:
		return clause->level == VMIG_MAY ? CLAUSE_RECORDED : CLAUSE_SATISFIED;
	case OUTCOME_SKIP:
		return CLAUSE_SKIPPED;
	default:
		/* The breach of another clause, or whatever ended it, may have come first. */
		return CLAUSE_UNDECIDED;
	}
}

static void add_note(struct run *run, const struct line *note)
{
	const struct vmig_clause *clause = vmig_clause_find(note->id);
	struct clause_result *r;
	struct line *n;

	if (!clause)
		return;
	r = &run->clauses[clause - vmig_clauses];
	if (r->nr_notes == NOTES)
		return;
	for (n = r->notes; n; n = n->next)
		if (!strcmp(n->text, note->text))
			return;
	n = arena_alloc(run->arena, sizeof(*n));
	n->text = note->text;
	*r->last_note = n;
	r->last_note = &n->next;
	r->nr_notes++;
}

static bool broke(const struct test *t, const struct vmig_clause *clause)
{
	const struct breach *b;

	for (b = t->breaches; b; b = b->next)
		if (b->clause == clause)
			return true;
	return false;
}

static void join_clauses(struct run *run, struct test *t)
{
	const struct vmig_clause *clause;
	struct breach *b;
	struct line *note;
	size_t i;

	for (b = t->breaches; b; b = b->next) {
		if (b->clause)
			add_clause_test(run, b->clause, t, b->outcome);
		else
			run->unknown_clauses++;
	}
	for (i = 0; i < t->nr_clauses; i++) {
		clause = vmig_clause_find(t->clauses[i]);
		if (!clause)
			run_problem(run,
				    "%s names the clause %s, which the catalogue does not have.",
				    t->name, t->clauses[i]);
		else if (!broke(t, clause))
			add_clause_test(run, clause, t, no_breach(t, clause));
	}
	for (note = t->notes; note; note = note->next)
		add_note(run, note);
}

static const struct test *find_test(const struct run *run, const char *path)
{
	const char *slash = strchr(path, '/');
	const struct chapter *c;
	const struct test *t;

	if (!slash)
		return NULL;
	for (c = run->chapters; c; c = c->next) {
		if (strlen(c->name) != (size_t)(slash - path) ||
		    memcmp(c->name, path, strlen(c->name)))
			continue;
		for (t = c->tests; t; t = t->next)
			if (!strcmp(t->name, slash + 1))
				return t;
	}
	return NULL;
}

/* The test that made the kernel error_msg has failed, whatever it says itself. */
static void fail_by_complaint(struct run *run, const struct complaint *c, struct test *t)
{
	struct breach *b;

	switch (t->outcome) {
	case OUTCOME_PASS:
	case OUTCOME_WARN:
	case OUTCOME_XFAIL:
	case OUTCOME_XPASS:
		break;
	default:
		return;
	}
	b = arena_alloc(run->arena, sizeof(*b));
	b->id = arena_printf(run->arena, "%s", COMPLAINT_CLAUSE);
	b->clause = vmig_clause_find(COMPLAINT_CLAUSE);
	b->did = arena_printf(run->arena, "what the test does");
	b->expected = arena_printf(run->arena, "nothing in the kernel log");
	b->got = c->title;
	b->outcome = CLAUSE_VIOLATED;
	*t->last_breach = b;
	t->last_breach = &b->next;
	t->outcome = OUTCOME_FAIL;
	add_clause_test(run, b->clause, t, CLAUSE_VIOLATED);
}

/*
 * A complaint violates a clause of its own, so a deviation from another one does not
 * excuse it. The test program cannot see it: where the profile lists it and nothing
 * else came, the program says that the deviation did not come, which is put right.
 */
static void join_complaint(struct run *run, struct complaint *c)
{
	struct vmig_deviation *d;
	struct test *t;

	c->by = c->test ? find_test(run, c->test) : NULL;
	d = c->by ? vmig_deviation_find(profile_of(run), COMPLAINT_CLAUSE, c->by->name) : NULL;
	if (!d) {
		run->complained++;
		if (c->by && !c->late)
			fail_by_complaint(run, c, (struct test *)c->by);
		return;
	}
	c->expected = true;
	c->reason = arena_printf(run->arena, "%s: %s", d->source, d->reason);
	d->came++;
	t = (struct test *)c->by;
	if (t->outcome == OUTCOME_XPASS) {
		t->outcome = OUTCOME_XFAIL;
		t->why = "the kernel complained, as the profile says";
	}
	add_clause_test(run, d->clause, t, CLAUSE_KNOWN);
}

/* Did the test come so far that its deviations had to show? */
static bool judged(const struct test *t)
{
	return t->outcome == OUTCOME_PASS || t->outcome == OUTCOME_WARN ||
	       t->outcome == OUTCOME_XFAIL || t->outcome == OUTCOME_XPASS;
}

static void count_deviation(struct run *run, struct vmig_deviation *d)
{
	const struct breach *b;
	const struct test *t;
	bool came;

	for (t = run_first_test(run); t; t = run_next_test(t)) {
		if (fnmatch(d->glob, t->name, 0))
			continue;
		d->met++;
		came = false;
		for (b = t->breaches; b; b = b->next)
			if (b->known && b->clause == d->clause &&
			    vmig_deviation_find(run->profile, b->id, t->name) == d)
				came = true;
		if (came)
			d->came++;
		else if (judged(t) && !d->sometimes)
			d->missed++;
	}
	if (d->came)
		run->used++;
	else if (d->missed)
		run->unused++;
}

static void add_skip(struct run *run, const struct test *t)
{
	struct skip_reason *s;

	for (s = run->skips; s; s = s->next)
		if (!strcmp(s->reason, t->reason))
			break;
	if (!s) {
		s = arena_alloc(run->arena, sizeof(*s));
		s->reason = t->reason;
		s->next = run->skips;
		run->skips = s;
	}
	s->count++;
}

/* The most frequent first; among equals the order in which they came. */
static void sort_skips(struct run *run)
{
	struct skip_reason *in = run->skips, *next, **at;

	run->skips = NULL;
	for (; in; in = next) {
		next = in->next;
		at = &run->skips;
		while (*at && (*at)->count > in->count)
			at = &(*at)->next;
		in->next = *at;
		*at = in;
	}
}

/* Has what is known of the driver been the same for the program as it is here? */
static void check_profile(struct run *run, const struct chapter *c)
{
	const char *ours = run->record.known_deviations ? run->profile_sha256 : "none";

	/* Of before, or of a run that keeps no profile. */
	if (!c->profile || !ours)
		return;
	if (c->profiles_differ)
		run_problem(run, "%s went by different profiles before and after it was resumed.",
			    c->file);
	else if (strcmp(c->profile, ours))
		run_problem(run,
			    "%s went by another profile (sha256 %.12s) than this run has (%.12s).",
			    c->file, c->profile, ours);
}

static void check_chapters(struct run *run)
{
	const struct chapter *c;

	for (c = run->chapters; c; c = c->next) {
		check_profile(run, c);
		if (c->too_long)
			run_problem(
				run,
				"%s holds more tests than any chapter has, %u of them were read.",
				c->file, c->nr_tests);
		if (c->strays)
			run_problem(run,
				    "%s has %u line%s of breaches without a test that found them.",
				    c->file, c->strays, c->strays == 1 ? "" : "s");
		if (c->bail)
			run_problem(run, "%s gave up: %s", c->name, c->bail);
		else if (!c->nr_tests && !c->not_run && !c->skip)
			run_problem(run, "%s holds no test result%s%s", c->file,
				    c->stray ? ", its first line is: " : ".",
				    c->stray ? c->stray : "");
	}
}

/**
 * judge_run - say what each test, clause, complaint and deviation of a run came to
 * @run: the run as run_load() left it
 */
void judge_run(struct run *run)
{
	struct complaint *complaint;
	struct vmig_deviation *d;
	struct chapter *c;
	struct test *t;
	int i;

	for (i = 0; i < VMIG_NR_CLAUSES; i++) {
		run->clauses[i].outcome =
			vmig_clauses[i].untestable ? CLAUSE_UNTESTABLE : CLAUSE_NOT_RUN;
		run->clauses[i].last_note = &run->clauses[i].notes;
	}
	check_chapters(run);
	for (t = run_first_test(run); t; t = run_next_test(t)) {
		t->outcome = judge_test(run, t);
		join_clauses(run, t);
	}
	for (complaint = run->complaints; complaint; complaint = complaint->next)
		join_complaint(run, complaint);

	for (c = run->chapters; c; c = c->next) {
		run->nr_tests += c->nr_tests + c->not_run;
		run->not_run += c->not_run;
		for (t = c->tests; t; t = t->next)
			run->count[t->outcome]++;
	}
	for (t = run_first_test(run); t; t = run_next_test(t))
		if (t->outcome == OUTCOME_SKIP)
			add_skip(run, t);
	sort_skips(run);
	run->warnings = run->count[OUTCOME_WARN];
	for (i = 0; i < VMIG_NR_CLAUSES; i++)
		if (run->clauses[i].outcome == CLAUSE_VIOLATED)
			run->violated_by[vmig_clauses[i].responsible]++;
	if (run->profile && run->record.known_deviations)
		for (d = run->profile->deviations; d; d = d->next)
			count_deviation(run, d);
}
