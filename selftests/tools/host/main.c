// SPDX-License-Identifier: GPL-2.0-only
/*
 * vmig_host: the record of the changes made to this host, which have to be undone, for shell
 * scripts (configs/host/undo.sh). Test programs keep the same record by lib/base/host_change.c;
 * nobody else writes it. Exit code 0; 1 for an answer "no"; 2 with one sentence on stderr.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <vmig/host_change.h>

#define EXIT_NO 1
#define EXIT_USAGE 2

static const char usage[] =
	"usage: vmig_host record PATH VALUE  writing VALUE to PATH undoes what comes next\n"
	"       vmig_host drop PATH VALUE    that was written, the last one of several\n"
	"       vmig_host list [--new]       PATH<TAB>VALUE each, the last one first; --new: none\n"
	"                                    that was kept\n"
	"       vmig_host keep               what is on record now stays\n"
	"       vmig_host expire             remove a record of an earlier boot; 1: it is none\n"
	"       vmig_host clear              remove a record that nothing is on; 1: something is\n"
	"The record is the file VMIG_UNDO, or /run/vmig/undo.\n";

/* That there is no place for the record is a failure here. */
static int record(const char *path, const char *value)
{
	int ret = __vmig_change_record(path, value);

	return ret == -ENOENT ? -ENOTDIR : ret;
}

static int list(bool kept)
{
	char *text;
	int ret = __vmig_change_list(kept, &text);

	if (ret)
		return ret;
	ret = fputs(text, stdout) < 0 || fflush(stdout) ? -errno : 0;
	free(text);
	return ret;
}

/* An errno of the library as an exit code; these two are answers and no failures. */
static int answer(int ret)
{
	if (ret == -ENOENT || ret == -EBUSY)
		return EXIT_NO;
	if (!ret)
		return 0;
	fprintf(stderr, "vmig: the record %s cannot be read or written: %s\n", vmig_change_file(),
		ret == -ETIMEDOUT ? "another process has it locked" : strerror(-ret));
	return EXIT_USAGE;
}

/* Ctrl-C is for the script that starts us: it waits for this line, and puts back what is on it. */
static void finish_first(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGHUP);
	sigprocmask(SIG_BLOCK, &set, NULL);
}

int main(int argc, char **argv)
{
	const char *what = argc > 1 ? argv[1] : "";

	finish_first();
	if (argc == 4 && !strcmp(what, "record"))
		return answer(record(argv[2], argv[3]));
	if (argc == 4 && !strcmp(what, "drop"))
		return answer(__vmig_change_drop(argv[2], argv[3]));
	if (argc == 2 && !strcmp(what, "list"))
		return answer(list(true));
	if (argc == 3 && !strcmp(what, "list") && !strcmp(argv[2], "--new"))
		return answer(list(false));
	if (argc == 2 && !strcmp(what, "keep"))
		return answer(__vmig_change_keep());
	if (argc == 2 && !strcmp(what, "expire"))
		return answer(__vmig_change_expire());
	if (argc == 2 && !strcmp(what, "clear"))
		return answer(__vmig_change_clear());
	fputs(usage, stderr);
	return EXIT_USAGE;
}
