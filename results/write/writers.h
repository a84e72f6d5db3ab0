/* SPDX-License-Identifier: GPL-2.0-only */
/* The forms in which a run is told. Each writes to a file and reports no errors: the
 * one who opened the file looks for those when it is closed.
 */
#ifndef VMIG_RESULTS_WRITERS_H
#define VMIG_RESULTS_WRITERS_H

#include <stdio.h>

#include "run.h"

void write_json(struct run *run, FILE *f);
void write_kcidb(struct run *run, FILE *f);
void write_junit(struct run *run, FILE *f);
void write_html(struct run *run, FILE *f);
void write_terminal(struct run *run, FILE *f, bool colour);

#endif /* VMIG_RESULTS_WRITERS_H */
