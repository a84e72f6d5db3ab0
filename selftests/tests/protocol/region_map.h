/* SPDX-License-Identifier: GPL-2.0-only */
/* A device's regions in this process's memory. */
#ifndef VMIG_TESTS_PROTOCOL_REGION_MAP_H
#define VMIG_TESTS_PROTOCOL_REGION_MAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <vmig/device.h>

#define VMIG_MAPPINGS_MAX 64

/**
 * struct vmig_mapping - one area of a region
 * @region: index of the region
 * @offset: where the area begins in it, bytes
 * @size: bytes
 * @at: where it is mapped, NULL if that failed
 * @err: the errno then
 */
struct vmig_mapping {
	uint32_t region;
	uint64_t offset;
	uint64_t size;
	void *at;
	int err;
};

size_t vmig_map_regions(struct vmig_device *dev, struct vmig_mapping *maps);
void vmig_unmap_regions(struct vmig_mapping *maps, size_t count);
bool vmig_mapping_answers(const struct vmig_mapping *map);
bool vmig_place_is_free(struct vmig_device *dev, uint64_t at);

#endif /* VMIG_TESTS_PROTOCOL_REGION_MAP_H */
