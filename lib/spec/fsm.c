// SPDX-License-Identifier: GPL-2.0-only
/*
 * The oracle of the migration FSM.
 *
 * The header gives three things (H:1054-1210): the arcs of a device that has every
 * optional feature; which of them a device without PRE_COPY or P2P loses; and two
 * rules that combine arcs into the transition from any state to any other. The
 * matrices follow by search, so that a mistake would have to be made in the reading
 * of the rules and not in one of 256 cells. lib/tests/ compares the result with
 * vfio_mig_get_next_state() of the kernel source at hand.
 */
#include <stdio.h>
#include <string.h>

#include <vmig/fsm.h>

#define NR VFIO_DEVICE_STATE_NR

#define ERROR VFIO_DEVICE_STATE_ERROR
#define STOP VFIO_DEVICE_STATE_STOP
#define RUNNING VFIO_DEVICE_STATE_RUNNING
#define STOP_COPY VFIO_DEVICE_STATE_STOP_COPY
#define RESUMING VFIO_DEVICE_STATE_RESUMING
#define RUNNING_P2P VFIO_DEVICE_STATE_RUNNING_P2P
#define PRE_COPY VFIO_DEVICE_STATE_PRE_COPY
#define PRE_COPY_P2P VFIO_DEVICE_STATE_PRE_COPY_P2P

static const char *const state_names[NR] = {
	[ERROR] = "ERROR",	 [STOP] = "STOP",
	[RUNNING] = "RUNNING",	 [STOP_COPY] = "STOP_COPY",
	[RESUMING] = "RESUMING", [RUNNING_P2P] = "RUNNING_P2P",
	[PRE_COPY] = "PRE_COPY", [PRE_COPY_P2P] = "PRE_COPY_P2P",
};

/* The arcs of a device with every feature, in the order of the header's comment. */
static const struct {
	uint8_t from, to;
} arcs[] = {
	{ RUNNING_P2P, STOP },	       { STOP_COPY, STOP },	    { RESUMING, STOP },
	{ PRE_COPY, RUNNING },	       { RUNNING_P2P, RUNNING },    { PRE_COPY_P2P, RUNNING_P2P },
	{ RUNNING, RUNNING_P2P },      { STOP, RUNNING_P2P },	    { RUNNING, PRE_COPY },
	{ RUNNING_P2P, PRE_COPY_P2P }, { STOP, STOP_COPY },	    { PRE_COPY, PRE_COPY_P2P },
	{ PRE_COPY_P2P, PRE_COPY },    { PRE_COPY_P2P, STOP_COPY }, { STOP, RESUMING },
};

/**
 * vmig_state_name - name of a device state
 * @state: any number
 *
 * Return: the specification's word, or the number for what is no state; the string
 * of a number is good until the next but three calls.
 */
const char *vmig_state_name(uint32_t state)
{
	static char numbers[4][16];
	static unsigned int next;
	char *s;

	if (state < NR)
		return state_names[state];
	s = numbers[next++ % 4];
	snprintf(s, sizeof(numbers[0]), "%u", state);
	return s;
}

/**
 * vmig_state_parse - the number of a state's name
 * @name: "RUNNING_P2P"
 * @state: where the number goes
 *
 * Return: false where no state has that name.
 */
bool vmig_state_parse(const char *name, uint32_t *state)
{
	uint32_t i;

	for (i = 0; i < NR; i++) {
		if (!strcmp(name, state_names[i])) {
			*state = i;
			return true;
		}
	}
	return false;
}

/**
 * vmig_state_saving - is the state of the saving group (H:1121)?
 * @state: any number
 *
 * Return: true for PRE_COPY, PRE_COPY_P2P and STOP_COPY, which share a session.
 */
bool vmig_state_saving(uint32_t state)
{
	return state == PRE_COPY || state == PRE_COPY_P2P || state == STOP_COPY;
}

/**
 * vmig_state_streams - does the state have a data transfer session?
 * @state: any number
 *
 * Return: true for the saving group and RESUMING.
 */
bool vmig_state_streams(uint32_t state)
{
	return vmig_state_saving(state) || state == RESUMING;
}

/**
 * vmig_state_offered - may the state be asked for on a device with these flags?
 * @flags: VFIO_MIGRATION_* as GET MIGRATION reports them
 * @state: any number
 *
 * H:990-1008: RUNNING and the STOP_COPY states always, P2P and PRE_COPY states with
 * their flags. ERROR exists but cannot be asked for (H:1170).
 *
 * Return: true if SET_STATE may name it.
 */
bool vmig_state_offered(uint64_t flags, uint32_t state)
{
	bool p2p = flags & VFIO_MIGRATION_P2P;
	bool pre_copy = flags & VFIO_MIGRATION_PRE_COPY;

	switch (state) {
	case STOP:
	case RUNNING:
	case STOP_COPY:
	case RESUMING:
		return true;
	case RUNNING_P2P:
		return p2p;
	case PRE_COPY:
		return pre_copy;
	case PRE_COPY_P2P:
		return p2p && pre_copy;
	default:
		return false;
	}
}

/*
 * "The states behave as though the device was fully running if not supported"
 * (H:1187): without P2P the quiescent state is the running one.
 */
static uint32_t without_p2p(uint64_t flags, uint32_t state)
{
	if (flags & VFIO_MIGRATION_P2P)
		return state;
	if (state == RUNNING_P2P)
		return RUNNING;
	if (state == PRE_COPY_P2P)
		return PRE_COPY;
	return state;
}

static bool has_arc(uint64_t flags, uint32_t from, uint32_t to)
{
	unsigned int i;

	for (i = 0; i < sizeof(arcs) / sizeof(arcs[0]); i++) {
		uint32_t a = without_p2p(flags, arcs[i].from);
		uint32_t b = without_p2p(flags, arcs[i].to);

		if (a == b || !vmig_state_offered(flags, a) || !vmig_state_offered(flags, b))
			continue;
		if (a == from && b == to)
			return true;
	}
	return false;
}

/*
 * Breadth first from @from. "The path cannot have saving group states as interior
 * arcs" (H:1194) is about entering and leaving a session unseen; a walk within the
 * group continues one session (H:1121), so between two of its states the group may
 * be walked through, as vfio_mig_get_next_state() does from PRE_COPY to STOP_COPY.
 */
static unsigned int shortest_path(uint64_t flags, uint32_t from, uint32_t to, uint32_t *path)
{
	bool within = vmig_state_saving(from) && vmig_state_saving(to);
	uint32_t queue[NR], before[NR];
	unsigned int head = 0, tail = 0, len = 0, i;
	bool seen[NR] = {};
	uint32_t s, n;

	seen[from] = true;
	queue[tail++] = from;
	while (head < tail && !seen[to]) {
		s = queue[head++];
		if (s != from && vmig_state_saving(s) && !within)
			continue;
		for (n = 0; n < NR; n++) {
			if (seen[n] || !has_arc(flags, s, n))
				continue;
			seen[n] = true;
			before[n] = s;
			queue[tail++] = n;
		}
	}
	if (!seen[to])
		return 0;
	for (s = to; s != from; s = before[s])
		len++;
	for (s = to, i = len; i--; s = before[s])
		path[i] = s;
	return len;
}

/**
 * vmig_transition - what SET_STATE must do
 * @flags: VFIO_MIGRATION_* of the device; bits that are not known are ignored
 * @from: the state the device is in
 * @to: the number that is asked for, any 32-bit value
 * @t: the answer
 *
 * Follows H:1054-1210 (clauses FSM-01 to FSM-07, FD-02, ST-06 to ST-08, DISC-05).
 * From ERROR every request fails (H:1174), but for ERROR itself, of which nothing
 * is said.
 */
void vmig_transition(uint64_t flags, uint32_t from, uint32_t to, struct vmig_transition *t)
{
	bool same_session;

	memset(t, 0, sizeof(*t));
	t->answer = VMIG_REFUSE;

	if (from == ERROR) {
		if (to == ERROR)
			t->answer = VMIG_UNDEFINED;
		return;
	}
	if (!vmig_state_offered(flags, from) || !vmig_state_offered(flags, to))
		return;
	/* H:1163: not permitted, though a path around through STOP would exist. */
	if (from == STOP_COPY && (to == PRE_COPY || to == PRE_COPY_P2P))
		return;
	if (from == to) {
		t->answer = VMIG_STAY;
		return;
	}

	t->len = shortest_path(flags, from, to, t->path);
	if (!t->len)
		return;
	t->answer = VMIG_GO;
	same_session = vmig_state_saving(from) && vmig_state_saving(to);
	t->opens = vmig_state_streams(to) && !same_session;
	t->closes = vmig_state_streams(from) && !same_session;
}

/**
 * vmig_on_path - may GET report this state after the transition failed?
 * @t: the transition that was asked for
 * @from: where it began
 * @state: what GET says
 *
 * H:1031 and H:1198: the origin, a step of the path, or ERROR (H:1170). The target
 * is no answer: its last step is what failed, or the request would have succeeded.
 *
 * Return: true if @state is one of those.
 */
bool vmig_on_path(const struct vmig_transition *t, uint32_t from, uint32_t state)
{
	unsigned int i;

	if (state == from || state == ERROR)
		return true;
	for (i = 0; i + 1 < t->len; i++)
		if (t->path[i] == state)
			return true;
	return false;
}
