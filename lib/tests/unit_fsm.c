// SPDX-License-Identifier: GPL-2.0-only
/*
 * The oracle against the core of the kernel source at hand: for each feature set, from
 * every state to every number, the walk that vfio_mig_get_next_state() leads a driver
 * on must be the oracle's path. The function is cut out of vfio_main.c when the test is
 * built (core_fsm.c), so that the two can never agree by being the same code.
 */
#include <errno.h>

#include <vmig/fsm.h>
#include "core_fsm.h"
#include "unit.h"

static const uint64_t sets[] = {
	VFIO_MIGRATION_STOP_COPY,
	VFIO_MIGRATION_STOP_COPY | VFIO_MIGRATION_P2P,
	VFIO_MIGRATION_STOP_COPY | VFIO_MIGRATION_PRE_COPY,
	VFIO_MIGRATION_STOP_COPY | VFIO_MIGRATION_P2P | VFIO_MIGRATION_PRE_COPY,
};

static const uint32_t numbers[] = { 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 255, 0x80000000, 0xffffffff };

/* The path of a driver that asks the core for each step. -EINVAL where it is refused. */
static int core_walk(uint64_t flags, uint32_t from, uint32_t to, uint32_t *path)
{
	struct vfio_device device = { .migration_flags = flags };
	enum vfio_device_mig_state next;
	int len = 0;

	while (from != to) {
		if (len == VMIG_MAX_STEPS)
			return -ELOOP;
		if (vfio_mig_get_next_state(&device, from, to, &next))
			return -EINVAL;
		path[len++] = next;
		from = next;
	}
	return len;
}

static bool same(uint64_t flags, uint32_t from, uint32_t to)
{
	uint32_t path[VMIG_MAX_STEPS];
	struct vmig_transition t;
	int len, i;

	vmig_transition(flags, from, to, &t);
	len = core_walk(flags, from, to, path);
	if (len < 0)
		return len == -EINVAL && t.answer == VMIG_REFUSE && !t.opens && !t.closes;
	if (from == to)
		return t.answer == VMIG_STAY && !t.len && !t.opens && !t.closes;
	if (t.answer != VMIG_GO || t.len != (unsigned int)len)
		return false;
	for (i = 0; i < len; i++)
		if (t.path[i] != path[i])
			return false;
	return true;
}

/* What a session does on the way, from the arcs alone: who opens, who closes (H:1118-1155). */
static bool session_right(uint64_t flags, uint32_t from, uint32_t to)
{
	bool open = vmig_state_streams(from), fresh = false;
	struct vmig_transition t;
	unsigned int i;
	uint32_t at = from;

	vmig_transition(flags, from, to, &t);
	if (t.answer != VMIG_GO)
		return true;
	for (i = 0; i < t.len; at = t.path[i++]) {
		if (vmig_state_saving(at) && vmig_state_saving(t.path[i]))
			continue;
		if (vmig_state_streams(at))
			open = false;
		if (vmig_state_streams(t.path[i]))
			open = true;
		fresh = open;
	}
	return t.opens == fresh && open == vmig_state_streams(to) &&
	       t.closes == (vmig_state_streams(from) &&
			    !(vmig_state_saving(from) && vmig_state_saving(to)));
}

int main(void)
{
	struct vmig_transition t;
	unsigned int s, n, from;
	uint32_t state;

	for (s = 0; s < sizeof(sets) / sizeof(sets[0]); s++) {
		for (from = VFIO_DEVICE_STATE_STOP; from < VFIO_DEVICE_STATE_NR; from++) {
			if (!vmig_state_offered(sets[s], from))
				continue;
			for (n = 0; n < sizeof(numbers) / sizeof(numbers[0]); n++) {
				UNIT(same(sets[s], from, numbers[n]),
				     "flags %llu: %s to %s is the core's walk",
				     (unsigned long long)sets[s], vmig_state_name(from),
				     vmig_state_name(numbers[n]));
				UNIT(session_right(sets[s], from, numbers[n]),
				     "flags %llu: %s to %s opens and closes the session",
				     (unsigned long long)sets[s], vmig_state_name(from),
				     vmig_state_name(numbers[n]));
			}
		}
	}

	vmig_transition(7, VFIO_DEVICE_STATE_ERROR, VFIO_DEVICE_STATE_RUNNING, &t);
	UNIT(t.answer == VMIG_REFUSE, "nothing leaves ERROR but reset");
	vmig_transition(7, VFIO_DEVICE_STATE_ERROR, VFIO_DEVICE_STATE_ERROR, &t);
	UNIT(t.answer == VMIG_UNDEFINED, "ERROR to ERROR is not determined");

	vmig_transition(7, VFIO_DEVICE_STATE_RESUMING, VFIO_DEVICE_STATE_RUNNING, &t);
	UNIT(vmig_on_path(&t, VFIO_DEVICE_STATE_RESUMING, VFIO_DEVICE_STATE_RESUMING) &&
		     vmig_on_path(&t, VFIO_DEVICE_STATE_RESUMING, VFIO_DEVICE_STATE_STOP) &&
		     vmig_on_path(&t, VFIO_DEVICE_STATE_RESUMING, VFIO_DEVICE_STATE_RUNNING_P2P) &&
		     vmig_on_path(&t, VFIO_DEVICE_STATE_RESUMING, VFIO_DEVICE_STATE_ERROR),
	     "after a failure: the origin, a step, or ERROR");
	UNIT(!vmig_on_path(&t, VFIO_DEVICE_STATE_RESUMING, VFIO_DEVICE_STATE_RUNNING) &&
		     !vmig_on_path(&t, VFIO_DEVICE_STATE_RESUMING, VFIO_DEVICE_STATE_STOP_COPY),
	     "after a failure: not the target, not a state beside the path");

	UNIT(vmig_state_parse("PRE_COPY_P2P", &state) && state == VFIO_DEVICE_STATE_PRE_COPY_P2P,
	     "names are parsed");
	UNIT(!vmig_state_parse("PAUSED", &state), "what is no name is refused");
	return unit_end();
}
