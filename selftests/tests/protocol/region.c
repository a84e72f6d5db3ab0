// SPDX-License-Identifier: GPL-2.0-only
/*
 * REG, V1, QUI-04, QUI-05, DBG: what a device shows of itself besides its state, and
 * that it goes on showing it while its user moves it.
 *
 * A VMM asks for regions and interrupts once. A way for a driver to say that they have
 * changed was proposed in 2020 (VFIO_IRQ_TYPE_REMAP_BAR_REGION) and never merged, so
 * they must not change.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/mman.h>

#include <linux/pci_regs.h>

#include <vmig/exerciser.h>
#include <vmig/info.h>
#include <vmig/region.h>
#include "guest_access.h"
#include "child.h"
#include "fixture_states.h"
#include "region_map.h"
#include "device_snapshot.h"
#include "session_check.h"

VMIG_FIXTURE_ANY(region, false);
VMIG_FIXTURE_STATES(region_in, VMIG_VARIANTS_NOT_RUNNING);
VMIG_FIXTURE_STATES(region_stopped, VMIG_VARIANTS_STOPPED);

#define CHILD_TIMEOUT_MS 10000

/**
 * struct visit - a state that a test brings the device to, and what leads out of it
 * @fd: data_fd of the session, -1 without one
 * @good: a stream to leave RESUMING with, where the device cannot be reset; else empty
 */
struct visit {
	int fd;
	struct vmig_stream good;
};

static void begin_visit(struct vmig_device *dev, uint32_t state, struct visit *v)
{
	memset(v, 0, sizeof(*v));
	if (state == VFIO_DEVICE_STATE_RESUMING && !vmig_can_reset(dev))
		v->fd = vmig_begin(dev, state, &v->good);
	else
		v->fd = vmig_goto_state(dev, state);
}

/* The fixture does the rest, by a reset. */
static void end_visit(struct vmig_device *dev, struct visit *v)
{
	if (v->good.len)
		vmig_session_complete(dev, v->fd, &v->good);
	else
		vmig_close_data_fd(v->fd);
	vmig_stream_free(&v->good);
}

static int info_ioctl(struct vmig_device *dev, unsigned long request, uint32_t argsz,
		      uint32_t index)
{
	union {
		struct vfio_device_info device;
		struct vfio_region_info region;
		struct vfio_irq_info irq;
	} arg;

	memset(&arg, 0, sizeof(arg));
	if (request == VFIO_DEVICE_GET_REGION_INFO)
		arg.region.index = index;
	else if (request == VFIO_DEVICE_GET_IRQ_INFO)
		arg.irq.index = index;
	arg.device.argsz = argsz;
	return ioctl(dev->fd, request, &arg) ? -errno : 0;
}

/* The caller says how much room it has, and less than the fixed part is refused (H:60). */
TEST_F(region, short_argsz_is_refused)
{
	struct vfio_device_info info;

	CLAUSES(REG_04);
	vmig_device_info(self->dev, &info);
	CHECK_ERRNO(REG_04, info_ioctl(self->dev, VFIO_DEVICE_GET_INFO, 15, 0), EINVAL,
		    "VFIO_DEVICE_GET_INFO with argsz 15");
	CHECK_ERRNO(REG_04, info_ioctl(self->dev, VFIO_DEVICE_GET_REGION_INFO, 31, 0), EINVAL,
		    "VFIO_DEVICE_GET_REGION_INFO with argsz 31");
	if (info.num_irqs)
		CHECK_ERRNO(REG_04, info_ioctl(self->dev, VFIO_DEVICE_GET_IRQ_INFO, 15, 0), EINVAL,
			    "VFIO_DEVICE_GET_IRQ_INFO with argsz 15");
}

TEST_F(region, index_beyond_the_last_is_refused)
{
	struct vfio_device_info info;
	uint32_t index[2];
	unsigned int i;

	CLAUSES(REG_04);
	vmig_device_info(self->dev, &info);
	for (i = 0; i < 2; i++) {
		index[0] = i ? ~0U : info.num_regions;
		index[1] = i ? ~0U : info.num_irqs;
		CHECK_ERRNO(REG_04,
			    info_ioctl(self->dev, VFIO_DEVICE_GET_REGION_INFO,
				       sizeof(struct vfio_region_info), index[0]),
			    EINVAL,
			    vmig_fmt("VFIO_DEVICE_GET_REGION_INFO of region %u, where there are %u",
				     index[0], info.num_regions));
		CHECK_ERRNO(REG_04,
			    info_ioctl(self->dev, VFIO_DEVICE_GET_IRQ_INFO,
				       sizeof(struct vfio_irq_info), index[1]),
			    EINVAL,
			    vmig_fmt("VFIO_DEVICE_GET_IRQ_INFO of interrupt %u, where there are %u",
				     index[1], info.num_irqs));
	}
}

/*
 * A region that a device has not implemented has size 0 (H:255); only VGA space, which
 * few have, may be refused. xe refused them all for a while (1e9150503882).
 */
TEST_F(region, every_region_answers)
{
	struct vfio_region_info *info;
	struct vfio_device_info dev_info;
	uint32_t i;
	int ret;

	CLAUSES(REG_04);
	vmig_device_info(self->dev, &dev_info);
	for (i = 0; i < dev_info.num_regions; i++) {
		ret = __vmig_region_info(self->dev, i, &info);
		if (!ret)
			free(info);
		if ((dev_info.flags & VFIO_DEVICE_FLAGS_PCI) && i == VFIO_PCI_VGA_REGION_INDEX &&
		    ret == -EINVAL)
			continue;
		CHECK_OK(REG_04, ret, vmig_fmt("VFIO_DEVICE_GET_REGION_INFO of region %u", i));
	}
}

/* Returns what is wrong with a capability chain, or NULL (H:70). */
static const char *chain_fault(const struct vfio_region_info *info)
{
	const struct vfio_info_cap_header *cap;
	uint32_t at = info->cap_offset, before = 0;

	while (at) {
		if (at < sizeof(*info) || at > info->argsz || info->argsz - at < sizeof(*cap))
			return vmig_fmt("a capability at %u of %u bytes", at, info->argsz);
		if (at <= before)
			return vmig_fmt("a chain that goes back from %u to %u", before, at);
		cap = (const void *)((const char *)info + at);
		before = at;
		at = cap->next;
	}
	return before ? NULL : "the flag, and no capability";
}

static const char *areas_fault(const struct vfio_region_info *info)
{
	const struct vfio_region_info_cap_sparse_mmap *sparse;
	uint32_t i;

	sparse = (const void *)vmig_region_cap(info, VFIO_REGION_INFO_CAP_SPARSE_MMAP);
	if (!sparse)
		return NULL;
	if ((const char *)&sparse->areas[sparse->nr_areas] > (const char *)info + info->argsz)
		return vmig_fmt("%u areas that end behind the answer", sparse->nr_areas);
	for (i = 0; i < sparse->nr_areas; i++)
		if (sparse->areas[i].offset > info->size ||
		    sparse->areas[i].size > info->size - sparse->areas[i].offset)
			return vmig_fmt("area %u at %#llx+%#llx of %#llx", i,
					(unsigned long long)sparse->areas[i].offset,
					(unsigned long long)sparse->areas[i].size,
					(unsigned long long)info->size);
	return NULL;
}

TEST_F(region, capabilities_are_well_formed)
{
	struct vfio_region_info *info, small;
	struct vfio_device_info dev_info;
	const char *fault;
	uint32_t i;
	int ret;

	CLAUSES(REG_04);
	vmig_device_info(self->dev, &dev_info);
	vmig_for_each_region(self->dev, &dev_info, i, info) {
		if (!(info->flags & VFIO_REGION_INFO_FLAG_CAPS))
			continue;
		fault = chain_fault(info);
		CHECK(REG_04, !fault, vmig_fmt("capability chain of region %u", i),
		      "capabilities inside the answer, each behind the one before", "%s", fault);
		fault = areas_fault(info);
		CHECK(REG_04, !fault, vmig_fmt("sparse mmap areas of region %u", i),
		      "inside the region", "%s", fault);
		small = (struct vfio_region_info){ .argsz = sizeof(small), .index = i };
		ret = ioctl(self->dev->fd, VFIO_DEVICE_GET_REGION_INFO, &small) ? -errno : 0;
		CHECK(REG_04,
		      !ret && (small.flags & VFIO_REGION_INFO_FLAG_CAPS) && !small.cap_offset &&
			      small.argsz == info->argsz,
		      vmig_fmt(
			      "VFIO_DEVICE_GET_REGION_INFO of region %u with room for no capability",
			      i),
		      vmig_fmt("success, the flag, cap_offset 0, argsz %u", info->argsz),
		      "%s, flags %#x, cap_offset %u, argsz %u", vmig_errno_name(ret), small.flags,
		      small.cap_offset, small.argsz);
	}
}

TEST_F(region, what_is_listed_can_be_mapped)
{
	struct vmig_mapping maps[VMIG_MAPPINGS_MAX];
	size_t count = vmig_map_regions(self->dev, maps), i;

	CLAUSES(REG_03);
	NEED(count, "the device has no region that can be mapped");
	for (i = 0; i < count; i++)
		CHECK(REG_03, maps[i].at,
		      vmig_fmt("mmap() of region %u, %#llx+%#llx", maps[i].region,
			       (unsigned long long)maps[i].offset,
			       (unsigned long long)maps[i].size),
		      "success", "%s", vmig_errno_name(maps[i].err));
	vmig_unmap_regions(maps, count);
}

/*
 * Where in a region of no bytes to look for one: behind the registers that a small device
 * has, as what is hit by mistake may be another one's.
 */
#define IN_NOTHING 0x40

/* A place behind the end of a region. */
static uint64_t behind(const struct vfio_region_info *region)
{
	return region->size ?: IN_NOTHING;
}

/* Is this place behind a region, where no other region begins? */
static bool byte_behind(struct vmig_device *dev, const struct vfio_region_info *region)
{
	return vmig_place_is_free(dev, region->offset + behind(region));
}

/*
 * A byte behind each region. What is written there is what was read, so that nothing changes
 * where a driver lets it through.
 */
static void check_behind(struct vmig_device *dev, bool write)
{
	uint32_t flag = write ? VFIO_REGION_INFO_FLAG_WRITE : VFIO_REGION_INFO_FLAG_READ, i;
	struct vfio_device_info dev_info;
	struct vfio_region_info *info;
	ssize_t n;
	char c;

	vmig_device_info(dev, &dev_info);
	vmig_for_each_region(dev, &dev_info, i, info) {
		if (!(info->flags & flag) || !byte_behind(dev, info))
			continue;
		c = 0;
		n = __vmig_region_read(dev, info, behind(info), &c, 1);
		if (write)
			n = __vmig_region_write(dev, info, behind(info), &c, 1);
		CHECK(ROB_01, n <= 0,
		      vmig_fmt("%s of a byte at %#llx of region %u, which has %#llx bytes",
			       write ? "write" : "read", (unsigned long long)behind(info), i,
			       (unsigned long long)info->size),
		      "an error, or 0 bytes", "%zd byte", n);
	}
}

/*
 * What lies behind the size that a driver tells is not the device's, and whose it is depends
 * on how the driver finds it. hisi_acc shows half of its BAR 2 to hide the registers that
 * migrate the device: one that exceeds the size gives them to the guest.
 */
TEST_F(region, nothing_is_read_behind_the_end)
{
	CLAUSES(ROB_01);
	check_behind(self->dev, false);
}

TEST_F(region, nothing_is_written_behind_the_end)
{
	CLAUSES(ROB_01);
	check_behind(self->dev, true);
}

TEST_F(region, nothing_is_mapped_behind_the_end)
{
	uint64_t page = sysconf(_SC_PAGESIZE), end;
	struct vfio_device_info dev_info;
	struct vfio_region_info *info;
	void *at;
	uint32_t i;

	CLAUSES(REG_05);
	vmig_device_info(self->dev, &dev_info);
	vmig_for_each_region(self->dev, &dev_info, i, info) {
		if (!info->size || !(info->flags & VFIO_REGION_INFO_FLAG_MMAP) ||
		    !byte_behind(self->dev, info))
			continue;
		end = (info->size + page - 1) / page * page;
		at = mmap(NULL, page, PROT_READ, MAP_SHARED, self->dev->fd, info->offset + end);
		CHECK(REG_05, at == MAP_FAILED,
		      vmig_fmt("mmap() of the page behind region %u, of %#llx bytes", i,
			       (unsigned long long)info->size),
		      "an error", "success");
		if (at != MAP_FAILED)
			munmap(at, page);
	}
}

static bool has_v1_region(struct vmig_device *dev, uint32_t *index)
{
	const struct vfio_region_info_cap_type *type;
	struct vfio_device_info dev_info;
	struct vfio_region_info *info;
	bool found = false;
	uint32_t i;

	vmig_device_info(dev, &dev_info);
	vmig_for_each_region(dev, &dev_info, i, info) {
		type = (const void *)vmig_region_cap(info, VFIO_REGION_INFO_CAP_TYPE);
		if (!type || type->type != VFIO_REGION_TYPE_MIGRATION_DEPRECATED ||
		    type->subtype != VFIO_REGION_SUBTYPE_MIGRATION_DEPRECATED)
			continue;
		found = true;
		*index = i;
	}
	return found;
}

/* The protocol before this one lived in a region, and its numbers mean other states. */
TEST_F(region, no_v1_region)
{
	uint32_t index = 0;
	bool found = has_v1_region(self->dev, &index);

	CLAUSES(V1_01, V1_02);
	CHECK(V1_01, !found, "walk over all regions",
	      "none of type VFIO_REGION_TYPE_MIGRATION_DEPRECATED", "region %u", index);
	if (self->flags)
		CHECK(V1_02, !found, "walk over all regions of a device with protocol v2",
		      "none of type VFIO_REGION_TYPE_MIGRATION_DEPRECATED", "region %u", index);
}

TEST_F(region_in, info_is_the_same)
{
	struct vmig_difference d = {};
	char *before, *now;
	struct visit v;

	CLAUSES(REG_01);
	NEED_STATE(variant->state);
	before = vmig_snapshot(self->dev);
	begin_visit(self->dev, variant->state, &v);
	now = vmig_snapshot(self->dev);
	CHECK(REG_01, vmig_snapshot_same(before, now, &d),
	      vmig_fmt("device, region and interrupt info in %s", vmig_state_name(variant->state)),
	      vmig_fmt("as in RUNNING, %s", d.was), "%s", d.is);
	end_visit(self->dev, &v);
	free(before);
	free(now);
}

/*
 * A guest has its BARs mapped all the time, and a vCPU that touches one dies of SIGBUS.
 * An area that cannot be touched in RUNNING (memory decode is off) is no evidence.
 */
TEST_F(region_in, mappings_stay)
{
	struct vmig_mapping maps[VMIG_MAPPINGS_MAX];
	bool touched[VMIG_MAPPINGS_MAX];
	size_t count, usable = 0, i;
	struct vmig_exercise w;
	struct visit v;

	CLAUSES(REG_02);
	NEED_STATE(variant->state);
	/* It has memory decoding switched on. */
	vmig_exercise_begin(&w, self->dev);
	count = vmig_map_regions(self->dev, maps);
	for (i = 0; i < count; i++) {
		touched[i] = maps[i].at && vmig_mapping_answers(&maps[i]);
		usable += touched[i];
	}
	NEED(usable, "the device has no region that can be mapped and touched");
	begin_visit(self->dev, variant->state, &v);
	for (i = 0; i < count; i++)
		if (touched[i])
			CHECK(REG_02, vmig_mapping_answers(&maps[i]),
			      vmig_fmt("access in %s to region %u, mapped in RUNNING",
				       vmig_state_name(variant->state), maps[i].region),
			      "some value", "SIGBUS");
	end_visit(self->dev, &v);
	vmig_unmap_regions(maps, count);
	vmig_exercise_end(&w);
}

static bool decodes_memory(struct vmig_device *dev)
{
	struct vfio_region_info *config = __vmig_pci_config(dev);
	uint16_t command = 0;

	if (config)
		__vmig_region_read(dev, config, PCI_COMMAND, &command, sizeof(command));
	free(config);
	return command & PCI_COMMAND_MEMORY;
}

/* Also through a reset, which a guest may ask for while a vCPU is at its device. */
TEST_F(region_in, mappings_stay_through_reset)
{
	struct vmig_mapping maps[VMIG_MAPPINGS_MAX];
	bool touched[VMIG_MAPPINGS_MAX], decodes;
	size_t count, usable = 0, i;
	struct vmig_exercise w;
	int fd;

	CLAUSES(REG_02);
	NEED_STATE(variant->state);
	NEED(!__vmig_reset(self->dev), "the device cannot be reset");
	vmig_exercise_begin(&w, self->dev);
	decodes = decodes_memory(self->dev);
	count = vmig_map_regions(self->dev, maps);
	for (i = 0; i < count; i++) {
		touched[i] = maps[i].at && vmig_mapping_answers(&maps[i]);
		usable += touched[i];
	}
	NEED(usable, "the device has no region that can be mapped and touched");
	fd = vmig_goto_state(self->dev, variant->state);
	vmig_reset(self->dev);
	NEED(decodes_memory(self->dev) == decodes, "a reset takes memory decoding away");
	for (i = 0; i < count; i++)
		if (touched[i])
			CHECK(REG_02, vmig_mapping_answers(&maps[i]),
			      vmig_fmt("access after RESET in %s to region %u, mapped before",
				       vmig_state_name(variant->state), maps[i].region),
			      "some value", "SIGBUS");
	vmig_close_data_fd(fd);
	vmig_unmap_regions(maps, count);
	vmig_exercise_end(&w);
}

/* "PCI MSI-X and PCI config space" by name (H:1082): the kernel uses them, not the guest. */
TEST_F(region_stopped, config_space_answers)
{
	struct vmig_access before;
	struct visit v;

	CLAUSES(QUI_04);
	NEED_STATE(variant->state);
	vmig_access_take(self->dev, &before);
	NEED(before.pci, "the device has no PCI config space");
	begin_visit(self->dev, variant->state, &v);
	vmig_judge_config(QUI_04, self->dev, &before, vmig_state_name(variant->state));
	end_visit(self->dev, &v);
}

TEST_F(region_stopped, interrupts_can_be_set_up)
{
	struct vmig_access before;
	struct visit v;

	CLAUSES(QUI_04);
	NEED_STATE(variant->state);
	vmig_access_take(self->dev, &before);
	NEED(before.interrupts, "the device has no interrupt that can be enabled in RUNNING");
	begin_visit(self->dev, variant->state, &v);
	vmig_judge_interrupts(QUI_04, self->dev, &before, vmig_state_name(variant->state));
	end_visit(self->dev, &v);
}

static void touch_all(void *arg)
{
	struct vmig_mapping maps[VMIG_MAPPINGS_MAX];
	struct vmig_device *dev = arg;
	size_t count, i;

	vmig_read_regions(dev);
	count = vmig_map_regions(dev, maps);
	for (i = 0; i < count; i++)
		if (maps[i].at)
			vmig_mapping_answers(&maps[i]);
	vmig_unmap_regions(maps, count);
}

/*
 * A user that does not keep its guest from the device hurts itself only (H:1085).
 * Values are not judged, and nothing is written: what a register of an unknown device
 * would do with it is unknown.
 */
TEST_F(region_stopped, mmio_access_is_harmless)
{
	const char *name = vmig_state_name(variant->state);
	struct vmig_access before;
	enum vmig_child_end end;
	struct visit v;
	int ret;

	CLAUSES(QUI_05);
	NEED_STATE(variant->state);
	vmig_access_take(self->dev, &before);
	begin_visit(self->dev, variant->state, &v);
	end = vmig_child_run(touch_all, self->dev, CHILD_TIMEOUT_MS);
	if (!vmig_judge_child(QUI_05, end, vmig_fmt("reads of all regions in %s", name)))
		return;
	end_visit(self->dev, &v);
	if (vmig_get_state(self->dev) == VFIO_DEVICE_STATE_RESUMING)
		ret = __vmig_recover_running(self->dev);
	else
		ret = __vmig_set_state(self->dev, VFIO_DEVICE_STATE_RUNNING, NULL);
	CHECK_OK(QUI_05, ret,
		 vmig_fmt("the way back to RUNNING after reads of all regions in %s", name));
	vmig_judge_regions(QUI_05, self->dev, &before,
			   "RUNNING, after it was touched while stopped");
	vmig_judge_config(QUI_05, self->dev, &before,
			  "RUNNING, after it was touched while stopped");
}

static bool read_debugfs(struct vmig_device *dev, const char *file, char *text, size_t room)
{
	char path[256];
	ssize_t n;
	int fd;

	snprintf(path, sizeof(path), "/sys/kernel/debug/vfio/%s/migration/%s", dev->id.name, file);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return false;
	n = read(fd, text, room - 1);
	close(fd);
	if (n < 0)
		return false;
	text[n] = '\0';
	return true;
}

/* The one other witness of the state (Documentation/ABI/testing/debugfs-vfio). */
TEST_F(region_in, debugfs_names_the_state)
{
	struct visit v;
	char text[64];
	bool there;

	CLAUSES(DBG_01);
	NEED_STATE(variant->state);
	begin_visit(self->dev, variant->state, &v);
	there = read_debugfs(self->dev, "state", text, sizeof(text));
	if (there) {
		text[strcspn(text, "\n")] = '\0';
		CHECK(DBG_01, !strcmp(text, vmig_state_name(vmig_get_state(self->dev))),
		      "debugfs migration/state", vmig_state_name(variant->state), "%s", text);
	}
	end_visit(self->dev, &v);
	NEED(there, "debugfs has no vfio/<device>/migration/state here (CONFIG_VFIO_DEBUGFS)");
}

TEST_F(region, debugfs_names_the_flags)
{
	static const struct {
		uint64_t flag;
		const char *word;
	} words[] = {
		{ VFIO_MIGRATION_STOP_COPY, "stop-copy\n" },
		{ VFIO_MIGRATION_P2P, "p2p\n" },
		{ VFIO_MIGRATION_PRE_COPY, "pre-copy\n" },
	};
	char text[256];
	unsigned int i;
	bool logs;

	CLAUSES(DBG_02);
	NEED(read_debugfs(self->dev, "features", text, sizeof(text)),
	     "debugfs has no vfio/<device>/migration/features here (v6.18, CONFIG_VFIO_DEBUGFS)");
	for (i = 0; i < ARRAY_SIZE(words); i++)
		CHECK(DBG_02, !!strstr(text, words[i].word) == !!(self->flags & words[i].flag),
		      vmig_fmt("debugfs migration/features, %.*s", (int)strlen(words[i].word) - 1,
			       words[i].word),
		      self->flags & words[i].flag ? "listed" : "not listed", "the contrary");
	logs = !__vmig_probe(self->dev, VFIO_DEVICE_FEATURE_DMA_LOGGING_START, 0);
	CHECK(DBG_02, !!strstr(text, "dirty-tracking\n") == logs,
	      "debugfs migration/features, dirty-tracking",
	      logs ? "listed, as DMA_LOGGING_START is there" : "not listed", "the contrary");
}

/* How an administrator finds out whose device an fd is. */
TEST_F(region, fdinfo_names_the_device)
{
	static const char key[] = "vfio-device-syspath:";
	const char *path = NULL;
	char line[PATH_MAX + 64];
	FILE *f;

	CLAUSES(DBG_03);
	NEED_KERNEL_OF(DBG_03);
	f = fopen(vmig_fmt("/proc/self/fdinfo/%d", self->dev->fd), "re");
	if (!f)
		vmig_test_error("fdinfo of the device fd cannot be read: %s",
				vmig_errno_name(errno));
	while (!path && fgets(line, sizeof(line), f)) {
		if (strncmp(line, key, strlen(key)))
			continue;
		line[strcspn(line, "\n")] = '\0';
		path = line + strlen(key) + strspn(line + strlen(key), " \t");
	}
	fclose(f);
	CHECK(DBG_03, path && !strcmp(path, self->dev->id.sysfs), "fdinfo of the device fd",
	      vmig_fmt("%s %s", key, self->dev->id.sysfs), "%s", path ? path : "no such line");
}

VMIG_MAIN("region")
