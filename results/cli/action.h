/* SPDX-License-Identifier: GPL-2.0-only */
/* Actions of vmig-report, in tables: one action a call, an option with arguments. */
#ifndef VMIG_RESULTS_ACTION_H
#define VMIG_RESULTS_ACTION_H

#include <stddef.h>

#include <vmig/arena.h>

/**
 * struct action - something to do
 * @name: its option, without the dashes
 * @args: its arguments, as the help shows them
 * @least: how many there have to be
 * @most: how many there may be
 * @run: does it with these arguments, NULL behind them; returns the exit code
 * @doc: what the help says of it
 */
struct action {
	const char *name, *args;
	int least, most;
	int (*run)(struct arena *arena, char **argv);
	const char *doc;
};

/**
 * struct action_group - actions that are about the same thing
 * @title: what that is, a line or a paragraph that ends with a colon
 * @actions: the actions, up to one without a name
 */
struct action_group {
	const char *title;
	const struct action *actions;
};

/**
 * struct command - all that a command line may ask for
 * @usage: what the help begins with
 * @doc: what it says before and, behind a vertical tab, after the actions
 * @groups: the actions, up to a group without a title
 * @other: does what is asked for without an option
 */
struct command {
	const char *usage, *doc;
	const struct action_group *groups;
	int (*other)(struct arena *arena, char **argv);
};

int action_run(struct arena *arena, const struct command *c, int argc, char **argv);
int action_help(struct arena *arena, const struct command *c);

#endif /* VMIG_RESULTS_ACTION_H */
