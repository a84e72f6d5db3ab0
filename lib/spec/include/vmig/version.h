/* SPDX-License-Identifier: GPL-2.0-only */
/* Version and commit of the suite, for the first line of every result. */
#ifndef VMIG_SPEC_VERSION_H
#define VMIG_SPEC_VERSION_H

extern const char vmig_version[];
extern const char vmig_commit[];
extern const char vmig_mustpass[];

#endif /* VMIG_SPEC_VERSION_H */
