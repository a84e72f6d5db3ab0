/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Calls that do not come back. A driver that blocks in every read() would cost one time limit a
 * test. So the calls to the device are watched, and one that did not come back in some tests is not
 * made any more: a test that comes to it ends there, inconclusive, as not run. All others run.
 *
 * A call is one of: read, write and close of a data_fd; opening, resetting and closing the device;
 * the end of a process that has it open; GET_PRECOPY_INFO; an operation of a feature; a SET of one
 * state in another one, and all SETs together.
 *
 *	# vmig: stuck read 1		it did not come back in this test; 2: nor after SIGKILL
 *	# vmig: returned read		it came back; printed only behind a line of the first kind
 *	# vmig: broken not run: read() of a data_fd did not come back in 3 tests before this one
 *
 * `vmig_ktap stuck` makes VMIG_STUCK of these lines, by which the next program knows of them.
 */
#ifndef VMIG_HARNESS_STUCK_H
#define VMIG_HARNESS_STUCK_H

#include <stdbool.h>

/* A call that takes so long has not come back; just below the bound of one read() (bounded.h). */
#define VMIG_STUCK_MS 9500

void vmig_stuck_init(void);
void vmig_stuck_begin(void);
void vmig_stuck_former(bool gone);
void vmig_stuck_child(bool gone);
void vmig_stuck_need_open(void);
void vmig_stuck_need_read(void);
void vmig_stuck_readable(const void *arg);
bool vmig_stuck_any(void);

#endif /* VMIG_HARNESS_STUCK_H */
