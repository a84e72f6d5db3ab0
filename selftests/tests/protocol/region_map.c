// SPDX-License-Identifier: GPL-2.0-only
/* A device's regions in this process's memory. */
#include <setjmp.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>

#include <vmig/info.h>
#include <vmig/region.h>
#include "region_map.h"

static sigjmp_buf out_of_fault;

static void on_sigbus(int sig)
{
	(void)sig;
	siglongjmp(out_of_fault, 1);
}

static void map_area(struct vmig_device *dev, const struct vfio_region_info *info, uint64_t offset,
		     uint64_t size, struct vmig_mapping *map)
{
	*map = (struct vmig_mapping){ .region = info->index, .offset = offset, .size = size };
	map->err = -__vmig_region_mmap(dev, info, offset, size, &map->at);
}

/**
 * vmig_map_regions - map all of a device's memory that it says can be mapped
 * @dev: the device
 * @maps: VMIG_MAPPINGS_MAX of them: each area of a region with the sparse mmap capability,
 *	  the whole of one without (H:289)
 *
 * Return: how many areas there are, mapped or not.
 */
size_t vmig_map_regions(struct vmig_device *dev, struct vmig_mapping *maps)
{
	const struct vfio_region_info_cap_sparse_mmap *sparse;
	struct vfio_device_info dev_info;
	struct vfio_region_info *info;
	size_t n = 0;
	uint32_t i, k;

	vmig_device_info(dev, &dev_info);
	vmig_for_each_region(dev, &dev_info, i, info) {
		sparse = (const void *)vmig_region_cap(info, VFIO_REGION_INFO_CAP_SPARSE_MMAP);
		if (!(info->flags & VFIO_REGION_INFO_FLAG_MMAP) || !info->size)
			continue;
		if (!sparse && n < VMIG_MAPPINGS_MAX)
			map_area(dev, info, 0, info->size, &maps[n++]);
		for (k = 0; sparse && k < sparse->nr_areas && n < VMIG_MAPPINGS_MAX; k++)
			if (sparse->areas[k].size)
				map_area(dev, info, sparse->areas[k].offset, sparse->areas[k].size,
					 &maps[n++]);
	}
	return n;
}

/**
 * vmig_unmap_regions - undo vmig_map_regions()
 * @maps: the areas
 * @count: their number
 */
void vmig_unmap_regions(struct vmig_mapping *maps, size_t count)
{
	size_t i;

	for (i = 0; i < count; i++)
		if (maps[i].at)
			munmap(maps[i].at, maps[i].size);
}

/**
 * vmig_mapping_answers - can the first and the last register of an area be read?
 * @map: the area, mapped
 *
 * Return: false if the access gave SIGBUS.
 */
bool vmig_mapping_answers(const struct vmig_mapping *map)
{
	struct sigaction action = { .sa_handler = on_sigbus }, before;
	const volatile uint32_t *first = map->at;
	volatile bool ok = false;

	sigaction(SIGBUS, &action, &before);
	if (!sigsetjmp(out_of_fault, 1)) {
		(void)first[0];
		(void)first[map->size / sizeof(*first) - 1];
		ok = true;
	}
	sigaction(SIGBUS, &before, NULL);
	return ok;
}

/**
 * vmig_place_is_free - is a place in the device fd behind a region, where no other one is?
 * @dev: the device
 * @at: offset in the device fd
 *
 * Return: true if it is of no region.
 */
bool vmig_place_is_free(struct vmig_device *dev, uint64_t at)
{
	struct vfio_device_info dev_info;
	struct vfio_region_info *other;
	bool is_free = true;
	uint32_t i;

	vmig_device_info(dev, &dev_info);
	vmig_for_each_region(dev, &dev_info, i, other)
		if (at >= other->offset && at - other->offset < other->size)
			is_free = false;
	return is_free;
}
