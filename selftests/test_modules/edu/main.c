// SPDX-License-Identifier: GPL-2.0-only
/* The module, and what VFIO and PCI call. */
#include <linux/idr.h>
#include <linux/iommu.h>
#include <linux/module.h>
#include <linux/uaccess.h>

#include "edu.h"

struct ref_driver edu_driver;
static u32 edu_features = REF_FEATURES_ALL;
REF_PARAMS(edu_driver, edu_features);

static bool edu_experimental;
module_param_named(experimental, edu_experimental, bool, 0444);
MODULE_PARM_DESC(experimental, "offer an interrupt that asks to look at the regions again");

/* Each device has a page and a window in the reserved IOVAs. */
#define EDU_SLOTS ((EDU_RESERVED_END - EDU_RESERVED_IOVA) / (2 * PAGE_SIZE))
static DEFINE_IDA(edu_slots);

static int edu_init(struct vfio_device *vdev)
{
	struct edu_device *edu = edu_of(vdev);
	int ret;

	mutex_init(&edu->lock);
	INIT_LIST_HEAD(&edu->entry);
	INIT_DELAYED_WORK(&edu->work, edu_work);
	edu->peer_handle = EDU_NO_PEER;
	edu->page = alloc_page(GFP_KERNEL | __GFP_ZERO);
	if (!edu->page)
		return -ENOMEM;
	edu->slot = ida_alloc_max(&edu_slots, EDU_SLOTS - 1, GFP_KERNEL);
	if (edu->slot < 0) {
		ret = edu->slot;
		goto err_page;
	}
	ret = vfio_pci_core_init_dev(vdev);
	if (ret)
		goto err_slot;
	edu_export_bars(edu);
	edu->ref.vdev = vdev;
	edu->ref.driver = &edu_driver;
	edu->ref.ops = &edu_ref_ops;
	edu->ref.type = EDU_VENDOR_ID << 16 | EDU_DEVICE_ID;
	edu->ref.mem_size = EDU_BUFFER_SIZE;
	edu->ref.regs_size = edu_state_size();
	/* Of what the device cannot reach it is easy to say that it has not written there. */
	edu->ref.iova_bits = 63;
	ret = ref_init(&edu->ref, edu_features);
	if (!ret)
		return 0;
	vfio_pci_core_release_dev(vdev);
err_slot:
	ida_free(&edu_slots, edu->slot);
err_page:
	__free_page(edu->page);
	return ret;
}

static void edu_release(struct vfio_device *vdev)
{
	struct edu_device *edu = edu_of(vdev);

	ref_destroy(&edu->ref);
	vfio_pci_core_release_dev(vdev);
	ida_free(&edu_slots, edu->slot);
	__free_page(edu->page);
}

static int edu_map_bar(struct edu_device *edu)
{
#if REF_CORE_MAPS_BARS
	edu->bar = vfio_pci_core_get_iomap(&edu->core, 0);
	return PTR_ERR_OR_ZERO((void __force *)edu->bar);
#else
	int ret = vfio_pci_core_setup_barmap(&edu->core, 0);

	edu->bar = edu->core.barmap[0];
	return ret;
#endif
}

static int edu_open(struct vfio_device *vdev)
{
	struct edu_device *edu = edu_of(vdev);
	int ret;

	ret = vfio_pci_core_enable(&edu->core);
	if (ret)
		return ret;
	ret = edu_map_bar(edu);
	if (!ret)
		ret = edu_add_region(edu);
	if (!ret &&
	    (edu_defect(edu, REF_DEFECT_v1_region) || edu_defect(edu, REF_DEFECT_v1_region_and_v2)))
		ret = edu_add_old_region(edu);
	if (ret) {
		vfio_pci_core_disable(&edu->core);
		return ret;
	}
	vfio_pci_core_finish_enable(&edu->core);

	mutex_lock(&edu->lock);
	edu->open = true;
	/* Whatever a former driver of the device left there. */
	edu->device_known = false;
	edu_power_on(edu);
	edu_advance(edu);
	edu_unlock(edu);
	edu_peers_add(edu);
	ref_open(&edu->ref);
	if (edu_experimental)
		edu_remap_begin(edu);
	return 0;
}

/* For a defect: nobody is kept off the bridge above it. */
static void edu_reset_bus(struct pci_dev *pdev)
{
	if (!pdev->bus->self || !list_is_singular(&pdev->bus->devices))
		return;
	pci_save_state(pdev);
	pci_bridge_secondary_bus_reset(pdev->bus->self);
	pci_restore_state(pdev);
}

static void edu_close(struct vfio_device *vdev)
{
	struct edu_device *edu = edu_of(vdev);

	ref_close(&edu->ref);
	edu_peers_del(edu);
	mutex_lock(&edu->lock);
	edu->waiting = 0;
	edu->irq_armed = false;
	edu_wait_idle(edu, true);
	edu_close_window(edu);
	edu_unmap_page(edu);
	edu_remap_end(edu);
	edu->phase = EDU_IDLE;
	edu->computing = false;
	edu->open = false;
	edu_unlock(edu);
	cancel_delayed_work_sync(&edu->work);
	vfio_pci_core_close_device(vdev);
	if (edu_defect(edu, REF_DEFECT_close_resets_unlocked))
		edu_reset_bus(edu->core.pdev);
}

/* The driver's pages go before the address space that they are mapped in. */
static void edu_leave_ioas(struct edu_device *edu)
{
	mutex_lock(&edu->lock);
	edu->detached = true;
	edu_wait_idle(edu, true);
	edu_close_window(edu);
	edu_unmap_page(edu);
	edu_unlock(edu);
}

static void edu_in_ioas(struct edu_device *edu)
{
	mutex_lock(&edu->lock);
	edu->detached = false;
	edu_advance(edu);
	edu_unlock(edu);
}

static int edu_attach_ioas(struct vfio_device *vdev, u32 *pt_id)
{
	struct edu_device *edu = edu_of(vdev);
	int ret;

	edu_leave_ioas(edu);
	ret = vfio_iommufd_physical_attach_ioas(vdev, pt_id);
	edu_in_ioas(edu);
	return ret;
}

static void edu_detach_ioas(struct vfio_device *vdev)
{
	struct edu_device *edu = edu_of(vdev);

	edu_leave_ioas(edu);
	vfio_iommufd_physical_detach_ioas(vdev);
	edu_in_ioas(edu);
}

/* For a defect: vfio-pci does not hear of it. */
static ssize_t edu_write_command(struct edu_device *edu, const char __user *buf)
{
	u16 command;

	if (copy_from_user(&command, buf, sizeof(command)))
		return -EFAULT;
	pci_write_config_word(edu->core.pdev, PCI_COMMAND, command);
	return sizeof(command);
}

static ssize_t edu_rw(struct vfio_device *vdev, char __user *buf, size_t count, loff_t *ppos,
		      bool write)
{
	unsigned int index = VFIO_PCI_OFFSET_TO_INDEX(*ppos);
	u64 pos = *ppos & VFIO_PCI_OFFSET_MASK;
	struct edu_device *edu = edu_of(vdev);
	ssize_t ret;

	if (index == VFIO_PCI_CONFIG_REGION_INDEX && READ_ONCE(edu->activity) == REF_STOPPED &&
	    edu_defect(edu, REF_DEFECT_config_refused_in_stop))
		return -EIO;
	if (index == VFIO_PCI_CONFIG_REGION_INDEX && pos == PCI_COMMAND && count == 2 && write &&
	    edu_defect(edu, REF_DEFECT_decode_keeps_dma_buf))
		return edu_write_command(edu, buf);
	if (index != VFIO_PCI_BAR0_REGION_INDEX || pos >= PAGE_SIZE) {
		bool behind = index == VFIO_PCI_BAR0_REGION_INDEX &&
			      pos >= pci_resource_len(edu->core.pdev, 0);

		if (behind && !write && edu_defect(edu, REF_DEFECT_read_behind_end))
			return clear_user(buf, count) ? -EFAULT : count;
		if (write)
			return vfio_pci_core_write(vdev, buf, count, ppos);
		return vfio_pci_core_read(vdev, buf, count, ppos);
	}
	ret = edu_regs_rw(edu, buf, min_t(u64, count, PAGE_SIZE - pos), pos, write);
	if (ret > 0)
		*ppos += ret;
	return ret;
}

static ssize_t edu_read(struct vfio_device *vdev, char __user *buf, size_t count, loff_t *ppos)
{
	return edu_rw(vdev, buf, count, ppos, false);
}

static ssize_t edu_write(struct vfio_device *vdev, const char __user *buf, size_t count,
			 loff_t *ppos)
{
	return edu_rw(vdev, (char __user *)buf, count, ppos, true);
}

/* What vfio-pci does not know of: each device has a reset, and there may be an interrupt more. */
static int edu_tell_info(struct edu_device *edu, struct vfio_device_info __user *arg)
{
	u32 flags;

	if (get_user(flags, &arg->flags))
		return -EFAULT;
	flags |= VFIO_DEVICE_FLAGS_RESET;
	if (edu_defect(edu, REF_DEFECT_reset_not_advertised))
		flags &= ~VFIO_DEVICE_FLAGS_RESET;
	if (edu->experimental && put_user(EDU_REMAP_IRQ + 1, &arg->num_irqs))
		return -EFAULT;
	return put_user(flags, &arg->flags) ? -EFAULT : 0;
}

/*
 * VFIO_DEVICE_RESET. Of two devices on a bus, PCI can reset neither without the other; as
 * QEMU's edu keeps its registers through a reset of the bus anyway, the driver does it then.
 */
static long edu_own_reset(struct edu_device *edu, unsigned long arg)
{
	long ret;

	if (edu->ref.defect.wedged)
		return -EIO;
	if (READ_ONCE(edu->ref.state) == VFIO_DEVICE_STATE_RESUMING &&
	    edu_defect(edu, REF_DEFECT_reset_refused_in_resuming))
		return -EBUSY;
	WRITE_ONCE(edu->own_reset, true);
	if (edu->core.reset_works && !edu_defect(edu, REF_DEFECT_reset_keeps_dma_buf))
		ret = vfio_pci_core_ioctl(&edu->core.vdev, VFIO_DEVICE_RESET, arg);
	else
		ret = ref_reset(&edu->ref);
	WRITE_ONCE(edu->own_reset, false);
	edu_remap_follow(edu);
	return ret;
}

#if REF_CORE_HAS_REGION_INFO
static int edu_region_info_caps(struct vfio_device *vdev, struct vfio_region_info *info,
				struct vfio_info_cap *caps)
{
	if (info->index == VFIO_PCI_BAR0_REGION_INDEX)
		return edu_bar0_info_caps(vdev, info, caps);
	return vfio_pci_ioctl_get_region_info(vdev, info, caps);
}
#else
static bool edu_asks_for_bar0(unsigned long arg)
{
	const struct vfio_region_info __user *info = (void __user *)arg;
	u32 index;

	return !get_user(index, &info->index) && index == VFIO_PCI_BAR0_REGION_INDEX;
}
#endif

static long edu_ioctl(struct vfio_device *vdev, unsigned int cmd, unsigned long arg)
{
	struct edu_device *edu = edu_of(vdev);
	long ret;

	ret = edu_remap_ioctl(edu, cmd, arg);
	if (ret != -ENOIOCTLCMD)
		return ret;
	switch (cmd) {
#if !REF_CORE_HAS_REGION_INFO
	case VFIO_DEVICE_GET_REGION_INFO:
		if (edu_asks_for_bar0(arg))
			return ref_region_info(vdev, arg, edu_bar0_info_caps);
		break;
#endif
	case VFIO_DEVICE_GET_INFO:
		ret = vfio_pci_core_ioctl(vdev, cmd, arg);
		return ret ?: edu_tell_info(edu, (void __user *)arg);
	case VFIO_DEVICE_RESET:
		return edu_own_reset(edu, arg);
	case VFIO_DEVICE_PCI_HOT_RESET:
		WRITE_ONCE(edu->asked_hot_reset, true);
		ret = vfio_pci_core_ioctl(vdev, cmd, arg);
		WRITE_ONCE(edu->asked_hot_reset, false);
		return ret;
	}
	return vfio_pci_core_ioctl(vdev, cmd, arg);
}

static int edu_feature(struct vfio_device *vdev, u32 flags, void __user *arg, size_t argsz)
{
	if (ref_unknown_feature_ok(&edu_of(vdev)->ref, flags))
		return 0;
	return vfio_pci_core_ioctl_feature(vdev, flags, arg, argsz);
}

static const struct vfio_device_ops edu_ops = {
	.name = "vfio-mig-edu",
	.init = edu_init,
	.release = edu_release,
	.open_device = edu_open,
	.close_device = edu_close,
	.ioctl = edu_ioctl,
	.device_feature = edu_feature,
	.read = edu_read,
	.write = edu_write,
	.mmap = edu_mmap,
	.request = vfio_pci_core_request,
	.match = vfio_pci_core_match,
#if REF_CORE_HAS_TOKEN_UUID
	.match_token_uuid = vfio_pci_core_match_token_uuid,
#endif
#if REF_CORE_HAS_REGION_INFO
	.get_region_info_caps = edu_region_info_caps,
#endif
	.bind_iommufd = vfio_iommufd_physical_bind,
	.unbind_iommufd = vfio_iommufd_physical_unbind,
	.attach_ioas = edu_attach_ioas,
	.detach_ioas = edu_detach_ioas,
};

static struct edu_device *edu_of_pdev(struct pci_dev *pdev)
{
	struct vfio_pci_core_device *core = dev_get_drvdata(&pdev->dev);

	return container_of(core, struct edu_device, core);
}

/*
 * QEMU's edu goes on with a transfer through any reset of the bus; it must not end in memory
 * after that. Comes under locks that a page fault takes.
 */
static void edu_reset_prepare(struct pci_dev *pdev)
{
	struct edu_device *edu = edu_of_pdev(pdev);

	mutex_lock(&edu->lock);
	edu->waiting = 0;
	edu_wait_idle(edu, false);
	mutex_unlock(&edu->lock);
}

static void edu_reset_done(struct pci_dev *pdev)
{
	struct edu_device *edu = edu_of_pdev(pdev);
	bool own = READ_ONCE(edu->own_reset);
	void *kept = NULL;

	if (edu_defect(edu, REF_DEFECT_hot_reset_ignored) && !own)
		return;
	if (edu_defect(edu, REF_DEFECT_hot_reset_of_others_ignored) && !own &&
	    !READ_ONCE(edu->asked_hot_reset))
		return;
	if (edu_defect(edu, REF_DEFECT_hot_reset_keeps_memory) && !own)
		kept = kmemdup(edu->copy, sizeof(edu->copy), GFP_KERNEL);
	ref_reset_done(&edu->ref);
	if (kept)
		edu->ref.ops->write_mem(&edu->ref, 0, kept, sizeof(edu->copy));
	kfree(kept);
}

static const struct pci_error_handlers edu_err_handlers = {
	.error_detected = vfio_pci_core_aer_err_detected,
	.reset_prepare = edu_reset_prepare,
	.reset_done = edu_reset_done,
};

static int edu_probe(struct pci_dev *pdev, const struct pci_device_id *id)
{
	struct edu_device *edu;
	int ret;

	/* There is nothing to settle behind a bus that QEMU has reset: not 100 ms for each. */
	pdev->d3cold_delay = 0;
	edu = vfio_alloc_device(edu_device, core.vdev, &pdev->dev, &edu_ops);
	if (IS_ERR(edu))
		return PTR_ERR(edu);
	dev_set_drvdata(&pdev->dev, &edu->core);
	ret = vfio_pci_core_register_device(&edu->core);
	if (ret)
		vfio_put_device(&edu->core.vdev);
	return ret;
}

static void edu_remove(struct pci_dev *pdev)
{
	struct edu_device *edu = edu_of_pdev(pdev);

	vfio_pci_core_unregister_device(&edu->core);
	vfio_put_device(&edu->core.vdev);
}

static const struct pci_device_id edu_ids[] = {
	{ PCI_DRIVER_OVERRIDE_DEVICE_VFIO(EDU_VENDOR_ID, EDU_DEVICE_ID) }, {}
};
MODULE_DEVICE_TABLE(pci, edu_ids);

static struct pci_driver edu_pci_driver = {
	.name = KBUILD_MODNAME,
	.id_table = edu_ids,
	.probe = edu_probe,
	.remove = edu_remove,
	.err_handler = &edu_err_handlers,
	.driver_managed_dma = true,
};
module_pci_driver(edu_pci_driver);

MODULE_DESCRIPTION(
	"Reference driver for VFIO migration of QEMU's edu device, with defects on demand");
MODULE_VERSION("2");
MODULE_AUTHOR("vmig");
MODULE_LICENSE("GPL");
