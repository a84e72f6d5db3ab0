/* SPDX-License-Identifier: GPL-2.0-only */
/* Print the statement on a bundle. */
#ifndef VMIG_RESULTS_STATEMENT_H
#define VMIG_RESULTS_STATEMENT_H

#include <stdio.h>

#include "qualify.h"

const char *qualify_not_hardware(struct arena *arena, const struct run *run);
void qualify_write_statement(const struct qualification *q, FILE *f);

#endif /* VMIG_RESULTS_STATEMENT_H */
