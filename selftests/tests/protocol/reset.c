// SPDX-License-Identifier: GPL-2.0-only
/*
 * RST: VFIO_DEVICE_RESET, the way out that must work when nothing else does. QEMU and
 * cloud-hypervisor call it when a transition and its recovery have failed, never ask
 * for the state afterwards, and take it for RUNNING (vfio_migration_set_state()).
 *
 * From every state, with a session at any progress; also on devices without migration
 * support, where a reset once oopsed (1b81ed612e12). Resets that meet other calls are in
 * the race chapter, those through PCI in the hot_reset chapter.
 */
#include <stdlib.h>

#include <vmig/info.h>
#include "child.h"
#include "fixture_states.h"
#include "round_trip_check.h"
#include "device_snapshot.h"
#include "session_check.h"

VMIG_FIXTURE(reset);
VMIG_FIXTURE_ANY(reset_any, false);
VMIG_FIXTURE_STATES(reset_from, VMIG_VARIANTS_ALL_STATES);
VMIG_FIXTURE_STATES(reset_session, VMIG_VARIANTS_SESSIONS);

/* A good stream of the device, which is in RUNNING before and after. */
static void save_running(struct vmig_device *dev, struct vmig_stream *s)
{
	vmig_save(dev, s);
	vmig_set_state(dev, VFIO_DEVICE_STATE_RUNNING);
}

static void check_running(struct vmig_device *dev, const char *from)
{
	uint32_t state;
	int ret;

	ret = __vmig_reset(dev);
	if (!CHECK_OK(RST_01, ret, vmig_fmt("RESET in %s", from)))
		return;
	state = vmig_get_state(dev);
	CHECK(RST_01, state == VFIO_DEVICE_STATE_RUNNING, vmig_fmt("GET after RESET in %s", from),
	      "state RUNNING", "state %s", vmig_state_name(state));
}

/*
 * The only way out of ERROR and the only way to abort RESUMING (H:1102, H:1175), so a
 * device that migrates should have it and say so: QEMU asks VFIO_DEVICE_FLAGS_RESET
 * before it resets.
 */
TEST_F(reset, advertised_and_works)
{
	struct vfio_device_info info;
	int ret;

	CLAUSES(DISC_07);
	vmig_device_info(self->dev, &info);
	ret = __vmig_reset(self->dev);
	CHECK(DISC_07, (info.flags & VFIO_DEVICE_FLAGS_RESET) && !ret,
	      "VFIO_DEVICE_GET_INFO and VFIO_DEVICE_RESET",
	      "VFIO_DEVICE_FLAGS_RESET is set and RESET succeeds",
	      "VFIO_DEVICE_FLAGS_RESET is %s, RESET: %s",
	      info.flags & VFIO_DEVICE_FLAGS_RESET ? "set" : "clear", vmig_errno_name(ret));
}

TEST_F(reset_from, ends_in_running)
{
	int fd;

	CLAUSES(RST_01);
	NEED_STATE(variant->state);
	NEED_RESET;
	fd = vmig_goto_state(self->dev, variant->state);
	check_running(self->dev, vmig_state_name(variant->state));
	vmig_close_data_fd(fd);
}

/* cloud-hypervisor resets out of RESUMING after a write() that failed in the middle. */
VMIG_TEST_TIMEOUT(reset_session, ends_in_running, 120)
{
	static const char *const progress[] = { "begun", "half done", "done" };
	struct vmig_stream good = {}, s = {};
	size_t bytes;
	unsigned int i;
	int fd;

	CLAUSES(RST_01);
	NEED_STATE(variant->state);
	NEED_RESET;
	save_running(self->dev, &good);
	for (i = 0; i < ARRAY_SIZE(progress); i++) {
		bytes = i ? good.len * i / 2 : 1;
		fd = vmig_goto_state(self->dev, variant->state);
		if (variant->state == VFIO_DEVICE_STATE_RESUMING)
			__vmig_stream_write(fd, good.data, bytes, &vmig_default_chunks, NULL);
		else if (variant->state == VFIO_DEVICE_STATE_STOP_COPY && bytes == good.len)
			__vmig_stream_read(fd, &s, &vmig_default_chunks);
		else
			__vmig_stream_read_some(fd, &s, bytes, &vmig_default_chunks);
		check_running(self->dev, vmig_fmt("%s with the session %s",
						  vmig_state_name(variant->state), progress[i]));
		vmig_close_data_fd(fd);
		s.len = 0;
		vmig_recover_running(self->dev);
	}
	vmig_stream_free(&good);
	vmig_stream_free(&s);
}

/* A load that failed may have left the device in ERROR (H:1096): RESET is what is left. */
TEST_F(reset, ends_in_running_after_failed_load)
{
	struct vmig_stream good = {};
	uint32_t state;
	int ret;

	CLAUSES(RST_01, RST_03);
	NEED_RESET;
	vmig_require_round_trip(self->dev);
	save_running(self->dev, &good);
	ret = __vmig_load(self->dev, good.data, good.len / 2, &vmig_default_chunks);
	if (!ret)
		vmig_load(self->dev, &good);
	vmig_stream_free(&good);
	NEED(ret, "the device takes half a stream for a whole one, so no load fails");
	state = vmig_get_state(self->dev);
	check_running(self->dev, vmig_fmt("%s after a load that failed", vmig_state_name(state)));
	if (vmig_get_state(self->dev) == VFIO_DEVICE_STATE_RUNNING) {
		const char *why = vmig_round_trip(self->dev);

		CHECK(RST_03, !why, "save and load after RESET after a load that failed",
		      "all of it works", "%s", why);
	}
}

/*
 * A session that outlives the reset gives data of a device that is gone, or mixes with
 * the next one (8512ed256334); one whose buffers went with it is a use after free
 * (457f73082547).
 */
TEST_F(reset_session, is_dead)
{
	bool resuming = variant->state == VFIO_DEVICE_STATE_RESUMING;
	int fd, next;

	CLAUSES(RST_02);
	NEED_STATE(variant->state);
	NEED_RESET;
	fd = vmig_goto_state(self->dev, variant->state);
	vmig_reset(self->dev);
	vmig_check_dead_fd(RST_02, fd, resuming, "RESET in the session");
	if (vmig_get_state(self->dev) == VFIO_DEVICE_STATE_RUNNING) {
		next = vmig_goto_state(self->dev, variant->state);
		vmig_check_dead_fd(RST_02, fd, resuming,
				   "RESET in the session, next session begun");
		close(next);
	}
	close(fd);
}

/* SET @to on a device in RUNNING, and NULL or what did not come; in RUNNING afterwards. */
static const char *go_from_running(struct vmig_device *dev, uint64_t flags, uint32_t to)
{
	const char *why = NULL;
	struct vmig_transition t;
	uint32_t got;
	int fd = -1, ret;

	vmig_transition(flags, VFIO_DEVICE_STATE_RUNNING, to, &t);
	ret = __vmig_set_state(dev, to, &fd);
	got = vmig_get_state(dev);
	if (ret)
		why = vmig_errno_name(ret);
	else if (got != to || t.opens != (fd >= 0))
		why = vmig_fmt("state %s, data_fd %d", vmig_state_name(got), fd);
	if (!ret)
		vmig_close_data_fd(fd);
	vmig_recover_running(dev);
	return why;
}

/*
 * The row of RUNNING in the matrix: "the only way out" must lead somewhere (H:1175). A
 * transition that does not work anyhow is not the reset's business.
 */
VMIG_TEST_TIMEOUT(reset_from, every_transition_works_after, 60)
{
	const char *why;
	uint32_t to;
	int fd;

	CLAUSES(RST_03);
	NEED_STATE(variant->state);
	NEED_RESET;
	for (to = VFIO_DEVICE_STATE_STOP; to < VFIO_DEVICE_STATE_NR; to++) {
		if (!vmig_state_offered(self->flags, to) ||
		    go_from_running(self->dev, self->flags, to))
			continue;
		fd = vmig_goto_state(self->dev, variant->state);
		vmig_reset(self->dev);
		if (vmig_get_state(self->dev) != VFIO_DEVICE_STATE_RUNNING)
			vmig_test_error("RESET from %s ended in %s",
					vmig_state_name(variant->state),
					vmig_state_name(vmig_get_state(self->dev)));
		why = go_from_running(self->dev, self->flags, to);
		CHECK(RST_03, !why,
		      vmig_fmt("SET(%s) after RESET from %s", vmig_state_name(to),
			       vmig_state_name(variant->state)),
		      "success, that state, and a data_fd where a session begins", "%s", why);
		vmig_close_data_fd(fd);
	}
}

/* What an ended session left behind shows in the next one: a buffer, an offset, a flag. */
TEST_F(reset_from, migration_works_after)
{
	const char *why;
	int fd;

	CLAUSES(RST_03);
	NEED_STATE(variant->state);
	NEED_RESET;
	vmig_require_round_trip(self->dev);
	fd = vmig_goto_state(self->dev, variant->state);
	vmig_reset(self->dev);
	NEED(vmig_get_state(self->dev) == VFIO_DEVICE_STATE_RUNNING, "RESET from %s ended in %s",
	     vmig_state_name(variant->state), vmig_state_name(vmig_get_state(self->dev)));
	why = vmig_round_trip(self->dev);
	CHECK(RST_03, !why,
	      vmig_fmt("save and load after RESET from %s", vmig_state_name(variant->state)),
	      "all of it works", "%s", why);
	vmig_close_data_fd(fd);
}

static void check_same_capabilities(struct vmig_device *dev, const char *before, const char *from)
{
	struct vmig_difference d = {};
	char *after = vmig_snapshot(dev);

	CHECK(RST_07, vmig_snapshot_same(before, after, &d),
	      vmig_fmt("device, region and interrupt info after RESET in %s", from), d.was, "%s",
	      d.is);
	free(after);
}

/* A VMM asks once, at realize, and builds the guest's device from the answers. */
TEST_F(reset_from, capabilities_unchanged)
{
	char *before;
	int fd;

	CLAUSES(RST_07);
	NEED_STATE(variant->state);
	NEED_RESET;
	before = vmig_snapshot(self->dev);
	fd = vmig_goto_state(self->dev, variant->state);
	vmig_reset(self->dev);
	check_same_capabilities(self->dev, before, vmig_state_name(variant->state));
	vmig_close_data_fd(fd);
	free(before);
}

TEST_F(reset_any, capabilities_unchanged)
{
	char *before = vmig_snapshot(self->dev);
	int ret = __vmig_reset(self->dev);

	CLAUSES(RST_07);
	NEED(!ret, "the device offers no VFIO_DEVICE_RESET: %s", vmig_errno_name(ret));
	check_same_capabilities(self->dev, before, "an open device");
	free(before);
}

static void reset_thrice(void *arg)
{
	struct vmig_device *dev = arg;
	int i;

	for (i = 0; i < 3; i++)
		__vmig_reset(dev);
}

/*
 * xe set up what its reset handler uses on the path of migration only, so that a reset
 * of a device without migration dereferenced NULL (1b81ed612e12).
 */
TEST_F(reset_any, does_not_crash)
{
	enum vmig_child_end end = vmig_child_run(reset_thrice, self->dev, 20000);
	struct vfio_device_info info;

	CLAUSES(ROB_01);
	if (vmig_judge_child(ROB_01, end, "VFIO_DEVICE_RESET three times"))
		CHECK_OK(ROB_01, __vmig_device_info(self->dev, &info),
			 "VFIO_DEVICE_GET_INFO after it");
}

#define LARGE (64UL << 20)

/* Load @bytes of a stream whose end differs from @good, reset, and take the state out. */
static void reset_out_of_load(struct vmig_device *dev, const struct vmig_stream *good, size_t bytes,
			      struct vmig_stream *after)
{
	struct vmig_stream other = {};
	size_t i;
	int fd;

	vmig_stream_copy(&other, good);
	for (i = bytes - bytes / 4; i < bytes; i++)
		other.data[i] ^= 0xff;
	fd = vmig_goto_state(dev, VFIO_DEVICE_STATE_RESUMING);
	__vmig_stream_write(fd, other.data, bytes, &vmig_default_chunks, NULL);
	vmig_reset(dev);
	close(fd);
	vmig_recover_running(dev);
	save_running(dev, after);
	vmig_stream_free(&other);
}

/*
 * RESET discards what was written (H:1102). Without knowing what a stream means this
 * can be seen on a device of which two saves are equal after RESET out of a RESUMING
 * in which nothing was written: then whatever differs after something was written came
 * from there.
 */
VMIG_TEST_TIMEOUT(reset, partial_load_is_discarded, 120)
{
	struct vmig_stream good = {}, control = {}, after = {};
	size_t cut[3];
	unsigned int i;

	CLAUSES(RST_04);
	NEED_RESET;
	save_running(self->dev, &good);
	reset_out_of_load(self->dev, &good, 0, &control);
	reset_out_of_load(self->dev, &good, 0, &after);
	NEED(good.len >= 4 && control.len == after.len &&
		     !memcmp(control.data, after.data, after.len),
	     "two saves of the idle device differ, so that its content cannot be compared");
	cut[0] = good.len;
	cut[1] = good.len - 1;
	cut[2] = good.len / 2;
	for (i = 0; i < (good.len > LARGE ? 1 : ARRAY_SIZE(cut)); i++) {
		reset_out_of_load(self->dev, &good, cut[i], &after);
		CHECK(RST_04,
		      control.len == after.len && !memcmp(control.data, after.data, after.len),
		      vmig_fmt("save after RESET out of RESUMING with %zu of %zu bytes written",
			       cut[i], good.len),
		      "the stream that comes when nothing was written", "another one, of %zu bytes",
		      after.len);
	}
	vmig_load(self->dev, &good);
	vmig_stream_free(&good);
	vmig_stream_free(&control);
	vmig_stream_free(&after);
}

VMIG_MAIN("reset")
