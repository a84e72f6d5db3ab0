// SPDX-License-Identifier: GPL-2.0-only
/*
 * DMA mappings of a device.
 *
 * group, compat: VFIO_IOMMU_MAP_DMA of the container, be it type1 or an iommufd
 * cdev:	  IOMMU_IOAS_MAP of the IOAS that the device is attached to
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>

#include <linux/iommufd.h>

#include <vmig/error.h>
#include <vmig/dma.h>

/* Below this an IOVA may mean something else on some machine, and 0 is a bad address. */
#define IOVA_FIRST (16ULL << 20)

/* More ranges, or a longer answer, than any IOMMU gives. */
#define RANGES_MAX 256
#define INFO_MAX (1 << 20)

/**
 * __vmig_dma_map - let a device reach memory
 * @dev: the device
 * @at: the memory; page aligned; of this process, or a mapping of another device's region
 * @iova: where the device will find it
 * @size: bytes, whole pages
 *
 * Return: 0 or -errno: EEXIST where something is mapped there, EINVAL or ENOSPC for an
 * address that the IOMMU cannot have, EFAULT for memory that it cannot pin; for a range that
 * wraps, EOVERFLOW from the cdev, and from the group what its kernel has (EINVAL in v6.12,
 * EOVERFLOW in v7.3).
 */
int __vmig_dma_map(struct vmig_device *dev, void *at, uint64_t iova, uint64_t size)
{
	struct vfio_iommu_type1_dma_map type1 = {
		.argsz = sizeof(type1),
		.flags = VFIO_DMA_MAP_FLAG_READ | VFIO_DMA_MAP_FLAG_WRITE,
		.vaddr = (uintptr_t)at,
		.iova = iova,
		.size = size,
	};
	struct iommu_ioas_map ioas = {
		.size = sizeof(ioas),
		.flags = IOMMU_IOAS_MAP_FIXED_IOVA | IOMMU_IOAS_MAP_READABLE |
			 IOMMU_IOAS_MAP_WRITEABLE,
		.ioas_id = dev->ioas,
		.user_va = (uintptr_t)at,
		.length = size,
		.iova = iova,
	};

	if (dev->uapi != VMIG_UAPI_CDEV)
		return ioctl(dev->container, VFIO_IOMMU_MAP_DMA, &type1) ? -errno : 0;
	return ioctl(dev->iommufd, IOMMU_IOAS_MAP, &ioas) ? -errno : 0;
}

/**
 * vmig_dma_map - let a device reach memory, which must work
 * @dev: the device
 * @at: the memory, as for __vmig_dma_map()
 * @iova: where the device will find it
 * @size: bytes, whole pages
 */
void vmig_dma_map(struct vmig_device *dev, void *at, uint64_t iova, uint64_t size)
{
	int ret = __vmig_dma_map(dev, at, iova, size);

	if (ret)
		vmig_fail("mapping %#llx bytes at IOVA %#llx for %s failed: %s",
			  (unsigned long long)size, (unsigned long long)iova, dev->id.name,
			  vmig_errno_name(ret));
}

/**
 * __vmig_dma_unmap - undo __vmig_dma_map()
 * @dev: the device
 * @iova: where the device found it
 * @size: bytes
 *
 * Return: 0 or -errno.
 */
int __vmig_dma_unmap(struct vmig_device *dev, uint64_t iova, uint64_t size)
{
	struct vfio_iommu_type1_dma_unmap type1 = {
		.argsz = sizeof(type1),
		.iova = iova,
		.size = size,
	};
	struct iommu_ioas_unmap ioas = {
		.size = sizeof(ioas),
		.ioas_id = dev->ioas,
		.iova = iova,
		.length = size,
	};

	if (dev->uapi != VMIG_UAPI_CDEV)
		return ioctl(dev->container, VFIO_IOMMU_UNMAP_DMA, &type1) ? -errno : 0;
	return ioctl(dev->iommufd, IOMMU_IOAS_UNMAP, &ioas) ? -errno : 0;
}

/* What an address must be to be taken, and the lowest one that was found. */
struct search {
	uint64_t from, last, size, align;
	uint64_t found;
	bool any;
};

static void try_range(struct search *s, uint64_t first, uint64_t last)
{
	uint64_t at = first < s->from ? s->from : first;

	at = (at + s->align - 1) / s->align * s->align;
	if (last > s->last)
		last = s->last;
	if (at < first || at > last || last - at < s->size - 1)
		return;
	if (!s->any || at < s->found)
		s->found = at;
	s->any = true;
}

static void search_capabilities(const struct vfio_iommu_type1_info *info, struct search *s)
{
	const struct vfio_iommu_type1_info_cap_iova_range *ranges;
	const struct vfio_info_cap_header *cap;
	uint32_t at, before = 0, i;

	for (at = info->cap_offset; at > before && at + sizeof(*cap) <= info->argsz;
	     before = at, at = cap->next) {
		cap = (const void *)((const char *)info + at);
		if (cap->id != VFIO_IOMMU_TYPE1_INFO_CAP_IOVA_RANGE)
			continue;
		ranges = (const void *)cap;
		for (i = 0; i < ranges->nr_iovas; i++)
			try_range(s, ranges->iova_ranges[i].start, ranges->iova_ranges[i].end);
		return;
	}
	/* A container of mediated devices only has no such capability: all may be mapped. */
	try_range(s, 0, UINT64_MAX);
}

static int search_container(struct vmig_device *dev, struct search *s)
{
	uint32_t size = sizeof(struct vfio_iommu_type1_info);
	struct vfio_iommu_type1_info *info;
	int ret = 0;

	for (;;) {
		info = vmig_alloc(size);
		info->argsz = size;
		if (ioctl(dev->container, VFIO_IOMMU_GET_INFO, info))
			ret = -errno;
		else if (info->argsz > INFO_MAX)
			ret = -EOVERFLOW;
		if (ret || info->argsz <= size)
			break;
		size = info->argsz;
		free(info);
	}
	if (!ret && (info->flags & VFIO_IOMMU_INFO_CAPS))
		search_capabilities(info, s);
	else if (!ret)
		try_range(s, 0, UINT64_MAX);
	free(info);
	return ret;
}

static int search_ioas(struct vmig_device *dev, struct search *s)
{
	struct iommu_iova_range ranges[RANGES_MAX];
	struct iommu_ioas_iova_ranges arg = {
		.size = sizeof(arg),
		.ioas_id = dev->ioas,
		.num_iovas = RANGES_MAX,
		.allowed_iovas = (uintptr_t)ranges,
	};
	uint32_t i;

	if (ioctl(dev->iommufd, IOMMU_IOAS_IOVA_RANGES, &arg))
		return -errno;
	for (i = 0; i < arg.num_iovas; i++)
		try_range(s, ranges[i].start, ranges[i].last);
	return 0;
}

/**
 * __vmig_iova_find - find an address that a device can make and the IOMMU can have
 * @dev: the device
 * @bits: width of the addresses that the device can make
 * @from: not below this
 * @size: bytes
 * @align: a power of two
 * @iova: the lowest such address goes here; what is mapped already is not looked at
 *
 * Return: 0 or -errno; -ENOSPC where there is none.
 */
int __vmig_iova_find(struct vmig_device *dev, unsigned int bits, uint64_t from, uint64_t size,
		     uint64_t align, uint64_t *iova)
{
	struct search s = {
		.from = from,
		.last = bits < 64 ? (1ULL << bits) - 1 : UINT64_MAX,
		.size = size,
		.align = align,
	};
	int ret;

	if (dev->uapi != VMIG_UAPI_CDEV)
		ret = search_container(dev, &s);
	else
		ret = search_ioas(dev, &s);
	if (!ret && !s.any)
		ret = -ENOSPC;
	*iova = s.found;
	return ret;
}

/**
 * vmig_dma_alloc - memory that a device can reach, which must work
 * @dev: the device
 * @bits: width of the addresses that the device can make
 * @size: bytes, whole pages
 * @align: alignment of the IOVA, a power of two, a page or more
 * @mem: where it goes; full of zeroes
 */
void vmig_dma_alloc(struct vmig_device *dev, unsigned int bits, uint64_t size, uint64_t align,
		    struct vmig_dma *mem)
{
	uint64_t from = IOVA_FIRST;
	int ret;

	mem->dev = dev;
	mem->size = size;
	mem->at = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (mem->at == MAP_FAILED)
		vmig_fail("no memory for DMA: %s", vmig_errno_name(errno));
	do {
		ret = __vmig_iova_find(dev, bits, from, size, align, &mem->iova);
		if (ret)
			vmig_fail("no IOVA of %u bits for %#llx bytes of memory: %s", bits,
				  (unsigned long long)size, vmig_errno_name(ret));
		ret = __vmig_dma_map(dev, mem->at, mem->iova, size);
		from = mem->iova + align;
	} while (ret == -EEXIST || ret == -EADDRINUSE);
	if (ret)
		vmig_fail("mapping %#llx bytes at IOVA %#llx for %s failed: %s",
			  (unsigned long long)size, (unsigned long long)mem->iova, dev->id.name,
			  vmig_errno_name(ret));
}

/**
 * vmig_dma_free - undo vmig_dma_alloc()
 * @mem: the memory, or zeroes
 */
void vmig_dma_free(struct vmig_dma *mem)
{
	if (!mem->at)
		return;
	__vmig_dma_unmap(mem->dev, mem->iova, mem->size);
	munmap(mem->at, mem->size);
	memset(mem, 0, sizeof(*mem));
}
