// SPDX-License-Identifier: GPL-2.0-only
/* The regions: their info, and the mapping of a part of BAR 2. */

#include <linux/mm.h>
#include <linux/slab.h>

#include "mock.h"

/* What lies between the areas of mmap_two_areas. */
#define MOCK_HOLE_START 0x6000
#define MOCK_HOLE_END 0x8000

/**
 * mock_region_size - size of a region
 * @m: the device
 * @index: VFIO_PCI_*_REGION_INDEX
 *
 * Return: bytes, 0 where there is no such region
 */
u64 mock_region_size(struct mock *m, unsigned int index)
{
	enum vfio_device_mig_state state = READ_ONCE(m->ref.state);

	if (index != VFIO_PCI_CONFIG_REGION_INDEX && !m->ref.mem_size)
		return 0;
	switch (index) {
	case VFIO_PCI_CONFIG_REGION_INDEX:
		return MOCK_CONFIG_SIZE;
	case VFIO_PCI_BAR0_REGION_INDEX:
		return MOCK_BAR0_SIZE;
	case VFIO_PCI_BAR2_REGION_INDEX:
		if (ref_defect(&m->ref, REF_DEFECT_regions_change) &&
		    (state == VFIO_DEVICE_STATE_PRE_COPY || state == VFIO_DEVICE_STATE_STOP_COPY))
			return MOCK_BAR2_SIZE / 2;
		if (ref_defect(&m->ref, REF_DEFECT_reset_changes_regions) &&
		    m->ref.defect.was_reset)
			return MOCK_BAR2_SIZE * 2;
		return MOCK_BAR2_SIZE;
	case MOCK_V1_REGION:
		return ref_defect(&m->ref, REF_DEFECT_v1_region) ||
				       ref_defect(&m->ref, REF_DEFECT_v1_region_and_v2)
			       ? PAGE_SIZE
			       : 0;
	}
	return 0;
}

static int add_sparse(struct mock *m, struct vfio_info_cap *caps)
{
	struct vfio_region_info_cap_sparse_mmap *sparse;
	unsigned int nr = ref_freedom(&m->ref, REF_FREEDOM_mmap_two_areas) ? 2 : 1;
	size_t size = struct_size(sparse, areas, nr);
	int ret;

	sparse = kzalloc(size, GFP_KERNEL);
	if (!sparse)
		return -ENOMEM;
	sparse->header.id = VFIO_REGION_INFO_CAP_SPARSE_MMAP;
	sparse->header.version = 1;
	sparse->nr_areas = nr;
	sparse->areas[0].offset = MOCK_MMAP_START;
	sparse->areas[0].size = MOCK_MMAP_END - MOCK_MMAP_START;
	if (nr == 2) {
		sparse->areas[1] = sparse->areas[0];
		sparse->areas[0].size = MOCK_HOLE_START - MOCK_MMAP_START;
		sparse->areas[1].offset = MOCK_HOLE_END;
		sparse->areas[1].size = MOCK_MMAP_END - MOCK_HOLE_END;
	}
	if (ref_defect(&m->ref, REF_DEFECT_sparse_area_outside))
		sparse->areas[0].size = MOCK_BAR2_SIZE;
	ret = vfio_info_add_capability(caps, &sparse->header, size);
	kfree(sparse);
	return ret;
}

static int add_v1(struct vfio_info_cap *caps)
{
	struct vfio_region_info_cap_type type = {
		.header.id = VFIO_REGION_INFO_CAP_TYPE,
		.header.version = 1,
		.type = VFIO_REGION_TYPE_MIGRATION_DEPRECATED,
		.subtype = VFIO_REGION_SUBTYPE_MIGRATION_DEPRECATED,
	};

	return vfio_info_add_capability(caps, &type.header, sizeof(type));
}

/**
 * mock_region_info_caps - VFIO_DEVICE_GET_REGION_INFO, as the core asks for it
 * @vdev: the device
 * @info: index in, all but the capabilities out
 * @caps: the capabilities
 *
 * Return: 0, -EINVAL where there is no such region, -ENOMEM
 */
int mock_region_info_caps(struct vfio_device *vdev, struct vfio_region_info *info,
			  struct vfio_info_cap *caps)
{
	struct mock *m = to_mock(vdev);

	if (info->index >= VFIO_PCI_NUM_REGIONS && !mock_region_size(m, info->index))
		return -EINVAL;
	info->size = mock_region_size(m, info->index);
	if (!m->info_asked && ref_defect(&m->ref, REF_DEFECT_regions_unknown_at_first))
		info->size = 0;
	info->offset = MOCK_OFFSET(info->index);
	info->flags = info->size ? VFIO_REGION_INFO_FLAG_READ | VFIO_REGION_INFO_FLAG_WRITE : 0;
	info->cap_offset = 0;
	if (info->index == VFIO_PCI_BAR2_REGION_INDEX && m->ref.mem_size &&
	    !ref_freedom(&m->ref, REF_FREEDOM_no_mmap)) {
		info->flags |= VFIO_REGION_INFO_FLAG_MMAP;
		return ref_freedom(&m->ref, REF_FREEDOM_mmap_whole) ? 0 : add_sparse(m, caps);
	}
	return info->index == MOCK_V1_REGION ? add_v1(caps) : 0;
}

static void vma_open(struct vm_area_struct *vma)
{
	struct mock *m = vma->vm_private_data;

	atomic_inc(&m->mapped);
}

/**
 * mock_mapped_dirty - what can be mapped has changed, as far as anybody knows
 * @m: the device
 */
void mock_mapped_dirty(struct mock *m)
{
	if (ref_freedom(&m->ref, REF_FREEDOM_mmap_whole))
		ref_dirty(&m->ref, 0, MOCK_BAR2_SIZE);
	else
		ref_dirty(&m->ref, MOCK_MMAP_START, MOCK_MMAP_END - MOCK_MMAP_START);
}

static void vma_close(struct vm_area_struct *vma)
{
	struct mock *m = vma->vm_private_data;

	atomic_dec(&m->mapped);
	/* What was written through it until now is a change that nobody saw. */
	mock_mapped_dirty(m);
}

static vm_fault_t vma_fault(struct vm_fault *vmf)
{
	struct mock *m = vmf->vma->vm_private_data;
	u64 page = vmf->pgoff & ((MOCK_OFFSET_MASK) >> PAGE_SHIFT);

	if (page >= MOCK_BASE_PAGES)
		return VM_FAULT_SIGBUS;
	if (ref_defect(&m->ref, REF_DEFECT_mmap_zapped) && m->activity == REF_STOPPED)
		return VM_FAULT_SIGBUS;
	if (ref_defect(&m->ref, REF_DEFECT_mmap_shows_next_page))
		page = (page + 1) % MOCK_BASE_PAGES;
	get_page(m->base[page]);
	vmf->page = m->base[page];
	return 0;
}

static const struct vm_operations_struct vm_ops = {
	.open = vma_open,
	.close = vma_close,
	.fault = vma_fault,
};

static bool can_be_mapped(struct mock *m, u64 at, u64 len)
{
	u64 start = MOCK_MMAP_START, end = MOCK_MMAP_END;

	if (ref_freedom(&m->ref, REF_FREEDOM_no_mmap) || !m->ref.mem_size)
		return false;
	if (ref_freedom(&m->ref, REF_FREEDOM_mmap_whole)) {
		start = 0;
		end = MOCK_BAR2_SIZE;
	}
	if (at < start || at > end || len > end - at)
		return false;
	return !ref_freedom(&m->ref, REF_FREEDOM_mmap_two_areas) || at + len <= MOCK_HOLE_START ||
	       at >= MOCK_HOLE_END;
}

/**
 * mock_mmap - mmap() of a region
 * @vdev: the device
 * @vma: what is to be mapped
 *
 * Return: 0, or -EINVAL where it cannot be mapped
 */
int mock_mmap(struct vfio_device *vdev, struct vm_area_struct *vma)
{
	struct mock *m = to_mock(vdev);
	u64 at = ((u64)vma->vm_pgoff << PAGE_SHIFT) & MOCK_OFFSET_MASK;
	u64 len = vma->vm_end - vma->vm_start;

	if (MOCK_INDEX((u64)vma->vm_pgoff << PAGE_SHIFT) != VFIO_PCI_BAR2_REGION_INDEX)
		return -EINVAL;
	if (!can_be_mapped(m, at, len) &&
	    !(at >= MOCK_BAR2_SIZE && ref_defect(&m->ref, REF_DEFECT_mmap_behind_end)))
		return -EINVAL;
	if (mock_first_fails(m, REF_DEFECT_first_access_alone, VFIO_PCI_BAR2_REGION_INDEX))
		return -EBUSY;
	if (!(vma->vm_flags & VM_SHARED) || ref_defect(&m->ref, REF_DEFECT_sparse_area_refused))
		return -EINVAL;
	vma->vm_private_data = m;
	vma->vm_ops = &vm_ops;
	vm_flags_set(vma, VM_DONTEXPAND | VM_DONTDUMP);
	vma_open(vma);
	return 0;
}

/**
 * mock_zap - take the pages out of all mappings; a defect
 * @m: the device
 */
void mock_zap(struct mock *m)
{
	loff_t start = MOCK_OFFSET(VFIO_PCI_BAR2_REGION_INDEX);

	if (m->vdev.inode)
		unmap_mapping_range(m->vdev.inode->i_mapping, start, MOCK_BAR2_SIZE, true);
}
