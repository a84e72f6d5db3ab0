/* SPDX-License-Identifier: GPL-2.0-only */
/* What the reference drivers can do differently and still conform. */
#ifndef VMIG_RESULTS_FREEDOMS_H
#define VMIG_RESULTS_FREEDOMS_H

#include <stdio.h>

void freedoms_list(FILE *f);

#endif /* VMIG_RESULTS_FREEDOMS_H */
