/* SPDX-License-Identifier: GPL-2.0-only */
/* What is known of the driver under test: the profile that VMIG_PROFILE names. */
#ifndef VMIG_HARNESS_KNOWN_DEVIATIONS_H
#define VMIG_HARNESS_KNOWN_DEVIATIONS_H

#include <vmig/profile.h>

void vmig_known_deviations_load(void);
const struct vmig_profile *vmig_known_deviations(void);

#endif /* VMIG_HARNESS_KNOWN_DEVIATIONS_H */
