/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a call does that must work and did not. Each fallible function of the library
 * exists twice: __vmig_x() returns -errno for tests of that errno, vmig_x() is for
 * steps that a test takes on its way and ends the test process when one fails: the
 * test could not judge, which is another thing than a breach.
 */
#ifndef VMIG_VFIO_DIE_H
#define VMIG_VFIO_DIE_H

#include <stddef.h>

/* The only exit code that the kselftest harness takes for a failure. */
#define VMIG_EXIT_BROKEN 1

void vmig_die(const char *fmt, ...) __attribute__((noreturn, format(printf, 1, 2)));
const char *vmig_errno_name(int err);
void *vmig_alloc(size_t size);

#endif /* VMIG_VFIO_DIE_H */
