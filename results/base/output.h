/* SPDX-License-Identifier: GPL-2.0-only */
/* Write files atomically. */
#ifndef VMIG_RESULTS_OUTPUT_H
#define VMIG_RESULTS_OUTPUT_H

#include <stdio.h>

/**
 * struct output - a file that is being written
 * @name: its name in the run directory
 * @temp: the name it has until it is complete
 * @file: where to write, NULL where that failed
 * @dirfd: the run directory
 * @err: errno of the first thing that failed, 0 so far
 */
struct output {
	const char *name;
	char temp[64];
	FILE *file;
	int dirfd;
	int err;
};

void output_open(struct output *out, int dirfd, const char *name);
int output_close(struct output *out);
int output_publish(struct output *out);
void output_discard(struct output *out);

#endif /* VMIG_RESULTS_OUTPUT_H */
