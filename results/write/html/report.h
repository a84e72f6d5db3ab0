/* SPDX-License-Identifier: GPL-2.0-only */
/* report.html. Errors of the file are found by whoever closes it. */
#ifndef VMIG_RESULTS_REPORT_H
#define VMIG_RESULTS_REPORT_H

#include <stdio.h>

#include "run.h"

void html_write(struct run *run, FILE *f);

#endif /* VMIG_RESULTS_REPORT_H */
