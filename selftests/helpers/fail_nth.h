/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Inject one failed allocation or user copy into a call, by fail-nth
 * (Documentation/fault-injection/fault-injection.rst).
 *
 *	vmig_fail_nth(3);
 *	ret = ioctl(...);
 *	hit = vmig_fail_nth_end();
 *
 * makes the third of them fail that this thread asks for in the call. A caller counts up
 * from 1 until nothing is hit any more: then each has failed once.
 */
#ifndef VMIG_HELPERS_FAIL_NTH_H
#define VMIG_HELPERS_FAIL_NTH_H

#include <stdbool.h>
#include <stddef.h>

const char *vmig_faults_missing(void);
void vmig_faults_set_up(void);
void vmig_fail_nth(unsigned int n);
bool vmig_fail_nth_end(void);

void vmig_fault_stack_begin(void);
const char *vmig_fault_stack_end(void);

#endif /* VMIG_HELPERS_FAIL_NTH_H */
