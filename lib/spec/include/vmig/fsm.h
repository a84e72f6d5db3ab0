/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The oracle: what SET_STATE must do from any state to any number, for each of the
 * four feature sets. Derived by search from the arcs that the header lists and its
 * rules for combining them (H:1054-1210), not copied from the core's table.
 */
#ifndef VMIG_SPEC_FSM_H
#define VMIG_SPEC_FSM_H

#include <stdbool.h>
#include <stdint.h>

#include <vmig/uapi.h>

/* The longest path has five steps: RESUMING to PRE_COPY with all features. */
#define VMIG_MAX_STEPS VFIO_DEVICE_STATE_NR

enum vmig_answer {
	VMIG_STAY, /* the device is there already: success, nothing happens */
	VMIG_GO, /* success, along the path */
	VMIG_REFUSE, /* an error, nothing changes */
	VMIG_UNDEFINED, /* the specification does not say: never judged */
};

/**
 * struct vmig_transition - what one SET_STATE must do
 * @answer: whether it succeeds
 * @len: number of states in @path
 * @path: the states that are passed through, @path[@len - 1] is the target
 * @opens: a new data_fd comes back
 * @closes: the session that was open when the request came ends
 */
struct vmig_transition {
	enum vmig_answer answer;
	unsigned int len;
	uint32_t path[VMIG_MAX_STEPS];
	bool opens;
	bool closes;
};

void vmig_transition(uint64_t flags, uint32_t from, uint32_t to, struct vmig_transition *t);
bool vmig_on_path(const struct vmig_transition *t, uint32_t from, uint32_t state);
bool vmig_state_offered(uint64_t flags, uint32_t state);
bool vmig_state_saving(uint32_t state);
bool vmig_state_streams(uint32_t state);
const char *vmig_state_name(uint32_t state);
bool vmig_state_parse(const char *name, uint32_t *state);

#endif /* VMIG_SPEC_FSM_H */
