// SPDX-License-Identifier: GPL-2.0-only
/* Small files, and memory that children share. */
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <vmig/shared.h>
#include <vmig/sysfs.h>
#include "unit.h"

static char file[] = "/tmp/vmig-unit-sysfs-XXXXXX";

static bool put(const char *contents)
{
	FILE *f = fopen(file, "w");

	return f && fputs(contents, f) >= 0 && !fclose(f);
}

static void lines(void)
{
	char buf[8];

	UNIT(!vmig_sysfs_line("/no/such/file", buf, sizeof(buf)) && !buf[0], "no file is no line");
	UNIT(!vmig_sysfs_line("/tmp", buf, sizeof(buf)) && !buf[0], "a directory is none");
	UNIT(put("") && !vmig_sysfs_line(file, buf, sizeof(buf)) && !buf[0], "nor an empty file");
	UNIT(vmig_sysfs_read(file, buf, sizeof(buf)), "... which can be read, though");
	UNIT(put("\nx") && vmig_sysfs_line(file, buf, sizeof(buf)) && !buf[0], "an empty line");
	UNIT(put("ab\ncd\n") && vmig_sysfs_line(file, buf, sizeof(buf)) && !strcmp(buf, "ab"),
	     "the first line, without its end");
	UNIT(vmig_sysfs_read(file, buf, sizeof(buf)) && !strcmp(buf, "ab\ncd\n"), "all lines");
	UNIT(put("123456789") && vmig_sysfs_line(file, buf, sizeof(buf)) && !strcmp(buf, "1234567"),
	     "a line that does not fit is cut");
}

static void numbers(void)
{
	unsigned long long n = 7;

	UNIT(put("x1\n") && !vmig_sysfs_number(file, &n) && n == 7, "a word is no number");
	UNIT(put("-1\n") && !vmig_sysfs_number(file, &n) && n == 7, "nor is a negative one");
	UNIT(put("012 3\n") && vmig_sysfs_number(file, &n) && n == 12, "a decimal number");
	UNIT(put("0x1f\n") && vmig_sysfs_number(file, &n) && n == 31, "a hexadecimal one");
	put("MemTotal:   1 kB\n  MemAvailable:  23 kB\nMemAvailable: 4\nEmpty:\n");
	UNIT(vmig_sysfs_field(file, "MemAvailable:", &n) && n == 23, "the first field of a name");
	UNIT(!vmig_sysfs_field(file, "Available:", &n) && n == 23, "a part of a name is none");
	UNIT(!vmig_sysfs_field(file, "Empty:", &n) && n == 23, "nor is one without a number");
	UNIT(!vmig_sysfs_field("/no/such/file", "x", &n) && n == 23, "nor no file");
}

static void shared(void)
{
	int *value = vmig_shared_alloc(sizeof(*value)), status = 0;
	pid_t pid = fork();

	if (!pid) {
		*value += 5;
		_exit(0);
	}
	UNIT(waitpid(pid, &status, 0) == pid && !status && *value == 5,
	     "what a child writes is there");
	vmig_shared_free(value, sizeof(*value));
}

int main(void)
{
	int fd = mkstemp(file);

	if (fd < 0)
		return 1;
	close(fd);
	lines();
	numbers();
	shared();
	unlink(file);
	return unit_end();
}
