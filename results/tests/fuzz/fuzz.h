/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the fuzz targets share. Each takes any bytes for one kind of input, reads it as the
 * program does, and ends with a signal where something is not true of the outcome.
 */
#ifndef VMIG_RESULTS_TESTS_FUZZ_H
#define VMIG_RESULTS_TESTS_FUZZ_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "run.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What must be true of any input. */
#define MUST(cond)                                                                                 \
	do {                                                                                       \
		if (!(cond)) {                                                                     \
			fprintf(stderr, "fuzz: %s:%d: not true: %s\n", __FILE__, __LINE__, #cond); \
			abort();                                                                   \
		}                                                                                  \
	} while (0)

/**
 * struct part - a section of an input that holds several files
 * @name: what stands behind the "=== " of its first line
 * @contents: the lines up to the next such line
 */
struct part {
	struct text name, contents;
};

#define PARTS_MAX 12

size_t fuzz_parts(struct text input, struct part parts[PARTS_MAX]);
void fuzz_clean(const char *s);
void fuzz_clean_lines(const struct line *l);

#endif /* VMIG_RESULTS_TESTS_FUZZ_H */
