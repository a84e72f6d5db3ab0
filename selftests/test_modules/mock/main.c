// SPDX-License-Identifier: GPL-2.0-only
/* vfio_mig_mock: the module, its mediated devices, and what VFIO calls. */

#include <linux/device.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/uaccess.h>

#include "mock.h"

#define IOVA_BITS 48

static struct ref_driver driver;
static u32 features = REF_FEATURES_ALL;

REF_PARAMS(driver, features);

static unsigned int state_mb;

module_param(state_mb, uint, 0444);
MODULE_PARM_DESC(state_mb, "MiB of memory beyond the 64 KiB of BAR 2, 0 by default");

static struct mock_type mock_1 = {
	.type.sysfs_name = "1",
	.type.pretty_name = "vmig mock",
	.id = 1,
};

static struct mock_type mock_2 = {
	.type.sysfs_name = "2",
	.type.pretty_name = "vmig mock of another kind",
	.id = 2,
};

static struct mdev_type *types[] = { &mock_1.type, &mock_2.type };

static unsigned int fw_version(void)
{
	return driver.freedom == REF_FREEDOM_older_stream ? 1 : mock_fw_version;
}

/* What state_mb is for a driver that has no other. */
static unsigned int freedom_mb(void)
{
	switch (driver.freedom) {
	case REF_FREEDOM_state_64_mib:
		return 64;
	case REF_FREEDOM_large_state_3_gib:
		return 3072;
	default:
		return 0;
	}
}

/* The state of a device that has registers and memory, or neither. */
static void size_state(struct ref_device *ref)
{
	size_t bytes;

	if (ref_freedom_plain(driver.freedom, &bytes))
		return;
	ref->mem_size = MOCK_BAR2_SIZE + ((u64)(state_mb ?: freedom_mb()) << 20);
	ref->regs_size = sizeof(struct mock_regs);
}

static int mock_init(struct vfio_device *vdev)
{
	struct mock_type *type =
		container_of(to_mdev_device(vdev->dev)->type, struct mock_type, type);
	struct mock *m = to_mock(vdev);
	int ret;

	mock_state_init(m);
	mock_irq_init(m);
	ret = mock_mem_init(m);
	if (!ret)
		ret = mock_dma_init(m);
	if (!ret) {
		m->ref.vdev = vdev;
		m->ref.driver = &driver;
		m->ref.ops = &mock_ref_ops;
		m->ref.type = type->id;
		size_state(&m->ref);
		m->ref.iova_bits = IOVA_BITS;
		m->ref.version = fw_version();
		m->ref.error_on_bad_load = true;
		ret = ref_init(&m->ref, features);
	}
	if (!ret)
		return 0;
	mock_dma_destroy(m);
	mock_mem_destroy(m);
	return ret;
}

static void mock_release(struct vfio_device *vdev)
{
	struct mock *m = to_mock(vdev);

	/* A defect lets it wait until here. */
	cancel_delayed_work_sync(&m->irq_work);
	ref_destroy(&m->ref);
	mock_dma_destroy(m);
	mock_mem_destroy(m);
}

static int mock_open(struct vfio_device *vdev)
{
	static atomic_t opening;

	if (driver.defect == REF_DEFECT_opens_collide && ref_defect_collides(&opening))
		return -EBUSY;
	to_mock(vdev)->ref.version = fw_version();
	ref_open(&to_mock(vdev)->ref);
	return 0;
}

static void mock_close(struct vfio_device *vdev)
{
	struct mock *m = to_mock(vdev);

	ref_close(&m->ref);
	mock_dma_cancel(m);
	mock_irq_close(m);
	cancel_delayed_work_sync(&m->dirty_work);
	m->attach_failed = false;
	m->info_asked = false;
}

static ssize_t mock_read(struct vfio_device *vdev, char __user *buf, size_t count, loff_t *pos)
{
	return mock_access(to_mock(vdev), buf, count, pos, false);
}

static ssize_t mock_write(struct vfio_device *vdev, const char __user *buf, size_t count,
			  loff_t *pos)
{
	return mock_access(to_mock(vdev), (char __user *)buf, count, pos, true);
}

static long get_info(struct mock *m, unsigned long arg)
{
	const size_t minsz = offsetofend(struct vfio_device_info, num_irqs);
	struct vfio_device_info info;

	if (copy_from_user(&info, (void __user *)arg, minsz))
		return -EFAULT;
	if (info.argsz < minsz)
		return -EINVAL;
	m->info_asked = true;
	info.flags = ref_freedom(&m->ref, REF_FREEDOM_not_pci) ? VFIO_DEVICE_FLAGS_PLATFORM
							       : VFIO_DEVICE_FLAGS_PCI;
	if (!ref_defect(&m->ref, REF_DEFECT_reset_not_advertised))
		info.flags |= VFIO_DEVICE_FLAGS_RESET;
	info.num_regions = VFIO_PCI_NUM_REGIONS + !!mock_region_size(m, MOCK_V1_REGION);
	info.num_irqs = VFIO_PCI_NUM_IRQS;
	return copy_to_user((void __user *)arg, &info, minsz) ? -EFAULT : 0;
}

static long get_irq_info(struct mock *m, unsigned long arg)
{
	const size_t minsz = offsetofend(struct vfio_irq_info, count);
	struct vfio_irq_info info;
	int ret;

	if (copy_from_user(&info, (void __user *)arg, minsz))
		return -EFAULT;
	if (info.argsz < minsz)
		return -EINVAL;
	ret = mock_irq_info(m, &info);
	if (ret)
		return ret;
	return copy_to_user((void __user *)arg, &info, minsz) ? -EFAULT : 0;
}

static long mock_ioctl(struct vfio_device *vdev, unsigned int cmd, unsigned long arg)
{
	struct mock *m = to_mock(vdev);

	switch (cmd) {
	case VFIO_DEVICE_GET_INFO:
		return get_info(m, arg);
#if !REF_CORE_HAS_REGION_INFO
	case VFIO_DEVICE_GET_REGION_INFO:
		return ref_region_info(vdev, arg, mock_region_info_caps);
#endif
	case VFIO_DEVICE_GET_IRQ_INFO:
		return get_irq_info(m, arg);
	case VFIO_DEVICE_SET_IRQS:
		return mock_set_irqs(m, arg);
	case VFIO_DEVICE_RESET:
		return ref_reset(&m->ref);
	}
	return -ENOTTY;
}

static int mock_feature(struct vfio_device *vdev, u32 flags, void __user *arg, size_t argsz)
{
	return ref_unknown_feature_ok(&to_mock(vdev)->ref, flags) ? 0 : -ENOTTY;
}

#if IS_ENABLED(CONFIG_IOMMUFD)
static int mock_attach_ioas(struct vfio_device *vdev, u32 *pt_id)
{
	struct mock *m = to_mock(vdev);
	int ret;

	if (m->attach_failed && ref_defect(&m->ref, REF_DEFECT_attach_once))
		return -EBUSY;
	ret = vfio_iommufd_emulated_attach_ioas(vdev, pt_id);
	m->attach_failed = ret;
	return ret;
}
#else
#define mock_attach_ioas vfio_iommufd_emulated_attach_ioas
#endif

static const struct vfio_device_ops mock_ops = {
	.name = "vfio-mig-mock",
	.init = mock_init,
	.release = mock_release,
	.open_device = mock_open,
	.close_device = mock_close,
	.read = mock_read,
	.write = mock_write,
	.ioctl = mock_ioctl,
	.mmap = mock_mmap,
	.device_feature = mock_feature,
#if REF_CORE_HAS_REGION_INFO
	.get_region_info_caps = mock_region_info_caps,
#endif
	.bind_iommufd = vfio_iommufd_emulated_bind,
	.unbind_iommufd = vfio_iommufd_emulated_unbind,
	.attach_ioas = mock_attach_ioas,
	.detach_ioas = vfio_iommufd_emulated_detach_ioas,
};

static int mock_probe(struct mdev_device *mdev)
{
	struct mock *m;
	int ret;

	m = vfio_alloc_device(mock, vdev, &mdev->dev, &mock_ops);
	if (IS_ERR(m))
		return PTR_ERR(m);
	dev_set_drvdata(&mdev->dev, m);
	ret = vfio_register_emulated_iommu_dev(&m->vdev);
	if (ret)
		vfio_put_device(&m->vdev);
	return ret;
}

static void mock_remove(struct mdev_device *mdev)
{
	struct mock *m = dev_get_drvdata(&mdev->dev);

	vfio_unregister_group_dev(&m->vdev);
	vfio_put_device(&m->vdev);
}

static ssize_t fw_version_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	return sysfs_emit(buf, "%u\n", mock_fw_version);
}
static DEVICE_ATTR_RO(fw_version);

static struct attribute *mock_attrs[] = { &dev_attr_fw_version.attr, NULL };
ATTRIBUTE_GROUPS(mock);

static struct mdev_driver mdev_driver = {
	.device_api = VFIO_DEVICE_API_PCI_STRING,
	.max_instances = 16,
	.probe = mock_probe,
	.remove = mock_remove,
	.driver = {
		.name = "vfio_mig_mock",
		.owner = THIS_MODULE,
		.mod_name = KBUILD_MODNAME,
		.dev_groups = mock_groups,
	},
};

/* The types are named after the class: mock-1, mock-2. */
static const struct class mock_class = { .name = "mock" };
static struct device *root;
static struct mdev_parent parent;

static int __init mock_module_init(void)
{
	int ret = mdev_register_driver(&mdev_driver);

	if (ret)
		return ret;
	ret = class_register(&mock_class);
	if (ret)
		goto err_driver;
	root = device_create(&mock_class, NULL, 0, NULL, "mock");
	ret = PTR_ERR_OR_ZERO(root);
	if (ret)
		goto err_class;
	ret = mdev_register_parent(&parent, root, &mdev_driver, types, ARRAY_SIZE(types));
	if (ret)
		goto err_root;
	return 0;
err_root:
	device_unregister(root);
err_class:
	class_unregister(&mock_class);
err_driver:
	mdev_unregister_driver(&mdev_driver);
	return ret;
}

static void __exit mock_module_exit(void)
{
	mdev_unregister_parent(&parent);
	device_unregister(root);
	class_unregister(&mock_class);
	mdev_unregister_driver(&mdev_driver);
}

module_init(mock_module_init);
module_exit(mock_module_exit);

MODULE_DESCRIPTION("Reference device for VFIO migration, with defects on demand");
MODULE_VERSION("2");
MODULE_AUTHOR("vmig");
MODULE_LICENSE("GPL");
