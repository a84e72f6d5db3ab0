// SPDX-License-Identifier: GPL-2.0-only
/*
 * RES: RESUMING with streams of every kind: complete, none, cut off, too long, of another
 * session, of another device. What is damaged or meant to do harm is in the chapter
 * `hostile`.
 *
 * Leaving RESUMING is where a driver must do its "final validity and consistency
 * checking of the new device state" and "must fail the SET_STATE ioctl" for data that
 * is "incomplete, inconsistent, or otherwise invalid" (H:1089-1096): the last moment at
 * which a failed migration can still go on at the source. Most drivers in the tree miss
 * some of it (mlx5 X1, hisi H3, pds P1, qat Q2, virtio VT2), no two of them the same.
 */
#include <fcntl.h>

#include "fault_memory.h"
#include "fixture_resume.h"

static const char *to_name(uint32_t target)
{
	return vmig_fmt("SET(%s)", vmig_state_name(target));
}

RESUME_FIXTURE(resume);
VMIG_VARIANTS_UAPIS(resume);

/*
 * To each state that RESUMING can be left for: STOP by the one arc there is, the others
 * by combinations that go through it (H:1190). QEMU asks for RUNNING, cloud-hypervisor
 * for STOP.
 */
RESUME_FIXTURE(resume_to, uint32_t target;);

#define ADD_TARGET(target_)                                                                        \
	VMIG_VARIANT(resume_to, cdev_##target_, .uapi = VMIG_UAPI_CDEV,                            \
		     .target = VFIO_DEVICE_STATE_##target_);                                       \
	VMIG_VARIANT(resume_to, group_##target_, .uapi = VMIG_UAPI_GROUP,                          \
		     .target = VFIO_DEVICE_STATE_##target_)

ADD_TARGET(STOP);
ADD_TARGET(RUNNING);
ADD_TARGET(RUNNING_P2P);
ADD_TARGET(STOP_COPY);
ADD_TARGET(PRE_COPY);
ADD_TARGET(PRE_COPY_P2P);

/* Entering RESUMING opens the session that everything else here writes to (H:1155). */
VMIG_TEST_TIMEOUT(resume, writable_fd, MINUTES)
{
	int fd, flags, ret;
	uint32_t state;
	size_t done;

	CLAUSES(RES_01);
	vmig_goto_state(self->dev, VFIO_DEVICE_STATE_STOP);
	ret = __vmig_set_state(self->dev, VFIO_DEVICE_STATE_RESUMING, &fd);
	if (!CHECK_OK(RES_01, ret, "SET(RESUMING) from STOP"))
		return;
	state = vmig_get_state(self->dev);
	CHECK(RES_01, state == VFIO_DEVICE_STATE_RESUMING, "GET after SET(RESUMING)",
	      "state RESUMING", "state %s", vmig_state_name(state));
	if (!CHECK(RES_01, fd >= 0, "SET(RESUMING) from STOP", "a data_fd", "data_fd %d", fd))
		return;
	flags = fcntl(fd, F_GETFL);
	CHECK(RES_01, (flags & O_ACCMODE) != O_RDONLY, "fcntl(F_GETFL) on the data_fd of RESUMING",
	      "open for writing", "flags %#x", flags);
	ret = __vmig_stream_write(fd, self->good.data, self->good.len, &vmig_default_chunks, &done);
	CHECK(RES_01, !ret, "write() of a good stream", "all of it is taken",
	      "%s after %zu of %zu bytes", vmig_errno_name(ret), done, self->good.len);
	vmig_set_state(self->dev, VFIO_DEVICE_STATE_STOP);
	close(fd);
}

VMIG_TEST_TIMEOUT(resume_to, complete_stream, MINUTES)
{
	int fd, new_fd, ret;
	uint32_t state;

	CLAUSES(RES_03);
	NEED_STATE(variant->target);
	fd = vmig_goto_state(self->dev, VFIO_DEVICE_STATE_RESUMING);
	vmig_stream_write(fd, &self->good);
	ret = __vmig_set_state(self->dev, variant->target, &new_fd);
	close(fd);
	if (!CHECK_OK(RES_03, ret,
		      vmig_fmt("%s after a complete stream", to_name(variant->target))))
		return;
	state = vmig_get_state(self->dev);
	CHECK(RES_03, state == variant->target,
	      vmig_fmt("GET after a complete stream and %s", to_name(variant->target)),
	      vmig_fmt("state %s", vmig_state_name(variant->target)), "state %s",
	      vmig_state_name(state));
	if (new_fd >= 0)
		close(new_fd);
}

/*
 * Nothing was written, so that nothing is complete (mlx5 X1 and virtio VT2 accept it,
 * qat Q2 from the second session on).
 */
VMIG_TEST_TIMEOUT(resume_to, nothing_written, MINUTES)
{
	struct vmig_attempt a;

	CLAUSES(RES_04);
	NEED_STATE(variant->target);
	NEED_BYTES(1);
	NEED_RESET;
	a = vmig_load_unchecked(self->dev, NULL, 0, VMIG_ONE_WRITE, variant->target);
	CHECK_FAILS(RES_04, a.set, vmig_fmt("%s with nothing written", to_name(variant->target)));
}

/*
 * A stream that is cut off must fail. Where a format has records, what ends with one may
 * be complete for the driver: then one byte more is not (CLAUSES, section 19).
 */
static void check_cut(struct vmig_device *dev, const struct vmig_stream *good, size_t n,
		      uint32_t target, enum vmig_clause_id id)
{
	struct vmig_attempt a, more;

	a = vmig_load_unchecked(dev, good->data, n, VMIG_ONE_WRITE, target);
	vmig_leave_attempt(dev);
	if (!a.set && n > 1 && n < good->len - 1) {
		more = vmig_load_unchecked(dev, good->data, n + 1, VMIG_ONE_WRITE, target);
		vmig_leave_attempt(dev);
		if (more.set) {
			vmig_note(id,
				  "%zu of %zu bytes are accepted, one more is not: the end of "
				  "a record",
				  n, good->len);
			return;
		}
	}
	CHECK_FAILS(id, a.set,
		    vmig_fmt("%s after %zu of %zu bytes", to_name(target), n, good->len));
}

/* A combination that skips the check would run the device on half a state (MU-31). */
VMIG_TEST_TIMEOUT(resume_to, cut_off, MINUTES)
{
	enum vmig_clause_id id = variant->target == VFIO_DEVICE_STATE_STOP ? RES_05 : RES_11;

	CLAUSES(RES_05, RES_11);
	NEED_STATE(variant->target);
	NEED_BYTES(2);
	NEED_RESET;
	check_cut(self->dev, &self->good, self->good.len - 1, variant->target, id);
	check_cut(self->dev, &self->good, self->good.len / 2, variant->target, id);
}

static void check_state_after(struct vmig_device *dev, uint64_t flags, const struct vmig_attempt *a,
			      const char *what, uint32_t target)
{
	const char *did = vmig_fmt("GET after %s and a failed %s", what, to_name(target));
	struct vmig_transition t;

	if (a->set && target == VFIO_DEVICE_STATE_STOP) {
		CHECK(RES_09,
		      a->state == VFIO_DEVICE_STATE_RESUMING || a->state == VFIO_DEVICE_STATE_ERROR,
		      did, "state RESUMING or ERROR", "state %s", vmig_state_name(a->state));
	} else if (a->set) {
		vmig_transition(flags, VFIO_DEVICE_STATE_RESUMING, target, &t);
		CHECK(ST_09, vmig_on_path(&t, VFIO_DEVICE_STATE_RESUMING, a->state), did,
		      "RESUMING, a step of the path, or ERROR", "state %s",
		      vmig_state_name(a->state));
	}
	vmig_leave_attempt(dev);
}

/*
 * To STOP there is one arc, and it has failed. Behind STOP it may have been a later one, as
 * where firmware looks at what was loaded only when the device is to run: "the user may see
 * any step along the path" (H:1199).
 */
VMIG_TEST_TIMEOUT(resume_to, state_after_failure, MINUTES)
{
	struct vmig_attempt a;

	CLAUSES(RES_09, ST_09);
	NEED_STATE(variant->target);
	NEED_BYTES(2);
	NEED_RESET;
	a = vmig_load_unchecked(self->dev, NULL, 0, VMIG_ONE_WRITE, variant->target);
	check_state_after(self->dev, self->flags, &a, "no stream", variant->target);
	a = vmig_load_unchecked(self->dev, self->good.data, self->good.len - 1, VMIG_ONE_WRITE,
				variant->target);
	check_state_after(self->dev, self->flags, &a, "all but the last byte", variant->target);
	self->good.data[0] ^= 0xff;
	a = vmig_load_unchecked(self->dev, self->good.data, self->good.len, VMIG_ONE_WRITE,
				variant->target);
	self->good.data[0] ^= 0xff;
	check_state_after(self->dev, self->flags, &a, "a stream with its first byte inverted",
			  variant->target);
}

/* Cut off where a driver is likely not to look: inside the header, in the middle, at the end. */
enum cut { CUT_FIRST_BYTE, CUT_EIGHT_BYTES, CUT_HALF, CUT_LAST_BYTE };

RESUME_FIXTURE(resume_cut, enum cut cut;);

#define ADD_CUT(word, cut_)                                                                        \
	VMIG_VARIANT(resume_cut, cdev_##word, .uapi = VMIG_UAPI_CDEV, .cut = cut_);                \
	VMIG_VARIANT(resume_cut, group_##word, .uapi = VMIG_UAPI_GROUP, .cut = cut_)

ADD_CUT(first_byte_only, CUT_FIRST_BYTE);
ADD_CUT(eight_bytes, CUT_EIGHT_BYTES);
ADD_CUT(half, CUT_HALF);
ADD_CUT(last_byte_missing, CUT_LAST_BYTE);

VMIG_TEST_TIMEOUT(resume_cut, fails, MINUTES)
{
	size_t n = 0;

	CLAUSES(RES_05);
	switch (variant->cut) {
	case CUT_FIRST_BYTE:
		n = 1;
		break;
	case CUT_EIGHT_BYTES:
		n = 8;
		break;
	case CUT_HALF:
		n = self->good.len / 2;
		break;
	case CUT_LAST_BYTE:
		n = self->good.len - 1;
		break;
	}
	NEED_BYTES(2);
	NEED(n < self->good.len, "the stream has only %zu bytes", self->good.len);
	NEED_RESET;
	check_cut(self->dev, &self->good, n, VFIO_DEVICE_STATE_STOP, RES_05);
}

/*
 * All prefixes of a small stream, some of a large one. What ends with a record may be
 * taken; two that differ by one byte cannot both end with one.
 */
VMIG_TEST_TIMEOUT(resume, each_prefix, MINUTES)
{
	uint64_t end = vmig_now_ms() + SWEEP_MS;
	size_t n, k, first_bad = 0;
	unsigned int i, tried = 0, taken = 0, bad = 0;
	struct vmig_attempt a[2];

	CLAUSES(RES_05);
	NEED_BYTES(3);
	NEED_RESET;
	for (i = 0; vmig_now_ms() < end; i++) {
		n = 1 + vmig_position(i, POSITIONS, self->good.len - 1);
		if (n >= self->good.len)
			break;
		tried++;
		for (k = 0; k < 2; k++) {
			a[k] = vmig_load_unchecked(self->dev, self->good.data, n + k,
						   VMIG_ONE_WRITE, VFIO_DEVICE_STATE_STOP);
			vmig_leave_attempt(self->dev);
			if (a[k].set)
				break;
			if (!k)
				taken++;
		}
		if (k < 2 || n + 1 >= self->good.len)
			continue;
		if (!bad++)
			first_bad = n;
	}
	CHECK(RES_05, !bad,
	      vmig_fmt("SET(STOP) after a prefix of %zu bytes and after one of one byte "
		       "more, of %zu",
		       first_bad, self->good.len),
	      "one of the two fails, as both cannot end with a record",
	      "both succeed; so for %u of %u prefixes", bad, tried);
	vmig_note(RES_05, "%u of %u prefixes of the %zu bytes are accepted", taken, tried,
		  self->good.len);
}

/* The good stream and then @more bytes, as one write() or as small ones. */
static void check_surplus(struct vmig_device *dev, const struct vmig_stream *good, size_t more,
			  size_t chunk, const char *how)
{
	struct vmig_stream s = {};
	struct vmig_attempt a;
	unsigned char surplus[VMIG_PAGE];

	memset(surplus, VMIG_GARBAGE, sizeof(surplus));
	vmig_stream_copy(&s, good);
	vmig_stream_append(&s, surplus, more);
	a = vmig_load_unchecked(dev, s.data, s.len, chunk, VFIO_DEVICE_STATE_STOP);
	CHECK(RES_06, vmig_load_rejected(&a),
	      vmig_fmt("write() of the stream and %zu bytes more %s, SET(STOP)", more, how),
	      "write() or SET fails", "both succeed");
	if (vmig_load_rejected(&a))
		vmig_note(RES_06, "%zu surplus bytes %s: write %s, SET %s", more, how,
			  a.write ? "refused" : "accepted", a.set ? "refused" : "accepted");
	vmig_leave_attempt(dev);
	vmig_stream_free(&s);
}

/* Bytes behind the end come from a stream that is not this device's (MU-48). */
VMIG_TEST_TIMEOUT(resume, surplus_byte, MINUTES)
{
	CLAUSES(RES_06);
	NEED_RESET;
	check_surplus(self->dev, &self->good, 1, VMIG_ONE_WRITE, "in one write()");
	check_surplus(self->dev, &self->good, 1, 8, "8 at a time");
}

VMIG_TEST_TIMEOUT(resume, surplus_page, MINUTES)
{
	CLAUSES(RES_06);
	NEED_RESET;
	check_surplus(self->dev, &self->good, VMIG_PAGE, VMIG_ONE_WRITE, "in one write()");
	check_surplus(self->dev, &self->good, VMIG_PAGE, 8, "8 at a time");
}

/* RESET is the way to abort a load (H:1102): wherever it is, and also when it has failed. */
VMIG_TEST_TIMEOUT(resume, reset_aborts, MINUTES)
{
	const struct {
		const char *name;
		size_t bytes;
		bool failed;
	} progress[] = {
		{ "nothing written", 0, false },
		{ "one byte written", 1, false },
		{ "half of the stream written", self->good.len / 2, false },
		{ "the whole stream written", self->good.len, false },
		{ "half of the stream written and SET(STOP) refused", self->good.len / 2, true },
	};
	struct vmig_stream s = {};
	const char *did;
	unsigned int i;
	uint32_t state;
	ssize_t n;
	int fd, ret;

	CLAUSES(RES_10);
	NEED_BYTES(2);
	NEED_RESET;
	for (i = 0; i < ARRAY_SIZE(progress); i++) {
		fd = vmig_goto_state(self->dev, VFIO_DEVICE_STATE_RESUMING);
		vmig_write_all_unchecked(fd, self->good.data, progress[i].bytes, VMIG_ONE_WRITE);
		if (progress[i].failed)
			__vmig_set_state(self->dev, VFIO_DEVICE_STATE_STOP, NULL);
		did = vmig_fmt("RESET out of RESUMING with %s", progress[i].name);
		/* A driver that is in RESUMING without a session may not survive what follows. */
		ret = __vmig_reset(self->dev);
		state = vmig_get_state(self->dev);
		if (!CHECK_OK(RES_10, ret, did) ||
		    !CHECK(RES_10, state == VFIO_DEVICE_STATE_RUNNING,
			   vmig_fmt("GET after %s", did), "state RUNNING", "state %s",
			   vmig_state_name(state))) {
			close(fd);
			break;
		}
		n = __vmig_write(fd, self->good.data, 1);
		CHECK(RES_10, n <= 0, vmig_fmt("write() to the data_fd after %s", did),
		      "an error or 0, as the session has ended", "%zd byte taken", n);
		close(fd);
		ret = __vmig_save(self->dev, &s);
		CHECK(RES_10, !ret && s.len, vmig_fmt("a save after %s", did),
		      "the state comes out", "%zu bytes, %s", s.len, vmig_errno_name(ret));
		vmig_leave_attempt(self->dev);
	}
	vmig_stream_free(&s);
}

/*
 * "A compatible device" (H:1156) is what a stream must come from. Small writes too: they
 * get the driver to take the part of a foreign stream that it has room for.
 */
VMIG_TEST_TIMEOUT(resume, stream_of_other_type, MINUTES)
{
	const struct vmig_dev_id *id;
	struct vmig_stream s = {};
	struct vmig_device *other;
	struct vmig_attempt a;
	const char *why;

	CLAUSES(RES_12);
	NEED_RESET;
	id = vmig_other_device(&why);
	NEED(id, "%s", why);
	NEED(vmig_uapi_available(id, variant->uapi, &why), "%s", why);
	other = vmig_open(id, variant->uapi);
	if (__vmig_recover_running(other))
		vmig_test_error("%s cannot be brought to RUNNING", id->name);
	vmig_save(other, &s);
	vmig_goto_state(other, VFIO_DEVICE_STATE_RUNNING);
	vmig_close(other);
	NEED(s.len, "a save of %s gives no bytes, so that it is a stream of any device", id->name);
	a = vmig_load_unchecked(self->dev, s.data, s.len, VMIG_ONE_WRITE, VFIO_DEVICE_STATE_STOP);
	CHECK_FAILS(RES_12, a.set,
		    vmig_fmt("SET(STOP) after the stream of %s in one write()", id->name));
	vmig_leave_attempt(self->dev);
	a = vmig_load_unchecked(self->dev, s.data, s.len, 4, VFIO_DEVICE_STATE_STOP);
	CHECK_FAILS(RES_12, a.set,
		    vmig_fmt("SET(STOP) after the stream of %s, 4 bytes at a time", id->name));
	vmig_stream_free(&s);
}

static void check_good_after(struct vmig_device *dev, const struct vmig_stream *good,
			     const char *what)
{
	struct vmig_attempt a;

	vmig_reset(dev);
	vmig_leave_attempt(dev);
	a = vmig_load_unchecked(dev, good->data, good->len, VMIG_ONE_WRITE,
				VFIO_DEVICE_STATE_RUNNING);
	CHECK(RES_16, !vmig_load_rejected(&a),
	      vmig_fmt("load of a good stream after %s and RESET", what), "success",
	      "write() %s, SET(RUNNING) %s", vmig_errno_name(a.write), vmig_errno_name(a.set));
}

/* The destination tries again, with the same device (H:1102). */
VMIG_TEST_TIMEOUT(resume, good_load_after_failure, MINUTES)
{
	struct vmig_stream *good = &self->good;

	CLAUSES(RES_16);
	NEED_BYTES(2);
	NEED_RESET;
	vmig_load_unchecked(self->dev, NULL, 0, VMIG_ONE_WRITE, VFIO_DEVICE_STATE_STOP);
	check_good_after(self->dev, good, "a load of nothing");
	vmig_load_unchecked(self->dev, good->data, good->len - 1, VMIG_ONE_WRITE,
			    VFIO_DEVICE_STATE_STOP);
	check_good_after(self->dev, good, "a load with the last byte missing");
	good->data[0] ^= 0xff;
	vmig_load_unchecked(self->dev, good->data, good->len, 8, VFIO_DEVICE_STATE_STOP);
	good->data[0] ^= 0xff;
	check_good_after(self->dev, good, "a load with the first byte inverted");
}

VMIG_MAIN("resume")
