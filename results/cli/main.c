// SPDX-License-Identifier: GPL-2.0-only
/* vmig-report: from a run directory to a verdict, and the catalogue next to the tests. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <vmig/version.h>

#include "catalogue.h"
#include "cli.h"
#include "defects.h"
#include "history.h"
#include "input.h"
#include "judge.h"
#include "junit.h"
#include "keys.h"
#include "load.h"
#include "map.h"
#include "message.h"
#include "mutants.h"
#include "mutants_write.h"
#include "output.h"
#include "profile.h"
#include "report.h"
#include "results_json.h"
#include "terminal.h"
#include "verdict.h"

static const char help[] =
	"Usage: vmig-report RUNDIR\n"
	"       vmig-report --list LISTFILE\n"
	"       vmig-report --clauses LISTFILE\n"
	"       vmig-report --check-coverage LISTFILE\n"
	"       vmig-report --map LISTFILE HISTORY\n"
	"       vmig-report --defects\n"
	"       vmig-report --profile-keys\n"
	"       vmig-report --check-profile FILE\n"
	"       vmig-report --mutants DIR\n"
	"       vmig-report --survivors DIR\n"
	"       vmig-report --history-add | --history-merge | --history-accept ...\n"
	"       vmig-report --judge-regression | --nightly-html ...\n"
	"       vmig-report --lava | --lava-result RUNDIR\n"
	"       vmig-report --verify BUNDLE [DIR]\n"
	"       vmig-report --bundle-file BUNDLE NAME\n"
	"       vmig-report --bundle-manifest | --bundle-write DIR\n"
	"       vmig-report --waivers FILE DRIVER KERNEL DAY\n"
	"       vmig-report --mustpass-tests LIST\n"
	"       vmig-report --mustpass-make HEAD RUNDIR...\n"
	"\n"
	"With a run directory: reads what a run of the vmig suite left there (ktap/*.ktap,\n"
	"dmesg.txt, environment.json, run.json, profile.conf; any of them may be missing or\n"
	"cut off), writes results.json, junit.xml, report.html and kcidb.json next to it,\n"
	"prints a summary, and exits with the verdict:\n"
	"\n"
	"    0  conformant, as it is or but for the known deviations of the profile\n"
	"    1  a clause was broken that no profile knows of, a known deviation did not\n"
	"       come, or tests could not judge\n"
	"    2  could not be tested\n"
	"    3  no clause was broken, but the kernel complained\n"
	"  130  the run was interrupted\n"
	"\n"
	"With a list of tests (what `vmig_CHAPTER --list` prints for each chapter; - reads\n"
	"it from standard input):\n"
	"\n"
	"  --list            print each test with the clauses it checks\n"
	"  --clauses         print each clause with its level, its keeper, its statement and\n"
	"                    its tests, or the reason why it has none\n"
	"  --check-coverage  print what does not fit between the two, exit 1 if anything\n"
	"\n"
	"  --map             print a page in Markdown: each clause with its tests, and each bug that\n"
	"                    migration drivers had with the tests of the clause that it broke;\n"
	"                    HISTORY is the directory of the patches that bring bugs back\n"
	"\n"
	"Of the profiles of drivers:\n"
	"\n"
	"  --profile-keys    print each key: name, how often, form, what it says; tabs between\n"
	"  --check-profile FILE\n"
	"                    exit 2 with a sentence if it has not the form of a profile\n"
	"\n"
	"Of the reference drivers, which can have one defect at a time:\n"
	"\n"
	"  --defects         print each defect: name, driver, clause that it breaks, what goes\n"
	"                    wrong, who had it; tabs between\n"
	"  --mutants DIR     from what run.sh --mutants left: print which defect was noticed\n"
	"                    by which tests, write mutants.json and mutants.txt next to it;\n"
	"                    exit 0 if each one was and nothing failed without a defect\n"
	"  --survivors DIR   print the names of the defects that no test has noticed, but for\n"
	"                    those that took device or guest down\n"
	"\n";

static const char help_end[] =
	"Of a qualification (run.sh --qualify and --verify, which make and look at signatures).\n"
	"BUNDLE is a bundle.tar.zst, or the archive in it; - is standard input:\n"
	"\n"
	"  --verify          derive the verdict from what a bundle holds, print the statement;\n"
	"                    exit 0 conformant, 1 not, 2 refused, and why. If it is signed, manifest\n"
	"                    and manifest.sig of it go into DIR\n"
	"  --bundle-file     print one file of a bundle\n"
	"  --bundle-manifest write the manifest of the qualification in DIR\n"
	"  --bundle-write    write DIR/bundle.tar.zst of it, with that manifest\n"
	"  --waivers         print those waivers of a file that are for this driver on this\n"
	"                    kernel, as lines of a profile; exit 2 if one has expired\n"
	"  --mustpass-tests  print rounds, seed and stress of the frozen list, then its tests\n"
	"  --mustpass-make   print a list made of runs of the reference drivers, behind the\n"
	"                    lines of HEAD\n"
	"\n"
	"  --help            print this\n"
	"  --version         print the version\n"
	"\n"
	"NO_COLOR in the environment turns colour off; output that is no terminal has none.\n";

#define FILES_MAX 4

/* A file that is written of a run, or of mutants. */
struct form {
	const char *name;
	void (*run)(struct run *run, FILE *f);
	void (*mutants)(const struct mutants *m, FILE *f);
};

static const struct form run_forms[] = {
	{ "results.json", .run = write_json },
	{ "junit.xml", .run = write_junit },
	{ "report.html", .run = write_html },
	{ "kcidb.json", .run = write_kcidb },
};

static const struct form mutants_forms[] = {
	{ "mutants.json", .mutants = mutants_json },
	{ "mutants.txt", .mutants = mutants_text },
};

/* All or none: a report and a verdict of different runs would be worse than none. */
static bool write_files(struct run *run, const struct mutants *mutants, int dirfd, const char *dir)
{
	const struct form *files = run ? run_forms : mutants_forms;
	const int nr = run ? sizeof(run_forms) / sizeof(run_forms[0])
			   : sizeof(mutants_forms) / sizeof(mutants_forms[0]);
	struct output out[FILES_MAX];
	int i, err = 0, bad = 0;

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
	complain("cannot write %s in %s: %s; make room or give permission, and run vmig-report "
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
		complain("the run in %s was interrupted before the first test", dir);
		return 130;
	}
	if (run->record.status == RUN_GUEST_DIED)
		complain("could not be tested: the guest died before the first test, see "
			 "%s/console.log",
			 dir);
	else
		complain(
			"could not be tested: %s holds no ktap/*.ktap; give the directory of a run "
			"as run.sh makes it",
			dir);
	return EXIT_UNTESTED;
}

static int report(struct pool *pool, const char *dir)
{
	struct run run;
	char *wrong;
	int dirfd, code;

	dirfd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (dirfd < 0) {
		complain(
			"cannot open the run directory %s: %s; give a directory as run.sh makes it",
			dir, strerror(errno));
		return EXIT_UNTESTED;
	}
	wrong = model_load(&run, pool, dirfd);
	if (wrong) {
		complain("%s/%s", dir, wrong);
		code = EXIT_UNTESTED;
	} else if (!run.chapters && !run.nr_problems) {
		code = nothing_there(&run, dir);
	} else {
		judge(&run);
		verdict(&run);
		code = write_files(&run, NULL, dirfd, dir) ? run.exit_code : EXIT_UNTESTED;
		write_terminal(&run, stdout, want_colour());
		code = flushed(code);
	}
	close(dirfd);
	return code;
}

static int mutants(struct pool *pool, const char *option, const char *dir)
{
	struct mutants m;
	int dirfd, code;
	char *wrong;

	dirfd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (dirfd < 0) {
		complain("cannot open %s: %s; give a directory as run.sh --mutants makes it", dir,
			 strerror(errno));
		return EXIT_UNTESTED;
	}
	wrong = mutants_load(&m, pool, dirfd);
	if (wrong) {
		complain("%s/%s", dir, wrong);
		code = EXIT_UNTESTED;
	} else if (!strcmp(option, "--survivors")) {
		mutants_survivors(&m, stdout);
		code = flushed(0);
	} else {
		code = m.killed < m.nr || m.nr_alarms;
		if (!write_files(NULL, &m, dirfd, dir))
			code = EXIT_UNTESTED;
		mutants_text(&m, stdout);
		code = flushed(code);
	}
	close(dirfd);
	return code;
}

static int catalogue(struct pool *pool, const char *option, const char *file, int history)
{
	struct listed_test *tests;
	struct text contents;
	char *wrong = NULL;
	unsigned int gaps = 0;
	int err;

	err = input_read(pool, AT_FDCWD, file, &contents);
	if (err) {
		complain("cannot read the list of tests %s: %s", file, strerror(err));
		return EXIT_UNTESTED;
	}
	tests = catalogue_parse(pool, contents, &wrong);
	if (!tests) {
		complain("%s: %s; give what vmig_CHAPTER --list prints", file,
			 wrong ? wrong : "no test in the list");
		return EXIT_UNTESTED;
	}
	if (!strcmp(option, "--list"))
		catalogue_tests(pool, tests, stdout);
	else if (!strcmp(option, "--clauses"))
		catalogue_clauses(pool, tests, stdout);
	else if (!strcmp(option, "--map"))
		map_write(pool, tests, history, stdout);
	else
		gaps = catalogue_gaps(tests, stdout);
	return flushed(!!gaps);
}

static int map(struct pool *pool, const char *list, const char *history)
{
	int dirfd = open(history, O_RDONLY | O_DIRECTORY | O_CLOEXEC), code;

	if (dirfd < 0) {
		complain("cannot open %s: %s; give selftests/test_modules/history", history,
			 strerror(errno));
		return EXIT_UNTESTED;
	}
	code = catalogue(pool, "--map", list, dirfd);
	close(dirfd);
	return code;
}

static int check_profile(struct pool *pool, const char *file)
{
	struct text contents;
	char *wrong;
	int err;

	err = input_read(pool, AT_FDCWD, file, &contents);
	if (err)
		complain("cannot read the profile %s: %s", file, strerror(err));
	else if (!profile_parse(pool, contents, &wrong))
		complain("%s, %s", file, wrong);
	else
		return 0;
	return EXIT_UNTESTED;
}

static bool wants_list(const char *option)
{
	return !strcmp(option, "--list") || !strcmp(option, "--clauses") ||
	       !strcmp(option, "--check-coverage");
}

static bool wants_mutants(const char *option)
{
	return !strcmp(option, "--mutants") || !strcmp(option, "--survivors");
}

static int run_option(struct pool *pool, int argc, char **argv)
{
	if (argc == 2 && !strcmp(argv[1], "--help")) {
		fputs(help, stdout);
		fputs(history_help, stdout);
		fputs(help_end, stdout);
		return flushed(0);
	}
	if (argc == 2 && !strcmp(argv[1], "--version")) {
		printf("vmig-report %s, commit %s\n", vmig_version, vmig_commit);
		return flushed(0);
	}
	if (argc == 2 && !strcmp(argv[1], "--defects"))
		return flushed(!!defects_list(stdout));
	if (argc >= 2 && history_wanted(argv[1]))
		return history_command(pool, argc, argv);
	if (argc == 2 && !strcmp(argv[1], "--profile-keys")) {
		profile_keys_list(stdout);
		return flushed(0);
	}
	if (argc == 3 && !strcmp(argv[1], "--check-profile"))
		return check_profile(pool, argv[2]);
	if (argc == 3 && wants_mutants(argv[1]))
		return mutants(pool, argv[1], argv[2]);
	if (argc == 3 && wants_list(argv[1]))
		return catalogue(pool, argv[1], argv[2], -1);
	if (argc == 4 && !strcmp(argv[1], "--map"))
		return map(pool, argv[2], argv[3]);
	if (argc > 1 && qualify_option(argv[1]))
		return qualify_run(pool, argc, argv);
	if (argc == 2 && argv[1][0] != '-')
		return report(pool, argv[1]);
	if (argc == 1)
		complain("give the directory of a run; --help says more");
	else if (argc == 2 && wants_list(argv[1]))
		complain("%s needs the list of tests, a file or -; --help says more", argv[1]);
	else if (argc == 2 && wants_mutants(argv[1]))
		complain("%s needs a directory of run.sh --mutants; --help says more", argv[1]);
	else
		complain("cannot make sense of \"%s\"; --help shows what can be asked for",
			 argv[argc > 3			      ? 3
			      : argc > 2 && argv[1][0] != '-' ? 2
							      : 1]);
	return EXIT_UNTESTED;
}

int main(int argc, char **argv)
{
	struct pool *pool;
	int code;

	/* A file that may not grow is an error of write(), and not a signal. */
	signal(SIGXFSZ, SIG_IGN);
	pool = pool_new();
	code = run_option(pool, argc, argv);
	pool_free(pool);
	return code;
}
