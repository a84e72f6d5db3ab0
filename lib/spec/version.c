// SPDX-License-Identifier: GPL-2.0-only
/* Version and commit of the suite. The build passes the commit, with -dirty for a changed tree. */
#include <vmig/version.h>

#ifndef VMIG_COMMIT
#define VMIG_COMMIT "unknown"
#endif

const char vmig_version[] = "0.1.0";
const char vmig_commit[] = VMIG_COMMIT;

/* sha256 of configs/mustpass/<vmig_version>.txt; configs/mustpass/make.sh writes both. */
const char vmig_mustpass[] = "866d56288efed3aa031cf8fc1d4e7b085641fb0732208483f36bfee1260b5312";
