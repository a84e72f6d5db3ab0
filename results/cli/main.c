// SPDX-License-Identifier: GPL-2.0-only
/* vmig-report: from a run directory to a verdict, and the catalogue next to the tests. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <vmig/error.h>
#include <vmig/input.h>
#include <vmig/profile.h>
#include <vmig/profile_keys.h>
#include <vmig/version.h>

#include "action.h"
#include "catalogue.h"
#include "cli.h"
#include "conforming.h"
#include "defects.h"
#include "freedoms.h"
#include "judge.h"
#include "junit.h"
#include "load.h"
#include "map.h"
#include "message.h"
#include "mutants.h"
#include "mutants_write.h"
#include "output.h"
#include "report.h"
#include "results_json.h"
#include "runs_table.h"
#include "terminal.h"
#include "verdict.h"

#define FILES_MAX 4

/* A file that is written of a run, of mutants or of drivers that conform. */
struct form {
	const char *name;
	void (*run)(struct run *run, FILE *f);
	void (*mutants)(const struct mutants *m, FILE *f);
};

/* All of one, up to one without a name. */

static const struct form run_forms[] = { { "results.json", .run = results_json_write },
					 { "junit.xml", .run = junit_write },
					 { "report.html", .run = html_write },
					 { "kcidb.json", .run = kcidb_write },
					 { 0 } };

static const struct form mutants_forms[] = { { "mutants.json", .mutants = mutants_json },
					     { "mutants.txt", .mutants = mutants_text },
					     { 0 } };

static const struct form conforming_forms[] = { { "conforming.txt", .mutants = conforming_text },
						{ 0 } };

/* All or none: a report and a verdict of different runs would be worse than none. */
static bool write_files(const struct form *files, struct run *run, const struct mutants *mutants,
			int dirfd, const char *dir)
{
	struct output out[FILES_MAX];
	int nr, i, err = 0, bad = 0;

	for (nr = 0; files[nr].name; nr++)
		;
	for (i = 0; i < nr; i++) {
		output_open(&out[i], dirfd, files[i].name);
		if (out[i].file && !err && run)
			files[i].run(run, out[i].file);
		if (out[i].file && !err && mutants)
			files[i].mutants(mutants, out[i].file);
		if (output_close(&out[i]) && !err) {
			err = out[i].err;
			bad = i;
		}
	}
	for (i = 0; i < nr && !err; i++) {
		err = output_publish(&out[i]);
		bad = i;
	}
	/* The names too are to be there after a power failure; not each file system knows how. */
	if (!err && fsync(dirfd) && errno != EINVAL)
		err = errno;
	if (!err)
		return true;
	for (i = 0; i < nr; i++)
		output_discard(&out[i]);
	error_msg("cannot write %s in %s: %s; make room or give permission, and run vmig-report "
		  "on that directory again",
		  files[bad].name, dir, strerror(err));
	return false;
}

static bool want_colour(void)
{
	const char *no = getenv("NO_COLOR"), *term = getenv("TERM");

	return isatty(STDOUT_FILENO) && !(no && *no) && !(term && !strcmp(term, "dumb"));
}

/* A directory without any output of a test program. */
static int nothing_there(const struct run *run, const char *dir)
{
	if (run->record.status == RUN_INTERRUPTED) {
		error_msg("the run in %s was interrupted before the first test", dir);
		return 130;
	}
	if (run->record.status == RUN_GUEST_DIED)
		error_msg("could not be tested: the guest died before the first test, see "
			  "%s/console.log",
			  dir);
	else
		error_msg(
			"could not be tested: %s holds no ktap/*.ktap; give the directory of a run "
			"as run.sh makes it",
			dir);
	return EXIT_UNTESTED;
}

static int report_dir(struct arena *arena, const char *dir)
{
	struct run run;
	char *wrong;
	int dirfd, code;

	dirfd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (dirfd < 0) {
		error_msg(
			"cannot open the run directory %s: %s; give a directory as run.sh makes it",
			dir, strerror(errno));
		return EXIT_UNTESTED;
	}
	wrong = run_load(&run, arena, dirfd);
	if (wrong) {
		error_msg("%s/%s", dir, wrong);
		code = EXIT_UNTESTED;
	} else if (!run.chapters && !run.nr_problems) {
		code = nothing_there(&run, dir);
	} else {
		judge_run(&run);
		judge_verdict(&run);
		code = write_files(run_forms, &run, NULL, dirfd, dir) ? run.exit_code
								      : EXIT_UNTESTED;
		terminal_write(&run, stdout, want_colour());
		code = close_stdout(code);
	}
	close(dirfd);
	return code;
}

/* What is asked of a directory of run.sh --mutants or --conforming. */
enum ask { ASK_MUTANTS, ASK_SURVIVORS, ASK_CONFORMING };

static int mutants_dir(struct arena *arena, const char *dir, enum ask ask)
{
	struct mutants m;
	int dirfd, code;
	char *wrong;

	dirfd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (dirfd < 0) {
		error_msg("cannot open %s: %s; give a directory as run.sh --mutants makes it", dir,
			  strerror(errno));
		return EXIT_UNTESTED;
	}
	wrong = mutants_load(&m, arena, dirfd);
	if (wrong) {
		error_msg("%s/%s", dir, wrong);
		code = EXIT_UNTESTED;
	} else if (ask == ASK_SURVIVORS) {
		mutants_survivors(&m, stdout);
		code = close_stdout(0);
	} else if (ask == ASK_CONFORMING) {
		code = !!conforming_accused(&m);
		if (!write_files(conforming_forms, NULL, &m, dirfd, dir))
			code = EXIT_UNTESTED;
		conforming_text(&m, stdout);
		code = close_stdout(code);
	} else {
		code = m.killed < m.nr || m.nr_alarms;
		if (!write_files(mutants_forms, NULL, &m, dirfd, dir))
			code = EXIT_UNTESTED;
		mutants_text(&m, stdout);
		code = close_stdout(code);
	}
	close(dirfd);
	return code;
}

static int mutants(struct arena *arena, char **argv)
{
	return mutants_dir(arena, argv[0], ASK_MUTANTS);
}

static int survivors(struct arena *arena, char **argv)
{
	return mutants_dir(arena, argv[0], ASK_SURVIVORS);
}

static int conforming(struct arena *arena, char **argv)
{
	return mutants_dir(arena, argv[0], ASK_CONFORMING);
}

/* The tests of a list; NULL after a sentence. */
static struct listed_test *read_list(struct arena *arena, const char *file)
{
	struct listed_test *tests;
	struct text contents;
	char *wrong = NULL;
	int err;

	err = vmig_input_read(arena, AT_FDCWD, file, &contents);
	if (err) {
		error_msg("cannot read the list of tests %s: %s", file, strerror(err));
		return NULL;
	}
	tests = catalogue_parse(arena, contents, &wrong);
	if (!tests)
		error_msg("%s: %s; give what vmig_CHAPTER --list prints", file,
			  wrong ? wrong : "no test in the list");
	return tests;
}

static int list(struct arena *arena, char **argv)
{
	struct listed_test *tests = read_list(arena, argv[0]);

	if (!tests)
		return EXIT_UNTESTED;
	catalogue_tests(arena, tests, stdout);
	return close_stdout(0);
}

static int clauses(struct arena *arena, char **argv)
{
	struct listed_test *tests = read_list(arena, argv[0]);

	if (!tests)
		return EXIT_UNTESTED;
	catalogue_clauses(arena, tests, stdout);
	return close_stdout(0);
}

static int check_coverage(struct arena *arena, char **argv)
{
	struct listed_test *tests = read_list(arena, argv[0]);

	if (!tests)
		return EXIT_UNTESTED;
	return close_stdout(!!catalogue_gaps(tests, stdout));
}

static int map(struct arena *arena, char **argv)
{
	int dirfd = open(argv[1], O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct listed_test *tests;

	if (dirfd < 0) {
		error_msg("cannot open %s: %s; give selftests/test_modules/history", argv[1],
			  strerror(errno));
		return EXIT_UNTESTED;
	}
	tests = read_list(arena, argv[0]);
	if (tests)
		map_write(arena, tests, dirfd, stdout);
	close(dirfd);
	return tests ? close_stdout(0) : EXIT_UNTESTED;
}

static int clause_sources(struct arena *arena, char **argv)
{
	(void)arena;
	(void)argv;
	catalogue_sources(stdout);
	return close_stdout(0);
}

static int profile_keys(struct arena *arena, char **argv)
{
	struct vmig_profile_key key;
	size_t i;

	(void)arena;
	(void)argv;
	for (i = 0; vmig_profile_key(i, &key); i++)
		printf("%s\t%s\t%s\t%s\n", key.name, key.once ? "once" : "any number of times",
		       key.form, key.what);
	return close_stdout(0);
}

static int check_profile(struct arena *arena, char **argv)
{
	const char *file = argv[0];
	struct text contents;
	char *wrong;
	int err;

	err = vmig_input_read(arena, AT_FDCWD, file, &contents);
	if (err)
		error_msg("cannot read the profile %s: %s", file, strerror(err));
	else if (!vmig_profile_parse(arena, contents, &wrong))
		error_msg("%s, %s", file, wrong);
	else
		return 0;
	return EXIT_UNTESTED;
}

static int defects(struct arena *arena, char **argv)
{
	(void)arena;
	(void)argv;
	return close_stdout(!!defects_list(stdout));
}

static int freedoms(struct arena *arena, char **argv)
{
	(void)arena;
	(void)argv;
	freedoms_list(stdout);
	return close_stdout(0);
}

static int version(struct arena *arena, char **argv)
{
	(void)arena;
	(void)argv;
	printf("vmig-report %s, commit %s\n", vmig_version, vmig_commit);
	return close_stdout(0);
}

static int report(struct arena *arena, char **argv)
{
	if (argv[0] && !argv[1])
		return report_dir(arena, argv[0]);
	if (!argv[0])
		error_msg("give the directory of a run; --help says more");
	else
		error_msg("cannot make sense of \"%s\"; --help shows what can be asked for",
			  argv[1]);
	return EXIT_UNTESTED;
}

static int table(struct arena *arena, char **argv)
{
	char *sentence = runs_table_write(arena, argv, stdout);

	if (sentence)
		error_msg("%s", sentence);
	return close_stdout(sentence ? EXIT_UNTESTED : 0);
}

static int help(struct arena *arena, char **argv);

static const struct action list_actions[] = {
	{ "list", "LISTFILE", 1, 1, list, "print each test with the clauses it checks" },
	{ "clauses", "LISTFILE", 1, 1, clauses,
	  "print each clause with its level, who is responsible, its statement and its "
	  "tests, or the reason why it has none" },
	{ "check-coverage", "LISTFILE", 1, 1, check_coverage,
	  "print what does not fit between the two, exit 1 if anything" },
	{ "map", "LISTFILE HISTORY", 2, 2, map,
	  "print a page in Markdown: each clause with its tests, and each bug that migration drivers "
	  "had with the tests of the clause that it broke; HISTORY is the directory of the patches "
	  "that bring bugs back" },
	{ 0 }
};

static const struct action clause_actions[] = {
	{ "clause-sources", "", 0, 0, clause_sources,
	  "print what each clause rests on: clause, level, first kernel, file, function, words; "
	  "tabs between, - for what there is not" },
	{ 0 }
};

static const struct action table_actions[] = {
	{ "table", "RUNDIR...", 1, 999, table,
	  "print a line for each of several runs that have a report: driver, kernel, how many tests "
	  "passed, failed, were known to fail, were skipped; seconds; verdict" },
	{ 0 }
};

static const struct action profile_actions[] = {
	{ "profile-keys", "", 0, 0, profile_keys,
	  "print each key: name, how often, form, what it says; tabs between" },
	{ "check-profile", "FILE", 1, 1, check_profile,
	  "exit 2 with a sentence if it has not the form of a profile" },
	{ 0 }
};

static const struct action defect_actions[] = {
	{ "defects", "", 0, 0, defects,
	  "print each defect: name, driver, clause that it breaks, what goes wrong, who had it; tabs "
	  "between" },
	{ "mutants", "DIR", 1, 1, mutants,
	  "from what run.sh --mutants left: print which defect was noticed by which tests, write "
	  "mutants.json and mutants.txt next to it; exit 0 if each one was and nothing failed "
	  "without a defect" },
	{ "survivors", "DIR", 1, 1, survivors,
	  "print the names of the defects that no test has noticed, but for those that took device "
	  "or guest down" },
	{ "freedoms", "", 0, 0, freedoms,
	  "print each way to conform that they can take: name, driver, chapters that it can affect, "
	  "what the driver does, the words of the header that let it; tabs between" },
	{ "conforming", "DIR", 1, 1, conforming,
	  "from what run.sh --conforming left: print which of these drivers were accused, by which "
	  "tests, write conforming.txt next to it; exit 0 if none was" },
	{ 0 }
};

static const struct action other_actions[] = { { "help", "", 0, 0, help, "print this" },
					       { "version", "", 0, 0, version,
						 "print the version" },
					       { 0 } };

static const struct action_group groups[] = {
	{ "With a list of tests (what `vmig_CHAPTER --list` prints for each chapter; - reads it from "
	  "standard input):",
	  list_actions },
	{ "Of the catalogue of clauses:", clause_actions },
	{ "Of several runs:", table_actions },
	{ "Of the profiles of drivers:", profile_actions },
	{ "Of the reference drivers, which can have one defect, or take one freedom, at a time:",
	  defect_actions },
	{ "A history of runs, an SQLite database (results/schema/history.sql). Old rows are never "
	  "changed. Tests that have samples are judged against the nights before on the same host, "
	  "kernel, device and driver; with VMIG_ANY_KERNEL in the environment, on any kernel:",
	  history_actions },
	{ "For LAVA, of a run that has a report:", lava_actions },
	{ "Of a qualification (run.sh --qualify and --verify, which make and look at signatures). "
	  "BUNDLE is a bundle.tar.zst, or the archive in it; - is standard input:",
	  qualify_actions },
	{ "Of the program:", other_actions },
	{ 0 }
};

static const struct command command = {
	.usage = "Usage: vmig-report RUNDIR\n"
		 "       vmig-report --ACTION [ARGUMENT]...\n",
	.doc = "With a run directory: reads what a run of the vmig suite left there (ktap/*.ktap, "
	       "dmesg.txt, environment.json, run.json, profile.conf; any of them may be missing or "
	       "cut off), writes results.json, junit.xml, report.html and kcidb.json next to it, "
	       "prints a summary, and exits with the verdict:\n"
	       "\n"
	       "    0  conformant, as it is or but for the known deviations of the profile\n"
	       "    1  a clause was violated that no profile knows of, a known deviation did not come,\n"
	       "       or tests could not judge\n"
	       "    2  could not be tested\n"
	       "    3  no clause was violated, but the kernel complained\n"
	       "  130  the run was interrupted\n"
	       "\v"
	       "An argument that begins with a dash stands behind --. NO_COLOR in the environment "
	       "turns colour off; output that is no terminal has none.",
	.groups = groups,
	.other = report,
};

static int help(struct arena *arena, char **argv)
{
	(void)argv;
	return action_help(arena, &command);
}

/* No memory: what vmig_fail() is called for here. */
static void give_up(const char *what)
{
	error_msg("%s; free some and run it again on the same directory", what);
	exit(EXIT_UNTESTED);
}

int main(int argc, char **argv)
{
	struct arena *arena;
	int code;

	/* A file that may not grow is an error of write(), and not a signal. */
	signal(SIGXFSZ, SIG_IGN);
	vmig_set_fail_hook(give_up);
	arena = arena_new();
	code = action_run(arena, &command, argc, argv);
	arena_free(arena);
	return code;
}
