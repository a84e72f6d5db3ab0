/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Calls to a device that do not come back, and when that is enough to know: what the test programs
 * (selftests/harness/stuck.h) and whoever runs them (vmig_ktap) agree on.
 */
#ifndef VMIG_SPEC_STUCK_CALLS_H
#define VMIG_SPEC_STUCK_CALLS_H

#include <stdbool.h>
#include <stddef.h>

/* The name of a call, with the NUL: one word. */
#define VMIG_STUCK_NAME 48

/* As many calls are told apart: each pair of states, and some more. */
#define VMIG_STUCK_MAX 128

/*
 * In so many tests one after the other, of which none saw it come back in between; or in so many
 * of a run, whatever came between. A process that SIGKILL does not end counts as two tests.
 */
#define VMIG_STUCK_IN_A_ROW 3
#define VMIG_STUCK_IN_ALL 12

/**
 * struct vmig_stuck_call - a call that did not come back
 * @name: which one
 * @in_a_row: tests since it did, two for a process that cannot be killed
 * @tests: all of them
 */
struct vmig_stuck_call {
	char name[VMIG_STUCK_NAME];
	unsigned int in_a_row;
	unsigned int tests;
};

/**
 * struct vmig_stuck_list - calls that did not come back
 * @calls: the calls
 * @nr: their number
 */
struct vmig_stuck_list {
	struct vmig_stuck_call calls[VMIG_STUCK_MAX];
	unsigned int nr;
};

struct vmig_stuck_call *vmig_stuck_find(struct vmig_stuck_list *list, const char *name, bool add);
void vmig_stuck_count(struct vmig_stuck_call *c, unsigned int weight);
void vmig_stuck_returned(struct vmig_stuck_call *c);
bool vmig_stuck_given_up(const struct vmig_stuck_call *c);
void vmig_stuck_parse(const char *text, struct vmig_stuck_list *list);
const char *vmig_stuck_text(const char *name, char *text, size_t room);

#endif /* VMIG_SPEC_STUCK_CALLS_H */
