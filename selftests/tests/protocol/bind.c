// SPDX-License-Identifier: GPL-2.0-only
/*
 * BIND: VFIO_DEVICE_BIND_IOMMUFD, VFIO_DEVICE_ATTACH_IOMMUFD_PT and _DETACH_: which arguments
 * the cdev refuses, and that nothing comes of a call that it refused. They grew with v6.15
 * (PASID) and v6.17 (the token of virtual functions); what they ever refused is in the
 * lifecycle chapter.
 *
 * All of it is the core's, so it is judged on devices without migration too.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stddef.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>

#include <linux/iommufd.h>

#include <vmig/info.h>
#include "fault_memory.h"
#include "vmig_harness.h"

/* Only the cdev is bound. */
VMIG_FIXTURE_FULL(bind, VMIG_NO_DATA, VMIG_SETUP(false), VMIG_TEARDOWN(), VMIG_NO_DATA);
VMIG_VARIANT(bind, cdev, .uapi = VMIG_UAPI_CDEV);

#define UUID_SIZE 16

/* What the headers of the build may not have yet. The tail is what a newer one may add. */
struct bind_arg {
	uint32_t argsz;
	uint32_t flags;
	int32_t iommufd;
	uint32_t out_devid;
	uint64_t token_uuid_ptr;
	uint8_t tail[40];
} __attribute__((aligned(8)));

/* Without the token, which came with v6.17, and with it. */
#define ARGSZ_OLD offsetof(struct bind_arg, token_uuid_ptr)
#define ARGSZ_TOKEN offsetof(struct bind_arg, tail)

struct pasid_arg {
	uint32_t argsz;
	uint32_t flags;
	uint32_t id;
	uint32_t pasid;
};

/* An fd of the cdev that has no access to the device yet. */
static int open_unbound(const struct vmig_dev_id *id)
{
	int fd = open(id->cdev, O_RDWR | O_CLOEXEC);

	if (fd < 0)
		vmig_test_error("open() of %s failed: %s", id->cdev, vmig_errno_name(errno));
	return fd;
}

/* The last close of the device, of which the iommufd and the IOAS are left. */
static void unbind(struct vmig_device *dev)
{
	vmig_close_fd(dev);
	dev->fd = open_unbound(&dev->id);
}

static struct bind_arg good_bind(struct vmig_device *dev)
{
	return (struct bind_arg){ .argsz = ARGSZ_OLD, .iommufd = dev->iommufd };
}

static int bind_at(int fd, void *at)
{
	return ioctl(fd, VFIO_DEVICE_BIND_IOMMUFD, at) ? -errno : 0;
}

static int bind_token(int fd, int iommufd, const void *token)
{
	struct bind_arg arg = {
		.argsz = ARGSZ_TOKEN,
		.flags = VFIO_DEVICE_BIND_FLAG_TOKEN,
		.iommufd = iommufd,
		.token_uuid_ptr = (uintptr_t)token,
	};

	return bind_at(fd, &arg);
}

/* After a BIND that was refused: the fd has no access, and a BIND without the mistake works. */
static void check_unbound(enum vmig_clause_id id, int fd, const char *did)
{
	struct vfio_device_info info = { .argsz = sizeof(info) };

	CHECK_ERRNO(id, ioctl(fd, VFIO_DEVICE_GET_INFO, &info) ? -errno : 0, EINVAL,
		    vmig_fmt("VFIO_DEVICE_GET_INFO after %s", did));
}

static void check_refused(enum vmig_clause_id id, struct vmig_device *dev, int ret, int err,
			  const char *did)
{
	struct bind_arg good = good_bind(dev);

	if (!CHECK_ERRNO(id, ret, err, did)) {
		unbind(dev);
		return;
	}
	check_unbound(id, dev->fd, did);
	if (CHECK_OK(id, bind_at(dev->fd, &good), vmig_fmt("a good BIND after %s", did)))
		unbind(dev);
}

TEST_F(bind, argsz_too_small)
{
	static const uint32_t sizes[] = { 0, 8, ARGSZ_OLD - 1 };
	struct vmig_device *dev = self->dev;
	struct bind_arg arg;
	unsigned int i;

	CLAUSES(BIND_01);
	NEED_KERNEL_OF(BIND_01);
	unbind(dev);
	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		arg = good_bind(dev);
		arg.argsz = sizes[i];
		check_refused(BIND_01, dev, bind_at(dev->fd, &arg), EINVAL,
			      vmig_fmt("BIND with argsz %u", sizes[i]));
	}
}

/* Not a byte behind argsz is read: nothing is mapped there. */
TEST_F(bind, argsz_with_part_of_token)
{
	struct vmig_device *dev = self->dev;
	struct bind_arg arg;
	uint32_t argsz;

	CLAUSES(BIND_01);
	NEED_KERNEL_OF(BIND_01);
	for (argsz = ARGSZ_OLD; argsz <= ARGSZ_TOKEN; argsz++) {
		unbind(dev);
		arg = good_bind(dev);
		arg.argsz = argsz;
		CHECK_OK(BIND_01, bind_at(dev->fd, vmig_before_hole(&arg, argsz)),
			 vmig_fmt("BIND with argsz %u, nothing mapped behind it", argsz));
	}
}

TEST_F(bind, argsz_of_newer_header)
{
	static const uint32_t bytes[] = { 0, 7, sizeof(((struct bind_arg *)0)->tail) - 1 };
	struct vmig_device *dev = self->dev;
	struct bind_arg arg;
	unsigned int i;

	CLAUSES(BIND_01);
	NEED_KERNEL_OF(BIND_01);
	unbind(dev);
	arg = good_bind(dev);
	arg.argsz = sizeof(arg);
	CHECK_OK(BIND_01, bind_at(dev->fd, &arg),
		 vmig_fmt("BIND with argsz %zu, all zero from byte %zu on", sizeof(arg),
			  ARGSZ_TOKEN));
	unbind(dev);
	for (i = 0; i < ARRAY_SIZE(bytes); i++) {
		arg = good_bind(dev);
		arg.argsz = sizeof(arg);
		arg.tail[bytes[i]] = 1;
		check_refused(BIND_01, dev, bind_at(dev->fd, &arg), E2BIG,
			      vmig_fmt("BIND with argsz %zu, byte %zu not zero", sizeof(arg),
				       ARGSZ_TOKEN + bytes[i]));
	}
}

TEST_F(bind, unknown_flags)
{
	static const uint8_t token[UUID_SIZE] = { 1 };
	struct vmig_device *dev = self->dev;
	struct bind_arg arg;
	unsigned int bit;

	CLAUSES(BIND_02);
	NEED_KERNEL_OF(BIND_02);
	unbind(dev);
	for (bit = 1; bit < 32; bit++) {
		arg = good_bind(dev);
		arg.argsz = ARGSZ_TOKEN;
		arg.flags = 1U << bit;
		arg.token_uuid_ptr = (uintptr_t)token;
		check_refused(BIND_02, dev, bind_at(dev->fd, &arg), EINVAL,
			      vmig_fmt("BIND with flag bit %u", bit));
	}
}

static bool is_pci(const struct vmig_dev_id *id)
{
	return !strcmp(id->bus, "pci");
}

static bool has_file(const struct vmig_dev_id *id, const char *name)
{
	char path[PATH_MAX];

	snprintf(path, sizeof(path), "%s/%s", id->sysfs, name);
	return !access(path, F_OK);
}

/* A physical function that can have virtual ones, or one of those whose physical one is VFIO's. */
static bool has_token(const struct vmig_dev_id *id)
{
	return has_file(id, "sriov_totalvfs") || has_file(id, "physfn/vfio-dev");
}

TEST_F(bind, token_where_there_is_none)
{
	static const uint8_t token[UUID_SIZE] = { 1 };
	struct vmig_device *dev = self->dev;

	CLAUSES(BIND_02);
	NEED_KERNEL_OF(BIND_02);
	NEED(!has_token(&dev->id), "the device has a token");
	unbind(dev);
	check_refused(BIND_02, dev, bind_token(dev->fd, dev->iommufd, token), EINVAL,
		      "BIND with a token, which the device has not");
}

TEST_F(bind, token_unreadable)
{
	static const uint8_t half[UUID_SIZE / 2] = { 1 };
	struct vmig_device *dev = self->dev;
	void *at;

	CLAUSES(BIND_04);
	NEED_KERNEL_OF(BIND_04);
	NEED(is_pci(&dev->id), "only PCI drivers look at tokens");
	at = vmig_before_hole(half, sizeof(half));
	unbind(dev);
	check_refused(BIND_04, dev, bind_token(dev->fd, dev->iommufd, NULL), EFAULT,
		      "BIND with a token at NULL");
	check_refused(BIND_04, dev, bind_token(dev->fd, dev->iommufd, at), EFAULT,
		      "BIND with a token of which one half is mapped");
}

/* A virtual function of the device under test that has a cdev, as the same driver has it. */
static bool first_vf(const struct vmig_dev_id *pf, struct vmig_dev_id *vf)
{
	char path[PATH_MAX], why[256];

	snprintf(path, sizeof(path), "%s/virtfn0", pf->sysfs);
	return !vmig_resolve(path, vf, why, sizeof(why)) && vf->cdev[0];
}

/*
 * The user of the physical function can reset the virtual ones, and read what they do: who
 * opens one has to know the token, and so agrees with that.
 */
TEST_F(bind, token_of_physical_function)
{
	static const uint8_t token[UUID_SIZE] = { 0x17, 1 }, other[UUID_SIZE] = { 0x17, 2 };
	struct vmig_device *dev = self->dev;
	uint8_t set[UUID_SIZE];
	struct vmig_dev_id vf;
	struct bind_arg arg;
	int fd, ret;

	CLAUSES(BIND_03, BIND_04);
	NEED_KERNEL_OF(BIND_03);
	NEED(first_vf(&dev->id, &vf),
	     "the device is no physical function whose virtual ones VFIO has");
	memcpy(set, token, sizeof(set));
	ret = __vmig_feature_op(dev->fd, VFIO_DEVICE_FEATURE_PCI_VF_TOKEN, VFIO_DEVICE_FEATURE_SET,
				set, sizeof(set));
	if (ret)
		vmig_test_error("SET of PCI_VF_TOKEN failed: %s", vmig_errno_name(ret));
	fd = open_unbound(&vf);
	arg = good_bind(dev);
	CHECK_ERRNO(BIND_03, bind_at(fd, &arg), EACCES, "BIND of a virtual function, no token");
	check_unbound(BIND_03, fd, "BIND of a virtual function, no token");
	CHECK_ERRNO(BIND_03, bind_token(fd, dev->iommufd, other), EACCES,
		    "BIND of a virtual function, another token");
	check_unbound(BIND_03, fd, "BIND of a virtual function, another token");
	CHECK_ERRNO(BIND_04, bind_token(fd, dev->iommufd, NULL), EFAULT,
		    "BIND of a virtual function, token at NULL");
	CHECK_OK(BIND_03, bind_token(fd, dev->iommufd, token),
		 "BIND of a virtual function, token of the physical one");
	close(fd);
}

static int attach(struct vmig_device *dev, uint32_t flags)
{
	struct pasid_arg arg = { .argsz = sizeof(arg), .flags = flags, .id = dev->ioas, 1 };

	return ioctl(dev->fd, VFIO_DEVICE_ATTACH_IOMMUFD_PT, &arg) ? -errno : 0;
}

/* The PASID stands where ATTACH has the IOAS. */
static int detach(struct vmig_device *dev, uint32_t flags)
{
	struct pasid_arg arg = { .argsz = sizeof(arg), .flags = flags, .id = 1 };

	return ioctl(dev->fd, VFIO_DEVICE_DETACH_IOMMUFD_PT, &arg) ? -errno : 0;
}

/* An IOAS in which a device is cannot be destroyed. */
static bool check_attached(struct vmig_device *dev, const char *did)
{
	struct iommu_destroy destroy = { .size = sizeof(destroy), .id = dev->ioas };

	return CHECK_ERRNO(BIND_05, ioctl(dev->iommufd, IOMMU_DESTROY, &destroy) ? -errno : 0,
			   EBUSY, vmig_fmt("destroying the IOAS after %s", did));
}

TEST_F(bind, attach_flags)
{
	struct vmig_device *dev = self->dev;
	unsigned int bit;

	CLAUSES(BIND_05);
	NEED_KERNEL_OF(BIND_05);
	for (bit = 1; bit < 32; bit++) {
		CHECK_ERRNO(BIND_05, attach(dev, 1U << bit), EINVAL,
			    vmig_fmt("ATTACH with flag bit %u", bit));
		CHECK_ERRNO(BIND_05, attach(dev, 1U << bit | VFIO_DEVICE_ATTACH_PASID), EINVAL,
			    vmig_fmt("ATTACH with the PASID flag and bit %u", bit));
		CHECK_ERRNO(BIND_05, detach(dev, 1U << bit), EINVAL,
			    vmig_fmt("DETACH with flag bit %u", bit));
		if (!check_attached(dev, vmig_fmt("ATTACH and DETACH with flag bit %u", bit)))
			return;
	}
}

TEST_F(bind, attach_pasid)
{
	struct vmig_device *dev = self->dev;

	CLAUSES(BIND_05);
	NEED_KERNEL_OF(BIND_05);
	NEED(strcmp(dev->id.driver, "vfio-pci"), "the driver has PASIDs");
	CHECK_ERRNO(BIND_05, attach(dev, VFIO_DEVICE_ATTACH_PASID), EOPNOTSUPP,
		    "ATTACH of a PASID");
	CHECK_ERRNO(BIND_05, detach(dev, VFIO_DEVICE_DETACH_PASID), EOPNOTSUPP,
		    "DETACH of a PASID");
	check_attached(dev, "ATTACH and DETACH of a PASID");
}

VMIG_MAIN("bind")
