// SPDX-License-Identifier: GPL-2.0-only
/*
 * FEAT and DISC: the VFIO_DEVICE_FEATURE ioctl and what a device says it can do.
 *
 * For most of FEAT the VFIO core is responsible (vfio_ioctl_device_feature() and the handlers
 * below it), so that a breach is the kernel's. The core checks in a fixed order:
 * header readable, argsz, unknown flags, GET with SET, feature there, method there,
 * PROBE ends it, payload large enough, payload readable. Tests that combine two
 * faults rely on it. They run on devices without migration support too.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/utsname.h>

#include <vmig/dma_logging.h>
#include "child.h"
#include "word_size_calls.h"
#include "fault_memory.h"
#include "fixture_states.h"
#include "session_check.h"

#define GET VFIO_DEVICE_FEATURE_GET
#define SET VFIO_DEVICE_FEATURE_SET
#define PROBE VFIO_DEVICE_FEATURE_PROBE

/* Room behind every payload for bytes that must not change. */
#define CANARY 64

/**
 * struct feature - a feature of migration or DMA logging
 * @name: of the uAPI
 * @index: of the uAPI
 * @methods: which it has (FEAT-07)
 * @payload: bytes
 * @flags: the device has it iff GET MIGRATION reports one of these; 0: PROBE alone tells
 * @absent: errno of any op where the device lacks it
 * @clause: says so, and since when kernels know the feature
 */
struct feature {
	const char *name;
	uint32_t index;
	uint32_t methods;
	uint32_t payload;
	uint64_t flags;
	int absent;
	enum vmig_clause_id clause;
};

static const struct feature features[] = {
	{ "MIGRATION", VFIO_DEVICE_FEATURE_MIGRATION, GET,
	  sizeof(struct vfio_device_feature_migration), VMIG_MIGRATION_KNOWN, ENOTTY, FEAT_13 },
	{ "MIG_DEVICE_STATE", VFIO_DEVICE_FEATURE_MIG_DEVICE_STATE, GET | SET,
	  sizeof(struct vfio_device_feature_mig_state), VMIG_MIGRATION_KNOWN, ENOTTY, FEAT_13 },
	{ "MIG_DATA_SIZE", VFIO_DEVICE_FEATURE_MIG_DATA_SIZE, GET,
	  sizeof(struct vfio_device_feature_mig_data_size), VMIG_MIGRATION_KNOWN, ENOTTY, FEAT_13 },
	{ "DMA_LOGGING_START", VFIO_DEVICE_FEATURE_DMA_LOGGING_START, SET,
	  sizeof(struct vfio_device_feature_dma_logging_control), 0, ENOTTY, FEAT_13 },
	{ "DMA_LOGGING_STOP", VFIO_DEVICE_FEATURE_DMA_LOGGING_STOP, SET, 0, 0, ENOTTY, FEAT_13 },
	{ "DMA_LOGGING_REPORT", VFIO_DEVICE_FEATURE_DMA_LOGGING_REPORT, GET,
	  sizeof(struct vfio_device_feature_dma_logging_report), 0, ENOTTY, FEAT_13 },
	{ "MIG_PRECOPY_INFOv2", VFIO_DEVICE_FEATURE_MIG_PRECOPY_INFOv2, SET, 0,
	  VFIO_MIGRATION_PRE_COPY, EINVAL, FEAT_18 },
};

/* Of those that this kernel knows. */
static const struct feature *feature_from(const struct feature *f)
{
	while (f < features + ARRAY_SIZE(features) && !vmig_clause_binds(f->clause))
		f++;
	return f < features + ARRAY_SIZE(features) ? f : NULL;
}

#define for_each_feature(f) for ((f) = feature_from(features); (f); (f) = feature_from((f) + 1))

static const struct feature *feature_of(uint32_t index)
{
	const struct feature *f;

	for_each_feature(f)
		if (f->index == index)
			return f;
	return NULL;
}

static const char *ops_name(uint32_t ops)
{
	return vmig_fmt("%s%s%s%s%s", ops & PROBE ? "PROBE" : "",
			ops & PROBE && ops & (GET | SET) ? "|" : "", ops & GET ? "GET" : "",
			(ops & (GET | SET)) == (GET | SET) ? "|" : "", ops & SET ? "SET" : "");
}

/*
 * A payload of the feature that the kernel may act on without doing anything: the
 * state that the device is in, logging of one page, a report into a bitmap of ours.
 */
static void fill_payload(const struct feature *f, void *payload)
{
	static struct vfio_device_feature_dma_logging_range range = { .iova = 0, .length = 4096 };
	static uint64_t bitmap[1];

	memset(payload, 0, f->payload);
	switch (f->index) {
	case VFIO_DEVICE_FEATURE_MIG_DEVICE_STATE:
		*(struct vfio_device_feature_mig_state *)payload =
			(struct vfio_device_feature_mig_state){
				.device_state = VFIO_DEVICE_STATE_RUNNING,
				.data_fd = -1,
			};
		break;
	case VFIO_DEVICE_FEATURE_DMA_LOGGING_START:
		*(struct vfio_device_feature_dma_logging_control *)payload =
			(struct vfio_device_feature_dma_logging_control){
				.page_size = 4096,
				.num_ranges = 1,
				.ranges = (uintptr_t)&range,
			};
		break;
	case VFIO_DEVICE_FEATURE_DMA_LOGGING_REPORT:
		*(struct vfio_device_feature_dma_logging_report *)payload =
			(struct vfio_device_feature_dma_logging_report){
				.length = 4096,
				.page_size = 4096,
				.bitmap = (uintptr_t)bitmap,
			};
		break;
	}
}

static bool offered(struct vmig_device *dev, const struct feature *f)
{
	return !__vmig_probe(dev, f->index, 0);
}

/* A request with a header and a payload that may be acted on, canary behind it. */
struct request {
	struct vfio_device_feature hdr;
	uint8_t payload[40];
	uint8_t canary[CANARY];
} __attribute__((aligned(8)));

static int ask(struct vmig_device *dev, const struct feature *f, uint32_t ops, uint32_t argsz,
	       struct request *r)
{
	memset(r, 0xa5, sizeof(*r));
	fill_payload(f, r->payload);
	r->hdr.argsz = argsz;
	r->hdr.flags = ops | f->index;
	return __vmig_feature(dev->fd, r);
}

static bool all_a5(const void *p, size_t len)
{
	const uint8_t *b = p;

	while (len--)
		if (*b++ != 0xa5)
			return false;
	return true;
}

VMIG_FIXTURE_ANY(feature, false);
VMIG_FIXTURE_STATES(feature_in, VMIG_VARIANTS_ALL_STATES);

/* vfio_ioctl_device_feature() reads the 8 bytes of the header before all else. */
TEST_F(feature, header_unreadable)
{
	char *end;

	CLAUSES(FEAT_01);
	end = vmig_before_hole(NULL, 4);
	CHECK_ERRNO(FEAT_01, __vmig_feature(self->dev->fd, NULL), EFAULT, "FEATURE with NULL");
	CHECK_ERRNO(FEAT_01, __vmig_feature(self->dev->fd, end), EFAULT,
		    "FEATURE with the last 4 bytes of a mapping");
	vmig_protect(end, PROT_NONE);
	CHECK_ERRNO(FEAT_01, __vmig_feature(self->dev->fd, end), EFAULT,
		    "FEATURE with a PROT_NONE page");
}

TEST_F(feature, argsz_below_header)
{
	static const uint32_t sizes[] = { 0, 1, 7 };
	const struct feature *f;
	struct request r;
	unsigned int i;

	CLAUSES(FEAT_02);
	for_each_feature(f)
		for (i = 0; i < ARRAY_SIZE(sizes); i++)
			CHECK_ERRNO(FEAT_02, ask(self->dev, f, PROBE, sizes[i], &r), EINVAL,
				    vmig_fmt("PROBE of %s with argsz %u", f->name, sizes[i]));
}

/* A bit that means nothing today must not be accepted, or it can never mean anything. */
TEST_F(feature, reserved_flags)
{
	struct vfio_device_feature h = { .argsz = sizeof(h) };
	uint32_t bit;

	CLAUSES(FEAT_03);
	for (bit = 19; bit < 32; bit++) {
		h.flags = 1U << bit | PROBE | VFIO_DEVICE_FEATURE_MIG_DEVICE_STATE;
		CHECK_ERRNO(FEAT_03, __vmig_feature(self->dev->fd, &h), EINVAL,
			    vmig_fmt("PROBE of MIG_DEVICE_STATE with flag bit %u", bit));
		h.flags = 1U << bit | PROBE | VMIG_FEATURE_UNKNOWN;
		CHECK_ERRNO(FEAT_03, __vmig_feature(self->dev->fd, &h), EINVAL,
			    vmig_fmt("PROBE of an unknown feature with flag bit %u", bit));
	}
}

TEST_F(feature, get_with_set)
{
	const struct feature *f;
	struct request r;

	CLAUSES(FEAT_04);
	for_each_feature(f)
		CHECK_ERRNO(FEAT_04, ask(self->dev, f, GET | SET, 8 + f->payload, &r), EINVAL,
			    vmig_fmt("GET|SET of %s", f->name));
}

TEST_F(feature, neither_get_nor_set)
{
	const struct feature *f;
	struct request r;

	CLAUSES(FEAT_05);
	for_each_feature(f)
		CHECK_ERRNO(FEAT_05, ask(self->dev, f, 0, 8 + f->payload, &r),
			    offered(self->dev, f) ? EINVAL : f->absent,
			    vmig_fmt("%s without GET, SET or PROBE", f->name));
}

/* PROBE is how a VMM finds features (QEMU: vfio_dma_logging_supported()); it must be true. */
TEST_F(feature, probe)
{
	const struct feature *f;
	struct request r;
	int probe, get;

	CLAUSES(FEAT_06);
	for_each_feature(f) {
		probe = ask(self->dev, f, PROBE, 8, &r);
		CHECK(FEAT_06, !probe || probe == -f->absent, vmig_fmt("PROBE of %s", f->name),
		      vmig_fmt("success or %s", vmig_errno_name(-f->absent)), "%s",
		      vmig_errno_name(probe));
		if (!(f->methods & GET) || f->index == VFIO_DEVICE_FEATURE_DMA_LOGGING_REPORT)
			continue;
		get = ask(self->dev, f, GET, 8 + f->payload, &r);
		CHECK(FEAT_06, !probe == !get, vmig_fmt("PROBE and GET of %s", f->name),
		      "both work or neither does", "PROBE %s, GET %s", vmig_errno_name(probe),
		      vmig_errno_name(get));
	}
}

TEST_F(feature, probe_methods)
{
	static const uint32_t sets[] = { GET, SET, GET | SET };
	const struct feature *f;
	struct request r;
	unsigned int i;
	int expected;

	CLAUSES(FEAT_07);
	for_each_feature(f) {
		for (i = 0; i < ARRAY_SIZE(sets); i++) {
			if (!offered(self->dev, f))
				expected = f->absent;
			else
				expected = (sets[i] & ~f->methods) ? EINVAL : 0;
			CHECK_ERRNO(FEAT_07, ask(self->dev, f, PROBE | sets[i], 8, &r), expected,
				    vmig_fmt("%s of %s", ops_name(PROBE | sets[i]), f->name));
		}
	}
}

/* A VMM probes with garbage in the payload, or with none: nothing may happen (H:878). */
TEST_F(feature, probe_does_nothing)
{
	struct vfio_device_feature_mig_state *mig;
	const struct feature *f;
	struct request r;
	uint32_t before = VFIO_DEVICE_STATE_NR, after = VFIO_DEVICE_STATE_NR;

	CLAUSES(FEAT_08);
	mig = (void *)r.payload;
	for_each_feature(f) {
		if (!offered(self->dev, f))
			continue;
		if (f->flags)
			before = vmig_get_state(self->dev);
		memset(&r, 0xa5, sizeof(r));
		r.hdr.argsz = sizeof(r);
		r.hdr.flags = PROBE | f->methods | f->index;
		if (f->index == VFIO_DEVICE_FEATURE_MIG_DEVICE_STATE)
			mig->device_state = VFIO_DEVICE_STATE_STOP;
		if (!CHECK_OK(FEAT_08, __vmig_feature(self->dev->fd, &r),
			      vmig_fmt("%s of %s with a payload", ops_name(PROBE | f->methods),
				       f->name)))
			continue;
		if (f->index == VFIO_DEVICE_FEATURE_MIG_DEVICE_STATE)
			CHECK(FEAT_08, mig->device_state == VFIO_DEVICE_STATE_STOP,
			      "PROBE of MIG_DEVICE_STATE with a payload", "payload untouched",
			      "device_state %u", mig->device_state);
		else
			CHECK(FEAT_08, all_a5(r.payload, sizeof(r.payload)),
			      vmig_fmt("PROBE of %s with a payload", f->name), "payload untouched",
			      "payload changed");
		if (!f->flags)
			continue;
		after = vmig_get_state(self->dev);
		CHECK(FEAT_08, before == after, vmig_fmt("GET state after PROBE of %s", f->name),
		      vmig_fmt("state %s", vmig_state_name(before)), "state %s",
		      vmig_state_name(after));
	}
}

/* PROBE of START with good ranges: a START that followed would be a second one. */
TEST_F(feature, probe_starts_no_logging)
{
	struct vfio_device_feature_dma_logging_range range = { .iova = 0, .length = 4096 };
	const struct feature *start = feature_of(VFIO_DEVICE_FEATURE_DMA_LOGGING_START);
	uint64_t page_size = 4096;
	struct request r;
	int ret;

	CLAUSES(FEAT_08);
	NEED(offered(self->dev, start), "the device offers no DMA logging");
	CHECK_OK(FEAT_08, ask(self->dev, start, PROBE | SET, 8 + start->payload, &r),
		 "PROBE|SET of DMA_LOGGING_START with a good payload");
	ret = __vmig_log_start(self->dev, &page_size, &range, 1);
	if (CHECK_OK(FEAT_08, ret, "DMA_LOGGING_START after a PROBE|SET of it"))
		vmig_log_stop(self->dev);
}

TEST_F(feature, unsupported_method)
{
	const struct feature *f;
	uint32_t other;
	struct request r;

	CLAUSES(FEAT_09, SIZE_05);
	for_each_feature(f) {
		other = (GET | SET) & ~f->methods;
		if (!other || !offered(self->dev, f))
			continue;
		if (f->index == VFIO_DEVICE_FEATURE_MIG_DATA_SIZE)
			CHECK_ERRNO(SIZE_05, ask(self->dev, f, other, 8 + f->payload, &r), EINVAL,
				    "SET of MIG_DATA_SIZE");
		else
			CHECK_ERRNO(FEAT_09, ask(self->dev, f, other, 8 + f->payload, &r), EINVAL,
				    vmig_fmt("%s of %s", ops_name(other), f->name));
	}
}

/*
 * A payload that does not fit argsz must not be looked at, let alone acted on: the
 * bytes behind argsz are not the caller's word (MU-83).
 */
TEST_F(feature, argsz_short_of_payload)
{
	struct vfio_device_feature_mig_state *mig;
	const struct feature *f;
	uint32_t argsz, method;
	struct request r;

	CLAUSES(FEAT_10, SIZE_05);
	mig = (void *)r.payload;
	for_each_feature(f) {
		if (!offered(self->dev, f) || !f->payload)
			continue;
		for (method = GET; method <= SET; method <<= 1) {
			if (!(f->methods & method))
				continue;
			for (argsz = 8; argsz < 8 + f->payload; argsz++) {
				memset(&r, 0xa5, sizeof(r));
				fill_payload(f, r.payload);
				if (f->index == VFIO_DEVICE_FEATURE_MIG_DEVICE_STATE)
					mig->device_state = VFIO_DEVICE_STATE_STOP;
				r.hdr.argsz = argsz;
				r.hdr.flags = method | f->index;
				CHECK_ERRNO(f->index == VFIO_DEVICE_FEATURE_MIG_DATA_SIZE ? SIZE_05
											  : FEAT_10,
					    __vmig_feature(self->dev->fd, &r), EINVAL,
					    vmig_fmt("%s of %s with argsz %u of %u",
						     ops_name(method), f->name, argsz,
						     8 + f->payload));
			}
		}
	}
	if (self->flags)
		CHECK(FEAT_10, vmig_get_state(self->dev) == VFIO_DEVICE_STATE_RUNNING,
		      "GET state after SETs of STOP with a short argsz", "state RUNNING",
		      "state %s", vmig_state_name(vmig_get_state(self->dev)));
}

/* argsz grows with the struct: a caller built with a newer header must be served (H:57). */
TEST_F(feature, argsz_beyond_payload)
{
	const struct feature *f;
	struct request r;
	uint32_t method, argsz;

	CLAUSES(FEAT_11);
	for_each_feature(f) {
		if (!offered(self->dev, f) || !f->flags)
			continue;
		for (method = GET; method <= SET; method <<= 1) {
			if (!(f->methods & method))
				continue;
			argsz = 8 + f->payload + CANARY;
			CHECK_OK(FEAT_11, ask(self->dev, f, method, argsz, &r),
				 vmig_fmt("%s of %s with argsz %u, payload %u", ops_name(method),
					  f->name, argsz, f->payload));
			CHECK(FEAT_11,
			      all_a5(r.payload + f->payload,
				     sizeof(r.payload) - f->payload + sizeof(r.canary)),
			      vmig_fmt("bytes behind the payload of %s after %s", f->name,
				       ops_name(method)),
			      "untouched", "changed");
			CHECK(FEAT_11, r.hdr.argsz == argsz && r.hdr.flags == (method | f->index),
			      vmig_fmt("header after %s of %s", ops_name(method), f->name),
			      vmig_fmt("argsz %u, flags %#x", argsz, method | f->index),
			      "argsz %u, flags %#x", r.hdr.argsz, r.hdr.flags);
		}
	}
}

/* MIG_DEVICE_STATE reads its payload on GET too (vfio_main.c, minsz of data_fd). */
TEST_F(feature, payload_unreadable)
{
	const struct feature *f;
	struct vfio_device_feature h, *at;
	uint32_t method;

	CLAUSES(FEAT_12);
	for_each_feature(f) {
		if (!offered(self->dev, f) || !f->payload)
			continue;
		for (method = GET; method <= SET; method <<= 1) {
			if (!(f->methods & method))
				continue;
			h.argsz = 8 + f->payload;
			h.flags = method | f->index;
			at = vmig_before_hole(&h, sizeof(h));
			CHECK_ERRNO(FEAT_12, __vmig_feature(self->dev->fd, at), EFAULT,
				    vmig_fmt("%s of %s with the payload in a hole",
					     ops_name(method), f->name));
		}
	}
	if (self->flags)
		CHECK(FEAT_12, vmig_get_state(self->dev) == VFIO_DEVICE_STATE_RUNNING,
		      "GET state after SET with an unreadable payload", "state RUNNING", "state %s",
		      vmig_state_name(vmig_get_state(self->dev)));
}

/* Any op on each feature of a clause that the device lacks; false if it has all of them. */
static bool check_absent(struct vmig_device *dev, uint64_t flags, enum vmig_clause_id id)
{
	static const uint32_t ops[] = { PROBE, PROBE | GET, PROBE | SET, GET, SET };
	const struct feature *f;
	bool any = false;
	struct request r;
	unsigned int i;

	for_each_feature(f) {
		if (f->clause != id || (f->flags ? flags & f->flags : offered(dev, f)))
			continue;
		any = true;
		for (i = 0; i < ARRAY_SIZE(ops); i++)
			CHECK_ERRNO(id, ask(dev, f, ops[i], 8 + f->payload, &r), f->absent,
				    vmig_fmt("%s of %s, which the device lacks", ops_name(ops[i]),
					     f->name));
	}
	return any;
}

/* ENOTTY is the one word for "not there": consumers take any other errno for a fault. */
TEST_F(feature, absent)
{
	CLAUSES(FEAT_13);
	NEED(check_absent(self->dev, self->flags, FEAT_13),
	     "the device offers every feature: none is absent");
}

/* But for this one: what the kernel does not know is ENOTTY, so that a VMM can tell them apart. */
TEST_F(feature, absent_opt_in)
{
	CLAUSES(FEAT_18);
	NEED_KERNEL_OF(FEAT_18);
	NEED(check_absent(self->dev, self->flags, FEAT_18), "the device offers PRE_COPY");
}

/*
 * A VMM that takes over a device in the middle of a migration may opt in then, and the core
 * looks at no state. The session must not notice it.
 */
VMIG_TEST_TIMEOUT(feature_in, opt_in, 300)
{
	const char *name = vmig_state_name(variant->state);
	struct vmig_reference control = {};
	uint32_t state;
	int fd;

	CLAUSES(FEAT_18);
	NEED_KERNEL_OF(FEAT_18);
	NEED_STATE(VFIO_DEVICE_STATE_PRE_COPY);
	NEED_STATE(variant->state);
	vmig_reference_save_quick(self->dev, &control);
	fd = vmig_goto_state(self->dev, variant->state);
	CHECK_OK(FEAT_18, __vmig_probe(self->dev, VFIO_DEVICE_FEATURE_MIG_PRECOPY_INFOv2, SET),
		 vmig_fmt("PROBE|SET of MIG_PRECOPY_INFOv2 in %s", name));
	CHECK_OK(FEAT_18, __vmig_precopy_info_v2(self->dev),
		 vmig_fmt("SET of MIG_PRECOPY_INFOv2 in %s", name));
	CHECK_OK(FEAT_18, __vmig_precopy_info_v2(self->dev),
		 vmig_fmt("a second SET of MIG_PRECOPY_INFOv2 in %s", name));
	state = vmig_get_state(self->dev);
	CHECK(FEAT_18, state == variant->state,
	      vmig_fmt("GET after SET of MIG_PRECOPY_INFOv2 in %s", name),
	      vmig_fmt("state %s", name), "state %s", vmig_state_name(state));
	if (fd >= 0)
		vmig_check_session(FEAT_18, self->dev, fd, &control,
				   vmig_fmt("%s, SET of MIG_PRECOPY_INFOv2 in it", name));
	vmig_stream_free(&control.stream);
}

/* v6.18 and stable 6.12.58 made it ENOTTY in the core (16df67f2189a). */
static bool kernel_says_enotty(void)
{
	unsigned int major = 0, minor = 0, patch = 0;
	struct utsname uts;

	uname(&uts);
	sscanf(uts.release, "%u.%u.%u", &major, &minor, &patch);
	if (major == 6 && minor == 12)
		return patch >= 58;
	return major > 6 || (major == 6 && minor >= 18);
}

TEST_F(feature, unknown)
{
	static const uint32_t ops[] = { PROBE, PROBE | GET, PROBE | SET, GET, SET };
	uint8_t payload[8] = {};
	unsigned int i;
	int ret;

	CLAUSES(FEAT_14);
	for (i = 0; i < ARRAY_SIZE(ops); i++) {
		ret = __vmig_feature_op(self->dev->fd, VMIG_FEATURE_UNKNOWN, ops[i], payload,
					sizeof(payload));
		if (ret == -EINVAL && !kernel_says_enotty()) {
			vmig_note(FEAT_14,
				  "%s of an unknown feature: EINVAL, as kernels before "
				  "v6.18 and 6.12.58 have it",
				  ops_name(ops[i]));
			continue;
		}
		CHECK_ERRNO(FEAT_14, ret, ENOTTY,
			    vmig_fmt("%s of feature %#x", ops_name(ops[i]), VMIG_FEATURE_UNKNOWN));
	}
}

/* A cdev that is not bound to an iommufd has no user: nothing but BIND may work. */
TEST_F(feature, before_bind)
{
	struct vfio_device_info info = { .argsz = sizeof(info) };
	const off_t config = (off_t)VFIO_PCI_CONFIG_REGION_INDEX << 40;
	char byte = 0;
	void *map;
	int fd;

	CLAUSES(FEAT_15);
	NEED(variant->uapi == VMIG_UAPI_CDEV, "the group way has no unbound device fd");
	fd = open(self->dev->id.cdev, O_RDWR | O_CLOEXEC);
	if (fd < 0)
		vmig_test_error("second open of %s failed: %s", self->dev->id.cdev,
				vmig_errno_name(errno));
	CHECK_ERRNO(FEAT_15, __vmig_feature_op(fd, VFIO_DEVICE_FEATURE_MIGRATION, PROBE, NULL, 0),
		    EINVAL, "PROBE of MIGRATION on an unbound cdev fd");
	CHECK_ERRNO(FEAT_15, ioctl(fd, VFIO_DEVICE_GET_INFO, &info) ? -errno : 0, EINVAL,
		    "VFIO_DEVICE_GET_INFO on an unbound cdev fd");
	CHECK_ERRNO(FEAT_15, ioctl(fd, VFIO_DEVICE_RESET) ? -errno : 0, EINVAL,
		    "VFIO_DEVICE_RESET on an unbound cdev fd");
	CHECK_ERRNO(FEAT_15, pread(fd, &byte, 1, config) < 0 ? -errno : 0, EINVAL,
		    "pread() on an unbound cdev fd");
	/* Should it be let through: the vendor id of config space cannot be written. */
	CHECK_ERRNO(FEAT_15, pwrite(fd, &byte, 1, config) < 0 ? -errno : 0, EINVAL,
		    "pwrite() on an unbound cdev fd");
	map = mmap(NULL, VMIG_PAGE, PROT_READ, MAP_SHARED, fd, 0);
	CHECK_ERRNO(FEAT_15, map == MAP_FAILED ? -errno : 0, EINVAL,
		    "mmap() on an unbound cdev fd");
	if (map != MAP_FAILED)
		munmap(map, VMIG_PAGE);
	close(fd);
}

#define COMPAT_TIMEOUT_MS 20000

/* The companion has the word size that this program does not have. */
#if __SIZEOF_POINTER__ == 8
#define OUR_BITS "64"
#define THEIR_BITS "32"
#else
#define OUR_BITS "32"
#define THEIR_BITS "64"
#endif

struct exec {
	const char *path;
	int device_fd;
	int out;
};

static void exec_compat(void *arg)
{
	struct exec *e = arg;
	char number[16];

	/* The device fd and the pipe are close-on-exec: the program gets copies. */
	snprintf(number, sizeof(number), "%d", dup(e->device_fd));
	dup2(e->out, STDOUT_FILENO);
	execl(e->path, e->path, number, NULL);
}

/*
 * Where this program stands, there stands its companion. Returns 0 with its
 * answers, -ENOENT without the program, -ENOEXEC where it wrote none.
 */
static int compat_program(int device_fd, struct vmig_call_answer *answers)
{
	const ssize_t size = VMIG_CALL_ANSWERS_MAX * sizeof(*answers);
	enum vmig_child_end end;
	char path[PATH_MAX + 32];
	int pipe_fd[2];
	struct exec e = { path, device_fd, -1 };
	ssize_t len, got;
	char *slash;

	len = readlink("/proc/self/exe", path, PATH_MAX);
	if (len < 0)
		return -errno;
	path[len] = '\0';
	slash = strrchr(path, '/');
	strcpy(slash + 1, "vmig_compat" THEIR_BITS);
	if (access(path, X_OK))
		return -errno;
	if (pipe2(pipe_fd, O_CLOEXEC))
		vmig_test_error("pipe() failed: %s", vmig_errno_name(errno));
	e.out = pipe_fd[1];
	end = vmig_child_run(exec_compat, &e, COMPAT_TIMEOUT_MS);
	close(pipe_fd[1]);
	got = __vmig_read(pipe_fd[0], answers, size);
	close(pipe_fd[0]);
	if (end != VMIG_CHILD_DONE)
		vmig_test_error("the " THEIR_BITS "-bit program: %s", vmig_child_name(end));
	return got == size ? 0 : -ENOEXEC;
}

/* Structures use __aligned_u64 and the fops compat_ptr_ioctl: 32-bit VMMs get the same. */
TEST_F(feature, compat32)
{
	struct vmig_call_answer mine[VMIG_CALL_ANSWERS_MAX], theirs[VMIG_CALL_ANSWERS_MAX];
	int i, count, ret;

	CLAUSES(FEAT_16);
	NEED(self->flags, "the device offers no migration");
	ret = compat_program(self->dev->fd, theirs);
	NEED(ret != -ENOENT, "vmig_compat" THEIR_BITS " was not built (x86: libc6-dev-i386)");
	NEED(ret != -ENOEXEC, "the kernel runs no " THEIR_BITS "-bit programs (IA32_EMULATION)");
	if (ret)
		vmig_test_error("vmig_compat" THEIR_BITS ": %s", vmig_errno_name(ret));
	count = vmig_compat_calls(self->dev->fd, mine);
	for (i = 0; i < count; i++)
		CHECK(FEAT_16, theirs[i].ret == mine[i].ret && theirs[i].value == mine[i].value,
		      vmig_fmt("%s by a " THEIR_BITS "-bit program", mine[i].what),
		      vmig_fmt("%s (%#llx), as by a " OUR_BITS "-bit one",
			       vmig_errno_name(mine[i].ret), (unsigned long long)mine[i].value),
		      "%s (%#llx)", vmig_errno_name(theirs[i].ret),
		      (unsigned long long)theirs[i].value);
}

VMIG_FIXTURE(discovery);

TEST_F(discovery, flags)
{
	uint64_t flags, rest;

	CLAUSES(DISC_01, DISC_02);
	flags = vmig_get_migration(self->dev);
	CHECK(DISC_01, flags & VFIO_MIGRATION_STOP_COPY, "GET MIGRATION",
	      "VFIO_MIGRATION_STOP_COPY set", "flags %#llx", (unsigned long long)flags);
	rest = flags & ~(uint64_t)VMIG_MIGRATION_KNOWN;
	CHECK(DISC_02, !rest, "GET MIGRATION", "only documented flags", "unknown bits %#llx",
	      (unsigned long long)rest);
}

TEST_F(discovery, features_agree)
{
	uint64_t length;

	CLAUSES(DISC_03);
	CHECK_OK(DISC_03, __vmig_probe(self->dev, VFIO_DEVICE_FEATURE_MIGRATION, GET),
		 "PROBE|GET of MIGRATION");
	CHECK_OK(DISC_03, __vmig_probe(self->dev, VFIO_DEVICE_FEATURE_MIG_DEVICE_STATE, GET | SET),
		 "PROBE|GET|SET of MIG_DEVICE_STATE");
	CHECK_OK(DISC_03, __vmig_probe(self->dev, VFIO_DEVICE_FEATURE_MIG_DATA_SIZE, GET),
		 "PROBE|GET of MIG_DATA_SIZE");
	/* The core knows it of every driver, so what counts is whether it does something. */
	CHECK_OK(DISC_03, __vmig_get_data_size(self->dev, &length), "GET of MIG_DATA_SIZE");
}

/* A VMM asks once and plans the whole migration on the answer. */
TEST_F(discovery, flags_do_not_change)
{
	uint64_t flags = vmig_get_migration(self->dev), now;
	uint32_t state;
	int fd;

	CLAUSES(DISC_04);
	for (state = VFIO_DEVICE_STATE_STOP; state < VFIO_DEVICE_STATE_NR; state++) {
		if (!vmig_state_offered(self->flags, state))
			continue;
		fd = vmig_goto_state(self->dev, state);
		now = vmig_get_migration(self->dev);
		CHECK(DISC_04, now == flags,
		      vmig_fmt("GET MIGRATION in %s", vmig_state_name(state)),
		      vmig_fmt("flags %#llx as in RUNNING", (unsigned long long)flags),
		      "flags %#llx", (unsigned long long)now);
		if (fd >= 0)
			close(fd);
		if (__vmig_recover_running(self->dev))
			vmig_test_error("the device does not come back from %s",
					vmig_state_name(state));
	}
	now = vmig_get_migration(self->dev);
	CHECK(DISC_04, now == flags, "GET MIGRATION after all states and reset",
	      vmig_fmt("flags %#llx as before", (unsigned long long)flags), "flags %#llx",
	      (unsigned long long)now);
}

/* "Support for this ioctl is mandatory if a driver claims to support PRE_COPY" (H:1271). */
TEST_F(discovery, pre_copy_has_info)
{
	struct vfio_precopy_info info;
	int fd, ret;

	CLAUSES(DISC_06);
	NEED_STATE(VFIO_DEVICE_STATE_PRE_COPY);
	fd = vmig_goto_state(self->dev, VFIO_DEVICE_STATE_PRE_COPY);
	ret = __vmig_precopy_info(fd, &info);
	CHECK(DISC_06, ret != -ENOTTY, "VFIO_MIG_GET_PRECOPY_INFO in PRE_COPY",
	      "the ioctl is there", "%s", vmig_errno_name(ret));
	close(fd);
}

/* A device may log DMA without migrating and migrate without logging (H:1347). */
TEST_F(discovery, logging_is_independent)
{
	int start, stop, report;

	CLAUSES(DISC_08);
	start = __vmig_probe(self->dev, VFIO_DEVICE_FEATURE_DMA_LOGGING_START, SET);
	stop = __vmig_probe(self->dev, VFIO_DEVICE_FEATURE_DMA_LOGGING_STOP, SET);
	report = __vmig_probe(self->dev, VFIO_DEVICE_FEATURE_DMA_LOGGING_REPORT, GET);
	vmig_note(DISC_08, "DMA logging: START %s, STOP %s, REPORT %s", vmig_errno_name(start),
		  vmig_errno_name(stop), vmig_errno_name(report));
}

VMIG_MAIN("feature")
