/* SPDX-License-Identifier: GPL-2.0-only */
/* junit.xml. Errors of the file are found by whoever closes it. */
#ifndef VMIG_RESULTS_JUNIT_H
#define VMIG_RESULTS_JUNIT_H

#include <stdio.h>

#include "run.h"

void junit_write(struct run *run, FILE *f);

#endif /* VMIG_RESULTS_JUNIT_H */
