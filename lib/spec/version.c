// SPDX-License-Identifier: GPL-2.0-only
/* Which suite this is. The build says the commit; it ends in -dirty for a changed tree. */
#include "version.h"

#ifndef VMIG_COMMIT
#define VMIG_COMMIT "unknown"
#endif

const char vmig_version[] = "0.1.0";
const char vmig_commit[] = VMIG_COMMIT;

/* sha256 of configs/mustpass/<vmig_version>.txt; configs/mustpass/make.sh writes both. */
const char vmig_mustpass[] = "56fc53fd86c5a1311b33cd101d7cc3fba92d392a6a5feaf0b4d23c05ea0bacce";
