/* SPDX-License-Identifier: GPL-2.0-only */
/* What the suite says of drivers that conform, each in a way of its own. */
#ifndef VMIG_RESULTS_CONFORMING_H
#define VMIG_RESULTS_CONFORMING_H

#include <stdio.h>

#include "mutants.h"

unsigned int conforming_accused(const struct mutants *m);
void conforming_text(const struct mutants *m, FILE *f);

#endif /* VMIG_RESULTS_CONFORMING_H */
