// SPDX-License-Identifier: GPL-2.0-only
/*
 * One page on a bundle, to be pasted into a mail. Who verifies a bundle compares the page
 * with the one that he was given: a change of its wording, "kept" and "broken" among it,
 * needs another version of the mustpass list.
 */
#include <string.h>

#include <vmig/sha256.h>
#include <vmig/version.h>

#include "features.h"
#include "qualify.h"
#include "statement.h"
#include "xml.h"

#define WIDTH 12
#define INDENT 2

/* So much of a list fits on the page. */
#define FAULTS_SHOWN 12
#define CLAUSES_SHOWN 16

static void entry(FILE *f, const char *label, const char *text)
{
	if (!text || !*text)
		return;
	fprintf(f, "%*s%-*s", INDENT, "", WIDTH, label);
	text_wrap(f, text, INDENT + WIDTH, INDENT + WIDTH);
}

/**
 * qualify_not_hardware - what keeps a run from being one on a vendor's card
 * @arena: where the words go
 * @run: the run
 *
 * Return: a phrase, or NULL for a device of a host.
 */
const char *qualify_not_hardware(struct arena *arena, const struct run *run)
{
	static const char *const own[] = { "vfio_mig_mock", "vfio_mig_edu" };
	const char *driver = run->env.driver ? run->env.driver : "";
	const char *s = NULL;
	size_t i;

	if (run->env.simulated || run->record.stand_in)
		s = "driver code on simulated firmware";
	for (i = 0; i < sizeof(own) / sizeof(own[0]); i++)
		if (!strcmp(driver, own[i]))
			s = "a reference driver of this suite";
	if (!strcmp(driver, "mtty"))
		s = "a sample driver of the kernel, which has no hardware";
	if (run->record.where && !strcmp(run->record.where, "host"))
		return s;
	return arena_printf(arena, "%s%sin a QEMU guest", s ? s : "driver code", s ? ", " : " ");
}

/* The checksum of the driver's module, from what sha256sum said of it and of others. */
static const char *module_digest(const struct qualification *q, const char *driver)
{
	struct text rest = q->bundle.modules, line;
	char *text, *base, *s;

	while (driver && text_next_line(&rest, &line)) {
		text = text_clean(q->arena, line);
		if (strlen(text) < 67)
			continue;
		base = strrchr(text, '/') ? strrchr(text, '/') + 1 : text + 66;
		s = strstr(base, ".ko");
		if (!s)
			continue;
		*s = '\0';
		for (s = base; *s; s++)
			if (*s == '-')
				*s = '_';
		text[64] = '\0';
		if (!strcmp(base, driver))
			return text;
	}
	return NULL;
}

static const char *module_name(const struct environment *e)
{
	const struct fact *fact;

	for (fact = e->facts; fact; fact = fact->next)
		if (!strcmp(fact->name, "device.module.name"))
			return fact->value;
	return e->driver;
}

static void heading(const struct qualification *q, FILE *f)
{
	const struct run *run = &q->rounds[0];
	const char *why = qualify_not_hardware(q->arena, run);
	const char *driver = run->env.driver ? run->env.driver : "unknown";

	if (why)
		fprintf(f, "NOT A QUALIFICATION OF HARDWARE: %s\n", why);
	else
		fprintf(f, "Qualification of the migration driver %s on hardware\n", driver);
	fprintf(f, "vmig %s, commit %s, mustpass list %s (sha256 %.16s)\n\n", vmig_version,
		run->record.commit, q->list->version, vmig_sha256(q->arena, q->bundle.mustpass));
}

static void subject(const struct qualification *q, FILE *f)
{
	const struct run *run = &q->rounds[0];
	const struct environment *e = &run->env;
	const char *s, *sum = module_digest(q, module_name(e));
	const struct line *l;

	s = arena_printf(q->arena, "%s%s%s", e->driver ? e->driver : "unknown",
			 e->driver_version ? " " : "", e->driver_version ? e->driver_version : "");
	if (e->srcversion)
		s = arena_printf(q->arena, "%s, srcversion %s", s, e->srcversion);
	if (sum)
		s = arena_printf(q->arena, "%s, module sha256 %.16s", s, sum);
	else
		s = arena_printf(q->arena, "%s, from a file that is not known", s);
	entry(f, "Driver", s);
	entry(f, "Device",
	      arena_printf(q->arena, "%s%s%s", e->device ? e->device : "unknown",
			   e->bus ? ", bus " : "", e->bus ? e->bus : ""));
	s = NULL;
	for (l = run_features(q->arena, e); l; l = l->next)
		s = arena_printf(q->arena, "%s%s%s", s ? s : "", s ? ", " : "", l->text);
	entry(f, "Features", s);
	entry(f, "Kernel",
	      arena_printf(q->arena, "%s %s %s", e->release ? e->release : "unknown",
			   e->machine ? e->machine : "", e->build ? e->build : ""));
	entry(f, "Where", run_where(q->arena, &run->record));
	entry(f, "Firmware", run_firmware_words(q->arena, &run->record, e));
	entry(f, "Modules", run->record.parameters);
}

static void rounds(const struct qualification *q, FILE *f)
{
	const struct run_record *r;
	double seconds = 0;
	unsigned int i;

	for (i = 0; i < q->bundle.nr_rounds; i++)
		if (q->rounds[i].record.seconds > 0)
			seconds += q->rounds[i].record.seconds;
	r = &q->rounds[0].record;
	entry(f, "Run",
	      arena_printf(q->arena,
			   "%s, %u round%s with seed %u and up, stress %s, hazards, %.0f s",
			   r->started, q->list->rounds, q->list->rounds == 1 ? "" : "s",
			   q->list->seed, q->list->stress, seconds));
}

static void levels(const struct qualification *q, FILE *f)
{
	static const char *const titles[NR_COLUMNS] = { "kept",	    "broken",	"waived",
							"kernel's", "recorded", "not checked" };
	int level, column;

	fprintf(f, "\n%*s%-*s", INDENT, "", WIDTH, "Clauses");
	for (column = 0; column < NR_COLUMNS; column++)
		fprintf(f, "%12s", titles[column]);
	putc('\n', f);
	for (level = VMIG_MUST; level <= VMIG_MAY; level++) {
		fprintf(f, "%*s%-*s", INDENT, "", WIDTH, vmig_level_name((enum vmig_level)level));
		for (column = 0; column < NR_COLUMNS; column++)
			fprintf(f, "%12u", q->levels[level][column]);
		putc('\n', f);
	}
}

static void tests(const struct qualification *q, FILE *f)
{
	const unsigned int *n = q->count;

	putc('\n', f);
	entry(f, "Tests",
	      arena_printf(
		      q->arena,
		      "%u on the list, in %u rounds: %u passed, %u not passed, %u waived, %u the "
		      "kernel's fault, %u found nothing to check (%u of them because no "
		      "exerciser can make this device work), %u are for other devices",
		      q->list->nr_tests, q->bundle.nr_rounds, n[LISTED_PASSED],
		      n[LISTED_NOT_PASSED], n[LISTED_WAIVED], n[LISTED_KERNEL], n[LISTED_NOTHING],
		      q->unexercised, n[LISTED_ELSEWHERE]));
}

/* The clauses of one column, but for SHOULD those that are broken too. */
static void clauses(const struct qualification *q, FILE *f, const char *label,
		    enum clause_column column, enum vmig_level level)
{
	const char *s = NULL;
	unsigned int n = 0;
	int c;

	for (c = 0; c < VMIG_NR_CLAUSES; c++) {
		if (vmig_clauses[c].level != level || qualify_clause_column(q, c) != column)
			continue;
		if (n++ < CLAUSES_SHOWN)
			s = arena_printf(q->arena, "%s%s%s", s ? s : "", s ? " " : "",
					 vmig_clauses[c].id);
	}
	if (n > CLAUSES_SHOWN)
		s = arena_printf(q->arena, "%s and %u more", s, n - CLAUSES_SHOWN);
	if (s)
		entry(f, label, arena_printf(q->arena, "%s: %s", vmig_level_name(level), s));
}

static void faults(const struct qualification *q, FILE *f)
{
	const struct listed_fault *fault;
	const struct line *l;
	unsigned int n = 0;

	for (l = q->troubles; l; l = l->next)
		entry(f, "Trouble", l->text);
	for (fault = q->faults; fault; fault = fault->next)
		if (n++ < FAULTS_SHOWN)
			entry(f, n == 1 ? "Not passed" : "",
			      arena_printf(q->arena, "%s%s: %s", fault->test,
					   fault->rounds == q->bundle.nr_rounds
						   ? ""
						   : " (not in each round)",
					   fault->why));
	if (n > FAULTS_SHOWN)
		entry(f, "", arena_printf(q->arena, "and %u more", n - FAULTS_SHOWN));
}

static void waivers(const struct qualification *q, FILE *f)
{
	const struct run *run = &q->rounds[0];
	const char *label = "Waivers";
	const struct waiver *w;

	for (w = q->waivers; w; w = w->next) {
		entry(f, label,
		      arena_printf(q->arena, "%s until %s, %s: %s (%s)", w->clause->id, w->expires,
				   w->reason, w->link,
				   !waiver_covers(w, run->env.driver, run->env.release)
					   ? "for another driver or kernel"
				   : w->used ? arena_printf(q->arena, "took %u failures", w->used)
					     : "not needed"));
		label = "";
	}
}

/**
 * qualify_write_statement - the page
 * @q: the bundle, judged
 * @f: where it goes
 */
void qualify_write_statement(const struct qualification *q, FILE *f)
{
	heading(q, f);
	subject(q, f);
	rounds(q, f);
	levels(q, f);
	tests(q, f);
	clauses(q, f, "Broken", COLUMN_VIOLATED, VMIG_MUST);
	clauses(q, f, "", COLUMN_VIOLATED, VMIG_SHOULD);
	clauses(q, f, "Kernel's", COLUMN_KERNEL, VMIG_MUST);
	clauses(q, f, "", COLUMN_KERNEL, VMIG_SHOULD);
	faults(q, f);
	waivers(q, f);
	fprintf(f, "\nVerdict: %s%s\n", q->sentence,
		qualify_not_hardware(q->arena, &q->rounds[0]) ? " (no hardware)" : "");
	fprintf(f, "Bundle:  manifest sha256 %s\n", q->bundle.id);
}
