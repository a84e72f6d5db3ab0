// SPDX-License-Identifier: GPL-2.0-only
/*
 * Unit tests of the report tool's readers. To be built with the address and undefined
 * behaviour sanitizers: half of what is tested here is that damaged input does no harm.
 *
 *	unit TESTS_DIR		where the golden run directories are
 */
#include <fcntl.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <vmig/deviations.h>
#include <vmig/input.h>
#include <vmig/uapi.h>

#include "findings.h"
#include "judge.h"
#include "junit.h"
#include "mustpass.h"
#include "report.h"
#include "results_json.h"
#include "stats.h"
#include "terminal.h"
#include "test_name.h"
#include "verdict.h"
#include "waiver.h"
#include "xml.h"

static unsigned int number, failed;

static void result(bool ok, const char *name)
{
	printf("%s %u %s\n", ok ? "ok" : "not ok", ++number, name);
	failed += !ok;
}

/* Says which condition did not hold, in the test that uses it. */
#define HOLDS(cond) ((cond) ? true : (printf("# line %d: %s\n", __LINE__, #cond), false))

static struct text of(const char *s)
{
	return (struct text){ s, strlen(s) };
}

/* A copy on the heap of exactly this size, so that reading one byte too far is seen. */
static struct text exact(const char *s, size_t n)
{
	char *copy = malloc(n ? n : 1);

	if (!copy)
		exit(1);
	memcpy(copy, s, n);
	return (struct text){ copy, n };
}

static void test_clean(void)
{
	struct arena *arena = arena_new();
	static char many[TEXT_MAX + 100];
	char *s;
	bool ok;

	ok = HOLDS(!strcmp(text_clean(arena, of("plain")), "plain"));
	ok &= HOLDS(!strcmp(text_clean(arena, of("a\tb\033[1mc\001\177")), "a b[1mc"));
	ok &= HOLDS(!strcmp(text_clean(arena, of("\xc3\xa9\xe2\x82\xac")), "\xc3\xa9\xe2\x82\xac"));
	/* Alone, overlong, a surrogate, cut off: U+FFFD for each byte. */
	ok &= HOLDS(!strcmp(text_clean(arena, of("\xff")), "\xef\xbf\xbd"));
	ok &= HOLDS(!strcmp(text_clean(arena, of("\xc0\x80")), "\xef\xbf\xbd\xef\xbf\xbd"));
	ok &= HOLDS(strlen(text_clean(arena, of("\xed\xa0\x80"))) == 9);
	ok &= HOLDS(strlen(text_clean(arena, of("\xe2\x82"))) == 6);
	/* U+009B is what a terminal takes for ESC [, U+FFFE is no character of XML 1.0. */
	ok &= HOLDS(!strcmp(text_clean(arena, of("\xc2\x9b\xef\xbf\xbe")), ""));
	memset(many, 'x', sizeof(many));
	s = text_clean(arena, (struct text){ many, sizeof(many) });
	ok &= HOLDS(strlen(s) == TEXT_MAX + 3 && !strcmp(s + TEXT_MAX, "..."));
	result(ok, "text: what may be shown");
	arena_free(arena);
}

static void test_arc(void)
{
	struct test t = { 0 };
	struct arc arc;
	bool ok;

	t.name = "fsm.cdev_RUNNING_P2P_to_PRE_COPY_P2P.set";
	ok = HOLDS(test_name_arc(&t, &arc) && arc.from == 5 && arc.to == 7);
	ok &= HOLDS(text_is(test_name_uapi(&t), "cdev"));
	t.name = "fsm.group_STOP_to_4294967295.set";
	ok &= HOLDS(test_name_arc(&t, &arc) && arc.from == 1 && arc.to == UINT32_MAX);
	t.name = "fsm.group_ERROR_to_9.set";
	ok &= HOLDS(test_name_arc(&t, &arc) && arc.from == 0 && arc.to == 9);
	t.name = "fsm.group_STOP_to_4294967296.set";
	ok &= HOLDS(!test_name_arc(&t, &arc));
	t.name = "fsm.group_STOP_to_.set";
	ok &= HOLDS(!test_name_arc(&t, &arc));
	t.name = "fsm.9_to_1.set";
	ok &= HOLDS(!test_name_arc(&t, &arc));
	t.name = "fd.group_STOP_to_1.set";
	ok &= HOLDS(!test_name_arc(&t, &arc));
	t.name = "fd.iommufd_compat_type1v2_STOP.set";
	ok &= HOLDS(text_is(test_name_uapi(&t), "iommufd_compat_type1v2"));
	t.name = "fd.groups.set";
	ok &= HOLDS(!test_name_uapi(&t).n);
	t.name = "fd.set";
	ok &= HOLDS(!test_name_uapi(&t).n && !test_name_arc(&t, &arc));
	t.name = "";
	ok &= HOLDS(!test_name_uapi(&t).n && !test_name_arc(&t, &arc));
	result(ok, "fsmname: way in and pair of states");
}

static void test_ktap(void)
{
	static const char text[] =
		"# vmig: chapter fd\n# vmig: suite 0.1.0 abc\n# vmig: device a b driver mtty\n"
		"TAP version 13\n1..5\n"
		"#  RUN           fd.cdev.one ...\n# vmig: clauses FD-01 FD-02\n"
		"# vmig: breach FD-01\n# vmig:   did: x\n# vmig:   expected: y\n# vmig:   got: z\n"
		"# vmig:   at: fd.c:12\n"
		"# vmig:   known: m.c:1 f() | why | so\n# vmig: took 1.5\n"
		"ok 1 fd.cdev.one # XFAIL reason\n"
		"#  RUN           fd.cdev.two ...\n"
		"#  RUN           fd.cdev.three ...\n"
		"ok 3 - fd.cdev.three # SKIP\n"
		"#  RUN           fd.cdev.four ...\n";
	struct arena *arena = arena_new();
	struct chapter *c = ktap_parse(arena, "ktap/x.ktap", of(text));
	struct test *t = c->tests;
	bool ok;

	ok = HOLDS(!strcmp(c->name, "fd") && !strcmp(c->device, "a b"));
	ok &= HOLDS(!strcmp(c->driver, "mtty") && !strcmp(c->version, "0.1.0"));
	ok &= HOLDS(c->nr_tests == 4 && c->not_run == 1);
	ok &= HOLDS(t->result == KTAP_OK && t->directive == KTAP_XFAIL && t->nr_clauses == 2);
	ok &= HOLDS(t->seconds > 1.4 && t->seconds < 1.6 && !strcmp(t->reason, "reason"));
	ok &= HOLDS(t->breaches && t->breaches->known && t->breaches->clause);
	ok &= HOLDS(!strcmp(t->breaches->at, "fd.c:12"));
	ok &= HOLDS(!strcmp(t->breaches->source, "m.c:1 f()"));
	ok &= HOLDS(!strcmp(t->breaches->reason, "why | so"));
	t = t->next;
	ok &= HOLDS(t->result == KTAP_NONE && !t->cut_off);
	t = t->next;
	ok &= HOLDS(t->directive == KTAP_SKIP && !strcmp(t->name, "fd.cdev.three"));
	t = t->next;
	ok &= HOLDS(t->result == KTAP_NONE && t->cut_off && !t->next);
	result(ok, "ktap: results, diagnostics, lost tests");
	arena_free(arena);
}

static void test_kmsg(void)
{
	static const char text[] =
		"6,1,1000000,-;BUG report template\n"
		"3,1,1000000,-;BUG kmalloc-64 (Not tainted): Poison overwritten\n"
		"12,2,1000001,-;vmig: begin fd/fd.cdev.one\n"
		"4,3,1000002,-;BUG: KASAN: slab-out-of-bounds in f+0x1/0x2\n"
		"4,4,1000003,-;Oops: general protection fault\n"
		"12,5,1000004,-;vmig: end fd/fd.cdev.one\n"
		"4,6,1000005,-;INFO: task a:1 blocked for more than 120 seconds.\n"
		"12,7,1000006,-;vmig: begin fd/fd.cdev.two\n"
		"14,8,1000007,-;WARNING: of a process\n"
		"4,9,1000008,-;first\\x0aWARNING: possible circular locking dependency detected\n"
		"4,10,9000008,-;a second later\n"
		"4,11,9000009,-;divide error: 0000 [#1]\\x5c\n";
	struct arena *arena = arena_new();
	struct kmsg_log log;
	struct complaint *c = kmsg_parse(arena, of(text), &log);
	bool ok;

	ok = HOLDS(c && !strcmp(c->kind, "slab corruption") && !c->test);
	c = c ? c->next : NULL;
	ok &= HOLDS(c && !strcmp(c->kind, "KASAN") && c->lines == 2 &&
		    !strcmp(c->test, "fd/fd.cdev.one"));
	c = c ? c->next : NULL;
	ok &= HOLDS(c && !strcmp(c->kind, "hung task") && !c->test);
	c = c ? c->next : NULL;
	ok &= HOLDS(c && !strcmp(c->kind, "lockdep") && !strcmp(c->test, "fd/fd.cdev.two"));
	ok &= HOLDS(c && c->lines == 1);
	c = c ? c->next : NULL;
	ok &= HOLDS(c && !strcmp(c->kind, "divide error") && !c->next);
	ok &= HOLDS(c && c->title[strlen(c->title) - 1] == '\\');
	result(ok, "kmsg: complaints and the tests they came in");
	arena_free(arena);
}

/* Each kind of complaint, as a kernel of 6.12 words it. */
static void test_kinds(void)
{
	static const char *const said[][2] = {
		{ "WARNING: CPU: 1 PID: 9 at drivers/vfio/vfio_main.c:1 f+0x0/0x1", "warning" },
		{ "BUG: unable to handle page fault for address: 1", "BUG" },
		{ "BUG: KFENCE: use-after-free read in f", "KFENCE" },
		{ "UBSAN: shift-out-of-bounds in a.c:1:2", "UBSAN" },
		{ "WARNING: inconsistent lock state", "lockdep" },
		{ "WARNING: possible recursive locking detected", "lockdep" },
		{ "WARNING: SOFTIRQ-safe -> SOFTIRQ-unsafe lock order detected", "lockdep" },
		{ "WARNING: suspicious RCU usage", "RCU usage" },
		{ "watchdog: BUG: soft lockup - CPU#0 stuck for 26s! [a:1]", "soft lockup" },
		{ "rcu: INFO: rcu_preempt self-detected stall on CPU", "RCU stall" },
		{ "rcu: INFO: rcu_preempt detected stalls on CPUs/tasks:", "RCU stall" },
		{ "INFO: task vmig_fd:88 blocked for more than 122 seconds.", "hung task" },
		{ "kmemleak: 3 new suspected memory leaks (see /sys/kernel/debug/kmemleak)",
		  "memory leak" },
		{ "refcount_t: underflow; use-after-free.", "refcount" },
		{ "vmig_fd: page allocation failure: order:10, mode:0x1",
		  "page allocation failure" },
		{ "divide error: 0000 [#1] SMP", "divide error" },
		{ "general protection fault, probably for non-canonical address 1: 0000",
		  "general protection fault" },
		{ "Oops: divide error: 0000 [#1] SMP", "Oops" },
		{ "kernel BUG at mm/slub.c:1!", "BUG" },
		{ "list_del corruption. prev->next should be 1, but was 2", "list corruption" },
		{ "Kernel panic - not syncing: Fatal exception", "panic" },
		{ "irq 16: nobody cared (try booting with the \"irqpoll\" option)",
		  "unhandled interrupt" },
	};
	struct arena *arena = arena_new();
	struct kmsg_log log;
	struct complaint *c;
	bool ok = true;
	size_t i;

	for (i = 0; i < sizeof(said) / sizeof(said[0]); i++) {
		c = kmsg_parse(arena, of(arena_printf(arena, "4,1,1,-;%s\n", said[i][0])), &log);
		if (c && !strcmp(c->kind, said[i][1]) && !c->next)
			continue;
		printf("# \"%s\" is taken for %s\n", said[i][0], c ? c->kind : "nothing");
		ok = false;
	}
	ok &= HOLDS(!kmsg_parse(arena, of("6,1,1,-;mtty: a debugging message without warning\n"),
				&log));
	result(ok, "kmsg: each kind of complaint");
	arena_free(arena);
}

static void test_profile(void)
{
	static const char *const bad[] = {
		"no colon\n",
		"deviation: FD-01\n",
		"deviation: FD-01 | a | b\n",
		"deviation: FD-01 | a | | d\n",
		"deviation: NO-01 | a | b | c\n",
		": value\n",
	};
	struct arena *arena = arena_new();
	struct vmig_profile *p;
	char *error;
	bool ok;
	size_t i;

	p = vmig_profile_parse(arena,
			       of("# c\r\n\r\ndriver: x\r\n"
				  "deviation: FD-01 | fd.*.a* | m.c:1 | because a | b\r\n"),
			       &error);
	ok = HOLDS(p && p->nr_deviations == 1 && !strcmp(p->driver, "x"));
	ok &= HOLDS(p && vmig_deviation_find(p, "FD-01", "fd.cdev.abc"));
	ok &= HOLDS(p && !vmig_deviation_find(p, "FD-02", "fd.cdev.abc"));
	ok &= HOLDS(p && !vmig_deviation_find(p, "FD-01", "fd.cdev.bcd"));
	ok &= HOLDS(p && !strcmp(p->deviations->reason, "because a | b"));
	ok &= HOLDS(!vmig_deviation_find(NULL, "FD-01", "fd.cdev.abc"));
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		error = NULL;
		p = vmig_profile_parse(arena, of(bad[i]), &error);
		ok &= HOLDS(!p && error && !strncmp(error, "line 1", 6));
	}
	result(ok, "profile: deviations, and sentences about bad lines");
	arena_free(arena);
}

static void test_waivers(void)
{
	static const char good[] = "# c\n\nwaiver: FD-01 | fd.*.a* | m*y | 6.7-6.12 | 2028-02-29 | "
				   "https://lore.example.org/r/1 | agreed\n";
	static const struct {
		const char *from, *to;
	} bad[] = {
		{ "waiver:", "waver:" },
		{ "FD-01", "FD-99" },
		{ " | agreed", "" },
		{ "agreed", "a | b" },
		{ "agreed", "" },
		{ "2028-02-29", "2027-02-29" },
		{ "2028-02-29", "2028-2-29" },
		{ "2028-02-29", "forever" },
		{ "6.7-6.12", "6.12-6.7" },
		{ "6.7-6.12", "6.12" },
		{ "6.7-6.12", "any" },
		{ "https", "http" },
		{ "/r/1", "" },
		{ "lore.example.org", "desk" },
		{ "fd.*.a*", "" },
		{ "m*y", " " },
	};
	struct arena *arena = arena_new();
	struct vmig_profile *p;
	struct waiver *w;
	char *error, *at;
	bool ok;
	size_t i;

	w = waivers_parse(arena, of(good), &error);
	ok = HOLDS(w && !error && w->line == 3 && !w->next);
	ok &= HOLDS(w && waiver_covers(w, "mtty", "6.12.117"));
	ok &= HOLDS(w && waiver_covers(w, "mtty", "6.7.0-rc1"));
	ok &= HOLDS(w && !waiver_covers(w, "mtty", "6.13.0"));
	ok &= HOLDS(w && !waiver_covers(w, "mtty", "6.6.99"));
	ok &= HOLDS(w && !waiver_covers(w, "mock", "6.12.117"));
	ok &= HOLDS(w && !waiver_covers(w, NULL, "6.12.117") && !waiver_covers(w, "mtty", "x"));
	ok &= HOLDS(w && !waiver_expired(w, "2028-02-29T23:59:59Z"));
	ok &= HOLDS(w && waiver_expired(w, "2028-03-01"));
	p = waivers_profile(arena, w, "mtty", "6.12.117");
	ok &= HOLDS(p && p->nr_deviations == 1 && vmig_deviation_find(p, "FD-01", "fd.cdev.abc"));
	ok &= HOLDS(p && !vmig_deviation_find(p, "FD-01", "fd.cdev.b") && p->deviations->sometimes);
	ok &= HOLDS(!waivers_profile(arena, w, "mtty", "6.13.0"));
	ok &= HOLDS(!waivers_parse(arena, of("# none\n"), &error) && !error);
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		at = strstr(good, bad[i].from);
		at = arena_printf(arena, "%.*s%s%s", (int)(at - good), good, bad[i].to,
				  at + strlen(bad[i].from));
		if (!waivers_parse(arena, of(at), &error) && error && !strncmp(error, "line 3", 6))
			continue;
		printf("# \"%s\" for \"%s\" is taken\n", bad[i].to, bad[i].from);
		ok = false;
	}
	result(ok, "waivers: what they cover, and sentences about bad lines");
	arena_free(arena);
}

static void test_mustpass(void)
{
	static const char head[] = "version: 1\nrounds: 2\nseed: 3\nstress: brief\nexcuse: no *\n";
	static const char *const bad[] = {
		"[any]\na b\n",	     "[P2P, no P2P]\na b\n",  "a b\n",
		"[any device]\na\n", "[any device]\na b c\n", "[PRE_COPY, P2P]\na b\n",
		"[P2P]\n",	     "rounds: 0\n",	      "rounds: 10\n",
	};
	struct arena *arena = arena_new();
	struct mustpass *m;
	char *error = NULL;
	bool ok;
	size_t i;

	m = mustpass_parse(
		arena, of(arena_printf(arena, "%s[any device]\na b\n[P2P, no PCI]\nc d\n", head)),
		&error);
	ok = HOLDS(m && m->nr_tests == 2 && m->rounds == 2 && m->seed == 3);
	ok &= HOLDS(m && mustpass_applies(m->tests->section, 0));
	ok &= HOLDS(m && mustpass_applies(m->tests->next->section, TRAIT_P2P));
	ok &= HOLDS(m && !mustpass_applies(m->tests->next->section, TRAIT_P2P | TRAIT_PCI));
	ok &= HOLDS(m && mustpass_excused(m, "no exerciser", 0));
	ok &= HOLDS(m && !mustpass_excused(m, "the device was lost", 0));
	ok &= HOLDS(m && mustpass_excused(m, "the device offers no PRE_COPY", TRAIT_P2P));
	ok &= HOLDS(m && !mustpass_excused(m, "the device offers no PRE_COPY", TRAIT_PRE_COPY));
	ok &= HOLDS(m && mustpass_excused(m, "the device offers no PRE_COPY_P2P", TRAIT_P2P));
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		error = NULL;
		m = mustpass_parse(arena, of(arena_printf(arena, "%s%s", head, bad[i])), &error);
		ok &= HOLDS(!m && error);
	}
	result(ok, "mustpass: sections, excuses, and sentences about bad lists");
	arena_free(arena);
}

static void test_wrap(void)
{
	char *buf = NULL;
	size_t size = 0, i;
	FILE *f = open_memstream(&buf, &size);
	const char *line;
	bool ok = true;

	for (i = 0; f && i < 40; i++)
		text_wrap(f,
			  "some words that fill a line and the next one, as sentences do now and "
			  "then when they are long enough to need more than one line of output",
			  (int)i, (int)i / 2);
	if (f)
		fclose(f);
	for (line = strtok(buf, "\n"), i = 0; line; line = strtok(NULL, "\n"))
		ok &= HOLDS(text_width(line) <= 100);
	ok &= HOLDS(text_bytes("a\xc3\xa9z", 2) == 3 && text_bytes("abc", 9) == 3);
	result(ok, "text: no line beyond 100 columns");
	free(buf);
}

/* One run of everything behind the readers; its output goes nowhere. */
static void whole(struct arena *arena, struct text ktap, struct text dmesg, struct text profile)
{
	FILE *null = fopen("/dev/null", "w");
	struct run run = { .arena = arena };
	char *error = NULL;

	if (!null)
		exit(1);
	run.record.status = RUN_COMPLETE;
	run.record.known_deviations = true;
	run.env.migration = HAS;
	run.env.flags = VMIG_MIGRATION_KNOWN;
	run.last_problem = &run.problems;
	run.chapters = ktap_parse(arena, "ktap/a.ktap", ktap);
	run.complaints = kmsg_parse(arena, dmesg, &run.log);
	run.profile = vmig_profile_parse(arena, profile, &error);
	judge_run(&run);
	judge_verdict(&run);
	results_json_write(&run, null);
	junit_write(&run, null);
	html_write(&run, null);
	terminal_write(&run, null, true);
	fclose(null);
}

/* Every prefix of a file, from a buffer that ends where the file does. */
static void prefixes(struct text file, void (*parse)(struct arena *arena, struct text t))
{
	struct arena *arena;
	struct text t;
	size_t n;

	for (n = 0; n <= file.n; n++) {
		arena = arena_new();
		t = exact(file.s, n);
		parse(arena, t);
		free((char *)t.s);
		arena_free(arena);
	}
}

static void test_samples(void)
{
	static const double values[] = { 40, 10, 30, 20 };
	struct arena *arena = arena_new();
	struct samples *list = NULL, *s;
	struct spread v;
	size_t i;
	bool ok;

	s = samples_of(arena, &list, of("save"), of("B/s"));
	ok = HOLDS(s == list && !s->n);
	for (i = 0; i < 4; i++)
		samples_add(arena, s, values[i]);
	ok &= HOLDS(samples_of(arena, &list, of("save"), of("B/s")) == s);
	ok &= HOLDS(samples_of(arena, &list, of("save"), of("us")) == s->next);
	samples_spread(arena, s, &v);
	ok &= HOLDS(v.min == 10 && v.p25 == 17.5 && v.p50 == 25 && v.p75 == 32.5 && v.max == 40);
	ok &= HOLDS(v.p95 > 38.49 && v.p95 < 38.51);
	/* They keep the order in which they were measured. */
	ok &= HOLDS(s->values[0] == 40 && s->values[3] == 20);
	s = s->next;
	samples_add(arena, s, 7);
	samples_spread(arena, s, &v);
	ok &= HOLDS(v.min == 7 && v.p25 == 7 && v.p95 == 7 && v.max == 7);
	ok &= HOLDS(stats_more_is_better("B/s") && !stats_more_is_better("us"));
	ok &= HOLDS(!stats_more_is_better("") && !stats_more_is_better("s"));
	result(ok, "samples: their spread");
	arena_free(arena);
}

static void parse_ktap(struct arena *arena, struct text t)
{
	ktap_parse(arena, "ktap/a.ktap", t);
}

static void parse_kmsg(struct arena *arena, struct text t)
{
	struct kmsg_log log;

	kmsg_parse(arena, t, &log);
}

static void parse_profile(struct arena *arena, struct text t)
{
	char *error;

	vmig_profile_parse(arena, t, &error);
}

static void parse_json(struct arena *arena, struct text t)
{
	struct run_record run;
	struct environment env = { 0 };

	run_json_run(arena, t, &run);
	run_json_environment(arena, t, &env);
}

/* A small generator of its own, so that a failure comes again on every machine. */
static uint32_t rnd(uint32_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 17;
	*state ^= *state << 5;
	return *state;
}

/* The file with some bytes changed, parts of it left out, lines doubled. */
static struct text mutated(struct text file, uint32_t *state)
{
	static const char spice[] = "\n\r\t #|:;,.\\\0\xff\xc3\033-9a";
	struct text t = exact(file.s, file.n);
	char *s = (char *)t.s;
	unsigned int i, n;
	size_t at, to;

	for (i = 0, n = 1 + rnd(state) % 20; t.n && i < n; i++) {
		at = rnd(state) % t.n;
		if (rnd(state) % 4) {
			s[at] = spice[rnd(state) % (sizeof(spice) - 1)];
		} else {
			to = at + rnd(state) % (t.n - at);
			memmove(s + at, s + to, t.n - to);
			t.n -= to - at;
		}
	}
	return t;
}

static struct text from_dir(struct arena *arena, const char *dir, const char *file)
{
	struct text t;

	if (vmig_input_read(arena, AT_FDCWD, arena_printf(arena, "%s/%s", dir, file), &t))
		printf("# %s/%s cannot be read\n", dir, file);
	return t;
}

static void parse_cost(struct arena *arena, struct text t)
{
	struct cost cost;

	cost_parse(arena, t, "hisi-acc-vfio-pci", &cost);
	/* All of it, or a sentence. */
	if (!cost.none == !cost.phases)
		abort();
}

/* What counts as what, and what there is of a file that is damaged. */
static void test_cost(const char *dir)
{
	static const char head[] = "vmig-cost 1\nphase\ta.us\t1\t%s\n";
	static const struct {
		const char *line;
		enum cost_class class;
	} lines[] = {
		{ "-\tmy_vfio\tf", COST_DRIVER },
		{ "vfio_mig_fw\tmy_vfio\tf", COST_DRIVER },
		{ "my_vfio\t-\tmemcpy", COST_COPYING },
		{ "vfio_mig_fw_my\t-\tmemcpy", COST_CARD },
		{ "-\tmlx5_core\tf", COST_OTHER_MODULES },
		{ "-\tvfio_pci_core\tf", COST_VFIO },
		{ "my_vfio\t-\tvfio_pci_core_ioctl", COST_VFIO },
		{ "my_vfio\tmy_vfio\tf+rep", COST_COPYING },
		{ "vfio_mig_fw\tvfio_mig_fw\tf+rep", COST_CARD },
		{ "my_vfio\t-\tkfree", COST_ALLOCATION },
		{ "my_vfio\t-\tdma_map_sgtable", COST_MAPPING },
		{ "my_vfio\t-\tiova_bitmap_set", COST_VFIO },
		{ "my_vfio\t-\tmutex_lock", COST_KERNEL },
		{ "-\tuser\t-", COST_USER },
	};
	struct arena *arena = arena_new();
	uint32_t state = 20261201;
	struct text file, t;
	struct cost cost;
	bool ok = true;
	size_t i;

	for (i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		file = of(arena_printf(arena, "%scount\ta.us\t%s\t5\nend\n",
				       arena_printf(arena, head, "5"), lines[i].line));
		cost_parse(arena, file, "my-vfio", &cost);
		ok &= HOLDS(cost.phases && cost.phases->classes[lines[i].class] == 5);
	}
	result(ok, "cost: classes");

	cost_parse(arena,
		   of(arena_printf(arena, "%scount\ta.us\t-\tuser\t-\t4\nend\n",
				   arena_printf(arena, head, "5"))),
		   NULL, &cost);
	result(HOLDS(cost.none && !cost.phases), "cost: a sum that is wrong");

	file = from_dir(arena, dir, "41-cost/run/cost.tsv");
	prefixes(file, parse_cost);
	result(HOLDS(file.n > 100), "cost: every prefix of a file");
	for (i = 0; i < 1500; i++) {
		struct arena *inner = arena_new();

		t = mutated(file, &state);
		parse_cost(inner, t);
		free((char *)t.s);
		arena_free(inner);
	}
	result(true, "cost: 1500 damaged files");
	arena_free(arena);
}

static void test_damage(const char *dir)
{
	static const char *const ktaps[] = {
		"05-known-deviation/run/ktap/resume.ktap",
		"11-guest-died/run/ktap/fd.ktap",
		"24-ways-to-end/run/ktap/fd.ktap",
	};
	struct arena *arena = arena_new(), *inner;
	struct text ktap, dmesg, profile, json, a, b, c;
	uint32_t state = 20251120;
	size_t i;

	dmesg = from_dir(arena, dir, "12-complaint-in-passing-test/run/dmesg.txt");
	profile = from_dir(arena, dir, "21-stale-deviation/run/profile.conf");
	json = from_dir(arena, dir, "01-all-pass/run/environment.json");
	for (i = 0; i < sizeof(ktaps) / sizeof(ktaps[0]); i++) {
		ktap = from_dir(arena, dir, ktaps[i]);
		prefixes(ktap, parse_ktap);
	}
	result(HOLDS(ktap.n > 100), "ktap: every prefix of a file");
	prefixes(dmesg, parse_kmsg);
	result(HOLDS(dmesg.n > 100), "kmsg: every prefix of a file");
	prefixes(profile, parse_profile);
	result(HOLDS(profile.n > 100), "profile: every prefix of a file");
	prefixes(json, parse_json);
	result(HOLDS(json.n > 100), "record: every prefix of a file");

	ktap = from_dir(arena, dir, ktaps[0]);
	for (i = 0; i < 1500; i++) {
		inner = arena_new();
		a = mutated(ktap, &state);
		b = mutated(dmesg, &state);
		c = mutated(profile, &state);
		whole(inner, a, b, c);
		free((char *)a.s);
		free((char *)b.s);
		free((char *)c.s);
		arena_free(inner);
	}
	result(true, "whole: 1500 damaged runs");
	arena_free(arena);
}

static bool near(double a, double b)
{
	return fabs(a - b) * 1e6 < 1;
}

/* Against values of published tables, and what can be counted by hand. */
static void test_stats(void)
{
	static const double low[] = { 1, 2, 3 }, high[] = { 3, 4, 5, 6 };
	double v[] = { 4, 1, 3, 2 }, p[] = { 0.01, 0.04, 0.03, 0.005 };
	const double tail = 1.0 / 1000000;
	bool rejected[4], ok;
	struct quartiles q;

	/* The 97.5 % points of Student's distribution with 1, 4, 10 and 30 degrees. */
	ok = HOLDS(near(stats_student_tail(12.7062047364, 1), 0.025));
	ok &= HOLDS(near(stats_student_tail(2.7764451052, 4), 0.025));
	ok &= HOLDS(near(stats_student_tail(2.2281388520, 10), 0.025));
	ok &= HOLDS(near(stats_student_tail(2.0422724563, 30), 0.025));
	ok &= HOLDS(near(stats_student_tail(0, 7), 0.5));
	ok &= HOLDS(near(stats_student_tail(-2.7764451052, 4), 0.975));
	ok &= HOLDS(near(stats_student_limit(0.025, 4), 2.7764451052));
	ok &= HOLDS(near(stats_student_limit(0.025, 1), 12.7062047364));
	/* With one degree it is Cauchy's, with two it is algebraic: both can be written down. */
	ok &= HOLDS(near(stats_student_tail(1, 1), 0.25));
	ok &= HOLDS(near(stats_student_tail(1e6, 1) * 1e6, 1 / M_PI));
	ok &= HOLDS(near(stats_student_tail(3, 2), 0.5 - 3 / (2 * sqrt(11))));
	ok &= HOLDS(
		near(stats_student_limit(tail, 2), (1 - 2 * tail) / sqrt(2 * tail * (1 - tail))));
	result(ok, "stats: Student's distribution");

	q = stats_quartiles(v, 4);
	ok = HOLDS(near(q.min, 1) && near(q.p25, 1.75) && near(q.p50, 2.5) && near(q.max, 4));
	ok &= HOLDS(near(stats_mean(v, 4), 2.5) && near(stats_deviation(v, 4), sqrt(5.0 / 3)));
	/* Of twelve pairs one is equal, and eleven are greater. */
	ok &= HOLDS(near(stats_superiority(high, 4, low, 3), 11.5 / 12));
	ok &= HOLDS(near(stats_superiority(low, 3, high, 4), 0.5 / 12));
	result(ok, "stats: quartiles, deviation, Mann and Whitney's U");

	/* 0.005 < 0.05 / 4 and 0.01 < 0.05 / 3, but 0.03 > 0.05 / 2, which ends it. */
	stats_holm(p, 4, 0.05, rejected);
	result(HOLDS(rejected[0] && !rejected[1] && !rejected[2] && rejected[3]), "stats: Holm");
}

int main(int argc, char **argv)
{
	if (argc != 2) {
		fputs("Usage: unit TESTS_DIR\n", stderr);
		return 2;
	}
	puts("TAP version 13");
	test_clean();
	test_wrap();
	test_arc();
	test_ktap();
	test_kmsg();
	test_kinds();
	test_profile();
	test_samples();
	test_stats();
	test_waivers();
	test_mustpass();
	test_cost(argv[1]);
	test_damage(argv[1]);
	printf("1..%u\n", number);
	return !!failed;
}
