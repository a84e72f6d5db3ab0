/* SPDX-License-Identifier: GPL-2.0-only */
/* For tests: is all there that had to be? */
#ifndef VMIG_RESULTS_TESTS_WHOLE_H
#define VMIG_RESULTS_TESTS_WHOLE_H

#include "run.h"

bool whole(const struct run *run, struct text list);

#endif /* VMIG_RESULTS_TESTS_WHOLE_H */
