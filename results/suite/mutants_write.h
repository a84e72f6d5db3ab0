/* SPDX-License-Identifier: GPL-2.0-only */
/* Write the kill matrix as text and as JSON. */
#ifndef VMIG_RESULTS_MUTANTS_WRITE_H
#define VMIG_RESULTS_MUTANTS_WRITE_H

#include <stdio.h>

#include "mutants.h"

void mutants_text(const struct mutants *m, FILE *f);
void mutants_json(const struct mutants *m, FILE *f);
void mutants_survivors(const struct mutants *m, FILE *f);

#endif /* VMIG_RESULTS_MUTANTS_WRITE_H */
