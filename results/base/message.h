/* SPDX-License-Identifier: GPL-2.0-only */
/* Error messages, and errors of stdout. */
#ifndef VMIG_RESULTS_MESSAGE_H
#define VMIG_RESULTS_MESSAGE_H

#define EXIT_UNTESTED 2

void error_msg(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
int close_stdout(int exit_code);

#endif /* VMIG_RESULTS_MESSAGE_H */
