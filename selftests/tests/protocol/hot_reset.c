// SPDX-License-Identifier: GPL-2.0-only
/*
 * HOT, RST-06: resets that come through PCI. VFIO_DEVICE_PCI_HOT_RESET resets the bus or
 * slot with all that is on it, so the user must own all of it: by its group fds where
 * the device was opened through its group (also into an iommufd), by the iommufd where it was
 * opened as a cdev. A guest resets its device through config space. Each comes to the driver by
 * another way than VFIO_DEVICE_RESET and must do the same to the migration state.
 *
 * Only devices that the kernel says the caller owns are reset.
 */
#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <limits.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <linux/pci_regs.h>

#include <vmig/info.h>
#include <vmig/region.h>
#include <vmig/sysfs.h>
#include "fixture_states.h"
#include "pci_config.h"
#include "session_check.h"
#include "thread.h"

VMIG_FIXTURE_ANY(hot_reset, false);
VMIG_VARIANT_COMPAT(hot_reset);
VMIG_FIXTURE_STATES(hot_reset_from, VMIG_VARIANTS_SESSIONS);

/* More devices than a bus of single functions has; a bigger answer is a broken test. */
#define DEVICES_MAX 256

#define HEADER sizeof(struct vfio_pci_hot_reset_info)

/**
 * struct affected - VFIO_DEVICE_GET_PCI_HOT_RESET_INFO with room for all
 * @info: the fixed part
 * @devices: what comes behind it
 */
struct affected {
	struct vfio_pci_hot_reset_info info;
	struct vfio_pci_dependent_device devices[DEVICES_MAX];
};

_Static_assert(offsetof(struct affected, devices) == HEADER, "no hole before the devices");

static bool is_pci(const struct vmig_device *dev)
{
	return !strcmp(dev->id.bus, "pci");
}

#define NEED_PCI NEED(is_pci(self->dev), "hot reset is for PCI devices")

static int get_info(struct vmig_device *dev, struct affected *a, uint32_t argsz)
{
	memset(a, 0xa5, sizeof(*a));
	a->info.argsz = argsz;
	a->info.flags = 0;
	return ioctl(dev->fd, VFIO_DEVICE_GET_PCI_HOT_RESET_INFO, a) ? -errno : 0;
}

/* All that a hot reset would take along; false where none is possible (H:727). */
static bool affected(struct vmig_device *dev, struct affected *a)
{
	int ret = get_info(dev, a, sizeof(*a));

	if (ret && ret != -ENODEV)
		vmig_test_error("VFIO_DEVICE_GET_PCI_HOT_RESET_INFO failed: %s",
				vmig_errno_name(ret));
	return !ret;
}

#define NEED_HOT_RESET(a)                                                                          \
	do {                                                                                       \
		NEED_PCI;                                                                          \
		NEED(affected(self->dev, a), "neither the bus nor the slot can be reset here");    \
	} while (0)

static void name_of(const struct vfio_pci_dependent_device *d, char *name, size_t len)
{
	snprintf(name, len, "%04x:%02x:%02x.%x", d->segment, d->bus, d->devfn >> 3, d->devfn & 7);
}

static bool is_self(const struct vmig_device *dev, const struct vfio_pci_dependent_device *d)
{
	char name[32];

	name_of(d, name, sizeof(name));
	return !strcmp(name, dev->id.name);
}

/* The IOMMU group of an affected device, -1 without one, and whether VFIO has it. */
static int group_of(const struct vfio_pci_dependent_device *d, bool *vfio)
{
	char name[32], path[96], target[PATH_MAX];

	name_of(d, name, sizeof(name));
	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/vfio-dev", name);
	*vfio = !access(path, F_OK);
	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/iommu_group", name);
	if (!realpath(path, target))
		return -1;
	return atoi(strrchr(target, '/') + 1);
}

/*
 * cdev and group return different things in the same field, and the flag says which: a VMM
 * that takes one for the other hands in a wrong proof of ownership.
 */
TEST_F(hot_reset, info_tells_ids_of_its_way)
{
	bool cdev = variant->uapi == VMIG_UAPI_CDEV, found = false, vfio;
	struct affected a;
	char name[32];
	uint32_t i;
	int group;

	CLAUSES(HOT_01);
	NEED_HOT_RESET(&a);
	CHECK(HOT_01, !!(a.info.flags & VFIO_PCI_HOT_RESET_FLAG_DEV_ID) == cdev,
	      vmig_fmt("flags of HOT_RESET_INFO, device opened through the %s",
		       vmig_uapi_name(variant->uapi)),
	      cdev ? "VFIO_PCI_HOT_RESET_FLAG_DEV_ID" : "no VFIO_PCI_HOT_RESET_FLAG_DEV_ID", "%#x",
	      a.info.flags);
	for (i = 0; i < a.info.count; i++) {
		found |= is_self(self->dev, &a.devices[i]);
		if (cdev)
			continue;
		name_of(&a.devices[i], name, sizeof(name));
		group = group_of(&a.devices[i], &vfio);
		CHECK(HOT_01, a.devices[i].group_id == (uint32_t)group,
		      vmig_fmt("group_id of %s", name), vmig_fmt("%d, as in sysfs", group), "%u",
		      a.devices[i].group_id);
	}
	CHECK(HOT_01, found, "devices of HOT_RESET_INFO",
	      vmig_fmt("%s among them", self->dev->id.name), "%u others", a.info.count);
}

TEST_F(hot_reset, devids_tell_who_owns)
{
	bool vfio, in_group;
	struct affected a;
	uint32_t i, devid;
	char name[32];

	CLAUSES(HOT_02);
	NEED(variant->uapi == VMIG_UAPI_CDEV, "a device opened through its group has no devid");
	NEED_HOT_RESET(&a);
	for (i = 0; i < a.info.count; i++) {
		in_group = group_of(&a.devices[i], &vfio) == self->dev->id.group_id;
		if (is_self(self->dev, &a.devices[i]))
			devid = self->dev->devid;
		else
			devid = vfio && in_group ? VFIO_PCI_DEVID_OWNED : VFIO_PCI_DEVID_NOT_OWNED;
		name_of(&a.devices[i], name, sizeof(name));
		CHECK(HOT_02, a.devices[i].devid == devid,
		      vmig_fmt("devid of %s, %s a VFIO driver, in %s IOMMU group", name,
			       vfio ? "bound to" : "without", in_group ? "our" : "another"),
		      vmig_fmt("%d", (int)devid), "%d", (int)a.devices[i].devid);
	}
}

TEST_F(hot_reset, owned_flag_is_the_sum)
{
	bool owned = variant->uapi == VMIG_UAPI_CDEV;
	struct affected a;
	uint32_t i;

	CLAUSES(HOT_03);
	NEED_HOT_RESET(&a);
	for (i = 0; i < a.info.count; i++)
		if (a.devices[i].devid == (uint32_t)VFIO_PCI_DEVID_NOT_OWNED)
			owned = false;
	CHECK(HOT_03, !!(a.info.flags & VFIO_PCI_HOT_RESET_FLAG_DEV_ID_OWNED) == owned,
	      vmig_fmt("flags of HOT_RESET_INFO, device opened through the %s",
		       vmig_uapi_name(variant->uapi)),
	      owned ? "VFIO_PCI_HOT_RESET_FLAG_DEV_ID_OWNED, as all devices are owned"
		    : "no VFIO_PCI_HOT_RESET_FLAG_DEV_ID_OWNED",
	      "%#x", a.info.flags);
}

/* How a VMM learns how much room it needs. The count was once not initialised (5a88a3f67e37). */
TEST_F(hot_reset, short_buffer_is_told_the_count)
{
	struct affected a, small;
	int ret, i;

	CLAUSES(HOT_04);
	NEED_HOT_RESET(&a);
	for (i = 0; i < 2; i++) {
		ret = get_info(self->dev, &small, HEADER);
		CHECK_ERRNO(HOT_04, ret, ENOSPC, "HOT_RESET_INFO with room for no device");
		CHECK(HOT_04, small.info.count == a.info.count,
		      "count of HOT_RESET_INFO with room for no device",
		      vmig_fmt("%u, as with room", a.info.count), "%u", small.info.count);
		CHECK(HOT_04, small.devices[0].group_id == 0xa5a5a5a5,
		      "memory behind the fixed part of HOT_RESET_INFO", "untouched", "written to");
	}
}

/* Does a hotplug slot have the device? Its driver may know how to reset it. */
static bool in_slot(const struct vmig_device *dev)
{
	bool found = false;
	char address[32];
	glob_t slots;
	size_t i;

	if (glob("/sys/bus/pci/slots/*/address", 0, NULL, &slots))
		return false;
	for (i = 0; i < slots.gl_pathc; i++) {
		if (vmig_sysfs_line(slots.gl_pathv[i], address, sizeof(address)))
			found |= !strncmp(dev->id.name, address, strlen(address));
	}
	globfree(&slots);
	return found;
}

/* A root bus has no bridge that could reset it. */
static bool on_root_bus(const struct vmig_device *dev)
{
	const char *slash = strrchr(dev->id.sysfs, '/');

	while (slash && slash > dev->id.sysfs && *--slash != '/')
		;
	return slash && !strncmp(slash, "/pci", 4);
}

TEST_F(hot_reset, not_on_a_root_bus)
{
	struct affected a;

	CLAUSES(HOT_05);
	NEED_PCI;
	NEED(on_root_bus(self->dev) && !in_slot(self->dev),
	     "a bridge or a hotplug slot may be able to reset the device");
	CHECK_ERRNO(HOT_05, get_info(self->dev, &a, sizeof(a)), ENODEV,
		    "HOT_RESET_INFO of a device on a root bus");
	CHECK_ERRNO(HOT_05, __vmig_hot_reset(self->dev), ENODEV,
		    "HOT_RESET of a device on a root bus");
}

/* Refused before anything is reset: a proof that does not fit is none. */
TEST_F(hot_reset, proof_must_fit_the_way)
{
	bool group = variant->uapi != VMIG_UAPI_CDEV;

	CLAUSES(HOT_06);
	NEED_PCI;
	CHECK_ERRNO(HOT_06, __vmig_hot_reset_as(self->dev, HEADER, 0, !group, self->dev->group),
		    EINVAL,
		    vmig_fmt("HOT_RESET with count %d of a device opened through the %s", !group,
			     vmig_uapi_name(variant->uapi)));
	CHECK_ERRNO(HOT_06, __vmig_hot_reset_as(self->dev, HEADER, 1, group, self->dev->group),
		    EINVAL, "HOT_RESET with flags 1");
}

TEST_F(hot_reset, short_argsz_is_refused)
{
	struct affected a;

	CLAUSES(HOT_07);
	NEED_PCI;
	CHECK_ERRNO(HOT_07, get_info(self->dev, &a, HEADER - 1), EINVAL,
		    "HOT_RESET_INFO with argsz 11");
	CHECK_ERRNO(HOT_07,
		    __vmig_hot_reset_as(self->dev, HEADER - 1, 0, variant->uapi != VMIG_UAPI_CDEV,
					self->dev->group),
		    EINVAL, "HOT_RESET with argsz 11");
}

TEST_F(hot_reset, only_for_pci)
{
	struct affected a;
	int ret;

	CLAUSES(HOT_09);
	NEED(!is_pci(self->dev), "the device is a PCI device");
	ret = get_info(self->dev, &a, sizeof(a));
	vmig_note(HOT_09, "HOT_RESET_INFO of a device of bus %s: %s", self->dev->id.bus,
		  vmig_errno_name(ret));
}

/* Is all that would be reset ours? Else the kernel would refuse, or reset devices of others. */
static bool all_ours(const struct vmig_device *dev, const struct affected *a)
{
	bool vfio;
	uint32_t i;

	if (dev->uapi == VMIG_UAPI_CDEV)
		return a->info.flags & VFIO_PCI_HOT_RESET_FLAG_DEV_ID_OWNED;
	for (i = 0; i < a->info.count; i++)
		if (group_of(&a->devices[i], &vfio) != dev->id.group_id || !vfio)
			return false;
	return true;
}

/* QEMU hot resets at guest reset where a function has no reset of its own. */
TEST_F(hot_reset_from, ends_in_running)
{
	const char *name = vmig_state_name(variant->state);
	struct affected a;
	uint32_t state;
	int fd, ret;

	CLAUSES(HOT_08, RST_06);
	NEED_STATE(variant->state);
	NEED_HOT_RESET(&a);
	NEED(all_ours(self->dev, &a),
	     "a hot reset would reset devices that this test does not own");
	fd = vmig_goto_state(self->dev, variant->state);
	ret = __vmig_hot_reset(self->dev);
	if (!ret) {
		state = vmig_get_state(self->dev);
		CHECK(HOT_08, state == VFIO_DEVICE_STATE_RUNNING,
		      vmig_fmt("GET after HOT_RESET in %s", name), "state RUNNING", "state %s",
		      vmig_state_name(state));
		CHECK(RST_06, state == VFIO_DEVICE_STATE_RUNNING,
		      vmig_fmt("GET after HOT_RESET in %s", name), "state RUNNING, as after RESET",
		      "state %s", vmig_state_name(state));
		vmig_check_dead_fd(RST_06, fd, variant->state == VFIO_DEVICE_STATE_RESUMING,
				   vmig_fmt("%s, HOT_RESET", name));
	}
	vmig_close_data_fd(fd);
	NEED(!ret, "the hot reset is refused: %s", vmig_errno_name(ret));
}

/* Two devices that one hot reset resets, neither of which need be the one under test. */
FIXTURE(hot_reset_set)
{
	VMIG_FIXTURE_DATA;
	struct vmig_device *devs[2];
	const char *why;
};

FIXTURE_VARIANT(hot_reset_set)
{
	VMIG_VARIANT_DATA;
	uint32_t state;
};

VMIG_VARIANTS_SESSIONS(hot_reset_set);

static bool on_one_bus(const struct vmig_dev_id *a, const struct vmig_dev_id *b)
{
	size_t len = strlen(a->sysfs) - strlen(a->name);

	return !strcmp(a->bus, "pci") && !strncmp(a->sysfs, b->sysfs, len) &&
	       !strchr(b->sysfs + len, '/') && strcmp(a->name, b->name);
}

/* Among the devices that VMIG_DEVICES names; the one under test first, if it is one of them. */
static bool find_set(const struct vmig_dev_id *tested, struct vmig_dev_id *set)
{
	static struct vmig_dev_id ids[DEVICES_MAX];
	char *names = strdup(getenv("VMIG_DEVICES") ?: ""), *name, *rest = names, why[256];
	unsigned int count = 0, i, k;
	bool found = false;

	while ((name = strsep(&rest, " ")) && count < DEVICES_MAX)
		if (*name && !vmig_resolve(name, &ids[count], why, sizeof(why)) &&
		    !strcmp(ids[count].driver, tested->driver))
			count++;
	free(names);
	for (i = 0; i < count && !found; i++) {
		for (k = i + 1; k < count && !found; k++) {
			found = on_one_bus(&ids[i], &ids[k]);
			set[0] = ids[strcmp(ids[k].name, tested->name) ? i : k];
			set[1] = ids[strcmp(ids[k].name, tested->name) ? k : i];
		}
	}
	return found;
}

static void open_set(struct vmig_device *dev, struct vmig_device **devs)
{
	struct vmig_dev_id set[2];
	int ret;

	if (!find_set(&dev->id, set))
		return;
	devs[0] = strcmp(set[0].name, dev->id.name) ? vmig_open(&set[0], dev->uapi) : dev;
	ret = __vmig_open_shared_ioas(&set[1], devs[0], &devs[1]);
	if (ret)
		vmig_test_error("opening %s beside %s failed: %s", set[1].name, set[0].name,
				vmig_errno_name(ret));
	vmig_recover_running(devs[0]);
	vmig_recover_running(devs[1]);
}

FIXTURE_SETUP(hot_reset_set)
{
	VMIG_SETUP(true);
	open_set(self->dev, self->devs);
}

FIXTURE_TEARDOWN(hot_reset_set)
{
	int i;

	for (i = 1; i >= 0; i--) {
		if (!self->devs[i] || self->devs[i] == self->dev)
			continue;
		vmig_recover_running(self->devs[i]);
		vmig_close(self->devs[i]);
	}
	VMIG_TEARDOWN();
}

#define NEED_SET(a)                                                                                \
	do {                                                                                       \
		NEED(self->devs[1],                                                                \
		     "VMIG_DEVICES names no two devices of this driver on one bus");               \
		NEED(affected(self->devs[0], a),                                                   \
		     "neither the bus nor the slot can be reset here");                            \
		NEED(all_ours(self->devs[0], a),                                                   \
		     "a hot reset would reset devices that this test does not own");               \
	} while (0)

static uint32_t devid_of(const struct vmig_device *dev, const struct affected *a)
{
	uint32_t i;

	for (i = 0; i < a->info.count; i++)
		if (is_self(dev, &a->devices[i]))
			return a->devices[i].devid;
	return VFIO_PCI_DEVID_NOT_OWNED;
}

/* The id is a proof of ownership only if it is the one that BIND gave (S3). */
TEST_F(hot_reset_set, devids_of_open_devices)
{
	struct affected a;
	uint32_t devid;
	int i;

	CLAUSES(HOT_02, HOT_03);
	NEED(variant->uapi == VMIG_UAPI_CDEV, "a device opened through its group has no devid");
	NEED(variant->state == VFIO_DEVICE_STATE_STOP_COPY, "the state does not matter for it");
	NEED_SET(&a);
	for (i = 0; i < 2; i++) {
		devid = devid_of(self->devs[i], &a);
		CHECK(HOT_02, devid == self->devs[i]->devid,
		      vmig_fmt("devid of %s, bound in the same iommufd", self->devs[i]->id.name),
		      vmig_fmt("%d, as BIND gave it", (int)self->devs[i]->devid), "%d", (int)devid);
	}
	CHECK(HOT_03, a.info.flags & VFIO_PCI_HOT_RESET_FLAG_DEV_ID_OWNED,
	      "HOT_RESET_INFO of a set whose devices are all bound in one iommufd",
	      "VFIO_PCI_HOT_RESET_FLAG_DEV_ID_OWNED", "flags %#x", a.info.flags);
}

/* One asks, and all are reset: the others' users must find a device that works. */
TEST_F(hot_reset_set, all_end_in_running)
{
	const char *name = vmig_state_name(variant->state), *which;
	struct affected a;
	uint32_t state;
	int fds[2], i, ret;

	CLAUSES(HOT_08, RST_06);
	NEED_STATE(variant->state);
	NEED_SET(&a);
	for (i = 0; i < 2; i++)
		fds[i] = vmig_goto_state(self->devs[i], variant->state);
	ret = __vmig_hot_reset(self->devs[0]);
	for (i = 0; i < 2 && !ret; i++) {
		which = i ? "the other device of the set" : "the device that was asked";
		state = vmig_get_state(self->devs[i]);
		CHECK(HOT_08, state == VFIO_DEVICE_STATE_RUNNING,
		      vmig_fmt("both in %s, HOT_RESET, GET of %s", name, which), "state RUNNING",
		      "state %s", vmig_state_name(state));
		CHECK(RST_06, state == VFIO_DEVICE_STATE_RUNNING,
		      vmig_fmt("both in %s, HOT_RESET, GET of %s", name, which),
		      "state RUNNING, as after RESET", "state %s", vmig_state_name(state));
		vmig_check_dead_fd(RST_06, fds[i], variant->state == VFIO_DEVICE_STATE_RESUMING,
				   vmig_fmt("both in %s, HOT_RESET, %s", name, which));
	}
	for (i = 0; i < 2; i++)
		vmig_close_data_fd(fds[i]);
	NEED(!ret, "the hot reset is refused: %s", vmig_errno_name(ret));
}

/* The kernel only tries the reset, and does without where the device is in use. */
#define FLR_TRIES 10

/*
 * A guest's driver resets its function when it loads, VMM or not, in the middle of a
 * migration or not. This writes the one bit that PCI defines for it.
 */
TEST_F(hot_reset_from, ends_in_running_by_flr)
{
	struct vfio_region_info *config = __vmig_pci_config(self->dev);
	const char *name = vmig_state_name(variant->state);
	struct vmig_flr flr;
	uint32_t state;
	unsigned int i;
	int fd;

	CLAUSES(RST_06);
	NEED_STATE(variant->state);
	NEED(config && vmig_pci_flr(self->dev, config, &flr),
	     "the device's config space offers no function level reset");
	fd = vmig_goto_state(self->dev, variant->state);
	for (i = 0; i < FLR_TRIES; i++) {
		vmig_pci_write(self->dev, config, flr.at, flr.bits, flr.len);
		state = vmig_get_state(self->dev);
		if (state == VFIO_DEVICE_STATE_RUNNING)
			break;
		usleep(20000);
	}
	CHECK(RST_06, state == VFIO_DEVICE_STATE_RUNNING,
	      vmig_fmt("GET after a function level reset through config space in %s", name),
	      "state RUNNING", "state %s", vmig_state_name(state));
	vmig_close_data_fd(fd);
	free(config);
}

/**
 * struct bridge_watch - who looks at the bridge above the device
 * @fd: its config space in sysfs
 * @stop: look no more
 * @looks: how often
 * @resets: how often the bus below it was in reset
 */
struct bridge_watch {
	int fd;
	atomic_bool stop;
	unsigned int looks, resets;
};

static void *watch_bridge(void *arg)
{
	struct bridge_watch *b = arg;
	uint16_t control;

	while (!atomic_load(&b->stop)) {
		if (pread(b->fd, &control, sizeof(control), PCI_BRIDGE_CONTROL) != sizeof(control))
			break;
		b->looks++;
		b->resets += !!(control & PCI_BRIDGE_CTL_BUS_RESET);
	}
	return NULL;
}

static int open_bridge(const struct vmig_device *dev)
{
	char path[256];
	uint8_t type = 0;
	int fd;

	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/../config", dev->id.name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd >= 0 && pread(fd, &type, sizeof(type), PCI_HEADER_TYPE) == sizeof(type) &&
	    (type & PCI_HEADER_TYPE_MASK) == PCI_HEADER_TYPE_BRIDGE)
		return fd;
	vmig_close_data_fd(fd);
	return -1;
}

/*
 * The kernel says once a boot that it resets a bus whose bridge it has not locked, and at each open
 * it does (pci_try_reset_function()), so that its word for the close is never heard. But who reads
 * the config space of a locked bridge waits until the reset is over.
 */
TEST_F(hot_reset, bridge_is_left_alone_at_close)
{
	struct bridge_watch b = { .fd = open_bridge(self->dev) };
	pthread_t thread;

	CLAUSES(HOT_10);
	NEED(!strcmp(self->dev->id.bus, "pci") && b.fd >= 0, "there is no PCI bridge above it");
	vmig_thread_start(&thread, watch_bridge, &b);
	vmig_close(self->dev);
	self->dev = NULL;
	atomic_store(&b.stop, true);
	pthread_join(thread, NULL);
	close(b.fd);
	CHECK(HOT_10, !b.resets,
	      vmig_fmt("config space of the bridge, read %u times during the last close", b.looks),
	      "its bus is never seen in reset", "it is, %u times", b.resets);
}

VMIG_MAIN("hot_reset")
