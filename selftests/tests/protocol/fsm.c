// SPDX-License-Identifier: GPL-2.0-only
/*
 * FSM: from every state to every number, one test a pair.
 *
 * The device is brought to the state by single arcs, a session that it needs is made
 * real (a complete stream is written in RESUMING, so that leaving it can work), and one
 * SET is made. What must come is the oracle's answer for the device's flags
 * (lib/spec/fsm.c). A refusal changes nothing: not the state, not the session, not
 * the device. ERROR alone may be there after it, as after each SET that fails, though it
 * should not (ST-16).
 *
 * STOP_COPY to PRE_COPY and PRE_COPY_P2P, on a device that has them, never return on
 * kernels from v6.2 up to the fix a26b499b757c: the hazard chapter does these.
 */
#include <errno.h>
#include <fcntl.h>

#include "fault_memory.h"
#include "round_trip_check.h"
#include "vmig_harness.h"

#define POISON 12345

/* How long to wait for a late state change, to distinguish late from never. */
#define LATE_TRIES 25
#define LATE_PAUSE_US 20000

VMIG_FIXTURE_OF(fsm, uint32_t from, to;);

#define ADD_PAIR(WAY, uapi_, from_, to_, number)                                                   \
	VMIG_VARIANT(fsm, uapi_##_##from_##_to_##to_, .uapi = WAY,                                 \
		     .from = VFIO_DEVICE_STATE_##from_, .to = number);

#define ADD_STATE(WAY, uapi_, from_, to_) ADD_PAIR(WAY, uapi_, from_, to_, VFIO_DEVICE_STATE_##to_)

#define ADD_FROM(WAY, uapi_, from_)                                                                \
	ADD_STATE(WAY, uapi_, from_, ERROR)                                                        \
	ADD_STATE(WAY, uapi_, from_, STOP)                                                         \
	ADD_STATE(WAY, uapi_, from_, RUNNING)                                                      \
	ADD_STATE(WAY, uapi_, from_, STOP_COPY)                                                    \
	ADD_STATE(WAY, uapi_, from_, RESUMING)                                                     \
	ADD_STATE(WAY, uapi_, from_, RUNNING_P2P)                                                  \
	ADD_STATE(WAY, uapi_, from_, PRE_COPY)                                                     \
	ADD_STATE(WAY, uapi_, from_, PRE_COPY_P2P)                                                 \
	ADD_PAIR(WAY, uapi_, from_, 8, 8)                                                          \
	ADD_PAIR(WAY, uapi_, from_, 9, 9)                                                          \
	ADD_PAIR(WAY, uapi_, from_, 4294967295, UINT32_MAX)

#define ADD_WAY(WAY, uapi_)                                                                        \
	ADD_FROM(WAY, uapi_, RUNNING)                                                              \
	ADD_FROM(WAY, uapi_, RUNNING_P2P)                                                          \
	ADD_FROM(WAY, uapi_, STOP)                                                                 \
	ADD_FROM(WAY, uapi_, STOP_COPY)                                                            \
	ADD_FROM(WAY, uapi_, RESUMING)                                                             \
	ADD_FROM(WAY, uapi_, PRE_COPY)                                                             \
	ADD_FROM(WAY, uapi_, PRE_COPY_P2P)                                                         \
	ADD_FROM(WAY, uapi_, ERROR)

ADD_WAY(VMIG_UAPI_CDEV, cdev)
ADD_WAY(VMIG_UAPI_GROUP, group)

/* In the state, with a session that may be left in good order. Returns its data_fd or -1. */
static int stand_in(struct vmig_device *dev, uint32_t state)
{
	struct vmig_stream s = {};
	int fd;

	if (state == VFIO_DEVICE_STATE_RESUMING)
		vmig_save(dev, &s);
	fd = vmig_goto_state(dev, state);
	if (state == VFIO_DEVICE_STATE_RESUMING)
		vmig_stream_write(fd, &s);
	vmig_stream_free(&s);
	return fd;
}

/* Did the session outlive a SET that may not touch it? */
static void check_session(struct vmig_device *dev, enum vmig_clause_id id, uint32_t state, int fd,
			  const char *did)
{
	struct vmig_stream s = {};
	int ret;

	switch (state) {
	case VFIO_DEVICE_STATE_STOP_COPY:
		ret = __vmig_stream_read(fd, &s, &vmig_default_chunks);
		CHECK(id, !ret && (s.len || vmig_saves_nothing(dev)),
		      vmig_fmt("%s, then read() of the data_fd to its end", did), "the stream",
		      "%zu bytes, then %s", s.len, vmig_stream_end(ret));
		break;
	case VFIO_DEVICE_STATE_PRE_COPY:
	case VFIO_DEVICE_STATE_PRE_COPY_P2P:
		ret = __vmig_stream_read_some(fd, &s, 1, &vmig_default_chunks);
		CHECK(id, !ret || ret == -ENODATA || ret == -ENOMSG || ret == -EAGAIN,
		      vmig_fmt("%s, then read() of the data_fd", did), "data or a temporary end",
		      "%s", vmig_errno_name(ret));
		break;
	case VFIO_DEVICE_STATE_RESUMING:
		ret = __vmig_set_state(dev, VFIO_DEVICE_STATE_STOP, NULL);
		CHECK_OK(id, ret, vmig_fmt("%s, then SET(STOP) of the complete stream", did));
		break;
	}
	vmig_stream_free(&s);
}

/*
 * The state must be there when SET returns (ST-03). One that comes later is another
 * fault than one that never comes.
 */
static void check_landed(struct vmig_device *dev, uint32_t to, const char *did)
{
	uint32_t state = vmig_get_state(dev), later = state;
	int i;

	for (i = 0; i < LATE_TRIES && later != to; i++) {
		usleep(LATE_PAUSE_US);
		later = vmig_get_state(dev);
	}
	CHECK(FSM_01, later == to, vmig_fmt("GET after %s", did),
	      vmig_fmt("state %s", vmig_state_name(to)), "state %s", vmig_state_name(later));
	if (later == to)
		CHECK(ST_03, state == to, vmig_fmt("GET right after %s", did),
		      vmig_fmt("state %s", vmig_state_name(to)), "state %s, and %s some ms later",
		      vmig_state_name(state), vmig_state_name(later));
}

/* What a SET that must succeed shows: that states which the device lacks are stepped over? */
static enum vmig_clause_id clause_of_success(uint64_t flags, uint32_t from, uint32_t to,
					     const struct vmig_transition *t)
{
	struct vmig_transition with_all;

	if (t->answer == VMIG_STAY)
		return ST_08;
	vmig_transition(flags | VMIG_MIGRATION_KNOWN, from, to, &with_all);
	return with_all.len == t->len ? FSM_01 : FSM_05;
}

static void check_accepted(struct vmig_device *dev, enum vmig_clause_id id, uint32_t to,
			   const struct vmig_transition *t, int ret, int data_fd, int fds,
			   const char *did)
{
	if (!CHECK_OK(id, ret, did))
		return;
	check_landed(dev, to, did);
	if (t->opens)
		CHECK(FD_02, data_fd >= 0 && data_fd != POISON, vmig_fmt("data_fd of %s", did),
		      "a new data_fd", "data_fd %d", data_fd);
	else
		CHECK(vmig_state_streams(to) ? FD_02 : ST_04, data_fd == -1,
		      vmig_fmt("data_fd of %s", did), "-1, as no session opens", "data_fd %d",
		      data_fd);
	CHECK(FSM_06, vmig_count_fds() == fds + t->opens, vmig_fmt("/proc/self/fd after %s", did),
	      vmig_fmt("%d new fds", t->opens), "%d", vmig_count_fds() - fds);
}

static enum vmig_clause_id clause_of_refusal(uint64_t flags, uint32_t to)
{
	if (to == VFIO_DEVICE_STATE_ERROR)
		return ST_06;
	if (to >= VFIO_DEVICE_STATE_NR)
		return ST_07;
	return vmig_state_offered(flags, to) ? FSM_02 : DISC_05;
}

static void check_refused(struct vmig_device *dev, enum vmig_clause_id id, uint32_t from, int ret,
			  int data_fd, int fds, int session, const char *did)
{
	uint32_t state;

	CHECK_FAILS(id, ret, did);
	CHECK(ST_05, data_fd == -1, vmig_fmt("data_fd of the refused %s", did), "-1", "data_fd %d",
	      data_fd);
	state = vmig_get_state(dev);
	CHECK(id, state == from || state == VFIO_DEVICE_STATE_ERROR,
	      vmig_fmt("GET after the refused %s", did),
	      vmig_fmt("state %s, or ERROR", vmig_state_name(from)), "state %s",
	      vmig_state_name(state));
	CHECK(ST_16, state != VFIO_DEVICE_STATE_ERROR, vmig_fmt("GET after the refused %s", did),
	      vmig_fmt("state %s", vmig_state_name(from)), "state ERROR");
	CHECK(FSM_06, vmig_count_fds() == fds, vmig_fmt("/proc/self/fd after the refused %s", did),
	      "as before", "%+d", vmig_count_fds() - fds);
	if (state != from)
		return;
	check_session(dev, id, from, session, did);
	ret = __vmig_set_state(dev, VFIO_DEVICE_STATE_RUNNING, NULL);
	CHECK_OK(id, ret, vmig_fmt("%s, then SET(RUNNING): the device still works", did));
}

TEST_F(fsm, set)
{
	struct vfio_device_feature_mig_state mig = { .data_fd = POISON };
	struct vmig_transition t;
	const char *did;
	int session, fds, ret;

	CLAUSES(FSM_01, FSM_02, FSM_05, FSM_06, FD_02, DISC_05, ST_03, ST_04, ST_05, ST_06, ST_07,
		ST_08, ST_16, V1_03);
	NEED(variant->from != VFIO_DEVICE_STATE_ERROR,
	     "no arc leads to ERROR: see state.error_is_left_by_reset_only");
	NEED_STATE(variant->from);
	NEED(variant->from != VFIO_DEVICE_STATE_STOP_COPY || !vmig_state_saving(variant->to) ||
		     variant->to == variant->from || !vmig_state_offered(self->flags, variant->to),
	     "a hazard on kernels without a26b499b757c: the hazard chapter does it");

	session = stand_in(self->dev, variant->from);
	vmig_transition(self->flags, variant->from, variant->to, &t);
	did = vmig_fmt("SET(%s) from %s", vmig_state_name(variant->to),
		       vmig_state_name(variant->from));
	fds = vmig_count_fds();
	mig.device_state = variant->to;
	ret = __vmig_feature_op(self->dev->fd, VFIO_DEVICE_FEATURE_MIG_DEVICE_STATE,
				VFIO_DEVICE_FEATURE_SET, &mig, sizeof(mig));

	if (t.answer == VMIG_REFUSE) {
		check_refused(self->dev, clause_of_refusal(self->flags, variant->to), variant->from,
			      ret, mig.data_fd, fds, session, did);
		if (variant->to == VFIO_DEVICE_STATE_ERROR)
			CHECK_FAILS(V1_03, ret, vmig_fmt("%s, which was STOP in protocol v1", did));
	} else {
		check_accepted(self->dev,
			       clause_of_success(self->flags, variant->from, variant->to, &t),
			       variant->to, &t, ret, mig.data_fd, fds, did);
		if (t.answer == VMIG_STAY && !ret)
			check_session(self->dev, ST_08, variant->from, session, did);
	}
	if (!ret && mig.data_fd >= 0 && mig.data_fd != POISON)
		close(mig.data_fd);
	if (session >= 0)
		close(session);
}

VMIG_MAIN("fsm")
