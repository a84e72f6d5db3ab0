// SPDX-License-Identifier: GPL-2.0-only
/* Access to a device's regions through its fd, as a VMM does it for a guest. */
#include <errno.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include <vmig/info.h>
#include <vmig/region.h>

/**
 * __vmig_region_read - read from a region
 * @dev: the device
 * @info: the region
 * @at: offset in the region, bytes; nothing is checked against its size
 * @buf: where the bytes go
 * @len: their number
 *
 * Return: bytes read, or -errno.
 */
ssize_t __vmig_region_read(struct vmig_device *dev, const struct vfio_region_info *info,
			   uint64_t at, void *buf, size_t len)
{
	ssize_t ret = pread(dev->fd, buf, len, info->offset + at);

	return ret < 0 ? -errno : ret;
}

/**
 * __vmig_region_write - write to a region
 * @dev: the device
 * @info: the region
 * @at: offset in the region, bytes
 * @buf: the bytes
 * @len: their number
 *
 * What a register does with a byte only its driver's author knows: for registers that
 * a bus specification defines, and for exercisers.
 *
 * Return: bytes written, or -errno.
 */
ssize_t __vmig_region_write(struct vmig_device *dev, const struct vfio_region_info *info,
			    uint64_t at, const void *buf, size_t len)
{
	ssize_t ret = pwrite(dev->fd, buf, len, info->offset + at);

	return ret < 0 ? -errno : ret;
}

/**
 * __vmig_region_mmap - map a part of a region
 * @dev: the device
 * @info: the region
 * @offset: where the part begins in it, bytes
 * @size: bytes; munmap() them
 * @at: where the mapping goes, for reading, and for writing where the region can be written
 *
 * Return: 0 or -errno.
 */
int __vmig_region_mmap(struct vmig_device *dev, const struct vfio_region_info *info,
		       uint64_t offset, uint64_t size, void **at)
{
	int prot = PROT_READ;
	void *p;

	if (info->flags & VFIO_REGION_INFO_FLAG_WRITE)
		prot |= PROT_WRITE;
	p = mmap(NULL, size, prot, MAP_SHARED, dev->fd, info->offset + offset);
	if (p == MAP_FAILED)
		return -errno;
	*at = p;
	return 0;
}

/**
 * __vmig_region_mmap_first - map the first bytes of a region that may be mapped
 * @dev: the device
 * @info: the region, with its capabilities
 * @size: bytes; munmap() them
 * @at: where the mapping goes
 *
 * Return: 0 or -errno; -ENODEV for a region that cannot be mapped, or is smaller.
 */
int __vmig_region_mmap_first(struct vmig_device *dev, const struct vfio_region_info *info,
			     uint64_t size, void **at)
{
	const struct vfio_region_info_cap_sparse_mmap *sparse;

	if (!(info->flags & VFIO_REGION_INFO_FLAG_MMAP) || info->size < size)
		return -ENODEV;
	sparse = (const void *)vmig_region_cap(info, VFIO_REGION_INFO_CAP_SPARSE_MMAP);
	return __vmig_region_mmap(
		dev, info, sparse && sparse->nr_areas ? sparse->areas[0].offset : 0, size, at);
}

/**
 * __vmig_pci_config - find the PCI config space of a device
 * @dev: the device
 *
 * Return: its region, free() it; NULL for a device that is not PCI to its user (an mdev
 * may be, H:207) or that has none.
 */
struct vfio_region_info *__vmig_pci_config(struct vmig_device *dev)
{
	struct vfio_device_info info;
	struct vfio_region_info *region;

	if (__vmig_device_info(dev, &info) || !(info.flags & VFIO_DEVICE_FLAGS_PCI))
		return NULL;
	if (__vmig_region_info(dev, VFIO_PCI_CONFIG_REGION_INDEX, &region))
		return NULL;
	if (region->size)
		return region;
	free(region);
	return NULL;
}
