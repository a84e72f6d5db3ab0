// SPDX-License-Identifier: GPL-2.0-only
/*
 * P2P: a BAR of another device in the IOAS of the device under test, as a dma-buf, and what
 * becomes of the mapping when the other device is reset, suspended or closed. The device under
 * test writes; the other one, the target, is one of its type where the driver exports BARs,
 * and any device with memory that is bound to a driver which does, such as vfio-pci.
 *
 * Memory that does not decode takes nothing, whoever may write to it. So each test writes once
 * more when it decodes again: what lands then was never revoked.
 */
#include <errno.h>
#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <linux/pci_regs.h>
#include <linux/udmabuf.h>

#include <vmig/p2p.h>
#include <vmig/pattern.h>
#include <vmig/region.h>
#include "fixture_exercise.h"
#include "pci_config.h"
#include "second_device.h"

#define SEED 0x2101
#define PAGE 4096
/* Of an IOVA where no device has to reach it. */
#define ADDRESS_BITS 39

/**
 * struct mapping - a page of the target, and who writes to it
 * @w: who writes
 * @target: the other device, NULL while it is closed
 * @t: the other one under the exerciser
 * @region: index of the region
 * @page: offset of the page in it
 * @way: the mapping
 * @why: why there is none, a reason to skip
 */
struct mapping {
	struct vmig_exercise *w;
	struct vmig_device *target;
	struct vmig_exercise t;
	uint32_t region;
	uint64_t page;
	struct vmig_p2p way;
	const char *why;
};

FIXTURE(p2p_mapping)
{
	VMIG_FIXTURE_DATA;
	VMIG_WORK_DATA;
	struct mapping m;
};

FIXTURE_VARIANT(p2p_mapping)
{
	VMIG_VARIANT_DATA;
	bool second;
};

VMIG_VARIANT(p2p_mapping, cdev_second, .uapi = VMIG_UAPI_CDEV, .second = true);
VMIG_VARIANT(p2p_mapping, cdev_target, .uapi = VMIG_UAPI_CDEV);

static int export(struct mapping *m, uint32_t count)
{
	const struct vfio_region_dma_range ranges[2] = {
		{ .offset = m->page, .length = PAGE },
		{ .offset = m->page + PAGE, .length = PAGE },
	};

	return __vmig_dma_buf_export(m->target, m->region, ranges, count);
}

static const char *why_no_export(struct mapping *m)
{
	uint64_t offset;
	int fd;

	if (!m->t.ops->p2p_memory || m->t.ops->p2p_memory(&m->t, &m->region, &offset))
		return "no exerciser knows memory of the other device that peers may write to";
	m->page = offset / PAGE * PAGE;
	fd = export(m, 1);
	if (fd == -ENOTTY)
		return "the kernel exports no BAR as a dma-buf (6.19, CONFIG_VFIO_PCI_DMABUF)";
	if (fd == -EOPNOTSUPP)
		return "the driver of the other device exports no BAR as a dma-buf";
	if (fd >= 0)
		close(fd);
	return NULL;
}

static void open_target(struct mapping *m, struct vmig_exercise *w, bool second)
{
	m->w = w;
	m->target =
		second ? vmig_open_second(w->dev, &m->why) : vmig_open_p2p_target(w->dev, &m->why);
	if (!m->target)
		return;
	vmig_exercise_begin(&m->t, m->target);
	m->why = why_no_export(m);
}

FIXTURE_SETUP(p2p_mapping)
{
	VMIG_WORK_SETUP(true);
	open_target(&self->m, &self->w, variant->second);
}

FIXTURE_TEARDOWN(p2p_mapping)
{
	vmig_exercise_memory_end(&self->w, &self->mem);
	vmig_p2p_end(&self->m.way);
	vmig_exercise_end(&self->m.t);
	vmig_close(self->m.target);
	VMIG_TEARDOWN();
}

#define NEED_EXPORT NEED(!self->m.why, "%s", self->m.why)
#define NEED_P2P                                                                                   \
	do {                                                                                       \
		NEED(self->w.ops->p2p_write,                                                       \
		     "no exerciser can start peer to peer DMA on this device");                    \
		NEED_EXPORT;                                                                       \
	} while (0)

static uint32_t landed_word(struct mapping *m)
{
	uint32_t value = 0;
	int ret = m->t.ops->p2p_landed(&m->t, &value);

	if (ret)
		vmig_test_error("what was written to the other device cannot be read: %s",
				vmig_errno_name(ret));
	return value;
}

static void begin_write(struct mapping *m, uint32_t seed)
{
	int ret = m->w->ops->p2p_write(m->w, m->way.iova, vmig_pattern_word(seed, 0));

	if (ret)
		vmig_test_error("the device cannot be asked for peer to peer DMA: %s",
				vmig_errno_name(ret));
}

/* DMA that reaches nothing may end with an error, and has ended then. */
static void write_word(struct mapping *m, uint32_t seed)
{
	begin_write(m, seed);
	if (m->w->ops->dma_wait(m->w, VMIG_EXERCISE_MS, NULL) == -ETIMEDOUT)
		vmig_test_error("peer to peer DMA does not end");
}

static bool lands(struct mapping *m, uint32_t seed)
{
	write_word(m, seed);
	return landed_word(m) == vmig_pattern_word(seed, 0);
}

static bool map_again(enum vmig_clause_id id, struct mapping *m, uint32_t seed, const char *when)
{
	if (!CHECK_OK(id, __vmig_p2p_map(m->w, &m->t, &m->way),
		      vmig_fmt("DMA_BUF of a page of the BAR, IOMMU_IOAS_MAP_FILE%s", when)))
		return false;
	return CHECK(id, lands(m, seed),
		     vmig_fmt("peer to peer DMA to a page of a BAR that was mapped%s", when),
		     "it lands where the page begins", "nothing is there");
}

TEST_F(p2p_mapping, reached_in_running)
{
	CLAUSES(P2P_01);
	NEED_P2P;
	map_again(P2P_01, &self->m, SEED, "");
}

/**
 * struct event - what takes a mapping away
 * @name: in messages
 * @begin: do it; false where the target has no such thing
 * @end: the target is as before, open and decoding
 * @closes: the target is closed, so that its dma-bufs are dead
 * @lasts: between @begin and @end none of its dma-bufs can be mapped
 */
struct event {
	const char *name;
	bool (*begin)(struct mapping *m);
	void (*end)(struct mapping *m);
	bool closes;
	bool lasts;
};

/* A dma-buf that outlives what happens to its device. */
static void check_dma_buf(struct mapping *m, const struct event *e, int dma_buf, uint64_t iova)
{
	int ret = __vmig_dma_map_file(m->w->dev, dma_buf, 0, iova, PAGE);

	if (e->closes) {
		CHECK_ERRNO(P2P_04, ret, ENODEV,
			    vmig_fmt("IOMMU_IOAS_MAP_FILE of a dma-buf from before %s", e->name));
		return;
	}
	if (!CHECK_OK(P2P_03, ret,
		      vmig_fmt("IOMMU_IOAS_MAP_FILE after %s, of a dma-buf from before", e->name)))
		return;
	m->way.iova = iova + m->way.iova % PAGE;
	CHECK(P2P_03, lands(m, SEED + 4),
	      vmig_fmt("peer to peer DMA after %s, by a new mapping of a dma-buf from before",
		       e->name),
	      "it lands", "nothing is there");
	__vmig_dma_unmap(m->w->dev, iova, PAGE);
}

static void check_during(struct mapping *m, const struct event *e, int dma_buf, uint64_t iova)
{
	write_word(m, SEED + 2);
	if (e->lasts &&
	    !CHECK_ERRNO(P2P_04, __vmig_dma_map_file(m->w->dev, dma_buf, 0, iova, PAGE), ENODEV,
			 vmig_fmt("IOMMU_IOAS_MAP_FILE of the dma-buf during %s", e->name)))
		__vmig_dma_unmap(m->w->dev, iova, PAGE);
}

/* Returns false where the target cannot do it. */
static bool check_event(struct mapping *m, const struct event *e)
{
	uint64_t iova, spare;
	uint32_t after;
	int dma_buf;

	dma_buf = export(m, 1);
	if (dma_buf < 0)
		vmig_test_error("DMA_BUF of a page of the BAR failed: %s",
				vmig_errno_name(dma_buf));
	if (!map_again(P2P_01, m, SEED, vmig_fmt(" before %s", e->name)))
		return true;
	iova = m->way.map.iova;
	spare = iova + m->way.map.size;
	/* Under way when it happens, if the device is slow: then it lands, or not. */
	begin_write(m, SEED + 1);
	if (!e->begin(m)) {
		close(dma_buf);
		return false;
	}
	m->w->ops->dma_wait(m->w, VMIG_EXERCISE_MS, NULL);
	check_during(m, e, dma_buf, spare);
	e->end(m);
	after = landed_word(m);
	CHECK(P2P_02, after != vmig_pattern_word(SEED + 2, 0),
	      vmig_fmt("peer to peer DMA after or during %s, by the mapping from before", e->name),
	      "nothing of it in the other device", "it has landed");
	write_word(m, SEED + 3);
	CHECK(P2P_03, landed_word(m) == after,
	      vmig_fmt("peer to peer DMA when %s is over, by the mapping from before", e->name),
	      "nothing of it in the other device", "it has landed");
	CHECK_OK(P2P_03, __vmig_dma_unmap_region(&m->way.map),
		 vmig_fmt("IOMMU_IOAS_UNMAP after %s", e->name));
	check_dma_buf(m, e, dma_buf, iova);
	close(dma_buf);
	map_again(P2P_03, m, SEED + 5, vmig_fmt(" after %s", e->name));
	return true;
}

/* What the device under test could reach before it can reach still. */
static void check_unhurt(struct mapping *m, struct vmig_dma *mem, const struct event *e)
{
	const char *why;

	if (!m->w->ops->dma_write)
		return;
	vmig_exercise_memory(m->w, mem);
	why = vmig_dma_fault(m->w, mem, SEED);
	CHECK(P2P_02, !why,
	      vmig_fmt("DMA to memory after peer to peer DMA that %s has cut off", e->name),
	      "it lands", "%s", why);
}

/* The target without what the event needs is a reason to skip. */
#define JUDGE_EVENT(event)                                                                         \
	do {                                                                                       \
		NEED_P2P;                                                                          \
		NEED(check_event(&self->m, &(event)), "the other device offers no such thing: %s", \
		     (event).name);                                                                \
		check_unhurt(&self->m, &self->mem, &(event));                                      \
	} while (0)

static void nothing(struct mapping *m)
{
}

static bool reset(struct mapping *m)
{
	return !__vmig_reset(m->target);
}

static const struct event by_reset = {
	.name = "VFIO_DEVICE_RESET",
	.begin = reset,
	.end = nothing,
};

VMIG_TEST_TIMEOUT(p2p_mapping, reset, 60)
{
	CLAUSES(P2P_01, P2P_02, P2P_03, P2P_04);
	JUDGE_EVENT(by_reset);
}

/* A guest's driver does it. The kernel only tries to: the mappings go in any case. */
static bool flr(struct mapping *m)
{
	struct vfio_region_info *config = __vmig_pci_config(m->target);
	struct vmig_flr flr;
	bool has = config && vmig_pci_flr(m->target, config, &flr);

	if (has)
		vmig_pci_write(m->target, config, flr.at, flr.bits, flr.len);
	free(config);
	return has;
}

static const struct event by_flr = {
	.name = "a function level reset by config space",
	.begin = flr,
	.end = nothing,
};

VMIG_TEST_TIMEOUT(p2p_mapping, function_level_reset, 60)
{
	CLAUSES(P2P_01, P2P_02, P2P_03, P2P_04);
	JUDGE_EVENT(by_flr);
}

static bool put_power(struct mapping *m, uint16_t state)
{
	struct vfio_region_info *config = __vmig_pci_config(m->target);
	unsigned int cap = config ? vmig_pci_capability(m->target, config, PCI_CAP_ID_PM) : 0;

	if (cap)
		vmig_pci_write(m->target, config, cap + PCI_PM_CTRL, state, 2);
	free(config);
	return cap;
}

static bool to_d3(struct mapping *m)
{
	return put_power(m, PCI_PM_CTRL_STATE_MASK);
}

static void to_d0(struct mapping *m)
{
	put_power(m, 0);
}

static const struct event by_d3 = {
	.name = "D3",
	.begin = to_d3,
	.end = to_d0,
	.lasts = true,
};

VMIG_TEST_TIMEOUT(p2p_mapping, d3, 60)
{
	CLAUSES(P2P_01, P2P_02, P2P_03, P2P_04);
	JUDGE_EVENT(by_d3);
}

static bool to_low_power(struct mapping *m)
{
	return !__vmig_feature_op(m->target->fd, VFIO_DEVICE_FEATURE_LOW_POWER_ENTRY,
				  VFIO_DEVICE_FEATURE_SET, NULL, 0);
}

static void from_low_power(struct mapping *m)
{
	int ret = __vmig_feature_op(m->target->fd, VFIO_DEVICE_FEATURE_LOW_POWER_EXIT,
				    VFIO_DEVICE_FEATURE_SET, NULL, 0);

	if (ret)
		vmig_test_error("LOW_POWER_EXIT failed: %s", vmig_errno_name(ret));
}

static const struct event by_low_power = {
	.name = "LOW_POWER_ENTRY",
	.begin = to_low_power,
	.end = from_low_power,
	.lasts = true,
};

VMIG_TEST_TIMEOUT(p2p_mapping, low_power, 60)
{
	CLAUSES(P2P_01, P2P_02, P2P_03, P2P_04);
	JUDGE_EVENT(by_low_power);
}

/* The bit of a virtual function means nothing: it decodes when its physical function does. */
static bool is_virtual_function(const struct vmig_device *dev)
{
	return !access(vmig_fmt("%s/physfn", dev->id.sysfs), F_OK);
}

static void put_decoding(struct mapping *m, bool on)
{
	struct vfio_region_info *config = __vmig_pci_config(m->target);
	uint16_t command = 0;

	if (!config || __vmig_region_read(m->target, config, PCI_COMMAND, &command, 2) != 2)
		vmig_test_error("config space of the other device cannot be read");
	command = on ? command | PCI_COMMAND_MEMORY : command & ~PCI_COMMAND_MEMORY;
	vmig_pci_write(m->target, config, PCI_COMMAND, command, 2);
	free(config);
}

static bool decoding_off(struct mapping *m)
{
	if (is_virtual_function(m->target))
		return false;
	put_decoding(m, false);
	return true;
}

static void decoding_on(struct mapping *m)
{
	put_decoding(m, true);
}

static const struct event by_decoding = {
	.name = "memory decoding off",
	.begin = decoding_off,
	.end = decoding_on,
	.lasts = true,
};

VMIG_TEST_TIMEOUT(p2p_mapping, memory_decoding_off, 60)
{
	CLAUSES(P2P_01, P2P_02, P2P_03, P2P_04);
	JUDGE_EVENT(by_decoding);
}

static bool close_target(struct mapping *m)
{
	vmig_exercise_end(&m->t);
	vmig_close_fd(m->target);
	return true;
}

static void open_again(struct mapping *m)
{
	const struct vmig_dev_id id = m->target->id;

	vmig_close(m->target);
	m->target = NULL;
	m->target = vmig_open(&id, VMIG_UAPI_CDEV);
	vmig_exercise_begin(&m->t, m->target);
}

static const struct event by_close = {
	.name = "close",
	.begin = close_target,
	.end = open_again,
	.closes = true,
	.lasts = true,
};

VMIG_TEST_TIMEOUT(p2p_mapping, close, 60)
{
	CLAUSES(P2P_01, P2P_02, P2P_03, P2P_04);
	JUDGE_EVENT(by_close);
}

/* Of one range, as the IOAS has one place for it. */
TEST_F(p2p_mapping, two_ranges)
{
	struct mapping *m = &self->m;
	struct vmig_p2p way;
	int fd;

	CLAUSES(P2P_04);
	NEED_EXPORT;
	NEED(!__vmig_p2p_map(m->w, &m->t, &way), "a page of the other device cannot be mapped");
	fd = export(m, 2);
	NEED(fd >= 0, "two pages of the other device cannot be exported: %s", vmig_errno_name(fd));
	CHECK_ERRNO(P2P_04,
		    __vmig_dma_map_file(self->dev, fd, 0, way.map.iova + 2 * PAGE, 2 * PAGE),
		    EOPNOTSUPP, "IOMMU_IOAS_MAP_FILE of a dma-buf of two ranges");
	close(fd);
	vmig_p2p_end(&way);
}

TEST_F(p2p_mapping, beyond_its_end)
{
	static const struct {
		uint64_t start, size;
	} parts[] = { { 0, 2 * PAGE }, { PAGE, PAGE } };
	struct mapping *m = &self->m;
	uint64_t iova;
	size_t i;
	int fd;

	CLAUSES(P2P_04);
	NEED_EXPORT;
	fd = export(m, 1);
	NEED(fd >= 0, "a page of the other device cannot be exported: %s", vmig_errno_name(fd));
	if (__vmig_iova_find(self->dev, ADDRESS_BITS, 2 * PAGE, 2 * PAGE, PAGE, &iova))
		vmig_test_error("there is no IOVA for two pages");
	for (i = 0; i < ARRAY_SIZE(parts); i++)
		CHECK_ERRNO(
			P2P_04,
			__vmig_dma_map_file(self->dev, fd, parts[i].start, iova, parts[i].size),
			EINVAL,
			vmig_fmt("IOMMU_IOAS_MAP_FILE of %llu bytes at %llu of a dma-buf of a page",
				 (unsigned long long)parts[i].size,
				 (unsigned long long)parts[i].start));
	close(fd);
}

static int make_udmabuf(int *memory)
{
	struct udmabuf_create create = { .size = PAGE };
	int dev = open("/dev/udmabuf", O_RDWR | O_CLOEXEC), fd = -1;

	*memory = memfd_create("vmig", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	if (dev >= 0 && *memory >= 0 && !ftruncate(*memory, PAGE) &&
	    !fcntl(*memory, F_ADD_SEALS, F_SEAL_SHRINK)) {
		create.memfd = *memory;
		fd = ioctl(dev, UDMABUF_CREATE, &create);
	}
	if (dev >= 0)
		close(dev);
	return fd;
}

/* A dma-buf of memory: iommufd has no way to hear of its moves. */
TEST_F(p2p_mapping, of_another_exporter)
{
	uint64_t iova;
	int fd, memory;

	CLAUSES(P2P_04);
	NEED_EXPORT;
	fd = make_udmabuf(&memory);
	NEED(fd >= 0, "there is no dma-buf of memory (CONFIG_UDMABUF)");
	if (__vmig_iova_find(self->dev, ADDRESS_BITS, PAGE, PAGE, PAGE, &iova))
		vmig_test_error("there is no IOVA for a page");
	CHECK_ERRNO(P2P_04, __vmig_dma_map_file(self->dev, fd, 0, iova, PAGE), EOPNOTSUPP,
		    "IOMMU_IOAS_MAP_FILE of a udmabuf");
	close(fd);
	close(memory);
}

/*
 * An mdev, whose driver reads and writes for it: a BAR is nothing that the kernel may access so.
 * That the IOAS takes the mapping is all the same.
 */
TEST_F(p2p_mapping, not_of_an_emulated_device)
{
	struct mapping *m = &self->m;
	uint32_t before;
	int ret;

	CLAUSES(P2P_04);
	NEED_EXPORT;
	NEED(!strcmp(self->dev->id.bus, "mdev"), "the device has an IOMMU of its own");
	NEED_DMA;
	if (__vmig_p2p_map(m->w, &m->t, &m->way))
		return;
	before = landed_word(m);
	ret = m->w->ops->dma_write(m->w, m->way.iova, sizeof(uint32_t), SEED);
	ret = ret ?: m->w->ops->dma_wait(m->w, VMIG_EXERCISE_MS, NULL);
	CHECK(P2P_04, ret && landed_word(m) == before,
	      "DMA of an emulated device to a BAR that is mapped in its IOAS",
	      "it fails, and nothing is there", "%s, and %s", vmig_errno_name(ret),
	      landed_word(m) == before ? "nothing is there" : "it is there");
}

VMIG_MAIN("p2p_mapping")
