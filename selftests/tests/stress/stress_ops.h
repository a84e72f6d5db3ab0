/* SPDX-License-Identifier: GPL-2.0-only */
/* The calls that the threads of a pool make. */
#ifndef VMIG_TESTS_STRESS_STRESS_OPS_H
#define VMIG_TESTS_STRESS_STRESS_OPS_H

#include "thread_pool.h"

/* On the device fd. */
extern const struct vmig_call vmig_call_get;
extern const struct vmig_call vmig_call_flags;
extern const struct vmig_call vmig_call_size;
extern const struct vmig_call vmig_call_set;
extern const struct vmig_call vmig_call_reset;
extern const struct vmig_call vmig_call_open;
extern const struct vmig_call vmig_call_log_start;
extern const struct vmig_call vmig_call_log_report;
extern const struct vmig_call vmig_call_log_stop;

/* On a data_fd that some thread of the process was given. */
extern const struct vmig_call vmig_call_read;
extern const struct vmig_call vmig_call_write;
extern const struct vmig_call vmig_call_poll;
extern const struct vmig_call vmig_call_info;
extern const struct vmig_call vmig_call_close;
extern const struct vmig_call vmig_call_dup;
extern const struct vmig_call vmig_call_fork;

/* All that there is, by everybody: see vmig_stress_readers() and vmig_stress_writers(). */
extern const struct vmig_call vmig_call_take;
extern const struct vmig_call vmig_call_tail;
extern const struct vmig_call vmig_call_flood;

/* For processes that have no data_fd: open the device if it is not in use, and leave it RUNNING. */
extern const struct vmig_call vmig_call_visit;

void vmig_put_data_fd(int fd);
void vmig_forget_data_fds(void);
void vmig_last_set(struct vmig_worker *m);

#endif /* VMIG_TESTS_STRESS_STRESS_OPS_H */
