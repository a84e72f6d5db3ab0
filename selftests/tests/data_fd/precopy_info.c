// SPDX-License-Identifier: GPL-2.0-only
/*
 * PRE: VFIO_MIG_GET_PRECOPY_INFO, by which a VMM decides when to stop the guest: what
 * it must refuse, what its counters promise, and the opt-in to its output flags, which
 * kernels have since v7.1 (FEAT-17).
 *
 * The counters are estimates (H:1253) and their sizes are not judged. But initial_bytes
 * must come down to 0 as data is read: QEMU tells the destination to be ready only then
 * (vfio_update_estimated_pending_data()).
 */
#include <errno.h>
#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/mman.h>

#include "child.h"
#include "load_attempt.h"
#include "fault_memory.h"
#include "fixture_precopy.h"
#include "precopy_opt_in.h"

#define OPT_IN VFIO_DEVICE_FEATURE_MIG_PRECOPY_INFOv2

VMIG_FIXTURE(precopy_info);
VMIG_FIXTURE_STATES(precopy_info_in, VMIG_VARIANTS_PRE_COPY);

static const char *in_state(uint32_t state)
{
	return vmig_fmt("VFIO_MIG_GET_PRECOPY_INFO in %s", vmig_state_name(state));
}

/* The flags that come back when a user that has not opted in puts all of them in. */
static uint32_t flags_without(struct vmig_device *dev)
{
	int fd = vmig_goto_state(dev, VFIO_DEVICE_STATE_PRE_COPY);
	struct vfio_precopy_info info;

	vmig_info_with_flags(fd, UINT32_MAX, &info);
	vmig_goto_state(dev, VFIO_DEVICE_STATE_RUNNING);
	close(fd);
	return info.flags;
}

/*
 * The next user, who knows nothing of it, must get what it got from older kernels. The
 * first test that opts in: where an opt-in does not end, later ones could not see it.
 */
TEST_F(precopy_info, opt_in_ends_with_close)
{
	uint32_t before, after;

	CLAUSES(FEAT_17);
	NEED_PRE_COPY;
	NEED_OPT_IN;
	before = flags_without(self->dev);
	vmig_opt_in(self->dev);
	vmig_reopen(&self->dev);
	NEED(before == UINT32_MAX, "flags are not handed back, so that the end of an opt-in cannot "
				   "be seen");
	after = flags_without(self->dev);
	CHECK(FEAT_17, after == before,
	      "opt-in, close, open, VFIO_MIG_GET_PRECOPY_INFO with flags 0xffffffff",
	      vmig_fmt("flags %#x, as before the opt-in", before), "flags %#x", after);
}

/* What BIND answers cannot be written, so that the device is opened and closed again. */
static void fail_to_open(const struct vmig_dev_id *id)
{
	struct vfio_device_bind_iommufd bind = { .argsz = sizeof(bind) }, *at;
	int fd = open(id->cdev, O_RDWR | O_CLOEXEC);

	bind.iommufd = open("/dev/iommu", O_RDWR | O_CLOEXEC);
	if (fd < 0 || bind.iommufd < 0)
		vmig_test_error("open() of the cdev or of /dev/iommu failed: %s",
				vmig_errno_name(errno));
	at = vmig_before_hole(&bind, sizeof(bind));
	vmig_protect(at, PROT_READ);
	if (!ioctl(fd, VFIO_DEVICE_BIND_IOMMUFD, at) || errno != EFAULT)
		vmig_test_error("a BIND whose answer cannot be written does not fail with EFAULT");
	close(fd);
	close(bind.iommufd);
}

TEST_F(precopy_info, opt_in_ends_before_failed_open)
{
	struct vmig_dev_id id;
	uint32_t after;

	CLAUSES(FEAT_20);
	NEED_PRE_COPY;
	NEED_OPT_IN;
	NEED(variant->uapi == VMIG_UAPI_CDEV, "the group has no open that can be made to fail");
	NEED(flags_without(self->dev) == UINT32_MAX,
	     "flags are not handed back, so that the end of an opt-in cannot be seen");
	vmig_opt_in(self->dev);
	id = self->dev->id;
	vmig_close(self->dev);
	self->dev = NULL;
	fail_to_open(&id);
	self->dev = vmig_open(&id, variant->uapi);
	vmig_recover_running(self->dev);
	after = flags_without(self->dev);
	CHECK(FEAT_20, after == UINT32_MAX,
	      "opt-in, close, an open that fails, open, VFIO_MIG_GET_PRECOPY_INFO with flags 0xffffffff",
	      "flags 0xffffffff, as without an opt-in", "flags %#x", after);
}

/* A VMM that opts in, and says so through a pipe. */
struct holder {
	struct vmig_device *dev;
	int ready[2];
};

static void hold(void *arg)
{
	struct holder *h = arg;

	vmig_opt_in(h->dev);
	vmig_goto_state(h->dev, VFIO_DEVICE_STATE_PRE_COPY);
	if (write(h->ready[1], "", 1) != 1)
		vmig_test_error("write() to a pipe failed: %s", vmig_errno_name(errno));
	for (;;)
		pause();
}

TEST_F(precopy_info, opt_in_ends_with_killed_user)
{
	struct vmig_dev_id id = self->dev->id;
	struct holder holder = { .dev = self->dev };
	uint32_t after;
	pid_t pid;
	char c;

	CLAUSES(FEAT_20);
	NEED_PRE_COPY;
	NEED_OPT_IN;
	NEED(flags_without(self->dev) == UINT32_MAX,
	     "flags are not handed back, so that the end of an opt-in cannot be seen");
	if (pipe(holder.ready))
		vmig_test_error("pipe() failed: %s", vmig_errno_name(errno));
	pid = vmig_child_start(hold, &holder);
	close(holder.ready[1]);
	/* Its end is the user's: without it the pipe comes to its end. */
	if (read(holder.ready[0], &c, 1) != 1)
		vmig_test_error("the user who opts in did not come so far");
	close(holder.ready[0]);
	vmig_close(self->dev);
	self->dev = NULL;
	if (vmig_child_kill(pid) == VMIG_CHILD_STUCK)
		vmig_test_error("the user who opted in cannot be killed");
	self->dev = vmig_open_soon(&id, variant->uapi);
	vmig_recover_running(self->dev);
	after = flags_without(self->dev);
	CHECK(FEAT_20, after == UINT32_MAX,
	      "opt-in, SIGKILL, open, VFIO_MIG_GET_PRECOPY_INFO with flags 0xffffffff",
	      "flags 0xffffffff, as without an opt-in", "flags %#x", after);
}

/* Exactly its 24 bytes and not one more are the kernel's to read and write. */
TEST_F(precopy_info_in, works)
{
	struct {
		struct vfio_precopy_info info;
		uint64_t canary;
	} larger = { .info.argsz = sizeof(larger), .canary = 0xa5a5a5a5a5a5a5a5 };
	struct vfio_precopy_info info = { .argsz = sizeof(info) };
	int fd;

	CLAUSES(PRE_01);
	NEED_STATE(variant->state);
	fd = vmig_goto_state(self->dev, variant->state);
	CHECK_OK(PRE_01, __vmig_info_at(fd, vmig_before_hole(&info, sizeof(info))),
		 vmig_fmt("%s, nothing mapped behind the struct", in_state(variant->state)));
	CHECK_OK(PRE_01, __vmig_info_at(fd, &larger),
		 vmig_fmt("%s with argsz %zu", in_state(variant->state), sizeof(larger)));
	CHECK(PRE_01, larger.canary == 0xa5a5a5a5a5a5a5a5,
	      vmig_fmt("bytes behind the struct after %s with argsz %zu", in_state(variant->state),
		       sizeof(larger)),
	      "untouched", "%#llx", (unsigned long long)larger.canary);
	close(fd);
}

TEST_F(precopy_info_in, argsz_too_small)
{
	static const uint32_t sizes[] = { 0, 1, 8, sizeof(struct vfio_precopy_info) - 1 };
	struct vfio_precopy_info info;
	unsigned int i;
	int fd;

	CLAUSES(PRE_03);
	NEED_STATE(variant->state);
	fd = vmig_goto_state(self->dev, variant->state);
	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		info = (struct vfio_precopy_info){ .argsz = sizes[i] };
		CHECK_ERRNO(PRE_03, __vmig_info_at(fd, &info), EINVAL,
			    vmig_fmt("%s with argsz %u", in_state(variant->state), sizes[i]));
	}
	close(fd);
}

TEST_F(precopy_info_in, unreadable_struct)
{
	struct vfio_precopy_info info = { .argsz = sizeof(info) };
	void *at;
	int fd;

	CLAUSES(PRE_03);
	NEED_STATE(variant->state);
	fd = vmig_goto_state(self->dev, variant->state);
	CHECK_ERRNO(PRE_03, __vmig_info_at(fd, NULL), EFAULT,
		    vmig_fmt("%s at NULL", in_state(variant->state)));
	at = vmig_before_hole(&info, 8);
	CHECK_ERRNO(PRE_03, __vmig_info_at(fd, at), EFAULT,
		    vmig_fmt("%s, a hole behind argsz and flags", in_state(variant->state)));
	vmig_protect(at, PROT_NONE);
	CHECK_ERRNO(PRE_03, __vmig_info_at(fd, at), EFAULT,
		    vmig_fmt("%s at a PROT_NONE page", in_state(variant->state)));
	close(fd);
}

/* mlx5 fe3dd71db2b8: the number of bytes that were not copied, which is no error at all. */
TEST_F(precopy_info_in, unwritable_struct)
{
	struct vfio_precopy_info info = { .argsz = sizeof(info) };
	void *at;
	int fd, ret;

	CLAUSES(PRE_03);
	NEED_STATE(variant->state);
	fd = vmig_goto_state(self->dev, variant->state);
	at = vmig_before_hole(&info, sizeof(info));
	vmig_protect(at, PROT_READ);
	ret = __vmig_info_at(fd, at);
	CHECK(PRE_03, ret == -EFAULT, vmig_fmt("%s at a PROT_READ page", in_state(variant->state)),
	      "EFAULT", "%s",
	      ret == -EPROTO ? "a positive number, which is success" : vmig_errno_name(ret));
	close(fd);
}

/* "Should return -EINVAL from any other migration state" (H:1234). */
TEST_F(precopy_info, refused_in_stop_copy)
{
	static const uint32_t via[] = { VFIO_DEVICE_STATE_STOP, VFIO_DEVICE_STATE_PRE_COPY };
	struct vfio_precopy_info info;
	unsigned int i;
	int fd, ret;

	CLAUSES(PRE_02);
	NEED_PRE_COPY;
	for (i = 0; i < ARRAY_SIZE(via); i++) {
		fd = vmig_goto_state(self->dev, via[i]);
		ret = __vmig_set_state(self->dev, VFIO_DEVICE_STATE_STOP_COPY, fd < 0 ? &fd : NULL);
		if (ret)
			vmig_test_error("SET(STOP_COPY) failed: %s", vmig_errno_name(ret));
		CHECK_ERRNO(PRE_02, __vmig_precopy_info(fd, &info), EINVAL,
			    vmig_fmt("%s, entered from %s", in_state(VFIO_DEVICE_STATE_STOP_COPY),
				     vmig_state_name(via[i])));
		vmig_goto_state(self->dev, VFIO_DEVICE_STATE_RUNNING);
		close(fd);
	}
}

TEST_F(precopy_info, refused_after_pre_copy)
{
	static const uint32_t to[] = { VFIO_DEVICE_STATE_RUNNING, VFIO_DEVICE_STATE_STOP };
	struct vfio_precopy_info info;
	unsigned int i;
	int fd;

	CLAUSES(PRE_02);
	NEED_PRE_COPY;
	for (i = 0; i < ARRAY_SIZE(to); i++) {
		fd = vmig_goto_state(self->dev, VFIO_DEVICE_STATE_PRE_COPY);
		vmig_goto_state(self->dev, to[i]);
		CHECK_ERRNO(PRE_02, __vmig_precopy_info(fd, &info), EINVAL,
			    vmig_fmt("%s, on the data_fd that PRE_COPY had", in_state(to[i])));
		close(fd);
	}
}

/* The state is right again, but it is the state of another session. */
TEST_F(precopy_info, refused_on_stale_fd)
{
	struct vfio_precopy_info info;
	int old, fd;

	CLAUSES(PRE_02);
	NEED_PRE_COPY;
	old = vmig_goto_state(self->dev, VFIO_DEVICE_STATE_PRE_COPY);
	vmig_set_state(self->dev, VFIO_DEVICE_STATE_RUNNING);
	fd = vmig_goto_state(self->dev, VFIO_DEVICE_STATE_PRE_COPY);
	CHECK_FAILS(PRE_02, __vmig_precopy_info(old, &info),
		    vmig_fmt("%s, on the data_fd of a session before",
			     in_state(VFIO_DEVICE_STATE_PRE_COPY)));
	close(old);
	close(fd);
}

VMIG_TEST_TIMEOUT(precopy_info, refused_while_resuming, MINUTES)
{
	struct vmig_stream good = {};
	struct vfio_precopy_info info;
	int fd, ret;

	CLAUSES(PRE_05);
	fd = vmig_session_open(self->dev, VFIO_DEVICE_STATE_RESUMING, &good);
	ret = __vmig_precopy_info(fd, &info);
	CHECK(PRE_05, ret == -ENOTTY || ret == -EINVAL, in_state(VFIO_DEVICE_STATE_RESUMING),
	      "ENOTTY or EINVAL", "%s", vmig_errno_name(ret));
	vmig_set_state(self->dev, VFIO_DEVICE_STATE_STOP);
	close(fd);
	vmig_stream_free(&good);
}

/* Older drivers hand back what they were given, so that nothing can be read from it. */
TEST_F(precopy_info_in, flags_without_opt_in)
{
	static const uint32_t flags[] = { 0, UINT32_MAX };
	struct vfio_precopy_info info;
	unsigned int i;
	int fd;

	CLAUSES(PRE_04);
	NEED_STATE(variant->state);
	fd = vmig_goto_state(self->dev, variant->state);
	for (i = 0; i < ARRAY_SIZE(flags); i++)
		if (!__vmig_info_with_flags(fd, flags[i], &info))
			vmig_note(PRE_04, "%s with flags %#x: %#x comes back",
				  in_state(variant->state), flags[i], info.flags);
	close(fd);
}

/* "This field should have a non-zero initial value" (H:1241). */
TEST_F(precopy_info_in, initial_bytes_at_first)
{
	struct vfio_precopy_info info;
	int fd;

	CLAUSES(PRE_06);
	NEED_STATE(variant->state);
	fd = vmig_goto_state(self->dev, variant->state);
	vmig_precopy_info(fd, &info);
	CHECK(PRE_06, info.initial_bytes, vmig_fmt("first %s", in_state(variant->state)),
	      "initial_bytes above 0", "0");
	close(fd);
}

/* "This field starts at zero" (H:1249). */
TEST_F(precopy_info_in, dirty_bytes_at_first)
{
	struct vfio_precopy_info info;
	int fd;

	CLAUSES(PRE_08);
	NEED_STATE(variant->state);
	fd = vmig_goto_state(self->dev, variant->state);
	vmig_precopy_info(fd, &info);
	CHECK(PRE_08, !info.dirty_bytes, vmig_fmt("first %s", in_state(variant->state)),
	      "dirty_bytes 0", "%llu", info.dirty_bytes);
	close(fd);
}

/*
 * Read all of PRE_COPY in steps of @step bytes. initial_bytes must never rise and must
 * be 0 when no more data comes: not even at the third read(), as one that says too early
 * that there is nothing is another rule's breach (PRE-12).
 */
static void check_falls(struct vmig_device *dev, uint32_t state, size_t step)
{
	uint64_t end = vmig_now_ms() + VMIG_IO_TIMEOUT_MS;
	struct vmig_chunks chunks = { "", step, 0 };
	struct vfio_precopy_info before, info;
	struct vmig_stream s = {};
	unsigned int empty = 0;
	size_t had;
	int fd;

	fd = vmig_goto_state(dev, state);
	vmig_precopy_info(fd, &info);
	while (empty < 3 && (info.initial_bytes || info.dirty_bytes) && vmig_now_ms() < end) {
		before = info;
		had = s.len;
		__vmig_stream_read_some(fd, &s, step, &chunks);
		empty = s.len > had ? 0 : empty + 1;
		vmig_precopy_info(fd, &info);
		if (!CHECK(PRE_07, info.initial_bytes <= before.initial_bytes,
			   vmig_fmt("%s after %zu bytes, %zu at a time", in_state(state), s.len,
				    step),
			   vmig_fmt("initial_bytes at most %llu, as before", before.initial_bytes),
			   "%llu", info.initial_bytes))
			break;
	}
	CHECK(PRE_07, !info.initial_bytes || vmig_now_ms() >= end,
	      vmig_fmt("%s where no more data comes, after %zu bytes", in_state(state), s.len),
	      "initial_bytes 0", "%llu", info.initial_bytes);
	close(fd);
	vmig_stream_free(&s);
	vmig_goto_state(dev, VFIO_DEVICE_STATE_RUNNING);
}

VMIG_TEST_TIMEOUT(precopy_info_in, initial_bytes_fall, MINUTES)
{
	struct vfio_precopy_info info;
	int fd;

	CLAUSES(PRE_07);
	NEED_STATE(variant->state);
	fd = vmig_goto_state(self->dev, variant->state);
	vmig_precopy_info(fd, &info);
	close(fd);
	vmig_goto_state(self->dev, VFIO_DEVICE_STATE_RUNNING);
	check_falls(self->dev, variant->state, 1 + info.initial_bytes / 16);
	check_falls(self->dev, variant->state, 1 + info.initial_bytes / 3);
}

/* A save by many small reads in PRE_COPY, with the ioctl before each of them. */
static struct vmig_fault asked_often(struct vmig_device *dev, struct vmig_reference *control,
				     const void *arg, bool with)
{
	struct vmig_chunks chunks = { "", 1 + control->stream.len / 64, 0 };
	const uint32_t *state = arg;
	struct vfio_precopy_info info;
	struct vmig_stream s = {};
	struct vmig_fault fault;
	int fd, i;

	fd = vmig_goto_state(dev, *state);
	for (i = 0; i < 16; i++) {
		if (with) {
			vmig_precopy_info(fd, &info);
			vmig_precopy_info(fd, &info);
		}
		if (__vmig_stream_read_some(fd, &s, chunks.size, &chunks))
			break;
	}
	fault = vmig_verify_finish_save(dev, fd, &s, control, &vmig_default_chunks);
	vmig_stream_free(&s);
	return fault;
}

/* It only looks (H:1228): QEMU asks before each read(), others never. */
VMIG_TEST_TIMEOUT(precopy_info_in, takes_nothing, MINUTES)
{
	CLAUSES(PRE_09);
	NEED_STATE(variant->state);
	vmig_judge_once(
		PRE_09, self->dev, asked_often, &variant->state,
		vmig_fmt("a save with %s before each of many reads", in_state(variant->state)));
}

/* How good the estimates are: a VMM computes its downtime from them. */
VMIG_TEST_TIMEOUT(precopy_info_in, estimates, MINUTES)
{
	struct vfio_precopy_info info;
	struct vmig_stream s = {};
	size_t pre_copy;
	int fd;

	CLAUSES(PRE_23);
	NEED_STATE(variant->state);
	fd = vmig_goto_state(self->dev, variant->state);
	vmig_precopy_info(fd, &info);
	vmig_drain(fd, &s);
	pre_copy = s.len;
	vmig_set_state(self->dev, VFIO_DEVICE_STATE_STOP_COPY);
	vmig_stream_read(fd, &s);
	vmig_note(PRE_23, "%llu initial_bytes; %zu bytes came in %s, %zu in STOP_COPY",
		  info.initial_bytes, pre_copy, vmig_state_name(variant->state), s.len - pre_copy);
	close(fd);
	vmig_stream_free(&s);
}

/*
 * REINIT: a VMM has to start its estimates again. One that has not asked for it may
 * take the bit for its own (it is on the stack of QEMU's caller); older kernels have
 * nothing to set it for.
 */
VMIG_TEST_TIMEOUT(precopy_info_in, no_reinit_without_opt_in, MINUTES)
{
	struct vfio_precopy_info info;
	struct vmig_stream s = {};
	int fd, i;

	CLAUSES(PRE_20);
	NEED_STATE(variant->state);
	fd = vmig_goto_state(self->dev, variant->state);
	for (i = 0; i < 2; i++) {
		vmig_info_with_flags(fd, 0, &info);
		CHECK(PRE_20, !(info.flags & VFIO_PRECOPY_INFO_REINIT),
		      vmig_fmt("%s with flags 0 and no opt-in, %s", in_state(variant->state),
			       i ? "drained" : "at first"),
		      "VFIO_PRECOPY_INFO_REINIT is clear", "flags %#x", info.flags);
		vmig_drain(fd, &s);
	}
	close(fd);
	vmig_stream_free(&s);
}

/* vfio_check_precopy_ioctl() of v7.1 clears what the user put there. */
VMIG_TEST_TIMEOUT(precopy_info_in, flags_are_output, MINUTES)
{
	struct vmig_stream s = {};
	int fd;

	CLAUSES(PRE_21);
	NEED_STATE(variant->state);
	NEED_OPT_IN;
	vmig_opt_in(self->dev);
	fd = vmig_goto_state(self->dev, variant->state);
	vmig_check_output_flags(PRE_21, fd, "at first");
	vmig_drain(fd, &s);
	vmig_check_output_flags(PRE_21, fd, "after a drain");
	close(fd);
	vmig_stream_free(&s);
}

/*
 * With REINIT both counters begin again: initial_bytes anywhere, dirty_bytes at 0, and
 * initial_bytes comes down to 0 by reading as it did before.
 */
VMIG_TEST_TIMEOUT(precopy_info, reinit_begins_again, MINUTES)
{
	uint64_t end, last = UINT64_MAX;
	struct vfio_precopy_info info;
	unsigned int reinits = 0;
	struct vmig_stream s = {};
	int fd, ret;

	CLAUSES(PRE_22);
	NEED_PRE_COPY;
	NEED_OPT_IN;
	vmig_opt_in(self->dev);
	fd = vmig_goto_state(self->dev, VFIO_DEVICE_STATE_PRE_COPY);
	end = vmig_now_ms() + VMIG_IO_TIMEOUT_MS;
	do {
		vmig_info_with_flags(fd, 0, &info);
		if (info.flags & VFIO_PRECOPY_INFO_REINIT) {
			reinits++;
			CHECK(PRE_22, !info.dirty_bytes, vmig_fmt("REINIT after %zu bytes", s.len),
			      "dirty_bytes 0", "%llu", info.dirty_bytes);
		} else if (reinits) {
			CHECK(PRE_22, info.initial_bytes <= last,
			      vmig_fmt("%zu bytes read, some after a REINIT", s.len),
			      vmig_fmt("initial_bytes at most %llu", (unsigned long long)last),
			      "%llu", info.initial_bytes);
		}
		last = info.initial_bytes;
		ret = __vmig_stream_read_some(fd, &s, 1 + last / 4, &vmig_default_chunks);
	} while (!ret && vmig_now_ms() < end);
	NEED(reinits, "the driver has not reported VFIO_PRECOPY_INFO_REINIT");
	vmig_precopy_info(fd, &info);
	CHECK(PRE_22, !info.initial_bytes || vmig_now_ms() >= end,
	      vmig_fmt("%zu bytes read, some after a REINIT, and no more come", s.len),
	      "initial_bytes 0", "%llu", info.initial_bytes);
	close(fd);
	vmig_stream_free(&s);
}

TEST_F(precopy_info, opt_in_methods)
{
	uint8_t payload[8] = {};

	CLAUSES(FEAT_17);
	NEED_PRE_COPY;
	NEED_OPT_IN;
	CHECK_OK(FEAT_17, __vmig_probe(self->dev, OPT_IN, VFIO_DEVICE_FEATURE_SET),
		 "PROBE|SET of MIG_PRECOPY_INFOv2");
	CHECK_ERRNO(FEAT_17, __vmig_probe(self->dev, OPT_IN, VFIO_DEVICE_FEATURE_GET), EINVAL,
		    "PROBE|GET of MIG_PRECOPY_INFOv2");
	CHECK_ERRNO(FEAT_17,
		    __vmig_feature_op(self->dev->fd, OPT_IN, VFIO_DEVICE_FEATURE_GET, payload,
				      sizeof(payload)),
		    EINVAL, "GET of MIG_PRECOPY_INFOv2");
	CHECK_OK(FEAT_17, __vmig_precopy_info_v2(self->dev),
		 "SET of MIG_PRECOPY_INFOv2 with argsz 8, no payload");
	CHECK_OK(FEAT_17,
		 __vmig_feature_op(self->dev->fd, OPT_IN, VFIO_DEVICE_FEATURE_SET, payload,
				   sizeof(payload)),
		 "SET of MIG_PRECOPY_INFOv2 with argsz 16");
}

/* There is nothing to opt in to. Kernels before v7.1 do not know the feature at all. */
TEST_F(precopy_info, no_opt_in_without_pre_copy)
{
	CLAUSES(FEAT_17);
	NEED(!vmig_state_offered(self->flags, VFIO_DEVICE_STATE_PRE_COPY),
	     "the device offers PRE_COPY");
	CHECK_FAILS(FEAT_17, __vmig_probe(self->dev, OPT_IN, 0), "PROBE of MIG_PRECOPY_INFOv2");
	CHECK_FAILS(FEAT_17, __vmig_precopy_info_v2(self->dev), "SET of MIG_PRECOPY_INFOv2");
}

/* It is the user's choice and not a session's: made once, after open. */
TEST_F(precopy_info, opt_in_lasts)
{
	static const char *const when[] = { "in the first session", "in the next session",
					    "in a session after RESET" };
	unsigned int i;
	int fd;

	CLAUSES(FEAT_17);
	NEED_PRE_COPY;
	NEED_OPT_IN;
	vmig_opt_in(self->dev);
	for (i = 0; i < ARRAY_SIZE(when); i++) {
		if (i == 2 && __vmig_reset(self->dev))
			break;
		fd = vmig_goto_state(self->dev, VFIO_DEVICE_STATE_PRE_COPY);
		vmig_check_output_flags(FEAT_17, fd, when[i]);
		vmig_goto_state(self->dev, VFIO_DEVICE_STATE_RUNNING);
		close(fd);
	}
}

VMIG_MAIN("precopy_info")
