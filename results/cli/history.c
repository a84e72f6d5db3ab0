// SPDX-License-Identifier: GPL-2.0-only
/* Actions of vmig-report on a history: add, merge, judge, print; and LAVA. */
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "accept.h"
#include "add.h"
#include "cli.h"
#include "db.h"
#include "labels.h"
#include "lava.h"
#include "merge.h"
#include "message.h"
#include "nightly.h"
#include "nights.h"
#include "output.h"
#include "regress.h"
#include "results_json_read.h"

/* Above the verdicts of a run, and weaker than they are. */
#define EXIT_REGRESSION 4

static int wrong(const char *sentence)
{
	error_msg("%s", sentence);
	return EXIT_UNTESTED;
}

static int add(struct arena *arena, char **argv)
{
	struct origin origin = { .host = results_json_host(arena), .night = argv[2] };
	char *dir = realpath(argv[0], NULL), *sentence;
	struct history_db h;
	bool added = false;
	json_t *results;

	if (!dir) {
		error_msg("cannot open the run directory %s: %s", argv[0], strerror(errno));
		return EXIT_UNTESTED;
	}
	origin.directory = arena_printf(arena, "%s", basename(dir));
	sentence = results_json_read(arena, dir, &results);
	free(dir);
	if (sentence)
		return wrong(sentence);
	sentence = history_open(&h, arena, argv[1], HISTORY_WRITE);
	if (!sentence) {
		sentence = history_add(&h, results, &origin, &added);
		if (!sentence)
			sentence = history_commit(&h);
		history_close(&h);
	}
	json_decref(results);
	if (sentence)
		return wrong(sentence);
	if (!added)
		printf("The history %s has this run already.\n", argv[1]);
	return close_stdout(0);
}

static int merge(struct arena *arena, char **argv)
{
	struct merged merged, all = { 0 };
	struct history_db h;
	char *sentence = history_open(&h, arena, argv[0], HISTORY_WRITE);
	int i;

	if (sentence)
		return wrong(sentence);
	for (i = 1; argv[i] && !sentence; i++) {
		sentence = history_merge(&h, argv[i], &merged);
		all.runs += sentence ? 0 : merged.runs;
		all.acceptances += sentence ? 0 : merged.acceptances;
	}
	history_close(&h);
	if (sentence)
		return wrong(sentence);
	printf("%lld runs added to %s\n", all.runs, argv[0]);
	if (all.acceptances)
		printf("%lld words on accepted changes added too\n", all.acceptances);
	return close_stdout(0);
}

/* With @h open, for whoever wants to know more; closed where there is a sentence. */
static char *judged(struct history *n, struct history_db *h, struct arena *arena, const char *path,
		    enum history_open how)
{
	const char *any = getenv("VMIG_ANY_KERNEL");
	char *sentence = history_open(h, arena, path, how);

	if (sentence)
		return sentence;
	sentence = history_load(n, h, any && *any);
	if (sentence)
		history_close(h);
	else
		history_judge(n);
	return sentence;
}

static int judge_regression(struct arena *arena, char **argv)
{
	struct history_db h;
	struct history n;
	char *sentence = judged(&n, &h, arena, argv[0], HISTORY_READ);
	unsigned int worse;

	if (sentence)
		return wrong(sentence);
	worse = label_terminal(&n, argv[1], stdout);
	history_close(&h);
	return close_stdout(worse ? EXIT_REGRESSION : 0);
}

static int suspects(struct arena *arena, char **argv)
{
	struct history_db h;
	struct history n;
	char *sentence = judged(&n, &h, arena, argv[0], HISTORY_READ);

	if (sentence)
		return wrong(sentence);
	label_suspects(&n, argv[1], stdout);
	history_close(&h);
	return close_stdout(0);
}

/* Printed last, when the change is durable. */
static int accept(struct arena *arena, char **argv, bool withdraw)
{
	struct baseline_change_request ask = { .pattern = argv[1],
					       .reason = argv[2],
					       .device = argv[3] ? argv[3] : "",
					       .night = argv[3] && argv[4] ? argv[4] : "",
					       .withdraw = withdraw };
	char *said = NULL, *sentence;
	struct history_db h;
	struct history n;
	size_t size;
	FILE *f;

	sentence = judged(&n, &h, arena, argv[0], HISTORY_EXTEND);
	if (sentence)
		return wrong(sentence);
	f = open_memstream(&said, &size);
	if (!f) {
		sentence = arena_printf(arena, "out of memory");
	} else {
		sentence = baseline_change_add(&n, &ask, f);
		fclose(f);
		sentence = sentence ? sentence : history_commit(&h);
	}
	history_close(&h);
	if (!sentence)
		fputs(said, stdout);
	free(said);
	return sentence ? wrong(sentence) : close_stdout(0);
}

/* The file appears complete, or the one before stays. */
static int write_page(struct history *n, int dirfd, const char *name)
{
	struct output out;
	int err;

	output_open(&out, dirfd, name);
	if (out.file)
		nightly_write(n, out.file);
	err = output_close(&out);
	err = err ? err : output_publish(&out);
	if (err)
		output_discard(&out);
	return err;
}

static int html(struct arena *arena, char **argv)
{
	char *slash, *dir = arena_printf(arena, "%s", argv[1]), *sentence;
	const char *name = dir;
	struct history_db h;
	struct history n;
	int dirfd, err;

	slash = strrchr(dir, '/');
	if (slash) {
		*slash = '\0';
		name = slash + 1;
	}
	sentence = judged(&n, &h, arena, argv[0], HISTORY_READ);
	if (sentence)
		return wrong(sentence);
	dirfd = open(!slash ? "." : *dir ? dir : "/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	err = dirfd < 0 ? errno : write_page(&n, dirfd, name);
	if (dirfd >= 0)
		close(dirfd);
	if (h.err != SQLITE_OK)
		sentence = history_failed(&h, "read");
	else if (err)
		sentence = arena_printf(arena, "cannot write %s: %s; make room or give permission",
					argv[1], strerror(err));
	history_close(&h);
	return sentence ? wrong(sentence) : close_stdout(0);
}

static int lava(struct arena *arena, const char *dir, bool signals)
{
	json_t *results;
	char *sentence = results_json_read(arena, dir, &results);

	if (sentence)
		return wrong(sentence);
	lava_write(results, stdout, signals);
	json_decref(results);
	return close_stdout(0);
}

static int lava_signals(struct arena *arena, char **argv)
{
	return lava(arena, argv[0], true);
}

static int lava_result(struct arena *arena, char **argv)
{
	return lava(arena, argv[0], false);
}

static int history_accept(struct arena *arena, char **argv)
{
	return accept(arena, argv, false);
}

static int history_withdraw(struct arena *arena, char **argv)
{
	return accept(arena, argv, true);
}

const struct action history_actions[] = {
	{ "history-add", "RUNDIR DB [NIGHT]", 2, 3, add,
	  "add the results.json of a run; NIGHT is when the nightly began that it is of. VMIG_HOST "
	  "in the environment is the name of the machine" },
	{ "history-merge", "DB OTHER...", 2, 64, merge,
	  "add the runs of other histories that are not in DB yet" },
	{ "judge-regression", "DB [NIGHT]", 1, 2, judge_regression,
	  "which metrics of the newest runs are worse than in the nights before? With NIGHT, of its "
	  "runs only. Exit code 4 if any is, else 0" },
	{ "suspects", "DB NIGHT", 2, 2, suspects,
	  "print each device of that night with a metric that is worse and was measured once only: "
	  "its name, a tab, the tests that measure it" },
	{ "history-accept", "DB METRIC REASON [DEVICE [NIGHT]]", 3, 5, history_accept,
	  "what is worse of the metrics that match the glob METRIC is as it shall be: from the night "
	  "on in which it became so, or from NIGHT on, they are compared with the nights since then. "
	  "No DEVICE, or \"\": of all" },
	{ "history-withdraw", "DB METRIC REASON [DEVICE [NIGHT]]", 3, 5, history_withdraw,
	  "they were accepted by mistake, and are compared as before" },
	{ "nightly-html", "DB FILE", 2, 2, html, "write the page that tells all of it" },
	{ 0 }
};

const struct action lava_actions[] = {
	{ "lava", "RUNDIR", 1, 1, lava_signals,
	  "print a <LAVA_SIGNAL_TESTCASE ...> for each test and measurement" },
	{ "lava-result", "RUNDIR", 1, 1, lava_result,
	  "print lines of a result.txt: name result [measurement units]" },
	{ 0 }
};
