/* SPDX-License-Identifier: GPL-2.0-only */
/* The actions of vmig-report, by what they are about; main.c has those of a run and of the suite.
 */
#ifndef VMIG_RESULTS_CLI_H
#define VMIG_RESULTS_CLI_H

#include "action.h"

extern const struct action history_actions[], lava_actions[], qualify_actions[];

#endif /* VMIG_RESULTS_CLI_H */
