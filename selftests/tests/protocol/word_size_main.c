// SPDX-License-Identifier: GPL-2.0-only
/*
 * vmig_compat32 FD, and where the suite is 32-bit itself vmig_compat64 FD: a program that
 * makes the calls of word_size_calls.c on an open device and writes the answers to stdout, for
 * the feature chapter to compare.
 */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <vmig/error.h>
#include "word_size_calls.h"

/* Not to stdout, where the answers are. */
static void give_up(const char *message)
{
	fprintf(stderr, "vmig: %s\n", message);
	exit(1);
}

int main(int argc, char **argv)
{
	struct vmig_call_answer answers[VMIG_CALL_ANSWERS_MAX];
	ssize_t size = sizeof(answers);

	vmig_set_fail_hook(give_up);
	if (argc != 2)
		return 2;
	vmig_compat_calls(atoi(argv[1]), answers);
	return write(STDOUT_FILENO, answers, size) == size ? 0 : 1;
}
