// SPDX-License-Identifier: GPL-2.0-only
/* Which suite this is. The build says the commit; it ends in -dirty for a changed tree. */
#include "version.h"

#ifndef VMIG_COMMIT
#define VMIG_COMMIT "unknown"
#endif

const char vmig_version[] = "0.1.0";
const char vmig_commit[] = VMIG_COMMIT;
