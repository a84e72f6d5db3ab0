// SPDX-License-Identifier: GPL-2.0-only
/*
 * Fuzz target: a run directory, from its files to the report. The input holds several of
 * them. Whatever they say: the JSON is JSON, page and JUnit file are well-formed, the same
 * input gives the same report, and exit code 0 means that no test of the list is missing.
 */
#include <expat.h>
#include <jansson.h>
#include <string.h>

#include "fuzz.h"
#include "judge.h"
#include "junit.h"
#include "load.h"
#include "report.h"
#include "results_json.h"
#include "terminal.h"
#include "verdict.h"
#include "whole.h"

enum { JSON, JUNIT, HTML, TERMINAL, NR_FORMS };

struct report {
	char *form[NR_FORMS];
	size_t len[NR_FORMS];
	int exit_code;
	bool refused;
};

int LLVMFuzzerInitialize(int *argc, char ***argv);

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc;
	(void)argv;
	/* Graphviz takes longer than all the rest. */
	setenv("PATH", "/nowhere", 1);
	return 0;
}

static void add_chapter(struct arena *arena, struct run_files *files, struct text name,
			struct text contents)
{
	struct chapter_file *f = arena_alloc(arena, sizeof(*f)), **last = &files->chapters;

	while (*last)
		last = &(*last)->next;
	f->name = text_clean(arena, name);
	f->contents = contents;
	*last = f;
}

static void sort(struct arena *arena, struct text input, struct run_files *files)
{
	struct part parts[PARTS_MAX];
	const struct {
		const char *name;
		struct text *where;
	} known[] = {
		{ "run.json", &files->record },	     { "environment.json", &files->environment },
		{ "profile.conf", &files->profile }, { "dmesg.txt", &files->dmesg },
		{ "tests.tsv", &files->tests },	     { "cost.tsv", &files->cost },
	};
	size_t nr = fuzz_parts(input, parts), i, k;

	for (i = 0; i < nr; i++) {
		if (parts[i].name.n > 5 && !memcmp(parts[i].name.s, "ktap/", 5))
			add_chapter(arena, files, parts[i].name, parts[i].contents);
		for (k = 0; k < sizeof(known) / sizeof(known[0]); k++)
			if (text_is(parts[i].name, known[k].name))
				*known[k].where = parts[i].contents;
	}
}

static void terminal(struct run *run, FILE *f)
{
	terminal_write(run, f, false);
}

static void write_all(struct run *run, struct report *r)
{
	static const struct {
		void (*write)(struct run *run, FILE *f);
	} writers[NR_FORMS] = {
		[JSON] = { results_json_write },
		[JUNIT] = { junit_write },
		[HTML] = { html_write },
		[TERMINAL] = { terminal },
	};
	FILE *f;
	int i;

	for (i = 0; i < NR_FORMS; i++) {
		f = open_memstream(&r->form[i], &r->len[i]);
		MUST(f);
		writers[i].write(run, f);
		MUST(!fclose(f));
	}
}

static void make(struct text input, struct report *r)
{
	struct arena *arena = arena_new();
	struct run *run = arena_alloc(arena, sizeof(*run));
	struct run_files files = { 0 };

	memset(r, 0, sizeof(*r));
	sort(arena, input, &files);
	run_init(run, arena);
	r->refused = run_read(run, &files);
	if (!r->refused) {
		judge_run(run);
		judge_verdict(run);
		r->exit_code = run->exit_code;
		MUST(r->exit_code || !files.tests.s || whole(run, files.tests));
		MUST(r->exit_code || (!run->not_run && !run->nr_problems && run->nr_tests));
		write_all(run, r);
	}
	arena_free(arena);
}

static void well_formed(const char *s, size_t n)
{
	static const char doctype[] = "<!DOCTYPE html>";
	XML_Parser parser = XML_ParserCreate(NULL);

	/* It has none of XML's sense of a document type. */
	if (n > strlen(doctype) && !memcmp(s, doctype, strlen(doctype))) {
		s += strlen(doctype);
		n -= strlen(doctype);
		s += strspn(s, "\n");
		n = strlen(s);
	}
	MUST(parser);
	if (XML_Parse(parser, s, (int)n, 1) != XML_STATUS_OK) {
		fprintf(stderr, "fuzz: line %lu: %s\n", XML_GetCurrentLineNumber(parser),
			XML_ErrorString(XML_GetErrorCode(parser)));
		abort();
	}
	XML_ParserFree(parser);
}

static void check(const struct report *r)
{
	json_t *json, *code;
	const char *s;

	json = json_loadb(r->form[JSON], r->len[JSON], JSON_REJECT_DUPLICATES, NULL);
	MUST(json);
	code = json_object_get(json_object_get(json, "verdict"), "exit_code");
	MUST(json_is_integer(code) && json_integer_value(code) == r->exit_code);
	json_decref(json);
	well_formed(r->form[JUNIT], r->len[JUNIT]);
	well_formed(r->form[HTML], r->len[HTML]);
	/* Nothing that a terminal would obey. */
	for (s = r->form[TERMINAL]; *s; s++)
		MUST((unsigned char)*s >= 0x20 || *s == '\n');
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct text input = { (char *)data, size };
	struct report r, again;
	int i;

	make(input, &r);
	make(input, &again);
	MUST(r.refused == again.refused);
	if (!r.refused)
		check(&r);
	for (i = 0; i < NR_FORMS && !r.refused; i++) {
		MUST(r.len[i] == again.len[i] && !memcmp(r.form[i], again.form[i], r.len[i]));
		free(r.form[i]);
		free(again.form[i]);
	}
	return 0;
}
