/* SPDX-License-Identifier: GPL-2.0-only */
/* What the tool says when something is wrong, and that nothing it printed got lost. */
#ifndef VMIG_RESULTS_MESSAGE_H
#define VMIG_RESULTS_MESSAGE_H

#define EXIT_UNTESTED 2

void error_msg(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
int close_stdout(int exit_code);

#endif /* VMIG_RESULTS_MESSAGE_H */
