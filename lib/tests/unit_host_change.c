// SPDX-License-Identifier: GPL-2.0-only
/*
 * The record of what is to be put back: what is on it after each call, after a writer that is
 * killed at any call of the kernel, and after many writers at once.
 *
 *   unit_host_change                   the tests, as KTAP
 *   unit_host_change --write COUNT     a writer of COUNT changes, for selftests/meta/host_change.sh
 */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <vmig/host_change.h>
#include "unit.h"

static char record[64];

/* Puts @text into the record as it is. */
static void put(const char *text)
{
	FILE *f = fopen(record, "we");

	if (!f || fputs(text, f) < 0 || fclose(f))
		exit(2);
}

/* Whether that is all that is to be put back, the last change first. */
static bool listed(bool kept, const char *expected)
{
	char *text;
	int ret = __vmig_change_list(kept, &text);
	bool same;

	if (ret) {
		printf("# list: %s\n", strerror(-ret));
		return false;
	}
	same = !strcmp(text, expected);
	if (!same)
		printf("# expected: '%s'\n# got: '%s'\n", expected, text);
	free(text);
	return same;
}

static void each_call(void)
{
	struct stat st;

	UNIT(listed(true, ""), "no record: nothing is to be put back");
	UNIT(__vmig_change_drop("/a", "1") == -ENOENT, "no record: nothing can be taken from it");
	UNIT(!__vmig_change_record("/a", "1") && !__vmig_change_record("/b", "x y\tz") &&
		     !__vmig_change_record("/a", "1") && !__vmig_change_record("devlink:p/1", ""),
	     "four changes");
	UNIT(listed(true, "devlink:p/1\t\n/a\t1\n/b\tx y\tz\n/a\t1\n"), "the last one comes first");
	UNIT(!__vmig_change_drop("/a", "1") && listed(true, "devlink:p/1\t\n/b\tx y\tz\n/a\t1\n"),
	     "of two that are equal the last one is taken");
	UNIT(__vmig_change_drop("/b", "x y") == -ENOENT && __vmig_change_drop("/a", "") == -ENOENT,
	     "a part of a change is none");
	UNIT(!__vmig_change_keep() && listed(false, ""), "what is kept is nothing new");
	UNIT(!__vmig_change_record("/c", "2") && listed(false, "/c\t2\n"), "what comes then is");
	UNIT(__vmig_change_clear() == -EBUSY && __vmig_change_expire() == -EBUSY,
	     "it is not removed while something is on it");
	UNIT(!__vmig_change_drop("/c", "2") && listed(false, ""), "without it nothing is new");
	UNIT(!__vmig_change_drop("devlink:p/1", "") && !__vmig_change_drop("/b", "x y\tz") &&
		     !__vmig_change_drop("/a", "1") && listed(true, ""),
	     "all taken");
	UNIT(!stat(record, &st) && !st.st_size, "the file is empty then");
	UNIT(!__vmig_change_clear() && stat(record, &st), "and can be removed");
	UNIT(__vmig_change_record("", "1") == -EINVAL &&
		     __vmig_change_record("/a\t", "") == -EINVAL &&
		     __vmig_change_record("/a", "1\n/etc/passwd\tx") == -EINVAL &&
		     __vmig_change_record("boot", "x") == -EINVAL &&
		     __vmig_change_record("#", "x") == -EINVAL && stat(record, &st),
	     "what would be another line is refused");
}

static void found_records(void)
{
	struct vmig_setting s;

	put("boot\tanother\n/a\t1\n");
	UNIT(listed(true, ""), "a record of another boot says nothing");
	UNIT(__vmig_change_drop("/a", "1") == -ENOENT, "nothing can be taken from it");
	UNIT(!__vmig_change_record("/b", "2") && listed(true, "/b\t2\n"),
	     "the next change replaces it");
	put("boot\tanother\n/a\t1\n");
	UNIT(!__vmig_change_expire() && access(record, F_OK), "and it can be removed");
	put("/a\t1\n/b\t");
	UNIT(listed(true, "/a\t1\n"), "a line without its end was never finished");
	UNIT(!__vmig_change_record("/c", "3") && listed(true, "/c\t3\n/a\t1\n"),
	     "nothing is joined to it");
	setenv("VMIG_UNDO", "/nonexistent/undo", 1);
	UNIT(__vmig_change_record("/a", "1") == -ENOENT && vmig_setting_record(&s, "/a", "1"),
	     "no place for a record: a change needs none");
	setenv("VMIG_UNDO", "/dev/null/undo", 1);
	UNIT(!vmig_setting_record(&s, "/a", "1") && errno == ENOTDIR, "an error is no such place");
	setenv("VMIG_UNDO", record, 1);
}

struct writer {
	const char *name, *before, *after;
	int (*call)(void);
};

static int add_c(void)
{
	return __vmig_change_record("/c", "3");
}

static int drop_a(void)
{
	return __vmig_change_drop("/a", "1");
}

static int drop_b(void)
{
	return __vmig_change_drop("/b", "2");
}

static int keep(void)
{
	return __vmig_change_keep();
}

/* Runs @w in a process that ends at its @stop'th entry to or exit from the kernel; true if it does.
 */
static bool killed_at(const struct writer *w, int stop)
{
	pid_t pid = fork();
	int status, i;

	if (!pid) {
		if (ptrace(PTRACE_TRACEME, 0, NULL, NULL) || raise(SIGSTOP))
			_exit(2);
		_exit(w->call() ? 1 : 0);
	}
	waitpid(pid, &status, 0);
	for (i = 0; WIFSTOPPED(status) && i < stop; i++) {
		ptrace(PTRACE_SYSCALL, pid, NULL, NULL);
		waitpid(pid, &status, 0);
	}
	if (!WIFSTOPPED(status)) {
		UNIT(WIFEXITED(status) && !WEXITSTATUS(status), "%s: works where nobody kills it",
		     w->name);
		return false;
	}
	kill(pid, SIGKILL);
	waitpid(pid, &status, 0);
	return true;
}

static void killed_everywhere(const struct writer *w)
{
	bool good = true;
	char *text;
	int stop;

	for (stop = 0; good; stop++) {
		bool killed;

		unlink(record);
		__vmig_change_record("/a", "1");
		__vmig_change_record("/b", "2");
		killed = killed_at(w, stop);
		good = !__vmig_change_list(true, &text) &&
		       (!strcmp(text, w->after) || (killed && !strcmp(text, w->before)));
		if (!good)
			printf("# killed at stop %d: '%s'\n", stop, text);
		free(text);
		good = good && !__vmig_change_record("/d", "4") && !__vmig_change_drop("/d", "4");
		if (!killed)
			break;
	}
	UNIT(good && stop > 10, "%s: killed at each of %d stops, the record is of before or after",
	     w->name, stop);
}

#define BOTH "/b\t2\n/a\t1\n"

static const struct writer writers[] = {
	{ "add a change", BOTH, "/c\t3\n" BOTH, add_c },
	{ "take the last change", BOTH, "/a\t1\n", drop_b },
	{ "take another change", BOTH, "/b\t2\n", drop_a },
	{ "keep what is there", BOTH, BOTH, keep },
};

/* Adds @count changes; takes each of the first half at once, so that the record is empty often. */
static int write_many(int count)
{
	char path[64];
	int i;

	for (i = 0; i < count; i++) {
		snprintf(path, sizeof(path), "/%d/%d", getpid(), i);
		if (__vmig_change_record(path, "c") ||
		    (i < count / 2 && __vmig_change_drop(path, "c")))
			return 1;
	}
	return 0;
}

/* Somebody who removes the record whenever nothing is on it, until he is killed. */
static void remove_for_ever(void)
{
	alarm(60);
	for (;;) {
		__vmig_change_clear();
		usleep(100);
	}
}

static void at_once(void)
{
	int i, status, bad = 0, lines = 0;
	pid_t pid[4];
	char *text, *at;

	unlink(record);
	for (i = 0; i < 4; i++) {
		pid[i] = fork();
		if (!pid[i]) {
			if (i == 3)
				remove_for_ever();
			_exit(write_many(200));
		}
	}
	for (i = 0; i < 3; i++) {
		waitpid(pid[i], &status, 0);
		bad |= status;
	}
	kill(pid[3], SIGKILL);
	waitpid(pid[3], &status, 0);
	UNIT(!bad, "three writers at once, and one who removes empty records");
	UNIT(!__vmig_change_list(true, &text), "what they leave can be read");
	for (at = text; (at = strchr(at, '\n')); at++)
		lines++;
	UNIT(lines == 300, "%d of 300 changes are on record", lines);
	free(text);
}

int main(int argc, char **argv)
{
	char dir[] = "/tmp/vmig-unit.XXXXXX", kept[80];
	unsigned int i;

	if (argc == 3 && !strcmp(argv[1], "--write"))
		return write_many(atoi(argv[2]));
	setbuf(stdout, NULL);
	if (!mkdtemp(dir))
		return 2;
	snprintf(record, sizeof(record), "%s/undo", dir);
	snprintf(kept, sizeof(kept), "%s.kept", record);
	setenv("VMIG_UNDO", record, 1);
	each_call();
	found_records();
	for (i = 0; i < sizeof(writers) / sizeof(writers[0]); i++)
		killed_everywhere(&writers[i]);
	at_once();
	unlink(record);
	unlink(kept);
	strcat(kept, ".new");
	unlink(kept);
	rmdir(dir);
	return unit_end();
}
