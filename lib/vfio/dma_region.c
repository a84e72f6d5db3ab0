// SPDX-License-Identifier: GPL-2.0-only
/*
 * A region of one device, mapped for the DMA of another one: peer to peer.
 *
 * group: mmap() of the region, VFIO_IOMMU_MAP_DMA of that
 * cdev, and the group with an iommufd for its container: VFIO_DEVICE_FEATURE_DMA_BUF,
 *	  IOMMU_IOAS_MAP_FILE of that; since v6.19. The iommufd pins what is mapped otherwise,
 *	  and a BAR has no pages
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <vmig/dma.h>
#include <vmig/dma_region.h>
#include <vmig/error.h>
#include <vmig/info.h>
#include <vmig/region.h>

/* The page tables of a vIOMMU have no more, unless its user asks for it. */
#define BITS_MAX 39

/**
 * __vmig_dma_buf_export - a dma-buf of parts of a region
 * @dev: the device
 * @index: index of the region
 * @ranges: the parts
 * @count: their number
 *
 * Return: its fd, or -errno: ENOTTY where kernel or driver do not know the feature, EOPNOTSUPP
 * where the driver exports nothing, EINVAL for ranges that are not whole pages of the region.
 */
int __vmig_dma_buf_export(struct vmig_device *dev, uint32_t index,
			  const struct vfio_region_dma_range *ranges, uint32_t count)
{
	const size_t ranges_size = count * sizeof(*ranges);
	struct vfio_device_feature_dma_buf *buf;
	struct vfio_device_feature *feature;
	const size_t size = sizeof(*feature) + sizeof(*buf) + ranges_size;
	int ret;

	feature = vmig_alloc(size);
	feature->argsz = size;
	feature->flags = VFIO_DEVICE_FEATURE_GET | VFIO_DEVICE_FEATURE_DMA_BUF;
	buf = (void *)feature->data;
	buf->region_index = index;
	buf->open_flags = O_RDWR | O_CLOEXEC;
	buf->nr_ranges = count;
	if (count)
		memcpy(buf->dma_ranges, ranges, ranges_size);
	ret = ioctl(dev->fd, VFIO_DEVICE_FEATURE, feature);
	if (ret < 0)
		ret = -errno;
	free(feature);
	return ret;
}

/**
 * __vmig_dma_map_file - let a device reach a file
 * @dev: the device, in any uapi but VMIG_UAPI_GROUP
 * @fd: a memfd, or a dma-buf of a region
 * @start: where in it, bytes
 * @iova: where the device will find it
 * @size: bytes, whole pages
 *
 * Return: 0 or -errno: ENOTTY on a kernel without it, ENODEV for a dma-buf whose device was reset
 * or closed, EOPNOTSUPP for one that iommufd does not take.
 */
int __vmig_dma_map_file(struct vmig_device *dev, int fd, uint64_t start, uint64_t iova,
			uint64_t size)
{
	struct iommu_ioas_map_file arg = {
		.size = sizeof(arg),
		.flags = IOMMU_IOAS_MAP_FIXED_IOVA | IOMMU_IOAS_MAP_READABLE |
			 IOMMU_IOAS_MAP_WRITEABLE,
		.ioas_id = dev->ioas,
		.fd = fd,
		.start = start,
		.length = size,
		.iova = iova,
	};
	int iommufd = dev->uapi == VMIG_UAPI_CDEV ? dev->iommufd : dev->container;

	return ioctl(iommufd, IOMMU_IOAS_MAP_FILE, &arg) ? -errno : 0;
}

/* The lowest free place in the upper half, which tests leave alone. */
static int map_somewhere(struct vmig_device *dev, int fd, unsigned int bits,
			 struct vmig_dma_region *map)
{
	uint64_t from;
	int ret;

	if (bits > BITS_MAX)
		bits = BITS_MAX;
	from = 1ULL << (bits - 1);
	do {
		ret = __vmig_iova_find(dev, bits, from, map->size, map->size, &map->iova);
		if (ret)
			break;
		if (fd < 0)
			ret = __vmig_dma_map(dev, map->at, map->iova, map->size);
		else
			ret = __vmig_dma_map_file(dev, fd, 0, map->iova, map->size);
		from = map->iova + map->size;
	} while (ret == -EEXIST || ret == -EADDRINUSE);
	return ret;
}

static int map_mmap(struct vmig_device *dev, struct vmig_device *target, uint32_t index,
		    uint64_t offset, unsigned int bits, struct vmig_dma_region *map)
{
	struct vfio_region_info *info;
	int ret = __vmig_region_info(target, index, &info);

	if (ret)
		return ret;
	ret = __vmig_region_mmap(target, info, offset, map->size, &map->at);
	free(info);
	if (ret)
		return ret;
	ret = map_somewhere(dev, -1, bits, map);
	if (ret)
		munmap(map->at, map->size);
	return ret;
}

static int map_dma_buf(struct vmig_device *dev, struct vmig_device *target, uint32_t index,
		       uint64_t offset, unsigned int bits, struct vmig_dma_region *map)
{
	const struct vfio_region_dma_range range = { .offset = offset, .length = map->size };
	int fd = __vmig_dma_buf_export(target, index, &range, 1), ret;

	if (fd < 0)
		return fd;
	ret = map_somewhere(dev, fd, bits, map);
	/* The mapping holds it. */
	close(fd);
	return ret;
}

/**
 * __vmig_dma_map_region - let a device reach a part of another device's region
 * @dev: the device
 * @target: the other one, in the same uapi
 * @index: index of its region
 * @offset: where the part begins in it, bytes, page aligned
 * @size: bytes, whole pages, a power of two
 * @bits: width of the addresses that @dev can make
 * @map: where the mapping goes
 *
 * Whatever resets, suspends or closes @target ends the DMA to it for good, but in a type1
 * container; the mapping is there until it is taken away.
 *
 * Return: 0 or -errno: of mmap() or MAP_DMA, or what __vmig_dma_buf_export() or
 * __vmig_dma_map_file() returns.
 */
int __vmig_dma_map_region(struct vmig_device *dev, struct vmig_device *target, uint32_t index,
			  uint64_t offset, uint64_t size, unsigned int bits,
			  struct vmig_dma_region *map)
{
	int ret;

	*map = (struct vmig_dma_region){ .dev = dev, .size = size };
	if (dev->uapi == VMIG_UAPI_GROUP)
		ret = map_mmap(dev, target, index, offset, bits, map);
	else
		ret = map_dma_buf(dev, target, index, offset, bits, map);
	if (ret)
		memset(map, 0, sizeof(*map));
	return ret;
}

/**
 * __vmig_dma_unmap_region - undo __vmig_dma_map_region()
 * @map: the mapping, or zeroes
 *
 * Return: 0 or -errno.
 */
int __vmig_dma_unmap_region(struct vmig_dma_region *map)
{
	int ret;

	if (!map->size)
		return 0;
	ret = __vmig_dma_unmap(map->dev, map->iova, map->size);
	if (map->at)
		munmap(map->at, map->size);
	memset(map, 0, sizeof(*map));
	return ret;
}
