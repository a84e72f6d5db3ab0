// SPDX-License-Identifier: GPL-2.0-only
/*
 * SIZE: VFIO_DEVICE_FEATURE_MIG_DATA_SIZE, the estimate of what STOP_COPY will give.
 *
 * A VMM asks for it while the guest runs, to decide whether the downtime that it may
 * spend is enough. That SET and short buffers are refused is the feature chapter's.
 */
#include <errno.h>

#include "fault_memory.h"
#include "session_check.h"
#include "vmig_harness.h"

/* Beyond this it is no size but a negative errno. */
#define TOO_BIG (1ULL << 62)

VMIG_FIXTURE(data_size);

/*
 * Ask in each state that the device offers: fresh, and where data flows, also in the
 * middle and at the end. @ask says what to do with the moment.
 */
static void ask_everywhere(struct vmig_device *dev, uint64_t flags,
			   void (*ask)(struct vmig_device *dev, const char *when))
{
	struct vmig_stream good = {}, s = {};
	uint32_t state;
	int fd;

	vmig_save(dev, &good);
	for (state = VFIO_DEVICE_STATE_STOP; state < VFIO_DEVICE_STATE_NR; state++) {
		if (!vmig_state_offered(flags, state))
			continue;
		fd = vmig_goto_state(dev, state);
		ask(dev, vmig_state_name(state));
		if (state == VFIO_DEVICE_STATE_RESUMING) {
			vmig_stream_write(fd, &good);
			ask(dev, "RESUMING with a stream written");
			vmig_set_state(dev, VFIO_DEVICE_STATE_STOP);
		} else if (fd >= 0) {
			vmig_verify_some(fd, &s, good.len / 2 + 1);
			ask(dev, vmig_fmt("%s, half read", vmig_state_name(state)));
			vmig_verify_some(fd, &s, good.len);
			ask(dev, vmig_fmt("%s, read to the end", vmig_state_name(state)));
			vmig_set_state(dev, VFIO_DEVICE_STATE_STOP);
		}
		if (fd >= 0)
			close(fd);
	}
	vmig_stream_free(&s);
	vmig_stream_free(&good);
}

static void must_answer(struct vmig_device *dev, const char *when)
{
	uint64_t size;

	CHECK_OK(SIZE_01, __vmig_get_data_size(dev, &size),
		 vmig_fmt("GET MIG_DATA_SIZE in %s", when));
}

/* "Note: Can be called on each device state" (H:1431). */
TEST_F(data_size, every_state)
{
	CLAUSES(SIZE_01);
	ask_everywhere(self->dev, self->flags, must_answer);
}

static void must_be_a_size(struct vmig_device *dev, const char *when)
{
	uint64_t size;

	if (__vmig_get_data_size(dev, &size))
		return;
	CHECK(SIZE_02, size < TOO_BIG, vmig_fmt("GET MIG_DATA_SIZE in %s", when), "a size in bytes",
	      "%#llx", (unsigned long long)size);
}

/* An unsigned length takes a negative errno without a word. */
TEST_F(data_size, is_a_size)
{
	CLAUSES(SIZE_02);
	ask_everywhere(self->dev, self->flags, must_be_a_size);
}

/* Not judged: "estimated". With a real guest it is the number to look at. */
TEST_F(data_size, against_the_bytes)
{
	uint64_t size, sum = 0;
	struct vmig_stream s = {};
	uint32_t state;
	int fd;

	CLAUSES(SIZE_04);
	vmig_save(self->dev, &s);
	vmig_metric("stop_copy_bytes", s.len, "bytes");
	for (state = VFIO_DEVICE_STATE_STOP; state < VFIO_DEVICE_STATE_NR; state++) {
		if (!vmig_state_offered(self->flags, state) || state == VFIO_DEVICE_STATE_RESUMING)
			continue;
		fd = vmig_goto_state(self->dev, state);
		if (!__vmig_get_data_size(self->dev, &size)) {
			vmig_metric(vmig_fmt("mig_data_size_%s", vmig_state_name(state)), size,
				    "bytes");
			vmig_note(SIZE_04, "estimate in %s: %llu bytes, read in STOP_COPY: %zu",
				  vmig_state_name(state), (unsigned long long)size, s.len);
			sum += size;
		}
		if (fd >= 0)
			close(fd);
		vmig_set_state(self->dev, VFIO_DEVICE_STATE_STOP);
	}
	if (sum && s.len)
		vmig_metric("mig_data_size_ratio", (double)vmig_get_data_size(self->dev) / s.len,
			    "times");
	vmig_stream_free(&s);
}

/* Ask; nothing may be other than before. */
static void ask_quietly(struct vmig_device *dev, const char *did)
{
	uint32_t before = vmig_get_state(dev), after;
	int fds = vmig_count_fds();
	uint64_t size;

	__vmig_get_data_size(dev, &size);
	after = vmig_get_state(dev);
	CHECK(SIZE_03, after == before, vmig_fmt("%s, GET of the state", did),
	      vmig_fmt("state %s", vmig_state_name(before)), "state %s", vmig_state_name(after));
	CHECK(SIZE_03, vmig_count_fds() == fds, vmig_fmt("%s, /proc/self/fd", did), "no new fd",
	      "%+d", vmig_count_fds() - fds);
}

/* A driver that takes a snapshot to answer must not take it out of the stream. */
static struct vmig_fault ask_between_reads(struct vmig_device *dev, struct vmig_reference *control,
					   const void *arg, bool with)
{
	uint32_t first = *(const uint32_t *)arg;
	int fd = vmig_goto_state(dev, first), i;
	struct vmig_stream s = {};
	struct vmig_fault fault = {};

	for (i = 0; i < 4 && !fault.found; i++) {
		if (with)
			ask_quietly(dev, vmig_state_name(first));
		fault = vmig_verify_some(fd, &s, control->stream.len / 8 + 1);
	}
	if (first != VFIO_DEVICE_STATE_STOP_COPY)
		vmig_set_state(dev, VFIO_DEVICE_STATE_STOP_COPY);
	if (with)
		ask_quietly(dev, "STOP_COPY");
	return vmig_verify_rest_of_save(dev, fd, &s, control, fault);
}

static struct vmig_fault ask_between_writes(struct vmig_device *dev, struct vmig_reference *control,
					    const void *arg, bool with)
{
	int fd = vmig_goto_state(dev, VFIO_DEVICE_STATE_RESUMING);
	const struct vmig_stream *s = &control->stream;
	size_t at = 0, to, piece = s->len / 4 + 1;
	struct vmig_fault fault = {};

	(void)arg;
	while (at < s->len && !fault.found) {
		if (with)
			ask_quietly(dev, "RESUMING");
		to = s->len - at < piece ? s->len : at + piece;
		fault = vmig_verify_write(fd, s, at, to, &vmig_default_chunks);
		at = to;
	}
	if (with)
		ask_quietly(dev, "RESUMING");
	return vmig_verify_rest_of_load(dev, fd, at, control, fault);
}

TEST_F(data_size, asked_in_stop_copy)
{
	static const uint32_t first = VFIO_DEVICE_STATE_STOP_COPY;
	struct vmig_reference control;

	CLAUSES(SIZE_03);
	vmig_reference_save(self->dev, &control);
	vmig_check_against_reference(SIZE_03, self->dev, &control, ask_between_reads, &first,
				     "STOP_COPY, GET MIG_DATA_SIZE between the reads");
	vmig_stream_free(&control.stream);
}

TEST_F(data_size, asked_in_pre_copy)
{
	static const uint32_t first = VFIO_DEVICE_STATE_PRE_COPY;
	struct vmig_reference control;

	CLAUSES(SIZE_03);
	NEED_STATE(VFIO_DEVICE_STATE_PRE_COPY);
	vmig_reference_save(self->dev, &control);
	vmig_check_against_reference(SIZE_03, self->dev, &control, ask_between_reads, &first,
				     "PRE_COPY and STOP_COPY, GET MIG_DATA_SIZE between the reads");
	vmig_stream_free(&control.stream);
}

TEST_F(data_size, asked_in_resuming)
{
	struct vmig_reference control;

	CLAUSES(SIZE_03);
	vmig_reference_save(self->dev, &control);
	vmig_check_against_reference(SIZE_03, self->dev, &control, ask_between_writes, NULL,
				     "RESUMING, GET MIG_DATA_SIZE between the writes");
	vmig_stream_free(&control.stream);
}

VMIG_MAIN("data_size")
