/* SPDX-License-Identifier: GPL-2.0-only */
/* Verify a bundle: unpack it, check it and derive the verdict. */
#ifndef VMIG_RESULTS_VERIFY_H
#define VMIG_RESULTS_VERIFY_H

#include "qualify.h"

char *qualify_verify(struct qualification *q, struct arena *arena, struct text tar,
		     const char *frozen);

#endif /* VMIG_RESULTS_VERIFY_H */
