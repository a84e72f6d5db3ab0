/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Fatal errors of the library. Each fallible function of the library
 * exists twice: __vmig_x() returns -errno for tests of that errno, vmig_x() is for
 * steps that a program takes on its way and ends it when one fails.
 *
 * How a program ends, with which words and which exit code, is its own affair and not the
 * library's: vmig_fail() calls the hook that the program has set.
 */
#ifndef VMIG_BASE_ERROR_H
#define VMIG_BASE_ERROR_H

#include <stddef.h>

#include <vmig/format.h>

void vmig_set_fail_hook(void (*hook)(const char *message));
void vmig_fail(const char *fmt, ...) __attribute__((noreturn, format(printf, 1, 2)));
void *vmig_alloc(size_t size);

#endif /* VMIG_BASE_ERROR_H */
