// SPDX-License-Identifier: GPL-2.0-only
/* Which regions there are, and what of BAR 0 can be mapped: all but the registers. */
#include <linux/mm.h>

#include "edu.h"

static u64 edu_bar_size(struct edu_device *edu)
{
	u64 size = pci_resource_len(edu->core.pdev, 0);

	if (edu_defect(edu, REF_DEFECT_regions_change) &&
	    (READ_ONCE(edu->ref.state) == VFIO_DEVICE_STATE_STOP_COPY ||
	     READ_ONCE(edu->ref.state) == VFIO_DEVICE_STATE_PRE_COPY))
		size /= 2;
	if (edu_defect(edu, REF_DEFECT_reset_changes_regions) && edu->ref.defect.was_reset)
		size /= 2;
	return size;
}

static int edu_add_sparse(struct edu_device *edu, u64 size, struct vfio_info_cap *caps)
{
	struct vfio_region_info_cap_sparse_mmap *sparse;
	const size_t bytes = struct_size(sparse, areas, 1);
	int ret;

	sparse = kzalloc(bytes, GFP_KERNEL);
	if (!sparse)
		return -ENOMEM;
	sparse->header.id = VFIO_REGION_INFO_CAP_SPARSE_MMAP;
	sparse->header.version = 1;
	sparse->nr_areas = 1;
	sparse->areas[0].offset = PAGE_SIZE;
	sparse->areas[0].size = size - PAGE_SIZE;
	if (edu_defect(edu, REF_DEFECT_sparse_area_outside))
		sparse->areas[0].size += PAGE_SIZE;
	if (READ_ONCE(edu->withheld))
		sparse->nr_areas = 0;
	ret = vfio_info_add_capability(caps, &sparse->header, bytes);
	kfree(sparse);
	return ret;
}

/**
 * edu_bar0_info_caps() - VFIO_DEVICE_GET_REGION_INFO of BAR 0
 * @vdev: device
 * @info: index in, all but the capabilities out
 * @caps: the capabilities
 *
 * Return: 0, -ENOMEM.
 */
int edu_bar0_info_caps(struct vfio_device *vdev, struct vfio_region_info *info,
		       struct vfio_info_cap *caps)
{
	info->flags = VFIO_REGION_INFO_FLAG_READ | VFIO_REGION_INFO_FLAG_WRITE |
		      VFIO_REGION_INFO_FLAG_MMAP;
	info->offset = VFIO_PCI_INDEX_TO_OFFSET(info->index);
	info->size = edu_bar_size(edu_of(vdev));
	return edu_add_sparse(edu_of(vdev), info->size, caps);
}

/* The mappings of vfio-pci; only with the defect mmap_zapped and in the experiment are they ours.
 */
static const struct vm_operations_struct *edu_core_vm_ops;

static vm_fault_t edu_fault(struct vm_fault *vmf)
{
	struct vfio_pci_core_device *core = vmf->vma->vm_private_data;
	struct edu_device *edu = container_of(core, struct edu_device, core);

	if (edu_defect(edu, REF_DEFECT_mmap_zapped) && READ_ONCE(edu->activity) == REF_STOPPED)
		return VM_FAULT_SIGBUS;
	if (READ_ONCE(edu->withheld))
		WRITE_ONCE(edu->remap_faults, edu->remap_faults + 1);
	return edu_core_vm_ops->fault(vmf);
}

static const struct vm_operations_struct edu_vm_ops = {
	.fault = edu_fault,
};

/**
 * edu_zap() - mappings of BAR 0 fault at their next use
 * @edu: device
 */
void edu_zap(struct edu_device *edu)
{
	unmap_mapping_range(edu->core.vdev.inode->i_mapping, VFIO_PCI_INDEX_TO_OFFSET(0),
			    pci_resource_len(edu->core.pdev, 0), true);
}

/**
 * edu_mmap() - mmap() of the device
 * @vdev: device
 * @vma: mapping
 *
 * Return: 0; -EINVAL for the registers, and for all that vfio-pci refuses.
 */
int edu_mmap(struct vfio_device *vdev, struct vm_area_struct *vma)
{
	const u64 at = (u64)vma->vm_pgoff << PAGE_SHIFT;
	struct edu_device *edu = edu_of(vdev);
	bool bar = VFIO_PCI_OFFSET_TO_INDEX(at) == VFIO_PCI_BAR0_REGION_INDEX;
	int ret;

	if (bar && ((at & VFIO_PCI_OFFSET_MASK) < PAGE_SIZE || READ_ONCE(edu->withheld) ||
		    edu_defect(edu, REF_DEFECT_sparse_area_refused)))
		return -EINVAL;
	ret = vfio_pci_core_mmap(vdev, vma);
	if (!ret && bar && (edu->experimental || edu_defect(edu, REF_DEFECT_mmap_zapped))) {
		edu_core_vm_ops = vma->vm_ops;
		vma->vm_ops = &edu_vm_ops;
	}
	return ret;
}

static ssize_t edu_old_rw(struct vfio_pci_core_device *core, char __user *buf, size_t count,
			  loff_t *ppos, bool write)
{
	return -EINVAL;
}

static void edu_old_release(struct vfio_pci_core_device *core, struct vfio_pci_region *region)
{
}

static const struct vfio_pci_regops edu_old_ops = {
	.rw = edu_old_rw,
	.release = edu_old_release,
};

/**
 * edu_add_old_region() - offer the region of protocol v1; for defects
 * @edu: device that is being opened
 *
 * Return: 0 or -errno.
 */
int edu_add_old_region(struct edu_device *edu)
{
	return vfio_pci_core_register_dev_region(
		&edu->core, VFIO_REGION_TYPE_MIGRATION_DEPRECATED,
		VFIO_REGION_SUBTYPE_MIGRATION_DEPRECATED, &edu_old_ops, PAGE_SIZE,
		VFIO_REGION_INFO_FLAG_READ | VFIO_REGION_INFO_FLAG_WRITE, NULL);
}
